"""Backgrounds out of doors: meadow, beach, sea, forest, mountains, desert, snow, storm.

Each function paints one kind on a canvas in the colours of `kinds.BACKGROUNDS`, different for every picture.
"""

from __future__ import annotations

from emolib.corpora.scenes.canvas import Canvas, mix, shade
from emolib.corpora.scenes.kinds import Background

WHITE = (255, 255, 255)


def meadow(c: Canvas, kind: Background) -> None:
    ground, far = kind.colour("ground"), kind.colour("far")
    c.band(0, 0.75, kind.colour("top"), kind.colour("low"))
    c.sun((255, 244, 190), c.chance.between(0.1, 0.9), c.chance.between(0.08, 0.2), 0.055)
    c.clouds(2 + c.chance.whole(3), (252, 253, 255), 0.08, 0.36, 0.36)
    c.birds((70, 90, 110), c.chance.whole(5), 0.15, 0.4)
    c.ridge(mix(far, kind.colour("low"), 0.45), 0.52, 0.05, 0.9)
    c.ridge(far, 0.57, 0.045, 0.7)
    for x in sorted(c.chance.spread(3 + c.chance.whole(4), 0.0, 1.0).tolist()):
        c.tree(shade(far, 0.66), x, 0.575 + 0.02 * c.chance.between(0, 1), c.chance.between(0.09, 0.17))
    c.ridge(shade(ground, 1.12), 0.63, 0.03, 0.6)
    c.ridge(ground, 0.74, 0.04, 0.5)
    c.ridge(shade(ground, 0.9), 0.92, 0.035, 0.8)
    u = c.chance.take(3 * 70).reshape(70, 3)
    for x, y, tall in zip(u[:, 0], 0.64 + 0.36 * u[:, 1], 0.012 + 0.022 * u[:, 1] * (0.5 + u[:, 2]), strict=True):
        c.line(shade(ground, 0.72 + 0.5 * float(tall > 0.022)), 0.004, (x, y), (x + tall * 0.25, y - tall))
    for colour in ((250, 240, 120), (246, 250, 255), (240, 130, 160)):
        c.specks(colour, 4 + c.chance.whole(10), 0.66, 0.99, 0.009)


def beach(c: Canvas, kind: Background) -> None:
    sea, sand = kind.colour("sea"), kind.colour("ground")
    c.band(0, 0.45, kind.colour("top"), kind.colour("low"))
    c.sun((255, 247, 205), c.chance.between(0.12, 0.88), c.chance.between(0.09, 0.22), 0.06)
    c.clouds(1 + c.chance.whole(3), (253, 253, 253), 0.1, 0.34, 0.34)
    c.birds((90, 105, 120), c.chance.whole(5), 0.12, 0.36)
    if c.chance.between(0, 1) < 0.5:
        c.ridge(mix(kind.colour("low"), (90, 140, 130), 0.55), 0.455, 0.03, 0.8)
    c.band(0.44, 0.66, shade(sea, 0.82), mix(sea, WHITE, 0.28))
    c.glints(mix(sea, WHITE, 0.6), 46, 0.45, 0.63, 0.10)
    c.ridge(mix(sea, WHITE, 0.75), 0.645, 0.014, 0.9)
    c.ridge(mix(sea, sand, 0.6), 0.66, 0.014, 0.9)
    c.ridge(shade(sand, 0.86), 0.675, 0.016, 0.8)
    c.ridge(sand, 0.70, 0.018, 0.8)
    c.glints(shade(sand, 0.92), 26, 0.74, 1.0, 0.12)
    c.specks(shade(sand, 0.8), 40, 0.72, 1.0, 0.004)
    c.specks((255, 250, 240), 8, 0.74, 1.0, 0.008, 0.6)
    if c.chance.between(0, 1) < 0.6:
        _palm(c, c.chance.between(0.04, 0.2) if c.chance.between(0, 1) < 0.5 else c.chance.between(0.8, 0.96))


def _palm(c: Canvas, x: float) -> None:
    lean = 0.10 if x < 0.5 else -0.10
    top = (x + lean, c.chance.between(0.20, 0.28))
    trunk = [(x, 0.78), (x + lean * 0.25, 0.58), (x + lean * 0.6, 0.40), top]
    c.line((128, 96, 62), 0.022, *trunk)
    for dx, dy in (
        (-0.17, 0.05),
        (-0.13, -0.06),
        (-0.02, -0.10),
        (0.12, -0.07),
        (0.17, 0.04),
        (-0.09, 0.12),
        (0.10, 0.12),
    ):
        tip, bow = (top[0] + dx, top[1] + dy + 0.04), (top[0] + dx * 0.5, top[1] + dy - 0.035)
        c.shape((52, 138, 70) if dy < 0.05 else (38, 110, 58), top, bow, tip, (bow[0], bow[1] + 0.035))


def sea(c: Canvas, kind: Background) -> None:
    water, wood = kind.colour("sea"), kind.colour("ground")
    c.band(0, 0.45, kind.colour("top"), kind.colour("low"), 1.3)
    x = c.chance.between(0.15, 0.85)
    c.sun((255, 236, 190), x, 0.36, 0.07)
    c.clouds(2 + c.chance.whole(3), (255, 240, 228), 0.06, 0.32, 0.4)
    if c.chance.between(0, 1) < 0.5:
        c.ridge(mix(kind.colour("low"), water, 0.5), 0.45, 0.028, 1.1)
    c.band(0.44, 1.0, mix(water, kind.colour("low"), 0.30), shade(water, 0.78), 0.7)
    c.glints(mix(water, WHITE, 0.30), 70, 0.455, 0.90, 0.14)
    for depth in c.chance.take(26):  # the path of light below the sun
        y = 0.45 + 0.36 * depth
        reach = 0.02 + 0.07 * depth * float(c.chance.take(1)[0])
        c.line((255, 232, 186), 0.005, (x - reach, y), (x + reach, y))
    if c.chance.between(0, 1) < 0.6:
        _boat(c, c.chance.between(0.1, 0.9))
    c.shape(shade(wood, 0.6), (-0.02, 0.83), (1.02, 0.83), (1.02, 0.86), (-0.02, 0.86))
    c.band(0.80, 0.835, mix(wood, WHITE, 0.20), wood)
    for k in range(4):
        y = 0.835 + 0.042 * k
        c.band(y, y + 0.045, shade(wood, 1.0 + 0.06 * (k % 2)), shade(wood, 0.94))
        c.line(shade(wood, 0.62), 0.005, (0, y), (1, y))
    for x in c.chance.spread(3, 0.05, 0.95):
        c.line(shade(wood, 0.62), 0.004, (x, 0.835), (x, 0.876))


def _boat(c: Canvas, x: float) -> None:
    y, s = 0.475, c.chance.between(0.05, 0.09)
    c.shape((238, 240, 244), (x, y), (x, y - s * 1.6), (x + s * 0.9, y))
    c.shape((214, 92, 78), (x - s * 0.06, y), (x - s * 0.06, y - s * 1.2), (x - s * 0.7, y))
    c.shape(
        (110, 72, 52),
        (x - s, y + s * 0.1),
        (x + s, y + s * 0.1),
        (x + s * 0.7, y + s * 0.4),
        (x - s * 0.7, y + s * 0.4),
    )


def forest(c: Canvas, kind: Background) -> None:
    far, near, ground = kind.colour("far"), kind.colour("near"), kind.colour("ground")
    c.band(0, 0.7, kind.colour("top"), mix(kind.colour("top"), WHITE, 0.25))
    c.glow((255, 252, 214), c.chance.between(0.2, 0.8), c.chance.between(0.1, 0.3), 0.5, 0.7)
    for layer, (share, foot, low, high) in enumerate(
        ((0.62, 0.60, 0.3, 0.44), (0.25, 0.64, 0.36, 0.54), (0.0, 0.68, 0.4, 0.62))
    ):
        colour = mix(far, kind.colour("top"), share)
        c.ridge(colour, foot - 0.02, 0.02, 1.3)
        for x in (c.chance.take(8 - layer) + range(8 - layer)) / (8 - layer):
            c.conifer(colour, float(x), foot + 0.02, c.chance.between(low, high))
    c.band(0.66, 1.0, mix(ground, far, 0.35), shade(ground, 0.8))
    c.ridge(ground, 0.72, 0.015, 1.2)
    x = c.chance.between(0.35, 0.65)
    path = mix(ground, (214, 186, 140), 0.55)
    c.shape(
        path, (x - 0.02, 0.705), (x + 0.02, 0.705), (x + 0.10, 0.82), (x + 0.26, 1.0), (x - 0.22, 1.0), (x - 0.06, 0.82)
    )
    c.specks(shade(ground, 0.78), 50, 0.74, 1.0, 0.008, 0.5)
    c.specks(shade(ground, 1.22), 40, 0.74, 1.0, 0.008, 0.5)
    for side in (0.0, 1.0):
        for _ in range(2):
            c.conifer(
                near, side + c.chance.between(-0.1, 0.1), c.chance.between(0.74, 0.86), c.chance.between(0.7, 0.95)
            )
    c.specks((150, 178, 96), 12, 0.76, 1.0, 0.010, 0.7)


def mountains(c: Canvas, kind: Background) -> None:
    far, near, ground = kind.colour("far"), kind.colour("near"), kind.colour("ground")
    c.band(0, 0.75, kind.colour("top"), kind.colour("low"), 0.8)
    c.sun((255, 248, 220), c.chance.between(0.1, 0.9), c.chance.between(0.07, 0.15), 0.045)
    c.clouds(1 + c.chance.whole(3), (252, 253, 255), 0.08, 0.26, 0.32)
    c.peaks(far, (246, 249, 254), 0.60, 0.40, 3)
    c.clouds(2, mix(kind.colour("low"), WHITE, 0.4), 0.46, 0.56, 0.5)
    c.peaks(near, (236, 242, 250) if c.chance.between(0, 1) < 0.4 else None, 0.66, 0.24, 4)
    lake = c.chance.between(0, 1) < 0.5
    c.ridge(shade(ground, 0.66), 0.645, 0.018, 1.6)
    for x in c.chance.spread(14, 0.0, 1.0):
        c.conifer(shade(ground, 0.52), float(x), 0.68, c.chance.between(0.06, 0.12))
    if lake:
        c.band(0.665, 0.74, mix(kind.colour("top"), far, 0.4), mix(kind.colour("low"), far, 0.4))
        c.glints(WHITE, 16, 0.675, 0.73, 0.08)
    c.ridge(ground, 0.74 if lake else 0.70, 0.02, 0.8)
    c.ridge(shade(ground, 0.9), 0.86, 0.03, 0.6)
    c.specks(shade(ground, 1.2), 40, 0.77, 1.0, 0.007, 0.6)
    c.specks((236, 220, 130), 10, 0.78, 1.0, 0.007)


def desert(c: Canvas, kind: Background) -> None:
    far, ground = kind.colour("far"), kind.colour("ground")
    c.band(0, 0.7, kind.colour("top"), kind.colour("low"), 0.8)
    c.sun((255, 246, 208), c.chance.between(0.12, 0.88), c.chance.between(0.1, 0.22), 0.065)
    for _ in range(c.chance.whole(3)):
        x, wide, high = c.chance.between(0, 1), c.chance.between(0.08, 0.16), c.chance.between(0.06, 0.14)
        rock = mix((190, 106, 70), kind.colour("low"), 0.35)
        c.shape(rock, (x - wide, 0.56), (x - wide * 0.75, 0.53 - high), (x + wide * 0.7, 0.53 - high), (x + wide, 0.56))
        c.shape(
            shade(rock, 0.88),
            (x + wide * 0.2, 0.56),
            (x + wide * 0.3, 0.53 - high),
            (x + wide * 0.7, 0.53 - high),
            (x + wide, 0.56),
        )
    c.ridge(mix(far, kind.colour("low"), 0.35), 0.53, 0.035, 0.8)
    for base, tone in ((0.58, 1.0), (0.68, 0.96), (0.82, 1.0)):
        line = c.ridge(shade(mix(far, ground, (base - 0.5) * 2.6), tone), base, 0.045, c.chance.between(0.5, 0.9))
        crest = int(line.argmin())  # the lee side of a dune lies in its own shade
        x, y = crest / 48, float(line[crest])
        c.shape(
            shade(ground, 0.86),
            (x, y),
            (x + 0.05, y + 0.05),
            (x + 0.24, y + 0.13),
            (x + 0.34, y + 0.15),
            (x + 0.12, y + 0.045),
        )
    c.glints(shade(ground, 0.9), 34, 0.72, 1.0, 0.16)
    for _ in range(1 + c.chance.whole(3)):
        _cactus(c, c.chance.between(0.05, 0.95), c.chance.between(0.60, 0.72))


def _cactus(c: Canvas, x: float, foot: float) -> None:
    s, green = 0.07 + (foot - 0.6) * 0.7, (74, 128, 76)
    c.line(green, s * 0.22, (x, foot), (x, foot - s * 1.5))
    c.line(green, s * 0.15, (x, foot - s * 0.6), (x - s * 0.42, foot - s * 0.65), (x - s * 0.42, foot - s * 1.1))
    c.line(green, s * 0.15, (x, foot - s * 0.8), (x + s * 0.42, foot - s * 0.85), (x + s * 0.42, foot - s * 1.3))


def snow(c: Canvas, kind: Background) -> None:
    far, ground = kind.colour("far"), kind.colour("ground")
    c.band(0, 0.75, kind.colour("top"), kind.colour("low"), 0.8)
    c.clouds(2 + c.chance.whole(2), (240, 245, 250), 0.05, 0.3, 0.4)
    c.peaks(mix(far, kind.colour("top"), 0.5), ground, 0.58, 0.26, 3)
    c.ridge(far, 0.57, 0.04, 0.8)
    for x in sorted(c.chance.spread(9, 0.0, 1.0).tolist()):
        tall = c.chance.between(0.10, 0.22)
        c.conifer((92, 124, 128), x, 0.60, tall)
        c.shape(
            (236, 243, 250),
            (x - tall * 0.10, 0.60 - tall * 0.72),
            (x, 0.60 - tall),
            (x + tall * 0.10, 0.60 - tall * 0.72),
        )
    c.ridge(shade(ground, 0.94), 0.63, 0.03, 0.7)
    c.ridge(ground, 0.74, 0.04, 0.5)
    c.ridge(shade(ground, 0.96), 0.90, 0.03, 0.7)
    c.glints((214, 226, 240), 22, 0.68, 1.0, 0.14)


def storm(c: Canvas, kind: Background) -> None:
    top, low, ground = kind.colour("top"), kind.colour("low"), kind.colour("ground")
    c.band(0, 0.66, top, low)
    c.clouds(5, mix(top, low, 0.35), 0.0, 0.26, 0.62)
    c.clouds(4, shade(top, 0.9), -0.04, 0.14, 0.7)
    if c.chance.between(0, 1) < 0.75:
        x = c.chance.between(0.12, 0.88)
        c.glow((216, 222, 255), x, 0.3, 0.4, 0.5)
        steps = [(x + c.chance.between(-0.06, 0.06), y) for y in (0.16, 0.26, 0.34, 0.44, 0.54)]
        c.line((250, 250, 255), 0.012, *steps)
        c.line((250, 250, 255), 0.006, steps[2], (steps[2][0] + 0.08, 0.42), (steps[2][0] + 0.06, 0.48))
    c.ridge(kind.colour("far"), 0.58, 0.03, 0.9)
    c.ridge(shade(ground, 0.8), 0.64, 0.025, 0.7)
    x = c.chance.between(0.05, 0.95)
    c.line((40, 36, 34), 0.016, (x, 0.66), (x + 0.01, 0.5))
    for dx, dy in ((-0.07, 0.40), (0.07, 0.42), (-0.03, 0.37), (0.04, 0.36)):
        c.line((40, 36, 34), 0.007, (x + 0.005, 0.53), (x + dx * 0.6, dy + 0.06), (x + dx, dy))
    c.ridge(ground, 0.70, 0.02, 0.8)
    c.ridge(shade(ground, 0.86), 0.86, 0.025, 0.7)
    for _ in range(4):  # puddles
        c.oval(
            mix(ground, low, 0.55),
            c.chance.between(0, 1),
            c.chance.between(0.74, 0.97),
            c.chance.between(0.05, 0.12),
            0.012,
        )
