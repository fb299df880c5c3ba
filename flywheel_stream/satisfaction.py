"""How satisfied users are: River's running means per model, arm and prompt version, by event time.

Every update can be taken back, because a later signal on the same call is a revision of what
was counted. The recent mean is exponentially weighted by event time: a River mean whose weights
grow with time instead of its sums shrinking ("forward decay", Cormode et al., ICDE 2009), so an
update can be reverted by the weight it came with, whatever came between.
"""

from collections.abc import Iterable, Iterator, Sequence
from math import exp2, ldexp, sqrt
from typing import Any, NamedTuple

from river import stats

from flywheel_stream.errors import expect_version
from flywheel_stream.sequential import Interval, wilson

RECENT_HALF_LIFE = 3600.0
"""Seconds of event time after which an answer weighs half in the recent mean."""

MAX_HOURS = 5_000
"""Cells of (hour, slice) that are kept; beyond, the oldest hours are forgotten."""

THUMBS = ("up", "middle", "down")
_VERSION = 1
_RESCALE = 512
"""Half-lives after which weights are scaled down, by a power of two, which loses no digit."""


class Slice(NamedTuple):
    """What a call is told apart by."""

    model: str
    variant: str = ""
    prompt_version: str = ""


OTHER = Slice("other")
"""Takes what comes after ``max_slices`` slices."""


class SliceStats(NamedTuple):
    """One slice since the beginning; means are None before the first judged call."""

    slice: Slice
    calls: int
    duplicates: int
    judged: int
    satisfied_mean: float | None
    recent: float | None
    thumbs: dict[str, int]


class HourStats(NamedTuple):
    """One slice in one hour; ``hour`` is its start in seconds of the epoch."""

    hour: float
    slice: Slice
    calls: int
    judged: int
    satisfied_mean: float | None
    thumbs: dict[str, int]


class Satisfaction:
    """Satisfaction of one app, per slice, as a whole, recently and by hour.

    The first ``max_slices`` slices have rows of their own, the rest shares ``OTHER``. A slice
    keeps its row for good, so that a revision finds what it takes back.

    Args:
        max_slices: rows that are kept, ``OTHER`` not counted.
    """

    def __init__(self, *, max_slices: int = 200) -> None:
        self._max_slices = max_slices
        self._totals: dict[Slice, _Total] = {}
        self._hours: dict[int, dict[Slice, _Tally]] = {}
        self._cells = 0
        self._forgotten = -1  # the latest hour whose cells were given up
        self._landmark: float | None = None

    def update(
        self, s: Slice, ts: float, satisfied: float, weight: float, thumb: str | None
    ) -> None:
        """Counts one judged call.

        Args:
            s: the slice of the call.
            ts: event time, seconds of the epoch.
            satisfied: 0..1.
            weight: 0..1, how sure that is (1 - uncertainty).
            thumb: ``up``, ``middle``, ``down`` or None.
        """
        self._move_landmark(ts)
        judged = (satisfied, _exact(weight), thumb)
        total = self._total(s)
        total.update(*judged)
        total.update_recent(satisfied, judged[1] * self._growth(ts))
        hour = self._hour(self._key(s), ts)
        if hour is not None:
            hour.update(*judged)

    def revert(
        self, s: Slice, ts: float, satisfied: float, weight: float, thumb: str | None
    ) -> None:
        """Takes back an earlier ``update`` with the same arguments.

        Counts and weights come back exactly, means within rounding.

        Raises:
            ValueError: the slice has no judged call that could be taken back.
        """
        judged = (satisfied, _exact(weight), thumb)
        total = self._total(s)
        total.revert(*judged)
        total.revert_recent(satisfied, judged[1] * self._growth(ts))
        hour = self._hour(self._key(s), ts)
        if hour is not None:
            hour.revert(*judged)

    def traffic(self, s: Slice, minute: int, calls: int, duplicates: int) -> None:
        """Counts what passed in a minute (minutes of the epoch), judged or not."""
        total = self._total(s)
        total.calls += calls
        total.duplicates += duplicates
        hour = self._hour(self._key(s), minute * 60.0)
        if hour is not None:
            hour.calls += calls

    def rows(self) -> list[SliceStats]:
        """Every slice since the beginning, sorted by name."""
        return [
            SliceStats(
                key,
                total.calls,
                total.duplicates,
                total.judged,
                _value(total.mean),
                _value(total.recent),
                total.thumbs(),
            )
            for key, total in sorted(self._totals.items())
        ]

    def hours(self) -> list[HourStats]:
        """The time series that is kept, sorted by hour and slice; empty hours are left out."""
        return [
            HourStats(hour * 3600.0, key, cell.calls, cell.judged, _value(cell.mean), cell.thumbs())
            for hour, key, cell in self._sorted_cells()
        ]

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "landmark": self._landmark,
            "forgotten": self._forgotten,
            "totals": [[*key, *total.dump()] for key, total in self._totals.items()],
            "hours": [[hour, *key, *cell.dump()] for hour, key, cell in self._sorted_cells()],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, "Satisfaction")
        self._landmark = state["landmark"]
        self._forgotten = state["forgotten"]
        self._totals = {Slice(*row[:3]): _Total.of(row[3:]) for row in state["totals"]}
        self._hours = {}
        for hour, *row in state["hours"]:
            self._hours.setdefault(hour, {})[Slice(*row[:3])] = _Tally.of(row[3:])
        self._cells = len(state["hours"])

    def _key(self, s: Slice) -> Slice:
        return s if s in self._totals else OTHER

    def _total(self, s: Slice) -> "_Total":
        total = self._totals.get(s)
        if total is not None:
            return total
        own = len(self._totals) - (OTHER in self._totals)
        key = s if own < self._max_slices else OTHER
        return self._totals.setdefault(key, _Total())

    def _hour(self, key: Slice, ts: float) -> "_Tally | None":
        """The cell of an hour, or None where that hour is forgotten."""
        hour = int(ts // 3600)
        if hour <= self._forgotten:
            return None
        cells = self._hours.setdefault(hour, {})
        cell = cells.get(key)
        if cell is None:
            cell = cells[key] = _Tally()
            self._cells += 1
            self._forget_oldest(hour)
        return cell

    def _forget_oldest(self, but: int) -> None:
        while self._cells > MAX_HOURS:
            oldest = min(self._hours)
            if oldest == but:
                return  # more slices than cells in one hour: the settings say so
            self._cells -= len(self._hours.pop(oldest))
            self._forgotten = oldest

    def _sorted_cells(self) -> "Iterator[tuple[int, Slice, _Tally]]":
        for hour in sorted(self._hours):
            for key, cell in sorted(self._hours[hour].items()):
                yield hour, key, cell

    def _growth(self, ts: float) -> float:
        """The weight of an answer at ``ts`` relative to one at the landmark."""
        landmark = ts if self._landmark is None else self._landmark
        # Whatever is older than the weights can tell apart has no weight.
        return exp2(max((ts - landmark) / RECENT_HALF_LIFE, -1000.0))

    def _move_landmark(self, ts: float) -> None:
        if self._landmark is None:
            self._landmark = ts
        while ts - self._landmark > _RESCALE * RECENT_HALF_LIFE:
            self._landmark += _RESCALE * RECENT_HALF_LIFE
            for total in self._totals.values():
                total.recent = _mean(ldexp(total.recent.n, -_RESCALE), total.recent.get())


class _Tally:
    """Counters and the mean of one slice, or of one slice in one hour."""

    __slots__ = ("calls", "down", "judged", "mean", "middle", "up")

    def __init__(self) -> None:
        self.calls = self.judged = self.up = self.middle = self.down = 0
        self.mean = stats.Mean()

    def update(self, satisfied: float, weight: float, thumb: str | None) -> None:
        self.judged += 1
        self._thumb(thumb, 1)
        if weight:
            self.mean.update(satisfied, weight)

    def revert(self, satisfied: float, weight: float, thumb: str | None) -> None:
        if not self.judged:
            raise ValueError("nothing was judged that could be taken back")
        self.judged -= 1
        self._thumb(thumb, -1)
        if weight:
            self.mean.revert(satisfied, weight)

    def thumbs(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in THUMBS}

    def _thumb(self, thumb: str | None, by: int) -> None:
        if thumb in THUMBS:
            setattr(self, thumb, getattr(self, thumb) + by)

    def dump(self) -> list[Any]:
        counts = [self.calls, self.judged, self.up, self.middle, self.down]
        return [*counts, self.mean.n, self.mean.get()]

    @classmethod
    def of(cls, row: list[Any]) -> "_Tally":
        tally = cls()
        tally._restore(row)
        return tally

    def _restore(self, row: list[Any]) -> None:
        self.calls, self.judged, self.up, self.middle, self.down = row[:5]
        self.mean = _mean(*row[5:7])


class _Total(_Tally):
    """A slice since the beginning, with its recent mean."""

    __slots__ = ("duplicates", "recent")

    def __init__(self) -> None:
        super().__init__()
        self.duplicates = 0
        self.recent = stats.Mean()

    def update_recent(self, satisfied: float, weight: float) -> None:
        if weight:
            self.recent.update(satisfied, weight)

    def revert_recent(self, satisfied: float, weight: float) -> None:
        # What is left after rounding is noise: River would divide by it, or refuse to go below 0.
        left = self.recent.n - weight
        if not self.judged or left <= weight * 1e-9:
            self.recent = stats.Mean()
        elif weight:
            self.recent.revert(satisfied, weight)

    def dump(self) -> list[Any]:
        return [*super().dump(), self.duplicates, self.recent.n, self.recent.get()]

    @classmethod
    def of(cls, row: list[Any]) -> "_Total":
        total = cls()
        total._restore(row)
        total.duplicates = row[7]
        total.recent = _mean(*row[8:10])
        return total


def _mean(n: float, mean: float) -> stats.Mean:
    return stats.Mean._from_state(n, mean)  # noqa: SLF001 (River's own way to revive one)


def _value(mean: stats.Mean) -> float | None:
    # Rounding in a reverted mean must not leave the range of what was averaged.
    return min(max(mean.get(), 0.0), 1.0) if mean.n > 0 else None


def _exact(weight: float) -> float:
    """A weight in 1024ths: sums of those are exact, so what is taken back leaves nothing."""
    return round(weight * 1024) / 1024


# ---------------------------------------------------------------- who votes


class Stratum(NamedTuple):
    """Calls that are alike in what is known of all calls, and the votes on them."""

    calls: int
    up: int
    middle: int
    down: int

    @property
    def rated(self) -> int:
        """Calls with a vote."""
        return self.up + self.middle + self.down

    @property
    def score(self) -> float:
        """Summed votes: up 1, middle a half."""
        return self.up + self.middle / 2


class Voters(NamedTuple):
    """Satisfaction among those who voted, and what it says of all; intervals of 95 % for one look."""

    calls: int
    rated: int
    among_rated: float | None
    rated_interval: Interval
    among_all: float | None
    """As if in each stratum those who are silent thought as those who vote."""
    all_interval: Interval
    bounds: Interval
    """Without any assumption: all who are silent are unhappy, or happy (Manski, AER 1990)."""


LEAST_VOTES = 5
"""Strata with fewer votes are put together."""


def who_votes(strata: Iterable[Stratum]) -> Voters:
    """Corrects the rate among votes by who votes: post-stratification (Holt and Smith, JRSS A 1979).

    Angry users vote more, so do some arms' and groups' users. Each stratum counts by its share of
    calls instead of its share of votes.

    Args:
        strata: disjoint, together all calls.
    """
    full: list[Stratum] = []
    rest = Stratum(0, 0, 0, 0)
    for stratum in strata:
        if stratum.rated >= LEAST_VOTES:
            full.append(stratum)
        else:
            rest = _together(rest, stratum)
    if rest.rated or (rest.calls > 0 and not full):
        full.append(rest)
        rest = Stratum(0, 0, 0, 0)
    whole = rest
    for stratum in full:
        whole = _together(whole, stratum)
    calls = max(whole.calls, whole.rated)
    rated = whole.score / whole.rated if whole.rated else None
    low = whole.score / calls if calls else 0.0
    high = low + (calls - whole.rated) / calls if calls else 1.0
    estimate, interval = _poststratified(full, max(rest.calls, 0))
    return Voters(
        calls=calls,
        rated=whole.rated,
        among_rated=rated,
        rated_interval=wilson(whole.score, whole.rated),
        among_all=estimate,
        all_interval=interval,
        bounds=Interval(low, min(high, 1.0)),
    )


def _poststratified(full: Sequence[Stratum], silent: int) -> tuple[float | None, Interval]:
    """The estimate and its interval; of ``silent`` calls in strata without a vote nothing is known."""
    sizes = [max(stratum.calls, stratum.rated) for stratum in full]
    total = sum(sizes)
    if not total or not all(stratum.rated for stratum in full):
        return None, Interval(0.0, 1.0)
    mean = variance = 0.0
    for stratum, size in zip(full, sizes, strict=True):
        share = size / total
        mean += share * stratum.score / stratum.rated
        # Two votes more than there were (Agresti and Coull, 1998): none has a variance of 0.
        near = (stratum.score + 1) / (stratum.rated + 2)
        variance += share * share * near * (1 - near) / stratum.rated
    known = total / (total + silent)
    reach = 1.96 * sqrt(variance)
    low, high = max(mean - reach, 0.0) * known, min(mean + reach, 1.0) * known + 1 - known
    return mean, Interval(low, high)


def _together(one: Stratum, other: Stratum) -> Stratum:
    return Stratum(*(a + b for a, b in zip(one, other, strict=True)))
