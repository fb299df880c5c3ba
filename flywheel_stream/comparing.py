"""What is told apart: windows, who votes, arms, drift and fairness, fed by one fold.

Figures (windows, votes) follow every revision at once. Comparisons (arms, drift, fairness) take
each call once, when it has settled.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from flywheel_stream import windows
from flywheel_stream.drift import Drift, Drifted
from flywheel_stream.errors import expect_version
from flywheel_stream.events import Deployment, Example, Interaction
from flywheel_stream.experiments import Comparison, Experiments
from flywheel_stream.fairness import Fairness, Group
from flywheel_stream.satisfaction import Slice, Stratum, Voters, who_votes
from flywheel_stream.settling import SCORES, Arm, Outcome, Settling
from flywheel_stream.windows import ALL, OTHER, Cell, Windows, WindowStats

MAX_STRATA = 100
"""Strata of an app by which votes are corrected; the rest shares one."""

VOTES_WINDOW = "1w"
"""The window over which it is asked who votes."""

MAX_EXAMPLES = 50_000
"""Curated examples whose groups are remembered, in case they are withdrawn."""

CLUSTER, TOPIC = "cluster", "topic"
"""Dimensions that are learnt; an attribute that is called so takes their place."""

_SEPARATOR = "\x1f"
_CHECKED = "!"
_VERSION = 1


@dataclass(frozen=True)
class ComparePolicy:
    """What calls are told apart by, and when a call counts."""

    slices: Sequence[str] = ()
    """Attributes with windows of their own, beside model, variant, prompt version, cluster, topic."""
    sensitive: Sequence[str] = ()
    """Attributes whose groups are compared for fairness, and shown nowhere else."""
    min_group: int = 20
    """People without whom a group is not shown."""
    max_values: int = 20
    """Values of a dimension with windows of their own."""
    settle: float = 900.0
    """Seconds after a call's minute in which signals still change what comparisons count."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """By variant, the share of calls that it should get."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """All attributes that traffic has to be counted by."""
        return tuple(dict.fromkeys((*self.slices, *self.sensitive)))


class Passed(NamedTuple):
    """What passed in a minute with one slice and one value of each attribute."""

    slice: Slice
    values: tuple[str, ...]
    calls: int
    duplicates: int


class Standing(NamedTuple):
    """How a judged call stands."""

    satisfied: float
    weight: float
    thumb: str | None
    failed: bool
    cluster: str | None
    topic: str | None = None
    """What it is about, of a call of the sample."""


class Picture(NamedTuple):
    """What is told apart, for metrics and for people."""

    windows: list[WindowStats]
    voters: dict[Arm | None, Voters]
    """By arm, the last week; None: of all."""
    arms: list[Comparison]
    drifts: list[Drifted]
    fairness: list[Group]
    names: Mapping[tuple[str, str], str] = MappingProxyType({})
    """By dimension and value of ``windows``, a few words about a cluster or topic; not for metrics."""


class Comparing:
    """All of it, of one app.

    Args:
        policy: what is told apart.
    """

    def __init__(self, policy: ComparePolicy) -> None:
        self._policy = policy
        self._shown = [name for name in policy.slices if name not in policy.sensitive]
        self._windows = Windows(max_values=policy.max_values)
        self._strata = Windows(max_values=MAX_STRATA)
        self._settling = Settling(policy.settle)
        self._experiments = Experiments(policy.shares)
        self._fairness = Fairness(policy.sensitive, min_group=policy.min_group)
        self._drift = Drift()
        self._examples: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._arms: list[Comparison] | None = None  # what is shown, until it changes

    # ------------------------------------------------------------ in

    def judge(
        self, trace_id: str, call: Interaction, at: float, standing: Standing, *, first: bool
    ) -> None:
        """Counts how a call stands.

        Args:
            trace_id: of the call.
            call: the call.
            at: event time at which this was known.
            standing: how it stands.
            first: whether it was not judged before.
        """
        values = self._values(call.attributes)
        where = Slice(call.model, call.variant, call.prompt_version)
        if first and standing.topic is not None:  # of these calls each one is known: the whole
            one = windows.traffic(1, int(call.is_duplicate))
            self._windows.count(call.at, self._learnt(None, standing.topic), one)
        self._figure(call, at, standing, 1)
        if first and call.checks:  # each such call is known, so it can be a stratum of its own
            one = windows.traffic(1)
            self._strata.count(call.at, _stratum(where, values, _CHECKED), one)
            self._strata.count(call.at, _stratum(where, values), windows.traffic(-1))
        self._settling.judge(
            trace_id,
            Outcome(
                at=call.at,
                arm=Arm(call.model, call.variant),
                person=call.user_id or call.session_id,
                score=round(standing.satisfied * SCORES) if standing.weight > 0 else None,
                failed=standing.failed,
                cluster=standing.cluster,
                groups={name: _text(call.attributes.get(name)) for name in self._policy.sensitive},
            ),
        )

    def take_back(self, call: Interaction, at: float, standing: Standing) -> None:
        """Takes a former ``judge`` with the same arguments out of the figures."""
        self._figure(call, at, standing, -1)

    def _figure(self, call: Interaction, at: float, standing: Standing, by: int) -> None:
        satisfied, weight, thumb, failed, cluster, topic = standing
        if not (weight > 0 or thumb or failed):
            return
        cell = windows.judged(satisfied, weight, thumb, failed=failed)
        where = Slice(call.model, call.variant, call.prompt_version)
        values = self._values(call.attributes)
        shown = self._where(where, values) | self._learnt(cluster, topic)
        self._windows.count(at, shown, cell, by=by)
        mark = _CHECKED if call.checks else ""
        self._strata.count(at, _stratum(where, values, mark), cell, by=by)

    def pass_minute(self, minute: int, passed: Iterable[Passed]) -> None:
        """Counts what passed in a minute that is over (minutes of the epoch)."""
        arms: dict[Arm, int] = {}
        groups: dict[tuple[str, str], int] = {}
        for where, values, calls, duplicates in passed:
            cell: Cell = windows.traffic(calls, duplicates)
            self._windows.count(60.0 * minute, self._where(where, values), cell)
            self._strata.count(60.0 * minute, _stratum(where, values), cell)
            arm = Arm(where.model, where.variant)
            arms[arm] = arms.get(arm, 0) + calls
            for group in zip(self._policy.attributes, values, strict=True):
                if group[0] in self._policy.sensitive:
                    groups[group] = groups.get(group, 0) + calls
        self._settling.pass_calls(minute, arms, groups)

    def _values(self, attributes: Mapping[str, object]) -> tuple[str, ...]:
        return tuple(_text(attributes.get(name)) for name in self._policy.attributes)

    def values(self, attributes: Mapping[str, object]) -> tuple[str, ...]:
        """The values by which traffic is told apart, in the order of the policy."""
        return self._values(attributes)

    def shown(self, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The attributes that a call has, of those that may be shown: none that is sensitive."""
        pairs = zip(self._policy.attributes, values, strict=True)
        return tuple((name, value) for name, value in pairs if value and name in self._shown)

    def _where(self, where: Slice, values: Sequence[str]) -> dict[str, str]:
        known = dict(zip(self._policy.attributes, values, strict=True))
        told = where._asdict() | {name: known[name] for name in self._shown}
        return {ALL: ""} | {name: value for name, value in told.items() if value}

    def merge(self, dimension: str, old: str, new: str) -> None:
        """Two clusters or topics became one: figures of ``old`` go on under ``new``."""
        if dimension not in self._shown:
            self._windows.merge(dimension, old, new)

    def _learnt(self, cluster: str | None, topic: str | None) -> dict[str, str]:
        told = {CLUSTER: cluster, TOPIC: topic}
        return {name: own for name, own in told.items() if own and name not in self._shown}

    def deploy(self, deployment: Deployment) -> None:
        """Notes a version that went live or was withdrawn."""
        self._experiments.restart(deployment.at, deployment.variant)

    def curate(self, examples: Iterable[Example], withdrawn: Iterable[str]) -> None:
        """Counts curated examples by watched group, and takes back those that are withdrawn."""
        if not self._policy.sensitive:
            return
        for name in withdrawn:
            if (groups := self._examples.pop(name, None)) is not None:
                self._fairness.curate(groups, -1)
        for example in examples:
            if example.id not in self._examples:
                groups = {a: example.slices.get(a, "") for a in self._policy.sensitive}
                self._examples[example.id] = groups
                self._fairness.curate(groups, 1)
                if len(self._examples) > MAX_EXAMPLES:
                    self._examples.popitem(last=False)

    def advance(self, now: float, resolve: Callable[[str], str], *, inclusive: bool) -> None:
        """Compares by what has settled.

        Args:
            now: event time.
            resolve: the present id of a cluster.
            inclusive: whether all records of ``now`` itself were taken.
        """
        for minute in self._settling.advance(now, inclusive=inclusive):
            self._experiments.settle(minute, resolve)
            self._fairness.settle(minute)
            self._drift.settle(minute)
            self._arms = None

    # ------------------------------------------------------------ out

    def picture(
        self,
        now: float,
        label: Callable[[str], str],
        topic: Callable[[str], str] = lambda _: "",
    ) -> Picture:
        """What is known at a time.

        Args:
            now: event time.
            label: a few words about a cluster; empty: none are known.
            topic: and about a topic.
        """
        if self._arms is None:
            self._arms = self._experiments.rows(label)
        rows = self._windows.rows(now)
        return Picture(
            windows=rows,
            voters=self._voters(now),
            arms=self._arms,
            drifts=self._drift.rows(),
            fairness=self._fairness.rows(),
            names=self._names(rows, {CLUSTER: label, TOPIC: topic}),
        )

    def _names(
        self, rows: Iterable[WindowStats], words: Mapping[str, Callable[[str], str]]
    ) -> dict[tuple[str, str], str]:
        found = {(row.dimension, row.value) for row in rows if row.value != OTHER}
        of = {name: own for name, own in words.items() if name not in self._shown}
        named = {key: of[key[0]](key[1]) for key in sorted(found) if key[0] in of}
        return {key: own for key, own in named.items() if own}

    def better_than(self, arm: Arm, label: Callable[[str], str]) -> tuple[Arm, str] | None:
        """The arm that a running comparison prefers to one, and its verdict in a sentence."""
        # Not those that are kept for show: an alert must not hold the labels of some former moment.
        for found in self._experiments.rows(label):
            verdict = found.verdict
            if found.until is not None or arm not in (found.first, found.second):
                continue
            other = found.second if arm == found.first else found.first
            if (verdict.kind, verdict.arm) in (("pull_back", arm), ("winner", other)):
                return other, verdict.sentence
        return None

    def _voters(self, now: float) -> dict[Arm | None, Voters]:
        strata: dict[Arm | None, list[Stratum]] = {None: []}
        for row in self._strata.rows(now):
            if row.window == VOTES_WINDOW:
                stratum = Stratum(row.calls, row.up, row.middle, row.down)
                strata[None].append(stratum)
                if row.value != OTHER:
                    model, variant, *_ = row.value.split(_SEPARATOR)
                    strata.setdefault(Arm(model, variant), []).append(stratum)
        return {arm: who_votes(found) for arm, found in strata.items() if found}

    def dump(self) -> dict[str, Any]:
        """All of the state as plain data, for ``load``."""
        return {
            "v": _VERSION,
            "attributes": list(self._policy.attributes),
            "windows": self._windows.dump(),
            "strata": self._strata.dump(),
            "settling": self._settling.dump(),
            "experiments": self._experiments.dump(),
            "fairness": self._fairness.dump(),
            "drift": self._drift.dump(),
            "examples": [[name, groups] for name, groups in self._examples.items()],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Replaces the state by what ``dump`` gave; strata of other attributes begin anew.

        Raises:
            StateError: another version wrote it.
        """
        expect_version(state, _VERSION, "Comparisons")
        self._windows.load(state["windows"])
        if tuple(state["attributes"]) == self._policy.attributes:
            self._strata.load(state["strata"])
        self._settling.load(state["settling"])
        self._experiments.load(state["experiments"])
        self._fairness.load(state["fairness"])
        self._drift.load(state["drift"])
        self._examples = OrderedDict((name, groups) for name, groups in state["examples"])
        self._arms = None


def _stratum(where: Slice, values: Iterable[str], mark: str = "") -> dict[str, str]:
    return {"stratum": _SEPARATOR.join((*where, *values, mark))}


def _text(value: object) -> str:
    """An attribute as ingest writes it into the counts of traffic."""
    return "" if value is None else str(value)
