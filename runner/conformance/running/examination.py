"""An adapter's server under the conformance cases: started, examined, started again where a case killed it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runner.conformance.case import Case, CaseResult
from runner.conformance.cases.catalogue import CASES
from runner.conformance.record import Conformance
from runner.conformance.running.check import quick_check
from runner.conformance.running.driver import run_cases
from runner.conformance.running.ladder import climb
from runner.record.adapter import Environment
from runner.record.trial import Address, Verdict
from runner.serving import errorlog, process, server
from runner.serving.server import Server

OnOutcome = Callable[[CaseResult], None]
AT_ONCE = 4
"""Servers that are examined at the same time: the cases mostly wait."""
SAYING_S = 0.5
"""How long a server whose first answer is wrong may take to say in its log why."""
LINES_BEFORE = 12
"""Of a log before the error that is quoted: a traceback stands above its last line."""
SPARE_DESCRIPTORS = 128
"""For all else than connections: logs, pipes, the libraries."""


def descriptors(*, ladder: bool) -> int:
    """File descriptors that examining takes: each case has at most 100 connections, the ladder 256 of them."""
    return SPARE_DESCRIPTORS + AT_ONCE * (256 if ladder else 100)


class Patient:
    """A :class:`runner.conformance.running.driver.ServerHandle` on an adapter's environment; :meth:`close` ends it."""

    def __init__(
        self,
        environment: Environment,
        folder: Path,
        cpus: Sequence[int] = (),
        interrupted: threading.Event | None = None,
    ) -> None:
        self._environment = environment
        self._folder = folder
        self._cpus = cpus
        self._interrupted = interrupted
        self._starts = 0
        self._server: Server | None = None

    @property
    def address(self) -> Address:
        """Where it listens now."""
        return self._running.address

    def alive(self) -> bool:
        """Whether its process runs."""
        return self._running.alive()

    def restart(self) -> None:
        """End it whatever its state, start it anew. Raises :class:`runner.serving.server.StartError`."""
        self.close()
        if self._interrupted is not None and self._interrupted.is_set():
            raise server.StartError("interrupted")
        self._starts += 1
        log = self._folder / f"{self._starts:03}-server.log"
        self._server = server.start(self._environment, log=log, cpus=self._cpus)

    def memory_bytes(self) -> int | None:
        """Resident memory of its process tree, in bytes."""
        return self._running.memory_bytes()

    def exit_reason(self) -> str | None:
        """How it ended, with the first error of its log; ``None`` while it runs."""
        ended = self._running.exit
        if ended is None:
            return None
        errors = self._running.log_errors()
        return f"{ended}: {errors[0].text}" if errors else str(ended)

    def first_problem(self) -> tuple[str, tuple[str, ...]] | None:
        """What is wrong with its answer to ``GET /`` alone, and the lines of its log about it; ``None`` if nothing."""
        failure = quick_check(self.address, 1).failure
        if failure is None:
            return None
        wrong = failure.reason.removeprefix("response 1: ")
        answer = "answers wrongly" if failure.verdict is Verdict.WRONG_RESPONSE else "fails"
        deadline = time.monotonic() + SAYING_S
        while not (errors := self._running.log_errors()) and time.monotonic() < deadline:
            time.sleep(0.02)
        problem = f"GET / {answer}: {wrong}"
        if not errors:
            return f"{problem}; the log says nothing of it", ()
        lines = errorlog.excerpt(self._running.log_text(), errors[0].text, before=LINES_BEFORE, after=2)
        return f"{problem}; the log says {errors[0].text}", tuple(lines.splitlines())

    def close(self) -> None:
        """End it."""
        if self._server is not None:
            self._server.stop(0.0)

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the server was not started")
        return self._server


def examine(
    environment: Environment,
    folder: Path,
    *,
    cases: Sequence[Case] = CASES,
    ladder: bool = False,
    cpus: Sequence[int] = (),
    on_outcome: OnOutcome | None = None,
    interrupted: threading.Event | None = None,
) -> Conformance:
    """Run ``cases`` against an adapter's server, and climb the depth ladder if asked to. Logs go to ``folder``.

    A server that does not even answer ``GET /`` is asked nothing else: that and its log are the ``problem``.

    Once ``interrupted`` is set, the server is not started again.
    """
    adapter = environment.adapter
    results: tuple[CaseResult, ...] = ()
    climbed, problem = None, None
    log: tuple[str, ...] = ()
    patient = Patient(environment, folder, cpus, interrupted)
    try:
        patient.restart()
        if (first := patient.first_problem()) is not None:
            problem, log = first
        else:
            results = asyncio.run(run_cases(patient, cases, on_outcome=on_outcome))
        if ladder and problem is None:
            climbed = asyncio.run(climb(patient))
    except server.StartError as error:
        problem = str(error)
    finally:
        patient.close()
    return Conformance(
        adapter=adapter.name,
        title=adapter.title + (f" · {environment.variant.label}" if environment.variant else ""),
        version=environment.version,
        python=environment.python,
        variant=environment.variant.label if environment.variant else None,
        results=results,
        ladder=climbed,
        problem=problem,
        log=log,
    )


def examine_all(
    environments: Sequence[Environment],
    folder: Path,
    *,
    cases: Sequence[Case] = CASES,
    ladder: bool = False,
    on_examined: Callable[[Conformance], None] | None = None,
) -> tuple[Conformance, ...]:
    """:func:`examine` each, a few at a time: most of it is waiting for deadlines. Each has a folder for its logs."""
    interrupted = threading.Event()
    variants = [made.variant for made in environments]

    def one(made: Environment) -> Conformance:
        number = f"-{variants.index(made.variant) + 1}" if made.variant else ""
        logs = folder / f"check-{made.adapter.name}-{made.python}{number}"
        found = examine(made, logs, cases=cases, ladder=ladder, interrupted=interrupted)
        if on_examined is not None:
            on_examined(found)
        return found

    # The servers are ended before the threads are waited for, which then have nothing to talk to.
    with ThreadPoolExecutor(max_workers=AT_ONCE) as executor, process.ending_all():
        try:
            return tuple(executor.map(one, environments))
        except BaseException:
            interrupted.set()
            raise
