"""What else is not the same in two runs: the suite, the plan, the machine, the adapters. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.record.adapter import Server
from runner.record.run import AdapterRecord, Run


@dataclass(frozen=True, slots=True)
class Aspect:
    """Something else that is not the same in the two runs."""

    subject: str
    base: str
    new: str


def differences(base: Run, new: Run) -> Iterator[Aspect]:
    """What else is not the same: the suite, the plan, the machine, the adapters."""
    yield from _aspects("pipebench", {"version": base.version}, {"version": new.version})
    yield from _aspects("pipebench", {"revision": base.revision}, {"revision": new.revision})
    names = ("duration_s", "warm_up_s", "threads", "check")
    yield from _aspects("plan", *({name: getattr(run.plan, name) for name in names} for run in (base, new)))
    for name in ("cpu_model", "cpus", "memory_bytes", "kernel", "system", "host"):
        yield from _aspects("machine", *({name: getattr(run.machine, name)} for run in (base, new)))
    yield from _aspects("tools", base.machine.tools, new.machine.tools)
    yield from _aspects("placement", *({"CPUs": run.placement} for run in (base, new)))
    before, after = _by_key(base), _by_key(new)
    if before.keys() != after.keys():  # other interpreters: an adapter that has one in each run is still the same one
        before, after = _by_key(base, apart=False), _by_key(new, apart=False)
    for key in sorted(before.keys() & after.keys(), key=str):
        old, now = before[key], after[key]
        where = f"{old.name} · {old.variant.label}" if old.variant else old.name
        yield from _aspects(where, {"Python": old.python}, {"Python": now.python})
        yield from _aspects(where, {"file": old.sha256[:12]}, {"file": now.sha256[:12]})
        yield from _aspects(where, old.installed, now.installed)


def _by_key(run: Run, *, apart: bool = True) -> dict[Server, AdapterRecord]:
    return {(one.name, one.python if apart else None, one.server[2]): one for one in run.adapters}


def _aspects(where: str, base: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Aspect]:
    for name in sorted(base.keys() | new.keys()):
        old, now = base.get(name), new.get(name)
        if old != now:
            yield Aspect(f"{where} {name}", _text(old), _text(now))


def _text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value)
