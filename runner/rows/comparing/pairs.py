"""Which cells of two runs, or of two servers of one run, stand beside each other, and what of them may be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from runner.record.plan import Cell
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Trial, Verdict
from runner.rows import cells
from runner.rows.cells import CellTrials

Measured = tuple[Run, Sequence[Trial]]
"""A run and its trials."""

Key = tuple[Cell, Cell]
Values = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell in both runs, with its adapter as each of them used it."""

    base_cell: Cell
    new_cell: Cell
    base: CellTrials
    new: CellTrials
    base_record: AdapterRecord
    new_record: AdapterRecord

    @property
    def key(self) -> Key:
        """Its two cells."""
        return self.base_cell, self.new_cell

    @property
    def unchanged(self) -> bool:
        """Whether file, packages and interpreter are the same in both."""
        first, second = self.base_record, self.new_record
        return (first.sha256, first.installed, first.python) == (second.sha256, second.installed, second.python)

    @property
    def warmed_alike(self) -> bool:
        """Whether both sides were warm, or loaded for as long before: what still compiles is no match for what has."""
        return _cold_s(self.base_record, self.base.used) == _cold_s(self.new_record, self.new.used)

    @property
    def verdicts(self) -> tuple[Verdict, Verdict]:
        """What the figures of either side are worth."""
        return self.base.found.verdict, self.new.found.verdict

    @property
    def rates(self) -> Values | None:
        """Nothing where either is a bound: that compares load generators."""
        comparable = (
            self.warmed_alike
            and not self.base_cell.is_paced
            and all(verdict.has_rate and verdict is not Verdict.GENERATOR_BOUND for verdict in self.verdicts)
        )
        return (self.base.rates, self.new.rates) if comparable else None

    @property
    def costs(self) -> Values | None:
        """CPU time a request of either side, where both worked."""
        comparable = self.warmed_alike and not self.base_cell.is_paced
        comparable = comparable and all(verdict.has_rate for verdict in self.verdicts)
        return (cells.cpu_costs_us(self.base.used), cells.cpu_costs_us(self.new.used)) if comparable else None

    @property
    def tails(self) -> Values | None:
        """The p99 of each trial of a paced cell, in microseconds, where both sides held the load."""
        held = all(verdict is Verdict.MEASURED for verdict in self.verdicts)
        if not (self.base_cell.is_paced and held and self.warmed_alike):
            return None
        return cells.tails_us(self.base.used), cells.tails_us(self.new.used)


def pairs_of(base: Measured, new: Measured) -> tuple[list[Pair], list[Cell], list[Cell]]:
    """Cells that match, and those that do not. An interpreter's release matters where a run has several of them."""
    first, second = (
        {cell: own for cell, own in cells.by_cell(*one).items() if cell.limit is None} for one in (base, new)
    )
    records = [{one.server: one for one in run.adapters} for run, _ in (base, new)]
    pythons = [_pythons(cells) for cells in (first, second)]
    waiting = dict(second)
    pairs, alone = [], []
    for cell, own in first.items():
        match = _match(cell, waiting, pythons)
        if match is None:
            alone.append(cell)
            continue
        found = waiting.pop(match)
        before = records[0][cell.server]
        pairs.append(Pair(cell, match, own, found, before, records[1][match.server]))
    return pairs, alone, list(waiting)


def _pythons(cells: Mapping[Cell, CellTrials]) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for cell in cells:
        found.setdefault(cell.adapter, set()).add(cell.python)
    return found


def _match(
    cell: Cell, among: Mapping[Cell, CellTrials], pythons: Sequence[Mapping[str, set[str | None]]]
) -> Cell | None:
    if cell in among:
        return cell
    if any(len(found.get(cell.adapter, ())) != 1 for found in pythons):
        return None
    wanted = replace(cell, python=None)
    return next((one for one in among if replace(one, python=None) == wanted), None)


def _cold_s(record: AdapterRecord, trials: Sequence[Trial]) -> float | None:
    """How long a runtime that compiles was loaded before, in seconds, where most trials began before it was warm.

    ``None`` where it was warm, or compiles nothing.
    """
    settled = sum(1 for one in trials if one.warm_up is not None and one.warm_up.settled)
    if not record.compiles or 2 * settled > len(trials):
        return None
    return max((one.warm_up.step_s * len(one.warm_up.rates) for one in trials if one.warm_up is not None), default=0.0)
