"""Which Python interpreters there are, and which one an adapter gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.version import Version

from runner.adapters import builds, interpreters
from runner.adapters.interpreters import Interpreter
from runner.record.adapter import Build
from runner.serving import process

HERE = tuple(
    Interpreter(Version(version), Path(f"/py/{version}"))
    for version in ("3.14.0", "3.13.1", "3.13.0", "3.12.9", "3.7.16")
)


@pytest.mark.parametrize(
    ("requires", "wanted", "chosen"),
    [
        (">=3.11", None, "3.14.0"),
        (">=3.11,<3.14", None, "3.13.1"),
        ("==3.7.*", None, "3.7.16"),
        (">=3.15", None, None),
        ("", None, "3.14.0"),
        (">=3.11", "3.13", "3.13.1"),
        (">=3.11", "3.13.0", "3.13.0"),
        (">=3.11", "3.7", None),
        (">=3.11", "3.1", None),
        (">=3.11", "3.11", None),
    ],
)
def test_the_newest_that_an_adapter_admits(requires: str, wanted: str | None, chosen: str | None) -> None:
    found = interpreters.choose(HERE, requires, wanted)
    assert (None if found is None else str(found.version)) == chosen


def test_a_free_threaded_build_is_had_only_by_its_name() -> None:
    free = Interpreter(Version("3.14.1"), Path("/py/3.14.1t"), free_threaded=True)
    here = (free, *HERE)
    assert interpreters.choose(here, ">=3.11") is HERE[0]
    assert interpreters.choose(here, ">=3.11", "3.14") is HERE[0]
    assert interpreters.choose(here, ">=3.11", "3.14t") is free
    assert interpreters.choose(HERE, ">=3.11", "3.14t") is None
    assert free.name == "3.14.1t"


def test_pypy_is_had_only_by_its_name_and_an_adapter_asks_of_it_what_it_asks_of_any() -> None:
    pypy = Interpreter(Version("3.11.17"), Path("/py/pypy3.11"), pypy=True)
    here = (*HERE, pypy)
    assert [interpreters.choose(here, ">=3.11", wanted) for wanted in ("pypy", "pypy3.11", "pypy3.11.17")] == 3 * [pypy]
    assert interpreters.choose(here, ">=3.12", "pypy") is None
    assert interpreters.choose(here, "", "pypy3.10") is None
    assert interpreters.choose((pypy,), "") is None
    assert pypy.name == "pypy3.11.17"


BUILT: dict[str, Build | None] = {"broken": None} | {
    name: Build(pgo, lto=pgo, bolt=None, debug=False, free_threaded=False, gil=True, jit=None)
    for name, pgo in (("fast", True), ("slow", False), ("?", None))
}


@pytest.mark.parametrize(
    ("found", "taken", "passed_over"),
    [
        ({"3.13.0/slow": "3.13.0", "3.13.0/fast": "3.13.0"}, "3.13.0/fast", ["slow"]),
        ({"3.13.1/slow": "3.13.1", "3.13.0/fast": "3.13.0"}, "3.13.0/fast", ["slow"]),
        ({"3.13.0/slow": "3.13.0", "3.13.0/?": "3.13.0"}, "3.13.0/?", ["slow"]),
        ({"3.13.2/broken": "3.13.2", "3.13.0/slow": "3.13.0"}, "3.13.0/slow", ["broken"]),
        ({"3.13.0/?": "3.13.0", "3.13.0/fast": "3.13.0", "3.13.2/slow": "3.13.2"}, "3.13.0/fast", ["?", "slow"]),
        ({"3.13.0/fast": "3.13.0", "3.13.1/fast": "3.13.1"}, "3.13.1/fast", []),
        ({"3.13.0/fast": "3.13.0", "3.14.0/slow": "3.14.0"}, "3.14.0/slow", []),
    ],
)
def test_within_a_series_an_optimized_build_is_taken_before_another(
    found: dict[str, str], taken: str, passed_over: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    listed = [_uv_entry(version, path=f"/py/{path}") for path, version in found.items()]
    monkeypatch.setattr(process, "output", lambda argv, **_: json.dumps(listed))
    monkeypatch.setattr(builds, "read", lambda path: BUILT[path.name])
    chosen = interpreters.choose(interpreters.find(), ">=3.11")
    assert chosen is not None
    assert chosen.path == Path("/py") / taken
    assert [build for _, build in chosen.passed_over] == [BUILT[name] for name in passed_over]


def test_a_shim_is_no_interpreter_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    listed = [_uv_entry("3.13.0", path=str(tmp_path / "shims" / "python3.13")), _uv_entry("3.12.4")]
    assert _with_uv(monkeypatch, json.dumps(listed)) == ["3.12.4"]


@pytest.mark.parametrize(
    ("machine", "embeddable"), [("glibc 2.36", ["3.13.1"]), ("glibc 2.41", ["3.14.0"]), ("", ["3.12.4"])]
)
def test_what_starts_inside_of_a_program_runs_on_the_machines_own_c_library(
    monkeypatch: pytest.MonkeyPatch, machine: str, embeddable: list[str]
) -> None:
    """Of 3.12.4 nothing is known: it is not glibc's, as a machine where getconf prints nothing is not."""
    says = {"getconf": machine, "/py/3.14.0": "glibc 2.41\n", "/py/3.13.1": "glibc 2.36\n", "/py/3.12.4": None}
    monkeypatch.setattr(process, "output", lambda argv, **_: says[argv[0]])
    here = [Interpreter(Version(path.rpartition("/")[2]), Path(path)) for path in says if path != "getconf"]
    assert [one.name for one in interpreters.embeddable(here)] == embeddable


def _uv_entry(version: str, **changes: str) -> dict[str, str]:
    return {"version": version, "path": f"/uv/{version}", "implementation": "cpython", "variant": "default"} | changes


@pytest.fixture
def pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for name in ("3.12.1", "3.13.0", "pypy3.10-7.3.15", "3.14-dev", "3.9.18"):
        python = tmp_path / "versions" / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch(mode=0o644 if name == "3.9.18" else 0o755)
    return tmp_path


def _with_uv(monkeypatch: pytest.MonkeyPatch, says: str | None) -> list[str]:
    monkeypatch.setattr(process, "output", lambda argv, **_: says)
    return [found.name for found in interpreters.find()]


def test_those_of_uv_and_of_pyenv_newest_first(pyenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        _uv_entry("3.11.9"),
        _uv_entry("3.15.0a2"),
        _uv_entry("3.14.2", variant="freethreaded"),
        _uv_entry("3.10.14", implementation="pypy"),
        _uv_entry("3.13.0"),
    ]
    assert _with_uv(monkeypatch, json.dumps(listed)) == ["3.14.2t", "3.13.0", "3.12.1", "3.11.9", "pypy3.10.14"]
    first = next(one for one in interpreters.find() if not one.free_threaded)
    assert first.path == Path("/uv/3.13.0"), "one of each version"


@pytest.mark.parametrize("says", [None, "", "error: unknown option", "[]"])
def test_without_uv_those_of_pyenv_remain(pyenv: Path, monkeypatch: pytest.MonkeyPatch, says: str | None) -> None:
    assert _with_uv(monkeypatch, says) == ["3.13.0", "3.12.1"]


def test_without_either_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "nowhere"))
    assert _with_uv(monkeypatch, None) == []
