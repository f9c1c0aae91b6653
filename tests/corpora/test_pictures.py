"""Every kind of picture file becomes upright RGB or an error that names the file and the reason."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms

from emolib.corpora.pictures import is_picture, read_picture, read_resized
from emolib.errors import BadInput


def noise(width: int = 64, height: int = 48, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def photograph(width: int = 64, height: int = 48) -> Image.Image:
    """A smooth picture that survives JPEG nearly unchanged."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray(np.uint8(255 * np.stack([x, y, 1 - x], axis=-1)))


def png_with_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its (tiny) data do not have."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


# What is read


def test_rgb_png_comes_back_unchanged(tmp_path: Path) -> None:
    pixels = noise()
    Image.fromarray(pixels).save(tmp_path / "a.png")
    image = read_picture(tmp_path / "a.png")
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), pixels)


def test_the_name_does_not_decide_the_format(tmp_path: Path) -> None:
    pixels = noise()
    Image.fromarray(pixels).save(tmp_path / "a.jpg", format="PNG")
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.jpg")), pixels)


def test_transparency_is_composited_over_white(tmp_path: Path) -> None:
    pixels = np.zeros((1, 3, 4), dtype=np.uint8)
    pixels[0] = [[200, 0, 0, 0], [200, 0, 0, 255], [100, 40, 0, 51]]
    Image.fromarray(pixels).save(tmp_path / "a.jpg", format="PNG")
    got = np.asarray(read_picture(tmp_path / "a.jpg"))[0]
    # by hand: 51/255 = 0.2; 0.2 * 100 + 0.8 * 255 = 224; 0.2 * 40 + 204 = 212; 204
    np.testing.assert_array_equal(got, [[255, 255, 255], [200, 0, 0], [224, 212, 204]])


def test_grey_with_transparency(tmp_path: Path) -> None:
    Image.merge("LA", [Image.new("L", (2, 2), 10), Image.new("L", (2, 2), 0)]).save(tmp_path / "a.png")
    assert np.asarray(read_picture(tmp_path / "a.png")).min() == 255


def test_palette_with_a_transparent_entry(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=0)
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.png"))[0], [[255, 255, 255], [200, 100, 50]])


def test_palette_without_transparency(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putdata([0, 1])
    image.save(tmp_path / "a.gif")
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.gif"))[0], [[10, 20, 30], [200, 100, 50]])


def test_colour_key_of_an_rgb_png(tmp_path: Path) -> None:
    pixels = np.array([[[1, 2, 3], [4, 5, 6]]], dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", transparency=(1, 2, 3))
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.png"))[0], [[255, 255, 255], [4, 5, 6]])


def test_grey_fills_three_channels(tmp_path: Path) -> None:
    values = noise()[..., 0]
    Image.fromarray(values).save(tmp_path / "a.png")
    got = np.asarray(read_picture(tmp_path / "a.png"))
    np.testing.assert_array_equal(got, np.repeat(values[..., None], 3, axis=-1))


def test_black_and_white(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1").save(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.png"))[0], [[0, 0, 0], [255, 255, 255]])


def test_cmyk_jpeg(tmp_path: Path) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan, full magenta and yellow: red
    image.save(tmp_path / "a.jpg", quality=95)
    got = np.asarray(read_picture(tmp_path / "a.jpg")).reshape(-1, 3).mean(0)
    np.testing.assert_allclose(got, [255, 0, 0], atol=4)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_sixteen_bits(tmp_path: Path, name: str) -> None:
    values = np.array([[0, 257, 32896, 65535, 20000]], dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / name)
    got = np.asarray(read_picture(tmp_path / name))[0]
    np.testing.assert_array_equal(got, np.repeat([[0], [1], [128], [255], [78]], 3, axis=-1))  # 20000 / 257 = 77.8


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(tmp_path: Path, name: str, orientation: int) -> None:
    # Undoes what the camera did, worked out with NumPy from the EXIF standard's table of row 0 and column 0.
    upright = np.asarray(photograph(24, 16))
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"lossless": True} if name.endswith("webp") else {"quality": 100} if name.endswith("jpg") else {}
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / name, exif=exif, **how)
    got = np.asarray(read_picture(tmp_path / name)).astype(int)
    assert got.shape == upright.shape
    assert np.abs(got - upright).max() <= (40 if name.endswith("jpg") else 0)  # JPEG halves the colours' resolution


def test_phone_pictures_with_a_second_frame(tmp_path: Path) -> None:
    photograph().save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert np.abs(np.asarray(read_picture(tmp_path / "a.jpg")).astype(int) - np.asarray(photograph())).mean() < 5


def test_damaged_exif_does_not_cost_the_picture(tmp_path: Path) -> None:
    pixels = noise()
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=b"Exif\0\0this is no TIFF header")
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.png")), pixels)


def test_the_file_is_closed(tmp_path: Path) -> None:
    photograph().save(tmp_path / "a.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        image = read_picture(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(b"")
    assert image.getpixel((0, 0))[2] > 200  # the pixels do not depend on the file any more


# What is refused


def refused(path: Path, *reasons: str, **how: int) -> None:
    with pytest.raises(BadInput) as caught:
        read_picture(path, **how)
    message = str(caught.value)
    assert str(path) in message
    for reason in reasons:
        assert reason in message


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_truncated(tmp_path: Path, format_: str, part: float) -> None:
    out = io.BytesIO()
    Image.fromarray(noise(160, 120)).save(out, format=format_)
    whole = out.getvalue()
    (tmp_path / "a.jpg").write_bytes(whole[: int(len(whole) * part)])
    refused(tmp_path / "a.jpg", "cannot be read as a picture")


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    refused(tmp_path / "a.jpg", "the file is empty")


def test_text_called_jpg(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no picture at all\n" * 20)
    refused(tmp_path / "a.jpg", "it is no picture")


def test_web_page_called_jpg(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("\n<!DOCTYPE html><html><body>404</body></html>")
    refused(tmp_path / "a.jpg", "it is a web page")


def test_absent_and_folder(tmp_path: Path) -> None:
    refused(tmp_path / "a.jpg", "No such file")
    refused(tmp_path, "directory")


def test_postscript_is_not_handed_to_another_program(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n")
    refused(tmp_path / "a.jpg", "it is no picture")


def test_floating_point_and_wide_integers(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0.5, 3.0]], dtype=np.float32)).save(tmp_path / "a.tif")
    refused(tmp_path / "a.tif", "floating-point")
    Image.fromarray(np.array([[5, 70_000]], dtype=np.int32)).save(tmp_path / "b.tif")
    refused(tmp_path / "b.tif", "32 bits")


def test_too_many_pixels(tmp_path: Path) -> None:
    Image.fromarray(noise(64, 48)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", max_pixels=64 * 48).size == (64, 48)
    refused(tmp_path / "a.png", "64 x 48", max_pixels=64 * 48 - 1)


@pytest.mark.parametrize("size", [(8_000, 8_000), (10_000, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.parametrize("action", ["default", "error"])
@pytest.mark.filterwarnings("ignore:Image size")
def test_decompression_bomb_is_known_from_its_header(tmp_path: Path, size: tuple[int, int], action: str) -> None:
    (tmp_path / "a.png").write_bytes(png_with_size(*size))
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter(action if action == "error" else "ignore")
        refused(tmp_path / "a.png", "pixels", "at most 50,000,000")
    assert limit == Image.MAX_IMAGE_PIXELS


@settings(max_examples=150)
@given(
    format_=st.sampled_from(["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM"]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0, 1),
)
def test_damaged_files_give_a_picture_or_bad_input(
    tmp_path_factory: pytest.TempPathFactory, format_: str, changes: list[tuple[float, int]], cut: float
) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph(40, 30).save(
        out, format=format_, **({"exif": exif} if format_ in ("JPEG", "PNG", "WEBP", "TIFF") else {})
    )
    data = bytearray(out.getvalue())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(bytes(data[: max(1, int(cut * 1.5 * len(data)))]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = read_picture(path, max_pixels=1_000_000)
        except BadInput as error:
            assert str(path) in str(error)
        else:
            assert image.mode == "RGB"
            assert image.width * image.height <= 1_000_000


def test_is_picture(tmp_path: Path) -> None:
    photograph().save(tmp_path / "a.dat", format="JPEG")
    (tmp_path / "b.jpg").write_text("words")
    assert is_picture(tmp_path / "a.dat")
    assert not is_picture(tmp_path / "b.jpg")
    assert not is_picture(tmp_path / "absent.jpg")


# Resizing, against torchvision's transforms on the same picture

METHODS = {
    "nearest": transforms.InterpolationMode.NEAREST,
    "bilinear": transforms.InterpolationMode.BILINEAR,
    "bicubic": transforms.InterpolationMode.BICUBIC,
    "lanczos": transforms.InterpolationMode.LANCZOS,
}


def by_torchvision(path: Path, size: int, shorter: int, method: str) -> np.ndarray:
    steps = transforms.Compose([transforms.Resize(shorter, METHODS[method]), transforms.CenterCrop(size)])
    with Image.open(path) as image:
        return np.asarray(steps(image.convert("RGB")))


@settings(max_examples=60)
@given(
    width=st.integers(2, 200),
    height=st.integers(2, 200),
    shorter=st.integers(1, 96),
    part=st.floats(0, 1),
    method=st.sampled_from(sorted(METHODS)),
    seed=st.integers(0, 2**32 - 1),
)
def test_resize_and_crop_are_torchvisions(
    tmp_path_factory: pytest.TempPathFactory,
    width: int, height: int, shorter: int, part: float, method: str, seed: int,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "resize.png"
    Image.fromarray(noise(width, height, seed)).save(path)
    size = max(1, round(part * shorter))
    got = read_resized(path, size, shorter=shorter, interpolation=method)
    np.testing.assert_array_equal(got, by_torchvision(path, size, shorter, method))


@settings(max_examples=100)
@given(
    scale=st.sampled_from([0.25, 0.5, 0.75, 1, 1.25, 25 / 16, 2, 3, 4.5]),
    shorter=st.integers(1, 8).map(lambda n: 4 * n),
    longer=st.integers(0, 12).map(lambda n: 4 * n),
    upright=st.booleans(),
    part=st.floats(0, 1),
    method=st.sampled_from(sorted(METHODS)),
)
def test_simple_scales_are_torchvisions_too(
    tmp_path_factory: pytest.TempPathFactory,
    scale: float, shorter: int, longer: int, upright: bool, part: float, method: str,
) -> None:  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "simple.png"
    sides = sorted((int(shorter * scale), int((shorter + longer) * scale)), reverse=not upright)
    Image.fromarray(noise(*sides)).save(path)
    size = max(1, round(part * shorter))
    got = read_resized(path, size, shorter=shorter, interpolation=method)
    np.testing.assert_array_equal(got, by_torchvision(path, size, shorter, method))


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize(
    ("width", "height", "size", "shorter"),
    [(500, 400, 224, 256), (400, 500, 223, 256), (640, 480, 200, 240), (512, 512, 224, 256), (375, 250, 99, 100)],
)
def test_the_shortcut_for_simple_scales_changes_no_pixel(
    tmp_path: Path, width: int, height: int, size: int, shorter: int, method: str
) -> None:
    Image.fromarray(noise(width, height)).save(tmp_path / "a.png")
    got = read_resized(tmp_path / "a.png", size, shorter=shorter, interpolation=method)
    np.testing.assert_array_equal(got, by_torchvision(tmp_path / "a.png", size, shorter, method))


def test_default_is_the_transform_of_imagenet_networks(tmp_path: Path) -> None:
    photograph(500, 400).save(tmp_path / "a.jpg")
    got = read_resized(tmp_path / "a.jpg", 224)
    assert got.dtype == np.uint8
    assert got.shape == (224, 224, 3)
    assert got.flags.writeable
    np.testing.assert_array_equal(got, by_torchvision(tmp_path / "a.jpg", 224, 256, "bicubic"))


def test_squash_is_torchvisions_resize_to_a_square(tmp_path: Path) -> None:
    Image.fromarray(noise(90, 50)).save(tmp_path / "a.png")
    expected = transforms.Resize((32, 32), METHODS["bilinear"])(Image.open(tmp_path / "a.png"))
    got = read_resized(tmp_path / "a.png", 32, crop="squash", interpolation="bilinear")
    np.testing.assert_array_equal(got, np.asarray(expected))


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ({"size": 32, "interpolation": "magic"}, "magic"),
        ({"size": 32, "crop": "corner"}, "corner"),
        ({"size": 0}, "0 pixels"),
        ({"size": 32, "shorter": 31}, "31"),
        ({"size": 32, "shorter": 40, "crop": "squash"}, "shorter"),
    ],
)
def test_senseless_parameters(tmp_path: Path, how: dict, word: str) -> None:
    photograph().save(tmp_path / "a.jpg")
    with pytest.raises(BadInput, match=word):
        read_resized(tmp_path / "a.jpg", **how)


def test_a_picture_of_one_line_is_not_blown_up(tmp_path: Path) -> None:
    Image.new("RGB", (30_000, 1)).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="30000 x 1"):
        read_resized(tmp_path / "a.png", 224)
