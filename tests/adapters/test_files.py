"""What an adapter consists of: which edits are noticed, and what is not taken for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.adapters import files
from runner.record.adapter import Adapter, Kind


@pytest.fixture
def adapter(tmp_path: Path) -> Adapter:
    path = tmp_path / "alpha" / "app.py"
    path.parent.mkdir()
    path.write_text("import helper\n")
    (path.parent / "helper.py").write_text("SPEED = 1\n")
    return Adapter("alpha", path, "python", "alpha", "none", Kind.FRAMEWORK, "https://example.org")


def test_its_own_file_and_those_beside_it_are_told_apart(adapter: Adapter) -> None:
    own, others = files.fingerprint(adapter), files.beside(adapter)
    adapter.path.write_text("import helper  # edited\n")
    assert (files.fingerprint(adapter) != own, files.beside(adapter)) == (True, others)


@pytest.mark.parametrize(
    ("name", "content"), [("helper.py", "SPEED = 2\n"), ("new.py", ""), ("templates/page.html", "<p>")]
)
def test_what_it_may_import_or_read_is_noticed(adapter: Adapter, name: str, content: str) -> None:
    before = files.beside(adapter)
    path = adapter.path.parent / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    assert files.beside(adapter) != before
    assert len({files.fingerprint(adapter)}) == 1


def test_a_file_that_was_renamed_or_removed_is_noticed(adapter: Adapter) -> None:
    before = files.beside(adapter)
    helper = adapter.path.with_name("helper.py")
    moved = helper.rename(adapter.path.with_name("other.py"))
    renamed = files.beside(adapter)
    moved.unlink()
    assert len({before, renamed, files.beside(adapter)}) == 3


@pytest.mark.parametrize(
    "name", ["__pycache__/helper.pyc", "app.log", "app.pid", ".swp", ".git/HEAD", "target/debug/x"]
)
def test_what_running_leaves_behind_is_no_edit(adapter: Adapter, name: str) -> None:
    before = files.beside(adapter)
    path = adapter.path.parent / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert files.beside(adapter) == before


def test_what_cannot_be_read_ends_nothing(adapter: Adapter) -> None:
    os.mkfifo(adapter.path.with_name("pipe"))
    adapter.path.with_name("dangling").symlink_to("/nowhere")
    (adapter.path.parent / os.fsdecode(b"\xff.txt")).write_text("no name in UTF-8")
    with adapter.path.with_name("huge").open("wb") as huge:
        huge.truncate(1 << 40)
    assert files.beside(adapter) == files.beside(adapter)


def test_of_a_folder_that_is_gone_there_is_nothing(adapter: Adapter) -> None:
    before = files.beside(adapter)
    for path in adapter.path.parent.iterdir():
        path.unlink()
    adapter.path.parent.rmdir()
    assert files.beside(adapter) != before
    assert files.fingerprint(adapter) == files.fingerprint(adapter)
