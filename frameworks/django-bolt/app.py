# /// script
# requires-python = ">=3.12"
# dependencies = ["django-bolt==0.13.0", "django==6.1.3", "uvloop==0.23.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "django-bolt"
# distribution = "django-bolt"
# kind = "framework"
# homepage = "https://bolt.farhana.li"
# body = "str"
#
# [[tool.pipebench.tuning]]
# advice = "a process a CPU, one thread of Python in each"
# page = "https://bolt.farhana.li/topics/deployment/"
# read = 2026-11-26
# taken = "yes"
# ///
"""django-bolt reads, parses and writes in Rust, on actix, and calls handlers on a loop of Python's."""

import asyncio
import os

import django
from django.conf import settings
from django.core.management import call_command

if not settings.configured:  # runbolt imports this file a second time
    settings.configure(
        ALLOWED_HOSTS=["*"],
        BOLT_API=["app:api"],
        INSTALLED_APPS=["django_bolt"],
        LOGGING={"version": 1, "loggers": {"django.server": {"level": "ERROR"}}},  # no access log
        ROOT_URLCONF=__name__,
    )
    django.setup()

from django_bolt import BoltAPI, Request
from django_bolt.responses import PlainText, Response

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


api = BoltAPI(enable_logging=False)  # else a line a request would be measured too
urlpatterns: list[object] = []


async def somebody() -> None:
    return


@api.get("/")
async def hello() -> PlainText:
    await somebody()
    return PlainText("Hello world!")


@api.get("/sleep/{ms}/{token}")
async def sleep(ms: int, token: str) -> PlainText:
    await asyncio.sleep(ms / 1000)
    return PlainText(token)


@api.post("/echo")
async def echo(request: Request) -> Response:
    return Response(request.body, media_type="text/plain")


if __name__ == "__main__":
    call_command(
        "runbolt",
        host=HOST,
        port=PORT,
        processes=WORKERS,
        workers=1,  # threads a process that run Python
        no_admin=True,
        skip_checks=True,
        workers_kill_timeout=1,  # seconds that handlers still have after SIGTERM
    )
