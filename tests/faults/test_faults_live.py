"""Each fault comes to what it must: one clear line, a verdict, nothing lost, nothing left running."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.faults.bench import Bench
from tests.faults.catalogue import FAULTS, Injected, NotHereError

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.number} {fault.title}")
def test_it_ends_as_it_must(fault: Injected, tmp_path: Path, cache: Path) -> None:
    if fault.needs_root and os.geteuid():
        pytest.skip("only root can mount a file system")
    try:
        said = fault.inject(Bench(tmp_path / "checkout", cache))
    except NotHereError as error:
        pytest.skip(str(error))
    assert len(said) == len(fault.expected), said
    for line, pattern in zip(said, fault.expected, strict=True):
        assert re.search(pattern, line), f"{line!r} does not match {pattern!r}"
