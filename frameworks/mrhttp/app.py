# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = ["mrhttp==0.13", "mrpacker==1.15", "uvloop==0.21.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "mrhttp"
# distribution = "mrhttp"
# kind = "framework"
# homepage = "https://github.com/MarkReedZ/mrhttp"
# known_failure = "crashes on a batch of 64; a request that comes in pieces is a 400"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://github.com/MarkReedZ/mrhttp"
# read = 2026-11-26
# ///
"""japronto's heir: parser, router and protocol in C, on uvloop. The last release compiles on no CPython after 3.12."""

import asyncio
import os

import mrhttp

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody() -> None:
    return


app = mrhttp.Application()


@app.route("/", _type="text")
async def hello(request: mrhttp.Request) -> str:
    await somebody()
    return "Hello world!"


@app.route("/sleep/{}/{}", _type="text")
async def sleep(request: mrhttp.Request, ms: str, token: str) -> str:
    await asyncio.sleep(int(ms) / 1000)
    return token


@app.route("/echo", methods=["POST"], _type="text")
async def echo(request: mrhttp.Request) -> bytes:
    return request.body


if __name__ == "__main__":
    app.run(HOST, PORT, cores=WORKERS)
