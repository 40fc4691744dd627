# /// script
# requires-python = ">=3.10"
# dependencies = ["gunicorn==27.0.1", "tornado==6.6.1", "packaging==26.3"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn, tornado"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "the tornado worker for tornado applications; not as a WSGI server"
# page = "https://gunicorn.org/design/"
# read = 2026-11-26
# taken = "yes"
# ///
"""A tornado application on gunicorn's worker for it; tornado serves, gunicorn starts and watches its processes."""

import asyncio
import os

from gunicorn.app.base import BaseApplication
from tornado.web import Application, RequestHandler

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody() -> None:
    return


class Handler(RequestHandler):
    def compute_etag(self) -> None:
        return None  # no hash of each response


class Hello(Handler):
    async def get(self) -> None:
        await somebody()
        self.set_header("Content-Type", "text/plain")
        self.finish("Hello world!")


class Sleep(Handler):
    async def get(self, ms: str, token: str) -> None:
        await asyncio.sleep(int(ms) / 1000)
        self.set_header("Content-Type", "text/plain")
        self.finish(token)


class Echo(Handler):
    async def post(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish(self.request.body)


class Gunicorn(BaseApplication):
    """gunicorn started from Python, as its documentation has it under "custom application"."""

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{PORT}",
            "workers": WORKERS,
            "worker_class": "tornado",
            "loglevel": "warning",  # no banner; there is no access log unless one is asked for
            "graceful_timeout": 1,  # seconds that handlers still have after SIGTERM
            "control_socket_disable": True,  # its own tool to steer it would share one socket with every other gunicorn
            "worker_tmp_dir": "/dev/shm",  # heartbeats in memory, as its FAQ advises
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        routes = [("/", Hello), ("/sleep/([0-9]+)/([^/]+)", Sleep), ("/echo", Echo)]
        return Application(routes, log_function=lambda handler: None)  # no access log


if __name__ == "__main__":
    Gunicorn().run()
