"""Servers that are a queue: one-second trials of an open loop, simulated exactly, some of them with pauses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runner.judging.capacity import Observation
from runner.judging.models.queueing import latencies_us


@dataclass(frozen=True)
class Queue:
    """A server that works on one request after the other, ``capacity`` a second when it does not pause.

    ``spread`` is the standard deviation of the logarithm of the service time from trial to trial. A request is followed
    by a pause of ``pause_us`` with probability ``pause_share``.
    """

    capacity: float
    burst: int = 1
    spread: float = 0.0
    pause_us: float = 0.0
    pause_share: float = 0.0

    def latencies_us(self, rng: np.random.Generator, rate: float, seconds: float = 1.0) -> NDArray[np.float64]:
        """The latencies of the batches that arrive in a trial, each up to its end, and none has been there before."""
        return self._trial(rng, rate, seconds)[1]

    def percentile_us(self, rng: np.random.Generator, rate: float, percent: float = 99.0) -> float:
        return percentile(self.latencies_us(rng, rate), percent)

    def observe(self, rng: np.random.Generator, rate: float, limit_us: float) -> Observation:
        """A trial as the search sees it. Held: at the end no more was under way than one in a hundred arrivals, beside
        what had arrived within the limit."""
        arrivals, latencies = self._trial(rng, rate, 1.0)
        if not len(arrivals):
            return Observation(rate, held=True, percentile_us=1e6 * self.burst / self.capacity)
        late = int(np.sum((arrivals + latencies > 1e6) & (arrivals < 1e6 - limit_us)))
        held = late <= 0.01 * len(arrivals)
        return Observation(rate, held, percentile(latencies, 99.0) if held else None)

    def _trial(
        self, rng: np.random.Generator, rate: float, seconds: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        number = int(rng.poisson(rate * seconds / self.burst))
        arrivals = np.sort(rng.random(number)) * seconds * 1e6
        service = 1e6 * self.burst / self.capacity * math.exp(self.spread * rng.standard_normal())
        pauses = self.pause_us * rng.binomial(self.burst, self.pause_share, number) if self.pause_share else 0.0
        return arrivals, latencies_us(arrivals, np.full(number, service) + pauses)


def percentile(latencies: NDArray[np.float64], percent: float) -> float:
    """By nearest rank, as :func:`runner.judging.latency.percentile_us` takes it."""
    rank = max(math.ceil(percent / 100 * len(latencies) - 1e-9), 1) - 1
    return float(np.partition(latencies, rank)[rank])


def within(seen: Observation, limit_us: float) -> bool:
    return seen.percentile_us is not None and seen.percentile_us <= limit_us


def crossing(queue: Queue, limit_us: float, rng: np.random.Generator, trials: int = 600) -> float:
    """The rate at which a trial is as likely within the limit as not: the share within, over 13 rates about it.

    The middle is found by bisection; about it the share is taken to fall along a straight line.
    """
    reach = 1 + max(0.02, queue.spread)

    def share(rate: float, number: int) -> float:
        return sum(within(queue.observe(rng, rate, limit_us), limit_us) for _ in range(number)) / number

    low, high = 0.02 * queue.capacity, 1.3 * queue.capacity
    middle, found = math.sqrt(low * high), 0.0
    while high / low > 1.02 and not 0.3 <= found <= 0.7:
        middle = math.sqrt(low * high)
        found = share(middle, 60)
        low, high = (middle, high) if found > 0.5 else (low, middle)
    rates = np.geomspace(middle / reach, middle * reach, 13)
    shares = np.array([share(float(rate), max(1, trials // 13)) for rate in rates])
    slope, offset = np.polyfit(np.log(rates), shares, 1)
    return float(np.exp((0.5 - offset) / slope))
