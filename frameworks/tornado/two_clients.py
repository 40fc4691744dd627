"""Tornado's two clients against a slow server: `python two_clients.py sync|async URL`, run by `pipebench timeline`.

One JSON object a line says what happened when, in microseconds of a monotonic clock: `launched` as the request is made,
`next statement` as the program goes on behind it, `response` as the answer is there.
"""

import asyncio
import json
import sys
import time

from tornado.httpclient import AsyncHTTPClient, HTTPClient


def happened(what: str) -> None:
    print(json.dumps({"event": what, "at_us": time.monotonic_ns() // 1000}), flush=True)


def fetch(url: str) -> None:
    client = HTTPClient()
    happened("launched")
    client.fetch(url)
    happened("response")
    happened("next statement")


async def fetch_async(url: str) -> None:
    client = AsyncHTTPClient()
    happened("launched")
    response = client.fetch(url)
    response.add_done_callback(lambda _: happened("response"))
    happened("next statement")
    await response


if __name__ == "__main__":
    _, mode, url = sys.argv
    if mode == "sync":
        fetch(url)
    else:
        asyncio.run(fetch_async(url))
