# /// script
# requires-python = ">=3.10"
# dependencies = ["baize==0.23.1", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "baize"
# distribution = "baize"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://github.com/abersheeran/baize"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/abersheeran/baize"
# read = 2026-11-26
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import os

import uvicorn
from baize.asgi import PlainTextResponse, Request, Router, request_response

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


@request_response
async def hello(request: Request) -> PlainTextResponse:
    await somebody()
    return PlainTextResponse("Hello world!")


@request_response
async def sleep(request: Request) -> PlainTextResponse:
    await asyncio.sleep(request.path_params["ms"] / 1000)
    return PlainTextResponse(request.path_params["token"])


@request_response
async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body)


app = Router(("/", hello), ("/sleep/{ms:int}/{token}", sleep), ("/echo", echo))


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
