"""Servers that are asked the same, and the model of the tests beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from runner.conformance.running.examination import Patient
from runner.record.adapter import Environment
from tests.conformance.cases.framing import model
from tests.differential import views
from tests.differential.asking import ask_all
from tests.differential.views import End, View

STRICT: Final = "strict"
SLOWER: Final = 4.0
"""So much longer is waited where servers seem to differ: silence on a busy machine is no answer."""


class Crowd:
    """Servers that are asked the same, started again where one is gone; the model of the tests is one of them."""

    def __init__(self, made: Sequence[Environment], folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._patients = {one.adapter.name: Patient(one, folder / one.adapter.name) for one in made}
        for patient in self._patients.values():
            patient.restart()

    def ask(self, stream: bytes) -> Mapping[str, View]:
        """What each made of it; asked again, with more time, where they differ."""
        seen = self._asked(stream, 1.0)
        return seen if views.kind(seen) is None else self._asked(stream, SLOWER)

    def _asked(self, stream: bytes, patience: float) -> Mapping[str, View]:
        for patient in self._patients.values():
            if not patient.alive():
                patient.restart()
        addresses = {name: patient.address for name, patient in self._patients.items()}
        seen = self._loop.run_until_complete(ask_all(addresses, stream, patience))
        replies, closed = model.serve(stream, model.STRICT)
        return {STRICT: views.view(replies, End.CLOSED if closed else End.OPEN), **seen}

    def close(self) -> None:
        """End them all."""
        for patient in self._patients.values():
            patient.close()
        self._loop.close()
