"""Waiting times of M/D/1 that are known, and the simulated queue against them."""

import numpy as np
import pytest

from runner.judging.models import queueing
from tests.judging.queues import Queue, percentile


@pytest.mark.parametrize(("rate", "waiting_us"), [(500, 500), (750, 1500), (900, 4500), (0, 0)])
def test_a_server_of_one_millisecond(rate: float, waiting_us: float) -> None:
    assert queueing.mean_waiting_us(rate, 1000) == pytest.approx(waiting_us)
    assert queueing.mean_batch_latency_us(rate, 1000) == pytest.approx(waiting_us + 1000)
    assert queueing.mean_request_latency_us(rate, 1000) == pytest.approx(waiting_us + 1000)


def test_a_burst_waits_as_one_customer_whose_service_is_that_of_all_its_requests() -> None:
    assert queueing.mean_waiting_us(750, 1000, burst=16) == pytest.approx(16 * 1500)
    assert queueing.mean_batch_latency_us(750, 1000, burst=16) == pytest.approx(16 * 1500 + 16_000)
    assert queueing.mean_request_latency_us(750, 1000, burst=16) == pytest.approx(16 * 1500 + 8500)


def test_a_load_that_is_never_worked_off_has_no_mean() -> None:
    assert queueing.mean_waiting_us(1000, 1000) is None
    assert queueing.mean_batch_latency_us(2000, 1000) is None
    assert queueing.mean_request_latency_us(2000, 1000) is None


@pytest.mark.parametrize(("rate", "service_us", "burst"), [(-1, 1000, 1), (1, 0, 1), (1, 1000, 0)])
def test_a_queue_that_is_none(rate: float, service_us: float, burst: int) -> None:
    with pytest.raises(ValueError, match="a queue needs"):
        queueing.mean_waiting_us(rate, service_us, burst=burst)


def test_the_recursion_customer_by_customer() -> None:
    rng = np.random.default_rng(1)
    arrivals, services = np.sort(rng.random(500)) * 1000, rng.exponential(1.9, 500)
    free, expected = 0.0, []
    for arrival, service in zip(arrivals, services, strict=True):
        free = max(float(arrival), free) + float(service)
        expected.append(free - float(arrival))
    assert queueing.latencies_us(arrivals, services) == pytest.approx(expected)
    assert queueing.latencies_us(np.array([0.0, 1.0, 10.0]), 3.0) == pytest.approx([3, 5, 3])
    assert len(queueing.latencies_us(np.array([]), 3.0)) == 0


@pytest.mark.parametrize(("load", "burst"), [(0.5, 1), (0.75, 1), (0.9, 1), (0.75, 16)])
def test_the_simulated_queue_has_the_known_mean(load: float, burst: int) -> None:
    """Ten stretches of 100 s, so that their own spread tells how far the mean may be off: by five standard errors."""
    rng, queue = np.random.default_rng(2), Queue(1000, burst)
    means = [queue.latencies_us(rng, 1000 * load, seconds=100).mean() for _ in range(10)]
    known = queueing.mean_batch_latency_us(1000 * load, 1000, burst=burst)
    assert abs(np.mean(means) - known) < 5 * np.std(means, ddof=1) / np.sqrt(10)


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentile(np.arange(1.0, 201.0), 99) == 198
    assert percentile(np.arange(1.0, 63.0), 99) == 62
