"""Writes every chapter as a student notebook: ``python -m emolib.site.teaching FOLDER`` (``make students``).

With ``--profile ci`` their parameters name that profile.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emolib.errors import EmolibError
from emolib.site.builder import write_atomically
from emolib.site.teaching.student import student_notebooks


def main(arguments: list[str]) -> int:
    """The command line: the folder to write into and, if wished, a profile."""
    parser = argparse.ArgumentParser(prog="python -m emolib.site.teaching", description="Writes student notebooks.")
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--profile", help="the profile in their parameters (default: as in the chapters)")
    given = parser.parse_args(arguments)
    try:
        for name, content in student_notebooks(Path.cwd(), given.profile).items():
            write_atomically(given.folder / f"{name}.ipynb", content)
            print(given.folder / f"{name}.ipynb")
    except EmolibError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
