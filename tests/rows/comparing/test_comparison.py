"""Comparisons of two runs: what is found, what is not, and what is refused."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from runner.cli.main import cli
from runner.errors import RecordError
from runner.record import store
from runner.record.plan import Cell
from runner.record.run import Run
from runner.record.trial import Failure, Trial, Verdict, WarmUp
from runner.report.tables import comparison as comparison_tables
from runner.rows.comparing.comparison import COST, RATE, TAIL, Change, Compared, Comparison, Tolerance, compare
from tests import builders

NAMES = ("aiohttp", "sanic", "tornado", "quart", "falcon")
Measured = tuple[Run, tuple[Trial, ...]]


def measured(
    run_id: str,
    rates: Mapping[str, Sequence[float]],
    *,
    costs: Mapping[str, float] | None = None,
    edited: Sequence[str] = (),
    **changes: Any,
) -> Measured:
    """A run whose trials have these rates, in thousands of requests/s; a request costs what keeps a CPU busy."""
    cells = {name: builders.cell(adapter=name) for name in rates}
    records = tuple(
        builders.adapter_record(name=name, title=name, sha256=("1" if name in edited else "0") * 64) for name in rates
    )
    trials = []
    for name, cell in cells.items():
        for number, rate in enumerate(rates[name], start=1):
            requests = 5 * round(rate * 200)
            cost = (costs or {}).get(name, 980_000 / requests) * (1 + 0.001 * (number % 3))
            load = builders.load(
                requests=requests,
                bytes_read=requests * builders.RESPONSE_BYTES,
                histogram=((50 * 5 * 1_000_000 // requests, requests // 5),),
            )
            usage = builders.server_usage(cpu_ns=round(cost * 1000 * requests))
            trials.append(builders.trial(cell=cell, number=number, round=number, load=load, server=usage))
    head = builders.run(
        id=run_id, adapters=records, cells=tuple(cells.values()), created_at="2026-11-21T00:00:00Z", **changes
    )
    return head, tuple(trials)


def steady(level: float, n: int = 8, spread: float = 0.003) -> list[float]:
    return [level * (1 + spread * (-1) ** k * (1 + k / n)) for k in range(n)]


def by_name(found: Comparison) -> dict[str, Compared]:
    return {cell.adapter: cell for cell in found.cells}


def test_equal_runs_show_no_difference() -> None:
    base = measured("base", {name: steady(90) for name in NAMES})
    new = measured("new", {name: steady(90.05) for name in NAMES})
    found = compare(base, new)
    assert {cell.change for cell in found.cells} == {Change.NONE_FOUND}
    assert all(cell.unchanged for cell in found.cells)
    assert found.slower_than(Tolerance(0)) == ()


def test_one_that_was_edited_and_is_slower_is_found_among_those_that_were_not() -> None:
    base = measured("base", {name: steady(90) for name in NAMES})
    rates = {name: steady(90.2) for name in NAMES} | {"sanic": steady(81)}
    found = by_name(compared := compare(base, measured("new", rates, edited=["sanic"])))
    assert found["sanic"].change is Change.SLOWER
    assert found["sanic"].by == RATE
    assert found["sanic"].rate_ratio is not None
    assert found["sanic"].rate_ratio.holds(0.9)
    assert not found["sanic"].unchanged
    assert {found[name].change for name in NAMES if name != "sanic"} == {Change.NONE_FOUND}
    assert [cell.adapter for cell in compared.slower_than(Tolerance(0.05))] == ["sanic"]
    assert compared.slower_than(Tolerance(0.15)) == ()


def test_what_drifts_with_the_whole_machine_is_no_difference() -> None:
    """The unchanged cells are 4 % slower as well, so the one that was edited is not told apart from them."""
    base = measured("base", {name: steady(90) for name in NAMES})
    new = measured("new", {name: steady(90 * 0.96) for name in NAMES}, edited=["sanic"])
    found = compare(base, new)
    assert {cell.change for cell in found.cells} == {Change.NONE_FOUND}
    assert found.drift is not None
    assert found.drift.ratio == pytest.approx(0.96, abs=0.002)
    assert found.drift.cells == 4


def test_without_witnesses_the_intervals_say_what_they_leave_out() -> None:
    base = measured("base", {name: steady(90) for name in NAMES[:2]})
    new = measured("new", {name: steady(87) for name in NAMES[:2]}, edited=NAMES)
    found = compare(base, new)
    assert found.drift is None
    assert {cell.change for cell in found.cells} == {Change.SLOWER}
    assert "not how the machine drifted" in comparison_tables.markdown(found)


def test_one_of_three_witnesses_is_held_against_all_three() -> None:
    """Without itself there are too few, and the noise of the runs alone would call its drift a difference."""
    drifted = dict(zip(NAMES, (0.8, 0.97, 1.02, 1.02), strict=False))
    names = list(drifted)
    base = measured("base", {name: steady(90) for name in names})
    new = measured("new", {name: steady(90 * ratio) for name, ratio in drifted.items()}, edited=names[:1])
    found = {cell.adapter: cell.change for cell in compare(base, new).cells}
    assert found[names[0]] is Change.SLOWER
    assert {found[name] for name in names[1:]} == {Change.NONE_FOUND}


def test_drift_seldom_makes_a_false_difference() -> None:
    """Each cell drifts by 2 % of its own; without the witnesses most cells would be called different."""
    rng = random.Random(20261121)
    runs, wrong = 60, 0
    for _ in range(runs):
        drifted = {name: math.exp(rng.gauss(0, 0.02)) for name in NAMES}
        base = measured("base", {name: [90 * math.exp(rng.gauss(0, 0.01)) for _ in range(10)] for name in NAMES})
        new = measured(
            "new", {name: [90 * drifted[name] * math.exp(rng.gauss(0, 0.01)) for _ in range(10)] for name in NAMES}
        )
        wrong += any(cell.change is not Change.NONE_FOUND for cell in compare(base, new).cells)
    assert wrong <= 8, "5 % of 60 are 3; more than 8 come by chance once in 300"


def test_where_the_load_was_the_limit_the_cpu_time_is_compared() -> None:
    busy = builders.SECOND_NS * 98 // 100
    base, new = (
        measured(name, {one: steady(90) for one in NAMES}, costs=dict.fromkeys(NAMES, cost), edited=edited)
        for name, cost, edited in (("base", 5.0, ()), ("new", 6.0, NAMES))
    )
    base, new = (
        (run, tuple(replace(t, load=replace(t.load, cpu_ns=busy)) for t in trials if t.load))
        for run, trials in (base, new)
    )
    found = compare(base, new)
    assert {cell.base.verdict for cell in found.cells} == {Verdict.GENERATOR_BOUND}
    assert {(cell.change, cell.by, cell.rate_ratio) for cell in found.cells} == {(Change.SLOWER, COST, None)}
    assert len(found.slower_than(Tolerance(0.10))) == len(NAMES)
    assert found.slower_than(Tolerance(0.20)) == ()
    assert "≥ 89" in comparison_tables.markdown(found)


def failing(run: Measured, name: str) -> Measured:
    head, trials = run
    crash = Failure(Verdict.CRASHED, "killed by SIGSEGV")
    return head, tuple(replace(t, failure=crash) if t.cell.adapter == name else t for t in trials)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(False, True, Change.FAILS_NOW), (True, False, Change.WORKS_NOW), (True, True, Change.FAILS_STILL)],
)
def test_cells_that_fail(before: bool, after: bool, change: Change) -> None:
    base = measured("base", {name: steady(90) for name in NAMES})
    new = measured("new", {name: steady(90) for name in NAMES})
    found = compare(failing(base, "quart") if before else base, failing(new, "quart") if after else new)
    cell = by_name(found)["quart"]
    assert (cell.change, cell.rate_ratio, cell.cpu_ratio) == (change, None, None)
    assert [one.adapter for one in found.slower_than(Tolerance(0.5))] == (
        ["quart"] if change is Change.FAILS_NOW else []
    )


def warmed(run: Measured, settled: int, steps: int) -> Measured:
    """Of a runtime that compiles: so many of its trials had settled when they began, after so many seconds."""
    head, trials = run
    head = replace(head, adapters=tuple(replace(one, compiles=True) for one in head.adapters))
    seen = (WarmUp(1.0, (1.0,) * steps, trial.number <= settled) for trial in trials)
    return head, tuple(replace(trial, warm_up=one) for trial, one in zip(trials, seen, strict=True))


@pytest.mark.parametrize(
    ("before", "after", "compared"),
    [
        ((8, 3), (8, 5), True),
        ((5, 8), (8, 3), True),
        ((0, 8), (0, 8), True),
        ((4, 8), (8, 3), False),
        ((8, 3), (0, 8), False),
        ((0, 8), (0, 30), False),
        ((0, 0), (8, 3), False),
    ],
)
def test_what_still_compiles_is_compared_only_with_what_was_warmed_alike(
    before: tuple[int, int], after: tuple[int, int], compared: bool
) -> None:
    """So many of eight trials had settled, after so many seconds."""
    rates = {"node": steady(90), "java": steady(60)}
    found = compare(warmed(measured("base", rates), *before), warmed(measured("new", rates), *after))
    assert {cell.change for cell in found.cells} == {Change.NONE_FOUND if compared else Change.NOT_WARM}
    assert all((cell.rate_ratio is not None) == compared for cell in found.cells)
    assert ("--settle" in comparison_tables.markdown(found)) != compared
    assert all(cell.inconclusive(0.5) for cell in found.cells) != compared


def test_cells_match_by_interpreter_or_where_there_is_only_one() -> None:
    base = measured("base", {name: steady(90) for name in NAMES})
    head, trials = measured("new", {name: steady(90) for name in NAMES})
    head = replace(
        head,
        adapters=tuple(replace(one, python="3.14.0") for one in head.adapters),
        cells=tuple(replace(cell, python="3.14.0") for cell in head.cells),
    )
    new = head, tuple(replace(trial, cell=replace(trial.cell, python="3.14.0")) for trial in trials)
    found = compare(base, new)
    assert len(found.cells) == len(NAMES)
    assert not any(cell.unchanged for cell in found.cells)
    assert ("aiohttp Python", "3.13.0", "3.14.0") in {(one.subject, one.base, one.new) for one in found.differs}
    both = replace(head, adapters=(*head.adapters, *base[0].adapters))
    found = compare(base, (both, (*new[1], *base[1])))
    assert len(found.only_new) == len(NAMES)
    assert all("3.14.0" in cell for cell in found.only_new)


def test_what_else_differs_is_told() -> None:
    base = measured("base", {name: steady(90) for name in NAMES})
    head, trials = measured("new", {name: steady(90) for name in NAMES}, edited=["falcon"])
    records = [replace(one, installed={"aiohttp": "4.0", "yarl": "2"}) for one in head.adapters[:1]]
    head = replace(
        head,
        adapters=(*records, *head.adapters[1:]),
        machine=replace(head.machine, kernel="Linux 6.9"),
        plan=replace(head.plan, duration_s=5),
        finished_at=None,
    )
    found = compare(base, (head, trials))
    told = {one.subject: (one.base, one.new) for one in found.differs}
    assert told == {
        "plan duration_s": ("1", "5"),
        "machine kernel": ("Linux 6.1.0", "Linux 6.9"),
        "aiohttp aiohttp": ("3.14.5", "4.0"),
        "aiohttp yarl": ("none", "2"),
        "falcon file": ("0" * 12, "1" * 12),
    }
    assert found.unfinished == ("new",)


def test_runs_that_cannot_be_compared_are_refused() -> None:
    base = measured("base", {"aiohttp": steady(90)})
    other = measured("new", {"sanic": steady(90)})
    with pytest.raises(RecordError, match="no cell in common"):
        compare(base, other)
    with pytest.raises(RecordError, match="given twice"):
        compare(base, base)
    moved = measured("new", {"aiohttp": steady(90)}, machine=builders.machine(cpu_model="Other CPU"))
    with pytest.raises(RecordError, match=r"different machines .*--across-machines"):
        compare(base, moved)
    assert len(compare(base, moved, across_machines=True).cells) == 1


def test_only_cells_of_both_are_compared_and_the_others_named() -> None:
    base = measured("base", {"aiohttp": steady(90), "sanic": steady(80)})
    new = measured("new", {"aiohttp": steady(90), "tornado": steady(10)})
    found = compare(base, new)
    assert found.only_base == (builders.cell(adapter="sanic").id,)
    assert found.only_new == (builders.cell(adapter="tornado").id,)
    assert "Only in new: tornado" in comparison_tables.markdown(found).replace("\\", "")


# --- the command ------------------------------------------------------------------------------------------------------


def written(folder: Path, run: Measured) -> Path:
    path = store.create(folder, run[0].id).path
    store.RunFolder(path).write_run(run[0])
    for trial in run[1]:
        store.RunFolder(path).append(trial)
    return path


@pytest.fixture
def runs(tmp_path: Path) -> tuple[str, str, str]:
    """Folders of a base, of one like it, and of one in which sanic is 10 % slower."""
    base = measured("base", {name: steady(90) for name in NAMES})
    same = measured("same", {name: steady(90.1) for name in NAMES})
    slow = measured("slow", {name: steady(90) for name in NAMES} | {"sanic": steady(81)}, edited=["sanic"])
    first, second, third = (str(written(tmp_path, run)) for run in (base, same, slow))
    return first, second, third


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["compare", *arguments])


def test_fail_if_slower_fails_where_the_interval_says_so(runs: tuple[str, str, str]) -> None:
    base, same, slow = runs
    assert invoke(base, same, "--fail-if-slower", "1%").exit_code == 0
    result = invoke(base, slow, "--fail-if-slower", "5%")
    assert result.exit_code == 1
    assert "sanic at depth 5, 50 connections: slower than 5.0% allows" in result.stderr
    assert invoke(base, slow, "--fail-if-slower", "15%").exit_code == 0
    assert invoke(base, slow).exit_code == 0


def test_all_formats_show_the_same(runs: tuple[str, str, str]) -> None:
    base, _, slow = runs
    text, markdown = invoke(base, slow).stdout, invoke(base, slow, "--format", "markdown").stdout
    for printed in (text, markdown):
        assert "4 no difference found" in printed
        assert "sanic" in printed
        assert "0.900" in printed
    assert "🔴 slower" in markdown
    found = json.loads(invoke(base, slow, "--format", "json").stdout)
    (sanic,) = (cell for cell in found["cells"] if cell["adapter"] == "sanic")
    assert sanic["change"] == "slower"
    assert sanic["rate_ratio"]["low"] < 0.9 < sanic["rate_ratio"]["high"]


def test_a_cell_id_has_what_it_is_of() -> None:
    assert Cell("aiohttp", "3.13.0", 5, 50, 1).id == "aiohttp-py3.13.0-d5-c50-w1"
    assert Cell("aiohttp", "pypy3.11.17", 5, 50, 1).id == "aiohttp-pypy3.11.17-d5-c50-w1"


class TestPacedLoads:
    """Their rate was asked for; what is compared is the p99 of their latency."""

    def of(self, name: str, tails_us: list[int], *, edited: bool = False) -> tuple[Run, list[Trial]]:
        cell = builders.cell(share=0.75)
        record = builders.adapter_record(sha256="f" * 64) if edited else builders.adapter_record()
        head = builders.run(id=name, created_at=f"2026-11-21T00:00:0{len(name)}Z", adapters=(record,), cells=(cell,))
        loads = [builders.paced_load(us) for us in tails_us]
        trials = [builders.trial(cell=cell, number=n, round=n, load=load) for n, load in enumerate(loads, start=1)]
        return head, trials

    def test_a_longer_tail_is_slower(self) -> None:
        (found,) = compare(self.of("base", [400, 404, 402, 401]), self.of("fresh", [600, 604, 602, 601])).cells
        assert (found.change, found.by, found.load) == (Change.SLOWER, TAIL, "75 %")
        assert found.rate_ratio is None
        assert found.tail_ratio is not None
        assert found.tail_ratio.holds(1.5)

    def test_each_figure_has_a_limit_of_its_own(self) -> None:
        found = compare(self.of("base", [400, 404, 402, 401]), self.of("fresh", [600, 604, 602, 601]))
        assert not found.slower_than(Tolerance(rate=0.05))
        assert not found.slower_than(Tolerance(p99=0.6))
        assert len(found.slower_than(Tolerance(p99=0.2))) == 1

    def test_a_load_that_is_not_held_any_more_fails_now(self) -> None:
        head, trials = self.of("fresh", [400] * 4)
        queue = builders.arrivals(answered_per_second=700.0, backlog=60)
        grown = [replace(one, load=builders.paced_load(400, asked=queue)) for one in trials]
        (found,) = compare(self.of("base", [400, 404, 402, 401]), (head, grown)).cells
        assert found.change is Change.FAILS_NOW
