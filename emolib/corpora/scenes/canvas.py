"""A canvas and the few gestures that every landscape is painted with: gradients, ridges, clouds, suns, textures.

Positions and lengths are fractions of the side of the picture, from the left and from the top. The canvas is larger
than the picture (see `compose`), so that edges are smooth once it is reduced.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from emolib.corpora.scenes.chance import Stream, uniform
from emolib.corpora.scenes.kinds import Colour

TILE = 256


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour that is `share` of the way from `a` to `b`."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor below 1) or lighter."""
    return tuple(min(255, round(channel * factor)) for channel in colour)


class Canvas:
    """A square RGB image of `side` pixels, and the random numbers `chance` of one picture."""

    def __init__(self, side: int, chance: Stream) -> None:
        self.side, self.chance = side, chance
        self.image = Image.new("RGB", (side, side))
        self.pen = ImageDraw.Draw(self.image)

    def px(self, *values: float) -> tuple[float, ...]:
        """Fractions in pixels of the canvas."""
        return tuple(value * self.side for value in values)

    def band(self, top: float, bottom: float, above: Colour, below: Colour, bend: float = 1.0) -> None:
        """A horizontal band across the picture that goes from one colour to another."""
        first, last = round(top * self.side), min(self.side, round(bottom * self.side))
        if last > first:
            self.image.paste(_gradient(last - first, above, below, bend).resize((self.side, last - first)), (0, first))

    def ridge(self, colour: Colour, base: float, height: float, waves: float, jags: int = 0) -> np.ndarray:
        """Hills or mountains: everything below a wavy line, `height` high about `base`. Returns the line's heights."""
        phase = self.chance.spread(4, 0.0, 2 * np.pi)
        x = np.linspace(0, 1, 49)
        tides = ((1.0, 1.0), (2.3, 0.45), (4.9, 0.2), (9.7, 0.1 + 0.06 * jags))
        line = sum(share * np.sin(2 * np.pi * waves * f * x + p) for (f, share), p in zip(tides, phase, strict=True))
        y = base - height * line / 1.75
        self.pen.polygon([*zip(x * self.side, y * self.side, strict=True), *_corners(self.side)], fill=colour)
        return y

    def peaks(self, colour: Colour, snow: Colour | None, base: float, height: float, number: int) -> None:
        """Pointed mountains side by side, lit from one side, with caps of snow unless `snow` is None."""
        places = (np.arange(number) + self.chance.spread(number, 0.2, 0.8)) / number
        tall = self.chance.spread(number, 0.55, 1.0) * height
        for x, h in sorted(zip(places, tall, strict=True), key=lambda peak: -peak[1]):
            wide = h * self.chance.between(0.85, 1.15)
            foot = max(base, 0.0) + 0.02
            self.shape(colour, (x - wide, foot), (x, base - h), (x + wide, foot))
            bend = x + self.chance.between(-0.02, 0.05)
            self.shape(
                shade(colour, 0.84), (x, base - h), (x + wide, foot), (bend + 0.03, foot), (bend, base - h * 0.5)
            )
            if snow:
                c = 0.34
                left, right, y = x - wide * c, x + wide * c, base - h * (1 - c)
                steps = ((0, 0), (0.28, -0.07), (0.46, 0.06), (0.7, -0.05), (1, 0))
                jag = [(left + (right - left) * across, y + h * down) for across, down in steps]
                self.shape(snow, *jag, (x, base - h))
                self.shape(shade(snow, 0.88), (x, base - h), jag[2], jag[3], jag[4])

    def shape(self, colour: Colour, *points: tuple[float, float]) -> None:
        """A filled polygon."""
        self.pen.polygon([self.px(x, y) for x, y in points], fill=colour)

    def box(self, colour: Colour, left: float, top: float, right: float, bottom: float) -> None:
        """A filled rectangle."""
        self.pen.rectangle(self.px(left, top, max(left, right), max(top, bottom)), fill=colour)

    def oval(self, colour: Colour, x: float, y: float, rx: float, ry: float) -> None:
        """A filled ellipse about (x, y)."""
        self.pen.ellipse(self.px(x - rx, y - ry, x + rx, y + ry), fill=colour)

    def line(self, colour: Colour, width: float, *points: tuple[float, float]) -> None:
        """A line through points, at least one pixel wide."""
        self.pen.line([self.px(x, y) for x, y in points], fill=colour, width=max(1, round(width * self.side)))

    def glow(self, colour: Colour, x: float, y: float, radius: float, strength: float) -> None:
        """Light that fades with the distance from (x, y); `strength` 0 to 1 in the middle."""
        half = max(2, round(radius * self.side))
        mask = _halo().resize((2 * half, 2 * half), Image.Resampling.BILINEAR)
        self.veil(colour, mask.point(lambda v: v * strength), x * self.side - half, y * self.side - half)

    def sun(self, colour: Colour, x: float, y: float, radius: float) -> None:
        """A sun or a moon with its glow."""
        self.glow(colour, x, y, radius * 4.5, 0.55)
        self.oval(colour, x, y, radius, radius)

    def veil(self, colour: Colour, mask: Image.Image, left: float = 0, top: float = 0) -> None:
        """Paint `colour` through a grey mask, whose upper left corner is at a position in pixels."""
        self.image.paste(colour, (round(left), round(top)), mask)

    def clouds(self, number: int, colour: Colour, top: float, bottom: float, size: float = 0.3) -> None:
        """Heaps of cloud, the lower ones smaller and fainter, each with a shaded foot."""
        for y in sorted(self.chance.spread(number, top, bottom).tolist()):
            nearness = 1 - 0.55 * (y - top) / max(bottom - top, 1e-6)
            wide = max(16, round(size * nearness * self.chance.between(0.7, 1.3) * self.side))
            high = max(8, round(wide * self.chance.between(0.34, 0.46)))
            mask = self._heap(wide, high, 0.92 * nearness**0.5)
            x, y = self.chance.between(-0.1, 1.0) * self.side - wide / 4, y * self.side - high / 2
            self.veil(shade(colour, 0.86), mask, x, y)
            self.veil(colour, mask.crop((0, 0, wide, round(high * 0.86))), x, y - high * 0.02)

    def _heap(self, wide: int, high: int, strength: float) -> Image.Image:
        """The mask of a cloud: overlapping discs on a flat foot, soft at the edge."""
        small = Image.new("L", (64, 28))
        pen = ImageDraw.Draw(small)
        for k, (u, v) in enumerate(self.chance.take(12).reshape(6, 2)):
            x, r = 12 + 8 * k, 5 + 6 * u + (3 if 1 <= k <= 4 else -1)
            pen.ellipse((x - r, 24 - r * (1.1 + 0.5 * v), x + r, 24), fill=round(255 * strength))
        return small.filter(ImageFilter.GaussianBlur(1.1)).resize((wide, high), Image.Resampling.BICUBIC)

    def specks(self, colour: Colour, number: int, top: float, bottom: float, size: float, flat: float = 1.0) -> None:
        """Small dots strewn between two heights: stars, flowers, flakes, grains."""
        u = self.chance.take(3 * number).reshape(number, 3)
        for x, y, r in zip(u[:, 0], top + (bottom - top) * u[:, 1], size * (0.4 + 0.9 * u[:, 2]), strict=True):
            self.oval(colour, x, y, r, r * flat)

    def glints(self, colour: Colour, number: int, top: float, bottom: float, length: float) -> None:
        """Short level strokes that lengthen towards the viewer: light on water, furrows, planks."""
        u = self.chance.take(3 * number).reshape(number, 3)
        for x, depth, long in zip(u[:, 0], u[:, 1] ** 1.5, u[:, 2], strict=True):
            reach = length * (0.25 + 0.9 * depth) * (0.5 + long)
            y = top + (bottom - top) * depth
            self.line(colour, 0.003 + 0.004 * depth, (x - reach / 2, y), (x + reach / 2, y))

    def conifer(self, colour: Colour, x: float, foot: float, height: float) -> None:
        """A fir tree."""
        self.box((84, 62, 44), x - height * 0.035, foot - height * 0.14, x + height * 0.035, foot)
        for step in range(3):
            low, up = foot - height * (0.10 + 0.26 * step), foot - height * (0.52 + 0.24 * step)
            wide = height * (0.26 - 0.055 * step)
            self.shape(shade(colour, 0.92 + 0.09 * step), (x - wide, low), (x, up), (x + wide, low))

    def tree(self, colour: Colour, x: float, foot: float, height: float) -> None:
        """A round tree, lighter where the light falls."""
        self.box((98, 72, 50), x - height * 0.045, foot - height * 0.5, x + height * 0.045, foot)
        for dx, dy, r, light in (
            (0, 0.62, 0.30, 0.84),
            (-0.17, 0.56, 0.21, 0.92),
            (0.15, 0.58, 0.22, 0.9),
            (-0.05, 0.74, 0.21, 1.08),
        ):
            self.oval(shade(colour, light), x + dx * height, foot - dy * height, r * height, r * height * 0.92)

    def birds(self, colour: Colour, number: int, top: float, bottom: float) -> None:
        """Distant birds."""
        u = self.chance.take(3 * number).reshape(number, 3)
        for x, y, r in zip(u[:, 0], top + (bottom - top) * u[:, 1], 0.010 + 0.012 * u[:, 2], strict=True):
            wings = ((-1, -0.55), (-0.4, -0.7), (0, 0), (0.4, -0.7), (1, -0.55))
            self.line(colour, 0.005, *((x + r * across, y + r * up) for across, up in wings))


def _corners(side: int) -> list[tuple[int, int]]:
    return [(side, side), (0, side)]


def _gradient(height: int, above: Colour, below: Colour, bend: float) -> Image.Image:
    share = (np.arange(height)[:, None] / max(height - 1, 1)) ** bend
    column = np.array(above) + share * (np.array(below) - np.array(above))
    return Image.fromarray(np.rint(column).astype(np.uint8)[:, None, :])


@lru_cache(maxsize=1)
def _halo() -> Image.Image:
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    fall = np.clip(1 - np.hypot(x, y), 0, 1)
    return Image.fromarray(np.rint(255 * fall**2).astype(np.uint8))


@lru_cache(maxsize=1)
def grain() -> np.ndarray:
    """A texture that joins up at its edges: float32 (256, 256) about 0, within about [-1, 1]; the same for everyone."""
    total = np.zeros((TILE, TILE), dtype=np.float32)
    for octave, cells in enumerate((8, 16, 32, 64, 128)):
        values = uniform(0, np.arange(cells), 1000 + octave, cells) * 255
        tiled = Image.fromarray(np.tile(values.astype(np.uint8), (3, 3)))
        large = np.asarray(tiled.resize((3 * TILE, 3 * TILE), Image.Resampling.BICUBIC), dtype=np.float32)
        total += (large[TILE : 2 * TILE, TILE : 2 * TILE] / 127.5 - 1) * 0.62**octave
    return total / np.abs(total).max()
