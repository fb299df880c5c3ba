"""Rules of a configuration: what fires, what is refused at start, and that no pattern is slow."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream.errors import ConfigError
from flywheel_stream.events import Finding, Interaction, Origin
from flywheel_stream.failures import KINDS
from flywheel_stream.rules import MAX_WAYS, Rules, limited

REFUND: dict[str, Any] = {
    "name": "refund granted",
    "value": "attributes.order_value",
    "when": [{"field": "response", "phrases": ["Refund granted", "we have refunded"]}],
}


def call(**fields: Any) -> Interaction:
    base: dict[str, Any] = {"trace_id": "t", "ts": 1.0, "app": "a", "model": "m", "prompt": "q"}
    rest = {"pii": {}, "checks": [], "fingerprint": "f", "seen": 1, "origin": Origin("logs", 0, 0)}
    return Interaction(**(base | {"response": "a"} | rest | fields))


def fires(when: dict[str, Any], **fields: Any) -> bool:
    rule = {"name": "r", "when": [when]}
    return bool(Rules([rule], KINDS).check(call(**fields)))


def test_a_rule_names_its_kind_what_was_said_and_what_is_at_stake() -> None:
    found = Rules([REFUND], KINDS).check(
        call(response="OK: refund\n granted!", attributes={"order_value": 129.5})
    )
    assert found == [
        Finding(
            "rule:money_at_risk:refund granted",
            0.9,
            'attributes.order_value 129.5; response says "refund granted"',
        )
    ]


def test_all_conditions_have_to_hold() -> None:
    rule = REFUND | {"when": [*REFUND["when"], {"field": "attributes.plan", "equals": "pro"}]}
    rules = Rules([rule], KINDS)
    assert rules.check(call(response="Refund granted.", attributes={"plan": "pro"}))
    assert not rules.check(call(response="Refund granted.", attributes={"plan": "free"}))
    assert not rules.check(call(response="Refund granted."))
    assert not rules.check(call(response="Thanks.", attributes={"plan": "pro"}))


def test_no_rules_are_false_and_find_nothing() -> None:
    assert not Rules()
    assert Rules().check(call()) == []


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ({"field": "response", "phrases": ["c++"]}, {"response": "Try C++!"}),
        ({"field": "response", "regex": r"\d{1,3} ?%"}, {"response": "save 20 % today"}),
        ({"field": "prompt", "phrases": ["lawyer"]}, {"prompt": "My lawyer says no"}),
        ({"field": "latency_ms", "above": 1000}, {"latency_ms": 1000.5}),
        ({"field": "tokens_out", "above": 3, "below": 9}, {"tokens_out": 4}),
        ({"field": "attributes.vip", "equals": True}, {"attributes": {"vip": True}}),
        ({"field": "model", "equals": "m"}, {}),
        ({"field": "cost_usd", "below": 0.5}, {"cost_usd": 0.0}),
    ],
)
def test_a_condition_holds(when: dict[str, Any], fields: dict[str, Any]) -> None:
    assert fires(when, **fields)


@pytest.mark.parametrize(
    ("when", "fields"),
    [
        ({"field": "response", "phrases": ["art"]}, {"response": "a party"}),
        ({"field": "response", "phrases": ["art"]}, {"response": None}),
        ({"field": "latency_ms", "above": 1000}, {}),
        ({"field": "tokens_out", "above": 3, "below": 9}, {"tokens_out": 9}),
        ({"field": "attributes.vip", "equals": True}, {"attributes": {"vip": 1}}),
        ({"field": "attributes.vip", "equals": 1}, {"attributes": {"vip": True}}),
        ({"field": "attributes.n", "above": 1}, {"attributes": {"n": "2"}}),
    ],
)
def test_a_condition_does_not_hold(when: dict[str, Any], fields: dict[str, Any]) -> None:
    assert not fires(when, **fields)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "its name must have"),
        ({"kind": "nonsense"}, "'nonsense' is no kind of failure; take one of"),
        ({"confidence": 0}, "confidence must be above 0"),
        ({"when": []}, "`when` needs 1 to 10 conditions"),
        ({"when": [{"field": "answer", "equals": 1}]}, "'answer' is no field; take one of"),
        ({"when": [{"field": "response"}]}, "tests nothing"),
        ({"when": [{"field": "response", "phrases": [" "]}]}, "a phrase must have"),
        ({"when": [{"field": "response", "regex": "("}]}, "is none"),
        ({"when": [{"field": "response", "regex": "a+"}]}, "without an upper bound: write {0,80}"),
        ({"when": [{"field": "response", "regex": r"(a)\1"}]}, "groupref is not allowed"),
        ({"when": [{"field": "response", "regex": "(?=a)b"}]}, "assert is not allowed"),
        ({"when": [{"field": "response", "regex": "(a{0,9}){0,9}b"}]}, "in more than 1000 ways"),
        ({"when": [{"field": "response", "regex": "x{1001}"}]}, "more than 1,000 characters"),
        ({"when": [{"field": "response", "regex": "x" * 501}]}, "more than 500 characters"),
        ({"when": [{"field": "response", "equal": "x"}]}, "unknown field `equal`"),
        ({"value": "attributes."}, "is no field"),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_wrong_rule_is_refused_by_name_with_what_to_do(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Rules([REFUND | change], KINDS)
    assert says in str(refused.value)
    assert str(refused.value).startswith("Rule ")


def test_too_many_rules_are_refused() -> None:
    with pytest.raises(ConfigError, match="There are 101 rules"):
        Rules([REFUND] * 101, KINDS)


@pytest.mark.parametrize(
    "pattern",
    [
        r"refund(ed)?",
        r"(?:granted|approved) .{0,80}(?:today|now)",
        r"\d{1,6}[.,]\d{2}",
        r"[a-z]{1,30}@[a-z]{1,30}",
        r"^a?b??$",
        r"(?:a|b|c){3}",
        "",
    ],
)
def test_patterns_within_the_limits_compile(pattern: str) -> None:
    assert limited(pattern).flags & 2


@given(st.text("ab(){}|?*+[].,0123456789\\^$", max_size=20), st.text("ab", max_size=60))
def test_a_pattern_is_refused_as_a_wrong_value_or_does_what_re_does(
    pattern: str, text: str
) -> None:
    try:
        compiled = limited(pattern)
    except ValueError:
        return
    mine, plain = compiled.search(text), re.search(pattern, text, re.IGNORECASE)
    assert (mine and mine.span()) == (plain and plain.span())


def test_the_worst_pattern_that_is_allowed_takes_bounded_work() -> None:
    # Each of the ways is tried from each of the places, and no more: the text does not matter.
    worst = limited("a{0,9}a{0,9}a{0,8}b")
    assert MAX_WAYS >= 10 * 10 * 9
    assert worst.search("a" * 2_000) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (129.5, 129.5),
        (7, 7.0),
        ("129.5", 0.0),
        (True, 0.0),
        (-3, 0.0),
        (float("inf"), 0.0),
        (None, 0.0),
    ],
)
def test_what_is_at_stake_is_an_amount_and_only_where_the_rule_fired(
    value: Any, found: float
) -> None:
    rules = Rules([REFUND, REFUND | {"name": "other", "value": "cost_usd"}], KINDS)
    attributes = {} if value is None else {"order_value": value}
    silent = call(response="Refund granted.", attributes=attributes, cost_usd=0.02)
    assert rules.at_stake(silent) == 0.0
    fired = call(
        response="Refund granted.",
        attributes=attributes,
        cost_usd=0.02,
        checks=rules.check(silent),
    )
    assert rules.at_stake(fired) == max(found, 0.02)
