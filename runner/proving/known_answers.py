"""Our generator held against arithmetic: loads of a server of ours whose service time is given, and which stands still.

Each load is of a public report of a generator that got it wrong, or of a formula; :mod:`runner.rows.known` and
:mod:`runner.judging.models.queueing` say what must come out. The server is ``tests/selftest/serial.py``.
"""

from __future__ import annotations

import math
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner import project
from runner.adapters import environments
from runner.errors import ToolError
from runner.judging import latency, levels
from runner.judging.levels import Stopping
from runner.judging.models import queueing
from runner.load import volley
from runner.load.volley import Order
from runner.machine import facts
from runner.record.adapter import Service
from runner.record.plan import Cell
from runner.record.trial import Load, Placement
from runner.record.volley import Arrivals, Volley
from runner.rows import known
from runner.rows.known import Answer
from runner.serving import process, server
from runner.serving.server import Server
from runner.suite.progress import Reporter

SERVER = project.ROOT / "tests" / "selftest" / "serial.py"
BODY = "Hello world!"
DEADLINE_S = 30.0
"""How much longer than its load a generator may take."""
SIGNAL_S = 0.003
"""How far the time between two signals may be from that for which a server stood still."""
CONFIDENCE = 0.99
"""Of the intervals of mean waiting times: three are looked at, and one in a hundred misses."""
LOADS: tuple[tuple[float, int, float], ...] = ((0.5, 8, 3), (0.75, 8, 4), (0.9, 10, 6))
"""Share of what the server can do, trials, seconds of each."""
SEEDS = 20
LEVEL, LEVEL_AT = 0.05, 2.492
"""Anderson and Darling's A² is above this in so many of the samples that are of the distribution (mean known)."""
MOST_ABOVE = 4
"""Of 20 seeds, more than so many are above by chance in one of 400 cases."""


@dataclass(frozen=True, slots=True)
class Lab:
    """Where loads are made: the generator, the CPUs of both, a folder for logs and records."""

    generator: Service
    placement: Placement
    folder: Path

    def load(
        self,
        service_s: float,
        cell: Cell,
        order: Order,
        *,
        each: bool = False,
        pause: tuple[float, float] | None = None,
    ) -> _Seen:
        """One load of a fresh server of ``service_s`` a request; ``each``: every connection has a queue of its own.

        ``pause``: it stands still so many seconds after the generator was started, for so many. Raises
        :class:`ToolError` where the generator did not measure.
        """
        log, record = self.folder / "volley.log", self.folder / "record.json"
        variables = {"SERVICE_US": f"{service_s * 1e6:g}", "LANES": "each" if each else "one"}
        program = Service("serial", (sys.executable, "-I", "-S", str(SERVER)))
        with server.running(
            program, log=self.folder / "serial.log", cpus=self.placement.server, variables=variables
        ) as running:
            argv = volley.argv(self.generator.argv[0], cell, running.address, order, record)
            with _standing_still(running, pause) as stood:
                done = process.run(
                    argv,
                    timeout_s=order.warm_up_s + order.duration_s + order.grace_s + DEADLINE_S,
                    log=log,
                    cpus=self.placement.generator,
                )
        try:
            load = volley.parse(record.read_text(encoding="utf-8"), argv=argv)
        except (OSError, ValueError) as error:
            said = done.output.strip() or str(error)
            raise ToolError(f"volley {done.exit}: {said}") from None
        if load.volley is None:
            raise ToolError("volley did not say what it saw")
        return _Seen(load, load.volley, stood[0] if stood else 0.0)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A load, and for how many seconds the server stood still in it."""

    load: Load
    volley: Volley
    stood_s: float

    @property
    def arrivals(self) -> Arrivals:
        if self.volley.arrivals is None:
            raise ToolError("volley did not say what arrivals it made")
        return self.volley.arrivals

    @property
    def mean_us(self) -> float:
        """Mean latency; raises :class:`ToolError` where nothing was answered."""
        mean = latency.mean_us(self.load.histogram)
        if mean is None:
            raise ToolError("nothing was answered")
        return mean

    @property
    def median_us(self) -> int:
        """The same of the median latency."""
        median = latency.percentile_us(self.load.histogram, 50)
        if median is None:
            raise ToolError("nothing was answered")
        return median


def ask(reporter: Reporter) -> tuple[Answer, ...]:
    """All of them, in two and a half minutes: each load on a fresh server."""
    generator = environments.service(project.ROOT / "go" / "volley")
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-known-") as folder:
        lab = Lab(generator, facts.place(1, 1), Path(folder))
        found: list[Answer] = []
        for what, answers in QUESTIONS.items():
            reporter.say(what)
            found += answers(lab)
    return tuple(found)


@contextmanager
def _standing_still(running: Server, pause: tuple[float, float] | None) -> Iterator[list[float]]:
    """Let the server stand still during the block; the list has then for how many seconds it did."""
    stood: list[float] = []
    if pause is None:
        yield stood
        return
    after_s, for_s = pause
    left = threading.Event()

    def stop() -> None:
        if left.wait(after_s):
            return
        running.signal(signal.SIGSTOP)
        began = time.monotonic()
        left.wait(for_s)
        running.signal(signal.SIGCONT)
        stood.append(time.monotonic() - began)

    watch = threading.Thread(target=stop)
    watch.start()
    try:
        yield stood
    finally:
        left.set()
        watch.join()


def _cell(connections: int, depth: int = 1) -> Cell:
    return Cell("serial", None, depth, connections, 1, burst=1)


def _order(
    duration_s: float,
    *,
    rate: float | None = None,
    even: bool = False,
    seed: int = 1,
    window: bool = False,
    warm_up_s: float = 0,
) -> Order:
    return Order(
        1, duration_s, grace_s=5, expect=BODY, rate=rate, seed=seed, even=even, window=window, warm_up_s=warm_up_s
    )


def stands_still(lab: Lab, pause_s: float = 1.0, duration_s: float = 4.0) -> list[Answer]:
    """Whether those that arrive while a server stands still are all seen to wait, each from when it was to be sent."""
    service_s, rate = 0.001, 100.0
    seen = lab.load(
        service_s,
        _cell(20),
        _order(duration_s, rate=rate, even=True),
        pause=(duration_s / 4, pause_s),
    )
    report = "wrk 99, PerfCake 258, boom 100"
    made: list[Answer] = []
    for limit_s in (pause_s / 4, pause_s / 2, 3 * pause_s / 4):
        computed = known.share_above(
            limit_s, pause_s=seen.stood_s, service_s=service_s, rate=rate, duration_s=duration_s
        )
        above = latency.samples_above(seen.load.histogram, round(limit_s * 1e6))
        samples = latency.samples(seen.load.histogram)
        made.append(
            Answer(
                report,
                f"open, a server of 1 ms that stands still for {seen.stood_s:.3f} s of {duration_s:g} s: "
                f"share above {limit_s:g} s",
                "%",
                100 * computed,
                100 * above / samples if samples else None,
                100 * (2 / (rate * duration_s) + SIGNAL_S / duration_s),
                "an arrival at either end, and the signals",
            )
        )
    low, high = known.longest_s(pause_s=seen.stood_s, service_s=service_s, rate=rate)
    made.append(
        Answer(
            report,
            "the same: the longest",
            "s",
            (low + high) / 2,
            seen.load.histogram[-1][0] / 1e6 if seen.load.histogram else None,
            (high - low) / 2 + SIGNAL_S,
            "when the first of the pause came, and the signals",
        )
    )
    return made


def batch_of_three(lab: Lab, service_s: float = 0.3, batches: int = 2) -> list[Answer]:
    """Whether the latency of a batch is that of its last response, and that of its first is known."""
    seen = lab.load(service_s, _cell(5, 3), _order((3 * batches - 0.5) * service_s), each=True)
    first = seen.volley.first.p50
    what = f"closed, depth 3, 5 connections, {1000 * service_s:g} ms a request one after the other: p50 of the "
    return [
        Answer(
            "wrk 236",
            what + place,
            "s",
            known.place_in_batch_s(number, service_s),
            None if us is None else us / 1e6,
            0.01,
            "the wire and wake-ups",
        )
        for place, number, us in (("first response", 1, first), ("batch", 3, seen.median_us))
    ]


def window_of_two(lab: Lab, service_s: float = 0.5, answers: int = 6) -> list[Answer]:
    """Whether a request that waits behind another of its connection is seen to wait."""
    order = _order(answers * service_s, window=True, warm_up_s=2.5 * service_s)
    seen = lab.load(service_s, _cell(1, 2), order, each=True)
    return [
        Answer(
            "autocannon 15, 315",
            f"window of 2, {1000 * service_s:g} ms a request one after the other: mean",
            "s",
            known.window_latency_s(2, service_s),
            seen.mean_us / 1e6,
            0.01,
            "the wire and wake-ups",
        )
    ]


def rate_asked_for(lab: Lab, duration_s: float = 2.0) -> list[Answer]:
    """Whether an open load has the rate that was asked for, of a server that could do more."""
    seen = lab.load(0.0001, _cell(50), _order(duration_s, rate=3900, even=True))
    return [
        Answer(
            "h2load 1584",
            "open, 3900 requests/s on 50 connections of a server that can do 10 000: answered",
            "requests/s",
            3900,
            seen.arrivals.answered_per_second,
            3.9,
            "0.1 %",
        )
    ]


def one_pause(lab: Lab, duration_s: float = 1.0, pause_s: float = 0.1) -> list[Answer]:
    """Whether a pause in a closed load is one sample, and no sample is made up for it."""
    service_s = 0.0002
    seen = lab.load(service_s, _cell(1), _order(duration_s), pause=(duration_s / 2, pause_s))
    batches, own = seen.volley.batches.answered, seen.volley.own_delay
    what = (
        f"closed, 1 connection, {duration_s:g} s, a server of 0.2 ms with one pause of {1000 * seen.stood_s:.1f} ms: "
    )
    computed_us = 1e6 * known.mean_of_one_connection_s(seen.load.duration_us / 1e6, batches)
    measured_us = seen.mean_us + own.mean if own is not None and own.mean is not None else None
    longest_us = seen.load.histogram[-1][0]
    long = latency.samples_above(seen.load.histogram, round(0.9e6 * seen.stood_s))
    return [
        Answer(
            "wrk 438",
            what + f"mean of {batches} samples, own delay included",
            "µs",
            computed_us,
            measured_us,
            computed_us * 0.01,
            "1 %",
        ),
        Answer(
            "wrk 438",
            "the same: the longest",
            "ms",
            1000 * (seen.stood_s + service_s / 2),
            longest_us / 1000,
            1000 * (service_s / 2 + SIGNAL_S),
            "what was left of a request, and the signals",
        ),
        Answer("wrk 438", "the same: samples as long as the pause", "samples", 1, long, 0, "exact"),
    ]


def waiting_times(
    lab: Lab, loads: tuple[tuple[float, int, float], ...] = LOADS, service_s: float = 0.001
) -> list[Answer]:
    """Whether random arrivals at a server of constant service wait as long as Pollaczek and Khinchine say.

    What a request takes that waits for nobody is taken off, wire and wake-ups with it: it is the median of arrivals at
    the same rate, evenly spaced, which never meet.
    """
    made: list[Answer] = []
    for share, trials, duration_s in loads:
        rate = share / service_s
        alone_us = lab.load(service_s, _cell(100), _order(2, rate=rate, even=True)).median_us
        waits_us = [
            lab.load(service_s, _cell(100), _order(duration_s, rate=rate, seed=seed, warm_up_s=1)).mean_us - alone_us
            for seed in range(1, trials + 1)
        ]
        half_us = (
            levels.critical_value(trials, confidence=CONFIDENCE, stopping=Stopping.FIXED)
            * statistics.stdev(waits_us)
            / math.sqrt(trials)
        )
        computed_us = queueing.mean_waiting_us(rate, 1e6 * service_s)
        if computed_us is None:
            raise ValueError("a share of 1 has no waiting time")
        made.append(
            Answer(
                "Pollaczek-Khinchine, M/D/1",
                f"open, Poisson, {share:.0%} of a server of 1 ms: mean waiting, {trials} trials of {duration_s:g} s",
                "ms",
                computed_us / 1000,
                statistics.fmean(waits_us) / 1000,
                half_us / 1000,
                f"{CONFIDENCE:.0%} interval over trials",
            )
        )
    return made


def arrivals_asked_for(lab: Lab, seeds: int = SEEDS, duration_s: float = 0.3) -> list[Answer]:
    """Whether gaps between arrivals are exponential, as planned and as written: who wakes late writes late."""
    loads = [lab.load(0.00005, _cell(50), _order(duration_s, rate=2000, seed=seed)) for seed in range(1, seeds + 1)]
    planned = sum((one.arrivals.anderson_darling or math.inf) > LEVEL_AT for one in loads)
    written = sum((one.arrivals.sent_anderson_darling or math.inf) > LEVEL_AT for one in loads)
    p99s = [one.volley.lag.p99 for one in loads if one.volley.lag is not None and one.volley.lag.p99 is not None]
    by_chance = "more than 4 of 20 in 1 of 400"
    late = f"; written up to {max(p99s)} µs late at p99" if p99s else ""
    what = f"open, Poisson, 2000/s: seeds of {seeds} whose gaps, as {{}}, Anderson-Darling rejects at {LEVEL:.0%}"
    return [
        Answer(
            "Lancet (ATC 2019)",
            what.format(how),
            "seeds",
            seeds * LEVEL,
            count,
            MOST_ABOVE - seeds * LEVEL,
            because,
        )
        for how, count, because in (("planned", planned, by_chance), ("written", written, f"{by_chance}{late}"))
    ]


QUESTIONS: dict[str, Callable[[Lab], list[Answer]]] = {
    "a server that stands still": stands_still,
    "a batch of three": batch_of_three,
    "a window of two": window_of_two,
    "the rate that was asked for": rate_asked_for,
    "one pause": one_pause,
    "the arrivals that were asked for": arrivals_asked_for,
    "waiting times of random arrivals": waiting_times,
}
