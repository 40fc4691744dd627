# /// script
# requires-python = ">=3.10"
# dependencies = ["sanic==25.12.1", "uvloop==0.22.1"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "sanic, minimal"
# distribution = "sanic"
# kind = "framework"
# homepage = "https://sanic.dev"
# ///
import os

from sanic import Sanic
from sanic.response import text

app = Sanic("minimal")


@app.get("/")
async def hello(request):
    return text("Hello world!")


if __name__ == "__main__":
    app.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        single_process=True,
        access_log=False,
        motd=False,
        backlog=1024,
    )
