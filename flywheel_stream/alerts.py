"""Spikes: a failure rate that is surely above its baseline becomes an incident, in event time.

Which rates leave their baselines is watched subject by subject (see ``watching``); here what spikes
together for one reason becomes one incident (see ``causes``), told by the subject that explains most
of it: opened, escalated, resolved, and regressed when it comes back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import fsum
from typing import Any, NamedTuple

from flywheel_stream.causes import AT_ONCE, NEAR, Cause, Causes, Evidence, Member
from flywheel_stream.errors import expect_version
from flywheel_stream.events import AlertState, ModelRate
from flywheel_stream.lineage import incident_id
from flywheel_stream.margins import Where, described, is_margin
from flywheel_stream.subjects import EXEMPLARS, Failure, Incident
from flywheel_stream.watching import DEFAULT_POLICY, AlertPolicy, Change, Seen, Watch

KINDS_TOLD = 3
"""Kinds of failure that an alert names."""

REVIEW = 300.0
"""Seconds between two looks at whether an incident is of one cause."""

OTHERS_TOLD = 20
"""Other subjects of an incident that it lists."""

_VERSION = 3


class Hit(NamedTuple):
    """A subject that an incident is about, beside the one that it is told by."""

    subject: str
    since: float
    active: bool  # not back at its usual rate
    rate: float  # failures an hour, at its latest change
    baseline: float


class Spike(NamedTuple):
    """An incident changed its state."""

    subject: str  # a cluster, or a margin: the one that explains most
    state: AlertState
    incident: str
    ts: float  # of the tick that decided it
    since: float  # event time of the first failure of the spike
    rate: float  # failures an hour
    baseline: float  # failures an hour that were to be expected at the present traffic
    confidence: float  # that the rate exceeds the baseline
    users: int  # distinct ones since `since`, as far as remembered
    number: int  # alerts that the incident had before
    new: bool  # the subject was not known before
    models: list[ModelRate]
    exemplars: list[tuple[str, str]]  # trace_id, excerpt; the latest first
    severity: float  # mean over the window's failures
    at_stake: float = 0.0  # the value of the calls that failed since `since`
    kinds: list[str] = []  # noqa: RUF012 - of the window's failures, the most frequent first
    others: list[Hit] = []  # noqa: RUF012 - clusters first, then by rate

    def clusters(self) -> list[str]:
        """The clusters that it is about and that are not back at their usual rate."""
        names = [self.subject, *(hit.subject for hit in self.others if hit.active)]
        return [name for name in names if not is_margin(name)]


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
    clusters: list[str]


class Alerts:
    """The incidents of one app, over what is watched of it.

    Traffic of a minute has to be given before the tick at its end. Ticks are multiples of ten
    seconds; it is the whole minutes that decide, others cost nothing.
    """

    def __init__(self, app: str, policy: AlertPolicy = DEFAULT_POLICY) -> None:
        self._app = app
        self._policy = policy
        self._watch = Watch(policy)
        self._causes = Causes()
        self._latest: Evidence | None = None  # of the tick that goes on
        self._ended: list[str] = []  # incidents without a subject: resolved at the next tick

    # ------------------------------------------------------------ in

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
        prompt_version: str = "",
        values: tuple[tuple[str, str], ...] = (),
        kinds: Sequence[str] = (),
        unsatisfied: bool = False,
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
            prompt_version: of the call.
            values: the configured attributes that it has.
            kinds: of the failure.
            unsatisfied: whether the user said so.
        """
        self._watch.observe(
            subject,
            float(ts),
            Where(model, variant, prompt_version, values),
            kinds,
            trace_id=trace_id,
            dedup_key=dedup_key,
            user=user,
            severity=float(severity),
            excerpt=excerpt,
            value=value,
            unsatisfied=unsatisfied,
        )
        self._note_lost()

    def retract(self, subject: str, ts: float, *, trace_id: str) -> None:
        """Takes back what the call counted; nothing where it did not count or is forgotten.

        A failure that several copies share goes with the last of them.
        """
        self._watch.retract(subject, float(ts), trace_id=trace_id)

    def traffic(self, minute: int, calls: int, by: Mapping[Where, int] | None = None) -> None:
        """Counts calls of a minute (of the epoch), the denominators; adds to what was given.

        Args:
            minute: of the epoch.
            calls: all of them.
            by: of those, how many by what tells them apart.
        """
        self._watch.traffic(minute, calls, by or {})
        self._note_lost()

    def merged(self, old: str, new: str) -> None:
        """Two clusters became one: ``new`` takes over what ``old`` learnt, and its incident.

        Incidents of both are one from then on: the one of the earlier spike goes on with all that
        spikes, the other is resolved at the next tick.
        """
        lost = self._watch.merged(old, new)
        self._causes.rename(old, new)
        found = self._watch.find(new)
        if lost is None or found is None or found.incident is None:
            return
        kept, gone = (self._causes.open.get(spike.id) for spike in (found.incident, lost))
        if kept is None or gone is None or kept is gone:
            return
        self._unite(kept, gone)
        self._ended.append(gone.id)

    def _unite(self, kept: Cause, gone: Cause) -> None:
        """What spikes in an incident goes on in another, and nothing is left of the one."""
        self._causes.unite(kept, gone)
        for name in kept.active():
            subject = self._watch.find(name)
            if subject is not None and subject.incident is not None:
                subject.incident.id = kept.id

    def split(self, source: str, part: str, share: float) -> None:
        """A part of a cluster became one of its own: it is not new, and fails as it did.

        Args:
            source: the cluster that it was a part of.
            part: its own name.
            share: of the source's failures, above 0 and below 1.
        """
        self._watch.split(source, part, share)
        self._note_lost()

    # ------------------------------------------------------------ out

    def tick(self, ts: float) -> list[Spike]:
        """What changed, by incident; to be called at multiples of ten seconds."""
        spikes = [self._resolved(self._causes.open[name], ts) for name in self._ended]
        self._ended = []
        if ts % 60 == 0:
            spikes += self._settle(self._watch.changes(ts), ts)
            self._latest = None
        return spikes

    def idle(self) -> bool:
        """Whether ticks change nothing until the next ``observe``."""
        return self._watch.idle() and not self._ended

    def subjects(self) -> list[str]:
        """The clusters that are known."""
        return list(self._watch.clusters)

    def open_incidents(self) -> list[OpenIncident]:
        """The incidents that are not resolved, the oldest first."""
        found = [
            OpenIncident(
                cause.id,
                cause.headline,
                cause.state,
                cause.since,
                cause.opened,
                cause.number,
                cause.rate,
                cause.baseline,
                cause.users,
                cause.new,
                cause.clusters(),
            )
            for cause in self._causes.open.values()
            if cause.id not in self._ended
        ]
        return sorted(found, key=lambda i: (i.since, i.incident))

    # ------------------------------------------------------------ incidents

    def _settle(self, changes: Sequence[Change], ts: float) -> list[Spike]:
        """Puts what spikes into incidents, the clusters first, and tells those that changed."""
        rose = [change for change in changes if change.what == "rose"]
        told: dict[str, AlertState] = {}
        if rose:
            evidence = self._evidence(ts)
            for change in sorted(rose, key=_narrow_first):
                self._join(change, evidence, told, ts)
        for change in changes:
            if change.what != "rose":
                self._update(change)
        if ts % REVIEW == 0:
            self._review(told, ts)
        moved = {change.found.name: change for change in changes}
        spikes = []
        for cause in list(self._causes.open.values()):
            state = told.get(cause.id) or self._worth_telling(cause, moved, ts)
            if state == "resolved":
                spikes.append(self._resolved(cause, ts))
            elif state is not None:
                spikes.append(self._tell(cause, state, moved, ts))
        return sorted(spikes, key=lambda spike: (spike.since, spike.incident))

    def _join(
        self, change: Change, evidence: Evidence, told: dict[str, AlertState], ts: float
    ) -> None:
        """Finds the incident of a spike, or makes it one."""
        name, spike = change.found.name, change.spike
        cause = self._causes.open.get(spike.id)
        if cause is None or name not in cause.members:
            cause = self._causes.place(name, spike.since, evidence, change.found.source)
        if cause is not None:
            cause.untold = cause.untold or not is_margin(name)
        else:
            cause = self._causes.reopen(spike.id, name, spike.since, evidence)
            if cause is None:
                cause = self._open(incident_id(self._app, name, spike.since), name, spike, ts)
            told[cause.id] = cause.state
        spike.id = cause.id
        seen = change.seen
        member = Member(spike.since, True, seen.rate, seen.baseline, seen.confidence)  # noqa: FBT003
        cause.join(name, member)

    def _open(self, known: str, name: str, spike: Incident, ts: float) -> Cause:
        cause = Cause(known, name, "opened", spike.since, ts, spike.new)
        self._causes.open[known] = cause
        return cause

    def _review(self, told: dict[str, AlertState], ts: float) -> None:
        """Looks whether incidents that are young are of one cause each, and each of its own."""
        young = [c for c in self._causes.open.values() if ts - c.since <= 2 * NEAR and c.active()]
        for cause in young:
            if len(cause.active()) > 1:
                self._take_apart(cause, told, ts)
        for cause in young if len(young) > 1 else ():
            whole = self._causes.whole(cause, self._evidence(ts))
            if whole is not None:
                self._unite(whole, cause)
                whole.untold = True
                if told.pop(cause.id, "escalated") != "escalated":  # nobody has heard of it
                    self._causes.close(cause, ts)

    def _take_apart(self, cause: Cause, told: dict[str, AlertState], ts: float) -> None:
        """What turned out to be of another cause goes to its incident, or is one of its own."""
        evidence = self._evidence(ts)
        for name in self._causes.apart(cause, evidence):
            found, member = self._watch.find(name), cause.members[name]
            if found is None or found.incident is None:
                continue
            other = self._causes.place(name, member.since, evidence, but=cause.id)
            if other is None:
                if is_margin(name):
                    continue
                # By its own beginning it may have given its name to the incident that it leaves.
                known = incident_id(self._app, name, ts)
                other = self._open(known, name, found.incident, ts)
                told[known] = "opened"
            found.incident.id = other.id
            other.join(name, cause.members.pop(name))
            other.untold = True
            told.setdefault(cause.id, "escalated")

    def _update(self, change: Change) -> None:
        cause = self._causes.open.get(change.spike.id)
        if cause is not None:
            seen = change.seen
            active = change.what != "fell"
            since = change.spike.since
            member = Member(since, active, seen.rate, seen.baseline, seen.confidence)
            cause.members[change.found.name] = member

    def _worth_telling(
        self, cause: Cause, moved: Mapping[str, Change], ts: float
    ) -> AlertState | None:
        """What became of an incident since it was last told, if anybody has to know."""
        active = cause.active()
        if not active:
            return "resolved"
        due = cause.told + AT_ONCE * 2 ** min(cause.again - 1, 5)
        waits = cause.untold and not cause.fades() and ts >= due
        if waits and self._is_up(cause, moved, ts):
            return "escalated"  # with all that has joined; each time it takes twice as long
        risen = {n: moved[n] for n in active if n in moved and moved[n].what != "fell"}
        if cause.headline in risen:
            return "escalated"
        harm = self._policy.escalate_ratio * (cause.rate - cause.baseline)
        if all(change.seen.rate - change.seen.baseline < harm for change in risen.values()):
            return None
        headline = self._causes.headline(cause, self._evidence(ts))
        return "escalated" if headline in risen else None

    def _is_up(self, cause: Cause, moved: Mapping[str, Change], ts: float) -> bool:
        """Whether what an incident would be told by still fails more than usual, surely."""
        headline = self._causes.headline(cause, self._evidence(ts))
        return self._seen(headline, moved).confidence >= self._policy.escalate_confidence

    def _seen(self, name: str, moved: Mapping[str, Change]) -> Seen:
        """What the latest minutes of an incident's subject show."""
        if name in moved:
            return moved[name].seen
        found = self._watch.find(name)
        assert found is not None  # noqa: S101 - its rate is up, so it is known
        return self._watch.look(found)

    def _tell(
        self,
        cause: Cause,
        state: AlertState,
        moved: Mapping[str, Change],
        ts: float,
    ) -> Spike:
        """What people hear of an incident that is on."""
        cause.headline = self._causes.headline(cause, self._evidence(ts))
        seen = self._seen(cause.headline, moved)
        failures = list(self._watch.failures(cause.headline, cause.since))
        cause.state, cause.told, cause.untold = state, ts, False
        cause.again += 1
        cause.rate, cause.baseline = seen.rate, seen.baseline
        cause.users = max(cause.users, len({failure.user for failure in failures}))
        found = self._watch.find(cause.headline)
        spike = found.incident if found is not None else None
        sliced = not {"cluster", "kind"} & described(cause.headline).keys()
        cause.new = spike is not None and spike.new and not sliced
        within = [f for f in failures if f.minute >= ts // 60 - seen.length]
        return self._spike(cause, ts, seen, within)._replace(
            severity=sum(failure.severity for failure in within) / max(len(within), 1),
            at_stake=fsum(failure.value for failure in failures),
        )

    def _resolved(self, cause: Cause, ts: float) -> Spike:
        """The end of an incident."""
        cause.state = "resolved"
        self._causes.close(cause, ts)
        member = cause.members.get(cause.headline, Member(cause.since, baseline=cause.baseline))
        seen = Seen(0, 0.0, 0, member.confidence, member.rate, member.baseline)
        found = self._watch.find(cause.headline)
        if cause.headline not in cause.members and found is not None:
            seen = self._watch.look(found)
        cause.rate, cause.baseline = seen.rate, seen.baseline
        failures = list(self._watch.failures(cause.headline, cause.since))
        cause.users = max(cause.users, len({failure.user for failure in failures}))
        return self._spike(cause, ts, seen, [f for f in failures if f.ts >= ts - 600.0])

    def _spike(self, cause: Cause, ts: float, seen: Seen, within: Sequence[Failure]) -> Spike:
        number, cause.number = cause.number, cause.number + 1
        return Spike(
            cause.headline,
            cause.state,
            cause.id,
            ts,
            cause.since,
            seen.rate,
            seen.baseline,
            seen.confidence,
            cause.users,
            number,
            cause.new,
            _models(within, seen.rate),
            self._watch.exemplars(cause.headline, EXEMPLARS),
            severity=0.0,
            kinds=self._kinds(within),
            others=_others(cause),
        )

    def _kinds(self, failures: Iterable[Failure]) -> list[str]:
        margins = (described(name) for f in failures for name in self._watch.margins_of(f))
        kinds = Counter(margin["kind"] for margin in margins if "kind" in margin)
        ranked = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
        return [kind for kind, _ in ranked[:KINDS_TOLD]]

    def _evidence(self, ts: float) -> Evidence:
        if self._latest is None:
            self._latest = Evidence(self._watch.rows(ts), ts, self._watch)
        return self._latest

    def _note_lost(self) -> None:
        """Subjects that were forgotten while they were up leave their incidents."""
        for name, known in self._watch.lost:
            cause = self._causes.open.get(known)
            if cause is not None and name in cause.members:
                cause.members[name].active = False
                if not cause.active():
                    self._ended.append(cause.id)
        self._watch.lost = []

    # ------------------------------------------------------------ state

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "watch": self._watch.dump(),
            "causes": self._causes.dump(),
            "ended": self._ended,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave; app and policy are the constructor's.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, f"Alerts of app {self._app!r},")
        self._watch.load(state["watch"])
        self._causes.load(state["causes"])
        self._ended = list(state["ended"])


def _narrow_first(change: Change) -> tuple[bool, float, str]:
    """Clusters before margins, what fails seldom before what fails often."""
    return is_margin(change.found.name), change.seen.baseline, change.found.name


def _others(cause: Cause) -> list[Hit]:
    hits = [
        Hit(name, member.since, member.active, member.rate, member.baseline)
        for name, member in cause.members.items()
        if name != cause.headline
    ]
    hits.sort(key=lambda hit: (is_margin(hit.subject), not hit.active, -hit.rate, hit.subject))
    return hits[:OTHERS_TOLD]


def _models(failures: Iterable[Failure], rate: float) -> list[ModelRate]:
    """The rate shared out over models and arms, as the remembered failures are."""
    shares = Counter((failure.model, failure.variant) for failure in failures)
    total = shares.total()
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [ModelRate(model=m, variant=v, rate=rate * n / total) for (m, v), n in ranked]
