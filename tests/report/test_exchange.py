"""What leaves the suite is what its record says, read back with the libraries of those who take it."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from click.testing import CliRunner
from hdrh.histogram import HdrHistogram
from pyarrow import parquet

from runner.cli.main import cli
from runner.judging import latency
from runner.record import store
from runner.record.histogram import Histogram
from runner.record.trial import Failure, Verdict
from runner.report import exchange
from runner.report.charts import charts
from runner.rows.rows import rows
from tests import builders

HISTOGRAM = Histogram.of([(0, 2), (900, 5), (2500, 19000), (2507, 990), (61_234, 3)])
SLOW = replace(builders.load(), histogram=HISTOGRAM)
RUN = builders.run()
TRIALS = tuple(builders.trial(number=n, round=n) for n in (1, 2, 3))


def test_an_hdr_histogram_holds_every_sample_to_three_digits() -> None:
    made = exchange.hdr_histogram(HISTOGRAM)
    assert made.get_total_count() == sum(count for _, count in HISTOGRAM)
    for percent in (0.01, 25, 50, 90, 99, 99.9, 100):
        us = latency.percentile_us(HISTOGRAM, percent)
        assert us is not None
        assert made.get_value_at_percentile(percent) == pytest.approx(max(1, us), rel=1e-3)
    assert made.get_mean_value() == pytest.approx(latency.mean_us(HISTOGRAM), rel=1e-3)


def test_a_log_has_a_line_a_trial_that_hdr_histogram_decodes() -> None:
    lines = [line for line in exchange.hdr_log(RUN, TRIALS).splitlines() if line.startswith("Tag=")]
    assert len(lines) == len(TRIALS)
    for line in lines:
        tag, start, length, most, payload = line.split(",")
        assert tag == f"Tag={builders.cell().id}"
        assert float(start) == 1_795_219_200.0
        assert float(length) == 1.0
        assert float(most) == builders.BATCH_US / 1000
        decoded = HdrHistogram.decode(payload)
        assert decoded.get_total_count() == builders.BATCHES
        assert decoded.get_value_at_percentile(50) == pytest.approx(builders.BATCH_US, rel=1e-3)


def test_a_percentile_distribution_sums_the_trials_of_its_cell() -> None:
    ((name, text),) = exchange.percentile_distributions(RUN, TRIALS).items()
    assert name == f"{builders.cell().id}.hgrm"
    assert text.split()[:4] == ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"]
    assert f"{3 * builders.BATCHES}.000]" in text


def test_what_failed_or_was_not_proved_is_left_out_and_named() -> None:
    crashed = tuple(replace(one, failure=Failure(Verdict.CRASHED, "killed by SIGSEGV")) for one in TRIALS)
    lost = tuple(replace(one, load=builders.load(histogram=((2500, 5),))) for one in TRIALS)
    for trials in (crashed, lost, ()):
        assert "Tag=" not in exchange.hdr_log(RUN, trials)
        assert exchange.percentile_distributions(RUN, trials) == {}
        assert exchange.left_out(RUN, trials) == (builders.cell().id,)
    assert exchange.left_out(RUN, TRIALS) == ()


def test_parquet_has_a_flat_row_for_every_trial_with_every_key_of_the_record(tmp_path: Path) -> None:
    failed = builders.trial(number=4, load=None, server=None, failure=Failure(Verdict.REFUSED, "no"), exit=None)
    assert exchange.write_parquet(RUN, (*TRIALS, failed), tmp_path / "trials.parquet") == 4
    exchange.write_parquet(RUN, (failed,), tmp_path / "other.parquet")
    found = parquet.read_table(tmp_path / "trials.parquet")
    assert found.schema == parquet.read_table(tmp_path / "other.parquet").schema
    assert not [field for field in found.schema if pyarrow.types.is_struct(field.type)]
    records = found.to_pylist()
    assert [record["number"] for record in records] == [1, 2, 3, 4]
    first, last = records[0], records[3]
    assert TRIALS[0].load is not None
    assert first["requests_per_second"] == TRIALS[0].load.requests_per_second
    assert (first["cell_depth"], first["load_requests"], first["load_errors_timeout"]) == (5, 5 * builders.BATCHES, 0)
    assert (first["load_histogram_latency_us"], first["load_histogram_samples"]) == (
        [builders.BATCH_US],
        [builders.BATCHES],
    )
    assert (first["verdict"], first["counted"], first["errors_text"]) == ("measured", True, [])
    assert (last["requests_per_second"], last["load_requests"], last["verdict"]) == (None, None, "refused")
    assert (last["failure_verdict"], last["failure_reason"]) == ("refused", "no")
    top = {name.partition("_")[0] for name in first}
    assert {field.partition("_")[0] for field in builders.trial().__dataclass_fields__} <= top


def test_benchmark_entries_are_of_measured_rows_alone() -> None:
    bound = replace(builders.load(), cpu_ns=builders.SECOND_NS)
    cells = builders.cell(), builders.cell(depth=16)
    busy = tuple(
        builders.trial(
            cell=cells[1], number=n, round=n, load=bound, server=replace(builders.server_usage(), cpu_ns=10**8)
        )
        for n in (1, 2, 3)
    )
    found = rows(builders.run(cells=cells), (*TRIALS, *busy))
    assert {row.verdict for row in found} == {Verdict.MEASURED, Verdict.GENERATOR_BOUND}
    (entry,) = json.loads(exchange.benchmark_entries(RUN, found, (*TRIALS, *busy)))
    assert entry["name"] == "aiohttp, depth 5, 50 connections"
    assert entry["unit"] == "requests/s"
    assert entry["value"] == 5 * builders.BATCHES
    assert "Python 3.13.0" in entry["extra"]


def test_a_benchmark_entry_counts_the_trials_that_counted() -> None:
    shaken = builders.surroundings(other_cpu_ns=builders.SECOND_NS // 2)
    trials = (*TRIALS, builders.trial(number=4, surroundings=shaken))
    (row,) = rows(RUN, trials)
    (entry,) = json.loads(exchange.benchmark_entries(RUN, (row,), trials))
    assert row.trials == 4
    assert entry["extra"].startswith("3 trials, ")


def test_a_job_summary_escapes_what_logs_say() -> None:
    errors = (builders.log_error(text="<script>alert(1)</script> | x"),)
    found = rows(RUN, tuple(replace(one, errors=errors) for one in TRIALS))
    text = exchange.job_summary(RUN, found)
    assert "<script>" not in text
    assert "alert(1)" in text
    assert "| aiohttp |" in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = store.create(tmp_path, RUN.id)
    made.write_run(RUN)
    for trial in TRIALS:
        made.append(trial)
    return made.path


def export(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["export", *arguments])


def test_the_command_writes_each_format(folder: Path, tmp_path: Path) -> None:
    for name, target in (("hdr-log", "x.hlog"), ("hgrm", "percentiles"), ("parquet", "x.parquet")):
        result = export(str(folder), "--format", name, "--output", str(tmp_path / target))
        assert (result.exit_code, result.stdout) == (0, "")
        assert (tmp_path / target).exists()
        assert result.stderr.startswith(f"pipebench: wrote {tmp_path / target}: ")
    assert len(list((tmp_path / "percentiles").iterdir())) == 1
    assert export(str(folder), "--format", "hdr-log").stdout == (tmp_path / "x.hlog").read_text()
    assert json.loads(export(str(folder), "--format", "benchmark-json").stdout)
    assert export(str(folder), "--format", "github-summary").stdout.startswith("## ")


@pytest.mark.parametrize(("format_", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG\r\n")])
def test_the_command_writes_every_chart_as_a_picture(folder: Path, tmp_path: Path, format_: str, begins: bytes) -> None:
    drawn = {}
    for paper in ((), ("--dark",)):
        result = export(str(folder), "--format", format_, *paper, "--output", str(tmp_path / "charts"))
        assert (result.exit_code, result.stdout) == (0, "")
        drawn[paper] = {path.name: path.read_bytes() for path in (tmp_path / "charts").iterdir()}
        assert drawn[paper].keys() == {
            f"{one.name}.{format_}" for one in charts.drawings(RUN, rows(RUN, TRIALS), TRIALS)
        }
        assert all(content.startswith(begins) for content in drawn[paper].values())
        count = len(drawn[paper])
        assert result.stderr.startswith(f"pipebench: wrote {tmp_path / 'charts'}: {count} files: overview.{format_}, ")
    assert all(drawn[()][name] != dark for name, dark in drawn["--dark",].items())


@pytest.mark.parametrize("format_", ["hdr-log", "hgrm", "svg", "parquet"])
def test_what_cannot_be_written_is_said_in_one_line(folder: Path, tmp_path: Path, format_: str) -> None:
    (tmp_path / "file").write_text("")
    result = export(str(folder), "--format", format_, "--output", str(tmp_path / "file" / "x"))
    assert result.exit_code == 2
    assert f"cannot write {tmp_path / 'file' / 'x'}" in result.stderr.splitlines()[-1]


def test_paper_is_for_charts(folder: Path) -> None:
    assert "--dark is for charts" in export(str(folder), "--format", "hdr-log", "--dark").stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "hdr-log", "--width", "600"), "--width is for charts"),
        (("--format", "parquet", "--output", "x", "--chart", "overview"), "--chart is for charts"),
        (("--format", "svg", "--output", "x", "--scale", "3"), "--scale is for --format png"),
        (("--format", "svg", "--output", "x", "--chart", "nope"), "no chart of"),
        (("--format", "csv"), "Invalid value for '--format'"),
        (("--format", "benchmark-json", "--only", "nope"), "no adapter of"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(folder: Path, options: tuple[str, ...], said: str) -> None:
    result = export(str(folder), *options)
    assert result.exit_code != 0
    assert said in (result.stderr or str(result.exception))


def test_one_chart_as_wide_and_as_fine_as_it_is_wanted(folder: Path, tmp_path: Path) -> None:
    def size(*options: str) -> tuple[int, int]:
        out = tmp_path / "-".join(["charts", *options])
        result = export(str(folder), "--format", "png", "--chart", "over*", "--output", str(out), *options)
        assert result.exit_code == 0, result.output
        (path,) = out.iterdir()
        width, height = struct.unpack(">II", path.read_bytes()[16:24])
        return width, height

    usual, wide, fine = size(), size("--width", "830"), size("--scale", "4")
    assert wide[0] - usual[0] == pytest.approx(2 * (830 - 480), abs=4)
    assert fine == pytest.approx((2 * usual[0], 2 * usual[1]), abs=4)


def test_what_is_no_text_wants_a_file(folder: Path) -> None:
    assert "needs --output" in export(str(folder), "--format", "parquet").stderr
    assert export(str(folder), "--format", "hgrm").exit_code == 2
