"""Learn's half of the order: what one judged call, minute or deployment does to all that is known.

A fold is a function of the records of its app in the order of event time; how they were cut into
batches, on which worker, before or after a crash, changes nothing. What it knows is dumped as
plain data and loaded again.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from flywheel_stream import topics
from flywheel_stream.advising import Known, alert
from flywheel_stream.alerts import Alerts, OpenIncident, Spike
from flywheel_stream.classifying import KindClassifier
from flywheel_stream.clusters import ClusterInfo, Clusters
from flywheel_stream.comparing import (
    CLUSTER,
    TOPIC,
    ComparePolicy,
    Comparing,
    Picture,
)
from flywheel_stream.consistency import Consistency
from flywheel_stream.contamination import EvaluationSets
from flywheel_stream.counted import Counted
from flywheel_stream.curation import Curation
from flywheel_stream.embedding import Embedder
from flywheel_stream.errors import StateError, expect_version
from flywheel_stream.event_time import (
    NEVER,
    TICK,
    Marks,
    ReorderBuffer,
    slot,
    ticks,
)
from flywheel_stream.events import (
    Decided,
    Decision,
    Deployed,
    Deployment,
    Failure,
    Finding,
    Interaction,
    Judged,
    Learnable,
    Output,
    Traffic,
    decode_deployment,
    encode,
)
from flywheel_stream.failures import (
    KINDS,
    UNEXPLAINED,
    UNSATISFIED,
    excerpt,
    failure_kinds,
    severity,
)
from flywheel_stream.lifecycle import Lifecycles, State
from flywheel_stream.lineage import is_sampled
from flywheel_stream.minutes import Minutes, by_margin, by_slice
from flywheel_stream.naming import ClusterNames, Unnamed
from flywheel_stream.near import Sketches
from flywheel_stream.rules import Rules, amount
from flywheel_stream.satisfaction import HourStats, Satisfaction, Slice, SliceStats
from flywheel_stream.signals import Judgement, standing, thumb, vote
from flywheel_stream.successes import Successes, SuccessPicture, praised
from flywheel_stream.topics import TopicMap, Topics
from flywheel_stream.triage import Budget
from flywheel_stream.watching import AlertPolicy
from flywheel_stream.worths import WorthPicture, Worths

STATE_VERSION = 3
"""Of all that a snapshot holds: it changes when any part does, and no other version loads."""
DEPLOYMENTS = 50


@dataclass(frozen=True)
class LearnPolicy:
    """The knobs of the learner."""

    lateness: float = 10.0
    revision_window: float = 86_400.0
    max_counted: int = 50_000
    cluster_capacity: int = 500
    budget: Budget = Budget(days=14.0, cost=5000.0)  # noqa: RUF009 - immutable
    alerts: AlertPolicy = AlertPolicy()  # noqa: RUF009 - immutable
    compare: ComparePolicy = ComparePolicy()  # noqa: RUF009 - immutable
    versions: Mapping[str, str] = field(default_factory=dict)
    dedup_window: float = 86_400.0
    max_per_cluster: int = 1_000
    near_bytes: int = 2_000_000
    value_attribute: str = ""
    rules: Rules | None = None
    """Those of the configuration, for what they say is at stake."""
    sample_rate: float = 0.01
    evaluation: EvaluationSets | None = None


class Look(NamedTuple):
    """What is told of a record before it is counted."""

    kinds: list[Finding]
    """Of failure, by checks and words, and by what was answered before."""
    reasons: list[str]
    """Why it is a success."""
    judgement: Judgement
    """By what implicit signals have been worth, where no explicit one says more."""
    contradiction: Finding | None
    """Held against other answers once, when the call is first judged; that stands."""


class Due(NamedTuple):
    """What a watermark made due of one app, and what of it can be worked ahead."""

    watermark: float
    records: list[Learnable]
    questions: dict[str, str]
    """By trace id, of nearly all that will be placed; others are embedded by themselves."""
    examples: list[str]
    """Texts that are likely to be compared with others."""


class AppPicture(NamedTuple):
    """What an app's learner sees, for metrics and for people."""

    app: str
    slices: list[SliceStats]
    failures: dict[str, int]
    clusters: int
    states: dict[State, int]
    """Live clusters by where they stand."""
    successes: dict[str, int]
    """Really good answers that stand, by reason; one may have several."""
    unseen_topics: int
    """Topics that nobody asked about before, of the last week."""
    incidents: list[tuple[OpenIncident, float]]
    examples: dict[str, int]


class ClusterPicture(NamedTuple):
    """A failure cluster, for people."""

    id: str
    label: str
    size: int
    users: int
    kinds: dict[str, int]
    state: State
    since: float
    """Event time at which it came into that state; resolved: of its last failure."""


class Fold:
    """All that is learnt of one app.

    Args:
        app: its name.
        policy: the knobs.
        embedder: turns texts into vectors for the clusters.
    """

    def __init__(self, app: str, policy: LearnPolicy, embedder: Embedder) -> None:
        self.app = app
        self.now = NEVER
        self.fence = 0
        self._policy = policy
        self._embedder = embedder
        self._tick = NEVER
        self._marks = Marks()
        self._buffer = ReorderBuffer()
        self._minutes = Minutes()
        self._clusters = Clusters(capacity=policy.cluster_capacity, dims=embedder.dims)
        self._satisfaction = Satisfaction()
        self._comparing = Comparing(policy.compare)
        self._alerts = Alerts(app, policy.alerts)
        self._curation = Curation(
            versions=policy.versions,
            votes=vote,
            thumb=thumb,
            standing=standing,
            window=policy.dedup_window,
            max_per_cluster=policy.max_per_cluster,
            near_bytes=policy.near_bytes,
            evaluation=policy.evaluation,
        )
        self._counted: OrderedDict[str, Counted] = OrderedDict()
        self._kinds: dict[str, Counter[str]] = {}
        self._names = ClusterNames(policy.cluster_capacity)
        self._lifecycles = Lifecycles(policy.cluster_capacity)
        self._consistency = Consistency()
        self._topics = Topics(embedder.dims)
        self._successes = Successes(embedder.dims, policy.revision_window)
        self._worths = Worths(policy.revision_window)
        self._classifier = KindClassifier()
        self._failures: Counter[str] = Counter()
        self._urgencies: dict[str, float] = {}
        self._deployments: deque[Deployment] = deque(maxlen=DEPLOYMENTS)

    def __len__(self) -> int:
        return len(self._buffer)

    # ------------------------------------------------------------ in

    def take(self, record: Learnable) -> int:
        """Puts a record into its place in event time; returns how many came too late for it."""
        new = self._marks.take(record)
        if new is None:
            return 0
        if isinstance(new, Traffic):
            return self._minutes.take(new, self._comparing.values, self.now)
        self._buffer.push(new)
        return int(slot(new).ts <= self.now)

    def due(self, watermark: float) -> Due:
        """Takes out what a watermark makes due, for ``advance``."""
        records = self._buffer.pop_until(watermark)
        judged = [record for record in records if isinstance(record, Judged)]
        texts: dict[str, str] = {}
        for record in judged:
            if self._may_be_placed(record):
                texts.setdefault(record.trace_id, record.interaction.question)
        return Due(watermark, records, texts, self._curation.likely(judged))

    def advance(
        self, due: Due, vectors: Mapping[str, NDArray[np.float32]], sketches: Sketches
    ) -> list[Output]:
        """Works what is due, in order, with the ticks between.

        Args:
            due: from ``due``; nothing may be taken between.
            vectors: of its questions, by trace id.
            sketches: of its examples.
        """
        outputs: list[Output] = []
        self._curation.prepare(sketches)
        for record in due.records:
            at = max(slot(record).ts, self.now)
            outputs += self._pass_time(at, inclusive=False)
            if isinstance(record, Judged):
                outputs += self._take_judged(record, vectors, at)
            elif isinstance(record, Deployed):
                self._consistency.clear()
                self._deployments.append(record.deployment)
                self._comparing.deploy(record.deployment)
            elif isinstance(record, Decided):
                self._decide(record.decision)
        outputs += self._pass_time(due.watermark, inclusive=True)
        self.now = due.watermark
        self._forget(due.watermark - self._policy.revision_window)
        return outputs

    def _take_judged(self, judged: Judged, vectors: Mapping[str, Any], at: float) -> list[Output]:
        # By each record's own time: how far a batch reaches must not decide what is known of it.
        self._forget(at - self._policy.revision_window)
        look = self._look(judged, at)
        vector = None
        if self._has_to_be_placed(judged, look):
            vector = vectors.get(judged.trace_id)
            if vector is None:
                vector = self._embedder.embed([judged.interaction.question])[0]
        return self._judge(judged, look, vector, at)

    def _look(self, judged: Judged, at: float) -> Look:
        """What is told of a record, by those before it and by nothing else."""
        told = self._contradiction(judged, at)
        satisfied, uncertainty, says = self._worths.take(judged, at)
        refined = judged if says == judged.satisfied else structs.replace(judged, satisfied=says)
        kinds = failure_kinds(refined, [told] if told else [])
        reasons = self._successes.look(judged, kinds, satisfied)
        return Look(kinds, reasons, Judgement(satisfied, uncertainty), told)

    def _contradiction(self, judged: Judged, at: float) -> Finding | None:
        before = self._counted.get(judged.trace_id)
        if before is not None:
            return before.contradiction
        horizon = at - self._policy.revision_window
        self._consistency.forget(horizon)
        return None if judged.interaction.at < horizon else self._consistency.compare(judged)

    def _may_be_placed(self, judged: Judged) -> bool:
        known = self._counted.get(judged.trace_id)
        if known is None:
            return _may_be_placed(judged, self._policy.sample_rate)
        return praised(judged) or (known.cluster is None and bool(failure_kinds(judged)))

    def _has_to_be_placed(self, judged: Judged, look: Look) -> bool:
        """As a failure, as a success, or among the topics."""
        if look.reasons and judged.trace_id not in self._successes:
            return True
        if not look.kinds and not self._is_sampled(judged):
            return False
        known = self._counted.get(judged.trace_id)
        return known is None or (bool(look.kinds) and known.cluster is None)

    def _is_sampled(self, judged: Judged) -> bool:
        """Whether it is one of the sample of all calls; ``why`` names a check first."""
        return judged.why == "sample" or is_sampled(judged.trace_id, self._policy.sample_rate)

    def _decide(self, decision: Decision) -> None:
        """Learns from the clearest failures of an incident what kind they are, if that was said."""
        incidents = self._alerts.open_incidents()
        found = next((i.clusters for i in incidents if i.incident == decision.incident), [])
        for cluster in map(self._clusters.resolve, found):
            if decision.choice:
                self._lifecycles.decided(cluster)
            if decision.kind not in KINDS - {UNEXPLAINED} or cluster not in self._clusters:
                continue
            texts = [text for _, text in self._clusters.info(cluster).exemplars]
            if texts:
                self._classifier.learn(list(self._embedder.embed(texts)), decision.kind)

    def questions(self) -> list[str]:
        """The texts of failures and of the sample that wait for their time."""
        return questions(self._buffer, self._policy.sample_rate)

    def decides(self) -> bool:
        """Whether a decision waits for its time."""
        return any(isinstance(record, Decided) for record in self._buffer)

    def decidable(self) -> list[str]:
        """The texts that a decision about an open incident is learnt from."""
        held = (name for i in self._alerts.open_incidents() for name in i.clusters)
        live = sorted(
            {name for name in map(self._clusters.resolve, held) if name in self._clusters}
        )
        return [text for name in live for _, text in self._clusters.info(name).exemplars]

    def _pass_time(self, until: float, *, inclusive: bool) -> list[Output]:
        """Counts the minutes that are over, and runs the ticks, up to a time."""
        outputs: list[Output] = []
        for minute, end in self._minutes.over(until, inclusive=inclusive):
            outputs += self._run_ticks(end, inclusive=False)
            self._count_traffic(minute)
        self._comparing.advance(until, self._clusters.resolve, inclusive=inclusive)
        return outputs + self._run_ticks(until, inclusive=inclusive)

    def finish(self) -> None:
        """Lets everything settle: no more will come, so the minute that goes on is over."""
        for minute, _ in self._minutes.over(inf, inclusive=True):
            self._count_traffic(minute)
        self._comparing.advance(inf, self._clusters.resolve, inclusive=True)

    def _run_ticks(self, until: float, *, inclusive: bool) -> list[Output]:
        outputs: list[Output] = []
        if self._alerts.idle():
            last = TICK * (until // TICK)
            self._tick = max(self._tick, last if inclusive or last < until else last - TICK)
            return outputs
        for tick in ticks(self._tick, until):
            if tick >= until and not inclusive:
                break
            self._tick = tick
            outputs += [self._alert(spike) for spike in self._alerts.tick(tick)]
        return outputs

    # ------------------------------------------------------------ a judged call

    def _judge(self, judged: Judged, look: Look, vector: Any, at: float) -> list[Output]:
        kinds = look.kinds
        before = self._counted.get(judged.trace_id)
        fullness = (judged.revision, judged.next is not None)
        if before is not None and (before.revision, before.followed) >= fullness:
            return []  # told again by the other side of a join, or after a crash
        cluster = self._clusters.resolve(before.cluster) if before and before.cluster else None
        forgotten = before is None and at - judged.interaction.at > self._policy.revision_window
        outputs: list[Output] = []
        if not forgotten:
            learnt: list[Finding] = []
            if kinds:
                learnt = self._learnt(kinds, before, vector)
                kinds = _with_learnt(kinds, learnt)
            topic = self._topic(judged, before, vector, at)
            if kinds and cluster is None:
                cluster = self._place(judged, vector, at)
            self._successes.judge(judged, look.reasons, vector, at)
            placed = look._replace(kinds=kinds)
            outputs += self._count(judged, before, placed, cluster, at, learnt=learnt, topic=topic)
        return outputs + self._curate(judged, kinds, cluster)

    def _topic(self, judged: Judged, before: Counted | None, vector: Any, at: float) -> str | None:
        """What a call of the sample is about: learnt when it is first judged, and it stands."""
        if before is not None:
            return self._topics.resolve(before.topic) if before.topic else None
        if vector is None or not self._is_sampled(judged):
            return None
        call = judged.interaction
        user = call.user_id or call.session_id or None
        placed = self._topics.learn(judged.trace_id, vector, at, excerpt(call.question), user)
        for old, new in placed.merged:
            self._comparing.merge(TOPIC, old, new)
        return placed.topic

    def _learnt(self, kinds: list[Finding], before: Counted | None, vector: Any) -> list[Finding]:
        """What memory tells of a failure; decided when it is placed, and then it stands."""
        if before is not None and before.cluster is not None:
            return before.learnt
        if vector is None:
            return []
        found = [self._topics.unseen(vector)]
        if [kind.kind for kind in kinds] == [UNEXPLAINED]:
            found.insert(0, self._classifier.predict(vector))
        return [finding for finding in found if finding is not None]

    def _place(self, judged: Judged, vector: Any, at: float) -> str:
        call = judged.interaction
        text = excerpt(call.question)
        user = call.user_id or call.session_id or None
        placed = self._clusters.assign(judged.trace_id, vector, at, text, user)
        for old, new in placed.merged:
            self._merge(old, new, at)
        if placed.regrouped:
            self._follow_splits(at)
        return self._clusters.resolve(placed.cluster)

    def _merge(self, old: str, new: str, at: float) -> None:
        """What is known of a cluster by its id goes on under the one that it became."""
        self._alerts.merged(old, new)
        self._lifecycles.merged(old, new, at)
        self._comparing.merge(CLUSTER, old, new)
        if old in self._kinds:
            self._kinds.setdefault(new, Counter()).update(self._kinds.pop(old))

    def _follow_splits(self, at: float) -> None:
        """A part of a cluster is not new: it has its share of what is known of the whole."""
        known = set(self._alerts.subjects())
        sources = self._clusters.split_from
        for part in self._clusters:
            if part in sources and part not in known:
                self._follow_split(sources[part], part, at)

    def _follow_split(self, source: str, part: str, at: float) -> None:
        info = self._clusters.info(part)
        if info.born == at and source in self._clusters:
            share = info.size / (info.size + self._clusters.info(source).size)
            self._alerts.split(source, part, share)
            self._lifecycles.split(source, part, share)

    def _count(
        self,
        judged: Judged,
        before: Counted | None,
        look: Look,
        cluster: str | None,
        at: float,
        *,
        learnt: list[Finding],
        topic: str | None,
    ) -> list[Output]:
        """Counts the call in place of what its former revision counted."""
        call = judged.interaction
        satisfied, uncertainty = look.judgement
        after = Counted(
            ts=at,
            slice=Slice(call.model, call.variant, call.prompt_version),
            revision=judged.revision,
            satisfied=satisfied,
            weight=1.0 - uncertainty,
            thumb=thumb(judged.signals),
            cluster=cluster,
            kinds=[kind.kind for kind in look.kinds],
            followed=judged.next is not None,
            learnt=learnt or (before.learnt if before else []),
            contradiction=look.contradiction,
            topic=topic,
        )
        if before is not None:
            self._take_back(call, before)
        self._comparing.judge(judged.trace_id, call, at, after.standing(), first=before is None)
        if after.weight > 0 or after.thumb:
            self._satisfaction.update(after.slice, at, after.satisfied, after.weight, after.thumb)
        for name in after.kinds:
            self._failures[name] += 1
        self._counted[judged.trace_id] = after
        self._counted.move_to_end(judged.trace_id)
        if len(self._counted) > self._policy.max_counted:
            self._counted.popitem(last=False)
        return self._count_failure(judged, before, look, cluster, at)

    def _take_back(self, call: Interaction, before: Counted) -> None:
        self._comparing.take_back(call, before.ts, before.standing())
        if before.weight > 0 or before.thumb:
            self._satisfaction.revert(
                before.slice, before.ts, before.satisfied, before.weight, before.thumb
            )
        for name in before.kinds:
            self._failures[name] -= 1

    def _count_failure(
        self,
        judged: Judged,
        before: Counted | None,
        look: Look,
        cluster: str | None,
        at: float,
    ) -> list[Output]:
        kinds = look.kinds
        failed_before = before is not None and bool(before.kinds)
        if not kinds:
            if failed_before and cluster is not None:
                self._alerts.retract(cluster, at, trace_id=judged.trace_id)
                self._lifecycles.retract(cluster)
                return [Output("failures", judged.trace_id, None, self.app)]
            return []
        assert cluster is not None  # noqa: S101 - a failure has been placed
        call = judged.interaction
        text = excerpt(call.question)
        grave = severity(kinds)
        if not failed_before:  # else it counts since the signal that decided it
            self._kinds.setdefault(cluster, Counter())[kinds[0].kind] += 1
            self._rename(cluster)
            self._lifecycles.failed(cluster, at, self._clusters)
            self._alerts.observe(
                cluster,
                at,
                trace_id=judged.trace_id,
                dedup_key=f"{call.fingerprint}/{call.user_id or call.session_id}",
                user=call.user_id or call.session_id,
                model=call.model,
                variant=call.variant,
                severity=grave,
                excerpt=text,
                value=self._value(call),
                prompt_version=call.prompt_version,
                values=self._comparing.shown(self._comparing.values(call.attributes)),
                kinds=[kind.kind for kind in kinds],
                unsatisfied=bool(judged.signals) and judged.satisfied < UNSATISFIED,
            )
        record = Failure(
            trace_id=judged.trace_id,
            ts=at,
            app=self.app,
            model=call.model,
            variant=call.variant,
            kinds=kinds,
            cluster=cluster,
            urgency=round(grave, 4),
            satisfied=look.judgement.satisfied,
            excerpt=text,
            origin=call.origin,
        )
        return [Output("failures", judged.trace_id, encode(record), self.app)]

    def _value(self, call: Interaction) -> float:
        """What was at stake in a call, if an attribute or a rule that fired says it."""
        policy = self._policy
        said = amount(call.attributes.get(policy.value_attribute))
        return max(said, policy.rules.at_stake(call)) if policy.rules else said

    def _curate(self, judged: Judged, kinds: list[Finding], cluster: str | None) -> list[Output]:
        curated = self._curation.update(judged, failed=kinds, cluster=cluster)
        self._comparing.curate(curated.examples, curated.withdrawn)
        outputs = [
            Output("curated", example.id, encode(example), self.app) for example in curated.examples
        ]
        outputs += [Output("curated", name, None, self.app) for name in curated.withdrawn]
        outputs += [
            Output("rejected", rejection.trace_id, encode(rejection), self.app)
            for rejection in curated.rejected
        ]
        return outputs

    def _count_traffic(self, minute: int) -> None:
        passed = self._minutes.pop(minute)
        for where, (calls, duplicates) in by_slice(passed).items():
            self._satisfaction.traffic(where, minute, calls, duplicates)
        self._comparing.pass_minute(minute, passed)
        total = sum(one.calls for one in passed)
        self._alerts.traffic(minute, total, by_margin(passed, self._comparing.shown))
        self._lifecycles.pass_calls(total)

    def _alert(self, spike: Spike) -> Output:
        known = Known(
            self.app,
            self._policy.budget,
            self._kinds,
            self._names,
            self._satisfaction,
            self._comparing,
            self._deployments,
        )
        told = alert(spike, known)
        if spike.state == "resolved":
            self._urgencies.pop(spike.incident, None)
        else:
            self._urgencies[spike.incident] = told.urgency
            for name in spike.clusters():
                if name in self._clusters:
                    self._lifecycles.spiked(name, spike.ts)
        return Output("alerts", spike.incident, encode(told), self.app)

    # ------------------------------------------------------------ state

    def _forget(self, before: float) -> None:
        self._successes.forget(before)
        while self._counted:
            oldest = next(iter(self._counted.values()))
            if oldest.ts >= before:
                return
            self._counted.popitem(last=False)

    def picture(self) -> AppPicture:
        """What is known, for metrics and for people."""
        incidents = [
            (incident, self._urgencies.get(incident.incident, 0.0))
            for incident in self._alerts.open_incidents()
        ]
        return AppPicture(
            self.app,
            self._satisfaction.rows(),
            {name: number for name, number in self._failures.items() if number > 0},
            len(self._clusters),
            self._lifecycles.counts(self._clusters, self.now),
            self._successes.counts(),
            len(self._topics.news(self.now)),
            incidents,
            self._curation.counts(),
        )

    def top_clusters(self, limit: int = 20) -> list[ClusterPicture]:
        """The heaviest clusters: what goes wrong most, and lately."""
        return [
            ClusterPicture(
                info.id,
                self._names.label(info.id) or info.label,
                info.size,
                info.users,
                dict(self._kinds.get(info.id, {})),
                *self._lifecycles.stage(info.id, self.now),
            )
            for info in self._heaviest(limit)
        ]

    def _heaviest(self, limit: int) -> list[ClusterInfo]:
        infos = map(self._clusters.info, self._clusters)
        return sorted(infos, key=lambda info: (-info.weight, info.id))[:limit]

    def top_successes(self, limit: int = 20) -> list[SuccessPicture]:
        """What users are really pleased with, and why."""
        return self._successes.top(limit)

    def worths(self) -> WorthPicture:
        """What implicit signals have been worth."""
        return self._worths.picture(self.now)

    def topics(self, limit: int = 20) -> TopicMap:
        """What users ask about, and what nobody asked about before."""
        return self._topics.map(self.now, limit)

    def compared(self) -> Picture:
        """Windows, votes, arms, drift and fairness, at the present event time."""
        return self._comparing.picture(self.now, self._names.label, self._topics.label)

    def _rename(self, cluster: str) -> None:
        kinds = self._kinds[cluster]
        if len(self._kinds) > 2 * self._policy.cluster_capacity:
            self._kinds = {name: own for name, own in self._kinds.items() if name in self._clusters}
        self._names.renew(
            cluster,
            kinds.total(),
            kinds.most_common(1)[0][0],
            lambda: self._clusters.label(cluster),
            self._clusters,
        )

    def unnamed(self, limit: int = 20) -> list[Unnamed]:
        """Of the heaviest clusters those whose words have settled and wait for a title."""
        found = []
        for info in self._heaviest(limit):
            waiting = self._names.untitled(info.id)
            if waiting is not None:
                found.append(Unnamed(info.id, *waiting, [text for _, text in info.exemplars]))
        return found

    def entitle(self, cluster: str, words: str, title: str) -> None:
        """Shows people a title in the place of a cluster's words while these are its words."""
        self._names.entitle(cluster, words, title)

    def deployments(self) -> list[Deployment]:
        """What went live or was withdrawn, the latest of it, in order of event time."""
        return list(self._deployments)

    def hours(self) -> list[HourStats]:
        """Satisfaction by hour and slice."""
        return self._satisfaction.hours()

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "v": STATE_VERSION,
            "app": self.app,
            "now": self.now,
            "tick": self._tick,
            "fence": self.fence,
            "marks": self._marks.dump(),
            "buffer": self._buffer.dump(),
            "minutes": self._minutes.dump(),
            "embedder": self._embedder.name,
            "clusters": self._clusters.dump(),
            "satisfaction": self._satisfaction.dump(),
            "comparing": self._comparing.dump(),
            "alerts": self._alerts.dump(),
            "curation": self._curation.dump(),
            "counted": [[name, *counted.dump()] for name, counted in self._counted.items()],
            "kinds": {name: dict(kinds) for name, kinds in self._kinds.items()},
            "names": self._names.dump(),
            "lifecycles": self._lifecycles.dump(),
            "consistency": self._consistency.dump(),
            "topics": self._topics.dump(),
            "classifier": self._classifier.dump(),
            "successes": self._successes.dump(),
            "worths": self._worths.dump(),
            "failures": dict(self._failures),
            "urgencies": self._urgencies,
            "deployments": [encode(deployment) for deployment in self._deployments],
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of ``dump``.

        Raises:
            StateError: the state is of another version or embedder.
        """
        expect_version(state, STATE_VERSION, f"The state of app {self.app!r},")
        if state["embedder"] != self._embedder.name:
            raise StateError(
                f"The state of app {self.app!r} was learnt with embedder {state['embedder']!r}: "
                "set it again, or start with another prefix (FLYWHEEL_PREFIX)."
            )
        self.now = state["now"]
        self._tick = state["tick"]
        self.fence = state["fence"]
        self._marks = Marks.load(state["marks"])
        self._buffer = ReorderBuffer.load(state["buffer"])
        names = state["comparing"]["attributes"]  # those of the settings then
        self._minutes = Minutes.load(
            state["minutes"],
            lambda then: self._comparing.values(dict(zip(names, then, strict=True))),
        )
        self._clusters = Clusters.load(state["clusters"])
        self._satisfaction.load(state["satisfaction"])
        self._comparing.load(state["comparing"])
        self._alerts.load(state["alerts"])
        self._curation.load(state["curation"])
        self._counted = OrderedDict((row[0], Counted.load(row[1:])) for row in state["counted"])
        self._kinds = {name: Counter(kinds) for name, kinds in state["kinds"].items()}
        dims, window = self._embedder.dims, self._policy.revision_window
        self._names = ClusterNames.load(state["names"], self._policy.cluster_capacity)
        self._lifecycles = Lifecycles.load(state["lifecycles"], self._policy.cluster_capacity)
        self._consistency = Consistency.load(state["consistency"])
        self._topics = Topics.load(state["topics"], dims)
        self._classifier = KindClassifier.load(state["classifier"])
        self._successes = Successes.load(state["successes"], dims, window)
        self._worths = Worths.load(state["worths"], window)
        self._failures = Counter(state["failures"])
        self._urgencies = dict(state["urgencies"])
        for raw in state["deployments"]:
            self._deployments.append(decode_deployment(raw))


def questions(records: Iterable[Learnable], sample_rate: float) -> list[str]:
    """The texts of failures and of the sample among records."""
    return [
        record.interaction.question
        for record in records
        if isinstance(record, Judged) and _may_be_placed(record, sample_rate)
    ]


def _may_be_placed(judged: Judged, sample_rate: float) -> bool:
    """Whether a call has a place by itself; others may have one by what is known of others."""
    sampled = judged.why == "sample" or is_sampled(judged.trace_id, sample_rate)
    return sampled or praised(judged) or bool(failure_kinds(judged))


def _with_learnt(kinds: list[Finding], learnt: Sequence[Finding]) -> list[Finding]:
    """The kinds with what memory tells; likeness only stands in where nothing else explains."""
    explained = [kind for kind in kinds if kind.kind != UNEXPLAINED]
    more = [one for one in learnt if one.kind == topics.KIND or not explained]
    return explained + more if more else kinds
