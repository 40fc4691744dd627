"""The cases, joined: what the themes hold, in the order of their numbers. Adding one is adding one value to a theme."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case
from runner.conformance.cases.arrival import ARRIVAL
from runner.conformance.cases.framing.bodies import BODIES
from runner.conformance.cases.framing.chunks import CHUNKS
from runner.conformance.cases.framing.codings import CODINGS
from runner.conformance.cases.framing.fields import FIELDS
from runner.conformance.cases.framing.heads import HEADS
from runner.conformance.cases.framing.lengths import LENGTHS
from runner.conformance.cases.framing.malformed import MALFORMED
from runner.conformance.cases.order import ORDER
from runner.conformance.cases.semantics import SEMANTICS
from runner.conformance.cases.timing.closing import CLOSING
from runner.conformance.cases.timing.neighbours import NEIGHBOURS
from runner.conformance.cases.timing.overtaking import OVERTAKING
from runner.conformance.cases.timing.pressure import PRESSURE
from runner.conformance.cases.timing.races import RACES

_THEMES: Final[tuple[tuple[Case, ...], ...]] = (
    ORDER,
    ARRIVAL,
    BODIES,
    SEMANTICS,
    CLOSING,
    MALFORMED,
    LENGTHS,
    CHUNKS,
    CODINGS,
    FIELDS,
    HEADS,
    OVERTAKING,
    NEIGHBOURS,
    RACES,
    PRESSURE,
)

CASES: Final[tuple[Case, ...]] = tuple(
    sorted((case for theme in _THEMES for case in theme), key=lambda case: case.number)
)
"""In the order of their numbers."""

CORE: Final = tuple(case for case in CASES if case.core)
"""The cases that decide a server's class, for a check in a hurry."""
