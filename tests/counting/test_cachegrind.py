"""cachegrind's output as values."""

from __future__ import annotations

import pytest

from runner.counting import cachegrind, comparing
from runner.counting.cachegrind import MalformedError, Place, Profile

WRITTEN = """desc: Trace-children: yes
cmd: ./server
events: Ir
fl=/src/loop.c
fn=run
10 100
12 50
fl=???
fn=???
0 7
summary: 157
"""


class TestParse:
    def test_counts_belong_to_the_file_and_function_above_them(self) -> None:
        found = cachegrind.parse(WRITTEN.splitlines(keepends=True))
        assert found.total == 157
        assert found.places == {
            Place("/src/loop.c", "run", 10): 100,
            Place("/src/loop.c", "run", 12): 50,
            Place("???", "???", 0): 7,
        }

    def test_a_function_that_comes_again_is_added(self) -> None:
        again = WRITTEN.replace("summary", "fl=/src/loop.c\nfn=run\n10 1\nsummary")
        assert cachegrind.parse(again.splitlines()).places[Place("/src/loop.c", "run", 10)] == 101

    def test_with_the_cache_simulation_only_instructions_are_read(self) -> None:
        more = "events: Dr Ir\nfl=a.c\nfn=f\n1 5 9\nsummary: 5 9\n"
        assert cachegrind.parse(more.splitlines()) == Profile(9, {Place("a.c", "f", 1): 9})

    @pytest.mark.parametrize(
        "text", ["", WRITTEN.partition("summary")[0], "1 2\n", "events: Dr\n", WRITTEN.replace("10 100", "10 x")]
    )
    def test_what_is_not_whole_is_refused(self, text: str) -> None:
        with pytest.raises(MalformedError):
            cachegrind.parse(text.splitlines())


def test_processes_are_added_and_loads_subtracted() -> None:
    here, there = Place("a.c", "f", 1), Place("a.c", "g", 2)
    both = cachegrind.added([Profile(10, {here: 10}), Profile(5, {here: 2, there: 3})])
    assert both == Profile(15, {here: 12, there: 3})
    more = Profile(115, {here: 12, there: 103})
    assert cachegrind.per_unit(both, more, 50) == {there: 2.0}


def test_a_function_that_moved_down_its_file_is_the_same_one() -> None:
    before = {Place("a.c", "f", 10): 100.0, Place("a.c", "g", 5): 3.0}
    after = {Place("a.c", "f", 30): 140.0, Place("a.c", "g", 5): 3.0}
    (found,) = comparing.moved(before, after, by_line=False, least=1)
    assert (found.place.line, found.base, found.new, found.difference) == (10, 100, 140, 40)
    assert len(comparing.moved(before, after, by_line=True, least=1)) == 2
