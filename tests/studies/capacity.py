"""What the search for the capacity under a limit covers, and how many trials it takes, on servers that are a queue.

Run as ``python -m tests.studies.capacity [--runs 100] [--limit-ms 10] [--capacity 1000 …] [--burst 1 16]``; the table
is in docs/statistics.md. Each server has a constant service time, which differs from trial to trial by a log-normal
``spread``; its closed-loop capacity is known from three such trials. A trial is simulated exactly, by Lindley's
recursion.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np

from runner.judging.capacity import Answer, Observation, Outcome, Search
from tests.judging.queues import Queue, crossing


def main() -> None:
    """Print one line a server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--truth-trials", type=int, default=2600)
    parser.add_argument("--limit-ms", type=float, default=10.0)
    parser.add_argument("--precision", type=float, default=0.05)
    parser.add_argument("--max-trials", type=int, default=12)
    parser.add_argument("--capacity", type=float, nargs="+", default=[1e3, 1e4, 1e5])
    parser.add_argument("--burst", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--spread", type=float, nargs="+", default=[0.01, 0.03, 0.08])
    given = parser.parse_args()
    print(
        "| capacity | burst | spread | crossing | holds it | trials: median | 90 % | ± median | reached "
        "| error of the mean |"
    )
    print("|" + " ---: |" * 10)
    for queue in _queues(given):
        print(_line(queue, given), flush=True)


def search(queue: Queue, rule: Search, rng: np.random.Generator) -> Answer:
    """A whole search on a server that is a queue."""
    seen: list[Observation] = []
    while (rate := rule.next_rate(seen)) is not None:
        seen.append(queue.observe(rng, rate, rule.limit_us))
    found = rule.estimate(seen)
    assert found is not None
    return found


def holds(found: Answer, rate: float) -> bool:
    """Whether the interval, with its open ends, holds the rate."""
    return (found.low or 0.0) <= rate <= (found.high or math.inf)


def _queues(given: argparse.Namespace) -> Iterator[Queue]:
    for capacity in given.capacity:
        for burst in given.burst:
            for spread in given.spread:
                if burst / capacity < given.limit_ms / 1e3:
                    yield Queue(capacity, burst, spread)


def _line(queue: Queue, given: argparse.Namespace) -> str:
    limit_us = given.limit_ms * 1e3
    rng = np.random.default_rng(15)
    truth = crossing(queue, limit_us, rng, given.truth_trials)
    found = []
    for _ in range(given.runs):
        closed_loop = queue.capacity * math.exp(queue.spread * rng.standard_normal() / math.sqrt(3))
        rule = Search(limit_us, closed_loop, precision=given.precision, max_trials=given.max_trials)
        found.append(search(queue, rule, rng))
    trials = [answer.trials for answer in found]
    halves = [math.inf if (half := answer.relative_half_width) is None else half for answer in found]
    errors = [math.log(answer.mean / truth) for answer in found if answer.mean is not None]
    share = sum(holds(answer, truth) for answer in found) / len(found)
    reached = sum(answer.outcome is Outcome.FOUND for answer in found) / len(found)
    return (
        f"| {queue.capacity:.0f} | {queue.burst} | {queue.spread:.0%} | {truth / queue.capacity:.3f} | {share:.1%} "
        f"| {np.median(trials):.0f} | {np.quantile(trials, 0.9):.0f} | {np.median(halves):.1%} | {reached:.0%} "
        f"| {math.sqrt(np.mean(np.square(errors))):.1%} |"
    )


if __name__ == "__main__":
    main()
