"""A format that shows what a run does not hold is refused, with what to ask for instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.errors import RecordError
from runner.record.plan import Generator
from runner.report import formats
from runner.report.formats import Report
from runner.rows.rows import rows
from tests import builders


def report(depths: tuple[int, ...], generator: Generator = Generator.WRK) -> Report:
    run, trials = builders.matrix(adapters=1, depths=depths)
    run = replace(run, plan=replace(run.plan, generator=generator))
    return Report(run, trials, rows(run, trials), lambda _: None)


@pytest.mark.parametrize(
    ("name", "found", "message"),
    [
        ("upstream", report((5,)), "its servers wait for no upstream: --format markdown"),
        ("witness", report((5,)), "no cell was loaded by another generator: measure with --witness"),
        ("seed-2017", report((5,)), "nothing was loaded as in 2017, .*: measure with --profile seed-2017"),
        ("seed", report((1, 5)), "its table is of one load, and there are 2: --format markdown"),
        ("seed", report((5,), Generator.VOLLEY), "it shows what wrk printed, and volley loaded"),
    ],
)
def test_what_a_run_does_not_hold_is_not_printed(name: str, found: Report, message: str) -> None:
    with pytest.raises(RecordError, match=f"--format {name} does not fit {found.run.id}: {message}"):
        formats.printed(found, name)


def test_what_it_holds_is() -> None:
    assert "| adapter 0 |" in formats.printed(report((5,)), "seed")
