"""A timeline out of events, what it shows in words, and its picture for a terminal and as SVG."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from runner.record.adapter import Client
from runner.timeline import events, tracing, waterfall
from runner.timeline.events import Event, Kind, Lane, Timeline, lanes
from runner.timeline.tracing import Asked

MS = 1000
HOSTILE = "<script>alert(1)</script> & [red]\"'"


def lane(done_ms: int | None, sent_ms: int = 0, first_ms: int | None = None, label: str = "request 1") -> Lane:
    times = [None if ms is None else ms * MS for ms in (first_ms, done_ms)]
    return Lane(label, sent_ms * MS, *times)


def drawn(*timelines: Timeline, width: int = 80, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, highlight=False, force_terminal=colour, color_system="standard" if colour else None
    )
    for line in waterfall.terminal(timelines, width):
        console.print(line)
    return out.getvalue()


IN_TURN = Timeline("blocks", "one after the other", (lane(200, first_ms=200), lane(400, first_ms=400)))


class TestLanes:
    def test_one_a_request_in_their_order_from_the_first_event_on(self) -> None:
        events = [
            Event(1, Kind.SENT, 1_000_100),
            Event(0, Kind.SENT, 1_000_000),
            Event(1, Kind.FIRST_BYTE, 1_000_300),
            Event(1, Kind.DONE, 1_000_400),
        ]
        assert lanes(events) == (
            Lane("request 1", 0, None, None),
            Lane("request 2", 100, 300, 400),
        )

    def test_the_first_of_two_events_of_a_kind_counts(self) -> None:
        """A response that comes in pieces has several first bytes of a read, and one of its own."""
        events = [
            Event(0, kind, at) for at, kind in enumerate([Kind.SENT, Kind.FIRST_BYTE, Kind.FIRST_BYTE, Kind.DONE])
        ]
        assert lanes(events) == (Lane("request 1", 0, 1, 3),)

    def test_nothing_happened(self) -> None:
        assert lanes([]) == ()
        assert Timeline("t", "s", ()).span_us == 0

    def test_the_span_is_to_the_last_event_of_any_lane(self) -> None:
        assert Timeline("t", "s", (lane(200), lane(None, sent_ms=300), lane(250))).span_us == 300 * MS


class TestOverlap:
    @pytest.mark.parametrize(
        ("done_ms", "says"),
        [
            ((200,), "one request"),
            ((200, 201, 203), "all at once"),
            ((200, 300, 300), "all at once"),
            ((200, 400, 600), "one after the other"),
            ((200, 400, 540), "one after the other"),
            ((200, 400, 539), "in 3 turns"),
            ((200, 200, 200, 400, 410), "in 2 turns"),
            ((200, None, 400), "1 of 3 requests were not answered"),
        ],
    )
    def test_in_words(self, done_ms: tuple[int | None, ...], says: str) -> None:
        assert events.overlap([lane(ms) for ms in done_ms], 200 * MS) == says


class TestTicks:
    @pytest.mark.parametrize(
        ("span_us", "step", "last"),
        [(0, 1, 1), (7, 1, 7), (8, 2, 8), (204_000, 50_000, 250_000), (1_010_000, 200_000, 1_200_000)],
    )
    def test_they_are_round(self, span_us: int, step: int, last: int) -> None:
        found = events.ticks(span_us)
        assert (found[1] - found[0], found[-1]) == (step, last)

    @given(st.integers(0, 10**12))
    def test_they_reach_over_all_and_are_few(self, span_us: int) -> None:
        found = events.ticks(span_us)
        assert found[0] == 0
        assert found[-1] >= span_us
        assert 2 <= len(found) <= 9
        assert len({after - before for before, after in itertools.pairwise(found)}) == 1


class TestTerminal:
    def test_the_whole_of_it(self) -> None:
        late = replace(IN_TURN, title="waits", lanes=(lane(100), lane(None), lane(300, sent_ms=300, label="moment")))
        assert drawn(IN_TURN, late, width=62) == (
            "blocks\none after the other\n\n"
            "request 1 │────────────────────█                   │ 200 ms\n"
            "request 1 │───────────────────────────────────────█│ 400 ms\n"
            "          └────────────────────────────────────────┘\n"
            "           0        100       200       300     400 ms\n\n"
            "waits\none after the other\n\n"
            "request 1 │──────────█                             │ 100 ms\n"
            "request 1 │───────────────────────────────────────✗│ no answer\n"
            "   moment │                              ◆         │ 300 ms\n"
            "          └────────────────────────────────────────┘\n"
            "           0        100       200       300     400 ms\n\n"
            "           ─ waits  █ answered  ◆ statement  ✗ no answer\n"
        )

    @given(
        st.lists(
            st.builds(
                Lane, st.just("request 1"), st.integers(0, 10**6), st.none(), st.integers(10**6, 10**7) | st.none()
            ),
            min_size=1,
        ),
        st.integers(60, 200),
    )
    def test_every_lane_is_as_wide_as_the_terminal_allows(self, lanes: list[Lane], width: int) -> None:
        lines = waterfall.terminal([Timeline("t", "s", tuple(lanes))], width)
        pictures = [line.plain for line in lines if "│" in line.plain]
        assert len(pictures) == len(lanes)
        assert len({line.rindex("│") for line in pictures}) == 1
        assert max(map(len, pictures)) <= width

    def test_other_peoples_words_are_shown_as_they_are(self) -> None:
        assert HOSTILE in drawn(replace(IN_TURN, title=HOSTILE), width=100)

    def test_without_colour_if_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NO_COLOR", raising=False)
        assert "\x1b[36m" in drawn(IN_TURN, colour=True)
        monkeypatch.setenv("NO_COLOR", "1")
        assert not re.search(r"\x1b\[\d*3\dm", drawn(IN_TURN, colour=True))


NAMES = {"s": "http://www.w3.org/2000/svg"}


class TestSvg:
    def parsed(self, *timelines: Timeline) -> ElementTree.Element:
        return ElementTree.fromstring(waterfall.svg(timelines))

    def test_it_says_in_words_what_it_shows(self) -> None:
        root = self.parsed(IN_TURN)
        assert root.attrib["role"] == "img"
        title, desc = (root.find(f"s:{name}", NAMES) for name in ("title", "desc"))
        assert title is not None
        assert desc is not None
        assert (title.attrib["id"], desc.attrib["id"]) == ("title", "desc")
        assert title.text == "blocks"
        assert desc.text == (
            "blocks: one after the other: request 1 sent at 0 µs, first byte at 200 ms, done at 200 ms; "
            "request 1 sent at 0 µs, first byte at 400 ms, done at 400 ms."
        )

    def test_other_peoples_words_are_text(self) -> None:
        root = self.parsed(Timeline(HOSTILE, HOSTILE, (lane(200, label=HOSTILE),)))
        assert root.find(".//s:script", NAMES) is None
        assert [one.text for one in root.iterfind("s:text", NAMES)].count(HOSTILE) == 3

    def test_a_bar_is_as_long_as_its_request_waited_and_all_have_one_scale(self) -> None:
        root = self.parsed(IN_TURN, Timeline("other", "s", (lane(100),)))
        bars = [float(one.attrib["width"]) for one in root.iterfind("s:rect[@class='wait']", NAMES)][:3]
        assert bars[1] == pytest.approx(2 * bars[0])
        assert bars[2] == pytest.approx(bars[0] / 2)

    @pytest.mark.parametrize("done_ms", [0, 1, 200, 4000, None])
    def test_everything_lies_inside(self, done_ms: int | None) -> None:
        root = self.parsed(Timeline("t", "s " * 200, (lane(done_ms), lane(4000, sent_ms=3999, first_ms=4000))))
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for one in root.iterfind("s:rect", NAMES):
            x, y = float(one.attrib.get("x", 0)), float(one.attrib.get("y", 0))
            assert 0 <= x <= x + float(one.attrib["width"]) <= width
            assert 0 <= y <= y + float(one.attrib["height"]) <= height
        for one in root.iterfind("s:text", NAMES):
            assert float(one.attrib["y"]) < height
            assert len(one.text or "") <= 100

    def test_the_axis_has_a_unit(self) -> None:
        texts = [one.text for one in self.parsed(IN_TURN).iterfind("s:text", NAMES)]
        assert "ms since the first request was sent" in texts
        long = Timeline("t", "s", (lane(20_000),))
        assert "s since the first request was sent" in [one.text for one in self.parsed(long).iterfind("s:text", NAMES)]


class TestClients:
    def said(self, *events: tuple[str, int]) -> list[dict[str, object]]:
        return [{"event": name, "at_us": at} for name, at in events]

    def test_one_that_blocks_goes_on_behind_its_response(self) -> None:
        said = self.said(("launched", 5_000), ("response", 205_000), ("next statement", 205_100))
        found = tracing.client_timeline(said, Client.BLOCKING, 200 * MS)
        assert found.title == "tornado's HTTPClient"
        assert found.shows == "One fetch of 200 ms, in order: launched, response, next statement"
        assert found.lanes == (Lane("fetch", 0, None, 200_000), Lane("next statement", 200_100, None, 200_100))

    def test_one_that_does_not_goes_on_before_it(self) -> None:
        said = self.said(("launched", 5_000), ("next statement", 5_200), ("response", 205_000))
        found = tracing.client_timeline(said, Client.ASYNC, 200 * MS)
        assert found.shows == "One fetch of 200 ms, in order: launched, next statement, response"
        assert [one.is_moment for one in found.lanes] == [False, True]


@pytest.mark.parametrize(
    ("depth", "connections", "says"),
    [
        (5, 1, "a batch of 5 requests"),
        (1, 5, "a request on each of 5 connections"),
        (3, 2, "a batch of 3 requests on each of 2 connections"),
    ],
)
def test_what_was_asked_in_words(depth: int, connections: int, says: str) -> None:
    assert tracing._load(Asked(depth, connections, 1000)) == says


def test_every_request_to_sleep_has_a_token_of_its_own() -> None:
    asked = [one for batch in tracing._requests(Asked(3, 2, 20_000), waits=False) for one in batch]
    assert [one.target for one in asked] == [f"/sleep/20/{number}" for number in range(1, 7)]
    assert [one.body for one in asked] == [b"1", b"2", b"3", b"4", b"5", b"6"]
    assert {(one.target, one.body) for one in tracing._requests(Asked(3, 1, 1), waits=True)[0]} == {("/", b"ok")}
