"""What all who take part in the traffic share: the scenario, chance, and what is due."""

import heapq
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from stream.simulator.scenario import Input, Planted, Record, Scenario, SimEvent


class Chances(Random):
    """Seeded chance: whoever takes part draws from the one sequence, so their order is fixed."""

    def chance(self, share: float) -> bool:
        """True in that share of cases."""
        return self.random() < share

    def weighted(self, table: Sequence[tuple[Any, float]]) -> Any:
        """A name out of pairs of name and weight."""
        names, weights = zip(*table, strict=True)
        return self.choices(names, weights)[0]


class Schedule:
    """What will happen, by the time at which it does; after the end nothing does."""

    def __init__(self, end: float, planted: Planted) -> None:
        self._end = end
        self._planted = planted
        self._due: list[tuple[float, int, SimEvent]] = []
        self.pushed = 0  # ever; ids are made of it

    def __len__(self) -> int:
        return len(self._due)

    def push(self, at: float, to: Input, record: Record, outcome: str) -> bool:
        """Schedules a record; False where it is too late, and nothing is counted."""
        ts = round(at, 3)
        if ts > self._end:
            return False
        record.setdefault("ts", ts)
        self.add(SimEvent(ts, to, record), outcome)
        return True

    def add(self, event: SimEvent, outcome: str) -> None:
        """Schedules an event as it is, and counts what becomes of it."""
        self.pushed += 1
        heapq.heappush(self._due, (event.ts, self.pushed, event))
        self._planted.outcomes[event.input][outcome] += 1

    def until(self, now: float) -> Iterator[SimEvent]:
        """What happens up to then, in order; it is gone afterwards."""
        while self._due and self._due[0][0] <= now:
            yield heapq.heappop(self._due)[2]


class Stage(NamedTuple):
    """What all share."""

    scenario: Scenario
    planted: Planted
    rng: Chances
    schedule: Schedule

    @classmethod
    def of(cls, scenario: Scenario, planted: Planted) -> "Stage":
        """As it is before anything has happened."""
        return cls(scenario, planted, Chances(scenario.seed), Schedule(scenario.end, planted))
