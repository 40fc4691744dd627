"""An interpreter that is asked how it was built."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runner.adapters import builds

pytestmark = pytest.mark.live


def test_an_interpreter_is_asked_with_the_variables_of_the_server(tmp_path: Path) -> None:
    asked = tmp_path / "python"
    asked.write_text(f'#!/bin/sh\n[ "$PIPEBENCH_X" = 1 ] && [ -z "$HOME" ] || exit 1\nexec {sys.executable} "$@"\n')
    asked.chmod(0o755)
    assert builds.read(asked) is None
    assert builds.read(asked, {"PIPEBENCH_X": "1"}) is not None
