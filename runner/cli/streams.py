"""Standard output and standard error as every command writes to them, whatever they turn out to be.

What an encoding does not have is replaced, by something that means the same where there is one. What cannot be written
to standard output is one line, :class:`runner.errors.OutputError`; a reader that has seen enough is told by
``BrokenPipeError``, as ever. Standard error is for progress, which never ends a run: what cannot be written there is
dropped.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from runner.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_INSTEAD = {
    "±": "+-",
    "≥": ">=",
    "≤": "<=",
    "×": "x",  # noqa: RUF001
    "÷": "/",
    "µ": "u",
    "\u2013": "-",
    "·": "|",
    "…": "...",
    "→": "->",
}
_REPLACING = "pipebench.replace"


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding does not have (:func:`codecs.register_error`)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_INSTEAD.get(sign, "?") for sign in error.object[error.start : error.end]), error.end


codecs.register_error(_REPLACING, _replaced)


class _Written(io.RawIOBase):
    """A descriptor to write to. ``closed_by`` says why it was none when we began, and is ``None`` where it was one."""

    def __init__(self, fd: int, closed_by: str | None) -> None:
        self._fd = fd
        self._problem = closed_by

    def fileno(self) -> int:
        return self._fd

    def isatty(self) -> bool:
        return os.isatty(self._fd)

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            left = left[os.write(self._fd, left) :]
        return size


class _Output(_Written):
    """Standard output: tells of what it cannot write, once, so that the interpreter has nothing to say at its end."""

    _told = False

    def write(self, data: ReadableBuffer, /) -> int:
        if self._told:
            return memoryview(data).nbytes
        if self._problem is None:
            try:
                return super().write(data)
            except BrokenPipeError:
                self._told = True
                raise
            except OSError as error:
                self._problem = error.strerror or str(error)
        self._told = True
        raise OutputError(f"cannot write to standard output: {self._problem}: send it elsewhere, to a file for example")


class _Progress(_Written):
    """Standard error: whoever it is for may be gone."""

    def write(self, data: ReadableBuffer, /) -> int:
        if self._problem is None:
            try:
                return super().write(data)
            except OSError as error:
                self._problem = error.strerror or str(error)
        return memoryview(data).nbytes


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Let ``sys.stdout`` and ``sys.stderr`` be such streams for the length of a block, and write out what they hold.

    Streams that are no longer those that the interpreter began with, because a test or a program that embeds this one
    has put others in their place, are left alone.
    """
    before = sys.stdout, sys.stderr
    missing = _fill_missing()
    if sys.stdout is sys.__stdout__ and (sys.stdout is None or _is(sys.stdout, 1)):
        sys.stdout = _text(_Output(1, "it is closed" if 1 in missing else None), sys.__stdout__)
    if sys.stderr is sys.__stderr__ and (sys.stderr is None or _is(sys.stderr, 2)):
        sys.stderr = _text(_Progress(2, "it is closed" if 2 in missing else None), sys.__stderr__)
    try:
        yield
        sys.stdout.flush()
    finally:
        with contextlib.suppress(OutputError, BrokenPipeError):
            sys.stdout.flush()
        sys.stdout, sys.stderr = before


def _fill_missing() -> set[int]:
    """Open nothing in the place of a standard descriptor that is closed, or the next file that is opened takes it."""
    missing = set()
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            missing.add(fd)
            os.open(os.devnull, os.O_RDWR)
    return missing


def _is(stream: TextIO, fd: int) -> bool:
    try:
        return stream.fileno() == fd
    except (OSError, ValueError):
        return False


def _text(raw: _Written, before: TextIO | None) -> TextIO:
    """Text on ``raw`` in the encoding of the stream that it takes the place of."""
    if before is not None:
        before.flush()
    encoding = before.encoding if before is not None else "utf-8"
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding, _REPLACING, line_buffering=raw.isatty() or raw.fileno() == 2)
