# /// script
# requires-python = ">=3.10"
# dependencies = ["pyramid==2.1", "waitress==3.0.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "pyramid"
# distribution = "pyramid"
# kind = "framework"
# runs_on = "waitress"
# homepage = "https://trypyramid.com"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "gunicorn for production: faster than waitress, the default"
# page = "https://docs.pylonsproject.org/projects/pyramid/en/latest/narr/project.html"
# read = 2026-11-26
# taken = "no"
# why = "waitress is what its projects start with; a row on gunicorn is welcome"
# ///
"""Pyramid on waitress, the server of its documentation."""

import multiprocessing
import os
import signal
import socket
import sys
import time

import waitress
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


def hello(request: Request) -> Response:
    somebody()
    return Response("Hello world!", content_type="text/plain")


def sleep(request: Request) -> Response:
    time.sleep(int(request.matchdict["ms"]) / 1000)
    return Response(request.matchdict["token"], content_type="text/plain")


def echo(request: Request) -> Response:
    return Response(request.body, content_type="text/plain")


with Configurator() as config:
    for name, pattern, view, method in (
        ("hello", "/", hello, "GET"),
        ("sleep", r"/sleep/{ms:\d+}/{token}", sleep, "GET"),
        ("echo", "/echo", echo, "POST"),
    ):
        config.add_route(name, pattern, request_method=method)
        config.add_view(view, route_name=name)
    app = config.make_wsgi_app()


def work() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    waitress.serve(
        app,
        # A socket of each worker's own: the kernel shares connections out among them.
        sockets=[socket.create_server((HOST, PORT), backlog=1024, reuse_port=WORKERS > 1)],
        connection_limit=4096,  # of 100 by default
    )


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
