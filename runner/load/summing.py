"""Several loads that ran together on one server, as one: what several generators saw of it. Pure.

Counts are sums, and so is the rate. Of times only what is exact is kept: histograms are added up, means are weighed;
the percentiles of a distribution that came without its histogram are not known. Those of the generators' own lateness
are the largest of any, which those of all together cannot exceed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from typing import Any, TypeVar

from runner.errors import PlanError
from runner.judging import latency
from runner.record.trial import GeneratorErrors, Load, Verified
from runner.record.volley import Arrivals, Batches, Faults, Interval, Losses, Spread, Volley, Wire

N = TypeVar("N", int, float)


def shares(connections: int, generators: int) -> tuple[int, ...]:
    """The connections of each generator. Raises :class:`PlanError` where they cannot be shared evenly."""
    if connections % generators:
        raise PlanError(
            f"{connections} connections cannot be shared evenly by {generators} generators: choose a multiple with "
            "--connections or another number of --generators"
        )
    return (connections // generators,) * generators


def total(loads: Sequence[Load], connections: Sequence[int]) -> Load:
    """The loads as one, each with its number of connections. Its duration is such that its rate is the sum of theirs.

    Raises ``ValueError`` where there is none.
    """
    if not loads:
        raise ValueError("no load is no sum")
    rate = sum(one.requests_per_second for one in loads)
    requests = sum(one.requests for one in loads)
    volleys = [one.volley for one in loads if one.volley is not None]
    verified = [one.verified for one in loads if one.verified is not None]
    return Load(
        generator=loads[0].generator,
        argv=loads[0].argv,
        threads=sum(one.threads for one in loads),
        duration_us=round(requests / rate * 1e6) if rate else max(one.duration_us for one in loads),
        requests=requests,
        bytes_read=sum(one.bytes_read for one in loads),
        errors=GeneratorErrors(**_sums([one.errors for one in loads], GeneratorErrors)),
        cpu_ns=_sum(one.cpu_ns for one in loads),
        histogram=latency.merge([one.histogram for one in loads]),
        active_intervals=_sum(one.active_intervals for one in loads),
        array_source=loads[0].array_source,
        verified=Verified(
            sum(one.responses for one in verified), sum(one.wrong for one in verified), _first(verified, "first")
        )
        if len(verified) == len(loads)
        else None,
        volley=_volley(volleys, connections) if len(volleys) == len(loads) else None,
    )


def _volley(seen: Sequence[Volley], connections: Sequence[int]) -> Volley:
    wires = [one.wire for one in seen if one.wire is not None]
    return Volley(
        mode=seen[0].mode,
        batch=seen[0].batch,
        stamped=all(one.stamped for one in seen),
        stamps_missing=sum(one.stamps_missing for one in seen),
        stamps_reason=_first(seen, "stamps_reason"),
        little_ratio=_weighed([one.little_ratio for one in seen], connections),
        batches=Batches(**_sums([one.batches for one in seen], Batches)),
        first=_mixed([one.first for one in seen]),
        first_bounded=sum(one.first_bounded for one in seen),
        sent_latency=_optional(_mixed, [one.sent_latency for one in seen]),
        own_delay=_optional(_worst, [one.own_delay for one in seen]),
        lag=_optional(_worst, [one.lag for one in seen]),
        arrivals=_arrivals([one.arrivals for one in seen if one.arrivals is not None]),
        intervals=_intervals([one.intervals for one in seen]),
        cpu_span_ns=_least(one.cpu_span_ns for one in seen),
        clock_step_ns=max((one.clock_step_ns for one in seen), key=abs),
        checked=sum(one.checked for one in seen),
        recognized=sum(one.recognized for one in seen),
        faults=Faults(
            **_sums([one.faults for one in seen], Faults),
        ),
        losses=Losses(
            **_sums([one.losses for one in seen], Losses),
        ),
        wire=Wire(**_sums(wires, Wire)) if len(wires) == len(seen) else None,
        reads=sum(one.reads for one in seen),
        silent_connections=sum(one.silent_connections for one in seen),
        interrupted=any(one.interrupted for one in seen),
    )


def _arrivals(seen: Sequence[Arrivals]) -> Arrivals | None:
    """Poisson arrivals at several generators are together a Poisson process at the sum of their rates."""
    if not seen:
        return None
    return replace(
        seen[0],
        rate=sum(one.rate for one in seen),
        offered=sum(one.offered for one in seen),
        offered_per_second=sum(one.offered_per_second for one in seen),
        answered_per_second=sum(one.answered_per_second for one in seen),
        queued=sum(one.queued for one in seen),
        backlog=sum(one.backlog for one in seen),
        anderson_darling=_most(one.anderson_darling for one in seen),
        sent_anderson_darling=_most(one.sent_anderson_darling for one in seen),
    )


def _intervals(seen: Sequence[Sequence[Interval]]) -> tuple[Interval, ...]:
    """The tenths of a second of all, each with the one at the same distance from its load's beginning."""
    nothing = Interval(0, 0, None)
    summed = []
    for parts in zip_longest(*seen, fillvalue=nothing):
        known = [(one.batches, one.latency_us) for one in parts if one.latency_us is not None]
        batches = sum(count for count, _ in known)
        us = sum(count * us for count, us in known) / batches if batches else None
        summed.append(Interval(sum(one.responses for one in parts), sum(one.batches for one in parts), us))
    return tuple(summed)


def _mixed(seen: Sequence[Spread]) -> Spread:
    """Number, mean and maximum are exact; percentiles are not known."""
    count = sum(one.count for one in seen)
    mean = sum((one.mean or 0.0) * one.count for one in seen) / count if count else None
    return Spread(count, mean, None, None, None, None, _most(one.max for one in seen))


def _worst(seen: Sequence[Spread]) -> Spread:
    """The largest percentile of any: that of all together is no larger."""
    return replace(
        _mixed(seen),
        p50=_most(one.p50 for one in seen),
        p90=_most(one.p90 for one in seen),
        p99=_most(one.p99 for one in seen),
        p99_9=_most(one.p99_9 for one in seen),
    )


def _optional(join: Callable[[Sequence[Spread]], Spread], seen: Sequence[Spread | None]) -> Spread | None:
    known = [one for one in seen if one is not None]
    return join(known) if len(known) == len(seen) else None


def _weighed(values: Sequence[float | None], weights: Sequence[int]) -> float | None:
    known = [value * weight for value, weight in zip(values, weights, strict=True) if value is not None]
    return sum(known) / sum(weights) if len(known) == len(values) else None


def _sums(records: Sequence[Any], kind: type) -> dict[str, Any]:
    """Each field of the records summed; of a ``first``, the first."""
    names = [field.name for field in fields(kind)]
    return {
        name: _first(records, name) if name == "first" else sum(getattr(one, name) for one in records) for name in names
    }


def _sum(values: Iterable[int | None]) -> int | None:
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)


def _least(values: Iterable[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


def _most(values: Iterable[N | None]) -> N | None:
    return max((value for value in values if value is not None), default=None)


def _first(records: Sequence[object], name: str) -> str | None:
    return next((found for record in records if (found := getattr(record, name)) is not None), None)
