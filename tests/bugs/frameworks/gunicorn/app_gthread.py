# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = ["gunicorn==27.0.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn, gthread"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# ///
"""Only settings that releases from 21 on have."""

import os
import time

from gunicorn.app.base import BaseApplication

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


class Gunicorn(BaseApplication):
    def load_config(self):
        settings = {"bind": f"{HOST}:{PORT}", "worker_class": "gthread", "loglevel": "warning", "graceful_timeout": 1}
        for name, value in (settings | {"threads": 4}).items():
            self.cfg.set(name, value)
        if "control_socket_disable" in self.cfg.settings:  # one socket would be shared with every other gunicorn
            self.cfg.set("control_socket_disable", True)

    def load(self):
        return app


if __name__ == "__main__":
    Gunicorn().run()
