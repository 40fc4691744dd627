"""Colours of charts and page, on light and on dark paper. Pure.

A chart is drawn for light paper; on dark paper each of its colours becomes the one beside it here. Series are told
apart by shape and dash as well, so that no colour has to be seen. Every ink has a contrast of at least 3 to its paper,
and text at least 4.5 (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAPER = "#ffffff"
INK = "#1d2126"
FAINT_INK = "#59626c"
RULE = "#dfe3e7"
ACCENT = "#0072b2"
CONTRAST = "#d55e00"
SERIES = (ACCENT, CONTRAST, "#007e5e", "#a84a86", "#8a6100", "#4c429e", "#4a4a4a", "#8f1f4e")
"""After Okabe and Ito (Color Universal Design, 2008), darkened where white paper asks for it."""

DARK: Mapping[str, str] = {
    PAPER: "#14171a",
    INK: "#e8ebee",
    FAINT_INK: "#a3adb7",
    RULE: "#343a41",
    ACCENT: "#56b4e9",
    CONTRAST: "#ff8c4b",
    "#007e5e": "#2fc79b",
    "#a84a86": "#e59ac9",
    "#8a6100": "#e6b23c",
    "#4c429e": "#a99fff",
    "#4a4a4a": "#d4d4d4",
    "#8f1f4e": "#f47fa8",
}

PAGE: Mapping[str, tuple[str, str]] = {
    "paper": (PAPER, DARK[PAPER]),
    "ink": (INK, DARK[INK]),
    "faint-ink": (FAINT_INK, DARK[FAINT_INK]),
    "rule": (RULE, DARK[RULE]),
    "tint": ("#f5f7f9", "#1c2126"),
    "control": ("#7f8993", "#6e7983"),
    "link": ("#0060a0", "#6cbcf0"),
    "alert": ("#a33b00", "#ff9d66"),
}
"""What the page calls its colours, light and dark: ``tint`` lies behind text, ``control`` borders a control."""

DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 2), (10, 4), (1, 3), (6, 2, 2, 2))
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")


def darkened(spec: Any) -> Any:
    """A Vega-Lite specification with its colours for dark paper; its data is left as it is."""
    if isinstance(spec, dict):
        return {key: value if key in {"data", "datasets"} else darkened(value) for key, value in spec.items()}
    if isinstance(spec, list):
        return [darkened(value) for value in spec]
    return DARK.get(spec, spec) if isinstance(spec, str) else spec


def stylesheet() -> str:
    """The page's colours as custom properties, and the looks of its charts' marks and lines; what is printed is light.

    A mark of a chart has a class ``m0`` and so on, a line of a panel ``l0``, a line of a chosen server ``s0``.
    """

    def named(theme: int) -> str:
        both = {**PAGE, **{f"series-{number}": (ink, DARK[ink]) for number, ink in enumerate(SERIES)}}
        return " ".join(f"--{name}: {inks[theme]};" for name, inks in both.items())

    lines = [
        f":root {{ {named(0)} }}",
        "@media screen and (prefers-color-scheme: dark) {",
        f"  :root {{ {named(1)} }}",
        "}",
    ]
    for number, dash in enumerate(DASHES):
        ink = f"var(--series-{number})"
        lines.append(f".m{number} {{ fill: {ink}; stroke: {ink}; }}")
        lines.append(f".l{number}, .s{number} {{ color: {ink}; }}")
        if dash != (1, 0):
            lines.append(f".l.l{number}, .l.s{number} {{ stroke-dasharray: {' '.join(map(str, dash))}; }}")
    return "\n".join([*lines, ".b { fill: var(--paper); stroke-width: 1.5; }"])
