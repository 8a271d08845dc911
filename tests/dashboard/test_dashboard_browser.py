"""Every page in a real browser: it is shown, it asks nothing of other hosts, and it does what it says."""

from __future__ import annotations

import csv
import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from embedkit.demo.generate import write_marketplace
from embedkit.stages import classify, index, train
from embedkit.stores import judgements
from embedkit.stores.runs import now
from embedkit.studies import Study, write_study
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.dashboard.conftest import HOSTILE
from tests.review_worlds import silent

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
PAGES = ("", "scenarios", "errors", "listing", "search", "threshold", "review", "map")
PATIENCE_MS = 120_000
SCREENSHOTS = os.environ.get("EMBEDKIT_SCREENSHOTS")
"""A folder for a picture of each page, to be looked at."""

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("streamlit") is None, reason="streamlit is not installed"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}: apt-get install chromium"),
]


@dataclass
class Screen:
    """A browser in front of which somebody sits. What it wanted from other hosts is noted, and not given."""

    page: Any
    address: str
    outside: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        """Go to a page, and wait until all of it is there."""
        self.page.goto(f"{self.address}/{name}", wait_until="commit")
        self.settle()

    def settle(self) -> None:
        """Wait until the page's script has run and everything that it shows has been drawn."""
        self.page.wait_for_selector("h1", timeout=PATIENCE_MS)
        self.page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=PATIENCE_MS)
        self.page.wait_for_selector('[data-testid="stSkeleton"]', state="detached", timeout=PATIENCE_MS)
        self.page.wait_for_timeout(500)

    def says(self, words: str) -> None:
        """Wait until the page says this."""
        self.page.get_by_text(words).first.wait_for(timeout=PATIENCE_MS)

    @property
    def words(self) -> str:
        return str(self.page.locator('[data-testid="stMain"]').inner_text())

    def calm(self) -> bool:
        """Return whether nothing on the page failed, nothing harmed it, and it asked nobody else for anything."""
        failed = self.page.locator('[data-testid="stException"]').count() or "Error:" in self.words
        harmed = self.page.evaluate("window.harmed") is not None
        return not (failed or harmed or self.outside or self.broken)


def made(folder: Path) -> Workspace:
    """Return a workspace of the sample marketplace, one of its titles hostile, with studies beside it."""
    shop = write_marketplace(folder / "shop", listings_per_category=12, seed=7)
    with shop.catalog.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[0]["title"] = HOSTILE
    with shop.catalog.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    workspace = Workspace(folder / "workspace")
    index.run(workspace, index.IndexSpec(shop.catalog), silent, no_progress)
    train.run(workspace, train.TrainSpec(), silent, no_progress)
    classify.run(workspace, classify.ClassifySpec(promise=0.8, queue=20), silent)
    _studies(workspace)
    return workspace


def _studies(workspace: Workspace) -> None:
    with workspace.database().connect(read_only=True) as connection:
        said = judgements.load_predictions(connection, judgements.load_heads(connection)[-1].head_id)
    drawn = [
        {
            "item_id": one.item_id,
            "key": f"MK-{one.item_id:06d}",
            "title": HOSTILE,
            "x": float(number % 10),
            "y": float(number // 10),
            "category": one.labels[0],
            "predicted": one.labels[0],
            "confidence": one.probs[0],
            "outcome": "right",
        }
        for number, one in enumerate(said)
    ]
    numbers = {"map_spaces": "clip-image", "map_method": "t-SNE"}
    write_study(workspace, Study("report", 90, now(), numbers, {"map": drawn}))
    scenarios = [
        {"scenario": name, "what": HOSTILE, "test_accuracy": 0.9, "test_low": 0.8, "test_high": 0.95, "total_s": 3.0}
        for name in ("0", "A")
    ]
    write_study(workspace, Study("compare", 91, now(), {"decision": [HOSTILE]}, {"scenarios": scenarios}))


@contextmanager
def served(root: Path, *options: str) -> Iterator[str]:
    """Yield the address of a dashboard that runs as a command; it is ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [str(Path(sys.executable).with_name("embedkit")), "dashboard", "-w", str(root), "--port", port, *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all, for starting one takes longer than a test."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=SWITCHES.split())
        yield started
        started.close()


def sitting(browser: Any, address: str) -> Screen:
    """Return a page of a browser that goes nowhere but to this machine."""
    page = browser.new_page(viewport={"width": 1400, "height": 1400})
    page.set_default_timeout(PATIENCE_MS)
    screen = Screen(page, address)

    def route(asked: Any) -> None:
        url = asked.request.url
        if url.startswith(("data:", "blob:")) or re.match(r"http://127\.0\.0\.1[:/]", url):
            asked.continue_()
        else:
            screen.outside.append(url)
            asked.abort()

    page.route("**/*", route)
    page.on("pageerror", lambda error: screen.broken.append(str(error)))
    return screen


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return made(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def screen(shop: Workspace, browser: Any) -> Iterator[Screen]:
    """Somebody who looks at the shop."""
    with served(shop.root) as address:
        yield sitting(browser, address)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_shown_and_asks_nothing_of_other_hosts(screen: Screen, name: str) -> None:
    screen.look(name)
    assert screen.calm()
    assert len(screen.words) > 50
    if SCREENSHOTS:
        height = screen.page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        screen.page.set_viewport_size({"width": 1400, "height": min(4000, max(800, int(height) + 80))})
        screen.page.wait_for_timeout(1000)
        screen.page.screenshot(path=str(Path(SCREENSHOTS) / f"{name or 'overview'}.png"))
        screen.page.set_viewport_size({"width": 1400, "height": 1000})


def test_the_first_page_draws_its_charts(screen: Screen) -> None:
    screen.look("")
    screen.page.wait_for_selector('[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg')
    assert "84" in screen.page.locator(".ek-figures dd").first.inner_text()


def test_an_error_leads_to_its_listing(screen: Screen) -> None:
    screen.look("errors")
    table = screen.page.locator('[data-testid="stDataFrame"] canvas').first
    table.click(position={"x": 17, "y": 53}, force=True)  # what takes the click lies above the canvas
    screen.page.wait_for_url("**/listing*", timeout=PATIENCE_MS)
    screen.settle()
    screen.says("What the model says")
    assert re.search(r"key=MK-\d+", screen.page.url)
    assert screen.calm()


def test_a_hostile_title_is_shown_as_it_is(screen: Screen) -> None:
    screen.look("listing?key=MK-000001")
    screen.says("window.harmed=1")
    assert HOSTILE in screen.page.locator(".ek-title").inner_text()
    assert screen.calm()


def test_a_listing_is_explained_on_demand(screen: Screen) -> None:
    screen.look("listing?key=MK-000004")
    screen.page.get_by_role("button", name="Explain").click()
    frame = screen.page.frame_locator("iframe")
    frame.get_by_text("What each part adds").first.wait_for(timeout=PATIENCE_MS)
    assert screen.calm()


def test_words_find_listings_and_each_leads_to_its_page(screen: Screen) -> None:
    screen.look("search")
    asked = screen.page.get_by_label("Words to look for")
    asked.fill("watch")
    asked.press("Enter")
    found = screen.page.locator(".ek-cards a").first
    found.wait_for(timeout=PATIENCE_MS)
    assert screen.page.locator(".ek-cards li").count() == 12
    title = found.inner_text()
    found.click()
    screen.page.wait_for_url("**/listing?key=*", timeout=PATIENCE_MS)
    screen.settle()
    screen.page.locator(".ek-title").wait_for(timeout=PATIENCE_MS)
    assert screen.page.locator(".ek-title").inner_text() == title


def test_a_picture_finds_listings_that_look_like_it(screen: Screen, shop: Workspace) -> None:
    pictures = sorted((shop.root.parent / "shop").rglob("*.jpg"), key=lambda path: -path.stat().st_size)
    screen.look("search")
    screen.page.locator('input[type="file"]').set_input_files(str(pictures[0]))
    screen.page.locator(".ek-cards li").first.wait_for(timeout=PATIENCE_MS)
    assert screen.calm()


def test_a_file_that_is_no_picture_is_refused_in_words(screen: Screen, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"not a picture")
    screen.look("search")
    screen.page.locator('input[type="file"]').set_input_files(str(tmp_path / "no.png"))
    screen.says("This file is not a picture that can be read.")


def percent(screen: Screen) -> float:
    """Return the first figure on the page."""
    return float(screen.page.locator(".ek-figures dd").first.inner_text().rstrip("%"))


def test_the_threshold_moves_by_the_keyboard_and_the_figures_with_it(screen: Screen) -> None:
    screen.look("threshold")
    before, covered = screen.page.locator(".ek-figures").inner_text(), percent(screen)
    slider = screen.page.get_by_role("slider").first
    slider.focus()
    for _ in range(40):
        slider.press("ArrowLeft")
    screen.page.wait_for_function(
        "before => document.querySelector('.ek-figures').innerText !== before", arg=before, timeout=PATIENCE_MS
    )
    assert percent(screen) > covered
    assert screen.calm()


def test_a_box_on_the_map_lists_what_is_in_it(screen: Screen) -> None:
    screen.look("map")
    drawn = screen.page.locator('[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg').first
    drawn.wait_for(timeout=PATIENCE_MS)
    screen.page.wait_for_timeout(1000)
    box = drawn.bounding_box()
    mouse = screen.page.mouse
    mouse.move(box["x"] + 15, box["y"] + 15)  # a box begins within the axes, and those within a margin
    mouse.down()
    mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.5, steps=8)
    mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] - 20, steps=8)
    mouse.up()
    screen.says("in the box")
    screen.page.locator('[data-testid="stDataFrame"]').wait_for(timeout=PATIENCE_MS)
    assert screen.calm()


def test_pages_are_shown_while_a_command_writes_and_neither_fails(shop: Workspace, screen: Screen) -> None:
    command = [str(Path(sys.executable).with_name("embedkit"))]
    catalog = next((shop.root.parent / "shop").glob("*.csv"))
    again = ["index", str(catalog), "-w", str(shop.root), "--picture", "grey"]
    writer = subprocess.Popen([*command, *again], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    shown = 0
    while writer.poll() is None or shown < 2:
        screen.look(("", "errors", "review")[shown % 3])
        assert screen.calm()
        shown += 1
    assert writer.stderr is not None
    assert writer.returncode in (0, 3), writer.stderr.read()


def test_an_empty_folder_is_survived_by_every_page(tmp_path: Path, browser: Any) -> None:
    with served(tmp_path) as address:
        screen = sitting(browser, address)
        for name in PAGES:
            screen.look(name)
            screen.says("holds no catalogue")
            assert screen.calm()
