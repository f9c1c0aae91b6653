"""Names of colours: the colours that names stand for, and a table from every RGB colour to a basic name (chapter 2).

Van de Weijer et al. ("Learning color names for real-world applications", IEEE TIP 18, 2009), whom Kim et al. follow,
learned a table of 32 x 32 x 32 RGB cells by 11 names from web pictures. Its licence is unknown, so it cannot come with
the book; :func:`load_colour_table` reads it when you have it. Without it, :func:`focal_table` gives every cell the name
of the nearest focal colour in CIELAB. The focal colours are the centres of the 267 blocks of the ISCC-NBS method (Kelly
& Judd, "Color: universal language and dictionary of names", NBS Special Publication 440, 1976), in the sRGB values of
Centore ("sRGB centroids for the ISCC-NBS colour system", 2016). A block's last word is its basic name ("dark reddish
brown" is a brown); olive counts as green and violet as purple, since neither is among Berlin & Kay's eleven. The
blocks describe surfaces; a screen shows colours more vivid than these, so CSS's red, orange, yellow and blue are added.

Why so many, and not the one best example that each of the eleven has? The best examples are vivid colours, and the
nearest vivid colour is a poor name for most of a photograph: fair skin and sand turn out white and a navy blue purple.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from emolib.errors import BadInput

BASIC_COLOURS = ("black", "blue", "brown", "grey", "green", "orange", "pink", "purple", "red", "white", "yellow")
CELLS = 32**3

# sRGB, in the order of the blocks' numbers.
_CENTRES = {
    "black": ("30262b 2b211e 23211c 212626 24272e 2b2630 2b292b"),
    "blue": (
        "0085a1 2dbce2 1385af 2e8495 94d6ef 65a8c3 2a7691 134a60 0b2c3b 1b5cd7 419ded 276cbd 113074 99c6f9 "
        "73a4dc 34689e 173459 c2d2ec 91a2bb 54687f 323f4e 1e2531 4436d1 8088e2 5359b5 2a286f b7c0f8 8991cb "
        "4d4e87 222248 c5c9f0 8e92b7 494d71"
    ),
    "brown": (
        "8b1c0e 610f12 ac7a73 7d423b 461d1e 9e7f7a 6c4d4b 43292a 8a4416 571a07 ad7c63 724a38 442112 997f75 "
        "674f48 3e2c28 9e671d 673f0b c49a74 886648 50341a b49b8d 7e695d 4d3d33 997736 705420 3f2c10"
    ),
    "grey": (
        "c7b6bd 928186 5d4e53 928281 605251 c6b9b1 8f877f 58514a babec1 848888 545858 b7b8c6 838793 50545f "
        "c3b7c6 8f8490 5c525e bdb7bf 8a8489 585458"
    ),
    "green": (
        "8b7d2e 64591a 352e0a 8e856f 5d553f 35301c a7dc26 c3df69 82a12b 486c0e cedb9f 8b9a5f d7d7c1 979a85 "
        "2c5506 232f00 495b22 20340b 545947 2f3326 3fd740 87d989 39964a 176a1e 054208 c5edc4 9cc69c 669069 "
        "2f5d3a 10361a 23eaa5 49d0a3 158a66 00543d a6e2ca 6fac95 337762 164e3d 0c2e24 c7d9d6 94a6a3 61716e "
        "394746 1f2a2a 13fcd5 35d7ce 0d8f82 00443f 98e1e0 5fabab 297a7b 154b4d 0a2d2e"
    ),
    "orange": ("e83b1b db5d3b af3318 cd6952 a2402b b97565 f7760b fd943f ea8127 c26012 fbaf82 de8d5c b26633"),
    "pink": (
        "fd7992 f48fa0 e66980 f8c3ce e2a3ae c5808a efd1dc cbadb7 fd7e5d f59080 ef6366 f8c4b6 e2a698 c9807e "
        "f1d3d1 cbacac cbafa7 fca1e7 f483cd df6aac f5b2db de98bf c67d9d ebc8df c7a3b9"
    ),
    "purple": (
        "7931d3 987fdc 61419c 3c1668 c9baf8 9b8cca 5c4985 34254d d0c6ef 9a90b5 584e72 b935d5 ce8ce3 9352a8 "
        "652277 460a55 e4b9f3 bc93cc 875e96 563762 371b41 e0cbeb ad97b3 7b667e 513f51 2f2231 d429b9 a74994 "
        "761a6a 4f094a bd80ae 965888 5f3458 3f183c ad89a5 86627e"
    ),
    "red": (
        "d51c3c bf344b 87122d 5c0625 b14955 742434 481127 b4888d 985d62 53383e 332127 dd2388 b83773 881055 "
        "54063c ab4b74 6e294c 431432 b2879b 945c73"
    ),
    "white": ("efdde5 eedfda e0e2e5 e1e1f1 ebdfef e7e1e9"),
    "yellow": (
        "f6a600 ffbe50 f0a121 d08511 fcc27c e7a75d c38639 eec6a6 f1bf15 f7ce50 d9ae2f b88f16 f4d284 d2af63 "
        "b08f42 efd7b2 c8b18b a99066 ebdd21 e9dc55 c4b827 a29812 e9dd8a c0b55e 9e953c e6dcab beb584"
    ),
}

# Pure colours of the screen; these need no adapting.
_SCREEN = {"red": "ff0000", "orange": "ffa500", "yellow": "ffff00", "blue": "0000ff"}

# The centres describe a screen seen under illuminant C, for which the blocks are defined, so that their white and greys
# are a little purple in sRGB, whose white is D65; taken as they are, a grey photograph comes out partly green.
# Bradford's transform adapts them. Chromaticities (x, y) are for the CIE 1931 observer.
_ILLUMINANT_C = (0.31006, 0.31616)
_ILLUMINANT_D65 = (0.31270, 0.32900)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

_LARGEST_FILE = 16 * 2**20  # bytes; the original has under 5 million


def cell_index(rgb: np.ndarray) -> np.ndarray:
    """Row of van de Weijer's table for uint8 colours (..., 3): floor(R/8) + 32 floor(G/8) + 1024 floor(B/8), from 0."""
    red, green, blue = (rgb[..., i] >> 3 for i in range(3))
    return red + (green.astype(np.uint16) << 5) + (blue.astype(np.uint16) << 10)


def cell_centres() -> np.ndarray:
    """The middle colour of every cell in the order of :func:`cell_index`, (32768, 3), values in [0, 1]."""
    blue, green, red = np.meshgrid(*[np.arange(32)] * 3, indexing="ij")
    return (8 * np.stack([red, green, blue], axis=-1).reshape(-1, 3) + 3.5) / 255


def focal_colours() -> tuple[np.ndarray, np.ndarray]:
    """The 271 focal colours: CIELAB under D65 (271, 3), and the index of each one's name in BASIC_COLOURS (271,)."""
    from skimage.color import rgb2xyz, xyz2lab

    def colours(codes: dict[str, str]) -> tuple[np.ndarray, list[int]]:
        listed = [(list(bytes.fromhex(code)), name) for name in codes for code in codes[name].split()]
        return rgb2xyz(np.array([rgb for rgb, _ in listed]) / 255), [BASIC_COLOURS.index(name) for _, name in listed]

    (surfaces, names), (pure, pure_names) = colours(_CENTRES), colours(_SCREEN)
    white = [_BRADFORD @ [x / y, 1, (1 - x - y) / y] for x, y in (_ILLUMINANT_C, _ILLUMINANT_D65)]
    adapt = np.linalg.inv(_BRADFORD) @ np.diag(white[1] / white[0]) @ _BRADFORD
    return xyz2lab(np.concatenate([surfaces @ adapt.T, pure])), np.array(names + pure_names)


@lru_cache(maxsize=1)
def focal_table() -> np.ndarray:
    """Hard names by the nearest focal colour: (32768, 11), one 1 a row, rows as :func:`cell_index`; read-only."""
    from scipy.spatial import KDTree
    from skimage.color import rgb2lab

    lab, names = focal_colours()
    _, nearest = KDTree(lab).query(rgb2lab(cell_centres()))
    table = np.zeros((CELLS, len(BASIC_COLOURS)), np.float32)
    table[np.arange(CELLS), names[nearest]] = 1
    table.flags.writeable = False
    return table


def load_colour_table(path: str | os.PathLike[str]) -> np.ndarray:
    """Read van de Weijer's ``w2c.txt``: the probability of each basic name in each cell, float32 (32768, 11).

    The file has 32,768 lines of numbers between blanks or commas. The original has 14 columns, the cell's R, G, B (0 to
    255) and the eleven probabilities in the order of BASIC_COLOURS; copies with the probabilities alone, or with the
    row number before them, are read too. R, G, B or row numbers, where there are any, decide on a row's place; the
    table that is returned has its rows in the order of :func:`cell_index`.

    Raises BadInput, naming file and line, for another number of lines or columns (object trackers use a table of 10
    that are no probabilities), for what is no number, for rows that do not add up to 1, and for cells that come twice.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"{path} has over {_LARGEST_FILE:,} bytes: it is not van de Weijer's w2c.txt.")
        text = path.read_bytes()
    except OSError as error:
        raise BadInput(f"Cannot read the colour table {path}: {error.strerror}.") from error
    if b"\0" in text:
        raise BadInput(f"{path} is not a text file: take w2c.txt from the same archive, not w2c.mat.")
    lines = [(i, line.replace(b",", b" ").split()) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    columns = len(lines[0][1]) if lines else 0
    if columns not in (11, 12, 14):
        raise BadInput(
            f"{path}, line {lines[0][0] if lines else 1}: {columns} columns, expected 14 (R, G, B and eleven "
            "probabilities), 12 (row number first) or 11 (probabilities alone)."
        )
    rows = np.empty((len(lines), columns))
    for row, (i, fields) in zip(rows, lines, strict=True):
        if len(fields) != columns:
            raise BadInput(f"{path}, line {i}: {len(fields)} columns, but the first line has {columns}.")
        try:
            row[:] = [float(field) for field in fields]
        except ValueError:
            raise BadInput(f"{path}, line {i}: not a row of numbers: {b' '.join(fields)[:80]!r}.") from None
    if len(rows) != CELLS:
        raise BadInput(f"{path}: {len(rows):,} rows of numbers, expected {CELLS:,}, one a cell of 32 x 32 x 32.")

    probabilities = rows[:, -11:]
    wrong = ~((probabilities >= 0).all(axis=1) & (abs(probabilities.sum(axis=1) - 1) < 0.01))  # NaN and infinity too
    if wrong.any():
        row = int(wrong.argmax())
        raise BadInput(f"{path}, line {lines[row][0]}: no eleven probabilities that add up to 1: {probabilities[row]}.")
    table = np.full((CELLS, len(BASIC_COLOURS)), np.nan, np.float32)
    place = _places(rows[:, :-11])
    for row, cell in enumerate(place):
        if not 0 <= cell < CELLS:
            raise BadInput(f"{path}, line {lines[row][0]}: no such cell: {rows[row, :-11]}.")
        if not np.isnan(table[int(cell), 0]):
            raise BadInput(f"{path}, line {lines[row][0]}: this cell came before: {rows[row, :-11]}.")
        table[int(cell)] = probabilities[row]
    return table


def _places(keys: np.ndarray) -> np.ndarray:
    """Cell of every row from its leading columns: none, a row number, or R, G, B. -1 where there is no such cell."""
    if keys.shape[1] == 0:
        return np.arange(len(keys))
    if keys.shape[1] == 1:
        numbers = keys[:, 0]
        with np.errstate(invalid="ignore"):
            return np.where(numbers % 1 == 0, numbers - (numbers.min() == 1), -1)
    inside = ((keys >= 0) & (keys < 256)).all(axis=1)
    red, green, blue = np.floor(np.where(inside[:, None], keys, 0).T / 8)
    return np.where(inside, red + 32 * green + 1024 * blue, -1)
