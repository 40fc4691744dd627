"""What live tests ask of the programs that they start: which are there, and whether they are gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 30.0
"""How long to wait for what must happen at once, on a machine that may be busy. No test measures it."""

Program = Callable[..., tuple[str, ...]]


def eventually(holds: Callable[[], object]) -> bool:
    """Whether ``holds`` comes true, looked at until :data:`PATIENCE_S`."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def mentioning(words: str) -> dict[int, str]:
    """Processes whose arguments, environment or working folder hold ``words``, but for this one."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            argv = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environ = (entry / "environ").read_bytes().decode(errors="replace")
            folder = str((entry / "cwd").readlink())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if words in f"{argv}\n{environ}\n{folder}":
            found[int(entry.name)] = argv.strip()
    return found
