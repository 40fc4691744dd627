"""Programs for live tests, and the proof that none of them is left."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

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


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    """Whatever a live test starts mentions its ``tmp_path`` somewhere, and is gone after it."""
    yield
    gone = eventually(lambda: not mentioning(str(tmp_path)))
    assert gone, f"left behind: {mentioning(str(tmp_path))}"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A function that makes a Python program out of its text, and gives the command for it."""
    made = 0

    def make(code: str, *arguments: str) -> tuple[str, ...]:
        nonlocal made
        made += 1
        file = tmp_path / f"program{made}.py"
        file.write_text(dedent(code))
        return (sys.executable, "-I", "-S", str(file), *arguments)

    return make
