"""``results/``: a run is a folder of ``run.json``, ``trials.jsonl`` and ``logs/``; appended and read, not overwritten.

``explained.jsonl`` beside them, where servers of the run were explained, is appended to as well: the last line of a
server is the one that counts.

Schema history: 1, the first.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import shlex
import stat
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from runner import project
from runner.errors import RecordError
from runner.record import jsontext
from runner.record.adapter import Server
from runner.record.beside.explained import Explained
from runner.record.histogram import Histogram
from runner.record.plan import Cell, Purpose
from runner.record.run import Run
from runner.record.trial import Trial

SCHEMA = 1
RUN_FILE = "run.json"
TRIALS_FILE = "trials.jsonl"
EXPLAINED_FILE = "explained.jsonl"
LOGS = "logs"
ASKED = ".asked"
"""Variants as they were asked for, with the folders of this machine: for a run that is resumed, and never published."""
LOCK = ".lock"
"""Held by the process that measures into a run's folder; what stands in it is that process's id."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PAGE = re.compile(r"https?://")
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
        try:
            jsontext.write(run, self.path / RUN_FILE)
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
        self._append(encode(trial) + b"\n", TRIALS_FILE)

    def explain(self, explained: Explained) -> None:
        """Add what was seen of one server, in the same way."""
        self._append(msgspec.json.encode(explained) + b"\n", EXPLAINED_FILE)

    def _append(self, line: bytes, name: str) -> None:
        path = self.path / name
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


def size_bytes(folder: Path) -> int:
    """What the record of a run takes: its head, its trials and its logs, and nothing that is made of them."""
    kept = (folder.glob(f"{RUN_FILE}*"), folder.glob(f"{TRIALS_FILE}*"), (folder / LOGS).rglob("*"))
    return sum(path.stat().st_size for path in chain(*kept) if path.is_file())


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


def earlier(results: Path, run: Run) -> str | None:
    """The id of the last run of the same profile before ``run``, by its name, that has a cell in common with it.

    ``None`` where there is none that can be read.
    """
    own = frozenset(run.cells)
    names = {path.parent.name for path in results.glob(f"*-{run.plan.profile}*/{RUN_FILE}")}
    for name in sorted((one for one in names if one < run.id), reverse=True):
        with suppress(RecordError):
            if own.intersection(read_head(results / name).cells):
                return name
    return None


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
    cells = frozenset(run.cells)
    seen: set[tuple[Cell, Purpose, int, str | None]] = set()
    trials: list[Trial] = []
    wrong: dict[int, str] = {}
    number = 0
    try:
        with _opened(path) as lines:
            for line in lines:
                number += 1
                try:
                    if line.endswith(b"\n") and line != b"\n":
                        trials.append(_trial(line, cells, seen))
                except ValueError as error:
                    wrong[number] = str(error)
    except (OSError, EOFError, zlib.error) as error:
        wrong[number + 1] = f"it cannot be read on: {getattr(error, 'strerror', None) or error}"
    damage = Damage(path, tuple(wrong), next(iter(wrong.values()))) if wrong else None
    return run, tuple(trials), damage


def read_explained(folder: Path) -> tuple[Explained, ...]:
    """What was seen of servers of a run, the last of each; none where none was explained.

    Raises :class:`RecordError` for a damaged line.
    """
    path = folder / EXPLAINED_FILE
    if not path.exists():
        path = path.with_name(f"{EXPLAINED_FILE}.gz")
    if not path.exists():
        return ()
    found: dict[Server, Explained] = {}
    number = 0
    try:
        with _opened(path) as lines:
            for line in lines:
                number += 1
                if line.endswith(b"\n"):
                    one = msgspec.json.decode(line, type=Explained)
                    found[one.server] = one
    except msgspec.MsgspecError as error:
        raise RecordError(f"{path}, line {number}: {error}: remove the line, and explain that server again") from None
    except (OSError, EOFError, zlib.error) as error:
        raise RecordError(f"cannot read {path}: {error}: remove it, and explain the servers again") from None
    return tuple(found.values())


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
    except (ValueError, LookupError, TypeError, RecursionError):
        what = "is empty" if not text.strip() else "is damaged: it is not the head of a run"
        raise RecordError(f"{path} {what}: restore it from a copy; its trials stand in {TRIALS_FILE}") from None
    if schema != SCHEMA:
        raise RecordError(
            f"{path} has schema {schema!r}, this version reads {SCHEMA}: use the version of pipebench that wrote it"
        )
    try:
        run: Run = msgspec.json.decode(text, type=Run)
        _check_head(run)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RecordError(f"{path} is damaged: {error}: restore it from a copy") from None
    return run


def _check_head(run: Run) -> None:
    """Raises ``ValueError`` where the head of a run contradicts itself."""
    if not _ID.fullmatch(run.id):
        raise ValueError(f"{run.id!r} is no name of a run")
    datetime.fromisoformat(run.created_at)
    servers = [adapter.server for adapter in run.adapters]
    if twice := next((one.name for one in run.adapters if servers.count(one.server) > 1), None):
        raise ValueError(f"adapter {twice} stands there twice")
    if other := next((one for one in run.adapters if one.homepage and not _PAGE.match(one.homepage)), None):
        raise ValueError(f"the homepage of {other.name} is no address of the web")
    for cell in run.cells:
        if cell.server not in servers:
            raise ValueError(f"cell {cell.id} is of no adapter of the run")
    for name in ("depths", "connections", "workers"):
        values = getattr(run.plan, name)
        if not values or min(values) < 1:
            raise ValueError(f"its plan has {name} of {min(values, default='nothing')}")
    if run.plan.threads < 1 or not run.placement.server or not run.placement.generator:
        raise ValueError("it has no threads, or no CPUs")


def _trial(line: bytes, cells: Collection[Cell], seen: set[tuple[Cell, Purpose, int, str | None]]) -> Trial:
    """A line of a record. Raises ``ValueError`` where it is no trial of one of the ``cells``, or was ``seen``.

    Each pair of machines counts its own trials.
    """
    try:
        trial: Trial = msgspec.json.decode(_quoted(line), type=Trial, dec_hook=_histogram)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if trial.cell not in cells:
        raise ValueError(f"it is of {trial.cell.id}, and the run has no such cell")
    if (key := (trial.cell, trial.purpose, trial.number, trial.pair)) in seen:
        raise ValueError(f"trial {trial.number} of {trial.cell.id} stands there twice")
    seen.add(key)
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
    made = Histogram.parse(written) if isinstance(written, str) else Histogram.of(written)
    if not made.ascends:
        raise ValueError("its histogram is not in order")
    return made


def compress_trials(source: Path, target: Path) -> None:
    """Write a run's finished trials into another folder, compressed so that the same trials give the same file."""
    _compress(source, target, TRIALS_FILE)


def compress_explained(source: Path, target: Path) -> None:
    """The same of what was seen of servers, where any was explained."""
    if any((source / name).exists() for name in (EXPLAINED_FILE, f"{EXPLAINED_FILE}.gz")):
        _compress(source, target, EXPLAINED_FILE)


def _compress(source: Path, target: Path, name: str) -> None:
    path, compressed = source / name, f"{name}.gz"
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
