"""What an interpreter's sysconfig says of how it was built; texts as CPython, Debian and pyenv leave them."""

from __future__ import annotations

import pytest

from runner.adapters import builds
from runner.adapters.builds import Told
from runner.machine import doctor
from runner.record.adapter import Build, Jit
from runner.record.run import Level
from tests import builders


def built(
    arguments: str | None = "'--prefix=/opt' '--enable-shared'",
    *,
    release: tuple[int, int] = (3, 13),
    packaged: bool = False,
    gil: bool = True,
    jit: tuple[bool, bool] | None = None,
    python_jit: str | None = None,
    pypy: tuple[str, bool] | None = None,
    **config: str | int,
) -> Build:
    known: dict[str, str | int | None] = {"CONFIG_ARGS": arguments, **config}
    return builds.judge(Told(release, known, packaged, gil, jit, python_jit, pypy))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (built("'--enable-optimizations' '--with-lto'"), "PGO+LTO"),
        (built("'--enable-optimizations' '--with-lto=full' '--enable-bolt'"), "PGO+LTO+BOLT"),
        (built("'--enable-optimizations=no'"), "not optimized"),
        (built(), "not optimized"),
        (built("'--with-lto=thin'"), "LTO"),
        (built(PY_CORE_CFLAGS="-O3 -fprofile-use -flto"), "PGO+LTO"),
        (built(packaged=True), "not recorded"),
        (built("'--with-lto'", packaged=True), "LTO, others not recorded"),
        (built(None), "not recorded"),
        (built("'--enable-optimizations'", Py_DEBUG=1), "PGO, debug"),
        (built(Py_GIL_DISABLED=1, gil=False), "not optimized, free-threaded"),
        (built(Py_GIL_DISABLED=1), "not optimized, free-threaded, GIL on"),
        (built(release=(3, 14), jit=(True, False)), "not optimized, JIT off"),
        (built(release=(3, 14), jit=(False, False)), "not optimized"),
        (built(None, release=(3, 11), pypy=("8.0.1", True)), "PyPy 8.0.1, JIT on"),
        (built(None, release=(3, 11), pypy=("8.0.1", False)), "PyPy 8.0.1"),
    ],
)
def test_what_it_is_in_words(build: Build, words: str) -> None:
    assert str(build) == words


@pytest.mark.parametrize(
    ("option", "variable", "jit"),
    [
        ("", None, Jit.NONE),
        ("'--enable-experimental-jit'", None, Jit.ON),
        ("'--enable-experimental-jit=yes-off'", None, Jit.OFF),
        ("'--enable-experimental-jit=yes-off'", "1", Jit.ON),
        ("'--enable-experimental-jit=yes'", "0", Jit.OFF),
        ("'--enable-experimental-jit=interpreter'", "1", Jit.NONE),
    ],
)
def test_the_jit_of_3_13_is_known_by_its_option_and_variable(option: str, variable: str | None, jit: Jit) -> None:
    assert built(option, python_jit=variable).jit is jit


def test_older_ones_have_no_jit_and_unrecorded_ones_may() -> None:
    assert built(None, release=(3, 12)).jit is Jit.NONE
    assert built(None).jit is None


@pytest.mark.parametrize(
    ("build", "level"),
    [
        (built("'--enable-optimizations'"), Level.GOOD),
        (built(), Level.WARNING),
        (built("'--enable-optimizations'", Py_DEBUG=1), Level.WARNING),
        (built(packaged=True), Level.UNKNOWN),
    ],
)
def test_a_build_without_optimizations_is_a_finding(build: Build, level: Level) -> None:
    (found,) = doctor.interpreters([("3.13.0", build), ("3.12.1", build), ("3.13.0", build)])
    assert (found.level, found.subject) == (level, "CPython 3.13.0, 3.12.1")
    assert (found.remedy is not None) == (level is Level.WARNING)


def test_pypy_says_itself_that_it_compiles_and_is_no_unoptimized_cpython() -> None:
    build = built(None, release=(3, 11), packaged=True, pypy=("8.0.1", True))
    (found,) = doctor.interpreters([("pypy3.11.17", build)])
    assert (found.level, found.subject, found.state) == (Level.GOOD, "PyPy 3.11.17", "PyPy 8.0.1, JIT on")
    for made, compiles in (
        (build, True),
        (built(None, pypy=("8.0.1", False)), False),
        (built(jit=(True, True)), False),
    ):
        assert builders.environment(build=made).compiles is compiles


def test_which_was_taken_before_which_is_a_note() -> None:
    optimized = built("'--enable-optimizations' '--with-lto'")
    (found,) = doctor.preferred(
        [("3.13.18", optimized, [("3.13.0", built()), ("3.13.2", None)]), ("3.14.0", optimized, ())]
    )
    assert (found.level, found.subject, found.state) == (Level.NOTE, "CPython 3.13.18", "PGO+LTO")
    assert found.effect == "taken before 3.13.0 (not optimized), 3.13.2 (does not run)"
