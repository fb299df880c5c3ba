"""Traffic by minutes of event time, until a minute is over and can be counted as a whole."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from flywheel_stream.comparing import Passed
from flywheel_stream.events import Traffic
from flywheel_stream.margins import Where
from flywheel_stream.satisfaction import Slice

SECONDS = 60.0

Values = tuple[str, ...]
"""What a call's attributes say, of those that traffic is told apart by."""


class Minutes:
    """Whole numbers, added up as they come: how batches were cut does not show."""

    def __init__(self) -> None:
        # Of each minute of the epoch the calls of a slice and its values; True: the duplicates.
        self._counts: dict[int, Counter[tuple[Slice, Values, bool]]] = {}

    def take(
        self, record: Traffic, values: Callable[[Mapping[str, object]], Values], now: float
    ) -> int:
        """Adds a record up; returns how many of its minutes were over by event time ``now``."""
        late = 0
        for count in record.counts:
            where = Slice(count.model, count.variant, count.prompt_version)
            minute = self._counts.setdefault(count.minute, Counter())
            known = values(count.attributes)
            minute[where, known, False] += count.calls
            minute[where, known, True] += count.duplicates
            late += _end(count.minute) <= now
        return late

    def over(self, until: float, *, inclusive: bool) -> list[tuple[int, float]]:
        """The minutes that end before a time, or at it too, with their ends; in order."""
        ends = [(minute, _end(minute)) for minute in sorted(self._counts)]
        return [
            (minute, end) for minute, end in ends if end < until or (inclusive and end == until)
        ]

    def pop(self, minute: int) -> list[Passed]:
        """What passed in a minute, which is forgotten; in order of slices and values."""
        counts = self._counts.pop(minute)
        return [
            Passed(where, values, counts[where, values, False], counts[where, values, True])
            for where, values in sorted({(where, values) for where, values, _ in counts})
        ]

    def dump(self) -> list[Any]:
        """Everything, as plain data."""
        return [
            [minute, list(where), list(values), duplicate, number]
            for minute, counts in sorted(self._counts.items())
            for (where, values, duplicate), number in sorted(counts.items())
        ]

    @classmethod
    def load(cls, state: Iterable[Any], values: Callable[[Sequence[str]], Values]) -> "Minutes":
        """The inverse of ``dump``; ``values``: what is told apart now, from what was then."""
        self = cls()
        for minute, where, then, duplicate, number in state:
            key = (Slice(*where), values(then), duplicate)
            self._counts.setdefault(minute, Counter())[key] += number
        return self


def _end(minute: int) -> float:
    return SECONDS * (minute + 1)


def by_slice(passed: Iterable[Passed]) -> dict[Slice, tuple[int, int]]:
    """Calls and duplicates of each slice, whatever its values."""
    found: dict[Slice, tuple[int, int]] = {}
    for where, _, calls, duplicates in passed:
        before = found.get(where, (0, 0))
        found[where] = before[0] + calls, before[1] + duplicates
    return found


def by_margin(
    passed: Iterable[Passed], shown: Callable[[Values], tuple[tuple[str, str], ...]]
) -> dict[Where, int]:
    """The calls by what alerts tell apart."""
    found: dict[Where, int] = {}
    for where, values, calls, _ in passed:
        key = Where(*where, shown(values))
        found[key] = found.get(key, 0) + calls
    return found
