# /// script
# requires-python = ">=3.10"
# dependencies = ["bottle==0.13.4", "cheroot==11.1.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "bottle"
# distribution = "bottle"
# kind = "framework"
# runs_on = "cheroot"
# homepage = "https://bottlepy.org"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "a server with threads, such as cheroot or gunicorn"
# page = "https://bottlepy.org/docs/dev/deployment.html"
# read = 2026-11-26
# taken = "yes"
# ///
"""Bottle on cheroot, one of the servers with threads that its documentation recommends."""

import multiprocessing
import os
import signal
import sys
import time

import bottle
from cheroot.wsgi import Server

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


app = bottle.Bottle()


@app.get("/")
def hello() -> str:
    somebody()
    bottle.response.content_type = "text/plain"
    return "Hello world!"


@app.get("/sleep/<ms:int>/<token>")
def sleep(ms: int, token: str) -> str:
    time.sleep(ms / 1000)
    bottle.response.content_type = "text/plain"
    return token


@app.post("/echo")
def echo() -> bytes:
    bottle.response.content_type = "text/plain"
    return bottle.request.body.read()


def work() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server = Server(
        (HOST, PORT),
        app,
        numthreads=10,  # the default; idle connections wait in a selector, not in a thread
        request_queue_size=1024,  # all connections of a run may come at once
        reuse_port=WORKERS > 1,  # the kernel shares connections out among the workers
        shutdown_timeout=1,  # seconds that handlers still have after SIGTERM
    )
    server.keep_alive_conn_limit = None  # of 10 by default: it closes the others after a response
    try:
        server.start()
    finally:
        server.stop()  # its threads outlive an exception


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
