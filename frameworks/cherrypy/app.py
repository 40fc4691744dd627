# /// script
# requires-python = ">=3.10"
# dependencies = ["cherrypy==18.10.0", "cheroot==11.1.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "cherrypy"
# distribution = "cherrypy"
# kind = "framework"
# runs_on = "cheroot"
# homepage = "https://cherrypy.dev"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "no log of access: log.screen off, no log.access_file"
# page = "https://docs.cherrypy.dev/en/latest/basics.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "a server that by-passes WSGI, a slight increase"
# page = "https://docs.cherrypy.dev/en/latest/advanced.html"
# read = 2026-11-26
# taken = "no"
# why = "its quickstart serves by WSGI; not measured"
# ///
"""CherryPy on cheroot, its own server; made here, and not by CherryPy, to set its port for sharing."""

import multiprocessing
import os
import signal
import sys
import time

import cherrypy
from cheroot.wsgi import Server

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


@cherrypy.tools.response_headers(headers=[("Content-Type", "text/plain")])
class Root:
    @cherrypy.expose
    def index(self) -> str:
        somebody()
        return "Hello world!"

    @cherrypy.expose
    def sleep(self, ms: str, token: str) -> str:
        time.sleep(int(ms) / 1000)
        return token

    @cherrypy.expose
    @cherrypy.tools.allow(methods=["POST"])
    def echo(self) -> bytes:
        return cherrypy.request.body.read()


def work() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    cherrypy.config.update({"environment": "embedded"})  # in a server that CherryPy does not start: no log of access
    server = Server(
        (HOST, PORT),
        cherrypy.tree.mount(Root()),
        numthreads=10,  # the default; idle connections wait in a selector, not in a thread
        request_queue_size=1024,  # all connections of a run may come at once
        reuse_port=WORKERS > 1,  # the kernel shares connections out among the workers
        shutdown_timeout=1,  # seconds that handlers still have after SIGTERM
    )
    server.keep_alive_conn_limit = None  # of 10 by default: it closes the others after a response
    try:
        server.start()
    finally:
        server.stop()  # its threads outlive an exception


if __name__ == "__main__":
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, daemon=True).start()
    work()
