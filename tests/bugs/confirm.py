"""``python -m tests.bugs.confirm RECORD [ADAPTER…]``: each fail of a record again, with plain sockets and nothing else.

The suite's own client and judges are not asked: the bytes go out as the case says, and what comes back is printed. So a
reader sees for himself whether the server is accused rightly.
"""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runner import project
from runner.adapters import environments, metadata
from runner.conformance import record
from runner.conformance.case import Case, CaseResult, Exchange, HalfClose, Outcome, Pause, Send
from runner.conformance.record import BY_NAME
from runner.conformance.running.examination import Patient
from runner.record.adapter import Environment
from runner.record.trial import Address
from runner.serving import process
from tests.conformance import spellings

QUIET_S: Final = 1.0
"""After so long without a byte the connection counts as left open."""
SHOWN: Final = 3
"""So many failing spellings of a case are shown; the others are named."""


def again(address: Address, exchange: Exchange) -> tuple[bytes, bytes, str]:
    """What was sent, what came back, and what became of the connection."""
    sent, received = b"", b""
    with socket.create_connection((address.host, address.port), timeout=5.0) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for step in exchange.steps:
                match step:
                    case Send(data):
                        connection.sendall(data)
                        sent += data
                    case Pause(seconds):
                        time.sleep(seconds)
                    case HalfClose():
                        connection.shutdown(socket.SHUT_WR)
                    case _:
                        return sent, received, "not confirmed: it takes several connections"
            connection.settimeout(QUIET_S)
            while data := connection.recv(65536):
                received += data
        except TimeoutError:
            return sent, received, "left open"
        except ConnectionError as error:
            return sent, received, f"{error.strerror}".lower()
    return sent, received, "closed"


def failing(case: Case, result: CaseResult) -> list[tuple[str, Exchange]]:
    """The exchanges that failed, by the names of their spellings; the first where a case has none."""
    named = dict(zip(spellings.names(case), case.exchanges, strict=False))
    bad = [name for name, said in result.parts.items() if said.startswith(Outcome.FAIL) and name in named]
    return [(name, named[name]) for name in bad] or [("", case.exchanges[0])]


def lines(made: Environment, results: Iterator[CaseResult], folder: Path) -> Iterator[str]:
    """What to print of one server."""
    patient = Patient(made, folder)
    try:
        for result in results:
            case = BY_NAME[result.case]
            tried = failing(case, result)
            yield f"\n### {made.adapter.title} {made.version}: {case.number} `{case.name}`\n\n{result.detail}\n"
            for name, exchange in tried[:SHOWN]:
                patient.restart()
                sent, received, end = again(patient.address, exchange)
                yield f"- {name or 'as in the case'}: {end}\n  - sent `{_cut(sent)}`\n  - came `{_cut(received)}`"
            if tried[SHOWN:]:
                yield f"- also: {', '.join(name for name, _ in tried[SHOWN:])}"
    finally:
        patient.close()


def _cut(data: bytes, limit: int = 400) -> str:
    said = repr(data[:limit])[2:-1].replace("`", "'")
    return said + (f" … {len(data) - limit} more" if len(data) > limit else "")


def main(arguments: list[str]) -> int:
    """Print a transcript of each fail of the adapters that are named, or of all."""
    path, *patterns = arguments
    found = {one.adapter: one for one in record.read(Path(path))}
    chosen = [one for one in metadata.select(metadata.discover(project.ROOT), patterns) if one.name in found]
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="pipebench-confirm-") as folder:
        for made in environments.prepare(chosen):
            if not isinstance(made, Environment):
                print(f"not tried: {made.adapter.name}: {made.reason}", file=sys.stderr)
                continue
            fails = (one for one in found[made.adapter.name].results if one.outcome is Outcome.FAIL)
            for line in lines(made, fails, Path(folder) / made.adapter.name):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
