"""What features know of emotion: linear classifiers, recognition without training, a guard. Chapter 5.

`linear_probe` is the paper's (Wei et al. 2020, Sec. 5.2), `logistic_probe` and `ridge_probe` are tuned references,
`zero_shot` needs no training (Sec. 5.4), `check_separate` proves that nothing tested on was trained on. Predictions go
to `emolib.evaluation` for intervals; `mean_average_precision` says which convention it follows.
"""

from emolib.probes.guard import check_separate, crossing, emoji_keys, joined_groups
from emolib.probes.linear import linear_probe
from emolib.probes.measures import Resampled, any_keyword, mean_average_precision, picture_average_precision
from emolib.probes.references import logistic_probe, ridge_probe
from emolib.probes.zeroshot import class_representations, class_vectors, zero_shot

__all__ = [
    "Resampled",
    "any_keyword",
    "check_separate",
    "class_representations",
    "class_vectors",
    "crossing",
    "emoji_keys",
    "joined_groups",
    "linear_probe",
    "logistic_probe",
    "mean_average_precision",
    "picture_average_precision",
    "ridge_probe",
    "zero_shot",
]
