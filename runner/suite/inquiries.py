"""What is asked of adapters beside a run: which there are, how they pipeline, what overlaps, which pins are old."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from runner.adapters import environments, metadata, outdated
from runner.adapters.outdated import Pin
from runner.conformance.case import Case
from runner.conformance.cases.catalogue import CASES
from runner.conformance.record import Conformance
from runner.conformance.running import examination
from runner.conformance.running.check import BODY, quick_check
from runner.errors import AdapterError, PlanError
from runner.machine import facts
from runner.record.adapter import Adapter, Client, Environment, Group, Scenario, Unavailable
from runner.serving import process, server, upstream
from runner.suite import counts
from runner.suite.progress import Reporter
from runner.timeline import tracing
from runner.timeline.events import Timeline
from runner.timeline.tracing import Asked

TRIED_DEPTH = 16
"""Requests of the batch that an adapter must answer after its pins were moved."""


def inventory(
    only: Sequence[str], root: Path, reporter: Reporter, *, groups: Sequence[Group] = (), build: bool = False
) -> tuple[Environment | Unavailable, ...]:
    """The adapters that ``only`` names, of these groups, as they are; with ``build``, made ready where they can be."""
    chosen = metadata.select(metadata.discover(root), only, groups)
    with process.ending_all():
        return environments.prepare(chosen, progress=reporter.building if build else silent, build=build)


def silent(_adapter: Adapter, _state: str) -> None:
    """Says nothing of what is not to be built."""


def examine(  # noqa: PLR0913 - what `check` may ask
    patterns: Sequence[str],
    root: Path,
    reporter: Reporter,
    *,
    groups: Sequence[Group] = (),
    variants: Sequence[str] = (),
    cases: Sequence[str] = (),
    ladder: bool = False,
    beside: str | None = None,
    python: str | None = None,
) -> tuple[Conformance, ...]:
    """The conformance cases (all, or those of these names or numbers) against the adapters that ``patterns`` name.

    ``NAME@VARIANT`` among them means that one alone, and a name then the adapter without its variants.
    ``beside``: one more adapter, for comparison; left out where none of the others answers at all.
    ``python``: the interpreter, in place of the newest.
    """
    chosen, pythons = _choose_cases(cases), counts.on(python)
    pipelining = [one for one in metadata.discover(root) if one.scenario is Scenario.PIPELINE]
    apart = any("@" in pattern for pattern in patterns)
    chosen_adapters = () if apart else metadata.select(pipelining, patterns, groups)
    if lacking := facts.allow_descriptors(examination.descriptors(ladder=ladder)):
        raise PlanError(f"the cases, {examination.AT_ONCE} servers at a time, need {lacking}")
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-check-") as logs:
        if apart:
            prepared = tuple(counts.named(patterns, root, reporter, variants=variants, python=python, alone=True))
        else:
            prepared = environments.prepare(
                chosen_adapters, pythons=pythons, asked=variants, progress=reporter.building
            )
        ready = [made for made in prepared if isinstance(made, Environment)]
        if beside and any(examination.examine(made, Path(logs) / "first", cases=()).problem is None for made in ready):
            others = metadata.select(pipelining, [beside])
            prepared += environments.prepare(others, pythons=pythons, progress=reporter.building)
            ready = [made for made in prepared if isinstance(made, Environment)]
        said = saying_class(reporter, len(ready))
        examined = iter(examination.examine_all(ready, Path(logs), cases=chosen, ladder=ladder, on_examined=said))
    return tuple(next(examined) if isinstance(made, Environment) else _unexamined(made) for made in prepared)


def server_of(patterns: Sequence[str], root: Path, groups: Sequence[Group] = ()) -> str | None:
    """The adapter of the server that an adapter runs on, where ``patterns`` name one adapter alone and it says so."""
    pipelining = [one for one in metadata.discover(root) if one.scenario is Scenario.PIPELINE]
    named = metadata.select(pipelining, [pattern.partition("@")[0] for pattern in patterns], groups)
    return named[0].runs_on if patterns and len(named) == 1 else None


def saying_class(reporter: Reporter, of: int | None = None) -> Callable[[Conformance], None]:
    """What tells a reporter of each server that was examined, with its number where it is known of how many."""
    numbers = count(1)

    def say(found: Conformance) -> None:
        place = f" ({next(numbers)} of {of})" if of else ""
        said = found.problem or found.classification.server_class or found.counts
        reporter.say(f"checked {found.adapter}{place}: {said}")

    return say


def _unexamined(made: Unavailable) -> Conformance:
    adapter = made.adapter
    return Conformance(
        adapter.name,
        adapter.title + (f" · {made.variant.label}" if made.variant else ""),
        None,
        made.python,
        results=(),
        problem=made.reason,
        variant=made.variant.label if made.variant else None,
    )


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
    (adapter,) = _exactly_one(metadata.select(metadata.discover(root), [name]))
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
    (adapter,) = _exactly_one(metadata.select(metadata.discover(root), ["tornado"]))
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
    chosen = [one for one in metadata.select(metadata.discover(root), patterns, looked_at) if one.problem is None]
    before = outdated.cut_off(datetime.now(UTC))
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-outdated-") as logs:
        pins = outdated.look_up(chosen, before, Path(logs))
        changed = outdated.update(chosen, pins, before) if update else ()
        if not changed:
            return Outdated(before, pins)
        now = [adapter for adapter in metadata.discover(root) if adapter.name in changed]
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
            raise PlanError(f"no case '{name}': {hint}")
    return tuple(dict.fromkeys(known[name] for name in wanted))
