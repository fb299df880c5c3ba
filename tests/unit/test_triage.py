"""Triage: urgency is monotone, advice fits the situation and the budget, and says why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream import failures
from flywheel_stream.events import Advice, Deployment, ModelRate
from flywheel_stream.triage import (
    ESCALATE,
    MAX_ADVICE,
    TABLE,
    URGENT,
    Budget,
    Situation,
    advise,
    urgency,
)

AMPLE = Budget(days=60, cost=100_000)
BAD = ModelRate(model="big", variant="b", rate=12.0)
GOOD = ModelRate(model="small", variant="a", rate=0.5)
MODEL = Deployment(ts=1_760_000_000.0, what="model", version="big-2")


def situation(**fields: Any) -> Situation:
    base: dict[str, Any] = {
        "kinds": ("format_error",),
        "rate": 12.4,
        "baseline": 0.8,
        "users": 23,
        "severity": 0.5,
        "new": True,
        "models": (BAD, GOOD),
        "examples": 40,
    }
    return Situation(**(base | fields))


def names(advice: list[Advice]) -> list[str]:
    return [one.intervention for one in advice]


SITUATIONS = st.builds(
    Situation,
    kinds=st.lists(
        st.sampled_from([kind.name for kind in failures.TABLE]), max_size=4, unique=True
    ),
    rate=st.floats(0, 1e6),
    baseline=st.floats(0, 1e6),
    users=st.integers(0, 10**9),
    severity=st.floats(0, 1),
    new=st.booleans(),
    models=st.sampled_from([(), (BAD, GOOD)]),
    recent_deployment=st.sampled_from([None, MODEL]),
    better_arm=st.sampled_from([None, GOOD]),
    examples=st.integers(0, 5000),
    at_stake=st.floats(0, 1e9),
)


@given(SITUATIONS, st.floats(0, 1e6), st.integers(0, 1000), st.floats(0, 1))
def test_urgency_is_a_share_and_grows_with_all_that_makes_it_worse(
    s: Situation, more: float, users: int, severity: float
) -> None:
    before = urgency(s)
    assert 0 <= before <= 1
    worse = (
        s._replace(rate=s.rate + more),
        s._replace(baseline=max(0.0, s.baseline - more)),
        s._replace(users=s.users + users),
        s._replace(severity=max(s.severity, severity)),
        s._replace(new=True),
    )
    assert all(urgency(one) >= before - 1e-12 for one in worse)


def test_urgency_really_grows() -> None:
    base = situation(new=False, rate=3.0)
    before = urgency(base)
    assert urgency(base._replace(rate=9.0)) > before
    assert urgency(base._replace(baseline=0.1)) > before
    assert urgency(base._replace(users=100)) > before
    assert urgency(base._replace(severity=0.9)) > before
    assert urgency(base._replace(new=True)) > before
    assert urgency(base._replace(at_stake=500.0)) > before


def test_a_handful_of_failures_is_not_urgent_and_a_spike_is() -> None:
    assert urgency(situation(rate=0.5, baseline=0.0, users=2)) < URGENT < urgency(situation())


def test_a_bad_deployment_is_rolled_back_at_once() -> None:
    first, *rest = advise(situation(recent_deployment=MODEL), AMPLE)
    assert first.intervention == "rollback_model"
    assert first.now
    assert "model big-2 went live at 2025-10-09 08:53 UTC" in first.why
    assert "12.4 failures an hour against 0.8 before, 23 users hit" in first.why
    assert names(rest) == ["prompt_fix"]
    assert not rest[0].now


@pytest.mark.parametrize("what", ["model", "prompt", "rag"])
def test_what_went_live_is_what_is_rolled_back(what: Any) -> None:
    deployment = Deployment(ts=0.0, what=what, version="2")
    assert names(advise(situation(recent_deployment=deployment), AMPLE))[0] == f"rollback_{what}"


def test_a_withdrawal_is_not_rolled_back() -> None:
    withdrawn = Deployment(ts=0.0, what="model", version="2", action="withdrawn")
    assert "rollback_model" not in names(advise(situation(recent_deployment=withdrawn), AMPLE))


def test_a_better_arm_takes_over_at_once() -> None:
    first = advise(situation(better_arm=GOOD), AMPLE)[0]
    assert (first.intervention, first.now) == ("switch_arm", True)
    assert (
        first.why
        == "small, arm a fails 0.5 times an hour, big, arm b at 12.0: move the traffic to it."
    )


def test_what_an_experiment_says_of_the_better_arm_is_told() -> None:
    first = advise(situation(better_arm=GOOD, verdict="arm a satisfies more"), AMPLE)[0]
    assert first.why.endswith("move the traffic to it. The comparison says: arm a satisfies more.")


def test_what_is_not_urgent_need_not_happen_now() -> None:
    calm = situation(rate=1.0, users=1, new=False, severity=0.3, better_arm=GOOD)
    assert not any(one.now for one in advise(calm, AMPLE))


def test_an_urgent_harm_that_nothing_stops_calls_a_person() -> None:
    first = advise(situation(), AMPLE)[0]
    assert (first.intervention, first.now) == ("escalate", True)


@pytest.mark.parametrize(
    ("kind", "intervention"),
    [
        ("format_error", "prompt_fix"),
        ("outdated_knowledge", "rag_update"),
        ("capability_gap", "fine_tuning"),
        ("sycophancy", "prompt_fix"),
        ("tool_error", "escalate"),
        ("latency", "escalate"),
    ],
)
def test_the_kind_chooses_the_intervention(kind: str, intervention: str) -> None:
    calm = situation(kinds=(kind,), rate=2.0, users=3, new=False, examples=5_000)
    assert names(advise(calm, AMPLE))[0] == intervention


def test_the_most_certain_kind_goes_first() -> None:
    calm = situation(kinds=("factual_error", "tone"), rate=2.0, users=3, new=False)
    advice = advise(calm, AMPLE)
    assert names(advice) == ["rag_update", "prompt_fix"]
    assert advice[0].why.startswith("factual_error: ")


def test_training_needs_examples() -> None:
    calm = situation(kinds=("tone",), rate=2.0, users=3, new=False)
    assert "fine_tuning" not in names(advise(calm._replace(examples=199), AMPLE))
    assert "fine_tuning" in names(advise(calm._replace(examples=200), AMPLE))


def test_what_is_outside_the_budget_comes_last_and_says_so() -> None:
    calm = situation(kinds=("tone",), rate=2.0, users=3, new=False, examples=5_000)
    advice = advise(calm, Budget(days=8, cost=100))
    assert names(advice)[0] == "escalate"
    assert [one.intervention for one in advice if "Outside the budget" in one.why] == names(advice)[
        1:
    ]
    assert advice[1].why.endswith("it takes 0.5 days and $200, there are 8 days and $100.")


def test_stopping_the_harm_needs_no_budget() -> None:
    first = advise(situation(better_arm=GOOD), Budget(days=0, cost=0))[0]
    assert first.now
    assert "budget" not in first.why


def test_nothing_is_advised_where_nothing_is_above_the_usual() -> None:
    (only,) = advise(situation(rate=0.8), AMPLE)
    assert (only.intervention, only.now) == ("none", False)


@given(SITUATIONS, st.builds(Budget, days=st.floats(0, 30), cost=st.floats(0, 1e5)))
def test_advice_is_short_complete_and_without_repetition(s: Situation, budget: Budget) -> None:
    advice = advise(s, budget)
    assert 1 <= len(advice) <= MAX_ADVICE
    assert len(set(names(advice))) == len(advice)
    assert all(one.why.endswith(".") and len(one.why) < 400 for one in advice)
    urgent = s.rate > s.baseline and urgency(s) >= URGENT
    assert any(one.now for one in advice) == urgent
    if urgent:
        assert advice[0].now


def test_every_kind_of_failure_has_an_intervention() -> None:
    addressed = ESCALATE.kinds.union(*(row.kinds for row in TABLE))
    assert {kind.name for kind in failures.TABLE} <= addressed
    assert addressed <= {kind.name for kind in failures.TABLE}
