"""Triage: how urgent an incident is, and the TABLE of interventions that fit its kinds and budget.

An intervention is a row: what it takes, which kinds of failure it addresses, what it needs, and
the sentence that tells the engineer on call why.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from flywheel_stream.events import Advice, Deployment, ModelRate

URGENT = 0.4
"""From this urgency on the harm is to be stopped at once."""

STAKE = 1_000.0
"""Value of the calls that failed at which it weighs half of what it can."""

MAX_ADVICE = 4
"""More is not read at night."""


class Situation(NamedTuple):
    """What is known of an incident.

    Rates are failures an hour; ``kinds`` come most certain first; ``recent_deployment`` went live
    shortly before it began; ``better_arm`` can take over, and ``verdict`` is what an experiment says of
    it, if one has come to any; ``examples`` is the number of failures
    or curated rows that a fix could be built from; ``at_stake`` is the value of the calls that failed,
    in the currency of the budget.
    """

    kinds: Sequence[str]
    rate: float
    baseline: float
    users: int
    severity: float
    new: bool
    models: Sequence[ModelRate] = ()
    recent_deployment: Deployment | None = None
    better_arm: ModelRate | None = None
    verdict: str = ""
    examples: int = 0
    at_stake: float = 0.0


class Budget(NamedTuple):
    """What may be spent: days of work and money (in USD, as a unit of account)."""

    days: float
    cost: float


def urgency(s: Situation) -> float:
    """How urgent an incident is, 0..1.

    The square root of severity (which is mostly below a half, times confidence) scales a weighted
    mean of growth ``(rate - baseline) / (rate + baseline + 1)``, reach ``users / (users + 10)``
    and newness: monotone in each. The 1 an hour keeps a handful of failures from being a spike.
    Value at stake closes up to a half of the distance to 1, a quarter of it at ``STAKE``.
    """
    growth = max(0.0, s.rate - s.baseline) / (max(0.0, s.rate) + max(0.0, s.baseline) + 1.0)
    reach = s.users / (s.users + 10.0) if s.users > 0 else 0.0
    weight = math.sqrt(min(1.0, max(0.0, s.severity)))
    harm = weight * (0.5 * growth + 0.35 * reach + 0.15 * s.new)
    return harm + (1.0 - harm) * 0.5 * s.at_stake / (s.at_stake + STAKE)


# ---------------------------------------------------------------- sentences


def _rates(s: Situation) -> str:
    return f"{s.rate:.1f} failures an hour against {s.baseline:.1f} before"


def _affected(s: Situation) -> str:
    return "1 user" if s.users == 1 else f"{s.users} users"


def _name(model: ModelRate) -> str:
    return f"{model.model}, arm {model.variant}" if model.variant else model.model


def _why_rollback(s: Situation) -> str:
    deployment = s.recent_deployment
    if deployment is None:
        return ""
    when = datetime.fromtimestamp(deployment.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{_rates(s)}, {_affected(s)} hit, and {deployment.what} {deployment.version} went live at "
        f"{when}, just before it began: go back to the version before it."
    )


def _why_switch(s: Situation) -> str:
    arm = s.better_arm
    if arm is None:
        return ""
    worst = max(s.models, key=lambda model: model.rate, default=None)
    other = f"{_name(worst)} at {worst.rate:.1f}" if worst else f"{s.rate:.1f} in all"
    proven = f" The comparison says: {s.verdict}." if s.verdict else ""
    return (
        f"{_name(arm)} fails {arm.rate:.1f} times an hour, {other}: move the traffic to it.{proven}"
    )


def _why_escalate(s: Situation) -> str:
    return f"{_rates(s)}, {_affected(s)} hit: page the owner of the service."


def _why_none(s: Situation) -> str:
    return f"{_rates(s)}, {_affected(s)} hit: not above the usual, watch it."


def _why_fix(what: str) -> Callable[[Situation], str]:
    def why(s: Situation) -> str:
        return f"{_rates(s)}, {_affected(s)} hit. {what} ({s.examples} examples at hand)."

    return why


# ---------------------------------------------------------------- the table


class Intervention(NamedTuple):
    """A row of the table.

    ``kinds`` it addresses (empty: all); ``examples`` it needs; ``rolls_back`` the kind of
    deployment it undoes; ``needs_arm`` a better arm; ``instant`` if it stops the harm at once.
    ``days`` and ``cost`` are typical, of one engineer and hosted training of a mid-size model.
    """

    name: str
    days: float
    cost: float
    why: Callable[[Situation], str]
    kinds: frozenset[str] = frozenset()
    examples: int = 0
    rolls_back: Literal["", "model", "prompt", "rag"] = ""
    needs_arm: bool = False
    instant: bool = False


_MINUTES = 0.02
"""Half an hour, in days: what turning a switch takes."""

TABLE: tuple[Intervention, ...] = (
    Intervention("rollback_model", _MINUTES, 0, _why_rollback, rolls_back="model", instant=True),
    Intervention("rollback_prompt", _MINUTES, 0, _why_rollback, rolls_back="prompt", instant=True),
    Intervention("rollback_rag", _MINUTES, 0, _why_rollback, rolls_back="rag", instant=True),
    Intervention("switch_arm", _MINUTES, 0, _why_switch, needs_arm=True, instant=True),
    Intervention(
        "prompt_fix",
        0.5,
        200,
        _why_fix("Change the prompt and test it on these cases"),
        kinds=frozenset(
            {
                "format_error",
                "incomplete",
                "inconsistency",
                "irrelevant",
                "money_at_risk",
                "refusal",
                "safety",
                "privacy",
                "sycophancy",
                "tone",
                "verbosity",
            }
        ),
        examples=3,
    ),
    Intervention(
        "rag_update",
        2,
        800,
        _why_fix("Bring the documents it retrieves up to date"),
        kinds=frozenset({"factual_error", "incomplete", "outdated_knowledge", "unseen_topic"}),
        examples=5,
    ),
    Intervention(
        "fine_tuning",
        7,
        3_000,
        _why_fix("Fine-tune on corrected answers"),
        kinds=frozenset(
            {
                "capability_gap",
                "factual_error",
                "format_error",
                "incomplete",
                "irrelevant",
                "tone",
                "unexplained",
                "unseen_topic",
                "verbosity",
            }
        ),
        examples=200,
    ),
    Intervention(
        "preference_tuning",
        10,
        4_000,
        _why_fix("Tune on pairs of better and worse answers"),
        kinds=frozenset(
            {
                "inconsistency",
                "refusal",
                "safety",
                "sycophancy",
                "tone",
                "unexplained",
                "verbosity",
            }
        ),
        examples=300,
    ),
    Intervention(
        "rl",
        21,
        15_000,
        _why_fix("Train with a verifier as the reward"),
        kinds=frozenset({"capability_gap", "format_error"}),
        examples=1_000,
    ),
)
"""Every intervention, in the order that breaks ties."""

ESCALATE = Intervention(
    "escalate",
    _MINUTES,
    0,
    _why_escalate,
    kinds=frozenset({"latency", "money_at_risk", "privacy", "safety", "tool_error"}),
)
"""For what no model change mends, and where nothing else fits."""

NONE = Intervention("none", 0, 0, _why_none)
"""For what is not above its baseline."""


def advise(s: Situation, budget: Budget) -> list[Advice]:
    """Chooses the interventions that fit, best first.

    First what stops the harm at once (within any budget; marked ``now`` if it is urgent), then by
    how certain the kind is that they address, then the quicker and cheaper ones; last those outside
    the budget, which say so. Where nothing stops an urgent harm, a person is called.

    Returns:
        One to four; never empty.
    """
    if s.rate <= s.baseline:
        return [_advice(NONE, s)]
    urgent = urgency(s) >= URGENT
    fitting = [row for row in TABLE if _fits(row, s)]
    helpless = urgent and not any(row.instant for row in fitting)
    within = [row for row in fitting if row.instant or _affordable(row, budget)]
    beyond = [row for row in fitting if row not in within]
    if helpless or not within or not ESCALATE.kinds.isdisjoint(s.kinds[:1]):
        within.append(ESCALATE)
    within.sort(key=lambda row: _preference(row, s, helpless=helpless))
    beyond.sort(key=lambda row: _preference(row, s, helpless=False))
    chosen = [
        _advice(row, s, now=urgent and (row.instant or (helpless and row is ESCALATE)))
        for row in within
    ]
    chosen += [_over(_advice(row, s), budget) for row in beyond]
    return chosen[:MAX_ADVICE]


def _affordable(row: Intervention, budget: Budget) -> bool:
    return row.days <= budget.days and row.cost <= budget.cost


def _fits(row: Intervention, s: Situation) -> bool:
    if row.rolls_back:
        deployment = s.recent_deployment
        return (
            deployment is not None
            and deployment.what == row.rolls_back
            and deployment.action == "live"
        )
    if row.needs_arm:
        return s.better_arm is not None
    return s.examples >= row.examples and not row.kinds.isdisjoint(s.kinds)


def _preference(
    row: Intervention, s: Situation, *, helpless: bool
) -> tuple[bool, int, float, float]:
    """Sort key: what stops the harm, then the kind it addresses, then days and cost."""
    first = row.instant or (helpless and row is ESCALATE)
    addressed = (rank for rank, kind in enumerate(s.kinds) if kind in row.kinds)
    return not first, 0 if first else next(addressed, len(s.kinds)), row.days, row.cost


def _advice(row: Intervention, s: Situation, *, now: bool = False) -> Advice:
    addressed = ", ".join(kind for kind in s.kinds if kind in row.kinds)
    return Advice(
        intervention=row.name,
        why=f"{addressed}: {row.why(s)}" if addressed else row.why(s),
        days=float(row.days),
        cost=float(row.cost),
        now=now,
    )


def _over(advice: Advice, budget: Budget) -> Advice:
    limit = (
        f"Outside the budget: it takes {advice.days:g} days and ${advice.cost:,.0f}, "
        f"there are {budget.days:g} days and ${budget.cost:,.0f}."
    )
    advice.why = f"{advice.why} {limit}"
    return advice
