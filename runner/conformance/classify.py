"""What the cases together say of a server. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.conformance.case import CaseResult, Fault, Outcome
from runner.conformance.cases.catalogue import CORE


class ServerClass(StrEnum):
    """Whether pipelined requests can be sent to a server, and what comes of it."""

    CONCURRENT = "concurrent"
    SERIAL = "serial"
    DEGRADES = "degrades"
    BROKEN = "broken"

    @property
    def pipelines(self) -> bool:
        """Whether every response to a pipelined batch comes, in order."""
        return self in {ServerClass.CONCURRENT, ServerClass.SERIAL}


@dataclass(frozen=True, slots=True)
class Classification:
    """A server's class, and what put it there; no class where a core case was not run."""

    server_class: ServerClass | None
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases passed, were noted and failed."""

    passed: int
    noted: int
    failed: int

    def __str__(self) -> str:
        return f"{self.passed} pass, {self.noted} note, {self.failed} fail"


def count(results: Iterable[CaseResult]) -> Counts:
    """The outcomes, counted."""
    outcomes = [result.outcome for result in results]
    return Counts(outcomes.count(Outcome.PASS), outcomes.count(Outcome.NOTE), outcomes.count(Outcome.FAIL))


def classify(results: Sequence[CaseResult]) -> Classification:
    """*Broken*: a core case fails, or loses or corrupts a response once, or a request kills the server or hangs it.

    *Degrades*: a core case is noted for anything else.

    *Concurrent* or *serial* otherwise, as the case ``parallel`` found. What a server does with malformed requests or
    with the end of a connection is in its matrix, not in its class.
    """
    by_name = {result.case: result for result in results}
    for result in results:
        if result.fault in {Fault.CRASHED, Fault.HUNG}:
            return Classification(ServerClass.BROKEN, f"{result.case}: {result.detail}")
    core = [by_name.get(case.name) for case in CORE]
    known = [result for result in core if result is not None and result.outcome is not Outcome.UNTRIED]
    failed = [one for one in known if one.outcome is Outcome.FAIL]
    seen_once = [one for one in known if one.outcome is Outcome.NOTE and one.fault is not None]
    noted = [one for one in known if one.outcome is Outcome.NOTE]
    for found, server_class in (
        (failed, ServerClass.BROKEN),
        (seen_once, ServerClass.BROKEN),
        (noted, ServerClass.DEGRADES),
    ):
        if found:
            return Classification(server_class, f"{found[0].case}: {found[0].detail}")
    if len(known) < len(core):
        missing = [case.name for case in CORE if case.name not in {result.case for result in known}]
        return Classification(None, f"not run: {', '.join(missing)}")
    parallel = by_name["parallel"]
    concurrent = parallel.figures.get("concurrent", 0.0) > 0
    return Classification(ServerClass.CONCURRENT if concurrent else ServerClass.SERIAL, parallel.detail)
