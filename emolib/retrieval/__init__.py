"""Which pictures lie nearest to a picture, by the cosine of their feature vectors. Used by chapter 5.

Wei et al. 2020, section 5.5 and Fig. 4: a query's neighbours among EmotionNet's features beside those among ImageNet's.
The paper names no distance; the cosine is our choice, as it is the one of its zero-shot recognition (section 5.4).

`exact` compares with every vector, `Index` with some, which a million vectors need. `apart` leaves out a query's own
group; `precision` and `recall` say how good a list of neighbours is.
"""

from emolib.retrieval.brute import Neighbours, exact
from emolib.retrieval.index import Index, eight_bits
from emolib.retrieval.measures import apart, precision, recall

__all__ = ["Index", "Neighbours", "apart", "eight_bits", "exact", "precision", "recall"]
