"""Prints how good the clusters are on arrival, and what an event costs.

Run ``python -m bench.clusters`` in the repository; it reads ``../shared/data/real``.
"""

import gzip
import json
import random
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.clusters import Clusters
from stream.embedders import load_embedder

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
_SETS = ("A_banking77", "A_clinc150", "A_hwu64")
_SIZES = (1_500, 3_000)
_THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
_SEED = 1


def sample(name: str, size: int) -> tuple[list[str], list[str]]:
    """Return texts and their true classes, shuffled by a fixed seed."""
    with gzip.open(_DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(_SEED).shuffle(rows)
    return [row["text"] for row in rows[:size]], [row["label"] for row in rows[:size]]


def arrive(
    model: Clusters, texts: list[str], vectors: NDArray[np.float32]
) -> tuple[list[str], float]:
    """Assign in order; return the clusters as decided on arrival and microseconds per event."""
    start = time.perf_counter()
    found = [
        model.assign(f"r{n}", vector, float(n), text, f"u{n % 97}").cluster
        for n, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    ]
    return found, (time.perf_counter() - start) / len(texts) * 1e6


def agreement(truth: list[str], found: list[str]) -> tuple[float, float]:
    """Return V-measure (Rosenberg and Hirschberg 2007) and adjusted Rand index (Hubert 1985)."""
    classes, clusters = (np.unique(labels, return_inverse=True)[1] for labels in (truth, found))
    table = np.zeros((classes.max() + 1, clusters.max() + 1))
    np.add.at(table, (classes, clusters), 1)
    by_class, by_cluster = table.sum(axis=1), table.sum(axis=0)
    joint, h_class, h_cluster = map(_entropy, (table.ravel(), by_class, by_cluster))
    v_measure = 2 * (h_class + h_cluster - joint) / (h_class + h_cluster)
    together, in_class, in_cluster, pairs = map(
        _pairs, (table, by_class, by_cluster, np.array([len(truth)]))
    )
    chance = in_class * in_cluster / pairs
    return v_measure, (together - chance) / ((in_class + in_cluster) / 2 - chance)


def _entropy(counts: NDArray[np.float64]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _pairs(counts: NDArray[np.float64]) -> float:
    return float((counts * (counts - 1) / 2).sum())


def quality(embedder_name: str) -> None:
    """Print a row per data set, size and threshold."""
    embedder = load_embedder(embedder_name)
    print(f"\n{embedder_name}: set, texts, threshold, V-measure, ARI, founded, us/event")
    for name in _SETS:
        for size in _SIZES:
            texts, truth = sample(name, size)
            vectors = embedder.embed(texts)
            for threshold in _THRESHOLDS:
                found, cost = arrive(Clusters(threshold), texts, vectors)
                v_measure, rand = agreement(truth, found)
                print(
                    f"{name:12} {size:5} {threshold:5.2f} {v_measure:6.3f} {rand:6.3f} "
                    f"{len(set(found)):5} {cost:6.1f}"
                )


def speed() -> None:
    """Print what embedding and assigning cost at 500 live clusters."""
    texts, _ = sample("A_clinc150", 6_000)
    embedder = load_embedder("wordllama")
    embedder.embed(texts[:500])
    start = time.perf_counter()
    vectors = np.concatenate([embedder.embed(texts[n : n + 500]) for n in range(0, 6_000, 500)])
    embedding = (time.perf_counter() - start) / len(texts) * 1e6
    model = Clusters()
    arrive(model, texts[:3_000], vectors[:3_000])
    _, cost = arrive(model, texts[3_000:], vectors[3_000:])
    print(f"\nat {len(model)} clusters: embed {embedding:.1f}, assign {cost:.1f} us/event")


if __name__ == "__main__":
    speed()
    quality("wordllama")
    quality("hashing")
