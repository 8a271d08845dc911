"""Charts as SVG inside a page: the same every time, with a title and a description for those who don't see them."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedkit.report.html import Html, html, tag
from embedkit.report.palette import GRID, INK, LINE, QUIET

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
    "text.parse_math": False,  # a dollar in a category's name is a dollar
    "font.size": 9.5,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "hatch.linewidth": 0.7,
}
WIDTH_IN = 7.4


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG, its title, and what it says in words, for those who cannot see it."""

    svg: Html
    title: str
    description: str


def draw(name: str, title: str, description: str, paint: Callable[[Figure], None], height_in: float) -> Chart:
    """Return a chart that `paint` draws on an empty figure; `name` must be the page's only one of that name."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {**SETTINGS, "svg.hashsalt": name}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that this machine's font lacks, the reader's may have
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        paint(figure)
        file = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return Chart(_inline(file.getvalue().decode(), name, title, description), title, description)


def _inline(svg: str, name: str, title: str, description: str) -> Html:
    """Return the drawing as part of a page: no prolog, no name that another drawing has, its text read aloud."""
    body = svg[svg.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>\s*|<style.*?</style>\s*", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]*>", lambda found: _renamed(found[0], name), body)  # in tags only: texts stay as they are
    view = re.search(r'viewBox="[^"]*"', body)
    assert view is not None
    labels = f'aria-labelledby="{name}-title {name}-description"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {view[0]} role="img" {labels} class="chart">'
    said = tag("title", html(title), id=f"{name}-title") + tag("desc", html(description), id=f"{name}-description")
    return Html(re.sub(r"<svg[^>]*>", lambda found: opening + said, body, count=1))


def _renamed(element: str, name: str) -> str:
    """Return an element whose references are this drawing's own, and whose font is the page's."""
    element = re.sub(r'^<g id="[^"]*"', "<g", element)
    element = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', element)
    element = re.sub(r'href="#([^"]*)"', rf'href="#{name}-\1"', element)
    element = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", element)
    return re.sub(r"font-family: [^;\"]*", f"font-family: {FONT}", element)
