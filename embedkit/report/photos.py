"""Pictures inside a page: drawn anew and small, each held once however often it is shown."""

from __future__ import annotations

import base64
import hashlib
import io

from PIL import Image

from embedkit.encoders.pictures import decode_picture
from embedkit.errors import PictureError
from embedkit.report.html import Html, join, tag

THUMBNAIL_PIXELS = 200
QUALITY = 78


class Photos:
    """Collects the pictures of a page: `show` each where it belongs, and put `sheet` once at the end."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[int, int, str]] = {}

    def show(self, picture: bytes | None, label: str, missing: Html) -> Html:
        """Return a listing's picture, small; `missing` where there is none that can be read."""
        if picture is None:
            return tag("span", missing, class_="photo none")
        name = f"p{hashlib.sha256(picture).hexdigest()[:16]}"
        if name not in self._held:
            try:
                image = decode_picture(picture, THUMBNAIL_PIXELS)
            except PictureError:
                return tag("span", missing, class_="photo none")
            image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            self._hold(name, image)
        return self._shown(name, label)

    def draw(self, image: Image.Image, label: str) -> Html:
        """Return a drawing, as it is."""
        name = f"d{hashlib.sha256(image.tobytes()).hexdigest()[:16]}"
        if name not in self._held:
            self._hold(name, image)
        return self._shown(name, label)

    def sheet(self) -> Html:
        """Return all pictures, out of sight; what is shown refers to them."""
        images = [
            tag("image", id=name, width=width, height=height, href=f"data:image/jpeg;base64,{data}")
            for name, (width, height, data) in self._held.items()
        ]
        return tag("svg", tag("defs", *images), width=0, height=0, class_="sheet", aria_hidden="true")

    def _hold(self, name: str, image: Image.Image) -> None:
        file = io.BytesIO()
        image.convert("RGB").save(file, "JPEG", quality=QUALITY, optimize=True)
        self._held[name] = (*image.size, base64.b64encode(file.getvalue()).decode())

    def _shown(self, name: str, label: str) -> Html:
        width, height, _ = self._held[name]
        use = join([tag("title", label), tag("use", href=f"#{name}")])
        return tag("svg", use, class_="photo", viewBox=f"0 0 {width} {height}", role="img", aria_label=label)
