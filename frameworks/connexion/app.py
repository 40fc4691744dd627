# /// script
# requires-python = ">=3.11"
# dependencies = ["connexion==3.3.0", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "connexion"
# distribution = "connexion"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://github.com/spec-first/connexion"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "AsyncApp for a new project, on an ASGI server"
# page = "https://connexion.readthedocs.io/en/latest/quickstart.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""Operations that an OpenAPI document names; connexion routes by it and checks each request against it."""

import asyncio
import os

import uvicorn
from connexion import AsyncApp, request
from connexion.lifecycle import ConnexionResponse
from connexion.options import SwaggerUIOptions

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


PLAIN = "text/plain"
SPECIFICATION = {
    "openapi": "3.0.3",
    "info": {"title": "app", "version": "1"},
    "paths": {
        "/": {"get": {"operationId": "app.hello", "responses": {"200": {"description": "", "content": {PLAIN: {}}}}}},
        "/sleep/{ms}/{token}": {
            "get": {
                "operationId": "app.sleep",
                "parameters": [
                    {"name": "ms", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {"200": {"description": "", "content": {PLAIN: {}}}},
            }
        },
        "/echo": {
            "post": {"operationId": "app.echo", "responses": {"200": {"description": "", "content": {PLAIN: {}}}}}
        },
    },
}


async def somebody() -> None:
    return


async def hello() -> str:
    await somebody()
    return "Hello world!"


async def sleep(ms: int, token: str) -> str:
    await asyncio.sleep(ms / 1000)
    return token


async def echo() -> ConnexionResponse:
    return ConnexionResponse(body=await request.body(), mimetype=PLAIN)


app = AsyncApp(__name__, swagger_ui_options=SwaggerUIOptions(swagger_ui=False))
app.add_api(SPECIFICATION)


if __name__ == "__main__":
    uvicorn.run(
        "app:app",
        host=HOST,
        port=PORT,
        workers=WORKERS,
        # uvloop 0.23 makes a system call of each head and body: 1.4 times the CPU
        loop=LOOP if LOOP in {"asyncio", "uvloop"} else f"{LOOP}:new_event_loop",
        http="httptools",
        ws="none",  # there are no websockets
        lifespan="auto",  # a framework may build its middleware there
        proxy_headers=False,  # no proxy stands before it
        access_log=False,  # a line a request would be measured too
        log_level="warning",  # no banner
        timeout_graceful_shutdown=1,  # seconds that handlers still have after SIGTERM
    )
