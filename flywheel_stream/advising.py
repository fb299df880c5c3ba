"""An incident as an alert: what is suspected, which arm should take over, how urgent, what to do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flywheel_stream import telling
from flywheel_stream.alerts import Spike
from flywheel_stream.comparing import Comparing
from flywheel_stream.events import Advice, Alert, Deployment, Exemplar, ModelRate
from flywheel_stream.lineage import alert_id
from flywheel_stream.margins import described
from flywheel_stream.naming import ClusterNames
from flywheel_stream.satisfaction import Satisfaction
from flywheel_stream.settling import Arm
from flywheel_stream.triage import Budget, Situation, advise, urgency

RECENT_DEPLOYMENT = 6 * 3600.0
"""Seconds before an incident in which a deployment is suspected."""
CLEARLY_BETTER = 0.1
"""How much more satisfied users of another arm have to be before it is advised to take over."""


class Known(NamedTuple):
    """What is known of an app when an alert of it is written."""

    app: str
    budget: Budget
    kinds: Mapping[str, Counter[str]]
    """By cluster, its failures by their first kind."""
    names: ClusterNames
    satisfaction: Satisfaction
    comparing: Comparing
    deployments: Sequence[Deployment]
    """The latest, in order of event time."""


def alert(spike: Spike, known: Known) -> Alert:
    """The alert that tells people of an incident's new state.

    Args:
        spike: what happened.
        known: what it is seen against.
    """
    told = [name for name, _ in known.kinds.get(spike.subject, Counter()).most_common(3)]
    kinds = told or spike.kinds
    over = spike.state == "resolved"
    suspect = _suspect(spike, known.deployments)
    situation = _situation(spike, known, kinds, suspect)
    advice: list[Advice] = [] if over else advise(situation, known.budget)
    arms = {(row.slice.model, row.slice.variant) for row in known.satisfaction.rows()}
    return Alert(
        id=alert_id(spike.incident, spike.state, spike.number),
        incident=spike.incident,
        state=spike.state,
        ts=spike.ts,
        since=spike.since,
        app=known.app,
        subject=described(spike.subject),
        kinds=kinds,
        title=f"{known.app}: {telling.what(spike.subject, known.names.name)}",
        why=telling.why(spike, known.names.name, arms, suspect),
        rate=spike.rate,
        baseline=spike.baseline,
        confidence=spike.confidence,
        urgency=0.0 if over else round(urgency(situation), 4),
        users=spike.users,
        models=spike.models,
        exemplars=[Exemplar(trace_id=name, excerpt=text) for name, text in spike.exemplars],
        advice=advice,
        also=telling.also(spike, known.names.name),
    )


def _situation(
    spike: Spike, known: Known, kinds: Sequence[str], suspect: Deployment | None
) -> Situation:
    better, verdict = _better_arm(spike, known)
    return Situation(
        kinds=kinds,
        rate=spike.rate,
        baseline=spike.baseline,
        users=spike.users,
        severity=spike.severity,
        at_stake=spike.at_stake,
        new=spike.new,
        models=spike.models,
        recent_deployment=suspect,
        better_arm=better,
        verdict=verdict,
        examples=sum(known.kinds[n].total() for n in spike.clusters() if n in known.kinds),
    )


def _suspect(spike: Spike, deployments: Sequence[Deployment]) -> Deployment | None:
    """The latest version that went live shortly before the incident began."""
    arms = {model.variant for model in spike.models}
    for deployment in reversed(deployments):
        fits = not deployment.variant or deployment.variant in arms
        recent = 0 <= spike.since - deployment.at <= RECENT_DEPLOYMENT
        if deployment.action == "live" and fits and recent:
            return deployment
    return None


def _better_arm(spike: Spike, known: Known) -> tuple[ModelRate | None, str]:
    """The arm that should take over, and what an experiment says of it, if one has decided."""
    if not spike.models:
        return None, ""
    failing = {(m.model, m.variant): m.rate for m in spike.models}
    worst = max(spike.models, key=lambda m: (m.rate, m.model, m.variant))
    proven = known.comparing.better_than(Arm(worst.model, worst.variant), known.names.label)
    if proven is None:
        return _happier_arm(worst, failing, known), ""
    arm, verdict = proven
    rate = failing.get(arm, 0.0)
    return ModelRate(model=arm.model, variant=arm.variant, rate=rate), verdict


def _happier_arm(
    worst: ModelRate, failing: Mapping[tuple[str, str], float], known: Known
) -> ModelRate | None:
    """The arm whose users are clearly happier than those of the arm that fails most."""
    calls: Counter[tuple[str, str]] = Counter()
    arms: dict[tuple[str, str], tuple[float, float]] = {}
    for row in known.satisfaction.rows():
        calls[row.slice.model, row.slice.variant] += row.calls
        if row.recent is not None and row.judged:
            key = (row.slice.model, row.slice.variant)
            happy, number = arms.get(key, (0.0, 0.0))
            arms[key] = (happy + row.recent * row.judged, number + row.judged)
    means = {
        key: happy / number
        for key, (happy, number) in arms.items()
        if key == (worst.model, worst.variant) or not _is_gone(*key, known.deployments)
    }
    floor = means.get((worst.model, worst.variant))
    if floor is None:
        return None
    best = max(means, key=lambda key: (means[key], key))
    rate = failing.get(best, 0.0)
    # Rates are per hour, arms differ in traffic: what is compared is failures per call.
    share = rate / max(1, calls[best])
    worst_share = worst.rate / max(1, calls[worst.model, worst.variant])
    if means[best] < floor + CLEARLY_BETTER or share >= worst_share / 2:
        return None
    return ModelRate(model=best[0], variant=best[1], rate=rate)


def _is_gone(model: str, variant: str, deployments: Sequence[Deployment]) -> bool:
    """Whether the arm has another model by now: it fails never, for it is not called."""
    for deployment in reversed(deployments):
        if deployment.what == "model" and variant and deployment.variant == variant:
            return (deployment.version == model) != (deployment.action == "live")
    return False
