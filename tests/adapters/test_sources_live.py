"""A project's folder, copied aside with git: as it is, and as a revision had it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from runner.adapters.building import sources
from runner.adapters.building.steps import Problem
from runner.errors import AdapterError

pytestmark = pytest.mark.live

KEEPS_WHAT_IT_BUILT = """
import pathlib, zipfile

def build_wheel(folder, settings=None, metadata=None):
    built = pathlib.Path("build", "for-this-series")
    if not built.exists():
        built.parent.mkdir(exist_ok=True)
        built.write_text(pathlib.Path("..", "beside.txt").read_text())
        pathlib.Path("..", "beside.txt").write_text("of another build")
    name = "de_mo-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("demo.py", built.read_text())
        built.write_text("stale")
        wheel.writestr("de_mo-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: De_Mo\\nVersion: 1\\n")
        wheel.writestr("de_mo-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("de_mo-1.dist-info/RECORD", "")
    return name
"""
"""A backend that takes what lies in its ``build/`` for its own, as setuptools does, and changes what is beside it."""


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


@pytest.mark.parametrize("revision", [None, "HEAD"])
def test_each_build_is_of_the_sources_alone(tmp_path: Path, revision: str | None) -> None:
    clone, folder = tmp_path / "clone", tmp_path / "clone" / "python"
    folder.mkdir(parents=True)
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(system + '[project]\nname = "De_Mo"\nversion = "1"\n')
    (folder / "backend.py").write_text(KEEPS_WHAT_IT_BUILT)
    (clone / "beside.txt").write_text("fresh")
    git(clone, "init", "--quiet")
    git(clone, "add", "-A")
    git(clone, "commit", "--quiet", "-m", "first")
    contents = []
    for one in ("first", "second"):
        copied = sources.copy(folder, revision, tmp_path / "cache")
        (tmp_path / one).mkdir()
        made = sources.wheel(copied, sys.executable, tmp_path / one)
        assert not isinstance(made, Problem), made
        contents.append(zipfile.ZipFile(made).read("demo.py"))
        assert not (tmp_path / one / "sources" / "de-mo").exists()
    assert contents == [b"fresh", b"fresh"]
    assert not (folder / "build").exists()


def test_what_does_not_build_says_why_and_leaves_nothing(tmp_path: Path, project: Path) -> None:
    system = '[build-system]\nrequires = []\nbuild-backend = "no_such_backend"\nbackend-path = ["."]\n'
    (project / "pyproject.toml").write_text(system + '[project]\nname = "demo"\nversion = "1"\n')
    copied = sources.copy(project, None, tmp_path / "cache")
    made = sources.wheel(copied, sys.executable, tmp_path)
    assert isinstance(made, Problem)
    assert made.reason.startswith("uv build")
    assert any("no_such_backend" in line for line in made.log_tail), made
    assert not (tmp_path / "sources" / "demo").exists()
