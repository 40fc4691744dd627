# /// script
# requires-python = ">=3.10"
# dependencies = ["gevent==26.9.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gevent"
# distribution = "gevent"
# kind = "server"
# homepage = "https://www.gevent.org"
# body = "bytes"
# remark = "TCP_NODELAY set by hand; without it each response waits 40 ms"
#
# [[tool.pipebench.tuning]]
# advice = "libev or libuv: no clear winner"
# page = "https://www.gevent.org/loop_impls.html"
# read = 2026-11-26
# taken = "yes"
# ///
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    status = "200 OK"
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/"):
        case "GET" | "HEAD", ["", ""]:
            somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            gevent.sleep(int(ms) / 1000)
            body = token.encode("latin-1")
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]  # WSGI leaves that to the application


def work() -> None:
    listener = gevent.socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, WORKERS > 1)  # connections are shared out among workers
    # pywsgi writes head and body apart: else each response on a kept connection takes 40 ms (Nagle, delayed ACK).
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((HOST, PORT))
    listener.listen(1024)
    server = WSGIServer(listener, app, log=None)  # no access log
    gevent.signal_handler(signal.SIGTERM, server.stop)
    server.serve_forever()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
