"""The same bytes to many servers at once, each on a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Final

from runner.record.trial import Address
from tests.differential.views import End, View, view

QUIET_S: Final = 0.06
"""After so long without a byte no more is expected."""
LONGEST_S: Final = 0.6


async def ask_all(servers: Mapping[str, Address], stream: bytes, patience: float = 1.0) -> dict[str, View]:
    """What each made of it."""
    found = await asyncio.gather(*(ask(address, stream, patience) for address in servers.values()))
    return dict(zip(servers, found, strict=True))


async def ask(address: Address, stream: bytes, patience: float = 1.0) -> View:
    """One connection: all bytes in one write, and what comes back until there is silence."""
    received, until = b"", time.monotonic() + LONGEST_S * patience
    try:
        reader, writer = await asyncio.open_connection(address.host, address.port)
    except OSError:
        return view(b"", End.GONE)
    try:
        writer.write(stream)
        await writer.drain()
        while True:
            async with asyncio.timeout(min(QUIET_S * patience, max(0.0, until - time.monotonic()))):
                data = await reader.read(65536)
            if not data:
                return view(received, End.CLOSED)
            received += data
    except TimeoutError:
        return view(received, End.OPEN)
    except ConnectionError:
        return view(received, End.CLOSED)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
