"""What parsing a batch takes, by httptools as uvloop-httptools uses it and by another parser, in turns.

``uv run --with httptools==0.9.0 --with gunicorn-h1c==0.6.10 python -m tests.studies.parsers``: nanoseconds of CPU time
a request of a batch of 16, the least of many goes. Each way finds out what the adapter must know of a request: method,
target, that there is one Host, and that there is no field which changes its framing or what follows it. What came of
it is in docs/interpreters.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import gunicorn_h1c  # type: ignore[import-not-found]
import httptools  # type: ignore[import-not-found]

BATCH = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n" * 16
NOTED = frozenset({b"content-length", b"transfer-encoding", b"connection", b"expect"})
PLAIN = {b"/": "hello"}
GOES, TIMES = 60, 300


class Httptools:
    """Callbacks, as in the adapter."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.queue: list[str] = []
        self.url: bytes | None = None
        self.hosts = 0
        self.noted: dict[bytes, bytes] = {}

    def on_url(self, url: bytes) -> None:
        self.url = url if self.url is None else self.url + url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name == b"Host" or (name := name.lower()) == b"host":
            self.hosts += 1
        elif name in NOTED:
            self.noted[name] = value

    def on_message_complete(self) -> None:
        call = PLAIN.get(self.url or b"")
        plain = self.hosts == 1 and not self.noted and self.parser.get_method() == b"GET"
        if call is None or not plain or not self.parser.should_keep_alive():
            raise ValueError(self.url)
        self.queue.append(call)
        self.url = None
        self.hosts = 0

    def __call__(self) -> list[str]:
        self.parser.feed_data(BATCH)
        made, self.queue = self.queue, []
        return made


class Protocol:
    """gunicorn_h1c's parser with callbacks: one for each request, and the fields as a list."""

    def __init__(self) -> None:
        self.parser = gunicorn_h1c.H1CProtocol(on_message_complete=self.complete)
        self.queue: list[str] = []

    def complete(self) -> None:
        if self.parser.method != b"GET" or one_host(self.parser.headers) is False:
            raise ValueError(self.parser.path)
        self.queue.append(PLAIN[self.parser.path])

    def __call__(self) -> list[str]:
        data = BATCH
        while data:
            self.parser.feed(data)
            data = self.parser.remaining()
            self.parser.reset()
        made, self.queue = self.queue, []
        return made


def pulled() -> list[str]:
    """gunicorn_h1c's parser as a function that is called for each request."""
    made, data = [], BATCH
    while data:
        request = gunicorn_h1c.parse_request_fast(data)
        data = data[request.consumed :]
        if request.method != b"GET" or request.minor_version != 1 or one_host(request.headers) is False:
            raise ValueError(request.path)
        made.append(PLAIN[request.path])
    return made


def one_host(fields: list[tuple[bytes, bytes]]) -> bool:
    """Whether there is one Host and nothing to note."""
    hosts = 0
    for name, _ in fields:
        if name == b"Host" or (lower := name.lower()) == b"host":
            hosts += 1
        elif lower in NOTED:
            return False
    return hosts == 1


def main() -> None:
    """Measure in turns, and print."""
    ways: dict[str, Callable[[], list[str]]] = {
        "httptools, callbacks": Httptools(),
        "gunicorn_h1c, callbacks": Protocol(),
        "gunicorn_h1c, called": pulled,
    }
    least = dict.fromkeys(ways, float("inf"))
    for _ in range(GOES):
        for name, way in ways.items():
            began = time.process_time_ns()
            for _ in range(TIMES):
                made = way()
            least[name] = min(least[name], (time.process_time_ns() - began) / TIMES / len(made))
            if made != ["hello"] * 16:
                raise SystemExit(f"{name} made {made}")
    print(f"CPython {sys.version.split()[0]}, a request of a batch of 16:")
    for name, value in least.items():
        print(f"  {name}: {value:.0f} ns, x {value / least['httptools, callbacks']:.2f}")


if __name__ == "__main__":
    main()
