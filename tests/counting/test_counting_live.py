"""A tiny server under valgrind: counted twice, with a loop planted, and its lines named."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from runner.counting import bytecodes, counting
from runner.record.adapter import Adapter, Environment, Kind

pytestmark = [
    pytest.mark.live,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed"),
]

SERVER = """
    import asyncio, os, signal
    ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 12\\r\\n\\r\\nHello world!"
    class Answering(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
        def data_received(self, data):
            for _ in range(PLANTED):
                pass
            self.transport.write(ANSWER * data.count(b"GET / "))
    async def main():
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        await loop.create_server(Answering, os.environ["HOST"], int(os.environ["PORT"]))
        await stop.wait()
    asyncio.run(main())
"""


def served(folder: Path, planted: int) -> Environment:
    path = folder / f"server{planted:05}.py"
    path.write_text(dedent(SERVER).replace("PLANTED", str(planted)))
    adapter = Adapter("tiny", path, "python", "tiny", "tiny", Kind.BASELINE, "https://example.com")
    python = ".".join(map(str, sys.version_info[:3]))
    return Environment(adapter, (sys.executable, str(path)), python, python)


def test_a_planted_loop_is_counted_and_falls_out_of_a_batch(tmp_path: Path) -> None:
    plain, planted = (
        counting.count(served(tmp_path, times), depths=(1, 16), tool="valgrind").count for times in (0, 1000)
    )
    assert plain.reason is None
    assert planted.reason is None
    one, other = plain.at(1), planted.at(1)
    batch, other_batch = plain.at(16), planted.at(16)
    assert one and other and batch and other_batch  # noqa: PT018 - all or nothing
    loop = other.instructions - one.instructions
    assert loop > 1000, "at least an instruction each time"
    assert other_batch.instructions - batch.instructions == pytest.approx(loop / 16, rel=0.05)


def test_what_does_not_serve_says_why(tmp_path: Path) -> None:
    made = served(tmp_path, 0)
    made.adapter.path.write_text("raise SystemExit('no luck')")
    found = counting.count(made, tool="valgrind").count
    assert found.depths == ()
    assert found.reason is not None
    assert "no luck" in found.reason


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_lines_are_named(tmp_path: Path) -> None:
    found = bytecodes.per_request(served(tmp_path, 500))
    assert not isinstance(found, str)
    most = max(found, key=lambda place: found[place])
    assert most.function == "Answering.data_received"
