"""A crowd of real processes: two servers of ours, one of which takes what Python takes for a length."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runner.record.adapter import Environment
from runner.serving import process
from tests import builders
from tests.conformance.running.test_driver_live import SERVER
from tests.differential import views
from tests.differential.crowd import STRICT, Crowd
from tests.differential.streams import HIDDEN, LAST, REQUESTS
from tests.differential.views import Kind

pytestmark = pytest.mark.live


def toy(name: str, *arguments: str) -> Environment:
    lines = f"import os, runpy, sys; sys.argv += ['--port', os.environ['PORT'], *{arguments!r}]; "
    argv = (sys.executable, "-c", lines + f"runpy.run_path({str(SERVER)!r}, run_name='__main__')")
    return builders.environment(adapter=builders.adapter(name=name), argv=argv)


def test_servers_are_asked_the_same_and_who_reads_otherwise_is_seen(tmp_path: Path) -> None:
    plus = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +%d\r\n\r\n%s" % (len(HIDDEN), HIDDEN)
    with process.ending_all():
        crowd = Crowd([toy("right"), toy("python", "--fault", "takes-python-lengths")], tmp_path)
        try:
            same, differs = crowd.ask(REQUESTS["chunked"] + LAST), crowd.ask(plus + LAST)
        finally:
            crowd.close()
    assert views.kind(same) is None
    assert same["right"].served == (HIDDEN, b"z")
    assert views.kind(differs) is Kind.REFUSES
    assert list(views.groups(differs).values()) == [(STRICT, "right"), ("python",)]
    assert differs["python"].served == (HIDDEN, b"z")
