"""The formats in which a run is printed, by the names that ``pipebench report --format`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner.record import store
from runner.record.adapter import Scenario
from runner.record.run import Run
from runner.record.store import Damage
from runner.record.trial import Trial
from runner.report.tables import brief, seed_2017, standard, upstream
from runner.rows.row import Row
from runner.rows.rows import rows

if TYPE_CHECKING:
    from rich.console import RenderableType

    from runner.report.charts.charts import Picture

ReadLog = Callable[[str], str | None]
"""A log of the record by its name, ``None`` where it is not kept."""


@dataclass(frozen=True, slots=True)
class Report:
    """A run, its trials, the rows derived from them, its logs, and the command that completes it."""

    run: Run
    trials: Sequence[Trial]
    rows: Sequence[Row]
    read_log: ReadLog
    resume: str | None = None
    damage: Damage | None = None

    @classmethod
    def read(cls, folder: Path, *, skip_damaged: bool = False) -> Report:
        """Read a run's folder and derive the rows; what of the record is damaged and was left out is ``damage``."""
        run, trials, damage = store.read_past_damage(folder) if skip_damaged else (*store.read(folder), None)
        return cls(
            run, trials, rows(run, trials), partial(store.read_log, folder), store.resume_command(folder), damage
        )


def printed(report: Report, name: str) -> str:
    """A report in one of the formats of :data:`PRINTERS`."""
    return PRINTERS[name](report)


def terminal(report: Report) -> list[RenderableType]:
    """The tables of a report for rich, as its scenario has them."""
    layout = upstream.layout if _waits(report) else standard.layout
    return standard.terminal(report.run, report.rows, layout(report.run), report.resume)


def _markdown(report: Report) -> str:
    markdown = upstream.markdown if _waits(report) else standard.markdown
    return markdown(report.run, report.rows)


def _waits(report: Report) -> bool:
    return report.run.plan.scenario is Scenario.UPSTREAM


def html(report: Report, pictures: Sequence[Picture]) -> str:
    """The page of a report."""
    from runner.report.pages import page  # noqa: PLC0415 - charts are drawn only where they are wanted

    return page.render(report.run, report.rows, report.trials, report.read_log, pictures)


def pictures(report: Report) -> tuple[Picture, ...]:
    """The charts of a report, drawn."""
    from runner.report.charts import charts  # noqa: PLC0415

    return charts.pictures(report.run, report.rows, report.trials)


PRINTERS: Mapping[str, Callable[[Report], str]] = {
    "markdown": _markdown,
    "brief": lambda report: brief.markdown(report.run, report.rows),
    "csv": lambda report: standard.as_csv(report.rows),
    "json": lambda report: standard.as_json(report.run, report.rows),
    "html": lambda report: html(report, pictures(report)),
    "seed": lambda report: standard.seed_table(report.rows),
    "seed-2017": lambda report: seed_2017.table(report.run, report.rows),
    "witness": lambda report: standard.witness_table(report.rows),
    "upstream": lambda report: upstream.markdown(report.run, report.rows),
}
