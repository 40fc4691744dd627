"""Intervals, ratios, ranks and components of variance: their values, their limits, and what they refuse."""

from __future__ import annotations

import math
import random
import statistics

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.judging.levels import MAX_LOOKS, Stopping, critical_value, nominal_level, student_t
from runner.judging.stats import (
    Difference,
    Interval,
    RankRange,
    difference,
    drift,
    mean_interval,
    rank_ranges,
    ratio_interval,
    ratio_intervals,
    variance_components,
)

RATES = [10_000.0, 10_200.0, 9_900.0, 10_100.0]

samples_of_rates = st.lists(st.floats(1.0, 1e7), min_size=3, max_size=20)


# --- Student's t ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.2, 0.05, 0.01, 1e-3, 1e-5, 1e-8])
def test_student_t_has_its_closed_forms_at_one_and_two_degrees_of_freedom(level: float) -> None:
    assert student_t(1, level) == pytest.approx(1 / math.tan(math.pi / 2 * level), rel=1e-7)
    share = 1 - level
    assert student_t(2, level) == pytest.approx(share * math.sqrt(2 / (level * (2 - level))), rel=1e-7)


@pytest.mark.parametrize(
    ("df", "level", "tabulated"),
    [
        (3, 0.05, 3.182),
        (4, 0.05, 2.776),
        (5, 0.01, 4.032),
        (7, 0.001, 5.408),
        (10, 0.05, 2.228),
        (29, 0.05, 2.045),
        (30, 0.01, 2.750),
        (120, 0.05, 1.980),
    ],
)
def test_student_t_agrees_with_the_printed_tables(df: int, level: float, tabulated: float) -> None:
    assert student_t(df, level) == pytest.approx(tabulated, abs=6e-4)


@pytest.mark.parametrize("df", [3, 4, 6, 9, 14, 21, 39, 100])
@pytest.mark.parametrize("level", [0.2, 0.05, 2e-3, 1e-6])
def test_student_t_leaves_the_level_in_the_tails_of_the_density(df: int, level: float) -> None:
    """Against Simpson's rule on the density, with ``x = √df·tan θ``, from the critical value outwards."""
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi)
    start, steps = math.atan2(student_t(df, level), math.sqrt(df)), 2000
    width = (math.pi / 2 - start) / steps
    weights = (1, *(4 if i % 2 else 2 for i in range(1, steps)), 1)
    area = sum(w * math.cos(start + i * width) ** (df - 1) for i, w in enumerate(weights)) * width / 3
    assert 2 * scale * area == pytest.approx(level, rel=1e-7)


# --- the mean -------------------------------------------------------------------------------------------------------


def test_mean_interval_is_students_on_the_logarithms() -> None:
    interval = mean_interval(RATES, stopping=Stopping.FIXED)
    assert interval is not None
    logs = [math.log(rate) for rate in RATES]
    mean = sum(logs) / 4
    half_width = 3.1824463 * math.sqrt(sum((x - mean) ** 2 for x in logs) / 3 / 4)
    assert interval.mean == pytest.approx(math.exp(mean))
    assert interval.low == pytest.approx(math.exp(mean - half_width))
    assert interval.high == pytest.approx(math.exp(mean + half_width))
    assert interval.relative_half_width == pytest.approx(math.exp(half_width) - 1)
    assert interval.holds(10_000)
    assert not interval.holds(11_000)


def test_the_price_of_looking_is_a_wider_interval() -> None:
    intervals = [mean_interval(RATES, stopping=stopping) for stopping in Stopping]
    fixed, precision, anything = (interval.relative_half_width for interval in intervals if interval)
    assert fixed < precision < anything


@pytest.mark.parametrize("stopping", Stopping)
def test_critical_values_fall_with_trials_and_rise_with_confidence(stopping: Stopping) -> None:
    values = [critical_value(n, stopping=stopping) for n in range(3, MAX_LOOKS + 1)]
    assert values == sorted(values, reverse=True)
    confidences = [critical_value(6, confidence=c, stopping=stopping) for c in (0.8, 0.9, 0.95, 0.99, 0.999, 0.99999)]
    assert confidences == sorted(confidences)


def test_levels_between_the_tabulated_ones_are_interpolated_and_below_them_bonferronis() -> None:
    for stopping in (Stopping.PRECISION, Stopping.ANY):
        levels = [nominal_level(0.2 * 0.9**i, stopping) for i in range(120)]
        assert levels == sorted(levels, reverse=True)
        assert all(level < 0.2 * 0.9**i for i, level in enumerate(levels))
        assert nominal_level(1e-6, stopping) == pytest.approx(1e-6 / 38)
    assert nominal_level(0.03, Stopping.FIXED) == 0.03


@given(samples_of_rates, st.floats(1e-3, 1e3))
def test_mean_interval_does_not_depend_on_the_unit(values: list[float], factor: float) -> None:
    one, other = mean_interval(values), mean_interval([factor * value for value in values])
    assume(one is not None and other is not None)
    assert one is not None
    assert other is not None
    assert other.mean == pytest.approx(factor * one.mean, rel=1e-9)
    assert other.relative_half_width == pytest.approx(one.relative_half_width, rel=1e-6, abs=1e-9)


@given(samples_of_rates)
def test_a_rate_and_its_reciprocal_have_the_same_relative_interval(values: list[float]) -> None:
    rate, cost = mean_interval(values), mean_interval([1 / value for value in values])
    assume(rate is not None and cost is not None)
    assert rate is not None
    assert cost is not None
    assert cost.mean == pytest.approx(1 / rate.mean, rel=1e-9)
    assert cost.high == pytest.approx(1 / rate.low, rel=1e-6)


@given(samples_of_rates, st.randoms(use_true_random=False))
def test_mean_interval_does_not_depend_on_the_order(values: list[float], shuffler: random.Random) -> None:
    shuffled = list(values)
    shuffler.shuffle(shuffled)
    assert mean_interval(shuffled) == mean_interval(values)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [5.0, 5.0, 5.0], [0.0, 1.0, 2.0]])
def test_no_interval_where_there_is_none(values: list[float]) -> None:
    assert mean_interval(values) is None
    assert ratio_interval(values, RATES) is None
    assert ratio_interval(RATES, values) is None


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_values_that_are_no_quantity_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        mean_interval([1.0, 2.0, bad])
    with pytest.raises(ValueError, match="positive and finite"):
        variance_components([[1.0, 2.0], [bad]])


@pytest.mark.parametrize("confidence", [0.0, 0.5, 1.0, 1.5])
def test_a_confidence_out_of_range_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        mean_interval(RATES, confidence=confidence)


def test_any_stopping_has_a_last_look_and_the_others_have_none() -> None:
    many = [100.0 + i % 7 for i in range(MAX_LOOKS + 1)]
    with pytest.raises(ValueError, match="at most 40"):
        mean_interval(many, stopping=Stopping.ANY)
    assert mean_interval(many[:-1], stopping=Stopping.ANY) is not None
    assert mean_interval(many, stopping=Stopping.PRECISION) is not None
    assert mean_interval(many, stopping=Stopping.FIXED) is not None
    with pytest.raises(ValueError, match="no interval"):
        critical_value(2)


def test_wild_values_give_a_wide_interval_and_not_an_overflow() -> None:
    interval = mean_interval([1e-9, 1.0, 1e9], confidence=0.9999, stopping=Stopping.ANY)
    assert interval is not None
    assert interval.low < 1e-200
    assert 1e200 < interval.high < math.inf


# --- the ratio ------------------------------------------------------------------------------------------------------


def test_ratio_interval_joins_the_two_means_half_widths_at_right_angles() -> None:
    base, new = RATES, [10_500.0, 10_700.0, 10_400.0, 10_600.0, 10_650.0]
    ratio = ratio_interval(base, new)
    sides = mean_interval(base), mean_interval(new)
    assert ratio is not None
    assert sides[0] is not None
    assert sides[1] is not None
    assert ratio.mean == pytest.approx(sides[1].mean / sides[0].mean)
    half_width = math.hypot(*(math.log(side.high / side.mean) for side in sides if side))
    assert math.log(ratio.high / ratio.mean) == pytest.approx(half_width)
    assert math.log(ratio.mean / ratio.low) == pytest.approx(half_width)


def test_ratio_interval_turns_over_with_its_sides() -> None:
    there, back = ratio_interval(RATES, [9.0, 9.1, 9.3]), ratio_interval([9.0, 9.1, 9.3], RATES)
    assert there is not None
    assert back is not None
    assert there.low == pytest.approx(1 / back.high)
    assert there.high == pytest.approx(1 / back.low)


def test_more_comparisons_widen_the_interval() -> None:
    new = [10_300.0, 10_500.0, 10_250.0]
    widths = [ratio_interval(RATES, new, comparisons=m) for m in (1, 2, 10, 100)]
    found = [interval.relative_half_width for interval in widths if interval]
    assert found == sorted(found)
    assert len(set(found)) == 4


def test_ratios_are_over_what_the_machine_did_as_a_whole() -> None:
    """All cells of the second run are 4 % slower, and the changed one 10 % more: only that is left."""
    base = {name: [level * x for x in (1.0, 1.01, 0.995)] for name, level in (("a", 10), ("b", 20), ("c", 5), ("d", 7))}
    pairs = {name: (values, [0.96 * x * (0.9 if name == "d" else 1) for x in values]) for name, values in base.items()}
    found = ratio_intervals(pairs, {"a", "b", "c"}, stopping=Stopping.FIXED)
    assert {name: round(one.mean, 6) for name, one in found.items() if one} == {"a": 1, "b": 1, "c": 1, "d": 0.9}
    alone = ratio_intervals(pairs, set(), stopping=Stopping.FIXED)
    assert {round(one.mean, 6) for one in alone.values() if one} == {0.96, 0.864}


def test_one_more_cell_that_drifts_like_the_others_is_expected_within_its_interval() -> None:
    """Student's prediction interval of three cells: 4.303 x sd x sqrt(1 + 1/3)."""
    seen = drift([([1.0, 1.0001, 0.9999], [level * x for x in (1.0, 1.0001, 0.9999)]) for level in (0.98, 1.0, 1.02)])
    assert seen is not None
    assert (seen.cells, round(seen.ratio, 3)) == (3, 1.0)
    logs = [math.log(level) for level in (0.98, 1.0, 1.02)]
    assert seen.sd == pytest.approx(statistics.stdev(logs))
    assert seen.half_width(0.05) == pytest.approx(4.30265 * seen.sd * math.sqrt(4 / 3), rel=1e-5)
    found = ratio_interval([1.0, 1.0001, 0.9999], [0.9, 0.9001, 0.8999], stopping=Stopping.FIXED, drift=seen)
    assert found is not None
    assert math.log(found.high / found.mean) == pytest.approx(seen.half_width(0.05))


def test_witnesses_do_not_widen_the_interval_of_what_changed_and_changes_widen_each_others() -> None:
    """More unchanged cells sharpen a changed one's interval, though they are compared as well."""
    rng = random.Random(7)
    pairs = {
        name: ([rng.gauss(1, 0.01) for _ in range(9)], [rng.gauss(1, 0.01) for _ in range(9)]) for name in range(24)
    }

    def width(witnesses: int, changed: int) -> float:
        chosen = {name: pairs[name] for name in (*range(changed), *range(24 - witnesses, 24))}
        (one, *_) = ratio_intervals(chosen, range(24 - witnesses, 24), stopping=Stopping.FIXED).values()
        assert one is not None
        return math.log(one.high / one.mean)

    assert width(20, 1) < width(5, 1)
    assert width(20, 1) < width(20, 4)


@pytest.mark.parametrize(
    ("ratio", "higher_is_better", "verdict"),
    [
        (Interval(1.1, 1.05, 1.15), True, Difference.FASTER),
        (Interval(1.1, 1.05, 1.15), False, Difference.SLOWER),
        (Interval(0.9, 0.85, 0.95), True, Difference.SLOWER),
        (Interval(0.9, 0.85, 0.95), False, Difference.FASTER),
        (Interval(1.02, 0.99, 1.05), True, Difference.NONE_FOUND),
        (Interval(1.05, 1.0, 1.1), True, Difference.NONE_FOUND),
        (None, True, Difference.NONE_FOUND),
    ],
)
def test_difference(ratio: Interval | None, higher_is_better: bool, verdict: Difference) -> None:
    assert difference(ratio, higher_is_better=higher_is_better) is verdict


# --- ranks ----------------------------------------------------------------------------------------------------------


def around(level: float, n: int = 8) -> list[float]:
    """``n`` values about ``level`` with a relative standard deviation near 1.5 %."""
    return [level * (1 + 0.01 * offset) for offset in (-2, -1, 0, 1, 2, 0.5, -1.5, 1.2, 0.3, -0.4)[:n]]


def test_ranks_that_the_data_tell_apart_and_one_tie() -> None:
    found = rank_ranges({"slow": around(50), "a": around(100), "b": around(101), "fast": around(200)})
    assert found == {
        "fast": RankRange(1, 1),
        "a": RankRange(2, 3),
        "b": RankRange(2, 3),
        "slow": RankRange(4, 4),
    }
    assert [str(found[name]) for name in ("fast", "a")] == ["1", "2\N{EN DASH}3"]


def test_of_a_cost_the_lowest_ranks_first() -> None:
    found = rank_ranges({"dear": around(200), "cheap": around(50)}, higher_is_better=False)
    assert found == {"dear": RankRange(2, 2), "cheap": RankRange(1, 1)}


def test_a_chain_of_neighbours_may_be_told_apart_at_its_ends_only() -> None:
    found = rank_ranges({"low": around(100, 10), "middle": around(102, 10), "high": around(104, 10)})
    assert found == {"high": RankRange(1, 2), "middle": RankRange(1, 3), "low": RankRange(2, 3)}


def test_what_has_no_interval_may_have_any_rank_and_shifts_the_others() -> None:
    found = rank_ranges({"fast": around(200), "slow": around(50), "unknown": [70.0, 71.0]})
    assert found == {"fast": RankRange(1, 2), "slow": RankRange(2, 3), "unknown": RankRange(1, 3)}


def test_a_lower_bound_may_rank_anywhere_above() -> None:
    samples = {"fast": around(200), "middle": around(100), "slow": around(50)}
    assert rank_ranges(samples, lower_bounds={"middle"}) == {
        "fast": RankRange(1, 2),
        "middle": RankRange(1, 2),
        "slow": RankRange(3, 3),
    }
    assert rank_ranges(samples, lower_bounds={"fast"}) == rank_ranges(samples)


def test_ranks_of_nothing_and_of_one() -> None:
    assert rank_ranges({}) == {}
    assert rank_ranges({"only": around(1)}) == {"only": RankRange(1, 1)}


@given(st.lists(st.lists(st.floats(1, 1000), min_size=3, max_size=6), min_size=1, max_size=7))
def test_rank_ranges_always_hold_the_order_of_the_means(samples: list[list[float]]) -> None:
    named = dict(enumerate(samples))
    means = {name: math.prod(values) ** (1 / len(values)) for name, values in named.items()}
    for name, ranks in rank_ranges(named).items():
        better = sum(mean > means[name] * (1 + 1e-9) for mean in means.values())
        assert 1 <= ranks.low <= better + 1
        assert ranks.high <= len(named)
        assert ranks.low <= ranks.high


# --- components of variance -----------------------------------------------------------------------------------------


def test_variance_components_of_a_worked_example() -> None:
    """Logarithms 1, 3 · 4, 6 · 10, 12: mean squares 2 within and 42 between, so components 2 and 20."""
    found = variance_components([[math.exp(x) for x in group] for group in ((1, 3), (4, 6), (10, 12))])
    assert found is not None
    assert found.within == pytest.approx(math.sqrt(2))
    assert found.between == pytest.approx(math.sqrt(20))


def test_starts_that_differ_less_than_loads_do_have_no_spread_of_their_own() -> None:
    found = variance_components([[99.0, 101.0], [101.0, 99.0], [99.0, 101.0]])
    assert found is not None
    assert found.between == 0
    assert found.within == pytest.approx(0.01 * math.sqrt(2), rel=1e-3)


@pytest.mark.parametrize("groups", [[], [[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 2.0], []]])
def test_no_components_where_they_cannot_be_split(groups: list[list[float]]) -> None:
    assert variance_components(groups) is None


@pytest.mark.parametrize("sizes", [(6,) * 7, (2, 3, 4, 8, 8, 9, 2)])
def test_variance_components_find_what_was_planted(sizes: tuple[int, ...]) -> None:
    noise, within, between = random.Random(7), 0.018, 0.024
    estimates = []
    for _ in range(800):
        levels = [noise.gauss(9, between) for _ in sizes]
        groups = [[math.exp(noise.gauss(m, within)) for _ in range(n)] for n, m in zip(sizes, levels, strict=True)]
        found = variance_components(groups)
        assert found is not None
        estimates.append((found.within**2, found.between**2))
    assert sum(w for w, _ in estimates) / 800 == pytest.approx(within**2, rel=0.03)
    assert sum(b for _, b in estimates) / 800 == pytest.approx(between**2, rel=0.08)


def test_the_spread_of_a_mean_shrinks_with_starts_more_than_with_loads() -> None:
    found = variance_components([[100.0, 104.0], [110.0, 107.0], [95.0, 99.0]])
    assert found is not None
    assert found.sd_of_mean(1, 1) == pytest.approx(math.hypot(found.within, found.between))
    assert found.sd_of_mean(6, 1) < found.sd_of_mean(3, 2) < found.sd_of_mean(1, 6)
    assert found.sd_of_mean(4, 1) == pytest.approx(found.sd_of_mean(1, 1) / 2)
