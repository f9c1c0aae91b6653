"""Quiz questions of a chapter: read from ``book/quizzes/<chapter>.yml``, checked, and set on the page.

Used by every chapter. A choice is a ``<details>``: opening it shows whether it is right and why. That needs no script,
works with the keyboard, with a screen reader and on paper.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from emolib.errors import BadInput

#: What a run may change: a share, or a number with decimals. A question must hold without the run.
_MEASURED = re.compile(r"\d\s?%|(?<![\w.])\d*\.\d")
_FEWEST, _MOST = 3, 5
_QUESTION_KEYS = {"question", "choices"}
_CHOICE_KEYS = {"text", "because", "right"}
_inline = MarkdownIt("commonmark").renderInline


@dataclass(frozen=True)
class Choice:
    """A possible answer, why it is right or wrong, and which of the two. Texts are inline Markdown."""

    text: str
    because: str
    right: bool


@dataclass(frozen=True)
class Question:
    """A question in inline Markdown, and its choices; exactly one of them is right."""

    text: str
    choices: tuple[Choice, ...]


def read_quiz(path: Path) -> tuple[Question, ...]:
    """The questions in ``path``.

    The file is a list of questions, each ``question`` and ``choices``; a choice has ``text``, ``because`` and, if it is
    the right one, ``right: true``.

    Raises:
        BadInput: naming the file and the question: no YAML, other keys, fewer than 3 or more than 5 questions, not
            exactly one right choice, two choices alike, a choice without a reason, or a measured number.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"{path} is missing: write the chapter's questions into it.") from error
    except yaml.YAMLError as error:
        raise BadInput(f"{path} is no YAML: {error}") from error
    if not isinstance(content, list) or not _FEWEST <= len(content) <= _MOST:
        raise BadInput(f"{path} has to be a list of {_FEWEST} to {_MOST} questions.")
    return tuple(_question(item, f"{path}, question {number}") for number, item in enumerate(content, 1))


def _question(item: object, where: str) -> Question:
    if not isinstance(item, dict) or set(item) != _QUESTION_KEYS:
        raise BadInput(f"{where}: it needs the keys {', '.join(sorted(_QUESTION_KEYS))} and no other.")
    if not isinstance(item["choices"], list) or len(item["choices"]) < 2:
        raise BadInput(f"{where}: it needs a list of two choices or more.")
    choices = tuple(_choice(choice, f"{where}, choice {n}") for n, choice in enumerate(item["choices"], 1))
    if sum(choice.right for choice in choices) != 1:
        raise BadInput(f"{where}: exactly one choice has to say right: true.")
    if len({choice.text for choice in choices}) != len(choices):
        raise BadInput(f"{where}: two choices are the same.")
    return Question(_text(item["question"], where), choices)


def _choice(item: object, where: str) -> Choice:
    if not isinstance(item, dict) or not {"text", "because"} <= set(item) <= _CHOICE_KEYS:
        raise BadInput(f"{where}: it needs text and because, and right: true if it is the right one.")
    right = item.get("right", False)
    if not isinstance(right, bool):
        raise BadInput(f"{where}: right is true or left out, not {right!r}.")
    return Choice(_text(item["text"], where), _text(item["because"], where), right)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where}: a text is missing. (A text with a colon needs quotes.)")
    measured = _MEASURED.search(value)
    if measured:
        raise BadInput(
            f"{where}: '{measured[0]}' in '{value.strip()[:60]}' looks like a measured number, which the next run may "
            "change. Ask for what follows from the idea instead."
        )
    return " ".join(value.split())


def quiz_anchor(number: int) -> str:
    """The anchor of question ``number`` (from 1) on its page."""
    return f"quiz-question-{number}"


def quiz_markdown(questions: tuple[Question, ...]) -> str:
    """The section *Check yourself* as Markdown: HTML without an empty line, so that it stays one block."""
    parts = [
        "## Check yourself",
        "",
        "Open the answer that you would give; it says why it is right, or why not.",
        "",
        '<div class="quiz">',
    ]
    for number, question in enumerate(questions, 1):
        label = f"{quiz_anchor(number)}-text"
        parts += [
            f'<div class="quiz-question" id="{quiz_anchor(number)}" role="group" aria-labelledby="{label}">',
            f'<p class="quiz-text" id="{label}"><strong>Question {number}.</strong> {_inline(question.text)}</p>',
            *(_choice_html(choice) for choice in question.choices),
            "</div>",
        ]
    return "\n".join([*parts, "</div>"])


def _choice_html(choice: Choice) -> str:
    kind, verdict = ("right", "Right.") if choice.right else ("wrong", "Not quite.")
    return (
        f'<details class="quiz-choice quiz-{kind}"><summary>{_inline(choice.text)}</summary>'
        f"<p><strong>{html.escape(verdict)}</strong> {_inline(choice.because)}</p></details>"
    )
