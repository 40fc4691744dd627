"""The cases, joined: what the themes hold, in the order of their numbers. Adding one is adding one value to a theme."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case
from runner.conformance.cases.arrival import ARRIVAL
from runner.conformance.cases.bodies import BODIES
from runner.conformance.cases.closing import CLOSING
from runner.conformance.cases.malformed import MALFORMED
from runner.conformance.cases.order import ORDER
from runner.conformance.cases.pressure import PRESSURE
from runner.conformance.cases.semantics import SEMANTICS

CASES: Final[tuple[Case, ...]] = tuple(
    sorted(
        (*ORDER, *ARRIVAL, *BODIES, *SEMANTICS, *CLOSING, *MALFORMED, *PRESSURE),
        key=lambda case: case.number,
    )
)
"""In the order of their numbers."""

CORE: Final = tuple(case for case in CASES if case.core)
"""The cases that decide a server's class, for a check in a hurry."""
