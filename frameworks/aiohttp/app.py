# /// script
# requires-python = ">=3.10"
# dependencies = ["aiohttp==3.14.5", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp"
# distribution = "aiohttp"
# kind = "framework"
# homepage = "https://docs.aiohttp.org"
# ///
import asyncio
import multiprocessing
import os

import uvloop
from aiohttp import web

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody() -> None:
    return


async def hello(request: web.Request) -> web.Response:
    await somebody()
    return web.Response(text="Hello world!")


async def sleep(request: web.Request) -> web.Response:
    await asyncio.sleep(int(request.match_info["ms"]) / 1000)
    return web.Response(text=request.match_info["token"])


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


def work() -> None:
    app = web.Application()
    app.add_routes([
        web.get("/", hello),
        web.get(r"/sleep/{ms:\d+}/{token}", sleep),
        web.post("/echo", echo),
    ])
    web.run_app(
        app,
        host=HOST,
        port=PORT,
        reuse_port=WORKERS > 1,
        backlog=1024,
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop() if os.environ.get("LOOP", "uv") == "uv" else None,
    )


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
