"""What a run sends to a node of its cluster: the suite itself and the adapters, by content, and who takes them there.

:class:`Keeper` is pickled by value (:mod:`runner.hosts.nodes.cluster`), so that a node runs the code of the run and not
what may be installed there; nothing of this package is imported here.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOKS_S = 0.5
"""How often a keeper looks whether its node's raylet is there."""
LEFT_OUT = ("__pycache__", "shipped", ".git", "node_modules", "target")


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files as one archive; the same files give the same ``digest``, on every machine and on every day."""

    digest: str
    content: bytes


def pack(folders: Iterable[tuple[Path, str]]) -> Parcel:
    """The files of some folders, each under a name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for folder, name in folders:
            for path in sorted(folder.rglob("*")):
                inside = path.relative_to(folder)
                if path.is_file() and not set(inside.parts) & set(LEFT_OUT):
                    entry = tarfile.TarInfo(f"{name}/{inside.as_posix()}")
                    content = path.read_bytes()
                    entry.size, entry.mode = len(content), 0o755 if os.access(path, os.X_OK) else 0o644
                    archive.addfile(entry, io.BytesIO(content))
    packed = gzip.compress(out.getvalue(), mtime=0)
    return Parcel(hashlib.sha256(out.getvalue()).hexdigest(), packed)


class Keeper:
    """Keeps one node for a run: holds the suite's code there, and ends with the raylet that started it.

    Its arguments are of built-in types, since nothing else can be read before the parcel is unpacked.
    """

    def __init__(self, content: bytes, digest: str, address: str) -> None:
        own = os.environ.get("PIPEBENCH_CACHE")
        cache = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pipebench"
        folder = cache / "parcels" / digest
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            partial = tempfile.mkdtemp(dir=folder.parent)
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
                archive.extractall(partial, filter="data")
            try:
                Path(partial).rename(folder)
            except OSError:  # another keeper was quicker
                shutil.rmtree(partial)
        for name in [name for name in sys.modules if name.partition(".")[0] == "runner"]:
            del sys.modules[name]
        sys.path.insert(0, str(folder))
        self._node = importlib.import_module("runner.hosts.nodes.node").Node(folder, address)
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()

    def ask(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """What a method of the node answers: see :meth:`runner.hosts.nodes.node.Node.ask`."""
        return self._node.ask(name, arguments)


def _end_with(parent: int) -> None:
    """End this process, and by that all that it started, as soon as ``parent`` is not its parent any more."""
    while os.getppid() == parent:
        time.sleep(LOOKS_S)
    os._exit(1)
