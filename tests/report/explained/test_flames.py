"""Flame graphs: every frame where it belongs, as wide as its samples, and nothing that a browser would run."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from runner.explaining.categories import Category
from runner.record.beside.explained import Sampled, Stack
from runner.report.explained import flames
from runner.report.explained.flames import WIDTH
from tests.explaining import seen

HOSTILE = '"><script>alert(1)</script> (app.py)'
SVG = "{http://www.w3.org/2000/svg}"


def test_a_frame_is_as_wide_as_the_samples_in_it_and_below() -> None:
    made = flames.flame("aiohttp", seen.sampled(16))
    by_name = {frame.name: frame for frame in made.frames}
    assert by_name["writev (libc.so.6)"].width == WIDTH / 2
    assert by_name["hello (app.py)"].width == WIDTH / 10
    assert by_name["writev (libc.so.6)"].category is Category.KERNEL
    assert by_name["Protocol.data_received (h11/_connection.py)"].category is Category.PARSING


def test_frames_of_a_row_do_not_overlap_and_lie_below_their_callers() -> None:
    made = flames.flame("aiohttp", seen.sampled(16))
    rows = {frame.y for frame in made.frames}
    for y in rows:
        row = sorted((frame for frame in made.frames if frame.y == y), key=lambda frame: frame.x)
        assert all(one.x + one.width <= other.x + 0.1 for one, other in pairwise(row))
        assert sum(frame.share for frame in row) <= 1 + 1e-9


def test_what_all_samples_share_is_left_out() -> None:
    names = {frame.name for frame in flames.flame("aiohttp", seen.sampled(16)).frames}
    assert not names & {seen.ROOT[0]}


def test_frames_too_narrow_to_see_are_left_out() -> None:
    stacks = (Stack(("a", "b"), 99_999), Stack(("a", "c"), 1))
    assert {frame.name for frame in flames.flame("x", Sampled(1, "perf", stacks)).frames} == {"b"}


def test_a_large_profile_is_cut_to_what_can_be_drawn() -> None:
    stacks = tuple(Stack(("a", f"f{number}", "g"), 10) for number in range(2000))
    assert len(flames.flame("x", Sampled(1, "perf", stacks)).frames) <= flames.MOST_FRAMES


def test_the_file_is_xml_without_a_script_and_says_what_it_shows() -> None:
    sampled = Sampled(16, "py-spy", (Stack(("root", HOSTILE), 10), Stack(("root", "writev (libc.so.6)"), 30)))
    root = ElementTree.fromstring(flames.svg(flames.flame("<aiohttp>", sampled)))
    assert {element.tag for element in root.iter()} == {SVG + name for name in ("svg", "rect", "text", "g", "title")}
    assert [element.text for element in root.iter(f"{SVG}title")] == [f"{HOSTILE}: 25.0%", "writev (libc.so.6): 75.0%"]
    assert root.attrib["aria-label"].startswith("Flame graph of <aiohttp> at depth 16: 40 samples")
    ElementTree.fromstring(flames.inline(flames.flame("x", sampled)))


def test_letters_can_be_read_on_every_fill() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for fill in flames.FILLS.values():
        assert (luminance(fill) + 0.05) / (luminance(flames.INK) + 0.05) >= 7
    assert set(flames.FILLS) == set(Category)


def test_speedscope_has_every_sample() -> None:
    one, other = seen.sampled(1), replace(seen.sampled(16), stacks=seen.sampled(16).stacks[:2])
    content = json.loads(flames.speedscope("aiohttp", [one, other]))
    frames = [frame["name"] for frame in content["shared"]["frames"]]
    for sampled, profile in zip((one, other), content["profiles"], strict=True):
        assert profile["endValue"] == sum(profile["weights"]) == sampled.samples
        assert [tuple(frames[place] for place in stack) for stack in profile["samples"]] == [
            stack.frames for stack in sampled.stacks
        ]
    assert len(frames) == len(set(frames))


@pytest.mark.parametrize("width", [5.0, 40.0, 400.0])
def test_a_label_fits_its_frame(width: float) -> None:
    assert len(flames._label("StreamResponse._write_headers (aiohttp/web_response.py)", width)) * 6.4 <= width
