"""Charts as SVG and PNG, without a browser: the same on every machine.

vl-convert brings a font, Liberation Sans, but takes one of the machine's where it finds it, and then opens its file for
each text that it measures. Here it has its own alone, so that a chart is as wide as its words on whatever machine it
was drawn, and is drawn three times as fast.
"""

from __future__ import annotations

import os
from functools import cache
from html import escape
from pathlib import Path
from types import ModuleType
from typing import Any

import altair as alt

from runner.report.charts import palette
from runner.report.charts.frame import Chart

_VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
_FONTS = Path(__file__).with_name("fonts.conf")
_WORD = {"data": {"values": [{}]}, "mark": "text", "encoding": {"text": {"value": "x"}}}


def svg(chart: Chart, *, dark: bool = False) -> str:
    """The chart as SVG, for light paper or for dark."""
    spec = _spec(chart, dark=dark)
    drawn: str = _converter().vegalite_to_svg(spec, vl_version=_VEGA_LITE, allowed_base_urls=[])
    return _told(drawn, spec)


def png(chart: Chart, *, dark: bool = False, scale: float = 2) -> bytes:
    """The chart as PNG on light paper or on dark, ``scale`` pixels a unit."""
    spec = _spec(chart, dark=dark)
    spec["config"]["background"] = palette.DARK[palette.PAPER] if dark else palette.PAPER
    drawn: bytes = _converter().vegalite_to_png(spec, vl_version=_VEGA_LITE, scale=scale, allowed_base_urls=[])
    return drawn


def _told(svg: str, spec: dict[str, Any]) -> str:
    """The SVG with its title and what it shows in words, for who does not see it."""
    start, end, rest = svg.partition(">")
    title, description = spec.get("title", {}).get("text", ""), spec.get("description", "")
    return f'{start} role="img"{end}<title>{escape(title)}</title><desc>{escape(description)}</desc>{rest}'


def _spec(chart: Chart, *, dark: bool) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict(validate=False)
    return palette.darkened(spec) if dark else spec


@cache
def _converter() -> ModuleType:
    """vl-convert without the machine's fonts, which it looks for once, when it first measures a word."""
    import vl_convert  # noqa: PLC0415 - and it is used nowhere else

    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(_FONTS)
    try:
        vl_convert.vegalite_to_svg(_WORD, vl_version=_VEGA_LITE, allowed_base_urls=[])
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before
    return vl_convert
