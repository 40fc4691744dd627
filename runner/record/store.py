"""``results/``: a run is a folder of ``run.json``, ``trials.jsonl`` and ``logs/``; appended and read, not overwritten.

Schema history: 1, the first.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import shlex
import stat
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from runner import project
from runner.errors import RecordError
from runner.record.histogram import Histogram
from runner.record.jsontext import readable
from runner.record.run import Run
from runner.record.trial import Trial

SCHEMA = 1
RUN_FILE = "run.json"
TRIALS_FILE = "trials.jsonl"
LOGS = "logs"
ASKED = ".asked"
"""Variants as they were asked for, with the folders of this machine: for a run that is resumed, and never published."""
LOCK = ".lock"
"""Held by the process that measures into a run's folder; what stands in it is that process's id."""
SKIPPING = "--skip-damaged leaves such lines out"


class RunFolder:
    """One run's folder, open for appending."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_asked(self, variants: Sequence[str]) -> None:
        """Keep what variants were asked for, for :meth:`asked`."""
        if variants:
            (self.path / ASKED).write_text(json.dumps(list(variants)))

    def asked(self, recorded: Sequence[str]) -> tuple[str, ...]:
        """The variants that were asked for: as they are ``recorded``, where the run came from another machine."""
        try:
            return tuple(map(str, json.loads((self.path / ASKED).read_text())))
        except (OSError, ValueError):
            return tuple(recorded)

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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against others that would measure into it, until the block or this process ends, however."""
        try:
            fd = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RecordError(f"cannot write {self.path}: {error.strerror}") from None
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = os.pread(fd, 20, 0).decode(errors="replace").strip()
                raise RecordError(
                    f"{self.path.name} is still being measured, by process {who or 'unknown'}: wait for its end"
                ) from None
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(fd)

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
                f"make room, then `{resume_command(self.path)}`"
            ) from None

    def repair(self) -> None:
        """Cut off a last line that a killed run left unfinished, so that more can be appended."""
        path = self.path / TRIALS_FILE
        if path.exists():
            whole = path.read_bytes().rpartition(b"\n")
            if whole[2]:
                os.truncate(path, len(whole[0]) + len(whole[1]))


def resume_command(folder: Path) -> str:
    """What completes the run in ``folder``, wherever it is typed."""
    at_home = folder.absolute().parent == project.results().absolute()
    return f"pipebench run --resume {folder.name if at_home else shlex.quote(str(folder.absolute()))}"


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
        raise RecordError(f"'{name}' is the beginning of {', '.join(path.name for path in matches)}: give more of it")
    known = f"there are {', '.join(path.name for path in runs[-5:])}" if runs else f"there is none in {results}"
    raise RecordError(f"no run '{name}': {known}")


@dataclass(frozen=True, slots=True)
class Damage:
    """Lines of a record that cannot be a trial, and what is wrong with the first of them."""

    path: Path
    lines: tuple[int, ...]
    first: str

    def __str__(self) -> str:
        which = ", ".join(map(str, self.lines[:10])) + (", …" if len(self.lines) > 10 else "")
        return f"{self.path}, line{'s' if len(self.lines) > 1 else ''} {which}: {self.first}"


def read(folder: Path) -> tuple[Run, tuple[Trial, ...]]:
    """A run and its finished trials, which a published run holds compressed.

    A last line cut short by a kill is left out; it was never finished. Raises :class:`RecordError` for a damaged line.
    """
    run, trials, damage = read_past_damage(folder)
    if damage is not None:
        raise RecordError(f"{damage}: the record is damaged; {SKIPPING}")
    return run, trials


def read_past_damage(folder: Path) -> tuple[Run, tuple[Trial, ...], Damage | None]:
    """A run, those of its trials that can be read, and what of the record is damaged, if anything."""
    run = read_head(folder)
    plain, compressed = folder / TRIALS_FILE, folder / (TRIALS_FILE + ".gz")
    path = compressed if compressed.exists() and not plain.exists() else plain
    if not path.exists() and not path.is_symlink():
        return run, (), None
    servers = {(adapter.name, adapter.python) for adapter in run.adapters}
    trials: list[Trial] = []
    wrong: dict[int, str] = {}
    number = 0
    try:
        with _opened(path) as lines:
            for line in lines:
                number += 1
                try:
                    if line.endswith(b"\n") and line != b"\n":
                        trials.append(_trial(line, servers))
                except ValueError as error:
                    wrong[number] = str(error)
    except (OSError, EOFError, zlib.error) as error:
        wrong[number + 1] = f"it cannot be read on: {getattr(error, 'strerror', None) or error}"
    damage = Damage(path, tuple(wrong), next(iter(wrong.values()))) if wrong else None
    return run, tuple(trials), damage


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes]]:
    if not stat.S_ISREG(path.stat().st_mode):
        raise RecordError(f"{path} is no file, and a record's trials are: restore it from a copy")
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
        yield iter(lines)


def read_head(folder: Path) -> Run:
    """A run without its trials."""
    path = folder / RUN_FILE
    try:
        text = path.read_bytes()
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from None
    try:
        content = json.loads(text)
        schema = content["schema"]
    except (ValueError, LookupError, TypeError):
        what = "is empty" if not text.strip() else "is damaged: it is not the head of a run"
        raise RecordError(f"{path} {what}: restore it from a copy; its trials stand in {TRIALS_FILE}") from None
    if schema != SCHEMA:
        raise RecordError(
            f"{path} has schema {schema}, this version reads {SCHEMA}: use the version of pipebench that wrote it"
        )
    try:
        run: Run = msgspec.json.decode(text, type=Run)
        _check_head(run)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RecordError(f"{path} is damaged: {error}: restore it from a copy") from None
    return run


def _check_head(run: Run) -> None:
    """Raises ``ValueError`` where the head of a run contradicts itself."""
    servers = {(adapter.name, adapter.python) for adapter in run.adapters}
    for cell in run.cells:
        if (cell.adapter, cell.python) not in servers:
            raise ValueError(f"cell {cell.id} is of no adapter of the run")
    for name in ("depths", "connections", "workers"):
        if not getattr(run.plan, name):
            raise ValueError(f"its plan has no {name}")


def _trial(line: bytes, servers: Collection[tuple[str, str | None]]) -> Trial:
    """A line of a record. Raises ``ValueError`` where it is no trial of one of the ``servers``."""
    try:
        trial: Trial = msgspec.json.decode(_quoted(line), type=Trial, dec_hook=_histogram)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if (trial.cell.adapter, trial.cell.python) not in servers:
        raise ValueError(f"it is of {trial.cell.id}, and the run has no such adapter")
    return trial


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
