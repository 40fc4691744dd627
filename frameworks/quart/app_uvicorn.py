# /// script
# requires-python = ">=3.13"
# dependencies = ["quart==0.23.1", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "quart, uvicorn"
# distribution = "quart"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://quart.palletsprojects.com"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "hypercorn, or another ASGI server such as uvicorn"
# page = "https://quart.palletsprojects.com/en/latest/tutorials/deployment.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""quart on uvicorn; app.py has it on hypercorn, the server that its documentation puts it on."""

import asyncio
import os

import uvicorn
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
    uvicorn.run(
        "app_uvicorn:app",
        host=HOST,
        port=PORT,
        workers=WORKERS,
        # uvloop 0.23 makes a system call of each head and body: 1.4 times the CPU
        loop=LOOP if LOOP in {"asyncio", "uvloop"} else f"{LOOP}:new_event_loop",
        http="httptools",
        ws="none",  # there are no websockets
        lifespan="auto",  # a framework may build its middleware there
        proxy_headers=False,  # no proxy stands before it
        access_log=False,  # a line a request would be measured too
        log_level="warning",  # no banner
        timeout_graceful_shutdown=1,  # seconds that handlers still have after SIGTERM
    )
