# /// script
# requires-python = ">=3.11"
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
"""aiohttp.web on uvloop."""

import asyncio
import os

import uvloop
from aiohttp import web


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


def main() -> None:
    workers = int(os.environ.get("WORKERS", "1"))
    for _ in range(workers - 1):
        if os.fork() == 0:
            break
    app = web.Application()
    app.add_routes([web.get("/", hello), web.get("/sleep/{ms}/{token}", sleep), web.post("/echo", echo)])
    web.run_app(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8080")),
        access_log=None,
        print=None,
        reuse_port=workers > 1,
        shutdown_timeout=0.1,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
