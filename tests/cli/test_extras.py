"""What a command needs and measuring does not is brought by uv, once, or named with what installs it."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from runner import project
from runner.cli import extras
from runner.errors import ToolError

ROOT = Path(__file__).parents[2]


class BegunAnewError(Exception):
    """What would have taken our place."""


@pytest.fixture
def without_altair(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A checkout that uv runs, and in which altair is missing."""

    def become(_file: str, argv: list[str], env: dict[str, str]) -> None:
        raise BegunAnewError(argv, env[extras.BROUGHT])

    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "altair" else find_spec(name))
    monkeypatch.setattr(os, "execvpe", become)
    monkeypatch.setattr(sys, "prefix", str(project.ROOT / ".venv"))
    monkeypatch.setattr(sys, "argv", ["pipebench", "report", "latest", "--format", "html"])
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.delenv(extras.BROUGHT, raising=False)
    monkeypatch.delenv("UV_PROJECT_ENVIRONMENT", raising=False)
    return monkeypatch


def test_what_is_there_is_not_brought(without_altair: pytest.MonkeyPatch) -> None:
    extras.bring("parquet")


def test_the_command_is_begun_anew_with_what_it_lacks(
    without_altair: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BegunAnewError) as begun:
        extras.bring("charts")
    argv, extra = begun.value.args
    assert argv[:2] == ["uv", "run"]
    assert argv[-6:] == ["charts", "pipebench", "report", "latest", "--format", "html"]
    assert extra == "charts"
    assert capsys.readouterr().err == "pipebench: uv brings altair, once\n"


def test_it_is_begun_anew_only_once(without_altair: pytest.MonkeyPatch) -> None:
    without_altair.setenv(extras.BROUGHT, "charts")
    with pytest.raises(ToolError, match=r"^charts need altair, not installed here: uv sync --extra charts$"):
        extras.bring("charts")


def test_where_uv_does_not_run_us_it_says_what_to_install(without_altair: pytest.MonkeyPatch) -> None:
    without_altair.setattr(sys, "prefix", "/usr")
    with pytest.raises(ToolError, match="uv sync --extra charts"):
        extras.bring("charts")
    without_altair.setattr(project, "IS_CHECKOUT", False)
    with pytest.raises(ToolError, match=r"pip install 'async-pipeline-bench\[charts\]'"):
        extras.bring("charts")


def test_each_extra_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    distributions = {"altair": "altair", "vl_convert": "vl-convert-python", "pyarrow": "pyarrow", "ray": "ray"}
    for extra, modules in extras.MODULES.items():
        assert {Requirement(one).name for one in declared[extra]} == {distributions[name] for name in modules}
    assert declared.keys() == extras.MODULES.keys()


def test_a_cluster_needs_ray_and_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "prefix", "/usr")
    monkeypatch.setattr(project, "IS_CHECKOUT", False)
    with pytest.raises(ToolError, match=r"^cluster needs ray, not installed here: pip install '.*\[cluster\]'$"):
        extras.bring("cluster")
