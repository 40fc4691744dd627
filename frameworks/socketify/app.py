# /// script
# requires-python = ">=3.10"
# dependencies = ["socketify==0.0.31"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "socketify"
# distribution = "socketify"
# kind = "framework"
# homepage = "https://docs.socketify.dev"
# known_failure = "closes the connection when a request comes while a handler awaits; half a request line is a 505"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "a factory that keeps request and response objects"
# page = "https://docs.socketify.dev/cli.html"
# read = 2026-11-26
# taken = "no"
# why = "1.05 and 1.08 times at depth 1 and 16; a double free kills it in deep-batches, 3 times of 3"
#
# [[tool.pipebench.tuning]]
# advice = "PyPy"
# page = "https://docs.socketify.dev/installation.html"
# read = 2026-11-26
# taken = "no"
# why = "all rows are CPython's"
# ///
"""Runs asyncio without blocking in it while there are requests, so its CPU time is that of a loop that polls."""

import asyncio
import multiprocessing
import os
import signal
from typing import Any

from socketify import App, AppListenOptions

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


async def somebody() -> None:
    return


async def hello(res: Any, req: Any) -> None:
    await somebody()
    res.write_header("Content-Type", "text/plain").end("Hello world!")


async def sleep(res: Any, req: Any) -> None:
    ms, token = req.get_parameter(0), req.get_parameter(1)  # get_parameters() finds only the first
    await asyncio.sleep(int(ms) / 1000)
    res.write_header("Content-Type", "text/plain").end(token)


async def echo(res: Any, req: Any) -> None:
    res.write_header("Content-Type", "text/plain").end((await res.get_data()).getvalue())


def work() -> None:
    app = App()
    app.get("/", hello)
    app.get("/sleep/:ms/:token", sleep)
    app.post("/echo", echo)
    app.any("/*", lambda res, req: res.write_status(404).end("Not Found"))
    app.listen(AppListenOptions(port=PORT, host=HOST))
    signal.signal(signal.SIGTERM, lambda number, frame: app.close())  # it sees to SIGINT alone
    app.run()


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
