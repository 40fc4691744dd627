"""Pairs of a cluster gathered for a run: made ready, described, compared with each other; and more as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from runner.conformance.record import Conformance
from runner.errors import PlanError, ToolError
from runner.hosts.host import HostLostError
from runner.hosts.nodes import cluster as nodes
from runner.hosts.nodes.cluster import Kept
from runner.hosts.nodes.node import Described
from runner.hosts.nodes.pairing import Choice
from runner.load import summing
from runner.machine import facts
from runner.record.adapter import Adapter, Environment, Scenario, Service, Unavailable, interpreter
from runner.record.plan import Generator, Plan
from runner.record.run import Cluster, Finding, Level, Link, Loss, Machine, Pair
from runner.record.trial import Placement
from runner.suite.crews.crew import Job, Member
from runner.suite.progress import Reporter

BUILD_PATIENCE_S = 3600.0
"""How long a node may take to build all environments, in seconds."""
CHECK_PATIENCE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A pair that is ours and ready to measure: as it is recorded, and what was made ready on it."""

    kept: Kept
    record: Pair
    findings: tuple[Finding, ...]
    prepared: tuple[Environment | Unavailable, ...]
    volley: Service | None
    service: Service | None


def check(plan: Plan, asked: Cluster) -> None:
    """Raise :class:`PlanError` where a plan asks for what pairs of machines cannot measure."""
    if asked.generators < 1:
        raise PlanError(f"generators is {asked.generators}: --generators takes a whole number of at least 1")
    if asked.wanted is not None and asked.wanted < 1:
        raise PlanError(f"pairs is {asked.wanted}: --pairs takes a whole number of at least 1")
    if plan.count:
        raise PlanError("instructions are counted on one machine: leave out --count or --cluster")
    if plan.limits and asked.wanted != 1:
        raise PlanError("a search under a --limit goes on on one pair: give --pairs 1")
    if plan.scenario is Scenario.UPSTREAM and asked.generators > 1:
        raise PlanError("servers that wait for another are loaded by one generator: leave out --generators")
    for connections in plan.connections:
        for share in summing.shares(connections, asked.generators):
            if share % plan.threads:
                raise PlanError(
                    f"{share} connections of each generator cannot be shared evenly by {plan.threads} threads: choose "
                    "another number with --connections, --generators or --threads"
                )
    for text in plan.variants:
        for part in text.split():
            if any(Path(one).expanduser().exists() for one in (part, part.rpartition("@")[0]) if one):
                raise PlanError(f"{part} is a path, and does not travel to other machines: give --with a release")


class Gathering:
    """The pairs of a run. ``record`` is what the run's head says of them; whoever writes that is told of changes."""

    def __init__(
        self, cluster: nodes.Cluster, plan: Plan, asked: Cluster, chosen: Sequence[Adapter], reporter: Reporter
    ) -> None:
        self.record = asked
        self.on_change: Callable[[], None] = lambda: None
        self._cluster = cluster
        self._plan = plan
        self._chosen = {one.name: one for one in chosen}
        self._reporter = reporter
        self._ready: dict[str, Ready] = {}
        self._refused: set[str] = set()
        self._folder: Path | None = None
        self._measured: tuple[Environment, ...] = ()

    def gather(self) -> None:
        """Make all pairs ready that are wanted and there, at the same time.

        Raises :class:`ToolError` where there is none.
        """
        choices = self._cluster.choices(self.record.generators)
        if self.record.wanted is not None:
            choices = choices[: self.record.wanted]
        if not choices:
            each = "" if self.record.generators == 1 else f" {self.record.generators} of the latter for each"
            raise ToolError(
                "no two nodes of the cluster make a pair: start some with `ray start --resources='{\"server\":1}'` and "
                f"others with '{{\"generator\":1}}',{each} as docs/cluster.md says"
            )
        with ThreadPoolExecutor(max_workers=len(choices)) as executor:
            tried = list(executor.map(self._try, choices))
        made = [one for one in tried if isinstance(one, Ready)]
        if not made:
            raise ToolError(f"no pair can measure: {'; '.join(str(one) for one in tried)}")
        for one, choice in zip(tried, choices, strict=True):
            if isinstance(one, Exception):
                self._reporter.say(f"{choice.name} is left out: {one}")
                self._refused.add(choice.name)
        for one in made:
            self._add(one)

    def _try(self, choice: Choice) -> Ready | Exception:
        try:
            return self._open(choice)
        except (HostLostError, ToolError, PlanError) as error:
            return error

    def _open(self, choice: Choice) -> Ready:
        plan, kept = self._plan, self._cluster.keep(choice)
        try:
            workers = max(*plan.workers, plan.server_cpus or 1)
            waits = plan.scenario is Scenario.UPSTREAM
            described: dict[str, Described] = {
                address: kept.ask(address, "describe", workers, plan.threads + waits) for address in choice.addresses
            }
            server = described[choice.server]
            used = {plan.generator, *([plan.witness_by] if plan.witness else [])}
            connections = max(plan.connections)
            for address in choice.generators:
                kept.ask(address, "require", connections, Generator.WRK in used, Generator.H2LOAD in used)
            links = self._links(kept)
            self._reporter.say(f"{choice.name}: building what is not there yet")
            asked = (tuple(self._chosen), plan.pythons, plan.variants)
            prepared = kept.ask(choice.server, "prepare", *asked, patience_s=BUILD_PATIENCE_S)
            service = volley = None
            for address in choice.generators:
                name = "upstream_service" if waits else "volley"
                built: Service = kept.ask(address, name, patience_s=BUILD_PATIENCE_S)
                service, volley = (built, None) if waits else (None, built)
        except BaseException:
            self._cluster.release(kept)
            raise
        record = Pair(
            name=choice.name,
            server=server.machine,
            generators=tuple(described[one].machine for one in choice.generators),
            placement=Placement(
                server=server.server_cpus,
                generator=tuple(cpu for one in choice.generators for cpu in described[one].generator_cpus),
                shared=False,
            ),
            links=links,
        )
        findings = tuple(
            replace(found, subject=f"{found.subject} on {address}")
            for address, one in described.items()
            for found in one.findings
            if found.level in {Level.WARNING, Level.PROBLEM}
        )
        return Ready(kept, record, findings, prepared, volley, service)

    def _links(self, kept: Kept) -> tuple[Link, ...]:
        links = []
        for address in kept.choice.generators:
            listens = kept.ask(kept.choice.server, "listen")
            try:
                links.append(kept.ask(address, "measure_link", listens))
            finally:
                kept.ask(kept.choice.server, "stop_listening")
        return tuple(links)

    def _add(self, made: Ready) -> None:
        first = next(iter(self._ready.values()), made)
        recorded = replace(made.record, differs=tuple(differences(first, made)))
        self._ready[recorded.name] = replace(made, record=recorded)
        others = [one for one in self.record.pairs if one.name != recorded.name]
        self.record = replace(self.record, pairs=(*others, recorded))
        for what in recorded.differs:
            self._reporter.say(f"{recorded.name} is not as {first.record.name}: {what}")

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Those that are ready now."""
        return tuple(one.record for one in self._ready.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not well with their machines."""
        return tuple(found for one in self._ready.values() for found in one.findings)

    def prepared(self) -> tuple[Environment | Unavailable, ...]:
        """What all pairs have ready: what one of them has not, none can measure. Adapters are those of this machine."""
        first, *others = self._ready.values()
        found: list[Environment | Unavailable] = []
        for made in first.prepared:
            adapter, elsewhere = (
                self._chosen[made.adapter.name],
                {one.kept.choice.server: _same(one.prepared, made) for one in (first, *others)},
            )
            for address, theirs in elsewhere.items():
                if not isinstance(theirs, Environment):
                    reason = theirs.reason if theirs else f"no {interpreter(made.python or '')}"
                    log_tail = theirs.log_tail if theirs else ()
                    found.append(Unavailable(adapter, f"{reason} (on {address})", made.python, log_tail, made.variant))
                    break
            else:
                if isinstance(made, Environment):
                    found.append(replace(made, adapter=adapter))
        self._measured = tuple(one for one in found if isinstance(one, Environment))
        return tuple(found)

    def examine(self, ready: Sequence[Environment]) -> tuple[Conformance, ...]:
        """The core conformance cases of what is ready, on the server's node of the first pair."""
        first = next(iter(self._ready.values()))
        theirs = [one for made in ready if isinstance(one := _same(first.prepared, made), Environment)]
        found: tuple[Conformance, ...] = first.kept.ask(
            first.kept.choice.server, "examine", theirs, patience_s=CHECK_PATIENCE_S
        )
        return found

    def members(self, folder: Path) -> list[Member]:
        """The pairs as they measure into a run's folder."""
        self._folder = folder
        return [self._member(one, folder) for one in self._ready.values()]

    def _member(self, made: Ready, folder: Path) -> Member:
        environments = {one.server: one for one in made.prepared if isinstance(one, Environment)}
        return Member(made.kept.place(folder), made.record.placement, environments, made.volley, made.service)

    def joining(self) -> Member | None:
        """As :meth:`runner.suite.crews.crew.Recruiter.joining`.

        Raises :class:`ToolError` where the cluster has lost its head.
        """
        if not self._cluster.head_answers():
            return None
        if self._folder is None or (self.record.wanted is not None and len(self._ready) >= self.record.wanted):
            return None
        taken = {address for one in self._ready.values() for address in one.kept.choice.addresses}
        for choice in self._cluster.choices(self.record.generators, taken):
            if choice.name in self._refused:
                continue
            made = self._try(choice)
            if isinstance(made, Ready) and (lacks := _lacking(made, self._measured)):
                self._cluster.release(made.kept)
                made = ToolError(f"{', '.join(lacks)} cannot run there")
            if isinstance(made, Ready):
                self._add(made)
                self._reporter.say(f"{choice.name} has joined")
                self.on_change()
                return self._member(self._ready[choice.name], self._folder)
            self._reporter.say(f"{choice.name} is left out: {made}")
            if not isinstance(made, HostLostError):
                self._refused.add(choice.name)
        return None

    def lost(self, member: Member, job: Job | None, reason: str) -> None:
        """As :meth:`runner.suite.crews.crew.Recruiter.lost`."""
        made = self._ready.pop(member.name)
        made.kept.lost.set()
        self._cluster.release(made.kept)
        cell = job.cell.id if job else ""
        loss = Loss(facts.now(), member.name, cell, reason)
        self.record = replace(self.record, losses=(*self.record.losses, loss))
        self._reporter.say(f"{member.name} was lost ({reason}); {cell or 'nothing'} was under way and is run again")
        self.on_change()

    def release(self) -> None:
        """Give all pairs back; nothing of the run is left on them."""
        while self._ready:
            _, made = self._ready.popitem()
            self._cluster.release(made.kept)


def _same(
    prepared: Sequence[Environment | Unavailable], made: Environment | Unavailable
) -> Environment | Unavailable | None:
    """The same server as ``made`` among what was prepared elsewhere."""
    return next((one for one in prepared if one.server == made.server), None)


def _lacking(made: Ready, measured: Sequence[Environment]) -> list[str]:
    """What others measure and a pair has not ready."""
    return [one.adapter.name for one in measured if not isinstance(_same(made.prepared, one), Environment)]


def differences(first: Ready, other: Ready) -> Iterator[str]:
    """What is not the same on another pair as on the first, in words."""
    yield from _of_machines("server", first.record.server, other.record.server)
    for one, another in zip(first.record.generators, other.record.generators, strict=True):
        yield from _of_machines("generator", one, another)
    for made in first.prepared:
        theirs = _same(other.prepared, made)
        if isinstance(made, Environment) and isinstance(theirs, Environment) and theirs.installed != made.installed:
            names = sorted(
                name
                for name in {*made.installed, *theirs.installed}
                if made.installed.get(name) != theirs.installed.get(name)
            )
            yield f"{made.adapter.name} has other releases of {', '.join(names)}"


def _of_machines(role: str, one: Machine, other: Machine) -> Iterator[str]:
    for what, mine, theirs in (
        ("CPU", one.kind, other.kind),
        ("kernel", one.kernel, other.kernel),
        ("system", one.system, other.system),
        *(
            (tool, one.tools.get(tool, "none"), other.tools.get(tool, "none"))
            for tool in sorted({*one.tools, *other.tools})
        ),
    ):
        if mine != theirs:
            yield f"{what} of the {role}: {theirs}, not {mine}"


@contextmanager
def gathered(
    plan: Plan, asked: Cluster, root: Path, chosen: Sequence[Adapter], reporter: Reporter
) -> Iterator[Gathering]:
    """The pairs of a run, which are given back at its end, however that comes."""
    with nodes.connected(asked.address, root) as cluster:
        gathering = Gathering(cluster, plan, asked, chosen, reporter)
        try:
            gathering.gather()
            yield gathering
        finally:
            gathering.release()
