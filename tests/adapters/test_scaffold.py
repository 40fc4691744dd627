"""A new adapter is its template under another name, and no adapter's claims about itself are handed on."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from runner.adapters import metadata, scaffold
from runner.adapters.scaffold import Wish
from runner.errors import AdapterError
from runner.record.adapter import Group, Kind

ROOT = Path(__file__).parents[2]
ADAPTERS = metadata.discover(ROOT)

SOURCE = '''\
# /// script
# requires-python = ">=3.11"
# dependencies = ["uvicorn==0.38.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
#
# [tool.pipebench]
# title = "uvicorn"
# distribution = "uvicorn"
# kind = "server"
# homepage = "https://uvicorn.dev"
# template = "asgi"
# group = "core"
# known_failure = "it is only an example"
# ///
"""About uvicorn alone.

More about it.
"""

# title = "not metadata"
import uvicorn
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with one adapter, a template."""
    folder = tmp_path / "frameworks" / "uvicorn"
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(SOURCE)
    return tmp_path


def create(root: Path, wish: Wish, word: str = "asgi") -> tuple[Path, ...]:
    return scaffold.create(wish, scaffold.begin_from(metadata.discover(root), word), root)


def test_it_has_metadata_of_its_own(root: Path) -> None:
    (path,) = create(root, Wish("demo"))
    assert path == root / "frameworks" / "demo" / "app.py"
    made = {adapter.name: adapter for adapter in metadata.discover(root)}["demo"]
    assert (made.title, made.kind, made.distribution) == ("demo", Kind.SERVER, "uvicorn")
    assert (made.template, made.known_failure, made.group) == (None, None, Group.FIELD)
    assert made.dependencies == ("uvicorn==0.38.0",)
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)) == "demo: begun from frameworks/uvicorn/app.py."
    assert text.endswith('# title = "not metadata"\nimport uvicorn\n')


def test_what_is_wished_stands_in_it(root: Path) -> None:
    wish = Wish("demo", 'The "Demo"', Kind.FRAMEWORK, "https://example.org/demo", "demo-web[fast]==1.2")
    create(root, wish)
    made = {adapter.name: adapter for adapter in metadata.discover(root)}["demo"]
    assert (made.title, made.kind, made.homepage) == ('The "Demo"', Kind.FRAMEWORK, "https://example.org/demo")
    assert made.distribution == "demo-web"
    assert made.dependencies == ("uvicorn==0.38.0", "demo-web[fast]==1.2")


def test_a_framework_says_which_server_it_runs_on(root: Path) -> None:
    create(root, Wish("demo", kind=Kind.FRAMEWORK))
    create(root, Wish("other"))
    create(root, Wish("again", kind=Kind.FRAMEWORK), "demo")
    made = {adapter.name: adapter for adapter in metadata.discover(root)}
    assert [made[name].runs_on for name in ("demo", "other", "again")] == ["uvicorn", None, "uvicorn"]


def test_another_way_to_run_a_framework_is_a_file_beside_it(root: Path) -> None:
    (root / "frameworks" / "uvicorn" / "app.py").write_text(f'{SOURCE}uvicorn.run("app:app")\n')
    (path,) = create(root, Wish("uvicorn-my-way", beside="uvicorn", of_another_project=True))
    assert path == root / "frameworks" / "uvicorn" / "app_my_way.py"
    assert path.read_text().endswith('uvicorn.run("app_my_way:app")\n')
    made = {adapter.name: adapter.homepage for adapter in metadata.discover(root)}
    assert made == dict.fromkeys(["uvicorn", "uvicorn-my-way"], "https://uvicorn.dev")
    with pytest.raises(AdapterError, match="there is an adapter 'uvicorn-my-way' already"):
        create(root, Wish("uvicorn-my-way", beside="uvicorn"))


@pytest.mark.parametrize(
    ("wish", "homepage"),
    [
        (Wish("demo"), "https://uvicorn.dev"),
        (Wish("demo", of_another_project=True), scaffold.PLACEHOLDER),
        (Wish("demo", homepage="https://demo.example", of_another_project=True), "https://demo.example"),
    ],
)
def test_another_project_does_not_get_the_homepage_of_its_beginning(root: Path, wish: Wish, homepage: str) -> None:
    create(root, wish)
    assert {adapter.name: adapter for adapter in metadata.discover(root)}["demo"].homepage == homepage


@pytest.mark.parametrize(
    ("wish", "word", "message"),
    [
        (Wish("Demo"), "asgi", "is no name"),
        (Wish("../demo"), "asgi", "is no name"),
        (Wish("uvicorn"), "asgi", "there is an adapter 'uvicorn' already"),
        (Wish("demo"), "asgj", "expected asgi, or the name of an adapter"),
        (Wish("demo", beside="uvicorn"), "asgi", "expected a name such as uvicorn-VARIANT"),
        (Wish("other-mine", beside="other"), "asgi", "there is no folder frameworks/other"),
        (Wish("demo", requirement="demo>=1"), "asgi", "exact pin"),
        (Wish("demo", requirement="demo==1 =="), "asgi", "exact pin"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_written(root: Path, wish: Wish, word: str, message: str) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(AdapterError, match=message):
        create(root, wish, word)
    assert sorted(root.rglob("*")) == before


def test_a_folder_that_is_there_is_not_touched(root: Path) -> None:
    (root / "frameworks" / "demo").mkdir()
    with pytest.raises(AdapterError, match="exists already"):
        create(root, Wish("demo"))


def test_a_go_adapter_gets_both_of_its_files(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "go", tmp_path / "go")
    found = create(tmp_path, Wish("demo", kind=Kind.SERVER), "go")
    assert [path.name for path in found] == ["main.go", "adapter.toml"]
    made = {adapter.name: adapter for adapter in metadata.discover(tmp_path)}["demo"]
    assert (made.language, made.title, made.kind, made.template) == ("go", "demo", Kind.SERVER, None)
    assert found[0].read_text().startswith("// demo: begun from go/nethttp/main.go.\npackage main\n")
    with pytest.raises(AdapterError, match="written in go"):
        create(tmp_path, Wish("other", requirement="demo==1"), "go")


@pytest.mark.parametrize("word", ["asgi", "go"])
def test_what_the_documentation_of_another_recommends_is_not_handed_on(tmp_path: Path, word: str) -> None:
    for name in ("frameworks", "go"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    source = next(one for one in metadata.discover(tmp_path) if one.template == word)
    assert source.tuning
    create(tmp_path, Wish("demo", kind=Kind.SERVER), word)
    made = {adapter.name: adapter for adapter in metadata.discover(tmp_path)}["demo"]
    assert (made.tuning, made.remark) == ((), None)
    assert made.body is source.body
    assert made.dependencies == source.dependencies


def test_each_template_word_stands_for_one_adapter() -> None:
    words = [adapter.template for adapter in ADAPTERS if adapter.template]
    assert len(words) == len(set(words))
    assert set(words) == {"asgi", "wsgi", "protocol", "go"}
