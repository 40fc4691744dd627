# /// script
# requires-python = ">=3.13"
# dependencies = ["quart-trio==0.13.0", "quart==0.23.1", "hypercorn[trio]==0.18.0", "trio==0.35.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "quart-trio"
# distribution = "quart-trio"
# kind = "framework"
# runs_on = "hypercorn-trio"
# homepage = "https://quart-trio.readthedocs.io"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "hypercorn with its trio worker"
# page = "https://quart-trio.readthedocs.io/en/latest/tutorials/deployment.html"
# read = 2026-11-26
# taken = "yes"
# ///
"""quart on trio instead of asyncio; hypercorn/app_trio.py says what ends this server."""

import os

import trio
from hypercorn.config import Config
from hypercorn.run import run
from quart import Response, request
from quart_trio import QuartTrio

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


app = QuartTrio(__name__)


async def somebody() -> None:
    return


@app.get("/")
async def hello() -> Response:
    await somebody()
    return Response("Hello world!", mimetype="text/plain")


@app.get("/sleep/<int:ms>/<token>")
async def sleep(ms: int, token: str) -> Response:
    await trio.sleep(ms / 1000)
    return Response(token, mimetype="text/plain")


@app.post("/echo")
async def echo() -> Response:
    return Response(await request.get_data(), mimetype="text/plain")


if __name__ == "__main__":
    config = Config()
    config.application_path = "app_trio:app"
    config.worker_class = "trio"
    config.workers = WORKERS
    config.bind = [f"{HOST}:{PORT}"]
    config.backlog = 1024  # all connections of a run may come at once
    config.keep_alive_max_requests = 2**63  # by default a connection is closed after 1000
    config.graceful_timeout = 0.5  # seconds that handlers still have after SIGTERM
    config.loglevel = "WARNING"  # no banner
    run(config)
