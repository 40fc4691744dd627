"""What is recorded can be read again, survives what cuts it short, and is never overwritten."""

from __future__ import annotations

import errno
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.errors import RecordError
from runner.record import store
from runner.record.histogram import Histogram
from runner.record.run import Run
from runner.record.store import RUN_FILE, TRIALS_FILE, RunFolder
from runner.record.trial import Failure, LogError, Placement, Trial, Verdict
from tests import builders
from tests.explaining import seen

st.register_type_strategy(float, st.floats(0, allow_nan=False, allow_infinity=False))
st.register_type_strategy(Mapping, lambda kind: st.dictionaries(*map(st.from_type, get_args(kind))))
_INT64 = st.integers(-(2**63), 2**63 - 1)
st.register_type_strategy(int, st.integers(1, 2**63 - 1))
_PAIRS = st.lists(st.tuples(st.integers(0, 2**63 - 1), _INT64), unique_by=lambda pair: pair[0])
st.register_type_strategy(Histogram, _PAIRS.map(sorted).map(Histogram.of))

FULL = builders.trial(
    cell=builders.cell(python=None),
    number=2,
    failure=Failure(Verdict.CRASHED, "killed by SIGABRT"),
    errors=(LogError("ValueError: <script> | \u2028 \x00 é", 3),),
    log="logs/x/002-server.log",
)
ADAPTERS = (builders.adapter_record(), builders.adapter_record(python=None))
EMPTY = builders.trial(check=None, load=None, server=None, exit=None, surroundings=None, number=3)

CELLS = tuple({trial.cell: None for trial in (builders.trial(), FULL, EMPTY)})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = store.create(tmp_path, "20261121T000000-default")
    made.write_run(builders.run(finished_at=None, adapters=ADAPTERS, cells=CELLS))
    return made


class TestRoundTrip:
    def test_a_run_and_its_trials_come_back_as_they_were(self, folder: RunFolder) -> None:
        head, trials = (
            builders.run(finished_at=None, setup_s=None, adapters=ADAPTERS, cells=CELLS),
            (builders.trial(), FULL, EMPTY),
        )
        folder.write_run(head)
        for trial in trials:
            folder.append(trial)
        assert store.read(folder.path) == (head, trials)

    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(head=st.from_type(Run), trial=st.from_type(Trial))
    def test_any_record_does(self, tmp_path: Path, head: Run, trial: Trial) -> None:
        folder = store.create(tmp_path, "any")
        plan = replace(head.plan, depths=(1,), connections=(1,), workers=(1,), threads=1)
        trial = replace(trial, cell=replace(trial.cell, variant=None))
        server = builders.adapter_record(name=trial.cell.adapter, python=trial.cell.python)
        sound = builders.run(plan=plan, adapters=(server,), cells=(trial.cell,))
        kept = ("schema", "id", "created_at", "plan", "placement", "adapters", "cells")
        head = replace(head, **{name: getattr(sound, name) for name in kept})
        folder.write_run(head)
        folder.append(trial)
        assert store.read(folder.path) == (head, (trial,))

    @pytest.mark.parametrize("written", ['"histogram":[[900,4],[2500,7]]', '"histogram" : [ [900, 4], [2500, 7] ]'])
    def test_a_histogram_is_pairs_whatever_stands_between_them(self, folder: RunFolder, written: str) -> None:
        trial = builders.trial(load=builders.load(histogram=((900, 4), (2500, 7))), log='"histogram":[[1,2]]')
        folder.append(trial)
        path = folder.path / TRIALS_FILE
        text = path.read_text()
        assert text.count('"histogram":[[900,4],[2500,7]]') == 1
        path.write_text(text.replace('"histogram":[[900,4],[2500,7]]', written))
        assert store.read(folder.path)[1] == (trial,)

    def test_a_run_without_trials_is_one(self, folder: RunFolder) -> None:
        assert store.read(folder.path)[1] == ()

    def test_the_head_is_there_whole_or_not_at_all(self, folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_bytes", fail)
            with pytest.raises(RecordError, match="No space left on device"):
                folder.write_run(builders.run(id="other"))
        assert store.read(folder.path)[0].id == "20261121T000000-default"

    def test_one_from_before_there_were_groups_is_read(self, folder: RunFolder) -> None:
        path = folder.path / RUN_FILE
        head = json.loads(path.read_text())
        assert (head["plan"].pop("groups"), head["adapters"][0].pop("group")) == (["core"], "field")
        path.write_text(json.dumps(head, indent=1))
        read = store.read(folder.path)[0]
        assert read.plan.groups == ()
        assert read.adapters == ADAPTERS

    def test_its_size_is_that_of_what_was_recorded_and_not_of_what_is_made_of_it(self, folder: RunFolder) -> None:
        before = store.size_bytes(folder.path)
        (folder.path / "index.html").write_text("x" * 1000)
        (folder.path / store.LOGS / "cell").mkdir(parents=True)
        (folder.path / store.LOGS / "cell" / "001-server.log").write_text("twelve bytes")
        assert store.size_bytes(folder.path) == before + 12

    def test_each_pair_of_machines_counts_its_own_trials(self, folder: RunFolder) -> None:
        for pair in ("one+other", "third+fourth"):
            folder.append(builders.trial(pair=pair))
        assert [trial.pair for trial in store.read(folder.path)[1]] == ["one+other", "third+fourth"]

    def test_people_can_read_it(self, folder: RunFolder) -> None:
        assert json.loads((folder.path / RUN_FILE).read_text())["machine"]["host"] == "bench"
        assert len((folder.path / RUN_FILE).read_text().splitlines()) > 50


class TestCutShort:
    def test_a_kill_in_the_middle_of_a_line_loses_that_trial_alone(self, folder: RunFolder) -> None:
        whole = []
        for number in (1, 2):
            folder.append(builders.trial(number=number))
            whole.append((folder.path / TRIALS_FILE).stat().st_size)
        text = (folder.path / TRIALS_FILE).read_bytes()
        for end in range(0, len(text) + 1, 7):
            (folder.path / TRIALS_FILE).write_bytes(text[:end])
            finished = sum(end >= size for size in whole)
            assert [trial.number for trial in store.read(folder.path)[1]] == [1, 2][:finished]
            folder.repair()
            folder.append(builders.trial(number=9))
            assert [trial.number for trial in store.read(folder.path)[1]] == [*[1, 2][:finished], 9]

    def test_repairing_what_is_whole_changes_nothing(self, folder: RunFolder) -> None:
        folder.repair()
        folder.append(FULL)
        before = (folder.path / TRIALS_FILE).read_bytes()
        folder.repair()
        assert (folder.path / TRIALS_FILE).read_bytes() == before


class TestFullDisk:
    def test_a_trial_that_does_not_fit_leaves_no_half_line(
        self, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.append(builders.trial())
        before = (folder.path / TRIALS_FILE).read_bytes()
        write = os.write

        def half(fd: int, data: bytes) -> int:
            if len(data) < 50:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(fd, data[: len(data) // 2])

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", half)
            with pytest.raises(RecordError) as refused:
                folder.append(FULL)
        assert "No space left on device: the trials before are kept" in str(refused.value)
        assert f"pipebench run --resume {folder.path}" in str(refused.value)
        assert (folder.path / TRIALS_FILE).read_bytes() == before
        folder.append(EMPTY)
        assert store.read(folder.path)[1] == (builders.trial(), EMPTY)

    def test_nor_does_one_that_a_real_file_system_refuses(self, folder: RunFolder) -> None:
        """A limit of the file's size (setrlimit(2)) stands in for a full disk, in a process of its own."""
        code = f"""
import resource
from pathlib import Path
from runner.errors import RecordError
from runner.record.store import RunFolder
from tests import builders
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
folder = RunFolder(Path({str(folder.path)!r}))
for number in range(1, 100):
    try:
        folder.append(builders.trial(number=number))
    except RecordError as error:
        print(number, error)
        break
"""
        root = Path(__file__).parents[2]
        done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
        number, _, message = done.stdout.partition(" ")
        assert "File too large: the trials before are kept" in message
        kept = [trial.number for trial in store.read(folder.path)[1]]
        assert kept == list(range(1, int(number)))
        assert kept

    def test_one_line_where_the_file_cannot_even_be_opened(self, folder: RunFolder) -> None:
        (folder.path / TRIALS_FILE).mkdir()
        with pytest.raises(RecordError, match=r"cannot write .*trials\.jsonl: Is a directory"):
            folder.append(FULL)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                lambda text: text.replace('"schema": 1', '"schema": 2'),
                "schema 2, this version reads 1: use the version",
            ),
            (lambda text: text.replace('"schema": 1', '"skema": 1'), r"run\.json is damaged: it is not the head"),
            (lambda _: "", r"run\.json is empty: restore it from a copy"),
            (lambda _: "{}", r"run\.json is damaged: it is not the head"),
            (lambda text: text.replace('"name": "aiohttp"', '"name": "other"'), "cell aiohttp-.* is of no adapter"),
            (lambda text: text[: len(text) // 2], r"run\.json is damaged: "),
            (lambda text: text.replace('"cells"', '"sells"'), r"run\.json is damaged: .*cells"),
        ],
    )
    def test_a_head_that_is_not_of_this_version(self, folder: RunFolder, change: object, says: str) -> None:
        assert callable(change)
        path = folder.path / RUN_FILE
        path.write_text(change(path.read_text()))
        with pytest.raises(RecordError, match=says):
            store.read(folder.path)

    def test_a_line_that_was_changed(self, folder: RunFolder) -> None:
        folder.append(FULL)
        path = folder.path / TRIALS_FILE
        path.write_text(path.read_text().replace('"crashed"', '"exploded"'))
        with pytest.raises(
            RecordError, match=r"trials\.jsonl, line 1: .*exploded.*--skip-damaged leaves such lines out"
        ):
            store.read(folder.path)

    @pytest.mark.parametrize(
        "histogram", ["[[2500,", "[[2500]]", "[[2500,1.5]]", "[[2500,null]]", "[2500]", "5", "null"]
    )
    def test_a_histogram_that_is_none(self, folder: RunFolder, histogram: str) -> None:
        folder.append(builders.trial())
        path = folder.path / TRIALS_FILE
        path.write_text(path.read_text().replace(f"[[{builders.BATCH_US},{builders.BATCHES}]]", histogram))
        with pytest.raises(RecordError, match=r"trials\.jsonl, line 1: "):
            store.read(folder.path)

    def test_a_folder_that_is_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(RecordError, match=r"cannot read .*run\.json: No such file or directory"):
            store.read(tmp_path)


class TestFolders:
    def test_none_is_overwritten(self, tmp_path: Path) -> None:
        first = store.create(tmp_path, "run")
        first.append(FULL)
        names = [store.create(tmp_path, "run").path.name for _ in range(2)]
        assert names == ["run-2", "run-3"]
        assert (first.path / TRIALS_FILE).exists()

    def test_results_are_made_where_they_are_missing(self, tmp_path: Path) -> None:
        made = store.create(tmp_path / "a" / "b", "run")
        assert (made.path / "logs").is_dir()
        assert made.path.is_absolute()

    def test_where_nothing_can_be_written_another_folder_is_asked_for(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(RecordError, match=r"cannot write to .*/file: .*: choose another with --results"):
            store.create(tmp_path / "file", "run")

    def test_they_are_found_by_path_name_and_beginning(self, tmp_path: Path) -> None:
        for name in ("20261121T01-default", "20261121T01-default-2", "20261122T01-quick"):
            store.create(tmp_path, name).write_run(builders.run(id=name))
        (tmp_path / "20261123-no-run").mkdir()
        assert store.find(tmp_path, "20261122").name == "20261122T01-quick"
        assert store.find(tmp_path, "20261121T01-default").name == "20261121T01-default"
        path = tmp_path / "20261122T01-quick"
        assert store.find(Path("/nowhere"), str(path)) == path
        with pytest.raises(RecordError, match=r"'20261121' is the beginning of 20261121T01-default, .*-2: give more"):
            store.find(tmp_path, "20261121")
        with pytest.raises(RecordError, match=r"no run '2025': there are 20261121T01-default, .*quick"):
            store.find(tmp_path, "2025")
        with pytest.raises(RecordError, match="no run '20261123'"):
            store.find(tmp_path, "20261123")

    def test_the_latest_is_the_one_written_last(self, tmp_path: Path) -> None:
        for name in ("b", "a"):
            store.create(tmp_path, name).write_run(builders.run(id=name))
        last = tmp_path / "a" / RUN_FILE
        while last.stat().st_ctime <= (tmp_path / "b" / RUN_FILE).stat().st_ctime:
            last.touch()  # a file system's clock ticks in milliseconds
        assert store.find(tmp_path, "latest").name == "a"

    @pytest.mark.parametrize("name", ["latest", "2026"])
    def test_where_there_is_none_that_is_said(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(RecordError, match=f"no run '{name}': there is none in "):
            store.find(tmp_path / "nowhere", name)


def test_a_published_run_is_read_from_its_compressed_trials(folder: RunFolder) -> None:
    folder.append(FULL)
    folder.append(EMPTY)
    plain = folder.path / TRIALS_FILE
    (folder.path / (TRIALS_FILE + ".gz")).write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert store.read(folder.path)[1] == (FULL, EMPTY)


class TestDamage:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (
                (f'"requests":{5 * builders.BATCHES}', '"requests":-1'),
                "line 2: Expected `int` >= 0 - at `$.load.requests`",
            ),
            (('"duration_us":1000000', '"duration_us":0'), "line 2: Expected `int` >= 1 - at `$.load.duration_us`"),
            (('"adapter":"aiohttp"', '"adapter":"nobody"'), "line 2: it is of nobody-py3.13.0-d5-c50-w1, and the run"),
            (('"depth":5', '"depth":77'), "line 2: it is of aiohttp-py3.13.0-d77-c50-w1, and the run has no such cell"),
            (('"number":2', '"number":1'), "line 2: trial 1 of aiohttp-py3.13.0-d5-c50-w1 stands there twice"),
            (('"histogram":[[', '"histogram":[[5,1],[3,2],['), "line 2: its histogram is not in order"),
        ],
    )
    def test_a_line_is_named_and_can_be_left_out(self, folder: RunFolder, change: tuple[str, str], says: str) -> None:
        trials = [builders.trial(number=number) for number in (1, 2, 3)]
        for trial in trials:
            folder.append(trial)
        path = folder.path / TRIALS_FILE
        lines = path.read_text().splitlines(keepends=True)
        assert change[0] in lines[1]
        lines[1] = lines[1].replace(*change)
        path.write_text("".join(lines))
        with pytest.raises(RecordError) as refused:
            store.read(folder.path)
        assert says in str(refused.value)
        _, read, damage = store.read_past_damage(folder.path)
        assert read == (trials[0], trials[2])
        assert damage is not None
        assert damage.lines == (2,)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"id": "<script>"}, "is no name of a run"),
            ({"id": "../../x"}, "is no name of a run"),
            ({"created_at": "yesterday"}, "yesterday"),
            ({"adapters": (*ADAPTERS, ADAPTERS[0])}, "aiohttp stands there twice"),
            ({"adapters": (builders.adapter_record(homepage="javascript:alert(1)"),)}, "no address of the web"),
            ({"plan": builders.plan(connections=(-5,))}, "its plan has connections of -5"),
            ({"plan": builders.plan(threads=0)}, "no threads, or no CPUs"),
            ({"placement": Placement(server=(), generator=(1,), shared=False)}, "no threads, or no CPUs"),
        ],
    )
    def test_a_head_that_contradicts_itself(self, folder: RunFolder, change: dict[str, Any], says: str) -> None:
        folder.write_run(builders.run(**{"adapters": ADAPTERS, **change}))
        with pytest.raises(RecordError, match=r"run\.json is damaged: .*: restore it from a copy") as refused:
            store.read(folder.path)
        assert says in str(refused.value)

    def test_a_head_that_is_nested_without_end(self, folder: RunFolder) -> None:
        (folder.path / RUN_FILE).write_text("[" * 100_000)
        with pytest.raises(RecordError, match="it is not the head of a run"):
            store.read(folder.path)

    @pytest.mark.parametrize(("keep", "whole"), [(0.5, None), (0.0, 0)])
    def test_what_was_compressed_and_cut(self, folder: RunFolder, keep: float, whole: int | None) -> None:
        for number in range(1, 40):
            folder.append(builders.trial(number=number))
        plain = folder.path / TRIALS_FILE
        packed = gzip.compress(plain.read_bytes())
        plain.unlink()
        path = folder.path / f"{TRIALS_FILE}.gz"
        path.write_bytes(packed[: int(len(packed) * keep)] if keep else b"no gzip at all")
        _, read, damage = store.read_past_damage(folder.path)
        assert damage is not None
        assert "it cannot be read on" in damage.first
        assert whole is None or len(read) == whole
        with pytest.raises(RecordError, match="cannot be read on"):
            store.read(folder.path)

    def test_trials_that_are_no_file(self, folder: RunFolder) -> None:
        (folder.path / TRIALS_FILE).mkdir()
        with pytest.raises(RecordError, match="is no file"):
            store.read(folder.path)


class TestHeld:
    def test_a_folder_is_held_by_one(self, folder: RunFolder) -> None:
        again = RunFolder(folder.path).held()
        refused = pytest.raises(RecordError, match=rf"is still being measured, by process {os.getpid()}: ")
        with folder.held(), refused, again:
            pass
        with folder.held():
            pass


class TestLogs:
    def test_a_log_is_read_by_its_name(self, folder: RunFolder) -> None:
        (folder.path / "logs" / "x").mkdir()
        (folder.path / "logs" / "x" / "1.log").write_bytes(b"caf\xe9\n")
        assert store.read_log(folder.path, "logs/x/1.log") == "caf\N{REPLACEMENT CHARACTER}\n"

    @pytest.mark.parametrize(
        "name", ["logs/gone.log", "logs", "", RUN_FILE, "../secret", "logs/../../secret", "logs/link"]
    )
    def test_nothing_is_read_but_logs(self, folder: RunFolder, name: str) -> None:
        """A record may come from anywhere: the names in it lead to nothing outside."""
        secret = folder.path.parent / "secret"
        secret.write_text("secret")
        folder.write_run(builders.run())
        (folder.path / "logs" / "link").symlink_to(secret)
        assert store.read_log(folder.path, name) is None
        assert store.read_log(folder.path, str(secret)) is None


class TestExplained:
    def test_the_last_of_a_server_counts_and_a_cut_line_does_not(self, tmp_path: Path) -> None:
        folder = RunFolder(tmp_path)
        assert store.read_explained(tmp_path) == ()
        first, again = seen.explained(), replace(seen.explained(), calls_reason="not permitted")
        for one in (first, seen.explained("sanic"), again):
            folder.explain(one)
        with (tmp_path / store.EXPLAINED_FILE).open("a") as lines:
            lines.write('{"adapter": "cut')
        assert store.read_explained(tmp_path) == (again, seen.explained("sanic"))

    def test_published_it_is_compressed(self, tmp_path: Path) -> None:
        source, target = tmp_path / "a", tmp_path / "b"
        source.mkdir()
        target.mkdir()
        store.compress_explained(source, target)
        assert list(target.iterdir()) == []
        RunFolder(source).explain(seen.explained())
        store.compress_explained(source, target)
        assert store.read_explained(target) == (seen.explained(),)

    def test_a_damaged_line_is_named(self, tmp_path: Path) -> None:
        (tmp_path / store.EXPLAINED_FILE).write_text('{"adapter": 3}\n')
        with pytest.raises(RecordError, match=r"line 1: .*explain that server again"):
            store.read_explained(tmp_path)


def test_the_run_before_is_one_that_can_be_compared(tmp_path: Path) -> None:
    alike, _ = builders.matrix(adapters=1)
    another = replace(alike, cells=(builders.cell(adapter="another"),))
    for day, head in (("20", alike), ("22", another), ("23", alike)):
        folder = tmp_path / f"202611{day}T000000-default"
        folder.mkdir()
        RunFolder(folder).write_run(replace(head, id=folder.name))
    (tmp_path / "20261121T000000-default").mkdir()
    (tmp_path / "20261121T000000-default" / RUN_FILE).write_text("{}", encoding="utf-8")
    found = store.earlier(tmp_path, replace(alike, id="20261123T000000-default"))
    assert found == "20261120T000000-default", "another's cells, and a damaged head, stand between"
    assert store.earlier(tmp_path, replace(alike, id="20261120T000000-default")) is None
