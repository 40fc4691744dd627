"""The command: help, one line for a user's error, a traceback for a bug."""

from __future__ import annotations

import json
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from runner.adapters import interpreters
from runner.adapters.outdated import Pin, State
from runner.cli import main
from runner.errors import UserError
from runner.machine import doctor, facts
from runner.record import store
from runner.record.adapter import Group, Unavailable
from runner.record.plan import Purpose
from runner.record.run import Finding, Level
from runner.rows import figures
from runner.suite import inquiries, plans
from runner.suite.inquiries import Outdated, Tried
from tests import builders

COMMANDS: dict[str, click.Command] = {"": main.cli, **main.cli.commands}


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """``main`` takes these for an interrupt; the tests' own process does not keep that."""
    before = {number: signal.getsignal(number) for number in main.HEEDED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(monkeypatch: pytest.MonkeyPatch, *argv: str) -> int:
    monkeypatch.setattr(sys, "argv", ["pipebench", *argv])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def top() -> click.Context:
    return main.cli.make_context("pipebench", [], resilient_parsing=True, terminal_width=100)


def help_text(name: str) -> str:
    context = click.Context(COMMANDS[name], parent=top(), info_name=name) if name else top()
    return COMMANDS[name].get_help(context)


class TestHelp:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_option_is_explained(self, name: str) -> None:
        options = [param for param in COMMANDS[name].params if isinstance(param, click.Option)]
        assert [option.name for option in options if not (option.help or "").strip()] == []

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_is_explained_and_ends_in_examples(self, name: str) -> None:
        command = COMMANDS[name]
        paragraphs = help_text(name).rstrip().split("\n\n")
        assert command.help
        assert paragraphs[-1].strip().startswith("Examples:\n")
        assert len(paragraphs[-1].splitlines()) >= 2

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_example_can_be_pasted(self, name: str) -> None:
        """Parsed, not run: an example with an option that is no longer there fails."""
        examples = [line.strip() for line in (COMMANDS[name].epilog or "").splitlines() if "pipebench" in line]
        assert examples
        for example in examples:
            words = shlex.split(example, comments=True)
            words = words[: words.index(">")] if ">" in words else words
            assert words[0] == "pipebench"
            with COMMANDS[words[1]].make_context(words[1], words[2:], parent=top()):
                pass

    @pytest.mark.parametrize("argv", [["--help"], ["-h"], *([name, "--help"] for name in COMMANDS if name)])
    def test_help_is_no_error(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str]
    ) -> None:
        assert run(monkeypatch, *argv) == 0
        assert capsys.readouterr().out.startswith("Usage: pipebench")

    def test_it_fits_on_a_line(self) -> None:
        for name in COMMANDS:
            assert max(map(len, help_text(name).splitlines())) <= 100, name

    def test_it_comes_without_what_only_the_work_needs(self) -> None:
        """Counted in modules, not in seconds: these take most of the time that an import of the work takes."""
        code = "import sys; import runner.cli.main; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        loaded = set(done.stdout.split())
        assert {"runner", "click"} <= loaded
        assert (
            not {"rich", "msgspec", "h11", "asyncio", "numpy", "packaging", "altair", "jinja2", "vl_convert"} & loaded
        )


BAD_INPUT = [
    (["run", "--depth", "0"], "depth is 0: --depth takes whole numbers of at least 1"),
    (["run", "--depth", "deep"], "'deep' is no list of whole numbers: give it as 1,5,16"),
    (["run", "--depth", "1,,2"], "is no list of whole numbers"),
    (["run", "--connections", "0"], "connections is 0"),
    (["run", "--connections", "many"], "is no list of whole numbers"),
    (["run", "--workers", "-1"], "workers is -1"),
    (["run", "--threads", "0"], "threads is 0"),
    (["run", "--threads", "two"], "'two' is no whole number"),
    (["run", "--threads", "3"], "50 connections cannot be shared evenly by 3 threads"),
    (["run", "--duration", "soon"], "'soon' is no duration: give it as 90s, 6m or 1h"),
    (["run", "--duration", "0"], "whole seconds"),
    (["run", "--duration", "500ms"], "is no duration"),
    (["run", "--budget", "x"], "is no duration"),
    (["run", "--precision", "150%"], "precision must lie between 0 and 100 %"),
    (["run", "--precision", "fine"], "'fine' is no share: give it as 3% or 0.03"),
    (["run", "--trials", "0"], "trials is 0"),
    (["run", "--python", "snake"], "'snake'"),
    (["run", "--group", "cor"], "'cor' is no list of groups: give some of core,field,2017"),
    (["run", "--group", ""], "what follows --group is empty: give it, or leave it out (is a variable not set?)"),
    (["run", "--resume", ""], "what follows --resume is empty"),
    (["run", "--resume="], "what follows --resume is empty"),
    (["run", "--only", " "], "what follows --only is empty"),
    (["run", "--only", ","], "',' names nothing"),
    (["run", "--results", ""], "what follows --results is empty"),
    (["report", ""], "what follows report is empty"),
    (["run", "--budget", "0"], "a budget of 0 s holds no trial of 1 s"),
    (["run", "--duration", "99999999999999999999h"], "is no duration"),
    (["run", "--duration", "999999999s"], "longer than a day"),
    (["run", "--depth", "١٦"], "'١٦' is no list of whole numbers"),
    (["run", "--depth", "1_6"], "'1_6' is no list of whole numbers"),
    (["run", "--trials", "٣"], "'٣' is no whole number"),
    (["run", "--python", "٣.١٢"], "--python takes releases such as 3.13, 3.14t or pypy3.11"),
    (["count", "aiohttp", "--python", "snake"], "python is 'snake'"),
    (["check", "aiohttp", "--python", "snake"], "python is 'snake'"),
    (["duel", "aiohttp", "sanic", "--python", "snake"], "python is 'snake'"),
    (["run", "--precision", "٣%"], "is no share"),
    (["run", "--precision", "nan"], "is no share"),
    (["export", "x", "--format", "png", "--output", "y", "--scale", "nan"], "'nan' is no number"),
    (["count", "aiohttp", "--depth", "0"], "depth is 0"),
    (["count", "aiohttp", "--depth", "10001"], "depth is 10001"),
    (["count", "@"], "names no adapter"),
    (["count"], "name ADAPTERs to count, as aiohttp, or all of a group, as --group core"),
    (["count", "--group", "fields"], "fields"),
    (["timeline", "aiohttp", "--delay", "3600s"], "is not waited for"),
    (["timeline", "aiohttp", "--depth", "1000", "--connections", "2"], "2000 requests cannot be drawn"),
    (["run", "--resume", "latest", "--depth", "5", "--quiet"], "leave out --depth"),
    (["list", "--group", "core,"], "'core,' is no list of groups"),
    (["check", "--group", "2018"], "'2018' is no list of groups"),
    (["check", "aiohttp", "--group", "2017"], "none of aiohttp is in group 2017: they are in --group core"),
    (["outdated", "--group", "2017"], "the releases of 2017 stay as they are: ask for --group core,field"),
    (["run", "--port", "0"], "0 is too small: give at least 1"),
    (["run", "--profile", "seeds"], "'seeds' is not one of"),
    (["run", "--delay", "500ms"], "no server of this profile waits for another"),
    (["run", "--max-clients", "20"], "no server of this profile waits for another"),
    (["run", "--profile", "upstream-ab", "--depth", "5"], "leave out --depth"),
    (["run", "--profile", "upstream-ab", "--check"], "leave out --check"),
    (["run", "--profile", "upstream-ab", "--witness"], "leave out --witness"),
    (["run", "--profile", "upstream-ab", "--max-clients", "0"], "max_clients is below 1"),
    (["run", "--profile", "upstream-ab", "--max-clients", "few"], "is no list of limits: give it as default,100"),
    (["run", "--profile", "upstream-ab", "--delay", "soon"], "'soon' is no delay: give it as 500ms, 0.5s or 0"),
    (["run", "--profile", "upstream-ab", "--duration", "19s"], "19 s are fewer than 40 of 500 ms"),
    (["timeline"], "name one or the other"),
    (["timeline", "tornado", "--client", "sync"], "name one or the other"),
    (["timeline", "--client", "sync", "--depth", "5"], "a client fetches once"),
    (["timeline", "tornado", "--delay", "500us"], "a delay below 1 ms cannot be drawn"),
    (["timeline", "tornadi"], "no adapter matches 'tornadi': did you mean tornado"),
    (["timeline", "tornado*"], "a timeline is of one adapter, not of tornado, "),
    (["timeline", "tornado", "--max-clients", "5"], "tornado has no limit to set: leave out --max-clients"),
    (["check", "tornado-upstream-async"], "no adapter matches 'tornado-upstream-async'"),
    (["run", "--dept", "1"], "No such option"),
    (["ran"], "No such command 'ran'"),
    (["report", "latest", "--format", "word"], "'word' is not one of"),
    (["report", "2019", "--results", "/nowhere"], "no run '2019': there is none in /nowhere"),
    (["run", "--resume", "2019", "--results", "/nowhere"], "no run '2019': there is none in /nowhere"),
]


class TestErrors:
    @pytest.mark.parametrize(("argv", "says"), BAD_INPUT, ids=lambda value: " ".join(value)[:40])
    def test_bad_input_is_one_line_and_exit_code_2(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], argv: list[str], says: str
    ) -> None:
        assert run(monkeypatch, *argv) == 2
        said = capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        assert line.startswith("pipebench: ")
        assert says in line

    def test_an_unknown_adapter_is_told_with_the_nearest(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(facts, "require_wrk", lambda: None)
        assert run(monkeypatch, "run", "--only", "aiohtp") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("pipebench: no adapter matches 'aiohtp': did you mean aiohttp")

    def test_more_connections_than_descriptors(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(facts, "require_wrk", lambda: None)
        monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1000))
        assert run(monkeypatch, "run", "--connections", "900") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("pipebench: 900 connections need ")
        assert "ulimit -n" in line

    def test_wrk_that_is_absent(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        assert run(monkeypatch, "run", "--generator", "wrk") == 2
        assert capsys.readouterr().err.startswith("pipebench: wrk is not installed: ")

    def test_every_users_error_is_caught(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        kinds = UserError.__subclasses__()
        assert kinds
        for kind in kinds:

            def fail(*_: object, kind: type[UserError] = kind) -> None:
                raise kind("it is so")

            monkeypatch.setattr(plans, "check", fail)
            assert run(monkeypatch, "run") == 2
            assert capsys.readouterr().err == "pipebench: it is so\n"

    def test_a_bug_keeps_its_traceback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(plans, "check", fail)
        monkeypatch.setattr(sys, "argv", ["pipebench", "run"])
        with pytest.raises(ZeroDivisionError):
            main.main()

    def test_an_interrupt_is_130(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(plans, "check", interrupted)
        assert run(monkeypatch, "run") == 130
        assert capsys.readouterr().err == "\npipebench: interrupted\n"

    def test_sigterm_is_an_interrupt(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setattr(plans, "check", lambda _: signal.raise_signal(signal.SIGTERM))
        assert run(monkeypatch, "run") == 130


class TestReport:
    @pytest.fixture(autouse=True)
    def commit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A commit that holds every adapter as it was measured."""
        monkeypatch.setattr("runner.suite.head.uncommitted_changes", lambda run, root: [])

    def test_a_page_names_what_is_not_in_the_commit(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = builders.adapter_record().path
        changed = [path, "commit 0123456789ab"]
        monkeypatch.setattr("runner.suite.head.uncommitted_changes", lambda run, root: changed)
        assert run(monkeypatch, "report", "--results", str(results), "--format", "html") == 0
        assert f"Not in commit 0123456789ab, or not as measured: {path}." in capsys.readouterr().out

    def test_some_adapters_and_some_columns(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        argv = ["report", "--results", str(results), "--format", "markdown", "--only", "aio*"]
        assert run(monkeypatch, *argv, "--columns", "server,requests/s,±") == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
        assert lines[0] == "| server | requests/s | ± | verdict |"
        assert {line.split("|")[1].strip() for line in lines[2:]} == {"aiohttp"}

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--only", "nope"), "no adapter of"),
            (("--columns", "nope"), "no column 'nope': there are rank, server, "),
            (("--columns", "server", "--format", "csv"), "--columns is for --format text and markdown"),
        ],
    )
    def test_what_is_not_there_is_said_in_one_line(
        self,
        results: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        options: tuple[str, ...],
        said: str,
    ) -> None:
        assert run(monkeypatch, "report", "--results", str(results), *options) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line

    def test_a_comment_has_no_more_columns_than_fit(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(monkeypatch, "report", "--results", str(results), "--format", "comment") == 0
        text = capsys.readouterr().out
        assert max(line.count(" | ") + 1 for line in text.splitlines() if line.startswith("|")) <= 7
        assert f"{figures.NOTHING}: not measured" in text
        assert "async-pipeline-bench, `pipebench report`" in text

    @pytest.fixture
    def results(self, tmp_path: Path) -> Path:
        folder = store.create(tmp_path, "20261121T000000-default")
        folder.write_run(builders.run())
        folder.append(builders.trial())
        witness = builders.load(generator="h2load", wrk_latency=None)
        folder.append(builders.trial(load=witness, purpose=Purpose.WITNESS))
        return tmp_path

    @pytest.mark.parametrize(
        ("format_", "begins"),
        [
            ("text", "run 2026"),
            ("markdown", "run 2026"),
            ("csv", "adapter,"),
            ("json", "{"),
            ("html", "<!doctype html>"),
            ("seed", "| server |"),
            ("witness", "| server |"),
            ("brief", "run 2026"),
            ("comment", "### depth 5"),
            ("blog", "Measured on 2026"),
            ("findings", "- **Who leads"),
        ],
    )
    def test_every_format_prints_the_same_row(
        self,
        results: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        format_: str,
        begins: str,
    ) -> None:
        assert run(monkeypatch, "report", "2026", "--results", str(results), "--format", format_) == 0
        said = capsys.readouterr()
        assert said.out.startswith(begins)
        assert "aiohttp" in said.out
        assert ("99875" if format_ in {"csv", "json"} else "99 875") in said.out
        assert said.err == ""

    def test_what_was_published_beside_what_is_measured(
        self, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(monkeypatch, "report", "--results", str(results), "--format", "seed-2017") == 2
        assert "nothing was loaded as in 2017" in capsys.readouterr().err
        then = builders.cell(connections=200)
        folder = store.create(tmp_path / "loaded", "20261121T000000-seed")
        folder.write_run(builders.run(cells=(then,)))
        folder.append(builders.trial(cell=then))
        assert run(monkeypatch, "report", "--results", str(tmp_path / "loaded"), "--format", "seed-2017") == 0
        assert "| sanic | published | 39.3 |" in capsys.readouterr().out

    def test_a_format_that_does_not_fit_is_refused_in_one_line(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(monkeypatch, "report", "--results", str(results), "--format", "upstream") == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("pipebench: --format upstream does not fit")
        assert said.err.count("\n") == 1

    def test_every_format_is_one_of_the_tests_above(self) -> None:
        (option,) = [param for param in COMMANDS["report"].params if param.name == "format_"]
        assert isinstance(option.type, click.Choice)
        formats = {"text", "markdown", "brief", "csv", "json", "html", "seed", "seed-2017", "witness", "upstream"}
        formats |= {"comment", "blog", "findings", "explain"}
        assert set(option.type.choices) == formats

    @pytest.mark.parametrize("format_", ["text", "csv", "html"])
    def test_a_file_gets_what_stdout_would(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], format_: str
    ) -> None:
        argv = ["report", "--results", str(results), "--format", format_]
        assert run(monkeypatch, *argv) == 0
        printed = capsys.readouterr().out
        assert run(monkeypatch, *argv, "--output", str(results / "file")) == 0
        assert capsys.readouterr().out == ""
        assert (results / "file").read_text(encoding="utf-8") == printed

    def test_a_file_that_cannot_be_written(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(monkeypatch, "report", "--results", str(results), "--output", str(results / "no" / "file")) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"pipebench: cannot write {results}/no/file: No such file")

    def test_a_reader_that_has_seen_enough_is_no_error(self, results: Path) -> None:
        command = [sys.executable, "-c", "from runner.cli.main import main; main()"]
        argv = shlex.join([*command, "report", "--results", str(results), "--format", "json"])
        done = subprocess.run(["sh", "-c", f"{argv} | true"], capture_output=True, text=True, check=False)
        assert done.stderr == ""

    def test_it_starts_nothing(
        self, results: Path, monkeypatch: pytest.MonkeyPatch, programs_started: list[str]
    ) -> None:
        assert run(monkeypatch, "report", "--results", str(results)) == 0
        assert programs_started == []


class TestList:
    PREPARED = (builders.environment(), Unavailable(builders.adapter(name="gone"), "no CPython 3.2 here"))

    @pytest.fixture(autouse=True)
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
        seen: list[tuple[str, ...]] = []

        def inventory(only: tuple[str, ...], *_: object, groups: tuple[Group, ...], build: bool) -> tuple[object, ...]:
            seen.append((*only, *groups))
            return self.PREPARED

        monkeypatch.setattr(inquiries, "inventory", inventory)
        return seen

    def test_a_table(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(monkeypatch, "list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines] == ["adapter", "aiohttp", "gone"]
        assert "no CPython 3.2 here" in lines[2]

    def test_objects(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        asked: list[tuple[str, ...]],
    ) -> None:
        assert run(monkeypatch, "list", "--json", "--only", "aio*, gone,", "--group", "2017,core") == 0
        read = json.loads(capsys.readouterr().out)
        assert [set(entry) for entry in read] == [
            {"adapter", "title", "version", "python", "kind", "scenario", "group", "available", "reason"}
            | {"body", "remark", "tuning"}
        ] * 2
        assert [(entry["adapter"], entry["available"], entry["version"]) for entry in read] == [
            ("aiohttp", True, "3.14.5"),
            ("gone", False, None),
        ]
        assert asked == [("aio*", "gone", Group.SEED_2017, Group.CORE)]


class TestTuning:
    def test_it_is_listed_without_building_anything(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(inquiries, "inventory", lambda *_, **__: pytest.fail("an environment was built"))
        assert run(monkeypatch, "list", "--tuning", "--only", "hyper*") == 0
        text = capsys.readouterr().out
        assert "pipeline_flush" in text
        assert "2026-11-26" in text

    def test_objects(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(monkeypatch, "list", "--tuning", "--json", "--only", "uvicorn-h11") == 0
        (entry,) = json.loads(capsys.readouterr().out)
        assert entry["adapter"] == "uvicorn-h11"
        (advice,) = entry["tuning"]
        assert (advice["taken"], advice["page"]) == ("in part", "https://uvicorn.dev/settings/")
        assert advice["why"]


class TestOutdated:
    BEHIND = Pin("aiohttp", "aiohttp", "3.14.5", "3.15.0", State.OUTDATED, None, requirement="aiohttp==3.14.5")
    HELD = Pin("aiohttp", "uvloop", "0.22.1", "0.23.0", State.HELD, "slow [/x]", requirement="uvloop==0.22.1")
    CURRENT = Pin("fasthttp", "github.com/valyala/fasthttp", "1.77.0", "1.77.0", State.CURRENT, None)
    PASSED, FAILED = Tried("aiohttp", None), Tried("aiohttp", "stalled: no response in 5 s")

    def find(self, monkeypatch: pytest.MonkeyPatch, *pins: Pin, tried: tuple[Tried, ...] = ()) -> list[object]:
        seen: list[object] = []

        def found(patterns: tuple[str, ...], *_: object, **how: object) -> Outdated:
            seen.append((patterns, how))
            return Outdated("2026-12-24T00:00:00Z", pins, tried)

        monkeypatch.setattr(inquiries, "find_outdated", found)
        return seen

    def test_each_pin_is_shown_with_the_newest_release(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        seen = self.find(monkeypatch, self.BEHIND, self.HELD, self.CURRENT)
        assert run(monkeypatch, "outdated", "aio*", "--group", "core") == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split() for line in lines[1:]] == [
            ["aiohttp", "aiohttp", "3.14.5", "3.15.0", "outdated"],
            ["aiohttp", "uvloop", "0.22.1", "0.23.0", "held", "slow", "[/x]"],
            ["fasthttp", "github.com/valyala/fasthttp", "1.77.0", "1.77.0", "current"],
        ]
        assert seen == [(("aio*",), {"groups": (Group.CORE,), "update": False})]

    @pytest.mark.parametrize(
        ("state", "option", "code"),
        [
            (State.OUTDATED, (), 0),
            (State.OUTDATED, ("--exit-code",), 1),
            (State.HELD, ("--exit-code",), 0),
            (State.CURRENT, ("--exit-code",), 0),
            (State.UNKNOWN, ("--exit-code",), 0),
        ],
    )
    def test_its_exit_code_is_the_answer_where_that_is_asked_for(
        self, monkeypatch: pytest.MonkeyPatch, state: State, option: tuple[str, ...], code: int
    ) -> None:
        self.find(monkeypatch, replace(self.BEHIND, state=state))
        assert run(monkeypatch, "outdated", *option) == code

    @pytest.mark.parametrize(
        ("tried", "code", "says"),
        [(PASSED, 0, "its quick check passed"), (FAILED, 1, "its quick check said stalled: no response in 5 s")],
    )
    def test_what_was_updated_is_told_with_its_quick_check(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tried: Tried,
        code: int,
        says: str,
    ) -> None:
        self.find(monkeypatch, self.BEHIND, tried=(tried,))
        assert run(monkeypatch, "outdated", "--update", "--exit-code") == code
        assert f"aiohttp: updated; {says}" in capsys.readouterr().out

    def test_an_object(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.find(monkeypatch, self.HELD, tried=(self.PASSED,))
        assert run(monkeypatch, "outdated", "--json", "--update") == 0
        read = json.loads(capsys.readouterr().out)
        assert set(read) == {"before", "pins", "tried"}
        assert read["pins"] == [
            {
                "adapter": "aiohttp",
                "distribution": "uvloop",
                "pinned": "0.22.1",
                "newest": "0.23.0",
                "state": "held",
                "reason": "slow [/x]",
                "requirement": "uvloop==0.22.1",
            }
        ]
        assert read["tried"] == [{"adapter": "aiohttp", "failure": None}]


class TestDoctor:
    @pytest.mark.parametrize(("level", "code"), [(Level.WARNING, 0), (Level.GOOD, 0), (Level.PROBLEM, 1)])
    def test_its_exit_code_is_the_answer(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: Level, code: int
    ) -> None:
        findings = (Finding(Level.GOOD, "uv", "0.13.8"), Finding(level, "wrk", "somehow", "an effect", "a remedy"))
        monkeypatch.setattr(doctor, "read", lambda: None)
        monkeypatch.setattr(doctor, "examine", lambda _: findings)
        monkeypatch.setattr(interpreters, "find", lambda: ())
        monkeypatch.setattr(interpreters, "find", tuple)
        assert run(monkeypatch, "doctor") == code
        text = capsys.readouterr().out
        assert "somehow" in text
        assert "a remedy" in text
        assert run(monkeypatch, "doctor", "--json") == code
        read = json.loads(capsys.readouterr().out)
        assert read[1] == {
            "level": level.value,
            "subject": "wrk",
            "state": "somehow",
            "effect": "an effect",
            "remedy": "a remedy",
        }
