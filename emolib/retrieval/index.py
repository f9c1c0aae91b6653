"""An approximate index of a million vectors and more. Used by `emolib.retrieval`, chapter 5.

A graph of neighbours (HNSW; Malkov and Yashunin 2018) by the package usearch, over vectors in eight bits, on disk and
mapped into memory. usearch was chosen among the index libraries with wheels because it brings no OpenMP of its own, as
faiss does beside torch's, and is small. Its own way into eight bits scales all entries alike and leaves those of a long
unit vector a few steps; `eight_bits` uses all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock
from tqdm import tqdm

from emolib.errors import BadInput
from emolib.features.cache import digest
from emolib.retrieval.brute import BLOCK, Neighbours, check_k, table, tables, units


class Index:
    """An approximate index on disk; make one with `Index.build`.

    Attributes:
        path: its file.
        size, dimensions: of the vectors in it.
    """

    def __init__(self, path: Path, facts: dict) -> None:
        from usearch.index import Index as Graph

        self.path, self.size, self.dimensions = path, facts["vectors"], facts["dimensions"]
        self._graph = Graph.restore(str(path), view=True)
        if self._graph is None or (len(self._graph), self._graph.ndim) != (self.size, self.dimensions):
            raise BadInput(f"{path} is no index of {self.size:,} vectors; delete it, and it is built again")

    @classmethod
    def build(
        cls,
        base: np.ndarray,
        folder: Path | str,
        *,
        connectivity: int = 16,
        expansion: int = 64,
        block: int = BLOCK,
        progress: bool = False,
    ) -> Index:
        """The index of these vectors in `folder`, from disk when it is there, else built.

        Its file is named by a digest of the vectors, the parameters and the version of usearch: an index of other
        vectors is never taken for this one. It is written beside and renamed, so a killed run leaves none. It takes
        about d + 8 x `connectivity` bytes a vector. Vectors enter one after the other on one thread: the graph depends
        on their order, and so the same vectors give the same file.

        Args:
            base: (n, d) numbers of any floating type, may be mapped from a file.
            folder: made when it is not there.
            connectivity: links a vector in the graph.
            expansion: candidates weighed when a vector enters; more is slower and better.
            block: rows of the base read at once.
            progress: show a bar.

        Raises:
            BadInput: no table, no vector, parameters below 2, vectors not finite or all zero (named by their row).
        """
        base = tables(base, base)[1]
        if min(connectivity, expansion) < 2:
            raise BadInput(f"Index.build: connectivity {connectivity} and expansion {expansion} have to be 2 or more")
        check_k(1, len(base), block)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        made = {"connectivity": connectivity, "expansion": expansion, "usearch": version("usearch"), "form": 1}
        facts = {"vectors": base.shape[0], "dimensions": base.shape[1], "content": _content(base, block), **made}
        path = folder / f"index-{digest(facts)}.usearch"
        with FileLock(path.with_suffix(".lock")):
            if _stored(path) != {**facts, "bytes": path.stat().st_size if path.is_file() else -1}:
                _write(path, base, facts, block, progress)
        return cls(path, facts)

    def search(self, queries: np.ndarray, k: int, *, expansion: int = 64, workers: int = 1) -> Neighbours:
        """About the k nearest vectors of each query; how nearly, `recall` beside `exact` tells.

        The same index gives the same answer every time, on any number of threads. Cosines are those of the vectors in
        eight bits.

        Args:
            queries: (q, d) numbers.
            k: how many, 1 to `size`.
            expansion: candidates held while the graph is walked; more is slower and better. At least k is used.
            workers: threads, which share out the queries.

        Raises:
            BadInput: queries that do not fit the index, as in `exact`; k, expansion or workers out of range.
        """
        queries = table(queries, "queries")
        if queries.shape[1] != self.dimensions:
            raise BadInput(f"search: queries {queries.shape} for an index of {self.dimensions}-d vectors")
        check_k(k, self.size, 1)
        if min(expansion, workers) < 1:
            raise BadInput(f"search: expansion {expansion} and workers {workers} have to be 1 or more")
        rows, cosines = np.full((len(queries), k), -1, np.int64), np.full((len(queries), k), np.nan, np.float32)
        compared = 0
        self._graph.expansion_search = max(expansion, k)
        for begin in range(0, len(queries), BLOCK):
            small = eight_bits(queries[begin : begin + BLOCK], begin, "query")
            found = self._graph.search(small, k, threads=workers)
            compared += found.computed_distances
            # Of a single query usearch gives lists without an axis of queries, and as long as what it found.
            counts = [len(found.keys)] if len(small) == 1 else found.counts
            keys, distances = np.atleast_2d(found.keys), np.atleast_2d(found.distances)
            for i, count in enumerate(counts):
                near = 1 - distances[i, :count].astype(np.float32)
                order = np.lexsort((keys[i, :count], -near))
                rows[begin + i, :count], cosines[begin + i, :count] = keys[i, :count][order], near[order]
        return Neighbours(rows, cosines, compared / max(1, len(queries)))


def eight_bits(vectors: np.ndarray, first: int = 0, name: str = "vector") -> np.ndarray:
    """Vectors int8 (n, d), each stretched until its largest entry is 127: the cosine does not see the length.

    `first` is the number of the first one and `name` what they are, for the message. Raises BadInput for a vector that
    is not finite or all zero.
    """
    short = units(vectors, first, name)
    return np.rint(short * (127 / np.abs(short).max(axis=1, keepdims=True))).astype(np.int8)


def _write(path: Path, base: np.ndarray, facts: dict, block: int, progress: bool) -> None:
    from usearch.index import Index as Graph

    graph = Graph(
        ndim=base.shape[1],
        metric="cos",
        dtype="i8",
        connectivity=facts["connectivity"],
        expansion_add=facts["expansion"],
    )
    with tqdm(total=len(base), desc="index", unit="vectors", disable=not progress) as bar:
        for begin in range(0, len(base), block):
            small = eight_bits(base[begin : begin + block], begin, "base")
            graph.add(np.arange(begin, begin + len(small), dtype=np.uint64), small, threads=1)
            bar.update(len(small))
    part, described = path.with_suffix(".part"), path.with_suffix(".json.part")
    graph.save(str(part))
    described.write_text(json.dumps(facts | {"bytes": part.stat().st_size}, sort_keys=True), "utf-8")
    os.replace(part, path)
    os.replace(described, path.with_suffix(".json"))


def _stored(path: Path) -> dict | None:
    """What an index was said to be when it was written; None when nothing sound says so."""
    try:
        return json.loads(path.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _content(base: np.ndarray, block: int) -> str:
    seen = hashlib.sha256(base.dtype.str.encode())
    for begin in range(0, len(base), block):
        seen.update(np.ascontiguousarray(base[begin : begin + block]))
    return seen.hexdigest()[:20]
