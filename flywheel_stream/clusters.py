"""Online clusters of what users asked, their number unknown, in bounded memory, as a River model.

On arrival one rule: a vector joins the nearest centroid if their cosine reaches a threshold, and
else founds a cluster. This is leader clustering (Hartigan 1975) with centroids that move, as in
spherical k-means (Dhillon and Modha 2001). The past fades with a half-life in event time; when
there is no room for one more, the cluster with the least decayed weight is forgotten.

From time to time the most recent vectors are grouped by their nearest neighbours (``merging``):
clusters whose records turn out to be one group merge under the id of the largest, a group that is
no cluster's own is split off, and centroids and thresholds become those of the groups.
"""

import math
import re
from binascii import crc32
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from river.base import Clusterer

from flywheel_stream.errors import StateError
from flywheel_stream.lineage import cluster_id
from flywheel_stream.merging import MEMBERS, neighbour_groups
from flywheel_stream.subspace import DIRECTIONS, Subspace, principal
from flywheel_stream.vectors import unit_rows

_VERSION = 3
_EXCERPT = 400  # characters of an exemplar that are kept
_USER_BITS = 1024  # per cluster; see ``Clusters._count_users``
_LABEL_TERMS = 3
_FIRST_REGROUP = 512  # records; then whenever there are twice as many
_WINDOWS = 8  # at most so many between two: what costs a tenth of a second is spread thin
_OUTLIERS = 0.01  # of a group, whose cosine with its mean says nothing of how far it reaches
_REACH = 0.3, 0.4  # cosine: below, texts are strangers however wide their cluster; and at most
_SETTLED = 16_384  # records at most whose neighbours are compared at the end
_HISTORY = 8  # per cluster of the capacity, merges and splits that are remembered
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*")  # noqa: RUF001 - the apostrophe people type
_STOP_WORDS = frozenset(
    """
    about after all also am an and any are as at be because been before being but by can can't
    could did didn't do does doesn't doing don't for from get give go going got had has have having
    he her here his how i'd i'll i'm i've if in into is isn't it it's its just know let like make
    me more my need no not now of on one only or other our out please she should so some tell than
    thank thanks that that's the their them then there these they this to too up us use want was
    way we were what what's when where which while who why will with won't would you you're your
    """.split()  # noqa: SIM905 - a hundred quoted words are no easier to read
)


class Assignment(NamedTuple):
    """Where a record went, as decided on arrival."""

    cluster: str
    similarity: float
    """Cosine with the nearest centroid before it moved; if new, with the one that was too far."""
    new: bool
    merged: tuple[tuple[str, str], ...] = ()
    """Clusters that became one at this record, the old id and the one that goes on, in order."""
    regrouped: bool = False
    """Whether clusters may have merged or split once it was placed."""


class ClusterInfo(NamedTuple):
    """What is known of one live cluster."""

    id: str
    size: int
    """Records that ever joined it."""
    weight: float
    """Records that joined it, each halved once per half-life since its time."""
    born: float
    """Event time of the founding record, epoch seconds."""
    last: float
    """Latest event time of its records."""
    users: int
    """Distinct users, estimated: a per cent or two off in the hundreds, at most about 7,000."""
    exemplars: list[tuple[str, str]]
    """Trace id and text of its clearest and most recent records, the best first."""
    label: str
    """The words and pairs of words that set it apart from the others, the strongest first."""
    split_from: str | None = None
    """The cluster that it was a part of; it need not live."""


class _Exemplar(NamedTuple):
    rank: float
    trace_id: str
    text: str


class _Cluster(msgspec.Struct):
    id: str
    size: int
    born: float
    last: float
    exemplars: list[_Exemplar]


class _State(msgspec.Struct):
    """A dump: parameters, then one entry or row per live cluster, in the same order."""

    version: int
    threshold: float
    capacity: int
    half_life: float
    exemplars: int
    dims: int
    now: float | None
    clusters: list[_Cluster]
    centroids: bytes
    lengths: bytes
    masses: bytes
    users: bytes
    window: int
    seen: int
    due: int
    splits: int
    reaches: bytes
    recent: bytes
    places: bytes
    merged_into: dict[str, str]
    split_from: dict[str, str]
    mean: bytes
    """Of the principal directions, as ``basis``; empty before the first regrouping."""
    basis: bytes


class Clusters(Clusterer):
    """Nearest centroid with a cosine threshold.

    ``assign`` is the way in for records; ``learn_one`` and ``predict_one`` are River's. Nothing is
    random and nothing reads a clock: the same calls in the same order give the same state, byte
    for byte, and so do a ``dump``, a ``load`` and the rest of the calls.

    Args:
        threshold: The least cosine at which a vector joins, above 0 and at most 1. The default
            suits WordLlama vectors of short texts (``bench/clusters.py`` prints the table).
        capacity: The number of clusters that are remembered.
        half_life: Seconds of event time in which the weight of a record halves.
        exemplars: Texts kept per cluster.
        dims: Length of the vectors.
        window: Recent records whose neighbours decide merges and splits; 0: no merges, no splits.
    """

    def __init__(  # noqa: PLR0917 - River copies models by their parameters' places
        self,
        threshold: float = 0.5,
        capacity: int = 500,
        half_life: float = 7 * 86400.0,
        exemplars: int = 5,
        dims: int = 256,
        window: int = 2048,
    ) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold must be above 0 and at most 1, not {threshold}")
        if min(capacity, half_life, dims) <= 0 or min(exemplars, window) < 0:
            raise ValueError(
                "capacity, half_life and dims must be positive, exemplars and window not negative"
            )
        self.threshold = threshold
        self.capacity = capacity
        self.half_life = half_life
        self.exemplars = exemplars
        self.dims = dims
        self.window = window
        self._now: float | None = None
        self._rows: dict[str, int] = {}
        self._clusters: list[_Cluster] = []
        self._words = _Words()
        # One row per cluster. A centroid has length 1 (or 0: the cluster of texts without content);
        # the mean of the cluster is that times its length, which says how tight the cluster is.
        self._centroids = np.zeros((capacity, dims), dtype=np.float32)
        self._lengths = np.zeros(capacity)
        # Forward decay (Cormode et al. 2009): weight at t is 2 ** (mass - t / half_life), so one
        # number per cluster never has to be aged, and late records count as if they were in time.
        self._masses = np.full(capacity, -np.inf)
        self._users = np.zeros((capacity, _USER_BITS // 8), dtype=np.uint8)
        self._reaches = np.full(capacity, threshold)  # the least cosine at which a vector joins
        # Since the first regrouping, the nearest centroid is that along the principal directions.
        self._space: Subspace | None = None
        self._views = np.zeros((capacity, min(DIRECTIONS, dims)), dtype=np.float32)
        self._seen = 0
        self._due = _FIRST_REGROUP
        self._splits = 0
        # A ring: directions of recent vectors to a byte a number, and the row that each went to.
        self._recent = np.zeros((window, dims), dtype=np.int8)
        self._places = np.full(window, -1, dtype=np.int32)
        self._merged_into: dict[str, str] = {}
        self._split_from: dict[str, str] = {}
        self._merges: list[tuple[str, str]] = []  # since the present record came

    def __len__(self) -> int:
        return len(self._clusters)

    def __iter__(self) -> Iterator[str]:
        return (cluster.id for cluster in self._clusters)

    def __contains__(self, cluster_id: object) -> bool:
        return cluster_id in self._rows

    def assign(
        self,
        record_id: str,
        vector: NDArray[np.float32],
        ts: float,
        text: str = "",
        user: str | None = None,
    ) -> Assignment:
        """Decide where a record belongs and learn from it.

        Args:
            record_id: Names the cluster if the record founds one. A record that founded a live
                cluster and comes again is never a second founder: it stays in its own.
            vector: Shape (dims,), any length; zeros (no content) have one cluster for themselves.
            ts: Event time, epoch seconds; need not be in order.
            text: Scrubbed text, for exemplars and label; empty: not a candidate.
            user: Whom to count; a keyed hash, never the raw id.

        Raises:
            ValueError: The vector has another shape or is not finite.
        """
        unit = self._unit(vector)
        row, similarity = self._closest(unit)
        new = False
        if row is None or similarity < self._reaches[row]:
            founded = cluster_id(record_id)
            row = self._rows.get(self.resolve(founded))
            if row is None:
                row, new = self._found(founded, ts), True
        self._learn(row, unit, ts)
        if text:
            # A founder is near its centroid by definition: shown until clearer ones come.
            clarity = self.threshold if new else similarity
            self._show(row, clarity, ts, record_id, text[:_EXCERPT])
        if user is not None:
            digest = blake2b(user.encode(), digest_size=8).digest()
            bit = int.from_bytes(digest, "little") % _USER_BITS
            self._users[row, bit >> 3] |= 1 << (bit & 7)
        cluster, due = self._clusters[row].id, self._due
        self._merges = []
        self._remember(row, unit)
        if self._due == due:
            return Assignment(cluster, similarity, new)
        return Assignment(cluster, similarity, new, tuple(self._merges), regrouped=True)

    def resolve(self, cluster_id: str) -> str:
        """Follow merges to the cluster that holds what ``cluster_id`` held; itself if none did.

        What it resolves to may have been forgotten since. Merges are remembered up to a bound,
        the oldest forgotten first.
        """
        while cluster_id in self._merged_into:
            cluster_id = self._merged_into[cluster_id]
        return cluster_id

    @property
    def merged_into(self) -> dict[str, str]:
        """By id that is no more, the id that it was merged into; the oldest merge first."""
        return dict(self._merged_into)

    @property
    def split_from(self) -> dict[str, str]:
        """By id, the id that it was split from; the oldest split first."""
        return dict(self._split_from)

    def settle(self, vectors: Sequence[NDArray[np.float32]], clusters: Sequence[str]) -> list[str]:
        """Look back at the end: merge and split by all of these records, and place each again.

        Args:
            vectors: What ``assign`` was given, in that order.
            clusters: What it answered to each.

        Returns:
            The cluster of each record now; of noise, what its cluster on arrival has become.
        """
        step = -(-len(vectors) // _SETTLED) or 1
        found = [self.resolve(name) for name in clusters]
        sample = range(0, len(vectors), step)
        if not sample:
            return found
        units = np.stack([self._unit(vectors[n]) for n in sample])
        places = np.array([self._rows.get(found[n], -1) for n in sample], dtype=np.int32)
        names = self._regroup(units, places)
        found = [self.resolve(name) for name in found]
        for n, name in zip(sample, names, strict=True):
            found[n] = name or found[n]
        if step > 1:
            for n in set(range(len(vectors))).difference(sample):
                row, similarity = self._closest(self._unit(vectors[n]))
                if row is not None and similarity >= self._reaches[row]:
                    found[n] = self._clusters[row].id
        return found

    def nearest(self, vector: NDArray[np.float32]) -> tuple[str, float] | None:
        """Find the nearest cluster and its cosine, however far; None if there are no clusters.

        Raises:
            ValueError: The vector has another shape or is not finite.
        """
        row, similarity = self._closest(self._unit(vector))
        return None if row is None else (self._clusters[row].id, similarity)

    def home(self, vector: NDArray[np.float32]) -> str | None:
        """Find the cluster that a vector would join, without learning; None if it would found one.

        Raises:
            ValueError: The vector has another shape or is not finite.
        """
        row, similarity = self._closest(self._unit(vector))
        joins = row is not None and similarity >= self._reaches[row]
        return self._clusters[row].id if row is not None and joins else None

    def label(self, cluster_id: str) -> str:
        """Return the words of ``info``'s label; none for a cluster that is gone."""
        row = self._rows.get(cluster_id)
        return "" if row is None else self._label(row)

    def _label(self, row: int) -> str:
        texts = [exemplar.text for exemplar in self._clusters[row].exemplars]
        return self._words.label(texts, len(self._clusters))

    def info(self, cluster_id: str) -> ClusterInfo:
        """Describe a live cluster, its weight as of the latest event time seen.

        Raises:
            KeyError: No live cluster has this id (never founded, or forgotten).
        """
        row = self._rows[cluster_id]
        cluster = self._clusters[row]
        best_first = sorted(cluster.exemplars, key=lambda e: (-e.rank, e.trace_id))
        return ClusterInfo(
            id=cluster.id,
            size=cluster.size,
            weight=2.0 ** (float(self._masses[row]) - (self._now or 0.0) / self.half_life),
            born=cluster.born,
            last=cluster.last,
            users=min(self._count_users(row), cluster.size),
            exemplars=[(exemplar.trace_id, exemplar.text) for exemplar in best_first],
            label=self._label(row),
            split_from=self._split_from.get(cluster_id),
        )

    def learn_one(self, x: dict[Any, Any]) -> None:
        """Learn from features, as River does: no time passes, and the founder is the vector itself.

        Args:
            x: Numbers by feature. An integer below ``dims`` is the place in the vector, as in
                ``dict(enumerate(vector))``; any other name is hashed to a place.
        """
        vector = self._from_features(x)
        self.assign(vector.tobytes().hex(), vector, self._now or 0.0)

    def predict_one(self, x: dict[Any, Any]) -> int:
        """Return the nearest cluster's id as a number, -1 while there are no clusters.

        Args:
            x: See ``learn_one``.
        """
        found = self.nearest(self._from_features(x))
        return -1 if found is None else int(found[0].removeprefix("c_"), 16)

    def dump(self) -> dict[str, object]:
        """Return all that was learnt as plain values (numbers, strings, lists, bytes)."""
        live = len(self._clusters)
        state = _State(
            version=_VERSION,
            threshold=self.threshold,
            capacity=self.capacity,
            half_life=self.half_life,
            exemplars=self.exemplars,
            dims=self.dims,
            now=self._now,
            clusters=self._clusters,
            centroids=self._centroids[:live].astype("<f4").tobytes(),
            lengths=self._lengths[:live].astype("<f8").tobytes(),
            masses=self._masses[:live].astype("<f8").tobytes(),
            users=self._users[:live].tobytes(),
            window=self.window,
            seen=self._seen,
            due=self._due,
            splits=self._splits,
            reaches=self._reaches[:live].astype("<f8").tobytes(),
            recent=self._recent[: self._seen].tobytes(),
            places=self._places[: self._seen].astype("<i4").tobytes(),
            merged_into=self._merged_into,
            split_from=self._split_from,
            mean=self._space.mean.astype("<f4").tobytes() if self._space else b"",
            basis=self._space.basis.astype("<f4").tobytes() if self._space else b"",
        )
        plain: dict[str, object] = msgspec.to_builtins(state, builtin_types=(bytes,))
        return plain

    @classmethod
    def load(cls, state: dict[str, object]) -> "Clusters":
        """Continue where a dump was made; rows keep their places, so ties fall alike.

        Raises:
            StateError: The dump is damaged or of another version.
        """
        try:
            saved = msgspec.convert(state, _State, builtin_types=(bytes,))
            if saved.version != _VERSION:
                raise ValueError(f"version {saved.version}")  # noqa: TRY301 - one message for all
            self = cls(
                saved.threshold, saved.capacity, saved.half_life, saved.exemplars, saved.dims
            )
            self._load_recent(saved)
            if saved.mean:
                self._space = Subspace(
                    np.frombuffer(saved.mean, "<f4"),
                    np.frombuffer(saved.basis, "<f4").reshape(-1, saved.dims),
                )
            live = len(saved.clusters)
            self._centroids[:live] = np.frombuffer(saved.centroids, "<f4").reshape(live, saved.dims)
            self._lengths[:live] = np.frombuffer(saved.lengths, "<f8").reshape(live)
            self._masses[:live] = np.frombuffer(saved.masses, "<f8").reshape(live)
            self._users[:live] = np.frombuffer(saved.users, np.uint8).reshape(live, _USER_BITS // 8)
        except (msgspec.ValidationError, ValueError) as error:
            raise StateError(
                f"A dump of clusters does not load ({error}): "
                "start from an older snapshot, or from none."
            ) from error
        self._now = saved.now
        self._clusters = saved.clusters
        for row, cluster in enumerate(saved.clusters):
            self._see(row)
            self._rows[cluster.id] = row
            for exemplar in cluster.exemplars:
                self._words.add(exemplar.text)
        return self

    def _load_recent(self, saved: _State) -> None:
        window, live = saved.window, len(saved.clusters)
        kept = min(saved.seen, window)
        self.window, self._seen, self._due = window, saved.seen, saved.due
        self._splits = saved.splits
        self._recent = np.zeros((window, saved.dims), dtype=np.int8)
        self._recent[:kept] = np.frombuffer(saved.recent, np.int8).reshape(kept, saved.dims)
        self._places = np.full(window, -1, dtype=np.int32)
        self._places[:kept] = np.frombuffer(saved.places, "<i4").reshape(kept)
        self._reaches[:live] = np.frombuffer(saved.reaches, "<f8").reshape(live)
        self._merged_into, self._split_from = saved.merged_into, saved.split_from

    def _unit(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        unit = np.asarray(vector, dtype=np.float32)
        if unit.shape != (self.dims,):
            raise ValueError(f"a vector of shape ({self.dims},) is needed, not {unit.shape}")
        length = math.sqrt(np.dot(unit, unit))
        if not math.isfinite(length):
            raise ValueError("a vector of finite numbers is needed")
        return unit / np.float32(length) if length else unit

    def _closest(self, unit: NDArray[np.float32]) -> tuple[int | None, float]:
        live = len(self._clusters)
        if not live:
            return None, 0.0
        # One dot product per row: the value depends neither on the number of rows nor on the
        # number of cores, as that of a matrix product may.
        if not unit.any():
            similarities = np.equal(self._lengths[:live], 0.0)
        elif self._space and (view := self._space.view_one(unit)).any():
            row = int(np.vecdot(self._views[:live], view).argmax())
            return row, float(np.dot(self._centroids[row], unit))
        else:
            similarities = np.vecdot(self._centroids[:live], unit)
        row = int(similarities.argmax())
        return row, float(similarities[row])

    def _found(self, name: str, ts: float) -> int:
        row = len(self._clusters)
        cluster = _Cluster(id=name, size=0, born=ts, last=ts, exemplars=[])
        if row < self.capacity:
            self._clusters.append(cluster)
        else:
            row = int(self._masses.argmin())
            forgotten, self._clusters[row] = self._clusters[row], cluster
            del self._rows[forgotten.id]
            self._places[self._places == row] = -1
            for exemplar in forgotten.exemplars:
                self._words.remove(exemplar.text)
        self._rows[name] = row
        self._merged_into.pop(name, None)
        self._split_from.pop(name, None)
        self._reaches[row] = self.threshold
        self._centroids[row] = 0.0
        self._views[row] = 0.0
        self._lengths[row] = 0.0
        self._masses[row] = -np.inf
        self._users[row] = 0
        return row

    def _learn(self, row: int, unit: NDArray[np.float32], ts: float) -> None:
        cluster = self._clusters[row]
        cluster.size += 1
        cluster.born = min(cluster.born, ts)
        cluster.last = max(cluster.last, ts)
        self._now = ts if self._now is None else max(self._now, ts)
        age = ts / self.half_life
        mass = float(np.logaddexp2(self._masses[row], age))
        self._masses[row] = mass
        share = 2.0 ** (age - mass)  # of this record in the decayed weight of the cluster
        kept = (1.0 - share) * float(self._lengths[row])
        mean = np.float32(kept) * self._centroids[row] + np.float32(share) * unit
        length = math.sqrt(np.dot(mean, mean))
        if length:  # else no content, or a record that cancels its own cluster: nothing to move to
            self._centroids[row] = mean / np.float32(length)
            self._lengths[row] = length
            self._see(row)

    def _see(self, row: int) -> None:
        """Note where a cluster's mean is along the principal directions."""
        if self._space:
            mean = self._centroids[row] * np.float32(self._lengths[row])
            self._views[row] = self._space.view_one(mean) if mean.any() else 0

    def _remember(self, row: int, unit: NDArray[np.float32]) -> None:
        """Keep the vector among the recent ones, and regroup them when it is time."""
        if not self.window:
            return
        place = self._seen % self.window
        top = float(np.abs(unit).max())
        self._recent[place] = np.rint(unit * np.float32(127 / top)) if top else 0
        self._places[place] = row
        self._seen += 1
        if self._seen >= self._due:
            self._due = self._seen + min(max(_FIRST_REGROUP, self._seen), _WINDOWS * self.window)
            kept = min(self._seen, self.window)
            order = np.arange(self._seen - kept, self._seen) % self.window
            units = unit_rows(self._recent[order].astype(np.float32))
            names = self._regroup(units, self._places[order])
            for at, name in zip(order.tolist(), names, strict=True):
                if name in self._rows:
                    self._places[at] = self._rows[name]

    def _regroup(self, units: NDArray[np.float32], places: NDArray[np.int32]) -> list[str | None]:
        """Merge and split so that clusters are the groups that these records form.

        Args:
            units: Shape (n, dims).
            places: Shape (n,), the row that each is in, -1 if that was forgotten.

        Returns:
            The cluster of each record by its group, None for noise.
        """
        some = np.flatnonzero(units.any(axis=1))  # texts without content have their own cluster
        labels = np.full(len(units), -1)
        if len(some):
            self._space = principal(units[some])
            labels[some] = neighbour_groups(units[some], self._space)
        sizes = np.bincount(labels[some])
        groups = [int(group) for group in np.flatnonzero(sizes >= MEMBERS)]
        heirs, donors = self._votes(places, labels)
        names: dict[int, str] = {}
        gone: set[int] = set()
        for group in groups:
            if group in heirs:
                largest, *others = sorted(
                    heirs[group], key=lambda row: (-self._masses[row], self._clusters[row].id)
                )
                for row in others:
                    self._merge(row, largest)
                gone.update(others)
                names[group] = self._clusters[largest].id
        sources = {group: self._clusters[row].id for group, row in donors.items()}
        self._drop(gone)
        for group in groups:
            if group not in names and self._has_room(set(names.values())):
                names[group] = self._split(sources.get(group), int(sizes[group]))
        for group, name in names.items():
            if name in self._rows:
                self._shape(self._rows[name], units[labels == group])
        for row in range(len(self._clusters)):
            self._see(row)
        return [names.get(label) for label in labels.tolist()]

    def _has_room(self, needed: set[str]) -> bool:
        """Whether a cluster may be founded without forgetting one of those that are needed."""
        if len(self._clusters) < self.capacity:
            return True
        return self._clusters[int(self._masses.argmin())].id not in needed

    def _votes(
        self, places: NDArray[np.int32], labels: NDArray[np.int64]
    ) -> tuple[dict[int, list[int]], dict[int, int]]:
        """Return the clusters that are most of all in a group, and who has most in each group."""
        heirs: dict[int, list[int]] = {}
        donors: dict[int, tuple[int, int]] = {}
        mains: dict[int, tuple[int, int]] = {}
        pairs = Counter(zip(places.tolist(), labels.tolist(), strict=True))
        for (row, group), count in sorted(pairs.items()):
            if row < 0 or group < 0:
                continue
            if count > mains.get(row, (0, 0))[0]:
                mains[row] = count, group
            if count > donors.get(group, (0, 0))[0]:
                donors[group] = count, row
        for row, (count, group) in mains.items():
            # One recent record is no reason to merge a large cluster.
            if count >= min(MEMBERS, self._clusters[row].size):
                heirs.setdefault(group, []).append(row)
        return heirs, {group: row for group, (_, row) in donors.items()}

    def _merge(self, row: int, into: int) -> None:
        old, new = self._clusters[row], self._clusters[into]
        new.size += old.size
        new.born, new.last = min(new.born, old.born), max(new.last, old.last)
        self._masses[into] = np.logaddexp2(self._masses[into], self._masses[row])
        self._users[into] |= self._users[row]
        texts = {exemplar.text: exemplar for exemplar in sorted(old.exemplars + new.exemplars)}
        kept = sorted(texts.values(), reverse=True)[: self.exemplars]
        for exemplar in old.exemplars + new.exemplars:
            self._words.remove(exemplar.text)
        for exemplar in kept:
            self._words.add(exemplar.text)
        new.exemplars = kept
        self._note(self._merged_into, old.id, new.id)
        self._merges.append((old.id, new.id))

    def _split(self, source: str | None, size: int) -> str:
        """Found a cluster for a group that is no cluster's own; its records leave the source."""
        self._splits += 1
        name = cluster_id(f"{source}/{self._splits}")
        mass = math.log2(size) + (self._now or 0.0) / self.half_life
        moved = size
        origin = self._rows.get(source or "")
        if origin is not None:
            before = self._clusters[origin].size
            moved = min(size, before - 1)
            if moved:
                mass = float(self._masses[origin]) + math.log2(moved / before)
                self._masses[origin] += math.log2(1 - moved / before)
                self._clusters[origin].size -= moved
        row = self._found(name, self._now or 0.0)
        self._clusters[row].size = max(moved, 1)
        self._masses[row] = mass
        if source is not None:
            self._note(self._split_from, name, source)
        return name

    def _shape(self, row: int, units: NDArray[np.float32]) -> None:
        """Make centroid and reach those of a group."""
        mean = units.mean(axis=0)
        length = math.sqrt(np.dot(mean, mean))
        if not length:
            return
        self._centroids[row], self._lengths[row] = mean / np.float32(length), length
        far = float(np.quantile(np.vecdot(units, self._centroids[row]), _OUTLIERS))
        self._reaches[row] = min(max(far, _REACH[0]), _REACH[1], self.threshold)

    def _drop(self, gone: set[int]) -> None:
        """Close the gaps of clusters that are no more; the others keep their order."""
        if not gone:
            return
        old = len(self._clusters)
        into = {row: self.resolve(self._clusters[row].id) for row in gone}
        kept = [row for row in range(old) if row not in gone]
        self._clusters = [self._clusters[row] for row in kept]
        self._rows = {cluster.id: row for row, cluster in enumerate(self._clusters)}
        moved = np.full(old + 1, -1, dtype=np.int32)  # the last one is of -1, forgotten
        moved[kept] = np.arange(len(kept))
        for row, name in into.items():
            moved[row] = self._rows[name]
        self._places = moved[self._places]
        for rows in (self._centroids, self._lengths, self._masses, self._users, self._reaches):
            rows[: len(kept)] = rows[kept]

    def _note(self, history: dict[str, str], name: str, other: str) -> None:
        history[name] = other
        while len(history) > _HISTORY * self.capacity:
            del history[next(iter(history))]

    def _show(self, row: int, clarity: float, ts: float, record_id: str, text: str) -> None:
        """Keep the text if it is clearer (decayed, as weights are) than the worst one kept."""
        kept = self._clusters[row].exemplars
        if not self.exemplars or any(text == exemplar.text for exemplar in kept):
            return
        rank = math.log2(max(clarity, 1e-6)) + ts / self.half_life
        entry = _Exemplar(rank, record_id, text)
        if len(kept) < self.exemplars:
            kept.append(entry)
        else:
            worst = min(range(len(kept)), key=lambda i: kept[i])
            if entry <= kept[worst]:
                return
            self._words.remove(kept[worst].text)
            kept[worst] = entry
        self._words.add(text)

    def _count_users(self, row: int) -> int:
        """Estimate distinct users by linear counting (Whang et al. 1990): how many bits are left."""
        empty = _USER_BITS - int(np.bitwise_count(self._users[row]).sum())
        return round(_USER_BITS * math.log(_USER_BITS / max(empty, 1)))

    def _from_features(self, x: dict[Any, Any]) -> NDArray[np.float32]:
        vector = np.zeros(self.dims)
        for name, value in sorted(x.items(), key=lambda item: str(item[0])):
            place = name if isinstance(name, int) else crc32(str(name).encode())
            vector[place % self.dims] += value
        return vector.astype(np.float32)


class _Words:
    """In how many exemplars, over all clusters, each word occurs."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._total = 0

    def add(self, text: str) -> None:
        words = _distinct_words(text)
        self._counts.update(words)
        self._total += len(words)

    def remove(self, text: str) -> None:
        words = _distinct_words(text)
        self._total -= len(words)
        for word in words:
            self._counts[word] -= 1
            if not self._counts[word]:
                del self._counts[word]

    def label(self, texts: list[str], clusters: int) -> str:
        """Join the terms that rank first by class-based TF-IDF (Grootendorst 2022, BERTopic).

        A word of a single exemplar says something of that text only, so those that recur go first.
        Two words that recur side by side are a term that weighs as both of them do. No word is in
        two terms.
        """
        said = [_words(text) for text in texts]
        here = Counter(word for words in said for word in set(words) - _STOP_WORDS)
        mean = self._total / max(clusters, 1)
        rarity = {word: math.log1p(mean / self._counts[word]) for word in here}
        if len(said) > 1:  # else no pair recurs
            pairs = Counter(pair for words in said for pair in _pairs(words))
            here.update({pair: count for pair, count in pairs.items() if count > 1})

        def rank(term: str) -> tuple[bool, float, str]:
            weight = sum(rarity[word] for word in term.split())
            return here[term] == 1, -here[term] * weight, term

        chosen: list[str] = []
        used: set[str] = set()
        for term in sorted(here, key=rank):
            if used.isdisjoint(term.split()):
                chosen.append(term)
                used.update(term.split())
            if len(chosen) == _LABEL_TERMS:
                break
        return ", ".join(chosen)


def _distinct_words(text: str) -> set[str]:
    return set(_words(text)) - _STOP_WORDS


def _pairs(words: list[str]) -> set[str]:
    return {
        f"{one} {other}"
        for one, other in pairwise(words)
        if one != other and one not in _STOP_WORDS and other not in _STOP_WORDS
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("’", "'"))  # noqa: RUF001 - see _WORD
