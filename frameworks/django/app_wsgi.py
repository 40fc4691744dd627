# /// script
# requires-python = ">=3.12"
# dependencies = ["django==6.1.3", "gunicorn==27.0.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "django, WSGI"
# distribution = "django"
# kind = "framework"
# runs_on = "gunicorn-gthread"
# homepage = "https://www.djangoproject.com"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "caching, database, templates; nothing on the server"
# page = "https://docs.djangoproject.com/en/stable/topics/performance/"
# read = 2026-11-26
#
# [[tool.pipebench.tuning]]
# advice = "2 to 4 threads a CPU with worker class gthread"
# page = "https://gunicorn.org/reference/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""Plain views on gunicorn, as django's documentation deploys WSGI; frameworks/django/app.py is its ASGI side.

Without the middleware and the database of a new project. No middleware adds a Content-Length, so gunicorn sends the
bodies chunked.
"""

import os
import time

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST
from gunicorn.app.base import BaseApplication

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


@require_GET
def hello(request: HttpRequest) -> HttpResponse:
    somebody()
    return HttpResponse("Hello world!", content_type="text/plain")


@require_GET
def sleep(request: HttpRequest, ms: int, token: str) -> HttpResponse:
    time.sleep(ms / 1000)
    return HttpResponse(token, content_type="text/plain")


@require_POST
def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, content_type="text/plain")


urlpatterns = [path("", hello), path("sleep/<int:ms>/<token>", sleep), path("echo", echo)]


class Gunicorn(BaseApplication):
    """gunicorn started from Python, as its documentation has it under "custom application"."""

    def load_config(self) -> None:
        settings = {
            "bind": f"{HOST}:{PORT}",
            "workers": WORKERS,
            "worker_class": "gthread",
            "threads": 4,  # idle connections wait in a poller, not in a thread
            "loglevel": "warning",  # no banner; there is no access log unless one is asked for
            "graceful_timeout": 1,  # seconds that handlers still have after SIGTERM
            "control_socket_disable": True,  # its own tool to steer it would share one socket with every other gunicorn
            "worker_tmp_dir": "/dev/shm",  # heartbeats in memory, as its FAQ advises
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIHandler:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
        return get_wsgi_application()


if __name__ == "__main__":
    Gunicorn().run()
