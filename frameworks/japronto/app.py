# /// script
# requires-python = ">=3.7,<3.8"
# dependencies = ["japronto==0.1.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "japronto"
# distribution = "japronto"
# kind = "framework"
# group = "core"
# homepage = "https://github.com/squeaky-pl/japronto"
# known_failure = "its pipeline loses, stalls or crashes on pipelined requests"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "plain functions as handlers, where nothing is awaited"
# page = "https://github.com/squeaky-pl/japronto/blob/master/tutorial/2_async.md"
# read = 2026-11-26
# taken = "no"
# why = "the contract awaits somebody()"
# ///
"""The last release of japronto has wheels for no CPython after 3.7.

It parses and routes in C, and runs handlers in worker processes of its own, on uvloop and without an access
log: nothing is left to tune.
"""

import asyncio
import os

from japronto import Application

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody():
    return


async def hello(request):
    await somebody()
    return request.Response(text="Hello world!")


async def sleep(request):
    await asyncio.sleep(int(request.match_dict["ms"]) / 1000)
    return request.Response(text=request.match_dict["token"])


async def echo(request):
    return request.Response(body=request.body)


if __name__ == "__main__":
    app = Application()
    app.router.add_route("/", hello, methods=["GET"])
    app.router.add_route("/sleep/{ms}/{token}", sleep, methods=["GET"])
    app.router.add_route("/echo", echo, methods=["POST"])
    app.run(HOST, PORT, worker_num=WORKERS)
