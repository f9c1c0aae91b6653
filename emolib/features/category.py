"""Category-level attributes: how much of a picture's probability falls on each family of categories. Used by chapter 2.

Kim 2017 compares its object probabilities with the 2000 category-level attributes of Yu et al. 2013 (Table II, row O).
Those were designed from similarities between categories, and neither they nor their code can be had. This is their
idea with what can: the 1000 categories are merged pairwise by the similarity of their classifier weights, down to one;
every category and every merger on the way but the last, which holds everything, is an attribute: 1000 + 998.
"""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import linkage

from emolib.errors import BadInput


def category_groups(weights: np.ndarray) -> np.ndarray:
    """Which categories belong to which attribute.

    Args:
        weights: (categories, dim), rows of the last layer of a classifier.

    Returns:
        bool (categories, 2 * categories - 2); the first columns are the categories themselves.

    Raises:
        BadInput: fewer than three categories.
    """
    n = len(weights)
    if n < 3:
        raise BadInput(f"category groups: {n} categories have no families; at least 3 are needed")
    unit = weights - weights.mean(0)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    members = [np.eye(n, dtype=bool)[i] for i in range(n)]
    for left, right, *_ in linkage(unit, method="ward")[:-1]:
        members.append(members[int(left)] | members[int(right)])
    return np.stack(members, axis=1)


def category_features(probabilities: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Probability of every attribute, float32 (n, attributes), from class probabilities (n, categories)."""
    if probabilities.shape[1] != len(groups):
        raise BadInput(
            f"category features: {probabilities.shape[1]} probabilities for groups of {len(groups)} categories"
        )
    return (probabilities @ groups.astype(np.float32)).astype(np.float32)
