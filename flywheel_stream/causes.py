"""Causes: spikes of several subjects that are one incident, and the subject that explains most.

A bad deployment makes clusters, a kind, an arm and the whole app spike at once, in the same calls.
Whether two spikes are one is read from the failures themselves: from those beyond what was to be
expected (the excess), how many lie in both subjects.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import log
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Struct, structs
from scipy.special import gammainc

from flywheel_stream.events import AlertState
from flywheel_stream.margins import FAILURES, described, is_margin

MOST = 2 / 3
"""Of the excess of a spike, that lies in another: then the one explains the other."""

AT_ONCE = 600.0
"""Seconds within which spikes of an app begin, or are seen, that are taken for one, unless they
exclude it: when one began is known to some minutes only."""

NEAR = 3600.0
"""Seconds within which spikes begin that are one because they are of the same arm, kind or slice."""

CONFINED = 0.8
"""Share of the excess of a spike in a slice, from which on it is confined to it."""

ALIKE, LIKELY, SURELY, APART = log(3), log(20), log(100), log(1000)
"""Evidence that a spike keeps to a slice, as the logarithm of odds: to link it with an incident
that is told by that slice and has just begun, with any other, to leave it out of one, and to take
it out of one that it was in."""

BROAD = 3
"""Clusters of an incident that is confined to nothing, from which on others that begin near belong
to it: what hits so many at once has hit more."""

RARE_KIND = 0.2
"""Share of an app's failures up to which a kind links: clusters mostly are of one kind each. One
that is more common links what was of another kind before."""

USUAL = 5
"""Failures before a spike from which on it is known of what kind they were."""

AS_ALL = 10.0
"""Failures that it is worth that a subject is expected to fail where all do: what came of a spike
before it is said to have begun is not how it always was."""

CHANCE = 0.01
"""That a spike is no higher than what explains it."""

LEADING = 0.7
"""Share of the largest excess with which a narrower subject explains an incident as well."""

SPAN = 3600.0
"""Seconds that are looked at, at most."""

REMEMBERED = 200
"""Incidents that are over and may come back."""

PROVEN = 2.0
"""How much a spike belongs to an incident if that is seen, not only that both began at once."""

MEMBERS = 200
"""Subjects of an incident; those that are calm make room."""


class Member(Struct, array_like=True):
    """A subject of an incident, and what it showed at its latest change."""

    since: float
    active: bool = True
    rate: float = 0.0  # failures an hour
    baseline: float = 0.0
    confidence: float = 0.0


class Cause(Struct, array_like=True):
    """An incident, as people hear of it."""

    id: str
    headline: str  # the subject that it was last told by
    state: AlertState
    since: float
    opened: float
    new: bool
    members: dict[str, Member] = {}
    number: int = 0  # alerts so far
    told: float = 0.0  # event time of the last one
    again: int = 0  # alerts since it opened or came back
    untold: bool = False  # a cluster joined since then
    rate: float = 0.0
    baseline: float = 0.0
    users: int = 0
    ended: float | None = None

    def active(self) -> list[str]:
        """Its subjects that are not calm."""
        return [name for name, member in self.members.items() if member.active]

    def fades(self) -> bool:
        """Whether what it was told by is calm, and the rest is about to be."""
        told = self.members.get(self.headline)
        return told is not None and not told.active

    def active_clusters(self) -> list[str]:
        """Its subjects that are clusters and whose rates are up."""
        return [name for name in self.active() if not is_margin(name)]

    def clusters(self) -> list[str]:
        """Its subjects that are clusters, calm or not."""
        return [name for name in self.members if not is_margin(name)]

    def join(self, subject: str, member: Member) -> None:
        """Takes a subject in."""
        self.members.pop(subject, None)
        self.members[subject] = member
        if len(self.members) > MEMBERS:
            calm = (name for name, other in self.members.items() if not other.active)
            del self.members[next(calm, next(iter(self.members)))]

    def rename(self, old: str, new: str) -> None:
        """Goes on with a subject under another name."""
        if old in self.members:
            member, other = self.members.pop(old), self.members.get(new)
            if other is None or member.active > other.active:
                self.members[new] = member
        if self.headline == old:
            self.headline = new


class Row(NamedTuple):
    """A remembered failure: event time, cluster and margins."""

    ts: float
    cluster: str
    margins: tuple[str, ...]


class Expects(Protocol):
    """What was to be expected of a subject."""

    def expected(self, subject: str, since: float) -> float:
        """Failures since a time no longer ago than ``SPAN``."""
        ...

    def share(self, subject: str) -> float:
        """Part of the app's usual failures, 0..1; 0 of what is new."""
        ...

    def knows(self, subject: str) -> bool:
        """Whether it has a rate of its own."""
        ...


class Evidence:
    """The latest failures, each a bit in the mask of every subject that it is in.

    Args:
        rows: failures, some hours of them.
        now: event time.
        expects: what was to be expected.
    """

    def __init__(self, rows: Iterable[Row], now: float, expects: Expects) -> None:
        self.now = now
        self._rows = sorted(rows)
        self._first = now - SPAN
        self._expects = expects
        places: dict[str, list[int]] = {}
        for place, row in enumerate(self._rows):
            for name in (row.cluster, *row.margins):
                places.setdefault(name, []).append(place)
        self._masks = {name: _mask(found, len(self._rows)) for name, found in places.items()}
        self._windows: dict[float, int] = {}

    def region(self, subjects: Iterable[str]) -> int:
        """The failures that are in any of some subjects."""
        mask = 0
        for name in subjects:
            mask |= self._masks.get(name, 0)
        return mask

    def _since(self, ts: float) -> int:
        found = self._windows.get(ts)
        if found is None:
            before = bisect_left(self._rows, ts, key=attrgetter("ts"))
            found = self._windows[ts] = (1 << len(self._rows)) - (1 << before)
        return found

    def _window(self, since: float) -> int:
        """The failures since a time that are looked at."""
        return self._since(max(since, self._first))

    def _usual(self, subject: str, since: float) -> int:
        """The failures of a subject before a time."""
        return self.region([subject]) & ~self._since(since)

    def expected(self, subject: str, since: float) -> float:
        """Failures that were to be expected of a subject since a time."""
        return self._expects.expected(subject, max(since, self._first))

    def count(self, subject: str, since: float) -> int:
        """Failures of a subject since a time."""
        return (self.region([subject]) & self._window(since)).bit_count()

    def excess(self, subject: str, since: float) -> float:
        """Failures of a subject beyond those to be expected."""
        return self.count(subject, since) - self.expected(subject, since)

    def excess_in(self, subject: str, region: int, since: float) -> float:
        """Those of them that lie in a region, where as much is to be expected as before."""
        mask, window = self.region([subject]), self._window(since)
        usual = self._usual(subject, since)
        part = ((usual & region).bit_count() + 0.5) / (usual.bit_count() + 1)
        return (mask & window & region).bit_count() - self.expected(subject, since) * part

    def inside(self, subject: str, region: int, since: float) -> float:
        """The share of a subject's excess that lies in a region, 0..1."""
        whole = self.excess(subject, since)
        if whole <= 0:
            return 0.0
        return min(max(self.excess_in(subject, region, since) / whole, 0.0), 1.0)

    def keeps_to(self, subject: str, margin: str, since: float) -> float:
        """Evidence that a spike keeps to a margin more than failures do, and than it did before.

        Returns:
            Logarithm of the odds, 0 where it does not.
        """
        share = self._expects.share(margin)
        region, usual = self.region([margin]), self._usual(subject, since)
        before = ((usual & region).bit_count() + AS_ALL * share) / (usual.bit_count() + AS_ALL)
        part = self.inside(subject, region, since)
        likely = max(share, before, 0.01)
        if part <= likely:
            return 0.0
        return self.excess(subject, since) * _divergence(part, likely)

    def leans(self, subject: str, this: str, that: str, since: float) -> bool:
        """Whether a spike keeps to that margin rather than to this one."""
        return self.keeps_to(subject, that, since) >= ALIKE + self.keeps_to(subject, this, since)

    def _was(self, subject: str, margin: str, since: float) -> bool:
        """Whether a subject may have been of a margin before."""
        usual = self._usual(subject, since)
        part = (usual & self.region([margin])).bit_count()
        return usual.bit_count() < USUAL or part > usual.bit_count() / 2

    def links(self, narrow: str, wide: str, since: float, evidence: float) -> bool:
        """Whether a spike is one of those within another, a margin, by so much evidence."""
        if not is_margin(wide):
            return False
        common = "kind" in described(wide) and self._expects.share(wide) > RARE_KIND
        if common and self._was(narrow, wide, since):
            return False
        if self.inside(narrow, self.region([wide]), since) < MOST:
            return False
        return self.keeps_to(narrow, wide, since) >= evidence

    def confined(self, subject: str, since: float, least: float = SURELY) -> dict[str, str]:
        """By dimension, the slice that nearly all of a subject's excess is in, by so much evidence."""
        found: dict[str, str] = {}
        for name, mask in self._masks.items():
            known = described(name)
            if known.pop("metric", "") != FAILURES or not known or "kind" in known:
                continue
            if self.inside(subject, mask, since) < CONFINED:
                continue
            if self.keeps_to(subject, name, since) >= least:
                found[" ".join(known)] = name
        return found

    def common(self, clusters: Sequence[str], since: float) -> str:
        """The slice that the excess of several clusters surely keeps to, if there is one."""
        found = []
        for name, mask in self._masks.items():
            known = described(name)
            sliced = known.pop("metric", "") == FAILURES and known and "kind" not in known
            if sliced and self._expects.knows(name) and self.hold(clusters, mask, since):
                proof = sum(self.keeps_to(cluster, name, since) for cluster in clusters)
                if proof >= SURELY:
                    found.append((len(known), proof, name))
        return max(found)[2] if found else ""

    def hold(self, clusters: Iterable[str], region: int, since: float) -> bool:
        """Whether nearly all of the excess of some clusters together lies in a region."""
        names = list(clusters)
        whole = sum(self.excess(name, since) for name in names)
        part = sum(self.excess_in(name, region, since) for name in names)
        return not names or part >= CONFINED * whole

    def explains(self, wide: str, subject: str, since: float) -> bool:
        """Whether a spike is no higher than that of what it is a part of."""
        if self.inside(subject, self.region([wide]), since) < MOST:
            return False
        growth = self.count(wide, since) / max(self.expected(wide, since), 1e-9)
        mean = self.expected(subject, since) * growth
        return float(gammainc(max(self.count(subject, since), 1), mean)) >= CHANCE


def _mask(places: Iterable[int], length: int) -> int:
    bits = bytearray(length // 8 + 1)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _divergence(part: float, usual: float) -> float:
    """Kullback and Leibler's, of two shares, by failure."""
    rest = 0.0 if part >= 1 else (1 - part) * log((1 - part) / (1 - usual))
    return part * log(part / usual) + rest


class Causes:
    """The incidents of one app, open and lately over."""

    def __init__(self) -> None:
        self.open: dict[str, Cause] = {}
        self.over: dict[str, Cause] = {}

    def place(
        self, subject: str, since: float, evidence: Evidence, kin: str = "", but: str = ""
    ) -> Cause | None:
        """The open incident that a spike belongs to, if any: the one that it belongs to most.

        Args:
            subject: what spikes.
            since: event time at which that began.
            evidence: the latest failures.
            kin: the cluster that it split off from, or none.
            but: an incident that it is not of, or none.
        """
        best: Cause | None = None
        most = (0.0, 0.0)
        for cause in self.open.values():
            strength = _strength(cause, subject, since, evidence)
            if kin in cause.members:
                strength = 4.0
            found = (strength, -abs(cause.since - since))
            if strength and cause.id != but and (best is None or found > most):
                best, most = cause, found
        return best

    def headline(self, cause: Cause, evidence: Evidence) -> str:
        """The subject that explains most: the narrowest of those with nearly all of the excess."""
        names = cause.active() or list(cause.members)
        others = [other for other in self.open.values() if other is not cause]
        apart = ~evidence.region(name for other in others for name in other.clusters())
        excess = {name: evidence.excess_in(name, apart, cause.since) for name in names}
        most = max(excess.values())
        if most <= 0:  # nothing of it is left in what is looked at
            return cause.headline if cause.headline in names else names[0]
        clusters = [name for name in names if not is_margin(name)]
        shared = evidence.common(clusters, cause.since) if len(clusters) > 1 else ""
        if shared:  # whether or not its own rate is surely up
            return shared
        able = [name for name in names if excess[name] >= LEADING * most]

        def breadth(name: str) -> tuple[bool, int, int, str]:
            usual = evidence.expected(name, cause.since)
            return is_margin(name), round(4 * log(usual + 0.01)), len(described(name)), name

        return min(able, key=breadth)

    def close(self, cause: Cause, ts: float) -> None:
        """An incident is over."""
        del self.open[cause.id]
        cause.ended = ts
        self.over[cause.id] = cause
        while len(self.over) > REMEMBERED:
            del self.over[next(iter(self.over))]

    def apart(self, cause: Cause, evidence: Evidence) -> list[str]:
        """What is in an incident and surely of another cause: the clusters, then what they explain.

        What begins at once is taken for one; that two clusters keep to slices that exclude each
        other shows later. The one that began first stays.
        """
        clusters = cause.active_clusters()
        if len(clusters) < 2:
            return []
        clusters.sort(key=lambda name: (cause.members[name].since, name))
        kept: dict[str, str] = {}
        gone, sides = [], set()
        for name in clusters:
            mine = evidence.confined(name, cause.members[name].since, APART)
            against = {(kept[d], v) for d, v in mine.items() if kept.get(d, v) != v}
            if against:
                gone.append(name)
                sides |= against
            else:
                kept |= mine
        gone += [  # those that are not as sure, but lean to the other side
            name
            for name in clusters
            if name not in gone
            and any(evidence.leans(name, *side, cause.members[name].since) for side in sides)
        ]
        region = evidence.region(gone)
        margins = [name for name in cause.active() if gone and is_margin(name)]
        return gone + [
            name
            for name in margins
            if evidence.inside(name, region, cause.members[name].since) >= MOST
        ]

    def whole(self, cause: Cause, evidence: Evidence) -> Cause | None:
        """The open incident that all of another one turns out to belong to, of those before it."""
        names = cause.active_clusters() or cause.active()
        for other in self.open.values():
            if names and other.active() and other is not cause and _weight(other) >= _weight(cause):
                strengths = (
                    _strength(other, name, cause.members[name].since, evidence) for name in names
                )
                joint = structs.replace(other, members=other.members | cause.members)
                if all(s >= PROVEN for s in strengths) and not self.apart(joint, evidence):
                    return other
        return None

    def reopen(self, name: str, subject: str, since: float, evidence: Evidence) -> Cause | None:
        """An incident that was over goes on with a spike of what it was told by, or of a part of it.

        That one of the clusters of a bad version spikes for itself is another matter.
        """
        cause = self.over.get(name)
        if cause is None:
            return None
        if subject != cause.headline:
            part = evidence.inside(subject, evidence.region([cause.headline]), since)
            alike = evidence.keeps_to(subject, cause.headline, since) >= ALIKE
            if not is_margin(cause.headline) or part < MOST or not alike:
                return None
        del self.over[name]
        cause.since, cause.ended, cause.state = since, None, "regressed"
        cause.members, cause.again = {}, 0
        self.open[name] = cause
        return cause

    def rename(self, old: str, new: str) -> None:
        """A cluster goes on under another name."""
        for cause in (*self.open.values(), *self.over.values()):
            cause.rename(old, new)

    def unite(self, kept: Cause, gone: Cause) -> None:
        """Two incidents turn out to be one: its subjects go on in the one that is kept."""
        for name, member in gone.members.items():
            if name not in kept.members or not kept.members[name].active:
                kept.join(name, member)
        gone.members = {}

    def dump(self) -> list[Any]:
        """The state, as plain data."""
        return [
            msgspec.to_builtins(list(found.values()), str_keys=True)
            for found in (self.open, self.over)
        ]

    def load(self, row: list[Any]) -> None:
        """The inverse of ``dump``."""
        opened, over = (msgspec.convert(found, list[Cause]) for found in row)
        self.open = {cause.id: cause for cause in opened}
        self.over = {cause.id: cause for cause in over}


def _weight(cause: Cause) -> tuple[int, float, str]:
    """Which of two incidents goes on if they are one: that of more clusters, the older one."""
    return len(cause.active_clusters()), -cause.opened, cause.id


def _strength(cause: Cause, subject: str, began: float, evidence: Evidence) -> float:
    """How much a spike belongs to an incident; 0: it does not."""
    near = abs(began - cause.since) <= NEAR
    # What failed before the incident began says nothing of whether the rest is of it.
    since = max(began, cause.since) if near else began
    overlaps = (_overlap(cause, name, subject, since, evidence) for name in cause.active())
    overlap = max(overlaps, default=0.0)
    if overlap:
        return 4.0 + overlap  # the same failures
    if is_margin(subject):
        core = evidence.region({*cause.clusters(), cause.headline})
        explained = evidence.inside(subject, core, since)
        if explained >= MOST:
            return 3.0 + explained
    theirs, profile = _confined(cause, evidence), evidence.confined(subject, since)
    if any(theirs.get(name, value) != value for name, value in profile.items()):
        return 0.0
    shared = any(theirs.get(name) == value for name, value in profile.items())
    if (near and shared) or _linked(cause, subject, since, evidence, near=near):
        return PROVEN
    clusters = cause.active_clusters()
    broad = len(clusters) >= BROAD and not theirs and not is_margin(subject)
    gap = min(abs(began - cause.since), evidence.now - cause.opened)
    return float(gap <= (NEAR if broad else AT_ONCE))


def _confined(cause: Cause, evidence: Evidence) -> dict[str, str]:
    """What an incident is confined to, a kind as well: what tells it, if all of its clusters are."""
    found = evidence.confined(cause.headline, cause.since)
    if "kind" in described(cause.headline):
        found["kind"] = cause.headline
    clusters = cause.active_clusters()
    return {
        dimension: name
        for dimension, name in found.items()
        if evidence.hold(clusters, evidence.region([name]), cause.since)
    }


def _overlap(cause: Cause, name: str, subject: str, since: float, evidence: Evidence) -> float:
    """How much of two spikes is the same, each since it began, if most of either is."""
    mine = evidence.inside(subject, evidence.region([name]), since)
    if mine < MOST:
        return 0.0
    theirs = evidence.inside(name, evidence.region([subject]), cause.members[name].since)
    return min(mine, theirs) if theirs >= MOST else 0.0


def _linked(cause: Cause, subject: str, since: float, evidence: Evidence, *, near: bool) -> bool:
    """Whether a spike is a part of one of an incident's, or the other way round."""
    for name in cause.active():
        told = name == cause.headline
        if told and is_margin(name) and evidence.explains(name, subject, since):
            return True  # it is not what stands out
        least = ALIKE if near and told else LIKELY
        if (near or told) and evidence.links(subject, name, since, least):
            return True
        if near and evidence.links(name, subject, since, LIKELY):
            return True
    return False
