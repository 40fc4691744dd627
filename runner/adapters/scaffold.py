"""A new adapter, begun from one that works: its file under another name, with metadata of its own.

There are no templates that could grow stale: an adapter that is a good beginning says so in its own metadata
(``template = "asgi"``), is measured and checked like all others, and is what a new one is copied from.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from runner.adapters import metadata
from runner.errors import AdapterError
from runner.record.adapter import Adapter, Kind, Scenario
from runner.record.plaintext import plain

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OF_ITS_OWN = ("template", "group", "known_failure", "ranked", "hold", "remark")
"""Keys that say something of the one adapter that has them, and so are not handed on."""


PLACEHOLDER = "https://example.org"
"""The homepage of an adapter whose own is not known yet; a test refuses it in the tree."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new adapter shall be; ``None``: as in the one that it is begun from.

    ``requirement`` is one more pinned distribution, ``name==version``, whose version the tables then show. A homepage
    that is not given is :data:`PLACEHOLDER` where the new adapter is of another project than its beginning.
    ``beside`` is the folder below ``frameworks/`` that it is one more way to run, whose name its own begins with and
    whose homepage it has.
    """

    name: str
    title: str | None = None
    kind: Kind | None = None
    homepage: str | None = None
    requirement: str | None = None
    of_another_project: bool = False
    beside: str | None = None


def templates(found: Iterable[Adapter]) -> Mapping[str, Adapter]:
    """The adapters that offer themselves as a beginning, by the word they do it with."""
    return {adapter.template: adapter for adapter in found if adapter.template}


def begin_from(found: Sequence[Adapter], word: str) -> Adapter:
    """The adapter that ``word`` names: one of :func:`templates`, or any adapter by its name."""
    offered = templates(found)
    if word in offered:
        return offered[word]
    for adapter in found:
        if adapter.name == word:
            return adapter
    raise AdapterError(f"--from '{plain(word)}': expected {', '.join(sorted(offered))}, or the name of an adapter")


def create(wish: Wish, source: Adapter, root: Path) -> tuple[Path, ...]:
    """Write the files of a new adapter, and return them: the program first. Nothing that exists is overwritten.

    All or nothing: they are written beside the project first and read back as an adapter. Raises :class:`AdapterError`.
    """
    if source.problem:
        raise AdapterError(source.problem)
    if not _NAME.fullmatch(wish.name) or len(wish.name) > metadata.MAX_NAME:
        raise AdapterError(
            f"'{plain(wish.name)}' is no name for an adapter: expected lower-case words, as my-server, "
            f"of at most {metadata.MAX_NAME} letters together"
        )
    taken = {adapter.name: adapter for adapter in metadata.discover(root)}
    if wish.name in taken:
        where = taken[wish.name].path.relative_to(root)
        raise AdapterError(f"there is an adapter '{wish.name}' already, {where}: choose another name")
    _check_requirement(wish, source)
    if wish.beside is not None and wish.homepage is None:
        theirs = (one.homepage for one in taken.values() if one.path.parent.name == wish.beside)
        wish = replace(wish, homepage=next(theirs, None))
    files = _files(wish, source, root)
    folder = next(iter(files)).parent
    target = next(iter(files)) if wish.beside else folder
    if (root / target).exists():
        raise AdapterError(f"{target} exists already: choose another name, or remove it")
    if not (root / target.parent).is_dir():
        raise AdapterError(f"--beside {plain(str(wish.beside))}: there is no folder {target.parent}")
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=root) as made:
            staged = Path(made)
            for path, content in files.items():
                (staged / path).parent.mkdir(parents=True, exist_ok=True)
                (staged / path).write_text(content, encoding="utf-8")
            _read_back(wish, staged, source, root)
            (staged / target).rename(root / target)
    except OSError as error:
        raise AdapterError(f"cannot write {root / target}: {error.strerror}") from None
    return tuple(root / path for path in files)


def _files(wish: Wish, source: Adapter, root: Path) -> dict[Path, str]:
    """The content of each file of a new adapter by its path in the project, the program first."""
    begun = source.path.relative_to(root).as_posix() if source.path.is_relative_to(root) else source.path.name
    text = source.path.read_text(encoding="utf-8")
    if source.language == "python":
        server = source.name if source.kind is Kind.SERVER and wish.kind is Kind.FRAMEWORK else None
        path = _script_path(wish, source)
        # A server that imports its application by name imports the file that it is in.
        own = text.replace(f'"{source.path.stem}:', f'"{path.stem}:')
        return {path: script(own, wish, begun, server)}
    if wish.beside:
        raise AdapterError(f"--beside is for Python files: {source.name} has a folder of its own")
    folder = Path(source.path.parent.parent.name) / wish.name
    own = source.path.with_name("adapter.toml").read_text(encoding="utf-8")
    beside = (path for path in sorted(source.path.parent.iterdir()) if path.is_file())
    return {
        folder / source.path.name: _leading_comment(text, f"// {wish.name}: begun from {begun}."),
        **{folder / path.name: path.read_text(encoding="utf-8") for path in beside if path != source.path},
        folder / "adapter.toml": "".join(_metadata(own.splitlines(keepends=True), wish, prefix="")),
    }


def _script_path(wish: Wish, source: Adapter) -> Path:
    """``app.py`` in a folder of its own, or beside others; of a server that waits, whose file says so, its variant."""
    frameworks = Path("frameworks")
    if wish.beside is not None:
        variant = wish.name.removeprefix(f"{wish.beside}-")
        if variant == wish.name or source.scenario is not Scenario.PIPELINE:
            raise AdapterError(f"--beside {plain(wish.beside)}: expected a name such as {plain(wish.beside)}-VARIANT")
        return frameworks / wish.beside / f"app_{variant.replace('-', '_')}.py"
    if source.scenario is Scenario.PIPELINE:
        return frameworks / wish.name / "app.py"
    parts = re.fullmatch(r"(.+?)-upstream-(.+)", wish.name)
    if parts is None:
        raise AdapterError(
            f"{source.name} waits for an upstream, and the name of such an adapter says so: "
            f"pipebench new {wish.name}-upstream-async --from {source.name}"
        )
    return frameworks / parts[1] / f"upstream_{parts[2].replace('-', '_')}.py"


def _read_back(wish: Wish, staged: Path, source: Adapter, root: Path) -> None:
    """Refuse what could not be read as the adapter that it is to be."""
    if source.language == "go":  # its module is beside it
        shutil.copy(root / "go" / "go.mod", staged / "go" / "go.mod")
    found = metadata.discover(staged)
    problem = next((one.problem for one in found if one.problem), None)
    if problem is None and [one.name for one in found] != [wish.name]:
        problem = f"it would be called {', '.join(one.name for one in found)}"
    if problem is not None:
        raise AdapterError(f"'{wish.name}' cannot be begun from {source.name}: {problem}: nothing was written")


def script(text: str, wish: Wish, begun: str, server: str | None = None) -> str:
    """A Python adapter's text as that of another adapter; ``begun`` names the file that it comes from.

    ``server``: the adapter of the server that the new one runs on, where it is not one itself.
    """
    lines = _metadata(text.splitlines(keepends=True), wish, prefix="# ", server=server)
    return _docstring("".join(lines), wish.name, begun)


def _metadata(lines: Sequence[str], wish: Wish, prefix: str, server: str | None = None) -> Iterable[str]:
    values = {
        "title": wish.title or wish.name,
        "kind": wish.kind,
        "homepage": wish.homepage or (PLACEHOLDER if wish.of_another_project else None),
        "distribution": Requirement(wish.requirement).name if wish.requirement else None,
    }
    more = _toml(wish.requirement) if wish.requirement else None
    ended = False
    for line in _without_tuning(lines, prefix):
        key = re.match(re.escape(prefix) + r"([\w-]+) = ", line) if not ended else None
        ended = ended or line.rstrip() == "# ///"
        if key is None:
            yield line
        elif key[1] == "dependencies" and more:
            yield re.sub(r"\[(.*)\]", lambda found: f"[{', '.join(filter(None, (found[1], more)))}]", line)
        elif values.get(key[1]) is not None:
            yield f"{prefix}{key[1]} = {_toml(values[key[1]])}\n"
            if key[1] == "kind" and server is not None:
                yield f"{prefix}runs_on = {_toml(server)}\n"
        elif key[1] not in _OF_ITS_OWN:
            yield line


def _without_tuning(lines: Sequence[str], prefix: str) -> Iterator[str]:
    """The lines but for the tables of what another server's documentation recommends, which stand last."""
    table = re.compile(rf"{re.escape(prefix)}\[\[.*tuning\]\]")
    skipping = False
    for line, following in zip(lines, (*lines[1:], ""), strict=True):
        empty = line.strip() in {"", prefix.strip()}
        begins = table.match(line) or (empty and table.match(following))
        skipping = (skipping or bool(begins)) and line.rstrip() != "# ///"
        if not skipping:
            yield line


def _docstring(text: str, name: str, begun: str) -> str:
    own = f'"""{name}: begun from {begun}."""\n'
    module = ast.parse(text)
    first = module.body[0]
    lines = text.splitlines(keepends=True)
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return "".join((*lines[: first.lineno - 1], own, *lines[first.end_lineno :]))
    return "".join((*lines[: first.lineno - 1], own, "\n", *lines[first.lineno - 1 :]))


def _leading_comment(text: str, own: str) -> str:
    lines = text.splitlines(keepends=True)
    begin = next((n for n, line in enumerate(lines) if not line.startswith("//")), len(lines))
    return "".join((own + "\n", *lines[begin:]))


def _check_requirement(wish: Wish, source: Adapter) -> None:
    if wish.requirement is None:
        return
    if source.language != "python":
        raise AdapterError(f"--requirement names a Python distribution, {source.name} is written in {source.language}")
    try:
        pins = list(Requirement(wish.requirement).specifier)
    except InvalidRequirement:
        pins = []
    if len(pins) != 1 or pins[0].operator != "==":
        raise AdapterError(
            f"--requirement '{plain(wish.requirement)}': expected a name with an exact pin, as aiohttp==3.14.5"
        )


def _toml(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
