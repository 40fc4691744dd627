"""``results/published/``: kept runs, each with the documents that its record gives, and the proof that it does.

Whatever is published can be computed again from the record beside it: :func:`check` does so, and names every figure
that is not what the record gives. The documents of the project name the command that printed a table in a comment
above it; they are held to the same.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.conformance import record
from runner.errors import RecordError
from runner.publishing import documents, instructions, overview, pieces, succession
from runner.publishing.discrepancy import Discrepancy, discrepancies
from runner.publishing.succession import Kept
from runner.record import count, store
from runner.record.jsontext import readable
from runner.record.run import Run
from runner.report import formats
from runner.report.formats import Report
from runner.report.pages import failures
from runner.report.tables import conformance
from runner.suite.head import uncommitted_changes

FOLDER = Path("results") / "published"
DOCUMENTS = ("README.md", "docs/*.md", "results/published/README.md")
"""Files of the project whose tables are printed by commands."""

HOME = "../../../README.md"
"""The project, from a published page."""

CONFORMANCE_FILE = "conformance.json.gz"
"""What ``pipebench check --format json`` printed; its matrix stands in conformance.md."""

LOG_CHARACTERS = 20_000
"""What is kept of a log, from its beginning: the first error is what is quoted."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published run: its folder and what is derived from its record."""

    folder: Path
    report: Report

    @classmethod
    def read(cls, folder: Path) -> Published:
        """Read the record and derive the rows."""
        return cls(folder, Report.read(folder))

    def documents(self) -> Mapping[str, str]:
        """Every document that is made of the record, by its path in the folder."""
        report = self.report
        return {
            "tables.md": f"# {report.run.id}\n\n{formats.printed(report, 'markdown')}",
            "index.html": formats.html(report, home=HOME),
            **(
                {"explained.md": f"# {report.run.id}\n\n{formats.printed(report, 'explain')}"}
                if report.explained
                else {}
            ),
            **{f"charts/{one.name}.svg": one.svg for one in formats.pictures(report)},
        }

    def pages(self) -> Iterator[tuple[Path, str]]:
        """The documents by where they stand."""
        return ((self.folder / name, text) for name, text in self.documents().items())


@dataclass(frozen=True, slots=True)
class Publishing:
    """What publishing a run came to: its folder, the other files that changed, and the tables that it left alone."""

    folder: Path
    changed: tuple[Path, ...]
    kept: tuple[Kept, ...]


def publish(
    run_folder: Path, root: Path, *, unfinished: bool = False, uncommitted: bool = False, readme: bool = False
) -> Publishing:
    """Keep a run: copy its record, write its documents, and let the project's tables of the same profile be of it.

    Tables that it does not succeed (:func:`runner.publishing.succession.reasons`) are left to the run that they are
    of, but with ``readme``. Raises :class:`RecordError` for a run that is not
    complete or was measured with what is not committed, unless told, and for one whose name is taken.
    """
    report = Report.read(run_folder)
    run = report.run
    if run.finished_at is None and not unfinished:
        raise RecordError(
            f"{run.id} is not complete: pipebench run --resume {run.id}, or publish it as it is with --unfinished"
        )
    changed = [] if uncommitted else uncommitted_changes(run, root)
    if changed:
        raise RecordError(
            f"{run.id} was measured with what is not committed: {', '.join(changed)}: commit and measure again, or "
            "publish it all the same with --uncommitted"
        )
    folder = root / FOLDER / name_of(run)
    if folder.exists() and (other := store.read_head(folder).id) != run.id:
        raise RecordError(
            f"{folder.relative_to(root)} holds {other} already, measured the same day: only one of them can be there"
        )
    if not report.trials:
        raise RecordError(f"{run.id} has no trial: there is nothing to publish")
    _write_whole(folder, report, run_folder)
    changed_here, kept = _take_over(folder, report, root, anyway=readme)
    published = _published(root)
    pages = _write_changed(_instructions(root, published))
    return Publishing(folder, (*changed_here, *pages, *_write_documents(root, published)), kept)


def _write_whole(folder: Path, report: Report, run_folder: Path) -> None:
    """A published run's folder with all that is in it, in the place of another of the same run; or nothing at all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".publishing-", dir=folder.parent) as made:
            staged = Path(made) / folder.name
            staged.mkdir()
            head = (run_folder / store.RUN_FILE).read_text(encoding="utf-8")
            (staged / store.RUN_FILE).write_text(_without_home(head), encoding="utf-8")
            store.compress_trials(run_folder, staged)
            store.compress_explained(run_folder, staged)
            _keep_logs(report, run_folder, staged)
            _write_changed(Published.read(staged).pages())
            shutil.rmtree(folder, ignore_errors=True)
            staged.rename(folder)
    except OSError as error:
        raise RecordError(f"cannot write {folder}: {error.strerror}") from None


def publish_conformance(paths: Sequence[Path], root: Path) -> tuple[Path, ...]:
    """Keep what ``pipebench check --format json`` printed, in one file or in several that each have other adapters.

    Returned are the files that were written, the matrix among them. Raises :class:`RecordError` for other files, and
    for those that do not belong together.
    """
    found = pieces.together({path: record.read(path) for path in paths}, pieces.of_check)
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = [_relative(path, root) for path in root.glob("frameworks/*/*.*")]
    data = portable(json.dumps(record.as_json(*found)), files)
    (folder / CONFORMANCE_FILE).write_bytes(gzip.compress(data.encode(), mtime=0))
    return (folder / CONFORMANCE_FILE, *_write_changed(_conformance(root)))


def publish_counts(paths: Sequence[Path], root: Path) -> tuple[Path, ...]:
    """Keep what ``pipebench count --format json`` printed, in one file or in several that each have other servers.

    Returned are the files that were written, the page among them. Raises :class:`RecordError` for other files, and for
    those that do not belong together.
    """
    found = pieces.together({path: count.read(path) for path in paths}, pieces.of_count)
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / instructions.FILE).write_text(_without_home(readable(found)), encoding="utf-8")
    return (folder / instructions.FILE, *_write_changed(_instructions(root, _published(root))))


def publish_printed(paths: Sequence[Path], root: Path) -> tuple[Path, ...]:
    """Keep what ``check`` or ``count`` printed with ``--format json``: the files that were written."""
    counts = [instructions.are_counts(path) for path in paths]
    if any(counts) and not all(counts):
        some, others = paths[counts.index(True)], paths[counts.index(False)]
        raise RecordError(f"{some} is of pipebench count and {others} is not: publish them one after the other")
    return publish_counts(paths, root) if all(counts) else publish_conformance(paths, root)


def refresh(root: Path) -> tuple[Path, ...]:
    """Write all published documents anew from their records: the files that changed, and charts that are gone."""
    published = _published(root)
    of_runs = [page for one in published for page in one.pages()]
    pages = [*of_runs, *_conformance(root), *_instructions(root, published)]
    gone = {chart for one in published for chart in one.folder.glob("charts/*")} - {
        path for path, _ in (*of_runs, *_pictures(root, published))
    }
    for chart in gone:
        chart.unlink()
    return (*sorted(gone), *_write_changed(pages), *_write_documents(root, published))


def check(root: Path) -> list[Discrepancy]:
    """Compute every published document and table again, and return where one is not what its record gives."""
    found: list[Discrepancy] = []
    published = _published(root)
    for one in published:
        for name, computed in one.documents().items():
            path = one.folder / name
            shown = str(path.relative_to(root))
            if not path.exists():
                found.append(Discrepancy(shown, "the file", None, "a document: pipebench publish --refresh writes it"))
            else:
                found += discrepancies(shown, path.read_text(encoding="utf-8"), computed)
    for path, text in _documents(root):
        found += discrepancies(str(path.relative_to(root)), text, printed_anew(text, path, root, published))
    for path, computed in (
        (root / FOLDER / "index.html", _index_page(published) or ""),
        *_conformance(root),
        *_instructions(root, published),
        *_pictures(root, published),
    ):
        stored = path.read_text(encoding="utf-8") if path.exists() else ""
        found += discrepancies(_relative(path, root), stored, computed)
    return found


def _write_documents(root: Path, published: Sequence[Published]) -> Iterator[Path]:
    """Print the tables and pictures of the project's documents anew, and the index of runs; the files that changed."""
    for path, text in _documents(root):
        anew = printed_anew(text, path, root, published)
        if anew != text:
            path.write_text(anew, encoding="utf-8")
            yield path
    yield from _write_changed(_pictures(root, published))
    page = _index_page(published)
    if page is not None:
        yield from _write_changed([(root / FOLDER / "index.html", page)])


def printed_anew(text: str, path: Path, root: Path, published: Sequence[Published]) -> str:
    """A document with what the command in each comment prints now."""
    read = _reader(root, published)
    return documents.printed_anew(text, path, read, root, lambda: overview.markdown(_overview(published)))


def _pictures(root: Path, published: Sequence[Published]) -> Iterator[tuple[Path, str]]:
    """The files of the charts that documents show."""
    for path, text in _documents(root):
        for picture in documents.pictures(text, path, _reader(root, published), root):
            yield from picture.files()


def _reader(root: Path, published: Sequence[Published]) -> Callable[[str], Report]:
    """Reports by the path of their run, each read once."""
    reports = {one.folder: one.report for one in published}
    return lambda run: reports.get(root / run) or Report.read(root / run)


def name_of(run: Run) -> str:
    """The name of a published run's folder: day, machine and profile."""
    machine = re.sub(r"[^a-z0-9]+", "-", run.machine.cpu_model.lower()).strip("-") or "unknown"
    return f"{run.created_at[:10]}-{machine}-{len(run.machine.cpus)}cpu-{run.plan.profile}"


def _published(root: Path) -> tuple[Published, ...]:
    return tuple(Published.read(path.parent) for path in sorted((root / FOLDER).glob(f"*/{store.RUN_FILE}")))


def _documents(root: Path) -> Iterator[tuple[Path, str]]:
    for pattern in DOCUMENTS:
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            if documents.has_blocks(text):
                yield path, text


def _index_page(published: Sequence[Published]) -> str | None:
    return overview.page(_overview(published)) if published else None


def _overview(published: Sequence[Published]) -> list[overview.Entry]:
    return [
        overview.Entry(one.folder.name, one.report.run, one.report.rows, store.size_bytes(one.folder))
        for one in published
    ]


def _conformance(root: Path) -> Iterator[tuple[Path, str]]:
    """The matrix that the record gives, where there is one."""
    kept = root / FOLDER / CONFORMANCE_FILE
    if kept.exists():
        matrix = conformance.markdown(record.read(kept))
        yield root / FOLDER / "conformance.md", f"# Pipelining conformance\n\n{matrix}"


def _instructions(root: Path, published: Sequence[Published]) -> Iterator[tuple[Path, str]]:
    """The page of the counts that are kept, where there are some."""
    kept = root / FOLDER / instructions.FILE
    if kept.exists():
        yield root / FOLDER / instructions.PAGE, instructions.markdown(count.read(kept), _overview(published))


def _write_changed(pages: Iterable[tuple[Path, str]]) -> tuple[Path, ...]:
    """Write what does not stand there yet, word for word; the files that changed."""
    changed = []
    for path, text in pages:
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return tuple(changed)


def _take_over(folder: Path, report: Report, root: Path, *, anyway: bool) -> tuple[list[Path], tuple[Kept, ...]]:
    """Let the tables of an older run of the same profile be of this one: the files that changed, and what was kept.

    A table of a run that is gone cannot be printed any more, and is taken over by any of its profile.
    """
    run, found = report.run, dict[str, tuple[str, ...] | None]()

    def objections(shown: str) -> tuple[str, ...] | None:
        """Why a table stays with the run that it is of; ``None`` where that is not an older run of the profile."""
        path = root / shown
        if not (path / store.RUN_FILE).exists():
            return () if path.name.endswith(f"-{run.plan.profile}") else None
        other = store.read_head(path)
        if other.plan.profile != run.plan.profile or other.created_at >= run.created_at:
            return None
        return () if anyway else succession.reasons(Report.read(path), report)

    changed, kept = [], []
    for path, text in _documents(root):
        seen: Counter[str] = Counter()

        def newer(shown: str, seen: Counter[str] = seen) -> str:
            if shown not in found:
                found[shown] = objections(shown)
            seen[shown] += bool(found[shown])
            return _relative(folder, root) if found[shown] == () else shown

        anew = documents.of_another_run(text, newer)
        kept += [Kept(path, shown, count, found[shown] or ()) for shown, count in seen.items() if count]
        if anew != text:
            path.write_text(anew, encoding="utf-8")
            changed.append(path)
    return changed, tuple(kept)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _keep_logs(report: Report, run_folder: Path, folder: Path) -> None:
    """Keep the logs that the page quotes, and no more of each than it quotes from."""
    adapters = {record.path for record in report.run.adapters}
    shutil.rmtree(folder / store.LOGS, ignore_errors=True)
    for failed in failures.failures(report.rows, report.trials):
        text = report.read_log(failed.log) if failed.log else None
        if failed.log and text is not None:
            path = folder / failed.log
            path.parent.mkdir(parents=True, exist_ok=True)
            shown = portable(text, adapters).replace(str(run_folder), report.run.id)
            path.write_text(shown[:LOG_CHARACTERS], encoding="utf-8")


def portable(text: str, files: Iterable[str]) -> str:
    """What a server said, with ``files`` of the project, adapters, named as they are in any checkout."""
    named = "|".join(map(re.escape, sorted(files, key=len, reverse=True)))
    return _without_home(re.sub(rf"/[^\s\"'\\]*/({named})", r"\1", text) if named else text)


def _without_home(text: str) -> str:
    """What a server or a build said, without the home of who measured it."""
    return text.replace(str(Path.home()), "~")
