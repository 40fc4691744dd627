# /// script
# requires-python = ">=3.10"
# dependencies = ["falcon==4.4.0", "gunicorn==27.0.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "falcon, WSGI"
# distribution = "falcon"
# kind = "framework"
# runs_on = "gunicorn-gthread"
# homepage = "https://falcon.readthedocs.io"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "falcon compiled by Cython, as its wheels are"
# page = "https://falcon.readthedocs.io/en/stable/user/install.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "PyPy, the fastest"
# page = "https://falcon.readthedocs.io/en/stable/user/install.html"
# read = 2026-11-26
# taken = "no"
# why = "all rows are CPython's"
#
# [[tool.pipebench.tuning]]
# advice = "gevent by gunicorn, where requests wait"
# page = "https://falcon.readthedocs.io/en/stable/user/faq.html"
# read = 2026-11-26
# taken = "no"
# why = "no request waits here"
# ///
"""Falcon on gunicorn, as its documentation deploys it; frameworks/falcon/app.py is its ASGI side."""

import os
import time

import falcon
from falcon import Request, Response
from gunicorn.app.base import BaseApplication

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


class Hello:
    def on_get(self, request: Request, response: Response) -> None:
        somebody()
        response.text = "Hello world!"


class Sleep:
    def on_get(self, request: Request, response: Response, ms: int, token: str) -> None:
        time.sleep(ms / 1000)
        response.text = token


class Echo:
    def on_post(self, request: Request, response: Response) -> None:
        response.data = request.stream.read()


app = falcon.App(media_type=falcon.MEDIA_TEXT)
app.add_route("/", Hello())
app.add_route("/sleep/{ms:int}/{token}", Sleep())
app.add_route("/echo", Echo())


class Gunicorn(BaseApplication):
    """gunicorn started from Python, as its documentation has it under "custom application"."""

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{PORT}",
            "workers": WORKERS,
            "worker_class": "gthread",
            "threads": 4,  # idle connections wait in a poller, not in a thread
            "loglevel": "warning",  # no banner; there is no access log unless one is asked for
            "graceful_timeout": 1,  # seconds that handlers still have after SIGTERM
            "control_socket_disable": True,  # its own tool to steer it would share one socket with every other gunicorn
            "worker_tmp_dir": "/dev/shm",  # heartbeats in memory, as its FAQ advises
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> falcon.App:
        return app


if __name__ == "__main__":
    Gunicorn().run()
