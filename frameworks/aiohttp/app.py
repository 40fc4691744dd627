# /// script
# requires-python = ">=3.10"
# dependencies = ["aiohttp==3.14.5", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp"
# distribution = "aiohttp"
# kind = "framework"
# group = "core"
# homepage = "https://docs.aiohttp.org"
# hold = { uvloop = "0.23 writes each response of a batch on its own: 1.6 times the CPU at depth 16" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, by gunicorn's worker for it"
# page = "https://docs.aiohttp.org/en/stable/deployment.html"
# read = 2026-11-26
# taken = "in part"
# why = "uvloop without gunicorn: workers share a port"
# ///
"""The adapter to copy: its three handlers and how they are served; docs/adapters.md explains each line."""

import asyncio
import multiprocessing
import os
from importlib import import_module

from aiohttp import web

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


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
    app.router.add_get("/", hello)
    app.router.add_get(r"/sleep/{ms:\d+}/{token}", sleep)
    app.router.add_post("/echo", echo)
    web.run_app(
        app,
        host=HOST,
        port=PORT,
        loop=import_module(LOOP).new_event_loop(),  # uvloop is faster than asyncio's own
        access_log=None,  # a line a request would be measured too
        print=None,  # no banner
        backlog=1024,  # all connections of a run may come at once
        reuse_port=WORKERS > 1,  # the kernel shares connections out among the workers
        shutdown_timeout=0.5,  # seconds that handlers still have after SIGTERM
    )


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
