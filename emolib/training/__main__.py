"""The same training as a script: `python -m emolib.training`, alone, under `torchrun`, or in a cluster's job.

    torchrun --nproc_per_node 2 -m emolib.training --corpus oasis --target valence --out runs/ffnn

It cross-validates Kim 2017's network on the object probabilities of a corpus, with grouped folds, and writes
`result.json`. Every fold leaves a checkpoint after every epoch; a killed job continues where it was.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import numpy as np
from sklearn.preprocessing import StandardScaler

from emolib.errors import BadInput, EmolibError


@click.command()
@click.option("--corpus", default="oasis", show_default=True, help="A corpus with valence and arousal.")
@click.option("--data-root", default=None, help="Folder of the corpora, instead of EMOLIB_DATA.")
@click.option("--backbone", default="lite0", show_default=True, help="Names the objects.")
@click.option("--target", type=click.Choice(["valence", "arousal"]), default="valence", show_default=True)
@click.option("--epochs", default=12, show_default=True)
@click.option("--batch", default=64, show_default=True, help="Pictures a step, over all processes.")
@click.option("--lr", default=1e-3, show_default=True)
@click.option("--dropout", default=0.5, show_default=True)
@click.option("--divide", default=1, show_default=True, help="Divides the widths of the hidden layers.")
@click.option("--folds", "k", default=5, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for result and checkpoints.")
def main(corpus, data_root, backbone, target, epochs, batch, lr, dropout, divide, k, seed, out) -> None:  # noqa: ANN001
    """Cross-validate Kim 2017's network on object probabilities."""
    try:
        result = train(corpus, data_root, backbone, target, epochs, batch, lr, dropout, divide, k, seed, out)
    except EmolibError as error:
        raise click.ClickException(str(error)) from error
    if result:
        click.echo(json.dumps(result))


def train(corpus, data_root, backbone, target, epochs, batch, lr, dropout, divide, k, seed, out) -> dict | None:  # noqa: ANN001
    """What `main` does; gives the result in the first process, None in the others."""
    from emolib import corpora, evaluation, runtime
    from emolib.features.deep import deep_features, probabilities
    from emolib.models.ffnn import FFNN, WIDTHS
    from emolib.training import Recipe, fit, loop, predict

    if divide < 1:
        raise BadInput(f"divide: {divide} is below 1")
    runtime.keep_freed_memory()
    recipe = Recipe(epochs, batch, lr, seed=seed)
    data = corpora.load(corpus, data_root)
    if target not in data.table:
        raise BadInput(f"corpus: {corpus} has no column {target!r}; it has {', '.join(map(str, data.table.columns))}")
    y = data.table[target].to_numpy(np.float32)
    fabric = loop.default_fabric()
    x = probabilities(deep_features(data.paths, backbone, progress=fabric.global_rank == 0), backbone) ** 0.25
    found = np.full(len(y), np.nan, np.float32)
    for i, (train_rows, test_rows) in enumerate(evaluation.folds(data.table.group, k, seed)):
        runtime.seed_everything(seed)
        scaled = np.clip(StandardScaler().fit(x[train_rows]).transform(x), -5, 5).astype(np.float32)
        level, spread = y[train_rows].mean(), y[train_rows].std()
        network = FFNN(x.shape[1], [max(1, width // divide) for width in WIDTHS["object"]], dropout)
        checkpoint = out / f"fold{i}-{target}-seed{seed}.pt"
        fit(network, scaled, (y - level) / spread, recipe, rows=train_rows, fabric=fabric, checkpoint=checkpoint)
        found[test_rows] = predict(network, scaled, rows=test_rows) * spread + level
    if fabric.global_rank:
        return None
    groups = data.table.group
    result = {
        "corpus": corpus,
        "target": target,
        "seed": seed,
        "processes": fabric.world_size,
        "r": evaluation.score(found, y, groups, "r").as_dict(),
        "mse": evaluation.score(found, y, groups, "mse").as_dict(),
    }
    part = out / "result.json.part"
    part.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    os.replace(part, out / "result.json")
    return result


if __name__ == "__main__":
    main(prog_name="python -m emolib.training")
