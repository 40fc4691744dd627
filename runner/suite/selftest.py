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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runner import project
from runner.errors import RecordError
from runner.judging import rows, stats, verdict
from runner.judging.stats import Difference, Stopping
from runner.record import store
from runner.record.trial import Trial
from runner.suite import plans, runs
from runner.suite.progress import Quiet, Reporter, minutes

TEMPLATE = project.ROOT / "tests" / "selftest" / "app.py"
BURN_LINE = "BURN_NS = 50_000"
BURN_NS = 50_000
BASE, AGAIN = "base", "again"
PLANTED: Mapping[str, int] = {"planted-2": 1_050, "planted-5": 2_650, "planted-10": 5_300}
"""Extra CPU time of a request in nanoseconds: about 2, 5 and 10 % of what one costs in all."""
OFTEN = "planted-5"
"""The level that the suite promises to find; the others take turns, in every fourth session each."""


@dataclass(frozen=True, slots=True)
class Share:
    """``found`` of ``of`` comparisons, and the 95 % interval of the share (Wilson 1927)."""

    found: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Level:
    """What was found of one planted level, or of the A/A pairs.

    ``planted_us`` is the extra CPU time of a request and ``planted_share`` its share of the base's. ``different``: how
    many comparisons of rates found a difference; ``wrong_way``: of these, those that took the slower for the faster.
    ``held``: how many intervals of the ratio of CPU costs hold the planted ratio; ``estimate`` is the mean of that
    ratio over sessions, less 1.
    """

    name: str
    planted_us: float
    planted_share: float
    different: Share
    wrong_way: int
    held: Share
    estimate: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """All levels, and how much was measured for it."""

    sessions: int
    trials_per_cell: int
    trials: int
    disturbed: int
    base_cost_us: float
    rate_spread: float
    levels: tuple[Level, ...]


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
            _level(name, extra_ns / 1000, base_cost, [session for session in found if name in session.rates])
            for name, extra_ns in {AGAIN: 0, **PLANTED}.items()
            if any(name in session.rates for session in found)
        ),
    )


def share(found: int, of: int) -> Share:
    """A share with its Wilson score interval at 95 %."""
    if not of:
        return Share(0, 0, 0.0, 1.0)
    z = statistics.NormalDist().inv_cdf(0.975)
    p, n = found / of, of
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(found, of, max(0.0, middle - half), min(1.0, middle + half))


@dataclass(frozen=True, slots=True)
class _Session:
    rates: Mapping[str, Sequence[float]]
    costs: Mapping[str, Sequence[float]]
    trials: int
    disturbed: int


def _level(name: str, planted_us: float, base_cost: float, sessions: Sequence[_Session]) -> Level:
    differences, held, estimates = [], 0, []
    truth = 1 + planted_us / base_cost
    for session in sessions:
        ratio = stats.ratio_interval(session.rates[BASE], session.rates[name], stopping=Stopping.FIXED)
        differences.append(stats.difference(ratio))
        cost = stats.ratio_interval(session.costs[BASE], session.costs[name], stopping=Stopping.FIXED)
        if cost is not None:
            held += cost.holds(truth)
            estimates.append(cost.mean)
    different = sum(one is not Difference.NONE_FOUND for one in differences)
    return Level(
        name=name,
        planted_us=planted_us,
        planted_share=truth - 1,
        different=share(different, len(sessions)),
        wrong_way=sum(one is Difference.FASTER for one in differences) if planted_us else 0,
        held=share(held, len(estimates)),
        estimate=statistics.fmean(estimates) - 1,
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


def _samples(path: Path) -> _Session:
    head, trials = store.read(path)
    by_name: dict[str, list[Trial]] = {record.name: [] for record in head.adapters}
    for trial in trials:
        by_name[trial.cell.adapter].append(trial)
    used = {name: rows.usable(found) for name, found in by_name.items()}
    return _Session(
        rates={name: rows.rates(found) for name, found in used.items()},
        costs={name: rows.cpu_costs_us(found) for name, found in used.items()},
        trials=len(trials),
        disturbed=sum(verdict.disturbance(trial) is not None for trial in trials),
    )
