"""A/B arms: which one satisfies more, which one fails more, and where; valid at every look.

For each pair of arms that run beside each other two questions are asked after every settled
minute. **Satisfaction**: scored calls form blocks of one call of the rarer arm and up to eight of
the other; bets on the differences within blocks make a confidence sequence (``sequential``).
**Failures**, overall and by cluster: of two arms with equal rates, the next failure hits each in
proportion to its calls in those minutes. What changes for both arms at once cancels in either.

The rate of wrong verdicts is ``ALPHA`` for a pair, all questions and looks together. A deployment
begins its arms' comparisons anew: what an arm was says nothing of what it is.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np

from flywheel_stream.errors import expect_version
from flywheel_stream.sequential import (
    BET_SCALE,
    LEVELS,
    RATIO_SCALE,
    RATIO_STEP,
    RATIOS,
    STEPS,
    Interval,
    detectable,
    difference_interval,
    higher,
    lower,
    ratio_evidence,
    ratio_interval,
    ratio_term,
    share_evidence,
)
from flywheel_stream.settling import SCORES, Arm, Minute, Outcome

ALPHA = 0.05
"""Rate of wrong verdicts of a pair of arms without a difference, however often it is looked at."""

SATISFACTION, FAILURES, CLUSTERS = 0.6, 0.2, 0.2
"""Parts of ``ALPHA``; the n-th cluster of a pair gets 1 / n (n + 1) of the last."""

MISMATCH = 0.01
"""Rate at which arms that get the traffic they should are said not to."""

MAX_ARMS = 6
"""Arms of an app that are compared; one that was silent for an hour makes room for another."""

MAX_CLUSTERS = 40
"""Clusters of a pair whose failures are compared; later ones count overall alone."""

MAX_ENDED = 10
"""Comparisons that a deployment ended, which are still shown."""

MAX_BLOCK = 8
"""Calls of one arm in a block."""

_STRATUM = 20
"""Calls of both arms among which a failure is said to have hit either: a minute, or several."""

_SURPLUS = 16
"""Calls of one arm that wait before blocks take more than one of them."""

_STALE = 60
"""Minutes after which a scored call, or a failure, no longer waits for the other arm."""
_MAX_QUEUE = 512
_VERSION = 1

Kind = Literal["withheld", "pull_back", "winner", "mixed", "none"]


class Verdict(NamedTuple):
    """What a comparison comes to; ``arm`` is the one to pull back, or the winner."""

    kind: Kind
    arm: Arm | None
    sentence: str


class Ratio(NamedTuple):
    """Failures per call of the second arm over those of the first."""

    failures: tuple[int, int]
    """Of each arm, one a person, cluster and day."""
    estimate: float | None
    interval: Interval
    p: float
    """Anytime p-value: the least that it ever was, before the correction for several questions."""


class Comparison(NamedTuple):
    """Two arms since the later of their deployments; intervals hold jointly at ``1 - ALPHA``."""

    first: Arm
    second: Arm
    since: float
    """Seconds of the epoch."""
    until: float | None
    """When a deployment ended it; None: it goes on."""
    calls: tuple[int, int]
    scored: tuple[int, int]
    satisfied: tuple[float | None, float | None]
    """Mean scores, 0..1."""
    blocks: int
    difference: float | None
    """Satisfaction of the second arm less that of the first, within blocks."""
    interval: Interval
    p: float
    detectable: float
    """The least difference that would have been found by now in 80 % of cases."""
    failures: Ratio
    detectable_ratio: float
    clusters: dict[str, Ratio]
    mismatch: float | None
    """Anytime p-value that traffic is split as configured; None where nothing is configured."""
    verdict: Verdict


class Experiments:
    """The comparisons of one app: a fold over its settled minutes.

    Args:
        shares: by variant, the share of traffic that it should get; others are not checked.
    """

    def __init__(self, shares: Mapping[str, float] | None = None) -> None:
        self._shares = dict(shares or {})
        self._last: dict[Arm, int] = {}
        self._pairs: dict[tuple[Arm, Arm], _Pair] = {}
        self._ended: deque[tuple[tuple[Arm, Arm], _Pair]] = deque(maxlen=MAX_ENDED)
        self._restarts: list[tuple[float, str]] = []

    def restart(self, at: float, variant: str = "") -> None:
        """Notes a deployment; comparisons of its arms begin anew with the calls after it.

        Args:
            at: event time, seconds of the epoch.
            variant: whose version changed; empty: of all arms.
        """
        self._restarts.append((at, variant))
        self._restarts.sort()

    def settle(
        self, minute: Minute, resolve: Callable[[str], str] = lambda cluster: cluster
    ) -> None:
        """Counts a minute.

        Args:
            minute: what settled, later than all before.
            resolve: the present id of a cluster that may have been merged into another.
        """
        start = 60.0 * minute.minute
        while self._restarts and self._restarts[0][0] <= start:
            self._begin_anew(*self._restarts.pop(0))
        changing = {variant for at, variant in self._restarts if at < start + 60}
        for arm in sorted({*minute.arms, *(call.arm for call in minute.calls)}):
            # Else both versions are in this minute.
            if changing.isdisjoint({"", arm.variant}) and self._room(arm, minute.minute):
                self._last[arm] = minute.minute
        for key in self._beside(minute.minute):
            if not changing.isdisjoint({"", key[0].variant, key[1].variant}):
                continue
            calls = [call for call in minute.calls if call.arm in key]
            passed = (minute.arms.get(key[0], 0), minute.arms.get(key[1], 0))
            if calls or any(passed):
                pair = self._pairs.get(key)
                if pair is None:
                    pair = self._pairs[key] = _Pair(start)
                pair.resolve(resolve)
                pair.settle(minute.minute, key, calls, passed, resolve)
                pair.check(self._expected(key))

    def _beside(self, minute: int) -> Iterator[tuple[Arm, Arm]]:
        """Arms that run at the same time; two models of one variant are before and after."""
        running = sorted(arm for arm, last in self._last.items() if last >= minute - _STALE)
        for first, second in combinations(running, 2):
            if not first.variant or first.variant != second.variant:
                yield first, second

    def _begin_anew(self, at: float, variant: str) -> None:
        for key in [k for k in self._pairs if not variant or variant in {arm.variant for arm in k}]:
            pair = self._pairs.pop(key)
            if all(pair.calls):
                pair.until = at
                self._ended.append((key, pair))
        for arm in [arm for arm in self._last if not variant or arm.variant == variant]:
            del self._last[arm]

    def _room(self, arm: Arm, minute: int) -> bool:
        """Whether an arm may be compared; one that has long been silent makes room for it."""
        if arm in self._last or len(self._last) < MAX_ARMS:
            return True
        gone = min(self._last, key=lambda other: (self._last[other], other))
        if self._last[gone] >= minute - _STALE:
            return False
        del self._last[gone]
        for key in [key for key in self._pairs if gone in key]:
            del self._pairs[key]
        return True

    def _expected(self, key: tuple[Arm, Arm]) -> float | None:
        """The share of the second arm among both that is configured."""
        first, second = (self._shares.get(arm.variant, 0.0) for arm in key)
        return second / (first + second) if first > 0 and second > 0 else None

    def rows(self, label: Callable[[str], str] = lambda cluster: "") -> list[Comparison]:
        """Every pair with calls of both arms: those that go on by name, then those that ended.

        Args:
            label: a few words about a cluster, for sentences.
        """
        pairs = [*sorted(self._pairs.items(), key=lambda item: item[0]), *reversed(self._ended)]
        return [
            pair.compared(key, self._expected(key), label) for key, pair in pairs if all(pair.calls)
        ]

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "restarts": [list(restart) for restart in self._restarts],
            "last": [[*arm, minute] for arm, minute in self._last.items()],
            "pairs": [[*a, *b, pair.dump()] for (a, b), pair in self._pairs.items()],
            "ended": [[*a, *b, pair.dump()] for (a, b), pair in self._ended],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, "Experiments")
        self._restarts = [(at, variant) for at, variant in state["restarts"]]
        self._last = {Arm(m, v): minute for m, v, minute in state["last"]}
        self._pairs = dict(map(_revived, state["pairs"]))
        self._ended = deque(map(_revived, state["ended"]), maxlen=MAX_ENDED)


def _revived(row: list[Any]) -> "tuple[tuple[Arm, Arm], _Pair]":
    model, variant, other_model, other_variant, pair = row
    return (Arm(model, variant), Arm(other_model, other_variant)), _Pair.of(pair)


class _Rates:
    """Failures of two arms, and the partial likelihood of the ratio of their rates."""

    __slots__ = ("first", "information", "likelihoods", "peak", "second")

    def __init__(self) -> None:
        self.first = self.second = 0
        self.information = 0.0
        self.peak = 0.0
        self.likelihoods = np.zeros(len(RATIOS))

    def add(self, share: float, *, second: bool) -> None:
        self.first += not second
        self.second += second
        if 0.0 < share < 1.0:  # where one arm alone has calls, a failure says nothing of both
            self.information += share * (1.0 - share)
            self.likelihoods += ratio_term(share, second=second)

    def look(self) -> None:
        """Notes the strongest evidence so far."""
        self.peak = max(self.peak, max(ratio_evidence(self.likelihoods)) - _TWO_SIDES)

    def absorb(self, gone: "_Rates") -> None:
        self.first += gone.first
        self.second += gone.second
        self.information += gone.information
        self.likelihoods += gone.likelihoods

    def compared(self, alpha: float) -> Ratio:
        return Ratio(
            (self.first, self.second),
            _likeliest(self.likelihoods) if self.information else None,
            ratio_interval(self.likelihoods, alpha),
            math.exp(-self.peak),
        )

    def dump(self) -> list[Any]:
        return [self.first, self.second, self.information, self.peak, self.likelihoods.tolist()]

    @classmethod
    def of(cls, row: list[Any]) -> "_Rates":
        rates = cls()
        rates.first, rates.second, rates.information, rates.peak, likelihoods = row
        rates.likelihoods = np.array(likelihoods)
        return rates


class _Pair:
    """Two arms beside each other since a moment."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.until: float | None = None
        self.calls = [0, 0]
        self.scored = [0, 0]
        self.halves = [0, 0]
        self.queues: tuple[deque[list[int]], deque[list[int]]] = (deque(), deque())
        self.counts = np.zeros(len(LEVELS), dtype=np.int64)
        self.peak = 0.0
        self.mismatch = 0.0
        self.rates = _Rates()
        self.clusters: dict[str, tuple[int, _Rates]] = {}
        self.ranks = 0
        self.opened: int | None = None
        """The first minute of the stratum whose failures are still gathered."""
        self.passed = [0, 0]
        self.failed: list[tuple[int, str | None]] = []

    # ------------------------------------------------------------ in

    def resolve(self, resolve: Callable[[str], str]) -> None:
        """Follows merges: what two clusters failed is what their union failed."""
        for old in [name for name in self.clusters if resolve(name) != name]:
            rank, gone = self.clusters.pop(old)
            first, kept = self.clusters.get(resolve(old), (rank, _Rates()))
            kept.absorb(gone)
            self.clusters[resolve(old)] = (min(rank, first), kept)

    def settle(
        self,
        minute: int,
        arms: tuple[Arm, Arm],
        calls: list[Outcome],
        passed: tuple[int, int],
        resolve: Callable[[str], str],
    ) -> None:
        self.opened = minute if self.opened is None else self.opened
        for side in (0, 1):
            self.calls[side] += passed[side]
            self.passed[side] += passed[side]
        self.failed += (
            (arms.index(call.arm), call.cluster)
            for call in calls
            if call.failed and call.counts_failed
        )
        full = sum(self.passed) >= _STRATUM and all(self.passed)
        if full or minute - self.opened >= _STALE:
            self._close_stratum(resolve)
        for call in calls:
            if call.score is not None and call.counts:
                side = arms.index(call.arm)
                self.scored[side] += 1
                self.halves[side] += call.score
                self.queues[side].append([minute, call.score])
        for queue in self.queues:
            while queue and (queue[0][0] < minute - _STALE or len(queue) > _MAX_QUEUE):
                queue.popleft()
        self._build_blocks()

    def _close_stratum(self, resolve: Callable[[str], str]) -> None:
        """Counts the failures of some minutes by the calls that both arms had in them."""
        hit = [sum(side == which for which, _ in self.failed) for side in (0, 1)]
        at_risk = [max(self.passed[side], hit[side]) for side in (0, 1)]
        looked = []
        for side, cluster in self.failed:
            share = at_risk[1] / sum(at_risk)
            at_risk[side] -= 1  # a call fails once
            for rates in self._rates_of(resolve(cluster) if cluster else None):
                rates.add(share, second=side == 1)
                looked.append(rates)
        for rates in dict.fromkeys(looked):
            rates.look()
        self.opened, self.passed, self.failed = None, [0, 0], []

    def _rates_of(self, cluster: str | None) -> Iterator[_Rates]:
        yield self.rates
        if cluster is None:
            return
        if cluster not in self.clusters and len(self.clusters) < MAX_CLUSTERS:
            self.ranks += 1
            self.clusters[cluster] = (self.ranks, _Rates())
        if cluster in self.clusters:
            yield self.clusters[cluster][1]

    def _build_blocks(self) -> None:
        """Forms blocks of the latest calls that wait, by how many do and not by their scores."""
        first, second = self.queues
        built = False
        while first and second:
            sizes = _share_out(len(first), len(second))
            means = [
                sum(queue.pop()[1] for _ in range(size)) * (STEPS // SCORES // size)
                for queue, size in zip(self.queues, sizes, strict=True)
            ]
            self.counts[means[1] - means[0] + STEPS] += 1
            built = True
        if built:
            found = max(float(higher(self.counts)), float(lower(self.counts)))
            self.peak = max(self.peak, found - _TWO_SIDES)

    def check(self, share: float | None) -> None:
        """Looks whether traffic is split as it should be."""
        if share is not None:
            found = share_evidence(np.array(self.calls), np.array([1.0 - share, share]))
            self.mismatch = max(self.mismatch, found)

    # ------------------------------------------------------------ out

    def compared(
        self, arms: tuple[Arm, Arm], share: float | None, label: Callable[[str], str]
    ) -> Comparison:
        blocks = int(self.counts.sum())
        mean = float(self.counts @ LEVELS) / blocks if blocks else 0.0
        variance = float(self.counts @ LEVELS**2) / blocks - mean * mean if blocks else 0.0
        clusters = {
            name: rates.compared(ALPHA * CLUSTERS / (rank * (rank + 1)))
            for name, (rank, rates) in sorted(self.clusters.items(), key=lambda c: c[1][0])
        }
        found = Comparison(
            first=arms[0],
            second=arms[1],
            since=self.since,
            until=self.until,
            calls=(self.calls[0], self.calls[1]),
            scored=(self.scored[0], self.scored[1]),
            satisfied=(self._satisfied(0), self._satisfied(1)),
            blocks=blocks,
            difference=mean if blocks else None,
            interval=difference_interval(self.counts, ALPHA * SATISFACTION),
            p=math.exp(-self.peak),
            detectable=detectable(
                variance / max(blocks, 1), BET_SCALE * variance, ALPHA * SATISFACTION
            ),
            failures=self.rates.compared(ALPHA * FAILURES),
            detectable_ratio=self._detectable_ratio(),
            clusters=clusters,
            mismatch=None if share is None else math.exp(-self.mismatch),
            verdict=_NOTHING,
        )
        return found._replace(verdict=_verdict(found, share, label))

    def _satisfied(self, side: int) -> float | None:
        scored = self.scored[side]
        return self.halves[side] / SCORES / scored if scored else None

    def _detectable_ratio(self) -> float:
        if not self.rates.information:
            return math.inf
        least = detectable(1.0 / self.rates.information, RATIO_SCALE, ALPHA * FAILURES)
        return math.exp(least) if least < 700 else math.inf

    def dump(self) -> list[Any]:
        return [
            self.since,
            self.until,
            self.calls,
            self.scored,
            self.halves,
            [list(queue) for queue in self.queues],
            self.counts.tolist(),
            self.peak,
            self.mismatch,
            self.rates.dump(),
            [[name, rank, rates.dump()] for name, (rank, rates) in self.clusters.items()],
            self.ranks,
            [self.opened, self.passed, self.failed],
        ]

    @classmethod
    def of(cls, row: list[Any]) -> "_Pair":
        pair = cls(row[0])
        pair.until = row[1]
        pair.calls, pair.scored, pair.halves = (list(counts) for counts in row[2:5])
        pair.queues = (deque(row[5][0]), deque(row[5][1]))
        pair.counts = np.array(row[6], dtype=np.int64)
        pair.peak, pair.mismatch = row[7:9]
        pair.rates = _Rates.of(row[9])
        pair.clusters = {name: (rank, _Rates.of(rates)) for name, rank, rates in row[10]}
        pair.ranks = row[11]
        pair.opened, pair.passed, failed = row[12]
        pair.failed = [(side, cluster) for side, cluster in failed]
        return pair


def _share_out(first: int, second: int) -> tuple[int, int]:
    """How many calls of each arm go into a block, by how many wait.

    One of each says most per call; a surplus that does not go away is used up by blocks of one and
    a power of two.
    """
    most, least = max(first, second), min(first, second)
    size = min(max((most - _SURPLUS) // least, 1), MAX_BLOCK)
    size = 1 << size.bit_length() - 1
    return (size, 1) if first > second else (1, size)


def _likeliest(likelihoods: Any) -> float:
    """The ratio at the top of a parabola through the three best grid points."""
    best = int(likelihoods.argmax())
    if not 0 < best < len(RATIOS) - 1:
        return math.exp(RATIOS[best])
    before, top, after = likelihoods[best - 1 : best + 2]
    bend = before - 2 * top + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return math.exp(RATIOS[best] + shift * RATIO_STEP)


# ---------------------------------------------------------------- words

_TWO_SIDES = math.log(2.0)
"""Half of the evidence is staked on each direction."""

_NOTHING = Verdict("none", None, "")


def _verdict(found: Comparison, share: float | None, label: Callable[[str], str]) -> Verdict:
    """The comparison in a sentence: whether it may be trusted, then harm, then a winner."""
    if found.mismatch is not None and found.mismatch <= MISMATCH and share is not None:
        seen = found.calls[1] / sum(found.calls)
        return Verdict(
            "withheld",
            None,
            f"no verdict: {found.second} got {_percent(seen)} of the calls of both arms instead of"
            f" {_percent(share)} (p {found.mismatch:.1g}), so what they got may differ as well",
        )
    harm = _harm(found, label)
    better = _better(found)
    if harm is None:
        return better or _none(found)
    if better is not None and better.arm == harm.arm:
        return Verdict("mixed", None, f"no winner: {better.sentence}; but {harm.sentence}")
    return harm


def _harm(found: Comparison, label: Callable[[str], str]) -> Verdict | None:
    """The arm that fails clearly more often: in the cluster where it is worst, else overall."""
    worst: tuple[float, Verdict] | None = None
    for name, ratio in found.clusters.items():
        if (harm := _more_failures(found, ratio, _cluster_words(name, label(name)))) and (
            worst is None or harm[0] > worst[0]
        ):
            worst = harm
    worst = worst or _more_failures(found, found.failures, "failures")
    return worst[1] if worst else None


def _cluster_words(name: str, label: str) -> str:
    return f"failures of cluster {name} ({label})" if label else f"failures of cluster {name}"


def _more_failures(found: Comparison, ratio: Ratio, what: str) -> tuple[float, Verdict] | None:
    """The lower end of how many times more one arm fails, and the verdict on it; or nothing."""
    if ratio.estimate is None or not ratio.interval.excludes(1.0):
        return None
    arm, times, interval = found.second, ratio.estimate, ratio.interval
    if interval.high < 1.0:
        arm, times = found.first, 1.0 / times
        interval = Interval(1.0 / interval.high, 1.0 / interval.low)
    times_sign = "\N{MULTIPLICATION SIGN}"
    told = (
        f"{what} {times:.1f} {times_sign}, 95 % interval {_span(interval)}"
        if min(ratio.failures)
        else f"{what} at least {interval.low:.1f} {times_sign} (95 %; the other arm had none)"
    )
    return interval.low, Verdict("pull_back", arm, f"pull back {arm}: {told}")


def _better(found: Comparison) -> Verdict | None:
    if found.difference is None or not found.interval.excludes(0.0):
        return None
    arm, by, interval = found.second, found.difference, found.interval
    if interval.high < 0.0:
        arm, by = found.first, -by
        interval = Interval(-interval.high, -interval.low)
    return Verdict(
        "winner",
        arm,
        f"{arm} satisfies more: +{100 * by:.1f} points, 95 % interval {_span(interval, 100)}",
    )


def _none(found: Comparison) -> Verdict:
    if not found.blocks or found.detectable >= 1.0:
        return Verdict("none", None, "no difference shown: too few scored calls to see any")
    return Verdict(
        "none",
        None,
        f"no difference shown: one of {100 * found.detectable:.1f} points in satisfaction would"
        " have been found by now in 80 % of cases",
    )


def _span(interval: Interval, unit: float = 1.0) -> str:
    return f"{unit * interval.low:.1f}\N{EN DASH}{unit * interval.high:.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
