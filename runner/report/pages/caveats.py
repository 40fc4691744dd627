"""What is not clean about a run, in words: all that stands between its figures and taking them as they are. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from runner.record.run import Level, Run
from runner.record.trial import Verdict
from runner.report.tables import standard
from runner.rows.row import Row

NAMED = 12
"""Servers that a caveat names before it only counts."""
GO_PLAIN_SINCE = "2026-11-26"
"""The day from which the rows of Go answer by a plain call: README, "What was wrong in the tables below"."""


@dataclass(frozen=True, slots=True)
class Caveat:
    """One reservation: what it is about, what it means for the figures, and how much of it there is in few words."""

    subject: str
    text: str
    short: str


def caveats(run: Run, rows: Sequence[Row]) -> tuple[Caveat, ...]:
    """All reservations about a run: first those about the whole of it, then those about some of its rows."""
    return (*_of_the_run(run, rows), *_of_rows(run, [row for row in rows if row.depth is not None]), *_missing(rows))


def _of_the_run(run: Run, rows: Sequence[Row]) -> Iterator[Caveat]:
    if run.finished_at is None:
        waiting = len({*run.cells} - {row.cell for row in rows if row.trials})
        left = f"{waiting} of {len(run.cells)} cells have no trial yet" if waiting > 0 else "more trials were planned"
        yield Caveat("Run not complete", f"{left}: pipebench run --resume {run.id}", "run not complete")
    if run.created_at < GO_PLAIN_SINCE and any(one.name == "fasthttp" for one in run.adapters):
        yield Caveat(
            "Go's rows had a brake",
            f"until {GO_PLAIN_SINCE} they answered each request through a goroutine and a channel, which no Go "
            "programmer writes; a plain call is about twice as fast at depth 16: "
            "× fasthttp and the order beside it rest on that",  # noqa: RUF001
            "Go's rows had a brake",
        )
    if not run.plan.check:
        yield Caveat("Not checked", "run with --no-check: nobody looked whether the responses are right", "not checked")
    if run.placement.shared:
        yield Caveat("Shared CPUs", "server and load generator shared their CPUs: every rate is too low", "shared CPUs")
    if run.revision is None:
        yield Caveat(
            "Revision unknown", "the suite was not run from a checkout that tells its commit", "revision unknown"
        )
    elif run.revision.endswith("+"):
        changes = f"measured with changes to {run.revision.rstrip('+')} that no commit holds"
        yield Caveat("Uncommitted changes", changes, "uncommitted changes")
    for finding in run.findings:
        if finding.level in {Level.WARNING, Level.PROBLEM}:
            told = finding.state if finding.effect is None else f"{finding.state}; {finding.effect}"
            yield Caveat(f"Machine: {finding.subject}", told, f"machine: {finding.subject}")
    yield from _of_the_cluster(run)
    disturbed, trials = sum(row.disturbed_trials for row in rows), sum(row.trials for row in rows)
    if disturbed:
        yield Caveat(
            "Disturbed trials",
            f"during {disturbed} of {trials} trials other work took CPU time; they count only where there are too few "
            f"others: {_where(row for row in rows if row.disturbed_trials)}",
            f"{disturbed} of {trials} trials disturbed",
        )


def _of_the_cluster(run: Run) -> Iterator[Caveat]:
    if run.cluster is None:
        return
    differing = {pair.name: pair.differs for pair in run.cluster.pairs if pair.differs}
    if differing:
        told = "; ".join(f"{name}: {', '.join(differs)}" for name, differs in differing.items())
        yield Caveat("Pairs differ", f"not as the first pair: {told}", f"{len(differing)} pairs differ")
    if run.cluster.losses:
        lost = "; ".join(f"{one.pair} at {one.at}: {one.reason}" for one in run.cluster.losses[:NAMED])
        number = len(run.cluster.losses)
        yield Caveat("Machines lost", f"{number} trials were begun and run again: {lost}", f"{number} trials lost")


def _of_rows(run: Run, rows: Sequence[Row]) -> Iterator[Caveat]:
    of = f"of {len(rows)} rows"
    bounds = [row for row in rows if row.verdict is Verdict.GENERATOR_BOUND]
    if bounds:
        yield Caveat(
            "Lower bounds",
            f"{len(bounds)} {of} are marked ≥: the load generator ran out of CPU first: {_where(bounds)}",
            f"{len(bounds)} lower bounds",
        )
    unclear = [row for row in rows if row.verdict is Verdict.NEITHER]
    if unclear:
        told = f"in {len(unclear)} {of} neither side was busy: {_where(unclear)}"
        yield Caveat("Limit unclear", told, f"{len(unclear)} with an unclear limit")
    failed = [row for row in rows if not row.verdict.has_rate]
    if failed:
        told = f"{len(failed)} {of} have no rate, because the server failed: {_where(failed)}"
        yield Caveat("Failures", told, f"{len(failed)} failed")
    alone = [row for row in rows if (rate := row.requests_per_second) is not None and rate.high is None]
    if alone:
        told = f"{len(alone)} {of} have too few trials to tell how far to trust them"
        yield Caveat("No interval", told, f"{len(alone)} without an interval")
    wide = [row for row in rows if standard.imprecise(run, row) and row not in alone]
    if wide:
        within = f"±{run.plan.precision * 100:g} %"
        told = f"{len(wide)} {of} are not within {within}: {_where(wide)}"
        yield Caveat("Precision not reached", told, f"{len(wide)} {of} wider than {within}")
    blind = [row for row in rows if row.verdict.has_rate and not (row.batch_latency_us and row.batch_latency_us.exact)]
    if blind:
        told = f"in {len(blind)} {of}, the notes say why: {_where(blind)}"
        yield Caveat("Latency not measured", told, f"{len(blind)} without latency")
    doubted = [row for row in rows if row.witness is not None and row.witness.agrees is False]
    if doubted:
        told = f"h2load saw other figures in {len(doubted)} {of}: {_where(doubted)}"
        yield Caveat("Witness disagrees", told, f"{len(doubted)} where h2load differs")


def _missing(rows: Sequence[Row]) -> Iterator[Caveat]:
    gone = [row for row in rows if row.verdict is Verdict.UNAVAILABLE and row.depth is None]
    if gone:
        told = f"could not be run on this machine: {_listed(row.title for row in gone)}"
        yield Caveat("Not available", told, f"{len(gone)} not available")


def _where(rows: Iterable[Row]) -> str:
    """``ceiling at depth 1, 5, 16; go fasthttp at depth 1``."""
    depths: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        depths[row.title].add(row.depth or 0)
    return _listed(
        (f"{title} at depth {', '.join(map(str, sorted(found)))}" for title, found in depths.items()), between="; "
    )


def _listed(words: Iterable[str], between: str = ", ") -> str:
    found = list(words)
    if len(found) <= NAMED:
        return between.join(found)
    return between.join([*found[:NAMED], f"and {len(found) - NAMED} more"])
