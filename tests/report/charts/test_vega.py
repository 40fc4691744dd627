"""Charts drawn with one font on every machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import vl_convert

from runner.report.charts import dots, vega
from runner.report.charts.frame import Caption
from runner.report.charts.shapes import Axis, Dot, DotRow, Dots, Unit


@pytest.fixture
def anew() -> Iterator[None]:
    """vl-convert as it is taken up for the first time, and once more for whoever comes next."""
    vega._converter.cache_clear()
    yield
    vega._converter.cache_clear()


@pytest.mark.parametrize("before", [None, "/etc/fonts/own.conf"])
@pytest.mark.usefixtures("anew")
def test_fonts_of_the_machine_are_hidden_while_they_are_looked_for_and_no_longer(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    seen: list[str] = []
    if before is None:
        monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    else:
        monkeypatch.setenv("FONTCONFIG_FILE", before)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda *_, **__: seen.append(os.environ["FONTCONFIG_FILE"]))
    vega._converter()
    (config,) = seen
    folders = [folder.text for folder in ElementTree.parse(config).iter("dir")]
    assert folders
    assert not any(Path(str(folder)).exists() for folder in folders)
    assert os.environ.get("FONTCONFIG_FILE") == before


@pytest.mark.parametrize("label", ["日本語", "\N{PARTY POPPER}", "العربية"])
def test_words_that_its_font_has_no_letters_for_are_drawn_all_the_same(label: str) -> None:
    shape = Dots((DotRow("a", label, (Dot(1.0, 0.9, 1.1),), "1"),), ("rate",), Axis("requests/s", Unit.COUNT))
    chart = dots.chart(shape, Caption(label, label, label))
    assert label in vega.svg(chart)
    assert vega.png(chart).startswith(b"\x89PNG")
