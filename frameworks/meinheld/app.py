# /// script
# requires-python = ">=3.8,<3.10"
# dependencies = ["meinheld==1.0.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "meinheld"
# distribution = "meinheld"
# kind = "server"
# homepage = "https://github.com/mopemope/meinheld"
# known_failure = "a batch of a thousand gets 987 answers; body bytes that look like a request are read as one"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/mopemope/meinheld"
# read = 2026-11-26
# ///
"""The greenlet that the last release of meinheld asks for, 0.4, builds on no CPython after 3.9."""

import multiprocessing
import os
import re
import signal
import socket
import sys
import time

from meinheld import server

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))

SLEEP = re.compile(r"/sleep/([0-9]+)/([^/]+)")


def somebody() -> None:
    return


def app(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    status = "200 OK"
    asleep = SLEEP.fullmatch(path) if method == "GET" else None
    if method in ("GET", "HEAD") and path == "/":
        somebody()
        body = b"Hello world!"
    elif asleep:
        time.sleep(int(asleep[1]) / 1000)  # meinheld's own takes whole seconds only
        body = asleep[2].encode("latin-1")
    elif method == "POST" and path == "/echo":
        body = environ["wsgi.input"].read()
    else:
        status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if method == "HEAD" else [body]  # WSGI leaves that to the application


def work(listener):
    server.set_access_logger(None)  # a line a request would be measured too
    server.set_keepalive(60)  # seconds; without it each response closes its connection
    server.listen(socket_fd=listener.fileno())
    server.run(app)


if __name__ == "__main__":
    listener = socket.create_server((HOST, PORT), backlog=1024)  # all connections of a run may come at once
    listener.setblocking(False)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work, args=(listener,), daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()

    def end(*_):
        for worker in workers:
            worker.kill()  # told to end, meinheld would wait for each client to close its connection
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    signal.pause()
