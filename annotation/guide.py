"""The annotators' guide as markup that Label Studio shows before the first listing."""

from __future__ import annotations

from importlib import resources

from markdown_it import MarkdownIt

from embedkit.annotation.style import GUIDE_STYLE


def instructions(text: str | None = None) -> str:
    """Return the guide, or a text of your own in Markdown, as HTML: no raw markup, no picture, no link that runs."""
    if text is None:
        text = resources.files("embedkit.annotation").joinpath("guide.md").read_text(encoding="utf-8")
    # A picture would be fetched, from wherever it lies, by everybody who opens the guide.
    body = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(text)
    return f'<div class="ek-guide"><style>{GUIDE_STYLE}</style>\n{body}</div>'
