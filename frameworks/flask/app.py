# /// script
# requires-python = ">=3.10"
# dependencies = ["flask==3.1.3", "gunicorn==27.0.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "flask"
# distribution = "flask"
# kind = "framework"
# runs_on = "gunicorn-gthread"
# homepage = "https://flask.palletsprojects.com"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "gunicorn with CPU * 2 workers"
# page = "https://flask.palletsprojects.com/en/stable/deploying/gunicorn/"
# read = 2026-11-26
# taken = "in part"
# why = "gthread with 4 threads: rows have one process a CPU"
# ///
"""Flask on gunicorn, the first of the servers that its documentation gives for deployment."""

import os
import time

import flask
from gunicorn.app.base import BaseApplication

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


app = flask.Flask(__name__, static_folder=None)


@app.get("/")
def hello() -> flask.Response:
    somebody()
    return flask.Response("Hello world!", mimetype="text/plain")


@app.get("/sleep/<int:ms>/<token>")
def sleep(ms: int, token: str) -> flask.Response:
    time.sleep(ms / 1000)
    return flask.Response(token, mimetype="text/plain")


@app.post("/echo")
def echo() -> flask.Response:
    return flask.Response(flask.request.get_data(), mimetype="text/plain")


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

    def load(self) -> flask.Flask:
        return app


if __name__ == "__main__":
    Gunicorn().run()
