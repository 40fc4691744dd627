"""Servers of a run explained: first the run, with nothing looking on; then each server, with nothing timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runner import project
from runner.adapters import environments, files
from runner.errors import AdapterError, PlanError, RecordError
from runner.explaining import explaining
from runner.machine import facts
from runner.record import store
from runner.record.adapter import Environment, Scenario, Unavailable
from runner.record.plan import Plan
from runner.record.run import Run
from runner.record.store import RunFolder
from runner.serving import process
from runner.suite import plans, runs
from runner.suite.progress import Reporter
from runner.suite.runs import Places

MAX_DEPTH = 256
"""Of a batch that is traced: it should reach a server in one piece."""
PROFILE = "explain"
"""The plan of what is measured first: few trials at four depths, by volley."""


def measured(names: Sequence[str], places: Places, reporter: Reporter, variants: Sequence[str] = ()) -> Path:
    """A run of the servers that ``names`` name, to have rates to hold the model against; its folder."""
    plan: Plan = plans.check(replace(plans.PROFILES[PROFILE], only=tuple(names), variants=tuple(variants)))
    return runs.run(plan, places, reporter)


def require(depths: Sequence[int]) -> None:
    """Raise :class:`PlanError` for depths that cannot be explained."""
    if min(depths) < 1 or max(depths) > MAX_DEPTH:
        raise PlanError(f"--depth {min(depths) if min(depths) < 1 else max(depths)}: give depths of 1 to {MAX_DEPTH}")


def explain(
    path: Path, names: Sequence[str], places: Places, reporter: Reporter, *, depths: Sequence[int], count: bool = False
) -> None:
    """Explain servers of the finished run at ``path``, all or those of ``names``; each is kept as soon as it is done.

    Raises :class:`RecordError` where the run is not finished, or adapters or machine have changed since.
    """
    head = store.read_head(path)
    if head.finished_at is None:
        raise RecordError(f"{head.id} is not complete: {store.resume_command(path)}, then explain it")
    if head.plan.scenario is not Scenario.PIPELINE:
        raise RecordError(f"{head.id} is of servers that wait for another: explain a run of scenario pipeline")
    named = replace(head.plan, only=tuple(names) or head.plan.only, groups=() if names else head.plan.groups)
    chosen = runs.choose_adapters(named, places.root)
    folder = RunFolder(path)
    with folder.held(), process.ending_all():
        prepared = environments.prepare(
            chosen, pythons=head.plan.pythons, asked=head.plan.variants, progress=reporter.building
        )
        ready = _of_the_run(head, prepared)
        generator = environments.service(project.ROOT / "go" / "volley")
        for number, made in enumerate(ready, start=1):
            label = f" · {made.variant.label}" if made.variant else ""
            reporter.say(f"explaining {made.adapter.name}{label} ({number} of {len(ready)})")
            found = explaining.explain(
                made,
                depths=depths,
                placement=replace(head.placement, server=head.placement.server[:1]),
                generator=generator,
                at=facts.now(),
                count=count,
                said=reporter.say,
            )
            folder.explain(found)


def _of_the_run(head: Run, prepared: Sequence[Environment | Unavailable]) -> list[Environment]:
    """Those that the run measured, as it had them. Raises :class:`AdapterError` where there is none."""
    records = {record.server: record for record in head.adapters if record.unavailable is None}
    ready = [made for made in prepared if isinstance(made, Environment) and made.server in records]
    if not ready:
        raise AdapterError(f"none of these is a server that {head.id} measured: it has {_names(head)}")
    changed = sorted(
        {made.adapter.name for made in ready if files.fingerprint(made.adapter) != records[made.server].sha256}
    )
    if changed:
        raise RecordError(f"{', '.join(changed)}: another file than the one {head.id} measured: start a new run")
    return ready


def _names(head: Run) -> str:
    return ", ".join(dict.fromkeys(record.name for record in head.adapters if record.unavailable is None))
