"""What was seen, as tables: each figure under its heading, and what is missing with its reason."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from runner.explaining import view
from runner.explaining.view import View
from runner.record.beside.explained import Explained
from runner.report.explained import shown, tables
from runner.rows import rows
from tests import builders
from tests.explaining import seen


def views(*explained: Explained) -> tuple[View, ...]:
    head, trials = builders.matrix(adapters=2, depths=(1, 4, 16))
    return view.views(head, trials, rows.rows(head, trials), explained)


def one(**changes: object) -> Explained:
    return replace(seen.explained("adapter-1"), **changes)  # type: ignore[arg-type]


def test_every_row_has_a_cell_for_each_heading() -> None:
    (found,) = views(one())
    drawn = [*tables.overviews([found]), *tables.details(found)]
    assert len(drawn) == 8
    for table in drawn:
        assert table.rows
        assert {len(cells) for cells in table.rows} == {len(table.headings)}, table.title


def test_calls_and_shares() -> None:
    (found,) = views(one())
    calls, line, model, shares = tables.overviews([found])
    assert calls.rows[1] == ("adapter 1", "16", "16", "100", "1", "0", "1", "0", "18", "1.12")
    assert line.rows[0][0] == "adapter 1"
    assert [cells[1] for cells in model.rows] == ["1", "4", "16"]
    assert shares.rows[1][:4] == ("adapter 1", "16", "30 %", "80 %")


def test_instructions_are_split_into_a_batch_and_a_request() -> None:
    (found,) = views(one())
    (function,) = found.functions
    assert function.of_request is not None
    assert function.of_batch is not None
    assert round(function.of_request) == round((16 * 700 - 1000) / 15)
    assert round(function.of_batch + function.of_request) == 1000


def test_what_was_not_seen_says_why() -> None:
    (found,) = views(one(calls=(), calls_reason="ptrace is not permitted", sampled=(), sampled_reason="no py-spy"))
    assert tables.reasons(found) == ["system calls: ptrace is not permitted", "stacks: no py-spy"]
    text = tables.markdown([found])
    assert "- system calls: ptrace is not permitted" in text
    assert "System calls of a batch" not in text
    (on_page,) = shown.by_adapter([found])["adapter-1"]
    assert on_page.reasons == tuple(tables.reasons(found))
    assert on_page.pictures == ()


def test_markdown_and_terminal_have_the_findings() -> None:
    found = views(one())
    said = "Writes each response in a call of its own: 16 sends a batch of 16, 100 bytes each"
    assert said in tables.markdown(found)
    console = Console(width=250, record=True, file=io.StringIO())
    for item in tables.terminal(found):
        console.print(item)
    assert said in console.export_text()


def test_a_run_without_any_says_how() -> None:
    assert "pipebench explain --run" in tables.markdown(())


def test_only_servers_of_the_run_have_a_view() -> None:
    assert [found.explained.adapter for found in views(one(), seen.explained("elsewhere"))] == ["adapter-1"]
