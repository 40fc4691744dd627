# /// script
# requires-python = ">=3.10"
# dependencies = ["waitress==3.0.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "waitress, lookahead"
# distribution = "waitress"
# kind = "server"
# homepage = "https://docs.pylonsproject.org/projects/waitress"
# ///
"""With what waitress offers applications that want to know whether their client is still there."""

import os
import signal
import socket
import sys
import time

import waitress

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))


def app(environ, start_response):
    status = "200 OK"
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/"):
        case "GET" | "HEAD", ["", ""]:
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            time.sleep(int(ms) / 1000)
            body = token.encode("latin-1")
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    waitress.serve(app, sockets=[socket.create_server((HOST, PORT), backlog=1024)], channel_request_lookahead=5)
