"""The Python interpreters of this machine: on PATH, among uv's own, and under ``$PYENV_ROOT/versions``."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from runner.adapters import builds
from runner.record.adapter import PYPY, Build
from runner.serving import process

DEBIAN = Path("/usr/bin/python3")
"""The interpreter that Debian's packages are built for."""
_PYENV_NAME = re.compile(r"(\d+\.\d+\.\d+)(t?)")
_ASKED = re.compile(rf"({PYPY})?(\d+(?:\.\d+)*)?(t?)")
_FREE_THREADED = "t"
"""What the name of a build ends in that runs without the GIL, as ``3.14t``: pyenv's way, and that of its own ABI."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython, or a PyPy, and where it is.

    ``version`` is the release of the language, of PyPy too. ``build`` is how it was built, read only where several of
    one series are found. ``passed_over`` are names and builds of those, where they were built otherwise.
    """

    version: Version
    path: Path
    free_threaded: bool = False
    pypy: bool = False
    build: Build | None = None
    passed_over: tuple[tuple[str, Build | None], ...] = ()

    @property
    def name(self) -> str:
        """Its release, with ``t`` where it is a build without the GIL; of PyPy behind its name: ``pypy3.11.15``."""
        return f"{PYPY if self.pypy else ''}{self.version}{_FREE_THREADED if self.free_threaded else ''}"

    @property
    def series(self) -> tuple[bool, int, int, bool]:
        """What is one kind of thing to measure: ``3.13`` whatever its last number, apart from ``3.13t``."""
        return self.pypy, self.version.major, self.version.minor, self.free_threaded

    @property
    def compiles(self) -> bool:
        """Whether uv can compile what it installs for it: its script for that does not run on CPython 3.6."""
        return self.version >= Version("3.7")


def find() -> tuple[Interpreter, ...]:
    """Every release of CPython found here, newest series first, and behind them those of PyPy; no pre-release.

    Within a series an optimized build comes before one that does not tell, and that before one that is not; of what
    was built alike the newest is first. Each place is listed once, and of one release built alike the first found.
    """
    places: dict[Path, Interpreter] = {}
    for one in (*_from_uv(), *_from_pyenv()):
        if not one.version.is_prerelease:
            places.setdefault(one.path.resolve(), one)
    several = Counter(one.series for one in places.values())
    told = (replace(one, build=builds.read(one.path)) if several[one.series] > 1 else one for one in places.values())
    found: dict[tuple[str, Build | None], Interpreter] = {}
    for one in told:
        found.setdefault((one.name, one.build), one)
    return tuple(_aware(sorted(found.values(), key=_preference)))


def _aware(found: Sequence[Interpreter]) -> Iterator[Interpreter]:
    """Each with those behind it that are of its series and were built otherwise."""
    for place, one in enumerate(found):
        others = [other for other in found[place + 1 :] if other.series == one.series and other.build != one.build]
        yield replace(one, passed_over=tuple((other.name, other.build) for other in others))


def _preference(one: Interpreter) -> tuple[bool, int, int, bool, int, tuple[int, ...]]:
    pypy, major, minor, free_threaded = one.series
    return pypy, -major, -minor, free_threaded, _slowness(one.build), tuple(-part for part in one.version.release)


def _slowness(build: Build | None) -> int:
    """0 of a build that is optimized, then what does not tell, what is not, and what does not run (``None``)."""
    if build is None or build.unoptimized:
        return 3 if build is None else 2
    return 1 if build.pgo is None else 0


def of_debian() -> tuple[Interpreter, ...]:
    """Debian's own, the one that an adapter on Debian's packages runs on; none where it is not there."""
    said = process.output([str(DEBIAN), "-c", "import platform; print(platform.python_version())"], stderr=False)
    try:
        return (Interpreter(Version((said or "").strip()), DEBIAN),)
    except InvalidVersion:
        return ()


def embeddable(found: Sequence[Interpreter]) -> tuple[Interpreter, ...]:
    """Those that a program of this machine can start inside of itself: they run on its own C library.

    One that brought its own, as an interpreter of a newer release of Debian does, runs by itself and nowhere else.
    """
    own = _c_library(["getconf", "GNU_LIBC_VERSION"])
    ask = "import os; print(os.confstr('CS_GNU_LIBC_VERSION'))"
    return tuple(one for one in found if _c_library([str(one.path), "-c", ask]) == own)


def _c_library(argv: Sequence[str]) -> str | None:
    """What a program says of the C library that it runs on, as ``glibc 2.36``; ``None`` of one that is not glibc."""
    return (process.output(argv, stderr=False) or "").strip() or None


def choose(found: Sequence[Interpreter], requires: str, wanted: str | None = None) -> Interpreter | None:
    """The first that ``requires``, a version range, admits; with ``wanted`` (``3.12``), the first of that release.

    Free-threaded builds and PyPy are other things to measure: only ``3.14t``, ``pypy`` and ``pypy3.11`` ask for one.
    """
    admits = SpecifierSet(requires)
    asked = _ASKED.fullmatch(wanted or "")
    if asked is None:
        return None
    pypy, release, free_threaded = asked.groups()
    for one in found:
        if (one.pypy, one.free_threaded) != (bool(pypy), bool(free_threaded)):
            continue
        asked_for = release is None or SpecifierSet(f"=={release}.*").contains(one.version)
        if asked_for and admits.contains(one.version):
            return one
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
        if Path(entry["path"]).parent == _pyenv() / "shims":  # which runs whatever stands behind it in PATH
            continue
        kind, whose = entry.get("variant", "default"), entry.get("implementation")
        if whose in {"cpython", PYPY} and kind in {"default", "freethreaded"}:
            yield Interpreter(Version(entry["version"]), Path(entry["path"]), kind != "default", whose == PYPY)


def _from_pyenv() -> Iterable[Interpreter]:
    for folder in sorted(_pyenv().glob("versions/*")):
        python = folder / "bin" / "python"
        named = _PYENV_NAME.fullmatch(folder.name)
        if named and os.access(python, os.X_OK):
            try:
                yield Interpreter(Version(named[1]), python, bool(named[2]))
            except InvalidVersion:  # pragma: no cover - the expression admits no such name
                continue


def _pyenv() -> Path:
    return Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
