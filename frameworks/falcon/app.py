# /// script
# requires-python = ">=3.10"
# dependencies = ["falcon==4.4.0", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "falcon"
# distribution = "falcon"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://falcon.readthedocs.io"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvicorn[standard]: uvloop and httptools"
# page = "https://falcon.readthedocs.io/en/stable/user/install.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "falcon compiled by Cython, as its wheels are"
# page = "https://falcon.readthedocs.io/en/stable/user/install.html"
# read = 2026-11-26
# taken = "yes"
# ///
import asyncio
import os

import falcon.asgi
import uvicorn
from falcon.asgi import Request, Response

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


class Hello:
    async def on_get(self, request: Request, response: Response) -> None:
        await somebody()
        response.text = "Hello world!"


class Sleep:
    async def on_get(self, request: Request, response: Response, ms: int, token: str) -> None:
        await asyncio.sleep(ms / 1000)
        response.text = token


class Echo:
    async def on_post(self, request: Request, response: Response) -> None:
        response.data = await request.stream.read()


app = falcon.asgi.App(media_type=falcon.MEDIA_TEXT)
app.add_route("/", Hello())
app.add_route("/sleep/{ms:int}/{token}", Sleep())
app.add_route("/echo", Echo())


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
