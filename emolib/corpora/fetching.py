"""Downloads that can be interrupted, and are believed only when their checksum is right. Used by all corpora.

`download` is `pooch.retrieve` with a downloader that keeps what has arrived in `<file>.part` and goes on from there;
`extract` (see `archives`) unpacks safely.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import pooch
import requests
from tqdm import tqdm

from emolib.corpora.archives import extract, staging
from emolib.corpora.base import hash_file
from emolib.corpora.places import cache_root
from emolib.errors import BadInput, EmolibError, Unavailable

__all__ = ["download", "extract", "fetch_json", "staging", "write_text"]

TIMEOUT = (20, 60)  # seconds to connect, and between two pieces of an answer
_IDENTITY = {"Accept-Encoding": "identity"}  # a range of a compressed answer would be a range of something else


def download(
    url: str,
    path: Path | str,
    sha256: str | None = None,
    progress: bool = True,
    *,
    md5: str | None = None,
    size: int | None = None,
    max_bytes: int = 8 << 30,
) -> Path:
    """Download `url` to `path` unless it is there already; returns `path`, whose checksum is right in either case.

    `sha256` (hex) is checked after a download and on a file that is there already. With None the checksum is recorded
    in `<path>.sha256` the first time and checked ever after; `md5` then guards the first time if the publisher states
    one. `size` is the published number of bytes, `max_bytes` the most that is accepted.

    An interrupted download leaves `<path>.part`; calling again goes on from there if the server can, and begins anew if
    the file changed meanwhile. Nothing half-written ever has the final name.

    Raises Unavailable when the server cannot be reached, answers with an error or breaks off, or the disk is full;
    BadInput when what comes is not what it has to be (wrong checksum or size, too large, a web page).
    """
    path = Path(path).expanduser().absolute()
    if not re.match(r"https?://", url):
        raise BadInput(f"{url!r} is not an address that starts with https:// or http://")
    record = path.with_name(path.name + ".sha256")
    courier = _Resuming(path, progress=progress, size=size, max_bytes=max_bytes)
    known = expected = None
    new_folder = not path.parent.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(path), _quiet_pooch():
            known = sha256.lower() if sha256 is not None else _recorded(record)
            expected = f"sha256:{known}" if known else f"md5:{md5.lower()}" if md5 else None
            courier.trusted = expected is not None
            pooch.retrieve(url, expected, fname=path.name, path=path.parent, downloader=courier)
            if known is None:
                write_text(record, f"{hash_file(path)}  {path.name}\n")
    except EmolibError:
        raise
    except requests.RequestException as error:
        raise Unavailable(f"{url} cannot be downloaded: {_reason(error)}. {courier.advice()}") from error
    except ValueError as error:  # pooch's word for a wrong checksum
        source = f", which {record} recorded when it was first downloaded" if sha256 is None and known else ""
        raise BadInput(
            f"{url}: the download does not have the checksum {expected}{source}. It was thrown away; "
            "try again, and if it happens twice the file at the source has changed"
        ) from error
    except OSError as error:
        place = error.filename or path
        raise Unavailable(f"{place} cannot be written: {error.strerror or error}. {courier.advice()}") from error
    finally:
        if new_folder and not path.exists():
            with suppress(OSError):  # a failed download leaves no empty folder behind; one with a part in it stays
                path.parent.rmdir()
    return path


def fetch_json(url: str, max_bytes: int = 2_000_000) -> dict:
    """The JSON object at `url`. Raises Unavailable when there is none or the server is out of reach."""
    try:
        with requests.get(url, headers=_IDENTITY, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code != 200:
                raise Unavailable(f"{url} cannot be read: the server answered {answer.status_code} {answer.reason}")
            text = b""
            for block in answer.iter_content(1 << 16):
                text += block
                if len(text) > max_bytes:
                    raise BadInput(f"{url}: the answer is longer than {max_bytes:,} bytes")
    except requests.RequestException as error:
        raise Unavailable(f"{url} cannot be read: {_reason(error)}") from error
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Unavailable(
            f"{url} did not answer with JSON ({error}); the service may be down or may have moved"
        ) from error
    if not isinstance(value, dict):
        raise Unavailable(f"{url} answered with a JSON {type(value).__name__} where an object has to be")
    return value


def write_text(path: Path, text: str) -> None:
    """Write a small text file so that it is there completely or not at all."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class _Resuming:
    """A downloader for `pooch.retrieve`. What arrives goes to `<path>.part`, and to pooch's own file when it is whole.

    `<path>.part.json` says what the part belongs to: the address, the total size and the server's mark of the version
    (a strong ETag, else the date). With neither mark nor a checksum to come (`trusted`) a part is not gone on with.
    """

    def __init__(self, path: Path, *, progress: bool, size: int | None, max_bytes: int) -> None:
        self.part = path.with_name(path.name + ".part")
        self.state = path.with_name(path.name + ".part.json")
        self.progress, self.size, self.max_bytes, self.trusted = progress, size, max_bytes, False

    def __call__(self, url: str, output_file: str, pooch_object: object, check_only: bool = False) -> None:
        while not self._receive(url):
            self._forget()
        os.replace(self.part, output_file)
        self._forget()

    def advice(self) -> str:
        if self.part.exists() and self.part.stat().st_size:
            return f"{self.part.stat().st_size:,} bytes are kept; run the same again to go on from there"
        return "Nothing is kept; try again when the connection works"

    def _receive(self, url: str) -> bool:
        """Fetch what is lacking. False when the part turns out to be of no use, and all has to be fetched anew."""
        state = self._known(url)
        offset = self.part.stat().st_size if state else 0
        headers = dict(_IDENTITY)
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if state["mark"]:
                headers["If-Range"] = state["mark"]
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 416 and offset:
                whole = answer.headers.get("Content-Range", "").strip() == f"bytes */{offset}"
                return whole and state["total"] in (None, offset)
            if answer.status_code == 206 and offset:
                span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
                total = int(span[2]) if span and span[2] != "*" else None
                other = state["mark"].startswith('"') and answer.headers.get("ETag", state["mark"]) != state["mark"]
                if not span or int(span[1]) != offset or state["total"] not in (None, total) or other:
                    return False
            elif answer.status_code == 200:
                offset = 0  # the server knows no ranges, or the file has changed: it sends everything
                length = answer.headers.get("Content-Length", "")
                total = int(length) if length.isascii() and length.isdigit() else None
            else:
                kept = f" {self.advice()}" if offset else ""
                raise Unavailable(
                    f"{url} cannot be downloaded: the server answered {answer.status_code} {answer.reason}.{kept}"
                )
            self._refuse_unfit(url, answer, offset, total)
            if not offset:
                self._remember(url, answer, total)
            received = self._store(url, answer, offset, total)
        if total is not None and received != total:
            raise Unavailable(f"{url}: the connection ended after {received:,} of {total:,} bytes. {self.advice()}")
        if self.size is not None and received != self.size:
            self._forget()
            raise BadInput(f"{url} has {received:,} bytes, its publisher says {self.size:,}")
        return True

    def _refuse_unfit(self, url: str, answer: requests.Response, offset: int, total: int | None) -> None:
        if answer.headers.get("Content-Encoding", "identity").lower() not in ("identity", ""):
            raise Unavailable(f"{url}: the server compresses the file on its way, which was not asked for")
        if total is None:
            return
        if total > self.max_bytes:
            self._forget()
            raise BadInput(f"{url} has {total:,} bytes; at most {self.max_bytes:,} are accepted")
        free = shutil.disk_usage(self.part.parent).free
        if total - offset > free:
            raise Unavailable(f"{url} needs {total - offset:,} more bytes; {self.part.parent} has {free:,} free")

    def _store(self, url: str, answer: requests.Response, offset: int, total: int | None) -> int:
        received, head = offset, b""
        with (
            open(self.part, "ab" if offset else "wb") as out,
            tqdm(
                desc=self.part.stem, total=total, initial=offset, unit="B", unit_scale=True, disable=not self.progress
            ) as bar,
        ):
            for block in answer.iter_content(1 << 16):
                if not offset and len(head) < 512:
                    head += block
                received += len(block)
                if received > self.max_bytes or _is_web_page(head):
                    out.close()
                    self._forget()
                    if received > self.max_bytes:
                        raise BadInput(f"{url} has more than the {self.max_bytes:,} bytes that are accepted")
                    raise BadInput(
                        f"{url} answered with a web page instead of the file; open it in a browser to see why"
                    )
                out.write(block)
                bar.update(len(block))
        return received

    def _known(self, url: str) -> dict:
        """What the part on disk belongs to, or {} when there is none that can be gone on with."""
        try:
            state = json.loads(self.state.read_text(encoding="utf-8"))
            usable = state["url"] == url and self.part.stat().st_size > 0 and (state["mark"] or self.trusted)
            return {"mark": state["mark"], "total": state["total"]} if usable else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _remember(self, url: str, answer: requests.Response, total: int | None) -> None:
        tag = answer.headers.get("ETag", "")
        mark = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
        self.part.unlink(missing_ok=True)  # an old part must not be taken for the new file
        write_text(self.state, json.dumps({"url": url, "mark": mark, "total": total}))

    def _forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.state.unlink(missing_ok=True)


def _is_web_page(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head"))


def _recorded(record: Path) -> str | None:
    """The checksum in a `.sha256` file, None when there is no such file."""
    try:
        text = record.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{record} cannot be read: {error}") from error
    digest = text.split(maxsplit=1)[0].lower() if text.strip() else ""
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise BadInput(f"{record} does not begin with a SHA-256; delete it to have the checksum recorded anew")
    return digest


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "the server cannot be reached, or the connection broke off"
    return str(error)


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Let one process at a time download a file; the next one finds it done. The lock lies in the cache."""
    folder = cache_root() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder / (hashlib.sha256(str(path).encode()).hexdigest()[:32] + ".lock")):
        yield


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Silence pooch's advice to paste checksums into code; warnings still come through."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
