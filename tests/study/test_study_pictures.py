"""What pictures look like, and what speaks against them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from embedkit.study.looks import FLAGS, Look, look
from embedkit.study.pictures import Seen, flagged, quality, quality_by_category, shapes, sizes

WHITE = (255, 255, 255)


def picture(background: tuple[int, int, int] = WHITE, colour: tuple[int, int, int] = (40, 90, 200)) -> Image.Image:
    """Return a striped disc on a background."""
    image = Image.new("RGB", (256, 256), background)
    pen = ImageDraw.Draw(image)
    pen.ellipse((50, 50, 206, 206), fill=colour)
    for x in range(60, 200, 20):
        pen.line((x, 80, x, 180), fill=(250, 200, 30), width=4)
    return image


def seen(image: Image.Image, width: int = 800, height: int = 800) -> Look:
    return look(np.asarray(image), "JPEG", width, height, 10_000)


def held(one: Look) -> set[str]:
    """Return the names of the flags that hold."""
    return {flag.name for flag in FLAGS if flag.holds(one)}


def test_a_sharp_thing_on_white_has_a_plain_white_background_and_no_fault() -> None:
    assert held(seen(picture())) == {"plain background", "white background"}


def test_a_plain_background_may_have_any_colour_and_a_busy_one_is_not_plain() -> None:
    assert held(seen(picture(background=(200, 60, 60)))) == {"plain background"}
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert held(seen(Image.fromarray(noise))) == set()


@pytest.mark.parametrize(("radius", "blurred"), [(0, False), (0.5, False), (2, True), (4, True)])
def test_a_picture_out_of_focus_is_blurred(radius: float, blurred: bool) -> None:
    assert ("blurred" in held(seen(picture().filter(ImageFilter.GaussianBlur(radius))))) is blurred


def test_a_white_thing_on_white_is_not_blurred_and_is_when_it_is_out_of_focus() -> None:
    pale = picture(colour=(244, 244, 244)).convert("L").point(lambda value: max(value, 244)).convert("RGB")
    assert "blurred" not in held(seen(pale))
    assert "blurred" in held(seen(pale.filter(ImageFilter.GaussianBlur(3))))


def test_a_dark_picture_is_dark_and_a_black_thing_on_white_is_not() -> None:
    assert "dark" in held(seen(picture(background=(20, 20, 20), colour=(60, 10, 10))))
    assert "dark" not in held(seen(picture(colour=(0, 0, 0))))


def test_a_picture_of_one_colour_is_blank_and_nothing_else() -> None:
    assert held(seen(Image.new("RGB", (256, 256), (0, 0, 0)))) == {"blank"}


def test_a_picture_without_colour_is_grey() -> None:
    assert "grey" in held(seen(picture().convert("L").convert("RGB")))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (99, 200, {"tiny"}),
        (100, 100, set()),
        (300, 901, {"odd shape"}),
        (900, 300, set()),
        (30, 100, {"tiny", "odd shape"}),
    ],
)
def test_size_and_shape_are_those_of_the_stored_picture(width: int, height: int, expected: set[str]) -> None:
    assert held(seen(picture(), width, height)) - {"plain background", "white background"} == expected


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (3, 3)])
def test_a_picture_of_a_few_pixels_has_a_look(size: tuple[int, int]) -> None:
    one = seen(Image.new("RGB", size, (10, 200, 10)), *size)
    assert one.blank
    assert one.border == 1.0


def gallery() -> list[Seen]:
    good = seen(picture())
    return [
        Seen("good", "mugs", good),
        Seen("small", "mugs", replace(good, width=90, height=60, format="PNG")),
        Seen("smaller", "lamps", replace(good, width=50, height=90)),
        Seen("tall", "lamps", replace(good, width=200, height=700)),
    ]


def test_sizes_are_told_for_all_pictures_and_for_each_format() -> None:
    rows = {(row["format"], row["measure"]): row for row in sizes(gallery())}
    assert (rows["(all)", "width"]["pictures"], rows["(all)", "width"]["least"]) == (4, 50)
    assert rows["PNG", "aspect"]["median"] == 1.5
    assert rows["JPEG", "kilobytes"]["most"] == 10
    assert list(dict.fromkeys(row["format"] for row in sizes(gallery()))) == ["(all)", "JPEG", "PNG"]


def test_every_picture_has_one_shape() -> None:
    rows = {row["shape"]: row["pictures"] for row in shapes(gallery())}
    assert rows == {"very tall": 1, "tall": 1, "square": 1, "wide": 1, "very wide": 0}


def test_a_flag_names_the_worst_first_and_its_threshold() -> None:
    row = next(row for row in quality(gallery()) if row["flag"] == "tiny")
    assert (row["pictures"], row["share"], row["examples"]) == (2, 0.5, ["smaller", "small"])
    assert row["means"] == "shorter side under 100 pixels"


def test_flags_are_shares_of_a_categorys_pictures() -> None:
    whole, lamps, mugs = quality_by_category(gallery())
    assert (whole["category"], whole["tiny"], whole["odd_shape"]) == ("(all)", 0.5, 0.25)
    assert (lamps["tiny"], mugs["odd_shape"], mugs["plain_background"]) == (0.5, 0, 1)


def test_a_fault_is_listed_with_its_value_and_a_background_is_no_fault() -> None:
    assert [(row["flag"], row["key"], row["value"]) for row in flagged(gallery())] == [
        ("tiny", "smaller", 50),
        ("tiny", "small", 60),
        ("odd shape", "tall", 3.5),
    ]


def test_no_pictures_have_no_tables() -> None:
    assert [table([]) for table in (sizes, shapes, quality, quality_by_category, flagged)] == [[]] * 5
