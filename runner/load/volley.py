"""volley, the suite's own generator: the command line for a load, and its record as a :class:`Load`. Pure.

The record is that of ``go/volley/record.go``; ``docs/volley.md`` describes its fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.judging import latency
from runner.record.histogram import Histogram
from runner.record.plan import Cell
from runner.record.trial import Address, GeneratorErrors, Load, Verified
from runner.record.volley import (
    Arrivals,
    Batches,
    Faults,
    Interval,
    Losses,
    Mode,
    Spread,
    Volley,
    Wire,
)

RECORD_VERSION = 1
CANNOT_RECORD = 3
"""Exit code of volley where it could not write its record."""
REFUSED = 2
"""Exit code of volley where it could not begin, or no connection was ever answered."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of volley beside the cell: durations in seconds, ``rate`` in requests/s for an open load.

    Every body must be ``expect``; with ``tokens`` each request asks for a number of its own instead, which must be its
    body. ``seed`` is that of an open load's arrivals, which are a Poisson process unless they are to be ``even``;
    ``fields`` are header fields of each request beside ``Host``. ``window``: keep ``depth`` in flight, in place of a
    batch at a time. ``warm_up_s`` of the same load come before, without a pause in between.
    """

    threads: int
    duration_s: float
    grace_s: float
    expect: str
    tokens: bool = False
    rate: float | None = None
    seed: int = 1
    fields: tuple[str, ...] = ()
    even: bool = False
    window: bool = False
    warm_up_s: float = 0


def argv(program: str, cell: Cell, address: Address, order: Order, record: Path) -> tuple[str, ...]:
    """The command. With a rate the load is open, in bursts as the cell has them; else closed, or a window."""
    shaped = [f"--mode={Mode.WINDOW}"] if order.window else []
    if order.rate is not None:
        shaped = [f"--rate={order.rate:.9g}", f"--burst={cell.burst or cell.depth}"]
        shaped += ["--arrivals=even"] if order.even else [f"--seed={order.seed}"]
    if order.warm_up_s:
        shaped.append(f"--warm-up={order.warm_up_s:g}s")
    return (
        program,
        f"--threads={order.threads}",
        f"--connections={cell.connections}",
        f"--depth={cell.depth}",
        f"--duration={order.duration_s:g}s",
        f"--grace={order.grace_s:g}s",
        *shaped,
        *(f"--header={field}" for field in order.fields),
        "--tokens" if order.tokens else f"--expect={order.expect}",
        f"--record={record}",
        address.url,
    )


def parse(text: str, *, argv: tuple[str, ...]) -> Load:
    """What volley wrote. Latency is that of batches: of an open load from their intended time.

    Raises ``ValueError`` where the text is not such a record.
    """
    record: dict[str, Any] = json.loads(text)
    if not isinstance(record, dict) or record.get("version") != RECORD_VERSION:
        raise ValueError(f"not a record of volley of version {RECORD_VERSION}")
    try:
        return _load(record, argv)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a record of volley: {error!r}") from None


def _load(record: Mapping[str, Any], argv: tuple[str, ...]) -> Load:
    mode = Mode(record["mode"])
    faults, losses, stamps = record["faults"], record["losses"], record["stamps"]
    wrong = Faults(
        **{name: int(faults[name]) for name in ("status", "framing", "length", "body", "surplus", "order", "repeat")},
        first=_first_fault(record["first_fault"]),
    )
    lost = Losses(
        reset=losses["reset"],
        idle=losses["closed_idle"],
        before_answer=losses["closed_before_answer"],
        in_batch=losses["closed_in_batch"],
        in_response=losses["closed_in_response"],
        abandoned=losses["abandoned"],
        error=losses["error"],
        first=record["first_loss"],
    )
    batches = Batches(**{name: int(record["batches"][name]) for name in Batches.__dataclass_fields__})
    counted = record["intended_latency"] if mode is Mode.OPEN else record["latency"]
    first = record["first_intended_latency"] if mode is Mode.OPEN else record["first_latency"]
    return Load(
        generator="volley",
        argv=argv,
        threads=int(record["threads"]),
        duration_us=int(record["duration_us"]),
        requests=int(record["requests"]),
        bytes_read=int(record["bytes"]),
        errors=GeneratorErrors(
            connect=int(record["connects"]["failed"]),
            read=lost.with_requests,
            write=0,
            timeout=batches.unanswered,
            status=wrong.status,
        ),
        cpu_ns=int(record["cpu_ns"]),
        histogram=Histogram.of((us, count) for us, count in counted["histogram"]),
        active_intervals=int(record["active_intervals"]),
        verified=Verified(int(record["checked"]), wrong.total, wrong.first),
        volley=Volley(
            mode=mode,
            batch=int(record["batch"]),
            stamped=stamps["source"] == "kernel",
            stamps_missing=int(stamps["missing"]),
            stamps_reason=stamps["reason"],
            little_ratio=record["little"]["ratio"] if record["little"] else None,
            batches=batches,
            first=_spread(first),
            first_bounded=int(record["first_bounded"]),
            sent_latency=_spread(record["latency"]) if mode is Mode.OPEN else None,
            own_delay=_spread(record["own_delay"]) if record["own_delay"] else None,
            lag=_spread(record["lag"]) if record["lag"] else None,
            arrivals=_arrivals(record),
            intervals=tuple(
                Interval(responses, sent, total_ns / sent / 1000 if sent else None)
                for responses, sent, total_ns in record["intervals"]
            ),
            cpu_span_ns=record["cpu_span_ns"],
            clock_step_ns=int(record["clock_step_ns"]),
            checked=int(record["checked"]),
            recognized=int(record["recognized"]),
            faults=wrong,
            losses=lost,
            wire=_wire(record["wire"]),
            reads=int(record["reads"]["window"]),
            silent_connections=int(record["silent_connections"]),
            interrupted=bool(record["interrupted"]),
        ),
    )


def _spread(distribution: Mapping[str, Any]) -> Spread:
    """A distribution in short; its moments are exact, its percentiles to the microsecond."""
    histogram = Histogram.of((us, count) for us, count in distribution["histogram"])
    count = int(distribution["count"])
    p50, p90, p99, p99_9 = latency.percentiles_us(histogram, (50, 90, 99, 99.9))
    return Spread(
        count=count,
        mean=int(distribution["sum_ns"]) / count / 1000 if count else None,
        p50=p50,
        p90=p90,
        p99=p99,
        p99_9=p99_9,
        max=histogram[-1][0] if count else None,
    )


def _arrivals(record: Mapping[str, Any]) -> Arrivals | None:
    seen = record["open"]
    if seen is None:
        return None
    return Arrivals(
        rate=float(record["rate"]),
        burst=int(record["burst"]),
        poisson=record["arrivals"] == "poisson",
        seed=int(record["seed"]),
        offered=int(seen["offered_requests"]),
        offered_per_second=float(seen["offered_rate"]),
        answered_per_second=float(seen["achieved_rate"]),
        queued=int(seen["queued"]),
        backlog=int(seen["backlog"]),
        anderson_darling=seen["intended_gaps"]["anderson_darling"],
        sent_anderson_darling=seen["sent_gaps"]["anderson_darling"],
    )


def _wire(seen: Mapping[str, Any] | None) -> Wire | None:
    return (
        None
        if seen is None
        else Wire(
            data_segments_in=int(seen["data_segs_in"]),
            bytes_received=int(seen["bytes_received"]),
            retransmits=int(seen["retransmits"]),
            responses=int(seen["responses"]),
            batches=int(seen["batches"]),
        )
    )


def _first_fault(seen: Mapping[str, Any] | None) -> str | None:
    """The first wrong response in one line: what was wrong with it, where, and its bytes."""
    if seen is None:
        return None
    where = f"response {seen['response']} of connection {seen['connection']}"
    expected = f", expected {seen['expected']!r}" if seen["expected"] else ""
    return f"{seen['kind']}: {seen['detail']}{expected} ({where}: {seen['bytes']})"
