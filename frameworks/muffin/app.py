# /// script
# requires-python = ">=3.11"
# dependencies = ["muffin==3.0.3", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "muffin"
# distribution = "muffin"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://github.com/klen/muffin"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "muffin[standard]: uvicorn, uvloop, httptools"
# page = "https://github.com/klen/muffin"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import os

import uvicorn
from muffin import Application, Request, ResponseText

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

app = Application()


async def somebody() -> None:
    return


@app.route("/")
async def hello(request: Request) -> ResponseText:
    await somebody()
    return ResponseText("Hello world!")


@app.route("/sleep/{ms:int}/{token}")
async def sleep(request: Request) -> ResponseText:
    await asyncio.sleep(request.path_params["ms"] / 1000)
    return ResponseText(request.path_params["token"])


@app.route("/echo", methods=["POST"])
async def echo(request: Request) -> ResponseText:
    return ResponseText(await request.body())


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
