"""Sampled stacks as a flame graph: an SVG that needs no script, or shapes for a page; and as speedscope's file. Pure.

Every frame is as wide as the samples that found it or what it called. Frames too narrow to see are left out, and so are
frames that every sample has in common with nothing beside them: they say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import msgspec

from runner.explaining import categories, stacks
from runner.explaining.categories import Category
from runner.record.beside.explained import Sampled, Stack

WIDTH, ROW, LETTER = 1200.0, 17.0, 6.4
"""Of the picture, of a frame, and of a letter of a label, in pixels."""
LEAST_WIDTH = 2.0
MOST_FRAMES = 400
INK = "#1b1b1b"
FILLS: Mapping[Category, str] = {
    Category.PARSING: "#f2c879",
    Category.ROUTING: "#d9c3ef",
    Category.HANDLER: "#a5d8b0",
    Category.RESPONSE: "#a9cdf0",
    Category.LOOP: "#d8d8d2",
    Category.FRAMEWORK: "#ecd9c6",
    Category.KERNEL: "#efb3a8",
}
"""Dark letters have a contrast of at least 7 on each of them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One box: where it stands, what it is, and the share of samples in it; ``label`` is what fits into it."""

    x: float
    y: float
    width: float
    name: str
    label: str
    share: float
    category: Category


@dataclass(frozen=True, slots=True)
class Flame:
    """A picture of one server at one depth."""

    title: str
    depth: int
    samples: int
    tool: str
    height: float
    frames: tuple[Frame, ...]

    @property
    def description(self) -> str:
        """What it shows, in words, for whoever does not see it."""
        most = max((one for one in self.frames), key=lambda one: (one.y, one.share), default=None)
        widest = sorted({one.category: one for one in self.frames if one.y}.items())
        named = ", ".join(str(category) for category, _ in widest)
        deep = f"; the deepest frame is {most.name}" if most is not None else ""
        return f"Flame graph of {self.title} at depth {self.depth}: {self.samples} samples, of {named}{deep}"


def flame(title: str, sampled: Sampled) -> Flame:
    """The picture of some samples; roots at the top."""
    total = sampled.samples
    cut = _common(sampled.stacks)
    shown = [Stack(stack.frames[cut:], stack.samples) for stack in sampled.stacks if len(stack.frames) > cut]
    weights = stacks.merged(shown)
    least = max(
        LEAST_WIDTH / WIDTH * total, sorted(weights.values())[-MOST_FRAMES] if len(weights) > MOST_FRAMES else 0
    )
    kept = {path: weight for path, weight in weights.items() if weight >= least}
    inside = _categories(sampled.stacks, cut)
    frames = tuple(_placed(kept, (), 0.0, total, inside))
    depth = max((one.y for one in frames), default=0.0)
    return Flame(title, sampled.depth, total, sampled.tool, depth + ROW, frames)


def _common(found: Sequence[Stack]) -> int:
    """How many outer frames all stacks share: a program's beginning."""
    first = found[0].frames if found else ()
    number = min((len(stack.frames) for stack in found), default=0) - 1
    while number > 0 and any(stack.frames[:number] != first[:number] for stack in found):
        number -= 1
    return max(0, number)


def _categories(found: Sequence[Stack], cut: int) -> Mapping[tuple[str, ...], Category]:
    """What each frame itself is for: as if a sample had ended there."""
    made: dict[tuple[str, ...], Category] = {}
    for stack in found:
        for length in range(cut + 1, len(stack.frames) + 1):
            path = stack.frames[cut:length]
            if path not in made:
                made[path] = categories.of(stack.frames[:length])
    return made


def _placed(
    kept: Mapping[tuple[str, ...], int],
    above: tuple[str, ...],
    x: float,
    total: int,
    inside: Mapping[tuple[str, ...], Category],
) -> Iterator[Frame]:
    """The frames below one, side by side in the order of their names, each with what is below it."""
    children: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for path in sorted(kept):
        children.setdefault(path[:-1], []).append(path)
    todo = [(above, x)]
    while todo:
        parent, left = todo.pop()
        for path in children.get(parent, []):
            width = kept[path] / total * WIDTH
            yield Frame(
                round(left, 1), (len(path) - 1) * ROW, round(width, 1), path[-1], _label(path[-1], width),
                kept[path] / total, inside[path],
            )  # fmt: skip
            todo.append((path, left))
            left += width


def _label(name: str, width: float) -> str:
    room = int((width - 6) / LETTER)
    if room < 3:
        return ""
    short = name.partition(" (")[0]
    return name if len(name) <= room else short if len(short) <= room else f"{short[: room - 1]}…"


def svg(one: Flame) -> str:
    """The picture as a file of its own: no script, nothing from elsewhere; titles show on pointing at a frame."""
    top = 44.0
    height = top + one.height + 30
    said = f"{one.samples} samples by {one.tool}; width: share of samples; each frame is called by the one above it"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" '
        f'height="{height:g}" role="img" aria-label="{escape(one.description)}" '
        'font-family="system-ui, Liberation Sans, sans-serif" font-size="11">'
    )
    title = f"{escape(one.title)}, depth {one.depth}"
    parts = [
        head,
        f'<rect width="{WIDTH:g}" height="{height:g}" fill="#ffffff"/>',
        f'<text x="4" y="18" font-size="14" font-weight="600" fill="{INK}">{title}</text>',
        f'<text x="4" y="36" fill="{INK}">{escape(said)}</text>',
    ]
    return "\n".join([*parts, *_boxes(one, top), *_legend(top + one.height + 10), "</svg>", ""])


def inline(one: Flame) -> str:
    """The same within a page, which has a title for it: the page's style sets its letters."""
    height = one.height + 30
    head = (
        f'<svg class="flame" viewBox="0 0 {WIDTH:g} {height:g}" width="{WIDTH:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(one.description)}">'
    )
    return "\n".join([head, *_boxes(one, 0), *_legend(one.height + 10), "</svg>"])


def _boxes(one: Flame, top: float) -> Iterator[str]:
    for frame in one.frames:
        box = f'x="{frame.x:g}" y="{frame.y + top:g}" width="{max(0.5, frame.width - 0.5):g}" height="{ROW - 1:g}"'
        label = f'<text x="{frame.x + 3:g}" y="{frame.y + top + 12:g}" fill="{INK}">{escape(frame.label)}</text>'
        yield (
            f"<g><title>{escape(frame.name)}: {frame.share:.1%}</title>"
            f'<rect {box} rx="1.5" fill="{FILLS[frame.category]}"/>{label if frame.label else ""}</g>'
        )


def _legend(y: float) -> Iterator[str]:
    x = 4.0
    for category, fill in FILLS.items():
        width = 14 + LETTER * len(category)
        yield f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="15" rx="1.5" fill="{fill}"/>'
        yield f'<text x="{x + 6:g}" y="{y + 11:g}" fill="{INK}">{category}</text>'
        x += width + 6


def speedscope(title: str, found: Sequence[Sampled]) -> str:
    """The samples as speedscope reads them, a profile a depth (https://www.speedscope.app/file-format-schema.json)."""
    frames = dict.fromkeys(frame for one in found for stack in one.stacks for frame in stack.frames)
    names = {name: place for place, name in enumerate(frames)}
    content = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": title,
        "activeProfileIndex": 0,
        "exporter": "pipebench",
        "shared": {"frames": [{"name": name} for name in names]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{title}, depth {one.depth}",
                "unit": "none",
                "startValue": 0,
                "endValue": one.samples,
                "samples": [[names[frame] for frame in stack.frames] for stack in one.stacks],
                "weights": [stack.samples for stack in one.stacks],
            }
            for one in found
        ],
    }
    return msgspec.json.encode(content).decode() + "\n"
