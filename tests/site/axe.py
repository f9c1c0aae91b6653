"""axe-core, which looks for what keeps people from reading a page: fetched once from the npm registry, checked, kept.

Only tests use it, so it is no part of the book. By hand, over a whole site, in minutes:
``python -m tests.site.axe book/_build/html``, as a desktop shows it; a second argument is another width, 390 a phone's.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from os import environ, pathsep
from pathlib import Path

from tqdm import tqdm

from emolib.corpora.places import downloads
from emolib.site.builder import write_atomically

VERSION = "4.14.1"
#: What the registry publishes as the archive's integrity, and the SHA-256 of the one file that is used.
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
SCRIPT = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"


class OutOfReach(Exception):
    """axe-core is not here and cannot be fetched; the message says why."""


def script() -> str:
    """The script that adds `axe` to a page."""
    kept = downloads() / f"axe-core-{VERSION}" / "axe.min.js"
    if not (kept.is_file() and hashlib.sha256(kept.read_bytes()).hexdigest() == SCRIPT):
        write_atomically(kept, _fetch())
    return kept.read_text(encoding="utf-8")


def _fetch() -> bytes:
    npm = shutil.which("npm", path=pathsep.join([environ.get("PATH", ""), sysconfig.get_path("scripts")]))
    if npm is None:
        raise OutOfReach("there is no npm on this machine to fetch axe-core with")
    with tempfile.TemporaryDirectory() as scratch:
        command = [npm, "pack", "--silent", "--ignore-scripts", f"axe-core@{VERSION}"]
        try:
            subprocess.run(command, cwd=scratch, check=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as error:
            raise OutOfReach(f"npm could not fetch axe-core {VERSION}: {error}") from error
        archive = next(Path(scratch).glob("*.tgz"))
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        # Not a reason to skip: the registry answered, with something else.
        assert integrity == INTEGRITY, f"what npm fetched as axe-core {VERSION} is another archive ({integrity})"
        with tarfile.open(archive) as package:
            content = package.extractfile("package/axe.min.js").read()
    assert hashlib.sha256(content).hexdigest() == SCRIPT
    return content


def pages(html: Path) -> list[str]:
    """The pages of the site in ``html``, without those that only lead to another one."""
    found = sorted(path.relative_to(html).as_posix() for path in html.rglob("*.html"))
    found = [name for name in found if not name.startswith("_static/")]
    return [name for name in found if 'http-equiv="Refresh"' not in (html / name).read_text(encoding="utf-8")]


def look_at(page, names: list[str], address: str, axe: str) -> dict[str, list[str]]:
    """Page -> what axe finds on it, for the pages below ``address`` on which it finds anything.

    The menus round a data card are the same for all of them: after three, only the text of a card is looked at.
    """
    page.add_init_script(axe)
    found, cards = {}, 0
    for name in tqdm(names, unit="page", disable=None):
        page.goto(address + name, wait_until="load")
        cards += name.startswith("cards/")
        part = "article" if name.startswith("cards/") and cards > 3 else "html"
        if faults := findings(page, part):
            found[name] = faults
    return found


def findings(page, part: str = "html") -> list[str]:
    """What axe, which the page has loaded, finds serious or critical in a part: rule, theme, element and advice.

    Everything is looked for in the theme at hand; in the other one only colours can differ.
    """
    found = page.evaluate(
        """async (part) => {
          const root = document.documentElement, themes = ["light", "dark"], found = [];
          if (root.dataset.theme === "dark") themes.reverse();
          for (const theme of themes) {
            root.dataset.theme = theme;
            // What moves with scrolling, not with time, never finishes.
            const moving = document.getAnimations().filter((each) => each.timeline === document.timeline);
            await Promise.all(moving.map((each) => each.finished.catch(() => null)));
            const rules = theme === themes[0] ? {} : { runOnly: ["color-contrast", "link-in-text-block"] };
            const { violations } = await axe.run(part, { resultTypes: ["violations"], ...rules });
            for (const { id, impact, nodes } of violations.filter((v) => ["serious", "critical"].includes(v.impact)))
              for (const { target, failureSummary } of nodes)
                found.push([id, theme, target.join(" "), failureSummary]);
          }
          root.dataset.theme = themes[0];
          return found;
        }""",
        part,
    )
    return [f"{rule}: {theme}: {element}: {' '.join(said.split())}" for rule, theme, element, said in found]


def main(folder: str, width: int = 1280) -> int:
    """Looks at every page of a built site in a window of ``width`` pixels; says what it finds.

    Returns how many pages have faults.
    """
    import functools
    import http.server
    import threading

    from playwright.sync_api import sync_playwright

    from tests.site.conftest import ARGUMENTS, BROWSER

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            """Says nothing."""

    html = Path(folder)
    names = pages(html)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=BROWSER, args=ARGUMENTS).new_page()
        page.set_viewport_size({"width": width, "height": 800})
        found = look_at(page, names, f"http://127.0.0.1:{server.server_port}/", script())
    for name, faults in found.items():
        print(name, *faults, sep="\n  ")
    print(f"{len(names)} pages, {len(found)} with serious findings")
    return len(found)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1], *map(int, sys.argv[2:]))))
