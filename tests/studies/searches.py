"""Searches for the capacity under a limit on a real server whose answer is known, by the suite's own trials.

Run as ``python -m tests.studies.searches [--searches 40] [--first 1] [--limit-ms 10]``. The server takes one
millisecond for each request, one after the other (``tests/selftest/serial.py``): its true crossing is that of a queue
with a constant service time, by Lindley's recursion. Each search starts from a closed load of its own; each trial is
the suite's: a fresh server, volley, the verdict, and what the search makes of it.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from runner.adapters import environments, metadata
from runner.hosts.loading import Settings
from runner.judging.capacity import Answer, Observation, Outcome, Search
from runner.record.adapter import Environment
from runner.record.plan import Cell, Limit
from runner.rows import searching
from runner.serving import process
from runner.suite import trial
from tests.judging.queues import Queue, crossing
from tests.studies.capacity import holds
from tests.studies.instruments import by_volley
from tests.suite.test_runs_live import METADATA

SERIAL = Path(__file__).parents[1] / "selftest" / "serial.py"
SERVICE_US = 1000
CONNECTIONS = 50
UNANSWERED = 5
"""Trials in a row that show nothing, after which a search ends."""


def main() -> None:
    """Print one line a search, and how many intervals held the true answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=40)
    parser.add_argument("--first", type=int, default=1, help="the number of the first, which seeds its arrivals")
    parser.add_argument("--limit-ms", type=float, default=10.0)
    given = parser.parse_args()
    limit = Limit(99, round(given.limit_ms * 1000))
    truth = crossing(Queue(1e6 / SERVICE_US, 1, 0.0), limit.us, np.random.default_rng(15), 2600)
    print(f"{limit}: a queue of one request in {SERVICE_US} µs holds {truth:.0f}/s as often as not")
    found: list[Answer] = []
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="searches-") as folder:
        made = _server(Path(folder))
        settings = by_volley(Path(folder))
        for number in range(given.first, given.first + given.searches):
            answer = search(made, limit, settings, number)
            found.append(answer)
            word = "holds it" if holds(answer, truth) else "MISSES IT"
            ends = f"{answer.low or 0:.0f} to {answer.high or math.inf:.0f}"
            print(f"{number}: {ends}, {answer.trials} trials, {answer.outcome}: {word}", flush=True)
    held = sum(holds(answer, truth) for answer in found)
    trials = sorted(answer.trials for answer in found)
    errors = [answer.mean / truth - 1 for answer in found if answer.mean is not None]
    print(
        f"{held} of {len(found)} intervals hold it; trials: median {statistics.median(trials):g}, most {trials[-1]}; "
        f"{sum(answer.outcome is Outcome.FOUND for answer in found)} as precise as asked; "
        f"error of the mean {statistics.fmean(errors):+.1%} ± {statistics.pstdev(errors):.1%}"
    )


def search(made: Environment, limit: Limit, settings: Settings, number: int) -> Answer:
    """One search: a closed load for the capacity, then trials at rates that the search suggests."""
    cell = Cell("serial", None, 1, CONNECTIONS, 1)
    closed = trial.measure(made, cell, settings, number=number, round_=1)
    if closed.load is None:
        raise SystemExit(f"the closed load failed: {closed.failure}")
    rule = Search(limit_us=limit.us, closed_loop=closed.load.requests_per_second)
    seen: list[Observation] = []
    lost = 0
    while (rate := rule.next_rate(seen)) is not None and lost < UNANSWERED:
        its = replace(settings, seed=1000 * number + len(seen) + lost)
        one = trial.measure(made, replace(cell, limit=limit), its, number=number, round_=len(seen) + 2, rate=rate)
        observed = searching.observed(one)
        if observed is None:
            lost += 1
        else:
            seen.append(observed)
    answer = rule.estimate(seen)
    if answer is None:
        raise SystemExit(f"only {len(seen)} trials showed anything")
    return answer


def _server(folder: Path) -> Environment:
    file = folder / "serial" / "app.py"
    file.parent.mkdir()
    known = (
        f'import os\nos.environ.update(SERVICE_US="{SERVICE_US}", LANES="one")\n'  # servers inherit only what is theirs
    )
    file.write_text(METADATA.format(name="serial", requires=">=3.11") + known + SERIAL.read_text(encoding="utf-8"))
    (made,) = environments.prepare([metadata.by_path(str(file))])
    if not isinstance(made, Environment):
        raise SystemExit(str(made))
    return made


if __name__ == "__main__":
    main()
