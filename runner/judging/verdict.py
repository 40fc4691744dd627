"""What a trial's figures are worth, from what was observed. Pure.

A server that failed says so before anything else; then the question is who was the limit, from both sides' CPU time.
In scenario ``upstream`` it is expected to be neither: the server waits for its upstream, and what its rate must then be
is told by :mod:`runner.judging.waiting`.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.judging import latency, volley
from runner.judging.latency import Proofs
from runner.judging.volley import VolleyProofs
from runner.record.plan import Generator
from runner.record.trial import Failure, Load, Trial, Verdict

GENERATOR_BUSY = 0.95
"""Share of the load's duration, for each CPU that its threads had, from which the generator had no time to spare."""
SERVER_BUSY = 0.90
"""Share of the load's duration, for each CPU that its workers had, from which the server was the bottleneck."""
LOST_SHARE = 0.001
"""Share of the requests that may be lost with broken connections before pipelining counts as failed."""
SIZE_TOLERANCE = 0.05
"""How far the mean size of a response may be from that in the check."""
STALLED_WAIT = 0.75
STALLED_GENERATOR = 0.75
"""Shares of the connections' time that batches account for, and of the generator's CPU, below which they stopped."""
FROZEN_SHARE = 0.1
"""Share of a load's intervals of 100 ms with a response, up to which no other work explains the silence of the rest."""
SILENT_SHARE = 0.5
"""The same where every trial of a cell agrees: other work does not silence half of a load each time."""
AGREEING = 2
"""So many trials of a cell at least must agree."""
CHECK_CONNECTION = 1
"""wrk opens one connection to see that it can (wrk.lua, ``wrk.resolve``) beside those of its load."""
NOT_OPEN_SHARE = 0.01
"""Share of the connections that may be missing in the middle of a load before it was not the load of its cell."""
DELAYED_ACK_US = 40_000
"""What Linux waits at least before it acknowledges data by itself (``TCP_DELACK_MIN``), in microseconds."""
DISTURBED_STEAL = 0.02
DISTURBED_OTHERS = 0.05
"""Shares of the load's duration that a hypervisor or another process may take before a trial counts as disturbed."""
DISTURBED_WAITING = 0.5
"""The same where a server waits for a delay: it is not on a CPU then, and others take nothing from it."""


def of_trial(trial: Trial) -> Failure:
    """The verdict of one trial with its reason; the reason of a clean one is empty."""
    failure = _failure(trial)
    if failure is not None:
        return failure
    load = trial.load
    if load is None:
        return Failure(Verdict.UNAVAILABLE, "no load was run")
    if load.volley is not None and load.volley.arrivals is not None:
        return volley.paced(load, load.volley, load.volley.arrivals)
    return _limit(trial, load)


def _limit(trial: Trial, load: Load) -> Failure:
    """Who was the limit of a closed loop."""
    generator, server = generator_busy(trial), server_busy(trial)
    if generator is None:
        return Failure(Verdict.NEITHER, "the generator's CPU time was not measured: who was the limit is not known")
    if generator >= GENERATOR_BUSY:
        who = f"{load.generator} used {generator:.0%} of its CPU"
        both = f"{load.generator} and the upstream used {generator:.0%} of their CPU"
        return Failure(Verdict.GENERATOR_BOUND, both if trial.upstream else who)
    if server is None:
        return Failure(Verdict.NEITHER, "the server's CPU time was not measured")
    if server < SERVER_BUSY:
        why = disturbance(trial) or ("it waits for its upstream" if trial.upstream else _what_waits(load))
        return Failure(
            Verdict.NEITHER,
            f"neither was busy (server {server:.0%}, generator {generator:.0%} of its CPU): {why}",
        )
    return Failure(Verdict.MEASURED, "")


def _what_waits(load: Load) -> str:
    median = latency.percentile_us(load.histogram, 50)
    if median is None or not DELAYED_ACK_US <= median < DELAYED_ACK_US * 3 // 2:
        return "something waits"
    return (
        f"half of the batches take {median / 1000:.0f} ms or more, as where Nagle's algorithm waits for a delayed ACK"
    )


def generator_busy(trial: Trial) -> float | None:
    """CPU time of the generator's load threads over the load's duration, a thread or CPU: 1 is all it could have.

    Where an upstream runs on the same CPUs, it is the larger of that and the share of these CPUs that both used.
    """
    load = trial.load
    if load is None or load.cpu_ns is None:
        return None
    cpus = min(load.threads, len(trial.placement.generator)) if trial.placement else load.threads
    span_ns = load.duration_us * 1000
    if load.volley is not None and load.volley.cpu_span_ns:
        span_ns = load.volley.cpu_span_ns
    alone = load.cpu_ns / (span_ns * cpus)
    if trial.upstream is None or trial.upstream.cpu_ns is None or trial.placement is None:
        return alone
    together = (load.cpu_ns + trial.upstream.cpu_ns) / (load.duration_us * 1000 * len(trial.placement.generator))
    return max(alone, together)


def server_busy(trial: Trial) -> float | None:
    """CPU time of the server over the load's duration, a worker or CPU: 1 is all it could have."""
    load, answered = trial.load, _answered(trial)
    if load is None or trial.server is None or trial.server.cpu_ns is None or not answered:
        return None
    cpus = min(trial.cell.workers, len(trial.placement.server)) if trial.placement else trial.cell.workers
    return trial.server.cpu_ns / (load.duration_us * 1000 * cpus) * (load.requests / answered)


def cpu_cost_us(trial: Trial) -> float | None:
    """The server's CPU time per request, in microseconds."""
    answered = _answered(trial)
    if trial.server is None or trial.server.cpu_ns is None or not answered:
        return None
    return trial.server.cpu_ns / 1000 / answered


def split_cost_us(trial: Trial) -> tuple[float, float] | None:
    """The server's CPU time per request in user space and in the kernel, in microseconds; their sum is its cost.

    The scheduler's clock tells how much it was, the kernel's ticks only how it was shared. ``None`` where the record
    is older than this split.
    """
    cost, server = cpu_cost_us(trial), trial.server
    if cost is None or server is None or server.user_ns is None or server.system_ns is None:
        return None
    ticked = server.user_ns + server.system_ns
    return (cost * server.user_ns / ticked, cost * server.system_ns / ticked) if ticked else None


def switches_per_request(trial: Trial) -> tuple[float, float] | None:
    """Context switches of the server's threads per request: those that it waited in, and those it was made to."""
    answered, server = _answered(trial), trial.server
    if not answered or server is None or server.voluntary_switches is None or server.involuntary_switches is None:
        return None
    return server.voluntary_switches / answered, server.involuntary_switches / answered


def _answered(trial: Trial) -> int | None:
    """The responses that the server's CPU time is of; ``None`` without a load.

    wrk counts all until it ends; volley waits for what is in flight at the end of its measured window, and the server's
    CPU time is of those responses too.
    """
    if trial.load is None:
        return None
    return trial.load.requests if trial.load.volley is None else trial.load.volley.checked


def proofs(trial: Trial) -> Proofs | VolleyProofs | None:
    """The proofs of a trial's latency; ``None`` where there was no load by wrk or volley."""
    load = trial.load
    if load is not None and load.volley is not None:
        return volley.prove(load, load.volley)
    if load is None or load.generator != Generator.WRK:
        return None
    return latency.prove(
        load.histogram,
        duration_us=load.duration_us,
        requests=load.requests,
        connections=trial.cell.connections,
        depth=trial.cell.depth,
        reconnects=reconnects(trial),
    )


def reconnects(trial: Trial) -> int:
    """How many connections ended under load and were opened anew: by wrk's error counters, or by the kernel if more.

    wrk counts resets; of closes in order it says nothing. Those of its own at the end of the load are taken off. volley
    counts each, and those that had nothing in flight took nothing along.
    """
    if trial.load is None:
        return 0
    if trial.load.volley is not None:
        return trial.load.volley.losses.with_requests
    errors = trial.load.errors.read + trial.load.errors.write
    closed = trial.surroundings.connections_closed if trial.surroundings else None
    return max(errors, (closed or 0) - trial.cell.connections - CHECK_CONNECTION, 0)


def disturbance(trial: Trial) -> str | None:
    """What on the machine spoiled a trial: ``None`` where nothing is known to have."""
    seen = trial.surroundings
    if seen is None or trial.load is None:
        return None
    duration_ns = trial.load.duration_us * 1000
    waits = trial.upstream is not None and trial.upstream.delay_us > 0
    steal, others = (DISTURBED_WAITING,) * 2 if waits else (DISTURBED_STEAL, DISTURBED_OTHERS)
    if seen.steal_ns is not None and seen.steal_ns > steal * duration_ns:
        return f"the hypervisor took {seen.steal_ns / duration_ns:.0%} of a CPU"
    if seen.other_cpu_ns is not None and seen.other_cpu_ns > others * duration_ns:
        return f"other work took {seen.other_cpu_ns / duration_ns:.0%} of a CPU"
    return None


def _failure(trial: Trial) -> Failure | None:
    checked = trial.check.failure if trial.check else None
    if trial.exit is not None and trial.exit.before_stop:
        return Failure(Verdict.CRASHED, str(trial.exit))
    if trial.failure is not None:
        # What the check saw says more than that the generator then hung or was refused.
        return checked if checked and trial.failure.verdict is not Verdict.CRASHED else trial.failure
    if checked is not None:
        return checked
    return _load_failure(trial, trial.load) if trial.load is not None else None


def _load_failure(trial: Trial, load: Load) -> Failure | None:
    if load.requests == 0 and load.errors.connect:
        return Failure(Verdict.REFUSED, f"{load.errors.connect} connections were refused")
    if load.requests == 0:
        return Failure(Verdict.STALLED, "no response under load")
    depth, lost = trial.cell.depth, reconnects(trial)
    wrong = _wrong_responses(trial, load)
    if trial.upstream is not None:  # one request at a time: nothing can be lost behind another, and to wait is no stall
        return Failure(Verdict.WRONG_RESPONSE, wrong) if wrong else _not_open(trial)
    if wrong is None and lost > LOST_SHARE * load.requests:
        return Failure(Verdict.CLOSES, f"{lost} connections broken under load, each with up to {depth} requests")
    return Failure(Verdict.WRONG_RESPONSE, wrong) if wrong else _stall(trial, load)


def _not_open(trial: Trial) -> Failure | None:
    """A load that had fewer connections than its cell says."""
    wanted = trial.cell.connections
    if trial.opened is None or trial.opened.established >= wanted * (1 - NOT_OPEN_SHARE):
        return None
    return Failure(
        Verdict.REFUSED,
        f"{trial.opened.established} of {wanted} connections were open in the middle of the load, "
        f"{trial.opened.accepted} accepted; the kernel keeps net.core.somaxconn for a server to accept",
    )


def _wrong_responses(trial: Trial, load: Load) -> str | None:
    """What was wrong with the responses of a load, as far as it shows from outside."""
    size = trial.check.response_bytes if trial.check else None
    seen = load.verified
    if seen is not None and seen.wrong:
        return f"{seen.wrong} of {seen.responses} responses were wrong under load: {seen.first}"
    if load.errors.status:
        return f"{load.errors.status} of {load.requests} responses had an error status"
    mean_size = load.bytes_read / load.requests
    many = load.requests >= 10 * trial.cell.depth * trial.cell.connections
    if size and many and abs(mean_size - size) > SIZE_TOLERANCE * size:
        return f"{mean_size:.0f} bytes a response under load, {size} in the check"
    return None


def _stall(trial: Trial, load: Load) -> Failure | None:
    """Responses that stopped coming: on all connections early in the load, or on some of them.

    On some: part of the time that connections spent waiting for batches is missing, whatever was in flight at the end,
    though the generator had CPU time to spare. Other work on the machine may have taken that time, so a disturbed trial
    is excused; but not for a silence that covers nine tenths of the load (:data:`FROZEN_SHARE`).
    """
    if load.volley is not None:
        return volley.silence(trial, load, load.volley)
    connections, active = trial.cell.connections, _active_share(load)
    if active is not None and active < SILENT_SHARE and load.requests < 10 * connections:
        return Failure(Verdict.STALLED, f"{load.requests} responses on {connections} connections, then none")
    waited = _too_little_accounted(trial, load)
    if waited is None:
        return None
    if active is not None and active <= FROZEN_SHARE:
        return _frozen(load, active)
    if disturbance(trial) is not None:
        return None
    return Failure(Verdict.STALLED, f"responses stopped on at least {1 - waited:.0%} of the connections")


def stall_in_all(trials: Sequence[Trial]) -> Failure | None:
    """A stall that each trial of a cell shows, though other work would excuse it in any one of them.

    Time that batches do not account for is excused by other work only as far as it and the generator together used up
    a CPU: a generator that had to share one is then as good as busy. Silence in half of a load is not excused at all.
    """
    if len(trials) < AGREEING:
        return None
    found = [_unexcused(trial) for trial in trials]
    return found[0] if all(found) else None


def _unexcused(trial: Trial) -> Failure | None:
    load, busy = trial.load, generator_busy(trial)
    if load is None or load.volley is not None or trial.upstream is not None:
        return None
    waited, active = _too_little_accounted(trial, load), _active_share(load)
    if waited is None or busy is None:
        return None
    if active is not None and active < SILENT_SHARE:
        return _frozen(load, active)
    if busy + _taken_share(trial, load) < 1:
        return Failure(Verdict.STALLED, f"responses stopped on at least {1 - waited:.0%} of the connections")
    return None


def _frozen(load: Load, active: float) -> Failure:
    return Failure(
        Verdict.STALLED, f"{load.requests} responses, all of them in {active:.0%} of the load's time, then none"
    )


def _active_share(load: Load) -> float | None:
    """Share of the load's intervals of 100 ms in which a response came; ``None`` where it was not counted."""
    if load.active_intervals is None:
        return None
    return load.active_intervals / (load.threads * load.duration_us / 100_000)


def _too_little_accounted(trial: Trial, load: Load) -> float | None:
    """Share of the connections' time that batches account for, where that is too little for a generator with time.

    One whose CPU time is not known may have been busy: then only what no busy generator leaves is too little.
    """
    busy = generator_busy(trial)
    if busy is not None and busy >= STALLED_GENERATOR:
        return None
    found = proofs(trial)
    if found is None or found.negative:
        return None
    waited = latency.time_accounted(load.histogram, duration_us=load.duration_us, connections=trial.cell.connections)
    return waited if waited < (FROZEN_SHARE if busy is None else STALLED_WAIT) else None


def _taken_share(trial: Trial, load: Load) -> float:
    """CPU time that a hypervisor and other processes took over the load's duration."""
    seen = trial.surroundings
    return 0.0 if seen is None else ((seen.steal_ns or 0) + (seen.other_cpu_ns or 0)) / (load.duration_us * 1000)
