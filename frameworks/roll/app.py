# /// script
# requires-python = ">=3.11"
# dependencies = ["roll==0.13.4", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "roll"
# distribution = "roll"
# kind = "framework"
# homepage = "https://roll.readthedocs.io"
# known_failure = "answers each request of a batch with the response to the last"
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop; gunicorn with roll's worker to deploy"
# page = "https://roll.readthedocs.io/en/latest/how-to/advanced/"
# read = 2026-11-26
# taken = "in part"
# why = "uvloop without gunicorn: workers share a port"
# ///
"""roll has a protocol of its own on httptools.

A connection has one request and one response, and the next request of a batch replaces both before the first one's
handler has begun.
"""

import asyncio
import multiprocessing
import os
import signal
from importlib import import_module

from roll import Roll
from roll.io import Request, Response

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


app = Roll()


async def somebody() -> None:
    return


@app.route("/")
async def hello(request: Request, response: Response) -> None:
    await somebody()
    response.headers["Content-Type"] = "text/plain"
    response.body = "Hello world!"


@app.route("/sleep/{ms:digit}/{token}")
async def sleep(request: Request, response: Response, ms: str, token: str) -> None:
    await asyncio.sleep(int(ms) / 1000)
    response.headers["Content-Type"] = "text/plain"
    response.body = token


@app.route("/echo", methods=["POST"])
async def echo(request: Request, response: Response) -> None:
    response.headers["Content-Type"] = "text/plain"
    response.body = request.body


async def main() -> None:
    app.loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        app.loop.add_signal_handler(number, stop.set)
    await app.startup()
    # A backlog for all connections of a run; the kernel shares them out among the workers.
    await app.loop.create_server(app.factory, HOST, PORT, backlog=1024, reuse_port=WORKERS > 1)
    await stop.wait()
    await app.shutdown()


def work() -> None:
    with asyncio.Runner(loop_factory=import_module(LOOP).new_event_loop) as runner:
        runner.run(main())


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
