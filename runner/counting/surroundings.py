"""What a counted server finds around it: the same from wherever the suite lies and whatever shell it was started in.

Where an object lies in memory follows from the lengths of all that was allocated before it, paths and variables
included, and instructions follow from where it lies: CPython's cache of methods is found by the address of a name
(``Objects/typeobject.c``, ``MCACHE_HASH_METHOD``), its allocator works where a pool becomes full
(``Objects/obmalloc.c``). Two letters more in the name of the suite's folder were worth half a per cent of a request.
So what has a length is held, after Mytkowicz et al., Producing wrong data without doing anything obviously wrong,
ASPLOS 2009.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.record.adapter import Environment

_STILL = Path(__file__).with_name("still")
_ADAPTER = "adapter"
_VARIABLES = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A server's command, and the variables that it finds beside those of the contract and ``HOME``."""

    argv: tuple[str, ...]
    variables: Mapping[str, str]


@contextmanager
def laid(environment: Environment) -> Iterator[Surroundings]:
    """Lay them into a folder of their own for the length of the block: all goes in it see the very same.

    There are the adapter's own file, links to what lies beside it, and what holds its interpreter still. What else
    moves a count stays where it is: the interpreter, the environment, and the folder of temporary files.
    """
    own = environment.adapter.path
    with tempfile.TemporaryDirectory(prefix="pipebench-count-") as folder:
        around, still = Path(folder) / _ADAPTER, Path(folder) / _STILL.name
        around.mkdir()
        shutil.copy(own, around)  # a copy, as Python looks for modules beside the file that a link leads to
        for path in own.parent.iterdir():
            if path.name not in {own.name, "__pycache__"}:
                (around / path.name).symlink_to(path.absolute())
        shutil.copytree(_STILL, still, ignore=shutil.ignore_patterns("__pycache__"))
        argv = tuple(str(around / own.name) if part == str(own) else part for part in environment.argv)
        yield Surroundings(argv, _VARIABLES | {"PYTHONPATH": str(still), "TMPDIR": tempfile.gettempdir()})
