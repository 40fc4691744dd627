"""Nodes by Ray: the one module that knows it. Pairs are placement groups, and on each node of one an actor is kept.

Ray is an optional extra and is imported only where a cluster was asked for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import runner
from runner import project
from runner.errors import ToolError
from runner.hosts.host import HostLostError
from runner.hosts.nodes import keeper
from runner.hosts.nodes.keeper import Keeper, Parcel
from runner.hosts.nodes.node import ADAPTERS
from runner.hosts.nodes.pairing import Choice, NodeSeen, choose
from runner.hosts.place import Place
from runner.hosts.remote import PATIENCE_S, Remote

GUIDE = "docs/cluster.md"
INSTALL = "pip install 'async-pipeline-bench[cluster]'"
SERVER, GENERATOR = "server", "generator"
"""Ray's custom resources that say what a node may be: one of each is one place."""
GROUP_PATIENCE_S = 30.0
"""How long a placement group may take, in seconds; another job may hold its nodes."""
HEAD_PATIENCE_S = 15.0
"""How long the head may not answer, in seconds. After 60 Ray ends this process, with a line of its own."""
HEAD_LOOK_S = 2.0


def require() -> None:
    """Raise :class:`ToolError` where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise ToolError(f"--cluster needs Ray, which is not installed: {INSTALL}")


def parcel(root: Path) -> Parcel:
    """What nodes need of ours: the suite, its Lua script and Go programs, and the adapters below ``root``."""
    folders = [
        (Path(runner.__file__).parent, "runner"),
        (project.ROOT / "lua", "lua"),
        (project.ROOT / "go", "go"),
        *((root / name, f"{ADAPTERS}/{name}" if root != project.ROOT else name) for name in ("frameworks", "go")),
    ]
    return keeper.pack(dict.fromkeys(one for one in folders if one[0].is_dir()))


@dataclass(slots=True)
class Kept:
    """A pair that is ours: its nodes as hosts, and how to ask them more than hosts are asked."""

    choice: Choice
    actors: dict[str, Any]
    group: Any
    lost: threading.Event = field(default_factory=threading.Event)

    def ask(self, address: str, name: str, *arguments: Any, patience_s: float = PATIENCE_S) -> Any:
        """Ask one of the nodes; see :class:`runner.hosts.remote.Asking`."""
        return _ask(self.actors[address], address, name, arguments, patience_s)

    def place(self, folder: Path) -> Place:
        """Where trials run; logs are written below ``folder``."""

        def host(address: str) -> Remote:
            def ask(name: str, arguments: tuple[Any, ...], patience_s: float) -> Any:
                return _ask(self.actors[address], address, name, arguments, patience_s)

            return Remote(ask, folder)

        return Place(
            host(self.choice.server), tuple(host(one) for one in self.choice.generators), pair=self.choice.name
        )


class Cluster:
    """The cluster that a run is measured on, while it is."""

    def __init__(self, ray: Any, parcel: Parcel) -> None:
        self._ray = ray
        self._actor = ray.remote(Keeper)
        self._parcel = ray.put(parcel.content)
        self._digest = parcel.digest
        self._head: str = ray.get_runtime_context().gcs_address
        self._silent_since: float | None = None

    def silence(self) -> str | None:
        """Why the head does not answer; ``None`` where it does. Without one, what is asked of it is waited for."""
        host, _, port = self._head.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=HEAD_LOOK_S).close()
        except OSError as error:
            return error.strerror or str(error)
        return None

    def head_answers(self) -> bool:
        """Whether the head does; raises :class:`ToolError` where it has not for :data:`HEAD_PATIENCE_S`."""
        why, now = self.silence(), time.monotonic()
        self._silent_since = None if why is None else self._silent_since or now
        if self._silent_since is not None and now - self._silent_since > HEAD_PATIENCE_S:
            raise ToolError(f"the head of the cluster, {self._head}, has not answered for {HEAD_PATIENCE_S:g} s: {why}")
        return why is None

    def choices(self, generators: int, taken: Collection[str] = ()) -> tuple[Choice, ...]:
        """The pairs that can be made of nodes which are alive and not ``taken``."""
        seen: dict[str, NodeSeen] = {}
        for node in self._ray.nodes():
            if node["Alive"]:
                has, address = node["Resources"], node["NodeManagerAddress"]
                seen[address] = NodeSeen(address, has.get(SERVER, 0) >= 1, has.get(GENERATOR, 0) >= 1)
        return choose(list(seen.values()), generators, taken)

    def keep(self, choice: Choice) -> Kept:
        """Take a pair: reserve its nodes and start an actor on each.

        Raises :class:`HostLostError` where a node is held by another job or is gone, :class:`ToolError` where one
        cannot run the suite.
        """
        from ray.util.placement_group import placement_group  # noqa: PLC0415 - only with a cluster
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy  # noqa: PLC0415

        roles = [(choice.server, SERVER), *((address, GENERATOR) for address in choice.generators)]
        bundles = [{role: 1, f"node:{address}": 0.001} for address, role in roles]
        group = placement_group(bundles, strategy="STRICT_SPREAD")
        if not group.wait(GROUP_PATIENCE_S):
            self._remove(group)
            raise HostLostError(f"{choice.name} is held by another job, or a node of it is gone")
        actors = {
            address: self._actor.options(
                num_cpus=0,
                resources={role: 1},
                scheduling_strategy=PlacementGroupSchedulingStrategy(group, number),
            ).remote(self._parcel, self._digest, address)
            for number, (address, role) in enumerate(roles)
        }
        kept = Kept(choice, actors, group)
        try:
            for address in choice.addresses:
                kept.ask(address, "time_s")
        except BaseException:
            self.release(kept)
            raise
        return kept

    def release(self, kept: Kept) -> None:
        """Give a pair back. Whatever still runs there ends."""
        headless = self.silence() is not None
        for address, actor in kept.actors.items():
            with contextlib.suppress(HostLostError):
                if not kept.lost.is_set():
                    kept.ask(address, "close", patience_s=10.0)
            if not headless:
                self._ray.kill(actor)
        if not headless:
            self._remove(kept.group)

    def _remove(self, group: Any) -> None:
        from ray.util.placement_group import remove_placement_group  # noqa: PLC0415 - only with a cluster

        remove_placement_group(group)


def _ask(actor: Any, address: str, name: str, arguments: tuple[Any, ...], patience_s: float) -> Any:
    import ray  # noqa: PLC0415 - only with a cluster
    from ray import exceptions  # noqa: PLC0415

    try:
        kind, found = ray.get(actor.ask.remote(name, arguments), timeout=patience_s)
    except exceptions.GetTimeoutError:
        raise HostLostError(f"{address} gave no answer to '{name}' within {patience_s:g} s") from None
    except exceptions.RayActorError as error:
        raise _why_gone(address, str(error)) from None
    except (exceptions.RaySystemError, exceptions.NodeDiedError, exceptions.ObjectLostError) as error:
        raise HostLostError(f"{address} is gone: {_first_line(str(error))}") from None
    if kind == "raised":
        raise found
    return found


def _why_gone(address: str, said: str) -> ToolError | HostLostError:
    """What Ray says of an actor that died, in one line: while it began, or since."""
    missing = next((line for line in said.splitlines() if "ModuleNotFoundError" in line or "ImportError" in line), None)
    if missing is not None:
        return ToolError(f"{address} cannot run the suite: {missing.strip()}: {INSTALL} there")
    reason = next((line for line in said.splitlines() if "died" in line or "killed" in line or "exit" in line), said)
    return HostLostError(f"{address} is gone: {_first_line(reason)}")


def token_at_hand() -> bool:
    """Whether this machine has a token for Ray, in one of the three places that its documentation names."""
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    return "RAY_AUTH_TOKEN" in os.environ or Path(named or Path.home() / ".ray" / "auth_token").is_file()


def why_not_joined(address: str, said: str) -> ToolError:
    """What to tell where Ray ``said`` that it could not be joined, of which it has several ways."""
    if "token" in said.lower():
        return ToolError(
            f"the cluster at '{address}' asks for a token, and this machine has none or another: "
            f"copy the head's ~/.ray/auth_token here, and see {GUIDE}"
        )
    return ToolError(
        f"there is no cluster at '{address}' that this machine is a node of ({_first_line(said)}): "
        f"run `ray start` on it first, with the head's token if that asks for one, as {GUIDE} says"
    )


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:200] if lines else "no reason given"


@contextmanager
def connected(address: str, root: Path) -> Iterator[Cluster]:
    """The cluster at an address, ``auto`` for the one that this machine is a node of; left again at the end.

    Raises :class:`ToolError` where there is none.
    """
    require()
    # Ray would start workers by `uv run` in a copy of the working folder where this process was started by it.
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    if token_at_hand():  # a head asks for one where it finds it; others do not, unless they are told to
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    import ray  # noqa: PLC0415 - an optional extra, which takes a second
    from ray import cloudpickle  # noqa: PLC0415

    cloudpickle.register_pickle_by_value(keeper)  # type: ignore[no-untyped-call]
    heeded = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.AuthenticationError) as error:
        raise why_not_joined(address, str(error)) from None
    signal.signal(signal.SIGTERM, heeded)  # Ray's own prints a stack and ends at once
    try:
        yield Cluster(ray, parcel(root))
    finally:
        ray.shutdown()
