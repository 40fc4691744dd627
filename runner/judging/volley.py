"""What a load by our own generator proves of its latency, and what else it shows: silence, lateness, saturation. Pure.

In a closed loop each connection always waits for the server or for the generator, so ``connections x time`` must be the
sum of latencies and own delays (Little 1961): this closes even where the generator is the limit. In an open loop the
generator must have written when it was to write, and the server must have kept up.
"""

from __future__ import annotations

from dataclasses import dataclass

from runner.judging import latency
from runner.record.trial import Failure, Load, Trial, Verdict
from runner.record.volley import Arrivals, Mode, Volley

LITTLE_TOLERANCE = 0.01
"""How far latencies and own delays together may be from all time that the connections had, relative to it."""
STEP_NS = 1_000_000
"""By so much may the wall clock be stepped: it goes into latencies of tens of microseconds and more."""
UNANSWERED_S = 2.5
"""Batches that the rate would have answered within so many seconds, and that were not within twice, are lost."""
HELD_SHARE = 0.99
"""Share of the offered requests that must be answered in the window, and of arrivals that must have been written."""
GROWTH = 3.0
"""Mean latency of the last third of a paced load over that of the first, from which its queue grows."""
GROWING_SHARE = 0.98
"""Share of the offered requests answered below which such growth is taken for a load above capacity."""
LATE_US = 100
LATE_SHARE = 0.2
"""The generator's lag or own delay at p99 above both of which (µs, and of the latency's p99) it was too late."""


@dataclass(frozen=True, slots=True)
class VolleyProofs:
    """What must hold for latencies that volley recorded to be the server's; ``little_ratio`` of closed loops only.

    ``missing``: batches that were answered less samples; none may be. ``problem`` is the first proof that fails.
    """

    samples: int
    missing: int
    little_ratio: float | None
    problem: str | None

    @property
    def negative(self) -> int:
        """No count of volley's can be below zero: nothing is recovered."""
        return 0


def prove(load: Load, seen: Volley) -> VolleyProofs:
    """Check the latencies of a load against what else is known of it."""
    samples = load.histogram.moments.samples
    missing = seen.batches.answered - samples
    return VolleyProofs(samples, missing, seen.little_ratio, _problem(seen, samples, missing))


def _problem(seen: Volley, samples: int, missing: int) -> str | None:
    ratio = seen.little_ratio
    closes = seen.mode is Mode.OPEN or (ratio is not None and abs(ratio - 1) <= LITTLE_TOLERANCE)
    shown = "not known" if ratio is None else f"{ratio:.3f}"
    failing = (
        (not samples, "no batch was answered"),
        (missing != 0, f"{missing:+} samples are missing"),
        (not seen.stamped, f"the kernel gave no receive stamps ({seen.stamps_reason or 'none came'})"),
        (seen.stamps_missing > 0, f"{seen.stamps_missing} reads had no receive stamp"),
        (abs(seen.clock_step_ns) > STEP_NS, f"the clock was stepped by {seen.clock_step_ns / 1e6:.1f} ms"),
        (not closes, f"latencies and own delays are {shown} of the connections' time"),
    )
    return next((words for failed, words in failing if failed), None)


def silence(trial: Trial, load: Load, seen: Volley) -> Failure | None:
    """Batches that were never answered, though the rate of the others would have answered them long before the end."""
    lost = seen.batches.unanswered
    if not lost or not load.requests:
        return None
    if seen.batches.unsent and not seen.silent_connections:  # still being written when the waiting ended: a queue
        return None
    in_flight = trial.cell.connections * trial.cell.depth
    if in_flight / load.requests_per_second > UNANSWERED_S:
        return None
    silent = f", {seen.silent_connections} connections silent in its second half" if seen.silent_connections else ""
    return Failure(Verdict.STALLED, f"{lost} of {seen.batches.sent} batches were never answered{silent}")


def paced(load: Load, seen: Volley, arrivals: Arrivals) -> Failure:
    """Whether a paced load was held; if not, who was late.

    A generator that had no time to spare is told by its lateness, not by its CPU time: as long as it writes in time and
    takes in time what has come, the latencies are the server's.
    """
    late = _lateness(load, seen)
    if late is not None:
        return Failure(Verdict.GENERATOR_BOUND, late)
    answered = arrivals.answered_per_second / arrivals.offered_per_second if arrivals.offered_per_second else 0.0
    written = 1 - arrivals.backlog * arrivals.burst / arrivals.offered if arrivals.offered else 1.0
    behind = answered < HELD_SHARE and written < HELD_SHARE
    if behind or (answered < GROWING_SHARE and _growth(seen) > GROWTH):
        return Failure(
            Verdict.SATURATED,
            f"{arrivals.offered_per_second:.0f} requests/s were offered, {arrivals.answered_per_second:.0f} answered: "
            "the queue grows as long as the load lasts",
        )
    return Failure(Verdict.MEASURED, "")


def _lateness(load: Load, seen: Volley) -> str | None:
    own = latency.percentile_us(load.histogram, 99) or 0
    for what, spread in (("wrote arrivals late", seen.lag), ("left responses lying", seen.own_delay)):
        if spread is not None and spread.p99 is not None and spread.p99 > max(LATE_US, LATE_SHARE * own):
            return f"volley {what}: {spread.p99} µs at p99, of a latency of {own} µs"
    return None


def _growth(seen: Volley) -> float:
    """Mean latency of the last third of the load's tenths of a second over that of the first; 1 where unknown."""
    third = max(1, len(seen.intervals) // 3)
    first, last = (
        (sum(one.batches for one in part), sum((one.latency_us or 0.0) * one.batches for one in part))
        for part in (seen.intervals[:third], seen.intervals[-third:])
    )
    if not first[0] or not last[0] or not first[1]:
        return 1.0
    return (last[1] / last[0]) / (first[1] / first[0])
