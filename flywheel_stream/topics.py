"""Topics of all traffic: what users ask about, with shares, and what nobody asked about before.

A sample of all calls is clustered; how near each of it came to what was there before is counted.
What is farther from every topic than nearly all of that traffic was is unseen, so the bar sets
itself whatever the vectors are: a failure like that is of the kind ``unseen_topic``, and a topic
that began like that is told with what was asked. Silent until enough is known.
"""

from math import ldexp
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.clusters import Clusters
from flywheel_stream.decay import RESCALE, Clock
from flywheel_stream.events import Finding
from flywheel_stream.naming import ClusterNames
from flywheel_stream.sequential import wilson

KIND: Final = "unseen_topic"
CONFIDENCE: Final = 0.6
RARE: Final = 0.02
"""Share of ordinary traffic that is as far from what was seen before it."""
RECENT_HALF_LIFE: Final = 3600.0
"""Seconds of event time after which a call weighs half in the recent share."""
_CAPACITY: Final = 500
_WINDOW: Final = 1024  # records whose neighbours decide which topics are one
_EXEMPLARS: Final = 5
_WARM: Final = 500
"""Records of the sample that are learnt before their distances count: the first ones are all far."""
_KNOWN: Final = 500
"""Distances that are counted before anything is said."""
_BINS: Final = 200  # of the cosine, from -1 to 1
_FADES: Final = 10_000  # counts halve when there are so many: topics drift
_FEW: Final = 3
"""Records of the sample from which on a topic is one; fewer are noise, unless they are unseen."""
_NEWS: Final = 50
"""Topics that nobody asked about before, which are remembered as such."""
_NEW_FOR: Final = 7 * 86_400.0
"""Seconds of event time for which such a topic is told as one."""

_SURE: Final = 3.0
"""Standard deviations from which on a recent share is another one: many topics are looked at."""

Trend = Literal["rising", "steady", "falling", "unseen"]


class Topic(NamedTuple):
    """What some of the users ask about; shares are of all traffic, as far as sampled."""

    id: str
    name: str
    """The words that set it apart."""
    share: float
    """Of the last weeks."""
    recent: float
    """Of the last hours."""
    trend: Trend
    """Where the interval of ``recent`` is with regard to ``share``; unseen: new altogether."""
    calls: int
    """Of the sample, since it began."""
    users: int
    since: float
    """Event time of its first call, seconds of the epoch."""
    exemplars: list[str]
    """Scrubbed questions, the clearest first."""


class TopicMap(NamedTuple):
    """What users ask about, for people."""

    sampled: int
    """Calls that it is made of."""
    topics: list[Topic]
    """The largest first."""
    unseen: list[Topic]
    """Topics that nobody asked about before, those that recur most first."""
    rest: float
    """Share of what is not listed."""


class Placed(NamedTuple):
    """Where a record of the sample went."""

    topic: str
    merged: tuple[tuple[str, str], ...] = ()
    """Topics that became one at this record, the old id and the one that goes on, in order."""


class Topics:
    """What an app's users ask about.

    Args:
        dims: length of the vectors.
    """

    def __init__(self, dims: int) -> None:
        self._clusters = Clusters(
            capacity=_CAPACITY, dims=dims, window=_WINDOW, exemplars=_EXEMPLARS
        )
        self._names = ClusterNames(_CAPACITY)
        self._seen = 0
        self._near = np.zeros(_BINS, dtype=np.int64)
        self._clock = Clock(RECENT_HALF_LIFE)
        self._recent: dict[str, float] = {}
        self._sizes: dict[str, int] = {}
        self._news: dict[str, float] = {}

    def learn(
        self,
        record_id: str,
        vector: NDArray[np.float32],
        ts: float,
        text: str = "",
        user: str | None = None,
    ) -> Placed:
        """Learns from a record of the sample.

        Args:
            record_id: names the topic that it may found.
            vector: shape (dims,).
            ts: event time, seconds of the epoch.
            text: the question, scrubbed, for names and exemplars; empty: none.
            user: whom to count; a keyed hash.
        """
        placed = self._clusters.assign(record_id, vector, ts, text, user)
        far = placed.new and self._is_far(placed.similarity)
        self._seen += 1
        if self._seen > _WARM:
            self._near[_bin(placed.similarity)] += 1
            if self._near.sum() >= _FADES:
                self._near //= 2
        for old, new in placed.merged:
            self._merge(old, new)
        topic = self._clusters.resolve(placed.cluster)
        self._count(topic, ts, unseen=far)
        return Placed(topic, placed.merged)

    def _count(self, topic: str, ts: float, *, unseen: bool) -> None:
        for _ in range(self._clock.advance(ts)):
            self._recent = {name: ldexp(own, -RESCALE) for name, own in self._recent.items()}
        weight = self._clock.weight(int(ts // 60))
        self._recent[topic] = self._recent.get(topic, 0.0) + weight
        size = self._sizes[topic] = self._sizes.get(topic, 0) + 1
        self._names.renew(topic, size, "", lambda: self._clusters.label(topic), self._clusters)
        if unseen:
            self._news[topic] = ts
        if len(self._sizes) > 2 * _CAPACITY or len(self._news) > _NEWS:
            self._forget(ts)

    def _merge(self, old: str, new: str) -> None:
        """What was counted of a topic goes on under the one that it became."""
        self._recent[new] = self._recent.get(new, 0.0) + self._recent.pop(old, 0.0)
        self._sizes[new] = self._sizes.get(new, 0) + self._sizes.pop(old, 0)
        # A topic that was known takes in what was not: that was no news after all.
        since = self._news.pop(old, None)
        if new in self._news and since is None:
            del self._news[new]

    def _forget(self, now: float) -> None:
        live = set(self._clusters)
        self._recent = {name: own for name, own in self._recent.items() if name in live}
        self._sizes = {name: own for name, own in self._sizes.items() if name in live}
        news = [(since, name) for name, since in self._news.items() if name in live]
        kept = [(since, name) for since, name in news if since > now - _NEW_FOR][-_NEWS:]
        self._news = {name: since for since, name in kept}

    def topic(self, vector: NDArray[np.float32]) -> str | None:
        """The id of the topic that a question is about; None if it is about none of them.

        Nothing is learnt from it, so it may be asked of calls outside of the sample.

        Args:
            vector: shape (dims,).
        """
        return self._clusters.home(vector)

    def resolve(self, topic: str) -> str:
        """The present id of a topic that may have been merged into another."""
        return self._clusters.resolve(topic)

    def label(self, topic: str) -> str:
        """The words that set a topic apart, of one that was merged those of what it became."""
        return self._names.label(self._clusters.resolve(topic))

    def unseen(self, vector: NDArray[np.float32]) -> Finding | None:
        """Says whether a question is about none of the topics.

        Args:
            vector: shape (dims,).
        """
        nearest = self._clusters.nearest(vector)
        if nearest is None or not self._is_far(nearest[1]):
            return None
        return Finding(
            KIND,
            CONFIDENCE,
            f"cosine {nearest[1]:.2f} with the nearest topic; {1 - RARE:.0%} of all traffic is nearer",
        )

    def _is_far(self, cosine: float) -> bool:
        """Whether hardly any of the traffic was as far from what was there before it."""
        total = int(self._near.sum())
        return total >= _KNOWN and int(self._near[: _bin(cosine) + 1].sum()) <= RARE * total

    def map(self, now: float, limit: int = 20) -> TopicMap:
        """What users ask about.

        Args:
            now: event time, seconds of the epoch.
            limit: topics that are listed, and as many unseen ones at most.
        """
        infos = [self._clusters.info(name) for name in self._clusters]
        weights = {info.id: info.weight for info in infos}
        total, lately = sum(weights.values()), sum(self._recent.values())
        counted = lately / self._clock.weight(int(now // 60)) if lately else 0.0
        fresh = self.news(now)
        found = []
        for info in sorted(infos, key=lambda one: (-one.weight, one.id)):
            share = info.weight / total
            recent = self._recent.get(info.id, 0.0) / lately if lately else 0.0
            found.append(
                Topic(
                    id=info.id,
                    name=self._names.label(info.id) or info.label,
                    share=share,
                    recent=recent,
                    trend="unseen" if info.id in fresh else _trend(share, recent, counted),
                    calls=info.size,
                    users=info.users,
                    since=info.born,
                    exemplars=[text for _, text in info.exemplars],
                )
            )
        topics = [topic for topic in found if topic.calls >= _FEW][:limit]
        unseen = sorted(
            (topic for topic in found if topic.trend == "unseen"),
            key=lambda topic: (-topic.calls, -topic.since, topic.id),
        )
        rest = max(0.0, 1.0 - sum(topic.share for topic in topics)) if total else 0.0
        return TopicMap(self._seen, topics, unseen[:limit], rest)

    def news(self, now: float) -> set[str]:
        """The ids of topics that nobody asked about before, of the last week."""
        return {name for name, since in self._news.items() if since > now - _NEW_FOR}

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "clusters": self._clusters.dump(),
            "seen": self._seen,
            "near": self._near.tolist(),
            "names": self._names.dump(),
            "clock": self._clock.dump(),
            "recent": dict(self._recent),
            "sizes": dict(self._sizes),
            "news": dict(self._news),
        }

    @classmethod
    def load(cls, state: dict[str, Any], dims: int) -> "Topics":
        """The inverse of ``dump``.

        Raises:
            StateError: the clusters do not load.
        """
        self = cls(dims)
        self._clusters = Clusters.load(state["clusters"])
        self._seen = state["seen"]
        self._near = np.array(state["near"], dtype=np.int64)
        self._names = ClusterNames.load(state["names"], _CAPACITY)
        self._clock.load(state["clock"])
        self._recent = dict(state["recent"])
        self._sizes = dict(state["sizes"])
        self._news = dict(state["news"])
        return self


def _trend(share: float, recent: float, counted: float) -> Trend:
    """Whether a recent share, of so many weighted calls, is clearly another than the usual one."""
    interval = wilson(recent * counted, counted, _SURE)
    if share < interval.low:
        return "rising"
    return "falling" if share > interval.high else "steady"


def _bin(cosine: float) -> int:
    return min(max(int((cosine + 1) * _BINS / 2), 0), _BINS - 1)
