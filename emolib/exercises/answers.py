"""What all checks share: reading answers, and saying what is wrong. Used by every chapter's exercises."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np


class Wrong(Exception):
    """The answer is wrong; the message is a hint that does not give it away."""


class Missing(Wrong):
    """There is no answer yet."""


class Names:
    """What a notebook has defined, read with a message where something is missing."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names

    def __getitem__(self, name: str) -> object:
        """A name that the chapter itself defines; without it the check can't be made."""
        if name not in self._names:
            raise Missing(f"Run the chapter's cells from the top first: `{name}` is not there.")
        return self._names[name]

    def answer(self, name: str) -> object:
        """A name that the exercise asks for."""
        if self._names.get(name, ...) is ...:
            raise Missing(f"Define `{name}`, as the exercise asks.")
        return self._names[name]

    def function(self, name: str) -> Callable:
        """A function that the exercise asks for."""
        found = self.answer(name)
        if not callable(found):
            raise Wrong(f"`{name}` has to be a function.")
        return found

    def table(self, name: str, keys: tuple) -> dict:
        """A dictionary that the exercise asks for, with an entry for each of `keys`."""
        found = self.answer(name)
        if not isinstance(found, Mapping):
            raise Wrong(f"`{name}` has to be a dictionary.")
        lacking = [key for key in keys if key not in found]
        if lacking:
            raise Wrong(f"`{name}` has no entry for {', '.join(map(repr, lacking))}.")
        return dict(found)


def expect(holds: object, hint: str) -> None:
    """Raise :class:`Wrong` with `hint` unless `holds`."""
    if not bool(holds):
        raise Wrong(hint)


def close(given: object, true: object, hint: str, tolerance: float = 1e-6) -> None:
    """Raise :class:`Wrong` unless two numbers, or two arrays of one shape, agree within `tolerance`; NaN equals NaN."""
    a, b = np.asarray(given, float), np.asarray(true, float)
    expect(a.shape == b.shape and np.allclose(a, b, atol=tolerance, rtol=0, equal_nan=True), hint)


def finite(name: str, given: object, shape: tuple[int, ...]) -> np.ndarray:
    """`given` as an array of numbers of that shape, all of them finite."""
    array = np.asarray(given, float)
    expect(array.shape == shape, f"{name} has the shape {array.shape}, and {shape} is needed.")
    expect(np.isfinite(array).all(), f"{name} holds numbers that are none.")
    return array
