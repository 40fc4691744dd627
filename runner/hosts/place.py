"""Where one trial at a time runs: a host for its server, and one or more for its load."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from runner.hosts.host import Host, Loaded
from runner.hosts.loading import Settings
from runner.hosts.local import Local
from runner.load import summing
from runner.record.plan import Cell
from runner.record.trial import Address, Failure, Load, Placement, ServerUsage, Surroundings, Upstream, Verdict

OVERLAP = 0.98
"""Share of the shortest of several loads in which all of them must have been under way."""


@dataclass(frozen=True, slots=True)
class Place:
    """One machine, or a pair of a server's and a generator's; of the latter there may be several, which load together.

    ``pair`` is its name in the record, ``None`` on one machine.
    """

    server: Host
    generators: tuple[Host, ...]
    pair: str | None = None

    @classmethod
    def here(cls, folder: Path) -> Place:
        """This machine, for a run whose folder is ``folder``."""
        host = Local(folder)
        return cls(host, (host,))

    @contextmanager
    def waited_for(self, settings: Settings, log: str) -> Iterator[str | None]:
        """What the server is to wait for, by its URL, in the scenario where it waits: beside the first generator."""
        if settings.service is None:
            yield None
            return
        host = self.generators[0]
        try:
            yield host.serve_upstream(settings.service, settings.delay_us, log, settings.placement.generator)
        finally:
            host.end_upstream()

    def watch(self, placement: Placement, port: int) -> None:
        """Remember what goes on on the CPUs of server and generators."""
        if self._is_one_machine:
            self.server.watch(tuple({*placement.server, *placement.generator}), port)
            return
        self.server.watch(placement.server, port)
        for host in self.generators:
            host.watch(tuple(set(placement.generator)), port)

    def watched(self, usage: ServerUsage, upstream: Upstream | None) -> Surroundings:
        """What others did meanwhile, on all machines together; the larger of their load averages."""
        waited_ns = (upstream.cpu_ns or 0) if upstream else 0
        if self._is_one_machine:
            return self.server.watched(None if usage.cpu_ns is None else usage.cpu_ns + waited_ns)
        first, *others = self.generators
        seen = [self.server.watched(usage.cpu_ns), first.watched(waited_ns), *(host.watched(0) for host in others)]
        return Surroundings(
            load_average=max(one.load_average for one in seen),
            steal_ns=_sum([one.steal_ns for one in seen]),
            other_cpu_ns=_sum([one.other_cpu_ns for one in seen]),
            connections_closed=_sum([one.connections_closed for one in seen]),
        )

    def load(
        self, address: Address, cell: Cell, settings: Settings, stem: str, rate: float | None
    ) -> tuple[Load | None, Failure | None]:
        """One load; by several generators together, each with its share of the connections and of the rate."""
        if len(self.generators) == 1:
            one = self.generators[0].load(address, cell, settings, stem, rate)
            return one.load, one.failure
        return self._together(address, cell, settings, stem, rate)

    def _together(
        self, address: Address, cell: Cell, settings: Settings, stem: str, rate: float | None
    ) -> tuple[Load | None, Failure | None]:
        shares = summing.shares(cell.connections, len(self.generators))
        with ThreadPoolExecutor(max_workers=len(shares)) as executor:
            offsets = list(executor.map(_clock_offset_s, self.generators))
            under_way = [
                executor.submit(
                    host.load,
                    address,
                    replace(cell, connections=share),
                    replace(settings, seed=settings.seed + number),
                    f"{stem}-{number + 1}",
                    None if rate is None else rate * share / cell.connections,
                )
                for number, (host, share) in enumerate(zip(self.generators, shares, strict=True))
            ]
            done = [future.result() for future in under_way]
        failure = next((one.failure for one in done if one.failure is not None), None)
        loads = [one.load for one in done if one.load is not None]
        if failure is not None or len(loads) < len(done):
            return None, failure
        share = overlap(done, offsets)
        if share < OVERLAP:
            why = f"the loads of {len(done)} generators ran together for only {share:.0%} of their time"
            return None, Failure(Verdict.UNAVAILABLE, why)
        return summing.total(loads, shares), None

    @property
    def _is_one_machine(self) -> bool:
        return self.generators == (self.server,)


def overlap(loads: Sequence[Loaded], offsets_s: Sequence[float]) -> float:
    """The share of the shortest load in which all were under way; an offset is taken from a host's clock."""
    begins = [one.began_s - offset for one, offset in zip(loads, offsets_s, strict=True)]
    ends = [one.ended_s - offset for one, offset in zip(loads, offsets_s, strict=True)]
    shortest = min(end - begin for begin, end in zip(begins, ends, strict=True))
    return max(0.0, min(ends) - max(begins)) / shortest if shortest > 0 else 0.0


def _clock_offset_s(host: Host) -> float:
    """How far a host's clock is ahead of ours, by the quickest of a few answers (as NTP has it)."""
    best: tuple[float, float] | None = None
    for _ in range(5):
        before = time.monotonic()
        there = host.time_s()
        after = time.monotonic()
        if best is None or after - before < best[0]:
            best = (after - before, there - (before + after) / 2)
    if best is None:
        raise ValueError("a clock was not asked")
    return best[1]


def _sum(values: Sequence[int | None]) -> int | None:
    """Their sum; not known where one is not."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
