"""The quick check against servers of a few lines: what is right passes, what is wrong is told."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from runner import project
from runner.conformance import check
from runner.record.trial import Address, Check, Failure, Verdict
from runner.serving import server
from tests.toys import END, OK

pytestmark = pytest.mark.live

DEADLINE_S = 0.5
"""For what the check must wait for; the rest comes long before."""
CHUNKS = b"c\r\nHello world!\r\n0\r\n\r\n"
Handler = Callable[[socket.socket, int], None]


@contextmanager
def serving(handler: Handler) -> Iterator[Address]:
    """A server on a free port that gives each connection, with its number from 1, to ``handler``."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.02)

        def accept() -> None:
            number = 0
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    connection = listener.accept()[0]
                    number += 1
                    with connection, contextlib.suppress(OSError):
                        connection.settimeout(5)
                        handler(connection, number)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield Address("127.0.0.1", listener.getsockname()[1])
        finally:
            stop.set()
            thread.join()


def requests(connection: socket.socket, count: int) -> None:
    """Read so many requests."""
    data = b""
    while data.count(END) < count:
        more = connection.recv(65_536)
        if not more:
            raise ConnectionError
        data += more


def until_closed(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def answering(first: bytes, batch: bytes | None = None, depth: int = 5) -> Handler:
    """Gives ``first`` for a request alone, and ``batch`` for as many as ``depth``."""

    def handle(connection: socket.socket, number: int) -> None:
        requests(connection, 1 if number == 1 else depth)
        connection.sendall(first if number == 1 else OK * depth if batch is None else batch)
        until_closed(connection)

    return handle


def looked_at(handler: Handler, depth: int = 5) -> Check:
    with serving(handler) as address:
        return replace(check.quick_check(address, depth, deadline_s=DEADLINE_S), fields=None)


class TestRight:
    @pytest.mark.parametrize("depth", [1, 2, 16, 500])
    def test_it_passes(self, depth: int) -> None:
        assert looked_at(answering(OK, depth=depth), depth) == Check(depth, depth, len(OK))

    def test_however_it_is_cut(self) -> None:
        def drip(connection: socket.socket, number: int) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            count = 1 if number == 1 else 2
            requests(connection, count)
            for byte in OK * count:
                connection.sendall(bytes([byte]))
            until_closed(connection)

        assert looked_at(drip, 2) == Check(2, 2, len(OK))

    @pytest.mark.parametrize(
        "response",
        [
            OK.replace(b"text/plain", b"text/plain; charset=utf-8"),
            OK.replace(b"text/plain", b"Text/Plain"),
            OK.replace(b"OK\r\n", b"Fine\r\nDate: now\r\nServer: x\r\n"),
            OK.replace(b"Content-Length: 12", b"Transfer-Encoding: chunked").replace(b"Hello world!", CHUNKS),
        ],
    )
    def test_what_http_allows_is_right(self, response: bytes) -> None:
        assert looked_at(answering(response, response * 5)) == Check(5, 5, len(response))

    def test_the_names_of_a_responses_header_fields_are_kept_as_they_came(self) -> None:
        response = OK.replace(b"OK\r\n", b"OK\r\nDATE: now\r\nX-Own: 1\r\n")
        with serving(answering(response, response * 5)) as address:
            found = check.quick_check(address, 5, deadline_s=DEADLINE_S)
        assert found.failure is None
        assert found.fields == ("date", "x-own", "content-type", "content-length")

    def test_header_fields_stand_behind_the_host_of_each_request(self) -> None:
        fields = tuple(project.BROWSER_FIELDS.read_text().splitlines())
        seen = []

        def handle(connection: socket.socket, number: int) -> None:
            seen.append(connection.recv(10_000))
            connection.sendall(OK * (1 if number == 1 else 2))
            until_closed(connection)

        with serving(handle) as address:
            assert check.quick_check(address, 2, deadline_s=DEADLINE_S, fields=fields).failure is None
        one = check.request(address, fields)
        assert seen == [one, one * 2]
        assert one.startswith(f"GET / HTTP/1.1\r\nHost: {address}\r\nUser-Agent: Mozilla/5.0 ".encode())
        assert one.endswith(b"\r\n\r\n")
        assert one.count(b"\r\n\r\n") == 1

    def test_the_request_is_the_one_that_wrk_sends(self) -> None:
        seen = []

        def handle(connection: socket.socket, number: int) -> None:
            seen.append(connection.recv(1000))
            connection.sendall(OK)
            until_closed(connection)

        with serving(handle) as address:
            check.quick_check(address, 1, deadline_s=DEADLINE_S)
        assert set(seen) == {f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n\r\n".encode()}


class TestWrong:
    @pytest.mark.parametrize(
        ("response", "says"),
        [
            (OK.replace(b"200 OK", b"500 Oh no"), "response 1: status 500, expected 200"),
            (OK.replace(b"200 OK", b"404 Not Found"), "response 1: status 404, expected 200"),
            (OK.replace(b"Hello", b"HELLO"), "response 1: body b'HELLO world!', expected b'Hello world!'"),
            (OK.replace(b"text/plain", b"text/html"), "response 1: content type text/html, expected text/plain"),
            (OK.replace(b"Content-Type: text/plain\r\n", b""), "response 1: content type none, expected text/plain"),
        ],
    )
    def test_another_response_than_the_contracts(self, response: bytes, says: str) -> None:
        found = looked_at(answering(response, response * 5))
        assert found == Check(1, 1, None, Failure(Verdict.WRONG_RESPONSE, says))

    def test_one_in_the_middle_of_a_batch(self) -> None:
        batch = OK * 2 + OK.replace(b"Hello", b"HELLO") + OK * 2
        found = looked_at(answering(OK, batch))
        assert found.failure is not None
        assert found.failure.verdict is Verdict.WRONG_RESPONSE
        assert found.failure.reason.startswith("response 3: body ")
        assert (found.sent, found.response_bytes) == (5, len(OK))

    @pytest.mark.parametrize(
        "garbage", [b"220 smtp.example.org ESMTP\r\n" * 5, b"\x16\x03\x01\x02\x00\x01\x00", b"Hello world!" * 5]
    )
    def test_what_is_no_http(self, garbage: bytes) -> None:
        def handle(connection: socket.socket, number: int) -> None:
            connection.sendall(garbage)

        found = looked_at(handle)
        assert found.failure is not None
        assert found.failure.verdict is Verdict.WRONG_RESPONSE
        assert found.failure.reason

    def test_a_response_too_many(self) -> None:
        found = looked_at(answering(OK, OK * 6))
        assert found.failure is not None
        assert found.failure.verdict is Verdict.WRONG_RESPONSE


class TestSilent:
    def test_no_answer_at_all(self) -> None:
        found = looked_at(lambda connection, _: until_closed(connection))
        assert found == Check(1, 0, None, Failure(Verdict.STALLED, "no response in 0.5 s"))

    def test_some_of_a_batch(self) -> None:
        found = looked_at(answering(OK, OK * 3))
        reason = "3 of 5 pipelined responses within 0.5 s"
        assert found == Check(5, 3, len(OK), Failure(Verdict.STALLED, reason))

    def test_one_that_drips_for_ever_meets_the_deadline_of_the_whole(self) -> None:
        dripped = []

        def drip(connection: socket.socket, number: int) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while True:
                connection.sendall(b"x")
                dripped.append(1)
                time.sleep(0.01)

        found = looked_at(drip)
        assert found == Check(1, 0, None, Failure(Verdict.STALLED, "no response in 0.5 s"))
        assert len(dripped) > 5

    def test_one_that_reads_nothing_of_a_batch_larger_than_the_buffers(self) -> None:
        def handle(connection: socket.socket, number: int) -> None:
            if number == 1:
                requests(connection, 1)
                connection.sendall(OK)
                until_closed(connection)
            else:
                time.sleep(2 * DEADLINE_S)

        with serving(handle) as address:
            found = check.quick_check(address, 200_000, deadline_s=DEADLINE_S)
        assert found.failure is not None
        assert found.failure.verdict is Verdict.STALLED
        assert (found.sent, found.received) == (200_000, 0)

    def test_one_that_takes_no_more_connections(self) -> None:
        """The queue of connections to accept is full: a connection is not refused, it is just not made."""
        with contextlib.ExitStack() as waiting:
            listener = waiting.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(3):
                one = waiting.enter_context(socket.socket())
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    one.connect(listener.getsockname())
            found = check.quick_check(Address("127.0.0.1", listener.getsockname()[1]), 5, deadline_s=DEADLINE_S)
        assert found == Check(1, 0, None, Failure(Verdict.STALLED, "no connection in 0.5 s"))


class TestCloses:
    def test_before_any_response(self) -> None:
        found = looked_at(lambda connection, _: requests(connection, 1))
        reason = "closed the connection after 0 of 1 responses"
        assert found == Check(1, 0, None, Failure(Verdict.CLOSES, reason))

    def test_in_the_middle_of_a_batch(self) -> None:
        def handle(connection: socket.socket, number: int) -> None:
            requests(connection, 1 if number == 1 else 5)
            connection.sendall(OK if number == 1 else OK * 2)

        reason = "closed the connection after 2 of 5 responses"
        assert looked_at(handle) == Check(5, 2, len(OK), Failure(Verdict.CLOSES, reason))

    def test_in_the_middle_of_a_response(self) -> None:
        def handle(connection: socket.socket, number: int) -> None:
            requests(connection, 1)
            connection.sendall(OK[:-5])

        found = looked_at(handle)
        assert found.failure is not None
        assert found.failure.verdict in {Verdict.WRONG_RESPONSE, Verdict.CLOSES}
        assert found.received == 0

    def test_with_a_reset(self) -> None:
        def handle(connection: socket.socket, number: int) -> None:
            requests(connection, 1 if number == 1 else 5)
            if number == 1:
                connection.sendall(OK)
                until_closed(connection)
            else:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        found = looked_at(handle)
        assert found == Check(5, 0, len(OK), Failure(Verdict.CLOSES, "Connection reset by peer after 0 of 5 responses"))

    def test_with_an_announcement(self) -> None:
        closing = OK.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")

        def handle(connection: socket.socket, number: int) -> None:
            requests(connection, 1)
            connection.sendall(closing)

        found = looked_at(handle)
        reason = "closes the connection after one response"
        assert found == Check(1, 1, len(closing), Failure(Verdict.CLOSES, reason))
        assert looked_at(handle, depth=1).failure is None, "at depth 1 that is permitted"


def test_a_port_where_nobody_listens_refuses() -> None:
    address = Address(server.HOST, server.free_port())
    found = check.quick_check(address, 5, deadline_s=DEADLINE_S)
    assert found == Check(1, 0, None, Failure(Verdict.REFUSED, "the connection was refused"))


def test_one_that_is_gone_after_the_first_connection_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1])

        def once() -> None:
            with listener.accept()[0] as connection:
                listener.close()
                requests(connection, 1)
                connection.sendall(OK)
                until_closed(connection)

        thread = threading.Thread(target=once)
        thread.start()
        found = check.quick_check(address, 5, deadline_s=DEADLINE_S)
        thread.join()
    assert found == Check(5, 0, len(OK), Failure(Verdict.REFUSED, "the connection was refused"))
