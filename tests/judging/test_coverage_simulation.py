"""How often the intervals hold the truth, by simulation, also where the integrals in ``test_stopping_levels.py`` end.

Values are rates, ``truth·(1 + sd·noise)`` with noise of mean 0 and variance 1. The truth is the arithmetic mean, so
that what working on logarithms costs is in the figures. ``python -m tests.judging.test_coverage_simulation`` makes the
tables of ``docs/statistics.md`` (some twenty minutes).
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count

import pytest

from runner.judging.course import Course
from runner.judging.levels import MAX_LOOKS, Stopping, critical_value, student_t
from runner.judging.schedule import Schedule, TrialSummary
from runner.judging.stats import (
    Difference,
    Interval,
    RankRange,
    difference,
    mean_interval,
    rank_ranges,
    ratio_interval,
    ratio_intervals,
)
from runner.record.plan import Cell

Noise = Callable[[random.Random], Iterator[float]]

PRECISION = 0.03


# --- noise ----------------------------------------------------------------------------------------------------------


def independent(draw: Callable[[random.Random], float]) -> Noise:
    return lambda rng: (draw(rng) for _ in count())


def starts_and_loads(rng: random.Random) -> float:
    """A start's own level, normal, and a load's noise with heavier tails: about what servers show."""
    return 0.75 * rng.gauss() + math.sqrt(1 - 0.75**2) * laplace(rng)


def laplace(rng: random.Random) -> float:
    return rng.choice((-1, 1)) * rng.expovariate(math.sqrt(2))


def student_5(rng: random.Random) -> float:
    return rng.gauss() / math.sqrt(rng.gammavariate(2.5, 2) / 5) / math.sqrt(5 / 3)


def skewed(rng: random.Random) -> float:
    """A tail of slow trials: skewness -1."""
    return (4 - rng.gammavariate(4, 1)) / 2


def very_skewed(rng: random.Random) -> float:
    """Skewness -2."""
    return 1 - rng.expovariate(1)


def slow_now_and_then(rng: random.Random) -> float:
    """One trial in twelve is slower by four standard deviations of the others."""
    outlier = rng.random() < 1 / 12
    return (rng.gauss() - 4 * outlier + 1 / 3) / math.sqrt(1 + 16 * 11 / 144)


def two_speeds(rng: random.Random) -> float:
    """Starts are fast or slow, half of them each, and little else varies."""
    return 0.9 * rng.choice((-1, 1)) + math.sqrt(1 - 0.81) * rng.gauss()


def drifting(share: float) -> Noise:
    """``share`` of the variance belongs to the machine, and half of its state lasts from one round to the next."""

    def noise(rng: random.Random) -> Iterator[float]:
        state = rng.gauss()
        while True:
            yield math.sqrt(share) * state + math.sqrt(1 - share) * rng.gauss()
            state = 0.5 * state + math.sqrt(0.75) * rng.gauss()

    return noise


NOISES: Mapping[str, Noise] = {
    "normal": independent(lambda rng: rng.gauss()),
    "starts and loads": independent(starts_and_loads),
    "Student's t, 5 df": independent(student_5),
    "Laplace": independent(laplace),
    "skewed": independent(skewed),
    "slow now and then": independent(slow_now_and_then),
    "drift, 10 % of the variance": drifting(0.1),
    "drift, 25 % of the variance": drifting(0.25),
    "very skewed": independent(very_skewed),
    "two speeds": independent(two_speeds),
}
MILD = ("normal", "starts and loads", "Student's t, 5 df", "skewed", "slow now and then", "drift, 10 % of the variance")


def rates(noise: Noise, sd: float, rng: random.Random, truth: float = 1.0) -> Iterator[float]:
    return (truth * max(1e-6, 1 + sd * x) for x in noise(rng))


def measured(source: Iterator[float], precision: float = PRECISION, most: int = MAX_LOOKS) -> list[float]:
    """Trials until the interval is narrow enough, or ``most``: what the schedule does with a cell."""
    values = [next(source) for _ in range(min(3, most))]
    while len(values) < most:
        interval = mean_interval(values)
        if interval is not None and interval.relative_half_width <= precision:
            break
        values.append(next(source))
    return values


def surely_above(hits: int, runs: int) -> float:
    """What the true share exceeds with 99.95 % confidence (Wilson's bound)."""
    z, share = 3.29, hits / runs
    middle = share + z * z / (2 * runs)
    return (middle - z * math.sqrt(share * (1 - share) / runs + (z / runs) ** 2 / 4)) / (1 + z * z / runs)


# --- the mean -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sd", [0.015, 0.02, 0.03])
@pytest.mark.parametrize("name", MILD)
def test_the_interval_at_the_stop_holds_the_truth(name: str, sd: float) -> None:
    rng, runs = random.Random(f"{name} {sd}"), 5000
    hits = sum(held(mean_interval(measured(rates(NOISES[name], sd, rng)))) for _ in range(runs))
    assert surely_above(hits, runs) > 0.93


@pytest.mark.parametrize("sd", [0.01, 0.05])
def test_so_it_does_where_a_budget_ends_the_trials(sd: float) -> None:
    rng, runs = random.Random(3), 5000
    hits = 0
    for _ in range(runs):
        hits += held(mean_interval(measured(rates(NOISES["normal"], sd, rng), most=rng.randint(3, 9))))
    assert surely_above(hits, runs) > 0.94


def test_any_stopping_withstands_one_who_waits_for_a_miss() -> None:
    """The worst that can be done to it: to go on until the interval misses, if it ever does."""
    rng, runs = random.Random(4), 3000
    survived = 0
    for _ in range(runs):
        values = [1 + 0.02 * rng.gauss() for _ in range(MAX_LOOKS)]
        looks = (mean_interval(values[:n], stopping=Stopping.ANY) for n in range(3, MAX_LOOKS + 1))
        survived += all(held(interval) for interval in looks)
    assert surely_above(survived, runs) > 0.93
    assert survived / runs < 0.965  # nor is it wider than it need be


def test_a_fixed_number_of_trials_needs_no_allowance() -> None:
    rng, runs = random.Random(5), 20_000
    hits = sum(
        held(mean_interval([1 + 0.03 * rng.gauss() for _ in range(4)], stopping=Stopping.FIXED)) for _ in range(runs)
    )
    assert 0.942 < hits / runs < 0.958


def held(interval: Interval | None, truth: float = 1.0) -> bool:
    return interval is not None and interval.holds(truth)


# --- the ratio ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sd_base", "sd_new"), [(0.02, 0.02), (0.015, 0.03), (0.05, 0.05), (0.05, 0.005)])
def test_equal_cells_are_seldom_found_different(sd_base: float, sd_new: float) -> None:
    rng, runs = random.Random(f"{sd_base} {sd_new}"), 4000
    normal = NOISES["normal"]
    hits = sum(
        held(ratio_interval(measured(rates(normal, sd_base, rng)), measured(rates(normal, sd_new, rng))))
        for _ in range(runs)
    )
    assert surely_above(hits, runs) > 0.93


@pytest.mark.parametrize(("few", "many", "sd_few", "sd_many"), [(3, 20, 0.02, 0.02), (3, 8, 0.06, 0.02)])
def test_ratio_interval_holds_where_welchs_fails(few: int, many: int, sd_few: float, sd_many: float) -> None:
    """At 99 %, as several comparisons at once need it, with few trials on one side."""
    rng, runs = random.Random(f"{few} {many}"), 10_000
    missed = welch_missed = 0
    for _ in range(runs):
        one = [1 + sd_few * rng.gauss() for _ in range(few)]
        other = [1 + sd_many * rng.gauss() for _ in range(many)]
        missed += not held(ratio_interval(one, other, stopping=Stopping.FIXED, comparisons=5))
        welch_missed += not welch_holds_zero(one, other, 0.01)
    assert missed / runs < 0.0125
    assert welch_missed / runs > 0.02


def welch_holds_zero(one: Sequence[float], other: Sequence[float], level: float) -> bool:
    """Whether Welch's interval of the difference holds 0; critical values interpolated over 1/df."""
    parts = [(statistics.variance(values) / len(values), len(values) - 1) for values in (one, other)]
    variance = sum(part for part, _ in parts)
    df = variance**2 / sum(part**2 / part_df for part, part_df in parts)
    below, above = student_t(math.floor(df), level), student_t(math.floor(df) + 1, level)
    share = (1 - math.floor(df) / df) * (math.floor(df) + 1)
    critical = below + share * (above - below)
    return abs(statistics.fmean(one) - statistics.fmean(other)) <= critical * math.sqrt(variance)


@pytest.mark.parametrize(("slowdown", "found_at_least"), [(0.05, 0.95), (0.1, 0.999)])
def test_planted_slowdowns_are_found_and_estimated(slowdown: float, found_at_least: float) -> None:
    rng, runs = random.Random(8), 2000
    found = right = 0
    for _ in range(runs):
        base, new = ([level * (1 + 0.02 * rng.gauss()) for _ in range(7)] for level in (1, 1 - slowdown))
        ratio = ratio_interval(base, new, stopping=Stopping.FIXED)
        found += difference(ratio) is Difference.SLOWER
        right += held(ratio, 1 - slowdown)
    assert found / runs >= found_at_least
    assert right / runs > 0.95


# --- ranks, and whole runs under the real schedule ------------------------------------------------------------------


def ranks_hold(ranges: Mapping[Cell, RankRange], truths: Mapping[Cell, float]) -> bool:
    """Whether every range holds all the ranks that a true mean has, those of its tie included."""
    return all(
        ranges[cell].low <= 1 + sum(other > truth for other in truths.values())
        and ranges[cell].high >= sum(other >= truth for other in truths.values())
        for cell, truth in truths.items()
    )


def cells(number: int) -> tuple[Cell, ...]:
    return tuple(Cell(f"server-{i}", "3.13.0", 5, 50, 1) for i in range(number))


def test_ranks_of_ties_hold_together_even_against_a_cell_known_exactly() -> None:
    """The least favourable case: one cell without noise, and all the others truly equal to it."""
    rng, runs = random.Random(9), 3000
    names = cells(8)
    truths = dict.fromkeys(names, 100.0)
    hits = 0
    for _ in range(runs):
        samples = {
            cell: [100 * (1 + (0.02 if i else 1e-7) * rng.gauss()) for _ in range(5)] for i, cell in enumerate(names)
        }
        hits += ranks_hold(rank_ranges(samples, stopping=Stopping.FIXED), truths)
    assert surely_above(hits, runs) > 0.93
    assert hits / runs < 0.97  # no wider than this case needs


def whole_run(
    truths: Mapping[Cell, float], sds: Sequence[float], trials: int, seed: int, noise: Noise
) -> dict[Cell, list[float]]:
    """The rates of a run of one-second trials under the schedule, with a budget for so many."""
    schedule = Schedule(tuple(truths), seed=seed, precision=PRECISION, budget_s=trials)
    rng = random.Random(f"run {seed}")
    sources = {cell: rates(noise, sd, rng, truth) for (cell, truth), sd in zip(truths.items(), sds, strict=True)}
    course = Course(schedule)
    while step := course.next(len(course.history)):
        rate = next(sources[step.cell])
        course.add(TrialSummary(step.cell, step.round, rate, failed=False, disturbed=False, wall_s=1.0))
    return {cell: [t.rate for t in course.history if t.cell == cell and t.rate is not None] for cell in truths}


def coverage_of_runs(
    levels: Sequence[float], sds: Sequence[float], trials: int, runs: int, noise: Noise
) -> tuple[int, int, float]:
    """Of whole runs: cells whose interval holds the truth, runs whose ranks all hold, mean number of ranks a range."""
    truths = dict(zip(cells(len(levels)), levels, strict=True))
    hits = ranked = width = 0
    for seed in range(runs):
        samples = whole_run(truths, sds, trials, seed, noise)
        hits += sum(held(mean_interval(samples[cell]), truth) for cell, truth in truths.items())
        ranges = rank_ranges(samples)
        ranked += ranks_hold(ranges, truths)
        width += sum(found.high - found.low + 1 for found in ranges.values())
    return hits, ranked, width / runs / len(levels)


@pytest.mark.parametrize(
    ("levels", "sds", "runs"),
    [
        pytest.param([100] * 5, [0.015, 0.02, 0.02, 0.025, 0.03], 250, id="ties"),
        pytest.param([100, 101, 102, 104, 106], [0.02] * 5, 250, id="near ties"),
        pytest.param([100, 106, 112, 119, 126], [0.02, 0.02, 0.02, 0.03, 0.03], 250, id="told apart late"),
        pytest.param([100] * 5, [1e-5, 0.03, 0.03, 0.03, 0.03], 500, id="ties with one that has no noise"),
    ],
)
def test_a_whole_run_holds_its_means_and_its_ranks(levels: list[float], sds: list[float], runs: int) -> None:
    """The last budget goes to cells that cannot be told apart, so here the means do decide when trials stop."""
    hits, ranked, _ = coverage_of_runs(levels, sds, trials=50, runs=runs, noise=NOISES["starts and loads"])
    assert surely_above(hits, runs * len(levels)) > 0.93
    assert surely_above(ranked, runs) > 0.94


# --- two runs -------------------------------------------------------------------------------------------------------


def two_runs(
    cells: int, own: float, common: float, change: float, rng: random.Random
) -> tuple[Interval | None, list[Interval | None]]:
    """The interval of one changed cell, and those of the unchanged ones: ten trials of each in either run.

    ``own`` and ``common`` are standard deviations of the drift of each cell, and of all together.
    """
    normal, shift = NOISES["normal"], math.exp(rng.gauss(0, common))
    pairs = {}
    for name in range(cells + 1):
        sd, level = rng.uniform(0.0075, 0.0225), shift * math.exp(rng.gauss(0, own))
        base, new = rates(normal, sd, rng), rates(normal, sd, rng, level if name else level * (1 - change))
        pairs[name] = [next(base) for _ in range(10)], [next(new) for _ in range(10)]
    found = ratio_intervals(pairs, range(1, cells + 1), stopping=Stopping.FIXED)
    return found[0], [found[name] for name in range(1, cells + 1)]


@pytest.mark.parametrize(("cells", "own", "common"), [(3, 0.01, 0.03), (6, 0.01, 0.0), (20, 0.03, 0.03)])
def test_what_drifts_between_two_runs_is_seldom_taken_for_a_change(cells: int, own: float, common: float) -> None:
    rng, runs = random.Random(f"{cells} {own} {common}"), 1000
    seen = [two_runs(cells, own, common, 0.05, rng) for _ in range(runs)]
    assert surely_above(sum(held(one, 0.95) for one, _ in seen), runs) > 0.9
    assert surely_above(sum(all(map(held, unchanged)) for _, unchanged in seen), runs) > 0.9


# --- the tables of docs/statistics.md -------------------------------------------------------------------------------


def mixture_e_value(n: int, scale: float = 0.1, level: float = 0.05) -> float:
    """The critical value of the t-test martingale with a normal mixture over the effect (Wang and Ramdas 2024).

    ``scale`` is the mixture's precision; from 0.05 to 0.3 the numbers of trials change by less than a tenth.
    """
    rho = scale / (n + scale)
    growth = (1 / (level * math.sqrt(rho))) ** (2 / n)
    return math.sqrt((n - 1) * (growth - 1) / (1 - rho * growth)) if rho * growth < 1 else math.inf


METHODS: Mapping[str, Callable[[int], float]] = {
    "Student's t, 95 % at every look": lambda n: student_t(n - 1, 0.05),
    "the same, from 5 trials on": lambda n: student_t(n - 1, 0.05) if n >= 5 else math.inf,
    "**`PRECISION`** (97.85 % at every look)": lambda n: critical_value(n, stopping=Stopping.PRECISION),
    "**`ANY`** (99.45 % at every look)": lambda n: critical_value(n, stopping=Stopping.ANY),
    "martingale, normal mixture": mixture_e_value,
}


def at_stop(values: Sequence[float], critical: Sequence[float]) -> tuple[int, bool]:
    """The number of trials at the stop, and whether the interval then holds 1."""
    total = squares = 0.0
    for n, value in enumerate(values, 1):
        x = math.log(value)
        total += x
        squares += x * x
        if n >= 3:
            half_width = critical[n] * math.sqrt(max(0.0, squares - total * total / n) / (n - 1) / n)
            if half_width <= math.log1p(PRECISION) or n == len(values):
                return n, abs(total / n) <= half_width
    raise AssertionError("fewer than three values")


def stein(values: Sequence[float], first: int) -> tuple[int, bool]:
    """Stein's two stages: the spread of the ``first`` values settles how many there will be, and the interval."""
    logs = [math.log(value) for value in values]
    reach = student_t(first - 1, 0.05) * statistics.stdev(logs[:first])
    n = min(len(values), max(first, math.ceil((reach / math.log1p(PRECISION)) ** 2)))
    return n, abs(math.fsum(logs[:n]) / n) <= reach / math.sqrt(n)


def print_head(*columns: str) -> None:
    print(f"\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")


def print_methods(runs: int, sds: Sequence[float]) -> None:
    print_head("method", *(f"sd {100 * sd:g} %" for sd in sds))
    rules: dict[str, Callable[[Sequence[float]], tuple[int, bool]]] = {}
    for name, critical in METHODS.items():
        values = [math.inf] * 3 + [critical(n) for n in range(3, MAX_LOOKS + 1)]
        rules[name] = partial(at_stop, critical=values)
        if name.startswith("the same"):
            rules["Stein's two stages, 5 trials first"] = partial(stein, first=5)
    for name, rule in rules.items():
        row = []
        for sd in sds:
            rng = random.Random(f"methods {sd}")
            stops = [
                rule([next(source) for _ in range(MAX_LOOKS)])
                for source in (rates(NOISES["normal"], sd, rng) for _ in range(runs))
            ]
            row.append(f"{100 * sum(hit for _, hit in stops) / runs:.1f} % · {sum(n for n, _ in stops) / runs:.1f}")
        print(f"| {name} |", " | ".join(row), "|", flush=True)


def print_noises(runs: int, sds: Sequence[float]) -> None:
    print_head("noise", *(f"sd {100 * sd:g} %" for sd in sds))
    for name, noise in NOISES.items():
        row = []
        for sd in sds:
            rng = random.Random(f"noises {sd}")
            stops = [measured(rates(noise, sd, rng)) for _ in range(runs)]
            hits = sum(held(mean_interval(values)) for values in stops)
            row.append(f"{100 * hits / runs:.1f} % · {sum(map(len, stops)) / runs:.1f}")
        print(f"| {name} |", " | ".join(row), "|", flush=True)


def print_ratios(runs: int, sds: Sequence[float]) -> None:
    changes = (0.0, 0.02, 0.05, 0.1)
    print_head("trials of each", "sd", *(f"{100 * change:g} % slower" for change in changes))
    for trials in (None, 5, 7, 10):
        for sd in sds:
            row = []
            for change in changes:
                rng, found = random.Random(f"ratios {sd}"), 0
                for _ in range(runs):
                    base, new = (rates(NOISES["normal"], sd, rng, level) for level in (1, 1 - change))
                    pair = (
                        (measured(base), measured(new))
                        if trials is None
                        else ([next(base) for _ in range(trials)], [next(new) for _ in range(trials)])
                    )
                    stopping = Stopping.PRECISION if trials is None else Stopping.FIXED
                    found += difference(ratio_interval(*pair, stopping=stopping)) is not Difference.NONE_FOUND
                row.append(f"{100 * found / runs:.1f} %")
            name = "until ±3 %" if trials is None else str(trials)
            print(f"| {name} | {100 * sd:g} % |", " | ".join(row), "|", flush=True)


def print_runs(runs: int) -> None:
    print_head("true rates", "budget, trials a cell", "means hold", "ranks all hold", "ranks in a range")
    usual, unlike = [0.015, 0.02, 0.03, 0.02, 0.015] * 2, [1e-5] + [0.03] * 9
    for name, levels, sds in (
        ("ten equal", [100.0] * 10, usual),
        ("ten equal, one without noise", [100.0] * 10, unlike),
        ("twenty equal", [100.0] * 20, usual * 2),
        ("ten, 1 % apart", [100 * 1.01**i for i in range(10)], usual),
        ("ten, 5 % apart", [100 * 1.05**i for i in range(10)], usual),
        ("ten, 10 % apart", [100 * 1.1**i for i in range(10)], usual),
    ):
        for budget in (7, 15):
            hits, ranked, width = coverage_of_runs(levels, sds, len(levels) * budget, runs, NOISES["starts and loads"])
            shares = f"{100 * hits / runs / len(levels):.1f} % | {100 * ranked / runs:.1f} % | {width:.1f}"
            print(f"| {name} | {budget} | {shares} |", flush=True)


def print_two_runs(runs: int) -> None:
    print_head(
        "unchanged cells",
        "drift of a cell",
        "in common",
        "equal, one called different",
        "changed, interval holds",
        "2 % slower",
        "5 % slower",
        "10 % slower",
    )
    for cells, own, common in (
        (3, 0.01, 0.0),
        (3, 0.01, 0.03),
        (6, 0.01, 0.0),
        (6, 0.01, 0.03),
        (12, 0.01, 0.03),
        (20, 0.0, 0.0),
        (20, 0.01, 0.03),
        (20, 0.03, 0.03),
    ):
        rng = random.Random(f"two runs {cells} {own} {common}")
        wrong, hits, found = 0, 0, []
        for change in (0.0, 0.02, 0.05, 0.1):
            seen = [two_runs(cells, own, common, change, rng) for _ in range(runs)]
            wrong += sum(any(not held(one) for one in unchanged) for _, unchanged in seen)
            hits += sum(held(one, 1 - change) for one, _ in seen)
            found.append(sum(difference(one) is not Difference.NONE_FOUND for one, _ in seen))
        shares = [f"{100 * count / 4 / runs:.1f} %" for count in (wrong, hits)]
        shares += [f"{100 * count / runs:.1f} %" for count in found[1:]]
        print(f"| {cells} | {100 * own:g} % | {100 * common:g} % |", " | ".join(shares), "|", flush=True)


def main() -> None:
    sds = (0.01, 0.015, 0.02, 0.03, 0.05)
    print_methods(40_000, sds)
    print_noises(40_000, sds)
    print_ratios(20_000, (0.015, 0.02, 0.03))
    print_runs(1000)
    print_two_runs(2000)


if __name__ == "__main__":
    main()
