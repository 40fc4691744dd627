"""Batches and bursts on real sockets: what each request's events are, and what goes wrong; no time is asserted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.cli.main import cli
from runner.record.trial import Address
from runner.serving import server
from runner.timeline import burst
from runner.timeline.burst import Recorded, Request
from runner.timeline.events import Kind
from tests.serving.test_server_live import toy

pytestmark = pytest.mark.live

HELLO = Request("/", b"Hello world!")
IN_ORDER = [Kind.SENT, Kind.FIRST_BYTE, Kind.DONE]


def record(address: Address, connections: Sequence[Sequence[Request]], deadline_s: float = 20) -> Recorded:
    return asyncio.run(burst.record(address, connections, deadline_s=deadline_s))


def ask(mode: str, folder: Path, connections: Sequence[Sequence[Request]], deadline_s: float = 20) -> Recorded:
    with server.running(toy(mode), log=folder / "server.log") as started:
        return record(started.address, connections, deadline_s)


@pytest.mark.parametrize(("depth", "connections"), [(1, 1), (5, 1), (1, 5), (3, 4)])
def test_each_request_is_sent_begun_and_answered_in_this_order(depth: int, connections: int, tmp_path: Path) -> None:
    seen = ask("Good", tmp_path, [[HELLO] * depth] * connections)
    assert seen.problem is None
    assert [event.at_us for event in seen.events] == sorted(event.at_us for event in seen.events)
    for number in range(depth * connections):
        assert [event.kind for event in seen.events if event.request == number] == IN_ORDER
    assert len(seen.events) == 3 * depth * connections


def test_those_of_a_batch_are_answered_in_their_order(tmp_path: Path) -> None:
    seen = ask("Works", tmp_path, [[HELLO] * 20])
    assert [event.request for event in seen.events if event.kind is Kind.DONE] == list(range(20))


@pytest.mark.parametrize(
    ("mode", "wanted", "says"),
    [
        ("WrongBody", HELLO, "request 1 was answered 200 b'HELLO world!'"),
        ("FirstOnly", HELLO, "no answer within 0.5 s"),
        ("StallsAtOnce", HELLO, "no answer within 0.5 s"),
    ],
)
def test_what_goes_wrong_is_told(mode: str, wanted: Request, says: str, tmp_path: Path) -> None:
    seen = ask(mode, tmp_path, [[wanted] * 3], deadline_s=0.5)
    assert seen.problem == says


def test_a_response_that_comes_in_pieces_is_begun_before_it_is_done() -> None:
    async def run() -> Recorded:
        begun = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            for piece in (b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello", b" world!"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.05)
            begun.set()
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            seen = await burst.record(Address("127.0.0.1", port), [[HELLO]], deadline_s=20)
            await begun.wait()
            return seen

    sent, first, done = asyncio.run(run()).events
    assert [sent.kind, first.kind, done.kind] == IN_ORDER
    assert first.at_us < done.at_us


def test_a_connection_that_is_closed_leaves_the_rest_unanswered() -> None:
    async def run() -> Recorded:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello world!")
            await writer.drain()
            await reader.read(65_536)  # or the close would be a reset
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            return await burst.record(Address("127.0.0.1", port), [[HELLO] * 3], deadline_s=20)

    seen = asyncio.run(run())
    assert seen.problem == "the connection was closed, 2 requests unanswered"
    assert [event.request for event in seen.events if event.kind is Kind.DONE] == [0]


class TestCommand:
    def run(self, *argv: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["timeline", "--quiet", *argv], catch_exceptions=False)
        return done.exit_code, " ".join(done.stdout.split())

    def test_a_batch_of_slow_requests_and_one_that_waits_for_its_upstream(self, tmp_path: Path) -> None:
        picture = tmp_path / "picture.svg"
        code, out = self.run("tornado", "tornado-upstream-async", "--delay", "50ms", "--svg", str(picture))
        assert code == 0
        assert "a batch of 5 requests, each 50.0 ms in /sleep: " in out
        assert "a request on each of 5 connections, each 50.0 ms at the upstream: " in out
        assert out.count("request 5 │") == 2
        assert "no answer" not in out
        assert picture.read_text().startswith("<svg ")

    def test_what_blocks_and_what_overlaps_is_told_by_what_the_upstream_held(self) -> None:
        argv = ["tornado-upstream-blocking", "tornado-upstream-async", "--connections", "3", "--delay", "200ms"]
        code, out = self.run(*argv)
        assert code == 0
        assert "one after the other, at most 1 held at once" in out
        assert "at most 3 held at once" in out

    def test_the_order_of_what_tornados_two_clients_do(self) -> None:
        code, out = self.run("--client", "sync", "--client", "async", "--delay", "50ms")
        assert code == 0
        assert "in order: launched, response, next statement" in out
        assert "in order: launched, next statement, response" in out
