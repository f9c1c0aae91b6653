"""One explicit training loop for every network of the book, on one core or many machines.

`Recipe` says how, `fit` does it, `predict` applies the result. The same as a script: `python -m emolib.training`.
Used by chapters 1 to 5. `out_of_fold` cross-validates whatever fits, `fitted` keeps a fit on disk, and
`several` fits run at a time. `detecting` trains the detector of chapter 4, `progressive` leaves out what a first
training was unsure of.
"""

from emolib.training.crossval import out_of_fold
from emolib.training.kept import fitted
from emolib.training.loop import Diverged, Recipe, fit, predict
from emolib.training.several import several

__all__ = ["Diverged", "Recipe", "fit", "fitted", "out_of_fold", "predict", "several"]
