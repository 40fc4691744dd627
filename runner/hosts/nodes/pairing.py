"""Which nodes of a cluster make pairs: a server's and its generators'. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """A node that is alive, by its address in the cluster's network, and what it may be."""

    address: str
    serves: bool
    loads: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """The nodes of a pair, by address. ``name`` is the same whenever the same nodes make it."""

    server: str
    generators: tuple[str, ...]

    @property
    def name(self) -> str:
        """The pair in the record."""
        return "+".join((self.server, *self.generators))

    @property
    def addresses(self) -> tuple[str, ...]:
        """All its nodes."""
        return (self.server, *self.generators)


def choose(nodes: Sequence[NodeSeen], generators: int, taken: Collection[str] = ()) -> tuple[Choice, ...]:
    """As many pairs as can be made, each with so many generators, of nodes that are not ``taken``.

    In the order of addresses, so that the same nodes make the same pairs again. A node that may be either is a server
    only where those that are servers alone do not do.
    """
    free = sorted((one for one in nodes if one.address not in taken), key=lambda one: _key(one.address))
    servers = [one.address for one in free if one.serves and not one.loads]
    loaders = [one.address for one in free if one.loads and not one.serves]
    either = [one.address for one in free if one.serves and one.loads]
    made: list[Choice] = []
    while True:
        needed = (0 if servers else 1) + max(0, generators - len(loaders))
        if needed > len(either) or not (servers or either):
            return tuple(made)
        server = (servers or either).pop(0)
        made.append(Choice(server, tuple((loaders or either).pop(0) for _ in range(generators))))


def _key(address: str) -> tuple[int, int | str]:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return 9, address
    return found.version, int(found)
