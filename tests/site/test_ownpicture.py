"""The page on which a reader's browser runs the book's model: heads, ONNX file, runtime, text."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

from emolib import backbones
from emolib.emotions import MIKELS
from emolib.errors import BadInput, EmolibError, Unavailable
from emolib.evaluation import Estimate
from emolib.site import ownpicture
from emolib.site.ownpicture import exporting, heads, model, webruntime
from emolib.site.ownpicture.heads import Head
from tests.fixtures.corpora import write_oasis
from tests.fixtures.discrete import write_emoset118k


def silent(message: str) -> None:
    """Takes the place of print."""


@pytest.fixture(scope="module")
def random() -> np.random.Generator:
    return np.random.default_rng(5)


def planted(groups: int = 120, each: int = 2, dim: int = 24, noise: float = 0.4):
    """Embeddings whose direction says the emotion, two pictures a group."""
    random = np.random.default_rng(1)
    directions = random.normal(0, 1, (8, dim))
    group = np.repeat(np.arange(groups), each)
    label = group % 8
    return directions[label] + random.normal(0, noise, (len(group), dim)) + 3, np.array(MIKELS)[label], group


class TestHeads:
    def test_what_was_planted_is_found(self):
        X, labels, groups = planted()
        head, measured = heads.emotion_head(X, labels, groups)
        assert measured["accuracy"].value > 0.97 and measured["accuracy"].n == 120
        assert [MIKELS[k] for k in head(X).argmax(1)] == list(labels)
        assert all(measured[f"recall/{name}"].value > 0.9 for name in MIKELS)
        # Fifteen groups of each: whoever names one emotion is right for an eighth, or less where folds differ.
        assert measured["majority"].value < 0.2

    def test_what_a_group_shares_does_not_help(self):
        """Embeddings that tell the group and nothing else: across groups that is worth nothing."""
        random = np.random.default_rng(2)
        groups = np.repeat(np.arange(60), 4)
        X = random.normal(0, 1, (60, 30))[groups] + random.normal(0, 0.01, (240, 30))
        labels = np.array(MIKELS)[np.repeat(random.permutation(np.arange(60) % 8), 4)]
        assert heads.emotion_head(X, labels, groups)[1]["accuracy"].high < 0.3

    def test_the_linear_layer_is_the_regression(self):
        X, labels, groups = planted()
        head = heads.emotion_head(X, labels, groups)[0]
        theirs = LogisticRegression(C=head.penalty, solver="newton-cg", tol=1e-8, max_iter=5000)
        theirs.fit(X, [MIKELS.index(label) for label in labels])
        np.testing.assert_allclose(heads.softmax(head(X)), theirs.predict_proba(X), atol=5e-3)

    def test_the_plane_is_a_ridge_regression(self):
        random = np.random.default_rng(3)
        X, _, groups = planted(400)
        ratings = X @ random.normal(0, 1, (X.shape[1], 2)) + [5, 4] + random.normal(0, 0.2, (len(X), 2))
        head, measured = heads.plane_head(X, ratings, groups)
        assert measured["valence/r"].value > 0.95 and measured["arousal/r"].value > 0.95
        assert measured["valence/mse_of_mean"].value == pytest.approx(ratings[:, 0].var(), rel=0.05)
        assert measured["valence/mse"].value < 0.2 * measured["valence/mse_of_mean"].value
        centred, mean = X - X.mean(0), ratings.mean(0)
        gram = centred.T @ centred + head.penalty * np.eye(X.shape[1])
        weight = np.linalg.solve(gram, centred.T @ (ratings - mean))
        np.testing.assert_allclose(head(X), centred @ weight + mean, atol=1e-6)
        np.testing.assert_allclose(head.average, mean, atol=1e-9)

    def test_agreement_has_the_sign_of_the_positive_emotions(self):
        X, labels, groups = planted()
        head = heads.emotion_head(X, labels, groups)[0]
        pleasant = np.isin(labels, ["amusement", "awe", "contentment", "excitement"]).astype(float)
        assert heads.polarity_agreement(head, X, pleasant, groups).value > 0.9
        assert heads.polarity_agreement(head, X, -pleasant, groups).value < -0.9

    def test_an_emotion_with_too_few_pictures_is_named(self):
        X, labels, groups = planted(40)
        labels[(labels == "fear") & (groups > 20)] = "awe"
        with pytest.raises(BadInput, match="fear has . groups"):
            heads.emotion_head(X, labels, groups)


def head_of(names: tuple[str, ...], random: np.random.Generator, bias: float = 0.0) -> Head:
    weight = random.normal(0, 0.02, (len(names), 1280))
    return Head(names, weight, np.full(len(names), bias), 1.0, np.full(len(names), bias))


@pytest.fixture(scope="module")
def network(random) -> model.OwnPicture:
    return model.OwnPicture(
        backbones.load("lite0"), head_of(MIKELS, random), head_of(heads.PLANE, random, bias=5.0)
    ).eval()


@pytest.fixture(scope="module")
def some_pictures(random) -> np.ndarray:
    coarse = random.integers(0, 256, (4, 9, 9, 3), dtype=np.uint8)
    smooth = [np.asarray(Image.fromarray(one).resize((224, 224), Image.Resampling.BICUBIC)) for one in coarse]
    return np.stack([*smooth, np.zeros((224, 224, 3), np.uint8), np.full((224, 224, 3), 255, np.uint8)])


@pytest.fixture(scope="module")
def onnx_model(network) -> bytes:
    return model.to_onnx(network)


class TestModel:
    def test_onnx_answers_as_pytorch_does(self, network, onnx_model, some_pictures):
        ours, theirs = model.run_onnx(onnx_model, some_pictures), model.run_torch(network, some_pictures)
        assert list(ours) == ["emotions", "plane", "maps"]
        for name, expected in theirs.items():
            assert ours[name].shape == expected.shape
            np.testing.assert_allclose(ours[name], expected, atol=1e-3)
        assert max(model.largest_difference(network, onnx_model, some_pictures).values()) < 1e-3

    def test_answers_are_linear_in_the_embedding(self, network, some_pictures, random):
        """The whole network up to its embedding, and a matrix product: not the way the model goes."""
        again = np.random.default_rng(5)
        coarse = head_of(MIKELS, again)
        with torch.inference_mode():
            embedding = network.network.embed(torch.from_numpy(some_pictures)).numpy()
        plain = Head(MIKELS, coarse.weight, coarse.bias, 1.0, coarse.average)
        found = model.OwnPicture(network.network, plain, None)
        answers = model.run_torch(found, some_pictures)
        np.testing.assert_allclose(answers["emotions"], heads.softmax(embedding @ plain.weight.T), atol=1e-5)

    def test_places_add_up_to_the_answer(self, network, some_pictures):
        answers = model.run_torch(network, some_pictures)
        sums = answers["maps"].sum((2, 3))
        assert answers["maps"].shape == (len(some_pictures), 10, 7, 7)
        np.testing.assert_allclose(heads.softmax(sums[:, :8]), answers["emotions"], atol=1e-5)
        np.testing.assert_allclose(sums[:, 8:], answers["plane"], atol=1e-4)

    def test_a_head_alone(self, network, random, some_pictures):
        only = model.OwnPicture(network.network, None, head_of(heads.PLANE, random)).eval()
        answers = model.run_onnx(model.to_onnx(only), some_pictures[:1])
        assert {name: value.shape for name, value in answers.items()} == {"plane": (1, 2), "maps": (1, 2, 7, 7)}
        with pytest.raises(BadInput, match="without a head"):
            model.OwnPicture(network.network, None, None)

    def test_half_the_size_and_the_same_bytes_each_time(self, network, onnx_model):
        floats = sum(parameter.numel() for parameter in network.parameters()) * 4
        assert len(onnx_model) < 0.6 * floats
        assert model.to_onnx(network) == onnx_model

    def test_a_file_that_answers_otherwise_is_refused(self, network, some_pictures, random):
        other = model.OwnPicture(network.network, head_of(MIKELS, random), head_of(heads.PLANE, random, 5.1)).eval()
        with pytest.raises(EmolibError, match="differs from PyTorch"):
            model.largest_difference(network, model.to_onnx(other), some_pictures)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Iterator[Path]:
    """OASIS and EmoSet in small, made up."""
    root = tmp_path_factory.mktemp("data")
    write_oasis(root, n_series=14, seed=2)
    write_emoset118k(root, per_class=20)
    with pytest.MonkeyPatch.context() as patch:
        # Fewer fits than in earnest.
        patch.setitem(exporting.SETTINGS, "open", exporting.SETTINGS["open"] | {"folds": 3})
        patch.setattr(heads, "PENALTIES", {"emotions": (0.03,), "plane": (300.0,)})
        yield root


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    return exporting.export(tmp_path_factory.mktemp("exported"), "open", data_root=data, echo=silent)


class TestExport:
    def test_what_it_leaves_behind(self, data, exported):
        facts = exported.facts
        assert json.loads((exported.folder / "model.json").read_text()) == facts and facts["missing"] == {}
        content = (exported.folder / "model.onnx").read_bytes()
        assert hashlib.sha256(content).hexdigest() == facts["onnx"]["sha256"]
        assert max(facts["onnx"]["from_pytorch"].values()) < 1e-3 and facts["onnx"]["compared_on"] > 10
        assert facts["trained_on"]["emotions"]["corpus"] == "emoset118k"
        assert not facts["trained_on"]["emotions"]["simulated"]
        measured = {head: set(found) for head, found in facts["measured"].items()}
        assert {"accuracy", "majority", "polarity_r", "recall/awe"} <= measured["emotions"]
        assert "best_possible" not in measured["emotions"]  # only of a laboratory is it known
        assert {"valence/r", "arousal/mse", "arousal/mse_of_mean"} <= measured["plane"]
        assert str(data) not in json.dumps(facts)
        answers = model.run_onnx(content, np.zeros((1, 224, 224, 3), np.uint8))
        assert answers["emotions"].sum() == pytest.approx(1, abs=1e-5)

    def test_a_second_call_does_nothing(self, data, exported):
        said = []
        again = exporting.export(exported.folder, "open", data_root=data, echo=said.append).facts
        assert again == exported.facts and said == [f"The model in {exported.folder} is up to date."]

    def test_a_damaged_file_is_written_again(self, data, exported, tmp_path):
        shutil.copytree(exported.folder, tmp_path / "out")
        (tmp_path / "out" / "model.onnx").write_bytes(b"half of it")
        assert exporting.export(tmp_path / "out", "open", data_root=data, echo=silent).facts == exported.facts
        assert (tmp_path / "out" / "model.onnx").read_bytes() == (exported.folder / "model.onnx").read_bytes()

    def test_without_photographs_the_plane_is_left_out(self, data, exported, tmp_path):
        write_emoset118k(tmp_path, per_class=20)
        shutil.copytree(exported.folder, tmp_path / "out")  # it was made from more, so it is not up to date
        facts = exporting.export(tmp_path / "out", "open", data_root=tmp_path, echo=silent).facts
        assert facts["plane"] is None and "oasis" in facts["missing"]["plane"]
        answers = model.run_onnx((tmp_path / "out" / "model.onnx").read_bytes(), np.zeros((1, 224, 224, 3), np.uint8))
        assert set(answers) == {"emotions", "maps"}
        text = ownpicture.page(facts, "base", {"a": 1, "b": 2}, 3)
        assert "plane of valence and arousal is left out" in text and 'data-part="plane"' not in text
        assert 'data-part="wheel"' in text

    def test_with_nothing_to_learn_from_it_says_so(self, tmp_path):
        with pytest.raises(Unavailable, match="nothing to train on.*oasis.*fi"):
            exporting.export(tmp_path / "out", "paper", data_root=tmp_path, echo=silent)
        assert not (tmp_path / "out").exists()

    def test_an_unknown_profile_is_named(self, tmp_path):
        with pytest.raises(BadInput, match="'big' is unknown"):
            exporting.export(tmp_path, "big", echo=silent)


class TestRuntime:
    @pytest.fixture
    def npm(self, monkeypatch, tmp_path):
        """An npm that gives what `npm.files` holds, and pins that fit `npm.pinned`; nothing is fetched."""

        class Npm:
            pinned = {"ort.wasm.bundle.min.mjs": b"export {}", "ort-wasm-simd-threaded.wasm": b"\0asm"}
            files, code, calls = dict(pinned), 0, 0

            def archive(self, files):
                buffer = io.BytesIO()
                with tarfile.open(fileobj=buffer, mode="w:gz") as package:
                    for name, content in files.items():
                        entry = tarfile.TarInfo(f"package/dist/{name}")
                        entry.size = len(content)
                        package.addfile(entry, io.BytesIO(content))
                return buffer.getvalue()

            def run(self, command, cwd, **options):
                self.calls += 1
                assert command[1] == "pack" and command[-1] == f"{webruntime.PACKAGE}@{webruntime.VERSION}"
                if self.code == 0:
                    (cwd / "onnxruntime-web.tgz").write_bytes(self.sent)
                return subprocess.CompletedProcess(command, self.code, "", "npm error ENOTFOUND\n")

        npm = Npm()
        npm.sent = npm.archive(npm.pinned)
        digest = base64.b64encode(hashlib.sha512(npm.sent).digest()).decode()
        monkeypatch.setattr(webruntime, "INTEGRITY", f"sha512-{digest}")
        monkeypatch.setattr(
            webruntime, "FILES", {name: hashlib.sha256(c).hexdigest() for name, c in npm.pinned.items()}
        )
        monkeypatch.setattr(webruntime, "_npm", lambda: "npm")
        monkeypatch.setattr(subprocess, "run", npm.run)
        monkeypatch.setenv("EMOLIB_CACHE", str(tmp_path / "cache"))
        return npm

    def test_fetched_once(self, npm):
        for _ in range(2):
            found = webruntime.runtime_files(silent)
            assert {name: path.read_bytes() for name, path in found.items()} == npm.pinned
        assert npm.calls == 1

    def test_what_was_changed_on_disk_is_fetched_again(self, npm):
        path = webruntime.runtime_files(silent)["ort-wasm-simd-threaded.wasm"]
        path.write_bytes(b"other")
        webruntime.runtime_files(silent)
        assert path.read_bytes() == b"\0asm" and npm.calls == 2

    def test_another_archive_is_not_used(self, npm, tmp_path):
        npm.sent = npm.archive(npm.pinned | {"extra.js": b"evil"})
        with pytest.raises(Unavailable, match="another archive"):
            webruntime.runtime_files(silent)
        assert not list((tmp_path / "cache").rglob("*.wasm"))

    def test_another_file_is_not_used(self, npm, monkeypatch):
        monkeypatch.setattr(webruntime, "FILES", webruntime.FILES | {"ort-wasm-simd-threaded.wasm": "0" * 64})
        with pytest.raises(Unavailable, match="not the file that the book was tested with"):
            webruntime.runtime_files(silent)

    def test_no_network_and_no_npm_are_told_apart(self, npm, monkeypatch):
        npm.code = 1
        with pytest.raises(Unavailable, match="ENOTFOUND"):
            webruntime.runtime_files(silent)
        monkeypatch.setattr(webruntime, "_npm", lambda: None)
        with pytest.raises(Unavailable, match="there is no npm"):
            webruntime.runtime_files(silent)


def facts() -> dict:
    """What an export leaves, with numbers that occur nowhere else."""
    e = lambda value, low=None, high=None: Estimate(value, low, high, 9, "groups").as_dict()  # noqa: E731
    told = {"title": "A title", "pictures": 1234, "groups": 9, "penalty": 1.0}
    return {
        "backbone": {"dim": 1280},
        "input": {"size": 224, "shorter": 256, "interpolation": "bicubic", "cells": 7},
        "emotions": list(MIKELS),
        "wheel": list(MIKELS),
        "plane": {"dimensions": ["valence", "arousal"], "range": [1, 9], "average": [5, 5]},
        "missing": {},
        "trained_on": {
            "emotions": told | {"corpus": "scenes", "simulated": True},
            "plane": told | {"corpus": "oasis", "simulated": False},
        },
        "measured": {
            "emotions": {"accuracy": e(0.4321, 0.41, 0.47), "majority": e(0.17), "best_possible": e(0.66)}
            | {f"recall/{name}": e(0.23, 0.1, 0.3) for name in MIKELS},
            "plane": {
                f"{name}/{what}": e(value)
                for name in heads.PLANE
                for what, value in {"r": 0.531, "mse": 1.44, "mse_of_mean": 2.25}.items()
            },
        },
        "onnx": {"bytes": 1, "sha256": "0", "from_pytorch": {"maps": 0.00034}, "compared_on": 26},
    }


class TestPage:
    def test_every_number_comes_from_the_facts(self):
        text = ownpicture.page(facts(), "base", {"a": 9_000_000, "b": 5_000_000}, 7_000_000)
        for said in ("43% [41, 47]", "17%", "66%", "1,234 pictures", "0.53", "1.20", "1.50", "0.0003", "7 MB", "14 MB"):
            assert said in text, said
        assert "simulated: nobody felt them" in text and "nothing is uploaded" in text
        assert "nobody has measured" in text  # there is no agreement with photographs in these facts

    @pytest.mark.parametrize(
        "interval, said",
        [
            ((0.05, 0.3), "tells pleasant from unpleasant, as well"),
            ((-0.1, 0.3), "nothing shows"),
            ((-0.3, -0.1), "takes pleasant for unpleasant"),
            ((None, None), "Too few pictures"),
        ],
    )
    def test_what_the_wheel_is_worth_on_photographs_follows_from_the_interval(self, interval, said):
        measured = facts()
        measured["measured"]["emotions"]["polarity_r"] = Estimate(0.1, *interval, 9, "groups").as_dict()
        text = ownpicture.page(measured, "base", {"a": 1, "b": 1}, 1)
        told = [
            e for e in ("as well as that number", "nothing shows", "takes pleasant", "Too few pictures") if e in text
        ]
        assert said in text and len(told) == 1

    def test_labels_of_people_are_not_called_simulated(self):
        real = facts()
        real["trained_on"]["emotions"]["simulated"] = False
        assert "simulated" not in ownpicture.page(real, "base", {"a": 1, "b": 1}, 1)

    def test_without_the_runtime_the_page_says_so(self, exported, monkeypatch):
        def gone(echo):
            raise Unavailable("no npm at registry.example")

        monkeypatch.setattr(ownpicture, "runtime_files", gone)
        monkeypatch.setattr(ownpicture, "export", lambda *args, **options: exported)
        said = []
        page = ownpicture.prepare(exported.folder, "open", said.append)
        assert page.files == {} and "<script" not in page.text and "could not be fetched" in page.text
        assert "How often it is wrong" in page.text and "registry.example" not in page.text
        assert any("registry.example" in line for line in said)

    def test_without_a_model_too(self, tmp_path, monkeypatch):
        monkeypatch.setenv("EMOLIB_DATA", str(tmp_path))
        monkeypatch.setattr(exporting.corpora, "load", lambda *a, **k: (_ for _ in ()).throw(Unavailable("none")))
        page = ownpicture.prepare(tmp_path / "work", "paper", silent)
        assert page.files == {} and "built without the data" in page.text

    def test_old_files_go_when_new_ones_come(self, tmp_path):
        source = tmp_path / "a.js"
        source.write_text("1")
        for version in ("one", "two"):
            ownpicture.install(ownpicture.OwnPicturePage("", {"a.js": source}, version), tmp_path / "html")
        there = [p.relative_to(tmp_path / "html").as_posix() for p in (tmp_path / "html").rglob("*") if p.is_file()]
        assert there == ["_static/ownpicture/two/a.js"]
