"""What a run left behind: its summary and hours, and its outputs, counted while they are read."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from flywheel_stream.events import (
    Alert,
    DeadLetter,
    Example,
    Failure,
    decode_alert,
    decode_example,
)
from stream.report.limits import MOST_KEYS
from stream.report.rows import Row, of_apps

T = TypeVar("T")

OTHER = ("other", "other", "other")
"""Stands for the keys beyond ``MOST_KEYS``."""


@dataclass
class Incident:
    """What the alerts say about one incident, in their order."""

    last: Alert
    told: Alert
    """The latest alert with advice, else the latest."""
    peak: float = 0.0
    urgency: float = 0.0
    spans: list[tuple[float, float | None]] = field(default_factory=list)
    """When it was on: since, and until; None: still."""
    history: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.last.state != "resolved"

    def add(self, alert: Alert) -> None:
        """Takes the next alert in."""
        self.last = alert
        if alert.advice or not self.told.advice:
            self.told = alert
        self.peak = max(self.peak, alert.rate)
        self.urgency = max(self.urgency, alert.urgency)
        self.history.append((alert.ts, alert.state, alert.why))
        going = bool(self.spans) and self.spans[-1][1] is None
        if alert.state == "resolved":
            start = self.spans.pop()[0] if going else alert.since
            self.spans.append((start, alert.ts))
        elif not going:
            again = bool(self.spans) and alert.since <= (self.spans[-1][1] or 0.0)
            self.spans.append((alert.ts if again else alert.since, None))


def incidents_of(alerts: Iterable[Alert]) -> list[Incident]:
    """Incidents: open ones first, then by urgency and time."""
    found: dict[str, Incident] = {}
    for alert in alerts:
        found.setdefault(alert.incident, Incident(alert, alert)).add(alert)
    return sorted(
        found.values(), key=lambda i: (not i.open, -i.urgency, i.spans[0][0], i.last.incident)
    )


@dataclass
class Failures:
    """What is counted while ``failures.jsonl`` is read."""

    kinds: Counter[str] = field(default_factory=Counter)
    arms: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By app, model and variant."""
    excerpts: dict[str, str] = field(default_factory=dict)
    """By cluster, of those that are shown."""

    @classmethod
    def read(cls, failures: Iterable[Failure], apps: Row) -> "Failures":
        """Counts; keeps one excerpt of each cluster that the summaries of apps name."""
        self = cls()
        shown = {cluster["id"] for _, cluster in of_apps(apps, "top_clusters")}
        for failure in failures:
            _add(self.arms, (failure.app, failure.model, failure.variant), OTHER)
            for kind in sorted({found.kind for found in failure.kinds}):
                _add(self.kinds, kind, "other")
            if failure.cluster in shown and failure.excerpt:
                self.excerpts.setdefault(failure.cluster, failure.excerpt)
        return self


@dataclass
class Group:
    """The examples of one type and rule."""

    first: Example
    number: int = 0
    good: int = 0
    confidence: float = 0.0


@dataclass
class Curated:
    """What is counted while ``curated.jsonl`` is read."""

    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    """By type and rule."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of what made the examples, by name."""

    @classmethod
    def read(cls, examples: Iterable[Example]) -> "Curated":
        """Counts; keeps the first example of each group."""
        self = cls()
        for example in examples:
            key = (example.type, str(example.reason.get("rule", "")))
            if key not in self.groups and len(self.groups) >= MOST_KEYS:
                key = (example.type, "other")
            group = self.groups.setdefault(key, Group(example))
            group.number += 1
            group.good += example.label is True
            group.confidence += example.confidence
            if not self.versions:
                self.versions = dict(example.lineage.versions)
        return self


def _dead_letters(letters: Iterable[DeadLetter]) -> Counter[tuple[str, str, str]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for letter in letters:
        _add(counts, (letter.source.topic, letter.reason, letter.field), OTHER)
    return counts


@dataclass(frozen=True)
class Run:
    """What a report tells of."""

    summary: Row
    apps: Row
    """The summary of each app, by name."""
    hours: Sequence[Row]
    incidents: Sequence[Incident]
    failures: Failures
    curated: Curated
    dead_letters: Mapping[tuple[str, str, str], int]
    """Numbers by input, reason and field."""

    @classmethod
    def read(cls, out: Path, summary: Row, hours: Sequence[Row]) -> "Run":
        """Reads the outputs in a run's folder; an absent file counts as empty."""
        apps = summary.get("apps", {})
        return cls(
            summary,
            apps,
            hours,
            incidents_of(_records(out / "alerts.jsonl", decode_alert)),
            Failures.read(_records(out / "failures.jsonl", _decode_failure), apps),
            Curated.read(_records(out / "curated.jsonl", decode_example)),
            _dead_letters(_records(out / "dead-letters.jsonl", _decode_dead_letter)),
        )


_decode_failure: Callable[[bytes], Failure] = msgspec.json.Decoder(Failure).decode
_decode_dead_letter: Callable[[bytes], DeadLetter] = msgspec.json.Decoder(DeadLetter).decode


def _records(path: Path, decode: Callable[[bytes], T]) -> Iterator[T]:
    if path.exists():
        with path.open("rb") as file:
            yield from map(decode, file)


def _add(counts: Counter[T], key: T, other: T) -> None:
    """Counts, and keeps the number of different keys in bounds: beyond, it is ``other``."""
    if key not in counts and len(counts) >= MOST_KEYS:
        key = other
    counts[key] += 1
