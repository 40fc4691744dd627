# /// script
# requires-python = ">=3.10"
# dependencies = ["robyn==0.88.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "robyn"
# distribution = "robyn"
# kind = "framework"
# homepage = "https://robyn.tech"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "--fast: 2 * CPUs + 1 processes, 2 threads each, log level WARNING"
# page = "https://robyn.tech/documentation/en/api_reference/scaling"
# read = 2026-11-26
# taken = "in part"
# why = "the log level; rows have one process a CPU"
#
# [[tool.pipebench.tuning]]
# advice = "const=True for responses that never change"
# page = "https://robyn.tech/documentation/en/api_reference/advanced_routing"
# read = 2026-11-26
# taken = "no"
# why = "no route is a constant: the handler would not be called"
# ///
"""robyn reads, parses and writes in Rust, on actix. A chunked body that it cannot read aborts the process."""

import asyncio
import os
import signal
import sys

from robyn import Request, Response, Robyn
from robyn.argument_parser import Config

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))

config = Config()
config.processes = WORKERS
config.workers = 1  # threads a process that read and write
config.log_level = "WARN"  # without "VERBOSE/DEBUG MODE"
config.disable_openapi = True  # nobody reads it
app = Robyn(__file__, config=config)


async def somebody() -> None:
    return


@app.get("/")
async def hello() -> str:
    await somebody()
    return "Hello world!"


@app.get("/sleep/:ms/:token")
async def sleep(request: Request) -> str:
    await asyncio.sleep(int(request.path_params["ms"]) / 1000)
    return request.path_params["token"]


@app.post("/echo")
async def echo(request: Request) -> Response:
    return Response(200, {"Content-Type": "text/plain"}, request.body)


if __name__ == "__main__":
    # actix stops at SIGTERM, but the process would stay.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    app.start(host=HOST, port=PORT)
