"""HTML as a tree of elements, by the standard library's parser: what a browser would see, without one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "img", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def every(self, tag: str) -> Iterator[Element]:
        """All elements of a kind, this one included, in the order of the text."""
        if tag in {self.tag, "*"}:
            yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.every(tag)

    def only(self, tag: str) -> Element:
        (found,) = self.every(tag)
        return found

    def by_id(self, name: str) -> Element:
        (found,) = [element for element in self.every("*") if element.attributes.get("id") == name]
        return found


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"<{self.open[-1].tag}> is ended by </{tag}> at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(text: str) -> Element:
    """The document. Fails where an element is not ended, or ended by another's tag."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    (document,) = builder.open
    return document
