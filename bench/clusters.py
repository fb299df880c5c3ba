"""Prints how good ``flywheel cluster --final`` is beside k-means told k, and what an event costs.

Run ``python -m bench.clusters`` in the repository; it reads ``../shared/data/real`` and takes some
minutes, most of them k-means. The table is Markdown, as in ``docs/clusters.md``.
"""

import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from stream.embedders import load_embedder
from stream.filters import TimedLine, cluster_lines

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
_SETS = ("A_banking77", "A_clinc150", "A_hwu64")
_SEEDS = (1, 2, 3)
_STARTS = 10  # of k-means; the best by its own measure counts
_BATCH = 500
_NOISE = "oos"  # CLINC150: out of scope, no cluster
_SMALL = 5  # records; whoever is in less is taken for noise

Row = tuple[str, str]
"""Text and class."""


def rows_of(name: str, seed: int) -> list[Row]:
    """Return texts and their true classes, shuffled."""
    with gzip.open(_DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(seed).shuffle(rows)
    return [(row["text"], row["label"]) for row in rows]


def clustered(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """Run the command's own work; return clusters on arrival and final ones."""
    work, at_end = cluster_lines(load_embedder("wordllama"), 500, final=True)
    lines = [TimedLine(f"r{n}", text, float(n)) for n, (text, _) in enumerate(rows)]
    answers = [
        answer
        for start in range(0, len(lines), _BATCH)
        for answer in work(lines[start : start + _BATCH])
    ]
    assert at_end is not None  # noqa: S101 - final was asked for
    at_end(answers)
    return [a["cluster"] for a in answers], [a["final"] for a in answers]


def told_k(rows: Sequence[Row], seed: int) -> list[str]:
    """Cluster offline by k-means with the true number of classes, on the same embeddings."""
    vectors = load_embedder("wordllama").embed([text for text, _ in rows])
    classes = len({label for _, label in rows})
    found = KMeans(classes, n_init=_STARTS, random_state=seed).fit_predict(vectors)
    return [str(label) for label in found]


def agreement(truth: Sequence[str], found: Sequence[str]) -> tuple[float, float]:
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


def quality(name: str) -> None:
    """Print the rows of a data set, means over the seeds."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in _SEEDS:
        rows = rows_of(name, seed)
        by_class = sorted(rows, key=lambda row: row[1])
        arrived, final = clustered(rows)
        arrived_sorted, final_sorted = clustered(by_class)
        for title, order, labels in (
            ("k-means, told k", rows, told_k(rows, seed)),
            ("on arrival", rows, arrived),
            ("--final", rows, final),
            ("on arrival, sorted by class", by_class, arrived_sorted),
            ("--final, sorted by class", by_class, final_sorted),
        ):
            found.setdefault(title, []).append(_figures(order, labels))
    for title, figures in found.items():
        v, rand, v_in, rand_in, noise, wrongly, large = np.mean(figures, axis=0)
        scope = f"{v_in:.3f} | {rand_in:.3f} | {noise:.0%} / {wrongly:.0%}"
        print(
            f"| {name[2:]} | {title} | {v:.3f} | {rand:.3f} | {large:.0f} "
            f"| {scope if name == 'A_clinc150' else '- | - | -'} |",
            flush=True,
        )


def _figures(rows: Sequence[Row], found: Sequence[str]) -> tuple[float, ...]:
    truth = [label for _, label in rows]
    inside = [n for n, label in enumerate(truth) if label != _NOISE]
    sizes = Counter(found)
    small = np.array([sizes[name] < _SMALL for name in found])
    noise = np.array([label == _NOISE for label in truth])
    return (
        *agreement(truth, found),
        *agreement([truth[n] for n in inside], [found[n] for n in inside]),
        float(small[noise].mean()) if noise.any() else 0.0,
        float(small[~noise].mean()),
        sum(size >= _SMALL for size in sizes.values()),
    )


def speed() -> None:
    """Print what an event costs at 500 live clusters, embedding and regrouping included."""
    texts = [text for text, _ in rows_of("A_clinc150", 1)]
    work, _ = cluster_lines(load_embedder("wordllama"), 500)
    start, passed = 0.0, 0
    for round_ in range(5):
        if round_ == 2:  # the clusters are all there by now
            start, passed = time.perf_counter(), 0
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            work([TimedLine(f"{round_}/{first + n}", t, passed + n) for n, t in enumerate(batch)])
            passed += len(batch)
    cost = (time.perf_counter() - start) / passed * 1e6
    print(f"\nan event with its embedding: {cost:.0f} us over {passed:,} events")


if __name__ == "__main__":
    speed()
    print(
        "\n| set | | V-measure | ARI | clusters of 5 or more | V in scope | ARI in scope | noise |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for each in _SETS:
        quality(each)
