"""The pipeline, as named steps. The only module that joins the others."""

from __future__ import annotations

import difflib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path

from runner import (
    adapters,
    doctor,
    environments,
    examination,
    machine,
    outdated,
    plans,
    process,
    server,
    store,
    tracing,
    trial,
    upstream,
    verdict,
)
from runner.check import BODY, quick_check
from runner.conformance.case import Case
from runner.conformance.cases import CASES, CORE
from runner.conformance.classify import ServerClass
from runner.conformance.record import Conformance
from runner.errors import AdapterError, PlanError, RecordError
from runner.model import (
    Adapter,
    AdapterRecord,
    Cell,
    Client,
    ConformanceSummary,
    Environment,
    Finding,
    Group,
    Level,
    Placement,
    Plan,
    Purpose,
    Run,
    Scenario,
    Service,
    Trial,
    Unavailable,
)
from runner.outdated import Pin
from runner.progress import Reporter, minutes
from runner.schedule import Schedule, TrialSummary, order
from runner.store import RunFolder
from runner.timeline import Timeline
from runner.tracing import Asked

ROOT = Path(__file__).parents[1]
TRIED_DEPTH = 16
"""Requests of the batch that an adapter must answer after its pins were moved."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where adapters are read from and runs are written to, and the port that servers get (``None``: a free one)."""

    root: Path = ROOT
    results: Path = ROOT / "results"
    port: int | None = None


def run(plan: Plan, places: Places, reporter: Reporter) -> Path:
    """Measure what ``plan`` asks for; return the run's folder."""
    _require_tools(plan, places)
    chosen = choose_adapters(plan, places.root)
    began = time.monotonic()
    prepared = _prepare(chosen, plan, reporter)
    service = _service(plan, places.root)
    ready = [made for made in prepared if isinstance(made, Environment)]
    if not ready:
        reasons = "; ".join(f"{m.adapter.name}: {m.reason}" for m in prepared if isinstance(m, Unavailable))
        raise AdapterError(f"none of the adapters can run here: {reasons}")
    setup_s = time.monotonic() - began
    head = _head(plan, places, prepared, setup_s=setup_s)
    folder = store.create(places.results, head.id)
    head = _checked(head, ready, folder.path, reporter)
    head = replace(head, id=folder.path.name)
    folder.write_run(head)
    _announce(head, reporter)
    _measure(head, (), ready, folder, places, reporter, service=service)
    return folder.path


def resume(path: Path, places: Places, reporter: Reporter) -> Path:
    """Complete a run that ended early. Raises :class:`RecordError` where adapters or machine have changed since."""
    head, trials = store.read(path)
    if head.finished_at is not None:
        reporter.say(f"{head.id} is complete: there is nothing to resume")
        return path
    _require_tools(head.plan, places)
    chosen = choose_adapters(head.plan, places.root)
    prepared = _prepare(chosen, head.plan, reporter)
    service = _service(head.plan, places.root)
    changes = _changes(head, _head(head.plan, places, prepared, setup_s=0))
    if changes:
        raise RecordError(f"{head.id} cannot be resumed: {'; '.join(changes)}: start a new run")
    folder = RunFolder(path)
    folder.repair()
    reporter.say(f"{head.id}: resumed after {len(trials)} trials")
    ready = [made for made in prepared if isinstance(made, Environment)]
    _measure(head, trials, ready, folder, places, reporter, service=service)
    return path


def _checked(head: Run, ready: Sequence[Environment], folder: Path, reporter: Reporter) -> Run:
    """The head with each server's class, from the core conformance cases; with --strict, without what is broken.

    A server that is not ranked is a yardstick: it need not be a correct server, and is not checked.
    """
    if not head.plan.check:
        return head
    yardsticks = {record.name for record in head.adapters if not record.ranked}
    examined = [made for made in ready if made.adapter.name not in yardsticks]
    found = examination.examine_all(examined, folder / "logs", cases=CORE, on_examined=_say_class(reporter))
    head = replace(head, conformance=tuple(_summary(each) for each in found))
    if not head.plan.strict:
        return head
    broken = {(one.adapter, one.python): one for one in head.conformance if one.server_class == ServerClass.BROKEN}
    return replace(
        head,
        cells=tuple(cell for cell in head.cells if (cell.adapter, cell.python) not in broken),
        adapters=tuple(
            replace(record, unavailable=f"not loaded (--strict): broken: {broken[record.name, record.python].reason}")
            if (record.name, record.python) in broken
            else record
            for record in head.adapters
        ),
    )


def _summary(found: Conformance) -> ConformanceSummary:
    classification, counts = found.classification, found.counts
    return ConformanceSummary(
        adapter=found.adapter,
        python=found.python,
        server_class=classification.server_class.value if classification.server_class else None,
        reason=classification.reason,
        passed=counts.passed,
        noted=counts.noted,
        failed=counts.failed,
    )


def choose_adapters(plan: Plan, root: Path) -> tuple[Adapter, ...]:
    """The adapters that a plan names, of its scenario."""
    found = adapters.discover(root)
    if not found:
        raise AdapterError(f"there are no adapters below {root}: run pipebench from a checkout of the project")
    if plan.baseline != plans.BASELINE:
        adapters.select(found, [plan.baseline])
    chosen = adapters.select(found, plan.only, plan.groups)
    fitting = tuple(adapter for adapter in chosen if adapter.scenario is plan.scenario)
    if not fitting:
        raise AdapterError(f"none of {', '.join(a.name for a in chosen)} is for scenario {plan.scenario}")
    return fitting


def inventory(
    only: Sequence[str], root: Path, reporter: Reporter, *, groups: Sequence[Group] = ()
) -> tuple[Environment | Unavailable, ...]:
    """The adapters that ``only`` names, of these groups, made ready or not."""
    chosen = adapters.select(adapters.discover(root), only, groups)
    with process.ending_all():
        return environments.prepare(chosen, progress=reporter.building)


def _prepare(chosen: Sequence[Adapter], plan: Plan, reporter: Reporter) -> tuple[Environment | Unavailable, ...]:
    with process.ending_all():
        return environments.prepare(chosen, pythons=plan.pythons, progress=reporter.building)


def examine(
    patterns: Sequence[str],
    root: Path,
    reporter: Reporter,
    *,
    groups: Sequence[Group] = (),
    cases: Sequence[str] = (),
    ladder: bool = False,
) -> tuple[Conformance, ...]:
    """The conformance cases (all, or those of these names or numbers) against the adapters that ``patterns`` name."""
    chosen = _choose_cases(cases)
    pipelining = [one for one in adapters.discover(root) if one.scenario is Scenario.PIPELINE]
    named = adapters.select(pipelining, patterns, groups)
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-check-") as logs:
        prepared = environments.prepare(named, progress=reporter.building)
        ready = [made for made in prepared if isinstance(made, Environment)]
        said = _say_class(reporter, len(ready))
        examined = iter(examination.examine_all(ready, Path(logs), cases=chosen, ladder=ladder, on_examined=said))
    return tuple(next(examined) if isinstance(made, Environment) else _unexamined(made) for made in prepared)


def _say_class(reporter: Reporter, of: int | None = None) -> Callable[[Conformance], None]:
    numbers = count(1)

    def say(found: Conformance) -> None:
        place = f" ({next(numbers)} of {of})" if of else ""
        reporter.say(f"checked {found.adapter}{place}: {found.classification.server_class or found.problem}")

    return say


def _unexamined(made: Unavailable) -> Conformance:
    adapter = made.adapter
    return Conformance(adapter.name, adapter.title, None, made.python, results=(), problem=made.reason)


def trace(
    name: str,
    root: Path,
    reporter: Reporter,
    *,
    depth: int | None,
    connections: int | None,
    delay_us: int,
    max_clients: int | None,
) -> Timeline:
    """One batch or burst against the adapter ``name``: against ``/sleep``, or against its upstream.

    Without ``depth`` or ``connections`` it is a batch of five, and for a server that waits five connections.
    """
    (adapter,) = _exactly_one(adapters.select(adapters.discover(root), [name]))
    waits = adapter.scenario is Scenario.UPSTREAM
    if max_clients is not None and adapter.max_clients is None:
        raise PlanError(f"{adapter.name} has no limit to set: leave out --max-clients")
    if depth is None and connections is None:
        depth, connections = (1, 5) if waits else (5, 1)
    asked = Asked(depth or 1, connections or 1, delay_us, max_clients)
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-timeline-") as folder:
        made = _available(adapter, reporter)
        service = environments.service(root / "go" / "upstream") if waits else None
        return tracing.of_server(made, service, asked, Path(folder))


def trace_client(client: Client, root: Path, reporter: Reporter, *, delay_us: int) -> Timeline:
    """One fetch of a slow page by one of tornado's two clients, and the statement behind it."""
    (adapter,) = _exactly_one(adapters.select(adapters.discover(root), ["tornado"]))
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-timeline-") as folder:
        made = _available(adapter, reporter)
        service = environments.service(root / "go" / "upstream")
        script = adapter.path.with_name("two_clients.py")
        return tracing.of_client(made, service, script, client, delay_us=delay_us, folder=Path(folder))


def _exactly_one(found: Sequence[Adapter]) -> Sequence[Adapter]:
    if len(found) != 1:
        raise AdapterError(f"a timeline is of one adapter, not of {', '.join(one.name for one in found)}")
    return found


def _available(adapter: Adapter, reporter: Reporter) -> Environment:
    (made,) = environments.prepare([adapter], progress=reporter.building)
    if isinstance(made, Unavailable):
        raise AdapterError(f"{adapter.name} cannot run here: {made.reason}")
    return made


@dataclass(frozen=True, slots=True)
class Outdated:
    """The pins of some adapters against the newest releases before ``before``; what was updated, and how that went."""

    before: str
    pins: tuple[Pin, ...]
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """An adapter whose pins were moved, and what its quick check said: ``None`` where it passed."""

    adapter: str
    failure: str | None


def find_outdated(
    patterns: Sequence[str], root: Path, reporter: Reporter, *, groups: Sequence[Group] = (), update: bool = False
) -> Outdated:
    """Which pins are behind; with ``update``, these are moved and the quick check is run on what changed.

    Releases of 2017 stay what they are and are left out.
    """
    looked_at = [group for group in groups or Group if group is not Group.SEED_2017]
    if not looked_at:
        raise AdapterError("the releases of 2017 stay as they are: ask for --group core,field")
    chosen = adapters.select(adapters.discover(root), patterns, looked_at)
    before = outdated.cut_off(datetime.now(UTC))
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-outdated-") as logs:
        pins = outdated.look_up(chosen, before, Path(logs))
        changed = outdated.update(chosen, pins, before) if update else ()
        if not changed:
            return Outdated(before, pins)
        now = [adapter for adapter in adapters.discover(root) if adapter.name in changed]
        prepared = environments.prepare(now, progress=reporter.building)
        return Outdated(before, pins, tuple(_try_out(made, root, Path(logs)) for made in prepared))


def _try_out(made: Environment | Unavailable, root: Path, logs: Path) -> Tried:
    """Whether a server answers one request and, where it does not wait and is not known to fail, one batch."""
    adapter, name = made.adapter, made.adapter.name
    if isinstance(made, Unavailable):
        return Tried(name, made.reason)
    depth, body, variables = 1 if adapter.known_failure else TRIED_DEPTH, BODY, None
    try:
        with ExitStack() as stack:
            if adapter.scenario is Scenario.UPSTREAM:
                service = environments.service(root / "go" / "upstream")
                waits_for = upstream.running(service, delay_us=1000, log=logs / f"{name}-upstream.log")
                depth, body, variables = 1, upstream.BODY, {"UPSTREAM": stack.enter_context(waits_for).url}
            started = server.running(made, log=logs / f"{name}-server.log", variables=variables)
            found = quick_check(stack.enter_context(started).address, depth, body=body)
    except server.StartError as error:
        return Tried(name, str(error))
    return Tried(name, f"{found.failure.verdict}: {found.failure.reason}" if found.failure else None)


def _choose_cases(wanted: Sequence[str]) -> tuple[Case, ...]:
    if not wanted:
        return CASES
    known = {name: case for case in CASES for name in (case.name, str(case.number))}
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, [case.name for case in CASES], n=3, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else "docs/conformance.md lists them"
            raise PlanError(f"no case {name!r}: {hint}")
    return tuple(dict.fromkeys(known[name] for name in wanted))


def _require_tools(plan: Plan, places: Places) -> None:
    plans.check(plan)
    machine.require_wrk()
    if plan.witness:
        machine.require_h2load()
    machine.require_descriptors(max(plan.connections))
    if plan.scenario is Scenario.UPSTREAM:
        machine.require_ports(max(plan.connections))
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
    service: Service | None,
) -> None:
    by_cell = _environments_by_cell(head.cells, ready)
    settings = trial.Settings(
        placement=head.placement,
        threads=head.plan.threads,
        duration_s=head.plan.duration_s,
        warm_up_s=head.plan.warm_up_s,
        folder=folder.path,
        port=places.port,
        service=service,
        delay_us=head.plan.delay_us or 0,
    )
    schedule = Schedule.of(head.plan, head.cells)
    measured = list(trials)
    history = [summarize(one) for one in trials if one.purpose is Purpose.MEASURE]
    before = sum(one.wall_s for one in history)
    began = time.monotonic()
    with process.ending_all(), _kept_off_the_servers(head.placement), _offering_to_resume(head, reporter):
        _verify(head, measured, by_cell, settings, folder, reporter)
        began = time.monotonic()
        while True:
            elapsed = before + time.monotonic() - began
            step = schedule.next(history, elapsed)
            if step is None:
                break
            reporter.trial_begins(step.cell, schedule.progress(history, elapsed), history)
            number = 1 + sum(1 for one in history if one.cell == step.cell)
            done = trial.measure(by_cell[step.cell], step.cell, settings, number=number, round_=step.round)
            folder.append(done)
            history.append(summarize(done))
            measured.append(done)
            reporter.trial_ends(done, verdict.of_trial(done))
        if head.plan.witness:
            _call_witness(head, measured, by_cell, settings, folder, reporter)
    measure_s = before + time.monotonic() - began
    folder.write_run(replace(head, finished_at=machine.now(), measure_s=measure_s))
    reporter.say(f"measured in {minutes(measure_s)}; the record is {folder.path}")


def _call_witness(
    head: Run,
    measured: Sequence[Trial],
    by_cell: Mapping[Cell, Environment],
    settings: trial.Settings,
    folder: RunFolder,
    reporter: Reporter,
) -> None:
    """One trial by h2load of each cell that has a rate, in the order of the schedule's first round."""
    worked = {one.cell for one in measured if one.purpose is Purpose.MEASURE and verdict.of_trial(one).verdict.has_rate}
    heard = {one.cell for one in measured if one.purpose is Purpose.WITNESS}
    waiting = [cell for cell in order(head.plan.seed, 0, head.cells) if cell in worked - heard]
    for number, cell in enumerate(waiting, start=1):
        reporter.say(f"witness {number} of {len(waiting)}: {cell.id}")
        folder.append(
            trial.measure(by_cell[cell], cell, replace(settings, purpose=Purpose.WITNESS), number=1, round_=0)
        )


def _verify(
    head: Run,
    measured: list[Trial],
    by_cell: Mapping[Cell, Environment],
    settings: trial.Settings,
    folder: RunFolder,
    reporter: Reporter,
) -> None:
    """Load each server once at its largest cell with every response read and checked."""
    if not head.plan.check:
        return
    largest: dict[tuple[str, str | None], Cell] = {}
    for cell in head.cells:
        key = cell.adapter, cell.python
        largest[key] = max(largest.get(key, cell), cell, key=lambda one: (one.depth * one.connections, one.workers))
    seen = {one.cell for one in measured if one.purpose is Purpose.VERIFY}
    verifying = replace(settings, purpose=Purpose.VERIFY, duration_s=1, warm_up_s=0)
    for cell in largest.values():
        if cell not in seen:
            reporter.say(f"verifying the responses of {cell.id}")
            done = trial.measure(by_cell[cell], cell, verifying, number=1, round_=0)
            folder.append(done)
            measured.append(done)


def summarize(done: Trial) -> TrialSummary:
    """What the schedule must know of a trial."""
    found = verdict.of_trial(done)
    worked = found.verdict.has_rate and done.load is not None
    phases = done.phases
    return TrialSummary(
        cell=done.cell,
        round=done.round,
        rate=done.load.requests / (done.load.duration_us / 1e6) if worked and done.load else None,
        failed=not worked,
        disturbed=verdict.disturbance(done) is not None,
        wall_s=phases.start + phases.check + phases.warm_up + phases.load + phases.stop,
    )


def _service(plan: Plan, root: Path) -> Service | None:
    """What the plan's servers wait for."""
    if plan.scenario is not Scenario.UPSTREAM:
        return None
    with process.ending_all():
        return environments.service(root / "go" / "upstream")


def _environments_by_cell(cells: Sequence[Cell], ready: Sequence[Environment]) -> Mapping[Cell, Environment]:
    named = {(made.adapter.name, made.python): made for made in ready}
    return {cell: named[cell.adapter, cell.python] for cell in cells}


def _announce(head: Run, reporter: Reporter) -> None:
    for finding in head.findings:
        if finding.level in {Level.WARNING, Level.PROBLEM}:
            reporter.say(f"{finding.level}: {finding.subject}: {finding.state}: {finding.effect}")
    placed = f"server on CPU {_numbers(head.placement.server)}, load on CPU {_numbers(head.placement.generator)}"
    reporter.say(f"{head.id}: {len(head.cells)} cells, {placed}")


def _numbers(cpus: Sequence[int]) -> str:
    return ",".join(map(str, cpus))


def _head(plan: Plan, places: Places, prepared: Sequence[Environment | Unavailable], *, setup_s: float) -> Run:
    ready = [made for made in prepared if isinstance(made, Environment)]
    waits = plan.scenario is Scenario.UPSTREAM
    # What servers wait for runs on the generator's CPUs, and gets one more where there are enough.
    placement = machine.place(max(plan.workers), plan.threads + waits)
    findings = list(doctor.examine(doctor.read()))
    if waits and (backlog := machine.backlog_finding(max(plan.connections))):
        findings.append(backlog)
    if max(plan.workers) > len(placement.server):
        state = f"{len(placement.server)} for up to {max(plan.workers)} workers"
        effect = "workers take CPU time from each other: more of them add nothing"
        findings.append(Finding(Level.WARNING, "CPUs", state, effect, "ask for fewer --workers"))
    return Run(
        schema=store.SCHEMA,
        id=f"{machine.now()[:19].replace(':', '').replace('-', '')}-{plan.profile}",
        created_at=machine.now(),
        finished_at=None,
        command=("pipebench", *sys.argv[1:]),
        version=version("async-pipeline-bench"),
        revision=_revision(places.root),
        plan=plan,
        machine=machine.describe(),
        placement=placement,
        adapters=tuple(_record(made, places.root) for made in prepared),
        conformance=(),
        cells=plans.cells(plan, ready),
        findings=tuple(findings),
        setup_s=setup_s,
    )


def _record(made: Environment | Unavailable, root: Path) -> AdapterRecord:
    adapter = made.adapter
    ready, missing = (made, None) if isinstance(made, Environment) else (None, made)
    return AdapterRecord(
        name=adapter.name,
        path=str(adapter.path.relative_to(root)),
        sha256=hashlib.sha256(adapter.path.read_bytes()).hexdigest(),
        title=adapter.title,
        distribution=adapter.distribution,
        kind=adapter.kind,
        homepage=adapter.homepage,
        scenario=adapter.scenario,
        language=adapter.language,
        ranked=adapter.ranked,
        known_failure=adapter.known_failure,
        group=adapter.group,
        python=made.python,
        version=ready.version if ready else None,
        installed=ready.installed if ready else {},
        unavailable=missing.reason if missing else None,
        log_tail=missing.log_tail if missing else (),
        client=adapter.client,
        max_clients=adapter.max_clients,
    )


def _changes(recorded: Run, now: Run) -> list[str]:
    """What differs between a run's record and what is here now, and would make its trials incomparable."""
    changes = []
    if recorded.machine != now.machine:
        changes.append("the machine or its tools are not the same")
    if recorded.placement != now.placement:
        changes.append("the CPUs that may be used are not the same")
    before = {(one.name, one.python): one for one in recorded.adapters}
    after = {(one.name, one.python): one for one in now.adapters}
    for key in sorted(before.keys() | after.keys(), key=str):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            changes.append(f"{key[0]} {'is new' if old is None else 'is gone'}")
        elif old.sha256 != new.sha256:
            changes.append(f"{key[0]} was edited")
        elif old.installed != new.installed:
            changes.append(f"{key[0]} has other packages installed")
    return changes


def _revision(root: Path) -> str | None:
    """The commit that is checked out, with ``+`` where files under version control were changed."""
    commit = process.output(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"], stderr=False)
    if commit is None or not commit.strip().isalnum():
        return None
    changed = process.output(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"], stderr=False)
    return commit.strip() + ("+" if changed and changed.strip() else "")


@contextmanager
def _offering_to_resume(head: Run, reporter: Reporter) -> Iterator[None]:
    """Where a run ends early, for whatever reason, say how it can be completed."""
    try:
        yield
    except BaseException:
        reporter.say(f"{head.id} is not complete; its finished trials are kept: pipebench run --resume {head.id}")
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
