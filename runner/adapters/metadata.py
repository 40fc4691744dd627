"""``frameworks/`` and ``go/`` as adapters: discovery, validation of metadata, selection by name.

An adapter's metadata stands at its top: PEP 723 inline script metadata in Python files, the same keys in
``adapter.toml`` beside a program in another language.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from runner.errors import AdapterError
from runner.record.adapter import Adapter, Body, Client, Group, Kind, Scenario, Taken, Tuning

SCRIPT_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""PEP 723's reference expression, for the one type of block we read."""


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of the metadata: what it must be, in words for the message and as a type."""

    expected: str
    is_a: type | tuple[type, ...] = str
    choices: type[StrEnum] | None = None
    pattern: str | None = None
    required: bool = False
    least: int | None = None

    def check(self, value: object, where: str) -> Any:
        """The value as the record wants it; an :class:`AdapterError` names the key otherwise."""
        too_little = self.least is not None and isinstance(value, int) and value < self.least
        types = self.is_a if isinstance(self.is_a, tuple) else (self.is_a,)
        if type(value) not in types or value == "" or too_little:  # by type: true is an int as well
            raise AdapterError(f"{where} is {value!r}: expected {self.expected}")
        if self.pattern and not re.fullmatch(self.pattern, str(value)):
            raise AdapterError(f"{where} is {value!r}: expected {self.expected}")
        if self.choices is None:
            return value
        try:
            return self.choices(str(value))
        except ValueError:
            raise AdapterError(f"{where} is {value!r}: expected {self.expected}") from None


def _one_of(choices: type[StrEnum]) -> str:
    return "one of " + ", ".join(choices)


_PIPEBENCH_KEYS = {
    "title": _Key("the name that tables show", required=True),
    "distribution": _Key("the distribution or module whose version tables show", required=True),
    "kind": _Key(_one_of(Kind), choices=Kind, required=True),
    "homepage": _Key("the project's address", required=True),
    "scenario": _Key(_one_of(Scenario), choices=Scenario),
    "group": _Key(_one_of(Group), choices=Group),
    "template": _Key("the word by which pipebench new --from begins with this adapter", pattern=r"[a-z0-9-]+"),
    "ranked": _Key("true or false", is_a=bool),
    "known_failure": _Key("why this adapter is known to fail"),
    "client": _Key(_one_of(Client), choices=Client),
    "max_clients": _Key("the number of requests that its client has under way at once by default", is_a=int, least=1),
    "hold": _Key("why all pins are kept, or a table of those that are, { uvloop = 'why' }", is_a=(str, dict)),
    "body": _Key(f"{_one_of(Body)}: what the text of GET / is handed over as", choices=Body),
    "compiles": _Key("true or false: whether its runtime compiles while it serves", is_a=bool),
    "remark": _Key("what its user would not get without doing the same"),
    "tuning": _Key("tables, [[tool.pipebench.tuning]] or [[tuning]], of what the documentation recommends", is_a=list),
}
_TUNING_KEYS = {
    "advice": _Key("what the page recommends for throughput", required=True),
    "page": _Key("the address of a page", pattern=r"https?://\S+", required=True),
    "read": _Key("the day it was read, 2026-11-26 without quotes", is_a=date, required=True),
    "taken": _Key(f"{_one_of(Taken)}, or left out where the page recommends nothing", choices=Taken),
    "why": _Key("why it was not taken, or not whole"),
}
_UPSTREAM_ONLY = ("client", "max_clients")
_UV_KEYS = {
    "exclude-newer": _Key(
        "a time such as 2026-11-20T00:00:00Z",
        pattern=r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?",
        required=True,
    )
}
_SCRIPT_KEYS = ("requires-python", "dependencies", "tool")
"""All that PEP 723 allows at the top."""
_PROGRAMS = {"go": {"go": "main.go"}, "frameworks": {"node": "main.mjs", "rust": "main.rs"}}
"""Folder, language and source of what is not Python. Go programs share a module, and so have a folder of their own."""


def discover(root: Path) -> tuple[Adapter, ...]:
    """All adapters below ``root``, by name.

    Raises :class:`AdapterError` where metadata is missing or wrong, naming file, key and what was expected.
    """
    found = [_read_script(path, root) for path in _scripts(root)]
    found += [_read_program(path, root) for top in _PROGRAMS for path in sorted(root.glob(f"{top}/*/adapter.toml"))]
    names: dict[str, Path] = {}
    for adapter in found:
        if adapter.name in names:
            raise AdapterError(
                f"{adapter.path} and {names[adapter.name]} are both called {adapter.name!r}: rename one of them"
            )
        names[adapter.name] = adapter.path
    for folder in sorted(root.glob("frameworks/*/")):
        if any(folder.glob("*.py")) and not any(path.parent == folder for path in _scripts(root)):
            raise AdapterError(
                f"{folder.relative_to(root)} has no app.py: an adapter is app.py, app_<variant>.py "
                "or upstream_<variant>.py"
            )
    return tuple(sorted(found, key=lambda adapter: adapter.name))


def select(adapters: Sequence[Adapter], patterns: Iterable[str], groups: Iterable[Group] = ()) -> tuple[Adapter, ...]:
    """Those whose name matches one of ``patterns`` (shell style) and which are in one of ``groups``; none is for all.

    Raises :class:`AdapterError` for a pattern that matches nothing, with the nearest names, and where none is left.
    """
    named, wanted = _named(adapters, patterns), tuple(groups)
    found = tuple(adapter for adapter in named if not wanted or adapter.group in wanted)
    if named and not found:
        which = ", ".join(adapter.name for adapter in named)
        others = ",".join(group for group in Group if any(adapter.group is group for adapter in named))
        raise AdapterError(f"none of {which} is in group {' or '.join(wanted)}: they are in --group {others}")
    return found


def _named(adapters: Sequence[Adapter], patterns: Iterable[str]) -> tuple[Adapter, ...]:
    wanted = [pattern for pattern in patterns if pattern]
    if not wanted:
        return tuple(adapters)
    names = [adapter.name for adapter in adapters]
    for pattern in wanted:
        if not fnmatch.filter(names, pattern):
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
            raise AdapterError(f"no adapter matches {pattern!r}: {hint}")
    return tuple(a for a in adapters if any(fnmatch.fnmatchcase(a.name, pattern) for pattern in wanted))


def _scripts(root: Path) -> list[Path]:
    """The files that are adapters."""
    return sorted([*root.glob("frameworks/*/app*.py"), *root.glob("frameworks/*/upstream_*.py")])


def _read_script(path: Path, root: Path) -> Adapter:
    where = path.relative_to(root)
    text = _text(path, str(where))
    blocks = list(SCRIPT_BLOCK.finditer(text))
    if len(blocks) != 1:
        count = "no" if not blocks else "more than one"
        raise AdapterError(
            f"{where} has {count} PEP 723 block: begin the file with '# /// script' metadata, see docs/adapters.md"
        )
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:] for line in blocks[0]["content"].splitlines(keepends=True)
    )
    metadata = _parse(content, str(where))
    _refuse_unknown(metadata, _SCRIPT_KEYS, str(where))
    tool = _table(metadata.get("tool", {}), f"{where}: [tool]")
    uv = _check_table(tool.get("uv", {}), _UV_KEYS, f"{where}: [tool.uv]")
    own = _check_table(tool.get("pipebench", {}), _PIPEBENCH_KEYS, f"{where}: [tool.pipebench]")
    _check_scenario(own, is_upstream=path.stem.startswith("upstream_"), where=str(where))
    dependencies = _dependencies(metadata, str(where))
    own["hold"] = _hold(own.get("hold", {}), [Requirement(text).name for text in dependencies], str(where))
    own["tuning"] = _tuning(own.get("tuning", []), str(where))
    variant = path.stem.removeprefix("app").lstrip("_")
    return Adapter(
        name="-".join(filter(None, (path.parent.name, variant.replace("_", "-")))),
        path=path,
        language="python",
        requires_python=_requires_python(metadata, str(where)),
        dependencies=dependencies,
        exclude_newer=uv["exclude-newer"],
        **own,
    )


def _read_program(path: Path, root: Path) -> Adapter:
    where = path.relative_to(root)
    metadata = dict(_parse(_text(path, str(where)), str(where)))
    sources = _PROGRAMS[where.parts[0]]
    language = metadata.pop("language", None)
    if not isinstance(language, str) or language not in sources:
        raise AdapterError(f"{where}: language is {language!r}: expected one of {', '.join(sources)}")
    own = _check_table(metadata, _PIPEBENCH_KEYS, str(where))
    own["hold"] = _hold(own.get("hold", {}), [own["distribution"]], str(where))
    own["tuning"] = _tuning(own.get("tuning", []), str(where))
    _check_scenario(own, is_upstream=False, where=str(where))
    return Adapter(name=path.parent.name, path=path.with_name(sources[language]), language=language, **own)


def _text(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AdapterError(f"{where} is not UTF-8: {error}") from None


def _parse(text: str, where: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AdapterError(f"{where}: its metadata is not TOML: {error}") from None


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise AdapterError(f"{where} is {value!r}: expected a table")
    return value


def _refuse_unknown(table: Mapping[str, object], known: Iterable[str], where: str) -> None:
    names = list(known)
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(names)}"
            raise AdapterError(f"{where}: unknown key {name!r}: {hint}")


def _check_table(value: object, keys: Mapping[str, _Key], where: str) -> dict[str, Any]:
    table = _table(value, where)
    _refuse_unknown(table, keys, where)
    for name, key in keys.items():
        if key.required and name not in table:
            raise AdapterError(f"{where}: {name} is missing: expected {key.expected}")
    return {name: keys[name].check(value, f"{where}: {name}") for name, value in table.items()}


def _check_scenario(own: Mapping[str, Any], *, is_upstream: bool, where: str) -> None:
    """A file's name and its metadata say the same of its scenario, and a server that waits says what with."""
    if is_upstream is not (own.get("scenario") is Scenario.UPSTREAM):
        expected = 'scenario = "upstream"' if is_upstream else "an upstream_<variant>.py to be of scenario upstream"
        raise AdapterError(f"{where}: scenario is {str(own.get('scenario', 'pipeline'))!r}: expected {expected}")
    if is_upstream and "client" not in own:
        raise AdapterError(f"{where}: client is missing: expected {_PIPEBENCH_KEYS['client'].expected}")
    for name in _UPSTREAM_ONLY:
        if name in own and not is_upstream:
            raise AdapterError(f"{where}: {name} is of scenario upstream only")


def _hold(value: str | Mapping[str, Any], pinned: Sequence[str], where: str) -> tuple[tuple[str, str], ...]:
    """Pairs of a pinned distribution and why it is kept; a reason alone is for all of them."""
    if isinstance(value, str):
        return tuple((name, value) for name in pinned)
    for name, why in value.items():
        if canonicalize_name(name) not in map(canonicalize_name, pinned):
            expected = f"one of {', '.join(pinned)}" if pinned else "none: nothing is pinned"
            raise AdapterError(f"{where}: hold names {name!r}: expected {expected}")
        _Key("why this pin is kept").check(why, f"{where}: hold: {name}")
    return tuple(value.items())


def _tuning(values: Sequence[object], where: str) -> tuple[Tuning, ...]:
    """What a server's documentation recommends; what was not taken, or not whole, says why."""
    found = []
    for number, value in enumerate(values, start=1):
        place = f"{where}: tuning {number}"
        keys = _check_table(value, _TUNING_KEYS, place)
        if keys.get("taken") in {Taken.NO, Taken.PART} and "why" not in keys:
            raise AdapterError(f"{place}: why is missing: expected {_TUNING_KEYS['why'].expected}")
        found.append(Tuning(**{**keys, "read": keys["read"].isoformat()}))
    return tuple(found)


def _requires_python(metadata: Mapping[str, Any], where: str) -> str:
    value = metadata.get("requires-python")
    try:
        return str(SpecifierSet(value if isinstance(value, str) else "?"))
    except InvalidSpecifier:
        raise AdapterError(
            f"{where}: requires-python is {value!r}: expected a version range such as '>=3.11'"
        ) from None


def _dependencies(metadata: Mapping[str, Any], where: str) -> tuple[str, ...]:
    values = metadata.get("dependencies", [])
    if not isinstance(values, list):
        raise AdapterError(f"{where}: dependencies is {values!r}: expected a list such as ['aiohttp==3.14.5']")
    for value in values:
        try:
            pins = [s for s in Requirement(value).specifier if s.operator == "==" and not s.version.endswith(".*")]
        except (InvalidRequirement, TypeError):
            raise AdapterError(f"{where}: dependencies has {value!r}: expected a requirement with a pin") from None
        if not pins:
            raise AdapterError(f"{where}: dependencies has {value!r}: expected an exact pin, {value}==VERSION")
    return tuple(values)
