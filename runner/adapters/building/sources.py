"""A project's folder, as it is or as a revision had it, copied aside: building it leaves no trace in either."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name

from runner.adapters.building import steps
from runner.adapters.building.steps import Problem
from runner.errors import AdapterError
from runner.record.adapter import Source
from runner.serving import process

TIMEOUT_S = 300.0
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SETUP_NAME = re.compile(r"""\bname\s*=\s*(["'])([A-Za-z0-9._-]+)\1""")
_NOT_SOURCE = frozenset({"__pycache__", "build", "dist", "venv", "node_modules"})


@dataclass(frozen=True, slots=True)
class Copied:
    """A project aside, which nothing is built in: its distribution's name, its folder, that of the whole clone
    around it (or the same), and what it was copied from.
    """

    distribution: NormalizedName
    path: Path
    root: Path
    source: Source


def copy(folder: Path, revision: str | None, cache: Path) -> Copied:
    """The project in ``folder`` below ``cache``: its files as they are now, or as ``revision`` has them.

    Raises :class:`AdapterError` where there is no project, or no such revision.
    """
    folder = folder.resolve()
    top = _git(folder, "rev-parse", "--show-toplevel")
    root = Path(top) if top else folder
    below = folder.relative_to(root)
    if revision is None:
        files = list(_files(root)) if top else list(_walked(root))
        commit, digest = _commit(root, "HEAD") if top else None, _digest(root, files)
        clean = None if commit is None else not _git(root, "status", "--porcelain")
    else:
        commit = _commit(root, revision) if top else None
        if commit is None:
            raise AdapterError(f"{folder} has no revision {revision!r}: give a commit, branch or tag of a clone")
        files, clean, digest = [], True, hashlib.sha256(commit.encode()).hexdigest()
    aside = cache / f"{folder.name}-{(commit or 'folder')[:12]}-{digest[:16]}"
    if not (aside / below).is_dir():
        _fill(root, aside, commit=commit, files=None if revision is not None else files)
    name = _project_name(aside / below)
    if name is None:
        where = folder if revision is None else f"{folder} at {revision}"
        raise AdapterError(f"{where} names no distribution: expected a project with pyproject.toml, or setup.cfg")
    return Copied(canonicalize_name(name), aside / below, aside, Source(commit, clean, digest))


def wheel(copied: Copied, python: str, folder: Path) -> Path | Problem:
    """Build a project below ``folder`` as it says itself, for the interpreter ``python``, in a copy of its own.

    For a backend may leave what it compiled beside the sources, and take it from there the next time: the folder that
    setuptools has for it (``build/temp.linux-x86_64-cpython-313``) is named by the series of the interpreter alone.
    """
    into, aside = folder / "wheels" / copied.distribution, folder / "sources" / copied.distribution
    shutil.copytree(copied.root, aside, symlinks=True)
    path = aside / copied.path.relative_to(copied.root)
    try:
        argv = ["uv", "build", "--wheel", "--python", python, "--out-dir", str(into), str(path)]
        problem = steps.take(argv, folder / f"build-{copied.distribution}.log", cwd=folder)
    finally:
        shutil.rmtree(aside)
    return problem or next(iter(into.glob("*.whl")))


def _fill(root: Path, aside: Path, *, commit: str | None, files: list[Path] | None) -> None:
    """Make ``aside`` whole or not at all: a clone for the tools that ask git for a version, and the files."""
    partial = aside.with_name(aside.name + f".partial{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if commit is not None:
        _must(partial, "clone", "--quiet", "--no-checkout", str(root), ".")
        if files is None:
            _must(partial, "checkout", "--quiet", "--detach", commit)
            _submodules(root, partial)
        else:
            _must(partial, "read-tree", commit)
    for file in files or ():
        (partial / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / file, partial / file, follow_symlinks=False)
    shutil.rmtree(aside, ignore_errors=True)
    partial.rename(aside)


def _submodules(root: Path, aside: Path) -> None:
    """Submodules out of those that the clone itself has, so that nothing is fetched."""
    listed = _git(aside, "config", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$")
    for line in (listed or "").splitlines():
        key, _, path = line.partition(" ")
        if (root / path / ".git").exists():
            _must(aside, "config", f"{key.removesuffix('.path')}.url", str(root / path))
    if listed:
        _must(aside, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")


def _files(root: Path) -> Iterator[Path]:
    """What git knows of or would, relative to ``root``; of submodules too."""
    listed = process.output(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], stderr=False
    )
    for name in sorted(set((listed or "").split("\0"))):
        path = root / name
        if name and path.is_dir() and not path.is_symlink():
            yield from (Path(name) / inner for inner in _files(path) if (path / ".git").exists())
        elif name and (path.exists() or path.is_symlink()):
            yield Path(name)


def _walked(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part in _NOT_SOURCE or part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden:
            yield path.relative_to(root)


def _digest(root: Path, files: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        path = root / file
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        whole.update(f"{file}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()


def _project_name(folder: Path) -> str | None:
    pyproject, setup_cfg, setup = (folder / name for name in ("pyproject.toml", "setup.cfg", "setup.py"))
    try:
        if pyproject.exists() and (found := tomllib.loads(pyproject.read_text()).get("project", {}).get("name")):
            return str(found)
        if setup_cfg.exists():
            read = configparser.ConfigParser(interpolation=None)
            read.read_string(setup_cfg.read_text())
            if found := read.get("metadata", "name", fallback=None):
                return str(found)
    except (tomllib.TOMLDecodeError, configparser.Error) as error:
        raise AdapterError(f"{folder.name}: its metadata cannot be read: {error}") from None
    matched = _SETUP_NAME.search(setup.read_text(errors="replace")) if setup.exists() else None
    return matched[2] if matched else None


def _commit(root: Path, revision: str) -> str | None:
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return found if found and _COMMIT.fullmatch(found) else None


def _git(folder: Path, *arguments: str) -> str | None:
    said = process.output(["git", "-C", str(folder), *arguments], stderr=False)
    return said.strip() if said and said.strip() else None


def _must(folder: Path, *arguments: str) -> None:
    log = folder.with_name(folder.name + ".log")
    done = process.run(["git", *arguments], timeout_s=TIMEOUT_S, log=log, cwd=folder)
    log.unlink()
    if done.exit.code != 0:
        last = (done.output.strip().splitlines() or ["no reason given"])[-1]
        raise AdapterError(f"git {arguments[0]} {done.exit}: {last}")
