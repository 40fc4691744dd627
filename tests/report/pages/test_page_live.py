"""The page in a real browser: nothing is asked of a network, and all of it can be used by pointer and by keyboard."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from runner.explaining import view as explained_view
from runner.judging import stats
from runner.record import store
from runner.record.adapter import Kind
from runner.record.beside.explained import Explained, Stack
from runner.record.run import Run
from runner.record.trial import Exit, LogError, Trial
from runner.report.charts import charts
from runner.report.pages import page as report
from runner.rows import cells, rows
from runner.rows.figures import NOTHING
from tests import builders
from tests.explaining import seen as explaining
from tests.programs import eventually

pytestmark = pytest.mark.live

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PUBLISHED = Path(__file__).parents[3] / "results" / "published"
NEWEST = max(PUBLISHED.glob("*-default"))
PAGES = sorted(PUBLISHED.rglob("index.html"))
DESKTOP, PHONE = (1280, 900), (375, 812)
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


def _failing() -> tuple[Run, list[Trial]]:
    """Twelve servers at two depths, of two kinds; one crashes, with a title and a log that bite."""
    head, trials = builders.matrix(adapters=12, depths=(1, 16))
    records = list(head.adapters)
    records[1] = replace(records[1], title=HOSTILE, homepage="javascript:alert(1)")
    records[2] = replace(records[2], kind=Kind.BASELINE)
    records.append(builders.adapter_record(name="gone", title="gone", unavailable=HOSTILE, log_tail=(HOSTILE,)))
    died = Exit(code=None, signal="SIGABRT", killed=False, before_stop=True)
    made = [
        replace(trial, exit=died, errors=(LogError(HOSTILE, 1),), log="logs/x.log")
        if trial.cell.adapter == "adapter-1"
        else trial
        for trial in trials
    ]
    return replace(head, adapters=tuple(records), finished_at=None), made


def _explained(adapter: str, python: str | None) -> Explained:
    """A server of which all was seen, with a function that bites."""
    bites = Stack((*explaining.ROOT, HOSTILE), 400)
    made = explaining.explained(adapter, python)
    return replace(made, sampled=tuple(replace(one, stacks=(*one.stacks, bites)) for one in made.sampled))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A published run's page, and that of a run in which much went wrong."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, (head, trials) in {"published": store.read(NEWEST), "failing": _failing()}.items():
        made[name] = folder / f"{name}.html"
        found = rows.rows(head, trials)
        drawings = charts.drawings(head, found, trials)
        seen = [_explained(record.name, record.python) for record in head.adapters if record.unavailable is None]
        beside = report.Beside(explained=explained_view.views(head, trials, found, seen))
        text = report.render(head, found, trials, lambda _: f"before\n{HOSTILE}\n" * 40, drawings, beside)
        made[name].write_text(text, encoding="utf-8")
    return made


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.fixture(params=["light", "dark"])
def context(request: pytest.FixtureRequest, browser: Browser, size: tuple[int, int]) -> Iterator[BrowserContext]:
    width, height = size
    made = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=request.param, reduced_motion="reduce", offline=True
    )
    yield made
    made.close()


@pytest.fixture(params=["published", "failing"])
def page(request: pytest.FixtureRequest, context: BrowserContext, files: dict[str, Path]) -> Iterator[Page]:
    """A page that is open; after the test nothing has been said on its console, and nothing been asked for."""
    opened = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.on("request", lambda made: asked.append(made.url))
    address = files[request.param].as_uri()
    opened.goto(address)
    yield opened
    assert said == []
    assert {url.partition("?")[0] for url in asked if not url.startswith("data:")} == {address}


def rows_shown(page: Page) -> Locator:
    return page.locator("#results-table tbody tr:visible")


def column(page: Page, heading: str) -> list[str]:
    """The texts of a column, of the rows that are shown."""
    headings = [text.strip() for text in page.locator("#results-table thead th").all_inner_texts()]
    place = headings.index(heading) + 1
    return page.locator(f"#results-table tbody tr:visible > :nth-child({place})").all_inner_texts()


def open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def heading(page: Page, name: str) -> Locator:
    return page.locator("#results-table thead th").filter(has=page.get_by_role("button", name=name, exact=True))


def rates(page: Page) -> list[float | None]:
    return [
        None if text == NOTHING or text.startswith("(") else float("".join(filter(str.isdigit, text)))
        for text in column(page, "requests/s")
    ]


def test_sorting_by_pointer(page: Page) -> None:
    before = column(page, "server")
    button = page.get_by_role("button", name="requests/s", exact=True)
    for order, descending in (("descending", True), ("ascending", False)):
        button.click()
        assert heading(page, "requests/s").get_attribute("aria-sort") == order
        found = rates(page)
        known = [rate for rate in found if rate is not None]
        assert known == sorted(known, reverse=descending)
        assert len(known) < len(found)
        assert found[len(known) :] == [None] * (len(found) - len(known))  # not measured: last, whichever way
        assert page.locator("#shown").inner_text().endswith(f"sorted by requests/s, {order}")
    button.click()
    assert heading(page, "requests/s").get_attribute("aria-sort") == "none"
    assert column(page, "server") == before


def test_sorting_and_filtering_by_keyboard_alone(page: Page) -> None:
    """From the top of the page, by Tab, letters, Enter and Space."""

    def focused(wanted: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.matches({wanted!r})"):
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none"
                return
        pytest.fail(f"Tab does not reach {wanted}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    focused("select[name=depth]")
    page.keyboard.type("16")
    assert set(column(page, "depth")) == {"16"}
    focused("input[type=search]")
    page.keyboard.type("no such server")
    assert rows_shown(page).count() == 0
    assert page.locator("#shown").inner_text().startswith("0 of ")
    for _ in "no such server":
        page.keyboard.press("Backspace")
    focused("thead th:first-child button")
    page.keyboard.press("Enter")
    ascending = column(page, "server")
    page.keyboard.press("Space")
    assert column(page, "server") == ascending[::-1]
    assert len(set(ascending)) > 1


def test_filtering(page: Page) -> None:
    everything = rows_shown(page).count()
    page.locator("select[name=kind]").select_option("baseline")
    assert {row.get_attribute("data-kind") for row in rows_shown(page).all()} == {"baseline"}
    page.locator("select[name=depth]").select_option("16")
    assert set(column(page, "depth")) == {"16"}
    few = rows_shown(page).count()
    assert 0 < few < everything
    assert page.locator("#shown").inner_text() == f"{few} of {everything} rows"
    page.locator("select[name=kind]").select_option("")
    page.locator("select[name=depth]").select_option("")
    python = page.locator("select[name=python]").locator("option").nth(1).inner_text()
    page.locator("select[name=python]").select_option(python)
    assert set(column(page, "Python")) == {python}
    page.locator("select[name=python]").select_option("")
    page.get_by_role("searchbox", name="Text").fill("crash")
    assert {text.split()[0] for text in column(page, "verdict")} <= {"crashed", "broken"}


def test_only_tables_and_logs_scroll_sideways(page: Page, size: tuple[int, int]) -> None:
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_table_fits_a_desktop_and_is_scrolled_by_keyboard_on_a_phone(page: Page, size: tuple[int, int]) -> None:
    table = page.get_by_role("region", name="Table of results", exact=True)
    fits = table.evaluate("one => one.scrollWidth <= one.clientWidth")
    if size == DESKTOP:
        assert fits
        return
    assert not fits
    table.focus()
    page.keyboard.press("ArrowRight")
    assert eventually(lambda: table.evaluate("one => one.scrollLeft > 0"))
    server = page.locator("#results-table tbody th").first.bounding_box()
    whole = table.bounding_box()
    assert server is not None
    assert whole is not None
    assert server["x"] == pytest.approx(whole["x"], abs=1)  # the names stay


def test_charts_can_be_seen_in_their_theme(page: Page) -> None:
    """Each chart has a size, uses the width, and is drawn in inks of the theme, but for flame graphs."""
    charts = page.locator("main > section figure")
    assert charts.count() >= 8
    whole = page.locator("main").evaluate("one => one.clientWidth - 2 * parseFloat(getComputedStyle(one).paddingLeft)")
    for chart in charts.all():
        box = chart.bounding_box()
        assert box is not None
        assert box["width"] == pytest.approx(whole, abs=1)
        assert box["height"] >= 80
    for mark in page.locator("#overview use").all():
        box = mark.bounding_box()
        assert box is not None
        assert box["width"] >= 7
    faint = page.evaluate("getComputedStyle(document.querySelector('.lead')).color")
    texts = "[...document.querySelectorAll('svg:not(.flame) text')]"
    fills = page.evaluate(f"{texts}.map((text) => getComputedStyle(text).fill)")
    assert set(fills) == {faint}


def test_rows_of_a_chart_are_on_one_scale(page: Page) -> None:
    """All plots of a column begin and end at the same place, whatever their figures are."""
    for column in page.locator("#overview .column").all():
        boxes = [row.bounding_box() for row in column.locator(".row").all()]
        assert len({(box["x"], box["width"]) for box in boxes if box is not None}) == 1


def test_the_first_screen_says_what_who_and_how_sure(page: Page, size: tuple[int, int]) -> None:
    inside = ["h1", ".lead", ".findings"] + ([".caveats", "#overview .column"] if size == DESKTOP else [])
    for place in inside:
        box = page.locator(place).first.bounding_box()
        assert box is not None
        assert box["y"] < size[1] * (0.75 if size == DESKTOP else 1), place


def view(page: Page, name: str) -> Locator:
    return page.locator(f"article[id='{name}']")


def test_a_servers_own_view_stands_alone_and_leads_back(page: Page, size: tuple[int, int]) -> None:
    link = page.locator("#results-table tbody th a").first
    place = str(link.get_attribute("href")).removeprefix("#")
    link.click()
    assert page.url.endswith(f"#{place}")
    assert view(page, place).is_visible()
    assert page.locator("#results-table").is_hidden()
    assert page.locator(".view:visible").count() == 1
    assert view(page, place).locator("table").first.is_visible()
    if size == PHONE:
        assert Axe().run(page).violations_count == 0
    view(page, place).get_by_role("link", name="All servers").click()
    assert page.locator("#results-table").is_visible()
    assert page.locator(".view:visible").count() == 0


def test_chosen_servers_are_seen_alone_and_the_address_keeps_them(page: Page, size: tuple[int, int]) -> None:
    page.get_by_text("Choose up to 6 servers").click()
    boxes = page.locator("#choice input")
    names = [str(box.get_attribute("value")) for box in boxes.all()][:2]
    for name in names:
        page.locator(f"#choice input[value='{name}']").check()
    assert f"?servers={','.join(names)}" in page.url
    page.reload()
    shown = page.evaluate("[...document.querySelectorAll('main > section [data-server]')]"
                          ".filter((one) => !one.hidden).map((one) => one.dataset.server)")  # fmt: skip
    assert set(shown) == set(names)
    assert {row.get_attribute("data-server") for row in rows_shown(page).all()} <= set(names)
    assert page.locator(".overlay:visible path.l").count() > 0
    if size == DESKTOP:
        assert Axe().run(page).violations_count == 0
    page.get_by_role("button", name="Show all").click()
    assert "?" not in page.url
    assert rows_shown(page).count() == page.locator("#results-table tbody tr").count()


def test_no_more_than_six_can_be_chosen_and_strangers_are_not(page: Page) -> None:
    names = [str(box.get_attribute("value")) for box in page.locator("#choice input").all()]
    page.goto(page.url.partition("?")[0] + "?servers=" + ",".join([*names, "nobody"]))
    assert page.locator("#choice input:checked").count() == 6
    assert page.locator("#choice input:disabled").count() == len(names) - 6


def test_two_chosen_servers_are_told_apart_by_their_ratio(context: BrowserContext, files: dict[str, Path]) -> None:
    """The ratio that a comparison of two sets of trials gives, and an interval that covers the one given there."""
    head, trials = store.read(NEWEST)
    counting = {
        cell.adapter: [trial.load.requests_per_second for trial in own.used if trial.load is not None]
        for cell, own in cells.by_cell(head, trials).items()
        if cell.depth == 16
    }
    known = stats.ratio_interval(counting["sanic"], counting["aiohttp"])
    assert known is not None
    opened = context.new_page()
    opened.goto(files["published"].as_uri() + "?servers=aiohttp,sanic")
    line = opened.locator("#ratios li", has_text="depth 16").inner_text()
    mean, low, high = (float(number) for number in re.findall(r"\d+\.\d+", line))
    digits = 0.005  # of a figure above 1 that has three
    assert mean == pytest.approx(known.mean, abs=digits)
    assert low <= known.low + digits
    assert high >= known.high - digits
    assert high - low <= 1.5 * (known.high - known.low)


@pytest.mark.parametrize("details", ["closed", "open"])
def test_axe_finds_nothing(page: Page, details: str) -> None:
    if details == "open":
        open_all(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert found.response["passes"]


@pytest.mark.parametrize(("width", "height", "theme"), [(*DESKTOP, "light"), (*PHONE, "dark")])
@pytest.mark.parametrize("document", PAGES, ids=lambda document: document.parent.name)
def test_all_that_is_published_can_be_read_by_all(
    browser: Browser, document: Path, width: int, height: int, theme: Literal["light", "dark"]
) -> None:
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme, offline=True)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(document.as_uri())
    found = Axe().run(opened)
    assert found.violations_count == 0, found.generate_report()
    assert opened.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert said == []
    opened.close()


def test_words_of_others_are_shown_as_text(context: BrowserContext, files: dict[str, Path]) -> None:
    opened = context.new_page()
    opened.goto(files["failing"].as_uri())
    assert opened.locator("#results-table tbody th", has_text=HOSTILE).count() == 2
    opened.goto(files["failing"].as_uri() + "#adapter-1")
    assert HOSTILE in opened.locator("#adapter-1 pre").first.inner_text()
    assert opened.locator("img").count() == 0
    assert opened.locator("a[href^=javascript]").count() == 0


def test_without_scripts_all_of_the_table_is_there(browser: Browser, files: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    opened = context.new_page()
    opened.goto(files["published"].as_uri())
    assert opened.locator("#filters").is_hidden()
    assert opened.locator("#choice").is_hidden()
    assert opened.locator("#results-table tbody tr").count() == len(rows.rows(*store.read(NEWEST)))
    opened.goto(files["published"].as_uri() + "#aiohttp")
    assert opened.locator("#aiohttp").is_visible()
    assert opened.locator("#results-table").is_hidden()
    context.close()
