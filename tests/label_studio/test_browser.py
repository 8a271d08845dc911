"""The labelling page in a real browser: seen, used by keys, and safe whatever sellers write."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from embedkit.annotation.labelling import AMBIGUOUS, NEEDS_CATEGORY, SEARCH_FIRST
from embedkit.stages import index
from embedkit.stores import answers
from embedkit.types import Answer, no_progress
from embedkit.workspace import Workspace
from tests.label_studio.studio import Person, Studio, number_of, send, take_in
from tests.review_worlds import answered, fit, indexed, silent
from tests.worlds import COLOURS, ColourRegistry, coloured, listing, write_shop

CHROMIUM = shutil.which("chromium")
WIDE, SMALL = (1500, 950), (1280, 720)
PATIENCE_MS = 180_000
SWITCHES = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
HOSTILE = (
    '<script>window.harmed=1</script><img src="http://evil.example/x.png" onerror="window.harmed=2"> '
    "\"quoted\" 'single' & $title $5 {x} 靴 👟 مرحبا"
)
OUT_OF_SIGHT = """() => {
    const bar = document.querySelector('.lsf-bottombar').getBoundingClientRect();
    const parts = ['picture', 'near', 'title', 'text', 'reasons', 'decide', 'flags', 'comment'];
    return parts.filter(name => {
        const part = document.querySelector('.ek-' + name).getBoundingClientRect();
        return part.top < 40 || part.bottom > bar.top + 1 || part.right > innerWidth || part.height < 10;
    });
}"""
CUT_OFF = """() => {
    const picture = document.querySelector('.ek-picture img'), whole = picture.getBoundingClientRect();
    const frame = picture.parentElement.getBoundingClientRect();
    return Math.max(0, Math.round(frame.left - whole.left), Math.round(whole.right - frame.right));
}"""
SETTLED = """before => {
    const studio = window.Htx, picture = document.querySelector('.ek-picture img');
    return Boolean(studio && !studio.isLoading && studio.task && studio.task.id !== before
        && studio.annotationStore.selected && picture && picture.complete && picture.naturalWidth > 0);
}"""
MOVED_ON = "before => window.Htx.noTask || (window.Htx.task && window.Htx.task.id !== before)"
CHOSEN = "[...document.querySelectorAll('.ek input:is([type=radio], [type=checkbox]):checked')].map(one => one.name)"
SUBMIT, SKIP = ('button[data-testid="bottombar-submit-button"]', 'button[data-testid="bottombar-skip-button"]')

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the PATH: apt-get install chromium"),
]


@dataclass
class Screen:
    """A browser in front of which somebody sits, logged in. What it wanted from other hosts is noted, and not given."""

    page: Any
    url: str
    outside: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    left: int = 0
    """The number of the task that was finished last."""

    def label_all(self, project_id: int) -> None:
        """Open the stream of tasks, and wait for the first."""
        self.page.goto(f"{self.url}/projects/{project_id}/data", wait_until="domcontentloaded")
        self.page.click("text=Label All Tasks")
        self.settle()

    def settle(self) -> None:
        """Wait until a task is there, another than the one before, with its picture."""
        self.page.wait_for_selector(SUBMIT)
        self.page.wait_for_function(SETTLED, arg=self.left)

    def press(self, *keys: str) -> None:
        """Press keys that choose something, each when the one before has done so."""
        for key in keys:
            before = self.chosen()
            self.page.keyboard.press(key)
            self.page.wait_for_function(f"before => String({CHOSEN}) !== before", arg=",".join(before))

    def finish(self, button: str = SUBMIT, key: str = "") -> dict[str, Any]:
        """Press a button of the bottom bar, or its key, and return the annotation that came about."""
        self.left = int(self.page.evaluate("window.Htx.task.id"))
        with self.page.expect_response(
            lambda answer: "/annotations" in answer.url and answer.request.method == "POST"
        ) as made:
            self.page.keyboard.press(key) if key else self.page.click(button)
        assert made.value.status == 201
        self.page.wait_for_function(MOVED_ON, arg=self.left)
        return dict(made.value.json())

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).first.inner_text())

    def task(self) -> str:
        """Return the title of the listing that is shown."""
        return self.text(".ek-title")

    def chosen(self) -> list[str]:
        """Return what is chosen and flagged now."""
        return list(self.page.evaluate(CHOSEN))

    def hangs_over(self) -> list[str]:
        """Return the parts of the page that a person would have to scroll to."""
        return list(self.page.evaluate(OUT_OF_SIGHT))


@contextmanager
def sitting(person: Person, size: tuple[int, int] = WIDE) -> Iterator[Screen]:
    """Yield a browser that this person has logged in with."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=SWITCHES.split(), timeout=PATIENCE_MS
        )
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(PATIENCE_MS)
        screen = Screen(page, person.url)

        def route(asked: Any) -> None:
            address = asked.request.url
            if address.startswith(("data:", "blob:")) or re.match(r"http://127\.0\.0\.1[:/]", address):
                asked.continue_()
            else:
                screen.outside.append(address)
                asked.abort()

        page.route("**/*", route)
        page.on("pageerror", lambda error: screen.broken.append(str(error)))
        page.goto(f"{person.url}/user/login/", wait_until="domcontentloaded")
        page.fill('input[name="email"]', person.email)
        page.fill('input[name="password"]', "Passw0rd-of-" + person.email)
        page.click('button[type="submit"]')
        page.wait_for_url(lambda address: "/user/login" not in address)
        yield screen
        browser.close()


def sent(workspace: Workspace, studio: Studio, project: str, **options: Any) -> int:
    """Export a small batch to the server, and return its project."""
    return number_of(send(workspace, studio.api, project, **{"budget": 4, **options}))


def current(workspace: Workspace) -> list[Answer]:
    """Return what people said, oldest first."""
    with workspace.database().connect(read_only=True) as connection:
        return sorted(answers.load_annotations(connection), key=lambda one: one.updated_at)


@pytest.mark.parametrize("size", [WIDE, SMALL], ids=["1500x950", "1280x720"])
def test_a_person_sees_the_evidence_decides_by_keys_and_import_finds_that_very_answer(
    shop: Workspace, studio: Studio, size: tuple[int, int]
) -> None:
    name = f"by keys {size[0]}"
    project_id = sent(shop, studio, name)
    with sitting(studio.person("ann"), size) as screen:
        screen.label_all(project_id)
        title = screen.task()
        assert title.split()[0] in COLOURS
        assert screen.text(".ek-said") == f"The catalogue says: {title.split()[0]}"
        assert "not sure" in screen.text(".ek-reasons") or "random" in screen.text(".ek-reasons")
        assert screen.page.locator(".ek-suggestions tbody tr").count() == len(COLOURS)
        assert re.search(r"\d+ %", screen.text(".ek-suggestions"))
        assert screen.page.locator(".ek-cell").count() == 5
        assert "url(" in screen.page.evaluate("getComputedStyle(document.querySelector('.ek-cell i')).backgroundImage")
        assert screen.hangs_over() == []
        screen.press("2", "3", AMBIGUOUS.key)
        assert screen.chosen() == [sorted(COLOURS)[2], AMBIGUOUS.name]
        assert screen.page.locator(".ek-new").is_hidden()
        screen.page.fill(".ek-comment input", "a comment: 1 q 2")
        made = screen.finish()
        screen.settle()
        assert (screen.task() != title, screen.chosen()) == (True, [])
        assert (screen.outside, screen.broken) == ([], [])
    report = take_in(shop, studio.api, name)
    (answer,) = current(shop)
    assert (report.failed, answer.annotation_id, answer.who) == (0, made["id"], "ann@example.com")
    assert (answer.label, answer.flags, answer.comment) == (sorted(COLOURS)[2], ("ambiguous",), "a comment: 1 q 2")
    assert (answer.origin, answer.lead_time_s and answer.lead_time_s > 0) == ("manual", True)
    assert [row.label for row in answered(shop).values()] == sorted(COLOURS)[2:3]


def test_a_missing_category_is_named_in_a_field_that_opens_for_it_and_a_skip_is_no_label(
    shop: Workspace, studio: Studio
) -> None:
    project_id = sent(shop, studio, "a missing category")
    with sitting(studio.person("ben")) as screen:
        screen.label_all(project_id)
        assert screen.page.locator(SUBMIT).is_disabled()
        screen.press(NEEDS_CATEGORY.key)
        screen.page.fill(".ek-new input", 'Umbrellas, "foldable" <x> 靴')
        screen.finish()
        screen.settle()
        screen.finish(SKIP)
        screen.settle()
        screen.press("1")
        screen.finish(key="Control+Enter")
    take_in(shop, studio.api, "a missing category")
    assert sorted(one.state for one in current(shop)) == ["answered", "flagged", "skipped"]
    (flagged,) = [one for one in current(shop) if one.state == "flagged"]
    assert (flagged.new_category, flagged.flags) == ('Umbrellas, "foldable" <x> 靴', ("needs_category",))
    assert len(answered(shop)) == 1


def test_the_most_doubtful_listing_comes_first(shop: Workspace, studio: Studio) -> None:
    project_id = sent(shop, studio, "the order", budget=6)
    tasks = studio.admin.ask("GET", "/api/tasks", params={"project": project_id, "fields": "all", "page_size": 100})
    scores = {task["data"]["title"]: task["predictions"][0]["score"] for task in tasks["tasks"]}
    seen = []
    with sitting(studio.person("cleo")) as screen:
        screen.label_all(project_id)
        for _ in range(3):
            seen.append(screen.task())
            screen.press("1")
            screen.finish()
            screen.settle()
    assert [scores[title] for title in seen] == sorted(scores.values())[:3]


def test_the_list_of_tasks_is_one_that_people_can_read(shop: Workspace, studio: Studio) -> None:
    project_id = sent(shop, studio, "the list", budget=6)
    with sitting(studio.person("finn")) as screen:
        screen.page.goto(f"{screen.url}/projects/{project_id}/data", wait_until="domcontentloaded")
        screen.page.wait_for_selector("text=Label All Tasks")
        screen.page.get_by_text("blue no").or_(screen.page.get_by_text("red no")).first.wait_for()
        listed = screen.text("body").lower()
    assert [name for name in ("title", "category", "reasons") if name not in listed] == []
    assert [name for name in ("neighbours", "suggestions", "<span", "ek-cell") if name in listed] == []


def test_hostile_listings_are_shown_as_they_were_written_and_nothing_runs(
    workspace: Workspace, colours: ColourRegistry, studio: Studio, tmp_path: Path
) -> None:
    names = ("Under $5 & $title", "<b onclick='window.harmed=3'>Bags</b>, \"x\"", "أحذية 靴")
    rows = [
        listing(f"k{number}", list(COLOURS)[number % 3], names[number % 3], f"{HOSTILE} {number}", description=HOSTILE)
        for number in range(30)
    ]
    indexed(workspace, tmp_path / "hostile", rows)
    fit(workspace)
    project_id = sent(workspace, studio, "hostile")
    with sitting(studio.person("dora")) as screen:
        screen.label_all(project_id)
        assert screen.task().startswith("<script>window.harmed=1</script><img src=")
        shown = [str(one.inner_text()) for one in screen.page.locator(".ek-category label").all()]
        plain = [text.replace("\N{WORD JOINER}", "").replace("\n", "") for text in shown]
        assert plain == [f"{name}[{key}]" for key, name in enumerate(sorted(names), 1)]
        assert screen.page.evaluate("window.harmed") is None
        assert (screen.outside, screen.broken) == ([], [])
        assert screen.page.locator(".ek script, .ek iframe, .ek img[src*=evil]").count() == 0
        screen.press("1")
        screen.finish()
    take_in(workspace, studio.api, "hostile")
    assert [one.label for one in current(workspace)] == sorted(names)[:1]


@pytest.mark.parametrize("way", ["upload", "inside", "local", "url"])
def test_the_picture_is_seen_whichever_way_it_comes(
    opened: Workspace, shop: Workspace, studio: Studio, way: str
) -> None:
    with served(opened.root.parent / "shop") as address:
        folder = studio.spec.pictures
        assert folder is not None
        (folder / "shared").mkdir(exist_ok=True)
        pictures = {"local": f"local:{folder / 'shared'}", "url": f"url:{address}/"}.get(way, way)
        project_id = sent(shop, studio, f"pictures {way}", pictures=pictures)
        with sitting(studio.person("eve")) as screen:
            screen.label_all(project_id)
            seen = screen.page.evaluate(
                "() => { const picture = document.querySelector('.ek-picture img'), canvas = document.createElement("
                "'canvas'), brush = canvas.getContext('2d'); brush.drawImage(picture, 0, 0); "
                "return [...brush.getImageData(2, 2, 1, 1).data].slice(0, 3); }"
            )
            wanted = COLOURS[screen.task().split()[0]]
            assert all(abs(one - other) < 40 for one, other in zip(seen, wanted, strict=True))
            assert screen.outside == []


def test_a_wide_picture_is_seen_to_its_edges(
    workspace: Workspace, colours: ColourRegistry, studio: Studio, tmp_path: Path
) -> None:
    rows = coloured(30, tuple(COLOURS))
    shop = write_shop(tmp_path / "wide", rows)
    for number, row in enumerate(rows):
        Image.new("RGB", (600 + number, 280), COLOURS[row["colour"]]).save(shop.parent / row["image"])
    index.run(workspace, index.IndexSpec(shop, encoders=("colour",)), silent, no_progress)
    fit(workspace)
    project_id = sent(workspace, studio, "wide pictures")
    with sitting(studio.person("hal"), SMALL) as screen:
        screen.label_all(project_id)
        for _ in range(2):
            screen.page.wait_for_selector(".ek-picture .lsf-toolbar button")
            assert screen.page.evaluate(CUT_OFF) == 0
            screen.press("1")
            screen.finish()
            screen.settle()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Yield the address of a web server that shows a folder's files, also to the pages of others."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def log_message(self, *args: object) -> None:
            """Keep the tests' output for the tests."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_many_categories_come_in_the_models_order_and_the_others_are_found_by_search(
    workspace: Workspace, colours: ColourRegistry, studio: Studio, tmp_path: Path
) -> None:
    names = [f"Range {number:02d}" for number in range(24)]
    rows = [listing(f"k{n:03d}", list(COLOURS)[n % 4], names[n % 24], f"no {n}") for n in range(96)]
    indexed(workspace, tmp_path / "many", rows)
    fit(workspace)
    project_id = sent(workspace, studio, "many categories")
    with sitting(studio.person("fay"), SMALL) as screen:
        screen.label_all(project_id)
        listed = [str(box.get_attribute("name")) for box in screen.page.locator(".ek-category input[type=radio]").all()]
        shares = [int(found[1]) for name in listed if (found := re.search(r"(\d+)\s%", name))]
        assert (len(listed), listed[-1], shares) == (10, "Another category …", sorted(shares, reverse=True))
        assert screen.page.locator(".ek-other").is_hidden()
        screen.press("0")
        assert screen.hangs_over() == []
        screen.page.click(SUBMIT)
        screen.page.get_by_text(SEARCH_FIRST).wait_for()  # and nothing is submitted
        screen.page.keyboard.press("Escape")
        screen.page.click(".ek-other .ant-select-selector")
        screen.page.get_by_test_id("taxonomy-search").fill("Range 17")
        node = screen.page.locator(".ant-select-tree-treenode", has_text="Range 17")
        node.locator(".ant-select-tree-checkbox").click()
        screen.page.locator(".ek-other .ant-select-selection-item", has_text="Range 17").wait_for()
        screen.page.keyboard.press("Escape")
        screen.finish()
        screen.settle()
        screen.press("1")
        first = re.split(r"\s·\s", str(screen.page.locator(".ek-category label").first.inner_text()))[0]
        screen.finish()
    take_in(workspace, studio.api, "many categories")
    assert [one.label for one in current(workspace)] == ["Range 17", first]


def test_a_preselected_choice_is_there_to_be_agreed_with(shop: Workspace, studio: Studio) -> None:
    project_id = sent(shop, studio, "preselected", preselect=True)
    with sitting(studio.person("gil")) as screen:
        screen.label_all(project_id)
        (best,) = screen.chosen()
        assert best == screen.text(".ek-suggestions tbody tr td:nth-child(2)")
        screen.finish()
    take_in(shop, studio.api, "preselected")
    (answer,) = current(shop)
    assert (answer.label, answer.origin) == (best, "prediction")
