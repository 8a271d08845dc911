"""A page of found listings, with their pictures inside: no script, no outside request."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from embedkit.encoders.pictures import decode_picture
from embedkit.errors import PictureError

THUMBNAIL_PIXELS = 200
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
       color: #1b1b1b; background: #fafafa }
ol { list-style: none; padding: 0; display: grid; gap: 1rem;
     grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)) }
li { background: #fff; border: 1px solid #ddd; border-radius: 6px; padding: .7rem; overflow-wrap: anywhere }
.picture { height: 12.5rem; display: flex; align-items: center; justify-content: center; color: #595959 }
.picture img { max-width: 100%; max-height: 100% }
h2 { font-size: 1rem; margin: .5rem 0 .2rem }
p { margin: .1rem 0; color: #444 }
@media print { body { margin: 0 } li { break-inside: avoid } }
"""


@dataclass(frozen=True)
class Card:
    """One listing of the page: its title, lines below it, and its picture's bytes (None: there is none)."""

    title: str
    lines: tuple[str, ...]
    picture: bytes | None


def thumbnail_page(title: str, cards: Sequence[Card]) -> str:
    """Return one HTML document; every text is escaped, every picture is re-encoded and held inside."""
    items = "\n".join(_item(card) for card in cards)
    none = "" if cards else "<p>Nothing was found.</p>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>{none}<ol>\n{items}\n</ol></body></html>\n"
    )


def _item(card: Card) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in card.lines)
    return f'<li><div class="picture">{_picture(card)}</div><h2>{escape(card.title)}</h2>{lines}</li>'


def _picture(card: Card) -> str:
    if card.picture is None:
        return "no picture"
    try:
        picture = decode_picture(card.picture, THUMBNAIL_PIXELS)
    except PictureError as error:
        return escape(error.message)
    picture.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG", quality=80)
    data = base64.b64encode(jpeg.getvalue()).decode()
    return f'<img alt="{escape(card.title, quote=True)}" src="data:image/jpeg;base64,{data}">'
