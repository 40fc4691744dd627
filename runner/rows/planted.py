"""Differences that were planted, and those that were found: what the sessions of the self-test show. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.judging import stats
from runner.judging.levels import Stopping
from runner.judging.stats import Difference

BASE, AGAIN = "base", "again"

PLANTED: Mapping[str, int] = {"planted-2": 1_050, "planted-5": 2_650, "planted-10": 5_300}
"""Extra CPU time of a request in nanoseconds: about 2, 5 and 10 % of what one costs in all."""


@dataclass(frozen=True, slots=True)
class Share:
    """``found`` of ``of`` comparisons, and the 95 % interval of the share (Wilson 1927)."""

    found: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Level:
    """What was found of one planted level, or of the A/A pairs.

    ``planted_us`` is the extra CPU time of a request and ``planted_share`` its share of the base's. ``different``: how
    many comparisons of rates found a difference; ``wrong_way``: of these, those that took the slower for the faster.
    ``held``: how many intervals of the ratio of CPU costs hold the planted ratio; ``estimate`` is the mean of that
    ratio over sessions, less 1.
    """

    name: str
    planted_us: float
    planted_share: float
    different: Share
    wrong_way: int
    held: Share
    estimate: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """All levels, and how much was measured for it."""

    sessions: int
    trials_per_cell: int
    trials: int
    disturbed: int
    base_cost_us: float
    rate_spread: float
    levels: tuple[Level, ...]


def share(found: int, of: int) -> Share:
    """A share with its Wilson score interval at 95 %."""
    if not of:
        return Share(0, 0, 0.0, 1.0)
    z = statistics.NormalDist().inv_cdf(0.975)
    p, n = found / of, of
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(found, of, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class Session:
    """One small run: each server's rates (requests/s) and costs (µs of CPU a request), and its trials."""

    rates: Mapping[str, Sequence[float]]
    costs: Mapping[str, Sequence[float]]
    trials: int
    disturbed: int


def level(name: str, planted_us: float, base_cost: float, sessions: Sequence[Session]) -> Level:
    """What ``sessions`` show of the server ``name``, which burns ``planted_us`` more than one of ``base_cost`` (µs)."""
    differences, held, estimates = [], 0, []
    truth = 1 + planted_us / base_cost
    for session in sessions:
        ratio = stats.ratio_interval(session.rates[BASE], session.rates[name], stopping=Stopping.FIXED)
        differences.append(stats.difference(ratio))
        cost = stats.ratio_interval(session.costs[BASE], session.costs[name], stopping=Stopping.FIXED)
        if cost is not None:
            held += cost.holds(truth)
            estimates.append(cost.mean)
    different = sum(one is not Difference.NONE_FOUND for one in differences)
    return Level(
        name=name,
        planted_us=planted_us,
        planted_share=truth - 1,
        different=share(different, len(sessions)),
        wrong_way=sum(one is Difference.FASTER for one in differences) if planted_us else 0,
        held=share(held, len(estimates)),
        estimate=statistics.fmean(estimates) - 1,
    )
