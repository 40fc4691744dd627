# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["sanic==0.4.1", "aiofiles==0.3.0", "httptools==0.0.9", "ujson==1.35", "uvloop==0.8.0"]
#
# [tool.uv]
# exclude-newer = "2021-12-31T00:00:00Z"
#
# [tool.pipebench]
# title = "sanic (2017)"
# distribution = "sanic"
# kind = "framework"
# group = "2017"
# homepage = "https://sanic.dev"
# known_failure = "answers the first request of a batch, then drops the parser that the others need"
# ///
"""sanic as of March 2017."""

import asyncio
import multiprocessing
import os
import socket

from sanic import Sanic
from sanic.response import raw, text

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))

app = Sanic("pipebench")


async def somebody():
    return


@app.route("/")
async def hello(request):
    await somebody()
    return text("Hello world!")


@app.route("/sleep/<ms:int>/<token>")
async def sleep(request, ms, token):
    await asyncio.sleep(ms / 1000)
    return text(token)


@app.route("/echo", methods=["POST"])
async def echo(request):
    return raw(request.body)


def work(listening):
    app.run(host=None, port=None, sock=listening, backlog=1024)


if __name__ == "__main__":
    # Its own workers=n shares a socket among processes like this, but does not end at SIGTERM.
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, PORT))
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, args=[listening], daemon=True).start()
    work(listening)
