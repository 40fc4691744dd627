"""What is done where the cluster's head does not answer. Ray is not needed for it."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from runner.errors import ToolError
from runner.hosts.nodes.cluster import HEAD_PATIENCE_S, Cluster, Kept
from runner.hosts.nodes.keeper import Parcel
from runner.hosts.nodes.pairing import Choice


class Ray:
    """As much of Ray as it takes; ``asked`` holds what was asked of a head."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.asked: list[str] = []

    def remote(self, actor: object) -> object:
        return actor

    def put(self, content: object) -> object:
        return content

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(gcs_address=self._address)

    def kill(self, _actor: object) -> None:
        self.asked.append("kill")


def test_a_head_that_is_silent_for_long_ends_the_run_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        found = Cluster(Ray(address), Parcel("", b""))
        assert found.head_answers()
    assert not found.head_answers()  # which may pass
    now += HEAD_PATIENCE_S - 1
    assert not found.head_answers()
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        assert found.head_answers()
    assert not found.head_answers()
    now += HEAD_PATIENCE_S + 1
    with pytest.raises(ToolError, match=rf"^the head of the cluster, {address}, has not answered for 15 s: Connection"):
        found.head_answers()


@pytest.mark.parametrize(("headless", "asked"), [(False, ["kill", "kill", "remove"]), (True, [])])
def test_nothing_is_asked_of_a_head_that_is_gone(
    headless: bool, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = Ray("127.0.0.1:1")
    found = Cluster(ray, Parcel("", b""))
    monkeypatch.setattr(found, "_remove", lambda _group: ray.asked.append("remove"))
    monkeypatch.setattr(found, "silence", lambda: "Connection refused" if headless else None)
    kept = Kept(Choice("10.0.0.1", ("10.0.0.2",)), {"10.0.0.1": object(), "10.0.0.2": object()}, object())
    kept.lost.set()
    found.release(kept)
    assert ray.asked == asked
