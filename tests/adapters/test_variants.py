"""What a person types as a variant."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from runner.adapters import variants
from runner.errors import AdapterError, PlanError
from runner.record.adapter import Adapter, Kind, Unavailable
from runner.record.plan import Cell

ADAPTER = Adapter(
    "aiohttp",
    Path("app.py"),
    "python",
    "aiohttp",
    "aiohttp",
    Kind.FRAMEWORK,
    "https://docs.aiohttp.org",
    dependencies=("aiohttp==3.14.5", "uvloop==0.22.1"),
)
INSTALLED = {"aiohttp": "3.14.5", "uvloop": "0.22.1", "multidict": "6.7.0"}


def resolved(text: str, folder: Path) -> variants.Wanted:
    (found,) = variants.resolve([text], folder)
    return found


def test_a_release_takes_the_place_of_its_own_pin(tmp_path: Path) -> None:
    found = resolved("aiohttp==3.9.5", tmp_path)
    assert found.variant.label == "aiohttp==3.9.5"
    assert found.requirements(ADAPTER, {}) == ("uvloop==0.22.1", "aiohttp==3.9.5")
    assert found.fits(ADAPTER, INSTALLED)


def test_what_is_pulled_in_can_be_changed_too(tmp_path: Path) -> None:
    found = resolved("multidict==6.0.5", tmp_path)
    assert found.fits(ADAPTER, INSTALLED)
    assert found.requirements(ADAPTER, {}) == (*ADAPTER.dependencies, "multidict==6.0.5")
    assert not found.has(ADAPTER, {})


def test_what_it_has_already_is_no_variant(tmp_path: Path) -> None:
    found = resolved("aiohttp==3.14.5", tmp_path)
    assert found.has(ADAPTER, INSTALLED)
    assert not found.fits(ADAPTER, INSTALLED)


def test_several_changes_are_one_variant(tmp_path: Path) -> None:
    found = resolved("aiohttp==3.9.5 uvloop==0.23.0", tmp_path)
    assert found.requirements(ADAPTER, {}) == ("aiohttp==3.9.5", "uvloop==0.23.0")


def test_a_variable_fits_every_adapter(tmp_path: Path) -> None:
    found = resolved("PYTHONMALLOC=malloc", tmp_path)
    assert found.variant.env == (("PYTHONMALLOC", "malloc"),)
    assert found.fits(ADAPTER, {})


class TestLoops:
    ON_UVLOOP = replace(ADAPTER, loop="uvloop")

    def test_one_is_installed_in_place_of_the_adapters_own_and_named_to_the_server(self, tmp_path: Path) -> None:
        found = resolved("loop:rloop", tmp_path)
        assert (found.variant.label, found.variant.env) == ("rloop", (("LOOP", "rloop"),))
        *kept, added = found.requirements(self.ON_UVLOOP, {})
        assert kept == ["aiohttp==3.14.5"]
        assert added.startswith("rloop==")

    def test_asyncios_own_needs_nothing(self, tmp_path: Path) -> None:
        found = resolved("loop:asyncio", tmp_path)
        assert found.requirements(self.ON_UVLOOP, {}) == ("aiohttp==3.14.5",)
        assert found.refused(self.ON_UVLOOP, Version("3.11")) is None

    def test_its_own_is_no_variant(self, tmp_path: Path) -> None:
        found = resolved("loop:uvloop", tmp_path)
        assert found.has(self.ON_UVLOOP, {})
        assert not found.fits(self.ON_UVLOOP, {})
        assert found.fits(replace(ADAPTER, loop="asyncio"), INSTALLED)

    @pytest.mark.parametrize(("loop", "shown"), [("rloop", "rloop"), ("asyncio", "python")])
    def test_what_shows_the_version_of_its_loop_shows_the_other_s(self, loop: str, shown: str, tmp_path: Path) -> None:
        found = resolved(f"loop:{loop}", tmp_path)
        assert found.shown(self.ON_UVLOOP) == "aiohttp"
        assert found.shown(replace(self.ON_UVLOOP, distribution="uvloop")) == shown

    def test_an_adapter_that_takes_none_has_no_variant(self, tmp_path: Path) -> None:
        found = resolved("loop:rloop", tmp_path)
        assert not found.has(ADAPTER, INSTALLED)
        with pytest.raises(AdapterError, match="none of aiohttp takes another event loop: choose others with --only"):
            variants.fitting([(ADAPTER, None)], [Unavailable(ADAPTER, "")], [found])

    def test_what_it_cannot_run_on_is_said(self, tmp_path: Path) -> None:
        newer, named = resolved("loop:zuvloop", tmp_path), resolved("loop:rloop", tmp_path)
        assert newer.refused(self.ON_UVLOOP, Version("3.14.2")) is None
        refused = newer.refused(self.ON_UVLOOP, Version("3.13.9"))
        assert refused is not None
        assert re.fullmatch(r"zuvloop==\S+ needs Python >=3\.14: choose it with --python", refused)
        two = replace(ADAPTER, loop="uvloop", loops="asyncio uvloop")
        assert named.refused(two, Version("3.13")) == "aiohttp takes no loop but asyncio and uvloop"

    @pytest.mark.parametrize(
        ("name", "says"), [("uvlop", "did you mean uvloop?"), ("x", "give one of asyncio, uvloop")]
    )
    def test_one_that_nobody_knows_is_refused(self, name: str, says: str, tmp_path: Path) -> None:
        with pytest.raises(PlanError, match=re.escape(f"--loop {name}: {says}")):
            resolved(f"loop:{name}", tmp_path)

    def test_the_variable_itself_is_the_suites(self, tmp_path: Path) -> None:
        with pytest.raises(PlanError, match="use --loop"):
            resolved("LOOP=rloop", tmp_path)

    def test_every_pin_is_exact(self) -> None:
        for loop in variants.loops().values():
            assert [pin.operator for pin in (loop.requirement.specifier if loop.requirement else ())] in ([], ["=="])
            assert Version("99") in SpecifierSet(loop.requires_python)


@pytest.mark.parametrize("text", ["aiohttp", "aiohttp>=3", "aiohttp==3.*", "../nowhere", "x.whl", "", "aiohttp=="])
def test_anything_else_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="--with"):
        variants.resolve([text], tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("'aiohttp==3.9.5", "no closing quotation"),
        ("PORT=1", "the suite's to say"),
        ("WORKERS=9", "the suite's to say"),
        ("PIPEBENCH_STARTED=x", "the suite's to say"),
        ("X=a\nb", "on one line"),
        ("X=\x1b[31m", "on one line"),
        ("X=" + "y" * 201, "at most 200"),
    ],
)
def test_what_would_break_the_contract_or_a_table_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(PlanError) as refused:
        variants.resolve([text], tmp_path)
    assert says in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("text", ["aiohttp", "aiohttp:0", "aiohttp:51", "aiohttp:x"])
def test_a_number_of_releases_is_checked(text: str) -> None:
    with pytest.raises(ValueError, match="aiohttp:12"):
        variants.releases(text)


def test_labels_that_differ_have_folders_that_differ() -> None:
    names = {Cell("a", None, 1, 1, 1, variant=label).id for label in (None, "x@a/b", "x@a_b", "x@a:b")}
    assert len(names) == 4
    assert not any("/" in name for name in names)


@pytest.mark.parametrize(
    ("asked", "recorded"),
    [
        ("/home/me/src/aiohttp", "aiohttp"),
        ("/home/me/src/aiohttp@v3.9.5", "aiohttp@v3.9.5"),
        ("~/aiohttp", "aiohttp"),
        ("../aiohttp@main", "../aiohttp@main"),
        ("aiohttp==3.9.5 /tmp/dist/uvloop-0.23.0-py3-none-any.whl", "aiohttp==3.9.5 uvloop-0.23.0-py3-none-any.whl"),
        ("TZ=/usr/share/zoneinfo/UTC", "TZ=/usr/share/zoneinfo/UTC"),
    ],
)
def test_a_record_has_no_folder_of_a_machine(asked: str, recorded: str) -> None:
    assert variants.portable(asked) == recorded


def test_a_run_is_resumed_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "aiohttp").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert variants.lasting("../aiohttp") == str(tmp_path / "elsewhere" / ".." / "aiohttp")
    assert variants.lasting("../aiohttp@main uvloop==0.23.0") == f"{tmp_path}/elsewhere/../aiohttp@main uvloop==0.23.0"
    assert variants.lasting("X=../aiohttp") == "X=../aiohttp"
