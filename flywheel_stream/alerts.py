"""Spikes: a failure rate that is surely above its baseline becomes an incident, in event time.

Rates are failures by exposure (calls times the rhythm of the app's failures), so neither traffic
nor the time of day raises anything. The baseline is learnt and uncertain; charts for several
factors say at the end of each minute whether the rate has left it (see ``charts``), and a chart in
the other direction when it is back. Only subjects that fail in a minute, or have an incident, cost
anything at its end.
"""

from collections import Counter
from collections.abc import Iterable
from math import ceil, log
from typing import Any, NamedTuple, TypeVar

import msgspec
from scipy.special import betainc, gammaincc

from flywheel_stream.charts import Crossing, threshold
from flywheel_stream.decay import Clock
from flywheel_stream.errors import StateError
from flywheel_stream.events import AlertState, ModelRate
from flywheel_stream.exposure import HELD, Exposure, Now
from flywheel_stream.lineage import incident_id
from flywheel_stream.rhythm import place
from flywheel_stream.subjects import (
    OWN_FROM,
    TRACES_PER_FAILURE,
    Failure,
    Gamma,
    Incident,
    Own,
    Subject,
)

WINDOW = 10
"""Minutes whose rate an open incident is told with; up to an hour where it fails seldom."""

YOUNG = 500
"""A run length is no longer than so many times the app's age, at least an hour: who has just begun
wants to hear sooner. It adds ``ln(age) / 500`` false alarms a subject, and ends after three days."""

BELIEVED = 1.5
"""So many times the usual rate may an incident teach the rhythm."""

_OPEN = 2**53
_VERSION = 2


T = TypeVar("T")


class AlertPolicy(NamedTuple):
    """When a spike is one. Times in seconds of event time.

    ``run_length`` is the mean time between false alarms of one subject that never changes, or less:
    a hundred weeks are one false alarm a week over a hundred clusters. The delay grows with its
    logarithm: halving it saves one twentieth.
    ``dispersion`` is how far rates wander for no reason, as the square of a relative deviation.
    """

    run_length: float = 100 * 7 * 86_400.0
    dispersion: float = 0.01
    baseline_half_life: float = 86_400.0
    rhythm_half_life: float = 14 * 86_400.0
    min_failures: int = 5
    close_evidence: float = 3.0  # logarithm of the odds that the rate is back
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
    at_stake: float = 0.0  # the value of the calls that failed since `since`


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
    """The baselines, charts and incidents of one app.

    Traffic of a minute has to be given before the tick at its end. Ticks are multiples of ten
    seconds; it is the whole minutes that decide, others cost nothing.
    """

    def __init__(self, app: str, policy: AlertPolicy = DEFAULT_POLICY) -> None:
        self._app = app
        self._policy = policy
        self._fast = Clock(policy.baseline_half_life)
        self._slow = Clock(policy.rhythm_half_life)
        self._exposure = Exposure(self._fast, self._slow)
        self._subjects: dict[str, Subject] = {}  # least recently seen first
        self._failed: dict[str, None] = {}  # since the last whole minute
        self._open: dict[str, None] = {}  # has an incident
        self._held: dict[int, dict[str, int]] = {}  # failures by minute that are not learnt yet
        self._imputed: dict[str, tuple[float, int, int]] = {}  # rate, from a minute, to another
        self._absorbed: list[Incident] = []  # lost in a merge: resolved at the next tick
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
        value: float = 0.0,
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
            value: what was at stake in the call, in the deployment's own currency.
        """
        ts = float(ts)
        self._advance(ts)
        found = self._touch(subject, ts)
        self._remembered -= found.expire(ts - self._policy.dedup_window)
        if trace_id in found.traces:
            return
        failure = found.failures.get(dedup_key)
        if failure is None:
            failure = Failure(ts, user or dedup_key, model, variant, float(severity), value=value)
            found.failures[dedup_key] = failure
            self._remembered += 1
            self._count(found, failure.minute)
            found.show(ts, trace_id, excerpt)
        if len(failure.traces) < TRACES_PER_FAILURE:
            failure.traces.append(trace_id)
            found.traces[trace_id] = dedup_key
        self._bound_memory()

    def retract(self, subject: str, ts: float, *, trace_id: str) -> None:
        """Takes back what the call counted; nothing where it did not count or is forgotten.

        A failure that several copies share goes with the last of them.
        """
        self._advance(float(ts))
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
            self._uncount(found, failure)

    def traffic(self, minute: int, calls: int) -> None:
        """Counts calls of a minute (of the epoch), the denominators; adds to what was given."""
        self._advance(minute * 60.0)
        self._exposure.add(minute, calls)

    def tick(self, ts: float) -> list[Spike]:
        """What changed, by subject's name; to be called at multiples of ten seconds."""
        spikes = [_resolved(incident, ts) for incident in self._absorbed]
        self._absorbed = []
        if ts % 60 or not (self._failed or self._open):
            return spikes
        self._close(int(ts // 60))
        now = self._exposure.now()
        for subject in sorted(self._failed.keys() | self._open.keys()):
            found = self._subjects[subject]
            found.prune(now.minute - HELD)
            spike = self._judge(found, now)
            if spike is not None:
                spikes.append(spike)
        self._failed = {}
        return spikes

    def idle(self) -> bool:
        """Whether ticks change nothing until the next ``observe``."""
        return not self._failed and not self._open and not self._absorbed

    def merged(self, old: str, new: str) -> None:
        """Two clusters became one: ``new`` takes over what ``old`` learnt, and its incident.

        Of two open incidents the earlier goes on, the other is resolved at the next tick.
        """
        gone = self._subjects.get(old)
        if gone is None or old == new:
            return
        del self._subjects[old]
        kept = self._subjects.get(new)
        if kept is None:
            gone.rename(new)
            self._subjects[new] = gone
        else:
            self._share(kept, gone)
            lost = kept.absorb(gone)
            if lost is not None:
                self._absorbed.append(lost)
        for names in (self._failed, self._open):
            if old in names:
                del names[old]
                names[new] = None
        if old in self._imputed:
            self._imputed[new] = self._imputed.pop(old)
        for counts in self._held.values():
            if old in counts:
                counts[new] = counts.get(new, 0) + counts.pop(old)

    def split(self, source: str, part: str, share: float) -> None:
        """A part of a cluster became one of its own: it is not new, and fails as it did.

        Args:
            source: the cluster that it was a part of.
            part: its own name.
            share: of the source's failures, above 0 and below 1.
        """
        found = self._subjects.get(source)
        if found is None or part in self._subjects:
            return
        self._evict(source)
        mark = self._exposure.total(self._exposure.next)
        self._subjects[part] = found.part(part, share, mark)

    def subjects(self) -> list[str]:
        """Those that are known."""
        return list(self._subjects)

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
            "clocks": [self._fast.dump(), self._slow.dump()],
            "exposure": self._exposure.dump(),
            "subjects": _plain(list(self._subjects.values())),
            "failed": sorted(self._failed),
            "open": sorted(self._open),
            "held": [[minute, sorted(counts.items())] for minute, counts in self._held.items()],
            "imputed": [[name, *row] for name, row in sorted(self._imputed.items())],
            "absorbed": _plain(self._absorbed),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave; app and policy are the constructor's.

        Raises:
            StateError: another version wrote it.
        """
        if state.get("v") != _VERSION:
            raise StateError(
                f"The alerts of app {self._app!r} have version {state.get('v')}, not {_VERSION}: "
                "run the version that wrote them, or start with another prefix (FLYWHEEL_PREFIX)."
            )
        for clock, row in zip((self._fast, self._slow), state["clocks"], strict=True):
            clock.load(row)
        self._exposure.load(state["exposure"])
        subjects = _revived(state["subjects"], list[Subject])
        self._subjects = {found.name: found for found in subjects}
        self._failed = dict.fromkeys(state["failed"])
        self._open = dict.fromkeys(state["open"])
        self._held = {minute: dict(counts) for minute, counts in state["held"]}
        self._imputed = {name: (rate, a, b) for name, rate, a, b in state["imputed"]}
        self._absorbed = _revived(state["absorbed"], list[Incident])
        self._remembered = sum(len(found.failures) for found in subjects)

    # ------------------------------------------------------------ one subject

    def _judge(self, found: Subject, now: Now) -> Spike | None:
        if found.incident is not None:
            return self._follow(found, found.incident, now)
        usual = self._baseline(found, now)
        if not usual.calls or now.ts < self._started() + self._policy.warm_up:
            return None
        count = found.count(now.minute - 1, now.minute)
        crossing = found.charts.update(
            now.minute - 1,
            count,
            begin=now.begin,
            end=now.end,
            rate=usual.rate,
            shape=usual.shape,
            usual=now.usual,
        )
        if crossing.failures < self._policy.min_failures:
            return None
        age = max(now.ts - self._started(), 3600.0)
        run_length = min(self._policy.run_length, age * YOUNG)
        if crossing.level < threshold(run_length / 60):
            return None
        return self._begin(found, crossing, usual, now)

    def _baseline(self, found: Subject, now: Now) -> Gamma:
        """The rate to be expected at this hour, as sure as everything known about it allows."""
        policy = self._policy
        expected = policy.prior_rate * policy.prior_hours
        prior = Gamma(expected, policy.prior_hours * 60.0 * now.usual)
        usual = found.baseline(now, prior)
        if found.incident is not None or not usual.calls:
            return usual
        if found.own is None and found.slow / now.weights[1] >= OWN_FROM:
            found.own = Own(list(now.bins))
        own = found.own.factor(now) if found.own is not None else 1.0
        shape = 1 / (1 / usual.shape + policy.dispersion + now.doubt)
        return Gamma(shape, shape / (usual.rate * own))

    def _begin(self, found: Subject, crossing: Crossing, usual: Gamma, now: Now) -> Spike:
        since = found.first(crossing.start, now.minute)
        horizon = self._exposure.horizon(now.minute)
        incident = Incident(
            id=incident_id(self._app, found.name, since),
            subject=found.name,
            state="opened",
            since=since,
            opened=now.ts,
            new=found.prior and found.known >= horizon * 60,
            minute=horizon,
            shape=usual.shape,
            calls=usual.calls,
            fast=self._exposure.fast,
            slow=self._exposure.slow,
        )
        last = found.last
        if last is not None and now.ts - (last.quiet or 0.0) <= self._policy.regress_within:
            incident.id, incident.state, incident.new = last.id, "regressed", last.new
            incident.number, incident.returns = last.number, last.returns + 1
        seen = _see(usual, crossing.failures, crossing.exposure, now.minute - crossing.start)
        found.incident, found.last = incident, None
        self._open[found.name] = None
        self._believe(incident, crossing.failures / crossing.exposure)
        return self._alert(found, incident, seen, now)

    def _follow(self, found: Subject, incident: Incident, now: Now) -> Spike | None:
        policy = self._policy
        usual = Gamma(incident.shape, incident.calls)
        length = min(max(ceil(600 / max(incident.rate, 1e-9)), WINDOW), HELD)
        exposure = now.end - self._exposure.total(now.minute - length)
        count = found.count(now.minute - length, now.minute)
        seen = _see(usual, count, max(exposure, 1e-9), length)
        self._calm(found, incident, usual, now)
        self._believe(incident, seen.failures / seen.exposure)
        if now.ts - incident.opened >= policy.accept_after:
            return self._end(found, incident, seen, now, accept=True)
        patience = policy.resolve_after * 2 ** min(incident.returns, 5)
        over = incident.quiet is not None and now.ts - incident.quiet >= patience
        if over and incident.calm >= policy.close_evidence:
            return self._end(found, incident, seen, now, accept=False)
        return self._escalate(found, incident, seen, now)

    def _believe(self, incident: Incident, present: float, end: int = _OPEN) -> None:
        """Notes what the rhythm is to be taught in place of what is withheld.

        A rate that is little above its baseline is believed: where the baseline was wrong, the
        incident would else teach that it was right.
        """
        usual = incident.shape / incident.calls
        rate = min(max(present, usual), BELIEVED * usual)
        self._imputed[incident.subject] = (rate, incident.minute, end)

    def _calm(self, found: Subject, incident: Incident, usual: Gamma, now: Now) -> None:
        """A chart downwards: of a third of the way up from the baseline against two thirds."""
        step = max(incident.per_call / usual.rate, 1.8) ** (1 / 3)
        count = found.count(now.minute - 1, now.minute)
        expected = usual.rate * (now.end - now.begin)
        fallen = step * (step - 1) * expected - count * log(step)
        incident.calm = max(incident.calm + fallen, 0.0)
        if not incident.calm:
            incident.quiet = None
        elif incident.quiet is None:
            incident.quiet = now.ts

    def _escalate(
        self, found: Subject, incident: Incident, seen: "_Seen", now: Now
    ) -> Spike | None:
        expected = self._policy.escalate_ratio * incident.per_call * seen.exposure
        if incident.quiet is not None or seen.failures <= expected:
            return None
        if seen.failures < self._policy.min_failures:
            return None
        if gammaincc(seen.failures + 0.5, expected) < self._policy.escalate_confidence:
            return None
        incident.state = "escalated"
        return self._alert(found, incident, seen, now)

    def _end(
        self, found: Subject, incident: Incident, seen: "_Seen", now: Now, *, accept: bool
    ) -> Spike:
        if accept:
            found.accept()
        else:
            found.resume(self._exposure.ahead())
            for counts in self._held.values():
                counts.pop(found.name, None)
        found.charts.clear()
        end = incident.minute if accept else now.minute
        self._believe(incident, seen.failures / seen.exposure, end)
        del self._open[found.name]
        incident.state = "resolved"
        incident.quiet = now.ts
        spike = self._alert(found, incident, seen, now)
        found.incident, found.last = None, incident
        return spike

    def _alert(self, found: Subject, incident: Incident, seen: "_Seen", now: Now) -> Spike:
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
            found.at_stake(incident.since),
        )

    # ------------------------------------------------------------ counting

    def _count(self, found: Subject, minute: int) -> None:
        found.add(minute)
        self._failed[found.name] = None
        held = self._held.setdefault(minute, {})
        held[found.name] = held.get(found.name, 0) + 1

    def _uncount(self, found: Subject, failure: Failure) -> None:
        minute = failure.minute
        found.remove(minute)
        found.charts.retract(minute)
        held = self._held.get(minute, {})
        if found.name in held:
            held[found.name] -= 1
            if not held[found.name]:
                del held[found.name]
        elif failure.learnt and minute < self._exposure.horizon(self._exposure.next):
            self._teach(found, minute, -1)

    def _teach(self, found: Subject, minute: int, count: int) -> None:
        """Adds failures that are held back no longer to the baseline, unless an incident has them."""
        weights = (self._fast.weight(minute), self._slow.weight(minute))
        if found.incident is not None and minute >= found.incident.minute:
            found.withhold(count, weights)
            return
        at = place(minute)
        found.learn(at, count, weights)
        self._exposure.rhythm.learn(at, count * weights[1], 0.0)

    def _impute(self, minute: int, exposure: float) -> None:
        """Teaches the rhythm what was to be expected where failures are withheld.

        Without it, the hours of an incident would look like quiet ones a day later.
        """
        at = place(minute)
        for name in sorted(self._imputed):
            rate, start, end = self._imputed[name]
            if minute >= end or name not in self._subjects:
                del self._imputed[name]
            elif minute >= start:
                expected = rate * exposure * self._slow.weight(minute)
                self._exposure.rhythm.learn(at, expected, 0.0)
                own = self._subjects[name].own
                if own is not None:
                    own.learn(at, expected)

    def _share(self, kept: Subject, gone: Subject) -> None:
        """Failures that two subjects both counted count once, as those of the one that is kept."""
        for key in [key for key in gone.failures if key in kept.failures]:
            failure = gone.failures[key]
            self._uncount(gone, failure)
            traces = [trace_id for trace_id in failure.traces if trace_id not in kept.traces]
            gone.forget(key)
            self._remembered -= 1
            kept.failures[key].traces += traces
            kept.traces |= dict.fromkeys(traces, key)

    # ------------------------------------------------------------ time and memory

    def _started(self) -> float:
        return self._fast.started or 0.0

    def _advance(self, ts: float) -> None:
        """Lets time pass: minutes before ``ts`` are over, what is held back long enough is learnt."""
        for _ in range(self._fast.advance(ts)):
            self._exposure.scale_fast()
            for found in self._subjects.values():
                found.scale_fast()
        for _ in range(self._slow.advance(ts)):
            self._exposure.scale_slow()
            for found in self._subjects.values():
                found.scale_slow()
        self._close(int(ts // 60))

    def _close(self, minute: int) -> None:
        if minute <= self._exposure.next:
            return
        for horizon in self._exposure.close(minute):
            for learnt, exposure in self._exposure.learn(horizon):
                self._impute(learnt, exposure)
            for old in [m for m in self._held if m < horizon]:
                for name, count in sorted(self._held.pop(old).items()):
                    found = self._subjects.get(name)
                    if found is not None:
                        self._teach(found, old, count)

    def _touch(self, subject: str, ts: float) -> Subject:
        found = self._subjects.pop(subject, None)
        if found is None:
            self._evict()
            cold = ts < self._started() + self._policy.warm_up
            born = (0.0, 0.0) if cold else self._exposure.ahead()
            found = Subject(subject, ts, born, prior=not cold)
            found.charts.mark = self._exposure.total(int(ts // 60))
        self._subjects[subject] = found
        return found

    def _evict(self, needed: str = "") -> None:
        """Makes room for a subject: the least recently seen without an incident goes."""
        if len(self._subjects) < self._policy.max_subjects:
            return
        others = [name for name in self._subjects if name != needed]
        quiet = (name for name in others if self._subjects[name].incident is None)
        name = next(quiet, others[0])
        gone = self._subjects.pop(name)
        self._failed.pop(name, None)
        self._open.pop(name, None)
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
    """What some minutes show."""

    failures: int
    exposure: float
    length: int
    confidence: float
    rate: float
    baseline: float


def _see(usual: Gamma, count: int, exposure: float, length: int) -> _Seen:
    """With P(present rate > usual one), both Gamma, the present one with Jeffreys' prior.

    That is a Beta tail: of the usual one's share in the sum of both.
    """
    share = usual.calls / (usual.calls + exposure)
    confidence = float(betainc(usual.shape, count + 0.5, share))
    hourly = 60.0 / length
    return _Seen(
        count, exposure, length, confidence, count * hourly, usual.rate * exposure * hourly
    )


def _models(failures: Iterable[Failure], rate: float) -> list[ModelRate]:
    """The rate shared out over models and arms, as the remembered failures are."""
    shares = Counter((failure.model, failure.variant) for failure in failures)
    total = shares.total()
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [ModelRate(model=m, variant=v, rate=rate * n / total) for (m, v), n in ranked]


def _resolved(incident: Incident, ts: float) -> Spike:
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
