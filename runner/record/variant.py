"""An adapter with something about its environment changed: a release, a working copy, a setting of its process."""

from __future__ import annotations

from dataclasses import dataclass

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
