"""What only some commands need is not installed before one of them is asked for: charts, Parquet, Ray.

In a checkout that uv runs, the command is begun anew with what it lacks, which uv installs once. Elsewhere one line
says what to install.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from runner import project
from runner.errors import ToolError

MODULES = {"charts": ("altair", "vl_convert"), "cluster": ("ray",), "parquet": ("pyarrow",)}
"""The modules of each extra of pyproject.toml."""
BROUGHT = "PIPEBENCH_BROUGHT"
"""Set in the environment of a command that was begun anew, so that it is begun anew once."""


def bring(extra: str | None) -> None:
    """Return where the modules of ``extra`` are there, or none is wanted; else begin anew with them, by uv.

    To be called before anything is written or printed. Raises :class:`ToolError` where uv does not run us.
    """
    missing = [name for name in MODULES[extra] if find_spec(name) is None] if extra else []
    if extra is None or not missing:
        return
    own = Path(sys.prefix) == project.ROOT / os.environ.get("UV_PROJECT_ENVIRONMENT", ".venv")
    if not (project.IS_CHECKOUT and own and shutil.which("uv")) or os.environ.get(BROUGHT):
        how = f"uv sync --extra {extra}" if project.IS_CHECKOUT else f"pip install '{project.NAME}[{extra}]'"
        verb = "need" if extra.endswith("s") else "needs"
        raise ToolError(f"{extra} {verb} {' and '.join(missing)}, not installed here: {how}")
    click.echo(f"pipebench: uv brings {' and '.join(missing)}, once", err=True)
    sys.stderr.flush()
    argv = ["uv", "run", "--quiet", "--project", str(project.ROOT), "--extra", extra, "pipebench", *sys.argv[1:]]
    os.execvpe("uv", argv, {**os.environ, BROUGHT: extra})  # noqa: S606 - it takes our place, so it ends as we would
