"""A picture from its number: background, things with their shadows, weather, light; and its map of emotional regions.

1. The background is painted on a canvas of twice the side (up to 640 pixels, beyond that of the side itself) and
   reduced; a faint texture keeps the ground from being flat.
2. Things are painted from far to near into their boxes, each with a soft shadow on the ground.
3. Rain falls in a storm and flakes in snow.
4. The palette: with g the grey value of a pixel x, s and b the palette's saturation and brightness, the picture becomes
   b (g + s (x - g)), and a tint is mixed in, most near the horizon.
5. A near-duplicate shows a part of its original, perhaps mirrored, lighter or darker, after one more JPEG compression.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from emolib.corpora.scenes import landscapes, towns
from emolib.corpora.scenes.canvas import TILE, Canvas, grain
from emolib.corpora.scenes.chance import Stream
from emolib.corpora.scenes.kinds import BACKGROUNDS, PALETTES, Palette
from emolib.corpora.scenes.model import STREAMS, Latents, Parameters, latents
from emolib.corpora.scenes.objects import objects
from emolib.corpora.scenes.places import Layout, layout
from emolib.corpora.scenes.records import contributions

PAINTERS = {
    "meadow": landscapes.meadow, "beach": landscapes.beach, "sea": landscapes.sea, "forest": landscapes.forest,
    "mountains": landscapes.mountains, "desert": landscapes.desert, "snow": landscapes.snow, "storm": landscapes.storm,
    "city": towns.city, "night": towns.night, "room": towns.room,
}  # fmt: skip

LARGEST_CANVAS = 640
SMOOTH = ("room", "city", "night", "sea")


class Scenes:
    """Pictures of some numbers: everything about them but pixels is worked out at once, pixels one by one.

    `index` are whole numbers from 0 on. Raises BadInput for others.
    """

    def __init__(self, parameters: Parameters, index: np.ndarray) -> None:
        self.parameters = parameters
        self.scene: Latents = latents(parameters, index)
        self.placed: Layout = layout(parameters, self.scene)

    def __len__(self) -> int:
        return len(self.scene.index)

    def picture(self, k: int) -> np.ndarray:
        """The k-th of the pictures: uint8 (size, size, 3), red, green, blue."""
        scene, size = self.scene, self.parameters.size
        chance = Stream(self.parameters.seed, int(scene.original[k]), STREAMS["paint"])
        kind, palette = BACKGROUNDS[scene.background[k]], PALETTES[scene.palette[k]]
        image = _background(kind.name, kind.horizon, size, chance)
        for thing, left, top in self._things(k):
            _shadow(image, thing, left, top)
            image.paste(thing, (left, top), thing)
        _weather(image, kind.name, chance)
        image = _light(image, palette, kind.horizon)
        return np.asarray(self._view(image, k, copy=True))

    def region_map(self, k: int) -> np.ndarray:
        """How much each place of the k-th picture adds to its likeliest emotion: uint8 (size, size), 0 to 255.

        The surroundings count for what background and palette add, a thing for what it adds, wherever it is seen; the
        largest of these is 255. All 0 when nothing adds anything, as with all strengths at zero.
        """
        size = self.parameters.size
        things, around = contributions(self.parameters, self.scene)
        own = things[k][self.placed.order[k]]
        image = Image.new("L", (size, size), round(255 * float(around[k])))
        for (thing, left, top), weight in zip(self._things(k), own, strict=False):
            image.paste(round(255 * float(weight)), (left, top), thing.getchannel("A"))
        return np.asarray(self._view(image, k, copy=False))

    def _things(self, k: int) -> list[tuple[Image.Image, int, int]]:
        """The things of a picture from far to near, with the upper left corners of their boxes in pixels."""
        scene, placed, size = self.scene, self.placed, self.parameters.size
        found = []
        for j in range(int(scene.number[k])):
            left, top, right, bottom = np.rint(placed.boxes[k, j] * size).astype(int).tolist()
            wide, high = max(1, right - left), max(1, bottom - top)
            code = objects().codes[scene.objects[k, placed.order[k, j]]]
            thing = _sprite(code, _detail(max(wide, high))).resize(
                (wide, high), Image.Resampling.BOX, reducing_gap=None
            )
            if placed.mirror[k, j]:
                thing = thing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            found.append((thing, left, top))
        return found

    def _view(self, image: Image.Image, k: int, *, copy: bool) -> Image.Image:
        """What the picture shows of its original: all, or for a near-duplicate a changed part."""
        if self.scene.index[k] == self.scene.original[k]:
            return image
        size = self.parameters.size
        left, top, side = (self.placed.view[k] * size).tolist()
        image = image.resize((size, size), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
        if self.placed.flip[k]:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if not copy:
            return image
        chance = Stream(self.parameters.seed, int(self.scene.index[k]), STREAMS["change"], 16)
        chance.take(4)  # those that `places` uses for the view
        factor = chance.between(0.92, 1.08)
        packed = io.BytesIO()
        image.point(lambda value: value * factor).save(packed, "JPEG", quality=55 + chance.whole(35))
        return Image.open(packed).convert("RGB")


def _background(name: str, horizon: float, size: int, chance: Stream) -> Image.Image:
    side = 2 * size if 2 * size <= LARGEST_CANVAS else size
    canvas = Canvas(side, chance)
    PAINTERS[name](canvas, next(kind for kind in BACKGROUNDS if kind.name == name))
    image = canvas.image.reduce(2) if side != size else canvas.image
    x, y = chance.whole(TILE), chance.whole(TILE)
    amount = _texture(size, horizon, 0.05 if name in SMOOTH else 0.10)
    texture = np.roll(grain(), (y, x), (0, 1))
    if size > TILE:
        texture = np.tile(texture, (-(-size // TILE), -(-size // TILE)))
    pixels = np.asarray(image) * (1 + amount * texture[:size, :size])[:, :, None]
    return Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))


@lru_cache(maxsize=64)
def _texture(size: int, horizon: float, amount: float) -> np.ndarray:
    """How strong the texture is at each height: faint in the sky, fuller on the ground; float32 (size, 1)."""
    y = np.arange(size, dtype=np.float32)[:, None] / size
    return (0.02 + amount * np.clip((y - horizon + 0.1) / 0.2, 0, 1)).astype(np.float32)


def _detail(pixels: int) -> int:
    """Size at which an illustration is drawn, before it is reduced into its box: a power of two, for few to be kept."""
    return 1 << max(6, int(2 * pixels - 1).bit_length())


@lru_cache(maxsize=512)
def _sprite(code: str, size: int) -> Image.Image:
    """An illustration cut tight around what is painted."""
    from emolib.corpora.rendering import sprite
    from emolib.corpora.scenes.places import extents

    left, top, right, bottom = (extents()[objects().codes.index(code)] * size).tolist()
    return Image.fromarray(sprite(code, size)).crop((round(left), round(top), round(right), round(bottom)))


def _shadow(image: Image.Image, thing: Image.Image, left: int, top: int) -> None:
    """A soft dark oval where the thing meets the ground."""
    wide, high = max(4, round(thing.width * 1.25)), max(3, round(thing.width * 0.30))
    mask = _oval_shade().resize((wide, high), Image.Resampling.BILINEAR)
    image.paste((18, 20, 34), (left + (thing.width - wide) // 2, top + thing.height - round(high * 0.62)), mask)


@lru_cache(maxsize=1)
def _oval_shade() -> Image.Image:
    y, x = np.mgrid[-1:1:33j, -1:1:65j]
    return Image.fromarray(np.rint(130 * np.clip(1 - np.hypot(x, y) ** 2, 0, 1)).astype(np.uint8))


def _weather(image: Image.Image, name: str, chance: Stream) -> None:
    """Rain over a storm, flakes over snow, drawn at twice the side like the background."""
    if name not in ("storm", "snow"):
        return
    side = 2 * image.width if 2 * image.width <= LARGEST_CANVAS else image.width
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    if name == "storm":
        u = chance.take(3 * 90).reshape(90, 3)
        for x, y, near in (u * (1.2, 1, 1)).tolist():
            long = (0.03 + 0.06 * near) * side
            x, y = x * side, y * side
            pen.line((x, y, x - 0.28 * long, y + long), fill=round(50 + 90 * near), width=max(1, side // 200))
    else:
        u = chance.take(3 * 70).reshape(70, 3)
        for x, y, near in u.tolist():
            r = (0.003 + 0.008 * near**2) * side
            x, y = x * side, y * side
            pen.ellipse((x - r, y - r, x + r, y + r), fill=round(150 + 100 * near))
    image.paste(
        (214, 222, 236) if name == "storm" else (255, 255, 255), (0, 0), mask.resize(image.size, Image.Resampling.BOX)
    )


def _light(image: Image.Image, palette: Palette, horizon: float) -> Image.Image:
    """The whole picture in the light of the palette."""
    x = np.asarray(image, dtype=np.float32)
    grey = x @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    x = palette.brightness * (grey[:, :, None] + palette.saturation * (x - grey[:, :, None]))
    y = np.arange(len(x), dtype=np.float32)[:, None, None] / len(x)
    share = palette.strength * (0.55 + 0.75 * np.exp(-(((y - horizon + 0.1) / 0.28) ** 2)))
    x += share * (np.array(palette.tint, dtype=np.float32) - x)
    return Image.fromarray(np.clip(x + 0.5, 0, 255).astype(np.uint8))
