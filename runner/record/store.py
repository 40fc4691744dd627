"""``results/``: a run is a folder of ``run.json``, ``trials.jsonl`` and ``logs/``; appended and read, not overwritten.

Schema history: 1, the first.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runner.errors import RecordError
from runner.record.histogram import Histogram
from runner.record.jsontext import readable
from runner.record.run import Run
from runner.record.trial import Trial

SCHEMA = 1
RUN_FILE = "run.json"
TRIALS_FILE = "trials.jsonl"
LOGS = "logs"

_Record = TypeVar("_Record", Run, Trial)


class RunFolder:
    """One run's folder, open for appending."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_run(self, run: Run) -> None:
        """Write the run's head so that it is there whole or not at all."""
        partial = self.path / (RUN_FILE + ".partial")
        try:
            partial.write_bytes(readable(run).encode())
            partial.rename(self.path / RUN_FILE)
        except OSError as error:
            raise RecordError(
                f"cannot write {self.path / RUN_FILE}: {error.strerror}: what was measured is kept"
            ) from None

    def append(self, trial: Trial) -> None:
        """Add a trial; when this returns it is on the disk. A trial that does not fit leaves no half line behind."""
        line = encode(trial) + b"\n"
        path = self.path / TRIALS_FILE
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                end = os.fstat(fd).st_size
                try:
                    written = 0
                    while written < len(line):
                        written += os.write(fd, line[written:])
                    os.fsync(fd)
                except OSError:
                    os.ftruncate(fd, end)
                    raise
            finally:
                os.close(fd)
        except OSError as error:
            raise RecordError(
                f"cannot write {path}: {error.strerror}: the trials before are kept; "
                f"make room, then `pipebench run --resume {self.path.name}`"
            ) from None

    def repair(self) -> None:
        """Cut off a last line that a killed run left unfinished, so that more can be appended."""
        path = self.path / TRIALS_FILE
        if path.exists():
            whole = path.read_bytes().rpartition(b"\n")
            if whole[2]:
                os.truncate(path, len(whole[0]) + len(whole[1]))


def create(results: Path, run_id: str) -> RunFolder:
    """A new folder for a run; another with the same name gets a number, none is overwritten."""
    results = results.absolute()
    number = 1
    while True:
        path = results / (run_id if number == 1 else f"{run_id}-{number}")
        try:
            (path / LOGS).mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise RecordError(f"cannot write to {results}: {error.strerror}: choose another with --results") from None
        else:
            return RunFolder(path)


def find(results: Path, name: str) -> Path:
    """The folder of a run, by its path, its id or a unique beginning of it; ``latest`` is the newest."""
    if (Path(name) / RUN_FILE).is_file():
        return Path(name).absolute()
    runs = sorted(path.parent for path in results.glob(f"*/{RUN_FILE}"))
    if name == "latest" and runs:
        return max(runs, key=lambda path: (path / RUN_FILE).stat().st_ctime)
    matches = [path for path in runs if path.name == name] or [path for path in runs if path.name.startswith(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise RecordError(f"{name!r} is the beginning of {', '.join(path.name for path in matches)}: give more of it")
    known = f"there are {', '.join(path.name for path in runs[-5:])}" if runs else f"there is none in {results}"
    raise RecordError(f"no run {name!r}: {known}")


def read(folder: Path) -> tuple[Run, tuple[Trial, ...]]:
    """A run and its finished trials, which a published run holds compressed.

    A last line cut short by a kill is left out; it was never finished.
    """
    run = read_head(folder)
    path, compressed = folder / TRIALS_FILE, folder / (TRIALS_FILE + ".gz")
    if path.exists():
        with path.open("rb") as lines:
            return run, _trials(lines, path)
    if compressed.exists():
        with gzip.open(compressed, "rb") as lines:
            return run, _trials(lines, compressed)
    return run, ()


def read_head(folder: Path) -> Run:
    """A run without its trials."""
    try:
        text = (folder / RUN_FILE).read_bytes()
    except OSError as error:
        raise RecordError(f"cannot read {folder / RUN_FILE}: {error.strerror}") from None
    found = re.search(rb'"schema":\s*(\d+)', text)
    if not found or int(found[1]) != SCHEMA:
        version = found[1].decode() if found else "none"
        raise RecordError(
            f"{folder / RUN_FILE} has schema {version}, this version reads {SCHEMA}: "
            "use the version of pipebench that wrote it"
        )
    return _decode(text, Run, folder / RUN_FILE)


def _trials(lines: Iterable[bytes], path: Path) -> tuple[Trial, ...]:
    return tuple(_decode(_quoted(line), Trial, path) for line in lines if line.endswith(b"\n") and line != b"\n")


def encode(trial: Trial) -> bytes:
    """A trial as it stands in the record."""
    return msgspec.json.encode(trial, enc_hook=list)


def _quoted(line: bytes) -> bytes:
    """A trial's line with the numbers of its histogram in a string: they are too many to become an object each."""
    before, _, rest = line.partition(b'"histogram":[[')
    pairs, end, after = rest.partition(b"]]")
    return b"".join((before, b'"histogram":"', pairs.translate(None, b"[]"), b'"', after)) if end else line


def _histogram(_kind: type[Any], written: Any) -> Histogram:
    return Histogram.parse(written) if isinstance(written, str) else Histogram.of(written)


def compress_trials(source: Path, target: Path) -> None:
    """Write a run's finished trials into another folder, compressed so that the same trials give the same file."""
    path, compressed = source / TRIALS_FILE, f"{TRIALS_FILE}.gz"
    written = path.read_bytes() if path.exists() else gzip.decompress((source / compressed).read_bytes())
    whole = written[: written.rfind(b"\n") + 1]
    (target / compressed).write_bytes(gzip.compress(whole, mtime=0))


def read_log(folder: Path, name: str) -> str | None:
    """A log of a run by the name that a trial gives it; ``None`` where it is not kept with the record."""
    logs = (folder / LOGS).resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(logs) or not path.is_file():
        return None
    return path.read_bytes().decode(errors="replace")


def _decode(text: bytes, record: type[_Record], path: Path) -> _Record:
    try:
        return msgspec.json.decode(text, type=record, dec_hook=_histogram)
    except msgspec.DecodeError as error:
        raise RecordError(f"{path} is damaged: {error}") from None
