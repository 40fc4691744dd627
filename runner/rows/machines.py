"""The machines of a run that was measured on several, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from runner.record.plaintext import counted
from runner.record.run import Run


def lines(run: Run) -> Iterator[str]:
    """On how many machines, what the way between them is like, and what was lost; nothing for one machine."""
    if run.cluster is None:
        return
    pairs = run.cluster.pairs
    links = [link for pair in pairs for link in pair.links]
    machines = "server and load on machines of their own"
    if links:
        slowest = max(link.round_trip_us for link in links)
        least = min(link.bytes_per_second for link in links)
        machines += f", round trip up to {slowest:.0f} µs, at least {least / 1e6:.0f} MB/s"
    yield f"{counted(len(pairs), 'pair')} of machines: {machines}" if len(pairs) > 1 else machines
    if run.cluster.losses:
        yield f"Lost and run again: {counted(len(run.cluster.losses), 'trial')}"
