"""Whether our adapters cost their frameworks anything: each beside a minimal app by the framework's documentation.

Run as ``python -m tests.studies.minimal [--trials 8] [ADAPTER…]`` on a quiet machine. A minimal app has one route,
whose handler awaits nothing, and the settings of a suite that compares frameworks; both run in one plan, their trials
alternating. The outcome is in docs/adapters.md.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean

from runner import project
from runner.judging import stats
from runner.judging.levels import Stopping
from runner.judging.stats import Difference
from runner.record import store
from runner.record.plan import Cell
from runner.rows import cells, figures
from runner.suite import plans, progress, runs

MINIMAL = Path(__file__).with_suffix("")


def main() -> None:
    """Measure, and print one line for each adapter and depth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("adapters", nargs="*")
    given = parser.parse_args()
    names = given.adapters or sorted(path.name for path in MINIMAL.iterdir())
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name in names:
            shutil.copytree(project.ROOT / "frameworks" / name, root / "frameworks" / name)
            shutil.copy(MINIMAL / name / "app_minimal.py", root / "frameworks" / name)
        plan = replace(plans.PROFILES["default"], depths=(1, 16), trials=given.trials, check=False, groups=())
        only = tuple(name for both in names for name in (both, f"{both}-minimal"))
        with progress.reporter(quiet=False) as reporter:
            places = runs.Places(root=root, results=root / "results")
            folder = runs.run(replace(plan, only=only), places, reporter)
        measured = cells.by_cell(*store.read(folder))
    print("| server | depth | minimal | ours | ours / minimal | 95 % interval |  |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    for cell in sorted(measured):
        beside = replace(cell, adapter=f"{cell.adapter}-minimal")
        if beside in measured:
            print(_line(cell, measured[beside], measured[cell], len(measured) // 2))


def _line(cell: Cell, minimal: cells.CellTrials, ours: cells.CellTrials, comparisons: int) -> str:
    verdicts = minimal.found.verdict, ours.found.verdict
    if not all(verdict.has_rate for verdict in verdicts):
        return f"| {cell.adapter} | {cell.depth} | {verdicts[0]} | {verdicts[1]} | | | not compared |"
    ratio = stats.ratio_interval(minimal.rates, ours.rates, stopping=Stopping.FIXED, comparisons=comparisons)
    found = Difference.NONE_FOUND if ratio is None else stats.difference(ratio)
    means = [figures.grouped_digits(geometric_mean(one.rates)) for one in (minimal, ours)]
    shown = " | " if ratio is None else f"{ratio.mean:.3f} | {ratio.low:.3f} to {ratio.high:.3f}"
    return f"| {cell.adapter} | {cell.depth} | {means[0]} | {means[1]} | {shown} | {found} |"


if __name__ == "__main__":
    main()
