# /// script
# requires-python = ">=3.12"
# dependencies = ["django==6.1.3", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "django"
# distribution = "django"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://www.djangoproject.com"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "caching, database, templates; nothing on the server"
# page = "https://docs.djangoproject.com/en/stable/topics/performance/"
# read = 2026-11-26
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""Asynchronous views on ASGI, without the middleware and the database of a new project.

Even so django hands each response to another thread to be closed. No middleware adds a Content-Length, so uvicorn
sends the bodies chunked.
"""

import asyncio
import os

import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


async def somebody() -> None:
    return


@require_GET
async def hello(request: HttpRequest) -> HttpResponse:
    await somebody()
    return HttpResponse("Hello world!", content_type="text/plain")


@require_GET
async def sleep(request: HttpRequest, ms: int, token: str) -> HttpResponse:
    await asyncio.sleep(ms / 1000)
    return HttpResponse(token, content_type="text/plain")


@require_POST
async def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, content_type="text/plain")


urlpatterns = [path("", hello), path("sleep/<int:ms>/<token>", sleep), path("echo", echo)]


def make() -> ASGIHandler:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
    return get_asgi_application()


if __name__ == "__main__":
    uvicorn.run(
        "app:make",
        host=HOST,
        port=PORT,
        workers=WORKERS,
        # uvloop 0.23 makes a system call of each head and body: 1.4 times the CPU
        loop=LOOP if LOOP in {"asyncio", "uvloop"} else f"{LOOP}:new_event_loop",
        http="httptools",
        ws="none",  # there are no websockets
        lifespan="auto",  # a framework may build its middleware there
        factory=True,
        proxy_headers=False,  # no proxy stands before it
        access_log=False,  # a line a request would be measured too
        log_level="warning",  # no banner
        timeout_graceful_shutdown=1,  # seconds that handlers still have after SIGTERM
    )
