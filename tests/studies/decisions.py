"""What the schedule costs: the CPU time of a decision after 100, 1000 and 10 000 trials of 1000 cells.

Run as ``python -m tests.studies.decisions [--cells 1000] [--servers 50] [--trials 100 1000 10000] [--old]``. A decision
is all that a run asks between two trials: the trial before is added, the next one chosen, and progress told. The trials
are made up: rates with a spread of 2 %, one in twenty disturbed, every fiftieth server broken. ``--old`` times the
rule that reads all trials for each decision (``tests/judging/slow_schedule.py``) on the same histories.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields
from statistics import median

from runner.judging.course import Course
from runner.judging.schedule import Schedule, Step, TrialSummary
from runner.record.plan import Cell
from tests.judging.slow_schedule import SlowSchedule

BESIDE = 200
"""How many decisions are timed around each number of trials."""


def main() -> None:
    """Print one line for each number of trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--servers", type=int, default=50, help="so many cells may be compared with each other")
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--old", action="store_true")
    given = parser.parse_args()
    cells = tuple(
        Cell(f"server-{i % given.servers}", "3.13.0", 1 + i // given.servers, 50, 1) for i in range(given.cells)
    )
    schedule = Schedule(cells, seed=1, precision=0.01, budget_s=1e9)
    print(f"{len(cells)} cells in groups of {given.servers}; CPU milliseconds of {BESIDE} decisions around each number")
    print("| trials | decision, median | longest | progress, median | longest |" + (" old rule |" if given.old else ""))
    print("| ---: | ---: | ---: | ---: | ---: |" + (" ---: |" if given.old else ""))
    for number, history, decided, told in timed(schedule, given.trials):
        columns = [median(decided), max(decided), median(told), max(told)]
        columns += [old(schedule, history)] if given.old else []
        print(f"| {number} | " + " | ".join(f"{1000 * seconds:.3f}" for seconds in columns) + " |", flush=True)


def timed(
    schedule: Schedule, numbers: Sequence[int]
) -> Iterator[tuple[int, Sequence[TrialSummary], list[float], list[float]]]:
    """Carry a run on; yield at each number of trials the seconds of the decisions before it and of telling progress."""
    course, rng = Course(schedule), random.Random(5)
    decided: list[float] = []
    told: list[float] = []
    step = course.next(0.0)
    while step is not None and len(course.history) < max(numbers):
        done = trial(step, rng)
        began = time.process_time()
        course.add(done)
        step = course.next(float(len(course.history)))
        chosen = time.process_time()
        course.progress(float(len(course.history)))
        decided.append(chosen - began)
        told.append(time.process_time() - chosen)
        if len(course.history) in numbers:
            yield len(course.history), course.history, decided[-BESIDE:], told[-BESIDE:]


def trial(step: Step, rng: random.Random) -> TrialSummary:
    """A made-up trial of a step's cell."""
    server = int(step.cell.adapter.removeprefix("server-"))
    failed = server % 50 == 49
    rate = None if failed else 10_000 * 1.002**server * rng.lognormvariate(0, 0.02)
    return TrialSummary(step.cell, step.round, rate, failed, disturbed=rng.random() < 0.05, wall_s=1.5)


def old(schedule: Schedule, history: Sequence[TrialSummary]) -> float:
    """Seconds of one decision, progress included, by the old rule."""
    slow = SlowSchedule(**{field.name: getattr(schedule, field.name) for field in fields(schedule)})
    began = time.process_time()
    slow.next(history, float(len(history)))
    slow.progress(history, float(len(history)))
    return time.process_time() - began


if __name__ == "__main__":
    main()
