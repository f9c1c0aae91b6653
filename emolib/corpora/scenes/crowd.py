"""Simulated workers, each with a reliability of their own: verification, annotation, a qualification test. Chapter 1.

`records` has five workers who are all alike; here is a pool of different ones, as on a platform that pays them. Worker
w is a spammer with probability `spammers`: reliability 0. Anybody else has the reliability low + (high - low) sqrt(v)
with a uniform v, so that good workers are more frequent than bad ones (mean 0.83 by default). Both are our choices.

Task i, a picture, is answered by `votes` different workers, drawn alike. With P the planted distribution of emotions of
the picture (`model`), worker w pays attention with the probability of w's reliability, anew for each answer. Who does

- in a verification ("do you feel E?", E the `query` of the picture) draws an emotion from P and says yes when it is E;
- in an annotation, and in a test, says the emotion drawn from P.

Who does not throws a coin in a verification, and says any of the eight otherwise. Workers who pay attention still
disagree where P is spread out: that is not their fault, and no method can tell more than that.

As in `records`, an answer depends on its picture's number and the seed alone (and on the pool). The streams of random
numbers lie far beyond those of `model.STREAMS`, so that nothing that was there before changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emolib.corpora.scenes.chance import draw, uniform
from emolib.corpora.scenes.model import STREAMS, Latents, Parameters, _different, _number, _whole, latents
from emolib.emotions import MIKELS
from emolib.errors import BadInput

MOST_VOTES = 9
CROWD_STREAMS = {"pool": 1001, "verifiers": 1002, "verification": 1003, "annotators": 1004, "annotation": 1005}
CROWD_STREAMS["qualification"] = 1006
"""What random numbers are for, beyond those of `model.STREAMS`, which count from 0."""

BLOCK = 20_000


@dataclass(frozen=True)
class Crowd:
    """A pool of `workers` workers of whom a share `spammers` never pays attention; the others' reliability lies
    between `low` and `high`. Raises BadInput for values that make no sense."""

    workers: int = 200
    spammers: float = 0.1
    low: float = 0.5
    high: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "workers", _whole("workers", self.workers, 1, 2**31))
        for name in ("spammers", "low", "high"):
            object.__setattr__(self, name, _number(name, getattr(self, name), 1.0))
        if self.low > self.high:
            raise BadInput(f"scenes: the lowest reliability, {self.low}, is above the highest, {self.high}; swap them")

    def reliabilities(self, seed: int) -> np.ndarray:
        """The true reliability of each worker, 0 to 1, float64 (workers,); worker w's does not depend on the others."""
        u = uniform(seed, np.arange(self.workers), CROWD_STREAMS["pool"], 2)
        return np.where(u[:, 0] < self.spammers, 0.0, self.low + (self.high - self.low) * np.sqrt(u[:, 1]))


def verification(parameters: Parameters, index: np.ndarray, crowd: Crowd | None = None, votes: int = 5) -> pd.DataFrame:
    """Answers to "do you feel E?", E being the search word of the picture: columns `task`, `worker` (int64), `yes`
    (bool), `votes` rows a picture in the order of `index`, whole numbers from 0.

    The first k answers about a picture are the same for any number of votes from k on. Raises BadInput for `votes`
    outside 1 to 9, more votes than workers, or a number below 0.
    """
    crowd, votes = _checked(crowd, votes)
    parts = []
    for scene in _scenes(parameters, index):
        worker, attentive, u = _answers(parameters.seed, scene.index, crowd, votes, "verifiers", "verification")
        felt = draw(scene.probabilities, u[:, :, 1])
        yes = np.where(attentive, felt == queries(parameters, scene)[:, None], u[:, :, 2] < 0.5)
        parts.append((np.repeat(scene.index, votes), worker.ravel(), yes.ravel()))
    return _table(parts, "yes")


def annotation(parameters: Parameters, index: np.ndarray, crowd: Crowd | None = None, votes: int = 5) -> pd.DataFrame:
    """Answers to "which of the eight do you feel?": columns `task`, `worker` (int64), `label`; else as
    :func:`verification`, with other workers and answers of their own."""
    crowd, votes = _checked(crowd, votes)
    parts = []
    for scene in _scenes(parameters, index):
        worker, attentive, u = _answers(parameters.seed, scene.index, crowd, votes, "annotators", "annotation")
        said = np.where(attentive, draw(scene.probabilities, u[:, :, 1]), (u[:, :, 2] * 8).astype(np.int64))
        parts.append((np.repeat(scene.index, votes), worker.ravel(), _names()[said.ravel()]))
    return _table(parts, "label")


def qualification(
    parameters: Parameters, index: np.ndarray, crowd: Crowd | None = None
) -> tuple[pd.DataFrame, pd.Series]:
    """A test that every worker takes on the pictures `index`: the answers (`task`, `worker`, `label`), and the truth.

    The truth is the likeliest emotion of a picture, by task. A worker of reliability r is right about a picture with
    probability r max P + (1 - r) / 8: take :func:`clear` pictures, or not even the best pass. Answers are ordered by
    picture, then worker. Raises BadInput for a number below 0.
    """
    crowd, _ = _checked(crowd, 1)
    reliability, worker = crowd.reliabilities(parameters.seed), np.arange(crowd.workers)
    parts, truth = [], []
    for scene in _scenes(parameters, index, max(1, BLOCK // crowd.workers)):
        n = len(scene.index)
        u = uniform(parameters.seed, scene.index, CROWD_STREAMS["qualification"], 3 * crowd.workers)
        u = u.reshape(n, crowd.workers, 3)
        felt = draw(scene.probabilities, u[:, :, 1])
        said = np.where(u[:, :, 0] < reliability, felt, (u[:, :, 2] * 8).astype(np.int64))
        parts.append((np.repeat(scene.index, crowd.workers), np.tile(worker, n), _names()[said.ravel()]))
        truth.append(pd.Series(_names()[scene.probabilities.argmax(axis=1)], scene.index))
    right = pd.concat(truth) if truth else pd.Series(dtype=object)
    return _table(parts, "label"), right.rename("label").rename_axis("task")


def clear(parameters: Parameters, index: np.ndarray, number: int) -> np.ndarray:
    """The `number` pictures among `index` whose likeliest emotion is the most probable, in order: int64 (number,).

    Of equally clear ones those with the lower number. Raises BadInput when there are not so many.
    """
    index = np.unique(np.asarray(index))
    number = _whole("number", number, 1, len(index))
    most = np.concatenate([scene.probabilities.max(axis=1) for scene in _scenes(parameters, index)])
    return np.sort(index[np.argsort(-most, kind="stable")[:number]]).astype(np.int64)


def queries(parameters: Parameters, scene: Latents) -> np.ndarray:
    """Positions in MIKELS of the search words, int64 (n,): the column `query` of `records`."""
    u = uniform(parameters.seed, scene.index, STREAMS["query"], 4)
    return (scene.emotion + (u[:, 2] < parameters.query_noise) * (1 + (u[:, 3] * 7).astype(np.int64))) % 8


def _answers(
    seed: int, index: np.ndarray, crowd: Crowd, votes: int, who: str, what: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who answers (n, votes), whether attentively (n, votes), and the uniform numbers of each answer (n, votes, 3)."""
    slots = uniform(seed, index, CROWD_STREAMS[who], MOST_VOTES)[:, :votes]
    worker = _different(slots, crowd.workers)
    u = uniform(seed, index, CROWD_STREAMS[what], 3 * MOST_VOTES).reshape(len(index), MOST_VOTES, 3)[:, :votes]
    return worker, u[:, :, 0] < crowd.reliabilities(seed)[worker], u


def _scenes(parameters: Parameters, index: np.ndarray, block: int = BLOCK) -> Iterator[Latents]:
    index = np.asarray(index)
    for start in range(0, index.size, block):
        yield latents(parameters, index[start : start + block])


def _checked(crowd: Crowd | None, votes: int) -> tuple[Crowd, int]:
    crowd = Crowd() if crowd is None else crowd
    votes = _whole("votes", votes, 1, MOST_VOTES)
    if votes > crowd.workers:
        raise BadInput(f"scenes: {votes} different workers cannot be drawn from {crowd.workers}; enlarge the crowd")
    return crowd, votes


def _names() -> np.ndarray:
    return np.array(MIKELS, dtype=object)


def _table(parts: list[tuple[np.ndarray, ...]], answer: str) -> pd.DataFrame:
    empty = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool if answer == "yes" else object)
    joined = [np.concatenate(column) for column in zip(*(parts or [empty]), strict=True)]
    return pd.DataFrame(dict(zip(("task", "worker", answer), joined, strict=True)))
