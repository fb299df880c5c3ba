"""Prints how good ``flywheel cluster --final`` is beside k-means told k and River's clusterers.

Run ``python -m bench.clusters`` in the repository; it reads ``../shared/data/real`` and takes some
twenty minutes, most of them k-means. Parts of it: ``python -m bench.clusters speed wordllama
minilm river memory``; ``memory``, of ten million events, is run only when it is named.
The tables are Markdown, as in ``docs/clusters.md``; ``minilm`` is left out where its files are not
(``make minilm``).
"""

import gzip
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from flywheel_stream.clusters import Clusters
from flywheel_stream.embedding import Embedder, Remembered
from flywheel_stream.errors import ConfigError
from stream.embedders import load_embedder
from stream.filters import TimedLine, cluster_lines
from stream.river_clusterers import CLUSTERERS, RiverClusters
from stream.settings import load_settings

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
_SETS = ("A_banking77", "A_clinc150", "A_hwu64")
_SEEDS = (1, 2, 3)
_STARTS = {"wordllama": 10, "minilm": 3}  # of k-means, a minute each; the best by its own measure
_BATCH = 500
_NOISE = "oos"  # CLINC150: out of scope, no cluster
_SMALL = 5  # records; whoever is in less is taken for noise
_EVENTS, _STEP = 10_000_000, 1_000_000  # of the bench of memory
_SUBSET = 1500  # rows of each set that River's clusterers see, at some milliseconds a row
_HEAD = "| set | | V-measure | ARI | clusters of 5 or more | V in scope | ARI in scope | noise |"

Row = tuple[str, str]
"""Text and class."""


def rows_of(name: str, seed: int) -> list[Row]:
    """Return texts and their true classes, shuffled."""
    with gzip.open(_DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    random.Random(seed).shuffle(rows)
    return [(row["text"], row["label"]) for row in rows]


def clustered(rows: Sequence[Row], embedder: Embedder) -> tuple[list[str], list[str]]:
    """Run the command's own work; return clusters on arrival and final ones."""
    work, at_end = cluster_lines(embedder, 500, final=True)
    lines = [TimedLine(f"r{n}", text, float(n)) for n, (text, _) in enumerate(rows)]
    answers = [
        answer
        for start in range(0, len(lines), _BATCH)
        for answer in work(lines[start : start + _BATCH])
    ]
    assert at_end is not None  # noqa: S101 - final was asked for
    at_end(answers)
    return [a["cluster"] for a in answers], [a["final"] for a in answers]


def told_k(rows: Sequence[Row], embedder: Embedder, seed: int) -> list[str]:
    """Cluster offline by k-means with the true number of classes, on the same embeddings."""
    vectors = embedder.embed([text for text, _ in rows])
    model = KMeans(_classes(rows), n_init=_STARTS[embedder.name], random_state=seed)
    return [str(label) for label in model.fit_predict(vectors)]


def _classes(rows: Sequence[Row]) -> int:
    return len({label for _, label in rows})


def streamed(
    rows: Sequence[Row], embedder: Embedder, clusters: RiverClusters
) -> tuple[list[str], list[str], float]:
    """Labels on arrival and by the model as it is at the end, and milliseconds an event."""
    vectors = embedder.embed([text for text, _ in rows])
    start = time.perf_counter()
    arrived = [clusters.assign("", vector, 0.0).cluster for vector in vectors]
    cost = (time.perf_counter() - start) / len(rows) * 1e3
    return arrived, clusters.settle(list(vectors), arrived), cost


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


Found = dict[str, list[tuple[float, ...]]]


def quality(name: str, embedder: Embedder) -> None:
    """Print the rows of a data set, means over the seeds."""
    found: Found = {}
    for seed in _SEEDS:
        rows = rows_of(name, seed)
        by_class = sorted(rows, key=lambda row: row[1])
        arrived, final = clustered(rows, embedder)
        arrived_sorted, final_sorted = clustered(by_class, embedder)
        offline, half = told_k(rows, embedder, seed), len(rows) // 2
        for title, order, labels in (
            ("k-means, told k", rows, offline),
            ("on arrival", rows, arrived),
            ("--final", rows, final),
            ("k-means, of the second half", rows[half:], offline[half:]),
            ("on arrival, of the second half", rows[half:], arrived[half:]),
            ("on arrival, sorted by class", by_class, arrived_sorted),
            ("--final, sorted by class", by_class, final_sorted),
        ):
            found.setdefault(title, []).append(_figures(order, labels))
    _print(name, found)


def beside_river(name: str, embedder: Embedder) -> None:
    """Print the rows of a part of a data set, ours and River's, means over the seeds."""
    found: Found = {}
    costs: dict[str, list[float]] = {}
    for seed in _SEEDS:
        rows = rows_of(name, seed)[:_SUBSET]
        arrived, final = clustered(rows, embedder)
        labelled = {
            "k-means, told k": told_k(rows, embedder, seed),
            "ours, on arrival": arrived,
            "ours, --final": final,
        }
        for model in CLUSTERERS:
            clusters = RiverClusters(model, _classes(rows), seed)
            first, last, cost = streamed(rows, embedder, clusters)
            labelled |= {
                f"River's {model}, on arrival": first,
                f"River's {model}, at the end": last,
            }
            costs.setdefault(model, []).append(cost)
        for title, labels in labelled.items():
            found.setdefault(title, []).append(_figures(rows, labels))
    _print(name, found)
    spent = ", ".join(f"{title} {np.mean(each):.1f} ms" for title, each in costs.items())
    print(f"{name[2:]}, an event without its embedding: {spent}", file=sys.stderr, flush=True)


def _print(name: str, found: Found) -> None:
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


def speed(embedder: Embedder) -> None:
    """Print what an event costs at 500 live clusters, embedding and regrouping included."""
    texts = [text for text, _ in rows_of("A_clinc150", 1)]
    work, _ = cluster_lines(embedder, 500)
    start, spent, passed = 0.0, 0.0, 0
    for round_ in range(5):
        if round_ == 2:  # the clusters are all there by now
            start, spent, passed = time.perf_counter(), time.process_time(), 0
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            work([TimedLine(f"{round_}/{first + n}", t, passed + n) for n, t in enumerate(batch)])
            passed += len(batch)
    cost = (time.perf_counter() - start) / passed * 1e6
    cpu = (time.process_time() - spent) / passed * 1e6
    print(f"\nan event with its embedding: {cpu:.0f} us of CPU, {cost:.0f} us, {passed:,} events")


def memory() -> None:
    """Print what is held while events pass whose subjects come and go, a new one each thousand."""
    rng = np.random.default_rng(1)
    clusters, dims = Clusters(), 256
    subjects = rng.normal(size=(1000, dims)).astype(np.float32)
    print("\n| events | live clusters | dump | resident |\n|---|---|---|---|")
    for step in range(1, _EVENTS // _STEP + 1):
        for chunk in range(0, _STEP, 1000):
            subjects[rng.integers(len(subjects))] = rng.normal(size=dims)
            of = rng.integers(len(subjects), size=1000)
            noise = rng.normal(scale=0.7, size=(1000, dims)).astype(np.float32)
            for n, vector in enumerate(subjects[of] + noise):
                at = (step - 1) * _STEP + chunk + n
                clusters.assign(f"r{at}", vector, float(at), f"words of {of[n]}", f"u{at % 5000}")
        dump = len(msgspec.msgpack.encode(clusters.dump())) / 1e6
        resident = _resident() / 1e6
        print(
            f"| {step * _STEP:,} | {len(clusters)} | {dump:.2f} MB | {resident:.0f} MB |",
            flush=True,
        )


def _resident() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize()


def _table(title: str, rows: Callable[[str, Embedder], None], embedder: Embedder) -> None:
    print(f"\n{title}\n\n{_HEAD}\n{'|---' * 8}|", flush=True)
    for each in _SETS:
        rows(each, embedder)


def main(parts: Sequence[str]) -> None:
    """Print the parts named, all of them by default."""
    static = load_embedder(load_settings(embedder="wordllama"))
    if "speed" in parts:
        speed(static)
    if "memory" in parts:
        memory()
    if "wordllama" in parts:
        _table("static vectors (wordllama)", quality, static)
    if "minilm" in parts:
        try:
            contextual = load_embedder(load_settings(embedder="minilm"))
        except ConfigError as error:
            print(f"\ncontextual vectors are left out: {error}")
        else:
            kept = Remembered(contextual, 100_000)  # each text is embedded once, for all seeds
            _table("contextual vectors (minilm)", quality, kept)
    if "river" in parts:
        _table(f"{_SUBSET:,} rows of each set, static vectors", beside_river, static)


if __name__ == "__main__":
    main(sys.argv[1:] or ("speed", "wordllama", "minilm", "river"))
