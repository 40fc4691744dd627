# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = ["eventlet==0.40.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "eventlet"
# distribution = "eventlet"
# kind = "server"
# homepage = "https://eventlet.readthedocs.io"
# ///
import os

import eventlet
import eventlet.wsgi

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))


def app(environ, start_response):
    status = "200 OK"
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/"):
        case "GET" | "HEAD", ["", ""]:
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            eventlet.sleep(int(ms) / 1000)
            body = token.encode("latin-1")
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


if __name__ == "__main__":
    eventlet.wsgi.server(eventlet.listen((HOST, PORT), backlog=1024), app, log_output=False)
