"""Every table of README.md and docs/seeds.md that names the command which printed it is what that command prints.

``python -m tests.test_readme`` prints the tables anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.cli import cli

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = (README, ROOT / "docs" / "seeds.md")
PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\((?P<path>[^)]+)\)")
BLOCK = re.compile(r"(<!-- pipebench (?P<command>report [^\n]+) -->\n)(?P<text>.*?)(?=<!-- end -->)", re.DOTALL)


def printed(command: str) -> str:
    """What ``pipebench command`` prints, run from the project's root."""
    arguments = [str(ROOT / word) if word.startswith("results/") else word for word in command.split()]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def blocks(*documents: Path) -> list[tuple[str, str]]:
    return [
        (found["command"], found["text"])
        for document in documents
        for found in BLOCK.finditer(document.read_text(encoding="utf-8"))
    ]


def test_readme_has_tables_of_published_runs() -> None:
    assert len(blocks(README)) >= 2


@pytest.mark.parametrize(("command", "text"), blocks(*DOCUMENTS), ids=[command for command, _ in blocks(*DOCUMENTS)])
def test_a_table_is_what_its_record_says(command: str, text: str) -> None:
    assert text.strip() == printed(command).strip(), "a figure was edited, or run python -m tests.test_readme"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_picture_is_there_and_is_told_in_words(document: Path) -> None:
    for found in PICTURE.finditer(document.read_text(encoding="utf-8")):
        assert found["words"]
        assert found["path"].startswith("https://") or (document.parent / found["path"]).is_file()


if __name__ == "__main__":
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        document.write_text(BLOCK.sub(lambda b: f"{b[1]}\n{printed(b['command']).strip()}\n\n", text), encoding="utf-8")
