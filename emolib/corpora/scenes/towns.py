"""Backgrounds that people built: a city by day, the same by night, a room.

As in `landscapes`, each function paints one kind on a canvas in the colours of `kinds.BACKGROUNDS`.
"""

from __future__ import annotations

from emolib.corpora.scenes.canvas import Canvas, mix, shade
from emolib.corpora.scenes.kinds import Background, Colour

WHITE = (255, 255, 255)
FACADES = ((188, 120, 96), (205, 178, 140), (142, 150, 164), (170, 142, 150), (206, 196, 180), (120, 132, 140))
LAMPS = ((255, 222, 130), (255, 200, 96), (255, 240, 190))


def city(c: Canvas, kind: Background) -> None:
    c.band(0, 0.7, kind.colour("top"), kind.colour("low"))
    c.sun((255, 248, 214), c.chance.between(0.1, 0.9), c.chance.between(0.06, 0.14), 0.045)
    c.clouds(2 + c.chance.whole(2), (252, 253, 255), 0.05, 0.26, 0.32)
    _skyline(c, mix(kind.colour("far"), kind.colour("low"), 0.5), 0.22, 0.42, 0.08, None)
    _houses(c, kind, lit=False)
    _street(c, kind.colour("ground"), (176, 172, 166), WHITE)
    for x in c.chance.spread(1 + c.chance.whole(3), 0.02, 0.98):
        c.tree((96, 150, 84), float(x), 0.775, c.chance.between(0.14, 0.22))


def night(c: Canvas, kind: Background) -> None:
    c.band(0, 0.72, kind.colour("top"), kind.colour("low"))
    c.specks((226, 230, 255), 60, 0.0, 0.45, 0.0035)
    x, y = c.chance.between(0.1, 0.9), c.chance.between(0.07, 0.2)
    c.sun((240, 238, 214), x, y, 0.05)
    if c.chance.between(0, 1) < 0.5:  # a crescent
        c.oval(mix(kind.colour("top"), (240, 238, 214), 0.25), x + 0.022, y - 0.012, 0.043, 0.043)
    _skyline(c, kind.colour("far"), 0.24, 0.44, 0.07, (196, 176, 120))
    _houses(c, kind, lit=True)
    _street(c, kind.colour("ground"), (52, 52, 72), (180, 176, 150))
    for x in c.chance.spread(2, 0.05, 0.95):
        c.line((16, 16, 26), 0.010, (x, 0.79), (x, 0.56))
        c.glow((255, 214, 130), float(x), 0.56, 0.16, 0.75)
        c.oval((255, 238, 190), float(x), 0.56, 0.014, 0.014)
        c.glow((255, 214, 130), float(x), 0.82, 0.12, 0.22)


def _skyline(c: Canvas, colour: Colour, low: float, high: float, wide: float, lit: Colour | None) -> None:
    """Silhouettes far away, with a lit window here and there."""
    x = -0.02
    while x < 1:
        own, tall = wide * c.chance.between(0.6, 1.5), c.chance.between(low, high)
        c.box(shade(colour, c.chance.between(0.93, 1.06)), x, 0.74 - tall, x + own, 0.76)
        if lit:
            u = c.chance.take(10).reshape(5, 2)
            for a, b in u:
                left, top = x + own * (0.1 + 0.7 * a), 0.74 - tall * (0.15 + 0.7 * b)
                c.box(lit, left, top, left + 0.006, top + 0.008)
        x += own


def _houses(c: Canvas, kind: Background, *, lit: bool) -> None:
    """The near row of buildings with their windows."""
    x = c.chance.between(-0.08, 0.0)
    while x < 1:
        own, tall = c.chance.between(0.15, 0.26), c.chance.between(0.22, 0.50)
        tone = mix(FACADES[c.chance.whole(len(FACADES))], kind.colour("near"), 0.92 if lit else 0.35)
        tone = shade(tone, c.chance.between(0.92, 1.1))
        top = 0.77 - tall
        c.box(tone, x, top, x + own, 0.77)
        c.box(shade(tone, 0.84), x + own * 0.86, top, x + own, 0.77)
        c.box(shade(tone, 0.7), x - 0.006, top - 0.014, x + own + 0.006, top + 0.004)
        columns, rows = max(2, int(own / 0.052)), max(2, int(tall / 0.075))
        chance = c.chance.take(columns * rows + 1)
        gap, step = own * 0.84 / columns, (tall - 0.09) / rows
        for k in range(columns * rows):
            left, up = x + own * 0.03 + gap * (k % columns + 0.22), top + 0.022 + step * (k // columns)
            glass = (126, 156, 184) if chance[k] < 0.75 else (172, 198, 216)
            if lit:
                glass = LAMPS[k % 3] if chance[k] < 0.45 else shade(tone, 0.72)
            c.box(glass, left, up, left + gap * 0.56, up + step * 0.6)
        door = x + own * (0.2 + 0.4 * float(chance[-1]))
        c.box(shade(tone, 0.5), door, 0.715, door + 0.034, 0.77)
        x += own


def _street(c: Canvas, road: Colour, pavement: Colour, marks: Colour) -> None:
    c.band(0.765, 0.83, pavement, shade(pavement, 0.93))
    for k in range(9):
        c.line(shade(pavement, 0.84), 0.003, (k / 8 + 0.02, 0.765), ((k / 8 - 0.5) * 1.15 + 0.52, 0.83))
    c.band(0.83, 0.845, shade(pavement, 0.7), shade(pavement, 0.62))
    c.band(0.845, 1.0, road, shade(road, 0.86))
    start = c.chance.between(-0.2, 0.0)
    for k in range(5):
        x = start + 0.28 * k
        c.shape(mix(road, marks, 0.8), (x, 0.925), (x + 0.13, 0.925), (x + 0.125, 0.945), (x - 0.01, 0.945))


def room(c: Canvas, kind: Background) -> None:
    wall, floor, glass = kind.colour("wall"), kind.colour("ground"), kind.colour("window")
    c.band(0, 0.70, mix(wall, WHITE, 0.12), shade(wall, 0.94))
    if c.chance.between(0, 1) < 0.6:
        for k in range(15):
            c.box(shade(wall, 0.965), k / 14 - 0.012, 0, k / 14 + 0.012, 0.66)
    left = c.chance.between(0.10, 0.58)
    _window(c, left, glass)
    frame = left + 0.48 if left < 0.34 else left - 0.28
    if 0 < frame < 0.85:
        _painting(c, frame, c.chance.between(0.16, 0.24))
    c.box(mix(wall, WHITE, 0.55), 0, 0.665, 1, 0.705)
    c.line(shade(wall, 0.78), 0.004, (0, 0.705), (1, 0.705))
    c.band(0.707, 1.0, shade(floor, 0.92), shade(floor, 1.08))
    for k in range(-3, 14):  # planks run towards the middle of the wall
        c.line(shade(floor, 0.78), 0.004, (0.5 + (k / 10 - 0.5) * 0.9, 0.707), (0.5 + (k / 10 - 0.5) * 1.7, 1.0))
    light = mix(floor, (255, 236, 190), 0.42)
    c.shape(light, (left + 0.02, 0.74), (left + 0.30, 0.74), (left + 0.40, 0.92), (left + 0.06, 0.92))
    c.line(shade(floor, 0.9), 0.012, (left + 0.16, 0.74), (left + 0.23, 0.92))
    rug = ((176, 84, 78), (92, 124, 150), (128, 140, 92), (196, 160, 92))[c.chance.whole(4)]
    x = c.chance.between(0.38, 0.62)
    for grow, tone in ((1.0, 0.85), (0.88, 1.1), (0.62, 0.95)):
        c.oval(shade(rug, tone), x, 0.885, 0.40 * grow, 0.085 * grow)
    if c.chance.between(0, 1) < 0.6:
        _lamp(c, 0.06 if left > 0.3 else 0.94)


def _window(c: Canvas, left: float, glass: Colour) -> None:
    top, wide, high = 0.12, 0.30, 0.36
    c.box((246, 242, 234), left - 0.02, top - 0.02, left + wide + 0.02, top + high + 0.02)
    c.box(shade(glass, 0.9), left, top, left + wide, top + high)
    c.box(mix(glass, WHITE, 0.35), left, top + high * 0.45, left + wide, top + high * 0.72)
    c.oval((122, 170, 104), left + wide * 0.3, top + high, wide * 0.29, high * 0.26)
    c.oval((104, 154, 92), left + wide * 0.74, top + high, wide * 0.25, high * 0.34)
    c.box((246, 242, 234), left - 0.02, top + high, left + wide + 0.02, top + high + 0.13)
    c.box((229, 205, 169), left - 0.03, top + high + 0.035, left + wide + 0.03, top + high + 0.14)
    c.box((246, 242, 234), left + wide / 2 - 0.007, top, left + wide / 2 + 0.007, top + high)
    c.box((246, 242, 234), left, top + high * 0.5 - 0.007, left + wide, top + high * 0.5 + 0.007)
    curtain = ((214, 120, 104), (120, 148, 170), (150, 164, 116), (214, 176, 110))[c.chance.whole(4)]
    for side, sign in ((left - 0.035, 1), (left + wide + 0.035, -1)):
        for fold in range(3):
            edge = side + sign * fold * 0.024
            c.shape(shade(curtain, 1.0 - 0.08 * (fold % 2)), (edge, top - 0.045), (edge + sign * 0.026, top - 0.045),
                    (edge + sign * 0.02, top + high + 0.08), (edge - sign * 0.004, top + high + 0.08))  # fmt: skip
    c.line((120, 88, 60), 0.012, (left - 0.07, top - 0.045), (left + wide + 0.07, top - 0.045))


def _painting(c: Canvas, x: float, y: float) -> None:
    c.box((120, 86, 54), x, y, x + 0.18, y + 0.15)
    c.box((238, 230, 214), x + 0.014, y + 0.014, x + 0.166, y + 0.136)
    c.box((158, 196, 214), x + 0.03, y + 0.028, x + 0.15, y + 0.08)
    c.box((146, 170, 110), x + 0.03, y + 0.08, x + 0.15, y + 0.122)
    c.oval((240, 200, 110), x + 0.12, y + 0.052, 0.014, 0.014)


def _lamp(c: Canvas, x: float) -> None:
    c.line((92, 74, 62), 0.010, (x, 0.73), (x, 0.36))
    c.oval((92, 74, 62), x, 0.735, 0.05, 0.012)
    c.glow((255, 236, 180), x, 0.34, 0.26, 0.55)
    c.shape((250, 226, 170), (x - 0.035, 0.27), (x + 0.035, 0.27), (x + 0.07, 0.38), (x - 0.07, 0.38))
