# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["tornado==4.2.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "tornado 4.2 coroutine"
# distribution = "tornado"
# kind = "framework"
# homepage = "https://www.tornadoweb.org"
# hold = { tornado = "of 2015" }
# scenario = "upstream"
# client = "async"
# max_clients = 10
# ///
"""The first of five deployments that were compared in 2015: tornado alone, its handler a coroutine.

tornado 4.2.1 as it was then, on the oldest CPython here that has it; the code is what its documentation had.
"""

import multiprocessing
import os
import signal

import tornado.gen
import tornado.httpserver
import tornado.ioloop
import tornado.netutil
import tornado.web
from tornado.httpclient import AsyncHTTPClient

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")
MAX_CLIENTS = os.environ.get("MAX_CLIENTS")


class Relay(tornado.web.RequestHandler):
    @tornado.gen.coroutine
    def get(self):
        response = yield AsyncHTTPClient().fetch(UPSTREAM)
        self.set_header("Content-Type", "text/plain")
        self.write(response.body)


def work(sockets):
    if MAX_CLIENTS:
        AsyncHTTPClient.configure(None, max_clients=int(MAX_CLIENTS))
    application = tornado.web.Application([("/", Relay)], log_function=lambda handler: None)  # no access log
    server = tornado.httpserver.HTTPServer(application)
    server.add_sockets(sockets)
    loop = tornado.ioloop.IOLoop.current()
    signal.signal(signal.SIGTERM, lambda *_: loop.add_callback_from_signal(loop.stop))
    loop.start()


if __name__ == "__main__":
    sockets = tornado.netutil.bind_sockets(PORT, HOST, backlog=16384)  # for all connections of a run at once
    for _ in range(WORKERS - 1):
        # A daemon ends with this process, which is a worker as well.
        multiprocessing.get_context("fork").Process(target=work, args=(sockets,), daemon=True).start()
    work(sockets)
