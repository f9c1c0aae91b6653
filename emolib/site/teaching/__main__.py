"""Writes every chapter as a student notebook: ``python -m emolib.site.teaching FOLDER`` (``make students``)."""

from __future__ import annotations

import sys
from pathlib import Path

from emolib.errors import EmolibError
from emolib.site.builder import write_atomically
from emolib.site.teaching.student import student_notebooks


def main(arguments: list[str]) -> int:
    """The command line: one argument, the folder to write into."""
    if len(arguments) != 1:
        print("Usage: python -m emolib.site.teaching FOLDER", file=sys.stderr)
        return 2
    try:
        for name, content in student_notebooks(Path.cwd()).items():
            write_atomically(Path(arguments[0]) / f"{name}.ipynb", content)
            print(Path(arguments[0]) / f"{name}.ipynb")
    except EmolibError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
