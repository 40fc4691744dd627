"""When a server whose runtime compiles is warm: its rate has stopped to rise. Pure."""

from __future__ import annotations

from collections.abc import Sequence

STEP_S = 1.0
"""Length of one load of a warm-up, in seconds."""
TOLERANCE = 0.03
"""How far the last two rates may be apart, relative to the first of the two."""


def settled(rates: Sequence[float]) -> bool:
    """Whether the last two of the rates of successive loads are alike.

    A rate of zero never is: there was nothing to warm up.
    """
    return len(rates) >= 2 and rates[-2] > 0 and abs(rates[-1] / rates[-2] - 1) < TOLERANCE
