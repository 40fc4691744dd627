"""How often servers that are the same seem different, in a run of their own: the false differences of ``compare``.

Run as ``python -m tests.studies.equals FOLDER…``, each a run in which an adapter was measured several times over, by
variants that change nothing, such as ``run --only aiohttp --env SAME=1 --env SAME=2 --load closed,75%``. Every two of
the same adapter are compared as ``compare RUN --a … --b …`` does. The intervals of a comparison hold at once with 95 %,
so one comparison in twenty at most may have one that leaves out 1.
"""

from __future__ import annotations

import argparse
from collections import Counter
from itertools import combinations
from pathlib import Path

from runner.record import store
from runner.rows.comparing import within


def main() -> None:
    """Print how many comparisons, and how many of their intervals, leave out 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    made = wrong = 0
    intervals: Counter[str] = Counter()
    leave_out: Counter[str] = Counter()
    for folder in parser.parse_args().folders:
        measured = store.read(folder)
        every = measured[0].adapters
        servers = sorted(every, key=lambda one: within.named(one, every))
        for first, second in combinations(servers, 2):
            if first.name != second.name:
                continue
            found = within.compare(measured, within.named(first, every), within.named(second, every))
            seen = [
                (f"{what} {one.load or 'closed'}", interval)
                for one in found.cells
                for what, interval in (("rate", one.rate_ratio), ("CPU time", one.cpu_ratio), ("p99", one.tail_ratio))
                if interval is not None
            ]
            made += 1
            wrong += any(not interval.holds(1.0) for _, interval in seen)
            intervals.update(name for name, _ in seen)
            leave_out.update(name for name, interval in seen if not interval.holds(1.0))
    print(f"{made} comparisons of a server with itself: {wrong} saw a difference")
    for name, number in sorted(intervals.items()):
        print(f"  {name}: {leave_out[name]} of {number} intervals leave out 1")


if __name__ == "__main__":
    main()
