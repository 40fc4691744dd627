"""What ``pipebench new`` writes runs and passes the checks as it is, from each of its templates."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runner.adapters import metadata, scaffold
from runner.adapters.scaffold import Wish
from runner.conformance.cases.catalogue import CORE
from runner.conformance.running import examination
from tests.adapters.test_adapters_live import made

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
TEMPLATES = scaffold.templates(metadata.discover(ROOT))


@pytest.mark.parametrize("word", TEMPLATES)
def test_a_new_adapter_passes_the_core_cases_as_it_is(word: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "frameworks", tmp_path / "frameworks")
    shutil.copytree(ROOT / "go", tmp_path / "go")
    source = scaffold.templates(metadata.discover(tmp_path))[word]
    scaffold.create(Wish("demo", title="A demo"), source, tmp_path)
    adapter = {one.name: one for one in metadata.discover(tmp_path)}["demo"]
    found = examination.examine(made(adapter), tmp_path / "logs", cases=CORE)
    assert not found.fails(), found.classification.reason
