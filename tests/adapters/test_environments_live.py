"""Adapters made ready with the real uv and Go, without a network: packages come from a folder of wheels made here."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from runner.adapters import interpreters
from runner.adapters.building import steps
from runner.adapters.environments import prepare
from runner.errors import ToolError
from runner.machine import facts
from runner.record.adapter import Adapter, Environment, Unavailable
from tests import builders

pytestmark = pytest.mark.live

HERE = f"=={sys.version_info.major}.{sys.version_info.minor}.*"


def wheel(folder: Path, name: str, version: str) -> None:
    """A distribution of one module, of which every version is this one."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No index, no download of interpreters, a cache of its own."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for version in ("1.0", "2.0"):
        wheel(wheels, "tiny_thing", version)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("PIPEBENCH_CACHE", str(tmp_path / "cache"))


def adapter(tmp_path: Path, *dependencies: str, **changes: Any) -> Adapter:
    given = {"distribution": "Tiny.Thing", "requires_python": HERE, "exclude_newer": None} | changes
    return builders.adapter(path=tmp_path / "app.py", dependencies=dependencies, **given)


class Builds:
    """What was told of the builds."""

    def __init__(self) -> None:
        self.states: list[tuple[str, str]] = []

    def __call__(self, adapter: Adapter, state: str) -> None:
        self.states.append((adapter.name, state))

    @property
    def count(self) -> int:
        return sum(state == "building" for _, state in self.states)


def only(adapters: Adapter, builds: Builds | None = None, **changes: Any) -> Environment | Unavailable:
    (made,) = prepare([adapters], progress=builds or Builds(), **changes)
    return made


class TestPython:
    def test_an_environment_runs_with_what_was_asked_for(self, tmp_path: Path) -> None:
        builds = Builds()
        made = only(adapter(tmp_path, "tiny-thing==1.0"), builds)
        assert isinstance(made, Environment)
        assert (made.version, made.installed) == ("1.0", {"tiny-thing": "1.0"})
        assert builds.states == [("aiohttp", "building"), ("aiohttp", "ready")]
        assert made.argv[1:] == (str(tmp_path / "app.py"),)
        said = subprocess.run(
            [made.argv[0], "-c", "import platform, tiny_thing; print(platform.python_version(), tiny_thing.VERSION)"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.split() == [made.python, "1.0"]

    def test_on_debians_packages_it_is_debians_python_and_says_their_versions(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: dict[str, Any] = {"distribution": "mod-thing", "debian": "mod-thing", "requires_python": ">=3"}
        monkeypatch.setattr(facts, "debian_packages", lambda names: None)
        made = only(adapter(tmp_path, **given))
        assert isinstance(made, Unavailable)
        assert made.reason == "Debian's packages are missing: apt-get install mod-thing"
        monkeypatch.setattr(facts, "debian_packages", lambda names: dict.fromkeys(names, "4.9"))
        here = interpreters.Interpreter(Version(platform.python_version()), Path(sys.executable))
        monkeypatch.setattr(interpreters, "of_debian", lambda: (here,))
        made = only(adapter(tmp_path, **given))
        assert isinstance(made, Environment)
        assert (made.version, made.installed, made.python) == ("4.9", {"mod-thing": "4.9"}, here.name)
        monkeypatch.setattr(interpreters, "of_debian", tuple)
        made = only(adapter(tmp_path, **given))
        assert isinstance(made, Unavailable)
        assert made.reason == "the Python of Debian here is not one that meets requires-python >=3"

    def test_an_event_loop_is_a_variant_that_may_need_a_newer_python(self, tmp_path: Path) -> None:
        on_uvloop = adapter(tmp_path, loop="uvloop")
        base, others, newer = prepare([on_uvloop], asked=["loop:asyncio", "loop:uvloop", "loop:zuvloop"])
        assert isinstance(base, Environment)
        assert isinstance(others, Environment)
        assert others.argv == ("env", "LOOP=asyncio", *base.argv)
        assert isinstance(newer, Unavailable)
        assert newer.server == ("aiohttp", base.python, "zuvloop")
        assert "needs Python >=3.14" in newer.reason

    def test_the_second_time_it_is_there(self, tmp_path: Path) -> None:
        builds = Builds()
        first, second = (only(adapter(tmp_path, "tiny-thing==1.0"), builds) for _ in range(2))
        assert first == second
        assert builds.count == 1

    def test_the_version_of_the_standard_library_is_pythons(self, tmp_path: Path) -> None:
        made = only(adapter(tmp_path, distribution="python"))
        assert isinstance(made, Environment)
        assert made.version == made.python
        assert made.installed == {}

    @pytest.mark.parametrize(
        "changes", [{"dependencies": ("tiny-thing==2.0",)}, {"exclude_newer": "2026-11-20T00:00:00Z"}]
    )
    def test_other_contents_are_another_environment(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        builds = Builds()
        first = only(adapter(tmp_path, "tiny-thing==1.0"), builds)
        given: dict[str, Any] = {"dependencies": ("tiny-thing==1.0",)} | changes
        dependencies = given.pop("dependencies")
        second = only(adapter(tmp_path, *dependencies, **given), builds)
        assert isinstance(first, Environment)
        assert isinstance(second, Environment)
        assert builds.count == 2
        assert first.argv[0] != second.argv[0]

    def test_one_without_dependencies_needs_none(self, tmp_path: Path) -> None:
        made = only(adapter(tmp_path))
        assert isinstance(made, Environment)
        assert made.installed == {}

    def test_a_build_that_was_cut_short_is_made_again(self, tmp_path: Path) -> None:
        builds = Builds()
        made = only(adapter(tmp_path, "tiny-thing==1.0"), builds)
        assert isinstance(made, Environment)
        folder = Path(made.argv[0]).parents[2]
        (folder / "complete.json").unlink()
        (folder / "venv" / "bin" / "python").unlink()
        assert only(adapter(tmp_path, "tiny-thing==1.0"), builds) == made
        assert builds.count == 2
        assert Path(made.argv[0]).exists()

    def test_one_on_each_python_that_is_asked_for(self, tmp_path: Path) -> None:
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        made = prepare([adapter(tmp_path), adapter(tmp_path, name="other")], pythons=[here, "3.2"])
        assert [type(one) for one in made] == [Environment, Unavailable] * 2
        assert [one.adapter.name for one in made] == ["aiohttp", "aiohttp", "other", "other"]
        gone = made[1]
        assert isinstance(gone, Unavailable)
        assert (gone.reason, gone.python) == (f"no CPython 3.2 here that meets requires-python {HERE}", "3.2")


class TestUnavailable:
    def test_a_dependency_that_does_not_exist(self, tmp_path: Path) -> None:
        builds = Builds()
        broken = adapter(tmp_path, "no-such-thing==1.0", name="broken")
        fine = adapter(tmp_path, "tiny-thing==1.0", name="fine")
        first, second = prepare([broken, fine], progress=builds)
        assert isinstance(first, Unavailable)
        assert first.reason.startswith("uv pip install exited with code 1: ")
        assert any("no-such-thing" in line for line in first.log_tail)
        assert 1 <= len(first.log_tail) <= steps.LOG_TAIL_LINES
        assert ("broken", first.reason) in builds.states
        assert isinstance(second, Environment)
        third = only(broken, builds)
        assert isinstance(third, Unavailable)
        assert third.reason == first.reason

    def test_a_version_that_does_not_exist(self, tmp_path: Path) -> None:
        made = only(adapter(tmp_path, "tiny-thing==9.9"))
        assert isinstance(made, Unavailable)
        assert "9.9" in " ".join(made.log_tail)

    def test_other_flags_of_the_compiler_are_another_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def built() -> str:
            made = only(adapter(tmp_path))
            assert isinstance(made, Environment)
            return made.argv[0]

        plain = built()
        monkeypatch.setenv("CFLAGS", "-O0")
        assert built() != plain
        monkeypatch.setenv("CFLAGS", "")
        assert built() == plain

    def test_an_interpreter_that_is_nowhere(self, tmp_path: Path) -> None:
        made = only(adapter(tmp_path, requires_python=">=3.99"))
        assert isinstance(made, Unavailable)
        assert made.reason == "no CPython >=3.99 here, and uv could not get one: install it, with pyenv for example"
        assert made.log_tail

    def test_no_uv(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        made = only(adapter(tmp_path))
        assert isinstance(made, Unavailable)
        assert "uv" in made.reason
        assert "make setup" in made.reason

    def test_a_build_that_does_not_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        _fake_uv(tmp_path, monkeypatch, "echo resolving; sleep 600")
        monkeypatch.setattr(steps, "TIMEOUT_S", 0.3)
        made = only(adapter(tmp_path))
        assert isinstance(made, Unavailable)
        assert made.reason == "uv venv did not end within 0 s: resolving"

    def test_a_cache_that_cannot_be_written_is_a_users_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("PIPEBENCH_CACHE", str(tmp_path / "file" / "cache"))
        with pytest.raises(ToolError, match=r"cannot write to .*/file/cache: Not a directory: set PIPEBENCH_CACHE"):
            prepare([adapter(tmp_path)])


class TestInterpreters:
    def test_what_is_found_runs_and_is_what_it_is_said_to_be(self) -> None:
        found = interpreters.find()
        assert found
        assert [one.series for one in found] == sorted(
            (one.series for one in found), key=lambda one: (not one[0], *one[1:3], not one[3]), reverse=True
        )
        newest = found[0]
        code = "import platform; print(platform.python_implementation(), platform.python_version())"
        said = subprocess.run([newest.path, "-c", code], capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["CPython", str(newest.version)]

    def test_a_warning_of_uv_hides_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """uv tells on stderr of what it finds on PATH and cannot run, pyenv's shims for example."""
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
        before = interpreters.find()
        shim = tmp_path / "bin" / "python3.13"
        shim.parent.mkdir()
        shim.write_text("#!/bin/sh\necho no such version is set >&2\nexit 127\n")
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
        assert interpreters.find() == before
        assert before


def _fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A uv that lists interpreters as the real one does, and does ``script`` for anything else."""
    real = shutil.which("uv")
    fake = tmp_path / "bin" / "uv"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nif [ "$1" = python ]; then exec {real} "$@"; fi\n{script}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")


class TestTwoSuites:
    def test_they_build_one_environment_once(self, tmp_path: Path) -> None:
        builds = Builds()
        made: list[Environment | Unavailable] = []
        threads = [
            threading.Thread(target=lambda: made.append(only(adapter(tmp_path, "tiny-thing==1.0"), builds)))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 3
        assert made[0] == made[1] == made[2]
        assert builds.count == 1


class TestGo:
    @pytest.fixture
    def program(self, tmp_path: Path) -> Adapter:
        source = tmp_path / "go" / "hello"
        source.mkdir(parents=True)
        (tmp_path / "go" / "go.mod").write_text("module hello\n\ngo 1.21\n")
        (source / "main.go").write_text('package main\n\nfunc main() { println("hello") }\n')
        file = source / "main.go"
        return builders.adapter(name="hello", path=file, language="go", distribution="go", dependencies=())

    @pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed here")
    def test_it_is_built_once_and_again_when_its_source_changes(self, program: Adapter) -> None:
        builds = Builds()
        first = only(program, builds)
        assert isinstance(first, Environment)
        assert first.python is None
        said = subprocess.run(first.argv, capture_output=True, text=True, check=True)
        assert said.stderr == "hello\n"
        assert first.version == first.installed["go"]
        assert first.version[0].isdigit()
        assert only(program, builds) == first
        assert builds.count == 1
        program.path.write_text(program.path.read_text().replace("hello", "goodbye"))
        second = only(program, builds)
        assert isinstance(second, Environment)
        assert builds.count == 2
        assert subprocess.run(second.argv, capture_output=True, text=True, check=True).stderr == "goodbye\n"

    @pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed here")
    def test_what_does_not_compile_is_unavailable_with_the_compilers_words(self, program: Adapter) -> None:
        program.path.write_text("package main\n\nfunc main() { undefined() }\n")
        made = only(program)
        assert isinstance(made, Unavailable)
        assert made.reason.startswith("go build exited with code 1: ")
        assert "undefined: undefined" in made.reason

    def test_where_there_is_no_go_that_is_the_reason(
        self, program: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        which = shutil.which
        monkeypatch.setattr(shutil, "which", lambda name, **how: None if name == "go" else which(name, **how))
        assert only(program) == Unavailable(program, "Go is not installed: run `make setup`")


class TestNode:
    @pytest.fixture
    def program(self, tmp_path: Path) -> Adapter:
        file = tmp_path / "main.mjs"
        file.write_text("console.log(process.version)\n")
        return builders.adapter(name="hello", path=file, language="node", distribution="node", dependencies=())

    @pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed here")
    def test_it_runs_as_it_is_with_nodes_own_version(self, program: Adapter) -> None:
        builds = Builds()
        made = only(program, builds)
        assert isinstance(made, Environment)
        assert (made.python, made.installed) == (None, {"node": made.version})
        said = subprocess.run(made.argv, capture_output=True, text=True, check=True)
        assert said.stdout.strip() == f"v{made.version}"
        assert builds.states == [("hello", "ready")]

    def test_where_there_is_no_node_that_is_the_reason(
        self, program: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        made = only(program)
        assert isinstance(made, Unavailable)
        assert made.reason.startswith("Node is not installed: install it, ")

    def test_a_node_that_cannot_be_executed_is_unavailable(
        self, program: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = tmp_path / "bin" / "node"
        broken.parent.mkdir()
        broken.write_text("#!/no/such/interpreter\n")
        broken.chmod(0o755)
        monkeypatch.setenv("PATH", str(broken.parent))
        made = only(program)
        assert isinstance(made, Unavailable)
        assert made.reason == f"{broken} does not run: install Node again"


class TestRust:
    @pytest.fixture
    def program(self, tmp_path: Path) -> Adapter:
        source = tmp_path / "hello"
        source.mkdir()
        (source / "Cargo.toml").write_text(
            '[package]\nname = "adapter"\nversion = "1.2.3"\n\n[[bin]]\nname = "adapter"\npath = "main.rs"\n'
        )
        file = source / "main.rs"
        file.write_text('fn main() { println!("hello") }\n')
        return builders.adapter(name="hello", path=file, language="rust", distribution="adapter", dependencies=())

    @pytest.mark.skipif(not shutil.which("cargo"), reason="Rust is not installed here")
    def test_it_is_built_once_beside_nothing_of_ours_and_again_when_its_source_changes(self, program: Adapter) -> None:
        builds = Builds()
        first = only(program, builds)
        assert isinstance(first, Environment)
        assert (first.python, first.version, first.installed) == (None, "1.2.3", {"adapter": "1.2.3"})
        assert subprocess.run(first.argv, capture_output=True, text=True, check=True).stdout == "hello\n"
        assert {file.name for file in program.path.parent.iterdir()} == {"Cargo.toml", "main.rs"}
        assert only(program, builds) == first
        assert builds.count == 1
        program.path.write_text(program.path.read_text().replace("hello", "goodbye"))
        second = only(program, builds)
        assert isinstance(second, Environment)
        assert builds.count == 2
        assert subprocess.run(second.argv, capture_output=True, text=True, check=True).stdout == "goodbye\n"

    @pytest.mark.skipif(not shutil.which("cargo"), reason="Rust is not installed here")
    def test_what_does_not_compile_is_unavailable_with_the_compilers_words(self, program: Adapter) -> None:
        program.path.write_text("fn main() { undefined() }\n")
        made = only(program)
        assert isinstance(made, Unavailable)
        assert made.reason.startswith("cargo build exited with code 101: ")
        assert any("cannot find function `undefined`" in line for line in made.log_tail)

    def test_where_there_is_no_cargo_that_is_the_reason(
        self, program: Adapter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        made = only(program)
        assert isinstance(made, Unavailable)
        assert made.reason.startswith("Rust is not installed: install it, ")
