"""Margins: kinds, models, arms, prompts and slices whose failure rates are watched beside clusters.

A margin is a metric of some of an app's calls: all of them, those of a model, those with a value of
a configured attribute. A failure counts in every margin that holds its call. Denominators are the
calls of that slice from ``traffic``; of what only failures have, a kind, they are all calls.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from flywheel_stream.decay import Clock
from flywheel_stream.exposure import Exposure
from flywheel_stream.heavy import HeavyHitters

FAILURES = "failures"
UNSATISFIED = "unsatisfied"
"""Failures whose user said so; what checks alone found is not among them."""

_SEPARATOR = "\x1f"
_MAX_KNOWN = 10_000


class Where(NamedTuple):
    """What a call is told apart by; ``values`` are the configured attributes that it has."""

    model: str
    variant: str = ""
    prompt_version: str = ""
    values: tuple[tuple[str, str], ...] = ()


class Margin(NamedTuple):
    """A row of the table: which calls, of which metric, have a failure rate of their own.

    ``by`` are fields of ``Where``, all of which a call must have; ``kind`` is that of the failure.
    """

    metric: str
    by: tuple[str, ...] = ()


TABLE: tuple[Margin, ...] = (
    Margin(FAILURES),
    Margin(FAILURES, ("kind",)),
    Margin(FAILURES, ("model",)),
    Margin(FAILURES, ("model", "variant")),
    Margin(FAILURES, ("model", "prompt_version")),
    Margin(UNSATISFIED),
    Margin(UNSATISFIED, ("model", "variant")),
)
"""Every margin; configured attributes have one each, of failures, on top."""


def margin(metric: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """The name of a margin, which no cluster has."""
    flat = (part.replace(_SEPARATOR, " ") for pair in pairs for part in pair)
    return _SEPARATOR + _SEPARATOR.join((metric, *flat))


ALL = margin(FAILURES)


def is_margin(subject: str) -> bool:
    """Whether a subject is a margin, else it is a cluster."""
    return subject.startswith(_SEPARATOR)


def described(subject: str) -> dict[str, str]:
    """A subject as alerts have it: its cluster, or its metric and slice."""
    if not is_margin(subject):
        return {"cluster": subject}
    _, metric, *flat = subject.split(_SEPARATOR)
    return {"metric": metric, **dict(zip(flat[::2], flat[1::2], strict=True))}


@lru_cache(maxsize=4096)
def slice_of(subject: str) -> str:
    """The slice whose calls are a margin's denominators; empty: all calls."""
    _, _, *flat = subject.split(_SEPARATOR)
    return "" if flat[:1] == ["kind"] else _SEPARATOR.join(flat)


def whole(subject: str) -> str:
    """The margin of all calls with a margin's metric."""
    return margin(described(subject)["metric"])


class Slices:
    """The slices of one app with rows of their own, and what was called in each.

    Args:
        fast: weights of what is forgotten soon.
        slow: and of what is forgotten late.
        app: the app's exposure.
        most: slices of a dimension; the rest is watched as a part of the whole alone.
    """

    def __init__(self, fast: Clock, slow: Clock, app: Exposure, most: int) -> None:
        self._clocks = fast, slow
        self._app = app
        self._most = most
        self._dimensions: dict[str, HeavyHitters] = {}
        self._exposures: dict[str, Exposure] = {}
        self._known: dict[Where, list[str]] = {}
        self._hour = 0

    def exposure(self, key: str) -> Exposure | None:
        """Of a slice; None where it has no row any more."""
        return self._exposures.get(key) if key else self._app

    def margins(self, where: Where, kinds: Sequence[str], *, unsatisfied: bool) -> tuple[str, ...]:
        """The margins in which a failure counts."""
        keys = self._keys(where)
        found = []
        for row in TABLE:
            if row.metric == UNSATISFIED and not unsatisfied:
                continue
            if row.by == _BY_KIND:
                found += [margin(row.metric, [("kind", kind)]) for kind in kinds]
            elif not row.by:
                found.append(margin(row.metric))
            elif (key := _key(_pairs(where, row.by))) in keys:
                found.append(_named(row.metric, key))
        own = (_key([pair]) for pair in where.values)
        return (*found, *(_named(FAILURES, key) for key in own if key in keys))

    def add(self, minute: int, calls: Mapping[Where, int]) -> list[str]:
        """Counts calls of a minute (of the epoch), by what tells them apart.

        Returns:
            Slices that lost their rows, at the first minute of an hour that has calls.
        """
        gone = self._pass_hour(minute // 60) if calls else []
        totals: dict[str, int] = {}
        for where, number in calls.items():
            for dimension, key in _dimensions(where):
                self._hitters(dimension).see(key, number)
            for key in self._keys(where):
                totals[key] = totals.get(key, 0) + number
        for key, number in totals.items():
            self._exposures[key].add(minute, number)
        return gone

    def close(self, until: int) -> Iterator[tuple[str, int, float]]:
        """Closes the minutes before ``until``; yields slice, minute and exposure that it learns."""
        for key, exposure in self._exposures.items():
            for horizon in exposure.close(until):
                for minute, learnt in exposure.learn(horizon):
                    yield key, minute, learnt

    def _pass_hour(self, hour: int) -> list[str]:
        """Gives rows to slices that are called more; what was seen halves with each day."""
        before, self._hour = self._hour, max(self._hour, hour)
        if self._hour == before:
            return []
        gone = []
        for heavy in self._dimensions.values():
            gone += [old for old, _ in heavy.hand_over() if old]
            heavy.fade(min(self._hour // 24 - before // 24, 63))
        for key in gone:
            self._exposures.pop(key, None)
        if gone:
            self._known = {}
        return gone

    def scale_fast(self) -> None:
        """Follows the landmark of the fast weights."""
        for exposure in self._exposures.values():
            exposure.scale_fast()

    def scale_slow(self) -> None:
        """Follows the landmark of the slow weights."""
        for exposure in self._exposures.values():
            exposure.scale_slow()

    def _keys(self, where: Where) -> list[str]:
        """The slices with a row that hold a call; makes rows while there are free ones."""
        keys = self._known.get(where)
        if keys is None:
            keys = []
            for dimension, key in _dimensions(where):
                if self._hitters(dimension).own(key):
                    keys.append(key)
                    if key not in self._exposures:
                        self._exposures[key] = Exposure(*self._clocks, self._app)
            if len(self._known) >= _MAX_KNOWN:
                self._known = {}
            self._known[where] = keys
        return keys

    def _hitters(self, dimension: str) -> HeavyHitters:
        found = self._dimensions.get(dimension)
        if found is None:
            found = self._dimensions[dimension] = HeavyHitters(self._most)
        return found

    def dump(self) -> list[Any]:
        """The state, as plain data."""
        return [
            [[name, *heavy.dump()] for name, heavy in self._dimensions.items()],
            [[key, exposure.dump()] for key, exposure in self._exposures.items()],
            self._hour,
        ]

    def load(self, row: list[Any]) -> None:
        """The inverse of ``dump``."""
        dimensions, exposures, self._hour = row
        self._dimensions, self._exposures, self._known = {}, {}, {}
        for name, rows, seen in dimensions:
            self._hitters(name).load(rows, seen)
        for key, state in exposures:
            self._exposures[key] = Exposure(*self._clocks, self._app)
            self._exposures[key].load(state)


_BY_KIND = ("kind",)
_SLICED = tuple(row.by for row in TABLE if row.metric == FAILURES and row.by and row.by != _BY_KIND)


def _pairs(where: Where, by: Sequence[str]) -> list[tuple[str, str]]:
    values = [(field, getattr(where, field)) for field in by]
    return values if all(value for _, value in values) else []


def _key(pairs: Iterable[tuple[str, str]]) -> str:
    return slice_of(margin(FAILURES, pairs))


def _named(metric: str, key: str) -> str:
    return _SEPARATOR + metric + _SEPARATOR + key


def _dimensions(where: Where) -> Iterator[tuple[str, str]]:
    """The dimensions that a call has a value in, and the slice of each."""
    for by in _SLICED:
        pairs = _pairs(where, by)
        if pairs:
            yield _SEPARATOR.join(by), _key(pairs)
    for pair in where.values:
        if pair[0] not in Where._fields:
            yield pair[0], _key([pair])
