"""One page about a catalogue for those who answer for it: no script, no outside request, everything inside."""

from __future__ import annotations

from pathlib import Path

from embedkit.gathered import Gathered
from embedkit.report.about_catalogue import catalogue
from embedkit.report.about_map import mapped
from embedkit.report.about_past import past
from embedkit.report.about_quality import classes, confusion, sureness, thresholds
from embedkit.report.about_review import review
from embedkit.report.about_scenarios import scenarios
from embedkit.report.explanations_style import POLICY
from embedkit.report.gallery import gallery
from embedkit.report.html import Html, Told, join, tag
from embedkit.report.page_style import STYLE
from embedkit.report.parts import Section
from embedkit.report.photos import Photos
from embedkit.report.summary import summary
from embedkit.stores.durable import durable_write
from embedkit.wording import wording


def write_report(path: Path, gathered: Gathered, lang: str) -> int:
    """Write the page, whole or not at all, and return its size in bytes."""
    page = report_page(gathered, lang).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with durable_write(path) as temporary:
        temporary.write_bytes(page)
    return len(page)


def report_page(gathered: Gathered, lang: str) -> str:
    """Return the page in one language, "en" or "fr"."""
    _, photos = Told(wording(lang)), Photos()
    sections = _sections(gathered, photos, _)
    title = _("Catalogue report: {catalogue}", catalogue=gathered.catalogue)
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    body = tag(
        "body",
        tag("a", _("To the text"), href="#main", class_="skip"),
        _masthead(gathered, title, _),
        tag("div", _contents(sections, _), tag("main", *(one.html() for one in sections), id="main"), class_="layout"),
        tag("footer", _made(gathered, _)),
        photos.sheet(),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang=lang)}\n"


def _sections(gathered: Gathered, photos: Photos, _: Told) -> list[Section]:
    return [
        classes(gathered, _),
        confusion(gathered, _),
        sureness(gathered, _),
        thresholds(gathered, _),
        review(gathered, photos, _),
        gallery(gathered, photos, _),
        mapped(gathered, _),
        scenarios(gathered, _),
        catalogue(gathered, _),
        past(gathered, _),
    ]


def _masthead(gathered: Gathered, title: Html, _: Told) -> Html:
    return tag(
        "header", tag("h1", title), tag("p", _made(gathered, _), class_="made"), summary(gathered, _), class_="masthead"
    )


def _made(gathered: Gathered, _: Told) -> Html:
    """Return when and with what this page was made."""
    made = _(
        "Made {moment} UTC by embedkit {version}",
        moment=_.moment(gathered.report.made_at),
        version=gathered.version,
    )
    head = gathered.report.numbers.get("head")
    return join([made, _("with the model {head}", head=tag("code", head))] if head else [made], " ")


def _contents(sections: list[Section], _: Told) -> Html:
    links = [tag("li", tag("a", one.title, href=f"#{one.anchor}")) for one in sections]
    return tag("nav", tag("h2", _("Contents")), tag("ol", *links), aria_label=_.plain("Contents"))
