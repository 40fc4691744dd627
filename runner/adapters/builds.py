"""How an interpreter was compiled, by its own ``sysconfig``, and how it would run a server.

``configure`` leaves its arguments in ``CONFIG_ARGS``. A distribution that packages CPython may ask ``make`` for its
optimizations instead, as Debian does; what such a build does not name is not known, rather than absent.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runner.record.adapter import Build, Jit
from runner.serving import process

_PROBE = """
import sys
del sys.path[0]
import json, os, sysconfig
pypy = getattr(sys, "pypy_version_info", None)
jit = getattr(sys, "_jit", None)
names = "CONFIG_ARGS", "PY_CORE_CFLAGS", "PY_CORE_LDFLAGS", "CFLAGS", "LDFLAGS", "Py_DEBUG", "Py_GIL_DISABLED"
print(json.dumps({
    "release": sys.version_info[:2],
    "config": {name: sysconfig.get_config_var(name) for name in names},
    "packaged": sys.base_prefix == "/usr"
    or os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")),
    "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
    "jit": None if jit is None else [jit.is_available(), jit.is_enabled()],
    "PYTHON_JIT": os.environ.get("PYTHON_JIT"),
    "pypy": pypy and "%d.%d.%d" % pypy[:3],
    "pypyjit": "pypyjit" in sys.builtin_module_names,
}))
"""
COMPILING = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS")
"""Variables that tell a compiler how: with others, another server is built of the same sources."""
_OPTION = re.compile(r"'--(?:enable|with)-([a-z-]+)(?:=([^']*))?'")
_EVER = (3, 13)
"""The first release that can be built with a JIT."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an interpreter says of itself. ``jit``: whether it is there and on, where ``sys`` has it; ``python_jit``:
    the variable that switches it; ``packaged``: it is a distribution's; ``pypy``: the release of PyPy, and whether it
    was built with its JIT, where it is one.
    """

    release: tuple[int, int]
    config: Mapping[str, str | int | None]
    packaged: bool
    gil: bool
    jit: tuple[bool, bool] | None
    python_jit: str | None
    pypy: tuple[str, bool] | None = None


def flags() -> tuple[str, ...]:
    """Those of :data:`COMPILING` that are set, as ``NAME=VALUE``."""
    return tuple(f"{name}={os.environ[name]}" for name in COMPILING if os.environ.get(name))


def read(python: Path, variables: Mapping[str, str] | None = None) -> Build | None:
    """How ``python`` was built and would run with ``variables`` in its environment; ``None`` where it does not run."""
    # No variable of ours reaches it, as none reaches a server.
    settings = (f"{name}={value}" for name, value in (variables or {}).items())
    said = process.output(["env", "-i", *settings, str(python), "-s", "-S", "-c", _PROBE], stderr=False)
    try:
        found = json.loads(said or "")
        told = Told(
            release=(found["release"][0], found["release"][1]),
            config=found["config"],
            packaged=found["packaged"],
            gil=found["gil"],
            jit=tuple(found["jit"]) if found["jit"] is not None else None,
            python_jit=found["PYTHON_JIT"],
            pypy=(found["pypy"], found["pypyjit"]) if found["pypy"] else None,
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return judge(told)


def judge(told: Told) -> Build:
    """What that means."""
    arguments = told.config.get("CONFIG_ARGS")
    options: dict[str, str] = dict(_OPTION.findall(arguments)) if isinstance(arguments, str) else {}
    flags = " ".join(str(told.config.get(name) or "") for name in told.config if name.endswith("FLAGS"))
    silent = None if told.packaged or not isinstance(arguments, str) else False

    def known(option: str, flag: str | None = None) -> bool | None:
        if option in options:
            return options[option] != "no"
        return True if flag is not None and flag in flags else silent

    return Build(
        pgo=known("optimizations", "-fprofile-use"),
        lto=known("lto", "-flto"),
        bolt=known("bolt"),
        debug=bool(told.config.get("Py_DEBUG")),
        free_threaded=bool(told.config.get("Py_GIL_DISABLED")),
        gil=told.gil,
        jit=_jit(told, options.get("experimental-jit"), recorded=isinstance(arguments, str)),
        pypy=told.pypy[0] if told.pypy else None,
    )


def _jit(told: Told, option: str | None, *, recorded: bool) -> Jit | None:
    """By ``sys._jit`` (CPython 3.14), else by how it was configured and the variable that switches it (3.13)."""
    if told.pypy is not None:
        return Jit.ON if told.pypy[1] else Jit.NONE
    if told.jit is not None:
        available, enabled = told.jit
        return Jit.NONE if not available else Jit.ON if enabled else Jit.OFF
    if told.release < _EVER:
        return Jit.NONE
    if not recorded:
        return None
    if option not in {"", "yes", "yes-off"}:  # "interpreter" compiles nothing
        return Jit.NONE
    on = told.python_jit != "0" if told.python_jit else option != "yes-off"
    return Jit.ON if on else Jit.OFF
