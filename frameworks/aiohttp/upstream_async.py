# /// script
# requires-python = ">=3.10"
# dependencies = ["aiohttp==3.14.5", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp, ClientSession"
# distribution = "aiohttp"
# kind = "framework"
# homepage = "https://docs.aiohttp.org"
# scenario = "upstream"
# client = "async"
# max_clients = 100
# ///
"""Waits for its upstream with aiohttp's own client, whose connector has 100 connections unless it is told otherwise."""

import multiprocessing
import os
from collections.abc import AsyncIterator

import uvloop
from aiohttp import ClientSession, TCPConnector, web

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")
MAX_CLIENTS = os.environ.get("MAX_CLIENTS")

SESSION = web.AppKey("session", ClientSession)


async def session(app: web.Application) -> AsyncIterator[None]:
    connector = TCPConnector(limit=int(MAX_CLIENTS)) if MAX_CLIENTS else TCPConnector()
    async with ClientSession(connector=connector) as app[SESSION]:
        yield


async def relay(request: web.Request) -> web.Response:
    async with request.app[SESSION].get(UPSTREAM) as response:
        return web.Response(body=await response.read(), content_type="text/plain")


def work() -> None:
    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_get("/", relay)
    web.run_app(
        app,
        host=HOST,
        port=PORT,
        loop=uvloop.new_event_loop(),  # faster than asyncio's own
        access_log=None,  # a line a request would be measured too
        print=None,  # no banner
        backlog=16384,  # all connections of a run may come at once
        reuse_port=WORKERS > 1,  # the kernel shares connections out among the workers
        shutdown_timeout=0.5,  # seconds that handlers still have after SIGTERM
    )


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
