"""How fast neighbours are found among a million feature vectors, beside comparing with all of them (chapter 5).

The vectors are made up: clusters of 48 latent numbers, mapped to 1280 by one random matrix, negative entries set to
zero as a network's last rectifier does, of length 1. Where clusters overlap this much, neighbours are harder to tell
apart than those of pictures that come in kinds. They are written once, in float16 (2.6 GB for a million),
and stay in the cache folder beside their index (1.5 GB, on one thread a quarter of an hour or more to build).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from emolib import retrieval
from emolib.bench import turns
from emolib.corpora.places import cache_root
from emolib.errors import BadInput, EmolibError
from emolib.features.cache import cached_rows

VECTORS, QUERIES, DIMENSIONS, K = 1_000_000, 100, 1280, 10
EXPANSION = 64
CLUSTERS, LATENT, SPREAD = 1000, 48, 0.7
_BLOCK = 8192


def run(
    paths: Sequence[Path] = (),  # noqa: ARG001 - makes its own vectors
    rounds: int = 3,
    vectors: int = VECTORS,
    queries: int = QUERIES,
    folder: Path | None = None,
    progress: bool = True,
) -> dict:
    """Queries a second, ten neighbours each, on one thread; all sides in turn, ratios inside a turn.

    ours: `retrieval.Index.search`, one query at a time. peer: scikit-learn's exact search, all queries at once, its
    fastest way; it holds the vectors in single precision, 5.1 GB for a million. limit: fetching from memory, at random
    places, as many vectors in eight bits as our search compares, and nothing else.

    Args:
        rounds: turns that count.
        vectors, queries: how many.
        folder: of vectors and index; by default `bench` in the cache folder.
        progress: show bars while vectors and index are made, which only the first run does.

    Returns:
        As `turns.row`, and `vectors`; `recall` (of the exact ten, mean over queries); `milliseconds`, a query of each
        side, ours also as `ours_batch` (all at once), and a bare product of matrices, block by block and without
        looking for the largest, as `product`; `compared`, vectors a query; `index_bytes`.

    Raises:
        BadInput: fewer than one round or query, or than K vectors.
        EmolibError: the peer's neighbours are not those of `retrieval.exact`.
    """
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    if min(rounds, queries) < 1 or vectors < K:
        raise BadInput(f"The benchmark needs a round, a query and {K} vectors, not {rounds}, {queries} and {vectors}.")
    folder = cache_root() / "bench" if folder is None else Path(folder)
    base, asked = made(vectors, 1, folder, progress), np.concatenate(list(_blocks(queries, 2))).astype(np.float32)
    with threadpool_limits(1):
        index = retrieval.Index.build(base, folder, progress=progress)
        wide = base.astype(np.float32)
        peer = NearestNeighbors(n_neighbors=K, algorithm="brute", n_jobs=1).fit(wide)
        truth, found = retrieval.exact(asked, base, K), index.search(asked, K, expansion=EXPANSION)
        _check(peer.kneighbors(asked, return_distance=False), truth, asked, base)
        # A vector in single precision is as long as four in eight bits; the first quarter of each is fetched.
        pieces = wide.view(f"V{DIMENSIONS}").reshape(-1)
        places = 4 * np.random.default_rng(3).integers(0, vectors, (queries, round(found.compared)))
        fetched = np.empty(places.shape[1], pieces.dtype)
        sides = {
            "ours": lambda: [index.search(one[None], K, expansion=EXPANSION) for one in asked],
            "limit": lambda: [np.take(pieces, one, out=fetched, mode="clip") for one in places],
            "ours_batch": lambda: index.search(asked, K, expansion=EXPANSION),
            "product": lambda: [wide[i : i + _BLOCK] @ asked.T for i in range(0, vectors, _BLOCK)],
            # Vectors of length 1: the nearest by distance are the nearest by cosine.
            "peer": lambda: peer.kneighbors(asked, return_distance=False),
        }
        seconds = turns.take_turns(sides, rounds)
    peer_is = f"scikit-learn's exact search, all at once ({vectors:,} vectors, {DIMENSIONS}-d; one thread)"
    limit_is = (
        f"fetching {found.compared:.0f} random vectors of {DIMENSIONS} bytes from memory, as many as a query compares"
    )
    row = turns.row(
        "retrieval",
        {name: seconds[name] for name in ("ours", "peer", "limit")},
        queries,
        "queries/s",
        peer_is,
        limit_is,
    )
    return row | {
        "vectors": vectors,
        "recall": float(retrieval.recall(found.rows, truth.rows).mean()),
        "milliseconds": {name: float(1e3 * np.median(taken) / queries) for name, taken in seconds.items()},
        "compared": found.compared,
        "index_bytes": index.path.stat().st_size,
    }


def _check(rows: np.ndarray, truth: retrieval.Neighbours, asked: np.ndarray, base: np.ndarray) -> None:
    """The peer has to find neighbours as near as ours; which of two equally near ones comes first is left to it."""
    for query, mine, theirs in zip(asked, truth.cosines, rows, strict=True):
        vectors = base[theirs].astype(np.float64)
        cosines = vectors @ query / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))
        if not np.allclose(np.sort(cosines)[::-1], mine, rtol=0, atol=2e-5):
            raise EmolibError("The exact search and scikit-learn's find neighbours that are not equally near.")


def made(count: int, seed: int, folder: Path, progress: bool = False) -> np.ndarray:
    """Made-up vectors float16 (count, 1280) of length 1, mapped from a file in `folder`; the same for the same seed."""

    def blocks(start: int) -> Iterator[np.ndarray]:
        for number, block in enumerate(_blocks(count, seed)):
            rest = block[max(0, start - number * _BLOCK) :]
            if len(rest):
                yield rest

    key = [count, seed, DIMENSIONS, CLUSTERS, LATENT, SPREAD]
    return cached_rows("vectors", key, count, (DIMENSIONS,), np.float16, blocks, folder=folder, progress=progress)


def _blocks(count: int, seed: int) -> Iterator[np.ndarray]:
    shared = np.random.default_rng(0)
    spread_out = shared.standard_normal((LATENT, DIMENSIONS), dtype=np.float32)
    centres = shared.standard_normal((CLUSTERS, LATENT), dtype=np.float32)
    for begin in range(0, count, _BLOCK):
        random = np.random.default_rng([seed, begin])
        many = min(_BLOCK, count - begin)
        latent = centres[random.integers(0, CLUSTERS, many)]
        latent = latent + SPREAD * random.standard_normal((many, LATENT), dtype=np.float32)
        vectors = np.maximum(latent @ spread_out, 0)
        yield (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
