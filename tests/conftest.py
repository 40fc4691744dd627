"""What every test gets: signals as from a terminal, a guard against programs started by accident, no deadlines."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace

import hypothesis
import pytest

from runner import process

hypothesis.settings.register_profile("counted-not-timed", deadline=None)
hypothesis.settings.load_profile("counted-not-timed")


def pytest_configure() -> None:
    """Heed signals as from a terminal: in the background of a script SIGINT is ignored, under nohup SIGHUP."""
    for number, heeded in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, heeded)


@pytest.fixture(autouse=True)
def programs_started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fails a test that is not marked ``live`` and starts a program through :mod:`runner.process`.

    What was started is looked at again after the test, for code that catches everything.
    """
    started: list[str] = []
    if request.node.get_closest_marker("live"):
        yield started
        return

    def refuse(argv: list[str], *_: object, **__: object) -> None:
        started.append(" ".join(map(str, argv)))
        pytest.fail(f"an unmarked test started a program: {started[-1]}: mark it live, or give it a fake")

    guarded = SimpleNamespace(**{name: getattr(subprocess, name) for name in dir(subprocess)})
    guarded.Popen = guarded.run = refuse
    monkeypatch.setattr(process, "subprocess", guarded)
    yield started
    assert not started, f"an unmarked test started a program: {started}"
