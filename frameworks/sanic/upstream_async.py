# /// script
# requires-python = ">=3.10"
# dependencies = ["sanic==25.12.1", "uvloop==0.23.0", "httpx==0.28.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "sanic, httpx"
# distribution = "sanic"
# kind = "framework"
# homepage = "https://sanic.dev"
# scenario = "upstream"
# client = "async"
# max_clients = 100
# ///
"""sanic has no client of its own: it waits for its upstream with httpx, which has 100 connections by default."""

import os

from httpx import AsyncClient, Limits
from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")
MAX_CLIENTS = os.environ.get("MAX_CLIENTS")

app = Sanic("pipebench")
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 0.5  # seconds that handlers still have after SIGTERM


@app.before_server_start
async def open_client(app: Sanic) -> None:
    app.ctx.client = AsyncClient(limits=Limits(max_connections=int(MAX_CLIENTS))) if MAX_CLIENTS else AsyncClient()


@app.after_server_stop
async def close_client(app: Sanic) -> None:
    await app.ctx.client.aclose()


@app.get("/")
async def relay(request: Request) -> HTTPResponse:
    response = await app.ctx.client.get(UPSTREAM)
    return raw(response.content, content_type="text/plain")


if __name__ == "__main__":
    app.run(
        host=HOST,
        port=PORT,
        single_process=WORKERS == 1,  # one process needs no manager, which is slow to start
        workers=WORKERS,
        access_log=False,  # a line a request would be measured too
        motd=False,  # no banner
        backlog=16384,  # all connections of a run may come at once
    )
