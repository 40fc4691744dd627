"""A sample is for whoever had the interpreter, the allocator or the kernel work for it."""

from __future__ import annotations

import pytest

from runner.explaining import categories
from runner.explaining.categories import Category
from runner.record.beside.explained import Sampled, Stack
from tests.explaining import seen

LOOP = ("<module> (app.py)", "run (asyncio/runners.py)", "Loop__run (loop.c)")


@pytest.mark.parametrize(
    ("frames", "category"),
    [
        (("UVStream__exec_write (loop.c)", "uv__try_write (stream.c)", "writev (libc.so.6)"), Category.KERNEL),
        (("main.main (fasthttp)", "tcp_sendmsg (kernel)"), Category.KERNEL),
        (("net.Write (fasthttp)", "internal/runtime/syscall.Syscall6 (fasthttp)"), Category.KERNEL),
        (("hello (app.py)",), Category.HANDLER),
        (("hello (app.py)", "Response.__init__ (aiohttp/web_response.py)"), Category.RESPONSE),
        (("data_received (httptools/parser/parser.pyx)", "llhttp__internal__run (llhttp.c)"), Category.PARSING),
        (("next_event (h11/_connection.py)", "_PyEval_EvalFrameDefault (libpython3.13.so.1.0)"), Category.PARSING),
        (("UrlDispatcher.resolve (aiohttp/web_urldispatcher.py)",), Category.ROUTING),
        (("Router.app (starlette/routing.py)", "PyObject_Malloc (obmalloc.c)"), Category.ROUTING),
        ((), Category.LOOP),
        (("something (of/its/own.py)",), Category.FRAMEWORK),
        (("on_headers_complete (uvicorn/protocols/http/httptools_impl.py)",), Category.FRAMEWORK),
        (("Py_XDECREF (object.h)",), Category.LOOP),
        (("hello (app.py)", "RequestHandler.finish (tornado/web.py)"), Category.FRAMEWORK),
        (("Router.app (starlette/routing.py)", "wrapped (starlette/_exception_handler.py)"), Category.FRAMEWORK),
        (("next_event (h11/_connection.py)", "search (re/__init__.py)"), Category.PARSING),
    ],
)
def test_frames_below_the_loop(frames: tuple[str, ...], category: Category) -> None:
    assert categories.of((*LOOP, *frames)) is category


def test_what_nothing_says_is_the_servers() -> None:
    assert categories.of(("start_thread (libc.so.6)", "work (waitress/task.py)")) is Category.FRAMEWORK


def test_shares_are_of_what_was_outside_of_the_kernel() -> None:
    found = categories.shares(seen.sampled(16))
    assert found[Category.KERNEL] == 0.5
    assert found[Category.PARSING] == 0.8
    assert found[Category.HANDLER] == 0.2
    assert sum(share for category, share in found.items() if category is not Category.KERNEL) == pytest.approx(1)


def test_parsing_by_a_line_of_python_is_told_from_parsing_in_c() -> None:
    assert categories.in_python(seen.sampled(16), Category.PARSING) == 1
    assert categories.in_python(seen.sampled(16), Category.ROUTING) == 0
    in_c = Sampled(16, "py-spy", (Stack((*LOOP, "data_received (a.py)", "llhttp__run (llhttp.c)"), 3),))
    assert categories.in_python(in_c, Category.PARSING) == 0


def test_the_hottest_function_is_who_called_the_interpreter() -> None:
    first, second = categories.hottest(seen.sampled(16), 5)
    assert (first.function, first.own) == ("Protocol.data_received (h11/_connection.py)", 0.8)
    assert (second.function, second.category) == ("hello (app.py)", Category.HANDLER)
