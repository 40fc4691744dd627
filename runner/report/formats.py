"""The formats in which a run is printed, by the names that ``pipebench report --format`` takes."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from runner import project
from runner.errors import RecordError
from runner.explaining import view
from runner.explaining.view import View
from runner.record import store
from runner.record.adapter import Scenario
from runner.record.beside.explained import Explained
from runner.record.plan import Generator
from runner.record.run import Run
from runner.record.store import Damage
from runner.record.trial import Trial
from runner.report import quoting
from runner.report.explained import flames as explained_flames
from runner.report.explained import tables as explained_tables
from runner.report.tables import brief, seed_2017, seeds, standard, upstream
from runner.rows.row import Row
from runner.rows.rows import rows

if TYPE_CHECKING:
    from rich.console import RenderableType

    from runner.report.charts.charts import Picture
    from runner.report.charts.drawing import Drawing

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
    explained: tuple[Explained, ...] = ()

    @classmethod
    def read(cls, folder: Path, *, skip_damaged: bool = False) -> Report:
        """Read a run's folder and derive the rows; what of the record is damaged and was left out is ``damage``."""
        run, trials, damage = store.read_past_damage(folder) if skip_damaged else (*store.read(folder), None)
        return cls(
            run,
            trials,
            rows(run, trials),
            partial(store.read_log, folder),
            store.resume_command(folder),
            damage,
            store.read_explained(folder),
        )

    def only(self, patterns: Sequence[str]) -> Report:
        """The rows of adapters whose name matches one of these, with the ranks that they have among all.

        Raises :class:`RecordError` for a pattern that matches no adapter of the run.
        """
        names = [record.name for record in self.run.adapters]
        for pattern in patterns:
            if not fnmatch.filter(names, pattern):
                raise RecordError(f"no adapter of {self.run.id} matches {pattern!r}: it has {', '.join(names)}")
        chosen = {name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
        run = self.run
        return replace(
            self,
            run=replace(
                run,
                adapters=tuple(record for record in run.adapters if record.name in chosen),
                conformance=tuple(one for one in run.conformance if one.adapter in chosen),
                cells=tuple(cell for cell in run.cells if cell.adapter in chosen),
            ),
            trials=[trial for trial in self.trials if trial.cell.adapter in chosen],
            rows=[row for row in self.rows if row.adapter in chosen],
            explained=tuple(one for one in self.explained if one.adapter in chosen),
        )

    def views(self) -> tuple[View, ...]:
        """The servers that were explained."""
        return view.views(self.run, self.trials, self.rows, self.explained)


def printed(report: Report, name: str, columns: Sequence[str] = ()) -> str:
    """A report in one of the formats of :data:`PRINTERS`; of its Markdown, with some of the columns alone.

    Raises :class:`RecordError` for a format that shows what this run does not hold.
    """
    if name in FITTING and (lacking := FITTING[name](report)):
        raise RecordError(f"--format {name} does not fit {report.run.id}: {lacking}")
    return _markdown(report, columns) if columns and name == "markdown" else PRINTERS[name](report)


def terminal(report: Report, columns: Sequence[str] = ()) -> list[RenderableType]:
    """The tables of a report for rich, as its scenario has them."""
    layout = (upstream.layout if _waits(report) else standard.layout)(report.run)
    return standard.terminal(report.run, report.rows, layout.only(columns) if columns else layout, report.resume)


def explained_terminal(report: Report) -> list[RenderableType]:
    """Why servers that were explained cost what they cost, for rich."""
    return explained_tables.terminal(report.views())


def flames(report: Report, kind: str) -> Mapping[str, str]:
    """The sampled stacks by the name of a file: each an SVG (``flame``), or one of speedscope's a server."""
    if not report.explained:
        raise RecordError(f"no server of {report.run.id} was explained: pipebench explain --run {report.run.id}")
    if kind == "speedscope":
        found = {f"{one.key}.speedscope.json": (one.title, one.explained.sampled) for one in report.views()}
        return {name: explained_flames.speedscope(*given) for name, given in found.items() if given[1]}
    return {
        f"{one.key}-d{sampled.depth}.svg": explained_flames.svg(explained_flames.flame(one.title, sampled))
        for one in report.views()
        for sampled in one.explained.sampled
    }


def _markdown(report: Report, columns: Sequence[str] = ()) -> str:
    if _waits(report) and not columns:
        return upstream.markdown(report.run, report.rows)
    layout = (upstream.layout if _waits(report) else standard.layout)(report.run)
    chosen = layout.only(columns) if columns else layout
    text = standard.markdown(report.run, report.rows, chosen, noted=not columns)
    return "\n".join([text, *quoting.legend(report.run, report.rows, chosen.headings), ""])


def _waits(report: Report) -> bool:
    return report.run.plan.scenario is Scenario.UPSTREAM


def html(report: Report, *, home: str | None = None, uncommitted: Sequence[str] = ()) -> str:
    """The page of a report; ``home`` and ``uncommitted`` as in :class:`runner.report.pages.page.Beside`."""
    from runner.report.pages import page  # noqa: PLC0415 - charts are made only where they are wanted

    beside = page.Beside(home, tuple(uncommitted), report.views())
    return page.render(report.run, report.rows, report.trials, report.read_log, drawings(report), beside)


def drawings(report: Report) -> tuple[Drawing, ...]:
    """The charts of a report."""
    from runner.report.charts import charts  # noqa: PLC0415

    return charts.drawings(report.run, report.rows, report.trials)


def charts_named(report: Report, patterns: Sequence[str]) -> tuple[Drawing, ...]:
    """Those charts whose name matches one of the patterns; no pattern is for all.

    Raises :class:`RecordError` for a pattern that matches none.
    """
    found = drawings(report)
    names = [one.name for one in found]
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            there = f"there are {', '.join(names)}" if names else "it has none, for no trial of it has ended"
            raise RecordError(f"no chart of {report.run.id} matches {pattern!r}: {there}")
    return tuple(
        one for one in found if not patterns or any(fnmatch.fnmatchcase(one.name, pattern) for pattern in patterns)
    )


def pictures(report: Report) -> tuple[Picture, ...]:
    """The charts of a report, drawn."""
    from runner.report.charts import charts  # noqa: PLC0415

    return charts.pictures(report.run, drawings(report))


def _findings(report: Report) -> str:
    from runner.report.pages import findings  # noqa: PLC0415

    return findings.markdown(report.run, report.rows)


def _fits_seed(report: Report) -> str | None:
    """One load alone, for its table has no column that says which; and wrk's, whose figures it shows."""
    groups = {row.group for row in report.rows if row.depth is not None}
    if len(groups) > 1:
        loads = len(groups)
        return f"its table is of one load, and there are {loads}: --format markdown, or measure with --profile seed"
    if report.run.plan.generator is not Generator.WRK:
        return f"it shows what wrk printed, and {report.run.plan.generator} loaded: --format markdown"
    return None


def _fits_seed_2017(report: Report) -> str | None:
    """The load of 2017, on at least one of the systems that were published then."""
    names = {name for one in seeds.PUBLISHED for name in (one.adapter, one.adapter_2017, one.also)}
    wanted = (seeds.DEPTH, seeds.CONNECTIONS)
    if any(row.adapter in names and (row.depth, row.connections) == wanted for row in report.rows):
        return None
    return "nothing was loaded as in 2017, depth 5 on 200 connections: measure with --profile seed-2017"


def _fits_witness(report: Report) -> str | None:
    if any(row.witness for row in report.rows):
        return None
    return "no cell was loaded by another generator: measure with --witness"


def _fits_upstream(report: Report) -> str | None:
    return None if _waits(report) else "its servers wait for no upstream: --format markdown"


FITTING: Mapping[str, Callable[[Report], str | None]] = {
    "explain": lambda report: (
        "" if report.explained else f"pipebench explain --run {report.run.id} looks at its servers"
    ),
    "seed": _fits_seed,
    "seed-2017": _fits_seed_2017,
    "witness": _fits_witness,
    "upstream": _fits_upstream,
}
"""What a run lacks for a format that is not for all runs; ``None`` where it fits."""

PRINTERS: Mapping[str, Callable[[Report], str]] = {
    "markdown": _markdown,
    "comment": lambda report: quoting.comment(report.run, report.rows),
    "blog": lambda report: quoting.blog(report.run, report.rows),
    "findings": _findings,
    "brief": lambda report: brief.markdown(report.run, report.rows),
    "csv": lambda report: standard.as_csv(report.rows),
    "json": lambda report: standard.as_json(report.run, report.rows),
    "html": lambda report: html(report, home=project.homepage()),
    "seed": lambda report: standard.seed_table(report.rows),
    "seed-2017": lambda report: seed_2017.table(report.run, report.rows),
    "witness": lambda report: standard.witness_table(report.run, report.rows),
    "explain": lambda report: explained_tables.markdown(report.views()),
    "upstream": lambda report: upstream.markdown(report.run, report.rows),
}
