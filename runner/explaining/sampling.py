"""A server under load, its stacks sampled: by py-spy where it is Python, else by perf. That load gives no figure."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from runner.conformance.running import check
from runner.errors import ToolError
from runner.explaining import stacks
from runner.load import volley
from runner.record.adapter import Environment, Service
from runner.record.beside.explained import Sampled, Stack
from runner.record.plaintext import counted, plain
from runner.record.plan import Cell
from runner.record.trial import Placement
from runner.serving import process, server
from runner.serving.server import Server

PY_SPY = "0.4.3"
"""The release of py-spy that is fetched where none is installed."""
RATE = 197
"""Samples a second; no divisor of what servers and kernels do each hundredth."""
SAMPLED_S = 5
SETTLED_AFTER_S = 0.5
LOADED_S = SAMPLED_S + 6
"""The load outlasts the samples: py-spy takes a while to find its way into a process."""
DEADLINE_S = 60.0
CONNECTIONS = 50
LEAST_SAMPLES = 50


class NotSampledError(Exception):
    """A server whose stacks cannot be sampled; the text says why, in one line."""


def py_spy() -> tuple[str, ...]:
    """The command of py-spy: the one that is installed, else one that uv fetches. Raises :class:`ToolError`."""
    if found := shutil.which("py-spy"):
        return (found,)
    if not shutil.which("uv"):
        raise ToolError("py-spy is not installed: `pip install py-spy`, or install uv, which fetches it")
    command = ("uv", "tool", "run", "--quiet", "--from", f"py-spy=={PY_SPY}", "py-spy")
    said = process.output([*command, "--version"], timeout_s=120)
    if said is None or not said.startswith("py-spy"):
        raise ToolError(f"py-spy is not installed, and uv could not fetch it: `uv tool install py-spy=={PY_SPY}`")
    return command


def tool(environment: Environment) -> str:
    """The name and version of what samples this server. Raises :class:`ToolError` where it is not there."""
    if environment.adapter.language == "python":
        return (process.output([*py_spy(), "--version"], stderr=False) or "py-spy").strip()
    said = process.output(["perf", "--version"], stderr=False) if shutil.which("perf") else None
    if not said or "version" not in said:
        raise ToolError("perf is not installed: install it, with `apt-get install linux-perf` for example")
    return said.strip().replace(" version", "")


def sample(environment: Environment, depth: int, placement: Placement, generator: Service) -> Sampled:
    """The stacks of a server under a closed load. Raises :class:`NotSampledError`."""
    name = tool(environment)
    with tempfile.TemporaryDirectory(prefix="pipebench-explain-") as made:
        folder = Path(made)
        try:
            with server.running(environment, log=folder / "server.log", cpus=placement.server) as started:
                found = _under_load(environment, started, depth, placement, generator, folder)
        except server.StartError as error:
            raise NotSampledError(plain(str(error))) from None
    number = sum(stack.samples for stack in found)
    if number < LEAST_SAMPLES:
        raise NotSampledError(f"only {counted(number, 'sample')} at depth {depth}: it hardly used its CPU")
    return Sampled(depth, name, found)


def _under_load(
    environment: Environment, started: Server, depth: int, placement: Placement, generator: Service, folder: Path
) -> tuple[Stack, ...]:
    cell = Cell(environment.adapter.name, environment.python, depth, CONNECTIONS, workers=1)
    order = volley.Order(threads=1, duration_s=LOADED_S, grace_s=1, expect=check.BODY.decode())
    argv = volley.argv(generator.argv[0], cell, started.address, order, folder / "record")
    with process.Process(argv, log=folder / "load.log", cpus=placement.generator) as load:
        time.sleep(SETTLED_AFTER_S)
        by = _by_py_spy if environment.adapter.language == "python" else _by_perf
        found = by(started, folder, placement.generator)
        if load.wait(0) is not None:
            said = (load.log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
            raise NotSampledError(
                f"the load at depth {depth} ended before the samples did: volley {load.exit}: {plain(said)}"
            )
        return found


def _by_py_spy(started: Server, folder: Path, cpus: Sequence[int]) -> tuple[Stack, ...]:
    output = folder / "stacks"
    main = _still_there(started)[0]
    argv = [*py_spy(), "record", f"--pid={main}", "--subprocesses", "--native", f"--rate={RATE}"]
    argv += [f"--duration={SAMPLED_S}", "--format=raw", f"--output={output}"]
    done = process.run(argv, timeout_s=DEADLINE_S, log=folder / "py-spy.log", cpus=cpus)
    if not output.exists():
        raise NotSampledError(_said("py-spy", done))
    return stacks.of_py_spy(output.read_text(errors="replace"))


def _by_perf(started: Server, folder: Path, cpus: Sequence[int]) -> tuple[Stack, ...]:
    data = folder / "perf.data"
    pids = ",".join(map(str, _still_there(started)))
    argv = ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(RATE), "-g", "-p", pids, "-o", str(data)]
    done = process.run([*argv, "--", "sleep", str(SAMPLED_S)], timeout_s=DEADLINE_S, log=folder / "perf.log", cpus=cpus)
    if done.exit.code != 0 or not data.exists():
        raise NotSampledError(_said("perf", done))
    argv = ["perf", "script", "-i", str(data), "-F", "comm,pid,ip,sym,dso"]
    printed = process.output(argv, timeout_s=DEADLINE_S, stderr=False) or ""
    try:
        return stacks.of_perf(printed)
    except ValueError as error:
        raise NotSampledError(f"perf: {error}") from None


def _still_there(started: Server) -> tuple[int, ...]:
    """The server's processes. Raises :class:`NotSampledError` where it ended under load."""
    if not started.alive() or not (found := started.processes()):
        raise NotSampledError(f"{started.exit} under load")
    return found


def _said(name: str, done: process.Completed) -> str:
    """Why a tool gave no samples, in its own words, with the remedy where it was not allowed to look."""
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    why = next(
        (line for line in lines if line.startswith(("Error", "Permission", "Failed"))), lines[-1] if lines else ""
    )
    if "permi" in done.output.lower():
        return f"{name} may not look into it: run as root, or allow it with `sysctl kernel.yama.ptrace_scope=0`"
    return f"{name} {done.exit}" + (f": {plain(why)[:200]}" if why else "")
