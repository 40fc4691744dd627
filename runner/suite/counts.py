"""Instructions of several servers: which were asked for, counted one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runner.adapters import environments, metadata
from runner.counting import bytecodes, counting
from runner.counting.counting import Counted
from runner.errors import AdapterError, PlanError
from runner.record import count
from runner.record.adapter import Adapter, Environment, Group, Scenario, Server, Unavailable
from runner.record.count import AGREEMENT, Count
from runner.record.run import Run
from runner.serving import process
from runner.suite import plans
from runner.suite.progress import Reporter, minutes


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted of each server: at which depths, how near goes are to be, and whether bytecodes by line too."""

    depths: Sequence[int] = (1, 16)
    agreement: float = AGREEMENT
    where: bool = False

    def found_in(self, before: Count, made: Environment) -> bool:
        """Whether an earlier count is of this version and these depths, or says of it why there is none."""
        counted = tuple(at.depth for at in before.depths)
        return before.version == made.version and (before.reason is not None or counted == tuple(self.depths))


_ASKED = Asked()


def count_named(
    names: Sequence[str],
    root: Path,
    reporter: Reporter,
    *,
    variants: Sequence[str] = (),
    python: str | None = None,
    asked: Asked = _ASKED,
    changed: bool = False,
    kept: Path | None = None,
) -> tuple[Counted, ...]:
    """Count the adapters that ``names`` name, with their variants, or of ``NAME@VARIANT`` this one alone, in order.
    ``python``: the interpreter, as for :func:`named`. With ``changed`` only the variants. ``kept``: a file that has
    each count once it is there, and those that it has already are not counted again. Raises
    :class:`runner.errors.AdapterError` for a name that means nothing.
    """
    plans.check_depths(asked.depths)
    on(python)  # what is wrong with the order is told before what the machine lacks
    if nameless := next((name for name in names if not name.partition("@")[0].strip()), None):
        raise PlanError(f"{nameless!r} names no adapter: give it as aiohttp, or aiohttp@main")
    counting.require_valgrind()
    found = named(names, root, reporter, variants=variants, python=python)
    wanted = list({made.server: made for made in found if made.variant is not None or not changed}.values())
    counted = count_all(wanted, asked, (), reporter, kept)
    return _watched(counted, wanted) if asked.where else counted


def of_groups(names: Sequence[str], groups: Sequence[Group], root: Path) -> tuple[str, ...]:
    """The adapters of these groups: those that ``names`` name, or all."""
    return tuple(one.name for one in metadata.select(_pipelining(root), names, groups))


def named(
    names: Sequence[str],
    root: Path,
    reporter: Reporter,
    *,
    variants: Sequence[str],
    python: str | None = None,
    alone: bool = False,
) -> list[Environment | Unavailable]:
    """The servers that ``names`` name, made ready, in order: an adapter with its ``variants``, or ``NAME@VARIANT``.

    ``python``: on this interpreter (``3.14``), in place of the newest. ``alone``: an adapter's name means it without
    its variants. Raises :class:`runner.errors.AdapterError` for a name that means nothing, else PlanError.
    """
    pythons = on(python)
    split = [name.partition("@") for name in names]
    here = _pipelining(root)
    chosen = metadata.select(here, [name for name, _, _ in split])
    with process.ending_all():
        prepared = environments.prepare(chosen, pythons=pythons, asked=variants, progress=reporter.building)
    return [
        made
        for name, at, variant in split
        for made in _named(prepared, metadata.select(here, [name]), variant if at else None)
        if at or made.variant is None or not alone
    ]


def on(python: str | None) -> tuple[str, ...]:
    """The interpreters of :func:`environments.prepare`, where one may have been asked for. Raises PlanError."""
    if python is None:
        return ()
    plans.check_python(python)
    return (python,)


def _pipelining(root: Path) -> list[Adapter]:
    return [one for one in metadata.discover(root) if one.scenario is Scenario.PIPELINE]


def count_all(
    prepared: Sequence[Environment | Unavailable],
    asked: Asked,
    cpus: Sequence[int],
    reporter: Reporter,
    kept: Path | None = None,
) -> tuple[Counted, ...]:
    """One server after the other; what could not be built says why. ``kept``: as for :func:`count_named`."""
    tool = counting.require_valgrind()
    there = {one.server: one for one in count.read(kept)} if kept is not None and kept.exists() else {}
    ready = [made for made in prepared if isinstance(made, Environment)]
    todo = [made for made in ready if not (made.server in there and asked.found_in(there[made.server], made))]
    counted, began = dict[Server, Counted](), time.monotonic()
    with process.ending_all():
        for done, made in enumerate(todo):
            variant = f" · {made.variant.label}" if made.variant else ""
            left_s = (time.monotonic() - began) / done * (len(todo) - done) if done else None
            left = f", about {minutes(left_s)} left" if left_s is not None else ""
            place = f" ({done + 1} of {len(todo)}{left})" if len(todo) > 1 else ""
            reporter.say(f"counting {made.adapter.name}{variant}{place}")
            counted[made.server] = one = counting.count(
                made, depths=asked.depths, cpus=cpus, tool=tool, agreement=asked.agreement, said=reporter.say
            )
            there[made.server] = one.count
            if kept is not None:
                count.write(kept, there.values())
    return tuple(
        Counted(_not_built(made))
        if isinstance(made, Unavailable)
        else counted.get(made.server) or Counted(there[made.server])
        for made in prepared
    )


def complete(head: Run, ready: Sequence[Environment], keep: Callable[[Run], None], reporter: Reporter) -> Run:
    """A run with the count of each server, where its plan asks for it: those that lack, each kept once it is there."""
    there = {one.server for one in head.counts}
    for made in ready if head.plan.count else ():
        if made.server not in there:
            (found,) = count_all([made], Asked(head.plan.depths), head.placement.server, reporter)
            head = replace(head, counts=(*head.counts, found.count))
            keep(head)
    return head


def _watched(counted: Sequence[Counted], prepared: Sequence[Environment | Unavailable]) -> tuple[Counted, ...]:
    """With the bytecodes of each."""
    with process.ending_all():
        return tuple(
            replace(one, bytecodes=bytecodes.per_request(made)) if isinstance(made, Environment) else one
            for one, made in zip(counted, prepared, strict=True)
        )


def _named(
    prepared: Sequence[Environment | Unavailable], adapters: Sequence[Adapter], variant: str | None
) -> list[Environment | Unavailable]:
    """Those of ``adapters``, or the one whose variant is called so: by its label, revision or version, or a part."""
    names = {adapter.name for adapter in adapters}
    mine = [made for made in prepared if made.adapter.name in names]
    if variant is None:
        return mine
    exact = [made for made in mine if variant in _callings(made)]
    found = exact or [made for made in mine if any(variant in one for one in _callings(made))]
    if len({made.adapter.name for made in found}) != len(found) or not found:
        there = ", ".join(made.variant.label if made.variant else made.adapter.name for made in mine)
        raise AdapterError(
            f"{', '.join(sorted(names))}@{variant} is {len(found) or 'none'} of {there}: name one of them"
        )
    return found


def _callings(made: Environment | Unavailable) -> tuple[str, ...]:
    if made.variant is None:
        return (made.version,) if isinstance(made, Environment) else ()
    label = made.variant.label
    commits = (one.source.commit for one in made.variant.changes if one.source and one.source.commit)
    return (label, label.partition("@")[2] or label.partition("==")[2], *commits)


def _not_built(made: Unavailable) -> Count:
    variant = made.variant.label if made.variant else None
    adapter = made.adapter
    return Count(adapter.name, adapter.title, None, made.python, reason=made.reason, variant=variant)
