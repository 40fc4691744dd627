# /// script
# requires-python = ">=3.10"
# dependencies = ["python-fasthtml==0.14.14", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "fasthtml"
# distribution = "python-fasthtml"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://www.fastht.ml"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found; it runs on uvicorn"
# page = "https://www.fastht.ml/docs/"
# read = 2026-11-26
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""fasthtml on uvicorn, which its ``serve()`` starts; its page and its session are not asked for here."""

import asyncio
import os

import uvicorn
from fasthtml.common import FastHTML, Request
from starlette.responses import PlainTextResponse

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


app = FastHTML(secret_key="else it writes one to a file")


async def somebody() -> None:
    return


@app.get("/")
async def hello() -> PlainTextResponse:
    await somebody()
    return PlainTextResponse("Hello world!")


@app.get("/sleep/{ms:int}/{token}")
async def sleep(ms: int, token: str) -> PlainTextResponse:
    await asyncio.sleep(ms / 1000)
    return PlainTextResponse(token)


@app.post("/echo")
async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


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
