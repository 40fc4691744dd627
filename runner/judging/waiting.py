"""What the rate of a server must be whose requests all wait for one upstream. Pure.

A server that blocks has one request under way in each worker, so it answers one a delay::

    blocking:  workers / delay            async:  min(connections, workers x max_clients) / delay

Nothing else costs time in the model. What a request costs beside the delay makes the measured rate lower, and so does
the end of a load: it falls into a last wait of every connection, which is not counted (at most one delay's worth).
"""

from __future__ import annotations

from runner.record.adapter import Client

TOLERANCE = 0.05
"""How far a rate may be from its model, relative to it."""


def requests_per_second(
    client: Client, *, delay_us: int, connections: int, workers: int = 1, max_clients: int | None = None
) -> float | None:
    """The rate by the model; ``None`` without a delay, where nothing but the server's own work limits it.

    ``max_clients`` is what each worker may have under way at once, ``None`` for no limit.
    """
    if not delay_us:
        return None
    return under_way(client, connections=connections, workers=workers, max_clients=max_clients) * 1_000_000 / delay_us


def under_way(client: Client, *, connections: int, workers: int = 1, max_clients: int | None = None) -> int:
    """The most requests that a server can have under way at its upstream at once."""
    if client is Client.BLOCKING:
        return min(connections, workers)
    return connections if max_clients is None else min(connections, workers * max_clients)


def is_far(ratio: float) -> bool:
    """Whether a rate, over that of its model, is farther from 1 than it may be."""
    return abs(ratio - 1) > TOLERANCE
