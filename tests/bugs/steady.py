"""``python -m tests.bugs.steady TIMES ADAPTER…``: ``check`` several times on each server, and what differed."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from runner import project
from runner.adapters import environments, metadata
from runner.conformance.record import Conformance
from runner.conformance.running.examination import examine
from runner.record.adapter import Environment
from runner.serving import process


def unsteady(found: Sequence[Conformance]) -> dict[str, Counter[str]]:
    """The cases whose outcomes differ, and how often each came: ``{"half-close": {"pass": 4, "note": 1}}``."""
    counts: dict[str, Counter[str]] = {}
    for one in found:
        for result in one.results:
            counts.setdefault(result.case, Counter())[str(result.outcome)] += 1
    return {case: outcomes for case, outcomes in counts.items() if len(outcomes) > 1}


def main(arguments: list[str]) -> int:
    """Exit code 1 where any outcome differs."""
    times, chosen = int(arguments[0]), metadata.select(metadata.discover(project.ROOT), arguments[1:])
    differing = 0
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-steady-") as folder:
        for made in environments.prepare(chosen):
            if not isinstance(made, Environment):
                print(f"{made.adapter.name}: not tried: {made.reason}")
                continue
            took, found = [], []
            for number in range(times):
                began = time.monotonic()
                found.append(examine(made, Path(folder) / f"{made.adapter.name}-{number}"))
                took.append(f"{time.monotonic() - began:.0f} s")
            differ = unsteady(found)
            differing += len(differ)
            said = "; ".join(f"{case} {dict(outcomes)}" for case, outcomes in differ.items()) or "none"
            print(f"{made.adapter.name}: {times} times ({', '.join(took)}); outcomes that differ: {said}", flush=True)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
