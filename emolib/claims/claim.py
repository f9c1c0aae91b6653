"""What a claim, a system and a paper are once they have been read, and what a claim of each kind has to have.

All chapters use this module; `schema` makes these from a claims file.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emolib.errors import BadInput

KINDS = ("number", "direction", "consistency")


@dataclass(frozen=True)
class Claim:
    """One claim of a paper.

    `id` is unique and starts with the paper; `statement` is in our words and `where` names the place in the paper.
    `published` is the paper's number, its own difference for a direction, or words where it prints none.
    `metric` is the name of the measurement that tests the claim, with ``{corpus}`` for the corpus, or None where
    nothing here can measure it; `needs` then says what would. `corpus` is where the paper measured. A number is
    "within" when ours differs by no more than `tolerance`, for the given `reason`. `independent` lists what others
    measured later, as ``{"value", "source"}``. `source` says whose claim it is: "paper", "independent" or "book".
    `expression` (true when the paper agrees with itself) and `shows` (the computed value) belong to consistency.
    """

    id: str
    paper: str
    kind: str
    statement: str
    where: str
    published: float | str | None
    corpus: str
    metric: str | None = None
    needs: str | None = None
    tolerance: float | None = None
    reason: str | None = None
    definition: str | None = None
    independent: tuple[dict[str, str], ...] = ()
    source: str = "paper"
    expression: str | None = None
    shows: str | None = None
    names: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    place: str = field(default="", repr=False, compare=False)

    def check(self) -> None:
        """Raise BadInput that names the place in the file when a claim of its kind lacks something."""
        metric = (self.metric or "").replace("{corpus}", "")
        for text in (self.statement, self.where, self.definition or "", metric):
            if "{" in text or "}" in text:
                raise BadInput(f"{self.place}: a placeholder is left over in {text!r}")
        parts = [] if self.metric is None else self.metric.split("/")
        if parts and parts.count("{corpus}") != 1:
            raise BadInput(f"{self.place}: the metric {self.metric!r} needs one part that is {{corpus}}")
        if parts and (len(parts) != 5 or not all(parts) or parts[3] != "{corpus}"):
            # A run records nothing under another name, so the claim would wait for ever.
            raise BadInput(
                f"{self.place}: the metric {self.metric!r} does not read paper/experiment/system/{{corpus}}/measure"
            )
        if self.kind == "number" and (self.metric is None) == (self.needs is None):
            raise BadInput(f"{self.place}: a number has either a metric or a note of what it `needs`")
        if self.kind == "number" and self.metric and (self.tolerance is None or not self.reason):
            raise BadInput(f"{self.place}: a number with a metric needs a tolerance and the reason for it")
        if self.tolerance is not None and self.tolerance < 0:
            raise BadInput(f"{self.place}: the tolerance is negative")


@dataclass(frozen=True)
class System:
    """Something that a paper builds: `code` is the ``module:object`` that builds it here, `test` tests it."""

    id: str
    paper: str
    name: str
    where: str
    chapter: int
    code: str
    test: str

    def resolve(self) -> Any:
        """The object that `code` names. Raises BadInput when it cannot be imported."""
        module, _, attribute = self.code.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise BadInput(f"system {self.paper}/{self.id} names the code {self.code}: {error}") from error


@dataclass(frozen=True)
class Paper:
    """One claims file, read and checked."""

    id: str
    corpus: str
    claims: tuple[Claim, ...]
    systems: tuple[System, ...]
