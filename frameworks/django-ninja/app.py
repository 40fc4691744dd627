# /// script
# requires-python = ">=3.12"
# dependencies = ["django-ninja==1.7.1", "django==6.1.3", "uvicorn==0.54.0", "httptools==0.9.0", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "django-ninja"
# distribution = "django-ninja"
# kind = "framework"
# runs_on = "uvicorn"
# homepage = "https://django-ninja.dev"
# hold = { uvloop = "0.23 writes each response of a batch on its own" }
# body = "str"
# loop = "uvloop"
#
# [[tool.pipebench.tuning]]
# advice = "async views"
# page = "https://django-ninja.dev/guides/async-support/"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop and httptools, for greater performance than asyncio and h11"
# page = "https://uvicorn.dev/settings/"
# read = 2026-11-26
# taken = "yes"
# ///
"""django-ninja's asynchronous operations, without the middleware and the database of a new project."""

import asyncio
import os

import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path

if not settings.configured:  # ninja reads them when it is imported, and uvicorn imports this file a second time
    settings.configure(ROOT_URLCONF="app", ALLOWED_HOSTS=["*"])

from ninja import NinjaAPI

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))
LOOP = os.environ.get("LOOP", "uvloop")


api = NinjaAPI(docs_url=None, openapi_url=None, urls_namespace=__name__)


async def somebody() -> None:
    return


@api.get("/")
async def hello(request: HttpRequest) -> HttpResponse:
    await somebody()
    return HttpResponse("Hello world!", content_type="text/plain")


@api.get("/sleep/{int:ms}/{token}")
async def sleep(request: HttpRequest, ms: int, token: str) -> HttpResponse:
    await asyncio.sleep(ms / 1000)
    return HttpResponse(token, content_type="text/plain")


@api.post("/echo")
async def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, content_type="text/plain")


urlpatterns = [path("", api.urls)]


def make() -> ASGIHandler:
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
