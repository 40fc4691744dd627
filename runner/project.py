"""Where the project's own files are: adapters, Go programs and the Lua script.

In a checkout they stand beside ``runner/``; a wheel carries them inside of it, under ``runner/shipped``. Results go
into the checkout's ``results``, or where there is none into ``results`` below the working folder.
"""

from __future__ import annotations

from importlib.metadata import metadata
from pathlib import Path

from runner.errors import PlanError

NAME = "async-pipeline-bench"

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "shipped"

IS_CHECKOUT = not _SHIPPED.is_dir()
"""Whether this is a working copy, which can be edited and published from; else it was installed as a wheel."""
ROOT = _PACKAGE.parent if IS_CHECKOUT else _SHIPPED
"""The folder that holds ``frameworks/``, ``go/`` and ``lua/``."""
BROWSER_FIELDS = ROOT / "lua" / "browser.txt"
"""What a browser sends beside ``Host``: a header field a line. Both load generators and the check send it."""


def require_checkout(what: str) -> None:
    """Raises :class:`PlanError` where there is none: ``what`` writes into it."""
    if not IS_CHECKOUT:
        raise PlanError(f"{what} writes into a checkout of the project, and this copy was installed: clone it")


def results() -> Path:
    """The folder that records go to unless another is asked for."""
    return (ROOT if IS_CHECKOUT else Path.cwd()) / "results"


def homepage() -> str | None:
    """Where the project is at home on the web, as its metadata says; ``None`` where it does not."""
    urls = dict(entry.split(", ", 1) for entry in metadata(NAME).get_all("Project-URL", []))
    return urls.get("Homepage")
