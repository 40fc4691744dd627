"""Requests in fixed numbers on one connection, each batch sent when the server sleeps: none meets it halfway."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from typing import Self

from runner.conformance.running import check
from runner.conformance.running.wire import ResponseReader
from runner.record.trial import Address
from runner.serving import procfs

DEADLINE_S = 60.0
"""For one batch: valgrind makes a server fifty times slower."""
SETTLE_S = 2.0
"""So long a server may take to fall asleep before the next batch is sent all the same; idle connections live 5 s."""
_LOOKS = 2
"""So many looks in a row must find all threads asleep: one may fall between two threads that take turns."""
AWAKE_S = 0.25
"""So long after a batch a server only seldom stays awake, however busy the machine is."""
_POLLS = 8
"""A server polls that stayed awake so often, and after a third of all batches."""


class ExchangeError(Exception):
    """A batch that was not answered as it should be, or a server of which no batch can be told; the text says how."""


class Client:
    """One connection to a server whose processes are ``pids``."""

    def __init__(self, address: Address, pids: Sequence[int]) -> None:
        self._request = check.request(address)
        self._pids = pids
        self._settled = self._awake = 0
        self.settle()
        try:
            self._connection = socket.create_connection((address.host, address.port), timeout=DEADLINE_S)
        except OSError as error:
            raise ExchangeError(f"cannot connect: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, batches: int, depth: int) -> None:
        """``batches`` of ``depth`` requests, one after the other. Raises :class:`ExchangeError`."""
        for _ in range(batches):
            self.settle()
            try:
                self._exchange(depth)
            except TimeoutError:
                raise ExchangeError(f"a batch of {depth} was not answered within {DEADLINE_S:g} s") from None
            except OSError as error:
                raise ExchangeError(f"a batch of {depth}: {error.strerror}") from None

    def settle(self) -> None:
        """Wait until every thread of the server sleeps. Raises :class:`ExchangeError` where it keeps awake."""
        began, found = time.monotonic(), 0
        while found < _LOOKS and time.monotonic() < began + SETTLE_S:
            found = found + 1 if procfs.asleep(self._pids) else 0
        self._settled += 1
        self._awake += time.monotonic() > began + AWAKE_S
        if self._awake >= _POLLS and self._awake * 3 >= self._settled:
            raise ExchangeError("it keeps awake after a batch: it polls, so its instructions count time, not requests")

    def _exchange(self, depth: int) -> None:
        reader = ResponseReader(["GET"] * depth)
        self._connection.sendall(self._request * depth)
        while reader.outstanding and not reader.flawed:
            data = self._connection.recv(262_144)
            if not data:
                got = len(reader.reading.responses)
                raise ExchangeError(f"closed the connection after {got} responses of a batch of {depth}")
            reader.feed(data)
        reading = reader.reading
        if reading.flaw is not None:
            raise ExchangeError(f"a batch of {depth}: {reading.flaw.detail}")
        for response in reading.responses:
            if response.status != 200 or response.body != check.BODY:
                raise ExchangeError(f"a batch of {depth}: status {response.status}, body {response.body[:40]!r}")
