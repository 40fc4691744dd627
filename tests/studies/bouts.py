"""Bouts of a duel, collected in pieces, and how often duels made of them find what was planted.

``python -m tests.studies.bouts collect FILE --base starlette --new starlette@plant [--with ../starlette@plant]
[--new …] [--times 3,1,1] [--seconds 170]`` appends a line of JSON a bout, in turns: of the base against itself
(``--times``: so many) and against each ``--new``. ``python -m tests.studies.bouts judge FILE…`` says how they scatter,
what all of them find together, and, drawn again from them as duels go on and stop, how often one within a minute and
within five finds a difference, and how often one where there is none. What came of it is in docs/statistics.md.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import cycle
from pathlib import Path

from runner import project
from runner.adapters import environments
from runner.judging import stats
from runner.judging.levels import Stopping
from runner.machine import facts
from runner.record.adapter import Environment
from runner.rows.comparing import duels
from runner.rows.comparing.duels import MIN_BOUTS, Bout, Duel, Side, Slice
from runner.serving import process
from runner.suite import counts, progress
from runner.suite.changes import duelling
from runner.suite.changes.duelling import Asked, Ring

ITSELF = "itself"
DEPTH, CONNECTIONS, PRECISION = 1, 50, 0.01
DRAWN = 2000
SHIFTS = (0.02, 0.05)


def main() -> None:
    """Collect or judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["collect", "judge"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--base", default="starlette")
    parser.add_argument("--new", action="append", default=[])
    parser.add_argument("--with", dest="variants", action="append", default=[])
    parser.add_argument("--times", default="1")
    parser.add_argument("--seconds", type=float, default=170.0)
    given = parser.parse_args()
    if given.what == "judge":
        judge([json.loads(line) for file in given.files for line in file.read_text().splitlines()])
        return
    until = time.monotonic() + given.seconds
    with progress.reporter(quiet=True) as reporter, process.ending_all(), tempfile.TemporaryDirectory() as folder:
        asked = [given.base, *given.new]
        made = counts.named(asked, project.ROOT, reporter, variants=given.variants, alone=True)
        generator = environments.service(project.ROOT / "go" / "volley")
        ring = Ring(facts.place(1, 1), generator, Path(folder), Asked(DEPTH, CONNECTIONS, PRECISION, given.seconds))
        collect(given.files[0], dict(zip([ITSELF, *given.new], made, strict=True)), given.times, ring, until)


def collect(file: Path, made: dict[str, object], times: str, ring: Ring, until: float) -> None:
    """Bouts in turns while there is time for another."""
    base, longest = made[ITSELF], 0.0
    turns = [name for name, number in zip(made, map(int, times.split(",")), strict=False) for _ in range(number)]
    # Further pieces go on where the last one stopped: who is started first alternates within each pairing.
    seen = [json.loads(line)["new"] for line in file.read_text().splitlines()] if file.exists() else []
    for name in islice_from(turns, len(seen)):
        began = time.monotonic()
        if began + longest > until:
            return
        new = made[name]
        if not isinstance(base, Environment) or not isinstance(new, Environment):
            raise SystemExit(f"{name} cannot be built")
        bout = duelling.bout(base, new, seen.count(name), ring)
        longest = max(longest, time.monotonic() - began)
        seen.append(name)
        with file.open("a") as opened:
            opened.write(json.dumps({"new": name, "seconds": time.monotonic() - began, **asdict(bout)}) + "\n")


def islice_from(turns: Sequence[str], start: int) -> Iterator[str]:
    """The turns again and again, from one on."""
    for number, name in enumerate(cycle(turns)):
        if number >= start % len(turns):
            yield name


def judge(lines: Sequence[dict[str, object]]) -> None:
    """Print what each pairing scatters by and finds."""
    bouts: dict[str, list[Bout]] = defaultdict(list)
    for line in lines:
        slices = line["slices"]
        assert isinstance(slices, list)
        bouts[str(line["new"])].append(Bout(tuple(Slice(**{**one, "side": Side(one["side"])}) for one in slices)))
    seconds = statistics.fmean(float(str(line["seconds"])) for line in lines)
    print(f"{len(lines)} bouts of {seconds:.1f} s")
    for name, found in bouts.items():
        idle = Duel("", "", DEPTH, CONNECTIONS, duelling.SLICE_S, PRECISION, 0, tuple(found)).idle_share
        print(f"\nagainst {name}: {len(found)} pairs of fresh starts; the idle side took {idle:.2%} of a CPU")
        values = {figure: ratios(found, read) for figure, read in FIGURES.items()}
        for figure, seen in values.items():
            made = stats.mean_interval(seen, stopping=Stopping.PRECISION)
            text = f"{made.mean:.4f} ({made.low:.4f} to {made.high:.4f})" if made else "no interval"
            print(f"  {figure}: {text}; a pair scatters by {statistics.stdev(map(math.log, seen)):.2%}")
            if name == ITSELF:  # there is no difference, so what the mean is off by is noise
                values[figure] = [one / statistics.geometric_mean(seen) for one in seen]
        told(values, seconds)
        for share in SHIFTS if name == ITSELF else ():
            print(f"  the same, as if the new one were slower by {share:.0%}:")
            told(shifted(values, share), seconds)


def told(values: Mapping[str, Sequence[float]], seconds: float) -> None:
    """How often duels made of these pairs say that there is a difference."""
    for minutes in (1, 5):
        most = max(MIN_BOUTS, int(60 * minutes / seconds))
        row, total = consecutive(values, most)
        shares, needed = drawn(values, most)
        text = ", ".join(f"{share:.1%} by {figure}" for figure, share in shares.items())
        print(f"  within {minutes} min, {most} bouts at most: of {total} duels in a row {row} differ; "
              f"of {DRAWN} drawn, {needed:.1f} bouts in the mean, {text}")  # fmt: skip


def shifted(values: Mapping[str, Sequence[float]], share: float) -> Mapping[str, Sequence[float]]:
    """The rates lower and the CPU time higher by a share."""
    factors = {"rate": 1 - share, "CPU time": 1 + share}
    return {figure: [one * factors[figure] for one in seen] for figure, seen in values.items()}


FIGURES: dict[str, Callable[[Slice], float]] = {
    "rate": lambda one: one.requests_per_second,
    "CPU time": lambda one: one.cpu_us,
}


def ratios(bouts: Sequence[Bout], read: Callable[[Slice], float]) -> list[float]:
    """Of each bout."""
    return [value for one in bouts if (value := duels.of_bout(one, read)) is not None]


def fought(values: Mapping[str, Sequence[float]], order: Iterable[int], most: int) -> tuple[set[str], int] | None:
    """What differs in a duel of bouts in this order, and how many it took; ``None`` where there are too few.

    It stops as a duel does: when both intervals are narrow enough, or it has ``most`` bouts.
    """
    chosen: list[int] = []
    for bout in order:
        chosen.append(bout)
        if len(chosen) < MIN_BOUTS:
            continue
        made = {
            figure: stats.mean_interval([seen[one] for one in chosen], stopping=Stopping.PRECISION)
            for figure, seen in values.items()
        }
        narrow = all(one is not None and one.relative_half_width <= PRECISION for one in made.values())
        if narrow or len(chosen) == most:
            return {figure for figure, one in made.items() if one is not None and not one.holds(1.0)}, len(chosen)
    return None


def consecutive(values: Mapping[str, Sequence[float]], most: int) -> tuple[str, int]:
    """Duels of the bouts in the order in which they were fought, each once: how many differ in what."""
    at, found, total = 0, dict.fromkeys(FIGURES, 0), 0
    size = len(next(iter(values.values())))
    while (done := fought(values, range(at, size), most)) is not None:
        differs, length = done
        at, total = at + length, total + 1
        for figure in differs:
            found[figure] += 1
    return ", ".join(f"{number} by {figure}" for figure, number in found.items()), total


def drawn(values: Mapping[str, Sequence[float]], most: int) -> tuple[dict[str, float], float]:
    """How often a duel whose bouts are drawn from these says that there is a difference, and its bouts in the mean."""
    rng, found, lengths = random.Random(20), dict.fromkeys((*FIGURES, "either"), 0), []
    size = len(next(iter(values.values())))
    for _ in range(DRAWN):
        done = fought(values, (rng.randrange(size) for _ in range(most)), most)
        assert done is not None
        differs, length = done
        lengths.append(length)
        for figure in (*differs, *(["either"] if differs else [])):
            found[figure] += 1
    return {figure: number / DRAWN for figure, number in found.items()}, statistics.fmean(lengths)


if __name__ == "__main__":
    main()
