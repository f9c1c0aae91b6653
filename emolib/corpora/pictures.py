"""Reading pictures: whatever a file holds becomes upright RGB, or an error that says why not. Used by every chapter.

Corpora collected from the web hold transparent PNGs called `.jpg`, grey scans, CMYK for print, palettes, cameras held
sideways, half-downloaded files and, sometimes, a web page. A network wants three channels of eight bits.

These functions run in threads in a hot loop: Pillow lets go of the interpreter while it decodes and resizes, a file is
opened and decoded once, and orientation is looked up only when the file carries it.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from emolib.errors import BadInput

# Only formats whose readers decode by themselves: none that hands the file to another program, as EPS does.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
MAX_PIXELS = 50_000_000

_INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_ORIENTATION = 0x0112
_ORIENTATION_KEYS = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")
# What Pillow's readers raise on files that somebody damaged.
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error,
    IndexError, KeyError, TypeError, AttributeError, OverflowError, ZeroDivisionError, NotImplementedError,
)  # fmt: skip


def read_picture(path: Path | str, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The picture as an upright RGB image of 8 bits a channel.

    Transparency is composited over white; grey, palette, CMYK and 16-bit pictures are converted (16 bits by v / 257);
    EXIF orientation is applied; of an animation the first frame is taken. Colour profiles are not applied.

    Raises BadInput naming the file and the reason when it is absent, empty, truncated, no picture, of a format not in
    `FORMATS`, or has more than `max_pixels` pixels (known from the header, before anything is decoded).
    """
    try:
        with open(path, "rb") as file, Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > max_pixels:
                raise BadInput(f"{path} has {image.width} x {image.height} pixels; at most {max_pixels:,} are read")
            image.load()
            return _to_rgb(_upright(image), path)
    except BadInput:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadInput(
            f"{path} has far more pixels than a photograph: {error}; at most {max_pixels:,} are read"
        ) from error
    except _UNREADABLE as error:
        raise BadInput(f"{path} cannot be read as a picture: {_why(path, error)}") from error


def read_resized(
    path: Path | str,
    size: int,
    *,
    shorter: int | None = None,
    crop: str = "center",
    interpolation: str = "bicubic",
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """The picture as a uint8 array of shape (size, size, 3), values 0-255, resized with antialiasing.

    With `crop="center"` the shorter side becomes `shorter` pixels (default: floor(size / 0.875), 256 for 224, as the
    evaluation transforms of ImageNet networks have it) and the middle is cut out; with `crop="squash"` the whole
    picture is resized to the square. Pixel for pixel what torchvision's Resize and CenterCrop give on the same picture.

    Raises BadInput for what `read_picture` refuses and for parameters that make no sense.
    """
    resample = _INTERPOLATIONS.get(interpolation)
    if resample is None:
        raise BadInput(f"interpolation {interpolation!r} is not known; use one of {', '.join(_INTERPOLATIONS)}")
    if size < 1:
        raise BadInput(f"a picture cannot be resized to {size} pixels")
    if crop == "squash":
        if shorter is not None:
            raise BadInput("`shorter` has no meaning with crop='squash': both sides become `size`")
        return np.array(read_picture(path, max_pixels=max_pixels).resize((size, size), resample))
    if crop != "center":
        raise BadInput(f"crop {crop!r} is not known; use 'center' or 'squash'")
    if shorter is None:
        shorter = math.floor(size / 0.875)
    elif shorter < size:
        raise BadInput(f"a crop of {size} pixels does not fit into a shorter side of {shorter}")

    image = read_picture(path, max_pixels=max_pixels)
    width, height = image.size
    if width <= height:
        target = (shorter, int(shorter * height / width))
    else:
        target = (int(shorter * width / height), shorter)
    if target[0] * target[1] > max_pixels:
        raise BadInput(f"{path} is {width} x {height}: too narrow to be resized to a shorter side of {shorter}")
    left, top = round((target[0] - size) / 2), round((target[1] - size) / 2)
    across, down = width / target[0], height / target[1]
    if height <= width <= 16384 and _is_short(across) and _is_short(down):
        box = (left * across, top * down, (left + size) * across, (top + size) * down)
        return np.array(image.resize((size, size), resample, box=box))
    return np.array(image.resize(target, resample).crop((left, top, left + size, top + size)))


def _is_short(scale: float) -> bool:
    """Whether the scale is a multiple of 1/1024.

    Then Pillow's arithmetic on positions below 16384 is exact, and resizing only the part that is kept gives the very
    pixels of resizing everything and cutting it out (500 x 400 to a shorter side of 256 is such a case: 25/16). Not so
    for upright pictures: Pillow may resize them downwards first when whole and across first when cut, and it rounds
    between the two.
    """
    return (scale * 1024).is_integer()


def is_picture(path: Path | str) -> bool:
    """Whether the file begins like a picture of a format read here; nothing is decoded, so it may be truncated."""
    try:
        with open(path, "rb") as file, Image.open(file, formats=FORMATS):
            return True
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return True
    except _UNREADABLE:
        return False


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF or XMP says; as it is when that says nothing or is damaged."""
    if image.format != "TIFF" and not any(key in image.info for key in _ORIENTATION_KEYS):
        return image
    try:
        if image.getexif().get(_ORIENTATION, 1) in (0, 1):
            return image
        return ImageOps.exif_transpose(image)
    except _UNREADABLE:
        return image


def _to_rgb(image: Image.Image, path: Path | str) -> Image.Image:
    mode = image.mode
    if mode == "RGB" and "transparency" not in image.info:
        return image
    if mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise BadInput(f"{path} has whole-number pixels of 32 bits, of which no one knows what is white")
        return Image.fromarray(np.round(values / 257).astype(np.uint8)).convert("RGB")
    if mode == "F":
        raise BadInput(f"{path} has floating-point pixels, of which no one knows what is white")
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("RGB")


def _why(path: Path | str, error: Exception) -> str:
    """A reason that a reader understands, worked out after the failure so that good pictures do not pay for it."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror or str(error)
    try:
        if os.stat(path).st_size == 0:
            return "the file is empty"
        with open(path, "rb") as file:
            start = file.read(256).lstrip().lower()
    except OSError as second:
        return second.strerror or str(second)
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "it is a web page"
    if isinstance(error, Image.UnidentifiedImageError):
        return f"it is no picture, or none of {', '.join(FORMATS)}"
    return str(error) or type(error).__name__
