"""A figure that was edited by hand is named: its table, its row, its column."""

from __future__ import annotations

import pytest

from runner.publishing.discrepancy import Discrepancy, discrepancies

TABLE = """\
# A run

### depth 5

| rank | server | requests/s |
| ---: | --- | ---: |
| 1 | go fasthttp | 398 923 |
| 2 | aio\\|http | 54 608 |

### depth 16

| rank | server | requests/s |
| ---: | --- | ---: |
| 1 | go fasthttp | 664 042 |
| 2 | aio\\|http | 59 198 |
"""

PAGE = """\
<html><head><title>A run</title><style>td { color: red }</style></head><body>
<h2>depth 5</h2>
<table><thead><tr><th>rank</th><th>server</th><th>requests/s</th></tr></thead>
<tbody><tr data-rate="398923"><td>1</td><th>go fasthttp</th><td>398 923</td></tr>
<tr><td>2</td><th>aiohttp</th><td><b>54</b> 608</td></tr></tbody></table>
<p>Measured on a machine.</p>
<svg><text>59.2 k</text><path d="M0,0L1,1"></path></svg>
</body></html>
"""


def test_what_is_the_same_has_none() -> None:
    assert discrepancies("tables.md", TABLE, TABLE) == []
    assert discrepancies("index.html", PAGE, PAGE) == []


def test_one_digit_of_a_table_is_named_with_its_cell() -> None:
    (found,) = discrepancies("tables.md", TABLE.replace("59 198", "59 199"), TABLE)
    assert found == Discrepancy("tables.md", "depth 16, aio\\|http, requests/s", "59 199", "59 198")
    assert str(found) == (
        "tables.md: depth 16, aio\\|http, requests/s: '59 199' stands there, its record gives '59 198'"
    )


def test_one_digit_of_a_page_is_named_with_its_cell() -> None:
    (found,) = discrepancies("index.html", PAGE.replace("</b> 608", "</b> 609"), PAGE)
    assert found == Discrepancy("index.html", "depth 5, aiohttp, requests/s", "54 609", "54 608")
    (found,) = discrepancies("index.html", PAGE.replace("59.2 k", "59.3 k"), PAGE)
    assert (found.stands, found.gives) == ("59.3 k", "59.2 k")


@pytest.mark.parametrize(
    ("edited", "now"),
    [('data-rate="398923"', 'data-rate="398924"'), ("L1,1", "L1,2"), ("color: red", "color: tan")],
)
def test_what_differs_in_markup_alone_is_named_by_its_line(edited: str, now: str) -> None:
    (found,) = discrepancies("index.html", PAGE.replace(edited, now), PAGE)
    assert found.where.startswith("line ")
    assert found.stands is not None
    assert found.gives is not None
    assert now.partition('"')[0] in found.stands


def test_a_row_too_many_and_one_too_few() -> None:
    row = "| 2 | aio\\|http | 54 608 |\n"
    (more,) = discrepancies("tables.md", TABLE.replace(row, row + row), TABLE)
    assert (more.stands, more.gives) == (row.strip(), None)
    (less,) = discrepancies("tables.md", TABLE.replace(row, ""), TABLE)
    assert (less.stands, less.gives) == (None, row.strip())


def test_a_heading_that_was_renamed_and_prose() -> None:
    (found,) = discrepancies("tables.md", TABLE.replace("### depth 16", "### depth 17"), TABLE)
    assert (found.stands, found.gives) == ("### depth 17", "### depth 16")
    (found,) = discrepancies("index.html", PAGE.replace("a machine", "my machine"), PAGE)
    assert found.stands == "Measured on my machine."


def test_line_ends_alone_are_a_difference_too() -> None:
    assert discrepancies("tables.md", TABLE.replace("\n", "\r\n"), TABLE) != []
