"""Groups in a graph of nearest neighbours, their number unknown.

Neighbours in the graph follow the shape that a subject has, which a mean and a distance do not; so
this sees what nearest centroids miss: two clusters that are one subject, and one that is two.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.subspace import Subspace
from flywheel_stream.vectors import unit_rows

_NEIGHBOURS = 3, 20  # least and most
_PER_NEIGHBOUR = 6.0  # square roots of the count
_RESOLUTION = 12.0  # at most; above 1: the more, the finer. A few records have few groups
_PER_RESOLUTION = 100  # records
# Cosines, less the common part, below which neighbours are strangers: along the principal
# directions, and along all of them, for what is of no subject at all differs in the others.
_FLOOR = 0.55
_FULL_FLOOR = 0.4
MEMBERS = 3
"""The least size of a group; smaller ones are noise until they recur."""

_SAME = 0.86  # cosine of the means of two groups that are one
# The mean of few members is off by chance, and the more so as neighbours were picked: of its square
# this much, divided by their number, is taken for chance (1 if members were drawn at random).
_CHANCE = 1.5
_BLOCK = 256  # rows of similarities that are held at once
_SWEEPS = 12
_LEVELS = 6
_PARTS = 16  # nodes that move at once: few enough not to swap places for ever

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Graph(NamedTuple):
    """Edges of an undirected graph, each in both directions, loops once; sorted by source."""

    nodes: int
    source: Labels
    target: Labels
    weight: Floats


def neighbour_groups(vectors: NDArray[np.float32], space: Subspace) -> Labels:
    """Number the group of each vector; whoever has no neighbour is a group of one.

    Args:
        vectors: Shape (n, dims), rows of length 1 or 0.
        space: Their principal directions.

    Returns:
        Shape (n,), groups numbered from 0 in the order of their first vectors. Nothing is random.
    """
    if not len(vectors):
        return np.zeros(0, dtype=np.int64)
    views = space.view(vectors)
    graph = neighbour_graph(views, unit_rows(vectors - space.mean))
    return _nearest_mean(views, _fused(views, communities(graph)))


def _fused(views: NDArray[np.float32], labels: Labels) -> Labels:
    """Join groups with all but the same mean: neighbourhoods of one large subject.

    Modularity cuts whatever is large, however even it is; pieces of one subject have its mean.
    """
    sizes = np.bincount(labels)
    groups = np.flatnonzero(sizes >= MEMBERS)
    if not len(groups):
        return labels
    into = np.arange(len(sizes))
    sums = np.stack([views[labels == group].sum(axis=0) for group in groups])
    counts = sizes[groups]
    lengths = np.sqrt(np.vecdot(sums, sums) * (1 - _CHANCE / counts))
    alike = (sums @ sums.T) / np.maximum(np.outer(lengths, lengths), 1e-12)
    np.fill_diagonal(alike, -np.inf)
    while (best := int(alike.argmax())) >= 0 and alike.flat[best] >= _SAME:
        kept, lost = sorted(divmod(best, len(alike)))
        into[into == groups[lost]] = groups[kept]
        sums[kept] += sums[lost]
        counts[kept] += counts[lost]
        lengths[kept] = math.sqrt(np.dot(sums[kept], sums[kept]) * (1 - _CHANCE / counts[kept]))
        alike[lost] = alike[:, lost] = -np.inf
        live = np.isfinite(alike[kept])
        new = (sums @ sums[kept]) / np.maximum(lengths * lengths[kept], 1e-12)
        alike[kept] = alike[:, kept] = np.where(live, new, -np.inf)
    return into[labels]


def _nearest_mean(vectors: NDArray[np.float32], labels: Labels) -> Labels:
    """Let each member of a group choose the group with the nearest mean, once (Lloyd's step)."""
    groups = np.flatnonzero(np.bincount(labels) >= MEMBERS)
    if not len(groups):
        return labels
    means = np.stack([vectors[labels == group].mean(axis=0) for group in groups])
    means = unit_rows(means)
    inside = np.flatnonzero(np.isin(labels, groups))
    chosen = labels.copy()
    for start in range(0, len(inside), _BLOCK):
        rows = inside[start : start + _BLOCK]
        chosen[rows] = groups[(vectors[rows] @ means.T).argmax(axis=1)]
    return _numbered(chosen)


def neighbour_graph(views: NDArray[np.float32], centred: NDArray[np.float32]) -> Graph:
    """Join each vector with its nearest, weighted by the cosine of their views.

    Args:
        views: Shape (n, k), along the principal directions, rows of length 1 or 0.
        centred: Shape (n, dims), along all directions, less the common part, likewise.
    """
    count = len(views)
    least, most = _NEIGHBOURS
    near = min(max(round(math.sqrt(count) / _PER_NEIGHBOUR), least), most, count - 1)
    if near < 1:
        return _graph(count, *(np.zeros(0, dtype=np.int64),) * 2, np.zeros(0))
    targets, weights = [], []
    for start in range(0, count, _BLOCK):
        alike = views[start : start + _BLOCK] @ views.T
        rows = np.arange(len(alike))
        alike[rows, start + rows] = -np.inf
        best = np.argpartition(alike, -near, axis=1)[:, -near:]
        # Rounded, for the last bits of a matrix product depend on the number of cores.
        weight = np.round(np.take_along_axis(alike, best, axis=1), 4)
        full = np.round(np.vecdot(centred[best], centred[start : start + _BLOCK, None]), 4)
        targets.append(best.ravel())
        weights.append(np.where(full >= _FULL_FLOOR, weight, -np.inf).ravel())
    source, target = np.repeat(np.arange(count), near), np.concatenate(targets)
    weight = np.concatenate(weights).astype(np.float64)
    kept = weight >= _FLOOR
    source, target, weight = source[kept], target[kept], weight[kept]
    both = np.concatenate((source, target)), np.concatenate((target, source))
    return _graph(count, *both, np.concatenate((weight, weight)))


def communities(graph: Graph) -> Labels:
    """Find groups by modularity (Newman 2004) with a resolution, greedily (Louvain: Blondel 2008).

    Returns:
        The number of each node's group, from 0 in the order of their first nodes.
    """
    resolution = min(_RESOLUTION, 1 + graph.nodes / _PER_RESOLUTION)
    labels = np.arange(graph.nodes)
    for _ in range(_LEVELS):
        moved = _local_moves(graph, resolution)
        labels = moved[labels]
        groups = int(moved.max(initial=-1)) + 1
        if groups == graph.nodes:
            break
        graph = _graph(groups, moved[graph.source], moved[graph.target], graph.weight)
    return _numbered(labels)


def _local_moves(graph: Graph, resolution: float) -> Labels:
    """Move each node to the group of a neighbour that gains most, until few move."""
    nodes = graph.nodes
    degree = np.bincount(graph.source, weights=graph.weight, minlength=nodes)
    price = resolution / max(float(degree.sum()), 1e-12)
    labels = np.arange(nodes)
    between = graph.source != graph.target
    source, target, weight = (a[between] for a in (graph.source, graph.target, graph.weight))
    parts = [
        (part, np.isin(source, part))
        for part in (np.arange(first, nodes, _PARTS) for first in range(_PARTS))
        if len(part)
    ]
    edges = [(part, source[mine], target[mine], weight[mine]) for part, mine in parts]
    for _ in range(_SWEEPS):
        before = labels.copy()
        for part, sources, targets, weights in edges:
            total = np.bincount(labels, weights=degree, minlength=nodes)
            # Staying is one of the offers, at no attraction if no neighbour is in the group.
            keys = np.concatenate((sources * nodes + labels[targets], part * nodes + labels[part]))
            offers, place = np.unique(keys, return_inverse=True)
            drawn = np.bincount(place, weights=np.concatenate((weights, np.zeros(len(part)))))
            node, group = offers // nodes, offers % nodes
            stays = group == labels[node]
            others = total[group] - np.where(stays, degree[node], 0.0)
            gain = drawn - price * degree[node] * others + np.where(stays, 1e-9, 0.0)
            best = np.lexsort((-group, gain, node))
            last = np.flatnonzero(np.append(node[best][1:] != node[best][:-1], True))
            labels[node[best[last]]] = group[best[last]]
        if np.count_nonzero(labels != before) <= nodes // 500:
            break
    return _numbered(labels)


def _graph(nodes: int, source: Labels, target: Labels, weight: Floats) -> Graph:
    """Add up edges between the same nodes."""
    keys, place = np.unique(source * nodes + target, return_inverse=True)
    return Graph(nodes, keys // nodes, keys % nodes, np.bincount(place, weight).astype(np.float64))


def _numbered(labels: Labels) -> Labels:
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place]
