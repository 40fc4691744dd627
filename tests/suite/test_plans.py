"""Profiles and options as a plan; what cannot be measured is refused in one line that names the option."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.adapters import metadata, variants
from runner.cli import values
from runner.errors import PlanError
from runner.record.adapter import Group
from runner.record.plan import Generator, Headers, Limit
from runner.suite import plans
from tests import builders

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", plans.PROFILES)
def test_every_profile_can_be_measured(name: str) -> None:
    plan = plans.PROFILES[name]
    assert plans.check(plan) is plan
    assert plan.profile == name


def test_every_profile_is_described() -> None:
    assert set(plans.PROFILE_HELP) == set(plans.PROFILES)


def test_the_seed_is_the_published_command() -> None:
    seed = plans.PROFILES["seed"]
    assert (seed.threads, seed.connections, seed.duration_s, seed.depths) == (10, (200,), 5, (5,))


def test_the_default_is_what_make_bench_promises() -> None:
    plan = plans.PROFILES["default"]
    assert (plan.depths, plan.connections, plan.precision) == ((1, 5, 16), (50,), 0.03)
    assert plan.trials is None
    assert plan.budget_s is not None
    assert plan.budget_s <= 360


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("quick", (Group.CORE,)),
        ("default", (Group.CORE,)),
        ("seed", (Group.CORE,)),
        ("seed-2017", (Group.CORE, Group.SEED_2017)),
        ("full", (Group.CORE, Group.FIELD)),
    ],
)
def test_the_groups_of_a_profile_are_those_that_are_documented(name: str, groups: tuple[Group, ...]) -> None:
    assert plans.PROFILES[name].groups == groups


def test_the_releases_of_2017_get_the_published_command() -> None:
    assert replace(plans.PROFILES["seed-2017"], profile="seed", groups=(Group.CORE,)) == plans.PROFILES["seed"]


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        ({}, (Group.CORE,)),
        ({"only": ()}, (Group.CORE,)),
        ({"only": ("aiohttp-2017",)}, ()),
        ({"groups": (Group.FIELD,)}, (Group.FIELD,)),
        ({"only": ("aio*",), "groups": (Group.CORE, Group.SEED_2017)}, (Group.CORE, Group.SEED_2017)),
    ],
)
def test_naming_adapters_lifts_the_groups_of_a_profile(given: dict[str, Any], groups: tuple[Group, ...]) -> None:
    plan = plans.asked("default", given)
    assert plan == replace(plans.PROFILES["default"], **{**given, "groups": groups})


@pytest.mark.parametrize(
    ("name", "depths", "precision", "trials", "budget_s", "most"),
    [
        ("quick", (1, 16), 0.03, 1, None, 30),
        ("default", (1, 5, 16), 0.03, None, 330, 30),
        ("seed", (5,), 0.03, 1, None, 30),
        ("seed-2017", (5,), 0.03, 1, None, 30),
        ("full", (1, 4, 16, 64), 0.02, None, 10_800, 30),
    ],
)
def test_the_numbers_of_a_profile_are_those_that_are_documented(
    name: str, depths: tuple[int, ...], precision: float, trials: int | None, budget_s: float | None, most: int
) -> None:
    plan = plans.PROFILES[name]
    assert (plan.depths, plan.precision, plan.trials, plan.budget_s) == (depths, precision, trials, budget_s)
    assert (plan.min_trials, plan.max_trials, plan.warm_up_s, plan.workers, plan.seed) == (3, most, 0, (1,), 1)
    assert (plan.check, plan.strict, plan.witness, plan.only, plan.pythons) == (True, False, False, (), ())
    if not name.startswith("seed"):
        assert (plan.threads, plan.connections, plan.duration_s) == (1, (50,), 1)


@pytest.mark.parametrize(
    ("changes", "option", "says"),
    [
        ({"depths": (0, 5)}, "--depth", "depth is 0"),
        ({"depths": (-1,)}, "--depth", "depth is -1"),
        ({"depths": ()}, "--depth", "depth is nothing"),
        ({"depths": (1, 10_001)}, "--depth", "depth is 10001"),
        ({"connections": (0,)}, "--connections", "connections is 0"),
        ({"connections": ()}, "--connections", "connections is nothing"),
        ({"workers": (0,)}, "--workers", "workers is 0"),
        ({"workers": ()}, "--workers", "workers is nothing"),
        ({"threads": 0}, "--threads", "threads is 0"),
        ({"threads": -3}, "--threads", "threads is -3"),
        ({"threads": 3}, "--connections or --threads", "wrk would open 48"),
        ({"threads": 64}, "--connections or --threads", "wrk would open 0"),
        ({"duration_s": 0}, "--duration", "whole seconds"),
        ({"duration_s": 1.5}, "--duration", "whole seconds"),
        ({"warm_up_s": 0.5}, "--warm-up", "whole seconds"),
        ({"trials": 0}, "--trials", "trials is 0"),
        ({"trials": -1}, "--trials", "trials is -1"),
        ({"precision": 0.0}, "--precision", "between 0 and 100 %"),
        ({"precision": 1.0}, "--precision", "between 0 and 100 %"),
        ({"precision": float("nan")}, "--precision", "between 0 and 100 %"),
        ({"pythons": ("three",)}, "--python", "'three'"),
        ({"settle_s": 0.5}, "--settle", "whole seconds"),
        ({"settle_s": -1}, "--settle", "whole seconds"),
        ({"settle_s": 86_401}, "give fewer", "longer than a day"),
        ({"workers": (1, 100_000)}, "--workers", "workers is 100000"),
        (
            {"depths": tuple(range(1, 200)), "connections": tuple(range(1, 100))},
            "ask for fewer",
            "loads of each server",
        ),
        ({"server_cpus": 0}, "--server-cpus", "server CPUs is 0"),
        ({"pythons": ("3.12", "3.x")}, "--python", "'3.x'"),
        ({"pythons": ("pypyt",)}, "--python", "'pypyt'"),
        ({"pythons": ("pypy3.11t",)}, "--python", "'pypy3.11t'"),
    ],
)
def test_what_cannot_be_measured_is_refused(changes: dict[str, object], option: str, says: str) -> None:
    with pytest.raises(PlanError) as refused:
        plans.check(builders.plan(**changes))
    assert option in str(refused.value)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"depths": (10_000,)},
        {"threads": 50},
        {"threads": 2, "connections": (50, 200)},
        {"warm_up_s": 2},
        {"trials": 1},
        {"precision": 0.001},
        {"pythons": ("3.12", "3.13.0", "3.14t", "pypy", "pypy3.11")},
    ],
)
def test_what_just_can_is_not(changes: dict[str, object]) -> None:
    plan = builders.plan(**changes)
    assert plans.check(plan) is plan


def test_only_the_seeds_own_profiles_are_held_against_its_form_of_the_baseline() -> None:
    seeds = {name for name, plan in plans.PROFILES.items() if plan.baseline == plans.SEED_BASELINE}
    assert seeds == {"seed", "seed-2017"}
    assert {plan.baseline for name, plan in plans.PROFILES.items() if name not in seeds} == {plans.BASELINE}
    assert (plans.BASELINE, plans.SEED_BASELINE) == ("fasthttp", "fasthttp-goroutine")


def test_two_cores_are_two_cpus_of_one_worker() -> None:
    plan = plans.PROFILES["two-cores"]
    assert (plan.server_cpus, plan.workers, plan.groups) == (2, (1,), ())
    named = {adapter.name for adapter in metadata.select(metadata.discover(ROOT), plan.only)}
    assert {"granian", "granian-wsgi", "robyn", "emmett55", "pyvoy", "waitress", plan.baseline} <= named


def test_the_profile_of_loops_has_every_loop_and_adapters_that_take_them() -> None:
    plan = plans.PROFILES["loops"]
    assert {name.removeprefix(variants.LOOP) for name in plan.variants} == set(variants.loops())
    for name in ("loops", "interpreters"):
        plan = plans.check(plans.asked(name, {"variants": ()}))
        assert plan == plans.PROFILES[name]
        found = metadata.select(metadata.discover(ROOT), plan.only)
        assert all(adapter.loop for adapter in found if adapter.name != plan.baseline)
    assert plans.asked("loops", {"variants": ("A=1",)}).variants == ("A=1",)


class TestCells:
    def test_header_fields_are_a_dimension(self) -> None:
        plan = builders.plan(depths=(1,), headers=(Headers.BARE, Headers.BROWSER))
        cells = plans.cells(plan, [builders.environment()])
        assert [cell.headers for cell in cells] == [Headers.BARE, Headers.BROWSER]
        assert [cell.id for cell in cells] == ["aiohttp-py3.13.0-d1-c50-w1", "aiohttp-py3.13.0-d1-c50-w1-browser"]

    def test_every_combination_is_one(self) -> None:
        plan = builders.plan(depths=(1, 5), connections=(50, 100), workers=(1, 2))
        ready = [builders.environment(), builders.environment(python="3.12.1")]
        cells = plans.cells(plan, ready)
        assert len(cells) == len(set(cells)) == 2 * 2 * 2 * 2
        assert {(cell.depth, cell.connections, cell.workers, cell.python) for cell in cells} == {
            (depth, connections, workers, python)
            for depth in (1, 5)
            for connections in (50, 100)
            for workers in (1, 2)
            for python in ("3.13.0", "3.12.1")
        }

    def test_nothing_ready_is_no_cell(self) -> None:
        assert plans.cells(builders.plan(), []) == ()


class TestText:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("90", 90), ("90s", 90), (" 6m ", 360), ("1.5m", 90), ("1h", 3600), ("0", 0), ("10 s", 10)],
    )
    def test_durations(self, text: str, seconds: float) -> None:
        assert values.seconds(text) == seconds

    @pytest.mark.parametrize("text", ["", "soon", "-1s", "1d", "1 h 5 m", "1e3", "inf", "nan", "1.s", "٣x"])
    def test_what_is_no_duration(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no duration: give it as 90s, 6m or 1h"):
            values.seconds(text)

    @pytest.mark.parametrize(("text", "share"), [("3%", 0.03), ("2.5 %", 0.025), ("0.03", 0.03), ("1", 1.0)])
    def test_shares(self, text: str, share: float) -> None:
        assert values.share(text) == pytest.approx(share)

    @pytest.mark.parametrize("text", ["", "few", "%", "3%%", "a%", "3 percent"])
    def test_what_is_no_share(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no share: give it as 3% or 0\.03"):
            values.share(text)

    @given(st.lists(st.integers(-5, 10**6), min_size=1))
    def test_numbers_come_ascending_and_each_once(self, numbers: list[int]) -> None:
        assert values.whole_numbers(",".join(map(str, numbers))) == tuple(sorted(set(numbers)))

    @pytest.mark.parametrize("text", ["", "1,", "a", "1;5", "1.5", "1,,2", "0x10"])
    def test_what_are_no_numbers(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no list of whole numbers: give it as 1,5,16"):
            values.whole_numbers(text)

    def test_groups_come_each_once(self) -> None:
        assert values.groups("2017, core,core") == (Group.SEED_2017, Group.CORE)

    @pytest.mark.parametrize("text", ["", "core,", "Core", "core field", "2018"])
    def test_what_are_no_groups(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no list of groups: give some of core,field,2017"):
            values.groups(text)


class TestLoads:
    @pytest.mark.parametrize(
        ("text", "shares"),
        [
            ("closed", ()),
            ("75%", (0.75,)),
            ("closed,90%,50 %", (0.5, 0.9)),
            ("0.5,50%", (0.5,)),
            ("closed,closed,99.5%", (0.995,)),
        ],
    )
    def test_shares_come_ascending_and_each_once(self, text: str, shares: tuple[float, ...]) -> None:
        assert values.loads(text) == pytest.approx(shares)

    @pytest.mark.parametrize("text", ["", "open", "75%,", "75%;90%", "-5%", "closed 50%", "many"])
    def test_what_are_no_loads(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"is no list of loads: give it as closed,50%,75%,90%"):
            values.loads(text)

    def test_rates_are_whole_requests_a_second(self) -> None:
        assert values.rates("5000,1000,1000") == (1000.0, 5000.0)
        with pytest.raises(ValueError, match="is no list of whole numbers"):
            values.rates("1000/s")

    @pytest.mark.parametrize(
        ("changes", "option", "says"),
        [
            ({"shares": (0.0,)}, "--load", "a load of 0%"),
            ({"shares": (0.5, 1.0)}, "--load", "a load of 100%"),
            ({"rates": (0.0,)}, "--rate", "rate is 0"),
            ({"rates": (10_000_001.0,)}, "--rate", "rate is 1e+07"),
            ({"burst": 0}, "--burst", "burst is 0"),
            ({"burst": 6, "depths": (5, 16)}, "--burst", "burst is 6, and a connection holds 5"),
            ({"limits": (Limit(99.99999999, 1),)}, "--limit", "p99.99999999"),
            ({"limits": (Limit(99, 1_000_000),), "duration_s": 1}, "--duration", "p99=1000ms"),
            ({"tail_precision": 0.0}, "--tail-precision", "between 0 and 100 %"),
            ({"tail_precision": 1.5}, "--tail-precision", "between 0 and 100 %"),
            (
                {"witness": True, "generator": Generator.VOLLEY, "witness_by": Generator.VOLLEY},
                "--witness-by",
                "volley",
            ),
            ({"witness": True, "generator": Generator.WRK, "witness_by": Generator.WRK}, "--witness-by", "itself"),
        ],
    )
    def test_what_cannot_be_paced_is_refused(self, changes: dict[str, object], option: str, says: str) -> None:
        with pytest.raises(PlanError) as refused:
            plans.check(builders.plan(**changes))
        assert option in str(refused.value)
        assert says in str(refused.value)
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("changes", [{"shares": (0.75,)}, {"rates": (100.0,)}, {"generator": Generator.VOLLEY}])
    def test_servers_that_wait_are_loaded_by_wrk_and_closed(self, changes: dict[str, Any]) -> None:
        with pytest.raises(PlanError, match="leave out --load, --rate, --generator"):
            plans.check(replace(plans.PROFILES["upstream-ab"], **changes))

    def test_the_witness_is_another_than_the_generator_unless_one_is_named(self) -> None:
        for generator, witness in ((Generator.WRK, Generator.VOLLEY), (Generator.VOLLEY, Generator.WRK)):
            assert plans.asked("default", {"generator": generator}).witness_by is witness
        named = plans.asked("default", {"generator": Generator.WRK, "witness_by": Generator.H2LOAD})
        assert named.witness_by is Generator.H2LOAD

    def test_the_published_commands_are_wrks_and_closed(self) -> None:
        for name, plan in plans.PROFILES.items():
            published = name.startswith(("seed", "upstream"))
            assert (plan.generator is Generator.WRK) is published, name
            assert not (published and plan.shares)
        assert plans.PROFILES["default"].shares == (0.75,)
        assert plans.PROFILES["full"].shares == (0.25, 0.5, 0.75, 0.9, 0.95)

    def test_each_closed_cell_is_followed_by_its_paced_ones(self) -> None:
        plan = builders.plan(depths=(1, 16), shares=(0.5, 0.9), rates=(1000.0,), burst=1)
        cells = plans.cells(plan, [builders.environment()])
        assert [(one.depth, one.share, one.rate, one.burst) for one in cells] == [
            (1, None, None, None),
            (1, 0.5, None, None),  # a burst of one is all that a connection of depth 1 holds
            (1, 0.9, None, None),
            (1, None, 1000.0, None),
            (16, None, None, None),
            (16, 0.5, None, 1),
            (16, 0.9, None, 1),
            (16, None, 1000.0, 1),
        ]
        assert len({one.id for one in cells}) == 8
        assert {one.closed for one in cells} == {cells[0], cells[4]}
