"""The pure parts of the differential test, on models in the place of servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from tests.conformance.cases.framing import model
from tests.conformance.cases.framing.model import STRICT, Rules
from tests.conformance.cases.framing.mutant import or_refuse
from tests.differential.__main__ import as_json, kept_keys
from tests.differential.search import Count, Difference, key, search
from tests.differential.streams import LAST, REQUESTS, STREAMS
from tests.differential.views import End, Kind, View, groups, kind, view

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
BAD = b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"
GONE = View((), None, End.GONE)


def answer(stream: bytes, rules: Rules) -> View:
    replies, closed = model.serve(stream, rules)
    return view(replies, End.CLOSED if closed else End.OPEN)


def test_every_request_is_valid_as_long_as_nothing_is_wrong_with_it() -> None:
    for request in REQUESTS.values():
        seen = answer(request * 2 + LAST, STRICT)
        assert (len(seen.served), seen.served[-1], seen.refused, seen.end) == (3, b"z", None, End.CLOSED)


@given(STREAMS)
def test_streams_end_in_the_last_request(stream: bytes) -> None:
    assert stream.endswith(LAST)
    assert stream.count(b"HTTP/1.1") <= 8


def test_a_view_ends_at_the_first_refusal() -> None:
    assert view(OK + BAD + OK, End.CLOSED) == View((b"a",), 400, End.CLOSED)
    assert view(OK + BAD.replace(b"400", b"405") + OK, End.OPEN) == View((b"a", b"405", b"a"), None, End.OPEN)
    assert str(view(OK + BAD, End.CLOSED)) == "'a', 400; closed"
    assert str(GONE) == "nothing; server gone"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (View((b"a",), None, End.OPEN), View((b"a",), 400, End.CLOSED), None),
        (View((b"a", b"z"), None, End.OPEN), View((b"a",), 400, End.CLOSED), Kind.REFUSES),
        (View((b"a", b"z"), None, End.OPEN), View((b"a",), None, End.CLOSED), Kind.REFUSES),
        (View((b"a", b"z"), None, End.OPEN), View((b"a",), None, End.OPEN), Kind.WAITS),
        (View((b"a", b"z"), None, End.OPEN), View((b"b",), 400, End.CLOSED), Kind.OTHERWISE),
        (View((b"a", b"z"), None, End.OPEN), View((b"a", b"b"), None, End.OPEN), Kind.OTHERWISE),
        (View((b"a",), None, End.OPEN), GONE, Kind.GONE),
    ],
)
def test_in_what_servers_differ(one: View, other: View, expected: Kind | None) -> None:
    assert kind({"one": one, "other": other}) is kind({"one": other, "other": one}) is expected


def test_groups() -> None:
    taken, refused = View((b"a",), None, End.OPEN), View((), 400, End.CLOSED)
    seen = groups({"p": refused, "q": taken, "r": replace(refused, refused=501), "s": replace(refused, end=End.OPEN)})
    assert seen == {refused: ("p", "r", "s"), taken: ("q",)}


def skips_two(data: bytes) -> int:
    if len(data) < 2:
        raise model.MoreError
    return 2


class EnoughError(Exception):
    """The first difference will do."""


@pytest.mark.parametrize(
    "rules",
    [replace(STRICT, data_end=skips_two), replace(STRICT, length=lambda values: or_refuse(lambda: int(values[-1])))],
    ids=["skips-two-octets", "takes-the-last-length"],
)
def test_the_search_finds_what_is_wrong_and_makes_it_small(rules: Rules) -> None:
    def ask(stream: bytes) -> Mapping[str, View]:
        return {"strict": answer(stream, STRICT), "other": answer(stream, rules)}

    told: list[Difference] = []

    def first(one: Difference) -> None:
        told.append(one)
        raise EnoughError

    count = Count()
    with pytest.raises(EnoughError):
        search(ask, 60.0, 1, first, count)
    (found,) = told
    assert key(ask(found.stream)) == (found.kind, frozenset(groups(found.views).values()))
    assert found.stream.count(b"HTTP/1.1") <= 3  # the wrong one, with what its content hides, and the last
    assert count.streams > 1


def test_what_is_kept_is_not_found_again(tmp_path: Path) -> None:
    def ask(stream: bytes) -> Mapping[str, View]:
        return {"strict": answer(stream, STRICT), "other": answer(stream, replace(STRICT, data_end=skips_two))}

    kept, told = tmp_path / "kept.jsonl", list[Difference]()

    def keep(one: Difference) -> None:
        kept.write_text(as_json(one) + "\n")
        told.append(one)
        raise EnoughError

    assert kept_keys(None) == kept_keys(kept) == set()
    with pytest.raises(EnoughError):
        search(ask, 60.0, 1, keep)
    assert kept_keys(kept) == {key(told[0].views)}
    again: list[Difference] = []
    search(ask, 1.0, 1, again.append, known=kept_keys(kept))
    assert key(told[0].views) not in {key(one.views) for one in again}


def test_servers_that_agree_give_nothing() -> None:
    def ask(stream: bytes) -> Mapping[str, View]:
        return {"one": answer(stream, STRICT), "two": answer(stream, STRICT)}

    count = Count()
    assert search(ask, 0.3, 1, print, count) == []
    assert count.streams
