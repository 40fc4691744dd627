"""Which pins are behind: what adapters ask for, what has been released since, and the one in place of the other.

uv and Go are asked what is newest, so that their own settings decide where releases come from.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from runner.adapters import interpreters
from runner.adapters.interpreters import Interpreter
from runner.adapters.metadata import SCRIPT_BLOCK
from runner.errors import AdapterError, ToolError
from runner.machine import facts
from runner.record.adapter import Adapter
from runner.serving import process

TIMEOUT_S = 300.0
MAX_ERROR = 300
"""Characters kept of what uv or Go says when it cannot answer."""

_EXCLUDE_NEWER = re.compile(r"""(?m)^(# exclude-newer\s*=\s*)(["']).*?\2""")
_GO_ANSWER = re.compile(r"(?m)^pin (\S+) (\S+) (\S+)$")
_GO_FORMAT = "pin {{.Path}} {{.Version}} {{with .Update}}{{.Version}}{{else}}{{.Version}}{{end}}"


class State(StrEnum):
    """How a pin stands to the newest release. ``HELD``: behind it on purpose."""

    CURRENT = "current"
    OUTDATED = "outdated"
    HELD = "held"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pin:
    """A distribution or module that an adapter pins.

    ``newest`` is the newest release that the adapter's interpreter can have; ``reason`` is why the pin is held, or why
    nothing is known. ``requirement`` is its text in a script, ``None`` for a Go module.
    """

    adapter: str
    distribution: str
    pinned: str
    newest: str | None
    state: State
    reason: str | None
    requirement: str | None = None


def cut_off(now: datetime) -> str:
    """Midnight of the day, UTC: releases of the day itself are not looked at, so that a pin can be had with it."""
    return f"{now.astimezone(UTC):%Y-%m-%d}T00:00:00Z"


def look_up(adapters: Sequence[Adapter], before: str, folder: Path) -> tuple[Pin, ...]:
    """Every pin of ``adapters``, in their order, with the newest release before ``before``. ``folder``: for logs.

    Programs in other languages than Python and Go pin nothing. Raises :class:`ToolError` where uv or Go cannot say.
    """
    found = interpreters.find() if any(adapter.language == "python" for adapter in adapters) else ()
    chosen = {
        adapter: interpreters.choose(found, adapter.requires_python or "")
        for adapter in adapters
        if adapter.language == "python"
    }
    releases: dict[Interpreter | None, Mapping[str, str]] = {None: {}}
    for interpreter in dict.fromkeys(filter(None, chosen.values())):
        names = {name for adapter, its in chosen.items() if its is interpreter for name in requirements(adapter)}
        releases[interpreter] = _ask_uv(interpreter, sorted(names), before, folder) if names else {}
    modules = _ask_go([a for a in adapters if a.language == "go"], folder)
    pins: list[Pin] = []
    for adapter in adapters:
        if adapter.language == "go":
            pins += _module_pins(adapter, modules)
        elif adapter in chosen:
            problem = None if chosen[adapter] else f"no CPython {adapter.requires_python} here"
            pins += script_pins(adapter, releases[chosen[adapter]], problem)
    return tuple(pins)


def requirements(adapter: Adapter) -> dict[NormalizedName, str]:
    """The requirements of a script, as they are written, by the canonical name of the distribution."""
    return {canonicalize_name(Requirement(text).name): text for text in adapter.dependencies}


def script_pins(adapter: Adapter, newest: Mapping[str, str], problem: str | None = None) -> list[Pin]:
    """The pins of a script against the newest releases; ``problem``: why these are not known."""
    holds = {canonicalize_name(name): why for name, why in adapter.hold}
    made = []
    for name, text in requirements(adapter).items():
        pinned = next(one.version for one in Requirement(text).specifier if one.operator == "==")
        found = newest.get(name)
        state, reason = _judge(pinned, found, holds.get(name), problem)
        made.append(Pin(adapter.name, name, pinned, found, state, reason, requirement=text))
    return made


def _module_pins(adapter: Adapter, modules: Mapping[str, tuple[str, str]]) -> list[Pin]:
    if adapter.distribution not in modules:
        return []
    pinned, newest = modules[adapter.distribution]
    state, reason = _judge(pinned, newest, dict(adapter.hold).get(adapter.distribution), None)
    return [Pin(adapter.name, adapter.distribution, pinned, newest, state, reason)]


def _judge(pinned: str, newest: str | None, hold: str | None, problem: str | None) -> tuple[State, str | None]:
    if newest is None:
        return State.UNKNOWN, problem or "no release was found"
    if not is_later(newest, pinned):
        return State.CURRENT, hold
    return (State.HELD if hold else State.OUTDATED), hold


def is_later(version: str, other: str) -> bool:
    """Whether a release comes after another; of versions that have no order, whether they differ."""
    try:
        return Version(version) > Version(other)
    except InvalidVersion:
        return version != other


def rewrite(text: str, moves: Mapping[str, str], before: str) -> str:
    """A script with requirements, as they are written, moved to other versions, and ``exclude-newer`` to ``before``.

    Nothing else of it changes. Raises :class:`AdapterError` where a requirement is not written in one piece.
    """
    block = SCRIPT_BLOCK.search(text)
    if block is None:
        raise AdapterError("no PEP 723 block: begin the file with '# /// script' metadata, see docs/adapters.md")
    changed = block[0]
    for requirement, version in moves.items():
        moved = re.sub(r"==\s*[^\s;,]+", f"=={version}", requirement, count=1)
        quoted = next((q + requirement + q for q in "\"'" if q + requirement + q in changed), None)
        if quoted is None:
            raise AdapterError(f"dependencies: {requirement!r} is not written in one piece: move it by hand")
        changed = changed.replace(quoted, quoted[0] + moved + quoted[0])
    changed = _EXCLUDE_NEWER.sub(rf"\g<1>\g<2>{before}\g<2>", changed)
    return text[: block.start()] + changed + text[block.end() :]


def update(adapters: Iterable[Adapter], pins: Sequence[Pin], before: str) -> tuple[str, ...]:
    """Move what is outdated in the scripts of ``adapters``, and their cut-off with it; the names of those changed."""
    changed = []
    for adapter in adapters:
        moves = {
            pin.requirement: pin.newest
            for pin in pins
            if pin.adapter == adapter.name and pin.state is State.OUTDATED and pin.requirement and pin.newest
        }
        if moves:
            text = adapter.path.read_text(encoding="utf-8")
            try:
                adapter.path.write_text(rewrite(text, moves, before), encoding="utf-8")
            except OSError as error:
                raise AdapterError(f"cannot write {adapter.path}: {error.strerror}") from None
            changed.append(adapter.name)
    return tuple(changed)


def _ask_uv(interpreter: Interpreter, names: Sequence[str], before: str, folder: Path) -> dict[str, str]:
    """The newest release of each distribution that an interpreter can have.

    Asked in a folder without settings of a project: this one's own cut-off is not the question's.
    """
    if not shutil.which("uv"):
        raise ToolError("uv is not installed: run `make setup`")
    asked, answer = folder / f"py{interpreter.version}.in", folder / f"py{interpreter.version}.txt"
    asked.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    argv = ["uv", "pip", "compile", "--quiet", "--no-deps", "--no-annotate", "--no-header", "--upgrade"]
    argv += ["--python", str(interpreter.path), "--exclude-newer", before, "--output-file", str(answer), str(asked)]
    done = process.run(argv, timeout_s=TIMEOUT_S, log=answer.with_suffix(".log"), cwd=folder)
    if done.exit.code != 0:
        raise ToolError(f"uv cannot look up releases for CPython {interpreter.version}: {_said(done.output)}")
    return parse_compiled(answer.read_text(encoding="utf-8"))


def parse_compiled(text: str) -> dict[str, str]:
    """What ``uv pip compile`` writes, as {distribution: version}."""
    lines = [line.partition(";")[0].strip() for line in text.splitlines()]
    pins = (line.partition("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name.partition("[")[0].strip()): version.strip() for name, _, version in pins}


def _ask_go(adapters: Sequence[Adapter], folder: Path) -> dict[str, tuple[str, str]]:
    """The pinned and the newest version of each adapter's module; none of what comes with Go itself."""
    modules = sorted({adapter.distribution for adapter in adapters if "/" in adapter.distribution})
    if not modules:
        return {}
    go = facts.go_command()
    if go is None:
        raise ToolError("Go is not installed: run `make setup`")
    argv = [go, "list", "-m", "-u", "-f", _GO_FORMAT, *modules]
    done = process.run(argv, timeout_s=TIMEOUT_S, log=folder / "go.log", cwd=adapters[0].path.parents[1])
    if done.exit.code != 0:
        raise ToolError(f"Go cannot look up modules: {_said(done.output)}")
    return {path: (old.removeprefix("v"), new.removeprefix("v")) for path, old, new in _GO_ANSWER.findall(done.output)}


def _said(output: str) -> str:
    """What a program said, on one line."""
    words = [word for word in output.split() if any(character.isalnum() for character in word)]
    return " ".join(words)[:MAX_ERROR] or "it does not say why"
