"""Every table of README.md that names the command which printed it is what that command prints.

``python -m tests.test_readme`` prints the tables anew into README.md.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.cli import cli

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- pipebench (?P<command>report [^\n]+) -->\n)(?P<text>.*?)(?=<!-- end -->)", re.DOTALL)


def printed(command: str) -> str:
    """What ``pipebench command`` prints, run from the project's root."""
    arguments = [str(ROOT / word) if word.startswith("results/") else word for word in command.split()]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def blocks() -> list[tuple[str, str]]:
    return [(found["command"], found["text"]) for found in BLOCK.finditer(README.read_text(encoding="utf-8"))]


def test_readme_has_tables_of_published_runs() -> None:
    assert len(blocks()) >= 2


@pytest.mark.parametrize(("command", "text"), blocks(), ids=[command for command, _ in blocks()])
def test_a_table_is_what_its_record_says(command: str, text: str) -> None:
    assert text.strip() == printed(command).strip(), "a figure was edited, or run python -m tests.test_readme"


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    README.write_text(BLOCK.sub(lambda b: f"{b[1]}\n{printed(b['command']).strip()}\n\n", text), encoding="utf-8")
