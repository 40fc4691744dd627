# /// script
# requires-python = ">=3.10"
# dependencies = ["aiohttp==3.14.5", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp, minimal"
# distribution = "aiohttp"
# kind = "framework"
# homepage = "https://docs.aiohttp.org"
# ///
import os

import uvloop
from aiohttp import web


async def hello(request):
    return web.Response(body=b"Hello world!", content_type="text/plain")


app = web.Application()
app.router.add_get("/", hello)
web.run_app(
    app,
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    loop=uvloop.new_event_loop(),
    access_log=None,
    print=None,
    backlog=1024,
)
