# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["gevent==1.2.2", "greenlet==0.4.17", "tornado==4.2.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gevent 1.2 WSGI server, tornado 4.2"
# distribution = "gevent"
# kind = "server"
# homepage = "https://www.gevent.org"
# hold = { gevent = "of 2015", greenlet = "of 2015", tornado = "of 2015" }
# scenario = "upstream"
# client = "async"
# ///
"""The fourth of five deployments that were compared in 2015: tornado's handlers as WSGI, on gevent's server, patched.

urllib blocks, but only the greenlet of its request: gevent's patches turn its waiting into a switch. Of releases of
then that have wheels for a CPython 3, these are the nearest; tornado dropped WSGIAdapter in 6.0.
"""

# ruff: noqa: E402 - what is imported below is to find the patches in place

from gevent import monkey

monkey.patch_all()

import os
import signal
from urllib.request import urlopen

import gevent
import tornado.web
import tornado.wsgi
from gevent.pywsgi import WSGIServer

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")


class Relay(tornado.web.RequestHandler):
    def get(self):
        with urlopen(UPSTREAM) as response:
            body = response.read()
        self.set_header("Content-Type", "text/plain")
        self.write(body)


def main():
    application = tornado.web.Application([("/", Relay)], log_function=lambda handler: None)  # no access log
    adapted = tornado.wsgi.WSGIAdapter(application)
    server = WSGIServer((HOST, PORT), adapted, log=None, backlog=16384)  # for all connections of a run at once
    server.init_socket()  # before the workers are forked, which share it
    workers = []
    while len(workers) < WORKERS - 1:
        worker = gevent.fork()
        if not worker:
            workers.clear()
            break
        workers.append(worker)
    gevent.signal(signal.SIGTERM, server.stop, timeout=0.5)
    server.serve_forever()
    for worker in workers:
        os.kill(worker, signal.SIGTERM)


if __name__ == "__main__":
    main()
