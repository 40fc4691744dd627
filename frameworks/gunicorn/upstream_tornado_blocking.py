# /// script
# requires-python = ">=3.11"
# dependencies = ["gunicorn==27.0.1", "packaging==26.3", "tornado==6.6.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn -k tornado, urllib"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# scenario = "upstream"
# client = "blocking"
# ///
"""What gunicorn's tornado worker is now with a client that blocks its loop, beside the deployment of 2015."""

import os
from urllib.request import urlopen

from gunicorn.app.base import BaseApplication
from tornado.web import Application, RequestHandler

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8080")
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")

SETTINGS = {
    "bind": f"{HOST}:{PORT}",
    "workers": WORKERS,
    "worker_class": "tornado",
    "backlog": 16384,  # for all connections of a run at once
    "graceful_timeout": 1,  # seconds that connections still have after SIGTERM
    "loglevel": "warning",  # no line for each start
}


class Relay(RequestHandler):
    def get(self) -> None:
        with urlopen(UPSTREAM) as response:
            body = response.read()
        self.set_header("Content-Type", "text/plain")
        self.finish(body)


class Deployment(BaseApplication):
    def load_config(self) -> None:
        for name, value in SETTINGS.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        return Application([("/", Relay)], log_function=lambda handler: None)  # no access log


if __name__ == "__main__":
    Deployment().run()
