# /// script
# requires-python = ">=3.11"
# dependencies = ["fastapi==0.165.0", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "fastapi"
# distribution = "fastapi"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://fastapi.tiangolo.com"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvicorn[standard], with uvloop"
# page = "https://fastapi.tiangolo.com/deployment/manually/"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import os

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

app = FastAPI()


async def somebody() -> None:
    return


@app.get("/", response_class=PlainTextResponse)
async def hello() -> str:
    await somebody()
    return "Hello world!"


@app.get("/sleep/{ms}/{token}", response_class=PlainTextResponse)
async def sleep(ms: int, token: str) -> str:
    await asyncio.sleep(ms / 1000)
    return token


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
