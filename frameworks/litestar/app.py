# /// script
# requires-python = ">=3.10"
# dependencies = ["litestar==2.25.0", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "litestar"
# distribution = "litestar"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://litestar.dev"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvicorn with uvloop, as in its benchmarks"
# page = "https://docs.litestar.dev/latest/benchmarks.html"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import os

import uvicorn
from litestar import Litestar, MediaType, Request, get, post

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


@get("/", media_type=MediaType.TEXT)
async def hello() -> str:
    await somebody()
    return "Hello world!"


@get("/sleep/{ms:int}/{token:str}", media_type=MediaType.TEXT)
async def sleep(ms: int, token: str) -> str:
    await asyncio.sleep(ms / 1000)
    return token


@post("/echo", media_type=MediaType.TEXT, status_code=200)
async def echo(request: Request) -> bytes:
    return await request.body()


app = Litestar([hello, sleep, echo])


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
