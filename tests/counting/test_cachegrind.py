"""cachegrind's output as values."""

from __future__ import annotations

import pytest

from runner.counting import cachegrind, comparing
from runner.counting.cachegrind import MalformedError, Place, Profile
from runner.counting.comparing import Line

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
    (found,) = comparing.moved(before, after, least=1)
    assert (found.place.line, found.base, found.new, found.difference) == (10, 100, 140, 40)


def test_a_function_that_was_compiled_in_another_folder_is_the_same_one() -> None:
    before = {Place("/cache/one/demo/parser.c", "f", 10): 100.0, Place("/cache/one/demo/parser.c", "g", 50): 7.0}
    after = {Place("/cache/other/demo/parser.c", "f", 10): 140.0, Place("/cache/other/demo/parser.c", "g", 51): 7.0}
    (found,) = comparing.moved(before, after, least=1)
    assert (found.place, found.difference) == (Place("/cache/other/demo/parser.c", "f", 10), 40)


class TestLines:
    WAS = ("def f():", "first()", "second()", "third()")
    NOW = ("def f():", "first()", "for _ in range(5):", "pass", "second()", "third()")

    def seen(self, texts: tuple[str, ...], start: int = 1, **counts: float) -> dict[Line, float]:
        return {Line(Place("a.py", "f", start + at), text): counts.get(text, 1.0) for at, text in enumerate(texts)}

    def test_what_is_planted_is_named_and_what_it_moves_down_is_not(self) -> None:
        found = comparing.moved_lines(self.seen(self.WAS), self.seen(self.NOW, 30), least=0.5)
        assert [(one.place.line, one.base, one.new) for one in found] == [(32, 0, 1), (33, 0, 1)]

    def test_a_line_that_costs_more_keeps_its_number_in_the_new_file(self) -> None:
        now = self.seen(self.WAS, 10) | {Line(Place("a.py", "f", 12), "second()"): 9.0}
        (found,) = comparing.moved_lines(self.seen(self.WAS), now, least=0.5)
        assert (found.place.line, found.difference) == (12, 8)

    def test_what_is_gone_is_told_by_its_old_number(self) -> None:
        found = comparing.moved_lines(self.seen(self.NOW), self.seen(self.WAS), least=0.5)
        assert [(one.place.line, one.difference) for one in found] == [(3, -1), (4, -1)]
