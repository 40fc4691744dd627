"""Whether ``check`` tells a pair of releases apart: the case against each, and what it came to."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.adapters import environments
from runner.conformance.case import CaseResult, Outcome
from runner.conformance.cases.catalogue import CASES
from runner.conformance.running import examination
from runner.record.adapter import Adapter, Unavailable
from runner.serving import process
from tests.bugs import pairs
from tests.bugs.pairs import Pair


@dataclass(frozen=True, slots=True)
class Told:
    """What the case found on the affected release and on the mended one; ``problem`` where one could not be tried."""

    pair: Pair
    affected: CaseResult | None
    mended: CaseResult | None
    problem: str | None = None

    @property
    def caught(self) -> bool:
        """Whether the affected release fails by the spelling that shows the bug, and the mended one does not."""
        if self.affected is None or self.mended is None:
            return False
        return _fails(self.affected, self.pair.part) and not _fails(self.mended, self.pair.part)

    @property
    def still(self) -> tuple[str, ...]:
        """The spellings by which the mended release still fails the case."""
        parts = {} if self.mended is None else self.mended.parts
        return tuple(name for name, said in parts.items() if said.startswith(Outcome.FAIL))


def tell(pair: Pair, known: Mapping[str, Adapter]) -> Told:
    """Make both releases ready, and put the case to each."""
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-bugs-") as folder:
        made = environments.prepare(pairs.of(pair, dict(known)))
        results: list[CaseResult | None] = []
        for number, one in enumerate(made):
            if isinstance(one, Unavailable):
                return Told(pair, None, None, one.reason)
            cases = [case for case in CASES if case.name == pair.case]
            found = examination.examine(one, Path(folder) / str(number), cases=cases)
            if found.problem:
                return Told(pair, None, None, found.problem)
            results.append(found.result(pair.case))
        return Told(pair, results[0], results[1])


def _fails(result: CaseResult, part: str | None) -> bool:
    if part is None:
        return result.outcome is Outcome.FAIL
    return result.parts.get(part, "").startswith(Outcome.FAIL)
