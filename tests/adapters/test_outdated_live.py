"""Newest releases asked of the real uv and Go, without a network: packages come from a folder of wheels made here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runner.adapters import metadata, outdated
from runner.adapters.outdated import State
from runner.errors import AdapterError, ToolError
from runner.suite import inquiries
from runner.suite.progress import Quiet
from tests import builders
from tests.adapters.test_environments_live import wheel

pytestmark = pytest.mark.live

HERE = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
BEFORE = "2099-01-01T00:00:00Z"
SCRIPT = """\
# /// script
# requires-python = "{here}"
# dependencies = ["tiny-thing==1.0", "tiny-other==1.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "x"
# distribution = "tiny-thing"
# kind = "framework"
# group = "{group}"
# homepage = "https://example.org"
# hold = {{ tiny-other = "a reason" }}
# ///
import asyncio
import os

import tiny_thing

OK = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 12\\r\\n\\r\\nHello world!"


class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(OK * min(data.count(b"\\r\\n\\r\\n"), {most}))


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, os.environ["HOST"], int(os.environ["PORT"]))
    await server.serve_forever()


asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No index, no download of interpreters, a cache of its own."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for version in ("1.0", "1.9", "1.10", "2.0rc1"):
        wheel(wheels, "tiny_thing", version)
        wheel(wheels, "tiny_other", version)
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("PIPEBENCH_CACHE", str(tmp_path / "cache"))


def put(root: Path, name: str = "x", *, group: str = "field", most: int = 99) -> Path:
    file = root / "frameworks" / name / "app.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SCRIPT.format(here=HERE, group=group, most=most), encoding="utf-8")
    return file


def test_the_newest_release_is_what_uv_says(tmp_path: Path) -> None:
    put(tmp_path)
    thing, other = outdated.look_up(metadata.discover(tmp_path), BEFORE, tmp_path)
    assert (thing.pinned, thing.newest, thing.state) == ("1.0", "1.10", State.OUTDATED)
    assert (other.newest, other.state, other.reason) == ("1.10", State.HELD, "a reason")


def test_one_without_an_interpreter_here_is_unknown(tmp_path: Path) -> None:
    adapter = builders.adapter(requires_python=">=3.99")
    (pin,) = outdated.look_up([adapter], BEFORE, tmp_path)
    assert (pin.state, pin.reason) == (State.UNKNOWN, "no CPython >=3.99 here")


def test_a_distribution_that_uv_does_not_find_is_named_on_one_line(tmp_path: Path) -> None:
    adapter = builders.adapter(requires_python=HERE, dependencies=("no-such-thing==1.0",))
    with pytest.raises(ToolError) as refused:
        outdated.look_up([adapter], BEFORE, tmp_path)
    assert "uv cannot look up releases for CPython " in str(refused.value)
    assert "no-such-thing" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_update_moves_the_script_and_tries_it(tmp_path: Path) -> None:
    file, other = put(tmp_path), put(tmp_path, "old", group="2017")
    before = other.read_text()
    found = inquiries.find_outdated((), tmp_path, Quiet(), update=True)
    assert [(pin.adapter, pin.state) for pin in found.pins] == [("x", State.OUTDATED), ("x", State.HELD)]
    assert [(tried.adapter, tried.failure) for tried in found.tried] == [("x", None)]
    assert '"tiny-thing==1.10", "tiny-other==1.0"' in file.read_text()
    assert f'exclude-newer = "{found.before}"' in file.read_text()
    assert other.read_text() == before
    assert inquiries.find_outdated((), tmp_path, Quiet(), update=True).tried == ()


def test_an_update_that_breaks_an_adapter_is_told(tmp_path: Path) -> None:
    put(tmp_path, most=1)
    (tried,) = inquiries.find_outdated((), tmp_path, Quiet(), update=True).tried
    assert tried.failure is not None
    assert tried.failure.startswith("stalled: 1 of 16 pipelined responses within")


def test_releases_of_2017_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, group="2017")
    with pytest.raises(AdapterError, match="none of x is in group"):
        inquiries.find_outdated(("x",), tmp_path, Quiet())
