"""What ``pipebench list`` and ``pipebench doctor`` show."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from runner.record.adapter import Body, Taken, Tuning, Unavailable
from runner.record.run import Finding, Level
from runner.report.tables import listing
from runner.rows.figures import NOTHING
from tests import builders


def drawn(*items: RenderableType) -> list[str]:
    out = io.StringIO()
    for item in items:
        Console(file=out, width=200, highlight=False).print(item)
    return [line.rstrip() for line in out.getvalue().splitlines()]


READY = builders.environment()
GONE = Unavailable(builders.adapter(name="old", title="Old"), "no CPython 3.2 here [/x]", python=None)
FLAWED = builders.environment(adapter=builders.adapter(name="japronto", known_failure="aborts at depth 2"))


def test_an_entry_says_what_is_there_and_what_is_lacking() -> None:
    ready, gone, flawed = listing.entries([READY, GONE, FLAWED])
    assert (ready.adapter, ready.version, ready.python, ready.available, ready.reason) == (
        "aiohttp",
        "3.14.5",
        "3.13.0",
        True,
        None,
    )
    assert (gone.adapter, gone.version, gone.python, gone.available) == ("old", None, None, False)
    assert gone.reason == "no CPython 3.2 here [/x]"
    assert (flawed.available, flawed.reason) == (True, "aborts at depth 2")


def test_the_table_shows_them_all() -> None:
    lines = drawn(*listing.table(listing.entries([READY, GONE])))
    assert [line.split() for line in lines] == [
        ["adapter", "version", "Python", "kind", "scenario", "group", "body", "available", "note"],
        ["aiohttp", "3.14.5", "3.13.0", "framework", "pipeline", "field", NOTHING, "yes"],
        [
            "old",
            NOTHING,
            NOTHING,
            "framework",
            "pipeline",
            "field",
            NOTHING,
            "no",
            "no",
            "CPython",
            "3.2",
            "here",
            "[/x]",
        ],
    ]


def test_what_sets_a_row_apart_stands_beside_its_body() -> None:
    made = builders.environment(adapter=builders.adapter(body=Body.STR, remark="TCP_NODELAY set by hand"))
    last = drawn(*listing.table(listing.entries([made])))[1]
    assert last.split()[6:] == ["str", "yes", "TCP_NODELAY", "set", "by", "hand"]


def test_tuning_names_an_adapter_once_and_every_recommendation() -> None:
    advice = (
        Tuning("uvloop", "https://example.org/a", "2026-11-26", Taken.YES),
        Tuning("nothing [/x]", "https://example.org/b", "2026-11-26"),
    )
    told = listing.advised([builders.adapter(tuning=advice), builders.adapter(name="untold")])
    assert [one.adapter for one in told] == ["aiohttp"]
    lines = drawn(listing.tuning_table(told))
    assert lines[1].split() == ["aiohttp", "uvloop", "yes", "https://example.org/a,", "2026-11-26"]
    assert lines[2].split() == ["nothing", "[/x]", NOTHING, "https://example.org/b,", "2026-11-26"]


@pytest.mark.parametrize("text", ["[/x]", "[red]"])
def test_words_of_others_are_shown_as_they_are(text: str) -> None:
    hostile = builders.environment(adapter=builders.adapter(name=text), version=text, python=text)
    assert drawn(*listing.table(listing.entries([hostile])))[1].split()[:3] == [text] * 3


def test_a_finding_is_shown_with_its_effect_and_remedy() -> None:
    lines = drawn(
        listing.findings_table(
            [
                Finding(Level.GOOD, "CPUs", "8"),
                Finding(Level.PROBLEM, "wrk", "not installed [/x]", "nothing can be measured", "run `make setup`"),
            ]
        )
    )
    assert lines == [
        "good     CPUs  8",
        "problem  wrk   not installed [/x]",
        "               nothing can be measured",
        "               remedy: run `make setup`",
    ]
