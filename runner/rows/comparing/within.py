"""Two servers of one run beside each other: their trials alternate, so what the machine does hits both alike. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from runner.errors import RecordError
from runner.judging import stats
from runner.record.adapter import interpreter
from runner.record.plan import Cell, on
from runner.record.run import AdapterRecord, Run
from runner.rows import cells
from runner.rows.comparing.comparison import COST, RATE, TAIL, Allowance, Comparison, Ratios, compared
from runner.rows.comparing.pairs import Measured, Pair


def compare(measured: Measured, base: str, new: str) -> Comparison:
    """Every cell of ``new`` over the same of ``base``, by their names: an adapter, or ``ADAPTER@VARIANT``.

    The intervals of all cells hold at once, those of rates and of CPU time together. Raises :class:`RecordError` where
    a name is none of the run's, or of several servers.
    """
    run, trials = measured
    first, second = (record(run, name) for name in (base, new))
    if first is second:
        raise RecordError(f"{base} and {new} are the same server of {run.id}: name two")
    by_cell = {cell: own for cell, own in cells.by_cell(run, trials).items() if cell.limit is None}
    mine = [cell for cell in by_cell if cell.server == first.server]
    theirs = {_load(cell): cell for cell in by_cell if cell.server == second.server}
    pairs = [
        Pair(cell, other, by_cell[cell], by_cell[other], first, second)
        for cell in mine
        if (other := theirs.pop(_load(cell), None)) is not None
    ]
    if not pairs:
        raise RecordError(f"{base} and {new} were not measured under the same load in {run.id}")
    stopping, at_once = cells.stopping(run.plan), 2 * len(pairs)
    made = []
    for pair in pairs:
        ratios = [
            stats.ratio_interval(*values, stopping=stopping, comparisons=at_once) if values else None
            for values in (pair.rates, pair.costs, pair.tails)
        ]
        allowed = Allowance(stopping, at_once, dict.fromkeys((RATE, COST, TAIL)))
        made.append(compared(pair, Ratios(*ratios), allowed))
    made.sort(key=lambda one: (one.workers, one.connections, one.depth, one.headers, one.load or ""))
    paired = {pair.base_cell for pair in pairs}
    return Comparison(
        base=shown(first, run.adapters),
        new=shown(second, run.adapters),
        cells=tuple(made),
        only_base=tuple(cell.id for cell in mine if cell not in paired),
        only_new=tuple(cell.id for cell in theirs.values()),
        differs=(),
        drift=None,
        unfinished=(run.id,) if run.finished_at is None else (),
        within=run.id,
    )


def record(run: Run, name: str) -> AdapterRecord:
    """The one server of a run that is called so: ``ADAPTER``, ``ADAPTER@VARIANT``, ``@VERSION`` or ``@INTERPRETER``.

    A variant by its label, or the beginning of its revision or version; an interpreter as ``py3.14`` or ``pypy``; two
    of these with a comma between: ``aiohttp@rloop,py3.14``. A label alone (``aiohttp==3.9.5``) does where one adapter
    has it. Raises :class:`RecordError`.
    """
    adapter, _, wanted = name.partition("@")
    mine = [one for one in run.adapters if one.name == adapter]
    labelled = [one for one in run.adapters if one.variant is not None and one.variant.label == name]
    if not mine and labelled:
        mine, wanted = labelled, name
    if not mine:
        known = sorted({one.name for one in run.adapters})
        near = difflib.get_close_matches(adapter, known, n=3, cutoff=0.4) or known
        raise RecordError(f"{run.id} has no server {adapter!r}: there are {', '.join(near)}")
    found = _matching(mine, wanted)
    if len(found) != 1:
        raise RecordError(
            f"{name} is {len(found) or 'none'} of {', '.join(named(one, mine) for one in mine)} in {run.id}: "
            "name one of them"
        )
    return found[0]


def _matching(mine: Sequence[AdapterRecord], wanted: str) -> Sequence[AdapterRecord]:
    """Those that are called so, whole or by the beginning; by an interpreter alone, one that is no variant."""
    if not wanted:
        return [one for one in mine if one.variant is None]
    ways: tuple[Callable[[str, str], bool], ...] = (str.__eq__, str.startswith)
    for parts, fits in product(([wanted], wanted.split(",")), ways):
        found = [one for one in mine if all(any(fits(name, part) for name in callings(one)) for part in parts)]
        if found:
            plain = [one for one in found if one.variant is None]
            return plain if plain and all(part.startswith("py") for part in parts) else found
    return []


def named(one: AdapterRecord, among: Sequence[AdapterRecord]) -> str:
    """What to call a server by, on a command line; with its interpreter where others are called so too."""
    parts = [one.variant.label] if one.variant else []
    if one.python and _elsewhere(one, among):
        parts.append(on(one.python))
    return f"{one.name}@{','.join(parts)}" if parts else one.name


def shown(one: AdapterRecord, among: Sequence[AdapterRecord]) -> str:
    """What to call a server in a text."""
    if one.variant is None:
        return f"{one.name} on {interpreter(one.python)}" if one.python else one.name
    return named(one, among)


def _elsewhere(one: AdapterRecord, among: Sequence[AdapterRecord]) -> bool:
    """Whether another is the same on another interpreter."""
    return any((other.name, other.server[2]) == (one.name, one.server[2]) and other is not one for other in among)


def callings(one: AdapterRecord) -> tuple[str, ...]:
    """All that a server may be called by, behind its adapter's name."""
    names = [one.version or "", on(one.python) if one.python else ""]
    if one.variant is not None:
        label = one.variant.label
        names += [label, label.partition("@")[2], label.partition("==")[2]]
        names += [change.source.commit or "" for change in one.variant.changes if change.source is not None]
    return tuple(filter(None, names))


def _load(cell: Cell) -> Cell:
    return replace(cell, adapter="", python=None, variant=None)
