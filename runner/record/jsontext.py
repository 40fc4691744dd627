"""Records as JSON that a person can read too."""

from __future__ import annotations

import msgspec


def readable(content: object) -> str:
    """Records, or plain data, as indented JSON with a line end."""
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"
