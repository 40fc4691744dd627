# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["japronto==0.1.1", "ujson==1.35", "uvloop==0.8.0"]
#
# [tool.uv]
# exclude-newer = "2021-12-31T00:00:00Z"
#
# [tool.pipebench]
# title = "japronto (2017)"
# distribution = "japronto"
# kind = "framework"
# group = "2017"
# homepage = "https://github.com/squeaky-pl/japronto"
# known_failure = "its pipeline loses, stalls or crashes on pipelined requests"
# ///
"""japronto as of March 2017."""

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
