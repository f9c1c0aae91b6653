"""Text models of Wei et al. 2020 (Sec. 4, Fig. 3): from the keywords beside a picture to emotions. Chapter 5.

Two of them are one network: from the keywords that name no emotion to the emotional ones (690 in the paper), whose
answers become soft targets (`emolib.softtargets`); and from all keywords to eight emotions, learned from pictures that
people annotated (Sec. 5.3).

    read = Vocabulary.most_frequent(other_lists, known=table)
    model = TextModel(table.vectors(read.words)[0], outputs=690)
    numbers = read.numbers(other_lists)                     # int32 (n, longest list), 0 where a list has ended
    recipe = Recipe(**PUBLISHED_CODE, optimizer="sgd", momentum=0.0, decay=0.0)
    fit(model, numbers, targets, recipe, loss=cross_entropy, rows=np.flatnonzero(numbers.any(1)))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import nn
from torch.nn import functional

from emolib.errors import BadInput
from emolib.features.vectors import WordVectors

PUBLISHED_CODE = {"epochs": 20, "batch": 50, "lr": 1.0, "schedule": "steps:10,15"}
"""How the published code trains its text model, for `training.Recipe`, which has to be told an optimizer: the code's is
not known to us. The paper (Sec. 5.1) has AdaGrad, 30 epochs, a tenth of the rate after 10 and after 20; at a rate of 1
AdaGrad moves every weight by 1 in its first step, whatever the gradient."""


class Vocabulary:
    """Keywords with numbers from 1 on; 0 stands for no keyword.

    Args:
        words: each once, none empty.

    Raises:
        BadInput: no word, an empty one, or one that stands there twice.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._number = {word: number for number, word in enumerate(self.words, 1)}
        if not self.words or len(self._number) != len(self.words) or not all(map(str.strip, self.words)):
            raise BadInput(f"Vocabulary: {len(self.words)} words have to be one or more, each once, none empty")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._number

    @classmethod
    def most_frequent(
        cls,
        lists: Iterable[Sequence[str]],
        limit: int | None = None,
        *,
        least: int = 1,
        among: Iterable[str] | None = None,
        known: WordVectors | None = None,
    ) -> Vocabulary:
        """The keywords that most lists hold, the most frequent first, of equal ones in alphabetical order.

        Args:
            lists: of keywords, one a picture. Use the training pictures alone.
            limit: how many keywords at most; None for all.
            least: lists that a keyword has to be in.
            among: only these keywords (words of emotion, say).
            known: only keywords that have a vector there.

        Raises:
            BadInput: a limit below 1, or no keyword that is left.
        """
        counts = Counter(chain.from_iterable(dict.fromkeys(words) for words in lists))
        allowed = None if among is None else set(among)
        chosen = [
            word
            for word, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            if count >= least and (allowed is None or word in allowed) and (known is None or word in known)
        ]
        if limit is not None and limit < 1 or not chosen:
            raise BadInput(f"Vocabulary: of {len(counts)} keywords {len(chosen)} are left, of which to take {limit}")
        return cls(chosen[:limit])

    def numbers(self, lists: Sequence[Sequence[str]]) -> np.ndarray:
        """What a `TextModel` reads: int32 (n, longest), the numbers of each list's known keywords, then zeros.

        Unknown keywords are left out; a list that has no known one is a row of zeros. There is at least one column.
        """
        known = [[self._number[word] for word in words if word in self._number] for words in lists]
        found = np.zeros((len(known), max(map(len, known), default=0) or 1), np.int32)
        for row, numbers in zip(found, known, strict=True):
            row[: len(numbers)] = numbers
        return found

    def hot(self, lists: Sequence[Sequence[str]]) -> csr_array:
        """Which of the keywords each list holds: sparse float32 (n, len(self)) of ones; y of Eq. 1."""
        columns = [sorted({self._number[word] - 1 for word in words if word in self._number}) for words in lists]
        starts = np.concatenate([[0], np.cumsum([len(row) for row in columns], dtype=np.int64)])
        places = np.fromiter(chain.from_iterable(columns), np.int64, starts[-1])
        return csr_array((np.ones(len(places), np.float32), places, starts), shape=(len(columns), len(self)))


class TextModel(nn.Module):
    """TextCNN of Wei et al. 2020: convolution of width 1, ReLU, mean, a hidden layer, a layer of answers.

    The order of keywords makes no difference, and neither does how many places are left empty. A list without a known
    keyword has a mean of zeros; what comes out says nothing about the picture, so leave such rows out (`predicted`
    does). Word vectors stay as they are. The paper gives neither widths nor the place of the dropout: `width` and
    `hidden` are our choice, it drops units of the hidden layer, and that layer ends in a ReLU ("non-linear").

    Args:
        vectors: float (v, d), those of keywords 1 to v of a `Vocabulary`.
        outputs: number of answers, emotional keywords or emotions.
        width: channels of the convolution.
        hidden: units of the hidden layer.
        dropout: probability of dropping a hidden unit; .5 in the published code.
        convolve: False leaves the convolution out: the deep averaging network of Iyyer et al. 2015 (Sec. 5.3 tries it).

    Raises:
        BadInput: vectors that are not finite (keywords without one do not belong in the vocabulary), sizes below 1, a
            dropout outside [0, 1).
    """

    def __init__(
        self,
        vectors: np.ndarray,
        outputs: int,
        *,
        width: int = 300,
        hidden: int = 300,
        dropout: float = 0.5,
        convolve: bool = True,
    ) -> None:
        super().__init__()
        vectors = np.asarray(vectors, np.float32)
        if vectors.ndim != 2 or not vectors.size or min(outputs, width, hidden) < 1:
            raise BadInput(f"TextModel: vectors {vectors.shape}, {outputs} outputs, width {width}, hidden {hidden}")
        wrong = np.flatnonzero(~np.isfinite(vectors).all(1))
        if len(wrong):
            raise BadInput(
                f"TextModel: keyword {wrong[0] + 1} has no vector; make the vocabulary with known=the table of vectors"
            )
        if not 0 <= dropout < 1:
            raise BadInput(f"TextModel: dropout is {dropout}; it has to be in [0, 1)")
        table = np.concatenate([np.zeros((1, vectors.shape[1]), np.float32), vectors])
        self.register_buffer("table", torch.from_numpy(table))
        self.convolution = nn.Conv1d(vectors.shape[1], width, 1) if convolve else None
        self.hidden = nn.Linear(width if convolve else vectors.shape[1], hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, outputs)

    def represent(self, numbers: torch.Tensor) -> torch.Tensor:
        """The hidden layer, float (n, hidden), of numbers of keywords (n, longest), 0 for none."""
        there = numbers > 0
        # A batch is no wider than its own longest list, however long the longest of all is.
        used = there.any(0).nonzero()
        width = int(used[-1]) + 1 if len(used) else 1
        there, values = there[:, :width, None], self.table[numbers[:, :width].long()]
        if self.convolution is not None:
            # A convolution of width 1 is one linear map at every place, and as such several times faster on a CPU.
            values = functional.linear(values, self.convolution.weight[:, :, 0], self.convolution.bias).relu()
        mean = (values * there).sum(1) / there.sum(1).clamp(min=1)
        return self.hidden(mean).relu()

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        """Logits (n, outputs) of numbers of keywords (n, longest), 0 for none."""
        return self.head(self.dropout(self.represent(numbers)))


@torch.inference_mode()
def predicted(model: TextModel, numbers: np.ndarray, *, batch: int = 1024) -> np.ndarray:
    """Probabilities of the answers, float32 (n, outputs), rows summing to 1; a row of zeros where no keyword is known.

    Zeros make Eq. 1 fall back on the picture's own keywords: a text model that read nothing has nothing to add.

    Args:
        model: fitted; it is left in evaluation mode.
        numbers: int (n, longest) of `Vocabulary.numbers`.
        batch: lists at a time.
    """
    return _batches(model, numbers, batch, lambda part: model(part).softmax(1), model.head.out_features)


@torch.inference_mode()
def represented(model: TextModel, numbers: np.ndarray, *, batch: int = 1024) -> np.ndarray:
    """The hidden layer, float32 (n, hidden); nan where no keyword is known. What Sec. 5.3 draws pictures towards."""
    found = _batches(model, numbers, batch, model.represent, model.hidden.out_features)
    found[~(np.asarray(numbers) > 0).any(1)] = np.nan
    return found


def _batches(model: TextModel, numbers: np.ndarray, batch: int, call, width: int) -> np.ndarray:  # noqa: ANN001
    model.eval()
    found = np.zeros((len(numbers), width), np.float32)
    rows = np.flatnonzero((np.asarray(numbers) > 0).any(1))
    for start in range(0, len(rows), batch):
        some = rows[start : start + batch]
        found[some] = call(torch.from_numpy(np.asarray(numbers[some])).to(model.table.device)).float().cpu().numpy()
    return found
