"""One key of an adapter's metadata, a table of them, and what to say where one is wrong. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from runner.errors import AdapterError
from runner.record.plaintext import plain


@dataclass(frozen=True, slots=True)
class Key:
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
        if type(value) not in types or too_little:  # by type: true is an int as well
            raise AdapterError(f"{where} is {said(value)}: expected {self.expected}")
        if isinstance(value, str) and (not value.strip() or not value.isprintable()):
            raise AdapterError(
                f"{where} is {said(value)}: expected {self.expected}, on one line and without control characters"
            )
        if self.pattern and not re.fullmatch(self.pattern, str(value), re.ASCII):
            raise AdapterError(f"{where} is {said(value)}: expected {self.expected}")
        if self.choices is None:
            return value
        try:
            return self.choices(str(value))
        except ValueError:
            raise AdapterError(f"{where} is {said(value)}: expected {self.expected}") from None


def said(value: object) -> str:
    """A value as TOML has it, near enough, and on one line."""
    match value:
        case None:
            return "missing"
        case bool():
            return str(value).lower()
        case str():
            return f"'{plain(value)}'"
        case list():
            return f"[{', '.join(map(said, value))}]"
    return plain(str(value))


def one_of(choices: type[StrEnum]) -> str:
    """What a key with choices may be, in words."""
    return "one of " + ", ".join(choices)


def table_of(value: object, where: str) -> Mapping[str, Any]:
    """The value, which must be a table."""
    if not isinstance(value, dict):
        raise AdapterError(f"{where} is {said(value)}: expected a table")
    return value


def refuse_unknown(table: Mapping[str, object], known: Iterable[str], where: str) -> None:
    """Raise :class:`AdapterError` where a table has a key that nothing reads."""
    names = list(known)
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(names)}"
            raise AdapterError(f"{where}: unknown key '{plain(name)}': {hint}")


def checked(value: object, keys: Mapping[str, Key], where: str) -> dict[str, Any]:
    """The values of a table, each as its key wants it. Raises :class:`AdapterError`."""
    table = table_of(value, where)
    refuse_unknown(table, keys, where)
    for name, key in keys.items():
        if key.required and name not in table:
            raise AdapterError(f"{where}: {name} is missing: expected {key.expected}")
    return {name: keys[name].check(value, f"{where}: {name}") for name, value in table.items()}
