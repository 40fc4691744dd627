"""What blocks are worth: runs on pairs of machines of unequal speed, simulated, and whether their figures hold.

Run as ``python -m tests.studies.pairs [--runs 400]``. A run has eight servers, two of them truly equal, under the real
schedule on 1, 2, 4 and 10 pairs. The pairs' speeds differ with a standard deviation of 20 %, each server is a little
better or worse on each pair (1 %), and a trial has noise of 2 %. The truth is the mean over the pairs of the run. Told
for each number of pairs: how often a mean's 95 % interval holds it, and the intervals of ratios; in how many runs all
ranks hold at once; trials a server, and the run's length in trials of one pair. Beside it the same values as if nobody
knew of pairs.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from runner.judging import stats
from runner.judging.blocks.strata import stratified
from runner.judging.course import Course
from runner.judging.schedule import Schedule, TrialSummary
from runner.judging.stats import Interval, RankRange
from runner.record.plan import Cell

LEVELS = (100.0, 100.0, 101.0, 103.0, 106.0, 110.0, 120.0, 150.0)
SPEED_SD, BETWEEN_SD, NOISE_SD = 0.2, 0.01, 0.02


@dataclass(frozen=True, slots=True)
class Simulated:
    """One run: what its servers' values are, by pair and as if there were none, the truth, and how long it took."""

    truths: Mapping[Cell, float]
    values: Mapping[Cell, Sequence[float]]
    trials: int
    length: float


def simulated(pairs: int, seed: int, precision: float = 0.015) -> Simulated:
    """One run under the schedule. Each pair takes a time of its own for its trials, so that none waits for another."""
    rng = random.Random(f"{pairs}:{seed}")
    cells = [Cell(f"server-{i}", "3.13.0", 1, 50, 1) for i in range(len(LEVELS))]
    names = [f"pair-{i}" for i in range(pairs)]
    speed = {name: rng.gauss(0, SPEED_SD) for name in names}
    level = {
        (cell, name): math.log(LEVELS[i]) + speed[name] + rng.gauss(0, BETWEEN_SD)
        for i, cell in enumerate(cells)
        for name in names
    }
    course = Course(Schedule(tuple(cells), seed=seed, precision=precision), blocks=names)
    clock, idle = 0.0, list(names)
    under_way: list[tuple[float, str, TrialSummary]] = []
    while True:
        waiting = []
        for name in idle:
            step = course.deal(clock, name)
            if step is None:
                waiting.append(name)
                continue
            rate = math.exp(level[step.cell, name] + rng.gauss(0, NOISE_SD))
            done = TrialSummary(step.cell, step.round, rate, failed=False, disturbed=False, wall_s=1.0, block=name)
            heapq.heappush(under_way, (clock + math.exp(-0.2 * speed[name]), name, done))
        if not under_way:
            break
        clock, name, done = heapq.heappop(under_way)
        course.add(done)
        idle = [*waiting, name]
    values = {
        cell: stratified((t.block, t.rate) for t in course.history if t.cell == cell and t.rate is not None)
        for cell in cells
    }
    truths = {cell: math.exp(fmean(level[cell, name] for name in names)) for cell in cells}
    return Simulated(truths, values, len(course.history), clock)


@dataclass(slots=True)
class Told:
    """How often what was said of runs was true: of means, of ratios, and of all ranks of a run at once."""

    means: int = 0
    ratios: int = 0
    ranks: int = 0
    width: float = 0.0
    ranges: float = 0.0

    def add(self, truths: Mapping[Cell, float], values: Mapping[Cell, Sequence[float]]) -> None:
        """Judge one more run."""
        base, *others = truths
        for cell, truth in truths.items():
            found = stats.mean_interval(values[cell])
            self.means += _holds(found, truth)
            self.width += (found.relative_half_width if found else 0.0) / len(truths)
        for cell in others:
            self.ratios += _holds(stats.ratio_interval(values[base], values[cell]), truths[cell] / truths[base])
        found_ranks = stats.rank_ranges(values)
        self.ranks += ranks_hold(found_ranks, truths)
        self.ranges += fmean(one.high - one.low + 1 for one in found_ranks.values())


def ranks_hold(found: Mapping[Cell, RankRange], truths: Mapping[Cell, float]) -> bool:
    """Whether every range holds the true rank."""
    return all(
        found[cell].low <= 1 + sum(other > truth for other in truths.values()) <= found[cell].high
        for cell, truth in truths.items()
    )


def _holds(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval.holds(truth)


def judged(pairs: int, runs: int) -> tuple[Told, Told, float, float]:
    """Of so many runs: what blocks tell, what is told without them, trials a server, and length in trials."""
    blocks, naive, trials, length = Told(), Told(), 0.0, 0.0
    for seed in range(runs):
        run = simulated(pairs, seed)
        blocks.add(run.truths, run.values)
        naive.add(run.truths, {cell: list(values) for cell, values in run.values.items()})
        trials += run.trials / len(LEVELS) / runs
        length += run.length / runs
    return blocks, naive, trials, length


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    servers = len(LEVELS)
    print(f"{runs} runs each; shares that hold; half-width of a mean's interval; ranks left open a server")
    print("| pairs | values | means | ratios | all ranks | ± | ranks open | trials a server | length |")
    print("| ---: | :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for pairs in (1, 2, 4, 10):
        blocks, naive, trials, length = judged(pairs, runs)
        for name, told in (("by pair", blocks), ("pooled", naive)):
            print(
                f"| {pairs} | {name} | {told.means / runs / servers:.1%} | {told.ratios / runs / (servers - 1):.1%} | "
                f"{told.ranks / runs:.1%} | {told.width / runs:.1%} | {told.ranges / runs:.1f} | {trials:.1f} | "
                f"{length:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
