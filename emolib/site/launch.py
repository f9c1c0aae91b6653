"""Where a reader can run a chapter or see its source, all from one address: that of the repository.

Used by every chapter's page. The only source of a chapter is ``notebooks/<chapter>.py`` on the main branch, which
Colab cannot open. So publishing also keeps a branch of unexecuted ``.ipynb`` files, written by
:func:`export_notebooks`, and the launch buttons open that branch. By hand: ``python -m emolib.site.launch FOLDER``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import yaml

from emolib.errors import BadInput

#: The branch that publishing writes, the services that open it, and the chapters' folder on every branch.
NOTEBOOK_BRANCH = "notebooks"
COLAB = "https://colab.research.google.com"
BINDER = "https://mybinder.org"
FOLDER = "notebooks"


def read_repository(root: Path) -> tuple[str, str]:
    """The repository's address and main branch, from ``repository`` in ``book/_config.yml``."""
    path = Path(root) / "book" / "_config.yml"
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))["repository"]
        return str(settings["url"]).rstrip("/"), str(settings["branch"])
    except FileNotFoundError as error:
        raise BadInput(f"{path} is missing: it names the book's repository under repository: url.") from error
    except (KeyError, TypeError, yaml.YAMLError) as error:
        raise BadInput(f"{path} has to name the book's repository: repository: url and branch ({error}).") from error


def site_address(url: str) -> str:
    """Where the book of the repository at ``url`` is published: GitHub's pages, elsewhere the repository itself."""
    parts = urlsplit(url.rstrip("/"))
    if parts.netloc != "github.com":
        return url.rstrip("/") + "/"
    owner, _, name = parts.path.strip("/").removesuffix(".git").partition("/")
    return f"https://{owner}.github.io/{name}/"


def source_link(url: str, branch: str, chapter: str) -> str:
    """The page of the chapter's only source, ``notebooks/<chapter>.py``."""
    return f"{url.rstrip('/')}/blob/{quote(branch)}/{FOLDER}/{quote(chapter)}.py"


def launch_links(url: str, chapter: str) -> dict[str, str]:
    """Name of a service -> the address that opens ``chapter`` there. Colab only where it can: with GitHub."""
    parts = urlsplit(url.rstrip("/"))
    path = f"{FOLDER}/{quote(chapter)}.ipynb"
    if parts.netloc != "github.com":
        return {
            "Binder": f"{BINDER}/v2/git/{quote(url.rstrip('/'), safe='')}/{NOTEBOOK_BRANCH}?urlpath=lab/tree/{path}"
        }
    name = parts.path.strip("/").removesuffix(".git")
    return {
        "Colab": f"{COLAB}/github/{name}/blob/{NOTEBOOK_BRANCH}/{path}",
        "Binder": f"{BINDER}/v2/gh/{name}/{NOTEBOOK_BRANCH}?urlpath=lab/tree/{path}",
    }


def export_notebooks(root: Path, folder: Path) -> list[Path]:
    """Writes every chapter as an unexecuted notebook into ``folder`` and returns the files.

    Each begins with a cell that installs the library where it is missing, as on Colab, unless the setting names no
    repository to install it from.
    """
    import jupytext
    import nbformat

    root, folder = Path(root), Path(folder)
    sources = sorted((root / FOLDER).glob("*.py"))
    if not sources:
        raise BadInput(f"There is no chapter in {root / FOLDER}: it should hold notebooks/*.py.")
    url, branch = read_repository(root)
    install = (
        "# Only where the library is not installed yet, as on Colab.\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("emolib") is None:\n'
        f'    %pip install --quiet "emolib @ git+{url}@{branch}"'
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for source in sources:
        notebook = jupytext.read(source)
        if url:
            cell = nbformat.v4.new_code_cell(install, metadata={"tags": ["remove-cell"]})
            notebook.cells.insert(1 if notebook.cells and notebook.cells[0].cell_type == "markdown" else 0, cell)
        for number, each in enumerate(notebook.cells):
            # Random identities would make every export differ from the last.
            each["id"] = f"cell-{number}"
        notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
        target = folder / f"{source.stem}.ipynb"
        part = target.with_name(target.name + ".part")
        part.write_text(nbformat.writes(notebook, version=4) + "\n", encoding="utf-8")
        os.replace(part, target)
        written.append(target)
    return written


def main(arguments: list[str]) -> int:
    """The command line: one argument, the folder to write into."""
    if len(arguments) != 1:
        print("Usage: python -m emolib.site.launch FOLDER", file=sys.stderr)
        return 2
    try:
        written = export_notebooks(Path.cwd(), Path(arguments[0]))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(written)} notebooks in {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
