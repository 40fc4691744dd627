"""Records as JSON that a person can read too."""

from __future__ import annotations

from pathlib import Path

import msgspec


def readable(content: object) -> str:
    """Records, or plain data, as indented JSON with a line end."""
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"


def write(content: object, path: Path) -> None:
    """The same in a file, which is there whole or not at all. Raises :class:`OSError`."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(readable(content).encode())
    partial.rename(path)
