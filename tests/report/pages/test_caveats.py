"""Reservations about a run: each kind is told where it holds, and none where a run is clean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runner.record.plan import Purpose
from runner.record.run import Finding, Level, Run
from runner.record.trial import Exit, Placement, Trial
from runner.report.pages.caveats import NAMED, Caveat, caveats
from runner.rows import rows
from tests import builders
from tests.builders import SECOND_NS


def told(head: Run, trials: list[Trial]) -> dict[str, str]:
    found = caveats(head, rows.rows(head, trials))
    assert len({caveat.subject for caveat in found}) == len(found)
    return {caveat.subject: caveat.text for caveat in found}


def only(head: Run, trials: list[Trial]) -> Caveat:
    assert len(told(head, trials)) == 1
    return caveats(head, rows.rows(head, trials))[0]


def changed(trials: list[Trial], adapter: str, **load: Any) -> list[Trial]:
    """The trials of one adapter with another load."""
    return [
        replace(trial, load=replace(trial.load, **load)) if trial.load and trial.cell.adapter == adapter else trial
        for trial in trials
    ]


def test_a_clean_run_has_none() -> None:
    assert told(*builders.matrix()) == {}


def test_each_is_told_in_a_few_words_with_its_number_too() -> None:
    head, trials = builders.matrix(adapters=2, depths=(1, 5))
    bound = changed(trials, "adapter-1", cpu_ns=SECOND_NS)
    assert only(head, bound).short == "2 lower bounds"
    narrow = replace(head, plan=replace(head.plan, precision=0.001))
    assert [caveat.short for caveat in caveats(narrow, rows.rows(narrow, trials))] == ["4 of 4 rows wider than ±0.1 %"]


class TestOfTheRun:
    def test_the_brake_of_the_go_rows(self) -> None:
        head, trials = builders.matrix()
        go = replace(head, adapters=(*head.adapters, replace(head.adapters[0], name="fasthttp")))
        assert set(told(replace(go, created_at="2026-11-21T00:00:00Z"), trials)) == {"Go's rows had a brake"}
        assert told(replace(go, created_at="2026-11-26T00:00:00Z"), trials) == {}
        assert told(replace(head, created_at="2026-11-21T00:00:00Z"), trials) == {}

    def test_not_complete(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1, 5))
        head = replace(head, finished_at=None)
        assert only(head, trials).text == f"more trials were planned: pipebench run --resume {head.id}"
        assert only(head, trials[:-3]).text.startswith("1 of 4 cells have no trial yet: ")

    def test_no_check(self) -> None:
        head, trials = builders.matrix(adapters=1)
        assert "--no-check" in only(replace(head, plan=replace(head.plan, check=False)), trials).text

    def test_shared_cpus(self) -> None:
        head, trials = builders.matrix(adapters=1)
        shared = Placement(server=(0,), generator=(0,), shared=True)
        assert only(replace(head, placement=shared), trials).subject == "Shared CPUs"

    @pytest.mark.parametrize(
        ("revision", "subject"), [(None, "Revision unknown"), ("0123456789ab+", "Uncommitted changes")]
    )
    def test_revision(self, revision: str | None, subject: str) -> None:
        head, trials = builders.matrix(adapters=1)
        assert only(replace(head, revision=revision), trials).subject == subject

    def test_findings_that_matter(self) -> None:
        head, trials = builders.matrix(adapters=1)
        findings = tuple(Finding(level, level.value, "so it is", "it matters") for level in Level)
        assert told(replace(head, findings=findings), trials) == {
            "Machine: warning": "so it is; it matters",
            "Machine: problem": "so it is; it matters",
        }

    def test_disturbed_trials(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,), trials=4)
        trials[0] = replace(trials[0], surroundings=builders.surroundings(other_cpu_ns=SECOND_NS // 2))
        text = only(head, trials).text
        assert text.startswith("during 1 of 8 trials")
        assert text.endswith(": adapter 0 at depth 5")


class TestOfRows:
    def test_lower_bounds(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(1, 5))
        text = only(head, changed(trials, "adapter-1", cpu_ns=SECOND_NS)).text
        assert text.startswith("2 of 4 rows are marked ≥")
        assert text.endswith(": adapter 1 at depth 1, 5")

    def test_neither_was_busy(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        idle = [
            replace(trial, server=builders.server_usage(cpu_ns=SECOND_NS // 2))
            if trial.cell.adapter == "adapter-1"
            else trial
            for trial in trials
        ]
        assert only(head, idle).text == "in 1 of 2 rows neither side was busy: adapter 1 at depth 5"

    def test_failures(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        died = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
        crashed = [replace(trial, exit=died) if trial.cell.adapter == "adapter-0" else trial for trial in trials]
        assert only(head, crashed) == Caveat(
            "Failures", "1 of 2 rows have no rate, because the server failed: adapter 0 at depth 5", "1 failed"
        )

    def test_one_trial_has_no_interval(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,), trials=1)
        assert only(head, trials).text.startswith("2 of 2 rows have too few trials")

    def test_precision(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        head = replace(head, plan=replace(head.plan, precision=0.001))
        assert only(head, trials).text.startswith("2 of 2 rows are not within ±0.1 %")

    def test_latency(self) -> None:
        head, trials = builders.matrix(adapters=2, depths=(5,))
        short = next(one.load.histogram[2:-2] for one in trials if one.load and one.cell.adapter == "adapter-1")
        text = only(head, changed(trials, "adapter-1", histogram=short)).text
        assert text == "in 1 of 2 rows, the notes say why: adapter 1 at depth 5"

    def test_a_witness_that_disagrees(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        load = trials[0].load
        assert load is not None
        slow = replace(load, generator="h2load", requests=load.requests // 2, bytes_read=load.bytes_read // 2)
        assert (
            only(head, [*trials, replace(trials[0], purpose=Purpose.WITNESS, load=slow)]).subject == "Witness disagrees"
        )

    def test_not_available(self) -> None:
        head, trials = builders.matrix(adapters=1, depths=(5,))
        gone = builders.adapter_record(name="gone", title="gone", unavailable="no CPython 3.2 here")
        assert only(replace(head, adapters=(*head.adapters, gone)), trials).text.endswith(": gone")

    def test_many_are_counted(self) -> None:
        head, trials = builders.matrix(adapters=NAMED + 3, depths=(5,), trials=3)
        bound = [replace(t, load=replace(t.load, cpu_ns=SECOND_NS)) for t in trials if t.load]
        text = only(head, bound).text
        assert text.endswith("; and 3 more")
        assert text.count(" at depth ") == NAMED
