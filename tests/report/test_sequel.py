"""After a run: what is missing and what would bring it, the page, and what to compare."""

from __future__ import annotations

from dataclasses import replace

from runner.judging.stats import RankRange
from runner.report import sequel
from runner.rows.rows import rows
from tests import builders


def said(adapters: int, trials: int, earlier: str | None = None) -> list[str]:
    run, made = builders.matrix(adapters=adapters, depths=(5,), trials=trials)
    return list(sequel.lines(run, rows(run, made), earlier=earlier, folder="results"))


def test_one_trial_leaves_no_interval_and_it_says_what_would() -> None:
    missing, page, _ = said(3, 1)
    assert missing.startswith("no ± and no rank: an interval takes 3 trials of a cell")
    assert "--trials 8" in missing
    assert page.startswith("the page: ")


def test_two_servers_that_can_be_told_apart_are_to_be_compared() -> None:
    page, compare = said(3, 3)
    run = builders.matrix(adapters=3)[0].id
    assert page == f"the page:     uv run pipebench report {run} --format html --output results/{run}.html"
    assert compare == f"two of them:  uv run pipebench compare {run} --a adapter-1 --b adapter-2"


def test_one_server_beside_the_baseline_is_compared_with_the_run_before() -> None:
    run = builders.matrix(adapters=2)[0].id
    assert (
        said(2, 3, "20261120T000000-default")[-1]
        == f"what changed: uv run pipebench compare 20261120T000000-default {run}"
    )
    assert said(2, 3)[-1] == f"after a change, measure again, then: uv run pipebench compare {run} latest"


def test_ranks_that_tell_nothing_apart_say_so() -> None:
    run, made = builders.matrix(adapters=3, depths=(5,))
    tied = [replace(row, rank=RankRange(1, 3)) for row in rows(run, made)]
    first = sequel.lines(run, tied, earlier=None, folder="results")[0]
    assert first.startswith("where all ranks are the same range, no two servers are told apart: more trials narrow it")


def test_a_disturbed_run_is_not_to_be_quoted() -> None:
    run, made = builders.matrix(adapters=2, depths=(5,))
    around = [replace(t.surroundings, other_cpu_ns=500_000_000) if t.surroundings else None for t in made]
    disturbed = [replace(t, surroundings=a) for t, a in zip(made, around, strict=True)]
    first = sequel.lines(run, rows(run, disturbed), earlier=None, folder="results")[0]
    assert first.startswith("other work took CPU time during 6 of 6 trials: these rates, ± and ranks are not to be")
