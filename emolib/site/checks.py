"""Looks over the built site as a reader without internet, without sight or with a mouse would.

Used by every page. Five things have to hold: every picture has a description, every link inside the site leads
somewhere, nothing is loaded from another host, nothing names a folder of the machine that built the site, and no page
is heavier than a slow line can carry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from emolib.site.privacy import pattern
from emolib.site.weight import BUDGET, PICTURE, weights

_PICTURE_NAME = re.compile(r"\.(png|jpe?g|gif|svg|webp|bmp|tiff?|pdf)$", re.IGNORECASE)
_HASH = re.compile(r"^[0-9a-f]{12,}$", re.IGNORECASE)
_EMPTY_WORDS = {"image", "img", "figure", "fig", "picture", "plot", "chart", "graph", "no description"}
_CSS_URL = re.compile(r"""(?:url\(\s*|@import\s+)['"]?\s*((?:https?:)?//[^'")\s;]+)""", re.IGNORECASE)
#: Relations of <link> that make a browser load what they name; the others only tell.
_LOADED_RELATIONS = {
    "stylesheet",
    "icon",
    "shortcut",
    "preload",
    "prefetch",
    "modulepreload",
    "manifest",
    "apple-touch-icon",
}
_LOADED_BY = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}


@dataclass(frozen=True)
class Fault:
    """Something wrong on a page: the page (relative to the site), the line of its HTML, and what."""

    page: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.page}, line {self.line}: {self.message}"


@dataclass
class _Page(HTMLParser):
    """What one page holds: pictures, links, anchors and what it loads, each with its line."""

    name: str
    pictures: list[tuple[int, str, str | None]] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)
    loaded: list[tuple[int, str, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    _style: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, values = self.getpos()[0], dict(attrs)
        for key in ("id", "name") if tag == "a" else ("id",):
            if values.get(key):
                self.anchors.add(values[key] or "")
        if tag == "img":
            self.pictures.append((line, values.get("src") or "", values.get("alt")))
        if tag in ("a", "area") and values.get("href") is not None:
            self.links.append((line, values["href"] or ""))
        for key in _LOADED_BY.get(tag, ()):
            for address in _addresses(key, values.get(key)):
                self.loaded.append((line, tag, address))
        if tag == "link" and set((values.get("rel") or "").lower().split()) & _LOADED_RELATIONS:
            self.loaded.append((line, tag, values.get("href") or ""))
        if values.get("style"):
            self.loaded.extend((line, "style", address) for address in _CSS_URL.findall(values["style"] or ""))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if self._style:
            line = self.getpos()[0]
            self.loaded.extend((line, "style", address) for address in _CSS_URL.findall(data))


def _addresses(key: str, value: str | None) -> list[str]:
    if not value:
        return []
    if key == "srcset":
        return [candidate.split()[0] for candidate in value.split(",") if candidate.split()]
    return [value.strip()]


def weigh(html: Path) -> dict[str, tuple[int, int]]:
    """Page -> bytes that a browser loads for it, and those of its pictures, the heaviest first."""
    html = Path(html).resolve()
    return weights({name: _local_files(page, html) for name, page in _read_pages(html).items()}, html)


def _local_files(page: _Page, html: Path) -> set[Path]:
    """The files of the site that a page's HTML names for the browser to load."""
    inside = (address for _, _, address in page.loaded if not urlsplit(address).scheme and not _is_external(address))
    return {_target(page.name, address, html)[0] for address in inside}


def _read_pages(html: Path) -> dict[str, _Page]:
    """Every page of the site but those that come with the theme, by its path."""
    parsed = {}
    for path in sorted(html.rglob("*.html")):
        name = path.relative_to(html).as_posix()
        if not name.startswith("_static/"):
            parsed[name] = page = _Page(name)
            page.feed(path.read_text(encoding="utf-8"))
            page.close()
    return parsed


def check_site(html: Path, private: tuple[str, ...] = ()) -> list[Fault]:
    """Every fault of the site in the folder ``html``, page by page.

    ``private`` are folders that no page may name, such as the one in which the site was built.
    """
    html = Path(html)
    parsed = _read_pages(html)
    faults: list[Fault] = []
    for page in parsed.values():
        faults += _picture_faults(page) + _loading_faults(page, html) + _link_faults(page, parsed, html)
    for path in sorted((html / "_static").rglob("*.css")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            name = path.relative_to(html).as_posix()
            faults += [Fault(name, number, f"loads {url} from another host") for url in _CSS_URL.findall(line)]
    sources = sorted(path for path in (html / "_sources").rglob("*") if path.is_file())
    faults += _weight_faults(parsed, html.resolve())
    for path in [*(html / name for name in parsed), *sources]:
        faults += _private_faults(path, path.relative_to(html).as_posix(), private)
    return sorted(faults, key=lambda fault: (fault.page, fault.line, fault.message))


def describes(alt: str | None) -> bool:
    """Whether ``alt`` tells something about a picture, which a file name, a hash or the word "figure" does not."""
    text = (alt or "").strip()
    if not text or _PICTURE_NAME.search(text) or _HASH.match(text) or text.lower().rstrip(".:") in _EMPTY_WORDS:
        return False
    return not ("/" in text and " " not in text)


def _picture_faults(page: _Page) -> list[Fault]:
    faults = []
    for line, source, alt in page.pictures:
        if not describes(alt):
            shown = source if len(source) < 80 else source[:77] + "..."
            said = (
                "has no alt text"
                if not (alt or "").strip()
                else f"has '{alt}' as its alt text, which describes nothing"
            )
            faults.append(Fault(page.name, line, f"the picture {shown} {said}"))
    return faults


def _is_external(address: str) -> bool:
    return address.startswith("//") or urlsplit(address).scheme in ("http", "https", "ftp")


def _loading_faults(page: _Page, html: Path) -> list[Fault]:
    faults = []
    for line, tag, address in page.loaded:
        if _is_external(address):
            faults.append(Fault(page.name, line, f"<{tag}> loads {address} from another host"))
        elif not urlsplit(address).scheme and not _target(page.name, address, html)[0].is_file():
            if urlsplit(address).path:
                faults.append(Fault(page.name, line, f"<{tag}> loads {address}, which does not exist"))
    return faults


def _target(page: str, address: str, html: Path) -> tuple[Path, str]:
    """The file and the anchor that ``address`` names when it stands on ``page``."""
    parts = urlsplit(address)
    path = unquote(parts.path)
    if not path:
        return html / page, unquote(parts.fragment)
    base = html if path.startswith("/") else (html / page).parent
    file = (base / path.lstrip("/")).resolve()
    return (file / "index.html" if file.is_dir() else file), unquote(parts.fragment)


def _link_faults(page: _Page, parsed: dict[str, _Page], html: Path) -> list[Fault]:
    faults = []
    root = html.resolve()
    for line, address in page.links:
        if urlsplit(address).scheme or address.startswith("//"):
            continue
        file, anchor = _target(page.name, address, root)
        if not file.is_file():
            faults.append(
                Fault(page.name, line, f"the link {address or '(empty)'} leads nowhere: there is no such file")
            )
            continue
        if not file.is_relative_to(root):
            faults.append(Fault(page.name, line, f"the link {address} leads out of the site"))
            continue
        other = parsed.get(file.relative_to(root).as_posix())
        if anchor and anchor != "top" and other is not None and anchor not in other.anchors:
            faults.append(
                Fault(page.name, line, f"the link {address} leads nowhere: '{other.name}' has no anchor '{anchor}'")
            )
    return faults


def _weight_faults(parsed: dict[str, _Page], html: Path) -> list[Fault]:
    loads = {name: _local_files(page, html) for name, page in parsed.items()}
    faults = [
        Fault(page, 1, f"a browser loads {total / 1e6:.1f} MB for it, more than {BUDGET / 1e6:.1f} MB: draw fewer or "
              "smaller figures")
        for page, (total, _) in weights(loads, html).items()
        if total > BUDGET
    ]  # fmt: skip
    for name, files in loads.items():
        for file in sorted(files):
            if "_images" in file.parts and file.is_file() and file.stat().st_size > PICTURE:
                size = file.stat().st_size / 1e6
                faults.append(Fault(name, 1, f"the picture {file.name} has {size:.1f} MB: draw it with fewer pixels"))
    return faults


def _private_faults(path: Path, name: str, private: tuple[str, ...]) -> list[Fault]:
    if not private:
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    faults = []
    for secret in private:
        found = pattern(secret).search(text)
        if found:
            line = text.count("\n", 0, found.start()) + 1
            faults.append(Fault(name, line, f"names a folder of this machine: {secret}"))
    return faults
