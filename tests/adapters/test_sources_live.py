"""A project's folder, copied aside with git: as it is, and as a revision had it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from runner.adapters import sources
from runner.errors import AdapterError

pytestmark = pytest.mark.live


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "De_Mo"\nversion = "1"\n')
    (folder / "demo.py").write_text("A = 1\n")
    (folder / ".gitignore").write_text("ignored\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "tag", "v1")
    return folder


def test_the_files_as_they_are_now(project: Path, tmp_path: Path) -> None:
    clean = sources.copy(project, None, tmp_path / "cache")
    assert (clean.distribution, clean.source.clean) == ("de-mo", True)
    (project / "demo.py").write_text("A = 2\n")
    (project / "new.py").write_text("")
    (project / "ignored").write_text("")
    dirty = sources.copy(project, None, tmp_path / "cache")
    assert dirty.source.clean is False
    assert dirty.source.commit == clean.source.commit
    assert dirty.path != clean.path
    assert (dirty.path / "demo.py").read_text() == "A = 2\n"
    assert (dirty.path / "new.py").exists()
    assert not (dirty.path / "ignored").exists()


def test_a_revision_leaves_the_folder_as_it_is(project: Path, tmp_path: Path) -> None:
    (project / "demo.py").write_text("A = 2\n")
    found = sources.copy(project, "v1", tmp_path / "cache")
    assert (found.path / "demo.py").read_text() == "A = 1\n"
    assert (project / "demo.py").read_text() == "A = 2\n"
    assert found.source.clean is True


def test_what_is_not_there_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="no revision 'v2'"):
        sources.copy(project, "v2", tmp_path / "cache")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdapterError, match="names no distribution"):
        sources.copy(tmp_path / "empty", None, tmp_path / "cache")
