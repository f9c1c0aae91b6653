"""From what workers answered to what a picture is called. Chapter 1 (You et al. 2016).

Verification: a picture was found under a search word E, and workers say whether they feel E. It is accepted when enough
of them say yes (You et al.: three of five). Annotation: workers name one of several labels, and the answers are put
together by a majority or by models that find out who is worth listening to, both from the library crowd-kit. A
qualification test lets only those workers in who answer known pictures well; a half is our default.

A table of answers has a row an answer: `task` (the picture), `worker`, and `yes` or `label`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from emolib.emotions import MIKELS
from emolib.errors import BadInput

METHODS = ("majority", "one_coin", "dawid_skene")
ROUNDS = 100
TIE = 1e-9
TINY = 1e-10  # crowd-kit's least probability


@dataclass(frozen=True, eq=False)
class Aggregated:
    """What many answers say together.

    `labels`: the label of each task. `probabilities`: a row a task, a column a class, summing to 1; for "majority" the
    shares of the answers. `skills`: for each worker the probability, 0 to 1, of answering with the label that was
    found; for "dawid_skene" the mean over classes, weighted with how frequent they are. Tasks and workers are sorted.
    """

    labels: pd.Series
    probabilities: pd.DataFrame
    skills: pd.Series


# -------------------------------------------------------------------------------------------------------- verification


def count_votes(answers: pd.DataFrame) -> pd.DataFrame:
    """How many workers were asked about each task and how many said yes: columns `yes`, `asked`, by task, sorted.

    `answers` has `task`, `worker` and `yes` (bool). Raises BadInput for a missing column or value, an answer that is
    neither yes nor no, or a worker who answered a task twice.
    """
    answers = _checked(answers, "yes")
    if not set(answers["yes"].unique()) <= {True, False}:
        raise BadInput("answers: the column yes holds True or False; turn what the workers said into that.")
    grouped = answers.assign(yes=answers["yes"].astype(bool)).groupby("task", sort=True)["yes"]
    return pd.DataFrame({"yes": grouped.sum().astype(np.int64), "asked": grouped.size().astype(np.int64)})


def accept(yes: Sequence[int] | np.ndarray, asked: Sequence[int] | int | np.ndarray, least: int = 3) -> np.ndarray:
    """Which pictures are accepted: those for which at least `least` workers said yes; bool (n,).

    `asked` is one number for all or one a picture. You et al. ask five and want three. Raises BadInput, naming the row,
    for a negative or broken number, more yes than asked or nobody asked; and for `least` below 1.
    """
    if isinstance(least, bool) or not isinstance(least, int | np.integer) or least < 1:
        raise BadInput(f"least is a whole number from 1, not {least!r}.")
    said = _counts(yes, "yes")
    total = _counts(np.full(len(said), asked) if np.ndim(asked) == 0 else asked, "asked")
    if len(said) != len(total):
        raise BadInput(f"yes has {len(said)} rows, asked {len(total)}: one a picture is needed.")
    for wrong, why in ((total == 0, "nobody was asked"), (said > total, "more said yes than were asked")):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise BadInput(f"row {row}: {why} ({said[row]} of {total[row]}).")
    return said >= least


def acceptance_rates(
    table: pd.DataFrame, emotion: str = "query", accepted: str = "accepted", classes: Sequence[str] = MIKELS
) -> pd.DataFrame:
    """Share of accepted pictures for each search emotion, with Wilson's 95% interval.

    Args:
        table: a row a picture with the columns named by `emotion` (one of `classes`) and `accepted` (bool).

    Returns:
        A row a class in the order of `classes`: `pictures`, `accepted`, `rate`, `low`, `high`. A class without any
        picture has NaN in the last three: nothing is known of it, which is not a rate of 0.

    Raises BadInput for an unknown class (row named), a missing column, or a value that is neither True nor False.
    """
    for column in (emotion, accepted):
        if column not in table:
            raise BadInput(f"the table has no column {column!r}; it has {', '.join(map(str, table.columns))}.")
    unknown = ~table[emotion].isin(list(classes)).to_numpy(bool)
    if unknown.any():
        row = int(np.argmax(unknown))
        raise BadInput(f"row {row}: {table[emotion].iloc[row]!r} is none of {', '.join(map(str, classes))}.")
    if len(table) and not pd.api.types.is_bool_dtype(table[accepted]):
        raise BadInput(f"the column {accepted!r} holds True or False, not {table[accepted].dtype}: see accept.")
    rows = []
    for name in classes:
        own = table.loc[table[emotion] == name, accepted]
        n, k = len(own), int(own.sum())
        interval = binomtest(k, n).proportion_ci(0.95, method="wilson") if n else (np.nan, np.nan)
        rows.append((n, k, k / n if n else np.nan, *interval))
    columns = ["pictures", "accepted", "rate", "low", "high"]
    return pd.DataFrame(rows, index=pd.Index(list(classes), name="emotion"), columns=columns)


# ---------------------------------------------------------------------------------------------------------- annotation


def aggregate(answers: pd.DataFrame, method: str = "majority", classes: Sequence = MIKELS) -> Aggregated:
    """One label a task from the answers of several workers.

    Args:
        answers: columns `task`, `worker`, `label` (one of `classes`).
        method: "majority"; "dawid_skene", a confusion matrix a worker (Dawid & Skene 1979); "one_coin", the same model
            with one accuracy a worker: better where each has answered little. The models are fitted by at most ROUNDS
            rounds of EM that start from the majority.

    Of labels that are equally likely (within 1e-9) the first in `classes` is taken; nothing is drawn at random, and the
    order of the rows does not matter.

    Raises BadInput for an unknown method or label (row named), no answers, a missing column or value, or a worker who
    answered a task twice.
    """
    if method not in METHODS:
        raise BadInput(f"method: {method!r} is unknown; use {', '.join(METHODS)}")
    answers = _checked(answers, "label")
    code = pd.Index(list(classes)).get_indexer(answers["label"])
    if (code < 0).any():
        row = int(np.argmax(code < 0))
        raise BadInput(f"row {row}: {answers['label'].iloc[row]!r} is none of {', '.join(map(str, classes))}.")
    if not len(answers):
        raise BadInput("answers: there are none; at least one is needed.")
    # Classes as numbers, tasks and workers in order: the library's sums then run in one order.
    data = answers[["task", "worker"]].assign(label=code).sort_values(["task", "worker"], ignore_index=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the library uses what pandas is about to drop
        warnings.simplefilter("ignore", FutureWarning)
        probabilities, skills = _fitted(data, method)
    probabilities = probabilities.reindex(columns=range(len(classes)), fill_value=0.0).sort_index()
    values = probabilities.to_numpy(float)
    values = values / values.sum(axis=1, keepdims=True)  # the library lifts zeros a little
    best = (values >= values.max(axis=1, keepdims=True) - TIE).argmax(axis=1)
    labels = pd.Series(np.array(list(classes), dtype=object)[best], index=probabilities.index, name="label")
    probabilities = pd.DataFrame(values, index=probabilities.index, columns=list(classes))
    return Aggregated(labels, probabilities, skills.sort_index().rename("skill").clip(0, 1))


def _fitted(data: pd.DataFrame, method: str) -> tuple[pd.DataFrame, pd.Series]:
    """Probabilities of the classes by task, and skills by worker, from crowd-kit."""
    from crowdkit import aggregation  # takes seconds to import

    if method == "dawid_skene":
        model = aggregation.DawidSkene(n_iter=ROUNDS).fit(data)
        matrices = model.errors_.reset_index()
        diagonal = matrices.melt(["worker", "label"], var_name="true", value_name="probability")
        diagonal = diagonal[diagonal["label"] == diagonal["true"].astype(np.int64)]
        weighted = diagonal["probability"] * diagonal["label"].map(model.priors_)
        return model.probas_, weighted.groupby(diagonal["worker"]).sum()
    if method == "one_coin":
        model = _one_coin(n_iter=ROUNDS).fit(data)
        return model.probas_, model.skills_
    model = aggregation.MajorityVote().fit(data)
    return model.probas_, model.skills_


def _one_coin(n_iter: int):  # noqa: ANN202 - crowd-kit is not imported up here
    """crowd-kit's model with one reliability a worker, which fills a table of errors at once and not cell by cell.

    The numbers are the same to the last bit. Should the library rename the step, its own one is taken again.
    """
    from crowdkit import aggregation

    class OneCoin(aggregation.OneCoinDawidSkene):
        @staticmethod
        def _process_skills_to_errors(data: pd.DataFrame, probas: pd.DataFrame, skills: pd.Series) -> pd.DataFrame:
            errors = aggregation.DawidSkene._m_step(data, probas)  # which labels each worker has given
            skill = skills.loc[errors.index.get_level_values("worker")].to_numpy()[:, None]
            said = errors.index.get_level_values("label").to_numpy()[:, None]
            filled = np.where(errors.columns.to_numpy() == said, skill, (1 - skill) / max(1, errors.shape[1] - 1))
            filled = filled.clip(TINY, 1 - TINY)
            return pd.DataFrame(filled, errors.index, errors.columns)

    return OneCoin(n_iter=n_iter)


# ------------------------------------------------------------------------------------------------------- qualification


def scores_of_workers(answers: pd.DataFrame, truth: Mapping | pd.Series) -> pd.DataFrame:
    """How each worker did in a test: columns `answered`, `right`, `share` (right / answered), by worker, sorted.

    `answers` has `task`, `worker`, `label`; `truth` gives the right label of every task in it. Raises BadInput for a
    task without a truth (named), and as :func:`count_votes` does.
    """
    answers = _checked(answers, "label")
    known = pd.Series(truth, dtype=object)
    absent = ~answers["task"].isin(known.index).to_numpy(bool)
    if absent.any():
        raise BadInput(f"truth has no label for the task {answers['task'].iloc[int(np.argmax(absent))]}.")
    right = answers["label"].to_numpy(object) == known.reindex(answers["task"]).to_numpy(object)
    grouped = pd.Series(right.astype(bool)).groupby(answers["worker"].to_numpy(), sort=True)
    scores = pd.DataFrame({"answered": grouped.size(), "right": grouped.sum()}).astype(np.int64)
    scores.index.name = "worker"
    return scores.assign(share=scores["right"] / scores["answered"])


def qualify(answers: pd.DataFrame, truth: Mapping | pd.Series, least: float = 0.5) -> list:
    """The workers that pass a test: those who answer at least the share `least` of their pictures rightly; sorted.

    Arguments and errors as for :func:`scores_of_workers`; BadInput also for a `least` outside 0 to 1.
    """
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 <= least <= 1:
        raise BadInput(f"least is a share from 0 to 1, not {least!r}.")
    scores = scores_of_workers(answers, truth)
    # Not right >= least * answered: .28 * 25 is a little above 7, while 7 / 25 is the very number that .28 is.
    return scores.index[scores["share"] >= least].tolist()


def _checked(answers: pd.DataFrame, column: str) -> pd.DataFrame:
    if not isinstance(answers, pd.DataFrame):
        raise BadInput(f"Answers are a table (pandas.DataFrame), not {type(answers).__name__}.")
    needed = ["task", "worker", column]
    for name in needed:
        if name not in answers:
            raise BadInput(f"answers: there is no column {name!r}; needed are {', '.join(needed)}.")
    answers = answers[needed].reset_index(drop=True)
    missing = answers.isna().any(axis=1).to_numpy(bool)
    if missing.any():
        raise BadInput(f"row {int(np.argmax(missing))}: a value is missing; leave out answers that nobody gave.")
    twice = answers.duplicated(["task", "worker"]).to_numpy(bool)
    if twice.any():
        row = int(np.argmax(twice))
        task, worker = answers.loc[row, ["task", "worker"]]
        raise BadInput(f"row {row}: worker {worker} answered task {task} before; keep one of the answers.")
    return answers


def _counts(values: Sequence[int] | np.ndarray, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1:
        raise BadInput(f"{name} is a list of whole numbers, one a picture, not an array of {array.ndim} axes.")
    try:
        numbers = array.astype(float)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} holds whole numbers, not {array.dtype}: {error}.") from error
    broken = ~np.isfinite(numbers) | (numbers < 0) | (numbers != np.floor(numbers))
    if broken.any():
        row = int(np.argmax(broken))
        raise BadInput(f"row {row}: {name} is a whole number from 0, not {array[row]}.")
    return numbers.astype(np.int64)
