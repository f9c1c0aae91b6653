"""Exercises that check themselves: one module a chapter, one function an exercise. Used by every chapter's exercises.

A check never compares with a stored answer. It runs a student's function on inputs made for the occasion, for which
the truth is planted or worked out another way; or it recomputes what a student says of predictions from the
predictions themselves. It says what is wrong, not what would be right. No check trains anything or takes a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emolib.errors import BadInput
from emolib.exercises import (
    emotions_and_images,
    jacobson2019,
    kim2017,
    rao2019,
    scorecard,
    wei2020,
    you2016,
)
from emolib.exercises.answers import Missing, Names, Wrong

__all__ = ["CHECKS", "Verdict", "check"]

#: Chapter -> the checks of its exercises, in their order.
CHECKS = {
    "00_emotions_and_images": emotions_and_images.CHECKS,
    "01_you2016_fine_print": you2016.CHECKS,
    "02_kim2017_valence_arousal": kim2017.CHECKS,
    "03_jacobson2019_small_images": jacobson2019.CHECKS,
    "04_rao2019_emotional_regions": rao2019.CHECKS,
    "05_wei2020_web_supervision": wei2020.CHECKS,
    "06_scorecard": scorecard.CHECKS,
}


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``state`` is "right", "wrong" or "open" (no answer yet), ``hint`` says what is wrong."""

    exercise: int
    state: str
    hint: str = ""

    def __str__(self) -> str:
        end = {"right": "right.", "wrong": f"not yet. {self.hint}", "open": f"open. {self.hint}"}[self.state]
        return f"Exercise {self.exercise}: {end}"

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return str(self).replace(":", ":**", 1).replace("Exercise", "**Exercise", 1)


def check(chapter: str, exercise: int, names: Mapping[str, object]) -> Verdict:
    """Check the answer to one exercise; a notebook shows the verdict.

    Args:
        chapter: file stem of the chapter, ``run.chapter`` inside it.
        exercise: its number in the chapter, from 1.
        names: what the notebook has defined: ``globals()``. It is only read.

    Raises:
        BadInput: a chapter or an exercise that there is not. A wrong answer raises nothing, so that a notebook runs on.
    """
    if chapter not in CHECKS:
        raise BadInput(
            f"chapter: {chapter!r} has no exercises; use one of {', '.join(CHECKS)}. "
            "(Whoever writes a chapter puts its checks into a module of emolib/exercises and names that in CHECKS in "
            "emolib/exercises/__init__.py.)"
        )
    checks = CHECKS[chapter]
    if isinstance(exercise, bool) or not isinstance(exercise, int) or not 1 <= exercise <= len(checks):
        raise BadInput(f"exercise: {chapter} has the exercises 1 to {len(checks)}, not {exercise!r}")
    try:
        checks[exercise - 1](Names(names))
    except Missing as hint:
        return Verdict(exercise, "open", str(hint))
    except Wrong as hint:
        return Verdict(exercise, "wrong", str(hint))
    except Exception as error:  # noqa: BLE001
        # Whatever a student's function does, the notebook goes on and tells.
        return Verdict(exercise, "wrong", f"It fails with {type(error).__name__}: {error}")
    return Verdict(exercise, "right")
