# /// script
# requires-python = ">=3.10"
# dependencies = []
#
# [tool.pipebench]
# title = "mod_wsgi, daemon"
# distribution = "libapache2-mod-wsgi-py3"
# kind = "server"
# homepage = "https://modwsgi.readthedocs.io"
# debian = "apache2-bin libapache2-mod-wsgi-py3"
# body = "bytes"
#
# [[tool.pipebench.tuning]]
# advice = "daemon mode for most deployments; embedded for an Apache of a single application"
# page = "https://modwsgi.readthedocs.io/en/master/user-guides/embedded-and-daemon-mode.html"
# read = 2026-11-26
# taken = "yes"
#
# [[tool.pipebench.tuning]]
# advice = "a process a CPU, 15 threads for handlers that wait, 1 to 3 for those that compute"
# page = "https://modwsgi.readthedocs.io/en/master/user-guides/embedded-and-daemon-mode.html"
# read = 2026-11-26
# taken = "in part"
# why = "15, its default: one of our routes waits"
# ///
"""Apache with mod_wsgi as Debian has both: Apache hands each request to a process of mod_wsgi, on Debian's Python."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8080"))
WORKERS = int(os.environ.get("WORKERS", "1"))


def somebody() -> None:
    return


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    status = "200 OK"
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/"):
        case "GET" | "HEAD", ["", ""]:
            somebody()
            body = b"Hello world!"
        case "GET", ["", "sleep", ms, token] if ms.isdecimal():
            time.sleep(int(ms) / 1000)
            body = token.encode("latin-1")
        case "POST", ["", "echo"]:
            body = environ["wsgi.input"].read()
        case _:
            status, body = "404 Not Found", b"Not Found"
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]  # WSGI leaves that to the application


# Of one process as many as Apache's default has of all (MaxRequestWorkers). With the 25 that it has of each, fifty
# connections find all of them at work, and then Apache closes those that are idle at that moment.
THREADS = 400
CONFIGURATION = f"""
ServerRoot {{folder}}
DefaultRuntimeDir {{folder}}
PidFile {{folder}}/pid
ErrorLog /dev/stderr
LogLevel warn
ServerName {HOST}
Listen {HOST}:{PORT}
ListenBacklog 1024
{{user}}

LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
ServerLimit {WORKERS}
ThreadLimit {THREADS}
StartServers {WORKERS}
ThreadsPerChild {THREADS}
MaxRequestWorkers {WORKERS * THREADS}
MinSpareThreads 1
MaxSpareThreads {WORKERS * THREADS}
KeepAliveTimeout 60
# By default a connection is closed after 100.
MaxKeepAliveRequests 0

# Beside its runtime folder, which other users may not enter.
WSGISocketPrefix {{folder}}/wsgi
WSGIDaemonProcess app processes={WORKERS} threads=15
WSGIProcessGroup app
WSGIScriptAlias / {{folder}}/app.py
WSGICallableObject app
# The interpreter that is there already, as mod_wsgi advises for a single application.
WSGIApplicationGroup %{{{{GLOBAL}}}}
"""


def configure(folder: Path) -> Path:
    """Apache's configuration, written into a folder; the application is copied there."""
    user = ""
    if os.geteuid() == 0:  # Apache does not serve as root, and another user may not read where this file stands
        user = "User www-data\nGroup www-data"
        folder.chmod(0o755)
    shutil.copyfile(__file__, folder / "app.py")
    file = folder / "apache.conf"
    file.write_text(CONFIGURATION.format(folder=folder, user=user))
    return file


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mod-wsgi-") as made:
        apache = subprocess.Popen(["/usr/sbin/apache2", "-D", "FOREGROUND", "-f", str(configure(Path(made)))])
        signal.signal(signal.SIGTERM, lambda *_: apache.terminate())
        sys.exit(apache.wait())
