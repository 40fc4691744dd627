"""A run, as named steps: the module that joins the others. What is asked beside a run stands in inquiries.py."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runner import project
from runner.adapters import environments, metadata, variants
from runner.conformance.cases.catalogue import CORE
from runner.conformance.classify import ServerClass
from runner.conformance.record import Conformance
from runner.conformance.running import examination
from runner.counting import counting
from runner.errors import AdapterError, PlanError, RecordError
from runner.hosts import loading
from runner.judging.course import Course
from runner.judging.schedule import Schedule
from runner.machine import doctor, facts
from runner.record import store
from runner.record.adapter import Adapter, Environment, Scenario, Service, Unavailable
from runner.record.plaintext import counted, plain
from runner.record.plan import Generator, Plan, Purpose
from runner.record.run import Cluster, ConformanceSummary, Level, Run
from runner.record.store import RunFolder
from runner.record.trial import Trial
from runner.serving import process, server
from runner.suite import counts, inquiries, plans, witnesses
from runner.suite import head as head_of
from runner.suite.crews.crew import Alone, Crew, OnPairs
from runner.suite.crews.measuring import Measuring, summarize
from runner.suite.progress import Reporter, minutes

if TYPE_CHECKING:
    from runner.suite.crews.gathering import Gathering


@dataclass(frozen=True, slots=True)
class Places:
    """Where adapters are read from and runs are written to, and the port that servers get (``None``: a free one).

    ``cluster``: the pairs of machines that measure, ``None`` for this machine.
    """

    root: Path = project.ROOT
    results: Path = field(default_factory=project.results)
    port: int | None = None
    cluster: Cluster | None = None


def run(plan: Plan, places: Places, reporter: Reporter) -> Path:
    """Measure what ``plan`` asks for; return the run's folder."""
    _require_tools(plan, places)
    chosen = choose_adapters(plan, places.root)
    began, readings = time.monotonic(), doctor.read()
    with _gathered(plan, places, chosen, reporter) as gathering:
        prepared = gathering.prepared() if gathering else _prepare(chosen, plan, reporter)
        programs = _on_nodes(plan) if gathering else _programs(plan, places.root)
        ready = [made for made in prepared if isinstance(made, Environment)]
        if not ready:
            reasons = "; ".join(f"{m.adapter.name}: {m.reason}" for m in prepared if isinstance(m, Unavailable))
            raise AdapterError(f"none of the adapters can run here: {reasons}")
        setup_s = time.monotonic() - began
        recorded = replace(plan, variants=tuple(map(variants.portable, plan.variants)))
        head = _described(recorded, places, prepared, gathering, readings, setup_s=setup_s)
        _say_uncommitted(head, places.root, reporter)
        folder = store.create(places.results, head.id)
        with folder.held():
            folder.write_asked([variants.lasting(one) for one in plan.variants])
            head = _checked(head, ready, folder.path, reporter, gathering)
            head = replace(head, id=folder.path.name)
            folder.write_run(head)
            head = counts.complete(head, ready, folder.write_run, reporter)
            _announce(head, reporter)
            _measure(head, (), ready, folder, places, reporter, programs=programs, gathering=gathering)
    return folder.path


def resume(path: Path, places: Places, reporter: Reporter, *, budget_s: float | None = None) -> Path:
    """Complete a run that ended early, or one that is complete, with ``budget_s`` in the place of its shorter budget.

    Raises :class:`RecordError` where adapters or machine have changed since, or its budget is not shorter.
    """
    with RunFolder(path).held():
        return _resumed(path, places, reporter, budget_s)


def _resumed(path: Path, places: Places, reporter: Reporter, budget_s: float | None) -> Path:
    head, trials = store.read(path)
    if budget_s is not None:
        head = head_of.with_longer_budget(head, budget_s)
    if head.finished_at is not None:
        reporter.say(f"{head.id} is complete: there is nothing to resume")
        return path
    places = replace(places, cluster=_cluster_again(head, places.cluster))
    _require_tools(head.plan, places)
    chosen = choose_adapters(head.plan, places.root)
    folder = RunFolder(path)
    asked = replace(head.plan, variants=folder.asked(head.plan.variants))
    with _gathered(asked, places, chosen, reporter) as gathering:
        prepared = gathering.prepared() if gathering else _prepare(chosen, asked, reporter)
        programs = _on_nodes(head.plan) if gathering else _programs(head.plan, places.root)
        now = _described(head.plan, places, prepared, gathering, doctor.read(), setup_s=0)
        changes = head_of.changes(head, now)
        if changes:
            raise RecordError(f"{head.id} cannot be resumed: {'; '.join(changes)}: start a new run")
        folder.repair()
        reporter.say(f"{head.id}: resumed after {counted(len(trials), 'trial')}")
        ready = [made for made in prepared if isinstance(made, Environment)]
        if gathering:
            head = replace(head, cluster=gathering.record)
        folder.write_run(head)  # with its cluster and its budget of now, should it be interrupted again
        head = counts.complete(head, ready, folder.write_run, reporter)
        _measure(head, trials, ready, folder, places, reporter, programs=programs, gathering=gathering)
    return path


def _cluster_again(head: Run, asked: Cluster | None) -> Cluster | None:
    """The cluster that a run goes on with: the one it began with, or at the address that is given now."""
    if head.cluster is None or asked is None:
        if asked is not None:
            raise RecordError(f"{head.id} was begun on one machine: leave out --cluster")
        return head.cluster
    return replace(head.cluster, address=asked.address, wanted=asked.wanted or head.cluster.wanted)


def _described(
    plan: Plan,
    places: Places,
    prepared: Sequence[Environment | Unavailable],
    gathering: Gathering | None,
    readings: doctor.Readings,
    *,
    setup_s: float,
) -> Run:
    head = head_of.describe(plan, places.root, prepared, readings, setup_s=setup_s)
    if gathering is None:
        return head
    return head_of.on_cluster(head, gathering.record, gathering.pairs, gathering.findings)


@contextmanager
def _gathered(plan: Plan, places: Places, chosen: Sequence[Adapter], reporter: Reporter) -> Iterator[Gathering | None]:
    """The pairs of a cluster, where one was asked for."""
    if places.cluster is None:
        yield None
        return
    from runner.suite.crews import gathering  # noqa: PLC0415 - and with it all that nodes need

    gathering.check(plan, places.cluster)
    with gathering.gathered(plan, places.cluster, places.root, chosen, reporter) as found:
        yield found


def _checked(
    head: Run, ready: Sequence[Environment], folder: Path, reporter: Reporter, gathering: Gathering | None
) -> Run:
    """The head with each server's class, from the core conformance cases; with --strict, without what is broken.

    A server that is not ranked is a yardstick: it need not be a correct server, and is not checked.
    """
    if not head.plan.check:
        return head
    yardsticks = {record.name for record in head.adapters if not record.ranked}
    examined = [made for made in ready if made.adapter.name not in yardsticks]
    saying = inquiries.saying_class(reporter)
    if gathering:
        found = gathering.examine(examined)
        for one in found:
            saying(one)
    else:
        found = examination.examine_all(examined, folder / store.LOGS, cases=CORE, on_examined=saying)
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
    if places.cluster is not None:  # what is needed is needed there
        return
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
    gathering: Gathering | None,
) -> None:
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
    crew: Crew
    if gathering:
        crew = OnPairs(gathering.members(folder.path), gathering)
        gathering.on_change = lambda: folder.write_run(replace(head, cluster=gathering.record))
    else:
        crew = Alone({made.server: made for made in ready}, lambda made: head_of.refuse_edited(head, made))
    measured = list(trials)
    history = [summarize(one) for one in trials if one.purpose is Purpose.MEASURE]
    before = sum(one.wall_s for one in history) / len(crew.blocks)
    with process.ending_all(), _kept_off_the_servers(head, gathering), _offering_to_resume(folder.path, reporter):
        witnesses.verify(head, measured, crew, settings, folder, reporter)
        course = Course(Schedule.of(head.plan, head.cells), history, blocks=crew.blocks)
        began = time.monotonic() - before
        crew.work(Measuring(course, settings, folder, reporter, measured, began))
        witnesses.ask_again(head, measured, crew, settings, folder, reporter)
    measure_s = time.monotonic() - began
    if gathering:
        head = replace(head, cluster=gathering.record)
    folder.write_run(replace(head, finished_at=facts.now(), measure_s=measure_s))
    reporter.say(f"measured in {minutes(measure_s)}; the record is {folder.path}")


@dataclass(frozen=True, slots=True)
class Programs:
    """Programs of ours that a run needs beside its servers: the generator, and what servers wait for."""

    volley: Service | None
    upstream: Service | None


def _on_nodes(plan: Plan) -> Programs:
    """What each node builds for itself, by its name."""
    waits = plan.scenario is Scenario.UPSTREAM
    return Programs(None if waits else Service("volley", ()), Service("upstream", ()) if waits else None)


def _programs(plan: Plan, root: Path) -> Programs:
    """What the plan needs of them, built where they are not yet."""
    waits = plan.scenario is Scenario.UPSTREAM
    with process.ending_all():
        return Programs(
            volley=None if waits else environments.service(project.ROOT / "go" / "volley"),
            upstream=environments.service(root / "go" / "upstream") if waits else None,
        )


def _say_uncommitted(head: Run, root: Path, reporter: Reporter) -> None:
    """Before an hour is spent: what of the run nobody else can check out, so that it will not be published."""
    if head.revision is not None and (changed := head_of.uncommitted_changes(head, root)):
        shown = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
        reporter.say(f"not in commit {head.revision.removesuffix('+')}: {shown}: to publish this run, commit first")


def _announce(head: Run, reporter: Reporter) -> None:
    for finding in head.findings:
        if finding.level in {Level.WARNING, Level.PROBLEM}:
            reporter.say(f"{finding.level}: {finding.subject}: {finding.state}: {finding.effect}")
        elif finding.level is Level.NOTE and finding.remedy is None:  # what was chosen, not what could be mended
            reporter.say(": ".join(filter(None, (finding.subject, finding.state, finding.effect))))
    for record in head.adapters:
        if record.version == "?":
            what = f"its distribution '{plain(record.distribution)}' is not among what is installed"
            reporter.say(f"{record.name}: {what}: tables show no version")
    where = f", {counted(len(head.cluster.pairs), 'pair')} of machines" if head.cluster else ""
    reporter.say(f"{head.id}: {counted(len(head.cells), 'cell')}, CPUs: {head.placement}{where}")


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
def _kept_off_the_servers(head: Run, gathering: Gathering | None) -> Iterator[None]:
    """Keep this process, and what it starts to watch others, off the CPUs of the servers, where they are here."""
    if gathering:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, head.placement.generator)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
