# /// script
# requires-python = ">=3.11"
# dependencies = ["tornado==6.6.1", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "tornado, minimal"
# distribution = "tornado"
# kind = "framework"
# homepage = "https://www.tornadoweb.org"
# ///
import asyncio
import os

import uvloop
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler


class Hello(RequestHandler):
    def get(self):
        self.set_header("Content-Type", "text/plain")
        self.write("Hello world!")

    def compute_etag(self):
        return None


async def main():
    server = HTTPServer(Application([("/", Hello)], log_function=lambda handler: None))
    server.listen(int(os.environ["PORT"]), "127.0.0.1", backlog=1024)
    await asyncio.Event().wait()


uvloop.run(main())
