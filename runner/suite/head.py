"""The head of a run's record: what was asked, of which adapters, on which machine; and whether that is still so."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from runner import project
from runner.adapters import files, variants
from runner.errors import RecordError
from runner.machine import doctor, facts
from runner.record import store
from runner.record.adapter import Adapter, Environment, Scenario, Unavailable
from runner.record.plan import Plan
from runner.record.run import AdapterRecord, Cluster, Finding, Level, Pair, Run
from runner.serving import process
from runner.suite import plans
from runner.suite.progress import minutes


def on_cluster(head: Run, cluster: Cluster, ready: Sequence[Pair], findings: Sequence[Finding]) -> Run:
    """The head of a run that pairs of a cluster measure: its machine and CPUs are those of the first of them."""
    return replace(
        head, machine=ready[0].server, placement=ready[0].placement, findings=tuple(findings), cluster=cluster
    )


def describe(
    plan: Plan,
    root: Path,
    prepared: Sequence[Environment | Unavailable],
    readings: doctor.Readings,
    *,
    setup_s: float,
) -> Run:
    """The head of a run that is about to begin; its conformance is not known yet. ``setup_s``: what building took.

    ``readings`` of the machine are of before that, which is work of our own.
    """
    ready = [made for made in prepared if isinstance(made, Environment)]
    waits = plan.scenario is Scenario.UPSTREAM
    # What servers wait for runs on the generator's CPUs, and gets one more where there are enough.
    placement = facts.place(max(*plan.workers, plan.server_cpus or 1), plan.threads + waits)
    findings = list(doctor.examine(readings))
    findings += doctor.interpreters((made.python, made.build) for made in ready if made.python and made.build)
    taken = {made.python: (made.python, made.build, made.passed_over) for made in ready if made.python and made.build}
    findings += doctor.preferred(taken.values())
    if waits and (backlog := facts.backlog_finding(max(plan.connections))):
        findings.append(backlog)
    if max(plan.workers) > len(placement.server):
        state = f"{len(placement.server)} for up to {max(plan.workers)} workers"
        effect = "workers take CPU time from each other: more of them add nothing"
        findings.append(Finding(Level.WARNING, "CPUs", state, effect, "ask for fewer --workers"))
    return Run(
        schema=store.SCHEMA,
        id=f"{facts.now()[:19].replace(':', '').replace('-', '')}-{plan.profile}",
        created_at=facts.now(),
        finished_at=None,
        command=("pipebench", *reproducible(sys.argv[1:])),
        version=version("async-pipeline-bench"),
        revision=_revision(root),
        plan=plan,
        machine=facts.describe(),
        placement=placement,
        adapters=tuple(_record(made, root) for made in prepared),
        conformance=(),
        cells=plans.cells(plan, ready),
        findings=tuple(findings),
        setup_s=setup_s,
    )


def reproducible(argv: Sequence[str]) -> Iterator[str]:
    """A command without folders of one machine: where its records went to, and where a variant lies."""
    words = iter(argv)
    for word in words:
        if word == "--results":
            next(words, None)
        elif word == "--with":
            yield from (word, *map(variants.portable, islice(words, 1)))
        elif word.startswith("--with="):
            yield f"--with={variants.portable(word.removeprefix('--with='))}"
        elif not word.startswith("--results="):
            yield word


def _record(made: Environment | Unavailable, root: Path) -> AdapterRecord:
    adapter = made.adapter
    ready, missing = (made, None) if isinstance(made, Environment) else (None, made)
    return AdapterRecord(
        name=adapter.name,
        path=shown_path(adapter, root),
        sha256=files.fingerprint(adapter),
        beside=files.beside(adapter),
        title=adapter.title,
        distribution=adapter.distribution,
        kind=adapter.kind,
        homepage=adapter.homepage,
        scenario=adapter.scenario,
        language=adapter.language,
        ranked=adapter.ranked,
        known_failure=adapter.known_failure,
        group=adapter.group,
        python=made.python,
        variant=made.variant,
        version=ready.version if ready else None,
        installed=ready.installed if ready else {},
        build=ready.build if ready else None,
        unavailable=missing.reason if missing else None,
        log_tail=missing.log_tail if missing else (),
        client=adapter.client,
        max_clients=adapter.max_clients,
        body=adapter.body,
        compiles=ready.compiles if ready else adapter.compiles,
        remark=adapter.remark,
        tuning=adapter.tuning,
    )


def shown_path(adapter: Adapter, root: Path) -> str:
    """Where an adapter's file is in any checkout; of one that stands elsewhere, its folder's name and its own."""
    path = adapter.path
    return str(path.relative_to(root)) if path.is_relative_to(root) else f"{path.parent.name}/{path.name}"


def changes(recorded: Run, now: Run) -> list[str]:
    """What differs between a run's record and what is here now, and would make its trials incomparable."""
    found = []
    if recorded.cluster is not None and now.cluster is not None:
        before_on = {pair.name: pair for pair in recorded.cluster.pairs}
        for pair in now.cluster.pairs:
            known = before_on.get(pair.name, pair)
            if (known.server, known.generators) != (pair.server, pair.generators):
                found.append(f"a machine of {pair.name} or its tools are not the same")
    else:
        if recorded.machine != now.machine:
            found.append("the machine or its tools are not the same")
        if recorded.placement != now.placement:
            found.append("the CPUs that may be used are not the same")
    before = {one.server: one for one in recorded.adapters}
    after = {one.server: one for one in now.adapters}
    for key in sorted(before.keys() | after.keys(), key=str):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            found.append(f"{key[0]} {'is new' if old is None else 'is gone'}")
        elif old.sha256 != new.sha256:
            found.append(f"{key[0]} was edited")
        elif old.beside is not None and old.beside != new.beside:
            found.append(f"a file beside {key[0]} was edited")
        elif old.installed != new.installed:
            found.append(f"{key[0]} has other packages installed")
    return found


def _revision(root: Path) -> str | None:
    """The commit that is checked out, with ``+`` where files under version control were changed."""
    if root == project.ROOT and not project.IS_CHECKOUT:
        return None
    commit = process.output(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"], stderr=False)
    if commit is None or not commit.strip().isalnum():
        return None
    changed = process.output(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"], stderr=False)
    return commit.strip() + ("+" if changed and changed.strip() else "")


def uncommitted_changes(run: Run, root: Path) -> list[str]:
    """The adapters of a run whose file is not the one of the commit that it names; the commit itself where unknown."""
    revision = (run.revision or "").removesuffix("+")
    known = revision and process.output(["git", "-C", str(root), "cat-file", "-t", revision], stderr=False)
    if not known:
        return [f"commit {run.revision or 'unknown'}"]
    changed = []
    for path, sha256 in sorted({(record.path, record.sha256) for record in run.adapters}):
        committed = process.output(["git", "-C", str(root), "show", f"{revision}:{path}"], stderr=False)
        if committed is None or hashlib.sha256(committed.encode()).hexdigest() != sha256:
            changed.append(path)
    if (run.revision or "").endswith("+") and not changed:
        changed.append("files beside the adapters")
    return changed


def with_longer_budget(head: Run, budget_s: float) -> Run:
    """A run that goes on for longer than it was to. Its command ends in the budget that it has now.

    Raises :class:`RecordError` where it has no budget, or no shorter one.
    """
    if head.plan.budget_s is None:
        raise RecordError(f"{head.id} has no budget, but a number of trials: leave out --budget")
    if budget_s <= head.plan.budget_s:
        had = minutes(head.plan.budget_s)
        raise RecordError(
            f"{head.id} has a budget of {had} already: give a longer one, which counts from its beginning"
        )
    command = (*head.command, "--budget", f"{budget_s:g}s")
    return replace(head, plan=replace(head.plan, budget_s=budget_s), command=command, finished_at=None)


def refuse_edited(head: Run, made: Environment) -> None:
    """Raise :class:`RecordError` where what would run is not what the record says any more.

    What was built of its source is still the same.
    """
    adapter = made.adapter
    if str(adapter.path) not in made.argv:
        return
    recorded = next(one for one in head.adapters if one.name == adapter.name)
    if not adapter.path.is_file():
        what = f"{adapter.name} was removed"
    elif files.fingerprint(adapter) != recorded.sha256:
        what = f"{adapter.name} was edited"
    elif recorded.beside is not None and files.beside(adapter) != recorded.beside:
        what = f"a file beside {adapter.name} was edited"
    else:
        return
    raise RecordError(f"{what} while it was measured: undo that and resume, or start a new run with it")
