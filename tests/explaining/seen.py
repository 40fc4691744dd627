"""What was seen of a server, to begin a test from."""

from __future__ import annotations

from runner.record.beside.explained import Calls, DepthCalls, Explained, FunctionCost, Sampled, Stack

ROOT = ("<module> (app.py)", "run_forever (uvloop/loop.c)")
PARSED = (*ROOT, "Protocol.data_received (h11/_connection.py)", "_PyEval_EvalFrameDefault (libpython3.13.so.1.0)")
SENT = (*ROOT, "UVStream__exec_write (loop.c)", "writev (libc.so.6)")
HANDLED = (*ROOT, "hello (app.py)")


def calls(depth: int, *made: Calls, batches: int = 24) -> DepthCalls:
    """The calls of 24 batches: one read, a wait for events, and of each request a send of 100 bytes."""
    usual = (
        Calls("sendto", "tcp", batches * depth, 0, 100 * batches * depth),
        Calls("recvfrom", "tcp", batches, 0, 41 * depth * batches),
        Calls("epoll_wait", "epoll", batches),
    )
    return DepthCalls(depth, batches, made or usual)


def sampled(depth: int, tool: str = "py-spy 0.4.3") -> Sampled:
    """Half in the kernel; of the rest four fifths on parsing."""
    return Sampled(depth, tool, (Stack(HANDLED, 50), Stack(PARSED, 200), Stack(SENT, 250)))


def explained(adapter: str = "aiohttp", python: str | None = "3.13.0") -> Explained:
    """A server of which all was seen, at depth 1 and 16."""
    return Explained(
        adapter=adapter,
        python=python,
        variant=None,
        at="2026-11-26T00:00:00Z",
        depths=(1, 16),
        tools=("strace 6.1", "py-spy 0.4.3", "valgrind 3.19.0"),
        calls=(calls(1), calls(16)),
        sampled=(sampled(1), sampled(16)),
        functions=(FunctionCost("PyEval", "Python/ceval.c", (1000.0, 700.0)),),
    )
