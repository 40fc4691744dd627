"""What a server's log says went wrong."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.serving import errorlog
from runner.serving.errorlog import MAX_TEXT


def errors(text: str) -> list[tuple[str, int]]:
    return [(error.text, error.count) for error in errorlog.summarize(dedent(text))]


class TestPython:
    def test_a_traceback_is_its_last_line(self) -> None:
        assert errors(
            """\
            starting
            Traceback (most recent call last):
              File "/x/app.py", line 3, in <module>
                main()
              File "/x/app.py", line 2, in main
                raise ValueError("no such thing: 5")
            ValueError: no such thing: 5
            stopped
            """
        ) == [("ValueError: no such thing: 5", 1)]

    @pytest.mark.parametrize(
        "last",
        [
            "KeyboardInterrupt",
            "aiohttp.web_exceptions.HTTPNotFound: Not Found",
            "asyncio.exceptions.CancelledError",
            "h11._util.RemoteProtocolError: illegal header",
            "__main__.main.<locals>.Broken: inside a function",
            "Broken: a name without a telling end",
        ],
    )
    def test_whatever_its_class_is_called(self, last: str) -> None:
        text = f'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    f()\n{last}\n'
        assert errors(text) == [(last, 1)]

    def test_a_message_of_its_own_line_keeps_the_class(self) -> None:
        text = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\nValueError: \n  at\nlast\n'
        assert errors(text) == [("ValueError:", 1)]

    def test_a_chain_is_told_from_its_cause_on(self) -> None:
        assert errors(
            """\
            Traceback (most recent call last):
              File "a.py", line 1, in f
                {}["x"]
            KeyError: 'x'

            During handling of the above exception, another exception occurred:

            Traceback (most recent call last):
              File "a.py", line 2, in f
                raise RuntimeError("lost")
            RuntimeError: lost

            The above exception was the direct cause of the following exception:

            Traceback (most recent call last):
              File "a.py", line 3, in f
                raise OSError("gone")
            OSError: gone
            """
        ) == [("KeyError: 'x'", 1), ("RuntimeError: lost", 1), ("OSError: gone", 1)]

    def test_a_syntax_error_has_no_heading(self) -> None:
        assert errors(
            """\
              File "/x/app.py", line 1
                def f(:
                      ^
            SyntaxError: invalid syntax
            """
        ) == [("SyntaxError: invalid syntax", 1)]

    def test_an_exception_of_a_program_without_traceback(self) -> None:
        assert errors("OSError: [Errno 98] address already in use\n") == [
            ("OSError: [Errno 98] address already in use", 1)
        ]

    def test_a_fatal_error_of_the_interpreter(self) -> None:
        text = (
            "Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f0 (most recent call first):\n  File x\n"
        )
        assert errors(text) == [("Fatal Python error: Segmentation fault", 1)]

    def test_a_traceback_that_was_cut_off_swallows_no_other(self) -> None:
        """A server was killed while it wrote, and the next process wrote on; or the log's middle was left out."""
        cut = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n'
        whole = 'Traceback (most recent call last):\n  File "b.py", line 1, in g\n    g()\nOSError: gone\n'
        assert errors(cut + whole) == [("OSError: gone", 1)]
        assert errors(cut + "\n[... 123 bytes left out ...]\n" + whole) == [("OSError: gone", 1)]

    @pytest.mark.parametrize("line", ["free(): invalid pointer", "ERROR it broke"])
    def test_nor_does_it_swallow_another_kind(self, line: str) -> None:
        cut = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n'
        assert errors(f"{cut}2026/11/21 still here\n{line}\n") == [(line, 1)]
        assert errors(f"{cut}{line}\n") == [(line, 1)]

    def test_an_exception_group_is_told_with_its_parts(self) -> None:
        assert errors(
            """\
              + Exception Group Traceback (most recent call last):
              |   File "a.py", line 9, in <module>
              |     asyncio.run(main())
              | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
              +-+---------------- 1 ----------------
                | Traceback (most recent call last):
                |   File "a.py", line 3, in f
                |     1 / 0
                | ZeroDivisionError: division by zero
                +---------------- 2 ----------------
                | ValueError: no
                +------------------------------------
            ERROR it broke
            """
        ) == [
            ("ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)", 1),
            ("ZeroDivisionError: division by zero", 1),
            ("ValueError: no", 1),
            ("ERROR it broke", 1),
        ]


class TestLogging:
    def test_a_heading_and_its_traceback_are_one_error(self) -> None:
        assert errors(
            """\
            ERROR:app:request failed
            Traceback (most recent call last):
              File "a.py", line 1, in f
                1 / 0
            ZeroDivisionError: division by zero
            """
        ) == [("ZeroDivisionError: division by zero", 1)]

    def test_what_asyncio_puts_between_heading_and_traceback_is_no_error_of_its_own(self) -> None:
        assert errors(
            """\
            ERROR:asyncio:Fatal error: protocol.data_received() call failed.
            protocol: <__main__.Server object at 0x7f7a5c0b3d90>
            transport: <_SelectorSocketTransport fd=7 read=polling write=<idle, bufsize=0>>
            Traceback (most recent call last):
              File "a.py", line 1, in f
                1 / 0
            ZeroDivisionError: division by zero
            """
        ) == [("ZeroDivisionError: division by zero", 1)]

    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("ERROR:root:it broke", "ERROR:root:it broke"),
            ("2026-11-21 04:00:00,123 ERROR it broke", "ERROR it broke"),
            ("[2026-11-21 04:00:00 +0000] [17] [ERROR] it broke", "] [17] [ERROR] it broke"),
            ("2026/11/21 04:00:00 CRITICAL: it broke", "CRITICAL: it broke"),
            ("2026-11-21T04:00:00.5Z | FATAL | it broke", "FATAL | it broke"),
        ],
    )
    def test_a_line_with_a_level_is_an_error(self, line: str, shown: str) -> None:
        (found,) = errorlog.summarize(line + "\n")
        assert shown in found.text
        assert "2026" not in found.text

    @pytest.mark.parametrize(
        "line",
        [
            "INFO:root:all is well",
            "GET /ERRORS 200",
            "no error",
            "WARNING: something",
            "ErrorHandler registered",
            "INFO: handler for ValueError: registered",
        ],
    )
    def test_other_lines_are_not(self, line: str) -> None:
        assert errors(line + "\n") == []

    def test_two_lines_are_two_errors_and_the_next_line_is_none(self) -> None:
        assert errors("ERROR one went\nERROR two went\nfine again\nERROR last\n") == [
            ("ERROR one went", 1),
            ("ERROR two went", 1),
            ("ERROR last", 1),
        ]

    def test_the_continuation_of_a_line_belongs_to_it(self) -> None:
        assert errors("ERROR it broke\n  in the middle\nfine\n") == [("ERROR it broke", 1)]


class TestNativeCode:
    @pytest.mark.parametrize(
        "line",
        [
            "python: ../src/japronto/parser.c:80: Parser_feed: Assertion `self->gather.len' failed.",
            "free(): invalid pointer",
            "free(): double free detected in tcache 2",
            "double free or corruption (!prev)",
            "corrupted double-linked list",
            "corrupted size vs. prev_size",
            "munmap_chunk(): invalid pointer",
            "malloc(): unaligned tcache chunk detected",
            "realloc(): invalid next size",
            "*** stack smashing detected ***: terminated",
            "*** buffer overflow detected ***: terminated",
            "terminate called after throwing an instance of 'std::bad_alloc'",
            "Segmentation fault (core dumped)",
        ],
    )
    def test_what_the_c_library_says_before_it_aborts(self, line: str) -> None:
        assert errors(f"listening\n{line}\n") == [(line, 1)]

    def test_a_banner_in_asterisks_is_no_error(self) -> None:
        assert errors("*** Starting uWSGI 2.0.31 (64bit) on [Sat Nov 21 15:41:41 2026] ***\n") == []

    def test_a_go_panic_is_its_first_line(self) -> None:
        assert errors(
            """\
            panic: runtime error: index out of range [5] with length 3

            goroutine 18 [running]:
            main.handler(0xc000120000)
            \t/src/main.go:31 +0x1d
            exit status 2
            """
        ) == [("panic: runtime error: index out of range [5] with length 3", 1)]

    def test_a_fatal_error_of_go(self) -> None:
        assert errors("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select]:\n") == [
            ("fatal error: all goroutines are asleep - deadlock!", 1)
        ]

    def test_a_panic_that_gos_http_server_caught(self) -> None:
        text = "2026/11/21 04:00:00 http: panic serving 127.0.0.1:51234: boom\ngoroutine 18 [running]:\n"
        assert [count for _, count in errors(text)] == [1]
        assert "panic serving 127.0.0.1:51234: boom" in errors(text)[0][0]


class TestCounting:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("ValueError: 5 is too many", "ValueError: 17 is too many"),
            ("ValueError: took 1.5 s", "ValueError: took 22.75 s"),
            ("ValueError: connection 12.", "ValueError: connection 7."),
            ("OSError: <Thing object at 0x7f00aa>", "OSError: <Thing object at 0x55bbcc>"),
            ("2026-11-21 04:00:00,123 ERROR it broke", "2026-11-21 04:00:01,001 ERROR it broke"),
            ("2026-11-21T04:00:00Z ERROR it broke", "2026-11-21T05:00:00+01:00 ERROR it broke"),
            ("ERROR Task-12 failed", "ERROR Task-9 failed"),
            ("ERROR 127.0.0.1:50122 failed", "ERROR 127.0.0.1:50124 failed"),
        ],
    )
    def test_numbers_addresses_and_times_make_no_other_error(self, one: str, other: str) -> None:
        found = errorlog.summarize(f"{one}\n{other}\n{one}\n")
        assert [error.count for error in found] == [3]
        assert found[0].text in one

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("ValueError: x", "ValueError: y"),
            ("ValueError: x", "TypeError: x"),
            ("KeyError: 'http1'", "KeyError: 'http2'"),
        ],
    )
    def test_anything_else_does(self, one: str, other: str) -> None:
        assert errors(f"{one}\n{other}\n{one}\n") == [(one, 2), (other, 1)]

    def test_they_come_in_the_order_of_their_first_appearance(self) -> None:
        text = "".join(f"{name}Error: x\n" for name in ("Zeta", "Alpha", "Mid", "Alpha"))
        assert errors(text) == [("ZetaError: x", 1), ("AlphaError: x", 2), ("MidError: x", 1)]

    def test_long_ones_are_cut(self) -> None:
        (found,) = errorlog.summarize("ValueError: " + "x" * 10_000)
        assert len(found.text) == MAX_TEXT


class TestHostileText:
    def test_colours_are_taken_off(self) -> None:
        text = "\x1b[31mERROR\x1b[0m it broke\n\x1b[1;31mValueError\x1b[0m: \x1b[35mno\x1b[0m\n"
        assert errors(text) == [("ERROR it broke", 1), ("ValueError: no", 1)]

    def test_markup_is_kept_as_it_is(self) -> None:
        assert errors("ValueError: <script>alert(1)</script> | `x` [red]\n") == [
            ("ValueError: <script>alert(1)</script> | `x` [red]", 1)
        ]

    def test_a_clean_log_has_none(self) -> None:
        assert errorlog.summarize("") == ()
        assert errorlog.summarize("======== Running on http://127.0.0.1:8080 ========\n(Press CTRL+C to quit)\n") == ()

    @given(st.text(max_size=300))
    def test_any_text_gives_short_single_lines_that_stand_in_it(self, text: str) -> None:
        for error in errorlog.summarize(text):
            assert error.count >= 1
            assert 0 < len(error.text) <= MAX_TEXT
            assert len(error.text.splitlines()) == 1

    @given(st.lists(st.sampled_from(["ValueError: a", "ERROR b", "panic: c", "fine"]), max_size=20))
    def test_counts_add_up(self, lines: list[str]) -> None:
        found = dict(errors("\n".join(lines)))
        for line in ("ValueError: a", "ERROR b", "panic: c"):
            assert found.get(line, 0) == lines.count(line)


class TestExcerpt:
    LINES = tuple(f"line {number}" for number in range(100))

    def test_the_lines_around_the_error(self) -> None:
        text = "\n".join((*self.LINES[:50], "boom: it broke", *self.LINES[50:]))
        assert errorlog.excerpt(text, "boom: it", before=1, after=2).splitlines() == [
            "… 49 lines above",
            "line 49",
            "boom: it broke",
            "line 50",
            "line 51",
            "… 48 lines below",
        ]

    def test_an_error_that_was_kept_without_its_time(self) -> None:
        text = "\n".join((*self.LINES, "2026-11-21 06:12:11,123 ERROR it broke", *self.LINES))
        (error, _), *_ = errors(text)
        assert "ERROR it broke" in errorlog.excerpt(text, error)

    @pytest.mark.parametrize("error", [None, "no such error"])
    def test_the_end_where_there_is_no_error(self, error: str | None) -> None:
        found = errorlog.excerpt("\n".join(self.LINES), error, before=1, after=1).splitlines()
        assert found == ["… 97 lines above", "line 97", "line 98", "line 99"]

    def test_all_of_a_short_log(self) -> None:
        assert errorlog.excerpt("one\ntwo\n", None) == "one\ntwo"
        assert errorlog.excerpt("", None) == ""

    def test_long_lines_are_cut_and_nothing_in_them_controls_anything(self) -> None:
        found = errorlog.excerpt("\x1b[31mred\x1b[0m\x07\x00\t|\n" + "x" * 5000, None).splitlines()
        assert found[0].startswith("red\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}")
        assert found[0].endswith("|")
        assert len(found[1]) == errorlog.MAX_TEXT

    @given(st.text(), st.none() | st.text())
    def test_whatever_the_log_it_is_shown(self, text: str, error: str | None) -> None:
        for line in errorlog.excerpt(text, error).splitlines():
            assert line.isprintable()
            assert len(line) <= errorlog.MAX_TEXT
