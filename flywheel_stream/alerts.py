"""Spikes: a failure rate that is surely above its baseline becomes an incident, in event time.

Rates are failures per call, so traffic alone raises nothing. Baseline and present rate are both
Gamma-Poisson, hence the probability that the present rate exceeds ``ratio`` times the baseline is
a Beta tail; it is asked at every whole minute for windows of 1 to 10 minutes (a scan:
short windows find steep spikes, long ones find slow ones). Baselines forget by forward decay
(Cormode et al., ICDE 2009): the weights of new minutes grow, sums never shrink, so nothing has to
be done as time passes and no result depends on how often it is looked at.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import exp2, ldexp, log
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct
from scipy.special import betainc, gammaincc

from flywheel_stream.errors import StateError
from flywheel_stream.events import AlertState, ModelRate
from flywheel_stream.lineage import incident_id

SCAN = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
"""The windows that are looked at, as parts of ``AlertPolicy.window``."""

TRAILING_MINUTES = 30
"""Signals come later than their calls, so exposure falls no faster than the mean over these."""

EXEMPLARS = 5
_TRACES_PER_FAILURE = 16
_RESCALE = 64
_VERSION = 1


T = TypeVar("T")


class AlertPolicy(NamedTuple):
    """When a spike is one. Times in seconds of event time.

    ``ratio`` and ``open_confidence`` together set delay and false alarms. Measured on Poisson
    failures over 100 steady clusters: the defaults raise one false alarm a week, and find a rate
    of 6 a minute that triples in 3 minutes in the median. At 2.0 and 0.999 that takes 4, and 10
    in the slowest tenth.
    """

    window: float = 600.0
    baseline_half_life: float = 86_400.0
    min_failures: int = 5
    ratio: float = 1.4
    open_confidence: float = 0.999998
    close_confidence: float = 0.5  # below, the rate counts as quiet: the gap is the hysteresis
    resolve_after: float = 900.0  # doubles with each time that the incident came back
    escalate_ratio: float = 2.0  # of the rate at the last alert
    escalate_confidence: float = 0.99
    regress_within: float = 7 * 86_400.0
    accept_after: float = 86_400.0  # what lasts this long is the new normal
    warm_up: float = 600.0  # what fails in an app's first minutes is how the app is
    prior_rate: float = 1.0  # failures an hour expected of a new cluster, at usual traffic
    prior_hours: float = 3.0  # how much history that expectation is worth
    dedup_window: float = 86_400.0
    max_subjects: int = 1_000
    max_remembered: int = 50_000  # failures of the app that can be retracted or recognised


DEFAULT_POLICY = AlertPolicy()


class Spike(NamedTuple):
    """An incident changed its state."""

    subject: str
    state: AlertState
    incident: str
    ts: float  # of the tick that decided it
    since: float  # event time of the first failure of the spike
    rate: float  # failures an hour
    baseline: float  # failures an hour that were to be expected at the present traffic
    confidence: float  # that the rate exceeds `ratio` times the baseline
    users: int  # distinct ones since `since`, as far as remembered
    number: int  # alerts that the incident had before
    new: bool  # the cluster was not known before
    models: list[ModelRate]
    exemplars: list[tuple[str, str]]  # trace_id, excerpt; the latest first
    severity: float  # mean over the window's failures


class OpenIncident(NamedTuple):
    """An incident that is not resolved."""

    incident: str
    subject: str
    state: AlertState
    since: float
    opened: float
    number: int
    rate: float
    baseline: float
    users: int
    new: bool


class Alerts:
    """The baselines, windows and incidents of one app.

    Traffic of a minute has to be given before the tick at its end. Ticks are multiples of ten
    seconds; it is the whole minutes that decide, others cost nothing.
    """

    def __init__(self, app: str, policy: AlertPolicy = DEFAULT_POLICY) -> None:
        self._app = app
        self._policy = policy
        self._clock = _Clock(policy.baseline_half_life)
        self._exposure = _Exposure(self._clock, int(policy.window // 60))
        self._subjects: dict[str, _Subject] = {}  # least recently seen first
        self._active: dict[str, None] = {}  # has failures in its window, or an open incident
        self._absorbed: list[_Incident] = []  # lost in a merge: resolved at the next tick
        self._remembered = 0

    def observe(
        self,
        subject: str,
        ts: float,
        *,
        trace_id: str,
        dedup_key: str,
        user: str,
        model: str,
        variant: str,
        severity: float,
        excerpt: str,
    ) -> None:
        """Counts a failure, once per ``dedup_key`` in 24 h.

        Args:
            subject: what failed, a cluster's id.
            ts: event time at which the failure could be known.
            trace_id: the call; the same one again changes nothing.
            dedup_key: of fingerprint and user (else session).
            user: the user's hash, may be empty.
            model: of the call.
            variant: its A/B arm.
            severity: 0..1, of the kind of failure.
            excerpt: scrubbed.
        """
        ts = float(ts)
        self._advance(ts)
        found = self._touch(subject, ts)
        self._remembered -= found.expire(ts - self._policy.dedup_window)
        if trace_id in found.traces:
            return
        failure = found.failures.get(dedup_key)
        if failure is None:
            failure = _Failure(ts, user or dedup_key, model, variant, float(severity))
            found.failures[dedup_key] = failure
            self._remembered += 1
            found.learn(failure, self._clock.weight(failure.minute))
            found.show(ts, trace_id, excerpt)
        if len(failure.traces) < _TRACES_PER_FAILURE:
            failure.traces.append(trace_id)
            found.traces[trace_id] = dedup_key
        self._active[subject] = None
        self._bound_memory()

    def retract(self, subject: str, ts: float, *, trace_id: str) -> None:
        """Takes back what the call counted; nothing where it did not count or is forgotten.

        A failure that several copies share goes with the last of them.
        """
        found = self._subjects.get(subject)
        key = found.traces.pop(trace_id, None) if found else None
        if found is None or key is None:
            return
        found.hide(trace_id)
        failure = found.failures[key]
        failure.traces.remove(trace_id)
        if not failure.traces:
            del found.failures[key]
            self._remembered -= 1
            found.unlearn(failure, self._clock.weight(failure.minute))

    def traffic(self, minute: int, calls: int) -> None:
        """Counts calls of a minute (of the epoch), the denominators; adds to what was given."""
        self._advance(minute * 60.0)
        self._exposure.add(minute, calls)

    def tick(self, ts: float) -> list[Spike]:
        """What changed, by subject's name; to be called at multiples of ten seconds."""
        spikes = [_resolved(incident, ts) for incident in self._absorbed]
        self._absorbed = []
        if ts % 60 or not self._active:
            return spikes
        now = self._exposure.at(int(ts // 60))
        for subject in sorted(self._active):
            found = self._subjects[subject]
            found.prune(now.minute - now.length)
            spike = self._judge(found, now)
            if spike is not None:
                spikes.append(spike)
            if not found.bins and found.incident is None:
                del self._active[subject]
        return spikes

    def idle(self) -> bool:
        """Whether ticks change nothing until the next ``observe``."""
        return not self._active and not self._absorbed

    def merged(self, old: str, new: str) -> None:
        """Two clusters became one: ``new`` takes over what ``old`` learnt, and its incident.

        Of two open incidents the earlier goes on, the other is resolved at the next tick.
        """
        gone = self._subjects.get(old)
        if gone is None or old == new:
            return
        del self._subjects[old]
        if old in self._active:
            del self._active[old]
            self._active[new] = None
        kept = self._subjects.get(new)
        if kept is None:
            gone.rename(new)
            self._subjects[new] = gone
            return
        before = len(gone.failures) + len(kept.failures)
        lost = kept.absorb(gone, self._clock)
        self._remembered -= before - len(kept.failures)
        if lost is not None:
            self._absorbed.append(lost)

    def open_incidents(self) -> list[OpenIncident]:
        """The incidents that are not resolved, the oldest first."""
        found = [
            OpenIncident(
                i.id,
                i.subject,
                i.state,
                i.since,
                i.opened,
                i.number,
                i.rate,
                i.baseline,
                i.users,
                i.new,
            )
            for i in (s.incident for s in self._subjects.values())
            if i is not None
        ]
        return sorted(found, key=lambda i: (i.since, i.incident))

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "clock": self._clock.dump(),
            "exposure": self._exposure.dump(),
            "subjects": _plain(list(self._subjects.values())),
            "active": sorted(self._active),
            "absorbed": _plain(self._absorbed),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave; app and policy are the constructor's.

        Raises:
            StateError: another version wrote it.
        """
        if state.get("v") != _VERSION:
            raise StateError(f"Alerts of version {state.get('v')!r} do not load here.")
        self._clock.load(state["clock"])
        self._exposure.load(state["exposure"])
        subjects = _revived(state["subjects"], list[_Subject])
        self._subjects = {found.name: found for found in subjects}
        self._active = dict.fromkeys(state["active"])
        self._absorbed = _revived(state["absorbed"], list[_Incident])
        self._remembered = sum(len(found.failures) for found in subjects)

    # ------------------------------------------------------------ one subject

    def _judge(self, found: "_Subject", now: "_Now") -> Spike | None:
        if found.incident is not None:
            return self._follow(found, found.incident, now)
        total = found.count(now.minute - now.length, now.minute)
        if total < self._policy.min_failures or self._clock.warming(now.ts, self._policy.warm_up):
            return None
        seen = self._scan(found, now)
        if seen is None or seen.confidence < self._policy.open_confidence:
            return None
        return self._open(found, seen, now)

    def _scan(self, found: "_Subject", now: "_Now") -> "_Seen | None":
        """The window that is surest of a spike; of equals the longest, which began first."""
        shape, calls = self._baseline(found, now)
        best: _Seen | None = None
        for length in now.scan:
            seen = self._see(found, now, shape, calls, length)
            if seen.failures < self._policy.min_failures:
                continue
            if best is None or seen.confidence >= min(
                best.confidence, self._policy.open_confidence
            ):
                best = seen
        return best

    def _see(
        self, found: "_Subject", now: "_Now", shape: float, calls: float, length: int
    ) -> "_Seen":
        """P(present rate > ratio * baseline), both Gamma, present with Jeffreys' prior."""
        count = found.count(now.minute - length, now.minute)
        exposure = now.exposure[length]
        ratio = self._policy.ratio
        confidence = 0.0
        if calls > 0:  # a Beta tail: the share of the baseline's Gamma in the sum of both
            confidence = float(betainc(shape, count + 0.5, calls / (calls + ratio * exposure)))
        hourly = 60.0 / length
        expected = shape / calls * exposure * hourly if calls > 0 else 0.0
        return _Seen(count, exposure, length, confidence, count * hourly, expected)

    def _baseline(self, found: "_Subject", now: "_Now") -> tuple[float, float]:
        """Shape and calls of the baseline's Gamma, in today's weights.

        A cluster that the app had from its beginning has Jeffreys' prior. A new one starts with
        some hours of ``prior_rate``, which its own history replaces as it grows.
        """
        if found.incident is None:
            failures, exposed = found.learnt(now.minute - now.length, self._clock), now.learnt
        else:
            failures, exposed = found.incident.failures, found.incident.exposed
        weight = now.weight
        calls = max(exposed - found.born, 0.0) / weight
        prior = self._policy.prior_hours * 60.0 * now.usual if found.prior else 0.0
        missing = max(0.0, 1.0 - calls / prior) if prior else 0.0
        expected = self._policy.prior_rate * self._policy.prior_hours
        shape = 0.5 + (expected - 0.5) * missing
        return failures / weight + shape, max(calls, prior)

    def _open(self, found: "_Subject", seen: "_Seen", now: "_Now") -> Spike:
        start = now.minute - now.length
        new = found.is_new(start)
        since = found.first(start if new else now.minute - seen.length, now.minute)
        seen = self._since(found, now, since)
        incident = _Incident(
            id=incident_id(self._app, found.name, since),
            subject=found.name,
            state="opened",
            since=since,
            opened=now.ts,
            new=new,
            minute=start,
            failures=found.learnt(start, self._clock),
            exposed=now.learnt,
        )
        last = found.last
        if last is not None and now.ts - (last.quiet or 0.0) <= self._policy.regress_within:
            incident.id, incident.state, incident.new = last.id, "regressed", last.new
            incident.number, incident.returns = last.number, last.returns + 1
        found.incident, found.last = incident, None
        return self._alert(found, incident, seen, now)

    def _since(self, found: "_Subject", now: "_Now", since: float) -> "_Seen":
        """The rate from the spike's first failure on: a longer window would thin it out."""
        length = min(max(now.minute - int(since // 60), 1), now.length)
        return self._see(found, now, *self._baseline(found, now), length)

    def _follow(self, found: "_Subject", incident: "_Incident", now: "_Now") -> Spike | None:
        policy = self._policy
        seen = self._see(found, now, *self._baseline(found, now), now.length)
        few = 2 * seen.failures < policy.min_failures
        if not few and seen.confidence >= policy.close_confidence:
            incident.quiet = None
        elif incident.quiet is None:
            incident.quiet = now.ts
        if now.ts - incident.opened >= policy.accept_after:
            return self._close(found, incident, seen, now, accept=True)
        patience = policy.resolve_after * 2 ** min(incident.returns, 5)
        if incident.quiet is not None and now.ts - incident.quiet >= patience:
            return self._close(found, incident, seen, now, accept=False)
        return self._escalate(found, incident, seen, now)

    def _escalate(
        self, found: "_Subject", incident: "_Incident", seen: "_Seen", now: "_Now"
    ) -> Spike | None:
        threshold = self._policy.escalate_ratio * incident.per_call * seen.exposure
        if incident.quiet is not None or seen.failures <= threshold:
            return None
        if gammaincc(seen.failures + 0.5, threshold) < self._policy.escalate_confidence:
            return None
        incident.state = "escalated"
        return self._alert(found, incident, seen, now)

    def _close(
        self, found: "_Subject", incident: "_Incident", seen: "_Seen", now: "_Now", *, accept: bool
    ) -> Spike:
        found.thaw(now, self._clock, accept=accept)
        incident.state = "resolved"
        incident.quiet = now.ts
        spike = self._alert(found, incident, seen, now)
        found.incident, found.last = None, incident
        return spike

    def _alert(self, found: "_Subject", incident: "_Incident", seen: "_Seen", now: "_Now") -> Spike:
        incident.users = max(incident.users, found.users(incident.since))
        incident.rate, incident.baseline = seen.rate, seen.baseline
        incident.per_call = seen.failures / seen.exposure
        number, incident.number = incident.number, incident.number + 1
        within = list(found.between(now.minute - seen.length, now.minute))
        return Spike(
            found.name,
            incident.state,
            incident.id,
            now.ts,
            incident.since,
            seen.rate,
            seen.baseline,
            seen.confidence,
            incident.users,
            number,
            incident.new,
            _models(within, seen.rate),
            [(trace_id, excerpt) for _, trace_id, excerpt in reversed(found.exemplars)],
            sum(failure.severity for failure in within) / max(len(within), 1),
        )

    # ------------------------------------------------------------ time and memory

    def _advance(self, ts: float) -> None:
        for _ in range(self._clock.advance(ts)):
            self._exposure.scale()
            for found in self._subjects.values():
                found.scale()

    def _touch(self, subject: str, ts: float) -> "_Subject":
        found = self._subjects.pop(subject, None)
        if found is None:
            self._evict()
            cold = self._clock.warming(ts, self._policy.warm_up)
            born = 0.0 if cold else self._exposure.calls
            found = _Subject(subject, ts, born, prior=not cold)
        self._subjects[subject] = found
        return found

    def _evict(self) -> None:
        """Makes room for a subject: the least recently seen without an incident goes."""
        if len(self._subjects) < self._policy.max_subjects:
            return
        quiet = (name for name, found in self._subjects.items() if found.incident is None)
        name = next(quiet, next(iter(self._subjects)))
        gone = self._subjects.pop(name)
        self._active.pop(name, None)
        self._remembered -= len(gone.failures)
        if gone.incident is not None:
            self._absorbed.append(gone.incident)

    def _bound_memory(self) -> None:
        while self._remembered > self._policy.max_remembered:
            flooded = max(self._subjects.values(), key=lambda found: len(found.failures))
            flooded.forget(next(iter(flooded.failures)))
            self._remembered -= 1


def _plain(state: object) -> Any:
    return msgspec.to_builtins(state, str_keys=True)


def _revived(rows: object, kind: type[T]) -> T:
    return msgspec.convert(rows, kind, str_keys=True)


class _Seen(NamedTuple):
    """What one window shows."""

    failures: int
    exposure: float
    length: int
    confidence: float
    rate: float
    baseline: float


class _Now(NamedTuple):
    """What a tick knows of time and traffic, for all subjects."""

    ts: float
    minute: int  # the one that begins now: those before are complete
    length: int  # of the longest window, minutes
    scan: list[int]  # lengths to look at, minutes
    exposure: list[float]  # calls by length of the window that ends now
    learnt: float  # weighted calls before the longest window
    weight: float  # of now
    usual: float  # calls a minute


class _Clock:
    """Weights by forward decay; the landmark moves by powers of two, which loses no digit."""

    def __init__(self, half_life: float) -> None:
        self._half_life = half_life
        self._landmark = 0.0
        self._started: float | None = None

    def advance(self, ts: float) -> int:
        """Starts or moves the landmark; says how many times all sums have to be scaled."""
        if self._started is None:
            self._started = ts
            self._landmark = ts // 60 * 60
        steps = int((ts - self._landmark) // (_RESCALE * self._half_life))
        if steps > 0:
            self._landmark += steps * _RESCALE * self._half_life
        return max(steps, 0)

    def weight(self, minute: int) -> float:
        return exp2(max((minute * 60.0 - self._landmark) / self._half_life, -1000.0))

    def warming(self, ts: float, warm_up: float) -> bool:
        return self._started is None or ts < self._started + warm_up

    def minutes(self, minute: int) -> float:
        """The weighted number of minutes since the start: the integral of the weight."""
        if self._started is None:
            return 0.0
        span = self.weight(minute) - self.weight(int(self._started // 60))
        return span * self._half_life / 60.0 / log(2)

    def age(self, minute: int) -> int:
        return 0 if self._started is None else minute - int(self._started // 60)

    def dump(self) -> list[Any]:
        return [self._landmark, self._started]

    def load(self, row: list[Any]) -> None:
        self._landmark, self._started = row


class _Exposure:
    """The app's calls: weighted since the beginning, and by minute for the windows."""

    def __init__(self, clock: _Clock, length: int) -> None:
        self._clock = clock
        self._length = max(length, 1)
        self._minutes: dict[int, int] = {}
        self.calls = 0.0

    def add(self, minute: int, calls: int) -> None:
        self.calls += calls * self._clock.weight(minute)
        self._minutes[minute] = self._minutes.get(minute, 0) + calls
        latest = max(self._minutes) if len(self._minutes) > 2 * TRAILING_MINUTES else 0
        for old in [m for m in self._minutes if m < latest - TRAILING_MINUTES - self._length]:
            del self._minutes[old]

    def scale(self) -> None:
        self.calls = ldexp(self.calls, -_RESCALE)

    def at(self, minute: int) -> _Now:
        weight = self._clock.weight(minute)
        elapsed = self._clock.minutes(minute)
        usual = self.calls / elapsed if elapsed > 0 and self.calls > 0 else 1.0
        trailing = max(min(TRAILING_MINUTES, self._clock.age(minute)), 1)
        floor = self._sum(minute - trailing, minute) / trailing or usual
        scan = sorted({max(round(part * self._length), 1) for part in SCAN})
        exposure = [
            max(float(self._sum(minute - n, minute)), n * floor) for n in range(self._length + 1)
        ]
        start = minute - self._length
        recent = sum(
            calls * self._clock.weight(m) for m, calls in self._minutes.items() if m >= start
        )
        learnt = max(self.calls - recent, 0.0)
        return _Now(minute * 60.0, minute, self._length, scan, exposure, learnt, weight, usual)

    def _sum(self, start: int, end: int) -> int:
        return sum(self._minutes.get(minute, 0) for minute in range(start, end))

    def dump(self) -> list[Any]:
        return [self.calls, [[minute, calls] for minute, calls in self._minutes.items()]]

    def load(self, row: list[Any]) -> None:
        self.calls, minutes = row
        self._minutes = dict(minutes)


class _Failure(Struct, array_like=True):
    """What counted once, and the calls that stand for it."""

    ts: float
    user: str
    model: str
    variant: str
    severity: float
    learnt: bool = True  # in the baseline, or will be once the window has passed it
    traces: list[str] = []

    @property
    def minute(self) -> int:
        return int(self.ts // 60)


class _Incident(Struct, array_like=True):
    """An incident, and the baseline as it was when it opened."""

    id: str
    subject: str
    state: AlertState
    since: float
    opened: float
    new: bool
    minute: int  # the baseline is frozen from here
    failures: float  # weighted, before that
    exposed: float  # weighted calls, before that
    number: int = 0
    returns: int = 0
    quiet: float | None = None  # since when
    users: int = 0
    rate: float = 0.0
    baseline: float = 0.0
    per_call: float = 0.0


class _Subject(Struct, array_like=True):
    """What is known of one subject."""

    name: str
    known: float
    """Event time of its first failure."""
    born: float
    """Weighted calls that are no part of its exposure: before it was known, and in incidents."""
    prior: bool
    """Whether it came after the app's warm-up, so that a low rate is expected of it."""
    weighted: float = 0.0
    """Failures by forward decay, those in the window included."""
    bins: dict[int, int] = {}
    """Failures by minute, as far as the longest window needs."""
    failures: dict[str, _Failure] = {}
    """By dedup key, the oldest first."""
    traces: dict[str, str] = {}
    """The dedup key that a call counts under."""
    exemplars: list[tuple[float, str, str]] = []
    incident: _Incident | None = None
    last: _Incident | None = None

    def count(self, start: int, end: int) -> int:
        return sum(count for minute, count in self.bins.items() if start <= minute < end)

    def learnt(self, start: int, clock: _Clock) -> float:
        """Weighted failures before a minute from which on the bins are complete."""
        recent = sum(n * clock.weight(minute) for minute, n in self.bins.items() if minute >= start)
        return max(self.weighted - recent, 0.0)

    def learn(self, failure: _Failure, weight: float) -> None:
        self.bins[failure.minute] = self.bins.get(failure.minute, 0) + 1
        self._weigh(failure, weight)

    def unlearn(self, failure: _Failure, weight: float) -> None:
        left = self.bins.pop(failure.minute, 0) - 1
        if left > 0:
            self.bins[failure.minute] = left
        if failure.learnt:
            self._weigh(failure, -weight)

    def _weigh(self, failure: _Failure, weight: float) -> None:
        self.weighted = max(self.weighted + weight, 0.0)
        if self.incident is not None and failure.minute < self.incident.minute:
            self.incident.failures = max(self.incident.failures + weight, 0.0)

    def thaw(self, now: _Now, clock: _Clock, *, accept: bool) -> None:
        """Ends the freeze: what failed in the incident is left out, or is all that is known."""
        incident = self.incident
        if incident is None:
            return
        start = now.minute - now.length
        if accept:
            self.weighted = max(self.weighted - incident.failures, 0.0)
            self.born = incident.exposed
            self.prior = False
        else:
            self.weighted += incident.failures - self.learnt(start, clock)
            self.born += now.learnt - incident.exposed
        for failure in self.failures.values():
            before = failure.minute < incident.minute
            if before if accept else not before and failure.minute < start:
                failure.learnt = False

    def is_new(self, start: int) -> bool:
        return self.prior and self.known >= start * 60

    def first(self, start: int, end: int) -> float:
        """Event time of the first failure in some minutes, as far as remembered."""
        return min((failure.ts for failure in self.between(start, end)), default=start * 60.0)

    def between(self, start: int, end: int) -> Iterator[_Failure]:
        return (f for f in self.failures.values() if start <= f.minute < end)

    def users(self, since: float) -> int:
        return len({failure.user for failure in self.failures.values() if failure.ts >= since})

    def show(self, ts: float, trace_id: str, excerpt: str) -> None:
        self.exemplars.append((ts, trace_id, excerpt))
        self.exemplars = sorted(self.exemplars)[-EXEMPLARS:]

    def hide(self, trace_id: str) -> None:
        self.exemplars = [shown for shown in self.exemplars if shown[1] != trace_id]

    def prune(self, start: int) -> None:
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
        for trace_id in self.failures.pop(key).traces:
            del self.traces[trace_id]

    def scale(self) -> None:
        self.weighted = ldexp(self.weighted, -_RESCALE)
        self.born = ldexp(self.born, -_RESCALE)
        for incident in (self.incident, self.last):
            if incident is not None:
                incident.failures = ldexp(incident.failures, -_RESCALE)
                incident.exposed = ldexp(incident.exposed, -_RESCALE)

    def rename(self, name: str) -> None:
        self.name = name
        if self.incident is not None:
            self.incident.subject = name

    def absorb(self, gone: "_Subject", clock: _Clock) -> _Incident | None:
        """Takes over another subject; returns the incident that ends by it, if both had one."""
        self._share(gone, clock)
        incidents = [s.incident for s in (self, gone) if s.incident is not None]
        incidents.sort(key=lambda incident: (incident.since, incident.id))
        if incidents:
            cut = incidents[0].minute
            incidents[0].failures = self.before(cut, clock) + gone.before(cut, clock)
            incidents[0].subject = self.name
        self.known = min(self.known, gone.known)
        self.born = min(self.born, gone.born)
        self.prior = self.prior and gone.prior
        self.weighted += gone.weighted
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

    def _share(self, gone: "_Subject", clock: _Clock) -> None:
        """Failures that both counted count once, as this subject's."""
        for key in [key for key in gone.failures if key in self.failures]:
            failure = gone.failures[key]
            gone.unlearn(failure, clock.weight(failure.minute))
            traces = [trace_id for trace_id in failure.traces if trace_id not in self.traces]
            gone.forget(key)
            self.failures[key].traces += traces
            self.traces |= dict.fromkeys(traces, key)

    def before(self, minute: int, clock: _Clock) -> float:
        """Weighted failures of the baseline before a minute, as far as remembered."""
        if self.incident is not None:
            return self.incident.failures
        later = (f for f in self.failures.values() if f.learnt and f.minute >= minute)
        return max(self.weighted - sum(clock.weight(f.minute) for f in later), 0.0)


def _models(failures: Iterable[_Failure], rate: float) -> list[ModelRate]:
    """The rate shared out over models and arms, as the remembered failures are."""
    shares = Counter((failure.model, failure.variant) for failure in failures)
    total = shares.total()
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [ModelRate(model=m, variant=v, rate=rate * n / total) for (m, v), n in ranked]


def _resolved(incident: _Incident, ts: float) -> Spike:
    """The end of an incident whose subject is gone."""
    return Spike(
        subject=incident.subject,
        state="resolved",
        incident=incident.id,
        ts=ts,
        since=incident.since,
        rate=0.0,
        baseline=incident.baseline,
        confidence=0.0,
        users=incident.users,
        number=incident.number,
        new=incident.new,
        models=[],
        exemplars=[],
        severity=0.0,
    )
