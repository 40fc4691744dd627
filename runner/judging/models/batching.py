"""What a batch costs as such, and what each request in it: a line through costs at several depths. Pure.

A server that reads a batch, answers ``d`` requests and writes costs ``batch + d · request``. Costs of a request at
small and at large depths differ by an order of magnitude, and their noise is relative: so is what is minimised.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.judging.levels import MIN_VALUES, Stopping, critical_value

TOLERANCE = 0.05
"""A depth whose cost is this far from the line, relative, is not what the line says."""


@dataclass(frozen=True, slots=True)
class Value:
    """A mean over rounds and its 95 % interval; ``low`` and ``high`` are ``None`` with too few rounds for one."""

    mean: float
    low: float | None
    high: float | None

    def is_more_than(self, tolerance: float) -> bool:
        """Whether the mean is further from 0 than this, and 0 is not in the interval; without one, it is not known."""
        return (
            abs(self.mean) > tolerance and self.low is not None and self.high is not None and self.low * self.high > 0
        )


@dataclass(frozen=True, slots=True)
class Line:
    """Microseconds of a batch as such and of each request in it.

    ``off``: by how much the measured cost at each depth is above the line, relative; ``None`` where two depths leave
    nothing to test.
    """

    batch_us: Value
    request_us: Value
    off: Mapping[int, Value] | None

    def cost_us(self, depth: int) -> float:
        """A request at ``depth``, by the line."""
        return self.batch_us.mean / depth + self.request_us.mean

    @property
    def misfit(self) -> int | None:
        """The depth that is furthest off, where that is beyond :data:`TOLERANCE` and beyond the noise of rounds."""
        beyond = {depth: abs(off.mean) for depth, off in (self.off or {}).items() if off.is_more_than(TOLERANCE)}
        return max(beyond, key=lambda depth: beyond[depth], default=None)

    @property
    def fits(self) -> bool | None:
        """Whether every depth is within :data:`TOLERANCE`; ``None`` where rounds or depths are too few to tell."""
        if self.misfit is not None:
            return False
        within = self.off is not None and all(abs(off.mean) <= TOLERANCE for off in self.off.values())
        return True if within else None

    def left(self, depth: int) -> float | None:
        """The most that any deeper pipeline can have, over the rate at ``depth``; ``None`` where there is no limit."""
        return self.cost_us(depth) / self.request_us.mean if self.request_us.mean > 0 else None


def line(costs_us: Mapping[int, Sequence[float]]) -> Line | None:
    """The line through the costs of a request at each depth, one cost a round; ``None`` with fewer than two depths.

    Each round has a line of its own, and the two numbers are means over rounds: their intervals are of the noise from
    round to round, not of what the line leaves out.
    """
    seen = {depth: costs for depth, costs in costs_us.items() if costs}
    if len(seen) < 2:
        return None
    rounds = min(len(costs) for costs in seen.values())
    fits = [fitted({depth: costs[number] for depth, costs in seen.items()}) for number in range(rounds)]
    batch, request = (_value([fit[place] for fit in fits]) for place in (0, 1))
    made = Line(batch, request, None)
    if len(seen) < 3:
        return made
    off = {
        depth: _value(
            [costs[number] / (batch_us / depth + request_us) - 1 for number, (batch_us, request_us) in enumerate(fits)]
        )
        for depth, costs in sorted(seen.items())
    }
    return Line(batch, request, off)


def fitted(costs: Mapping[int, float]) -> tuple[float, float]:
    """The batch's and the request's cost that come nearest, relative, to one cost of a request at each depth."""
    # cost ≈ batch / depth + request, every residual over the cost itself: weighted least squares of a straight line.
    weights = {depth: 1 / cost**2 for depth, cost in costs.items()}
    total = math.fsum(weights.values())
    x = {depth: 1 / depth for depth in costs}
    mean_x = math.fsum(weights[depth] * x[depth] for depth in costs) / total
    mean_y = math.fsum(weights[depth] * costs[depth] for depth in costs) / total
    spread = math.fsum(weights[depth] * (x[depth] - mean_x) ** 2 for depth in costs)
    batch = math.fsum(weights[depth] * (x[depth] - mean_x) * (costs[depth] - mean_y) for depth in costs) / spread
    return batch, mean_y - batch * mean_x


def _value(values: Sequence[float]) -> Value:
    mean = statistics.fmean(values)
    if len(values) < MIN_VALUES:
        return Value(mean, None, None)
    reach = critical_value(len(values), stopping=Stopping.FIXED) * statistics.stdev(values) / math.sqrt(len(values))
    return Value(mean, mean - reach, mean + reach)
