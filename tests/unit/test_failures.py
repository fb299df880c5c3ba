"""Failure kinds: every row's own examples, what makes a failure, and excerpts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream import checks, leaks
from flywheel_stream.events import Finding, Judged, Origin, Signal
from flywheel_stream.failures import (
    FROM_CHECKS,
    TABLE,
    excerpt,
    failure_kinds,
    named_kinds,
    severity,
)
from tests import calls

HERE = Origin("logs", 0, 0)


def signal(kind: str, **fields: Any) -> Signal:
    return Signal(trace_id="t", ts=2.0, kind=kind, **fields)  # type: ignore[arg-type]  # kinds are literals


def judged(*signals: Signal, checks: tuple[Finding, ...] = ()) -> Judged:
    call = calls.interaction(ts=1.0, checks=list(checks))
    return calls.judged(call, *signals, ts=2.0)


def kinds(*signals: Signal, checks: tuple[Finding, ...] = ()) -> list[str]:
    return [finding.kind for finding in failure_kinds(judged(*signals, checks=checks))]


HITS = [(kind.name, comment) for kind in TABLE for comment in kind.hits]
MISSES = [(kind.name, comment) for kind in TABLE for comment in kind.misses]


@pytest.mark.parametrize(("kind", "comment"), HITS)
def test_every_kind_is_named_by_its_hits(kind: str, comment: str) -> None:
    assert kind in {finding.kind for finding in named_kinds(comment)}
    assert kind in kinds(signal("thumb", value="down"), signal("comment", comment=comment))


@pytest.mark.parametrize(("kind", "comment"), MISSES)
def test_no_kind_is_named_by_its_misses(kind: str, comment: str) -> None:
    assert kind not in {finding.kind for finding in named_kinds(comment)}


def test_every_row_is_well_formed() -> None:
    names = [kind.name for kind in TABLE]
    assert len(set(names)) == len(names)
    for kind in TABLE:
        assert 0 < kind.severity <= 1
        assert not kind.phrases or (kind.hits and kind.misses)


def test_every_check_leads_to_a_kind_of_the_table() -> None:
    assert {*(check.name for check in checks.TABLE), leaks.CHECK} == set(FROM_CHECKS)
    assert {cause.kind for cause in FROM_CHECKS.values()} <= {kind.name for kind in TABLE}
    assert all(0 < cause.surely <= 1 for cause in FROM_CHECKS.values())


def test_a_call_without_signals_or_checks_is_no_failure() -> None:
    assert kinds() == []


def test_a_satisfied_user_is_no_failure_whatever_the_words() -> None:
    assert kinds(signal("thumb", value="up", comment="too long but fine")) == []


def test_a_failed_check_is_a_failure_though_the_user_is_content() -> None:
    finding = Finding("invalid_json", 1.0, "line 1 column 2: trailing comma")
    (found,) = failure_kinds(judged(signal("thumb", value="up"), checks=(finding,)))
    assert found.kind == "format_error"
    assert found.evidence == "invalid_json: line 1 column 2: trailing comma"


def test_a_truncated_answer_that_satisfied_is_no_failure() -> None:
    truncated = (Finding("truncated", 1.0, "finish_reason is length"),)
    assert kinds(signal("thumb", value="up"), checks=truncated) == []
    assert kinds(checks=truncated) == ["format_error"]
    assert kinds(signal("thumb", value="down"), checks=truncated) == ["format_error"]


def test_an_error_that_ran_out_of_time_is_latency() -> None:
    assert kinds(checks=(Finding("error", 1.0, "HTTP 504: upstream timed out"),)) == ["latency"]
    assert kinds(checks=(Finding("error", 1.0, "HTTP 500"),)) == ["tool_error"]


def test_an_unknown_check_is_an_unexplained_failure() -> None:
    assert kinds(checks=(Finding("rule:refund", 0.8, "refund granted"),)) == ["unexplained"]


def test_a_configured_rule_names_its_own_kind_and_no_praise_takes_it_back() -> None:
    fired = (Finding("rule:money_at_risk:refund: full", 0.9, "order_value 120"),)
    (found,) = failure_kinds(judged(signal("thumb", value="up"), checks=fired))
    assert found == Finding(
        "money_at_risk", 0.9, "rule:money_at_risk:refund: full: order_value 120"
    )
    assert kinds(checks=(Finding("rule:no such kind:x", 0.9),)) == ["unexplained"]


def test_a_content_user_settles_what_only_looked_like_a_failure() -> None:
    refusal = (Finding("refusal", 0.9, "i cannot help"),)
    assert kinds(checks=refusal) == ["refusal"]
    assert kinds(signal("thumb", value="up"), checks=refusal) == []


def test_too_long_an_answer_is_verbose_and_a_tool_out_of_time_is_slow() -> None:
    long = (Finding("ignored_instruction", 0.8, "asked for at most 9 words, has 80"),)
    short = (Finding("ignored_instruction", 0.8, "asked for at least 90 words, has 8"),)
    assert kinds(checks=long) == ["verbosity"]
    assert kinds(checks=short) == ["format_error"]
    late = (Finding("tool_failure", 0.8, "a tool answered: Error: deadline exceeded"),)
    assert kinds(checks=late) == ["latency"]


def test_a_negative_signal_without_words_is_unexplained() -> None:
    (found,) = failure_kinds(judged(signal("thumb", value="down"), signal("regenerate")))
    assert found.kind == "unexplained"
    assert found.evidence == "signals: regenerate, thumb"
    assert found.confidence > 0.9


def test_an_implicit_signal_alone_is_enough() -> None:
    assert kinds(signal("regenerate")) == ["unexplained"]


def test_the_most_certain_kind_comes_first_and_each_kind_once() -> None:
    findings = failure_kinds(
        judged(
            signal(
                "comment", comment="The answer is cut off, and wrong: that was last year's price"
            ),
            checks=(Finding("invalid_json", 1.0, "line 1 column 9"),),
        )
    )
    assert [one.kind for one in findings] == ["format_error", "factual_error", "outdated_knowledge"]
    assert findings[0].evidence.startswith("invalid_json")
    assert findings[2].evidence == "comment: last years"


def test_severity_is_that_of_the_gravest_kind_as_far_as_it_is_certain() -> None:
    assert severity([]) == 0
    tone, safety = Finding("tone", 1.0), Finding("safety", 0.7)
    assert severity([tone]) < severity([tone, safety]) == 0.7
    assert 0 < severity([Finding("a kind of the future", 1.0)]) < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("short", "short"),
        ("two\n\tlines", "two lines"),
        ("one two three four", "one two…"),
        ("exactly ten", "exactly…"),
        ("unbreakable-word", "unbreakab…"),
        ("one two 34", "one two 34"),
        ("\x1b[31mred", "[31mred"),
        ("a" + " " * 200 + "b", "a…"),
    ],
)
def test_an_excerpt_is_one_line_cut_at_a_word(text: str, expected: str) -> None:
    assert excerpt(text, 10) == expected


@given(st.text(), st.integers(1, 40))
def test_an_excerpt_never_exceeds_its_limit(text: str, limit: int) -> None:
    short = excerpt(text, limit)
    assert len(short) <= limit
    assert len(short.splitlines()) <= 1
