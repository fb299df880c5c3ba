"""When a judgement counts for a comparison: once, a fixed time after its call.

A judged call is revised as signals come. A test that may be looked at at any time must not count
it twice, nor choose the moment by what it says; so each call counts as it stands ``delay`` seconds
after the minute of the call, and later revisions change figures of satisfaction, but no test.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from zlib import crc32

import msgspec
from msgspec import Struct

from flywheel_stream.event_time import NEVER

SCORES = 2
"""The score of a satisfied user; scores are counted in halves: 0, 1, 2."""

_MAX_PEOPLE = 100_000
"""People of one day that are told apart; whoever comes after them counts each time."""


class Arm(NamedTuple):
    """What answered: a model and its variant."""

    model: str
    variant: str = ""

    def __str__(self) -> str:
        arm = f"arm {self.variant}" if self.variant else ""
        return ", ".join(filter(None, (self.model, arm)))


class Outcome(Struct, array_like=True):
    """How a call stands; a revision replaces it."""

    at: float
    """When the call was made, seconds of the epoch."""
    arm: Arm
    person: str
    """Its user, else its session, else nothing; a hash."""
    score: int | None
    """Halves of satisfaction, 0..2; None where nothing is known of it."""
    failed: bool
    cluster: str | None
    groups: dict[str, str]
    """Its value of each attribute that is watched."""
    counts: bool = True
    """Whether it is the first scored call of this person and arm on its day."""
    counts_failed: bool = True
    """Whether it is the first failure of this person in its cluster on its day."""


class Minute(NamedTuple):
    """A minute whose calls have settled."""

    minute: int
    """Minutes of the epoch."""
    calls: list[Outcome]
    """Those that were judged, in the order of (time, trace)."""
    arms: Mapping[Arm, int]
    """All calls that passed, by arm."""
    groups: Mapping[tuple[str, str], int]
    """All calls that passed, by attribute and value."""


class Settling:
    """Holds judged calls and traffic back until they have settled.

    Args:
        delay: seconds of event time after the minute of the call.
        max_waiting: judged calls that wait at most; beyond, the oldest minute settles early.
    """

    def __init__(self, delay: float, *, max_waiting: int = 50_000) -> None:
        self._delay = delay
        self._max_waiting = max_waiting
        self._calls: dict[int, dict[str, Outcome]] = {}
        self._arms: dict[int, Counter[Arm]] = {}
        self._groups: dict[int, Counter[tuple[str, str]]] = {}
        self._waiting = 0
        self._settled: float = NEVER
        self._next: int | None = None  # the oldest minute that waits
        self._day = -1
        self._people: set[int] = set()

    def judge(self, trace_id: str, outcome: Outcome) -> None:
        """Notes how a call stands; nothing changes any more once its minute has settled."""
        minute = int(outcome.at // 60)
        if minute <= self._settled:
            return
        calls = self._calls.setdefault(minute, {})
        self._waiting += trace_id not in calls
        calls[trace_id] = outcome
        self._expect(minute)

    def pass_calls(
        self, minute: int, arms: Mapping[Arm, int], groups: Mapping[tuple[str, str], int]
    ) -> None:
        """Notes the traffic of a minute; what comes late counts in the next one that settles."""
        if minute <= self._settled:
            minute = int(self._settled) + 1
        self._arms.setdefault(minute, Counter()).update(arms)
        self._groups.setdefault(minute, Counter()).update(groups)
        self._expect(minute)

    def advance(self, now: float, *, inclusive: bool = True) -> list[Minute]:
        """Returns the minutes that have settled, in order, each once.

        Args:
            now: event time.
            inclusive: whether those that settle at ``now`` itself are among them.
        """
        out = []
        while self._next is not None:
            due = 60.0 * (self._next + 1) + self._delay
            if (due > now or (due == now and not inclusive)) and not self._crowded():
                break
            out.append(self._settle(self._next))
            self._next = min((*self._calls, *self._arms), default=None)
        return out

    def _crowded(self) -> bool:
        return self._waiting > self._max_waiting

    def _expect(self, minute: int) -> None:
        self._next = minute if self._next is None else min(minute, self._next)

    def _settle(self, minute: int) -> Minute:
        self._settled = minute
        waiting = self._calls.pop(minute, {})
        self._waiting -= len(waiting)
        calls = sorted(waiting.items(), key=lambda item: (item[1].at, item[0]))
        for trace_id, outcome in calls:
            self._mark(trace_id, outcome)
        return Minute(
            minute,
            [outcome for _, outcome in calls],
            self._arms.pop(minute, Counter()),
            self._groups.pop(minute, Counter()),
        )

    def _mark(self, trace_id: str, outcome: Outcome) -> None:
        """Says whether somebody counts here for the first time: ten votes of one are one person."""
        day = int(outcome.at // 86_400)
        if day != self._day:
            self._day, self._people = day, set()
        person = outcome.person or trace_id
        if outcome.score is not None:
            outcome.counts = self._first(f"{outcome.arm}\0{person}")
        if outcome.failed:
            outcome.counts_failed = self._first(f"{outcome.cluster}\0{outcome.arm}\0{person}")

    def _first(self, key: str) -> bool:
        mark = crc32(key.encode("utf-8", "surrogatepass"))
        if mark in self._people:
            return False
        if len(self._people) < _MAX_PEOPLE:
            self._people.add(mark)
        return True

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "settled": self._settled,
            "day": self._day,
            "people": sorted(self._people),
            "calls": [
                [minute, trace_id, msgspec.to_builtins(outcome)]
                for minute, calls in sorted(self._calls.items())
                for trace_id, outcome in sorted(calls.items())
            ],
            "arms": [
                [minute, *arm, number]
                for minute, arms in sorted(self._arms.items())
                for arm, number in sorted(arms.items())
            ],
            "groups": [
                [minute, *group, number]
                for minute, groups in sorted(self._groups.items())
                for group, number in sorted(groups.items())
            ],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave."""
        self._settled = state["settled"]
        self._day = state["day"]
        self._people = set(state["people"])
        self._calls, self._arms, self._groups = {}, {}, {}
        for minute, trace_id, row in state["calls"]:
            outcome = msgspec.convert(row, Outcome)
            self._calls.setdefault(minute, {})[trace_id] = outcome
        self._waiting = len(state["calls"])
        for minute, model, variant, number in state["arms"]:
            self._arms.setdefault(minute, Counter())[Arm(model, variant)] = number
        for minute, attribute, value, number in state["groups"]:
            self._groups.setdefault(minute, Counter())[attribute, value] = number
        self._next = min((*self._calls, *self._arms), default=None)
