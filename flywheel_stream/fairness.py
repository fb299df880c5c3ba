"""Fairness: who is served worse, and who is missing from the training data, by watched attributes.

Each group of an attribute is compared with all others that gave the attribute: mean satisfaction,
failures per call, and its share of the curated examples over its share of calls. Attributes are
looked at one by one, never crossed, and a group of few people is never shown: it is pooled with
other small ones, and with the smallest large one as long as subtraction would tell. All intervals
hold together at ``1 - alpha``, for all groups, measures and looks (Bonferroni over asymptotic
confidence sequences, ``sequential.normal_interval``).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
from msgspec import Struct

from flywheel_stream.errors import expect_version
from flywheel_stream.sequential import Interval, normal_interval
from flywheel_stream.settling import SCORES, Minute, Outcome

PERIOD_DAYS = 28
"""Days over which satisfaction and failures are added up; then they begin anew."""

MAX_GROUPS = 30
"""Groups of an attribute that are told apart; later ones share ``OTHER``."""

OTHER, SMALL, NOT_GIVEN = "other", "small groups", "not given"

GAP_SCALE, RATIO_SCALE = 0.05, 0.4
"""Gaps at which intervals are narrowest: five points of satisfaction; one and a half times."""

_VERSION = 1


class Gap(NamedTuple):
    """A group beside the rest: a difference of means, or a ratio of rates."""

    estimate: float
    interval: Interval
    null: float
    """What it would be without a gap: 0 or 1."""

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out that there is no gap."""
        return self.interval.excludes(self.null)


class Group(NamedTuple):
    """A group of an attribute that is large enough to be shown; gaps are None where too few are."""

    attribute: str
    group: str
    calls: int
    scored: int
    satisfied: float | None
    failed: int
    curated: int
    satisfaction_gap: Gap | None
    failure_ratio: Gap | None
    curated_ratio: Gap | None

    def findings(self) -> list[str]:
        """A sentence for each gap that is clear."""
        who = f"{self.attribute} {self.group}"
        gap, failures, curated = self.satisfaction_gap, self.failure_ratio, self.curated_ratio
        out = []
        if gap is not None and gap.clear:
            low, high = sorted(abs(100 * end) for end in gap.interval)
            side = "below" if gap.estimate < 0 else "above"
            out.append(
                f"{who}: satisfaction {100 * abs(gap.estimate):.1f} points {side} the rest,"
                f" 95 % interval {low:.1f}\N{EN DASH}{high:.1f}"
            )
        for ratio, what in ((failures, "failures per call"), (curated, "share of curated data")):
            if ratio is not None and ratio.clear:
                than = "those of the rest" if ratio is failures else "its share of calls"
                out.append(
                    f"{who}: {what} {ratio.estimate:.2f} \N{MULTIPLICATION SIGN} {than}, 95 %"
                    f" interval {ratio.interval.low:.2f}\N{EN DASH}{ratio.interval.high:.2f}"
                )
        return out


class _Sums(Struct, array_like=True):
    """What is counted of a group."""

    calls: int = 0
    scored: int = 0
    halves: int = 0
    squares: int = 0
    failed: int = 0
    passed: int = 0
    """Calls since the beginning, which curated examples are compared with."""
    curated: int = 0
    people: list[int] = []
    """Marks of as many people as make the group large enough."""

    def add(self, other: "_Sums") -> None:
        for name in ("calls", "scored", "halves", "squares", "failed", "passed", "curated"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.people = [*self.people, *other.people]


class Fairness:
    """The gaps of one app: a fold over its settled minutes and its curated examples.

    Args:
        attributes: those that are watched; none other is looked at.
        min_group: people that a group must have to be shown or compared.
        alpha: the rate at which any interval may ever miss.
    """

    def __init__(
        self, attributes: Sequence[str] = (), *, min_group: int = 20, alpha: float = 0.05
    ) -> None:
        self._attributes = tuple(attributes)
        self._min_group = min_group
        self._alpha = alpha
        self._groups: dict[str, dict[str, _Sums]] = {name: {} for name in self._attributes}
        self._period = -1

    def settle(self, minute: Minute) -> None:
        """Counts a minute that has settled."""
        self._begin_period(int(minute.minute // (1440 * PERIOD_DAYS)))
        for (attribute, value), calls in sorted(minute.groups.items()):
            if attribute in self._groups:
                sums = self._sums(attribute, value)
                sums.calls += calls
                sums.passed += calls
        for call in minute.calls:
            for attribute in self._attributes:
                self._count(self._sums(attribute, call.groups.get(attribute, "")), call)

    def _begin_period(self, period: int) -> None:
        if period == self._period:
            return
        self._period = period
        for groups in self._groups.values():
            for name, sums in groups.items():
                groups[name] = _Sums(passed=sums.passed, curated=sums.curated)

    def _count(self, sums: _Sums, call: Outcome) -> None:
        if len(sums.people) < self._min_group and call.person:
            mark = crc32(call.person.encode("utf-8", "surrogatepass"))
            if mark not in sums.people:
                sums.people = [*sums.people, mark]
        if call.score is not None and call.counts:
            sums.scored += 1
            sums.halves += call.score
            sums.squares += call.score * call.score
        sums.failed += call.failed and call.counts_failed

    def curate(self, groups: Mapping[str, str], by: int) -> None:
        """Counts a curated example of a call with these groups, or takes it back (``by`` = -1)."""
        for attribute in self._attributes:
            self._sums(attribute, groups.get(attribute, "")).curated += by

    def _sums(self, attribute: str, value: str) -> _Sums:
        groups = self._groups[attribute]
        name = value or NOT_GIVEN
        if name not in groups and len(groups) >= MAX_GROUPS:
            name = OTHER
        return groups.setdefault(name, _Sums())

    # ------------------------------------------------------------ out

    def rows(self) -> list[Group]:
        """The groups that may be shown, by attribute and name; the pool of small ones last."""
        shown = {name: self._shown(groups) for name, groups in self._groups.items()}
        number = 3 * sum(name not in _UNCOMPARED for groups in shown.values() for name in groups)
        alpha = self._alpha / max(number, 1)
        return [
            self._row(attribute, name, sums, alpha)
            for attribute, groups in shown.items()
            for name, sums in groups.items()
        ]

    def _shown(self, groups: Mapping[str, _Sums]) -> dict[str, _Sums]:
        """Pools what is too small, and as much with it as hides it from subtraction."""
        order = sorted(
            (name for name, sums in groups.items() if sums.passed or sums.scored),
            key=lambda name: (len(groups[name].people), groups[name].calls, name),
        )
        pool, pooled = _Sums(), False
        while order and (
            len(groups[order[0]].people) < self._min_group
            or (pooled and len(pool.people) < self._min_group)
        ):
            pool.add(groups[order.pop(0)])
            pooled = True
        out = {name: groups[name] for name in sorted(order)}
        if pooled and len(pool.people) >= self._min_group:
            out[SMALL] = pool
        return out

    def _row(self, attribute: str, name: str, sums: _Sums, alpha: float) -> Group:
        row = Group(
            attribute=attribute,
            group=name,
            calls=sums.calls,
            scored=sums.scored,
            satisfied=sums.halves / SCORES / sums.scored if sums.scored else None,
            failed=sums.failed,
            curated=sums.curated,
            satisfaction_gap=None,
            failure_ratio=None,
            curated_ratio=None,
        )
        rest = _Sums()
        for other, found in self._groups[attribute].items():
            if other not in {name, NOT_GIVEN}:
                rest.add(found)
        if name in _UNCOMPARED or len(rest.people) < self._min_group:
            return row
        return row._replace(
            satisfaction_gap=_satisfaction_gap(sums, rest, alpha),
            failure_ratio=_failure_ratio(sums, rest, alpha),
            curated_ratio=_curated_ratio(sums, rest, alpha),
        )

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "period": self._period,
            "groups": [
                [attribute, name, msgspec.to_builtins(sums)]
                for attribute, groups in self._groups.items()
                for name, sums in groups.items()
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave; attributes that are no longer watched go.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, "Fairness")
        self._period = state["period"]
        self._groups = {name: {} for name in self._attributes}
        for attribute, name, row in state["groups"]:
            if attribute in self._groups:
                self._groups[attribute][name] = msgspec.convert(row, _Sums)


_UNCOMPARED = frozenset({SMALL, NOT_GIVEN})


def _satisfaction_gap(group: _Sums, rest: _Sums, alpha: float) -> Gap | None:
    if not group.scored or not rest.scored:
        return None
    estimate = (group.halves / group.scored - rest.halves / rest.scored) / SCORES
    variance = _variance(group) / group.scored + _variance(rest) / rest.scored
    found = normal_interval(estimate, variance, GAP_SCALE, alpha)
    return Gap(estimate, Interval(max(found.low, -1.0), min(found.high, 1.0)), 0.0)


def _variance(sums: _Sums) -> float:
    """Of one score, with one best and one worst more than were seen, so that it is never 0."""
    number = sums.scored + 2
    mean = (sums.halves + SCORES) / SCORES / number
    return (sums.squares + SCORES**2) / SCORES**2 / number - mean * mean


def _failure_ratio(group: _Sums, rest: _Sums, alpha: float) -> Gap | None:
    if not group.calls or not rest.calls or not group.failed or not rest.failed:
        return None
    ratio = group.failed / group.calls / (rest.failed / rest.calls)
    return _ratio(ratio, 1 / group.failed + 1 / rest.failed, alpha)


def _curated_ratio(group: _Sums, rest: _Sums, alpha: float) -> Gap | None:
    """The group's share of curated examples over its share of calls, of those that gave it."""
    curated, passed = group.curated + rest.curated, group.passed + rest.passed
    if not curated or not group.passed or not passed or not group.curated:
        return None
    ratio = group.curated / curated / (group.passed / passed)
    return _ratio(ratio, 1 / group.curated - 1 / curated + 1 / group.passed, alpha)


def _ratio(ratio: float, variance: float, alpha: float) -> Gap:
    """By the delta method on the logarithm."""
    found = normal_interval(math.log(ratio), variance, RATIO_SCALE, alpha)
    return Gap(ratio, Interval(math.exp(found.low), math.exp(found.high)), 1.0)
