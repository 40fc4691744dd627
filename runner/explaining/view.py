"""A server as its run and what was seen of it say: the model, the calls, the shares and the findings together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.explaining import calls, categories, findings
from runner.explaining.calls import Batch, Paid
from runner.explaining.categories import Category, Hot
from runner.explaining.findings import Evidence, Finding
from runner.judging import verdict
from runner.judging.models import batching
from runner.judging.models.batching import Line
from runner.record.adapter import Server
from runner.record.beside.explained import Explained, FunctionCost, Sampled
from runner.record.run import AdapterRecord, Run
from runner.record.trial import Trial, Verdict
from runner.rows.cells import by_cell
from runner.rows.row import Estimate, Row

HOT_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Modelled:
    """One depth of the model beside what was measured: a request's CPU time in µs, and requests/s.

    ``rate_modelled`` is that of a server that is never idle; ``busy`` is the share of its CPU that it used.
    """

    depth: int
    cost: Estimate | None
    cost_modelled_us: float
    off: float | None
    rate: Estimate | None
    rate_modelled: float
    busy: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Shares:
    """Where its time goes at one depth: the kernel's share is counted, the others are of the rest, by samples.

    ``sampled_kernel`` is how often samples found it in a system call, to be held against what was counted.
    """

    depth: int
    kernel: float | None
    sampled_kernel: float
    own: Mapping[Category, float]
    hottest: tuple[Hot, ...]
    samples: int
    tool: str


@dataclass(frozen=True, slots=True)
class PaidFunction:
    """A native function, its instructions a request at each depth, and what of them is paid a batch and a request."""

    cost: FunctionCost
    of_batch: float | None
    of_request: float | None


@dataclass(frozen=True, slots=True)
class View:
    """All there is to say of why one server costs what it costs."""

    record: AdapterRecord
    explained: Explained
    line: Line | None
    modelled: tuple[Modelled, ...]
    batches: tuple[Batch, ...]
    paid: tuple[Paid, ...]
    shares: tuple[Shares, ...]
    functions: tuple[PaidFunction, ...]
    findings: tuple[Finding, ...]

    @property
    def title(self) -> str:
        """Its name for a person, with the variant."""
        return self.record.title + (f" · {self.explained.variant}" if self.explained.variant else "")

    @property
    def key(self) -> str:
        """Its name for a file."""
        parts = (
            self.explained.adapter,
            self.explained.python if self.explained.python else None,
            self.explained.variant,
        )
        return "-".join("".join(c if c.isalnum() or c in "._" else "-" for c in part) for part in parts if part)


def views(run: Run, trials: Sequence[Trial], rows: Sequence[Row], explained: Sequence[Explained]) -> tuple[View, ...]:
    """One for each server that was explained, in the order of the record."""
    seen = {one.server: one for one in explained}
    costs = _costs(run, trials)
    return tuple(
        _view(record, seen[record.server], rows, costs.get(record.server, {}))
        for record in run.adapters
        if record.server in seen
    )


def _costs(run: Run, trials: Sequence[Trial]) -> Mapping[Server, Mapping[int, Sequence[float]]]:
    """CPU time of a request in µs, a value a trial, of each server and depth, at the run's first load."""
    found: dict[Server, dict[int, Sequence[float]]] = defaultdict(dict)
    for cell, own in by_cell(run, trials).items():
        first = (run.plan.connections[0], run.plan.workers[0], run.plan.headers[0])
        if cell.is_paced or (cell.connections, cell.workers, cell.headers) != first or not own.found.verdict.has_rate:
            continue
        found[cell.server][cell.depth] = [cost for one in own.used if (cost := verdict.cpu_cost_us(one)) is not None]
    return found


def _view(record: AdapterRecord, seen: Explained, rows: Sequence[Row], costs: Mapping[int, Sequence[float]]) -> View:
    own = {row.depth: row for row in reversed(rows) if row.server == seen.server and row.depth is not None}
    line = batching.line(costs)
    modelled = tuple(_modelled(line, row, depth) for depth, row in sorted(own.items())) if line is not None else ()
    batches = tuple(calls.batch(one) for one in sorted(seen.calls, key=lambda one: one.depth))
    shares = tuple(_shares(one, own.get(one.depth)) for one in sorted(seen.sampled, key=lambda one: one.depth))
    paid = calls.paid(seen.calls)
    evidence = Evidence(record, line, own, batches, paid, {one.depth: one.own for one in shares},
                        {one.depth: one.hottest for one in shares},
                        {one.depth: categories.in_python(one, Category.PARSING) for one in seen.sampled})  # fmt: skip
    return View(
        record=record,
        explained=seen,
        line=line,
        modelled=modelled,
        batches=batches,
        paid=paid,
        shares=shares,
        functions=tuple(_paid_function(seen.depths, one) for one in seen.functions),
        findings=findings.findings(evidence),
    )


def _modelled(line: Line, row: Row, depth: int) -> Modelled:
    cost = line.cost_us(depth)
    return Modelled(
        depth=depth,
        cost=row.cpu_us_per_request,
        cost_modelled_us=cost,
        off=off.mean if (off := (line.off or {}).get(depth)) is not None else None,
        rate=row.requests_per_second,
        rate_modelled=1e6 / cost,
        busy=row.server_busy,
        verdict=row.verdict,
    )


def _shares(sampled: Sampled, row: Row | None) -> Shares:
    found = dict(categories.shares(sampled))
    return Shares(
        depth=sampled.depth,
        kernel=row.spent.kernel_share if row is not None and row.spent is not None else None,
        sampled_kernel=found.pop(Category.KERNEL),
        own=found,
        hottest=categories.hottest(sampled, HOT_SHOWN),
        samples=sampled.samples,
        tool=sampled.tool,
    )


def _paid_function(depths: Sequence[int], cost: FunctionCost) -> PaidFunction:
    a_batch = tuple(depth * count for depth, count in sorted(zip(depths, cost.instructions, strict=True)))
    shares = calls.split(sorted(depths), a_batch)
    return PaidFunction(cost, *(shares if shares is not None else (None, None)))
