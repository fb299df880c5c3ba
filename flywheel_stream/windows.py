"""Satisfaction in the last five minutes, hour, day and week of event time, by what tells calls apart.

One table of counts for each value of each dimension (model, arm, prompt version, cluster, topic,
chosen attributes). All counts are whole numbers, so a sum is the same in any order, a revision
leaves nothing behind, and what is shown equals a recount of the records. The values of a dimension
that have a row of their own are its heavy hitters; all others share one. Values that become one
(clusters, topics) add up, and what was counted under any of them can still be taken back.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import inf, nextafter
from typing import Any, NamedTuple

from flywheel_stream.errors import expect_version
from flywheel_stream.event_time import NEVER
from flywheel_stream.heavy import HeavyHitters


class Window(NamedTuple):
    """A stretch of event time: the bucket that goes on, and ``buckets`` whole ones before it."""

    name: str
    bucket: int
    """Seconds; by up to as much the window is longer than its name says."""
    buckets: int


WINDOWS = (
    Window("5m", 60, 5),
    Window("1h", 300, 12),
    Window("1d", 3600, 24),
    Window("1w", 21_600, 28),
)

OTHER = "other"
"""Takes the values of a dimension that have no row of their own."""

ALL = "all"
"""The dimension of everything; its only value is empty."""

Cell = Sequence[int]
"""Calls, duplicates, judged, weight, satisfied, up, middle, down, failed."""

_WEIGHT = 1024
_SATISFIED = 1 << 20
_EMPTY = (0,) * 9
_AGE = 86_400
"""Seconds after which what was seen of a value counts half for its rank."""
_VERSION = 2


def traffic(calls: int, duplicates: int = 0) -> Cell:
    """What passed."""
    return (calls, duplicates, 0, 0, 0, 0, 0, 0, 0)


def judged(satisfied: float, weight: float, thumb: str | None, *, failed: bool) -> Cell:
    """What a judged call counts.

    Args:
        satisfied: 0..1.
        weight: 0..1, how sure that is; counted in 1024ths.
        thumb: ``up``, ``middle``, ``down`` or None.
        failed: whether it is a failure.
    """
    sure = round(weight * _WEIGHT)
    thumbs = (int(thumb == name) for name in ("up", "middle", "down"))
    return (0, 0, 1, sure, round(satisfied * sure * _SATISFIED), *thumbs, int(failed))


class WindowStats(NamedTuple):
    """One value of a dimension in one window.

    Calls count at their own time, judgements when they were known. ``none`` are calls without a
    thumb; for clusters, which only judged calls have, ``calls`` is 0 and ``none`` too. For topics
    all of it is of the sampled calls.
    """

    dimension: str
    value: str
    window: str
    calls: int
    duplicates: int
    judged: int
    satisfied: float | None
    """Mean probability of satisfaction, 0..1, by how sure each is."""
    up: int
    middle: int
    down: int
    none: int
    failed: int


class Windows:
    """Counts of one app by dimension, value and window.

    Args:
        max_values: values of a dimension with a row of their own (see ``heavy``); rows change hands
            at whole hours, when a value was seen twice as often as one that has a row.
    """

    def __init__(self, *, max_values: int = 20) -> None:
        self._max_values = max_values
        self._rows: dict[str, dict[str, _Row]] = {}
        self._heavy: dict[str, HeavyHitters] = {}
        self._heirs: dict[str, dict[str, str]] = {}  # by value that was merged, who has its row
        self._now: float = NEVER
        self._cut: tuple[float, float, list[int | None]] = (NEVER, NEVER, [])

    def count(self, ts: float, where: Mapping[str, str], cell: Cell, *, by: int = 1) -> None:
        """Counts a cell in every dimension, or takes it back.

        Args:
            ts: event time, seconds of the epoch.
            where: the value in each dimension.
            cell: from ``traffic`` or ``judged``.
            by: 1, or -1 for what was counted before with the same ``ts`` and ``where``, whatever
                has been merged since.
        """
        if ts > self._now:
            before, self._now = self._now, ts
            if ts // 3600 > before // 3600 and before != NEVER:
                self._pass_hour(before)
        buckets = self._buckets(ts)
        changes = [(place, by * number) for place, number in enumerate(cell) if number]
        for dimension, value in where.items():
            if by > 0 and value != OTHER:
                self._hitters(dimension).see(value, max(cell[0], 1))
            self._row(dimension, value, ts, new=by > 0).count(buckets, changes)

    def _buckets(self, ts: float) -> list[int | None]:
        """Where a time lies in each window; None where that is over."""
        if self._cut[0] == ts and self._cut[1] == self._now:  # of a minute there are many counts
            return self._cut[2]
        out: list[int | None] = []
        for window in WINDOWS:
            bucket = int(ts // window.bucket)
            over = bucket < int(self._now // window.bucket) - window.buckets
            out.append(None if over else bucket)
        self._cut = ts, self._now, out
        return out

    def _row(self, dimension: str, value: str, ts: float, *, new: bool) -> "_Row":
        """Where a value was counted at a time: in a row of its own since, else with the others."""
        rows = self._rows.setdefault(dimension, {})
        own = rows.get(self._heirs.get(dimension, {}).get(value, value))
        if own is not None and own.holds(value, ts):
            return own
        if new and own is None and value != OTHER and self._hitters(dimension).own(value):
            own = rows[value] = _Row(NEVER)
            return own
        return rows.setdefault(OTHER, _Row(NEVER))

    def merge(self, dimension: str, old: str, new: str) -> None:
        """One value of a dimension became another: what it counted goes on under that one.

        What was counted among the others stays there.
        """
        if old == new or dimension not in self._rows:
            return
        rows, heirs = self._rows[dimension], self._heirs.setdefault(dimension, {})
        self._hitters(dimension).merge(old, new)
        gone = rows.pop(old, None)
        if gone is None:
            return
        kept = rows.get(new)
        if kept is None:
            # Its own counts up to now, if there are any, are among the others.
            kept = rows[new] = _Row(nextafter(self._now, inf) if OTHER in rows else NEVER)
        kept.add(gone)
        kept.merged |= gone.merged | {old: (gone.since, self._now)}
        heirs |= dict.fromkeys(kept.merged, new)

    def _hitters(self, dimension: str) -> HeavyHitters:
        found = self._heavy.get(dimension)
        if found is None:
            found = self._heavy[dimension] = HeavyHitters(self._max_values)
        return found

    def _pass_hour(self, before: float) -> None:
        hour = self._now // 3600 * 3600
        halves = min(int(self._now // _AGE) - int(before // _AGE), 63)
        for dimension, rows in self._rows.items():
            heavy = self._hitters(dimension)
            for gone, value in heavy.hand_over():  # what the former counted joins the others
                if gone:
                    rows.setdefault(OTHER, _Row(NEVER)).add(rows.pop(gone))
                rows[value] = _Row(hour)
            heavy.fade(halves)
            for row in rows.values():
                row.prune(self._now)
            self._heirs[dimension] = _heirs(rows)

    def rows(self, now: float | None = None) -> list[WindowStats]:
        """Every value and window in which anything was counted; by dimension, value, length.

        Args:
            now: end of the windows, seconds of the epoch; None: the latest time counted.
        """
        end = self._now if now is None else now
        if end == NEVER:
            return []
        return [
            _stats(dimension, value, window, cell)
            for dimension, rows in sorted(self._rows.items())
            for value, row in sorted(rows.items())
            for window, cell in row.sums(end)
            if any(cell)
        ]

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "now": self._now,
            "seen": {name: heavy.dump()[1] for name, heavy in self._heavy.items()},
            "filled": [name for name, heavy in self._heavy.items() if heavy.filled],
            "rows": [
                [dimension, value, row.since, row.dump(), row.dump_merged()]
                for dimension, rows in self._rows.items()
                for value, row in rows.items()
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, "Windows")
        self._now = state["now"]
        self._rows = {}
        for dimension, value, since, cells, merged in state["rows"]:
            self._rows.setdefault(dimension, {})[value] = _Row(since, cells, merged)
        self._heirs = {name: _heirs(rows) for name, rows in self._rows.items()}
        self._heavy = {}
        for name, seen in state["seen"].items():
            own = [value for value in self._rows.get(name, ()) if value != OTHER]
            self._hitters(name).load(own, seen, filled=name in state["filled"])


class _Row:
    """The buckets of one value, for each window, and which of what it counts are its own."""

    __slots__ = ("cells", "merged", "since")

    def __init__(
        self,
        since: float,
        cells: Sequence[Sequence[Any]] = ((),) * 4,
        merged: Sequence[tuple[str, float, float]] = (),
    ) -> None:
        self.since = since
        self.cells: list[dict[int, list[int]]] = [
            {bucket: list(cell) for bucket, cell in level} for level in cells
        ]
        self.merged = {name: (own, last) for name, own, last in merged}
        # by value that became this one: since when it is counted here, and its last count at most

    def holds(self, value: str, ts: float) -> bool:
        """Whether what a value counted at a time is here; it is this row's, or was merged into it."""
        known = self.merged.get(value)
        if known is None:
            return ts >= self.since
        if ts > known[1]:  # a name that is used once more
            self.merged[value] = (known[0], ts)
        return ts >= known[0]

    def count(self, buckets: Sequence[int | None], changes: Sequence[tuple[int, int]]) -> None:
        for bucket, cells in zip(buckets, self.cells, strict=True):
            if bucket is None:
                continue
            kept = cells.get(bucket)
            if kept is None:
                kept = cells[bucket] = list(_EMPTY)
            for place, by in changes:
                kept[place] += by

    def add(self, other: "_Row") -> None:
        for mine, cells in zip(self.cells, other.cells, strict=True):
            for bucket, cell in cells.items():
                mine[bucket] = [a + b for a, b in zip(mine.get(bucket, _EMPTY), cell, strict=True)]

    def prune(self, now: float) -> None:
        for window, cells in zip(WINDOWS, self.cells, strict=True):
            first = int(now // window.bucket) - window.buckets
            for bucket in [bucket for bucket in cells if bucket < first]:
                del cells[bucket]
        longest = WINDOWS[-1]
        over = (now // longest.bucket - longest.buckets) * longest.bucket  # cannot be taken back
        self.merged = {name: known for name, known in self.merged.items() if known[1] >= over}

    def sums(self, now: float) -> Iterator[tuple[str, list[int]]]:
        for window, cells in zip(WINDOWS, self.cells, strict=True):
            last = int(now // window.bucket)
            inside = [c for bucket, c in cells.items() if 0 <= last - bucket <= window.buckets]
            yield window.name, [sum(numbers) for numbers in zip(*inside, strict=True)]

    def dump(self) -> list[Any]:
        return [[[bucket, cell] for bucket, cell in cells.items()] for cells in self.cells]

    def dump_merged(self) -> list[Any]:
        return [[name, *known] for name, known in self.merged.items()]


def _heirs(rows: Mapping[str, _Row]) -> dict[str, str]:
    return {name: value for value, row in rows.items() for name in row.merged}


def _stats(dimension: str, value: str, window: str, cell: Cell) -> WindowStats:
    calls, duplicates, number, weight, satisfied, up, middle, down, failed = cell
    return WindowStats(
        dimension,
        value,
        window,
        calls,
        duplicates,
        number,
        satisfied / weight / _SATISFIED if weight else None,
        up,
        middle,
        down,
        max(calls - up - middle - down, 0),
        failed,
    )
