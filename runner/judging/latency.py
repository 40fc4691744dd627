"""Batch latency as wrk recorded it, recovered from what wrk makes of it; percentiles and means of histograms.

wrk takes one sample a batch, when its last response is in (wrk.c, ``response_complete``). After the run it "corrects
for coordinated omission" with the time of one *request* as the expected interval ``e`` (wrk.c, ``main``; stats.c,
``stats_correct``)::

    for n = 2e … max:  for m = n - e, n - 2e, … while m > e:  data[m] += data[n]

``n`` ascends and additions go to smaller indices only, so each ``data[n]`` is still as it was recorded when it is read.
Every index ``m > e`` thus ends up with the recorded counts of ``m, m + e, m + 2e, …``: sums along a chain of step
``e``. Two neighbours of a chain differ by exactly one recorded count, so the recovery is one difference::

    recorded[m] = data[m] - data[m + e]   for m > e,      recorded[m] = data[m]   for m <= e

It is exact, and needs no index below the smallest sample.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from runner.record.histogram import Histogram

LITTLE_TOLERANCE = 0.05
"""How far the mean latency may be from what Little's law gives, relative to it."""
FEW_BATCHES = round(1 / (2 * LITTLE_TOLERANCE))
"""With fewer batches a connection, half of one, by which their age at the end may be off, is more than that."""


def expected_interval_us(duration_us: int, requests: int, connections: int) -> int | None:
    """The interval that wrk passes to ``stats_correct``, in microseconds; ``None`` where it does not correct.

    Two integer divisions, as in wrk.c, ``main``.
    """
    per_connection = requests // connections
    return duration_us // per_connection if per_connection > 0 else None


def correct(recorded: Histogram, expected_us: int) -> Histogram:
    """What wrk's ``stats_correct`` makes of a histogram. Here for proofs: nothing that is measured goes through it."""
    data = Counter(dict(recorded))
    for value, count in recorded:
        if value >= 2 * expected_us:
            for index in range(value - expected_us, expected_us, -expected_us):
                data[index] += count
    return Histogram.of(sorted(data.items()))


def undo_correction(corrected: Iterable[tuple[int, int]], expected_us: int | None, *, smallest: int = 0) -> Histogram:
    """The histogram as it was recorded; the inverse of :func:`correct`. ``None``: wrk did not correct.

    ``smallest``: where the array begins; what lies below was not read, and nothing was recorded there.
    Where the array was not made by ``stats_correct`` with this interval, counts may come out negative.
    """
    data = dict(corrected)
    if expected_us is None:
        return Histogram.of(sorted(data.items()))
    recorded: dict[int, int] = {}
    below = {index - expected_us for index in data if index - expected_us > expected_us}
    candidates = set(data) | {index for index in below if index >= smallest}
    for index in candidates:
        count = data.get(index, 0)
        if index > expected_us:
            count -= data.get(index + expected_us, 0)
        if count:
            recorded[index] = count
    return Histogram.of(sorted(recorded.items()))


@dataclass(frozen=True, slots=True)
class Proofs:
    """What must hold for a recovered histogram to be what wrk recorded, and for its mean to be the server's.

    ``negative`` counts below zero, must be none. ``missing``: finished batches (requests / depth) less samples, between
    zero and ``allowed``, the answers to batches that were in flight at the end or on connections that were lost.
    ``little_ratio``: see :func:`little_ratio`; below 1 connections waited somewhere else than at the server, unless
    each of the ``connections`` had time for few batches only.
    """

    negative: int
    samples: int
    missing: float
    allowed: float
    little_ratio: float | None
    connections: int

    @property
    def problem(self) -> str | None:
        """The first proof that fails, in words; ``None`` when all hold."""
        if self.negative:
            return f"{self.negative} negative counts after the recovery"
        if not self.samples or self.little_ratio is None:
            return "no batch was finished"
        if not -1e-9 <= self.missing <= self.allowed + 1e-9:
            return f"{self.missing:+.0f} samples are missing, at most {self.allowed:.0f} can be"
        off = abs(self.little_ratio - 1)
        if off <= LITTLE_TOLERANCE:
            return None
        each = self.samples / self.connections
        if each < FEW_BATCHES and off <= LITTLE_TOLERANCE + 1 / (2 * each):
            return f"{self.samples} batches on {self.connections} connections are too few to prove it"
        return f"the mean is {self.little_ratio:.2f} times what Little's law gives"


def prove(
    recovered: Histogram, *, duration_us: int, requests: int, connections: int, depth: int, reconnects: int
) -> Proofs:
    """Check a recovered histogram against what else is known of the load."""
    count, negative = recovered.moments.samples, recovered.moments.negative
    sound = count > 0 and not negative
    return Proofs(
        negative=negative,
        samples=count,
        missing=requests / depth - count,
        # A connection in flight at the end has answered at most depth - 1 of its batch, and so has a lost one.
        allowed=(connections + reconnects) * (depth - 1) / depth,
        little_ratio=little_ratio(recovered, duration_us=duration_us, connections=connections) if sound else None,
        connections=connections,
    )


def little_ratio(histogram: Histogram, *, duration_us: int, connections: int) -> float:
    """Mean latency over what Little's law gives for it: 1 where every connection was always busy with one batch.

    In a closed loop ``connections x time = sum of latencies`` (Little 1961, L = λW), but for the batches in flight when
    the clock stopped, which left no sample. Their mean age is ``E[L²] / 2 E[L]`` (renewal theory), and is taken off the
    time.
    """
    total, squares = histogram.moments.total_us, histogram.moments.squares_us2
    age = squares / (2 * total) if total else 0.0
    busy = connections * (duration_us - age)
    return total / busy if busy > 0 else math.inf


def time_accounted(histogram: Histogram, *, duration_us: int, connections: int) -> float:
    """The share of the connections' time that batches account for: at least 1 where none of them stood still.

    Each connection may have had one batch in flight at the end, for as long as the slowest that was finished took.
    That is more than :func:`little_ratio` takes off, which holds in the mean of many batches: where a connection has
    time for two or three, all may be at the same place in theirs.
    """
    slowest = histogram[-1][0] if histogram else 0
    busy = connections * (duration_us - slowest)
    return histogram.moments.total_us / busy if busy > 0 else math.inf


def samples(histogram: Histogram) -> int:
    """Number of samples."""
    return histogram.moments.samples


def samples_above(histogram: Histogram, us: int) -> int:
    """Number of samples that took longer than so many microseconds."""
    latencies, counts = histogram.buckets.T
    return int(counts[latencies > us].sum())


def mean_us(histogram: Histogram) -> float | None:
    """Mean latency in microseconds; ``None`` without samples."""
    count = samples(histogram)
    return histogram.moments.total_us / count if count else None


def percentile_us(histogram: Histogram, percent: float) -> int | None:
    """The smallest latency that ``percent`` per cent of the samples do not exceed (nearest rank), in microseconds."""
    return percentiles_us(histogram, (percent,))[0]


def percentiles_us(histogram: Histogram, percents: Iterable[float]) -> tuple[int | None, ...]:
    """:func:`percentile_us` of each of several."""
    count = samples(histogram)
    if count < 1:
        return tuple(None for _ in percents)
    ranks = [max(math.ceil(percent / 100 * count - 1e-9), 1) for percent in percents]
    us, counts = histogram.buckets.T
    return tuple(us[np.searchsorted(counts.cumsum(), ranks)].tolist())


def tail(histogram: Histogram, *, per_decade: int = 12) -> tuple[tuple[float, int], ...]:
    """A histogram as points ``(1 / (1 - percentile), latency in microseconds)``, evenly spread on a logarithmic scale.

    10 is the 90th percentile, 100 the 99th. The last point is the largest sample; beyond it nothing is known.
    """
    count = samples(histogram)
    if count < 1:
        return ()
    steps = [10 ** (step / per_decade) for step in range(math.ceil(per_decade * math.log10(count)))]
    found = percentiles_us(histogram, [100 * (1 - 1 / step) for step in steps])
    known = [(step, us) for step, us in zip(steps, found, strict=True) if us is not None]
    return (*known, (float(count), histogram[-1][0]))


def merge(histograms: Sequence[Histogram]) -> Histogram:
    """All samples together."""
    buckets = np.concatenate([Histogram.of(()).buckets, *(histogram.buckets for histogram in histograms)])
    us, counts = buckets[buckets[:, 0].argsort(kind="stable")].T
    first = np.flatnonzero(np.diff(us, prepend=-1))
    return Histogram(np.stack((us[first], np.add.reduceat(counts, first)), axis=1))
