# /// script
# requires-python = ">=3.10"
# dependencies = ["blacksheep==2.6.4", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "blacksheep"
# distribution = "blacksheep"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://www.neoteroi.dev/blacksheep/"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "functions, not controllers, which are made anew for each request"
# page = "https://www.neoteroi.dev/blacksheep/controllers/"
# read = 2026-11-26
# taken = "yes"
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
from blacksheep import Application, Content, Request, Response, Router, text

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

router = Router()  # not the shared one: a second import of this file would find its routes taken
app = Application(router=router)


async def somebody() -> None:
    return


@router.get("/")
async def hello() -> Response:
    await somebody()
    return text("Hello world!")


@router.get("/sleep/{int:ms}/{token}")
async def sleep(ms: int, token: str) -> Response:
    await asyncio.sleep(ms / 1000)
    return text(token)


@router.post("/echo")
async def echo(request: Request) -> Response:
    return Response(200, content=Content(b"text/plain", await request.read() or b""))


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
        lifespan="on",  # builds its routes when it starts
        proxy_headers=False,  # no proxy stands before it
        access_log=False,  # a line a request would be measured too
        log_level="warning",  # no banner
        timeout_graceful_shutdown=1,  # seconds that handlers still have after SIGTERM
    )
