"""What to do with a run that was just measured: where figures are missing, why; its page; what to hold it against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner import project
from runner.judging.levels import MIN_VALUES
from runner.record.plaintext import counted
from runner.record.run import Run
from runner.rows.row import Row

TRIALS_FOR_A_RANK = 8
"""What is proposed where too few trials leave no interval, or an interval that tells no two servers apart."""


def lines(run: Run, rows: Sequence[Row], *, earlier: str | None, folder: str) -> tuple[str, ...]:
    """Two lines on what is next, after those on what is missing. ``earlier``: the id of the run before it, if any.

    ``folder``: where runs are, which is where the page goes, for nothing there is committed.
    """
    return (*_missing(rows), *_next(run, rows, earlier, folder))


def _missing(rows: Sequence[Row]) -> Iterator[str]:
    trials, disturbed = sum(row.trials for row in rows), sum(row.disturbed_trials for row in rows)
    if disturbed > trials / 2:
        yield (
            f"other work took CPU time during {disturbed} of {counted(trials, 'trial')}: these rates, ± and ranks are "
            "not to be quoted; stop it (pipebench doctor) and measure again"
        )
        return
    with_rate = [row for row in rows if row.requests_per_second is not None]
    without = [row for row in with_rate if row.requests_per_second and row.requests_per_second.high is None]
    if without:
        what = "no ± and no rank" if len(without) == len(with_rate) else f"no ± for {counted(len(without), 'row')}"
        yield (
            f"{what}: an interval takes {MIN_VALUES} trials of a cell that other work did not disturb: "
            f"--trials {TRIALS_FOR_A_RANK} in place of the profile's, on a machine with nothing else to do"
        )
    ranked = [row for row in with_rate if row.rank is not None]
    groups = {row.group: [other for other in ranked if other.group == row.group] for row in ranked}
    if any(_told_nothing(members) for members in groups.values()) and not without:
        yield (
            "where all ranks are the same range, no two servers are told apart: more trials narrow it, "
            f"--trials {TRIALS_FOR_A_RANK} or more; a half-width falls as the root of their number"
        )


def _told_nothing(members: Sequence[Row]) -> bool:
    return len(members) > 1 and len({(row.rank.low, row.rank.high) for row in members if row.rank}) == 1


def _next(run: Run, rows: Sequence[Row], earlier: str | None, folder: str) -> Iterator[str]:
    pipebench = "uv run pipebench" if project.IS_CHECKOUT else "pipebench"
    yield f"the page:     {pipebench} report {run.id} --format html --output {folder}/{run.id}.html"
    ranked = {row.adapter for row in rows if row.requests_per_second and row.rank}
    others = [name for name in dict.fromkeys(one.name for one in run.adapters) if name in ranked - {run.plan.baseline}]
    if len(others) > 1:
        yield f"two of them:  {pipebench} compare {run.id} --a {others[0]} --b {others[1]}"
    elif earlier is not None:
        yield f"what changed: {pipebench} compare {earlier} {run.id}"
    else:
        yield f"after a change, measure again, then: {pipebench} compare {run.id} latest"
