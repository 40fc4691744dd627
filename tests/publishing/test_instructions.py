"""The page of instructions: whose time stands beside whose count, and which files it can be made of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runner.errors import RecordError
from runner.publishing import instructions
from runner.publishing.overview import Entry
from runner.record.count import Count, DepthCount, read
from runner.rows import figures
from runner.rows.rows import rows
from tests import builders

HEAD, TRIALS = builders.matrix(adapters=3, depths=(1, 16))
RUN = Entry("newest", HEAD, rows(HEAD, TRIALS), 1)


def counted(number: int, first: float, **changes: Any) -> Count:
    record = HEAD.adapters[number]
    depths = DepthCount(1, (first, first)), DepthCount(16, (first / 2, first / 2))
    made = Count(record.name, record.title, record.version, record.python, depths, tool="valgrind 3.19.0")
    return replace(made, **changes)


def cells(page: str) -> list[list[str]]:
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_servers_stand_by_their_instructions_with_the_time_of_the_run_beside() -> None:
    page = instructions.markdown([counted(0, 9000.0), counted(1, 3000.0)], [RUN])
    names, _, *body = cells(page)
    assert names[3:7] == ["depth 1: instructions", "±", "CPU µs", "instructions a ns"]
    assert names[-2:] == ["a batch", "a request in it"]
    assert [line[3] for line in body] == ["3 000", "9 000"]
    (measured,) = (row for row in RUN.rows if row.adapter == HEAD.adapters[1].name and row.depth == 1)
    assert measured.cpu_us_per_request is not None
    time_us = measured.cpu_us_per_request.mean
    assert float(body[0][5]) == pytest.approx(time_us, rel=0.01)
    assert float(body[0][6]) == pytest.approx(3000 / time_us / 1000, rel=0.01)
    assert "[newest](newest/tables.md)" in page
    assert "2 of 2 servers" in page


@pytest.mark.parametrize("other", [{"version": "0.1"}, {"python": "3.7.16"}, {"variant": "asyncio"}])
def test_a_server_of_another_version_has_no_time(other: dict[str, str]) -> None:
    page = instructions.markdown([counted(0, 9000.0), counted(1, 3000.0, **other)], [RUN])
    first = cells(page)[2]
    at = cells(page)[0].index("CPU µs")
    assert first[at : at + 2] == [figures.NOTHING, figures.NOTHING]
    assert cells(page)[3][at] != figures.NOTHING, "the other's"


def test_the_run_of_most_of_them_is_taken_and_of_several_the_newest() -> None:
    few = replace(RUN, folder="few", rows=RUN.rows[:1])
    older = replace(RUN, folder="older", run=replace(HEAD, created_at="2026-01-01T00:00:00Z"))
    page = instructions.markdown([counted(0, 9000.0), counted(1, 3000.0)], [RUN, few, older])
    assert "[newest]" in page
    assert "No published run has their CPU time" in instructions.markdown([counted(0, 9000.0)], [])


def test_pairs_that_time_orders_the_other_way_are_counted() -> None:
    def ordered(first: float, second: float) -> str:
        page = instructions.markdown([counted(0, first), counted(1, second)], [RUN])
        return next(line for line in page.splitlines() if line.startswith("**Depth 1**"))

    both = {ordered(1000.0, 2000.0)[:80], ordered(2000.0, 1000.0)[:80]}
    assert {line.partition(" pairs")[0][-6:] for line in both} == {"0 of 1", "1 of 1"}


def test_what_is_not_counted_says_why() -> None:
    reason = "valgrind does not run V8's code"
    page = instructions.markdown([counted(0, 9000.0), counted(1, 1.0, depths=(), reason=reason)], [RUN])
    assert f"- {HEAD.adapters[1].title}: not counted: {reason}" in page
    assert len(cells(page)) == 3
    assert "1 of 2 servers" in page


def test_a_file_is_read_as_count_printed_it_and_another_is_none(tmp_path: Path) -> None:
    path = tmp_path / "counts.json"
    path.write_bytes(msgspec.json.encode([counted(0, 9000.0)]))
    assert instructions.are_counts(path)
    assert read(path) == (counted(0, 9000.0),)
    for text in ("[1]", '{"adapters": []}', "", '[{"adapter": "x"}]'):
        path.write_text(text)
        with pytest.raises(RecordError, match="not what pipebench count --format json prints"):
            read(path)
    assert not instructions.are_counts(tmp_path / "none")
    with pytest.raises(RecordError, match="cannot read"):
        read(tmp_path / "none")
