"""How fast the laboratory `scenes` is made, beside a plain loop and beside pasting and encoding alone.

All three sides make the same pictures into files, one after the other in turns, so that whatever else the machine does
slows them alike. Ours is the whole generator with a process a processor; starting the processes is not timed, for a
corpus of thousands starts them once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from emolib.bench import turns
from emolib.corpora.scenes import Parameters, Scenes, write_pictures
from emolib.corpora.scenes.generate import ALONE, encoded
from emolib.corpora.scenes.records import file_name
from emolib.errors import BadInput, EmolibError

SIZE = 160
TURN = 2 * ALONE


def run(paths: list[Path], repeats: int = 3, turn: int = TURN) -> dict:
    """Measure on `turn` pictures of 160 px a turn; `paths`, the photographs of the other benchmarks, are not needed.

    Returns name, unit, pictures a second of ours, of the plain loop (``peer``) and of pasting and encoding (``limit``),
    and the medians over the turns of ours / peer (``vs_peer``) and ours / limit (``vs_limit``). Raises EmolibError when
    ours and the loop differ in any byte of any picture.
    """
    if repeats < 1 or turn < 1:
        raise BadInput(f"The benchmark needs at least one repeat and one picture a turn, not {repeats} and {turn}.")
    sides: dict[str, Callable[[Parameters, Path, int, int], None]] = {"ours": _ours, "peer": _loop, "limit": _bare}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    parameters = Parameters(count=(repeats + 1) * turn, size=SIZE)
    with tempfile.TemporaryDirectory(prefix="scenes-bench-") as folder:
        for repeat in range(
            repeats + 1
        ):  # the first draws the illustrations and starts the processes; it is not counted
            start, stop = repeat * turn, (repeat + 1) * turn
            for name, side in sides.items():
                elapsed = turns.timed(side, parameters, Path(folder) / name, start, stop)[0]
                if repeat:
                    seconds[name].append(elapsed)
            _compare(Path(folder) / "ours", Path(folder) / "peer", start, stop)
            for name in sides:
                shutil.rmtree(Path(folder) / name, ignore_errors=True)
    return turns.row(
        "scenes",
        seconds,
        turn,
        "pictures/s",
        peer="the same pictures, byte for byte, by one plain loop in one process",
        limit="pasting one finished object on one finished background, encoding and writing, in one process",
    )


def _ours(parameters: Parameters, folder: Path, start: int, stop: int) -> None:
    write_pictures(parameters, folder, start=start, stop=stop, progress=False)


def _loop(parameters: Parameters, folder: Path, start: int, stop: int) -> None:
    for index in range(start, stop):
        _write(folder / file_name(index), encoded(Scenes(parameters, np.array([index])).picture(0)))


def _bare(parameters: Parameters, folder: Path, start: int, stop: int) -> None:
    from emolib.corpora.rendering import sprite

    ground = Image.fromarray(Scenes(parameters, np.array([0])).picture(0))
    thing = Image.fromarray(sprite("1F333", parameters.size // 2))
    for index in range(start, stop):
        image = ground.copy()
        image.paste(thing, (index % 80, 60), thing)
        _write(folder / file_name(index), encoded(np.asarray(image)))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _compare(ours: Path, peer: Path, start: int, stop: int) -> None:
    for index in range(start, stop):
        if (ours / file_name(index)).read_bytes() != (peer / file_name(index)).read_bytes():
            raise EmolibError(f"Picture {index} of the generator is not the one that the plain loop makes.")
