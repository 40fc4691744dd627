"""What ``pipebench new`` writes runs and passes the checks as it is, from each of its templates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runner import adapters, examination, scaffold
from runner.conformance.cases import CORE
from runner.scaffold import Wish
from tests.live.test_adapters import made

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
TEMPLATES = scaffold.templates(adapters.discover(ROOT))


@pytest.mark.parametrize("word", TEMPLATES)
def test_a_new_adapter_passes_the_core_cases_as_it_is(word: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "frameworks", tmp_path / "frameworks")
    shutil.copytree(ROOT / "go", tmp_path / "go")
    source = scaffold.templates(adapters.discover(tmp_path))[word]
    scaffold.create(Wish("demo", title="A demo"), source, tmp_path)
    adapter = {one.name: one for one in adapters.discover(tmp_path)}["demo"]
    found = examination.examine(made(adapter), tmp_path / "logs", cases=CORE)
    assert not found.fails(), found.classification.reason
