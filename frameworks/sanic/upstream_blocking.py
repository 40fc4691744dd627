# /// script
# requires-python = ">=3.10"
# dependencies = ["sanic==25.12.1", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "sanic, urllib"
# distribution = "sanic"
# kind = "framework"
# homepage = "https://sanic.dev"
# scenario = "upstream"
# client = "blocking"
# ///
"""Waits for its upstream with a client that blocks the loop, so that nothing else goes on meanwhile.

On uvloop 0.23, which writes a response at once: 0.22 does so at the end of a turn of its loop, and with handlers that
block, a turn is as many waits long as there are requests to read.
"""

import os
from urllib.request import urlopen

from sanic import HTTPResponse, Request, Sanic
from sanic.response import raw

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")

app = Sanic("pipebench")
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 0.5  # seconds that handlers still have after SIGTERM


@app.get("/")
async def relay(request: Request) -> HTTPResponse:
    with urlopen(UPSTREAM) as response:  # the mistake that is shown here
        return raw(response.read(), content_type="text/plain")


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
