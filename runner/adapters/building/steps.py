"""One step of a build: a tool that runs to its end, or the reason why it did not and the end of its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import ToolError
from runner.record.plaintext import plain
from runner.serving import errorlog, process

TIMEOUT_S = 900.0
LOG_TAIL_LINES = 8


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something could not be built, with the end of the builder's log."""

    reason: str
    log_tail: tuple[str, ...] = ()


def take(argv: Sequence[str], log: Path, cwd: Path) -> Problem | None:
    """Run a builder in ``cwd``, with what it prints in ``log``; ``None`` where it ended well."""
    try:
        done = process.run(argv, timeout_s=TIMEOUT_S, log=log, cwd=cwd)
    except ToolError as error:
        return Problem(str(error))
    if done.exit.code == 0:
        return None
    said = [line for line in done.output.splitlines() if line.strip()]
    how = f"did not end within {TIMEOUT_S:.0f} s" if done.timed_out else str(done.exit)
    what = " ".join(argv[: 3 if argv[0] == "uv" else 2]).replace("--quiet", "").strip()
    why = f": {cause}" if (cause := errorlog.cause_of(said)) else ""
    log_tail = tuple(map(plain, said[-LOG_TAIL_LINES:]))
    return Problem(f"{Path(what).name if '/' in what else what} {how}{why}", log_tail=log_tail)
