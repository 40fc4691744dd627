"""Adapters and services made ready to run: by uv, ``go build`` or ``cargo build``, cached by content.

What cannot be made ready is returned as :class:`Unavailable`, with the reason; it is never the end of a run.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from runner.adapters import builds, interpreters, variants
from runner.adapters.building import sources, steps
from runner.adapters.building.steps import Problem
from runner.adapters.interpreters import Interpreter
from runner.adapters.variants import Wanted
from runner.errors import ToolError
from runner.machine import facts
from runner.record.adapter import PYPY, Adapter, Build, Environment, Service, Unavailable, interpreter
from runner.serving import process

_ANY_DAY = "2100-01-01T00:00:00Z"
NOT_BUILT = "not built yet"
"""Why an adapter is unavailable that nobody has asked to be built."""

Progress = Callable[[Adapter, str], None]
"""Told when an adapter's state changes: ``building``, ``ready`` or the reason why it is unavailable."""


@dataclass(frozen=True, slots=True)
class _Program:
    """A program that was built, and the modules in it with their versions."""

    path: Path
    installed: Mapping[str, str]


def cache_folder() -> Path:
    """Where environments are kept: ``$PIPEBENCH_CACHE``, else ``pipebench`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if own := os.environ.get("PIPEBENCH_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pipebench"


def prepare(
    adapters: Sequence[Adapter],
    *,
    pythons: Sequence[str] = (),
    asked: Sequence[str] = (),
    progress: Progress = lambda _adapter, _state: None,
    build: bool = True,
) -> tuple[Environment | Unavailable, ...]:
    """Make adapters ready, several at a time; each Python adapter on each of ``pythons`` (``3.12``), or on the newest.

    The order of the result is that of ``adapters``, each followed by those variants of ``asked``
    (:mod:`runner.adapters.variants`) that change something about it. Without ``build`` nothing is built: what is not
    there is unavailable as :data:`NOT_BUILT`. Raises :class:`AdapterError` for a variant that cannot be found, and for
    one that fits no adapter.
    """
    _make_cache()
    wanted_variants = variants.resolve(asked, cache_folder() / "copies")
    found = interpreters.find() if any(a.language == "python" for a in adapters) else ()
    wanted: list[tuple[Adapter, str | None]] = [
        (adapter, python)
        for adapter in adapters
        for python in (pythons if adapter.language == "python" and pythons else (None,))
    ]

    def one(adapter: Adapter, python: str | None, variant: Wanted | None = None) -> Environment | Unavailable:
        made: Environment | Unavailable
        if adapter.problem is not None:
            made = Unavailable(adapter, adapter.problem)
        elif adapter.language == "python":
            made = _prepare_python(adapter, python, found, progress, variant, build=build)
        else:
            made = _PREPARE[adapter.language](adapter, progress, build=build)
        if variant is not None:
            made = variants.applied(made, variant.variant)
        progress(adapter, "ready" if isinstance(made, Environment) else made.reason)
        return made

    executor = ThreadPoolExecutor(max_workers=os.cpu_count())
    try:
        bases = list(executor.map(one, *zip(*wanted, strict=True))) if wanted else []
        fitting = variants.fitting(wanted, bases, wanted_variants)
        changed = iter(executor.map(one, *zip(*chain.from_iterable(fitting), strict=True)) if any(fitting) else ())
        return tuple(
            made for base, those in zip(bases, fitting, strict=True) for made in (base, *islice(changed, len(those)))
        )
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def service(source: Path) -> Service:
    """The Go program in ``source`` that adapters talk to, built as they are. Raises :class:`ToolError`."""
    _make_cache()
    made = _build_go(source, source.name, lambda: None, build=True)
    if isinstance(made, Problem):
        raise ToolError(f"{source.parent.name}/{source.name}, which servers of this scenario wait for: {made.reason}")
    return Service(name=source.name, argv=(str(made.path),))


def _make_cache() -> None:
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"cannot write to {cache_folder()}: {error.strerror}: set PIPEBENCH_CACHE to another") from None


def _prepare_python(
    adapter: Adapter,
    wanted: str | None,
    found: Sequence[Interpreter],
    progress: Progress,
    variant: Wanted | None = None,
    *,
    build: bool,
) -> Environment | Unavailable:
    requires = adapter.requires_python or ""
    packages = facts.debian_packages(adapter.debian.split()) if adapter.debian else {}
    offered = interpreters.of_debian() if adapter.debian else found
    chosen = interpreters.choose(interpreters.embeddable(offered) if adapter.embeds else offered, requires, wanted)
    if packages is None:
        return Unavailable(adapter, f"Debian's packages are missing: apt-get install {adapter.debian}", python=wanted)
    version = chosen.name if chosen else None
    refused = variant.refused(adapter, chosen.version if chosen else None) if variant else None
    if reason := _lacking(adapter, chosen, wanted) or refused:
        return Unavailable(adapter, reason, python=wanted or version)
    python = str(chosen.path) if chosen else requires
    changes = variant.variant.changes if variant else ()
    changed = [f"{one.distribution}=={one.source.sha256 if one.source else one.version}" for one in changes]
    depends = variant.requirements(adapter, {}) if variant and variant.loop else adapter.dependencies
    key = _digest(python, version or "", *depends, adapter.exclude_newer or "", *changed, *builds.flags())
    folder = cache_folder() / "python" / f"{adapter.name}-{key}"
    with _locked(folder) if build else nullcontext():
        record = folder / "complete.json"
        own_python, variables = folder / "venv" / "bin" / "python", dict(variant.variant.env) if variant else {}
        # It links to its interpreter, and may outlive it.
        told = builds.read(own_python, variables) if _kept(record) else None
        if told is None:
            if not build:
                return Unavailable(adapter, NOT_BUILT, python=version)
            progress(adapter, "building")
            compiled = chosen is None or chosen.compiles
            problem = _build_venv(adapter, folder, python, record, compiled=compiled, variant=variant)
            if problem and chosen is None:
                reason = f"no CPython {requires} here, and uv could not get one: install it, with pyenv for example"
                return Unavailable(adapter, reason, log_tail=problem.log_tail)
            if problem:
                return Unavailable(adapter, problem.reason, python=version, log_tail=problem.log_tail)
            told = builds.read(own_python, variables)
        made = _kept(record) or {}
    installed = made["installed"] | packages
    shown = variant.shown(adapter) if variant else adapter.distribution
    return Environment(
        adapter=adapter,
        argv=(str(own_python), str(adapter.path)),
        build=told,
        python=_named(made["python"], told),
        passed_over=chosen.passed_over if chosen else (),
        version=({"python": made["python"]} | installed).get(canonicalize_name(shown), "?"),
        installed=installed,
    )


def _named(release: str, build: Build | None) -> str:
    """What a cell calls its interpreter: ``3.13.0``, ``3.14.0t``, ``pypy3.11.15``."""
    if build is None:
        return release
    return f"{PYPY if build.pypy else ''}{release}{'t' if build.free_threaded else ''}"


def _lacking(adapter: Adapter, chosen: Interpreter | None, wanted: str | None) -> str | None:
    """What an adapter of Python needs and this machine has not; ``None`` where that may be had."""
    if chosen is None and (wanted or adapter.debian):
        here = f"no {interpreter(wanted)} here" if wanted else None
        whose = "the Python of Debian here is not one" if adapter.debian or here is None else here
        library = ", and runs on this machine's C library as the server does" if adapter.embeds else ""
        return f"{whose} that meets requires-python {adapter.requires_python or ''}{library}"
    return None if shutil.which("uv") else "uv is not installed: run `make setup`"


def _kept(record: Path) -> dict[str, Any] | None:
    """What was written of a build that was completed; ``None`` where there is none, or none that can be read."""
    try:
        content = json.loads(record.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("installed"), dict) else None


def _build_venv(
    adapter: Adapter, folder: Path, python: str, record: Path, *, compiled: bool, variant: Wanted | None
) -> Problem | None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    venv = folder / "venv"
    own_python = str(venv / "bin" / "python")
    newest = ["--exclude-newer", adapter.exclude_newer] if adapter.exclude_newer else []
    problem = steps.take(
        ["uv", "venv", "--quiet", "--no-project", "--python", python, str(venv)], folder / "venv.log", cwd=folder
    )
    wheels = problem or _build_wheels(variant, own_python, folder)
    if isinstance(wheels, Problem):
        return wheels
    dependencies = variant.requirements(adapter, wheels) if variant else adapter.dependencies
    if dependencies:
        ahead = ["--compile-bytecode"] if compiled else []
        asked_for = variant.variant.changes if variant else ()  # by its version: its day does not matter
        newest += [part for one in asked_for for part in ("--exclude-newer-package", f"{one.distribution}={_ANY_DAY}")]
        install = ["uv", "pip", "install", "--python", own_python, *ahead, *newest, *dependencies]
        problem = steps.take(install, folder / "install.log", cwd=folder)
        if problem:
            return problem
    listed = process.output(["uv", "pip", "list", "--python", own_python, "--format", "json", "--quiet"], stderr=False)
    version = process.output([own_python, "-c", "import platform; print(platform.python_version())"], stderr=False)
    if listed is None or version is None:
        return Problem("its environment was built but does not run")
    installed = {canonicalize_name(entry["name"]): entry["version"] for entry in json.loads(listed)}
    _write(record, {"python": version.strip(), "installed": installed})
    return None


def _build_wheels(variant: Wanted | None, python: str, folder: Path) -> Mapping[str, Path] | Problem:
    """The wheel of each distribution that is no release, built as its own project says."""
    wheels: dict[str, Path] = {}
    for name, found in (variant.found if variant else {}).items():
        made = found if isinstance(found, Path) else sources.wheel(found, python, folder)
        if isinstance(made, Problem):
            return made
        wheels[name] = made
    return wheels


def _prepare_go(adapter: Adapter, progress: Progress, *, build: bool) -> Environment | Unavailable:
    made = _build_go(adapter.path.parent, adapter.name, lambda: progress(adapter, "building"), build=build)
    return _environment(adapter, made)


def _build_go(source: Path, name: str, building: Callable[[], None], *, build: bool) -> _Program | Problem:
    go = facts.go_command()
    if go is None:
        return Problem("Go is not installed: run `make setup`")
    module = source.parent

    def make(folder: Path) -> Mapping[str, str] | Problem:
        program = folder / name
        argv = [go, "build", "-trimpath", "-o", str(program), f"./{source.name}"]
        problem = steps.take(argv, folder / "build.log", cwd=module)
        return problem or _go_modules(process.output([go, "version", "-m", str(program)]) or "")

    files = [module / "go.mod", module / "go.sum", *sorted(source.rglob("*.go"))]
    making = (make, building) if build else None
    return _build_once(cache_folder() / "go", name, [go, "version"], files, making)


def _prepare_rust(adapter: Adapter, progress: Progress, *, build: bool) -> Environment | Unavailable:
    cargo = shutil.which("cargo")
    if cargo is None:
        return Unavailable(adapter, "Rust is not installed: install it, with `apt-get install cargo` for example")
    files = [adapter.path.with_name("Cargo.toml"), adapter.path]

    def make(folder: Path) -> Mapping[str, str] | Problem:
        """In the cache, for cargo writes its lock file beside the source, and the repository is to have none."""
        for file in files:
            shutil.copy(file, folder)
        argv = [cargo, "build", "--release", "--target-dir", str(folder / "target")]
        problem = steps.take(argv, folder / "build.log", cwd=folder)
        if problem:
            return problem
        shutil.copy(folder / "target" / "release" / "adapter", folder / adapter.name)
        shutil.rmtree(folder / "target")
        lock = tomllib.loads((folder / "Cargo.lock").read_text())
        return {package["name"]: package["version"] for package in lock["package"]}

    making = (make, lambda: progress(adapter, "building")) if build else None
    return _environment(
        adapter, _build_once(cache_folder() / "rust", adapter.name, [cargo, "--version"], files, making)
    )


def _build_once(
    cache: Path,
    name: str,
    toolchain: Sequence[str],
    files: Sequence[Path],
    making: tuple[Callable[[Path], Mapping[str, str] | Problem], Callable[[], None]] | None,
) -> _Program | Problem:
    """One program called ``name``; where it is not there, made in a folder by the first of ``making``, which says what
    went into it, after the second was told. ``None``: nothing is made.
    """
    said = (process.output(toolchain) or "").strip()
    key = _digest(said, *(file.read_text() for file in files if file.exists()))
    folder = cache / f"{name}-{key}"
    with _locked(folder):
        record = folder / "complete.json"
        kept = _kept(record)
        if kept is None or not os.access(folder / name, os.X_OK):
            if making is None:
                return Problem(NOT_BUILT)
            make, building = making
            building()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            made = make(folder)
            if isinstance(made, Problem):
                return made
            kept = {"installed": made}
            _write(record, kept)
        return _Program(folder / name, kept["installed"])


def _environment(adapter: Adapter, made: _Program | Problem) -> Environment | Unavailable:
    if isinstance(made, Problem):
        return Unavailable(adapter, made.reason, log_tail=made.log_tail)
    # Go's standard library is of its toolchain's version.
    version = made.installed.get(adapter.distribution, made.installed.get("go", "?")).removeprefix("v")
    return Environment(adapter=adapter, argv=(str(made.path),), python=None, version=version, installed=made.installed)


def _prepare_node(adapter: Adapter, _progress: Progress, *, build: bool) -> Environment | Unavailable:  # noqa: ARG001
    """Nothing to build: the source is the program."""
    node = shutil.which("node")
    if node is None:
        return Unavailable(adapter, "Node is not installed: install it, with `apt-get install nodejs` for example")
    if (said := process.output([node, "--version"], stderr=False)) is None:
        return Unavailable(adapter, f"{node} does not run: install Node again")
    version, argv = said.strip().removeprefix("v"), (node, str(adapter.path))
    return Environment(adapter=adapter, argv=argv, python=None, version=version, installed={"node": version})


_PREPARE = {"go": _prepare_go, "node": _prepare_node, "rust": _prepare_rust}


def _go_modules(text: str) -> dict[str, str]:
    """``go version -m`` as {module: version}, with the toolchain as ``go``."""
    modules = {fields[1]: fields[2] for line in text.splitlines() if (fields := line.split())[:1] == ["dep"]}
    toolchain = re.search(r": go(\S+)", text)
    return modules | ({"go": toolchain[1]} if toolchain else {})


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _write(path: Path, content: object) -> None:
    """Write JSON so that the file is there whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1))
    partial.rename(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold an environment against a second suite that would build it at the same moment."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
