"""CGnA10766: the 10,766 pictures that Kim et al. rated for valence and arousal. Chapter 2, profiles `open` and `paper`.

Picture `N.jpg` has the rating on line N of `valence_avg_10766_v2.txt` and of `arousal_avg_10766_v2.txt`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path, PurePosixPath

import pandas as pd

from emolib.corpora.base import Card, Corpus, exact_duplicates, hash_file
from emolib.corpora.fetching import download, extract, fetch_json, staging, write_text
from emolib.corpora.places import downloads
from emolib.corpora.tables import read_numbers
from emolib.errors import BadInput, Unavailable

NAME = "cgna10766"
ARTICLE = 5383105
FOLDERS = ("cgna10766", "CGnA10766", "CGnA10766_Dataset", str(ARTICLE))
API = "https://api.figshare.com/v2"
LOW, HIGH = 1.0, 9.0
MAX_BYTES, MAX_FILES = 8 << 30, 30_000

CARD = Card(
    name=NAME,
    title="CGnA10766, the corpus of Kim et al.",
    kind="images",
    source=f"https://figshare.com/articles/dataset/CGnA10766_Dataset/{ARTICLE}",
    licence="as its figshare article states (kept in SOURCE.json by a download); the pictures belong to third parties",
    citation="kim2017",
    description=(
        "Photographs found on Flickr with 22 emotion words, and pictures taken from FI, each rated for valence and "
        "arousal with the Self-Assessment Manikin."
    ),
    raters="1,339 paid workers online, at least 5 a picture; only the means are published",
    labels={
        "group": "number of the picture; pictures with the same bytes share the lowest of theirs",
        "valence": "mean rating, 1 (negative) to 9 (positive)",
        "arousal": "mean rating, 1 (calm) to 9 (excited)",
    },
    faults=(
        "The paper's parts, 6,844 from Flickr and 3,236 from FI, add up to 10,080, not 10,766.",
        "A stray 'pic.jpg' lies among the pictures and has no rating.",
        "Workers saw their last picture with the value they had given it: a rating depends on the one before.",
        "Nothing tells pictures of one photographer or one moment from each other, so plain folds may leak.",
        "No standard deviations and no numbers of raters are published.",
    ),
    terms="research; cite the paper",
    count=10_766,
)


def load(folder: Path) -> Corpus:
    """The corpus in `folder`; a row for each numbered picture that is there, ordered by number.

    The pictures and the two label files are looked for anywhere inside `folder` (five levels deep), because people
    unpack the archive in many ways. `table.attrs` says how many were `expected`, `rated` and `found`, and which rated
    pictures are `missing`. Raises Unavailable when labels or pictures are absent, BadInput when they do not fit.
    """
    pictures, images, texts = _survey(folder)
    ratings = {
        label: read_numbers(_label_file(folder, texts, label), label, LOW, HIGH) for label in ("valence", "arousal")
    }
    rated = len(ratings["valence"])
    if len(ratings["arousal"]) != rated:
        raise BadInput(
            f"{_label_file(folder, texts, 'arousal')} has {len(ratings['arousal'])} ratings, "
            f"{_label_file(folder, texts, 'valence')} {rated}; they have to have one for each picture"
        )
    outside = [number for number in images if not 1 <= number <= rated]
    if outside:
        raise BadInput(f"{pictures / images[outside[0]]} has no rating: the label files have {rated} lines")

    numbers = sorted(images)
    groups = [str(number) for number in numbers]
    for same in exact_duplicates([pictures / images[number] for number in numbers]):
        for position in same:
            groups[position] = groups[same[0]]
    table = pd.DataFrame(
        {
            "image": [f"{pictures.name}/{images[number]}" for number in numbers],
            "group": groups,
            "split": "",
            **{label: [values[number - 1] for number in numbers] for label, values in ratings.items()},
        }
    )
    missing = [str(number) for number in range(1, rated + 1) if number not in images]
    table.attrs.update(expected=CARD.count, rated=rated, found=len(numbers), missing=missing)
    return Corpus(NAME, table, CARD, pictures.parent)


def fetch(folder: Path, *, progress: bool = True, api: str = API) -> Path:
    """Download and unpack the corpus into `folder`, unless it is there; returns `folder`.

    figshare's public interface lists the files of the article with their sizes and MD5 sums, which are checked. Beside
    the data, `SOURCE.json` keeps what it said (title, DOI, licence) and the SHA-256 of every file that came.

    Raises Unavailable when figshare cannot be reached, BadInput when the files are not what it says they are.
    """
    if folder.is_dir() and any(folder.iterdir()):
        load(folder)
        return folder
    url = f"{api}/articles/{ARTICLE}"
    article = fetch_json(url)
    archives, source = [], {key: article.get(key) for key in ("title", "doi", "version", "license")}
    with staging(folder) as unpacked:
        for entry in _files(article, url):
            file = downloads() / f"figshare-{ARTICLE}" / entry["name"]
            download(entry["url"], file, progress=progress, md5=entry["md5"], size=entry["size"], max_bytes=MAX_BYTES)
            source.setdefault("files", {})[entry["name"]] = {"sha256": hash_file(file), **entry}
            archives.append(file)
            if re.search(r"\.(zip|tar|tgz|tar\.(gz|bz2|xz))$", entry["name"], re.IGNORECASE):
                extract(file, unpacked / f"part{len(archives)}", MAX_BYTES, MAX_FILES, keep=_wanted)
            else:
                shutil.copyfile(file, unpacked / entry["name"])
        try:
            load(unpacked)
        except (BadInput, Unavailable) as error:
            fault = str(error).replace(f"{unpacked}{os.sep}", "").replace(str(unpacked), "it")
            raise BadInput(
                f"what {url} offers is not as this book knows it: {fault}. The download is kept in {file.parent}"
            ) from error
        write_text(unpacked / "SOURCE.json", json.dumps(source, indent=2, sort_keys=True) + "\n")
    for file in archives:
        file.unlink()
    return folder


def _files(article: dict, url: str) -> list[dict]:
    """Name, address, size and MD5 of the article's files. Raises Unavailable when the answer lacks them."""
    found = []
    try:
        for entry in article["files"]:
            name, md5 = entry["name"], entry["supplied_md5"] or entry["computed_md5"]
            if not re.fullmatch(r"[0-9a-fA-F]{32}", md5):
                raise Unavailable(f"{url} states no MD5 for {name!r}; the download could not be checked")
            if not re.fullmatch(r"\w[\w .()-]{0,150}", name) or any(name == other["name"] for other in found):
                raise BadInput(f"{url} lists a file called {name!r}, which is not a name to save it under")
            found.append({"name": name, "url": str(entry["download_url"]), "size": int(entry["size"]), "md5": md5})
    except (KeyError, TypeError, AttributeError) as error:
        raise Unavailable(f"{url} does not list its files as expected ({error!r}); see {CARD.source}") from error
    if not found:
        raise Unavailable(f"{url} lists no files; see {CARD.source}")
    return found


def _wanted(member: PurePosixPath) -> PurePosixPath | None:
    """Leave out what macOS adds to archives."""
    hidden = "__MACOSX" in member.parts or member.name.startswith(("._", ".DS_Store"))
    return None if hidden else member


def _survey(folder: Path) -> tuple[Path, dict[int, str], list[Path]]:
    """The folder of the pictures, its file names by number, and all label files inside `folder`."""
    candidates: dict[Path, dict[int, str]] = {}
    texts: list[Path] = []
    for place, inner, files in os.walk(folder):
        here = Path(place)
        inner[:] = sorted(name for name in inner if name != "__MACOSX" and not name.startswith("."))
        if len(here.relative_to(folder).parts) >= 5:
            inner.clear()
        numbered: dict[int, str] = {}
        for name in sorted(files):
            if match := re.fullmatch(r"([0-9]{1,7})\.(jpg|jpeg|png)", name.strip(), re.IGNORECASE):
                number = int(match[1])
                if number in numbered:
                    raise BadInput(f"{here} has two pictures of number {number}: {numbered[number]!r} and {name!r}")
                numbered[number] = name
            elif re.fullmatch(r"(valence|arousal)_avg.*\.txt", name, re.IGNORECASE):
                texts.append(here / name)
        if numbered:
            candidates[here] = numbered
    if not candidates:
        raise Unavailable(f"{folder} has no pictures called 1.jpg, 2.jpg, ...")
    named = [place for place in candidates if place.name.lower() == "cgna"]
    places = named or list(candidates)
    if len(places) > 1:
        raise BadInput(f"{folder} has numbered pictures in more than one folder: {places[0]} and {places[1]}; keep one")
    return places[0], candidates[places[0]], texts


def _label_file(folder: Path, texts: list[Path], label: str) -> Path:
    """The file of one label; the second version (`_v2`) is preferred, a copy with the same bytes does not matter."""
    mine = [path for path in texts if path.name.lower().startswith(label)]
    mine = [path for path in mine if path.stem.lower().endswith("_v2")] or mine
    if not mine:
        raise Unavailable(f"{folder} has no {label}_avg_10766_v2.txt")
    if len({hash_file(path) for path in mine}) > 1:
        raise BadInput(f"{mine[0]} and {mine[1]} differ; keep the one with the ratings of {label}")
    return mine[0]
