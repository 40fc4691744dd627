# /// script
# requires-python = ">=3.7,<3.8"
# dependencies = ["japronto==0.1.2"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "japronto, minimal"
# distribution = "japronto"
# kind = "framework"
# homepage = "https://github.com/squeaky-pl/japronto"
# ///
import os

from japronto import Application


def hello(request):
    return request.Response(text="Hello world!")


app = Application()
app.router.add_route("/", hello)
app.run("127.0.0.1", int(os.environ["PORT"]))
