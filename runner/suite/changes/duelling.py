"""A duel: both servers started afresh on the same CPUs, loaded in turns by volley, again until the ratio is narrow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from runner import project
from runner.adapters import environments
from runner.conformance.running import check
from runner.errors import AdapterError
from runner.hosts import loading
from runner.load import volley
from runner.machine import facts
from runner.record.adapter import Environment, Service, Unavailable
from runner.record.plan import Cell
from runner.record.trial import Placement
from runner.rows.comparing import duels
from runner.rows.comparing.duels import Bout, Duel, Side, Slice
from runner.serving import process, server
from runner.serving.server import Server
from runner.suite import counts
from runner.suite.progress import Reporter

SLICE_S = 0.1
FOURS = 8
"""So many times four slices has a bout."""
OPENING_S = 0.02
"""The load before a slice counts: its connections are then open, and all of them busy."""
WARM_UP_S = 1.0
COMPILING_S = 8.0
"""The warm-up of a server whose runtime compiles."""
DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The load, how narrow both intervals are to be (0.01 is ±1 %), and for how long at most."""

    depth: int
    connections: int
    precision: float
    budget_s: float


@dataclass(frozen=True, slots=True)
class Ring:
    """Where it takes place."""

    placement: Placement
    generator: Service
    folder: Path
    asked: Asked


def duel(
    names: Sequence[str],
    root: Path,
    reporter: Reporter,
    *,
    variants: Sequence[str],
    python: str | None = None,
    asked: Asked,
) -> Duel:
    """Two servers by name, each ``ADAPTER`` or ``ADAPTER@VARIANT``, on an interpreter, or on the newest.

    Raises :class:`AdapterError` where they are not two, one cannot be had, or one answers wrongly.
    """
    found = counts.named(names, root, reporter, variants=variants, python=python, alone=True)
    both = [made for made in found if isinstance(made, Environment)]
    for made in found:
        if isinstance(made, Unavailable):
            raise AdapterError(f"{made.adapter.name}: {made.reason}")
    if len(both) != 2:
        raise AdapterError(f"a duel is of two servers, not {len(both)}: name each ADAPTER or ADAPTER@VARIANT")
    facts.require_descriptors(asked.connections)
    base, new = both
    return fight(base, new, reporter, asked)


def fight(base: Environment, new: Environment, reporter: Reporter, asked: Asked) -> Duel:
    """Bouts until both ratios are as narrow as ``asked``, or its time is up. Raises :class:`AdapterError`."""
    bouts: list[Bout] = []
    began = time.monotonic()
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-duel-") as folder:
        generator = environments.service(project.ROOT / "go" / "volley")
        ring = Ring(facts.place(1, 1), generator, Path(folder), asked)
        while True:
            bouts.append(bout(base, new, len(bouts), ring))
            done = Duel(
                base=_called(base),
                new=_called(new),
                depth=asked.depth,
                connections=asked.connections,
                slice_s=SLICE_S,
                precision=asked.precision,
                seconds=time.monotonic() - began,
                bouts=tuple(bouts),
            )
            a_bout_s = done.seconds / len(bouts)
            reporter.say(f"bout {len(bouts)}, {done.seconds:.0f} s: {_so_far(done)}")
            out_of_time = done.seconds + a_bout_s > asked.budget_s
            if done.narrow or (out_of_time and len(bouts) >= duels.MIN_BOUTS) or len(bouts) >= duels.MAX_BOUTS:
                return done


def _called(made: Environment) -> str:
    return f"{made.adapter.name}@{made.variant.label}" if made.variant else made.adapter.name


def _so_far(done: Duel) -> str:
    known = {"rate": done.rate.interval, "CPU time": done.cpu.interval}
    said = [f"{name} × {one.mean:.3f} ±{one.relative_half_width:.1%}" for name, one in known.items() if one]  # noqa: RUF001
    return ", ".join(said).replace("%", " %") or "no interval yet"


def bout(base: Environment, new: Environment, number: int, ring: Ring) -> Bout:
    """A pair of fresh starts; who is started first alternates, as the order of slices does."""
    made = {Side.BASE: base, Side.NEW: new}
    order = duels.order(number, FOURS)
    slices = []
    with ExitStack() as stack:
        up: dict[Side, Server] = {}
        for side in dict.fromkeys(order):
            log = ring.folder / f"{side}.log"
            try:
                started = server.running(made[side], log=log, cpus=ring.placement.server)
                up[side] = stack.enter_context(started)
            except server.StartError as error:
                raise AdapterError(f"{_called(made[side])}: {error}") from None
            warm_up_s = COMPILING_S if made[side].compiles else WARM_UP_S
            _load(up[side], None, made[side], ring, warm_up_s, side)
        for side in order:
            other = up[Side.NEW if side is Side.BASE else Side.BASE]
            slices.append(_load(up[side], other, made[side], ring, SLICE_S, side))
    return Bout(tuple(slices))


def _load(running: Server, other: Server | None, made: Environment, ring: Ring, duration_s: float, side: Side) -> Slice:
    cell = Cell(made.adapter.name, made.python, ring.asked.depth, ring.asked.connections, 1)
    record = ring.folder / "load.json"
    order = volley.Order(1, duration_s, loading.GRACE_S, check.BODY.decode(), warm_up_s=OPENING_S)
    argv = volley.argv(ring.generator.argv[0], cell, running.address, order, record)
    record.unlink(missing_ok=True)
    mark, idle, began = running.mark(), other.mark() if other else None, time.monotonic()
    done = process.run(
        argv, timeout_s=duration_s + DEADLINE_S, log=ring.folder / "load.log", cpus=ring.placement.generator
    )
    spent_s = time.monotonic() - began
    used = running.usage_since(mark).cpu_ns
    others = other.usage_since(idle).cpu_ns if other is not None and idle is not None else 0
    try:
        seen = volley.parse(record.read_text(), argv=loading.portable(argv, record))
    except (FileNotFoundError, ValueError):
        last = (done.output.strip().splitlines() or ["nothing"])[-1]
        raise AdapterError(f"{_called(made)}: the load generator left no record; it said: {last}") from None
    told = seen.volley
    wrong = None if told is None else told.faults.first or told.losses.first
    if told is None or wrong or not told.checked or not told.cpu_span_ns or used is None or others is None:
        why = wrong or "it answered nothing, or a process of it ended"
        raise AdapterError(f"{_called(made)}: {why}: look with `pipebench check {cell.adapter}`")
    return Slice(
        side=side,
        requests_per_second=seen.requests_per_second,
        cpu_us=used / 1000 / told.checked,
        generator_busy=(seen.cpu_ns or 0) / told.cpu_span_ns,
        idle_share=others / 1e9 / spent_s,
    )
