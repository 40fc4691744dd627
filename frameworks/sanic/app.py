# /// script
# requires-python = ">=3.10"
# dependencies = ["sanic==25.12.1", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "sanic"
# distribution = "sanic"
# kind = "framework"
# homepage = "https://sanic.dev"
# ///
import asyncio
import os

from sanic import Request, Sanic
from sanic.response import HTTPResponse, raw, text

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))

app = Sanic("pipebench")


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
    app.run(
        host=HOST,
        port=PORT,
        workers=WORKERS,
        single_process=WORKERS == 1,
        backlog=1024,
        access_log=False,
        motd=False,
    )
