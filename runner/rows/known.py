"""Known answers: what a load of a server of known service time must show, and whether it came out. Pure.

The server works on one request after the other. Each answer is of a public report of a load generator that showed
something else; they are held against our own in :mod:`runner.suite.known_answers`. Waiting times of random arrivals
are in :mod:`runner.judging.queueing`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One figure of a load: as computed, and as measured, both in ``unit``.

    ``report`` names who first had it wrong, or the formula. ``tolerance``, in the same unit, is how far the two may be
    apart, and ``because`` says where it comes from. ``measured`` is ``None`` where the load gave none.
    """

    report: str
    what: str
    unit: str
    computed: float
    measured: float | None
    tolerance: float
    because: str

    @property
    def agrees(self) -> bool:
        """Whether the figure came out."""
        return self.measured is not None and abs(self.measured - self.computed) <= self.tolerance


def share_above(limit_s: float, *, pause_s: float, service_s: float, rate: float, duration_s: float) -> float:
    """The share of evenly spaced arrivals that wait for more than ``limit_s`` for a server that stands still once.

    It does so for ``pause_s`` in a load of ``duration_s``. Who comes ``t`` into the pause waits for its end, and for
    the service of those that came before, ``rate x t`` of them; and so it goes on after the end, until the queue is
    worked off: in all for ``pause - (1 - rate x service) t + service``.

    Raises:
        ValueError: the limit is no longer than what any request takes, or the server cannot work its queue off.
    """
    busy = rate * service_s
    if limit_s <= service_s or busy >= 1:
        raise ValueError("a share is known for limits above the service time, of a server that is not overloaded")
    return max(0.0, pause_s + service_s - limit_s) / ((1 - busy) * duration_s)


def longest_s(*, pause_s: float, service_s: float, rate: float) -> tuple[float, float]:
    """Between what the longest wait of such arrivals is: the first of the pause comes up to a gap after it begins."""
    return pause_s + service_s - (1 / rate), pause_s + service_s


def place_in_batch_s(place: int, service_s: float) -> float:
    """When the response of this place (from 1) of a batch comes: after those before it."""
    return place * service_s


def window_latency_s(slots: int, service_s: float) -> float:
    """How long each request takes where ``slots`` are always in flight: it waits for those before it."""
    return slots * service_s


def mean_of_one_connection_s(duration_s: float, samples: int) -> float:
    """The mean time between the requests of one connection that sends the next when the last is answered."""
    if samples < 1:
        raise ValueError("there is no mean of nothing")
    return duration_s / samples
