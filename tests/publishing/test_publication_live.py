"""A run is published from a commit: what it was measured with is held against git."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import RecordError
from runner.publishing import publication
from runner.record import store
from runner.record.run import Run
from runner.serving import process
from runner.suite import head as head_of
from tests import builders

pytestmark = pytest.mark.live

APP = "frameworks/aiohttp/app.py"


def git(root: Path, *words: str) -> str:
    said = process.output(["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b", *words])
    assert said is not None
    return said.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one adapter in its only commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / APP).parent.mkdir(parents=True)
    (tmp_path / APP).write_text("app = 1\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def measured(project: Path, *, revision: str | None, text: str = "app = 1\n") -> Run:
    """A run of that adapter as it stands in ``text``."""
    record = builders.adapter_record(path=APP, sha256=hashlib.sha256(text.encode()).hexdigest())
    return replace(builders.run(), revision=revision, adapters=(record,))


def head(project: Path) -> str:
    return git(project, "rev-parse", "--short=12", "HEAD")


def test_what_is_committed_has_no_changes(project: Path) -> None:
    assert head_of.uncommitted_changes(measured(project, revision=head(project)), project) == []


def test_an_adapter_that_was_changed_is_named(project: Path) -> None:
    run = measured(project, revision=head(project) + "+", text="app = 2\n")
    assert head_of.uncommitted_changes(run, project) == [APP]


def test_other_changes_are_told(project: Path) -> None:
    run = measured(project, revision=head(project) + "+")
    assert head_of.uncommitted_changes(run, project) == ["files beside the adapters"]


@pytest.mark.parametrize("revision", [None, "0123456789ab"])
def test_a_commit_that_is_not_known_is_told(project: Path, revision: str | None) -> None:
    run = measured(project, revision=revision)
    assert head_of.uncommitted_changes(run, project) == [f"commit {revision or 'unknown'}"]


def test_such_a_run_is_refused_and_nothing_is_left_of_it(project: Path) -> None:
    folder = store.create(project / "runs", "one")
    folder.write_run(measured(project, revision=head(project) + "+", text="app = 2\n"))
    folder.append(builders.trial())
    with pytest.raises(RecordError, match=rf"not committed: {APP}: commit and measure again, or .* --uncommitted"):
        publication.publish(folder.path, project)
    assert not (project / publication.FOLDER).exists()
