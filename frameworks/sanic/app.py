# /// script
# requires-python = ">=3.10"
# dependencies = ["sanic==25.12.1", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "sanic"
# distribution = "sanic"
# kind = "framework"
# group = "core"
# homepage = "https://sanic.dev"
# hold = { uvloop = "0.23 writes each response of a batch on its own: 1.6 times the CPU at depth 16" }
# body = "str"
# loop = "uvloop"
# remark = "TCP_NODELAY set by hand on other loops than uvloop, on which alone sanic has it"
#
# [[tool.pipebench.tuning]]
# advice = "no debug, no access log"
# page = "https://sanic.dev/en/guide/running/running.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop, by default where it is installed"
# page = "https://sanic.dev/en/guide/running/configuration.html"
# read = 2026-11-26
# taken = "yes"
# ///
"""sanic runs on uvloop where that is installed; LOOP names another."""

import asyncio
import os
import socket
from importlib import import_module

from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw, text

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")

app = Sanic("pipebench")
app.config.USE_UVLOOP = LOOP == "uvloop"
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 0.5  # seconds that handlers still have after SIGTERM

if LOOP not in {"asyncio", "uvloop"}:  # sanic asks the policy for its loop

    class Policy(asyncio.DefaultEventLoopPolicy):
        def new_event_loop(self) -> asyncio.AbstractEventLoop:
            loop: asyncio.AbstractEventLoop = import_module(LOOP).new_event_loop()
            return loop

    asyncio.set_event_loop_policy(Policy())


async def somebody() -> None:
    return


@app.get("/")
async def hello(request: Request) -> HTTPResponse:
    await somebody()
    return text("Hello world!")


@app.get("/sleep/<ms:int>/<token:str>")
async def sleep(request: Request, ms: int, token: str) -> HTTPResponse:
    await asyncio.sleep(ms / 1000)
    return text(token)


@app.post("/echo")
async def echo(request: Request) -> HTTPResponse:
    return raw(request.body)


if __name__ == "__main__":
    listener = socket.create_server((HOST, PORT), backlog=1024)  # all connections of a run may come at once
    if LOOP != "uvloop":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    app.run(
        sock=listener,
        single_process=WORKERS == 1,  # one process needs no manager, which is slow to start
        workers=WORKERS,
        access_log=False,  # a line a request would be measured too
        motd=False,  # no banner
    )
