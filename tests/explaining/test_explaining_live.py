"""A tiny server under strace: its calls are counted exactly, and what cannot be traced says why in a line."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from runner.errors import ToolError
from runner.explaining import calls, sampling, tracing
from runner.explaining.tracing import NotTracedError
from runner.record.adapter import Adapter, Environment, Kind

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]

SERVER = """
    import os, socket
    ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 12\\r\\n\\r\\nHello world!"
    listening = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
    while True:
        connection, _ = listening.accept()
        while data := connection.recv(65536):
            for _ in range(data.count(b"GET / ")):
                connection.send(ANSWER)
                os.getppid()
"""


def served(folder: Path, source: str) -> Environment:
    path = folder / "server.py"
    path.write_text(dedent(source))
    adapter = Adapter("tiny", path, "python", "tiny", "tiny", Kind.BASELINE, "https://example.com")
    return Environment(adapter, (sys.executable, str(path)), "3", "3")


def test_the_calls_of_a_batch_are_counted_exactly(tmp_path: Path) -> None:
    one, sixteen = tracing.trace(served(tmp_path, SERVER), (1, 16), ())
    assert {(call.name, call.on): call.number for call in sixteen.calls} == {
        ("sendto", "tcp"): 16 * tracing.BATCHES,
        ("getppid", ""): 16 * tracing.BATCHES,
        ("recvfrom", "tcp"): tracing.BATCHES,
    }
    batch = calls.batch(one)
    assert (batch.sends, batch.receives, batch.all) == (1, 1, 3)
    assert batch.bytes_a_send == 76


def test_a_program_that_cannot_be_traced_says_why(tmp_path: Path) -> None:
    """One that traces itself lets nobody else, as one under another debugger does."""
    refusing = """
        import ctypes, sys
        if ctypes.CDLL(None).ptrace(0, 0, 0, 0) != 0:
            sys.exit("error: I will not be traced")
    """
    with pytest.raises(NotTracedError, match=r"before it listened: .*I will not be traced") as refused:
        tracing.trace(served(tmp_path, refusing), (1,), ())
    assert "\n" not in str(refused.value)


def test_missing_tools_name_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="apt-get install strace"):
        tracing.tool()
    with pytest.raises(ToolError, match="py-spy is not installed"):
        sampling.py_spy()
