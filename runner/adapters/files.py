"""What an adapter consists of on the disk, so that what is edited while it is measured is noticed."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

from runner.record.adapter import Adapter

MOST_FILES = 1000
MOST_BYTES = 1 << 20
"""So many files beside an adapter are looked at, each if it is no longer: one by path may stand in a large folder."""
_LEFT_BY_RUNNING = ("__pycache__", "node_modules", "target")
_WRITTEN_BY_SERVERS = {".log", ".pid", ".pyc", ".sock"}


def fingerprint(adapter: Adapter) -> str:
    """The checksum of an adapter's file as it is now; that of nothing where it cannot be read."""
    return hashlib.sha256(_content(adapter.path) or b"").hexdigest()


def beside(adapter: Adapter) -> str:
    """The checksum of the other files in an adapter's folder, names included, which it may import or read.

    Without what is hidden, and without what tools and servers leave there when they run.
    """
    whole = hashlib.sha256()
    folder = adapter.path.parent
    for path in _others(folder, adapter.path):
        content = _content(path, MOST_BYTES)
        if content is not None:
            whole.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode(errors="surrogateescape") + content)
    return whole.hexdigest()


def _others(folder: Path, own: Path) -> Iterator[Path]:
    found = 0
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_BY_RUNNING and not name.startswith("."))
        for name in sorted(names):
            path = Path(top) / name
            if path == own or name.startswith(".") or path.suffix in _WRITTEN_BY_SERVERS:
                continue
            found += 1
            if found > MOST_FILES:
                return
            yield path


def _content(path: Path, most: float = math.inf) -> bytes | None:
    """What stands in a file; ``None`` where it is none, is longer than ``most`` bytes, or cannot be read."""
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= most else None
    except OSError:
        return None
