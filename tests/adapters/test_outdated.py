"""Pins against newest releases: what is behind, what is held, and how a script is moved without other changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from runner.adapters import metadata, outdated
from runner.adapters.outdated import Pin, State
from runner.errors import AdapterError
from runner.record.adapter import Adapter
from tests import builders

ROOT = Path(__file__).parents[2]
BEFORE = "2026-12-24T00:00:00Z"
SCRIPT = '''\
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "Tiny.Thing==1.0",
#     'other[fast, small] == 2.0rc1 ; python_version < "3.14"',
# ]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "x"
# distribution = "Tiny.Thing"
# kind = "framework"
# homepage = "https://example.org"
# hold = { other = "Tiny.Thing==1.0 wants it" }
# ///
"""Not in the block: "Tiny.Thing==1.0", and
# exclude-newer = "2026-11-20T00:00:00Z"
"""
'''
TINY = "Tiny.Thing==1.0"
OTHER = 'other[fast, small] == 2.0rc1 ; python_version < "3.14"'


def put(root: Path, text: str = SCRIPT, name: str = "app.py") -> Adapter:
    file = root / "frameworks" / "x" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    (adapter,) = metadata.discover(root)
    return adapter


class TestJudging:
    @pytest.mark.parametrize(
        ("newest", "hold", "state"),
        [
            ("1.0", (), State.CURRENT),
            ("1.0.0", (), State.CURRENT),
            ("0.9", (), State.CURRENT),
            ("1.0.post1", (), State.OUTDATED),
            ("1.10", (), State.OUTDATED),
            ("1.10", (("Tiny_Thing", "slow"),), State.HELD),
            ("1.0", (("tiny-thing", "slow"),), State.CURRENT),
            (None, (("tiny-thing", "slow"),), State.UNKNOWN),
        ],
    )
    def test_a_pin_against_the_newest(
        self, newest: str | None, hold: tuple[tuple[str, str], ...], state: State
    ) -> None:
        adapter = builders.adapter(dependencies=(TINY,), hold=hold)
        (pin,) = outdated.script_pins(adapter, {"tiny-thing": newest} if newest else {})
        reason = "no release was found" if newest is None else "slow" if hold else None
        assert pin == Pin("aiohttp", "tiny-thing", "1.0", newest, state, reason, requirement=TINY)

    def test_where_nothing_could_be_asked_the_reason_is_told(self) -> None:
        (pin,) = outdated.script_pins(builders.adapter(), {}, "no CPython >=3.99 here")
        assert (pin.state, pin.reason) == (State.UNKNOWN, "no CPython >=3.99 here")

    def test_extras_and_markers_are_not_part_of_the_name(self) -> None:
        (pin,) = outdated.script_pins(builders.adapter(dependencies=(OTHER,)), {"other": "2.0"})
        assert (pin.distribution, pin.pinned, pin.state) == ("other", "2.0rc1", State.OUTDATED)

    @pytest.mark.parametrize(
        ("version", "other", "later"),
        [
            ("1.10.0", "1.9.0", True),
            ("1.9.0", "1.10.0", False),
            ("0.0.0-20170101000000-0123456789ab", "0.0.0-20160101000000-0123456789ab", True),
            ("0.0.0-20170101000000-0123456789ab", "0.0.0-20170101000000-0123456789ab", False),
        ],
    )
    def test_versions_that_have_no_order_may_differ(self, version: str, other: str, later: bool) -> None:
        assert outdated.is_later(version, other) is later


class TestCutOff:
    @pytest.mark.parametrize(
        ("now", "text"),
        [
            (datetime(2026, 12, 24, 0, 0, tzinfo=UTC), "2026-12-24T00:00:00Z"),
            (datetime(2026, 12, 24, 23, 59, tzinfo=UTC), "2026-12-24T00:00:00Z"),
            (datetime(2026, 12, 25, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-12-24T00:00:00Z"),
        ],
    )
    def test_it_is_midnight_of_the_day_in_utc(self, now: datetime, text: str) -> None:
        assert outdated.cut_off(now) == text


class TestRewriting:
    def test_pins_and_cut_off_move_and_nothing_else(self) -> None:
        text = outdated.rewrite(SCRIPT, {TINY: "1.1", OTHER: "2.0"}, BEFORE)
        before, after = SCRIPT.splitlines(), text.splitlines()
        assert len(before) == len(after)
        assert {old: new for old, new in zip(before, after, strict=True) if old != new} == {
            '#     "Tiny.Thing==1.0",': '#     "Tiny.Thing==1.1",',
            f"#     '{OTHER}',": """#     'other[fast, small] ==2.0 ; python_version < "3.14"',""",
            '# exclude-newer = "2026-11-20T00:00:00Z"': f'# exclude-newer = "{BEFORE}"',
        }
        assert after[-2:] == before[-2:]  # the docstring, which quotes both

    def test_what_is_written_is_read_back(self, tmp_path: Path) -> None:
        put(tmp_path)
        moved = put(tmp_path, outdated.rewrite(SCRIPT, {TINY: "1.1"}, BEFORE))
        assert moved.dependencies == ("Tiny.Thing==1.1", OTHER)
        assert moved.exclude_newer == BEFORE
        assert moved.hold == (("other", "Tiny.Thing==1.0 wants it"),)

    def test_a_requirement_that_is_not_in_one_piece_is_refused(self) -> None:
        escaped = SCRIPT.replace('"Tiny.Thing==1.0"', '"Tiny.Thing\\u003d=1.0"', 1)
        with pytest.raises(AdapterError, match=r"'Tiny.Thing==1.0' is not written in one piece: move it by hand"):
            outdated.rewrite(escaped, {TINY: "1.1"}, BEFORE)

    def test_a_text_without_metadata_is_refused(self) -> None:
        with pytest.raises(AdapterError, match="no PEP 723 block"):
            outdated.rewrite("print()\n", {}, BEFORE)

    @pytest.mark.parametrize("adapter", metadata.discover(ROOT), ids=lambda adapter: adapter.name)
    def test_every_script_of_this_repository_can_be_moved(self, adapter: Adapter, tmp_path: Path) -> None:
        moves = dict.fromkeys(adapter.dependencies, "99.9")
        if moves:
            put(tmp_path, outdated.rewrite(adapter.path.read_text(), moves, BEFORE), adapter.path.name)
            moved = replace(metadata.discover(tmp_path)[0], hold=())
            assert [pin.pinned for pin in outdated.script_pins(moved, {})] == ["99.9"] * len(moves)


class TestUpdating:
    def pin(self, state: State, **changes: object) -> Pin:
        given = {"adapter": "x", "distribution": "tiny-thing", "pinned": "1.0", "newest": "1.1", "reason": None}
        return Pin(**{**given, "state": state, "requirement": TINY, **changes})  # type: ignore[arg-type]

    def test_what_is_outdated_is_moved(self, tmp_path: Path) -> None:
        adapter = put(tmp_path)
        assert outdated.update([adapter], [self.pin(State.OUTDATED)], BEFORE) == ("x",)
        assert adapter.path.read_text() == outdated.rewrite(SCRIPT, {TINY: "1.1"}, BEFORE)

    @pytest.mark.parametrize(
        "changes",
        [{"state": State.CURRENT}, {"state": State.HELD}, {"state": State.UNKNOWN, "newest": None}, {"adapter": "y"}],
    )
    def test_nothing_else_is_touched(self, tmp_path: Path, changes: dict[str, object]) -> None:
        adapter = put(tmp_path)
        assert outdated.update([adapter], [self.pin(**{"state": State.OUTDATED, **changes})], BEFORE) == ()  # type: ignore[arg-type]
        assert adapter.path.read_text() == SCRIPT

    def test_a_file_that_cannot_be_written_is_one_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        adapter = put(tmp_path)

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "write_text", refuse)
        with pytest.raises(AdapterError, match=r"cannot write .*app\.py: Permission denied"):
            outdated.update([adapter], [self.pin(State.OUTDATED)], BEFORE)


def test_where_nothing_is_pinned_nobody_is_asked(tmp_path: Path, programs_started: list[str]) -> None:
    go = builders.adapter(language="go", distribution="go", dependencies=())
    node = builders.adapter(language="node", distribution="node", dependencies=())
    assert outdated.look_up([go, node], BEFORE, tmp_path) == ()
    assert programs_started == []


def test_what_uv_compiles_is_read() -> None:
    text = "# a remark\nTiny_Thing==1.0\nother[fast]==2.0 ; python_full_version < '3.14'\n\n"
    assert outdated.parse_compiled(text) == {"tiny-thing": "1.0", "other": "2.0"}
