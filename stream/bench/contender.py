"""What every contender is told, how its time is taken, and how it tells of its progress."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from stream.settings import Settings

SAMPLES = 50
"""Points of the memory curve."""
STALLED = 120.0
"""Seconds without progress after which a contender has failed."""


@dataclass(frozen=True)
class Job:
    """What a contender is told."""

    settings: Settings
    events: int
    feedback: int = 0

    @classmethod
    def from_json(cls, raw: bytes) -> "Job":
        """The inverse of ``to_json``."""
        fields = json.loads(raw)
        return cls(**fields | {"settings": Settings(**fields["settings"])})

    def to_json(self) -> bytes:
        """For the standard input of a child, which nobody else can read: secrets are in it."""
        settings = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.settings
        }
        return json.dumps(vars(self) | {"settings": settings}).encode()


class Stopwatch:
    """Wall and processor time since the first record; of all threads of the process."""

    def __init__(self) -> None:
        self._wall: float | None = None
        self._cpu = 0.0

    def start(self, ago: float = 0.0) -> None:
        """Starts at the first call, ``ago`` seconds before it; later ones change nothing."""
        if self._wall is None:
            self._wall = time.perf_counter() - ago
            self._cpu = time.process_time() - ago

    def read(self, events: int) -> dict[str, Any]:
        """The figures of ``events`` events."""
        seconds = time.perf_counter() - (self._wall or 0.0)
        cpu = time.process_time() - self._cpu
        return {
            "events": events,
            "seconds": round(seconds, 3),
            "events_per_second": round(events / seconds, 1),
            "us_per_event": round(1e6 * seconds / events, 2),
            "cpu_us_per_event": round(1e6 * cpu / events, 2),
        }


def tell(line: Mapping[str, Any]) -> None:
    """Says one thing to the process that started this one."""
    print(json.dumps(line), flush=True)
