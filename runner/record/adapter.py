"""What is put to the test: a server program of ours, as its metadata says, and as it was made ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """What an adapter is, and so what it may be compared with."""

    FRAMEWORK = "framework"
    SERVER = "server"
    PROTOCOL = "protocol"
    BASELINE = "baseline"


class Scenario(StrEnum):
    """What an adapter's server is for."""

    PIPELINE = "pipeline"
    UPSTREAM = "upstream"


class Client(StrEnum):
    """What a server of scenario ``upstream`` waits with: its loop stands still meanwhile, or goes on."""

    BLOCKING = "blocking"
    ASYNC = "async"


class Group(StrEnum):
    """The part of the matrix that an adapter is in."""

    CORE = "core"
    FIELD = "field"
    SEED_2017 = "2017"


class Body(StrEnum):
    """What a handler hands its server as the text of ``GET /``: the documented way of each."""

    STR = "str"
    BYTES = "bytes"


class Taken(StrEnum):
    """Whether an adapter follows what its server's documentation recommends."""

    YES = "yes"
    PART = "in part"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a server's documentation recommends for throughput: on which ``page``, ``read`` when (2026-11-26).

    ``taken`` is ``None`` where the page recommends nothing; ``why`` says why something was not taken, or not whole.
    """

    advice: str
    page: str
    read: str
    taken: Taken | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Adapter:
    """One server program under ``frameworks/`` or ``go/``, as its metadata describes it.

    ``client`` and ``max_clients`` are of scenario ``upstream``: what it waits with, and how many requests a worker has
    under way at once unless ``MAX_CLIENTS`` says otherwise; ``None`` where there is no limit to set.
    ``hold`` are distributions whose pins are kept though newer releases exist, and why. ``compiles``: its runtime
    compiles while it serves, so its first seconds are slower. ``remark``: what its user would not get without doing the
    same, to be shown beside its figures. ``runs_on``: the adapter of the server that a framework runs on, whose raw
    application shows what of the framework's conformance is its server's. ``debian``: the packages of Debian that it
    runs on, by their names with spaces between; then it is Debian's own Python that runs it. ``embeds``: its program
    starts a Python inside of itself, so that both need one C library.
    ``loop``: the module of its event loop, where ``LOOP`` names another, and ``loops`` those that it takes, with spaces
    between, where it does not take every module with ``new_event_loop``.
    ``problem`` says why it cannot be one: its file or metadata is wrong, and what else is said of it is a guess.
    """

    name: str
    path: Path
    language: str
    title: str
    distribution: str
    kind: Kind
    homepage: str
    scenario: Scenario = Scenario.PIPELINE
    requires_python: str | None = None
    dependencies: tuple[str, ...] = ()
    exclude_newer: str | None = None
    ranked: bool = True
    known_failure: str | None = None
    group: Group = Group.FIELD
    template: str | None = None
    hold: tuple[tuple[str, str], ...] = ()
    client: Client | None = None
    max_clients: int | None = None
    body: Body | None = None
    compiles: bool = False
    remark: str | None = None
    runs_on: str | None = None
    debian: str | None = None
    embeds: bool = False
    loop: str | None = None
    loops: str | None = None
    tuning: tuple[Tuning, ...] = ()
    problem: str | None = None


PYPY = "pypy"
"""What the names of interpreters begin with that are PyPy's, as ``pypy3.11.15``; those of CPython are bare numbers."""


def interpreter(python: str, otherwise: str = "CPython") -> str:
    """An interpreter's name for a sentence: ``CPython 3.13.0`` of ``3.13.0``, ``PyPy 3.11.15`` of ``pypy3.11.15``."""
    return f"PyPy {python.removeprefix(PYPY)}".strip() if python.startswith(PYPY) else f"{otherwise} {python}"


class Jit(StrEnum):
    """Whether an interpreter compiles to machine code while it runs."""

    NONE = "none"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Build:
    """How an interpreter was compiled, and how it runs a server; ``None``: it does not tell.

    ``pgo`` and ``lto``: optimized by a profile, and when it was linked; ``bolt``: laid out anew after that. ``debug``:
    with assertions. ``free_threaded``: made to run without the lock that lets one thread run at a time; ``gil``:
    whether it has that lock now. ``jit``: its compiler, as the server's environment sets it. ``pypy``: the release of
    PyPy, of what is no CPython; how it was optimized says nothing there.
    """

    pgo: bool | None
    lto: bool | None
    bolt: bool | None
    debug: bool
    free_threaded: bool
    gil: bool
    jit: Jit | None
    pypy: str | None = None

    @property
    def unoptimized(self) -> bool:
        """Whether it is known to lack what makes a CPython as fast as those that are usually measured."""
        return self.debug or self.pgo is False

    @property
    def optimizations(self) -> str:
        """Those it has, in words; what is not recorded is said where it may be more."""
        flags = {"PGO": self.pgo, "LTO": self.lto, "BOLT": self.bolt}
        has = "+".join(name for name, known in flags.items() if known)
        if self.pgo is None:
            return f"{has}, others not recorded" if has else "not recorded"
        return has or "not optimized"

    def __str__(self) -> str:
        """In few words, for a column of a table."""
        words = [
            self.optimizations if self.pypy is None else f"PyPy {self.pypy}",
            "debug" if self.debug else "",
            ("free-threaded, GIL on" if self.gil else "free-threaded") if self.free_threaded else "",
            f"JIT {self.jit}" if self.jit in {Jit.ON, Jit.OFF} else "",
        ]
        return ", ".join(filter(None, words))


Server = tuple[str, str | None, str | None]
"""What tells servers of one run apart: the adapter, the interpreter's release, and the label of the variant."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a distribution was built from, where it was not a release.

    ``commit`` is the whole name of the commit, ``clean`` whether the files were as it has them; both are ``None``
    outside of git and for a wheel. ``sha256`` is of all files, names included.
    """

    commit: str | None
    clean: bool | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Change:
    """One distribution that is another than the adapter's own: ``version`` of a release, or a ``source``."""

    distribution: str
    version: str | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """What is changed. ``label`` tells it from the others of its adapter; ``env`` are names and values."""

    label: str
    changes: tuple[Change, ...] = ()
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """A program of ours that servers talk to, made ready to run."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """An adapter made ready to run here.

    ``passed_over``: names and builds of other interpreters of the same series, before which its own was taken.
    """

    adapter: Adapter
    argv: tuple[str, ...]
    python: str | None
    version: str
    installed: Mapping[str, str] = field(default_factory=dict)
    variant: Variant | None = None
    build: Build | None = None
    passed_over: tuple[tuple[str, Build | None], ...] = ()

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter.name, self.python, self.variant.label if self.variant else None

    @property
    def compiles(self) -> bool:
        """Whether its runtime compiles while it serves: the adapter's own, or the PyPy that it runs on."""
        build = self.build
        return self.adapter.compiles or (build is not None and build.pypy is not None and build.jit is Jit.ON)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An adapter that could not be made ready here, and why."""

    adapter: Adapter
    reason: str
    python: str | None = None
    log_tail: tuple[str, ...] = ()
    variant: Variant | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter.name, self.python, self.variant.label if self.variant else None
