"""Forward decay: sums that forget, with nothing to do as time passes.

The weights of new minutes grow and sums never shrink (Cormode et al., ICDE 2009), so no result
depends on how often it is looked at.
"""

from math import exp2, log
from typing import Any

RESCALE = 64
"""The landmark moves by so many half-lives; a power of two loses no digit."""


class Clock:
    """Weights of minutes; the landmark moves so that they stay finite.

    Args:
        half_life: seconds.
    """

    def __init__(self, half_life: float) -> None:
        self.half_life = half_life
        self.started: float | None = None
        self._landmark = 0.0

    def advance(self, ts: float) -> int:
        """Starts or moves the landmark; says how many times all sums have to be scaled."""
        if self.started is None:
            self.started = ts
            self._landmark = ts // 60 * 60
        steps = int((ts - self._landmark) // (RESCALE * self.half_life))
        if steps > 0:
            self._landmark += steps * RESCALE * self.half_life
        return max(steps, 0)

    def weight(self, minute: int) -> float:
        """Of what happens in a minute of the epoch."""
        return exp2(max((minute * 60.0 - self._landmark) / self.half_life, -1000.0))

    def minutes(self, minute: int) -> float:
        """The weighted number of minutes since the start: the integral of the weight."""
        if self.started is None:
            return 0.0
        span = self.weight(minute) - self.weight(int(self.started // 60))
        return span * self.half_life / 60.0 / log(2)

    def age(self, minute: int) -> int:
        """Minutes since the start."""
        return 0 if self.started is None else minute - int(self.started // 60)

    def dump(self) -> list[Any]:
        """The state, as plain data."""
        return [self._landmark, self.started]

    def load(self, row: list[Any]) -> None:
        """The inverse of ``dump``."""
        self._landmark, self.started = row
