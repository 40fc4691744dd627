# /// script
# requires-python = ">=3.10"
# dependencies = ["gevent==26.9.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gevent WSGI server, urllib"
# distribution = "gevent"
# kind = "server"
# homepage = "https://www.gevent.org"
# scenario = "upstream"
# client = "async"
# ///
"""What gevent's WSGI server is now, beside the deployment of 2015: tornado is no WSGI application any more, so this is.

urllib blocks, but only the greenlet of its request: gevent's patches turn its waiting into a switch.
"""

# ruff: noqa: E402 - what is imported below is to find the patches in place

from gevent import monkey

monkey.patch_all()

import os
import signal
from collections.abc import Callable
from urllib.request import urlopen

import gevent
from gevent.pywsgi import WSGIServer

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")


def relay(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
    with urlopen(UPSTREAM) as response:
        body: bytes = response.read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def main() -> None:
    server = WSGIServer((HOST, PORT), relay, log=None, backlog=16384)  # for all connections of a run at once
    server.init_socket()  # before the workers are forked, which share it
    workers: list[int] = []
    while len(workers) < WORKERS - 1:
        worker = gevent.fork()
        if not worker:
            workers.clear()
            break
        workers.append(worker)
    gevent.signal_handler(signal.SIGTERM, server.stop, timeout=0.5)
    server.serve_forever()
    for worker in workers:
        os.kill(worker, signal.SIGTERM)


if __name__ == "__main__":
    main()
