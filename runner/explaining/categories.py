"""What a frame does, by its file and function: parsing, routing, handler, response, event loop, kernel. Pure.

A sample belongs to its innermost frame that says anything: allocating memory is for whoever allocates it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.explaining.stacks import COMPILED
from runner.record.beside.explained import Sampled, Stack


class Category(StrEnum):
    """What a part of a server is for."""

    PARSING = "parsing"
    ROUTING = "routing"
    HANDLER = "handler"
    RESPONSE = "response"
    LOOP = "event loop"
    FRAMEWORK = "framework"
    KERNEL = "kernel"


_SYSTEM_CALLS = (
    "send|sendto|sendmsg|write|writev|recv|recvfrom|recvmsg|read|readv|epoll_p?wait2?|epoll_ctl|epoll_pwait|poll|ppoll|"
    "select|syscall|accept4?|close|futex|shutdown|setsockopt|getsockopt|fcntl|ioctl|getpid|sched_yield|"
    "pthread_cond_\\w*wait\\w*|__lll_\\w+|__futex\\w*|sem_\\w*wait\\w*"
)
_LIBC = re.compile(rf"_*(?:libc_)?(?:{_SYSTEM_CALLS}) \((?:libc|libpthread|ld-)")
_IN_KERNEL = re.compile(r"\((?:kernel|\[kernel\S*|\[vdso\])\)|(?:^|/)syscall\.")
_PARSING = (
    r"llhttp|http_?parser|httptools(?!_impl)|\bh11\b|h11/|\bh1c\b|httparse|gunicorn/http/(?:parser|message|body|unreader)|"
    r"parse_?(?:request|headers?|url|qs)|data_received|readRequest|ReadMIMEHeader|RequestHeader\)\.(?:parse|Read)|"
    r"tryRead|parse_http|_read_message|urlparse|parser(?!execute)"
)
_RESPONSE = (
    r"response|http_?writer|finish_response|write_eof|serialize|write_headers?|send_headers?|start_response|"
    r"RequestResponseCycle\.send|ResponseHeader|writeResponse|AppendBytes|http_date|set_header"
)
_LOOP = (
    r"uvloop|asyncio|selectors?\.|loop\.(?:c|pyx|py)|uv_|core\.c|linux\.c|stream\.c|libuv|libev|gevent|greenlet|"
    r"hub\.py|twisted/internet|ioloop|iostream|tokio|mio::|runtime\.|concurrent|threading|queue\.py|task_step|"
    r"handle\.pyx"
)
_RULES: Sequence[tuple[Category, re.Pattern[str]]] = tuple(
    (category, re.compile(pattern, re.IGNORECASE))
    for category, pattern in (
        (Category.HANDLER, r"\((?:[^)]*/)?(?:app(?:_\w+)?\.py|main\.(?:go|rs|mjs))\)|\bmain\.\w*(?:hello|handle)"),
        (Category.PARSING, _PARSING),
        (Category.ROUTING, r"rout(?:e|ing)|url_?dispatch|\burls?/|resolve|url_map|match_(?:info|request)"),
        (Category.RESPONSE, _RESPONSE),
        (Category.LOOP, _LOOP),
    )
)
"""The first that matches a frame says what it is for."""
_PLAIN = re.compile(
    r"\((?:python[\d.]*|libpython\S*|libc\S*|libm\S*|ld-\S*|object\.h|ceval\S*|\?|[a-z_]*object\.c|obmalloc\.c|call\.c|"
    r"pycore_\w+\.h|gc\.c|dictobject\.c|abstract\.c)\)"
)
"""Frames of the interpreter and of the C library: whoever called them is meant."""


_OF_ITS_OWN = re.compile(rf"^[^?].*\.py\)$|^[^?].* \([^.]*\)$|\({COMPILED}\)$")
"""A line of Python, or a name out of a program. What is called by a loop, a router, a handler or a parser in C, and no
rule knows, is the framework's; what a response or a parser in Python calls is for these.
"""


def of(frames: Sequence[str]) -> Category:
    """What a sample at this stack was spent on."""
    leaf, between = frames[-1], False
    if _IN_KERNEL.search(leaf) or _LIBC.match(leaf):
        return Category.KERNEL
    for frame in reversed(frames):
        if _PLAIN.search(frame):
            continue
        if (category := _ruled(frame)) is not None:
            helps = category is Category.RESPONSE or (category is Category.PARSING and ".py)" in frame)
            return category if helps or not between else Category.FRAMEWORK
        between = between or _OF_ITS_OWN.search(frame) is not None
    return Category.FRAMEWORK


def _ruled(frame: str) -> Category | None:
    """What the frame itself says that it is for."""
    return next((category for category, pattern in _RULES if pattern.search(frame)), None)


def in_python(sampled: Sampled, category: Category) -> float:
    """Of the samples of a category the share whose frame that says so is a line of Python."""
    own = Counter[bool]()
    for stack in sampled.stacks:
        if of(stack.frames) is category:
            said = next((one for one in reversed(stack.frames) if _ruled(one) is category), "")
            own[".py)" in said] += stack.samples
    return own[True] / own.total() if own else 0.0


def shares(sampled: Sampled) -> Mapping[Category, float]:
    """The share of samples of each category, of those that were outside of the kernel; and the kernel's of all.

    What stops a process to look at it finds it more often than it should where it comes out of a system call. So the
    kernel's share is only shown beside the one that is counted, and the others are shares of the rest.
    """
    found: Counter[Category] = Counter()
    for stack in sampled.stacks:
        found[of(stack.frames)] += stack.samples
    own = found.total() - found[Category.KERNEL]
    made = {category: found[category] / own if own else 0.0 for category in Category if category is not Category.KERNEL}
    return made | {Category.KERNEL: found[Category.KERNEL] / found.total()}


@dataclass(frozen=True, slots=True)
class Hot:
    """A function that samples were in: alone (``own``) as a share of those outside of the kernel."""

    function: str
    category: Category
    own: float


def hottest(sampled: Sampled, number: int) -> tuple[Hot, ...]:
    """The named functions with most samples outside of the kernel; those of the interpreter count for their callers."""
    own = [stack for stack in sampled.stacks if of(stack.frames) is not Category.KERNEL]
    total = sum(stack.samples for stack in own)
    found: Counter[tuple[str, Category]] = Counter()
    for stack in own:
        found[_named(stack), of(stack.frames)] += stack.samples
    return tuple(Hot(name, category, samples / total) for (name, category), samples in found.most_common(number))


def _named(stack: Stack) -> str:
    return next((frame for frame in reversed(stack.frames) if not _PLAIN.search(frame)), stack.frames[-1])
