# /// script
# requires-python = ">=3.10"
# dependencies = ["gevent==26.9.0", "gunicorn==27.0.1", "packaging==26.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn -k gevent, urllib"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# scenario = "upstream"
# client = "async"
# max_clients = 1000
# ///
"""What gunicorn's gevent worker is now, beside the deployment of 2015: tornado is no WSGI application any more.

urllib blocks, but only the greenlet of its request: gevent's patches turn its waiting into a switch. The worker accepts
1000 connections and no more, unless it is told otherwise.
"""

import os
from collections.abc import Callable

from gunicorn.app.base import BaseApplication

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8080")
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")
MAX_CLIENTS = int(os.environ.get("MAX_CLIENTS", "1000"))

SETTINGS = {
    "bind": f"{HOST}:{PORT}",
    "workers": WORKERS,
    "worker_class": "gevent",
    "worker_connections": MAX_CLIENTS,
    "backlog": 16384,  # for all connections of a run at once
    "graceful_timeout": 1,  # seconds that connections still have after SIGTERM
    "loglevel": "warning",  # no line for each start
}


class Deployment(BaseApplication):
    def load_config(self) -> None:
        for name, value in SETTINGS.items():
            self.cfg.set(name, value)

    def load(self) -> Callable[..., list[bytes]]:
        """Called in the worker, which gevent has patched by then: what is imported from here on is patched too."""
        from urllib.request import urlopen

        def relay(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
            with urlopen(UPSTREAM) as response:
                body: bytes = response.read()
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
            return [body]

        return relay


if __name__ == "__main__":
    Deployment().run()
