# /// script
# requires-python = ">=3.13"
# dependencies = []
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "http.server"
# distribution = "python"
# kind = "baseline"
# homepage = "https://docs.python.org/3/library/http.server.html"
# body = "bytes"
# remark = "TCP_NODELAY set by hand and writes buffered; without either a batch waits 40 ms"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; it is not recommended for production"
# page = "https://docs.python.org/3/library/http.server.html"
# read = 2026-11-26
# ///
"""What Python's standard library offers: a thread for each connection, and no more than a page of code."""

import multiprocessing
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept; 1.0 is the default
    wbufsize = -1  # head and body in one write, not in two
    disable_nagle_algorithm = True  # else each response to a batch but the first waits 40 ms for a delayed ACK

    def do_GET(self) -> None:
        match self.path.split("/"):
            case ["", ""]:
                somebody()
                self.answer(b"Hello world!")
            case ["", "sleep", ms, token] if ms.isdecimal():
                time.sleep(int(ms) / 1000)
                self.answer(token.encode())
            case _:
                self.answer(b"Not Found", 404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if self.path == "/echo":
            self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        else:
            self.send_error(404)  # and close: the body has not been read

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """No access log."""


class Server(ThreadingHTTPServer):
    request_queue_size = 1024  # all connections of a run may come at once
    allow_reuse_port = WORKERS > 1  # the kernel shares connections out among the workers


def work() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    Server((HOST, PORT), Handler).serve_forever()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
