"""A figure is shown whole or not at all, and what is not shown is named."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from runner.record.run import Run
from runner.report.tables import standard
from runner.rows.row import Row
from runner.rows.rows import rows
from tests import builders

NAME = "uvicorn, uvloop and httptools"


@pytest.fixture(scope="module")
def measured() -> tuple[Run, tuple[Row, ...]]:
    head, trials = builders.matrix(adapters=4)
    first, *others = head.adapters
    head = replace(head, adapters=(replace(first, title=NAME), *others))
    return head, rows(head, trials)


def drawn(measured: tuple[Run, tuple[Row, ...]], width: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    for item in standard.terminal(*measured, standard.layout(measured[0])):
        console.print(item)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 200])
def test_name_rate_interval_and_verdict_are_whole(measured: tuple[Run, tuple[Row, ...]], width: int) -> None:
    lines = drawn(measured, width)
    assert max(map(len, lines)) <= width
    text = re.sub(r"\s+", " ", " ".join(lines))
    assert "…" not in text
    for row in measured[1]:
        *shown, judged = standard.layout(measured[0]).cells(row)
        line = next(line for line in lines if f" {shown[4]} " in line)
        assert shown[5] in line
        assert line.rstrip().endswith(judged)
        assert row.title == NAME or row.title in line
    assert all(part in text for part in NAME.split())


def test_what_there_is_no_room_for_is_named_once(measured: tuple[Run, tuple[Row, ...]]) -> None:
    assert not [line for line in drawn(measured, 200) if line.startswith("No room for")]
    narrow = drawn(measured, 80)
    (number,) = [number for number, line in enumerate(narrow) if line.startswith("No room for")]
    said = " ".join(narrow[number:])
    shown = next(line for line in narrow if "requests/s" in line).split()
    for heading in standard.headings(measured[0]):
        assert (heading in said) is not (heading.split()[0] in shown), heading


def test_multiples_of_what_is_not_in_the_run_have_no_column(measured: tuple[Run, tuple[Row, ...]]) -> None:
    head, found = measured
    assert any("adapter-0" in line for line in drawn((head, found), 200))
    without = replace(head, plan=replace(head.plan, baseline="fasthttp"))
    assert not any("fasthttp" in line for line in drawn((without, found), 200))
