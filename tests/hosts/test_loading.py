"""What of a load can be told without a server."""

from __future__ import annotations

from pathlib import Path

from runner.hosts import loading
from runner.load import wrk
from runner.record.trial import Address
from tests import builders


def test_a_recorded_command_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    record = tmp_path / "001-wrk.record"
    argv = wrk.argv(
        builders.cell(depth=5, connections=50),
        Address("127.0.0.1", 8080),
        threads=1,
        duration_s=1,
        timeout_s=60,
        record=record,
    )
    shown = loading.portable(argv, record)
    assert shown == (
        *("wrk", "-t1", "-c50", "-d1s", "--timeout=60s", "--latency", "-s", "lua/pipeline.lua"),
        *("http://127.0.0.1:8080", "--", "5", "001-wrk.record"),
    )


def test_it_names_none_in_an_option_either(tmp_path: Path) -> None:
    record = tmp_path / "001-h2load.record"
    assert loading.portable(("h2load", f"--log-file={record}"), record) == ("h2load", "--log-file=001-h2load.record")
