"""What a log says went wrong, a server's (exceptions, assertions, signals, panics; deduplicated, with counts) or a
builder's. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from runner.record.plaintext import plain
from runner.record.trial import LogError

MAX_TEXT = 300
"""Characters kept of one error."""

_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(
    r"^(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|Timeout|Failure)\b(?::.*)?$"
)
_TOP_LEVEL = re.compile(r"^[A-Za-z_][\w.<>]*(?::(?: .*)?)?$")
_GROUP_INDENT = re.compile(r"^ +[|+] ?")
_CONTEXT = re.compile(r"^[a-z_]+: ")
"""What asyncio puts between a heading and its traceback (``BaseEventLoop.default_exception_handler``)."""
_FATAL = re.compile(
    r"""
    \bAssertion\ .*\ failed              # assert(3)
  | ^(?:fatal\ error|panic|runtime\ error):\   # Go
  | \bpanic\ serving\                    # Go's net/http
  | ^Fatal\ Python\ error:
  | \bcorrupted\ (?:double-linked\ list|size)  # glibc, here and in the next line
  | \b(?:double\ free|free\(\):|munmap_chunk\(\):|malloc\(\):|realloc\(\):)
  | \bSegmentation\ fault\b
  | ^terminate\ called\                 # C++
  | \*\*\*\ .*\ \*\*\*:\ terminated      # glibc's fortify and stack protector
    """,
    re.VERBOSE,
)
_LEVEL = re.compile(r"(?:^|[\s\[|(])(?P<level>ERROR|CRITICAL|FATAL)(?=$|[\s\]|:),])")
_STAMP = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\s*(?:Z|[+-]\d{2}:?\d{2}))?")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+\b")
_NUMBER = re.compile(r"(?<!\w)(?<!\w\.)\d+(?:\.\d+)*(?!\w)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CAUSE = re.compile(r"^\s*(?:error\b[^:]*:|[\u00d7✗]|fatal\b|panic:|\S+\.(?:go|rs):\d+:)\s*", re.IGNORECASE)
_SIGN = re.compile(r"^\s*[\u00d7✗]")
_TREE = re.compile(r"^[\s│├└╰─▶]+")


def summarize(text: str) -> tuple[LogError, ...]:
    """The distinct errors of a log, in the order of their first appearance.

    Two are the same when they differ only in numbers, addresses and times; the first one's text is kept.
    """
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for found in _errors(text):
        shown = found[:MAX_TEXT]
        key = _NUMBER.sub("#", _ADDRESS.sub("0x", shown))
        first.setdefault(key, shown)
        counts[key] = counts.get(key, 0) + 1
    return tuple(LogError(first[key], counts[key]) for key in first)


def excerpt(text: str, error: str | None, *, before: int = 4, after: int = 15) -> str:
    """The lines of a log around the first that holds ``error``; its last lines where none does.

    Without colours and control characters; a line longer than :data:`MAX_TEXT` is cut.
    """
    lines = [_shown(line) for line in text.splitlines()]
    last = len(lines) - before - after - 1
    holds = (number for number, line in enumerate(lines) if error and (error in line or error in _STAMP.sub("", line)))
    found = next(holds, None)
    begin = max(0, last if found is None else found - before)
    end = min(len(lines), begin + before + after + 1)
    kept = [line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…" for line in lines[begin:end]]
    above = [f"… {begin} lines above"] if begin else []
    below = [f"… {len(lines) - end} lines below"] if end < len(lines) else []
    return "\n".join([*above, *kept, *below])


def _shown(line: str) -> str:
    plain = _COLOUR.sub("", line).rstrip().expandtabs(4)
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in plain)


def _errors(text: str) -> Iterator[str]:
    in_traceback = False
    heading: str | None = None
    for line in _lines(text):
        if in_traceback and not line[:1].strip():
            continue
        if line.lstrip().startswith(_TRACEBACK) or line.endswith(_TRACEBACK):
            in_traceback = True
        elif in_traceback and _TOP_LEVEL.match(line):
            # The last line of a traceback says it all: the logging line above it is its heading, not a second error.
            in_traceback, heading = False, None
            yield line
        elif _FATAL.search(line) or _EXCEPTION.match(line):
            if heading is not None:
                yield heading
            in_traceback, heading = False, None  # a traceback that goes on otherwise was cut off
            yield line.strip()
        elif _LEVEL.search(line):
            if heading is not None:
                yield heading
            in_traceback, heading = False, _STAMP.sub("", line).strip(" -|,")
        elif line and heading is not None and not line[0].isspace() and not _CONTEXT.match(line):
            yield heading
            heading = None
    if heading is not None:
        yield heading


def _lines(text: str) -> Iterator[str]:
    """Lines without colours, and those of an exception group without the rule at their left."""
    in_group = False
    for raw in text.splitlines():
        line = _COLOUR.sub("", raw).rstrip()
        if line.endswith("Exception Group " + _TRACEBACK):
            in_group = True
        elif line and not line[0].isspace():
            in_group = False
        yield _GROUP_INDENT.sub("", line) if in_group else line


def cause_of(lines: Sequence[str]) -> str:
    """What a builder says went wrong: its first line that is an error, with the next where that one only announces it.

    Its last line where none is one. What comes last is advice, or the end of a chain of causes.
    """
    for number, line in enumerate(lines):
        if _CAUSE.match(line):
            found = _SIGN.sub("", line).strip()
            follows = lines[number + 1] if number + 1 < len(lines) else ""
            return plain(f"{found} {_TREE.sub('', follows)}".strip() if found.endswith(":") else found)[:MAX_TEXT]
    return plain(lines[-1].strip())[:MAX_TEXT] if lines else ""
