"""What sample traffic is like, its records, and the count of what was put into it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import orjson

Input = Literal["logs", "feedback", "deployments"]
Record = dict[str, Any]

START = 1_760_000_400.0
"""The first moment of the sample traffic: a whole minute in October 2025."""


class SimEvent(NamedTuple):
    """One input record; ``raw`` is set where the bytes are no JSON, and ``record`` is then empty."""

    ts: float
    input: Input
    record: Record
    raw: bytes | None = None

    def encode(self) -> bytes:
        """The record's bytes, as a producer would send them."""
        return orjson.dumps(self.record) if self.raw is None else self.raw


@dataclass(frozen=True)
class Scenario:
    """What the traffic is like. Times in minutes of event time, shares of calls or signals."""

    seed: int = 7
    start: float = START
    minutes: float = 90.0
    calls_per_minute: float = 70.0
    users: int = 1_500
    feedback_good: float = 0.155  # chance that a good answer draws a signal
    feedback_bad: float = 0.7  # chance that a bad one does
    failure_rate: float = 0.045  # 4 % over all topics
    bad_from: float = 28.0
    bad_until: float = 45.0
    bad_variant: str = "b"
    bad_rate: float = 0.85  # of the topics that the bad version cannot do
    pii_share: float = 0.15
    comparison_share: float = 0.005  # prompts shown to both arms, the user picks
    next_turn_share: float = 0.2
    duplicate_share: float = 0.01
    repeated_share: float = 0.004
    conflict_share: float = 0.001
    bad_record_share: float = 0.003
    orphan_share: float = 0.01
    early_share: float = 0.02
    late_share: float = 0.03

    @property
    def end(self) -> float:
        """Nothing happens later."""
        return self.start + 60.0 * self.minutes


def demo_scenario(seed: int = 7) -> Scenario:
    """An hour and a half: about 6,000 calls, 1,500 signals, one bad deployment."""
    return Scenario(seed=seed)


@dataclass
class Planted:
    """What was put into the traffic so far; complete once the iterator is exhausted."""

    outcomes: dict[Input, Counter[str]] = field(
        default_factory=lambda: {"logs": Counter(), "feedback": Counter(), "deployments": Counter()}
    )
    failures: Counter[str] = field(default_factory=Counter)  # calls by the way they fail
    personal: int = 0  # calls with personal data in them
    early: int = 0  # signals before their call
    late: int = 0  # signals a quarter of an hour after it or more
    regenerated: int = 0
    compared: int = 0  # pairs of answers to one prompt, one of which the user preferred

    @property
    def read(self) -> int:
        """How many records there are, over all inputs."""
        return sum(counts.total() for counts in self.outcomes.values())
