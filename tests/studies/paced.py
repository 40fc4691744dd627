"""What the interval of a paced cell's p99 holds, how many trials it takes, and how often equal cells seem different.

Run as ``python -m tests.studies.paced [--pool 3000] [--runs 10000] [--precision 0.1] [--least 3]``; the tables are in
docs/statistics.md. For each server a pool of one-second trials is simulated exactly, and each run draws from it until
the interval of the geometric mean of its p99 is as narrow as wanted, or 40 trials.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from runner.judging.levels import MAX_LOOKS, MIN_VALUES, critical_value
from tests.judging.queues import Queue, percentile

SERVERS: Mapping[str, Queue] = {
    "constant service": Queue(10_000),
    "the same, slow": Queue(1_000),
    "the same, spread 3 %": Queue(10_000, spread=0.03),
    "bursts of 16, spread 3 %": Queue(10_000, burst=16, spread=0.03),
    "pauses of 30 ms, 5 a second": Queue(10_000 / 0.85, spread=0.03, pause_us=30_000, pause_share=0.0005),
    "pauses of 30 ms, 1 a second": Queue(10_000 / 0.97, spread=0.03, pause_us=30_000, pause_share=0.0001),
}
"""All but the slow one can do 10 000 requests a second, pauses included, which come as often at full load."""
LOADS = (0.5, 0.75, 0.9)


def main() -> None:
    """Print one line a server and load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--precision", type=float, default=0.1)
    parser.add_argument("--least", type=int, default=MIN_VALUES)
    parser.add_argument("--only", default="", help="servers with this in their name")
    given = parser.parse_args()
    print(
        "| server | load | p99 of a trial, ms | spread | of all requests, ms | bias | holds the first "
        "| holds the second | trials | equal cells called different |"
    )
    print("| --- |" + " ---: |" * 9)
    for name in (name for name in SERVERS if given.only in name):
        for load in LOADS:
            print(_line(name, load, given), flush=True)


def trials(queue: Queue, load: float, number: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], float]:
    """The p99 of each of so many trials at a share of 10 000 requests/s (or 1000), and that of all their requests."""
    rate = load * (1_000 if queue.capacity < 2_000 else 10_000)
    seen = [queue.latencies_us(rng, rate) for _ in range(number)]
    return np.array([percentile(one, 99) for one in seen]), percentile(np.concatenate(seen), 99)


def at_stop(
    draws: NDArray[np.float64], precision: float, least: int = MIN_VALUES
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int_]]:
    """Of runs, a row of logarithms each: mean, half-width and number of trials where the interval first is that narrow.

    The same rule as :func:`runner.judging.stats.mean_interval` after each trial, for all runs at once.
    """
    numbers = np.arange(1, draws.shape[1] + 1)
    means = draws.cumsum(axis=1) / numbers
    squares = (draws**2).cumsum(axis=1) - numbers * means**2
    reach = np.array([math.inf] * (MIN_VALUES - 1) + [critical_value(int(n)) for n in numbers[MIN_VALUES - 1 :]])
    with np.errstate(invalid="ignore", divide="ignore"):
        halves = reach * np.sqrt(np.maximum(squares, 0) / (numbers - 1) / numbers)
    narrow = halves <= math.log1p(precision)
    narrow[:, : least - 1] = False
    narrow[:, -1] = True
    stop = narrow.argmax(axis=1)
    rows = np.arange(len(draws))
    return means[rows, stop], halves[rows, stop], stop + 1


def _line(name: str, load: float, given: argparse.Namespace) -> str:
    rng = np.random.default_rng(15)
    each, of_all = trials(SERVERS[name], load, given.pool, rng)
    logs = np.log(each)
    truth = float(logs.mean())
    means, halves, numbers = at_stop(rng.choice(logs, (given.runs, MAX_LOOKS)), given.precision, given.least)
    first = np.mean(np.abs(means - truth) <= halves)
    second = np.mean(np.abs(means - math.log(of_all)) <= halves)
    one, other = slice(None, None, 2), slice(1, None, 2)
    different = np.mean(np.abs(means[one] - means[other]) > np.hypot(halves[one], halves[other]))
    return (
        f"| {name} | {load:.0%} | {math.exp(truth) / 1e3:.2f} | {logs.std():.0%} | {of_all / 1e3:.2f} "
        f"| {math.exp(truth) / of_all - 1:+.0%} | {first:.1%} | {second:.1%} | {numbers.mean():.1f} | {different:.1%} |"
    )


if __name__ == "__main__":
    main()
