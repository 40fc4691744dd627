# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["gunicorn==19.3.0", "setuptools==59.6.0", "tornado==4.2.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn 19 -k tornado, HTTPClient"
# distribution = "tornado"
# kind = "framework"
# homepage = "https://www.tornadoweb.org"
# hold = { gunicorn = "of 2015", setuptools = "of 2015", tornado = "of 2015" }
# scenario = "upstream"
# client = "blocking"
# ///
"""The second of five deployments that were compared in 2015: gunicorn's tornado worker and tornado's blocking client.

The releases of then, on the oldest CPython here that has them. Until tornado 5 HTTPClient ran a loop of its own inside
a handler, and blocked the one around it.
"""

import os

import tornado.web
from gunicorn.app.base import BaseApplication
from tornado.httpclient import HTTPClient

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8080")
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")

SETTINGS = {
    "bind": HOST + ":" + PORT,
    "workers": WORKERS,
    "worker_class": "tornado",
    "backlog": 16384,  # for all connections of a run at once
    "graceful_timeout": 1,  # seconds that connections still have after SIGTERM
    "loglevel": "warning",  # no line for each start
}


class Relay(tornado.web.RequestHandler):
    def get(self):
        response = HTTPClient().fetch(UPSTREAM)
        self.set_header("Content-Type", "text/plain")
        self.write(response.body)


class Deployment(BaseApplication):
    def load_config(self):
        for name, value in SETTINGS.items():
            self.cfg.set(name, value)

    def load(self):
        return tornado.web.Application([("/", Relay)], log_function=lambda handler: None)  # no access log


if __name__ == "__main__":
    Deployment().run()
