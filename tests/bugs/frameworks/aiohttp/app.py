# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = ["aiohttp==3.12.14"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp, its parser in Python"
# distribution = "aiohttp"
# kind = "framework"
# homepage = "https://docs.aiohttp.org"
# ///
"""What aiohttp is where no wheel fits: without its extensions in C."""

import asyncio
import os

os.environ["AIOHTTP_NO_EXTENSIONS"] = "1"  # before the import, which looks at it

from aiohttp import web

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))


async def hello(request: web.Request) -> web.Response:
    return web.Response(body=b"Hello world!", content_type="text/plain")


async def sleep(request: web.Request) -> web.Response:
    await asyncio.sleep(int(request.match_info["ms"]) / 1000)
    return web.Response(text=request.match_info["token"])


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get(r"/sleep/{ms:\d+}/{token}", sleep)
    app.router.add_post("/echo", echo)
    web.run_app(app, host=HOST, port=PORT, access_log=None, print=None, backlog=1024)
