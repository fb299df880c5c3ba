"""Watching: which failure rates leave their baselines and come back, subject by subject.

A subject is a failure cluster, or a margin: a kind, a model, an arm, a slice, the whole (see
``margins``). Rates are failures by exposure (calls times the rhythm of the app's failures), so
neither traffic nor the time of day raises anything. Only subjects that fail in a minute, or whose
rate is up, cost anything at its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import ceil, log
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from scipy.special import betainc, gammaincc

from flywheel_stream.causes import SPAN, Row
from flywheel_stream.charts import Crossing, threshold
from flywheel_stream.decay import Clock
from flywheel_stream.exposure import HELD, Exposure, Now
from flywheel_stream.margins import ALL, Slices, Where, is_margin, slice_of, whole
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
"""Minutes whose rate a spike is told with; up to an hour where it fails seldom."""

YOUNG = 500
"""A run length is no longer than so many times the app's age, at least an hour: who has just begun
wants to hear sooner. It adds ``ln(age) / 500`` false alarms a subject, and ends after three days."""

MARGINS = 0.2
"""Part of an app's false alarms that its margins may raise, all of them together."""

LIKE_THE_WHOLE = 5.0
"""Failures that it is worth to a new slice that it is expected to fail as all calls do."""

BELIEVED = 1.5
"""So many times the usual rate may an incident teach the rhythm."""

_EVIDENCE = 5_000  # failures that are looked at, the latest
_EVIDENCE_SPAN = 6 * SPAN
_COMPACT = 4_096  # places from which on those that are used no more are dropped
_OPEN = 2**53

T = TypeVar("T")


class AlertPolicy(NamedTuple):
    """When a spike is one. Times in seconds of event time.

    ``run_length`` is the mean time between false alarms of one cluster that never changes, or less:
    a hundred weeks are one false alarm a week over a hundred clusters, their margins included. The
    delay grows with its logarithm: halving it saves one twentieth.
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
    max_slices: int = 20  # of a dimension
    max_remembered: int = 50_000  # failures of the app that can be retracted or recognised


DEFAULT_POLICY = AlertPolicy()


class Seen(NamedTuple):
    """What some minutes show; rates are failures an hour."""

    failures: int
    exposure: float
    length: int  # minutes
    confidence: float
    rate: float
    baseline: float


class Change(NamedTuple):
    """The rate of a subject left its baseline, grew further, or is back."""

    found: Subject
    what: Literal["rose", "grew", "fell"]
    spike: Incident
    seen: Seen


class Watch:
    """The baselines and charts of one app.

    Traffic of a minute has to be given before ``changes`` at its end.
    """

    def __init__(self, policy: AlertPolicy) -> None:
        self._policy = policy
        self._fast = Clock(policy.baseline_half_life)
        self._slow = Clock(policy.rhythm_half_life)
        self._exposure = Exposure(self._fast, self._slow)
        self._slices = Slices(self._fast, self._slow, self._exposure, policy.max_slices)
        self.clusters: dict[str, Subject] = {}  # least recently seen first
        self.margins: dict[str, Subject] = {}
        self.lost: list[tuple[str, str]] = []  # subject and incident, forgotten while it was up
        self._failed: dict[str, None] = {}  # since the last whole minute
        self._up: dict[str, None] = {}
        self._held: dict[int, dict[str, int]] = {}  # failures by minute that are not learnt yet
        self._imputed: dict[str, tuple[float, int, int]] = {}  # rate, from a minute, to another
        self._remembered = 0
        self._minute: Now | None = None  # while its end is judged
        self._places: list[tuple[str, ...]] = [()]  # margins that failures have in common
        self._compact_at = _COMPACT
        self._known: dict[tuple[Where, tuple[str, ...], bool], int] = {}

    # ------------------------------------------------------------ in

    def observe(
        self,
        cluster: str,
        ts: float,
        where: Where,
        kinds: Sequence[str],
        *,
        trace_id: str,
        dedup_key: str,
        user: str,
        severity: float,
        excerpt: str,
        value: float,
        unsatisfied: bool,
    ) -> None:
        """Counts a failure in its cluster and margins; see ``Alerts.observe``."""
        self._advance(ts)
        found = self._touch(cluster, ts)
        self._remembered -= found.expire(ts - self._policy.dedup_window)
        if trace_id in found.traces:
            return
        failure = found.failures.get(dedup_key)
        if failure is None:
            failure = Failure(
                ts, user or dedup_key, where.model, where.variant, severity, value=value
            )
            failure.place = self._place(where, tuple(kinds), unsatisfied=unsatisfied)
            found.failures[dedup_key] = failure
            self._remembered += 1
            self._count(found, failure)
            found.show(ts, trace_id, excerpt)
        if len(failure.traces) < TRACES_PER_FAILURE:
            failure.traces.append(trace_id)
            found.traces[trace_id] = dedup_key
        self._bound_memory()

    def retract(self, cluster: str, ts: float, *, trace_id: str) -> None:
        """Takes back what the call counted; nothing where it did not count or is forgotten.

        A failure that several copies share goes with the last of them.
        """
        self._advance(ts)
        found = self.clusters.get(cluster)
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

    def traffic(self, minute: int, calls: int, by: Mapping[Where, int]) -> None:
        """Counts calls of a minute (of the epoch), in all and by what tells them apart."""
        self._advance(minute * 60.0)
        self._exposure.add(minute, calls)
        gone = self._slices.add(minute, by)
        if gone:
            self._known = {}
            for name in [name for name in self.margins if slice_of(name) in gone]:
                self._forget_subject(self.margins, name)

    def merged(self, old: str, new: str) -> Incident | None:
        """Two clusters became one: ``new`` takes over what ``old`` learnt, and its spike.

        Returns:
            The spike that ends by it, if both had one: the later.
        """
        gone = self.clusters.get(old)
        if gone is None or old == new:
            return None
        del self.clusters[old]
        kept = self.clusters.get(new)
        lost = None
        if kept is None:
            gone.rename(new)
            self.clusters[new] = gone
        else:
            self._share(kept, gone)
            lost = kept.absorb(gone)
        for names in (self._failed, self._up):
            if old in names:
                del names[old]
                names[new] = None
        if old in self._imputed:
            self._imputed[new] = self._imputed.pop(old)
        for counts in self._held.values():
            if old in counts:
                counts[new] = counts.get(new, 0) + counts.pop(old)
        return lost

    def split(self, source: str, part: str, share: float) -> None:
        """A part of a cluster became one of its own: it is not new, and fails as it did."""
        found = self.clusters.get(source)
        if found is None or part in self.clusters:
            return
        self._evict(source)
        mark = self._exposure.total(self._exposure.next)
        self.clusters[part] = found.part(part, share, mark)

    # ------------------------------------------------------------ out

    def idle(self) -> bool:
        """Whether whole minutes change nothing until the next failure."""
        return not self._failed and not self._up

    def find(self, name: str) -> Subject | None:
        """A subject that is known."""
        return self.margins.get(name) if is_margin(name) else self.clusters.get(name)

    def changes(self, ts: float) -> list[Change]:
        """What changed in the minute that ends, by subject's name."""
        if self.idle():
            return []
        self._close(int(ts // 60))
        self._minute = self._exposure.now()
        found = []
        for name in sorted(self._failed.keys() | self._up.keys()):
            subject = self.find(name)
            if subject is None:
                continue
            subject.prune(self._exposure.next - HELD)
            change = self._judge(subject, self._now(subject))
            if change is not None:
                found.append(change)
        self._failed, self._minute = {}, None
        return found

    def look(self, found: Subject) -> Seen:
        """What the latest minutes of a subject show: ten, or as many as it takes to fail ten times."""
        now = self._now(found)
        spike = found.incident
        usual = self._baseline(found, now)
        hourly = spike.rate if spike is not None else usual.rate * now.usual * 60.0
        length = min(max(ceil(600 / max(hourly, 1e-9)), WINDOW), HELD)
        exposure = now.end - self._of(found).total(now.minute - length)
        count = found.count(now.minute - length, now.minute)
        return _see(usual, count, max(exposure, 1e-9), length)

    def failures(self, name: str, since: float) -> Iterator[Failure]:
        """The failures of a subject since a time, as far as remembered."""
        if not is_margin(name):
            found = self.clusters.get(name)
            return found.latest(since) if found is not None else iter(())
        everywhere = chain.from_iterable(s.latest(since) for s in self.clusters.values())
        return (failure for failure in everywhere if name in self._places[failure.place])

    def exemplars(self, name: str, number: int) -> list[tuple[str, str]]:
        """Trace id and excerpt of the latest failures of a subject, of each cluster one at first."""
        shown: list[tuple[int, float, str, str]] = []
        for cluster in self.clusters.values() if is_margin(name) else [self.find(name)]:
            if cluster is None:
                continue
            latest = reversed(cluster.exemplars)
            mine = [row for row in latest if self._shows(cluster, row[1], name)]
            shown += [(rank, -ts, trace_id, text) for rank, (ts, trace_id, text) in enumerate(mine)]
        return [(trace_id, text) for _, _, trace_id, text in sorted(shown)[:number]]

    def _shows(self, cluster: Subject, trace_id: str, name: str) -> bool:
        if not is_margin(name):
            return True
        failure = cluster.failures.get(cluster.traces.get(trace_id, ""))
        return failure is not None and name in self._places[failure.place]

    def margins_of(self, failure: Failure) -> tuple[str, ...]:
        """The margins in which a failure counts."""
        return self._places[failure.place]

    def rows(self, now: float) -> list[Row]:
        """The latest failures of all clusters, for ``Evidence``."""
        rows = [
            Row(failure.ts, cluster.name, self._places[failure.place])
            for cluster in self.clusters.values()
            for failure in cluster.latest(now - _EVIDENCE_SPAN)
        ]
        return sorted(rows)[-_EVIDENCE:]

    def expected(self, subject: str, since: float) -> float:
        """Failures that were to be expected of a subject since a time, an hour ago at most."""
        found = self.find(subject)
        if found is None:
            return 0.0
        exposure = self._of(found)
        spent = exposure.total(exposure.next) - exposure.total(int(since // 60))
        return self._baseline(found, self._now(found)).rate * max(spent, 0.0)

    def knows(self, subject: str) -> bool:
        """Whether a subject is watched."""
        return self.find(subject) is not None

    def share(self, subject: str) -> float:
        """Part of the app's usual failures; where nothing is usual yet, all of them."""
        found, every = self.find(subject), self.margins.get(ALL)
        if every is None or every.fast <= 0:
            return 1.0
        return min(found.fast / every.fast, 1.0) if found is not None else 0.0

    # ------------------------------------------------------------ one subject

    def _of(self, found: Subject) -> Exposure:
        """The denominators of a subject."""
        if is_margin(found.name):
            return self._slices.exposure(slice_of(found.name)) or self._exposure
        return self._exposure

    def _now(self, found: Subject) -> Now:
        every = self._exposure.now() if self._minute is None else self._minute
        own = self._of(found)
        return every if own is self._exposure else own.now(every)

    def _judge(self, found: Subject, now: Now) -> Change | None:
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
        if crossing.level < threshold(self._run_length(found, now) / 60):
            return None
        return self._begin(found, crossing, usual, now)

    def _run_length(self, found: Subject, now: Now) -> float:
        """Seconds between false alarms of a subject: clusters and margins share what is allowed."""
        age = max(now.ts - self._started(), 3600.0)
        length = min(self._policy.run_length, age * YOUNG)
        if is_margin(found.name):
            return length * len(self.margins) / (MARGINS * max(len(self.clusters), 1))
        return length / (1 - MARGINS)

    def _baseline(self, found: Subject, now: Now) -> Gamma:
        """The rate to be expected at this hour, as sure as everything known about it allows."""
        usual = found.baseline(now, self._prior(found, now))
        if found.incident is not None or not usual.calls:
            return usual
        if found.own is None and found.slow / now.weights[1] >= OWN_FROM:
            found.own = Own(list(now.bins))
        own = found.own.factor(now) if found.own is not None else 1.0
        shape = 1 / (1 / usual.shape + self._policy.dispersion + now.doubt)
        return Gamma(shape, shape / (usual.rate * own))

    def _prior(self, found: Subject, now: Now) -> Gamma:
        """What is expected of a subject that is new."""
        if is_margin(found.name) and slice_of(found.name):
            every = self.margins.get(whole(found.name))
            usual = every.baseline(self._now(every), Gamma(0.5, 0.0)) if every else None
            if usual is None or not usual.rate or not self._of(found).known:
                return Gamma(0.5, 0.0)
            return Gamma(LIKE_THE_WHOLE, LIKE_THE_WHOLE / usual.rate)
        policy = self._policy
        return Gamma(policy.prior_rate * policy.prior_hours, policy.prior_hours * 60.0 * now.usual)

    def _begin(self, found: Subject, crossing: Crossing, usual: Gamma, now: Now) -> Change:
        failed = self.failures(found.name, crossing.start * 60.0)
        horizon = self._exposure.horizon(now.minute)
        exposure = self._of(found)
        last = found.last
        spike = Incident(
            id=last.id if last is not None else "",
            since=min((failure.ts for failure in failed), default=crossing.start * 60.0),
            opened=now.ts,
            new=found.prior and found.known >= horizon * 60,
            minute=horizon,
            shape=usual.shape,
            calls=usual.calls,
            fast=exposure.fast,
            slow=exposure.slow,
        )
        if last is not None and now.ts - (last.quiet or 0.0) <= self._policy.regress_within:
            spike.new, spike.returns = last.new, last.returns + 1
        else:
            spike.id = ""
        seen = _see(usual, crossing.failures, crossing.exposure, now.minute - crossing.start)
        found.incident, found.last = spike, None
        self._up[found.name] = None
        self._note(found, spike, seen)
        return Change(found, "rose", spike, seen)

    def _follow(self, found: Subject, spike: Incident, now: Now) -> Change | None:
        policy = self._policy
        seen = self.look(found)
        self._calm(found, spike, Gamma(spike.shape, spike.calls), now)
        self._believe(found.name, spike, seen.failures / seen.exposure)
        if now.ts - spike.opened >= policy.accept_after:
            return self._end(found, spike, seen, now, accept=True)
        patience = policy.resolve_after * 2 ** min(spike.returns, 5)
        over = spike.quiet is not None and now.ts - spike.quiet >= patience
        if over and spike.calm >= policy.close_evidence:
            return self._end(found, spike, seen, now, accept=False)
        if not self._grows(spike, seen):
            return None
        self._note(found, spike, seen)
        return Change(found, "grew", spike, seen)

    def _note(self, found: Subject, spike: Incident, seen: Seen) -> None:
        spike.rate, spike.per_call = seen.rate, seen.failures / seen.exposure
        self._believe(found.name, spike, spike.per_call)

    def _believe(self, name: str, spike: Incident, present: float, end: int = _OPEN) -> None:
        """Notes what the rhythm is to be taught in place of what is withheld.

        A rate that is little above its baseline is believed: where the baseline was wrong, the
        incident would else teach that it was right.
        """
        usual = spike.shape / spike.calls
        rate = min(max(present, usual), BELIEVED * usual)
        self._imputed[name] = (rate, spike.minute, end)

    def _calm(self, found: Subject, spike: Incident, usual: Gamma, now: Now) -> None:
        """A chart downwards: of a third of the way up from the baseline against two thirds."""
        step = max(spike.per_call / usual.rate, 1.8) ** (1 / 3)
        count = found.count(now.minute - 1, now.minute)
        expected = usual.rate * (now.end - now.begin)
        fallen = step * (step - 1) * expected - count * log(step)
        spike.calm = max(spike.calm + fallen, 0.0)
        if not spike.calm:
            spike.quiet = None
        elif spike.quiet is None:
            spike.quiet = now.ts

    def _grows(self, spike: Incident, seen: Seen) -> bool:
        expected = self._policy.escalate_ratio * spike.per_call * seen.exposure
        if spike.quiet is not None or seen.failures <= expected:
            return False
        if seen.failures < self._policy.min_failures:
            return False
        likely = float(gammaincc(seen.failures + 0.5, expected))
        return likely >= self._policy.escalate_confidence

    def _end(
        self, found: Subject, spike: Incident, seen: Seen, now: Now, *, accept: bool
    ) -> Change:
        if accept:
            found.accept()
        else:
            found.resume(self._of(found).ahead(), now.minute)
            for counts in self._held.values():
                counts.pop(found.name, None)
        found.charts.clear()
        end = spike.minute if accept else now.minute
        self._believe(found.name, spike, seen.failures / seen.exposure, end)
        del self._up[found.name]
        spike.quiet = now.ts
        found.incident, found.last = None, spike
        return Change(found, "fell", spike, seen)

    # ------------------------------------------------------------ counting

    def _place(self, where: Where, kinds: tuple[str, ...], *, unsatisfied: bool) -> int:
        """Where the margins of a failure stand in the table."""
        key = (where, kinds, unsatisfied)
        known = self._known.get(key)
        if known is None:
            if len(self._places) >= self._compact_at:
                self._compact()
                self._compact_at = max(_COMPACT, 2 * len(self._places))
            margins = self._slices.margins(where, kinds, unsatisfied=unsatisfied)
            known = self._known[key] = len(self._places)
            self._places.append(margins)
        return known

    def _compact(self) -> None:
        """Drops places that no failure has, and puts the others in the order of the failures."""
        places: list[tuple[str, ...]] = [()]
        moved: dict[tuple[str, ...], int] = {(): 0}
        for found in self.clusters.values():
            for failure in found.failures.values():
                margins = self._places[failure.place]
                if margins not in moved:
                    moved[margins] = len(places)
                    places.append(margins)
                failure.place = moved[margins]
        self._places, self._known = places, {}

    def _count(self, cluster: Subject, failure: Failure) -> None:
        """Counts a failure in its cluster and margins."""
        minute = failure.minute
        held = self._held.setdefault(minute, {})
        margins = (self._margin(name, failure.ts) for name in self._places[failure.place])
        for found in (cluster, *margins):
            if found is not None:
                name, bins = found.name, found.bins
                bins[minute] = bins.get(minute, 0) + 1
                held[name] = held.get(name, 0) + 1
                self._failed[name] = None

    def _uncount(self, cluster: Subject, failure: Failure) -> None:
        """Takes a failure out of its cluster and margins."""
        minute = failure.minute
        margins = (self.margins.get(name) for name in self._places[failure.place])
        self._take(cluster, minute, learnt=failure.learnt)
        for found in margins:
            if found is not None:
                self._take(found, minute, learnt=found.learns(minute))

    def _take(self, found: Subject, minute: int, *, learnt: bool) -> None:
        found.remove(minute)
        found.charts.retract(minute)
        held = self._held.get(minute, {})
        if found.name in held:
            held[found.name] -= 1
            if not held[found.name]:
                del held[found.name]
        elif learnt and minute < self._exposure.horizon(self._exposure.next):
            self._teach(found, minute, -1)

    def _teach(self, found: Subject, minute: int, count: int) -> None:
        """Adds failures that are held back no longer to the baseline, unless a spike has them."""
        weights = (self._fast.weight(minute), self._slow.weight(minute))
        if found.incident is not None and minute >= found.incident.minute:
            found.withhold(count, weights)
            return
        at = place(minute)
        found.learn(at, count, weights)
        if not is_margin(found.name):  # margins hold the same failures
            self._exposure.rhythm.learn(at, count * weights[1], 0.0)

    def _impute(self, minute: int, exposure: float, key: str = "") -> None:
        """Teaches the rhythm what was to be expected where failures are withheld.

        Without it, the hours of an incident would look like quiet ones a day later.
        """
        at = place(minute)
        for name in sorted(self._imputed):
            if (slice_of(name) if is_margin(name) else "") != key:
                continue
            rate, start, end = self._imputed[name]
            found = self.find(name)
            if minute >= end or found is None:
                del self._imputed[name]
            elif minute >= start:
                expected = rate * exposure * self._slow.weight(minute)
                if not is_margin(name):
                    self._exposure.rhythm.learn(at, expected, 0.0)
                if found.own is not None:
                    found.own.learn(at, expected)

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
        every = (self.clusters, self.margins)
        for _ in range(self._fast.advance(ts)):
            self._exposure.scale_fast()
            self._slices.scale_fast()
            for found in chain.from_iterable(subjects.values() for subjects in every):
                found.scale_fast()
        for _ in range(self._slow.advance(ts)):
            self._exposure.scale_slow()
            self._slices.scale_slow()
            for found in chain.from_iterable(subjects.values() for subjects in every):
                found.scale_slow()
        self._close(int(ts // 60))

    def _close(self, minute: int) -> None:
        if minute <= self._exposure.next:
            return
        for horizon in self._exposure.close(minute):
            for learnt, exposure in self._exposure.learn(horizon):
                self._impute(learnt, exposure)
            # Slices have the rhythm of the app: each minute by what was known of that in it.
            for key, learnt, exposure in self._slices.close(self._exposure.next):
                self._impute(learnt, exposure, key)
            for old in [m for m in self._held if m < horizon]:
                for name, count in sorted(self._held.pop(old).items()):
                    found = self.find(name)
                    if found is not None:
                        self._teach(found, old, count)

    def _touch(self, cluster: str, ts: float) -> Subject:
        found = self.clusters.pop(cluster, None)
        if found is None:
            self._evict()
            found = self._new(cluster, ts, self._exposure)
        self.clusters[cluster] = found
        return found

    def _margin(self, name: str, ts: float) -> Subject | None:
        """A margin, None where its slice has lost its row."""
        found = self.margins.get(name)
        if found is None:
            exposure = self._slices.exposure(slice_of(name))
            if exposure is None:
                return None
            found = self.margins[name] = self._new(name, ts, exposure)
            if slice_of(name):  # all of its calls are its own
                found.born = (0.0, 0.0)
        return found

    def _new(self, name: str, ts: float, exposure: Exposure) -> Subject:
        cold = ts < self._started() + self._policy.warm_up
        born = (0.0, 0.0) if cold else exposure.ahead()
        found = Subject(name, ts, born, prior=not cold)
        found.charts.mark = exposure.total(int(ts // 60))
        return found

    def _evict(self, needed: str = "") -> None:
        """Makes room for a cluster: the least recently seen whose rate is not up goes."""
        if len(self.clusters) < self._policy.max_subjects:
            return
        others = [name for name in self.clusters if name != needed]
        quiet = (name for name in others if self.clusters[name].incident is None)
        self._forget_subject(self.clusters, next(quiet, others[0]))

    def _forget_subject(self, subjects: dict[str, Subject], name: str) -> None:
        gone = subjects.pop(name)
        self._failed.pop(name, None)
        self._up.pop(name, None)
        self._remembered -= len(gone.failures)
        if gone.incident is not None:
            self.lost.append((name, gone.incident.id))

    def _bound_memory(self) -> None:
        while self._remembered > self._policy.max_remembered:
            flooded = max(self.clusters.values(), key=lambda found: len(found.failures))
            flooded.forget(next(iter(flooded.failures)))
            self._remembered -= 1

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        self._compact()
        return {
            "clocks": [self._fast.dump(), self._slow.dump()],
            "exposure": self._exposure.dump(),
            "slices": self._slices.dump(),
            "subjects": plain(list(self.clusters.values())),
            "margins": plain(list(self.margins.values())),
            "places": [list(margins) for margins in self._places],
            "failed": sorted(self._failed),
            "open": sorted(self._up),
            "held": [[minute, sorted(counts.items())] for minute, counts in self._held.items()],
            "imputed": [[name, *row] for name, row in sorted(self._imputed.items())],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave."""
        for clock, row in zip((self._fast, self._slow), state["clocks"], strict=True):
            clock.load(row)
        self._exposure.load(state["exposure"])
        self._slices.load(state["slices"])
        self.clusters = {found.name: found for found in revived(state["subjects"], list[Subject])}
        self.margins = {found.name: found for found in revived(state["margins"], list[Subject])}
        self._places = [tuple(margins) for margins in state["places"]]
        self._known = {}
        self._failed = dict.fromkeys(state["failed"])
        self._up = dict.fromkeys(state["open"])
        self._held = {minute: dict(counts) for minute, counts in state["held"]}
        self._imputed = {name: (rate, a, b) for name, rate, a, b in state["imputed"]}
        self._remembered = sum(len(found.failures) for found in self.clusters.values())


def plain(state: object) -> Any:
    """Structs as plain data."""
    return msgspec.to_builtins(state, str_keys=True)


def revived(rows: object, kind: type[T]) -> T:
    """The inverse of ``plain``."""
    return msgspec.convert(rows, kind, str_keys=True)


def _see(usual: Gamma, count: int, exposure: float, length: int) -> Seen:
    """With P(present rate > usual one), both Gamma, the present one with Jeffreys' prior.

    That is a Beta tail: of the usual one's share in the sum of both.
    """
    share = usual.calls / (usual.calls + exposure)
    confidence = float(betainc(usual.shape, count + 0.5, share))
    hourly = 60.0 / length
    return Seen(count, exposure, length, confidence, count * hourly, usual.rate * exposure * hourly)
