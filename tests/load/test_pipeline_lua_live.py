"""``lua/pipeline.lua`` with the real wrk: what it sends, what it prints, what it records, and how it falls back."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner import project
from runner.conformance import check
from runner.judging import latency
from runner.load import wrk
from runner.record.trial import Address, Load
from runner.serving import server
from tests import builders
from tests.conformance.test_check_live import Handler, serving
from tests.programs import PATIENCE_S
from tests.serving.test_server_live import toy
from tests.toys import END, OK

pytestmark = pytest.mark.live

REPORT = re.compile(
    r"""
    Running\ 1s\ test\ @\ http://\S+
  | \ +1\ threads\ and\ \d+\ connections
  | \ +Thread\ Stats\ +Avg\ +Stdev\ +Max\ +\+/-\ Stdev
  | \ +(Latency|Req/Sec)(\ +-?(\d+\.\d+|-?nan)\w*%?){4}
  | \ +Latency\ Distribution
  | \ +(50|75|90|99)%\ +\d+\.\d\d\w+
  | \ +(?P<requests>\d+)\ requests\ in\ \S+,\ \S+\ read
  | (Requests|Transfer)/sec:\ +\S+
    """,
    re.VERBOSE,
)
"""Every line that wrk prints of itself."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with server.running(toy("Good"), log=tmp_path_factory.mktemp("good") / "log") as started:
        yield started.address


@pytest.fixture
def sleepy(tmp_path: Path) -> Iterator[Address]:
    """Takes 20 ms for any batch, five times the interval that wrk expects at depth 5: phantoms lie below min."""
    with server.running(toy("Sleeps"), log=tmp_path / "log") as started:
        yield started.address


def run(
    address: Address, *arguments: object, script: Path = wrk.SCRIPT, connections: int = 5
) -> subprocess.CompletedProcess[str]:
    command = ["wrk", "-t1", f"-c{connections}", "-d1s", "--latency", "-s", str(script), address.url, "--"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def requests_printed(stdout: str) -> int:
    """The number of requests in wrk's report, of which every line must be wrk's own."""
    found = [REPORT.fullmatch(line) for line in stdout.splitlines()]
    assert all(found), [line for line, match in zip(stdout.splitlines(), found, strict=True) if not match]
    (count,) = [int(match["requests"]) for match in found if match and match["requests"]]
    return count


class TestByHand:
    @pytest.mark.parametrize("depth", [(), (1,)])
    def test_at_depth_1_wrk_says_all_there_is(self, address: Address, depth: tuple[int, ...]) -> None:
        done = run(address, *depth)
        assert (done.returncode, done.stderr) == (0, "")
        assert requests_printed(done.stdout) > 0

    def test_deeper_a_note_on_stderr_says_that_its_latency_is_not_true(self, address: Address) -> None:
        done = run(address, 5)
        assert done.returncode == 0
        assert requests_printed(done.stdout) > 0
        (note,) = done.stderr.splitlines()
        assert note.startswith("pipeline.lua: at depth 5 wrk's latency above is not true")
        assert (wrk.SCRIPT.parents[1] / note.split()[-1]).name == "methodology.md"

    @pytest.mark.parametrize("depth", ["0", "-1", "1.5", "deep", "", "nan", "inf", "1e999"])
    def test_what_is_no_depth_is_refused_in_one_line(self, address: Address, depth: str) -> None:
        done = run(address, depth)
        assert done.returncode == 2
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert line == f"pipeline.lua: depth is '{depth}': expected a whole number of at least 1, after --"


class TestRequests:
    @pytest.mark.parametrize("depth", [1, 5])
    def test_a_batch_is_so_many_whole_requests_and_the_next_waits_for_all_their_answers(self, depth: int) -> None:
        batches: list[bytes] = []

        def handle(connection: Any, _number: int) -> None:
            while data := connection.recv(65_536):
                batches.append(data)
                connection.sendall(OK * data.count(END))

        handler: Handler = handle
        with serving(handler) as address:
            done = run(address, depth, connections=1)
        assert requests_printed(done.stdout) > 10 * depth
        assert set(batches) == {check.request(address) * depth}

    @pytest.mark.parametrize("depth", [1, 5])
    def test_fields_of_a_file_stand_behind_the_host_of_each(self, depth: int) -> None:
        batches: list[bytes] = []

        def handle(connection: Any, _number: int) -> None:
            while data := connection.recv(262_144):
                batches.append(data)
                connection.sendall(OK * data.count(END))

        handler: Handler = handle
        with serving(handler) as address:
            done = run(address, depth, "", "", project.BROWSER_FIELDS, connections=1)
        assert (done.returncode, requests_printed(done.stdout) > 10 * depth) == (0, True)
        fields = project.BROWSER_FIELDS.read_text().splitlines()
        assert set(batches) == {check.request(address, fields) * depth}

    def test_fields_that_cannot_be_read_are_refused_in_one_line(self, address: Address) -> None:
        done = run(address, 1, "", "", "/no/such/file")
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert line == "pipeline.lua: cannot read header fields: /no/such/file: No such file or directory"


class TestRecord:
    @pytest.mark.parametrize("depth", [1, 5, 16])
    def test_it_holds_what_wrk_counted_and_its_recovery_is_proved(
        self, address: Address, tmp_path: Path, depth: int
    ) -> None:
        record = tmp_path / "record.json"
        done = run(address, depth, record)
        assert (done.returncode, done.stderr) == (0, "")
        read = json.loads(record.read_text())
        assert (read["version"], read["depth"], read["source"]) == (wrk.RECORD_VERSION, depth, "ffi")
        assert read["fallback_reason"] is None
        assert read["requests"] == requests_printed(done.stdout)
        assert read["errors"] == {"connect": 0, "read": 0, "write": 0, "timeout": 0, "status": 0}
        assert read["bytes"] == pytest.approx(read["requests"] * len(OK), rel=0.01)
        assert read["count"] == sum(count for _, count in read["array"])
        assert [value for value, _ in read["array"]] == sorted({value for value, _ in read["array"]})
        assert 0 < read["cpu_ns"] <= 1.2 * 1000 * read["duration_us"]
        assert 1 <= read["active_intervals"] <= 12
        load = _parsed(record)
        proofs = latency.prove(
            load.histogram,
            duration_us=load.duration_us,
            requests=load.requests,
            connections=5,
            depth=depth,
            reconnects=0,
        )
        assert (proofs.negative, proofs.samples > 0) == (0, True)
        assert 0 <= proofs.missing <= proofs.allowed
        assert load.histogram[0][0] == read["wrk"]["min"]
        assert load.histogram[-1][0] == read["wrk"]["max"]

    def test_wrks_own_percentiles_come_from_the_array_it_altered(self, address: Address, tmp_path: Path) -> None:
        """What the record says that wrk printed follows from the array, looked up as wrk does (stats.c)."""
        record = tmp_path / "record.json"
        run(address, 5, record)
        read = json.loads(record.read_text())
        visible = [pair for pair in read["array"] if pair[0] >= read["wrk"]["min"]]
        for percent in (50, 75, 90, 99):
            rank, seen, found = math.floor(percent / 100 * read["count"] + 0.5 + 0.5), 0, 0  # as C rounds
            for value, count in visible:
                seen += count
                if seen >= rank:
                    found = value
                    break
            assert read["wrk"][f"p{percent}"] == found

    def test_where_it_cannot_be_written_that_is_one_line(self, address: Address, tmp_path: Path) -> None:
        done = run(address, 5, tmp_path / "absent" / "record.json")
        assert done.returncode == wrk.CANNOT_RECORD
        (line,) = done.stderr.splitlines()
        assert line.startswith("pipeline.lua: cannot write the record: ")
        assert "No such file or directory" in line

    def test_nor_on_a_full_disk(self, address: Address) -> None:
        done = run(address, 1, "/dev/full")
        assert done.returncode == wrk.CANNOT_RECORD
        assert done.stderr.splitlines() == ["pipeline.lua: cannot write the record /dev/full"]


class TestFallback:
    def test_the_script_api_tells_the_same(self, sleepy: Address, tmp_path: Path) -> None:
        """One load, recorded by both: the script is read twice, the second time without LuaJIT's ffi."""
        both = tmp_path / "both.lua"
        both.write_text(
            f"""
            dofile("{wrk.SCRIPT}")
            local by_ffi, setup_ffi = done, setup
            package.loaded.ffi, package.preload.ffi = nil, function() error("no ffi here") end
            dofile("{wrk.SCRIPT}")
            local by_api, setup_api = done, setup
            function setup(thread) setup_ffi(thread); setup_api(thread) end
            function done(...)
                by_ffi(...)
                os.rename("{tmp_path}/record.json", "{tmp_path}/ffi.json")
                by_api(...)
            end
            """
        )
        done = run(sleepy, 5, tmp_path / "record.json", script=both)
        assert (done.returncode, done.stderr) == (0, "")
        first, second = (json.loads((tmp_path / name).read_text()) for name in ("ffi.json", "record.json"))
        assert (first["source"], second["source"]) == ("ffi", "api")
        assert second["fallback_reason"] == "no LuaJIT ffi"
        assert (second["cpu_ns"], second["active_intervals"], second["count"]) == (None, None, None)
        assert first["wrk"] == second["wrk"]
        assert second["array"] == [pair for pair in first["array"] if pair[0] >= first["wrk"]["min"]]
        assert len(second["array"]) < len(first["array"]), "there were phantoms below min, or this shows nothing"
        assert _parsed(tmp_path / "ffi.json").histogram == _parsed(tmp_path / "record.json").histogram

    def test_so_it_does_where_the_struct_is_another(self, sleepy: Address, tmp_path: Path) -> None:
        """A wrk whose ``stats`` begins otherwise: what is read does not agree with the script API."""
        other = tmp_path / "other.lua"
        text = wrk.SCRIPT.read_text()
        assert "count, limit, min, max" in text
        other.write_text(text.replace("count, limit, min, max", "count, limit, max, min"))
        done = run(sleepy, 5, tmp_path / "record.json", script=other)
        assert (done.returncode, done.stderr) == (0, "")
        read = json.loads((tmp_path / "record.json").read_text())
        assert read["source"] == "api"
        assert "min or max differ" in read["fallback_reason"]
        assert _parsed(tmp_path / "record.json").histogram[0][0] == read["wrk"]["min"]


class TestVerification:
    def test_every_response_is_read(self, address: Address, tmp_path: Path) -> None:
        done = run(address, 5, tmp_path / "record.json", "Hello world!")
        read = json.loads((tmp_path / "record.json").read_text())
        assert (done.returncode, done.stderr) == (0, "")
        assert read["verified"]["wrong"] == 0
        assert read["verified"]["first"] is None
        assert read["requests"] <= read["verified"]["responses"] <= read["requests"] + 5 * 5

    def test_and_what_is_wrong_with_the_first_wrong_one_is_told(self, address: Address, tmp_path: Path) -> None:
        run(address, 5, tmp_path / "record.json", "Hello?")
        read = json.loads((tmp_path / "record.json").read_text())
        assert read["verified"]["wrong"] == read["verified"]["responses"] > 0
        assert read["verified"]["first"] == "body 'Hello world!'"

    def test_a_load_that_measures_verifies_nothing(self, address: Address, tmp_path: Path) -> None:
        run(address, 5, tmp_path / "record.json")
        assert json.loads((tmp_path / "record.json").read_text())["verified"] is None


def _parsed(record: Path) -> Load:
    return wrk.parse(record.read_text(), argv=("wrk",), threads=1, connections=5)


def test_the_command_of_a_cell_runs(address: Address, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    argv = wrk.argv(
        builders.cell(depth=16, connections=4), address, threads=2, duration_s=1, timeout_s=60, record=record
    )
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=sys.stderr, timeout=PATIENCE_S, check=True)
    read = json.loads(record.read_text())
    assert read["depth"] == 16
    assert 2 <= read["active_intervals"] <= 24
