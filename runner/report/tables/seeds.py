"""What was published in 2017 of six systems, as it was printed: facts, to be set beside what is measured here.

Source: the README of ``async-pipeline-bench`` of that year. It names neither machine nor releases, and one run of
``wrk -t10 -c200 -d5s … -- 5`` stands for each system.
"""

from __future__ import annotations

from dataclasses import dataclass

THREADS, CONNECTIONS, DURATION_S, DEPTH = 10, 200, 5, 5
WINNER = "go-fasthttp"
"""The published system of which the others' rates are multiples."""


@dataclass(frozen=True, slots=True)
class Published:
    """One system: what wrk printed of it, and what the document says of it in words.

    ``adapter`` is today's release here, ``adapter_2017`` that of the time, where one is kept, and ``also`` today's
    release in another form. ``latencies`` are p50, p75, p90 and p99 as they were printed; ``duration_s`` is in seconds.
    """

    title: str
    adapter: str
    adapter_2017: str | None
    said: str
    requests: int
    duration_s: float
    requests_per_second: float
    latencies: tuple[str, str, str, str]
    read_errors: int = 0
    write_errors: int = 0
    also: str | None = None


_ZEROS = ("0.00us", "0.00us", "0.00us", "0.00us")

PUBLISHED = (
    Published(
        title="uvloop with httptools",
        adapter="uvloop-httptools",
        adapter_2017="uvloop-httptools-2017",
        said="the best of the Python ones",
        requests=132_595,
        duration_s=5.08,
        requests_per_second=26_080.80,
        latencies=("20.12ms", "26.83ms", "30.30ms", "41.07ms"),
        read_errors=26_461,
    ),
    Published(
        title="aiohttp",
        adapter="aiohttp",
        adapter_2017="aiohttp-2017",
        said="processed the pipelined requests",
        requests=21_900,
        duration_s=5.09,
        requests_per_second=4_304.98,
        latencies=("152.12ms", "203.10ms", "224.45ms", "519.17ms"),
    ),
    Published(
        title="tornado",
        adapter="tornado",
        adapter_2017="tornado-2017",
        said="processed the pipelined requests",
        requests=10_915,
        duration_s=5.09,
        requests_per_second=2_144.32,
        latencies=_ZEROS,
    ),
    Published(
        title="sanic",
        adapter="sanic",
        adapter_2017="sanic-2017",
        said="failed",
        requests=200,
        duration_s=5.09,
        requests_per_second=39.28,
        latencies=_ZEROS,
    ),
    Published(
        title="japronto",
        adapter="japronto",
        adapter_2017="japronto-2017",
        said="failed",
        requests=0,
        duration_s=5.10,
        requests_per_second=0.0,
        latencies=_ZEROS,
        read_errors=123,
        write_errors=499_613,
    ),
    Published(
        title=WINNER,
        adapter="fasthttp-goroutine",
        also="fasthttp",  # by that name the form of the seed was recorded before November 26, 2026
        adapter_2017=None,
        said="the winner",
        requests=781_050,
        duration_s=5.07,
        requests_per_second=154_092.25,
        latencies=("4.30ms", "6.37ms", "8.35ms", "13.41ms"),
    ),
)
