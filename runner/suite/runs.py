"""A run, as named steps: the module that joins the others. What is asked beside a run stands in inquiries.py."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from runner import project
from runner.adapters import environments, metadata
from runner.conformance.cases.catalogue import CORE
from runner.conformance.classify import ServerClass
from runner.conformance.record import Conformance
from runner.conformance.running import examination
from runner.counting import counting
from runner.errors import AdapterError, PlanError, RecordError
from runner.hosts import loading
from runner.judging import verdict
from runner.judging.course import Course
from runner.judging.schedule import Schedule, TrialSummary
from runner.machine import facts
from runner.record import store
from runner.record.adapter import Adapter, Environment, Scenario, Service, Unavailable
from runner.record.plaintext import counted, plain
from runner.record.plan import Cell, Generator, Plan, Purpose
from runner.record.run import ConformanceSummary, Level, Run
from runner.record.store import RunFolder
from runner.record.trial import Placement, Trial, Verdict
from runner.rows import cells, searching
from runner.serving import process, server
from runner.suite import counts, inquiries, plans, trial, witnesses
from runner.suite import head as head_of
from runner.suite.progress import Reporter, minutes


@dataclass(frozen=True, slots=True)
class Places:
    """Where adapters are read from and runs are written to, and the port that servers get (``None``: a free one)."""

    root: Path = project.ROOT
    results: Path = field(default_factory=project.results)
    port: int | None = None


def run(plan: Plan, places: Places, reporter: Reporter) -> Path:
    """Measure what ``plan`` asks for; return the run's folder."""
    _require_tools(plan, places)
    chosen = choose_adapters(plan, places.root)
    began = time.monotonic()
    prepared = _prepare(chosen, plan, reporter)
    programs = _programs(plan, places.root)
    ready = [made for made in prepared if isinstance(made, Environment)]
    if not ready:
        reasons = "; ".join(f"{m.adapter.name}: {m.reason}" for m in prepared if isinstance(m, Unavailable))
        raise AdapterError(f"none of the adapters can run here: {reasons}")
    setup_s = time.monotonic() - began
    head = head_of.describe(plan, places.root, prepared, setup_s=setup_s)
    folder = store.create(places.results, head.id)
    with folder.held():
        head = _checked(head, ready, folder.path, reporter)
        if plan.count:
            counted = counts.count_all(ready, plan.depths, head.placement.server, reporter)
            head = replace(head, counts=tuple(one.count for one in counted))
        head = replace(head, id=folder.path.name)
        folder.write_run(head)
        _announce(head, reporter)
        _measure(head, (), ready, folder, places, reporter, programs=programs)
    return folder.path


def resume(path: Path, places: Places, reporter: Reporter) -> Path:
    """Complete a run that ended early. Raises :class:`RecordError` where adapters or machine have changed since."""
    with RunFolder(path).held():
        return _resumed(path, places, reporter)


def _resumed(path: Path, places: Places, reporter: Reporter) -> Path:
    head, trials = store.read(path)
    if head.finished_at is not None:
        reporter.say(f"{head.id} is complete: there is nothing to resume")
        return path
    _require_tools(head.plan, places)
    chosen = choose_adapters(head.plan, places.root)
    prepared = _prepare(chosen, head.plan, reporter)
    programs = _programs(head.plan, places.root)
    changes = head_of.changes(head, head_of.describe(head.plan, places.root, prepared, setup_s=0))
    if changes:
        raise RecordError(f"{head.id} cannot be resumed: {'; '.join(changes)}: start a new run")
    folder = RunFolder(path)
    folder.repair()
    reporter.say(f"{head.id}: resumed after {counted(len(trials), 'trial')}")
    ready = [made for made in prepared if isinstance(made, Environment)]
    _measure(head, trials, ready, folder, places, reporter, programs=programs)
    return path


def _checked(head: Run, ready: Sequence[Environment], folder: Path, reporter: Reporter) -> Run:
    """The head with each server's class, from the core conformance cases; with --strict, without what is broken.

    A server that is not ranked is a yardstick: it need not be a correct server, and is not checked.
    """
    if not head.plan.check:
        return head
    yardsticks = {record.name for record in head.adapters if not record.ranked}
    examined = [made for made in ready if made.adapter.name not in yardsticks]
    found = examination.examine_all(examined, folder / "logs", cases=CORE, on_examined=inquiries.saying_class(reporter))
    head = replace(head, conformance=tuple(_summary(each) for each in found))
    if not head.plan.strict:
        return head
    broken = {one.server: one for one in head.conformance if one.server_class == ServerClass.BROKEN}
    return replace(
        head,
        cells=tuple(cell for cell in head.cells if cell.server not in broken),
        adapters=tuple(
            replace(record, unavailable=f"not loaded (--strict): broken: {broken[record.server].reason}")
            if record.server in broken
            else record
            for record in head.adapters
        ),
    )


def _summary(found: Conformance) -> ConformanceSummary:
    classification, counts = found.classification, found.counts
    return ConformanceSummary(
        adapter=found.adapter,
        python=found.python,
        variant=found.variant,
        server_class=classification.server_class.value if classification.server_class else None,
        reason=classification.reason,
        passed=counts.passed,
        noted=counts.noted,
        failed=counts.failed,
    )


def choose_adapters(plan: Plan, root: Path) -> tuple[Adapter, ...]:
    """The adapters that a plan names, of its scenario."""
    found = metadata.discover(root)
    if not found and not plan.only:
        raise AdapterError(f"there are no adapters below {root}: run pipebench from a checkout of the project")
    if plan.baseline != plans.PROFILES[plan.profile].baseline:
        metadata.select(found, [plan.baseline])
    chosen = metadata.select(found, plan.only, plan.groups)
    fitting = tuple(adapter for adapter in chosen if adapter.scenario is plan.scenario)
    if not fitting:
        raise AdapterError(f"none of {', '.join(a.name for a in chosen)} is for scenario {plan.scenario}")
    return fitting


def _prepare(chosen: Sequence[Adapter], plan: Plan, reporter: Reporter) -> tuple[Environment | Unavailable, ...]:
    with process.ending_all():
        return environments.prepare(chosen, pythons=plan.pythons, asked=plan.variants, progress=reporter.building)


def _require_tools(plan: Plan, places: Places) -> None:
    plans.check(plan)
    if plan.count:
        counting.require_valgrind()
    if plan.server_cpus is not None:
        facts.require_cpus(max(*plan.workers, plan.server_cpus))
    used = {plan.generator, *([plan.witness_by] if plan.witness else [])}
    if Generator.WRK in used:
        facts.require_wrk()
    if Generator.H2LOAD in used:
        facts.require_h2load()
    facts.require_descriptors(max(plan.connections))
    if plan.scenario is Scenario.UPSTREAM:
        facts.require_ports(max(plan.connections))
    if places.port is not None and not server.port_is_free(places.port):
        raise PlanError(f"port {places.port} is in use: choose another with --port, or leave it out for a free one")


def _measure(
    head: Run,
    trials: Sequence[Trial],
    ready: Sequence[Environment],
    folder: RunFolder,
    places: Places,
    reporter: Reporter,
    *,
    programs: Programs,
) -> None:
    by_cell = _environments_by_cell(head.cells, ready)
    settings = loading.Settings(
        placement=head.placement,
        threads=head.plan.threads,
        duration_s=head.plan.duration_s,
        warm_up_s=head.plan.warm_up_s,
        folder=folder.path,
        port=places.port,
        generator=head.plan.generator,
        volley=programs.volley,
        service=programs.upstream,
        delay_us=head.plan.delay_us or 0,
        settle_s=head.plan.settle_s,
        server_cpus=head.plan.server_cpus,
    )
    course = Course(
        Schedule.of(head.plan, head.cells), [summarize(one) for one in trials if one.purpose is Purpose.MEASURE]
    )
    measured = list(trials)
    before = sum(one.wall_s for one in course.history)
    began = time.monotonic()
    with process.ending_all(), _kept_off_the_servers(head.placement), _offering_to_resume(folder.path, reporter):
        witnesses.verify(head, measured, by_cell, settings, folder, reporter)
        began = time.monotonic()
        while True:
            elapsed = before + time.monotonic() - began
            step = course.next(elapsed)
            if step is None:
                break
            reporter.trial_begins(step.cell, course.progress(elapsed), course.history)
            number = 1 + course.had(step.cell)
            head_of.refuse_edited(head, by_cell[step.cell])
            shaped = _shaped(settings, step.cell, number)
            done = trial.measure(
                by_cell[step.cell], step.cell, shaped, number=number, round_=step.round, rate=step.rate
            )
            folder.append(done)
            course.add(summarize(done))
            measured.append(done)
            reporter.trial_ends(done, verdict.of_trial(done))
        witnesses.ask_again(head, measured, by_cell, settings, folder, reporter)
    measure_s = before + time.monotonic() - began
    folder.write_run(replace(head, finished_at=facts.now(), measure_s=measure_s))
    reporter.say(f"measured in {minutes(measure_s)}; the record is {folder.path}")


def _shaped(settings: loading.Settings, cell: Cell, number: int) -> loading.Settings:
    """The settings of a cell's trial: what is paced is volley's, with arrivals of its own in each trial."""
    if not cell.is_paced:
        return settings
    return replace(settings, generator=Generator.VOLLEY, seed=arrivals_seed(cell, number))


def arrivals_seed(cell: Cell, number: int) -> int:
    """The seed of a trial's Poisson arrivals: another one for each trial, the same whenever it is run again."""
    return int.from_bytes(hashlib.sha256(f"{cell.id}:{number}".encode()).digest()[:4])


def summarize(done: Trial) -> TrialSummary:
    """What the schedule must know of a trial."""
    found = verdict.of_trial(done)
    worked = found.verdict is Verdict.MEASURED if done.cell.is_paced else found.verdict.has_rate
    phases = done.phases
    figure, observation = None, None
    if done.cell.limit is not None:
        observation = searching.observed(done)
        figure = observation.rate if observation is not None else None
    elif worked and done.load is not None:
        figure = cells.tail_us(done) if done.cell.is_paced else done.load.requests_per_second
    return TrialSummary(
        cell=done.cell,
        round=done.round,
        rate=figure,
        failed=figure is None,
        disturbed=verdict.disturbance(done) is not None,
        wall_s=phases.start + phases.check + phases.warm_up + phases.load + phases.stop,
        observation=observation,
    )


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs of ours that a run needs beside its servers: the generator, and what servers wait for."""

    volley: Service | None
    upstream: Service | None


def _programs(plan: Plan, root: Path) -> Programs:
    """What the plan needs of them, built where they are not yet."""
    waits = plan.scenario is Scenario.UPSTREAM
    with process.ending_all():
        return Programs(
            volley=None if waits else environments.service(project.ROOT / "go" / "volley"),
            upstream=environments.service(root / "go" / "upstream") if waits else None,
        )


def _environments_by_cell(cells: Sequence[Cell], ready: Sequence[Environment]) -> Mapping[Cell, Environment]:
    named = {made.server: made for made in ready}
    return {cell: named[cell.server] for cell in cells}


def _announce(head: Run, reporter: Reporter) -> None:
    for finding in head.findings:
        if finding.level in {Level.WARNING, Level.PROBLEM}:
            reporter.say(f"{finding.level}: {finding.subject}: {finding.state}: {finding.effect}")
    for record in head.adapters:
        if record.version == "?":
            what = f"its distribution '{plain(record.distribution)}' is not among what is installed"
            reporter.say(f"{record.name}: {what}: tables show no version")
    reporter.say(f"{head.id}: {counted(len(head.cells), 'cell')}, CPUs: {head.placement}")


@contextmanager
def _offering_to_resume(folder: Path, reporter: Reporter) -> Iterator[None]:
    """Where a run ends early, for whatever reason, say how it can be completed."""
    try:
        yield
    except BaseException:
        if (folder / store.RUN_FILE).is_file():
            command = store.resume_command(folder)
            reporter.say(f"{folder.name} is not complete; its finished trials are kept: {command}")
        else:
            reporter.say(f"{folder.name} is gone, and what was measured with it: {folder} was removed meanwhile")
        raise


@contextmanager
def _kept_off_the_servers(placement: Placement) -> Iterator[None]:
    """Keep this process, and what it starts to watch others, off the CPUs of the servers."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, placement.generator)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
