"""What a person sees while they wait."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence

import pytest
from rich.console import Console
from rich.live import Live

from runner.judging.schedule import Progress, TrialSummary
from runner.record.plan import Cell
from runner.record.trial import Failure, Verdict
from runner.suite import progress
from runner.suite.progress import OnTerminal, Plain, Quiet, Reporter
from tests import builders

CELL = builders.cell()
FAILED = Failure(Verdict.CRASHED, "killed by SIGABRT [/x]")
FINE = Failure(Verdict.MEASURED, "")


def at(done: int, eta_s: float | None = None) -> Progress:
    return Progress(done=done, expected_total=72, eta_s=eta_s, reached=0, failed=0, exhausted=0, open=24)


def summaries(cell: Cell, *rates: float | None) -> list[TrialSummary]:
    return [
        TrialSummary(cell=cell, round=1, rate=rate, failed=rate is None, disturbed=False, wall_s=1.3) for rate in rates
    ]


def tell(reporter: Reporter) -> None:
    """All that a run tells."""
    adapter = builders.adapter()
    reporter.building(adapter, "building")
    reporter.building(adapter, "ready")
    reporter.building(builders.adapter(name="gone"), "no CPython 3.2 here [/y]")
    reporter.say("a line [/z]")
    for done in range(3):
        reporter.trial_begins(CELL, at(done, 75.0), summaries(CELL, *[1000.0] * done))
        reporter.trial_ends(builders.trial(), FAILED if done == 1 else FINE)


class TestPlain:
    def test_lines_on_stderr_and_nothing_on_stdout(self, capsys: pytest.CaptureFixture[str]) -> None:
        tell(Plain())
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.splitlines() == [
            "aiohttp: building",
            "gone: no CPython 3.2 here [/y]",
            "a line [/z]",
            "trial 1 of about 72, about 1 min 15 s left: aiohttp-py3.13.0-d5-c50-w1",
            "aiohttp-py3.13.0-d5-c50-w1: crashed: killed by SIGABRT [/x]",
        ]

    def test_where_the_run_is_now_and_then(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock: Iterator[float] = iter([100.0 + seconds / 2 for seconds in range(200)])
        monkeypatch.setattr("runner.suite.progress.time.monotonic", lambda: next(clock))
        reporter = Plain()
        for done in range(60):
            reporter.trial_begins(CELL, at(done), ())
        lines = capsys.readouterr().err.splitlines()
        assert 2 <= len(lines) <= 4
        assert lines[0] == "trial 1 of about 72: aiohttp-py3.13.0-d5-c50-w1"


class Screen:
    """A terminal, and what stands on it."""

    def __init__(self) -> None:
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=True, width=100, color_system=None)
        self.live = Live(console=console, auto_refresh=False)
        self.reporter = OnTerminal(self.live)

    def shown(self) -> list[str]:
        """The live part, as it is now."""
        out = io.StringIO()
        Console(file=out, width=100).print(self.live.get_renderable())
        return [line.rstrip() for line in out.getvalue().splitlines()]


class TestOnTerminal:
    def test_what_is_being_built(self) -> None:
        screen = Screen()
        seen = []
        for name, state in (("one", "building"), ("other", "building"), ("one", "ready"), ("other", "gone [/y]")):
            screen.reporter.building(builders.adapter(name=name), state)
            seen += screen.shown()
        assert seen[:3] == ["building one", "building one, other", "building other"]
        assert "building" not in seen[3]
        assert "other is unavailable: gone [/y]" in screen.file.getvalue()

    def test_a_table_of_what_is_known_and_where_the_run_is(self) -> None:
        screen = Screen()
        other, deep = builders.cell(adapter="sanic"), builders.cell(depth=16)
        history = [
            *summaries(CELL, 1000, 1010, 990),
            *summaries(deep, 2000, 2000.5),
            *summaries(other, None),
        ]
        screen.reporter.trial_begins(CELL, at(6, 20), history)
        lines = [line.split() for line in screen.shown()]
        assert lines[0] == ["requests/s", "d5", "c50", "w1", "d16", "c50", "w1"]
        assert lines[1] == ["aiohttp", "3.13.0", "1", "000", "±2.5", "%", "2", "000"]
        assert lines[2] == ["sanic", "3.13.0", "failed"]
        assert " ".join(lines[3]) == "trial 7 of about 72, about 20 s left: aiohttp-py3.13.0-d5-c50-w1"

    def test_a_table_that_grew_is_the_table_drawn_at_once(self) -> None:
        grown, at_once = Screen(), Screen()
        other = builders.cell(adapter="sanic")
        history = [*summaries(CELL, 1000, 1010), *summaries(other, None, 500), *summaries(CELL, 990)]
        for done in range(len(history) + 1):
            grown.reporter.trial_begins(CELL, at(done), history[:done])
        at_once.reporter.trial_begins(CELL, at(len(history)), history)
        assert grown.shown() == at_once.shown()

    def test_before_the_first_trial_there_is_no_table(self) -> None:
        screen = Screen()
        screen.reporter.trial_begins(CELL, at(0), ())
        assert screen.shown() == ["trial 1 of about 72: aiohttp-py3.13.0-d5-c50-w1"]

    def test_failures_stand_above_it(self) -> None:
        screen = Screen()
        screen.reporter.trial_ends(builders.trial(), FAILED)
        screen.reporter.trial_ends(builders.trial(), FINE)
        screen.reporter.say("a line [/z]")
        assert screen.file.getvalue().splitlines() == [
            "aiohttp-py3.13.0-d5-c50-w1: crashed: killed by SIGABRT [/x]",
            "a line [/z]",
        ]


class TestChoice:
    def test_quiet_says_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        with progress.reporter(quiet=True) as reporter:
            assert isinstance(reporter, Quiet)
            tell(reporter)
        assert capsys.readouterr() == ("", "")

    def test_lines_where_stderr_is_no_terminal(self) -> None:
        with progress.reporter(quiet=False) as reporter:
            assert isinstance(reporter, Plain)

    def test_a_live_table_where_it_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        screen = Terminal()
        monkeypatch.setattr(sys, "stderr", screen)
        with progress.reporter(quiet=False) as reporter:
            assert isinstance(reporter, OnTerminal)
            tell(reporter)
        assert "a line [/z]" in screen.getvalue()


@pytest.mark.parametrize(
    ("rates", "text"),
    [((), ""), ((None, None), "failed"), ((31_266.4,), "31 266"), ((1000, 1010, 990, None), "1 000 ±2.5 %")],
)
def test_a_rate_so_far(rates: Sequence[float | None], text: str) -> None:
    assert progress.estimate(summaries(CELL, *rates)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (75, "1 min 15 s"), (3600, "60 min 00 s")],
)
def test_times_are_rounded(seconds: float, text: str) -> None:
    assert progress.minutes(seconds) == text
