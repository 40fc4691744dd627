# /// script
# requires-python = ">=3.10"
# dependencies = ["aiohttp==3.14.5", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp, urllib"
# distribution = "aiohttp"
# kind = "framework"
# homepage = "https://docs.aiohttp.org"
# scenario = "upstream"
# client = "blocking"
# ///
"""Waits for its upstream with a client that blocks the loop, so that nothing else goes on meanwhile.

On uvloop 0.23, which writes a response at once: 0.22 does so at the end of a turn of its loop, and with handlers that
block, a turn is as many waits long as there are requests to read.
"""

import multiprocessing
import os
from urllib.request import urlopen

import uvloop
from aiohttp import web

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")


async def relay(request: web.Request) -> web.Response:
    with urlopen(UPSTREAM) as response:  # the mistake that is shown here
        return web.Response(body=response.read(), content_type="text/plain")


def work() -> None:
    app = web.Application()
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
