"""A run in the formats of other tools. Pure, but for Parquet, which a library writes.

Latencies leave as HdrHistogram's: its own three significant digits, from 1 µs on. Only trials whose figures count and
whose latency was proved are in there; :func:`left_out` names the cells that are therefore missing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from runner.judging import latency, verdict
from runner.record.adapter import interpreter
from runner.record.histogram import Histogram
from runner.record.jsontext import readable
from runner.record.plan import Cell, Headers
from runner.record.run import Run
from runner.record.trial import Trial, Verdict
from runner.report import quoting
from runner.report.markdown import escape
from runner.report.tables import standard
from runner.rows.cells import by_cell
from runner.rows.row import Row

if TYPE_CHECKING:
    from hdrh.histogram import HdrHistogram

SIGNIFICANT_DIGITS = 3
_MAX_VALUE_RATIO = 1000
"""Interval_Max of a log is in milliseconds where the values are microseconds."""


def proved(run: Run, trials: Sequence[Trial]) -> Mapping[Cell, tuple[Trial, ...]]:
    """The trials of each cell whose batch latency was measured and passed its proofs; no other cell is in it."""
    found = {}
    for cell, own in by_cell(run, trials).items():
        sound = tuple(one for one in own.used if (proofs := verdict.proofs(one)) is not None and proofs.problem is None)
        if sound and own.found.verdict.has_rate:
            found[cell] = sound
    return found


def left_out(run: Run, trials: Sequence[Trial]) -> tuple[str, ...]:
    """The ids of the run's cells that have no latency to hand over."""
    there = proved(run, trials)
    return tuple(cell.id for cell in run.cells if cell not in there)


def hdr_log(run: Run, trials: Sequence[Trial]) -> str:
    """An HdrHistogram log, version 1.3: a line a trial, tagged with its cell, V2 compressed; values in µs.

    https://github.com/HdrHistogram/HdrHistogram, ``HistogramLogWriter.java``.
    """
    lines = [
        f"#[Batch latency in microseconds of {run.id}, one histogram a trial]",
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {_epoch_s(run.created_at):.3f} (seconds since epoch), {run.created_at}]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]
    for cell, own in proved(run, trials).items():
        for trial in own:
            assert trial.load is not None  # noqa: S101 - what is proved was loaded
            made = hdr_histogram(trial.load.histogram)
            start, length = _epoch_s(trial.started_at), trial.load.duration_us / 1e6
            most = trial.load.histogram[-1][0] / _MAX_VALUE_RATIO
            lines.append(f"Tag={cell.id},{start:.3f},{length:.3f},{most:.3f},{made.encode().decode('ascii')}")
    return "\n".join(lines) + "\n"


def percentile_distributions(run: Run, trials: Sequence[Trial]) -> Mapping[str, str]:
    """A ``.hgrm`` text for each cell, by the file's name, as HdrHistogram's plotter reads it; values in µs."""
    found = {}
    for cell, own in proved(run, trials).items():
        merged = latency.merge([trial.load.histogram for trial in own if trial.load is not None])
        out = io.BytesIO()
        hdr_histogram(merged).output_percentile_distribution(out, 1.0)
        found[f"{cell.id}.hgrm"] = out.getvalue().decode("ascii")
    return found


def hdr_histogram(histogram: Histogram) -> HdrHistogram:
    """Our pairs as an HdrHistogram; a value of 0 µs, which it has no place for, counts as 1 µs."""
    from hdrh.histogram import HdrHistogram  # noqa: PLC0415 - only where one is wanted

    most = max(2, histogram[-1][0])
    made = HdrHistogram(1, most, SIGNIFICANT_DIGITS)
    for us, count in histogram:
        made.record_value(max(1, us), count)
    return made


def write_parquet(run: Run, trials: Sequence[Trial], path: Path) -> int:
    """Every trial as a row of a Parquet file; return how many.

    Flat: a field of the record within another is a column named by both, ``load_duration_us``; lists are columns of
    lists. Beside them ``run_id``, ``cell_id``, and what is derived: ``requests_per_second``, ``verdict`` and
    ``counted``, whether the trial's figures count. Needs the extra ``parquet``.
    """
    import pyarrow  # noqa: PLC0415 - large, and wanted here alone
    from pyarrow import parquet  # noqa: PLC0415

    fields = get_type_hints(Trial)
    counting = {id(one) for own in by_cell(run, trials).values() for one in own.used}
    rows = [
        {
            "run_id": run.id,
            "cell_id": trial.cell.id,
            "requests_per_second": trial.load.requests_per_second if trial.load is not None else None,
            "verdict": verdict.of_trial(trial).verdict.value,
            "counted": id(trial) in counting,
            **_flat(msgspec.to_builtins(trial, enc_hook=list), fields),
        }
        for trial in trials
    ]
    derived = {"run_id": str, "cell_id": str, "requests_per_second": float, "verdict": str, "counted": bool}
    own = dict(_columns(fields))
    schema = pyarrow.schema({name: _arrow_type(kind, pyarrow) for name, kind in {**derived, **own}.items()})
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), path, compression="zstd")
    return len(rows)


def benchmark_entries(run: Run, rows: Sequence[Row], trials: Sequence[Trial]) -> str:
    """Throughputs as github-action-benchmark's ``customBiggerIsBetter`` takes them: only those that are measured.

    The trials that an entry counts are those whose figures it is made of.
    """
    counting = {cell: len(own.used) for cell, own in by_cell(run, trials).items()}
    entries = []
    for row in rows:
        rate = row.requests_per_second
        if row.verdict is not Verdict.MEASURED or rate is None:
            continue
        entry: dict[str, object] = {"name": _name(row), "unit": "requests/s", "value": round(rate.mean)}
        if rate.high is not None and rate.low is not None:
            entry["range"] = f"± {round((rate.high - rate.low) / 2)}"
        counted = counting.get(row.cell, 0) if row.cell is not None else 0
        entry["extra"] = f"{counted} trials, {_versions(row)}, run {run.id}"
        entries.append(entry)
    return readable(entries)


def job_summary(run: Run, rows: Sequence[Row]) -> str:
    """The tables for the summary of a GitHub job: few columns, the notes folded away."""
    lines = [f"## {escape(run.id)}", "", *standard.markdown_summary(run, rows)]
    return "\n".join([*lines, quoting.comment(run, rows)])


def _name(row: Row) -> str:
    if row.depth is None:
        return row.title
    workers = f", {row.workers} workers" if (row.workers or 1) > 1 else ""
    fields = ", a browser's headers" if row.headers is Headers.BROWSER else ""
    variant = f" · {row.variant}" if row.variant else ""
    return f"{row.title}{variant}, depth {row.depth}, {row.connections} connections{workers}{fields}"


def _versions(row: Row) -> str:
    return f"{row.title} {row.version}" + (f", {interpreter(row.python, 'Python')}" if row.python else "")


def _epoch_s(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()


_PAIRS = ("latency_us", "samples")


def _columns(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The columns of a record and their types, the same whatever was measured."""
    for name, hint in fields.items():
        kind = _not_none(hint)
        if kind == Histogram:
            yield from ((f"{prefix}{name}_{part}", list[int]) for part in _PAIRS)
        elif is_dataclass(kind):
            yield from _columns(get_type_hints(kind), f"{prefix}{name}_")
        elif get_origin(kind) is tuple and is_dataclass(get_args(kind)[0]):
            parts = get_type_hints(get_args(kind)[0])
            yield from ((f"{prefix}{name}_{part}", list[part_kind]) for part, part_kind in parts.items())  # type: ignore[valid-type]
        else:
            yield prefix + name, kind


def _flat(record: Mapping[str, Any], fields: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A record's fields by the names of their columns; a list of records as a list of each of their fields."""
    flat: dict[str, Any] = {}
    for name, hint in fields.items():
        kind, value = _not_none(hint), record[name]
        if value is None:
            continue
        if kind == Histogram:
            flat |= {f"{prefix}{name}_{part}": [pair[place] for pair in value] for place, part in enumerate(_PAIRS)}
        elif is_dataclass(kind):
            flat |= _flat(value, get_type_hints(kind), f"{prefix}{name}_")
        elif get_origin(kind) is tuple and is_dataclass(inner := get_args(kind)[0]):
            flat |= {f"{prefix}{name}_{part}": [one[part] for one in value] for part in get_type_hints(inner)}
        else:
            flat[prefix + name] = value
    return flat


def _not_none(kind: Any) -> Any:
    """A type without the ``None`` that says "not measured"."""
    if get_origin(kind) in {Union, UnionType}:
        (kind,) = (one for one in get_args(kind) if one is not NoneType)
    return kind


def _arrow_type(kind: Any, pyarrow: Any) -> Any:
    """A column's type as Arrow's."""
    kind = _not_none(kind)
    if get_origin(kind) in {tuple, list}:
        return pyarrow.list_(_arrow_type(get_args(kind)[0], pyarrow))
    plain = {bool: pyarrow.bool_, int: pyarrow.int64, float: pyarrow.float64}
    return next((make() for base, make in plain.items() if kind is base), pyarrow.string())
