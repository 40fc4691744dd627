# /// script
# requires-python = ">=3.13"
# dependencies = ["quart==0.23.1", "hypercorn==0.18.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "quart"
# distribution = "quart"
# kind = "framework"
# runs_on = "hypercorn"
# homepage = "https://quart.palletsprojects.com"
# body = "str"
# loop = "uvloop"
# loops = "asyncio uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "hypercorn, or another ASGI server"
# page = "https://quart.palletsprojects.com/en/latest/tutorials/deployment.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, which is quicker than asyncio's own"
# page = "https://hypercorn.readthedocs.io/en/latest/discussion/workers.html"
# read = 2026-11-26
# taken = "yes"
# ///
"""quart on hypercorn, the server that its documentation puts it on."""

import asyncio
import os

from hypercorn.config import Config
from hypercorn.run import run
from quart import Quart, Response, request

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

app = Quart(__name__)


async def somebody() -> None:
    return


@app.get("/")
async def hello() -> Response:
    await somebody()
    return Response("Hello world!", mimetype="text/plain")


@app.get("/sleep/<int:ms>/<token>")
async def sleep(ms: int, token: str) -> Response:
    await asyncio.sleep(ms / 1000)
    return Response(token, mimetype="text/plain")


@app.post("/echo")
async def echo() -> Response:
    return Response(await request.get_data(), mimetype="text/plain")


if __name__ == "__main__":
    config = Config()
    config.application_path = "app:app"
    config.worker_class = LOOP  # uvloop 0.23 makes a system call of each of the two or three writes a response
    config.workers = WORKERS
    config.bind = [f"{HOST}:{PORT}"]
    config.backlog = 1024  # all connections of a run may come at once
    config.keep_alive_max_requests = 2**63  # by default a connection is closed after 1000
    config.graceful_timeout = 0.5  # seconds that handlers still have after SIGTERM
    config.loglevel = "WARNING"  # no banner
    run(config)
