"""Answers that contradict each other, and those that only differ."""

from typing import Any

import pytest

from flywheel_stream.consistency import Consistency
from flywheel_stream.events import Finding, Judged, Origin
from tests import calls

HERE = Origin("logs", 0, 0)


def judged(name: str, response: str | None, ts: float = 1.0, **fields: Any) -> Judged:
    fields = {"prompt": "What does the red plan cost?", "response": response} | fields
    return calls.judged(calls.interaction(name, ts, **fields))


def second(first: str, then: str, **fields: Any) -> Finding | None:
    memory = Consistency()
    assert memory.compare(judged("t1", first)) is None
    return memory.compare(judged("t2", then, **fields))


@pytest.mark.parametrize(
    ("first", "then", "evidence"),
    [
        ("It costs 20 EUR.", "The price is 25 EUR.", "25, after 20 to the same question"),
        ("Yes, it does.", "No, sorry.", "no, after yes to the same question"),
        ("That is true.", "12", None),
        ("It costs 1,000.50", "It costs 1000.5", None),
        ("20", "20 EUR, and 30 with tax", None),
        ("Twenty", "25", None),
        ("1. Red\n2. Blue", "It costs 25", None),
        ("20", "x " * 300 + "25", None),
        ("20", "1, 2, 3, 4, 5, or 6", None),
        ("20", "", None),
        ("version A-12", "version B-13", None),
    ],
)
def test_only_what_contradicts_is_told(first: str, then: str, evidence: str | None) -> None:
    found = second(first, then)
    assert found == (None if evidence is None else Finding("inconsistency", 0.6, evidence))


@pytest.mark.parametrize(
    "other",
    [
        {"model": "m2"},
        {"prompt_version": "2"},
        {"prompt": "What does the blue plan cost?"},
        {"error": "HTTP 500"},
    ],
)
def test_another_model_prompt_or_question_may_answer_otherwise(other: dict[str, Any]) -> None:
    assert second("20", "25", **other) is None
    assert second("20", "25", prompt="what does the RED plan  cost?") is not None


@pytest.mark.parametrize(
    "question",
    ["What is my balance?", "What time is it?", "Pick a random number", "Tell me a joke"],
)
def test_questions_whose_answers_may_differ_are_left_alone(question: str) -> None:
    memory = Consistency()
    for n, answer in enumerate(("20", "25")):
        assert memory.compare(judged(f"t{n}", answer, prompt=question)) is None
    assert memory.dump() == []


def test_what_was_true_an_hour_ago_or_before_a_deployment_is_not_held_against_an_answer() -> None:
    assert second("20", "25", ts=3_601.0) is not None
    assert second("20", "25", ts=3_602.0) is None
    memory = Consistency()
    memory.compare(judged("t1", "20"))
    memory.clear()
    assert memory.compare(judged("t2", "25")) is None


def test_the_same_record_again_gives_the_same_finding_also_after_a_restart() -> None:
    memory = Consistency()
    answers = [(f"t{n}", str(20 + n)) for n in range(8)]
    first = [memory.compare(judged(name, answer)) for name, answer in answers]
    again = Consistency.load(memory.dump())
    assert [again.compare(judged(name, answer)) for name, answer in answers] == first
    assert first[0] is None
    assert all(first[1:])
    assert again.dump() == memory.dump()


def test_memory_is_bounded_and_forgets_what_is_old() -> None:
    memory = Consistency(capacity=3)
    for n in range(10):
        memory.compare(judged(f"t{n}", "20", float(n), prompt=f"What does plan {n} cost?"))
    assert len(memory.dump()) == 3
    memory.forget(8.5)
    assert len(memory.dump()) == 1
