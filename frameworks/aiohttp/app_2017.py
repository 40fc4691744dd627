# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["aiohttp==1.3.3", "async-timeout==1.1.0", "chardet==2.3.0", "multidict==2.1.4", "yarl==0.9.8"]
#
# [tool.uv]
# exclude-newer = "2021-12-31T00:00:00Z"
#
# [tool.pipebench]
# title = "aiohttp (2017)"
# distribution = "aiohttp"
# kind = "framework"
# group = "2017"
# homepage = "https://docs.aiohttp.org"
# ///
"""aiohttp as of March 2017, on asyncio's own loop, as its documentation ran it."""

import asyncio
import multiprocessing
import os
import signal

from aiohttp import web

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody():
    return


async def hello(request):
    await somebody()
    return web.Response(text="Hello world!")


async def sleep(request):
    await asyncio.sleep(int(request.match_info["ms"]) / 1000)
    return web.Response(text=request.match_info["token"])


async def echo(request):
    return web.Response(body=await request.read())


def work():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get(r"/sleep/{ms:\d+}/{token}", sleep)
    app.router.add_post("/echo", echo)
    handler = app.make_handler(access_log=None)  # run_app cannot share a port
    loop.run_until_complete(loop.create_server(handler, HOST, PORT, backlog=1024, reuse_port=WORKERS > 1))
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    loop.run_forever()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
