"""``--with``, ``--env``, ``--releases`` and ``--loop`` as a person types them: what an environment has instead.

``aiohttp==3.9.5`` is a release, ``../aiohttp`` a project's folder, ``../aiohttp@REV`` a revision of a clone, and
``x.whl`` a wheel; several of these, separated by spaces, are one variant that changes them all. ``NAME=VALUE`` is a
variable of the server's process. ``loop:rloop`` is another event loop, one of ``frameworks/loops.toml``.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import shlex
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from runner import project
from runner.adapters.building import sources
from runner.adapters.building.sources import Copied
from runner.errors import AdapterError, PlanError
from runner.record.adapter import Adapter, Change, Environment, Source, Unavailable, Variant
from runner.record.plaintext import plain
from runner.serving import process, server

TIMEOUT_S = 120.0
MOST_RELEASES = 50
LOOP = "loop:"
"""What a text begins with that names an event loop."""
MAX_VALUE = 200
"""Letters of a variable's value."""
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(?!=)(.*)", re.DOTALL)
_RELEASES = re.compile(r"([A-Za-z0-9._-]+):(\d+)")
_FORMS = "give it as name==1.2, a project's folder, folder@revision, a wheel, or NAME=VALUE"


@dataclass(frozen=True, slots=True)
class Loop:
    """An event loop: a module with ``new_event_loop``, the pin that brings it, if any, and the Pythons it is for."""

    name: str
    requirement: Requirement | None
    requires_python: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variant, and what was found of each distribution that is no release: a project to build, or its wheel.

    ``loop``: the event loop that it is, where it is one.
    """

    variant: Variant
    found: Mapping[str, Copied | Path]
    loop: Loop | None = None

    def has(self, adapter: Adapter, installed: Mapping[str, str]) -> bool:
        """Whether an adapter has all that it changes."""
        if self.loop is not None:
            return adapter.loop is not None
        names = set(installed) | {canonicalize_name(Requirement(text).name) for text in adapter.dependencies}
        return not self.variant.changes or (
            adapter.language == "python" and all(one.distribution in names for one in self.variant.changes)
        )

    def fits(self, adapter: Adapter, installed: Mapping[str, str]) -> bool:
        """Whether it changes something: what an adapter has already, it is without it."""
        if self.loop is not None:
            return adapter.loop not in {None, self.loop.name}
        if self.variant.env:
            return True
        same = all(
            one.version is not None and installed.get(one.distribution) == one.version for one in self.variant.changes
        )
        return self.has(adapter, installed) and not same

    def refused(self, adapter: Adapter, version: Version | None) -> str | None:
        """Why an adapter cannot run so on a Python of this release; ``None`` where it can, as far as is known."""
        if self.loop is None:
            return None
        if adapter.loops is not None and self.loop.name not in adapter.loops.split():
            return f"{adapter.distribution} takes no loop but {' and '.join(adapter.loops.split())}"
        if version is not None and not SpecifierSet(self.loop.requires_python).contains(version):
            return f"{self.loop.requirement} needs Python {self.loop.requires_python}: choose it with --python"
        return None

    def shown(self, adapter: Adapter) -> str:
        """The distribution whose version tables show: that of the loop, where the adapter shows its own loop's."""
        if self.loop is None or adapter.distribution != adapter.loop:
            return adapter.distribution
        return self.loop.requirement.name if self.loop.requirement else "python"

    def requirements(self, adapter: Adapter, wheels: Mapping[str, Path]) -> tuple[str, ...]:
        """What is to be installed in place of the adapter's own dependencies. ``wheels``: those that were built.

        On another loop the adapter's own is left out: it may not be had where the other can, as uvloop on PyPy.
        """
        changed = {
            change.distribution: f"{change.distribution}=={change.version}"
            if change.version is not None
            else f"{change.distribution} @ {wheels[change.distribution].as_uri()}"
            for change in self.variant.changes
        }
        replaced = {*changed, *([adapter.loop] if self.loop is not None else [])}
        kept = [text for text in adapter.dependencies if canonicalize_name(Requirement(text).name) not in replaced]
        return (*kept, *changed.values())


def resolve(texts: Sequence[str], cache: Path) -> tuple[Wanted, ...]:
    """Each text as a variant; projects are copied below ``cache``. Raises :class:`AdapterError` or PlanError."""
    made: dict[str, Wanted] = {}
    for text in texts:
        wanted = _resolve(text, cache)
        made.setdefault(wanted.variant.label, wanted)
    return tuple(made.values())


def portable(text: str) -> str:
    """What was asked for without a folder of this machine: of an absolute path its last name is left.

    What a folder held, its commit included, stands in each variant's :class:`Source`.
    """
    if _VARIABLE.fullmatch(text):
        return text
    return shlex.join(PurePath(part).name if part.startswith(("/", "~")) else part for part in shlex.split(text))


def lasting(text: str) -> str:
    """What was asked for as it is found from any working folder."""
    if _VARIABLE.fullmatch(text):
        return text
    return shlex.join(str(Path(part).expanduser().absolute()) if _is_path(part) else part for part in shlex.split(text))


def _is_path(part: str) -> bool:
    folder = part.rpartition("@")[0]
    return any(Path(one).expanduser().exists() for one in (part, folder) if one)


def loops() -> Mapping[str, Loop]:
    """The event loops that there are, by name: what ``frameworks/loops.toml`` says."""
    found = tomllib.loads((project.ROOT / "frameworks" / "loops.toml").read_text(encoding="utf-8"))
    return {
        name: Loop(
            name, Requirement(one["requirement"]) if "requirement" in one else None, one.get("requires-python", "")
        )
        for name, one in found.items()
    }


def _loop(name: str) -> Wanted:
    known = loops()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"give one of {', '.join(known)}"
        raise PlanError(f"--loop {plain(name)}: {hint}")
    loop = known[name]
    changes: tuple[Change, ...] = ()
    if loop.requirement is not None:
        (pin,) = loop.requirement.specifier
        changes = (Change(canonicalize_name(loop.requirement.name), version=str(Version(pin.version))),)
    return Wanted(Variant(name, changes, env=(("LOOP", name),)), {}, loop)


def _resolve(text: str, cache: Path) -> Wanted:
    if text.startswith(LOOP):
        return _loop(text.removeprefix(LOOP))
    if matched := _VARIABLE.fullmatch(text):
        _check_variable(matched[1], matched[2])
        return Wanted(Variant(text, env=((matched[1], matched[2]),)), {})
    changes, found, labels = [], {}, []
    for part in _words(text):
        change, lies, label = _change(part, cache)
        changes.append(change)
        labels.append(label)
        if lies is not None:
            found[change.distribution] = lies
    if not changes:
        raise PlanError(f"--with is empty: {_FORMS}")
    return Wanted(Variant(" ".join(labels), tuple(changes)), found)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise PlanError(f"--with {text!r}: {str(error).lower()}: {_FORMS}") from None


def _check_variable(name: str, value: str) -> None:
    """What the suite itself tells a server is not to be changed, and a label is one line of a table."""
    if name in server.CONTRACT or name == process.TOKEN:
        instead = "use --loop" if name == "LOOP" else "leave it out"
        raise PlanError(f"--env {name}={plain(value)}: what is in {name} is the suite's to say: {instead}")
    if not value.isprintable() or len(value) > MAX_VALUE:
        raise PlanError(f"--env {name}: its value stands in tables: give at most {MAX_VALUE} letters, on one line")


def _change(text: str, cache: Path) -> tuple[Change, Copied | Path | None, str]:
    """One distribution, what was found of it if it is no release, and how tables call it: no folder of ours in it."""
    path = Path(text).expanduser()
    if path.suffix == ".whl":
        return _wheel(path)
    folder, _, revision = text.rpartition("@")
    if path.is_dir() or (folder and Path(folder).expanduser().is_dir()):
        asked = None if path.is_dir() else revision
        copied = sources.copy(path if asked is None else Path(folder).expanduser(), asked, cache)
        change = Change(copied.distribution, source=copied.source)
        return change, copied, f"{copied.distribution}@{_named(copied.source, asked)}"
    try:
        requirement = Requirement(text)
        (pin,) = requirement.specifier
        version = str(Version(pin.version)) if pin.operator == "==" else ""
    except (InvalidRequirement, InvalidVersion, ValueError):
        version = ""
    if not version:
        raise PlanError(f"--with {text!r} is no release, folder, revision or wheel here: {_FORMS}")
    name = canonicalize_name(requirement.name)
    return Change(name, version=version), None, f"{name}=={version}"


def _wheel(path: Path) -> tuple[Change, Path, str]:
    try:
        name, version, *_ = parse_wheel_filename(path.name)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise PlanError(f"--with {path}: {error}") from None
    except OSError as error:
        raise PlanError(f"--with {path}: {error.strerror}") from None
    return Change(name, source=Source(None, None, digest)), path.resolve(), f"{name}@{version}-wheel-{digest[:6]}"


def _named(source: Source, asked: str | None) -> str:
    """A revision as it was asked for, else the commit, with what was changed since as ``+`` and a digest."""
    if asked is not None:
        return asked[:12] if re.fullmatch(r"[0-9a-f]{13,}", asked) else asked
    if source.commit is None:
        return f"folder-{source.sha256[:6]}"
    return source.commit[:10] + ("" if source.clean else f"+{source.sha256[:6]}")


def fitting(
    wanted: Sequence[tuple[Adapter, str | None]],
    bases: Sequence[Environment | Unavailable],
    among: Sequence[Wanted],
) -> list[list[tuple[Adapter, str | None, Wanted]]]:
    """The variants of each adapter. Raises :class:`AdapterError` for one that is of none."""
    found = [
        [(*item, one) for one in among if one.fits(item[0], base.installed if isinstance(base, Environment) else {})]
        for item, base in zip(wanted, bases, strict=True)
    ]
    for one in among:
        if not any(one.has(item[0], getattr(base, "installed", {})) for item, base in zip(wanted, bases, strict=True)):
            names = ", ".join(dict.fromkeys(adapter.name for adapter, _ in wanted))
            lacks = "takes another event loop" if one.loop else f"has what {one.variant.label} changes"
            raise AdapterError(f"none of {names} {lacks}: choose others with --only")
    return found


def applied(made: Environment | Unavailable, variant: Variant) -> Environment | Unavailable:
    """What was made, as this variant: its variables stand in the command, so that whoever starts it sets them."""
    if isinstance(made, Unavailable) or not variant.env:
        return replace(made, variant=variant)
    settings = (f"{name}={value}" for name, value in variant.env)
    return replace(made, variant=variant, argv=("env", *settings, *made.argv))


def releases(text: str) -> tuple[NormalizedName, int]:
    """``aiohttp:12`` as a distribution and a number. Raises ``ValueError``."""
    matched = _RELEASES.fullmatch(text.strip())
    if not matched or not 1 <= int(matched[2]) <= MOST_RELEASES:
        raise ValueError(f"{text!r} is no number of releases: give it as aiohttp:12, at most {MOST_RELEASES}")
    return canonicalize_name(matched[1]), int(matched[2])


def newest(distribution: str, number: int) -> tuple[str, ...]:
    """The pins of its newest releases, newest first; uv is asked for one after the other, so its settings hold.

    Raises :class:`AdapterError` where there is none.
    """
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="pipebench-releases-") as made:
        asked, log = Path(made) / "requirements.in", Path(made) / "uv.log"
        argv = (
            "uv",
            "pip",
            "compile",
            "--quiet",
            "--no-deps",
            "--no-header",
            "--no-annotate",
            "--no-config",
            str(asked),
        )
        while len(found) < number:
            below = f"<{found[-1].partition('==')[2]}" if found else ""
            asked.write_text(f"{distribution}{below}\n")
            done = process.run(argv, timeout_s=TIMEOUT_S, log=log, cwd=Path(made))
            pins = [line.strip() for line in done.output.splitlines() if line.startswith(distribution)]
            if done.exit.code != 0 or not pins:
                if not found:
                    last = (done.output.strip().splitlines() or ["uv says nothing"])[-1]
                    raise AdapterError(f"no release of {distribution}: {last}")
                break
            found.append(pins[0].partition(";")[0].strip())
    return tuple(found)
