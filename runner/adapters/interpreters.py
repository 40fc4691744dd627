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

DEBIAN = Path("/usr/bin/python3")
"""The interpreter that Debian's packages are built for."""
_PYENV_NAME = re.compile(r"(\d+\.\d+\.\d+)(t?)")
_FREE_THREADED = "t"
"""What the name of a build ends in that runs without the GIL, as ``3.14t``: pyenv's way, and that of its own ABI."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython and where it is."""

    version: Version
    path: Path
    free_threaded: bool = False

    @property
    def name(self) -> str:
        """Its release, with ``t`` where it is a build without the GIL."""
        return f"{self.version}{_FREE_THREADED if self.free_threaded else ''}"

    @property
    def compiles(self) -> bool:
        """Whether uv can compile what it installs for it: its script for that does not run on CPython 3.6."""
        return self.version >= Version("3.7")


def find() -> tuple[Interpreter, ...]:
    """Every CPython release found here, newest first, one for each version and kind; no pre-release."""
    found: dict[str, Interpreter] = {}
    for interpreter in (*_from_uv(), *_from_pyenv()):
        if not interpreter.version.is_prerelease:
            found.setdefault(interpreter.name, interpreter)
    return tuple(sorted(found.values(), key=lambda i: i.version, reverse=True))


def of_debian() -> tuple[Interpreter, ...]:
    """Debian's own, the one that an adapter on Debian's packages runs on; none where it is not there."""
    said = process.output([str(DEBIAN), "-c", "import platform; print(platform.python_version())"], stderr=False)
    try:
        return (Interpreter(Version((said or "").strip()), DEBIAN),)
    except InvalidVersion:
        return ()


def choose(interpreters: Sequence[Interpreter], requires: str, wanted: str | None = None) -> Interpreter | None:
    """The newest that ``requires``, a version range, admits; with ``wanted`` (``3.12``), the newest of that release.

    A free-threaded build is another thing to measure: only ``3.14t`` asks for one.
    """
    admits = SpecifierSet(requires)
    release = None if wanted is None else wanted.removesuffix(_FREE_THREADED)
    for interpreter in interpreters:
        if interpreter.free_threaded != (wanted != release):
            continue
        asked_for = release is None or SpecifierSet(f"=={release}.*").contains(interpreter.version)
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
        kind = entry.get("variant", "default")
        if entry.get("implementation") == "cpython" and kind in {"default", "freethreaded"}:
            yield Interpreter(Version(entry["version"]), Path(entry["path"]), kind != "default")


def _from_pyenv() -> Iterable[Interpreter]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted(root.glob("versions/*")):
        python = folder / "bin" / "python"
        named = _PYENV_NAME.fullmatch(folder.name)
        if named and os.access(python, os.X_OK):
            try:
                yield Interpreter(Version(named[1]), python, bool(named[2]))
            except InvalidVersion:  # pragma: no cover - the expression admits no such name
                continue
