"""Buttons that open a chapter elsewhere: each leads to a file that publishing puts there, by one setting."""

from __future__ import annotations

import re
from html import unescape
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from emolib.site.launch import export_notebooks, read_repository
from emolib.site.sphinx_extension import add_buttons
from tests.fixtures.book import CHAPTER, ROOT

SERVICES = ("colab.research.google.com", "mybinder.org")


def buttons(url: str, page: str = f"chapters/{CHAPTER}") -> list[str]:
    """What the book adds to the header of a page, with the setting `url`: the addresses."""
    app = SimpleNamespace(
        config=SimpleNamespace(html_theme_options={"repository_url": url, "repository_branch": "main"})
    )
    context = {"header_buttons": [{"label": "source-buttons", "buttons": []}]}
    add_buttons(app, page, "page.html", context, None)
    return [button["url"] for group in context["header_buttons"] for button in group["buttons"]]


def target(link: str) -> tuple[str, str, str]:
    """The repository, the branch and the path in it that a button opens."""
    parts = urlsplit(link)
    if parts.netloc == "mybinder.org":
        found = re.fullmatch(r"/v2/(gh|git)/(.+)/([^/]+)", parts.path)
        address = f"https://github.com/{found[2]}" if found[1] == "gh" else unquote(found[2])
        return address, found[3], parts.query.removeprefix("urlpath=lab/tree/")
    owner, name, _, branch, *path = parts.path.removeprefix("/github").strip("/").split("/")
    host = "github.com" if parts.netloc.startswith("colab") else parts.netloc
    return f"https://{host}/{owner}/{name}", branch, "/".join(path)


def test_every_page_opens_what_publishing_writes(html):
    """The branch `notebooks` is main plus what `make notebooks` writes; a chapter has three buttons, others none."""
    address, main = read_repository(ROOT)
    for page in sorted(html.rglob("*.html")):
        name = page.relative_to(html).with_suffix("").as_posix()
        found = {unescape(link) for link in re.findall(r'href="([^"]+)"', page.read_text(encoding="utf-8"))}
        found = {link for link in found if urlsplit(link).netloc in SERVICES or "/blob/" in link}
        if not name.startswith("chapters/"):
            assert not any(urlsplit(link).netloc in SERVICES or link.endswith((".py", ".ipynb")) for link in found), (
                name
            )
            continue
        chapter = name.removeprefix("chapters/")
        assert sorted(map(target, found)) == [
            (address, main, f"notebooks/{chapter}.py"),
            *[(address, "notebooks", f"notebooks/{chapter}.ipynb")] * 2,
        ]


def test_the_branch_holds_every_chapter_where_the_buttons_look(tmp_path):
    chapters = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9]*.py"))]
    written = {path.relative_to(tmp_path).as_posix() for path in export_notebooks(ROOT, tmp_path / "notebooks")}
    assert len(chapters) == 7
    for chapter in chapters:
        for link in buttons("https://github.com/someone/book", f"chapters/{chapter}"):
            address, branch, path = target(link)
            assert address == "https://github.com/someone/book"
            assert path in written if branch == "notebooks" else (ROOT / path).is_file()
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8"))
    commands = "\n".join(step.get("run", "") for step in workflow["jobs"]["notebooks"]["steps"])
    assert "git push --force origin notebooks" in commands and "git add -f notebooks/*.ipynb" in commands


@pytest.mark.parametrize(("url", "count"), [("https://github.com/someone/else", 3), ("https://git.example.org/a/b", 2)])
def test_they_follow_the_setting(url, count):
    assert {target(link)[0] for link in buttons(url)} <= {url, "https://git.example.org/a/-"}
    assert len(buttons(url)) == count and all("emotional-machines" not in link for link in buttons(url))


def test_without_a_repository_there_are_none(tmp_path):
    assert buttons("") == []
    assert buttons("https://github.com/someone/else", "glossary") == []
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "_config.yml").write_text("repository: {url: '', branch: main}", encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_x.py").write_text("# %% [markdown]\n# # X\n\n# %%\n1 + 1\n", encoding="utf-8")
    (notebook,) = export_notebooks(tmp_path, tmp_path / "out")
    assert "pip install" not in notebook.read_text(encoding="utf-8")
