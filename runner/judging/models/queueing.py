"""What a queue with one server and constant service does under Poisson arrivals: waiting times that are known. Pure.

A paced load of a server that needs the same time for each request and works on one at a time is M/D/1: random arrivals,
constant service, one server. Its mean waiting time is arithmetic (Pollaczek and Khinchine), so that a generator and a
server can be held against it; its percentiles have no short formula, and are simulated.

Where an arrival is a burst of requests, the batch is the customer: its service is that of all its requests, and the
wait until its first request is worked on is that of M/D/1 again.

Sources: L. Kleinrock (1975), *Queueing Systems I*, 5.6 (the formula); P. J. Burke (1975), Delays in single-server
queues with batch input, *Operations Research* 23, 830-833 (what a request of a batch waits beside); D. V. Lindley
(1952), The theory of queues with a single server, *Proc. Cambridge Phil. Soc.* 48, 277-289 (the recursion).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def mean_waiting_us(rate: float, service_us: float, *, burst: int = 1) -> float | None:
    """The mean time from the arrival of a burst until the server begins its first request, in microseconds.

    ``rate`` counts requests per second, ``service_us`` is the time of one request, and bursts of ``burst`` requests
    arrive at random. With the load ``u = rate x service`` it is ``u x burst x service / 2(1 - u)``. ``None`` where the
    load is 1 or more: the queue then grows as long as the load lasts.

    Raises:
        ValueError: the rate is negative, the service takes no time, or the burst holds no request.
    """
    busy = _load(rate, service_us, burst)
    return busy * burst * service_us / (2 * (1 - busy)) if busy < 1 else None


def mean_batch_latency_us(rate: float, service_us: float, *, burst: int = 1) -> float | None:
    """The mean time from the arrival of a burst to the end of its last request; else as :func:`mean_waiting_us`."""
    waiting = mean_waiting_us(rate, service_us, burst=burst)
    return None if waiting is None else waiting + burst * service_us


def mean_request_latency_us(rate: float, service_us: float, *, burst: int = 1) -> float | None:
    """The mean time from the arrival of a burst to the end of each of its requests, over all requests.

    Beside what the burst waits, a request waits for half of the others of its burst (Burke 1975).
    """
    waiting = mean_waiting_us(rate, service_us, burst=burst)
    return None if waiting is None else waiting + (burst + 1) / 2 * service_us


def latencies_us(arrivals_us: Floats, services_us: Floats | float) -> Floats:
    """The time from arrival to departure of each customer of one server that serves in the order of arrival.

    Exact, by Lindley's recursion: who arrives at ``a`` leaves at ``max(a, departure of the one before) + service``.
    ``services_us`` is one time for all, or one for each.
    """
    services = np.broadcast_to(np.asarray(services_us, dtype=np.float64), arrivals_us.shape)
    done = np.cumsum(services)
    # Departure n is the greatest, over all k up to n, of arrival k and all services from k to n.
    return done + np.maximum.accumulate(arrivals_us - (done - services)) - arrivals_us


def _load(rate: float, service_us: float, burst: int) -> float:
    if rate < 0 or service_us <= 0 or burst < 1:
        raise ValueError("a queue needs a rate of at least 0, a service that takes time and bursts of at least 1")
    return rate * service_us / 1e6
