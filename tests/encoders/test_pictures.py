"""Pictures as sellers send them."""

from __future__ import annotations

import io
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from embedkit.encoders import pictures
from embedkit.encoders.pictures import Framing, decode_picture
from embedkit.errors import PictureError

MEAN = STD = (0.5, 0.5, 0.5)


def saved(image: Image.Image, kind: str = "PNG", **save) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **save)
    return file.getvalue()


def framing(variant: str, size: int = 8, **more) -> Framing:
    return Framing(variant, size, MEAN, STD, **more)


def test_a_jpeg_is_reduced_while_it_is_read_but_not_below_twice_the_target(picture):
    assert decode_picture(picture(1000, 900, "JPEG"), 100).size == (250, 225)


def test_a_small_jpeg_keeps_its_size(picture):
    assert decode_picture(picture(100, 90, "JPEG"), 64).size == (100, 90)


def test_exif_orientation_turns_the_picture_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = Image.new("RGB", (40, 20), "black")
    lying.paste("white", (0, 0, 10, 10))
    upright = decode_picture(saved(lying, "PNG", exif=exif), 10)
    assert upright.size == (20, 40)
    assert upright.getpixel((15, 2)) == (255, 255, 255)


def test_cmyk_as_adobe_inverts_it_shows_its_colours():
    red = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    r, g, b = decode_picture(saved(red, "JPEG"), 16).getpixel((16, 16))
    assert (r > 200, g < 60, b < 60) == (True, True, True)


def test_a_transparent_palette_lies_over_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([200, 0, 0, 0, 0, 200])
    assert decode_picture(saved(image, "PNG", transparency=0), 4).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_full_transparency_is_white(mode, colour):
    assert decode_picture(saved(Image.new(mode, (4, 4), colour)), 4).getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bits_are_scaled_and_not_clipped():
    grey = Image.fromarray(np.full((4, 4), 257 * 100, dtype=np.uint16))
    assert decode_picture(saved(grey), 4).getpixel((0, 0)) == (100, 100, 100)


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode_picture(data, 8).getpixel((0, 0)) == (255, 0, 0)


def test_grey_becomes_three_equal_channels():
    assert decode_picture(saved(Image.new("L", (4, 4), 9)), 4).getpixel((0, 0)) == (9, 9, 9)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "zero bytes"),
        (b"hello, not a picture", "not a picture"),
        (b"<!DOCTYPE html><p>gone</p>", "markup"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, "not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_cause(data, cause):
    with pytest.raises(PictureError, match=cause):
        decode_picture(data, 64)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_truncated_file_is_refused_and_says_so(picture, kind):
    data = picture(300, 200, kind)
    with pytest.raises(PictureError, match=f"damaged {kind}|not a picture that can be read"):
        decode_picture(data[: len(data) * 2 // 3], 64)


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    data = saved(Image.new("1", (11_000, 10_000)))
    started = time.process_time()
    with pytest.raises(PictureError, match="11000 x 10000 is 110 megapixels"):
        decode_picture(data, 64)
    assert time.process_time() - started < 0.1


def test_a_jpeg_of_93_megapixels_is_read_small_and_without_a_warning():
    data = saved(Image.new("L", (11_000, 8_455), 128), "JPEG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_picture(data, 64).size == (1375, 1057)


def test_a_big_picture_that_cannot_be_drafted_comes_reduced_strip_by_strip(monkeypatch, picture):
    data = picture(200, 160, "PNG")
    whole = np.asarray(decode_picture(data, 20).reduce(4), dtype=int)
    monkeypatch.setattr(pictures, "BIG_PIXELS", 1000)
    assert np.abs(np.asarray(decode_picture(data, 20), dtype=int) - whole).max() <= 1


def test_no_global_setting_of_pillow_is_touched(picture):
    before = Image.MAX_IMAGE_PIXELS
    decode_picture(picture(400, 400, "JPEG"), 20)
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("variant", ["pad-edge", "pad-white", "crop", "grey"])
@pytest.mark.parametrize("size", [(4000, 3), (3, 4000), (1, 1), (9, 8)])
def test_any_shape_becomes_a_square(variant, size):
    assert framing(variant)(Image.new("RGB", size, "red")).shape == (3, 8, 8)


def test_padding_takes_the_colour_of_the_pictures_edge():
    image = Image.new("RGB", (80, 40), (10, 200, 30))
    image.paste("white", (30, 10, 50, 30))
    assert framing("pad-edge")(image)[:, 0, 0].tolist() == [10, 200, 30]


def test_padding_in_white_is_white():
    assert framing("pad-white")(Image.new("RGB", (80, 40), "red"))[:, 0, 0].tolist() == [255, 255, 255]


def test_grey_has_three_equal_channels():
    square = framing("grey")(Image.new("RGB", (80, 40), (10, 200, 30)))
    assert (square == square[:1]).all()


@pytest.mark.parametrize("size", [(301, 200), (200, 333), (64, 64), (50, 41), (323, 81)])
@pytest.mark.parametrize(("resize", "interpolation"), [(0, "bicubic"), (72, "bilinear")])
def test_crop_is_torchvisions_resize_and_centre_crop(picture, size, resize, interpolation):
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    image = Image.open(io.BytesIO(picture(*size)))
    theirs = Compose([Resize(resize or 64, InterpolationMode(interpolation)), CenterCrop(64)])(image)
    ours = framing("crop", 64, resize=resize, interpolation=interpolation)(image)
    assert np.array_equal(ours.transpose(1, 2, 0), np.asarray(theirs))


def test_the_square_of_a_very_long_picture_is_torchvisions_too(picture):
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    image = Image.open(io.BytesIO(picture(800, 80)))
    theirs = Compose([Resize(64, InterpolationMode.BICUBIC), CenterCrop(64)])(image)
    ours = framing("crop", 64)(image).transpose(1, 2, 0)
    assert np.abs(ours.astype(int) - np.asarray(theirs, dtype=int)).max() <= 2
