"""The faults, each with what it must come to: injected into the command as a user has it, wherever that can be done."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from runner.conformance.case import Case, CaseResult, Fault, Outcome
from runner.conformance.cases.catalogue import CORE
from runner.conformance.classify import classify
from runner.conformance.judge import failed, passed, settled
from runner.judging import verdict
from runner.record import store
from runner.record.store import RunFolder
from runner.report.formats import Report, terminal
from runner.serving import errorlog
from runner.serving.process import Process
from tests import builders
from tests.faults.bench import ONE, PUBLISHED, REPOSITORY, Bench, copy_of, noise
from tests.programs import PATIENCE_S, mentioning


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault: its number in the report that named it, what is done, and a pattern for each line that it ends in."""

    number: str
    title: str
    inject: Callable[[Bench], list[str]]
    expected: tuple[str, ...]
    needs_root: bool = False


def frozen(bench: Bench) -> list[str]:
    bench.adapter("alpha", "Freezes")
    with noise():
        row = bench.row()
    return [f"{row['verdict']}: {row['reason']}"]


def narrow(bench: Bench) -> list[str]:
    folder = max(PUBLISHED.glob("*-2cpu-default"))
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    for item in terminal(Report.read(folder)):
        console.print(item)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return [next(line.strip() for line in lines if "uvloop + httptools" in line), " ".join(lines[-3:])]


def streams(bench: Bench) -> list[str]:
    (folder,) = PUBLISHED.glob("*-seed")
    argv = ("report", str(folder))
    with open("/dev/full", "w") as full:  # noqa: PTH123
        said = [bench.last_line(*argv, stdout=full)]
    shell = shlex.join(bench.command(*argv))
    closed = subprocess.run(["sh", "-c", f"{shell} >&-"], cwd=bench.root, capture_output=True, text=True, check=False)
    latin = bench.run(*argv, env={**bench.environ, "PYTHONIOENCODING": "latin-1"}, encoding="latin-1")
    said += closed.stderr.strip().splitlines()
    said.append(next(line for line in latin[1].splitlines() if "ceiling" in line).strip())
    bench.adapter("alpha", "Works")
    with open("/dev/full", "w") as full:  # noqa: PTH123
        code, out, _ = bench.run("run", *ONE, "--json", stderr=full)
    return [*said, f"stderr full: exit code {code}, rows: {len(json.loads(out)['rows'])}"]


def vanished_interpreter(bench: Bench) -> list[str]:
    bench.adapter("alpha", "Works")
    bench.run("list", "--build")
    for folder in Path(bench.environ["PIPEBENCH_CACHE"]).glob("python/alpha-*/venv/bin"):
        (folder / "python").unlink()
        (folder / "python").symlink_to("/nowhere/python")
    said = [bench.run(*argv)[1].splitlines()[1] for argv in (("list",), ("list", "--build"))]
    return [re.sub(r" +", " ", line).strip() for line in said]


def tracebacks(bench: Bench) -> list[str]:
    for name in ("dangling", "folder", "fifo"):
        (bench.root / "frameworks" / name).mkdir(parents=True)
    (bench.root / "frameworks/dangling/app.py").symlink_to("/nowhere/app.py")
    (bench.root / "frameworks/folder/app.py").mkdir()
    os.mkfifo(bench.root / "frameworks/fifo/app.py")
    sourceless = bench.root / "frameworks/sourceless/adapter.toml"
    sourceless.parent.mkdir()
    keys = {"title": "x", "distribution": "x", "kind": "server", "language": "rust", "homepage": "https://x"}
    sourceless.write_text("".join(f'{key} = "{value}"\n' for key, value in keys.items()))
    bench.adapter("alpha", "Works")
    said = [bench.last_line("check", name) for name in ("dangling", "folder", "fifo", "sourceless")]
    check = shlex.join(bench.command("check", "alpha"))
    limited = ["sh", "-c", f"ulimit -n 64; {check}"]
    said += (
        subprocess.run(limited, cwd=bench.root, env=bench.environ, capture_output=True, text=True, check=False)
        .stderr.strip()
        .splitlines()[-1:]
    )
    said.append(bench.last_line("run", "--duration", "99999999999999999999h"))
    said.append(bench.last_line("run", "--python", "٣.١٢"))
    said.append(bench.last_line("new", "a" * 300, "--from", "alpha"))
    return said


def killed_supervisor(bench: Bench) -> list[str]:
    program = bench.root / "program.py"
    program.write_text(
        "import os, signal, time\n"
        "parent = os.getppid()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    os.kill(parent, signal.SIGKILL)\n"
        "time.sleep(600)\n"
    )
    with Process([sys.executable, str(program)], log=bench.root / "log") as started:
        started.wait(PATIENCE_S)
    left = mentioning(str(program))
    return [f"left behind: {left}" if left else "nothing is left behind"]


def resumed_while_measured(bench: Bench) -> list[str]:
    folder = copy_of("*-seed", bench.root)
    with RunFolder(folder).held():
        return [bench.last_line("run", "--resume", str(folder))]


def damaged(bench: Bench) -> list[str]:
    folder = copy_of("*-seed", bench.root)
    packed = folder / "trials.jsonl.gz"
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    said = [bench.last_line("report", str(folder)), bench.last_line("report", str(folder), "--skip-damaged", code=0)]
    packed.write_bytes(b"no gzip")
    said.append(bench.last_line("report", str(folder)))
    packed.unlink()
    (folder / "trials.jsonl").mkdir()
    return [*said, bench.last_line("report", str(folder))]


def half_written(bench: Bench) -> list[str]:
    for name in ("tornado", "hyper"):
        shutil.copytree(REPOSITORY / "frameworks" / name, bench.root / "frameworks" / name)
    said = [bench.last_line("new", "lua", "--from", "tornado-upstream-async")]
    code, out, err = bench.run("new", "mine", "--from", "hyper", stdin=subprocess.DEVNULL)
    said += [line.strip() for line in (out + err).splitlines() if "cargo run" in line or code]
    empty = store.create(bench.results, "20261121T000000-default")
    empty.write_run(builders.run())
    said.append(bench.last_line("publish", str(empty.path), "--uncommitted"))
    left = sorted(path.name for path in bench.results.glob("published/*"))
    return [*said, f"published after it: {', '.join(left) or 'nothing'}"]


def failing_witness(bench: Bench) -> list[str]:
    environ = bench.with_tool("h2load", 'case "$1" in --version) echo "h2load nghttp2/1.64";; *) echo garbage;; esac')
    bench.adapter("alpha", "Works")
    code, out, err = bench.run("run", *ONE, "--witness", "--witness-by", "h2load", env=environ)
    note = " ".join(line.strip() for line in out.splitlines() if "no witness" in line)
    return [note or f"exit code {code}: {err}"]


def without_ffi(bench: Bench) -> list[str]:
    return [str(verdict.of_trial(builders.trial(load=builders.load(cpu_ns=None))).reason)]


def edited(bench: Bench) -> list[str]:
    file = bench.adapter("alpha", "Works")
    before = file.read_text()
    _, lines = bench.in_the_middle("mine", lambda _: file.write_text(before + "\n# edited\n"))
    file.write_text(before)
    command = shlex.split(lines[-2].rpartition(": pipebench ")[2])
    (head,) = bench.root.glob("mine/*/run.json")
    head.write_text(head.read_text().replace('"trials": 20', '"trials": 2'))
    ended, _, err = bench.run(*command)
    measured = [line for line in err.splitlines() if line.startswith("measured in ")]
    return [lines[-1], lines[-2], f"exit code {ended}: {' '.join(measured) or err}"]


def empty_values(bench: Bench) -> list[str]:
    return [bench.last_line("run", *argv) for argv in (["--resume", ""], ["--only", ""], ["--budget", "0"])]


def empty_head(bench: Bench) -> list[str]:
    folder = copy_of("*-seed", bench.root)
    said = []
    for text in ("", "{}"):
        (folder / "run.json").write_text(text)
        said.append(bench.last_line("report", str(folder)))
    return said


def broken_wrk(bench: Bench) -> list[str]:
    environ = bench.with_tool("wrk", 'case "$*" in *"-c1 "*) echo luajit;; *) echo garbage;; esac')
    bench.adapter("alpha", "Works")
    return [bench.last_line("run", *ONE, env=environ)]


def unsafe_text(bench: Bench) -> list[str]:
    file = bench.adapter("alpha", "Works")
    text = file.read_text()
    said = []
    for title in (r"red \u001b[31m", r"two\nrows", "   "):
        file.write_text(text.replace('title = "alpha"', f'title = "{title}"'))
        said.append(bench.last_line("check", "alpha"))
    return said


def corrupt_once(bench: Bench) -> list[str]:
    once = settled(failed(Fault.WRONG, "response 3 is 200 'x', expected 200 'y'"), passed())

    def result(case: Case) -> CaseResult:
        found = once if case.name == "sixteen-in-order" else passed()
        return CaseResult(case.name, found.outcome, found.detail, found.fault, None, (), seconds=0.0, attempts=2)

    found = classify([result(case) for case in CORE])
    return [f"{found.server_class}: {found.reason}"] if once.outcome is Outcome.NOTE else [str(once)]


def hung_up(bench: Bench) -> list[str]:
    bench.adapter("alpha", "Works")
    code, lines = bench.in_the_middle("hung-up", lambda started: started.send_signal(signal.SIGHUP))
    return [f"exit code {code}: {lines[-1]}", lines[-2]]


def what_uv_says(bench: Bench) -> list[str]:
    said = [
        "Using CPython 3.13.0",
        "  \N{MULTIPLICATION SIGN} No solution found when resolving dependencies:",
        "  ╰─▶ Because there is no version of aiohttp==99 and you require it, they cannot be had.",
        "hint: pre-releases are available",
    ]
    file = bench.adapter("alpha", "Works")
    file.write_text(file.read_text().replace("2026-11-20", "2026-99-20"))
    return [errorlog.cause_of(said), bench.last_line("check", "alpha")]


def byte_order_mark(bench: Bench) -> list[str]:
    file = bench.adapter("alpha", "Works")
    file.write_text("\N{ZERO WIDTH NO-BREAK SPACE}" + file.read_text())
    return [bench.last_line("check", "alpha")]


def vanished_folder(bench: Bench) -> list[str]:
    bench.adapter("alpha", "Works")

    def remove(_: object) -> None:
        while (bench.root / "gone").exists():  # what the run writes meanwhile keeps a folder from being removed
            shutil.rmtree(bench.root / "gone", ignore_errors=True)

    _, lines = bench.in_the_middle("gone", remove)
    return [lines[-1], lines[-2], bench.last_line("run", "--results", "")]


def full_disk(bench: Bench) -> list[str]:
    bench.adapter("alpha", "Works")
    with _mounted(bench, "size=16k") as results:
        said = bench.last_line("run", *ONE, "--results", str(results))
    return [re.sub(r"/\S+/", "", said)]


def read_only(bench: Bench) -> list[str]:
    bench.adapter("alpha", "Works")
    with _mounted(bench, "ro") as results:
        said = bench.last_line("run", *ONE, "--results", str(results / "mine"))
    return [re.sub(r"/\S+/", "", said)]


class NotHereError(Exception):
    """What a fault needs is not to be had on this machine."""


class _mounted:
    """A small file system of its own."""

    def __init__(self, bench: Bench, options: str) -> None:
        self._folder, self._options = bench.root / "disk", options

    def __enter__(self) -> Path:
        self._folder.mkdir()
        argv = ["mount", "-t", "tmpfs", "-o", self._options, "tmpfs", str(self._folder)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotHereError(f"no file system can be mounted here: {done.stderr.strip()}")
        return self._folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self._folder)], check=True)


LINE = r"^pipebench: "
FAULTS = (
    Injected(
        "1", "a server that is frozen, on a noisy machine", frozen, (r"^stalled: \d+ responses, all of them in ",)
    ),
    Injected(
        "2",
        "a terminal of 80 columns",
        narrow,
        (r"uvloop \+ httptools +\d{3} \d{3} +±\d\.\d %.* measured$", r"a wider terminal shows it|csv and html$"),
    ),
    Injected(
        "3",
        "streams that are full, closed or of few letters",
        streams,
        (
            LINE + "cannot write to standard output: No space left on device",
            LINE + "cannot write to standard output: it is closed",
            r"ceiling .*>= 630 544",
            r"^stderr full: exit code 0, rows: 1$",
        ),
    ),
    Injected(
        "4", "an interpreter that vanished", vanished_interpreter, (r"alpha .* not built yet", r"alpha .*3\.\d+.* yes ")
    ),
    Injected(
        "5",
        "files that are none, few descriptors, absurd numbers",
        tracebacks,
        (
            LINE + r"frameworks/dangling/app\.py is a link to nothing",
            LINE + r"frameworks/folder/app\.py is a folder",
            LINE + r"frameworks/fifo/app\.py is no file",
            LINE + r"frameworks/sourceless/main\.rs is missing",
            LINE + r"the cases, 4 servers at a time, need \d+ file descriptors and the limit is 64",
            LINE + r".*'99999999999999999999h' is no duration",
            LINE + r"python is '٣\.١٢': --python takes releases such as 3\.13",
            LINE + r"'a+' is no name for an adapter",
        ),
    ),
    Injected("6", "a child that kills its supervisor", killed_supervisor, (r"^nothing is left behind$",)),
    Injected(
        "7",
        "a run that is still measured is resumed",
        resumed_while_measured,
        (LINE + r"\S+-seed is still being measured, by process \d+",),
    ),
    Injected(
        "8",
        "damaged records",
        damaged,
        (
            LINE + r".*trials\.jsonl\.gz, line \d+: it cannot be read on: .*--skip-damaged leaves such lines out",
            LINE + r"left out .*trials\.jsonl\.gz, line \d+",
            LINE + r".*trials\.jsonl\.gz, line 1: it cannot be read on: Not a gzipped file",
            LINE + r".*trials\.jsonl is no file",
        ),
    ),
    Injected(
        "9",
        "commands that would break the checkout",
        half_written,
        (
            LINE + r"tornado-upstream-async waits for an upstream.*pipebench new lua-upstream-async --from",
            r"cargo run --release --manifest-path frameworks/mine/Cargo\.toml",
            LINE + r"20261121T000000-default has no trial: there is nothing to publish",
            r"^published after it: nothing$",
        ),
    ),
    Injected(
        "10", "a witness that prints garbage", failing_witness, (r"no witness: unavailable: the generator failed, not",)
    ),
    Injected(
        "11",
        "wrk without LuaJIT's ffi",
        without_ffi,
        (r"^the generator's CPU time was not measured: who was the limit",),
    ),
    Injected(
        "12, 13",
        "an adapter edited during a run; the command printed to resume it",
        edited,
        (
            LINE + r"alpha was edited while it was measured: undo that and resume",
            r"is not complete; its finished trials are kept: pipebench run --resume /\S+/mine/\S+$",
            r"^exit code 0: measured in ",
        ),
    ),
    Injected(
        "14",
        "empty values",
        empty_values,
        (
            LINE + "what follows --resume is empty",
            LINE + "what follows --only is empty",
            LINE + "a budget of 0 s holds",
        ),
    ),
    Injected(
        "15",
        "a head that is empty",
        empty_head,
        (LINE + r".*run\.json is empty: restore it", LINE + r".*run\.json is damaged: it is not the head of a run"),
    ),
    Injected(
        "16",
        "a wrk that is none",
        broken_wrk,
        (LINE + r"wrk ended well and left no record of its load; it said: garbage",),
    ),
    Injected(
        "17",
        "titles with escapes, line ends, nothing",
        unsafe_text,
        (
            LINE + r".*title is 'red �\[31m': expected .* without control characters",
            LINE + r".*title is 'two rows': expected",
            LINE + r".*title is '   ': expected",
        ),
    ),
    Injected(
        "18", "a response that is wrong only under load", corrupt_once, (r"^broken: sixteen-in-order: not repeated: ",)
    ),
    Injected("19", "SIGHUP", hung_up, (r"^exit code 130: pipebench: interrupted$", r"is not complete; its finished")),
    Injected(
        "20",
        "what uv says, and a month 99",
        what_uv_says,
        (
            r"^No solution found when resolving dependencies: Because there is no version of aiohttp==99",
            LINE + r'.*exclude-newer is "2026-99-20T00:00:00Z": no such time: month must be in 1',
        ),
    ),
    Injected("21", "a byte order mark", byte_order_mark, (LINE + r".*begins with a byte order mark",)),
    Injected(
        "22",
        "a run's folder that vanished; --results ''",
        vanished_folder,
        (
            LINE + r"cannot (write|read) ",
            r"is gone, and what was measured with it",
            LINE + "what follows --results is empty",
        ),
    ),
    Injected("disk", "a full disk", full_disk, (LINE + r".*No space left on device",), needs_root=True),
    Injected("ro", "a read-only disk", read_only, (LINE + r".*Read-only file system",), needs_root=True),
)
