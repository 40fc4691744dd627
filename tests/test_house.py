"""The house is as CONTRIBUTING.md draws it: rooms, floors, how large a room and a module is, where tests are.

That imports point downward is held by import-linter, whose contracts stand in pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNER = ROOT / "runner"
ROOMS = sorted(path.parent for path in RUNNER.rglob("__init__.py"))
MODULES = sorted(path for path in RUNNER.rglob("*.py") if path.name != "__init__.py")
MOST_IN_A_ROOM = 10
LONGEST = 400
MAP_LINE = re.compile(r"^(?P<room>[a-z]+)/?\s{2,}(?P<modules>\S+(?: \S+)*)(?:\s{2,}(?P<words>.+))?$")


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def drawn() -> Iterator[tuple[str, list[str]]]:
    """The lines of the map: a room, and the modules that it names."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = text.partition("## Where things are")[2].partition("```\n")[2].partition("```")[0]
    for line in block.splitlines():
        found = MAP_LINE.match(line)
        assert found, f"not a line of the map: {line!r}"
        yield found["room"], found["modules"].split()


class TestTheMap:
    def test_it_names_every_room_and_module_of_the_tree(self) -> None:
        named = dict(drawn())
        rooms = {path.name for path in RUNNER.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
        modules = {path.stem for path in RUNNER.glob("*.py") if path.stem != "__init__"}
        assert set(named) == rooms | modules
        for room in rooms:
            there = {path.stem for path in (RUNNER / room).glob("*.py") if path.stem != "__init__"}
            folders = {path.parent.name for path in (RUNNER / room).glob("*/__init__.py")}
            assert there <= set(named[room]) <= there | folders, room

    def test_its_floors_are_those_that_imports_are_held_to(self) -> None:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
        floors = {room: floor for floor, layer in enumerate(layers) for room in layer.split(" | ")}
        order = [floors[room] for room, _ in drawn()]
        assert order == sorted(order)


class TestRooms:
    @pytest.mark.parametrize("room", ROOMS, ids=shown)
    def test_no_room_is_crowded(self, room: Path) -> None:
        there = [path.stem for path in room.glob("*.py") if path.stem != "__init__"]
        commands = room == RUNNER / "cli" / "commands"  # a catalogue: one file a command
        assert commands or len(there) <= MOST_IN_A_ROOM, there

    @pytest.mark.parametrize("room", ROOMS, ids=shown)
    def test_each_says_what_it_is_for_in_five_lines_and_hands_nothing_on(self, room: Path) -> None:
        tree = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
        text = ast.get_docstring(tree)
        assert text
        assert len(tree.body) == 1, "nothing but the docstring"
        assert len([line for line in text.splitlines() if line.strip()]) <= 5
        if room != RUNNER:
            assert "In: " in text
            assert "Out: " in text

    @pytest.mark.parametrize("module", MODULES, ids=shown)
    def test_a_long_module_says_why(self, module: Path) -> None:
        text = module.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text)) or ""
        assert len(text.splitlines()) <= LONGEST or "One long module, because" in docstring


class TestTests:
    @pytest.mark.parametrize("test", sorted((ROOT / "tests").rglob("test_*.py")), ids=shown)
    def test_a_test_is_found_where_its_module_is(self, test: Path) -> None:
        room = test.relative_to(ROOT / "tests").parent
        assert (
            room == Path() or (RUNNER / room).is_dir() or room.parts[0] in {"bugs", "differential", "faults", "studies"}
        ), room

    @pytest.mark.parametrize("test", sorted((ROOT / "tests").rglob("test_*.py")), ids=shown)
    def test_what_starts_programs_says_so_in_its_name(self, test: Path) -> None:
        marked = (
            re.search(
                r"^pytestmark = (pytest.mark.live$|\[\n    pytest.mark.live,)",
                test.read_text(encoding="utf-8"),
                re.MULTILINE,
            )
            is not None
        )
        assert marked == test.stem.endswith("_live")
