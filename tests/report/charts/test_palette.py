"""Colours can be told from their paper, on light and on dark."""

from __future__ import annotations

import re

import pytest

from runner.report.charts import palette

TEXT = ("ink", "faint-ink", "link", "alert")


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read_on_paper_and_on_tint(theme: int) -> None:
    for background in ("paper", "tint"):
        for name in TEXT:
            assert contrast(palette.PAGE[name][theme], palette.PAGE[background][theme]) >= 4.5, (name, background)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_controls_and_lines_can_be_seen(theme: int) -> None:
    paper = palette.PAGE["paper"][theme]
    assert contrast(palette.PAGE["control"][theme], paper) >= 3
    for colour in palette.SERIES:
        assert contrast(palette.DARK[colour] if theme else colour, paper) >= 3, colour


def test_every_series_has_a_colour_a_dash_and_a_shape_of_its_own() -> None:
    count = len(palette.SERIES)
    for marks in (palette.SERIES, palette.DASHES, palette.SHAPES, [palette.DARK[one] for one in palette.SERIES]):
        assert len(set(marks)) == len(marks) == count


def test_dark_colours_lead_nowhere_else() -> None:
    """A colour of light paper has one counterpart, and none is both."""
    assert not set(palette.DARK) & set(palette.DARK.values())


def test_a_specification_is_darkened_but_for_its_data() -> None:
    spec = {"mark": {"color": palette.INK}, "layer": [{"range": [palette.ACCENT, "x"]}], "data": [palette.INK]}
    assert palette.darkened(spec) == {
        "mark": {"color": palette.DARK[palette.INK]},
        "layer": [{"range": [palette.DARK[palette.ACCENT], "x"]}],
        "data": [palette.INK],
    }


def test_every_mark_and_line_of_a_page_has_its_ink_on_both_papers_and_its_dash() -> None:
    light, _, dark = palette.stylesheet().partition("@media screen and (prefers-color-scheme: dark)")
    for number, ink in enumerate(palette.SERIES):
        assert f"--series-{number}: {ink};" in light
        assert f"--series-{number}: {palette.DARK[ink]};" in dark
        assert f".m{number} {{ fill: var(--series-{number}); stroke: var(--series-{number}); }}" in dark
    dashes = dict(re.findall(r"\.l\.s(\d) { stroke-dasharray: (.*?); }", dark))
    assert dashes == {
        str(number): " ".join(map(str, dash)) for number, dash in enumerate(palette.DASHES) if dash != (1, 0)
    }
