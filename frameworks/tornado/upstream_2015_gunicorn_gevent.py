# /// script
# requires-python = ">=3.6,<3.7"
# dependencies = ["gevent==1.2.2", "greenlet==0.4.17", "gunicorn==19.4.5", "setuptools==59.6.0", "tornado==4.2.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "gunicorn 19 -k gevent, tornado 4.2"
# distribution = "gunicorn"
# kind = "server"
# homepage = "https://gunicorn.org"
# hold = { gevent = "of 2015", greenlet = "of 2015", gunicorn = "of 2015", setuptools = "of 2015", tornado = "of 2015" }
# scenario = "upstream"
# client = "async"
# max_clients = 1000
# ///
"""The last of five deployments that were compared in 2015: tornado's handlers as WSGI in gunicorn's gevent worker.

urllib blocks, but only the greenlet of its request: gevent's patches turn its waiting into a switch. Of releases of
then, these are the nearest that run on a CPython 3 (the worker of gunicorn 19.3 does not). The worker accepts
1000 connections and no more, unless it is told otherwise.
"""

import os

from gunicorn.app.base import BaseApplication

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = os.environ.get("PORT", "8080")
WORKERS = int(os.environ.get("WORKERS", "1"))
UPSTREAM = os.environ.get("UPSTREAM", "http://127.0.0.1:9000/")
MAX_CLIENTS = int(os.environ.get("MAX_CLIENTS", "1000"))

SETTINGS = {
    "bind": HOST + ":" + PORT,
    "workers": WORKERS,
    "worker_class": "gevent",
    "worker_connections": MAX_CLIENTS,
    "backlog": 16384,  # for all connections of a run at once
    "graceful_timeout": 1,  # seconds that connections still have after SIGTERM
    "loglevel": "warning",  # no line for each start
}


class Deployment(BaseApplication):
    def load_config(self):
        for name, value in SETTINGS.items():
            self.cfg.set(name, value)

    def load(self):
        """Called in the worker, which gevent has patched by then: what is imported from here on is patched too."""
        from urllib.request import urlopen

        import tornado.web
        import tornado.wsgi

        class Relay(tornado.web.RequestHandler):
            def get(self):
                with urlopen(UPSTREAM) as response:
                    body = response.read()
                self.set_header("Content-Type", "text/plain")
                self.write(body)

        application = tornado.web.Application([("/", Relay)], log_function=lambda handler: None)  # no access log
        return tornado.wsgi.WSGIAdapter(application)


if __name__ == "__main__":
    Deployment().run()
