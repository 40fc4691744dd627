"""What is done where the cluster's head does not answer. Ray is not needed for it."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.errors import ToolError
from runner.hosts.nodes.cluster import HEAD_PATIENCE_S, Cluster, Kept, token_at_hand, why_not_joined
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


@pytest.mark.parametrize("place", [None, "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "home"])
def test_a_token_is_found_where_ray_looks_for_one(
    place: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / ("other" if place == "RAY_AUTH_TOKEN_PATH" else ".ray/auth_token")
    if place == "RAY_AUTH_TOKEN":
        monkeypatch.setenv(place, "7f" * 32)
    elif place is not None:
        file.parent.mkdir(exist_ok=True)
        file.write_text("7f" * 32)
        if place != "home":
            monkeypatch.setenv(place, str(file))
    assert token_at_hand() == (place is not None)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Failed to connect to GCS\nRPC error: InvalidAuthToken: token is missing", "asks for a token"),
        ("Failed to connect to Ray cluster at 10.0.0.1:6379", r"no cluster at '10\.0\.0\.1:6379' .* run `ray start`"),
    ],
)
def test_a_cluster_that_cannot_be_joined_is_told_in_one_line(said: str, told: str) -> None:
    found = str(why_not_joined("10.0.0.1:6379", said))
    assert re.search(told, found)
    assert "\n" not in found
