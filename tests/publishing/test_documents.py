"""The project's documents: what they point to is there, and every picture is told in words.

Their tables are held to the records by test_publication.py; here, that none stands twice and no run is forgotten.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(path for pattern in ("*.md", "docs/*.md", "results/published/*.md") for path in ROOT.glob(pattern))
LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<words>.+)$", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    words = (found["words"].lower() for found in HEADING.finditer(document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", one).replace(" ", "-") for one in words}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_somewhere_and_pictures_are_told_in_words(document: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    for found in LINK.finditer(text):
        assert found["words"] or not found["picture"], f"a picture without words: {found[0]}"
        target, _, anchor = found["target"].partition("#")
        if target.startswith(("https:", "http:")):
            continue
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{found[0]} leads nowhere"
        if anchor:
            assert anchor in anchors(path), f"{found[0]}: no such heading"


SHOWN = re.compile(r"^<!-- pipebench report results/published/(?P<run>\S+)", re.MULTILINE)
RECORD_ONLY = re.compile(r"^Kept for (?:its record|their records) only.*?$", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_no_document_shows_one_table_twice(document: Path) -> None:
    shown = re.findall(r"^<!-- pipebench report .*$", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) == len(set(shown)), f"printed twice by {document.name}: {shown}"


def test_each_published_run_is_shown_or_said_to_be_kept_for_its_record() -> None:
    published = {path.parent.name for path in ROOT.glob("results/published/*/run.json")}
    texts = [document.read_text(encoding="utf-8") for document in DOCUMENTS]
    shown = {found["run"] for text in texts for found in SHOWN.finditer(text)}
    index = (ROOT / "results" / "published" / "README.md").read_text(encoding="utf-8")
    said = " ".join(RECORD_ONLY.findall(index))
    kept = {name for name in published if re.search(rf"\b{name}\b(?!-)", said)}
    assert published
    assert shown <= published
    assert not shown & kept, "said to be shown by no document, and shown"
    assert published == shown | kept
