"""What is published is what its record gives: every document is computed again, and an edited figure is named."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from runner.conformance import record
from runner.conformance.case import CaseResult, Outcome
from runner.conformance.record import Conformance, as_json
from runner.errors import RecordError
from runner.publishing import instructions, publication
from runner.record import store
from runner.record.count import Count, DepthCount
from runner.record.jsontext import readable
from runner.record.store import RunFolder
from runner.suite import head
from tests import builders
from tests.explaining import seen

ROOT = Path(__file__).parents[2]
README = """\
# A project

<!-- pipebench report results/published/first --format markdown -->

<!-- end -->

The command stands above its table:

```
<!-- pipebench report results/published/gone --format markdown -->
<!-- end -->
```
"""
INDEX = "# Published runs\n\n<!-- pipebench publish -->\n\n<!-- end -->\n\nThe end.\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one published run of two servers, and its documents."""
    root = tmp_path_factory.mktemp("project")
    keep(root, "first")
    (root / "README.md").write_text(README, encoding="utf-8")
    (root / publication.FOLDER / "README.md").write_text(INDEX, encoding="utf-8")
    publication.refresh(root)
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return shutil.copytree(made, tmp_path / "project")


def keep(root: Path, name: str) -> Path:
    """The record of a small run, as it is published."""
    run = new_run(root, name, day="2026-11-21")
    published = root / publication.FOLDER / name
    published.mkdir(parents=True)
    shutil.copy(run / store.RUN_FILE, published)
    store.compress_trials(run, published)
    return published


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_what_this_project_publishes_is_what_its_records_give() -> None:
    assert not [str(found) for found in publication.check(ROOT)]


def test_what_was_written_is_found_right(project: Path) -> None:
    assert publication.check(project) == []


def test_documents_are_written_beside_the_record(project: Path) -> None:
    folder = project / publication.FOLDER / "first"
    assert "| adapter 1 |" in (folder / "tables.md").read_text(encoding="utf-8")
    assert "</html>" in (folder / "index.html").read_text(encoding="utf-8")
    charts = [path.read_text(encoding="utf-8") for path in (folder / "charts").glob("*.svg")]
    assert charts
    assert all(chart.startswith("<svg") for chart in charts)


def test_a_comment_is_followed_by_what_its_command_prints(project: Path) -> None:
    readme = (project / "README.md").read_text(encoding="utf-8")
    tables = (project / publication.FOLDER / "first" / "tables.md").read_text(encoding="utf-8")
    assert tables.partition("\n\n")[2].strip() in readme
    index = (project / publication.FOLDER / "README.md").read_text(encoding="utf-8")
    assert "[first](first/tables.md)" in index
    assert index.endswith("The end.\n")


def test_a_comment_in_a_block_of_code_is_an_example(project: Path) -> None:
    example = README[README.index("```") :]
    assert (project / "README.md").read_text(encoding="utf-8").endswith(example)


@pytest.mark.parametrize("document", ["results/published/first/tables.md", "README.md"])
def test_one_digit_of_a_table_is_found_and_its_cell_named(project: Path, document: str) -> None:
    rate = next(
        cell.strip()
        for line in (project / document).read_text(encoding="utf-8").splitlines()
        if "| adapter 1 |" in line
        for cell in line.split("|")
        if cell.strip().replace(" ", "").isdigit() and len(cell.strip()) > 3
    )
    wrong = rate[:-1] + str((int(rate[-1]) + 1) % 10)
    edit(project / document, rate, wrong)
    (found,) = publication.check(project)
    assert found.document == document
    assert found.where == "depth 1 · 50 connections · 1 worker, adapter 1, requests/s"
    assert (found.stands, found.gives) == (wrong, rate)


def test_one_digit_of_the_page_is_found(project: Path) -> None:
    page = project / publication.FOLDER / "first" / "index.html"
    edit(page, "adapter 1", "adapter 7")
    assert {found.document for found in publication.check(project)} == {"results/published/first/index.html"}


def test_one_digit_of_the_record_is_found_in_all_that_is_made_of_it(project: Path) -> None:
    trials = project / publication.FOLDER / "first" / "trials.jsonl.gz"
    spoiled = gzip.decompress(trials.read_bytes()).replace(b'"duration_us":1000000', b'"duration_us":1010000', 1)
    trials.write_bytes(gzip.compress(spoiled))
    assert "README.md" in {found.document for found in publication.check(project)}


def test_a_document_that_is_gone_is_found(project: Path) -> None:
    (project / publication.FOLDER / "first" / "tables.md").unlink()
    (found,) = publication.check(project)
    assert found.document == "results/published/first/tables.md"
    assert found.stands is None


def test_a_row_that_was_taken_out_is_found(project: Path) -> None:
    path = project / "README.md"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    gone = next(line for line in lines if "| adapter 1 |" in line)
    lines.remove(gone)
    path.write_text("".join(lines), encoding="utf-8")
    (found,) = publication.check(project)
    assert found.stands is None
    assert found.gives == gone.strip()


def test_refresh_mends_what_was_edited_and_then_changes_nothing(project: Path) -> None:
    edit(project / "README.md", "| adapter 1 |", "| adapter 9 |")
    assert publication.refresh(project) == (project / "README.md",)
    assert publication.check(project) == []
    assert publication.refresh(project) == ()


def test_refresh_names_pages_of_runs_that_it_mends_and_charts_that_it_removes(project: Path) -> None:
    folder = project / publication.FOLDER / "first"
    edit(folder / "tables.md", "| adapter 1 |", "| adapter 9 |")
    (folder / "charts" / "old.svg").write_text("<svg/>")
    assert publication.refresh(project) == (folder / "charts" / "old.svg", folder / "tables.md")
    assert not (folder / "charts" / "old.svg").exists()
    assert publication.refresh(project) == ()


def test_a_newer_run_of_the_same_profile_takes_the_tables_over(project: Path) -> None:
    folder = publication.publish(new_run(project, "second"), project, uncommitted=True).folder
    assert folder.name == "2026-11-22-some-cpu-2cpu-default"
    assert f"pipebench report results/published/{folder.name} " in (project / "README.md").read_text(encoding="utf-8")
    assert publication.check(project) == []


def test_a_partial_run_replaces_nothing_unless_told(project: Path) -> None:
    before = (project / "README.md").read_text(encoding="utf-8")
    run = new_run(project, "second", adapters=1)
    done = publication.publish(run, project, uncommitted=True)
    (kept,) = done.kept
    assert (kept.document.name, kept.run, kept.blocks) == ("README.md", "results/published/first", 1)
    assert kept.reasons == ("the run is without adapter 1",)
    assert (project / "README.md").read_text(encoding="utf-8") == before
    told = publication.publish(run, project, uncommitted=True, readme=True)
    assert told.kept == ()
    assert f"published/{told.folder.name} " in (project / "README.md").read_text(encoding="utf-8")
    assert publication.check(project) == []


def test_an_older_run_leaves_the_tables_alone(project: Path) -> None:
    publication.publish(new_run(project, "second", day="2026-11-20"), project, uncommitted=True)
    assert "pipebench report results/published/first " in (project / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "taken"), [("2026-11-01-old-1cpu-default", True), ("2026-11-01-old-1cpu-seed", False)]
)
def test_a_table_of_a_run_that_is_gone_goes_to_one_of_its_profile(project: Path, name: str, taken: bool) -> None:
    gone = f"pipebench report results/published/{name} "
    edit(project / "README.md", "pipebench report results/published/first ", gone)
    run = new_run(project, "second")
    if taken:
        publication.publish(run, project, uncommitted=True)
    else:
        with pytest.raises(RecordError, match=f"cannot read .*{name}"):
            publication.publish(run, project, uncommitted=True)
    assert (gone in (project / "README.md").read_text(encoding="utf-8")) is not taken


def test_the_index_holds_all_runs_and_their_trends(project: Path) -> None:
    publication.publish(new_run(project, "second"), project, uncommitted=True)
    page = (project / publication.FOLDER / "index.html").read_text(encoding="utf-8")
    assert page.index("2026-11-22-some-cpu-2cpu-default") < page.index(">first<")
    assert "depth 5 · 50 connections · 1 worker · Some CPU, 2 CPUs" in page


def test_a_run_that_is_not_complete_is_refused_unless_told(project: Path) -> None:
    run = new_run(project, "second", finished=False)
    with pytest.raises(RecordError, match="not complete: pipebench run --resume second"):
        publication.publish(run, project, uncommitted=True)
    assert not list((project / publication.FOLDER).glob("2026*"))
    assert publication.publish(run, project, uncommitted=True, unfinished=True).folder.is_dir()


def test_a_run_does_not_take_the_folder_of_another(project: Path) -> None:
    publication.publish(new_run(project, "second"), project, uncommitted=True)
    publication.publish(project / "runs" / "second", project, uncommitted=True)
    with pytest.raises(RecordError, match="holds second already"):
        publication.publish(new_run(project, "third"), project, uncommitted=True)


def test_what_explained_a_server_is_published_and_proved_as_the_rest(project: Path) -> None:
    run = new_run(project, "second")
    RunFolder(run).explain(seen.explained("adapter-0"))
    folder = publication.publish(run, project, uncommitted=True).folder
    said = "16 sends a batch of 16, 100 bytes each"
    for name in ("explained.md", "index.html"):
        assert said in (folder / name).read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " "), name
    edit(folder / "explained.md", said, said.replace("16 sends", "15 sends"))
    (found,) = publication.check(project)
    assert "15 sends a batch" in str(found)


def new_run(
    root: Path,
    name: str,
    *,
    day: str = "2026-11-22",
    finished: bool = True,
    adapters: int = 2,
) -> Path:
    """The folder of a run that was measured."""
    head, trials = builders.matrix(adapters=adapters, depths=(1, 5))
    at = f"{day}T00:00:00Z"
    folder = store.create(root / "runs", name)
    folder.write_run(replace(head, id=name, created_at=at, finished_at=at if finished else None))
    for trial in trials:
        folder.append(trial)
    return folder.path


def test_conformance_is_kept_as_its_record_and_its_matrix(project: Path, tmp_path: Path) -> None:
    printed = tmp_path / "checks.json"
    printed.write_text(json.dumps(as_json(*checked("uvicorn", Outcome.PASS), *checked("daphne", Outcome.FAIL))))
    publication.publish_conformance([printed], project)
    assert publication.check(project) == []
    matrix = project / publication.FOLDER / "conformance.md"
    edit(matrix, "| daphne | 1.0 | broken | 0 | 0 | 1 | ✗ |", "| daphne | 1.0 | broken | 0 | 0 | 1 | ✓ |")
    (found,) = publication.check(project)
    assert (found.where, found.stands, found.gives) == ("Pipelining conformance, daphne, 1", "✓", "✗")


def test_checks_made_in_pieces_are_published_as_one(project: Path, tmp_path: Path) -> None:
    pieces = [tmp_path / "one.json", tmp_path / "two.json"]
    for piece, name in zip(pieces, ("uvicorn", "daphne"), strict=True):
        piece.write_text(json.dumps(as_json(*checked(name, Outcome.PASS))))
    publication.publish_conformance(pieces, project)
    kept = record.read(project / publication.FOLDER / publication.CONFORMANCE_FILE)
    assert [one.adapter for one in kept] == ["daphne", "uvicorn"]
    assert publication.check(project) == []
    pieces[0].write_text(pieces[1].read_text())
    with pytest.raises(RecordError, match=r"daphne is in .*one.json and in .*two.json"):
        publication.publish_conformance(pieces, project)
    pieces[0].write_text(json.dumps(as_json(*checked("uvicorn", Outcome.PASS, case="parallel"))))
    with pytest.raises(
        RecordError, match=r"do not belong together: .*two.json was not asked parallel: make that one anew"
    ):
        publication.publish_conformance(pieces, project)


def test_counts_are_kept_as_their_record_and_their_page(project: Path, tmp_path: Path) -> None:
    first, second = (one for one in store.read_head(project / publication.FOLDER / "first").adapters)
    pieces = [tmp_path / "one.json", tmp_path / "two.json"]
    for piece, one, value in zip(pieces, (first, second), (5000.0, 7000.0), strict=True):
        made = Count(one.name, one.title, one.version, one.python, (DepthCount(1, (value, value)),))
        piece.write_text(readable([made]))
    written = publication.publish_printed(pieces, project)
    assert [path.name for path in written] == [instructions.FILE, instructions.PAGE]
    assert publication.check(project) == []
    page = written[-1]
    assert "[first](first/tables.md)" in page.read_text(encoding="utf-8")
    edit(page, "| 5 000 |", "| 4 000 |")
    (found,) = publication.check(project)
    assert (found.stands, found.gives) == ("4 000", "5 000")
    pieces[0].write_text(json.dumps(as_json(*checked("uvicorn", Outcome.PASS))))
    with pytest.raises(RecordError, match=r"two.json is of pipebench count and .*one.json is not"):
        publication.publish_printed(pieces, project)
    assert publication.refresh(project) == (page,)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"adapters": [{}]}', '{"adapters": [1]}'])
def test_another_file_is_no_conformance(project: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(RecordError, match="not what pipebench check --format json prints"):
        publication.publish_conformance([tmp_path / "other.json"], project)


def checked(name: str, outcome: Outcome, case: str = "two-gets") -> tuple[Conformance, ...]:
    """What one case found of a server."""
    result = CaseResult(case, outcome, "", fault=None, ending=None, events=(), seconds=0.1, attempts=1)
    return (Conformance(name, name, version="1.0", python="3.13.0", results=(result,)),)


def test_a_published_head_names_no_home_of_who_measured(project: Path) -> None:
    run = new_run(project, "second")
    edit(run / store.RUN_FILE, '"log_tail": []', f'"log_tail": ["cc -I{Path.home()}/.cache/x"]')
    folder = publication.publish(run, project, uncommitted=True).folder
    assert str(Path.home()) not in (folder / store.RUN_FILE).read_text(encoding="utf-8")


def test_published_conformance_names_no_folder_of_who_measured(project: Path, tmp_path: Path) -> None:
    (project / "frameworks/x").mkdir(parents=True)
    (project / "frameworks/x/app.py").touch()
    checks, printed = checked("x", Outcome.FAIL), tmp_path / "checks.json"
    said = 'File "/srv/me/bench/frameworks/x/app.py", line 3'
    (result,) = checks[0].results
    printed.write_text(json.dumps(as_json(replace(checks[0], results=(replace(result, detail=said),)))))
    kept, *_ = publication.publish_conformance([printed], project)
    (case,) = json.loads(gzip.decompress(kept.read_bytes()))["adapters"][0]["cases"]
    assert case["detail"] == 'File "frameworks/x/app.py", line 3'


def test_a_published_log_names_no_folder_of_who_measured() -> None:
    said = f'File "/srv/me/bench/frameworks/japronto/app.py", line 3, in {Path.home()}/.cache/x and /usr/lib/libc.so'
    shown = publication.portable(said, ["frameworks/japronto/app.py"])
    assert shown == 'File "frameworks/japronto/app.py", line 3, in ~/.cache/x and /usr/lib/libc.so'


@pytest.mark.parametrize("where", [("--results", "elsewhere"), ("--results=elsewhere",)])
def test_a_recorded_command_can_be_typed_anywhere(where: tuple[str, ...]) -> None:
    argv = ["run", "--profile", "full", *where, "--quiet"]
    assert list(head.reproducible(argv)) == ["run", "--profile", "full", "--quiet"]
