# /// script
# requires-python = ">=3.10"
# dependencies = ["microdot==2.7.0", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "microdot"
# distribution = "microdot"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://microdot.readthedocs.io"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "async functions as handlers"
# page = "https://microdot.readthedocs.io/en/latest/users-guide/intro.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""On uvicorn, as its documentation has it for CPython."""

import asyncio
import os

import uvicorn
from microdot.asgi import Microdot, Request

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")
PLAIN = {"Content-Type": "text/plain"}

Request.max_content_length = 2**20  # 16 KiB by default, and a larger one is a 413
Request.max_body_length = 2**20  # what is longer must be read as a stream

app = Microdot()


async def somebody() -> None:
    return


@app.get("/")
async def hello(request: Request) -> tuple[str, dict[str, str]]:
    await somebody()
    return "Hello world!", PLAIN


@app.get("/sleep/<int:ms>/<token>")
async def sleep(request: Request, ms: int, token: str) -> tuple[str, dict[str, str]]:
    await asyncio.sleep(ms / 1000)
    return token, PLAIN


@app.post("/echo")
async def echo(request: Request) -> tuple[bytes, dict[str, str]]:
    return request.body, PLAIN


if __name__ == "__main__":
    uvicorn.run(
        "app:app",
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
