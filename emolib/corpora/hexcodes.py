"""Hexcodes: how OpenMoji names an emoji, and which emoji are variants of one. Used by the corpus `openmoji`: chapter 0.

A hexcode is the code points of an emoji in hexadecimal, joined by hyphens: "1F44B-1F3FD" is a waving hand (1F44B) of
medium skin tone (1F3FD). Joined emoji carry the zero-width joiner 200D between their parts; FE0F asks for the picture
instead of the letter, and programs disagree where it has to stand.
"""

from __future__ import annotations

import re
from functools import lru_cache

from emolib.corpora import rendering
from emolib.errors import BadInput

TONES = ("1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF")
_CODE = re.compile(r"[0-9A-F]{4,6}(-[0-9A-F]{4,6})*")
# A woman's or man's sign behind the joiner, or an arrow that turns the figure round: the same picture mirrored.
_SUFFIX = re.compile(r"(-FE0F)?-200D-(2640|2642|27A1)(-FE0F)?(?=-|$)")
_ADULT, _CHILD = "1F9D1", "1F9D2"
_PARTS = {
    **dict.fromkeys(("1F468", "1F469"), _ADULT),  # man, woman: person
    **dict.fromkeys(("1F466", "1F467"), _CHILD),  # boy, girl: child
    **dict.fromkeys(("1F474", "1F475"), "1F9D3"),  # old man, old woman: older person
    **dict.fromkeys(("1F934", "1F478"), "1FAC5"),  # prince, princess: person with crown
    **dict.fromkeys(("1F930", "1FAC3"), "1FAC4"),  # pregnant woman, man: pregnant person
    "1F57A": "1F483",  # man dancing: woman dancing; there is no third
}
# Emoji that can be written whole or, to give each person a skin tone, in parts.
_WHOLES = {
    **dict.fromkeys(("1F385", "1F936"), "1F9D1-200D-1F384"),  # Santa, Mrs Claus: Mx Claus
    **dict.fromkeys(("1F46B", "1F46C", "1F46D"), "1F9D1-200D-1F91D-200D-1F9D1"),  # holding hands
    "1F9D1-200D-2764-FE0F-200D-1F9D1": "1F491",  # couple with heart
    "1F9D1-200D-2764-FE0F-200D-1F48B-200D-1F9D1": "1F48F",  # kiss
    "1F9D1-200D-1F430-200D-1F9D1": "1F46F",  # people with bunny ears
    "1F9D1-200D-1FAEF-200D-1F9D1": "1F93C",  # people wrestling
    "1FAF1-200D-1FAF2": "1F91D",  # handshake
}
_FAMILY = "1F46A"
# Bases of which two pictures differ by less than 2 of 255 (root mean square at 16 pixels) though their SVGs are not the
# same file; all of OpenMoji 17 was compared.
_ALIKE = (
    ("1F1F3-1F1F4", "1F1E7-1F1FB"),  # flags of Norway, Bouvet Island
    ("1F1FA-1F1F8", "1F1FA-1F1F2"),  # flags of the United States, its outlying islands
    ("1F311", "26AB"),  # new moon, black circle
    ("1F315", "1F7E1"),  # full moon, yellow circle
    ("1F3FF", "1F7EB"),  # dark skin, brown square
    ("20E3", "1F7E6"),  # empty keycap, blue square
    ("1F3F3-FE0F-200D-2B1C", "25AD"),  # white flag, white rectangle
    ("1F47F", "1F608"),  # faces with horns, angry and smiling
    ("1F9D1", "1F471"), ("1F9D1", "1F64D"), ("1F9D1", "1F64E"),  # person, with fair hair, frowning, pouting
    ("E2C9", "E2CA"),
)  # fmt: skip


def base_code(code: str) -> str:
    """The hexcode without what only varies one emoji: skin tone, gender, and the direction in which a figure looks.

    The signs of skin (1F3FB to 1F3FF), of gender (2640, 2642) and of direction (27A1) are dropped; man, woman and
    person become the person, and so with the other emoji that exist for two or three genders; families of any kind
    become the family (1F46A). So `base_code("1F469-1F3FD-200D-1F680")`, a woman astronaut of medium skin tone, is
    "1F9D1-200D-1F680". The base of a base is itself. A skin tone alone (a coloured square) stays.

    Raises BadInput when `code` does not read like a hexcode.
    """
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise BadInput(f"{code!r} is no hexcode; one reads like '1F600' or '1F44B-1F3FD'")
    parts = _SUFFIX.sub("", without_tone(code)).split("-")
    parts = [_PARTS.get(part, part) for part in parts]
    if len(parts) > 1 and set(parts) <= {_ADULT, _CHILD, "200D"}:
        return _FAMILY
    base = "-".join(parts)
    return _WHOLES.get(base, base)


def groups() -> dict[str, str]:
    """The group of every illustration, by code: `base_code`, joined where two emoji have the same drawing or nearly so.

    Raises Unavailable when the package of the drawings is missing.
    """
    return dict(_groups())


def without_tone(code: str) -> str:
    """The hexcode without signs of skin tone; a skin tone alone stays."""
    return "-".join(part for part in code.split("-") if part not in TONES) or code


def key(code: str) -> str:
    """The hexcode without FE0F, to compare what different programs write for one emoji."""
    return "-".join(part for part in code.split("-") if part != "FE0F")


def hexcode(emoji: str) -> str:
    """The hexcode of the characters of an emoji, as "1F600" of a grinning face."""
    return "-".join(f"{ord(character):04X}" for character in emoji)


def characters(code: str) -> str:
    """The characters of an emoji; "" for an illustration that Unicode has no emoji for (its code is of private use)."""
    points = [int(part, 16) for part in code.split("-")]
    if any(0xE000 <= point <= 0xF8FF or point >= 0xF0000 for point in points):
        return ""
    return "".join(map(chr, points))


@lru_cache(maxsize=1)
def _groups() -> dict[str, str]:
    return _join_same({code: (base_code(code), rendering.drawing(code)) for code in rendering.codes()})


def _join_same(found: dict[str, tuple[str, bytes]]) -> dict[str, str]:
    """The group of each code, given its base and its drawing: bases that look the same become the first of them."""
    first: dict[str, str] = {}

    def top(base: str) -> str:
        while first.setdefault(base, base) != base:
            base = first[base]
        return base

    by_drawing: dict[bytes, str] = {}
    pairs = [(base, by_drawing.setdefault(drawing, base)) for base, drawing in found.values()]
    for pair in [*pairs, *_ALIKE]:
        one, two = sorted(map(top, pair))
        first[two] = one
    return {code: top(base) for code, (base, _) in found.items()}
