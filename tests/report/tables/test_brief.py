"""One line a server, whatever became of it at each depth."""

from __future__ import annotations

from dataclasses import replace

from runner.record.run import Run
from runner.record.trial import Failure, Trial, Verdict
from runner.report.tables import brief
from runner.rows.rows import rows
from tests import builders


def lines(run: Run, trials: list[Trial]) -> list[list[str]]:
    """The cells of each server's line."""
    text = brief.markdown(run, rows(run, trials))
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "| adapter" in line]


def test_each_server_has_one_line_with_its_rate_at_each_depth_the_fastest_first() -> None:
    run, trials = builders.matrix(adapters=3, depths=(1, 5, 16))
    found = lines(run, trials)
    assert [line[0] for line in found] == ["adapter 0", "adapter 1", "adapter 2"]
    derived = {(row.title, row.depth): row.requests_per_second for row in rows(run, trials)}
    for title, *_, one, five, sixteen, _cost, note in found:
        for shown, depth in ((one, 1), (five, 5), (sixteen, 16)):
            rate = derived[title, depth]
            assert rate is not None
            assert shown.startswith(f"{rate.mean:,.0f} ±".replace(",", " "))
        assert note == ""


def test_a_depth_without_a_rate_shows_its_verdict_and_the_note_says_why() -> None:
    run, trials = builders.matrix(adapters=2, depths=(1, 16))
    crashed = Failure(Verdict.CRASHED, "exited with code 7")
    trials = [
        replace(trial, failure=crashed, load=None)
        if (trial.cell.adapter, trial.cell.depth) == ("adapter-0", 16)
        else trial
        for trial in trials
    ]
    found = lines(run, trials)
    assert [line[0] for line in found] == ["adapter 1", "adapter 0"], "what has no rate comes last"
    assert found[1][4] == "crashed"
    assert found[1][-1] == "exited with code 7"
    assert "±" in found[1][3]


def test_what_was_not_measured_at_a_depth_is_left_empty() -> None:
    run, trials = builders.matrix(adapters=2, depths=(1, 16))
    trials = [trial for trial in trials if (trial.cell.adapter, trial.cell.depth) != ("adapter-1", 16)]
    assert lines(run, trials)[1][4] == ""


def test_what_could_not_be_run_at_all_is_listed_with_the_reason() -> None:
    run, trials = builders.matrix(adapters=1, depths=(1,))
    gone = builders.adapter_record(name="gone", title="Gone|", unavailable="no CPython 3.5 here", python=None)
    text = brief.markdown(
        replace(run, adapters=(*run.adapters, gone)), rows(replace(run, adapters=(*run.adapters, gone)), trials)
    )
    assert "### Not available here" in text
    assert "| Gone\\| | no CPython 3.5 here |" in text


def test_connections_are_the_columns_where_there_is_one_depth() -> None:
    run, trials = builders.matrix(adapters=2, depths=(1,))
    more = [replace(trial, cell=replace(trial.cell, connections=100)) for trial in trials]
    found = rows(run, [*trials, *more])
    text = brief.markdown(run, found)
    assert "### depth 1 · 1 worker\n" in text
    headings = next(line for line in text.splitlines() if line.startswith("| server"))
    assert "requests/s, 50 connections | requests/s, 100 connections | CPU µs/request, 100 connections" in headings


def test_a_server_that_waits_is_told_from_one_that_is_slow() -> None:
    run, trials = builders.matrix(adapters=1, depths=(1,))
    idle = builders.server_usage(cpu_ns=builders.SECOND_NS // 10)
    (found,) = lines(run, [replace(trial, server=idle) for trial in trials])
    assert found[3].endswith(" (neither)")
    assert "something waits" in found[-1]
