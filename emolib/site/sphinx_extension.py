"""The book's own part of the site's builder, loaded by name in ``book/_config.yml``.

Used by every chapter's page: gives each figure the description that its notebook carries, titles exercises as the
notebook does, and adds the buttons that open a chapter elsewhere or show its source.
"""

from __future__ import annotations

import hashlib
from binascii import a2b_base64
from html import escape
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx_exercise.nodes import exercise_subtitle, exercise_title

from emolib.site import ownpicture
from emolib.site.chapters import described_images, read_notebook
from emolib.site.frontpage import hook
from emolib.site.launch import launch_links, site_address, source_link

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ICONS = {"Colab": "_static/images/logo_colab.png", "Binder": "_static/images/logo_binder.svg"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the handlers with Sphinx."""
    app.connect("config-inited", share)
    app.connect("doctree-read", describe_figures)
    app.connect("doctree-read", title_exercises)
    app.connect("doctree-resolved", drop_thebe_settings, priority=600)
    app.connect("html-page-context", drop_thebe_scripts, priority=600)
    # After the theme's own buttons (501), so that the group of source buttons exists.
    app.connect("html-page-context", add_buttons, priority=600)
    # Before sphinxext-opengraph (500), which writes what other sites show of a page.
    app.connect("html-page-context", introduce_chapter, priority=400)
    app.connect("html-page-context", shut_in, priority=600)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def share(app: Sphinx, config: Any) -> None:
    """Tells sphinxext-opengraph where the book is published, and which picture stands for a page that has none."""
    config.ogp_site_url = site_address(config.html_theme_options.get("repository_url", ""))
    config.ogp_use_first_image = True
    if any(Path(app.srcdir).glob("run/figures/*/opening.png")):
        config.ogp_image = "_images/opening.png"


def introduce_chapter(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Describes a chapter by its first sentences; its first paragraph only says how it ran."""
    if not pagename.startswith("chapters/"):
        return
    told = hook(read_notebook(Path(app.env.doc2path(pagename))))
    context["meta"] = {**(context.get("meta") or {}), "og:description": told}
    context["metatags"] = context.get("metatags", "") + f'<meta name="description" content="{escape(told)}" />\n'


def describe_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Sets ``alt`` on every picture of a notebook from the metadata of the output that made it.

    myst-nb names the file of an output after the SHA-256 of its bytes and knows one description a cell; a cell may
    well show two figures, so each is found again by its bytes.
    """
    path = Path(app.env.doc2path(app.env.docname))
    if path.suffix != ".ipynb":
        return
    known = {}
    for cell in read_notebook(path).cells:
        for mime, content, alt in described_images(cell):
            if alt and mime in ("image/png", "image/jpeg", "image/gif"):
                known[hashlib.sha256(a2b_base64(content)).hexdigest()] = alt
    for image in doctree.findall(nodes.image):
        alt = known.get(PurePosixPath(image["uri"].replace("\\", "/")).stem)
        if alt:
            image["alt"] = alt


def title_exercises(app: Sphinx, doctree: nodes.document) -> None:
    """Titles an exercise as the notebook does, where sphinx-exercise would write "Exercise (Exercise 1: ...)"."""
    for title in doctree.findall(exercise_title):
        if "titled" in title.parent["classes"] and isinstance(title.children[-1], exercise_subtitle):
            title.children = [nodes.inline("", "", *title.children[-1].children)]


def drop_thebe_settings(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Takes away what sphinx-thebe, which Jupyter Book always loads, writes at the end of every page."""
    for raw in list(doctree.findall(nodes.raw)):
        if "x-thebe-config" in raw.astext() or raw.astext().startswith("<script>kernelName"):
            raw.parent.remove(raw)


def drop_thebe_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Takes away the scripts of sphinx-thebe: live code needs another host, and its scripts clash on every page."""
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "sphinx-thebe" not in str(getattr(script, "filename", script))
        and "THEBE_JS_URL" not in str(getattr(script, "attributes", {}).get("body", ""))
    ]


def shut_in(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Forbids the page that looks at a reader's own picture to exchange anything with another host."""
    if pagename == ownpicture.SOURCE:
        policy = f'<meta http-equiv="Content-Security-Policy" content="{ownpicture.POLICY}" />'
        context["metatags"] = policy + context.get("metatags", "")


def add_buttons(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Adds the launch buttons and the link to the source to a chapter's page; other pages keep the theme's own."""
    options = app.config.html_theme_options
    url = options.get("repository_url", "")
    if not pagename.startswith("chapters/") or not url or "header_buttons" not in context:
        return
    chapter = PurePosixPath(pagename).name
    launch = [
        {
            "type": "link",
            "text": name,
            "tooltip": f"Open this chapter on {name}; needs a network",
            "icon": _ICONS[name],
            "url": link,
        }
        for name, link in launch_links(url, chapter).items()
    ]
    context["header_buttons"].append(
        {
            "type": "group",
            "tooltip": "Run this chapter elsewhere",
            "icon": "fas fa-rocket",
            "buttons": launch,
            "label": "launch-buttons",
        }
    )
    source = {
        "type": "link",
        "text": "Show source",
        "tooltip": "Show the source of this chapter",
        "icon": "fas fa-code",
        "label": "source-file-button",
        "url": source_link(url, options.get("repository_branch", "main"), chapter),
    }
    for group in context["header_buttons"]:
        if group.get("label") == "source-buttons":
            group["buttons"].append(source)
