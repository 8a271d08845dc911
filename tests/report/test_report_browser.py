"""The page in a real browser: with scripts off, without a network, on a screen, on a telephone and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedkit.report.page import write_report
from tests.report.pages import full

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[dev]")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as api:
        chromium = api.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mailed") / "report.html"
    write_report(path, full(), "en")
    return path


class Opened:
    """A page in a tab of its own, with what it asked for and what it complained about."""

    def __init__(self, browser: Any, path: Path, width: int = 1200, *, scripts: bool = True) -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        self.page = context.new_page()
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.goto(path.as_uri(), wait_until="load")


def test_nothing_is_asked_for_and_nothing_runs_even_where_scripts_may(browser: Any, page_file: Path) -> None:
    opened = Opened(browser, page_file)
    elsewhere = [url for url in opened.asked if not url.startswith("data:")]
    assert elsewhere == [page_file.as_uri()]
    assert opened.complaints == []
    assert opened.page.title().startswith("Catalogue report")


def test_it_reads_fully_with_scripts_off(browser: Any, page_file: Path) -> None:
    page = Opened(browser, page_file, scripts=False).page
    assert page.locator("section").count() == 10
    assert page.get_by_role("img", name="Where listings go").is_visible()
    page.get_by_text("The numbers").first.click()
    assert page.locator("details[open] table").first.is_visible()


def test_pictures_are_drawn(browser: Any, page_file: Path) -> None:
    photo = Opened(browser, page_file).page.locator(".card .photo").first
    shot = photo.screenshot()
    assert len(shot) > 100
    from io import BytesIO

    from PIL import Image

    red, green, blue = Image.open(BytesIO(shot)).convert("RGB").getpixel((60, 60))  # type: ignore[misc]
    assert (red > 180, green < 120, blue > 140) == (True, True, True)


@pytest.mark.parametrize("width", [1200, 390])
def test_it_is_never_wider_than_the_window(browser: Any, page_file: Path, width: int) -> None:
    page = Opened(browser, page_file, width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints(browser: Any, page_file: Path) -> None:
    page = Opened(browser, page_file).page
    paper = page.pdf(format="A4", print_background=True)
    assert paper.startswith(b"%PDF")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") >= 4
