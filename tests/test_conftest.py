"""The guard against programs started by accident does its work, and so does what tests are spread by."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner.serving import process


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a socket, never given away
def test_a_program_started_by_an_unmarked_test_fails_it(programs_started: list[str], tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="an unmarked test started a program: true"):
        process.output(["true"])
    with pytest.raises(pytest.fail.Exception, match=r"supervisor\.py"):
        process.run(["true"], timeout_s=5, log=tmp_path / "log")
    assert len(programs_started) == 2
    programs_started.clear()  # they were wanted here


def test_a_program_that_other_modules_start_is_none_of_its_business(programs_started: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert not programs_started


@pytest.mark.live
def test_a_live_test_may(programs_started: list[str]) -> None:
    assert process.output(["echo", "here"]) == "here\n"
    assert not programs_started


GROUPED = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(8))
@pytest.mark.xdist_group("one")
def test_it(number):
    pathlib.Path(f"pid-{os.getpid()}").touch()
"""


def test_those_of_a_group_are_run_by_one_process(tmp_path: Path) -> None:
    """Else each of them makes the fixture anew that they share, and `make test` takes ten minutes more."""
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--numprocesses=2", "--dist=loadgroup"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "8 passed" in done.stdout, done.stdout
    assert len(list(tmp_path.glob("pid-*"))) == 1
