"""What was found of one adapter, and the same as plain data for a record. Pure.

Only what was seen is stored; class and counts are written beside it for readers, and derived again when it is read.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runner.conformance.case import Case, CaseResult, Ending, Event, EventKind, Fault, Outcome
from runner.conformance.cases.catalogue import CASES
from runner.conformance.classify import Classification, Counts, classify, count
from runner.conformance.running.ladder import Ladder, Rung
from runner.errors import RecordError

BY_NAME: Mapping[str, Case] = {case.name: case for case in CASES}


@dataclass(frozen=True, slots=True)
class Conformance:
    """One adapter's results. Where it could not be tried at all there are none, and ``problem`` says why.

    ``log``: the lines of its log about the problem.
    """

    adapter: str
    title: str
    version: str | None
    python: str | None
    results: tuple[CaseResult, ...]
    ladder: Ladder | None = None
    problem: str | None = None
    variant: str | None = None
    log: tuple[str, ...] = ()

    @property
    def classification(self) -> Classification:
        """The server's class and what put it there."""
        return Classification(None, self.problem) if self.problem else classify(self.results)

    @property
    def counts(self) -> Counts:
        """How many cases passed, were noted and failed."""
        return count(self.results)

    def fails(self, *, strict: bool = False) -> bool:
        """Whether pipelining does not work, or could not be tried; with ``strict``, whether any case failed.

        Where too few cases were run to tell a class, any that failed counts.
        """
        server_class = self.classification.server_class
        if self.problem is not None or strict or server_class is None:
            return self.problem is not None or self.counts.failed > 0
        return not server_class.pipelines

    def result(self, case: str) -> CaseResult | None:
        """What a case found; ``None`` where it was not run."""
        return next((result for result in self.results if result.case == case), None)


def as_json(*found: Conformance) -> dict[str, Any]:
    """What ``pipebench check --format json`` prints."""
    return {"adapters": [adapter_as_json(each) for each in found]}


def adapter_as_json(found: Conformance) -> dict[str, Any]:
    """One adapter as plain data, for the record too."""
    classification = found.classification
    return {
        "adapter": found.adapter,
        "title": found.title,
        "version": found.version,
        "python": found.python,
        **({"variant": found.variant} if found.variant else {}),
        "class": classification.server_class.value if classification.server_class else None,
        "reason": classification.reason,
        "counts": {"pass": found.counts.passed, "note": found.counts.noted, "fail": found.counts.failed},
        "problem": found.problem,
        **({"log": found.log} if found.log else {}),
        "cases": [_case_as_json(result) for result in found.results],
        "ladder": None if found.ladder is None else asdict(found.ladder),
    }


def adapter_from_json(data: Mapping[str, Any]) -> Conformance:
    """The adapter that :func:`adapter_as_json` wrote."""
    ladder = data.get("ladder")
    return Conformance(
        adapter=data["adapter"],
        title=data["title"],
        version=data["version"],
        python=data["python"],
        results=tuple(_case_from_json(case) for case in data["cases"]),
        ladder=None if ladder is None else _ladder_from_json(ladder),
        problem=data.get("problem"),
        variant=data.get("variant"),
        log=tuple(data.get("log", ())),
    )


def read(path: Path) -> tuple[Conformance, ...]:
    """What ``pipebench check --format json`` wrote, compressed or not. Raises :class:`RecordError` otherwise."""
    try:
        content = path.read_bytes()
        data = json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
        return tuple(adapter_from_json(one) for one in data["adapters"])
    except gzip.BadGzipFile:
        raise RecordError(f"{path} is not what pipebench check --format json prints: make it with that") from None
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, EOFError, zlib.error):
        raise RecordError(f"{path} is not what pipebench check --format json prints: make it with that") from None


def _case_as_json(result: CaseResult) -> dict[str, Any]:
    case = BY_NAME.get(result.case)
    return {
        "case": result.case,
        "number": case.number if case else None,
        "theme": case.theme.value if case else None,
        "level": case.level.value if case else None,
        "section": case.section if case else None,
        "outcome": result.outcome.value,
        "fault": result.fault.value if result.fault else None,
        "detail": result.detail,
        "ending": result.ending.value if result.ending else None,
        "sent": result.sent.decode("latin-1"),
        "received": result.received.decode("latin-1"),
        "seconds": result.seconds,
        "attempts": result.attempts,
        "figures": dict(result.figures),
        "events": [
            {"at_s": round(event.at_s, 4), "kind": event.kind.value, "data": event.data.decode("latin-1")}
            for event in result.events
        ],
        "parts": dict(result.parts),
    }


def _case_from_json(data: Mapping[str, Any]) -> CaseResult:
    events = tuple(
        Event(event["at_s"], EventKind(event["kind"]), event["data"].encode("latin-1")) for event in data["events"]
    ) or (
        Event(0.0, EventKind.SENT, data["sent"].encode("latin-1")),
        Event(data["seconds"], EventKind.RECEIVED, data["received"].encode("latin-1")),
    )
    return CaseResult(
        case=data["case"],
        outcome=Outcome(data["outcome"]),
        detail=data["detail"],
        fault=Fault(data["fault"]) if data["fault"] else None,
        ending=Ending(data["ending"]) if data["ending"] else None,
        events=events,
        seconds=data["seconds"],
        attempts=data["attempts"],
        figures=data["figures"],
        parts=data.get("parts", {}),
    )


def _ladder_from_json(data: Mapping[str, Any]) -> Ladder:
    rungs = tuple(Rung(**{**rung, "fault": Fault(rung["fault"]) if rung["fault"] else None}) for rung in data["rungs"])
    return Ladder(**{**data, "rungs": rungs})
