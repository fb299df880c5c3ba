"""The rhythm of failures a call: time of day, day of week, and each hour of the week, learnt.

Three levels of Gamma-Poisson factors, each on what the one before leaves: 24 hours of the day, 7
days, 168 hours of the week. Each factor starts at one and moves as failures come, so with
little history there is no rhythm, with days there is one of the day, with weeks one of the week.
Hours are those of UTC.
"""

from math import ldexp
from typing import Any, NamedTuple

from flywheel_stream.decay import RESCALE

HOURS, DAYS, SLOTS = 24, 7, 168
BY_HOUR, BY_DAY, BY_SLOT = 60.0, 150.0, 100.0
"""Failures that a factor of one is worth: before any came, an hour may be off by 1/sqrt(60)."""


class Place(NamedTuple):
    """Where a minute lies in the week: hour of day, day, and how far it is into the hour, 0..1."""

    hour: int
    day: int
    part: float

    @property
    def slot(self) -> int:
        """The hour of the week."""
        return self.day * HOURS + self.hour


def place(minute: int) -> Place:
    """Of a minute of the epoch; day 0 is Thursday, as the epoch's."""
    return Place(minute // 60 % HOURS, minute // (60 * HOURS) % DAYS, minute % 60 / 60.0)


class Rhythm:
    """The factors of one app, of mean one over its calls."""

    def __init__(self) -> None:
        self._failures = [0.0] * SLOTS
        self._calls = [0.0] * SLOTS
        self._factors = [1.0] * SLOTS

    def learn(self, at: Place, failures: float, calls: float) -> None:
        """Adds weighted failures and calls of a minute; shows after ``refresh``."""
        self._failures[at.slot] = max(self._failures[at.slot] + failures, 0.0)
        self._calls[at.slot] += calls

    def factor(self, at: Place) -> float:
        """Failures a call then, relative to the mean; between the middles of hours, a line."""
        shift = at.part - 0.5
        near = self._factors[(at.slot + (1 if shift > 0 else -1)) % SLOTS]
        return self._factors[at.slot] * (1 - abs(shift)) + near * abs(shift)

    def doubt(self, at: Place, weight: float) -> float:
        """Squared relative error of the factor, from the failures that it was learnt from."""
        hour = sum(self._failures[at.hour :: HOURS]) / weight
        day = sum(self._failures[at.day * HOURS : (at.day + 1) * HOURS]) / weight
        return 1 / (BY_HOUR + hour) + 1 / (BY_DAY + day)

    def refresh(self, weight: float) -> None:
        """Computes the factors anew; ``weight`` is that of now."""
        total = sum(self._calls)
        if total <= 0:
            return
        mean = sum(self._failures) / total
        failures = [value / weight for value in self._failures]
        flat = [mean * value / weight for value in self._calls]
        hours = [
            (sum(failures[h::HOURS]) + BY_HOUR) / (sum(flat[h::HOURS]) + BY_HOUR)
            for h in range(HOURS)
        ]
        left = [value * hours[n % HOURS] for n, value in enumerate(flat)]
        days = [
            (sum(failures[n : n + HOURS]) + BY_DAY) / (sum(left[n : n + HOURS]) + BY_DAY)
            for n in range(0, SLOTS, HOURS)
        ]
        factors = []
        for n, value in enumerate(left):
            usual = hours[n % HOURS] * days[n // HOURS]
            rest = value * days[n // HOURS]
            factors.append(usual * (failures[n] + BY_SLOT) / (rest + BY_SLOT))
        level = sum(f * c for f, c in zip(factors, self._calls, strict=True)) / total
        self._factors = [factor / level for factor in factors]

    def scale(self) -> None:
        """Follows the landmark of the weights."""
        self._failures = [ldexp(value, -RESCALE) for value in self._failures]
        self._calls = [ldexp(value, -RESCALE) for value in self._calls]

    def dump(self) -> list[Any]:
        """The state, as plain data."""
        return [self._failures, self._calls, self._factors]

    def load(self, row: list[Any]) -> None:
        """The inverse of ``dump``."""
        self._failures, self._calls, self._factors = (list(values) for values in row)
