"""A server that does not answer one plain request is asked no more, and its log is quoted."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.conformance.cases.catalogue import CASES
from runner.conformance.running.examination import examine
from runner.record.adapter import Adapter, Environment, Kind
from tests.programs import Program

pytestmark = pytest.mark.live

BROKEN = """
    import os, socket, sys, traceback
    listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    while True:
        connection = listener.accept()[0]
        if not connection.recv(65536):
            continue  # somebody looked whether we listen
        print("asked", file=sys.stderr)
        try:
            if STATUS == 500:
                raise AttributeError("'Application' object has no attribute 'routes'")
        except AttributeError:
            traceback.print_exc()
        head = b"HTTP/1.1 %d X\\r\\nContent-Type: text/plain\\r\\nContent-Length: 12\\r\\n\\r\\n"
        connection.sendall(head % STATUS + b"Hello there!")
"""


def environment(argv: tuple[str, ...]) -> Environment:
    adapter = Adapter("broken", Path("app.py"), "python", "Broken", "broken", Kind.FRAMEWORK, "https://localhost")
    return Environment(adapter, argv, None, "1.0")


def test_an_error_of_the_server_is_told_from_its_log(program: Program, tmp_path: Path) -> None:
    made = environment(program(BROKEN.replace("STATUS", "500")))
    found = examine(made, tmp_path / "logs", cases=CASES)
    error = "AttributeError: 'Application' object has no attribute 'routes'"
    assert found.problem == f"GET / answers wrongly: status 500, expected 200; the log says {error}"
    assert any("app.py" in line or "program" in line for line in found.log)
    assert found.log[-1] == error
    assert found.results == ()
    assert found.fails()
    assert "".join(log.read_text() for log in (tmp_path / "logs").iterdir()).count("asked") == 1


def test_an_answer_that_is_not_the_contract_s_is_quoted(program: Program, tmp_path: Path) -> None:
    found = examine(environment(program(BROKEN.replace("STATUS", "200"))), tmp_path / "logs", cases=CASES)
    assert found.problem == (
        "GET / answers wrongly: body b'Hello there!', expected b'Hello world!'; the log says nothing of it"
    )
    assert (found.results, found.log) == ((), ())
