"""Where a run's figures come from: the machine, the plan, and what to type for the same run again. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from runner.record.run import Level, Machine, Pair, Run


def commands(run: Run) -> str:
    """What to type for the same run again."""
    lines = ["make setup", f"uv run {shlex.join(run.command)}"]
    if run.revision is not None:
        lines.insert(0, f"git checkout {run.revision.rstrip('+')}")
    return "\n".join(lines)


def not_in_commit(run: Run, uncommitted: Sequence[str]) -> str | None:
    """What the commands do not bring back; ``uncommitted`` are files of adapters that the commit has otherwise."""
    if uncommitted:
        return f"Not in commit {(run.revision or 'unknown').rstrip('+')}, or not as measured: {', '.join(uncommitted)}."
    if run.revision is None:
        return "The commit is not known: the files are told by their sums below."
    if run.revision.endswith("+"):
        return f"Measured with changes to {run.revision.rstrip('+')} that no commit holds."
    return None


def machine(run: Run) -> Iterator[tuple[str, str]]:
    """What it was measured on, as terms and words."""
    machine = run.machine
    yield "CPU", machine.kind
    yield "Placement", f"CPUs: {run.placement}"
    yield "Memory", f"{machine.memory_bytes / 2**30:.0f} GiB"
    yield "System", machine.system + (", a virtual machine" if machine.hypervisor else "")
    yield "Kernel", machine.kernel
    yield "Tools", ", ".join(f"{name} {version}" for name, version in machine.tools.items())
    for number, pair in enumerate(run.cluster.pairs if run.cluster else (), start=1):
        yield f"Pair {number}", _pair(pair)


def _pair(pair: Pair) -> str:
    """The machines of a pair and the way between them."""
    words = [f"{pair.name}: server on {_shown(pair.server)}"]
    for machine, link in zip(pair.generators, pair.links, strict=False):
        offloads = "offloads unknown" if link.offloads is None else ", ".join(link.offloads) or "no offloads"
        words.append(
            f"load from {_shown(machine)} over {link.interface or 'an unknown interface'} (MTU {link.mtu or '?'}; "
            f"{offloads}): round trip {link.round_trip_us:.0f} µs, {link.bytes_per_second / 1e6:.0f} MB/s"
        )
    return "; ".join(words)


def _shown(machine: Machine) -> str:
    return f"{machine.host}, {machine.kind}, {machine.kernel}, wrk {machine.tools.get('wrk', '?')}"


def findings(run: Run) -> str:
    """How many findings about the machine there are of each level."""
    counts = {level: sum(1 for finding in run.findings if finding.level is level) for level in reversed(Level)}
    return ", ".join(f"{count} {level.value}" for level, count in counts.items() if count)


def plan(run: Run) -> Iterator[tuple[str, str]]:
    """What was asked for, as terms and words."""
    plan = run.plan
    yield "Run", run.id
    yield "Suite", f"version {run.version}, revision {run.revision or 'unknown'}"
    yield "Finished", (run.finished_at or "not complete").replace("T", " ").replace("Z", " UTC")
    yield "Depths", ", ".join(map(str, plan.depths))
    yield "Connections", ", ".join(map(str, plan.connections))
    yield "Workers", ", ".join(map(str, plan.workers))
    yield "Load", f"{plan.duration_s:g} s a trial, warm-up {plan.warm_up_s:g} s, {plan.threads} wrk threads"
    if plan.trials is not None:
        yield "Trials", f"{plan.trials} of each cell"
    else:
        budget = "" if plan.budget_s is None else f" or {plan.budget_s:g} s in all"
        yield "Trials", f"{plan.min_trials} to {plan.max_trials} of each cell, until ±{plan.precision:.0%}{budget}"
    yield "Order", f"shuffled in each round, seed {plan.seed}"
