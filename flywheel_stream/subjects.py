"""What is known of one subject: its failures, its baseline, its charts, its incident."""

from collections.abc import Iterator
from itertools import takewhile
from math import ldexp
from typing import NamedTuple

from msgspec import Struct, field

from flywheel_stream.charts import Charts
from flywheel_stream.decay import RESCALE
from flywheel_stream.exposure import Now
from flywheel_stream.rhythm import DAYS, HOURS, Place

EXEMPLARS = 5
TRACES_PER_FAILURE = 16
SKIPPED = 50
"""Incidents whose minutes are remembered: more than there are in the time of a revision."""
OWN_FROM = 30.0
"""Failures from which on a subject learns how it departs from its app's rhythm."""
OWN_HOUR, OWN_DAY = 30.0, 60.0
"""Failures that its app's rhythm is worth to it."""
WANDERING = 40.0
"""What was learnt weeks ago is worth no more failures: rates wander by a sixth or so."""


class Gamma(NamedTuple):
    """A rate that is not quite known: ``shape`` failures in ``calls`` calls."""

    shape: float
    calls: float

    @property
    def rate(self) -> float:
        """Its mean, 0 where nothing is known."""
        return self.shape / self.calls if self.calls > 0 else 0.0


class Failure(Struct, array_like=True):
    """What counted once, and the calls that stand for it."""

    ts: float
    user: str
    model: str
    variant: str
    severity: float
    learnt: bool = True  # in the baseline, or will be once it is held back no longer
    traces: list[str] = []
    value: float = 0.0  # at stake in the call
    place: int = 0  # of its margins, in the table of those

    @property
    def minute(self) -> int:
        """Of the epoch."""
        return int(self.ts // 60)


class Incident(Struct, array_like=True):
    """A spike of one subject, and the baseline as it was when it began."""

    id: str  # of the incident that it is a part of
    since: float
    opened: float
    new: bool
    minute: int  # what comes from here on is not learnt
    shape: float
    calls: float
    fast: float  # exposure learnt when it began, weighted
    slow: float
    withheld: tuple[float, float] = (0.0, 0.0)  # weighted failures, fast and slow
    returns: int = 0
    calm: float = 0.0  # evidence that the rate is back
    quiet: float | None = None  # since when
    rate: float = 0.0
    per_call: float = 0.0


class Own(Struct, array_like=True):
    """How a subject departs from its app's rhythm, by hour of day and by day."""

    born: list[float]
    """Exposure of the app when this began, weighted."""
    failures: list[float] = field(default_factory=lambda: [0.0] * (HOURS + DAYS))

    def learn(self, at: Place, weight: float) -> None:
        """Adds weighted failures."""
        for n in (at.hour, HOURS + at.day):
            self.failures[n] = max(self.failures[n] + weight, 0.0)

    def factor(self, now: Now) -> float:
        """Failures by exposure now, relative to the subject's mean."""
        spent = sum(now.bins[:HOURS]) - sum(self.born[:HOURS])
        mean = sum(self.failures[:HOURS]) / spent if spent > 0 else 0.0
        found = 1.0
        for n, worth in ((now.at.hour, OWN_HOUR), (HOURS + now.at.day, OWN_DAY)):
            expected = mean * max(now.bins[n] - self.born[n], 0.0) / now.weights[1]
            found *= (self.failures[n] / now.weights[1] + worth) / (expected + worth)
        return found


class Subject(Struct, array_like=True):
    """What is known of one subject."""

    name: str
    known: float
    """Event time of its first failure."""
    born: tuple[float, float]
    """Weighted exposure, fast and slow, that is not its own: before it was known, in incidents."""
    prior: bool
    """Whether it came after the app's warm-up, so that a low rate is expected of it."""
    fast: float = 0.0
    """Weighted failures that are learnt."""
    slow: float = 0.0
    own: Own | None = None
    charts: Charts = field(default_factory=Charts)
    bins: dict[int, int] = {}
    """Failures by minute, those of the last hour."""
    failures: dict[str, Failure] = {}
    """By dedup key, the oldest first."""
    traces: dict[str, str] = {}
    """The dedup key that a call counts under."""
    exemplars: list[tuple[float, str, str]] = []
    incident: Incident | None = None
    last: Incident | None = None
    skipped: list[tuple[int, int]] = []
    """Minutes, half-open, that its latest incidents kept from the baseline."""
    source: str = ""
    """The cluster that it split off from."""

    # ------------------------------------------------------------ the baseline

    def learn(self, at: Place, count: float, weights: tuple[float, float]) -> None:
        """Adds failures, or with a negative count takes them back."""
        self.fast = max(self.fast + count * weights[0], 0.0)
        self.slow = max(self.slow + count * weights[1], 0.0)
        if self.own is not None:
            self.own.learn(at, count * weights[1])

    def baseline(self, now: Now, prior: Gamma) -> Gamma:
        """What it fails usually; in an incident, what it did before.

        What is weeks old counts as far as it is worth, and ``prior`` as far as history is missing.
        """
        if self.incident is not None:
            return Gamma(self.incident.shape, self.incident.calls)
        fast = self.fast / now.weights[0]
        calls = max(now.fast - self.born[0], 0.0) / now.weights[0]
        older = max(self.slow / now.weights[1] - fast, 0.0)
        older_calls = max(max(now.slow - self.born[1], 0.0) / now.weights[1] - calls, 0.0)
        trust = min(1.0, WANDERING / older) if older > 0 else 1.0
        calls += older_calls * trust
        prior = prior if self.prior else Gamma(0.5, 0.0)
        missing = max(0.0, 1.0 - calls / prior.calls) if prior.calls else 0.0
        shape = 0.5 + (prior.shape - 0.5) * missing
        return Gamma(fast + older * trust + shape, max(calls, prior.calls))

    def withhold(self, count: float, weights: tuple[float, float]) -> None:
        """Keeps failures of an incident from the baseline."""
        if self.incident is not None:
            fast, slow = self.incident.withheld
            self.incident.withheld = (
                max(fast + count * weights[0], 0.0),
                max(slow + count * weights[1], 0.0),
            )

    def learns(self, minute: int) -> bool:
        """Whether failures of a minute are in the baseline, or will be."""
        return not any(start <= minute < end for start, end in self.skipped)

    def resume(self, ahead: tuple[float, float], minute: int) -> None:
        """Ends an incident: it has taught nothing; ``ahead`` is the exposure up to now."""
        incident = self.incident
        if incident is not None:
            self.skipped = [*self.skipped[-SKIPPED:], (incident.minute, minute)]
            self.born = (
                self.born[0] + ahead[0] - incident.fast,
                self.born[1] + ahead[1] - incident.slow,
            )
            for failure in self.failures.values():
                failure.learnt = failure.learnt and failure.minute < incident.minute

    def accept(self) -> None:
        """Ends an incident: its rate is the new normal, and all that is known."""
        incident = self.incident
        if incident is not None:
            self.fast, self.slow = incident.withheld
            self.born = (incident.fast, incident.slow)
            self.prior = False
            self.own = None
            self.skipped = [(0, incident.minute)]
            for failure in self.failures.values():
                failure.learnt = failure.minute >= incident.minute

    # ------------------------------------------------------------ failures

    def count(self, start: int, end: int) -> int:
        """Failures in some minutes of the last hour."""
        return sum(count for minute, count in self.bins.items() if start <= minute < end)

    def remove(self, minute: int) -> None:
        """Takes a failure back."""
        left = self.bins.pop(minute, 0) - 1
        if left > 0:
            self.bins[minute] = left

    def latest(self, since: float) -> Iterator[Failure]:
        """The failures since a time, as far as remembered, the latest first."""
        return takewhile(lambda failure: failure.ts >= since, reversed(self.failures.values()))

    def show(self, ts: float, trace_id: str, excerpt: str) -> None:
        """Keeps an excerpt; the latest stand."""
        self.exemplars.append((ts, trace_id, excerpt))
        self.exemplars = sorted(self.exemplars)[-EXEMPLARS:]

    def hide(self, trace_id: str) -> None:
        """Drops an excerpt."""
        self.exemplars = [shown for shown in self.exemplars if shown[1] != trace_id]

    def prune(self, start: int) -> None:
        """Forgets the minutes before one."""
        for minute in [minute for minute in self.bins if minute < start]:
            del self.bins[minute]

    def expire(self, before: float) -> int:
        """Forgets what no copy can repeat any more; says how many."""
        old = []
        for key, failure in self.failures.items():
            if failure.ts >= before:
                break
            old.append(key)
        for key in old:
            self.forget(key)
        return len(old)

    def forget(self, key: str) -> None:
        """Forgets a failure; what it taught stays."""
        for trace_id in self.failures.pop(key).traces:
            del self.traces[trace_id]

    # ------------------------------------------------------------ scaling and merging

    def scale_fast(self) -> None:
        """Follows the landmark of the fast weights."""
        self.fast = ldexp(self.fast, -RESCALE)
        self.born = (ldexp(self.born[0], -RESCALE), self.born[1])
        if self.incident is not None:
            self.incident.fast = ldexp(self.incident.fast, -RESCALE)
            fast, slow = self.incident.withheld
            self.incident.withheld = (ldexp(fast, -RESCALE), slow)

    def scale_slow(self) -> None:
        """Follows the landmark of the slow weights."""
        self.slow = ldexp(self.slow, -RESCALE)
        self.born = (self.born[0], ldexp(self.born[1], -RESCALE))
        if self.incident is not None:
            self.incident.slow = ldexp(self.incident.slow, -RESCALE)
            fast, slow = self.incident.withheld
            self.incident.withheld = (fast, ldexp(slow, -RESCALE))
        if self.own is not None:
            self.own.born = [ldexp(value, -RESCALE) for value in self.own.born]
            self.own.failures = [ldexp(value, -RESCALE) for value in self.own.failures]

    def part(self, name: str, share: float, mark: float) -> "Subject":
        """Gives a share of what was learnt to a subject that was a part of this one.

        Args:
            name: of the part.
            share: of the failures, above 0 and below 1.
            mark: cumulated exposure of the app now.
        """
        left = 1.0 - share
        part = Subject(
            name, self.known, self.born, self.prior, fast=self.fast * share, slow=self.slow * share
        )
        part.source = self.name
        self.fast *= left
        self.slow *= left
        self.charts.clear()  # they hold the failures of both
        part.charts.mark = mark
        if self.own is not None:
            self.own.failures = [value * left for value in self.own.failures]
        if self.incident is not None:
            self.incident.calls /= left
            fast, slow = self.incident.withheld
            self.incident.withheld = (fast * left, slow * left)
        return part

    def rename(self, name: str) -> None:
        """Goes on under another name."""
        self.name = name

    def absorb(self, gone: "Subject") -> Incident | None:
        """Takes over another subject, none of whose failures it shares.

        Returns:
            The incident that ends by it, if both had one.
        """
        incidents = [s.incident for s in (self, gone) if s.incident is not None]
        incidents.sort(key=lambda incident: (incident.since, incident.id))
        if len(incidents) > 1:
            first, other = incidents
            first.shape += other.shape
            first.withheld = (
                first.withheld[0] + other.withheld[0],
                first.withheld[1] + other.withheld[1],
            )
        self.known = min(self.known, gone.known)
        self.born = (min(self.born[0], gone.born[0]), min(self.born[1], gone.born[1]))
        self.prior = self.prior and gone.prior
        self.fast += gone.fast
        self.slow += gone.slow
        self.own = None  # learnt anew, for both
        self.charts.absorb(gone.charts)
        for minute, count in gone.bins.items():
            self.bins[minute] = self.bins.get(minute, 0) + count
        both = [*self.failures.items(), *gone.failures.items()]
        self.failures = dict(sorted(both, key=lambda item: (item[1].ts, item[0])))
        self.traces |= gone.traces
        self.exemplars = sorted(self.exemplars + gone.exemplars)[-EXEMPLARS:]
        self.incident = incidents[0] if incidents else None
        ended = [s.last for s in (self, gone) if s.last is not None]
        self.last = max(ended, key=lambda i: (i.quiet or 0.0, i.id)) if ended else None
        return incidents[1] if len(incidents) > 1 else None
