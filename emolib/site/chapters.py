"""Turns an executed notebook into a chapter of the site.

Used for every chapter. The notebook stays plain: an exercise is a Markdown cell tagged ``exercise``, its answer are
the cells after it tagged ``solution``, a figure carries its description in the metadata of its output. The copy made
here is what the site shows:

- exercises become boxes, and all the cells of a solution fold away under it;
- what belongs to the machine that ran it is dropped: injected parameters (they may name folders), progress bars,
  standard error, time stamps of cells;
- the title gets the chapter's number, by which the text speaks of it;
- a line under the title says in which profile, on what and how long the chapter ran.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat

from emolib.errors import BadInput, EmolibError
from emolib.site.runs import ChapterRun, spoken_time

WIDGET = "application/vnd.jupyter.widget-view+json"
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
_EXERCISE_TITLE = re.compile(r"^\s*(?:#{1,6}\s+(?P<heading>.+?)\s*#*|\*\*(?P<bold>[^*]+)\*\*)\s*$")
_FENCE = re.compile(r"^\s*(```+|~~~+|:::+)")


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """The notebook in ``path``, in format 4; :class:`BadInput` names a file that is none."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("it holds no JSON object")
        # Before nbformat builds anything from it: what is no notebook fails there in many ways.
        nbformat.validate(raw, version=4)
    except FileNotFoundError as error:
        raise BadInput(f"{path} is missing. Run the chapter: python -m emolib run {path.parent.name}") from error
    except (ValueError, TypeError, nbformat.ValidationError) as error:
        raise BadInput(
            f"{path} is no notebook ({str(error).splitlines()[0]}). Run the chapter again with --force."
        ) from error
    return nbformat.reads(text, as_version=4)


def prepare(run: ChapterRun, strict: bool = True) -> nbformat.NotebookNode:
    """The notebook of ``run`` as the site shows it.

    Raises :class:`EmolibError` when a cell of it failed and, if ``strict``, when a figure has no description.
    """
    notebook = cleaned(run)
    if strict:
        faults = [fault for number, cell in enumerate(notebook.cells, 1) for fault in _figure_faults(number, cell)]
        if faults:
            raise EmolibError(f"Chapter {run.name} has figures that a reader cannot hear:\n" + "\n".join(faults))
    _box_exercises(notebook, run.name)
    _add_run_line(notebook, run)
    return notebook


def cleaned(run: ChapterRun) -> nbformat.NotebookNode:
    """The notebook of ``run`` without what belongs to the machine; :class:`EmolibError` when a cell of it failed."""
    notebook = read_notebook(run.notebook)
    _refuse_failures(notebook, run.name)
    _clean(notebook)
    return notebook


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """The cell's tags."""
    return list(cell.metadata.get("tags", []))


def _first_line(cell: nbformat.NotebookNode) -> str:
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return lines[0].strip()[:60] if lines else "(empty cell)"


def _refuse_failures(notebook: nbformat.NotebookNode, name: str) -> None:
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise EmolibError(
                    f"Chapter {name}, cell {number} ({_first_line(cell)}) failed with {output.ename}: {output.evalue}. "
                    f"Mend it and run: python -m emolib run {name}"
                )


def _clean(notebook: nbformat.NotebookNode) -> None:
    kept = {key: notebook.metadata[key] for key in ("kernelspec", "language_info") if key in notebook.metadata}
    notebook.metadata = nbformat.NotebookNode(kept)
    notebook.cells = [cell for cell in notebook.cells if "injected-parameters" not in tags(cell)]
    for cell in notebook.cells:
        cell.metadata = nbformat.NotebookNode(
            {key: value for key, value in cell.metadata.items() if key in ("tags", "mystnb")}
        )
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_noise(output)]


def _is_noise(output: nbformat.NotebookNode) -> bool:
    return output.get("name") == "stderr" or WIDGET in output.get("data", {})


def described_images(cell: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    """The pictures that ``cell`` shows: (MIME type, content as the notebook stores it, description or "")."""
    found = []
    for output in cell.get("outputs", []):
        metadata = output.get("metadata", {})
        for mime, content in output.get("data", {}).items():
            if mime.startswith("image/"):
                own = metadata.get(mime, {})
                alt = own.get("alt", "") if isinstance(own, dict) else ""
                found.append((mime, content, str(alt or metadata.get("alt", "")).strip()))
    return found


def _figure_faults(number: int, cell: nbformat.NotebookNode) -> list[str]:
    return [
        f"  cell {number} ({_first_line(cell)}): its picture has no alt text; "
        "show it with emolib.figures.show(figure, alt=...)"
        for _, _, alt in described_images(cell)
        if not alt
    ]


# ---- exercises -------------------------------------------------------------------------------------------------------


def _box_exercises(notebook: nbformat.NotebookNode, chapter: str) -> None:
    """Boxes for cells tagged ``exercise``; the run of cells tagged ``solution`` after one folds away under it."""
    cells: list[nbformat.NotebookNode] = []
    label, count, inside = "", 0, False
    for cell in notebook.cells:
        solution = "solution" in tags(cell)
        if inside and not solution:
            cells.append(_marker(count, "end"))
            inside = False
        if cell.cell_type == "markdown" and "exercise" in tags(cell):
            count += 1
            label = f"{chapter}-exercise-{count}"
            cell.source = _exercise_box(cell.source, label, count)
        elif solution:
            if not label:
                raise EmolibError(
                    f"Chapter {chapter}: the cell '{_first_line(cell)}' is tagged 'solution', but no cell before it is "
                    "tagged 'exercise'. Tag the Markdown cell that sets the exercise."
                )
            if not inside:
                cells.append(_marker(count, "start", f" {label}\n:class: dropdown"))
                inside = True
            if cell.cell_type == "markdown":
                cell.source = _bold_headings(cell.source)
        cells.append(cell)
        if not solution and "exercise" not in tags(cell):
            # A solution belongs to the exercise right above it, and not to one further up the page.
            label = ""
    if inside:
        cells.append(_marker(count, "end"))
    notebook.cells = cells


def _marker(number: int, edge: str, argument: str = "") -> nbformat.NotebookNode:
    """The cell that opens or closes solution ``number``, with a name of its own where nbformat would draw one."""
    return nbformat.v4.new_markdown_cell(f"```{{solution-{edge}}}{argument}\n```", id=f"solution-{number}-{edge}")


def exercise_title(source: str, number: int) -> tuple[str, list[str]]:
    """What exercise ``number`` is called wherever it is shown, as in "Exercise 3: Whose mistake?"; its other lines."""
    lines = source.strip().splitlines()
    title = f"Exercise {number}"
    match = _EXERCISE_TITLE.match(lines[0]) if lines else None
    if match:
        written = (match["heading"] or match["bold"]).strip().rstrip(".:")
        title = written if written.lower().startswith("exercise") else f"{title}: {written}"
        lines = lines[1:]
    return title, lines


def _exercise_box(source: str, label: str, number: int) -> str:
    title, lines = exercise_title(source, number)
    body = _bold_headings("\n".join(lines).strip())
    fence = ":" * (max([3, *(len(m[1]) for m in map(_FENCE.match, lines) if m)]) + 1)
    return f"{fence}{{exercise}} {title}\n:label: {label}\n:class: titled\n:nonumber:\n\n{body}\n{fence}"


def _bold_headings(source: str) -> str:
    """Headings as bold lines: inside a box they would break the outline of the page. Code blocks stay as they are."""
    lines, fence = [], ""
    for line in source.splitlines():
        opening = _FENCE.match(line)
        if fence:
            fence = "" if line.strip().startswith(fence) else fence
        elif opening and opening[1][0] != ":":
            fence = opening[1]
        elif heading := _HEADING.match(line):
            line = f"**{heading[2]}**"
        lines.append(line)
    return "\n".join(lines)


# ---- the title and the line under it ---------------------------------------------------------------------------------


def numbered(title: str, chapter: str) -> str:
    """A chapter's title after the number that its file has, unless it begins with one: ``2. Valence and arousal``."""
    number = re.match(r"\d+", chapter)
    return title if number is None or re.match(r"\d", title) else f"{int(number[0])}. {title}"


def _add_run_line(notebook: nbformat.NotebookNode, run: ChapterRun) -> None:
    ran = f"Run with the profile `{run.profile}` in {spoken_time(run.seconds)} ({run.device})"
    text = f"*{ran}; [what it ran on](../run/about.md).*"
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        lines = cell.source.splitlines()
        for index, line in enumerate(lines):
            if line.startswith("# "):
                lines[index] = f"# {numbered(line.removeprefix('# ').strip(), run.name)}"
                cell.source = "\n".join([*lines[: index + 1], "", text, *lines[index + 1 :]])
                return
    raise EmolibError(f"Chapter {run.name} has no title: start its first Markdown cell with '# '.")
