"""Online clusters of what users asked, their number unknown, in bounded memory, as a River model.

One pass and one rule: a vector joins the nearest centroid if their cosine reaches a threshold, and
else founds a cluster. This is leader clustering (Hartigan 1975) with centroids that move, as in
spherical k-means (Dhillon and Modha 2001). The past fades with a half-life in event time; when
there is no room for one more, the cluster with the least decayed weight is forgotten.
"""

import math
import re
from binascii import crc32
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from river.base import Clusterer

from flywheel_stream.errors import StateError
from flywheel_stream.lineage import cluster_id

_VERSION = 1
_EXCERPT = 400  # characters of an exemplar that are kept
_USER_BITS = 1024  # per cluster; see ``Clusters._count_users``
_LABEL_WORDS = 3
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
    """The words that set it apart from the other clusters, the strongest first."""


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
    """

    def __init__(
        self,
        threshold: float = 0.55,
        capacity: int = 500,
        half_life: float = 7 * 86400.0,
        exemplars: int = 5,
        dims: int = 256,
    ) -> None:
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold must be above 0 and at most 1, not {threshold}")
        if min(capacity, half_life, dims) <= 0 or exemplars < 0:
            raise ValueError(
                "capacity, half_life and dims must be positive, exemplars not negative"
            )
        self.threshold = threshold
        self.capacity = capacity
        self.half_life = half_life
        self.exemplars = exemplars
        self.dims = dims
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
        if row is None or similarity < self.threshold:
            founded = cluster_id(record_id)
            row = self._rows.get(founded)
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
        return Assignment(self._clusters[row].id, similarity, new)

    def nearest(self, vector: NDArray[np.float32]) -> tuple[str, float] | None:
        """Find the nearest cluster and its cosine, however far; None if there are no clusters.

        Raises:
            ValueError: The vector has another shape or is not finite.
        """
        row, similarity = self._closest(self._unit(vector))
        return None if row is None else (self._clusters[row].id, similarity)

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
            users=self._count_users(row),
            exemplars=[(exemplar.trace_id, exemplar.text) for exemplar in best_first],
            label=self._words.label([e.text for e in cluster.exemplars], len(self._clusters)),
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
            self._rows[cluster.id] = row
            for exemplar in cluster.exemplars:
                self._words.add(exemplar.text)
        return self

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
        if unit.any():
            # One dot product per row: the value depends neither on the number of rows nor on the
            # number of cores, as that of a matrix product may.
            similarities = np.vecdot(self._centroids[:live], unit)
        else:
            similarities = np.equal(self._lengths[:live], 0.0)
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
            for exemplar in forgotten.exemplars:
                self._words.remove(exemplar.text)
        self._rows[name] = row
        self._centroids[row] = 0.0
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
        """Join the words that rank first by class-based TF-IDF (Grootendorst 2022, BERTopic).

        A word of a single exemplar says something of that text only, so those that recur go first.
        """
        here = Counter(word for text in texts for word in _distinct_words(text))
        mean = self._total / max(clusters, 1)

        def rank(word: str) -> tuple[bool, float, str]:
            return here[word] == 1, -here[word] * math.log1p(mean / self._counts[word]), word

        return ", ".join(sorted(here, key=rank)[:_LABEL_WORDS])


def _distinct_words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold().replace("’", "'"))) - _STOP_WORDS  # noqa: RUF001 - see _WORD
