"""A reader that has seen enough ends a command quietly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
RUN = str(min((ROOT / "results" / "published").glob("*-seed")))


@pytest.mark.parametrize(
    "argv",
    [
        ("report", RUN),
        ("report", RUN, "--format", "json"),
        ("doctor", "--json"),
        ("export", RUN, "--format", "github-summary"),
    ],
    ids=" ".join,
)
def test_a_pipe_that_nobody_reads_is_no_error(argv: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", "from runner.cli.main import main; main()", *argv]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        said = started.stderr.read()
    assert (started.returncode, said) == (0, "")
