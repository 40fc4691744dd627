"""The Python interpreters of this machine: on PATH, among uv's own, and under ``$PYENV_ROOT/versions``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from runner.serving import process

_PYENV_NAME = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython and where it is."""

    version: Version
    path: Path

    @property
    def compiles(self) -> bool:
        """Whether uv can compile what it installs for it: its script for that does not run on CPython 3.6."""
        return self.version >= Version("3.7")


def find() -> tuple[Interpreter, ...]:
    """Every CPython release found here, newest first, one for each version; no pre-release, no free-threaded build."""
    found: dict[Version, Interpreter] = {}
    for interpreter in (*_from_uv(), *_from_pyenv()):
        if not interpreter.version.is_prerelease:
            found.setdefault(interpreter.version, interpreter)
    return tuple(sorted(found.values(), key=lambda i: i.version, reverse=True))


def choose(interpreters: Sequence[Interpreter], requires: str, wanted: str | None = None) -> Interpreter | None:
    """The newest that ``requires``, a version range, admits; with ``wanted`` (``3.12``), the newest of that release."""
    admits = SpecifierSet(requires)
    for interpreter in interpreters:
        asked_for = wanted is None or SpecifierSet(f"=={wanted}.*").contains(interpreter.version)
        if asked_for and admits.contains(interpreter.version):
            return interpreter
    return None


def _from_uv() -> Iterable[Interpreter]:
    # On stderr uv warns of interpreters that it cannot run, such as pyenv's shims of releases that are not chosen.
    listed = process.output(
        ["uv", "python", "list", "--only-installed", "--offline", "--output-format", "json"], stderr=False
    )
    try:
        entries = json.loads(listed or "[]")
    except json.JSONDecodeError:
        return  # uv said something else: the other places remain
    for entry in entries:
        if entry.get("implementation") == "cpython" and entry.get("variant", "default") == "default":
            yield Interpreter(Version(entry["version"]), Path(entry["path"]))


def _from_pyenv() -> Iterable[Interpreter]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted(root.glob("versions/*")):
        python = folder / "bin" / "python"
        if _PYENV_NAME.fullmatch(folder.name) and os.access(python, os.X_OK):
            try:
                yield Interpreter(Version(folder.name), python)
            except InvalidVersion:  # pragma: no cover - the expression admits no such name
                continue
