"""The report of the 2017 plan: what was published beside what is measured, and that nothing is missing in silence."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from runner.adapters import metadata
from runner.record.histogram import Histogram
from runner.record.plan import Cell
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Exit, LogError, Trial
from runner.report.tables import seed_2017, seeds
from runner.rows import rows
from runner.rows.figures import NOTHING
from runner.suite import plans
from tests import builders
from tests.rows.test_rows import at

ROOT = Path(__file__).parents[3]


def record(name: str, version: str, python: str | None, **changes: Any) -> AdapterRecord:
    return builders.adapter_record(name=name, title=name, version=version, python=python, **changes)


def cell(name: str, python: str | None) -> Cell:
    return builders.cell(adapter=name, python=python, connections=seeds.CONNECTIONS)


def loaded(rate: float, name: str, python: str | None, **changes: Any) -> Trial:
    """A trial of 200 connections, on each of which a batch takes four times as long as on one of 50."""
    made = at(rate, cell=cell(name, python), **changes)
    assert made.load is not None
    histogram = Histogram.of((us * seeds.CONNECTIONS // 50, count) for us, count in made.load.histogram)
    errors = replace(builders.NO_ERRORS, read=3 if name == "tornado-2017" else 0)
    return replace(made, load=replace(made.load, histogram=histogram, errors=errors))


def run(*records: AdapterRecord, **changes: Any) -> Run:
    return builders.run(adapters=records, plan=plans.PROFILES["seed-2017"], **changes)


def lines(run: Run, trials: list[Trial]) -> dict[str, list[list[str]]]:
    """The cells of the table's lines by server, as a Markdown implementation that is not ours reads them."""
    html = MarkdownIt("commonmark").enable("table").render(seed_2017.table(run, rows.rows(run, trials)))
    found: dict[str, list[list[str]]] = {}
    for line in re.findall(r"<tr>\n(<td.*?)</tr>", html, re.DOTALL):
        name, *values = [re.sub(r"<[^>]*>", "", one) for one in line.strip().split("\n")]
        found.setdefault(name, []).append(values)
    return found


def test_every_published_system_is_there_with_what_is_not_measured() -> None:
    found = lines(run(), [])
    assert list(found) == [one.title for one in seeds.PUBLISHED]
    for system in seeds.PUBLISHED:
        published, *measured = found[system.title]
        assert published[0] == "published"
        assert [one[0] for one in measured] == (["of 2017", "of today"] if system.adapter_2017 else ["of today"])
        assert all(one[1:] == [NOTHING] * 6 + ["not measured: this run has no such cell"] for one in measured)


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("uvloop with httptools", ["26 081", "0.169", "20.12ms / –"]),  # noqa: RUF001
        ("tornado", ["2 144", "0.0139", "0.00us / –"]),  # noqa: RUF001
        ("japronto", ["0", NOTHING, "0.00us / –"]),  # noqa: RUF001
        ("go-fasthttp", ["154 092", "1.00", "4.30ms / –"]),  # noqa: RUF001
    ],
)
def test_published_figures_are_shown_as_multiples_of_the_winners(title: str, values: list[str]) -> None:
    assert lines(run(), [])[title][0][1:4] == values


def test_published_failures_are_told_with_their_counts() -> None:
    found = lines(run(), [])
    assert found["sanic"][0][-1] == "“failed”: 200 requests in 5.09 s"
    assert found["japronto"][0][-1] == "“failed”: 0 requests in 5.10 s; socket errors: 123 read, 499 613 write"


def test_both_releases_stand_below_what_was_published() -> None:
    made = run(
        record("fasthttp-goroutine", "1.77.0", None),
        record("tornado", "6.6.1", "3.13.0"),
        record("tornado-2017", "4.4.2", "3.6.15"),
        record("sanic-2017", "0.4.1", "3.6.15"),
        record("japronto-2017", "0.1.1", None, unavailable="no CPython >=3.6,<3.7 here"),
    )
    ended = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
    found = lines(
        made,
        [
            loaded(2.0, "fasthttp-goroutine", None),
            loaded(1.0, "tornado", "3.13.0"),
            loaded(0.5, "tornado-2017", "3.6.15"),
            loaded(0.01, "sanic-2017", "3.6.15", exit=ended, errors=(LogError("<NoneType>", 2),)),
        ],
    )
    _, old, new = found["tornado"]
    assert (old[0], old[2]) == ("4.4.2 on CPython 3.6.15", "0.250")
    assert (old[3], old[-1]) == ("0.00us / 20.0 ms", "measured; socket errors: 3 read")
    assert (new[0], new[2]) == ("6.6.1 on CPython 3.13.0", "0.500")
    assert found["go-fasthttp"][1][:1] == ["1.77.0"]
    sanic = found["sanic"][1]
    assert sanic[1:3] == [NOTHING, NOTHING]
    assert sanic[-1].startswith("crashed: killed by SIGABRT; ")
    assert sanic[-1].endswith("log: &lt;NoneType&gt; (and 1 more)")
    assert found["japronto"][1][-1] == "unavailable: no CPython &gt;=3.6,&lt;3.7 here"


def test_both_forms_of_the_winner_are_told_apart() -> None:
    made = run(record("fasthttp-goroutine", "1.77.0", None), record("fasthttp", "1.77.0", None))
    found = lines(made, [loaded(2.0, "fasthttp-goroutine", None), loaded(4.0, "fasthttp", None)])["go-fasthttp"]
    assert [(one[0], one[2]) for one in found[1:]] == [
        ("1.77.0, fasthttp-goroutine", "1.00"),
        ("1.77.0, fasthttp", "2.00"),
    ]


def test_a_record_of_before_has_the_seeds_form_by_the_plain_name() -> None:
    made = run(record("fasthttp", "1.77.0", None))
    made = replace(made, plan=replace(made.plan, baseline="fasthttp"))
    found = lines(made, [loaded(2.0, "fasthttp", None)])["go-fasthttp"]
    assert [(one[0], one[2]) for one in found[1:]] == [("1.77.0", "1.00")]


@pytest.mark.parametrize("changes", [{"depth": 1}, {"connections": 50}, {"workers": 2}])
def test_another_load_is_not_set_beside_the_published_one(changes: dict[str, Any]) -> None:
    other = replace(cell("tornado", "3.13.0"), **changes)
    found = lines(run(record("tornado", "6.6.1", "3.13.0")), [replace(loaded(1.0, "tornado", "3.13.0"), cell=other)])
    assert found["tornado"][2][-1] == "not measured: this run has no such cell"


def test_threads_and_duration_that_differ_are_told() -> None:
    assert "Not loaded" not in seed_2017.table(run(), ())
    shorter = replace(run(), plan=replace(plans.PROFILES["seed-2017"], duration_s=1))
    assert "Not loaded as published: here with -t10 -d1s." in seed_2017.table(shorter, ())


def test_the_plan_is_the_published_load() -> None:
    plan = plans.PROFILES["seed-2017"]
    assert (plan.threads, plan.connections, plan.depths) == (seeds.THREADS, (seeds.CONNECTIONS,), (seeds.DEPTH,))
    assert (plan.duration_s, plan.workers, plan.baseline) == (seeds.DURATION_S, (1,), "fasthttp-goroutine")


def test_every_system_has_its_adapters_in_the_groups_of_the_plan() -> None:
    plan = plans.PROFILES["seed-2017"]
    known = {adapter.name: adapter.group for adapter in metadata.discover(ROOT)}
    for system in seeds.PUBLISHED:
        for name in filter(None, (system.adapter, system.adapter_2017)):
            assert known[name] in plan.groups


@pytest.mark.parametrize("system", seeds.PUBLISHED, ids=lambda system: system.title)
def test_published_figures_agree_with_each_other(system: seeds.Published) -> None:
    """wrk prints the rate from a duration in microseconds and the duration with two digits: one digit off is told."""
    rates = [system.requests / (system.duration_s + error) for error in (-0.005, 0.005)]
    assert min(rates) - 0.01 <= system.requests_per_second <= max(rates) + 0.01
