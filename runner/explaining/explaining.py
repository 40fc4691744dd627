"""One server explained: traced, then sampled, then its instructions counted, each by itself and with nothing timed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from runner.counting import counting
from runner.counting.cachegrind import UNKNOWN, Place
from runner.errors import ToolError
from runner.explaining import sampling, tracing
from runner.explaining.sampling import NotSampledError
from runner.explaining.tracing import NotTracedError
from runner.record.adapter import Environment, Service
from runner.record.beside.explained import Explained, FunctionCost
from runner.record.trial import Placement

FUNCTIONS_KEPT = 25


def explain(
    environment: Environment,
    *,
    depths: Sequence[int],
    placement: Placement,
    generator: Service,
    at: str,
    count: bool = False,
    said: Callable[[str], None] = lambda _text: None,
) -> Explained:
    """All that can be seen of one server. What cannot be, and a tool that is missing, says why in its reason."""
    adapter, python, variant = environment.server
    made = Explained(adapter, python, variant, at, tuple(depths), ())
    made = _traced(made, environment, placement)
    said(f"  system calls: {made.calls_reason or 'counted'}")
    made = _sampled(made, environment, placement, generator)
    said(f"  stacks: {made.sampled_reason or f'{sum(one.samples for one in made.sampled)} samples'}")
    return _counted(made, environment, placement, said) if count else made


def _traced(made: Explained, environment: Environment, placement: Placement) -> Explained:
    try:
        name = tracing.tool()
        calls = tracing.trace(environment, made.depths, placement.server)
    except (ToolError, NotTracedError) as error:
        return replace(made, calls_reason=str(error))
    return replace(made, calls=calls, tools=(*made.tools, name))


def _sampled(made: Explained, environment: Environment, placement: Placement, generator: Service) -> Explained:
    try:
        name = sampling.tool(environment)
        sampled = tuple(sampling.sample(environment, depth, placement, generator) for depth in made.depths)
    except (ToolError, NotSampledError) as error:
        return replace(made, sampled_reason=str(error))
    return replace(made, sampled=sampled, tools=(*made.tools, name))


def _counted(made: Explained, environment: Environment, placement: Placement, said: Callable[[str], None]) -> Explained:
    try:
        tool = counting.require_valgrind()
    except ToolError as error:
        return replace(made, functions_reason=str(error))
    found = counting.count(environment, depths=made.depths, cpus=placement.server, tool=tool, said=said)
    if found.count.reason is not None:
        return replace(made, functions_reason=found.count.reason)
    costs = functions([found.places_at[depth] for depth in made.depths])
    return replace(made, functions=costs, functions_reason=None, tools=(*made.tools, tool))


def functions(places: Sequence[Mapping[Place, float]]) -> tuple[FunctionCost, ...]:
    """The functions with the most instructions a request at any of the depths of ``places``, the most first."""
    by_function: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0] * len(places))
    for number, at in enumerate(places):
        for place, count in at.items():
            by_function[place.function, _file(place.file)][number] += count
    ordered = sorted(by_function.items(), key=lambda item: (-max(item[1]), item[0]))
    return tuple(FunctionCost(name, file, tuple(counts)) for (name, file), counts in ordered[:FUNCTIONS_KEPT])


def _file(path: str) -> str:
    """The end of a path, without a folder of this machine."""
    return "" if path == UNKNOWN else "/".join(path.split("/")[-2:])
