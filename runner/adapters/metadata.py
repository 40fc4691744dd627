"""``frameworks/`` and ``go/`` as adapters: discovery, validation of metadata, selection by name.

An adapter's metadata stands at its top: PEP 723 inline script metadata in Python files, the same keys in
``adapter.toml`` beside a program in another language.

What is wrong with one adapter ends only what names it: it is found with its ``problem`` in place of its metadata.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from runner.adapters.keys import Key, checked, one_of, refuse_unknown, said, table_of
from runner.errors import AdapterError
from runner.record.adapter import Adapter, Body, Client, Group, Kind, Scenario, Taken, Tuning
from runner.record.plaintext import plain

MAX_NAME = 64
FEW = 12
"""So many names are told one by one."""
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}")
SCRIPT_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""PEP 723's reference expression, for the one type of block we read."""


_PIPEBENCH_KEYS = {
    "title": Key("the name that tables show", required=True),
    "distribution": Key("the distribution or module whose version tables show", required=True),
    "kind": Key(one_of(Kind), choices=Kind, required=True),
    "homepage": Key("the project's address", required=True),
    "scenario": Key(one_of(Scenario), choices=Scenario),
    "group": Key(one_of(Group), choices=Group),
    "template": Key("the word by which pipebench new --from begins with this adapter", pattern=r"[a-z0-9-]+"),
    "ranked": Key("true or false", is_a=bool),
    "known_failure": Key("why this adapter is known to fail"),
    "client": Key(one_of(Client), choices=Client),
    "max_clients": Key("the number of requests that its client has under way at once by default", is_a=int, least=1),
    "hold": Key("why all pins are kept, or a table of those that are, { uvloop = 'why' }", is_a=(str, dict)),
    "body": Key(f"{one_of(Body)}: what the text of GET / is handed over as", choices=Body),
    "compiles": Key("true or false: whether its runtime compiles while it serves", is_a=bool),
    "remark": Key("what its user would not get without doing the same"),
    "runs_on": Key("the adapter of the server that this framework runs on", pattern=r"[a-z0-9-]+"),
    "debian": Key(
        "names of Debian's packages, with spaces between", pattern=r"[a-z0-9][a-z0-9+.-]+( [a-z0-9][a-z0-9+.-]+)*"
    ),
    "embeds": Key("true or false: whether its program starts a Python inside of itself", is_a=bool),
    "loop": Key("the module of its event loop where LOOP names none", pattern=r"[a-z0-9_]+"),
    "loops": Key(
        "the loops that it takes, with spaces between, where it does not take every one", pattern=r"[a-z0-9_ ]+"
    ),
    "tuning": Key("tables, [[tool.pipebench.tuning]] or [[tuning]], of what the documentation recommends", is_a=list),
}
_TUNING_KEYS = {
    "advice": Key("what the page recommends for throughput", required=True),
    "page": Key("the address of a page", pattern=r"https?://\S+", required=True),
    "read": Key("the day it was read, 2026-11-26 without quotes", is_a=date, required=True),
    "taken": Key(f"{one_of(Taken)}, or left out where the page recommends nothing", choices=Taken),
    "why": Key("why it was not taken, or not whole"),
}
_UPSTREAM_ONLY = ("client", "max_clients")
_UV_KEYS = {
    "exclude-newer": Key(
        "a time such as 2026-11-20T00:00:00Z",
        pattern=r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?",
    )
}
_SCRIPT_KEYS = ("requires-python", "dependencies", "tool")
"""All that PEP 723 allows at the top."""
_BESIDE = {"rust": ("Cargo.toml",), "go": ("../go.mod",)}
"""What a language needs beside its source."""
_PROGRAMS = {"go": {"go": "main.go"}, "frameworks": {"node": "main.mjs", "rust": "main.rs"}}
"""Folder, language and source of what is not Python. Go programs share a module, and so have a folder of their own."""


def discover(root: Path) -> tuple[Adapter, ...]:
    """All adapters below ``root``, by name. What is wrong with one is its ``problem``: file, key, what was expected."""
    found = [_read(path, root) for path in _scripts(root)]
    found += [_read(path, root) for top in _PROGRAMS for path in sorted(root.glob(f"{top}/*/adapter.toml"))]
    for folder in sorted(root.glob("frameworks/*/")):
        if any(folder.glob("*.py")) and not any(path.parent == folder for path in _scripts(root)):
            what = "has no app.py: an adapter is app.py, app_<variant>.py or upstream_<variant>.py"
            found.append(_broken(folder / "app.py", f"{plain(str(folder.relative_to(root)))} {what}"))
    named: dict[str, list[Adapter]] = {}
    for adapter in found:
        named.setdefault(adapter.name, []).append(adapter)
    return tuple(_one(name, members, root) for name, members in sorted(named.items()))


def _one(name: str, members: Sequence[Adapter], root: Path) -> Adapter:
    """The adapter of a name, which is none where several files have it."""
    if len(members) == 1:
        return members[0]
    files = " and ".join(str(member.path.relative_to(root)) for member in members)
    return replace(members[0], problem=f"{files} are both called '{name}': rename one of them")


def _read(path: Path, root: Path) -> Adapter:
    try:
        adapter = _read_program(path, root) if path.suffix == ".toml" else _read_script(path, root)
    except AdapterError as error:
        return _broken(path, str(error))
    if _NAME.fullmatch(adapter.name):
        return adapter
    where, name = plain(str(path.relative_to(root))), plain(adapter.name)
    expected = f"at most {MAX_NAME} letters, digits, dots, dashes and underscores"
    return _broken(path, f"{where}: its folder and file make the name '{name}': expected {expected}")


def _broken(path: Path, problem: str) -> Adapter:
    """What stands for an adapter that cannot be read: its name, and a guess at what else its tables need."""
    name = plain(_name_of(path) if path.suffix == ".py" else path.parent.name)
    return Adapter(
        name=name,
        path=path,
        language="?",
        title=name,
        distribution="?",
        kind=Kind.FRAMEWORK,
        homepage="",
        scenario=Scenario.UPSTREAM if path.stem.startswith("upstream_") else Scenario.PIPELINE,
        problem=problem,
    )


def by_path(text: str) -> Adapter:
    """The adapter at a path, a Python file or a folder with ``app.py`` or ``adapter.toml``; it may stand anywhere.

    Raises :class:`AdapterError` where it is none.
    """
    path = Path(text).absolute()
    if path.is_dir():
        path = next((path / name for name in ("app.py", "adapter.toml") if (path / name).exists()), path / "app.py")
    if path.suffix not in {".py", ".toml"}:
        raise AdapterError(f"{text} is no adapter: give its Python file, its adapter.toml, or the folder of either")
    found = _read(path.resolve(), path.resolve().parent.parent)
    if found.problem:
        raise AdapterError(found.problem)
    return found


def select(adapters: Sequence[Adapter], patterns: Iterable[str], groups: Iterable[Group] = ()) -> tuple[Adapter, ...]:
    """Those whose name matches one of ``patterns`` (shell style) and which are in one of ``groups``; none is for all.

    Raises :class:`AdapterError` for a pattern that matches nothing, with the nearest names, and where none is left.
    """
    named, wanted = _named(adapters, patterns), tuple(groups)
    found = tuple(one for one in named if not wanted or one.group in wanted or one.problem)
    if named and not found:
        which = ", ".join(adapter.name for adapter in named)
        others = ",".join(group for group in Group if any(adapter.group is group for adapter in named))
        raise AdapterError(f"none of {which} is in group {' or '.join(wanted)}: they are in --group {others}")
    return found


def _named(adapters: Sequence[Adapter], patterns: Iterable[str]) -> tuple[Adapter, ...]:
    wanted = [pattern for pattern in patterns if pattern]
    if not wanted:
        return tuple(adapters)
    paths = [by_path(pattern) for pattern in wanted if _is_path(pattern)]
    wanted = [pattern for pattern in wanted if not _is_path(pattern)]
    names = [adapter.name for adapter in adapters]
    for pattern in wanted:
        if not fnmatch.filter(names, pattern):
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.4)
            there = f"there are {', '.join(names)}" if len(names) <= FEW else f"pipebench list names all {len(names)}"
            hint = f"did you mean {' or '.join(near)}?" if near else there
            raise AdapterError(f"no adapter matches '{plain(pattern)}': {hint}")
    chosen = [a for a in adapters if any(fnmatch.fnmatchcase(a.name, pattern) for pattern in wanted)]
    for adapter in chosen:
        if adapter.problem and adapter.name in wanted:
            raise AdapterError(adapter.problem)
    for one in paths:
        other = next((adapter for adapter in adapters if adapter.name == one.name), None)
        if other is not None and other.path.resolve() != one.path:
            raise AdapterError(f"{one.path} is called '{one.name}' as one of ours is: rename its folder or its file")
        if one.name not in [adapter.name for adapter in chosen]:
            chosen.append(other or one)
    return tuple(chosen)


def _is_path(pattern: str) -> bool:
    return "/" in pattern or pattern.endswith((".py", ".toml"))


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
    refuse_unknown(metadata, _SCRIPT_KEYS, str(where))
    tool = table_of(metadata.get("tool", {}), f"{where}: [tool]")
    uv = checked(tool.get("uv", {}), _UV_KEYS, f"{where}: [tool.uv]")
    own = checked(tool.get("pipebench", {}), _PIPEBENCH_KEYS, f"{where}: [tool.pipebench]")
    _check_scenario(own, is_upstream=path.stem.startswith("upstream_"), where=str(where))
    dependencies = _dependencies(metadata, str(where))
    _check_cut_off(uv.get("exclude-newer"), dependencies, str(where))
    own["hold"] = _hold(own.get("hold", {}), [Requirement(text).name for text in dependencies], str(where))
    own["tuning"] = _tuning(own.get("tuning", []), str(where))
    return Adapter(
        name=_name_of(path),
        path=path,
        language="python",
        requires_python=_requires_python(metadata, str(where)),
        dependencies=dependencies,
        exclude_newer=uv.get("exclude-newer"),
        **own,
    )


def _name_of(path: Path) -> str:
    """The name of the adapter in a Python file: that of its folder, and of its variant."""
    variant = path.stem.removeprefix("app").lstrip("_")
    return "-".join(filter(None, (path.parent.name, variant.replace("_", "-"))))


def _check_cut_off(value: str | None, dependencies: Sequence[str], where: str) -> None:
    """What is installed has a cut-off, and that is a time."""
    if value is None:
        if dependencies:
            raise AdapterError(
                f"{where}: [tool.uv]: exclude-newer is missing: expected {_UV_KEYS['exclude-newer'].expected}"
            )
        return
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise AdapterError(f'{where}: [tool.uv]: exclude-newer is "{value}": no such time: {error}') from None


def _read_program(path: Path, root: Path) -> Adapter:
    where = path.relative_to(root)
    metadata = dict(_parse(_text(path, str(where)), str(where)))
    sources = _PROGRAMS.get(where.parts[0]) or {name: file for one in _PROGRAMS.values() for name, file in one.items()}
    language = metadata.pop("language", None)
    if not isinstance(language, str) or language not in sources:
        raise AdapterError(f"{where}: language is {said(language)}: expected one of {', '.join(sources)}")
    own = checked(metadata, _PIPEBENCH_KEYS, str(where))
    own["hold"] = _hold(own.get("hold", {}), [own["distribution"]], str(where))
    own["tuning"] = _tuning(own.get("tuning", []), str(where))
    _check_scenario(own, is_upstream=False, where=str(where))
    for name in (sources[language], *_BESIDE.get(language, ())):
        _check_file(path.parent / name, str(where.parent / name))
    return Adapter(name=path.parent.name, path=path.with_name(sources[language]), language=language, **own)


def _text(path: Path, where: str) -> str:
    _check_file(path, where)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise AdapterError(f"{where} is not UTF-8: {error}") from None
    except OSError as error:
        raise AdapterError(f"{where} cannot be read: {error.strerror}") from None
    if text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
        raise AdapterError(f"{where} begins with a byte order mark, which is not seen: save it as UTF-8 without one")
    return text


def _check_file(path: Path, where: str) -> None:
    """A program is a file: to read a pipe or a device would wait for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        what = "is a link to nothing" if path.is_symlink() else "is missing"
        raise AdapterError(f"{where} {what}: an adapter is a file there") from None
    except OSError as error:
        raise AdapterError(f"{where} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no file"
        raise AdapterError(f"{where} is {what}: an adapter is a file there")


def _parse(text: str, where: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AdapterError(f"{where}: its metadata is not TOML: {error}") from None


def _check_scenario(own: Mapping[str, Any], *, is_upstream: bool, where: str) -> None:
    """A file's name and its metadata say the same of its scenario, and a server that waits says what with."""
    if is_upstream is not (own.get("scenario") is Scenario.UPSTREAM):
        expected = 'scenario = "upstream"' if is_upstream else "an upstream_<variant>.py to be of scenario upstream"
        raise AdapterError(f"{where}: scenario is '{own.get('scenario', 'pipeline')}': expected {expected}")
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
            raise AdapterError(f"{where}: hold names '{plain(name)}': expected {expected}")
        Key("why this pin is kept").check(why, f"{where}: hold: {name}")
    return tuple(value.items())


def _tuning(values: Sequence[object], where: str) -> tuple[Tuning, ...]:
    """What a server's documentation recommends; what was not taken, or not whole, says why."""
    found = []
    for number, value in enumerate(values, start=1):
        place = f"{where}: tuning {number}"
        keys = checked(value, _TUNING_KEYS, place)
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
            f"{where}: requires-python is {said(value)}: expected a version range such as '>=3.11'"
        ) from None


def _dependencies(metadata: Mapping[str, Any], where: str) -> tuple[str, ...]:
    values = metadata.get("dependencies", [])
    if not isinstance(values, list):
        raise AdapterError(f"{where}: dependencies is {said(values)}: expected a list such as ['aiohttp==3.14.5']")
    for value in values:
        try:
            pins = [s for s in Requirement(value).specifier if s.operator == "==" and not s.version.endswith(".*")]
        except (InvalidRequirement, TypeError):
            raise AdapterError(f"{where}: dependencies has {said(value)}: expected a requirement with a pin") from None
        if not pins:
            raise AdapterError(f"{where}: dependencies has {said(value)}: expected an exact pin, {value}==VERSION")
    return tuple(values)
