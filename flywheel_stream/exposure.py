"""Exposure: calls times the rhythm of failures, minute by minute, and what is learnt of it.

Failures of an app are rare among its calls, so how many are to be expected is a rate times the
exposure. What happened lately is held back from the baseline, so that a spike does not teach it.
"""

from collections.abc import Iterator
from math import ldexp
from typing import Any, NamedTuple

from flywheel_stream.decay import RESCALE, Clock
from flywheel_stream.rhythm import DAYS, HOURS, Place, Rhythm, place

TRAILING = 30
"""Signals come later than their calls, so exposure falls no faster than the mean over these
minutes."""

HELD = 60
"""Minutes that are held back, at most; a quarter of the app's age while that is less."""
HELD_AT_LEAST = 10


class Now(NamedTuple):
    """What a minute's end knows of time and traffic, for all subjects.

    ``begin`` and ``end`` are the cumulated exposure around the last minute; ``fast`` and ``slow``
    what is learnt of it, weighted, and ``weights`` those of now; ``bins`` the slow one by hour of
    day and by day; ``doubt`` is the squared relative error of the rhythm.
    """

    ts: float
    minute: int
    begin: float
    end: float
    fast: float
    slow: float
    bins: list[float]
    weights: tuple[float, float]
    usual: float  # calls a minute
    doubt: float
    at: Place


class Exposure:
    """Of one app, or of some of its calls.

    Args:
        fast: weights of what is forgotten soon.
        slow: and of what is forgotten late.
        app: that of the app, whose rhythm some of its calls have, and since when they are counted.
    """

    def __init__(self, fast: Clock, slow: Clock, app: "Exposure | None" = None) -> None:
        self.rhythm: Rhythm = Rhythm() if app is None else app.rhythm
        self._learns_rhythm = app is None
        self.fast = 0.0
        self.slow = 0.0
        self.bins = [0.0] * (HOURS + DAYS)
        self.next: int = 0 if app is None else app.next  # the first minute that is not closed
        self._born = self.next
        self._clocks = (fast, slow)
        self._calls = 0.0  # weighted, nothing held back
        self._waiting: dict[int, int] = {}  # calls of minutes that are not closed
        self._trail: list[int] = []
        self._total = 0.0
        self._totals: dict[int, float] = {}  # at the begin of the latest minutes
        self._dry: tuple[int, float, float] | None = None  # no calls: since, total then, usual
        self._held: list[tuple[int, float, int]] = []  # minute, exposure, calls
        self._refreshed = -1  # the hour of the last look at the rhythm

    def add(self, minute: int, calls: int) -> None:
        """Counts calls of a minute; of one that is closed, only for the mean."""
        if minute < self.next:
            self._calls += calls * self._clocks[0].weight(minute)
        else:
            self._waiting[minute] = self._waiting.get(minute, 0) + calls

    def close(self, until: int) -> Iterator[int]:
        """Closes the minutes before ``until``; yields the horizons up to which is to be learnt."""
        if not self.next:
            self.next = until
            return
        while self.next < until:
            if not any(self._trail) and not self._waiting.get(self.next):
                self._skip(min([until, *(m for m in self._waiting if m >= self.next)]))
            else:
                yield self.horizon(self.next)
                self._close(self.next)
                self.next += 1
        yield self.horizon(until)

    def _skip(self, to: int) -> None:
        """Passes minutes in which nothing was called: exposure goes on as usual, unlearnt."""
        if self._dry is None:
            self._dry = (self.next, self._total, self._usual(self.next))
        self._trail = []
        self._totals = {}
        self.next = to
        self._total = self.total(to)

    def _close(self, minute: int) -> None:
        at = place(minute)
        calls = self._waiting.pop(minute, 0)
        self._trail = [*self._trail[1 - TRAILING :], calls]
        fast, slow = self._clocks
        trailing = max(min(TRAILING, fast.age(minute) + 1), 1)
        floored = max(float(calls), sum(self._trail) / trailing)
        if self._learns_rhythm and minute // 60 != self._refreshed:
            self._refreshed = minute // 60
            self.rhythm.refresh(slow.weight(minute))
        factor = self.rhythm.factor(at)
        self._dry = None
        self._totals[minute] = self._total
        self._totals.pop(minute - HELD - 1, None)
        self._total += floored * factor
        self._calls += calls * fast.weight(minute)
        self._held.append((minute, calls * factor, calls))

    def horizon(self, minute: int) -> int:
        """The first minute that is held back."""
        age = self._clocks[0].age(minute)
        return minute - max(HELD_AT_LEAST, min(HELD, age // 4))

    def learn(self, horizon: int) -> list[tuple[int, float]]:
        """Learns the minutes before the horizon; returns them, with their exposure."""
        learnt = []
        while self._held and self._held[0][0] < horizon:
            minute, exposure, calls = self._held.pop(0)
            fast, slow = (clock.weight(minute) for clock in self._clocks)
            at = place(minute)
            self.fast += fast * exposure
            self.slow += slow * exposure
            self.bins[at.hour] += slow * exposure
            self.bins[HOURS + at.day] += slow * exposure
            if self._learns_rhythm:
                self.rhythm.learn(at, 0.0, slow * calls)
            learnt.append((minute, exposure))
        return learnt

    def ahead(self) -> tuple[float, float]:
        """What is learnt, fast and slow, once all that is held back will be."""
        fast, slow = self.fast, self.slow
        for minute, exposure, _ in self._held:
            fast += exposure * self._clocks[0].weight(minute)
            slow += exposure * self._clocks[1].weight(minute)
        return fast, slow

    def total(self, minute: int) -> float:
        """Cumulated exposure at the begin of a minute, no further back than ``HELD`` minutes."""
        if self._dry is not None and minute >= self._dry[0]:
            since, total, usual = self._dry
            return total + usual * (minute - since)
        if minute >= self.next:
            return self._total
        return self._totals.get(minute, min(self._totals.values(), default=self._total))

    def _usual(self, minute: int) -> float:
        clock = self._clocks[0]
        elapsed = clock.minutes(minute) - (clock.minutes(self._born) if self._born else 0.0)
        return self._calls / elapsed if elapsed > 0 and self._calls > 0 else 1.0

    @property
    def known(self) -> bool:
        """Whether there were any calls."""
        return self._calls > 0

    def now(self, app: Now | None = None) -> Now:
        """At the end of the last minute that is closed.

        Args:
            app: what the app's exposure knows then, if this is of some of its calls.
        """
        minute = self.next
        if app is not None:
            return app._replace(
                begin=self.total(minute - 1),
                end=self.total(minute),
                fast=self.fast,
                slow=self.slow,
                bins=self.bins,
                usual=self._usual(minute),
            )
        fast, slow = self._clocks
        at = place(minute - 1)
        weights = (fast.weight(minute), slow.weight(minute))
        return Now(
            minute * 60.0,
            minute,
            self.total(minute - 1),
            self.total(minute),
            self.fast,
            self.slow,
            self.bins,
            weights,
            self._usual(minute),
            self.rhythm.doubt(at, weights[1]),
            at,
        )

    def scale_fast(self) -> None:
        """Follows the landmark of the fast weights."""
        self.fast = ldexp(self.fast, -RESCALE)
        self._calls = ldexp(self._calls, -RESCALE)

    def scale_slow(self) -> None:
        """Follows the landmark of the slow weights."""
        self.slow = ldexp(self.slow, -RESCALE)
        self.bins = [ldexp(value, -RESCALE) for value in self.bins]
        if self._learns_rhythm:
            self.rhythm.scale()

    def dump(self) -> list[Any]:
        """The state, as plain data."""
        return [
            self.rhythm.dump() if self._learns_rhythm else None,
            [self.fast, self.slow, self._calls, self._total],
            self.bins,
            [self.next, self._refreshed, self._born],
            [[minute, calls] for minute, calls in self._waiting.items()],
            self._trail,
            [[minute, total] for minute, total in self._totals.items()],
            self._dry,
            self._held,
        ]

    def load(self, row: list[Any]) -> None:
        """The inverse of ``dump``."""
        rhythm, sums, self.bins, marks, waiting, self._trail, totals, dry, held = row
        if rhythm is not None:
            self.rhythm.load(rhythm)
        self.fast, self.slow, self._calls, self._total = sums
        self.next, self._refreshed, *born = marks
        self._born = born[0] if born else 0
        self._waiting = dict(waiting)
        self._totals = dict(totals)
        self._dry = None if dry is None else (dry[0], dry[1], dry[2])
        self._held = [(minute, exposure, calls) for minute, exposure, calls in held]
