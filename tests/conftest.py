"""What every test gets: signals as from a terminal, guards against programs started or left by accident."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import hypothesis
import pytest

from runner.serving import process
from tests.programs import Program, eventually, mentioning

hypothesis.settings.register_profile("counted-not-timed", deadline=None)
hypothesis.settings.load_profile("counted-not-timed")


def pytest_configure() -> None:
    """Heed signals as from a terminal: in the background of a script SIGINT is ignored, under nohup SIGHUP."""
    for number, heeded in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, heeded)


@pytest.fixture(autouse=True)
def programs_started(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Fails a test that is not marked ``live`` and starts a program through :mod:`runner.serving.process`.

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


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a live test starts mentions its ``tmp_path`` somewhere, and is gone after it."""
    if not request.node.get_closest_marker("live"):
        yield
        return
    tmp_path: Path = request.getfixturevalue("tmp_path")
    yield
    gone = eventually(lambda: not mentioning(str(tmp_path)))
    assert gone, f"left behind: {mentioning(str(tmp_path))}"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """A function that makes a Python program out of its text, and gives the command for it."""
    made = 0

    def make(code: str, *arguments: str) -> tuple[str, ...]:
        nonlocal made
        made += 1
        file = tmp_path / f"program{made}.py"
        file.write_text(dedent(code))
        return (sys.executable, "-I", "-S", str(file), *arguments)

    return make
