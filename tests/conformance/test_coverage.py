"""docs/conformance-coverage.md against the cases: the names in it exist, and its table of bugs is that of the pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runner import project
from runner.conformance.cases.catalogue import CASES
from runner.conformance.record import BY_NAME
from tests.bugs.pairs import PAIRS
from tests.conformance import spellings

PAGE: Final = (project.ROOT / "docs" / "conformance-coverage.md").read_text()
OURS: Final = [line.split(" | ")[-1].removesuffix(" |") for line in PAGE.splitlines() if line.startswith("| ")]


def named() -> Iterator[tuple[str, list[str]]]:
    """Each case that the page names among ours, with the spellings that it names: ``case``: one · another."""
    for cell in OURS:
        for case, text in re.findall(r"`([a-z0-9-]+)`([^`]*)", cell):
            said = text.split("; ")[0].rstrip(" ,;")
            yield case, said.removeprefix(": ").split(" · ") if said.startswith(": ") else []


def test_each_spelling_has_a_name_of_its_own() -> None:
    for case in CASES:
        names = spellings.names(case)
        if names and case.race is None:
            assert len(names) == len(case.exchanges), case.name


def test_the_page_names_cases_and_spellings_that_exist() -> None:
    found = list(named())
    assert len(found) > 80
    for case, said in found:
        assert case in BY_NAME
        exist = spellings.names(BY_NAME[case])
        for one in said:
            assert any(one == name or one.startswith(f"{name}, ") for name in exist), (case, one)


def test_the_page_names_every_case_of_framing() -> None:
    framing = {
        case.name for case in CASES if case.number >= 36 and case.theme.value.split()[0] in {"Lengths", "Chunks"}
    }
    assert framing <= {case for case, _ in named()}


def test_the_table_of_bugs_is_that_of_the_pairs() -> None:
    rows = [
        (pair.name, *pair.releases, f"`{pair.case}`" + (f", {pair.part}" if pair.part else ""), "✓") for pair in PAIRS
    ]
    assert [line for line in PAGE.splitlines() if line.endswith("| ✓ |")] == [f"| {' | '.join(row)} |" for row in rows]


def test_every_pair_names_a_spelling_that_exists() -> None:
    for pair in PAIRS:
        assert pair.part is None or pair.part in spellings.names(BY_NAME[pair.case]) or BY_NAME[pair.case].race, (
            pair.name
        )
