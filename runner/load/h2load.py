"""h2load, the witness: its command line, and what it prints and logs as a :class:`Load`. Pure.

``--h1 -m DEPTH`` keeps DEPTH requests in flight on each connection and takes one time a request: a window, where wrk
writes a batch and waits for all of it. Its latencies are of requests, not of batches.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from runner.record.histogram import Histogram
from runner.record.plan import Cell
from runner.record.trial import Address, GeneratorErrors, Load

_REQUESTS = re.compile(
    r"requests: (?P<total>\d+) total, \d+ started, (?P<done>\d+) done, (?P<succeeded>\d+) succeeded, "
    r"(?P<failed>\d+) failed, (?P<errored>\d+) errored, (?P<timeout>\d+) timeout"
)
_STATUS = re.compile(r"status codes: \d+ 2xx, \d+ 3xx, (?P<client>\d+) 4xx, (?P<server>\d+) 5xx")
_TRAFFIC = re.compile(r"traffic: \S+ \((?P<bytes>\d+)\) total")


def argv(
    cell: Cell, address: Address, *, threads: int, duration_s: float, record: Path, fields: Sequence[str] = ()
) -> tuple[str, ...]:
    """The command; ``record`` is where it logs start, status and duration of each request.

    ``fields``: header fields that each request has beside its ``Host``, as ``Name: value``.
    """
    return (
        "h2load",
        "--h1",
        f"-c{cell.connections}",
        f"-m{cell.depth}",
        f"-t{threads}",
        f"-D{duration_s:g}",
        f"--log-file={record}",
        *(f"--header={field}" for field in fields),
        address.url + "/",
    )


def parse(text: str, log: str, *, argv: tuple[str, ...], threads: int, duration_s: float, cpu_ns: int | None) -> Load:
    """What h2load printed (``text``) and logged (``log``). Raises ``ValueError`` where it is something else."""
    requests, status, traffic = (pattern.search(text) for pattern in (_REQUESTS, _STATUS, _TRAFFIC))
    if requests is None or status is None or traffic is None:
        raise ValueError("h2load printed no summary")
    durations = Counter(int(line.rsplit("\t", 1)[1]) for line in log.splitlines() if "\t-1\t" not in line)
    return Load(
        generator="h2load",
        argv=argv,
        threads=threads,
        duration_us=round(duration_s * 1e6),
        requests=int(requests["done"]),
        bytes_read=int(traffic["bytes"]),
        errors=GeneratorErrors(
            connect=0,
            read=int(requests["errored"]),
            write=0,
            timeout=int(requests["timeout"]),
            status=int(status["client"]) + int(status["server"]),
        ),
        cpu_ns=cpu_ns,
        histogram=Histogram.of(sorted(durations.items())),
    )
