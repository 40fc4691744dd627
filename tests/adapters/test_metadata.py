"""Adapters are found, read and selected by name; what is wrong with one is told with file, key and expectation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runner.adapters import metadata, scaffold, variants
from runner.errors import AdapterError
from runner.record.adapter import Adapter, Body, Client, Group, Kind, Scenario, Taken, Tuning

ROOT = Path(__file__).parents[2]
SERVICES: frozenset[str] = frozenset({"upstream", "volley"})
"""Go programs of ours that adapters talk to; they are no adapters."""

METADATA: dict[str, str | None] = {
    "requires-python": '">=3.11"',
    "dependencies": '["aiohttp==3.14.5"]',
    "[tool.uv]": None,
    "exclude-newer": '"2026-11-20T00:00:00Z"',
    "[tool.pipebench]": None,
    "title": '"aiohttp"',
    "distribution": '"aiohttp"',
    "kind": '"framework"',
    "homepage": '"https://docs.aiohttp.org"',
}
TOML: dict[str, str | None] = {
    "language": '"go"',
    "title": '"fasthttp"',
    "distribution": '"github.com/valyala/fasthttp"',
    "kind": '"baseline"',
    "homepage": '"https://github.com/valyala/fasthttp"',
}


def toml(keys: dict[str, str | None]) -> str:
    return "".join(f"{key}\n" if value is None else f"{key} = {value}\n" for key, value in keys.items())


def script(keys: dict[str, str | None] | None = None, code: str = "print()\n") -> str:
    lines = toml(METADATA if keys is None else keys).splitlines()
    return "# /// script\n" + "".join(f"# {line}\n" for line in lines) + "# ///\n" + code


def put(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if file.name == "adapter.toml":
        for beside in ("main.go", "main.mjs", "main.rs", "Cargo.toml", "../go.mod"):
            (file.parent / beside).touch()
    return file


def one(root: Path, text: str, path: str = "frameworks/aiohttp/app.py") -> Adapter:
    put(root, path, text)
    (adapter,) = metadata.discover(root)
    return adapter


def refusal(root: Path, text: str, path: str = "frameworks/aiohttp/app.py") -> str:
    """What is wrong with the adapter, which is found all the same."""
    put(root, path, text)
    problems = [adapter.problem for adapter in metadata.discover(root) if adapter.problem]
    assert problems, "nothing is wrong with it"
    return problems[0]


class TestThisRepository:
    def test_every_folder_is_an_adapter(self) -> None:
        """Walks the tree: a folder with sources that discovery passes over would be a silent gap in every table."""
        found = {adapter.path for adapter in metadata.discover(ROOT)}
        sources = [*ROOT.glob("frameworks/*/*.*"), *ROOT.glob("go/*/*.go")]
        folders = {file.parent for file in sources}
        assert folders, "there are no adapters"
        covered = {path.parent for path in found}
        assert {folder.name for folder in folders - covered} <= SERVICES
        assert {*ROOT.glob("frameworks/*/app*.py"), *ROOT.glob("frameworks/*/upstream_*.py")} <= found

    def test_every_program_is_there(self) -> None:
        assert all(adapter.path.is_file() for adapter in metadata.discover(ROOT))

    def test_python_adapters_import_nothing_from_the_runner(self) -> None:
        for adapter in metadata.discover(ROOT):
            if adapter.language == "python":
                assert not re.search(r"^\s*(from|import) runner\b", adapter.path.read_text(), re.MULTILINE), (
                    adapter.name
                )

    def test_python_adapters_read_where_to_listen_from_their_environment(self) -> None:
        for adapter in metadata.discover(ROOT):
            if adapter.language == "python":
                text = adapter.path.read_text()
                assert all(re.search(rf"""["']{name}["']""", text) for name in ("HOST", "PORT")), adapter.name

    def test_an_adapter_that_takes_a_loop_reads_it_from_its_environment(self) -> None:
        """And only such a one: a row that names a loop was on it."""
        known, taking = variants.loops(), 0
        for adapter in metadata.discover(ROOT):
            if adapter.language != "python":
                continue
            assert {adapter.loop or "asyncio", *(adapter.loops or "asyncio").split()} <= set(known), adapter.name
            line = f'LOOP = os.environ.get("LOOP", "{adapter.loop}")'
            text = adapter.path.read_text()
            assert (line in text) is (adapter.loop is not None), adapter.name
            assert (len(re.findall(r"\bLOOP\b", text)) > 2) is (adapter.loop is not None), adapter.name
            taking += adapter.loop is not None
        assert taking > 20

    def test_every_homepage_is_a_project_s_own(self) -> None:
        assert [one.name for one in metadata.discover(ROOT) if one.homepage == scaffold.PLACEHOLDER] == []

    def test_a_framework_runs_on_a_server_whose_adapter_has_the_same_pins(self) -> None:
        """Else what the two do differently in the conformance cases would not be the framework's."""
        found = {one.name: one for one in metadata.discover(ROOT)}
        on = {one.name: found[one.runs_on] for one in found.values() if one.runs_on}
        assert on
        for name, server in on.items():
            assert server.kind is Kind.SERVER
            assert set(server.dependencies) - set(found[name].dependencies) == set(), name
        servers = {one.distribution for one in on.values()}
        for one in found.values():
            if one.kind is Kind.FRAMEWORK and one.scenario is Scenario.PIPELINE and one.runs_on is None:
                assert servers.isdisjoint(pin.partition("==")[0] for pin in one.dependencies), one.name


class TestFairness:
    """What is held of this repository's adapters, so that nobody's server is run badly without a word."""

    @pytest.fixture
    def compared(self) -> tuple[Adapter, ...]:
        """Those that take a place among others: no yardstick, no release that is kept as it was in 2017."""
        found = [one for one in metadata.discover(ROOT) if one.scenario is Scenario.PIPELINE and one.ranked]
        return tuple(one for one in found if one.group is not Group.SEED_2017)

    def test_each_says_what_its_documentation_recommends(self, compared: tuple[Adapter, ...]) -> None:
        untold = [str(one.path.relative_to(ROOT)) for one in compared if not one.tuning]
        assert not untold, "add [[tool.pipebench.tuning]], docs/adapters.md says how"

    def test_each_says_how_it_hands_over_its_text(self, compared: tuple[Adapter, ...]) -> None:
        assert not [one.name for one in compared if one.body is None]

    def test_what_the_handler_returns_is_what_it_says(self, compared: tuple[Adapter, ...]) -> None:
        """``b"Hello world!"`` is bytes in Python; the other languages have no such literal."""
        for one in compared:
            if one.language == "python":
                expected = Body.BYTES if 'b"Hello world!"' in one.path.read_text() else Body.STR
                assert one.body is expected, one.name

    def test_tcp_nodelay_that_an_adapter_sets_is_told_beside_its_row(self, compared: tuple[Adapter, ...]) -> None:
        by_hand = re.compile(r"TCP_NODELAY, |tcp_nodelay = 1|disable_nagle_algorithm = True|set_nodelay\(true\)")
        for one in compared:
            told = one.remark is not None and one.remark.startswith("TCP_NODELAY set by hand")
            assert told is bool(by_hand.search(one.path.read_text())), one.name

    def test_the_core_has_both_forms_of_the_seeds_baseline(self) -> None:
        core = {one.name for one in metadata.discover(ROOT) if one.group is Group.CORE}
        assert {"fasthttp", "fasthttp-goroutine"} <= core
        assert len(core) <= 10, "make bench is six minutes"

    @pytest.mark.parametrize("name", ["fasthttp", "nethttp"])
    def test_the_two_forms_of_a_go_server_differ_in_how_they_wait_and_in_nothing_else(self, name: str) -> None:
        plain, goroutine = (
            set((ROOT / f"go/{folder}/main.go").read_text().splitlines()) for folder in (name, f"{name}-goroutine")
        )
        assert {line.strip() for line in plain - goroutine if not line.startswith("//")} == {
            "func somebody() {}",
            "somebody()",
        }
        assert {line.strip() for line in goroutine - plain if not line.startswith("//")} == {
            "func somebody() <-chan struct{} {",
            "done := make(chan struct{})",
            "go func() { close(done) }()",
            "return done",
            "<-somebody()",
        }


ADVICE = """
# body = "str"
# compiles = true
# remark = "by hand"
#
# [[tool.pipebench.tuning]]
# advice = "uvloop"
# page = "https://example.org/deploy"
# read = 2026-11-26
# taken = "in part"
# why = "why not"
#
# [[tool.pipebench.tuning]]
# advice = "nothing on throughput found"
# page = "https://example.org"
# read = 2026-11-25
# ///
""".lstrip()


def advised(*changes: tuple[str, str]) -> str:
    """A script with two recommendations."""
    text = ADVICE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return script().replace("# ///\nprint", f"{text}print")


class TestTuning:
    def test_it_is_read_whole(self, tmp_path: Path) -> None:
        adapter = one(tmp_path, advised())
        assert (adapter.body, adapter.compiles, adapter.remark) == (Body.STR, True, "by hand")
        assert adapter.tuning == (
            Tuning("uvloop", "https://example.org/deploy", "2026-11-26", Taken.PART, "why not"),
            Tuning("nothing on throughput found", "https://example.org", "2026-11-25"),
        )

    def test_a_program_has_the_same_tables(self, tmp_path: Path) -> None:
        table = '[[tuning]]\nadvice = "x"\npage = "https://example.org"\nread = 2026-11-26\ntaken = "yes"\n'
        adapter = one(tmp_path, toml(TOML) + table, "go/fasthttp/adapter.toml")
        assert adapter.tuning == (Tuning("x", "https://example.org", "2026-11-26", Taken.YES),)

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            ('# why = "why not"\n', "", "tuning 1: why is missing: expected why it was not taken, or not whole"),
            ('"in part"', '"half"', "tuning 1: taken is 'half': expected one of yes, in part, no, or left out"),
            ('"in part"', "true", "tuning 1: taken is true: expected one of yes, in part, no"),
            ("read = 2026-11-26", 'read = "2026-11-26"', "tuning 1: read is '2026-11-26': expected the day"),
            ("read = 2026-11-25\n", "red = 2026-11-25\n", "tuning 2: unknown key 'red': did you mean read?"),
            ('"https://example.org"', '"its README"', "tuning 2: page is 'its README': expected the address"),
            ('# advice = "uvloop"\n', "", "tuning 1: advice is missing: expected what the page recommends"),
            ('body = "str"', 'body = "text"', "body is 'text': expected one of str, bytes"),
            ("compiles = true", "compiles = 1", "compiles is 1: expected true or false"),
            ('remark = "by hand"', 'remark = ""', "remark is '': expected what its user would not get"),
            ('remark = "by hand"', 'remark = "by hand"\n# tuning = "x"', "its metadata is not TOML"),
        ],
    )
    def test_what_is_wrong_with_it_is_told(self, tmp_path: Path, old: str, new: str, says: str) -> None:
        assert says in refusal(tmp_path, advised((old, new)))


class TestReading:
    def test_a_script_is_read_whole(self, tmp_path: Path) -> None:
        keys = METADATA | {
            "scenario": '"pipeline"',
            "group": '"core"',
            "ranked": "false",
            "known_failure": '"aborts at depth 2"',
            "hold": '{ AIOHTTP = "the last with its own loop" }',
        }
        adapter = one(tmp_path, script(keys))
        assert adapter == Adapter(
            name="aiohttp",
            path=tmp_path / "frameworks/aiohttp/app.py",
            language="python",
            title="aiohttp",
            distribution="aiohttp",
            kind=Kind.FRAMEWORK,
            homepage="https://docs.aiohttp.org",
            scenario=Scenario.PIPELINE,
            requires_python=">=3.11",
            dependencies=("aiohttp==3.14.5",),
            exclude_newer="2026-11-20T00:00:00Z",
            ranked=False,
            known_failure="aborts at depth 2",
            group=Group.CORE,
            hold=(("AIOHTTP", "the last with its own loop"),),
        )

    def test_one_that_waits_says_what_with(self, tmp_path: Path) -> None:
        keys = METADATA | {"scenario": '"upstream"', "client": '"async"', "max_clients": "10"}
        adapter = one(tmp_path, script(keys), "frameworks/tornado/upstream_two_words.py")
        assert adapter.name == "tornado-upstream-two-words"
        assert (adapter.scenario, adapter.client, adapter.max_clients) == (Scenario.UPSTREAM, Client.ASYNC, 10)
        without = one(tmp_path, script(keys | {"max_clients": None}).replace("# max_clients\n", ""), str(adapter.path))
        assert without.max_clients is None

    @pytest.mark.parametrize(("language", "source"), [("node", "main.mjs"), ("rust", "main.rs")])
    def test_one_in_another_language_stands_among_the_frameworks(
        self, tmp_path: Path, language: str, source: str
    ) -> None:
        adapter = one(tmp_path, toml(TOML | {"language": f'"{language}"'}), "frameworks/x/adapter.toml")
        assert (adapter.name, adapter.language) == ("x", language)
        assert adapter.path == tmp_path / "frameworks/x" / source

    def test_what_may_be_left_out_has_defaults(self, tmp_path: Path) -> None:
        adapter = one(tmp_path, script({key: value for key, value in METADATA.items() if key != "dependencies"}))
        assert (adapter.dependencies, adapter.ranked, adapter.known_failure) == ((), True, None)
        assert (adapter.scenario, adapter.client, adapter.max_clients) == (Scenario.PIPELINE, None, None)
        assert adapter.group is Group.FIELD
        assert adapter.hold == ()
        assert (adapter.body, adapter.compiles, adapter.remark, adapter.tuning) == (None, False, None, ())

    def test_a_program_is_read_from_adapter_toml(self, tmp_path: Path) -> None:
        adapter = one(tmp_path, toml(TOML), "go/fasthttp/adapter.toml")
        assert (adapter.name, adapter.language, adapter.kind) == ("fasthttp", "go", Kind.BASELINE)
        assert adapter.path == tmp_path / "go/fasthttp/main.go"
        assert (adapter.requires_python, adapter.dependencies) == (None, ())

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("frameworks/aiohttp/app.py", "aiohttp"),
            ("frameworks/aiohttp/app_uvloop.py", "aiohttp-uvloop"),
            ("frameworks/uvloop-httptools/app_two_words.py", "uvloop-httptools-two-words"),
        ],
    )
    def test_its_name_is_its_folder_and_variant(self, tmp_path: Path, path: str, name: str) -> None:
        assert one(tmp_path, script(), path).name == name

    def test_they_come_by_name(self, tmp_path: Path) -> None:
        put(tmp_path, "go/mid/adapter.toml", toml(TOML))
        for name in ("zeta", "alpha"):
            put(tmp_path, f"frameworks/{name}/app.py", script())
        assert [adapter.name for adapter in metadata.discover(tmp_path)] == ["alpha", "mid", "zeta"]

    def test_a_reason_alone_holds_every_pin(self, tmp_path: Path) -> None:
        keys = METADATA | {"dependencies": '["aiohttp==3.14.5", "uvloop==0.22.1"]', "hold": '"as of 2015"'}
        assert one(tmp_path, script(keys)).hold == (("aiohttp", "as of 2015"), ("uvloop", "as of 2015"))
        program = one(tmp_path / "other", toml(TOML | {"hold": '"as of 2015"'}), "go/fasthttp/adapter.toml")
        assert program.hold == (("github.com/valyala/fasthttp", "as of 2015"),)

    def test_an_empty_line_of_the_block_may_be_a_bare_sign(self, tmp_path: Path) -> None:
        text = script().replace("# [tool.uv]\n", "#\n# [tool.uv]\n")
        assert one(tmp_path, text).exclude_newer == "2026-11-20T00:00:00Z"

    def test_line_ends_of_another_system_are_read(self, tmp_path: Path) -> None:
        file = put(tmp_path, "frameworks/aiohttp/app.py", "")
        file.write_bytes(script().replace("\n", "\r\n").encode())
        assert metadata.discover(tmp_path)[0].title == "aiohttp"

    def test_markers_and_extras_of_a_pinned_requirement_are_kept(self, tmp_path: Path) -> None:
        asked = "uvicorn[standard]==0.40.0; python_version < '3.14'"
        assert one(tmp_path, script(METADATA | {"dependencies": f'["{asked}"]'})).dependencies == (asked,)

    def test_no_adapter_is_no_error(self, tmp_path: Path) -> None:
        (tmp_path / "frameworks/empty").mkdir(parents=True)
        assert metadata.discover(tmp_path) == ()


BAD_VALUES = [
    ("requires-python", '"three"', "requires-python is 'three': expected a version range such as '>=3.11'"),
    ("requires-python", "3.11", "requires-python is 3.11: expected a version range"),
    ("requires-python", None, "requires-python is missing: expected a version range"),
    ("dependencies", '"aiohttp==1"', "dependencies is 'aiohttp==1': expected a list such as"),
    ("dependencies", '["aiohttp"]', "dependencies has 'aiohttp': expected an exact pin, aiohttp==VERSION"),
    ("dependencies", '["aiohttp>=3"]', "dependencies has 'aiohttp>=3': expected an exact pin"),
    ("dependencies", '["aiohttp==3.*"]', "expected an exact pin"),
    ("dependencies", '["a @ https://example.org/a.whl"]', "expected an exact pin"),
    ("dependencies", '["=="]', "dependencies has '==': expected a requirement with a pin"),
    ("dependencies", "[3]", "dependencies has 3: expected a requirement with a pin"),
    ("exclude-newer", None, "[tool.uv]: exclude-newer is missing: expected a time such as 2026-11-20T00:00:00Z"),
    ("exclude-newer", "5", "[tool.uv]: exclude-newer is 5: expected a time such as"),
    ("exclude-newer", '"soon"', "[tool.uv]: exclude-newer is 'soon': expected a time such as"),
    ("title", None, "[tool.pipebench]: title is missing: expected the name that tables show"),
    ("title", '""', "[tool.pipebench]: title is '': expected the name"),
    ("title", "7", "[tool.pipebench]: title is 7: expected the name"),
    ("distribution", None, "distribution is missing: expected the distribution or module whose version"),
    ("distribution", "[]", "distribution is []: expected the distribution"),
    ("kind", None, "kind is missing: expected one of framework, server, protocol, baseline"),
    ("kind", '"toy"', "kind is 'toy': expected one of framework, server, protocol, baseline"),
    ("kind", "1", "kind is 1: expected one of framework, server, protocol, baseline"),
    ("homepage", None, "homepage is missing: expected the project's address"),
    ("homepage", "false", "homepage is false: expected the project's address"),
    ("scenario", '"nothing"', "scenario is 'nothing': expected one of pipeline"),
    ("group", '"cores"', "group is 'cores': expected one of core, field, 2017"),
    ("group", "2017", "group is 2017: expected one of core, field, 2017"),
    ("hold", '""', "hold is '': expected why all pins are kept, or a table of those that are, { uvloop = 'why' }"),
    ("hold", '["aiohttp"]', "hold is ['aiohttp']: expected why all pins are kept, or a table"),
    ("hold", "{ aiohttp = true }", "hold: aiohttp is true: expected why this pin is kept"),
    ("hold", '{ aiohttp = "" }', "hold: aiohttp is '': expected why this pin is kept"),
    ("hold", '{ uvloop = "slow" }', "hold names 'uvloop': expected one of aiohttp"),
    ("ranked", '"no"', "ranked is 'no': expected true or false"),
    ("ranked", "1", "ranked is 1: expected true or false"),
    ("known_failure", "true", "known_failure is true: expected why this adapter is known to fail"),
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "keys", "says"),
        [
            ("upstream_x.py", {}, "scenario is 'pipeline': expected scenario = \"upstream\""),
            (
                "app.py",
                {"scenario": '"upstream"', "client": '"async"'},
                "scenario is 'upstream': expected an upstream_",
            ),
            ("upstream_x.py", {"scenario": '"upstream"'}, "client is missing: expected one of blocking, async"),
            (
                "upstream_x.py",
                {"scenario": '"upstream"', "client": '"lazy"'},
                "client is 'lazy': expected one of blocking",
            ),
            ("app.py", {"client": '"async"'}, "client is of scenario upstream only"),
            ("app.py", {"max_clients": "10"}, "max_clients is of scenario upstream only"),
            ("app.py", {"max_clients": "0"}, "max_clients is 0: expected the number of requests"),
            ("app.py", {"max_clients": "true"}, "max_clients is true: expected the number of requests"),
        ],
    )
    def test_metadata_of_the_other_scenario(
        self, path: str, keys: dict[str, str | None], says: str, tmp_path: Path
    ) -> None:
        assert says in refusal(tmp_path, script(METADATA | keys), f"frameworks/aiohttp/{path}")

    @pytest.mark.parametrize(("key", "value", "says"), BAD_VALUES, ids=lambda value: str(value)[:30])
    def test_a_bad_value_in_a_script(self, tmp_path: Path, key: str, value: str | None, says: str) -> None:
        keys = {name: text for name, text in METADATA.items() if name != key}
        if value is not None and key in METADATA:
            keys = METADATA | {key: value}
        elif value is not None:
            keys[key] = value
        message = refusal(tmp_path, script(keys))
        assert message.startswith("frameworks/aiohttp/app.py: ")
        assert says in message
        assert "\n" not in message

    @pytest.mark.parametrize("key", ["title", "distribution", "kind", "homepage"])
    def test_a_missing_key_of_adapter_toml(self, tmp_path: Path, key: str) -> None:
        message = refusal(tmp_path, toml({k: v for k, v in TOML.items() if k != key}), "go/x/adapter.toml")
        assert message.startswith(f"go/x/adapter.toml: {key} is missing: expected ")

    @pytest.mark.parametrize(("value", "shown"), [('"rust"', "'rust'"), ("[1]", "[1]"), (None, "missing")])
    def test_another_language_in_adapter_toml(self, tmp_path: Path, value: str | None, shown: str) -> None:
        keys = {k: v for k, v in TOML.items() if k != "language"} | ({"language": value} if value else {})
        message = refusal(tmp_path, toml(keys), "go/x/adapter.toml")
        assert message == f"go/x/adapter.toml: language is {shown}: expected one of go"

    def test_go_among_the_frameworks_is_refused(self, tmp_path: Path) -> None:
        """Its module is in go/, which the frameworks are not part of."""
        message = refusal(tmp_path, toml(TOML), "frameworks/x/adapter.toml")
        assert message == "frameworks/x/adapter.toml: language is 'go': expected one of node, rust"

    @pytest.mark.parametrize(
        ("typo", "hint"),
        [
            ("tittle", "did you mean title?"),
            ("homepge", "did you mean homepage?"),
            ("zzz", "expected title, distribution"),
        ],
    )
    def test_an_unknown_key_is_told_with_the_nearest(self, tmp_path: Path, typo: str, hint: str) -> None:
        message = refusal(tmp_path, script(METADATA | {typo: '"x"'}))
        assert f"frameworks/aiohttp/app.py: [tool.pipebench]: unknown key '{typo}': {hint}" in message

    def test_an_unknown_key_of_uv(self, tmp_path: Path) -> None:
        text = script().replace("# exclude-newer", "# exclude_newer")
        assert "[tool.uv]: unknown key 'exclude_newer': did you mean exclude-newer?" in refusal(tmp_path, text)

    def test_an_unknown_key_at_the_top(self, tmp_path: Path) -> None:
        """A misspelt ``dependencies`` would build an environment without any."""
        text = script().replace("# dependencies", "# dependancies")
        message = refusal(tmp_path, text)
        assert message == "frameworks/aiohttp/app.py: unknown key 'dependancies': did you mean dependencies?"

    @pytest.mark.parametrize(
        ("lines", "says"),
        [
            ("tool = 3", "[tool] is 3: expected a table"),
            ("tool.uv = 3", "[tool.uv] is 3: expected a table"),
            (
                'tool.pipebench = "x"\n# tool.uv.exclude-newer = "2026-11-20"',
                "[tool.pipebench] is 'x': expected a table",
            ),
        ],
    )
    def test_what_should_be_a_table(self, tmp_path: Path, lines: str, says: str) -> None:
        text = f'# /// script\n# requires-python = ">=3.11"\n# {lines}\n# ///\n'
        assert refusal(tmp_path, text) == f"frameworks/aiohttp/app.py: {says}"

    def test_a_script_without_metadata(self, tmp_path: Path) -> None:
        message = refusal(tmp_path, "print('hello')\n")
        assert message.startswith("frameworks/aiohttp/app.py has no PEP 723 block: begin the file with '# /// script'")
        assert "docs/adapters.md" in message

    def test_a_script_with_two_blocks(self, tmp_path: Path) -> None:
        assert "has more than one PEP 723 block" in refusal(tmp_path, script() + "\n" + script())

    def test_metadata_that_is_no_toml(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, "# /// script\n# title = \n# ///\n").startswith(
            "frameworks/aiohttp/app.py: its metadata is not TOML: "
        )
        (tmp_path / "frameworks/aiohttp/app.py").unlink()
        assert "go/x/adapter.toml: its metadata is not TOML" in refusal(tmp_path, "a b", "go/x/adapter.toml")

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        put(tmp_path, "frameworks/aiohttp/app.py", "").write_bytes(b"# /// script\n# \xff\n# ///\n")
        (found,) = metadata.discover(tmp_path)
        assert found.problem is not None
        assert re.match(r"^frameworks/aiohttp/app\.py .*UTF-8", found.problem)

    def test_two_of_one_name(self, tmp_path: Path) -> None:
        put(tmp_path, "frameworks/aiohttp/app_fast.py", script())
        message = refusal(tmp_path, script(), "frameworks/aiohttp-fast/app.py")
        assert "are both called 'aiohttp-fast': rename one of them" in message
        assert "frameworks/aiohttp/app_fast.py" in message
        assert "frameworks/aiohttp-fast/app.py" in message

    def test_a_folder_whose_program_has_another_name(self, tmp_path: Path) -> None:
        message = refusal(tmp_path, script(), "frameworks/aiohttp/main.py")
        assert (
            message
            == "frameworks/aiohttp has no app.py: an adapter is app.py, app_<variant>.py or upstream_<variant>.py"
        )


class TestSelection:
    @pytest.fixture
    def known(self, tmp_path: Path) -> tuple[Adapter, ...]:
        for name in ("aiohttp", "aiohttp-uvloop", "sanic", "tornado"):
            put(tmp_path, f"frameworks/{name}/app.py", script())
        return metadata.discover(tmp_path)

    @pytest.fixture
    def grouped(self, tmp_path: Path) -> tuple[Adapter, ...]:
        for name, group in {"aiohttp": "core", "aiohttp-2017": "2017", "sanic": "core", "tornado": "field"}.items():
            put(tmp_path, f"frameworks/{name}/app.py", script(METADATA | {"group": f'"{group}"'}))
        return metadata.discover(tmp_path)

    @pytest.mark.parametrize(
        ("patterns", "names"),
        [
            ((), ["aiohttp", "aiohttp-uvloop", "sanic", "tornado"]),
            (("sanic",), ["sanic"]),
            (("tornado", "aiohttp"), ["aiohttp", "tornado"]),  # the order of discovery, each once
            (("aio*", "aiohttp"), ["aiohttp", "aiohttp-uvloop"]),
            (("[st]*",), ["sanic", "tornado"]),
        ],
    )
    def test_by_pattern(self, known: tuple[Adapter, ...], patterns: tuple[str, ...], names: list[str]) -> None:
        assert [adapter.name for adapter in metadata.select(known, patterns)] == names

    @pytest.mark.parametrize(
        ("patterns", "groups", "names"),
        [
            ((), (Group.CORE,), ["aiohttp", "sanic"]),
            ((), (Group.FIELD, Group.CORE), ["aiohttp", "sanic", "tornado"]),
            (("aio*",), (Group.SEED_2017,), ["aiohttp-2017"]),
            (("aio*",), (), ["aiohttp", "aiohttp-2017"]),
        ],
    )
    def test_by_group(
        self, grouped: tuple[Adapter, ...], patterns: tuple[str, ...], groups: tuple[Group, ...], names: list[str]
    ) -> None:
        assert [adapter.name for adapter in metadata.select(grouped, patterns, groups)] == names

    @pytest.mark.parametrize(
        ("patterns", "groups", "says"),
        [
            (("tornado",), (Group.CORE,), "none of tornado is in group core: they are in --group field"),
            (
                ("aio*",),
                (Group.FIELD,),
                "none of aiohttp, aiohttp-2017 is in group field: they are in --group core,2017",
            ),
        ],
    )
    def test_where_no_group_fits_theirs_is_told(
        self, grouped: tuple[Adapter, ...], patterns: tuple[str, ...], groups: tuple[Group, ...], says: str
    ) -> None:
        with pytest.raises(AdapterError) as refused:
            metadata.select(grouped, patterns, groups)
        assert str(refused.value) == says

    @pytest.mark.parametrize(
        ("pattern", "hint"),
        [
            ("aiohtp", "did you mean aiohttp or aiohttp-uvloop?"),
            ("tornada", "did you mean tornado?"),
            ("qqq", "there are aiohttp, aiohttp-uvloop, sanic, tornado"),
            ("Sanic", "did you mean sanic?"),
        ],
    )
    def test_one_that_matches_nothing_is_told_with_the_nearest(
        self, known: tuple[Adapter, ...], pattern: str, hint: str
    ) -> None:
        with pytest.raises(AdapterError) as refused:
            metadata.select(known, ["sanic", pattern])
        assert str(refused.value) == f"no adapter matches '{pattern}': {hint}"
