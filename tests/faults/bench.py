"""Where faults are injected: a folder that looks like this repository, with adapters of its own, and tools to break."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.programs import PATIENCE_S, eventually
from tests.suite.test_runs_live import SECOND, Checkout

REPOSITORY = Path(__file__).parents[2]
PUBLISHED = REPOSITORY / "results" / "published"
ONE = (*SECOND, "--depth", "5", "--trials", "1", "--generator", "wrk", "--only", "alpha")


class Bench(Checkout):
    """A checkout below ``root``, for one fault after another."""

    def __init__(self, root: Path, cache: Path) -> None:
        root.mkdir(parents=True)
        super().__init__(root, cache)

    def last_line(self, *argv: str, code: int = 2, **how: Any) -> str:
        """The last line on standard error of a command that ends with ``code``; a traceback is an error."""
        ended, out, err = self.run(*argv, **how)
        if ended != code or "Traceback" in err:
            raise AssertionError(f"exit code {ended}, expected {code}:\n{out}\n{err}")
        return (err.strip().splitlines() or [""])[-1]

    def with_tool(self, name: str, text: str) -> Mapping[str, str]:
        """The environment with a shell script in the place of a tool."""
        folder = self.root / "tools" / name
        folder.mkdir(parents=True)
        tool = folder / name
        tool.write_text(f"#!/bin/sh\n{text}\n")
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        return {**self.environ, "PATH": f"{folder}:{self.environ['PATH']}"}

    def row(self, *argv: str, **how: Any) -> dict[str, Any]:
        """The only row of a run that ends well."""
        code, out, err = self.run("run", *ONE, "--json", "--quiet", *argv, **how)
        if code:
            raise AssertionError(err)
        (found,) = json.loads(out)["rows"]
        return dict(found)

    def in_the_middle(self, name: str, do: Any) -> tuple[int, list[str]]:
        """Exit code and lines of a run into which ``do`` breaks once its first trial is recorded."""
        results = self.root / name
        argv = ["run", *SECOND, "--depth", "5", "--trials", "20", "--generator", "wrk", "--only", "alpha"]
        argv += ["--results", str(results)]
        with self.start(*argv) as started:
            try:
                if not eventually(lambda: any(results.glob("*/trials.jsonl"))):
                    raise AssertionError("no trial was recorded")
                do(started)
                _, err = started.communicate(timeout=PATIENCE_S * 2)
            finally:
                if started.poll() is None:
                    started.send_signal(signal.SIGTERM)
        return started.returncode, [line for line in err.splitlines() if line.strip()]


@contextmanager
def noise() -> Iterator[None]:
    """A machine with other work on every CPU."""
    burning = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(len(os.sched_getaffinity(0)))
    ]
    try:
        yield
    finally:
        for one in burning:
            one.kill()
            one.wait()


def copy_of(published: str, into: Path) -> Path:
    """A published run to be damaged."""
    (source,) = PUBLISHED.glob(published)
    return Path(shutil.copytree(source, into / source.name))
