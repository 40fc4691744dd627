"""What failed in a run: the verdict, what was seen, the errors of the log and where in it they stand. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from runner.judging import verdict
from runner.record.plan import Cell, Purpose
from runner.record.trial import LogError, Trial, Verdict
from runner.rows.row import Row


@dataclass(frozen=True, slots=True)
class Failed:
    """A row without a rate: how many of its trials failed, its distinct errors, and the log that shows them.

    ``check``: requests sent and responses received in the first batch that failed the check. ``log`` is the name of a
    log in the record.
    """

    row: Row
    failed_trials: int
    verdicts: tuple[tuple[Verdict, int], ...]
    check: tuple[int, int] | None
    errors: tuple[LogError, ...]
    log: str | None


def failures(rows: Sequence[Row], trials: Sequence[Trial]) -> tuple[Failed, ...]:
    """One for each row whose server was there and failed, in the order of the rows."""
    failed = {cell: row for row in rows if not row.verdict.has_rate and (cell := row.cell) is not None}
    by_cell: dict[Cell, list[Trial]] = defaultdict(list)
    for trial in trials:
        if trial.cell in failed and trial.purpose is not Purpose.WITNESS:
            by_cell[trial.cell].append(trial)
    return tuple(_failed(row, by_cell[cell]) for cell, row in failed.items())


def _failed(row: Row, trials: Sequence[Trial]) -> Failed:
    bad = [(trial, found.verdict) for trial in trials if not (found := verdict.of_trial(trial)).verdict.has_rate]
    counts: Counter[str] = Counter()
    for trial, _ in bad:
        for error in trial.errors:
            counts[error.text] += error.count
    telling = [trial for trial, _ in bad if trial.log and trial.errors] or [trial for trial, _ in bad if trial.log]
    checks = [trial.check for trial, _ in bad if trial.check is not None and trial.check.failure is not None]
    return Failed(
        row=row,
        failed_trials=len(bad),
        verdicts=tuple(Counter(found for _, found in bad).most_common()),
        check=(checks[0].sent, checks[0].received) if checks else None,
        errors=tuple(LogError(text, count) for text, count in counts.items()),
        log=telling[0].log if telling else None,
    )
