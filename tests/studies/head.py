"""At how many nodes the head becomes the limit: a whole run's bookkeeping with trials that take no time.

Run as ``python -m tests.studies.head [--nodes 2 20 200 1000] [--trials 4000]``. The course, the crew, its threads and
the record are the real ones, on the disk; a trial is a made-up one of usual size that comes back at once. Told for each
number of nodes (two make a pair): trials a second, which is the most that this head can deal, take and write; CPU time
of a trial; memory of the process; and how long a trial must be for the head to keep up with all of the pairs.
Without Ray: what its own head takes for so many nodes comes on top.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from runner.hosts.loading import Settings
from runner.judging.course import Course
from runner.judging.schedule import Schedule
from runner.record import store
from runner.record.histogram import Histogram
from runner.record.plan import Cell
from runner.record.trial import Placement, Trial
from runner.suite.crews.crew import Job, OnPairs
from runner.suite.crews.measuring import Measuring
from runner.suite.progress import Quiet
from tests import builders

BUCKETS = 400
"""Buckets of a trial's histogram: what a load of a second by volley has."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A pair whose trials take no time."""

    name: str
    speed: float

    def measure(self, job: Job) -> Trial:
        """A trial of usual size."""
        rng = random.Random(f"{self.name}{job.cell.id}{job.number}")
        requests = round(50_000 * self.speed * rng.lognormvariate(0, 0.02))
        batches = requests // job.cell.depth
        histogram = Histogram.of((100 + us, max(1, batches // BUCKETS)) for us in range(BUCKETS))
        load = builders.load(requests=requests, histogram=histogram)
        return builders.trial(cell=job.cell, number=job.number, round=job.round, load=load, pair=self.name)


class Nobody:
    """No other pairs."""

    def joining(self) -> None:
        """None."""

    def lost(self, member: object, job: Job | None, reason: str) -> None:
        """None is."""


class Limited(Measuring):
    """A run that ends after so many trials, whatever it still wants."""

    most = 0

    def deal(self, block: str | None) -> Job | None:
        """As a run deals."""
        return super().deal(block) if len(self.measured) < self.most else None


def main() -> None:
    """Print a line for each number of nodes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[2, 20, 200, 1000])
    parser.add_argument("--trials", type=int, default=4000)
    given = parser.parse_args()
    print("| nodes | trials/s | CPU ms a trial | MB | shortest trial that it keeps up with |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for nodes in given.nodes:
        per_second, cpu_ms, megabytes = measured(nodes // 2, given.trials)
        shortest_s = nodes / 2 / per_second
        print(
            f"| {nodes} | {per_second:.0f} | {cpu_ms:.2f} | {megabytes:.0f} | {1000 * shortest_s:.0f} ms |", flush=True
        )


def measured(pairs: int, trials: int) -> tuple[float, float, float]:
    """Trials a second, CPU milliseconds of one, and the largest memory of this process so far, in MB."""
    cells = tuple(Cell(f"server-{i}", "3.13.0", depth, 50, 1) for i in range(57) for depth in (1, 4, 16, 64))
    members = [Instant(f"10.0.{n // 250}.{n % 250}", 0.8 + 0.4 * n / pairs) for n in range(pairs)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        settings = Settings(Placement((0,), (1,), shared=False), 1, 1, 0, path)
        blocks = tuple(one.name for one in members)
        course = Course(Schedule(cells, seed=1, precision=1e-6, budget_s=1e9), blocks=blocks)
        dealer = Limited(course, settings, store.RunFolder(path), Quiet(), [], time.monotonic())
        Limited.most = trials
        began, cpu = time.monotonic(), time.process_time()
        OnPairs(members, Nobody()).work(dealer)  # type: ignore[arg-type]
        took, used = time.monotonic() - began, time.process_time() - cpu
        number = len(course.history)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return number / took, 1000 * used / number, megabytes


if __name__ == "__main__":
    main()
