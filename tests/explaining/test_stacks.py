"""Samples of py-spy and of perf are the same thing, and none is lost."""

from __future__ import annotations

import pytest

from runner.explaining import stacks
from runner.record.beside.explained import Stack

PY_SPY = """\
0x7fae75 (libc.so.6);<module> (app.py:78);run_app (aiohttp/web.py:5);run_app (aiohttp/web.py:6);writev (libc.so.6) 249
0x7fae75 (libc.so.6);<module> (app.py:78);run_app (aiohttp/web.py:502);writev (libc.so.6) 1
"""
PERF = """\
fasthttp  4711
\t  46f2a1 internal/runtime/syscall.Syscall6+0x21 (/root/.cache/pipebench/go/fasthttp-1/fasthttp)
\t  47a2c5 syscall.Write+0x45 (/root/.cache/pipebench/go/fasthttp-1/fasthttp)
\t  6f1234 [unknown] (/root/.cache/pipebench/go/fasthttp-1/fasthttp)

fasthttp  4711
\tffffffff81c00190 tcp_sendmsg+0x10 ([kernel.kallsyms])
\t  46f2a1 internal/runtime/syscall.Syscall6+0x21 (/root/.cache/pipebench/go/fasthttp-1/fasthttp)

"""


def test_lines_and_addresses_of_py_spy_do_not_tell_frames_apart() -> None:
    frames = ("? (libc.so.6)", "<module> (app.py)", "run_app (aiohttp/web.py)", "writev (libc.so.6)")
    assert stacks.of_py_spy(PY_SPY) == (Stack(frames, 250),)


def test_a_line_of_py_spy_without_a_number_is_none() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        stacks.of_py_spy("a;b;c\n")


def test_perf_begins_with_the_innermost_frame() -> None:
    assert stacks.of_perf(PERF) == (
        Stack(("? (fasthttp)", "syscall.Write (fasthttp)", "internal/runtime/syscall.Syscall6 (fasthttp)"), 1),
        Stack(("internal/runtime/syscall.Syscall6 (fasthttp)", "tcp_sendmsg (kernel)"), 1),
    )


def test_perf_without_a_sample_is_said() -> None:
    with pytest.raises(ValueError, match="no sample"):
        stacks.of_perf("\n")


def test_rare_stacks_count_for_where_they_join_others() -> None:
    lines = [f"root;often;deep{number} 1" for number in range(5)] + ["root;often 9995"]
    assert stacks.of_py_spy("\n".join(lines)) == (Stack(("root", "often"), 10_000),)


def test_samples_at_or_below_each_frame() -> None:
    found = stacks.merged([Stack(("a", "b"), 3), Stack(("a", "c"), 2), Stack(("a",), 1)])
    assert found == {("a",): 6, ("a", "b"): 3, ("a", "c"): 2}
