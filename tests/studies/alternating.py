"""What a run whose trials alternate finds in the time that a duel takes: a duel is worth having where it finds more.

``python -m tests.studies.alternating FOLDER BASE NEW… [--seconds 60] [--drawn 200]`` takes a run in which ``BASE`` and
each ``NEW`` (named as for ``compare``) had many trials of one cell, such as ``run --only starlette --with ../x@main
--with ../x@slower --depth 1 --load closed --trials 70``. As many rounds as two servers would have had in that time are
drawn of it, and compared as ``compare RUN --a BASE --b NEW`` does: in a row, each once, and at random. It prints how
often they differ, by rate and by CPU time. Beside it goes ``tests.studies.bouts``, the same of duels.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from runner.judging.stats import Interval
from runner.record import store
from runner.record.run import Run
from runner.record.trial import Trial
from runner.rows.comparing import within


def main() -> None:
    """Draw, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("base")
    parser.add_argument("new", nargs="+")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--drawn", type=int, default=200)
    given = parser.parse_args()
    run, trials = store.read(given.folder)
    each = seconds_a_trial(run, trials)
    size = int(given.seconds / (2 * each))
    print(
        f"{len(trials)} trials of {each:.2f} s with start and stop: two servers have {size} each in {given.seconds:g} s"
    )
    for new in given.new:
        rounds = rounds_of(run, trials, given.base, new)
        whole = differing(run, rounds, given.base, new)
        print(f"\n{new} over {given.base}, all {len(rounds)} trials of each: {told(whole)}")
        if len(rounds) < size:
            print("  too few trials to draw from")
            continue
        rng = random.Random(20)
        rows = [rounds[at : at + size] for at in range(0, len(rounds) - size + 1, size)]
        draws = [rng.sample(rounds, size) for _ in range(given.drawn)]
        for how, made in (("in a row", rows), ("drawn", draws)):
            print(f"  {how}: {counted([differing(run, one, given.base, new) for one in made])}")


def seconds_a_trial(run: Run, trials: Collection[Trial]) -> float:
    """The time of the whole run over its trials, so that starts and stops are in it."""
    assert run.finished_at is not None
    began, ended = (datetime.fromisoformat(at) for at in (run.created_at, run.finished_at))
    return (ended - began).total_seconds() / len(trials)


def rounds_of(run: Run, trials: Sequence[Trial], base: str, new: str) -> list[tuple[Trial, Trial]]:
    """The measured trials of the two, the first with the first and so on."""
    first, second = (
        [one for one in trials if one.cell.server == within.record(run, name).server] for name in (base, new)
    )
    return list(zip(first, second, strict=False))


def differing(run: Run, rounds: Sequence[tuple[Trial, Trial]], base: str, new: str) -> dict[str, Interval]:
    """The ratios that these trials give."""
    (cell,) = within.compare((run, [one for pair in rounds for one in pair]), base, new).cells
    return {
        name: ratio for name, ratio in (("rate", cell.rate_ratio), ("CPU time", cell.cpu_ratio)) if ratio is not None
    }


def told(ratios: dict[str, Interval]) -> str:
    """Each with its interval."""
    return ", ".join(f"{name} {one.mean:.4f} ({one.low:.4f} to {one.high:.4f})" for name, one in ratios.items())


def counted(made: Sequence[dict[str, Interval]]) -> str:
    """How many of them leave out 1, and how wide their intervals are in the median."""
    text = []
    for name in ("rate", "CPU time"):
        found = [one[name] for one in made if name in one]
        widths = sorted(one.relative_half_width for one in found)
        width = f", ±{widths[len(widths) // 2]:.2%} in the median" if widths else ""
        text.append(f"{sum(not one.holds(1.0) for one in found)} of {len(made)} differ by {name}{width}")
    return "; ".join(text)


if __name__ == "__main__":
    main()
