"""The suite measured by itself: does it find differences that are there, and none that are not?

One server of known cost (``tests/selftest/app.py``) under several names. Many small runs, *sessions*, through the same
code as any run. In each, one pair is the same server twice (*A/A*): a difference between them is a false one. The
other servers burn a known extra CPU time on each request (*planted*): each should be found, and its estimated size
should agree with what was planted.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from runner import project
from runner.errors import RecordError
from runner.judging import verdict
from runner.record import store
from runner.record.trial import Trial
from runner.rows import cells
from runner.rows.planted import AGAIN, BASE, PLANTED, Outcome, Session, level
from runner.suite import plans, runs
from runner.suite.progress import Quiet, Reporter, minutes

TEMPLATE = project.ROOT / "tests" / "selftest" / "app.py"
BURN_LINE = "BURN_NS = 50_000"
BURN_NS = 50_000
OFTEN = "planted-5"
"""The level that the suite promises to find; the others take turns, in every fourth session each."""


def levels_of(session: int) -> tuple[str, ...]:
    """The servers of a session beside the A/A pair."""
    others = {0: ("planted-2",), 2: ("planted-10",)}
    return (OFTEN, *others.get(session % 4, ()))


def measure(sessions: int, trials: int, folder: Path, reporter: Reporter) -> None:
    """Measure sessions 1 to ``sessions``, each a run in ``folder``; those that are complete are not repeated."""
    complete = {store.read_head(path).plan.profile for path in _sessions(folder)}
    missing = [number for number in range(1, sessions + 1) if _name(number) not in complete]
    began = time.monotonic()
    for done, session in enumerate(missing):
        left = (time.monotonic() - began) / done * (len(missing) - done) if done else None
        reporter.say(f"session {session} of {sessions}" + (f", about {minutes(left)} left" if left else ""))
        with tempfile.TemporaryDirectory(prefix="pipebench-selftest-") as scratch:
            root = Path(scratch)
            _plant(root, session)
            plan = replace(
                plans.PROFILES["quick"],
                profile=_name(session),
                groups=(),
                depths=(5,),
                trials=trials,
                seed=session,
                check=False,
                baseline=BASE,
            )
            runs.run(plan, runs.Places(root=root, results=folder), Quiet())


def evaluate(folder: Path) -> Outcome:
    """What the complete sessions in ``folder`` show. Raises :class:`RecordError` where there is none."""
    found = [_samples(path) for path in _sessions(folder)]
    if not found:
        raise RecordError(f"there is no complete session in {folder}: run `pipebench selftest`")
    base_cost = statistics.fmean(cost for session in found for cost in session.costs[BASE])
    spreads = [statistics.stdev(map(math.log, rates)) for session in found for rates in session.rates.values()]
    return Outcome(
        sessions=len(found),
        trials_per_cell=len(found[0].rates[BASE]),
        trials=sum(session.trials for session in found),
        disturbed=sum(session.disturbed for session in found),
        base_cost_us=base_cost,
        rate_spread=statistics.median(spreads),
        levels=tuple(
            level(name, extra_ns / 1000, base_cost, [session for session in found if name in session.rates])
            for name, extra_ns in {AGAIN: 0, **PLANTED}.items()
            if any(name in session.rates for session in found)
        ),
    )


def _plant(root: Path, session: int) -> None:
    """Write the session's servers as adapters below ``root``."""
    template = TEMPLATE.read_text(encoding="utf-8")
    if BURN_LINE not in template:
        raise RecordError(f"{TEMPLATE} has no line {BURN_LINE!r}: it is what selftest writes its figures into")
    for name in (BASE, AGAIN, *levels_of(session)):
        path = root / "frameworks" / name / "app.py"
        path.parent.mkdir(parents=True)
        line = f"BURN_NS = {BURN_NS + PLANTED.get(name, 0)}"
        path.write_text(template.replace(BURN_LINE, line), encoding="utf-8")


def _sessions(folder: Path) -> list[Path]:
    paths = sorted(path.parent for path in folder.glob(f"*session-*/{store.RUN_FILE}"))
    return [path for path in paths if store.read_head(path).finished_at is not None]


def _name(session: int) -> str:
    return f"session-{session:03}"


def _samples(path: Path) -> Session:
    head, trials = store.read(path)
    by_name: dict[str, list[Trial]] = {record.name: [] for record in head.adapters}
    for trial in trials:
        by_name[trial.cell.adapter].append(trial)
    used = {name: cells.usable(found) for name, found in by_name.items()}
    return Session(
        rates={name: cells.rates(found) for name, found in used.items()},
        costs={name: cells.cpu_costs_us(found) for name, found in used.items()},
        trials=len(trials),
        disturbed=sum(verdict.disturbance(trial) is not None for trial in trials),
    )
