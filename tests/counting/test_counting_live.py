"""A tiny server under valgrind: counted twice, with a loop planted, and its lines named."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from runner.adapters import interpreters
from runner.adapters.interpreters import Interpreter
from runner.counting import bytecodes, client, comparing, counting, surroundings
from runner.counting.goes import Load
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


NEWER = interpreters.choose(interpreters.find(), ">=3.12")
"""One that counts bytecodes, whatever the tests run on."""


def served(folder: Path, planted: int, python: Interpreter | None = None) -> Environment:
    path = folder / f"server{planted:05}.py"
    path.write_text(dedent(SERVER).replace("PLANTED", str(planted)))
    adapter = Adapter("tiny", path, "python", "tiny", "tiny", Kind.BASELINE, "https://example.com")
    release = python.name if python else ".".join(map(str, sys.version_info[:3]))
    return Environment(adapter, (str(python.path) if python else sys.executable, str(path)), release, release)


def test_a_planted_loop_is_counted_and_falls_out_of_a_batch(tmp_path: Path) -> None:
    first, second = (served(tmp_path, times) for times in (0, 1000))
    first.adapter.path.with_name("beside.py").touch()
    first.adapter.path.write_text("import beside\n" + first.adapter.path.read_text())
    plain, planted = (counting.count(one, depths=(1, 16), tool="valgrind").count for one in (first, second))
    assert list(tmp_path.glob("__pycache__/beside.*.pyc")), "what is counted compiles nothing as it starts"
    assert plain.reason is None
    assert planted.reason is None
    one, other = plain.at(1), planted.at(1)
    batch, other_batch = plain.at(16), planted.at(16)
    assert one and other and batch and other_batch  # noqa: PT018 - all or nothing
    loop = other.instructions - one.instructions
    assert loop > 1000, "at least an instruction each time"
    # On a busy machine a count may leave more open, and then it says so.
    left_open = sum(made.instructions * (made.apart or 0.0) for made in (one, other, batch, other_batch))
    assert other_batch.instructions - batch.instructions == pytest.approx(loop / 16, rel=0.05, abs=left_open)


KILLING = """
    import os, signal, sys
    worker = os.fork()
    if worker:  # as masters do whose patience is short: valgrind makes a worker's end long
        def end(*_):
            os.kill(worker, signal.SIGKILL)
            os.waitpid(worker, 0)
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        signal.pause()
"""


def test_a_server_is_not_counted_by_half(tmp_path: Path) -> None:
    made = served(tmp_path, 0)
    made.adapter.path.write_text(dedent(KILLING) + made.adapter.path.read_text())
    match = "1 of its 2 processes did not end by themselves"
    with surroundings.laid(made) as around, pytest.raises(counting.NotCountedError, match=match):
        counting.observe(around, Load(None))


def test_what_does_not_serve_says_why(tmp_path: Path) -> None:
    made = served(tmp_path, 0)
    made.adapter.path.write_text("raise SystemExit('no luck')")
    found = counting.count(made, tool="valgrind").count
    assert found.depths == ()
    assert found.reason is not None
    assert "no luck" in found.reason


SEEING = """
    import gc, json, os, sys
    import beside
    seen = [*sys.argv, *sys.path[:2], __file__, beside.__file__, *os.environ.values()]
    with open(beside.SEEN, "w") as file:
        json.dump([list(map(len, seen)), gc.isenabled()], file)
"""


def test_what_a_server_sees_is_as_long_from_wherever_the_suite_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count moves with the lengths of paths and variables: aiohttp's by half a per cent."""
    monkeypatch.setattr(counting, "BURSTS", 1)
    monkeypatch.setattr(counting, "WARM_UP", ())
    found = []
    for folder, path in (("a", os.environ["PATH"]), ("a folder far longer", f"{os.environ['PATH']}:/nowhere")):
        monkeypatch.setenv("PATH", path)
        monkeypatch.setenv("TZ", "UTC" if folder == "a" else "Europe/Berlin")
        (tmp_path / folder).mkdir()
        made, seen = served(tmp_path / folder, 0), tmp_path / "seen.json"
        made.adapter.path.with_name("beside.py").write_text(f"SEEN = {str(seen)!r}")
        made.adapter.path.write_text(dedent(SEEING) + made.adapter.path.read_text())
        with surroundings.laid(made) as around:
            counting.observe(around, Load(None))
        found.append(json.loads(seen.read_text()))
    assert found[0] == found[1]
    assert found[0][1] is False, "the collector is off"


POLLING = """
    import time
    class Answering(Answering):
        def data_received(self, data):
            super().data_received(data)
            asyncio.get_running_loop().call_soon(self.poll, time.monotonic() + AWAKE_S)
        def poll(self, until):
            while time.monotonic() < until:
                pass
"""


@pytest.mark.parametrize("awake_s", [1.5, 0.6], ids=["longer than is waited", "for a while"])
def test_a_server_that_polls_is_not_counted(tmp_path: Path, awake_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it executes depends on how long it is watched."""
    monkeypatch.setattr(client, "SETTLE_S", 1.0)
    made = served(tmp_path, 0)
    before, main, after = made.adapter.path.read_text().partition("async def main()")
    made.adapter.path.write_text(before + dedent(POLLING).replace("AWAKE_S", str(awake_s)) + main + after)
    match = "it keeps awake after a batch: it polls"
    with surroundings.laid(made) as around, pytest.raises(counting.NotCountedError, match=match):
        counting.observe(around, Load(None))


HANDLED = "loop.add_signal_handler(signal.SIGTERM, stop.set)"
AS_UVICORN = "before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(stop.set))"
RAISED_AGAIN = "\n    signal.signal(signal.SIGTERM, before)\n    signal.raise_signal(signal.SIGTERM)"


@pytest.mark.skipif(NEWER is None, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("ends", ["in order", "by the signal that it handled", "by the signal"])
def test_a_planted_line_is_named(tmp_path: Path, ends: str) -> None:
    """The server with the loop has two comments more above it, so that all its lines have moved."""
    plain, planted = served(tmp_path, 1, NEWER), served(tmp_path, 500, NEWER)
    planted.adapter.path.write_text("# one\n# two\n" + planted.adapter.path.read_text())
    for made in (plain, planted):
        text = made.adapter.path.read_text()
        assert text.count(HANDLED) == text.count("await stop.wait()") == 1
        if ends == "by the signal":
            text = text.replace(HANDLED, "pass")
        elif ends == "by the signal that it handled":
            text = text.replace(HANDLED, AS_UVICORN)
            text = text.replace("await stop.wait()", "await stop.wait()" + RAISED_AGAIN)
        made.adapter.path.write_text(text)
    seen = [bytecodes.per_request(made) for made in (plain, planted)]
    before, after = (
        {replace(line, place=replace(line.place, file="server.py")): count for line, count in one.items()}
        for one in seen
        if not isinstance(one, str)
    )
    first, second, *rest = comparing.moved_lines(before, after, least=0.5)
    lines = planted.adapter.path.read_text().splitlines()
    assert {lines[one.place.line - 1].strip() for one in (first, second)} <= {"for _ in range(500):", "pass"}
    assert first.difference > 400
    assert all(abs(one.difference) < 10 for one in rest), rest
