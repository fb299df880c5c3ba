"""The table of checks: every row's own examples, evidence without user text, and its cost."""

import timeit
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from flywheel_stream import checks
from flywheel_stream.checks import MAX_EVIDENCE, TABLE, Check, check_raw, check_scrubbed
from flywheel_stream.events import Finding, Message
from flywheel_stream.failures import named_kinds
from tests.unit.checked import call, interaction, real_rows


def run(check: Check, fields: dict[str, Any]) -> list[Finding]:
    found = (
        check_raw(call(**fields)) if check.sees == "raw" else check_scrubbed(interaction(**fields))
    )
    return [finding for finding in found if finding.kind == check.name]


HITS = [
    pytest.param(check, fields, id=f"{check.name}-{n}")
    for check in TABLE
    for n, fields in enumerate(check.hits)
]
MISSES = [
    pytest.param(check, fields, id=f"{check.name}-{n}")
    for check in TABLE
    for n, fields in enumerate(check.misses)
]


@pytest.mark.parametrize(("check", "fields"), HITS)
def test_every_check_finds_its_hits_with_evidence(check: Check, fields: dict[str, Any]) -> None:
    (found,) = run(check, fields)
    assert found.confidence == check.confidence
    assert 0 < len(found.evidence) <= MAX_EVIDENCE


@pytest.mark.parametrize(("check", "fields"), MISSES)
def test_every_check_leaves_its_misses_alone(check: Check, fields: dict[str, Any]) -> None:
    assert run(check, fields) == []


@pytest.mark.parametrize("check", TABLE, ids=lambda check: check.name)
def test_every_check_has_a_name_of_its_own_and_examples_of_both_kinds(check: Check) -> None:
    assert [other.name for other in TABLE].count(check.name) == 1
    assert check.hits
    assert check.misses
    assert 0 < check.confidence <= 1


def test_each_check_that_a_module_has_is_in_the_table() -> None:
    modules = [
        import_module(found.name)
        for found in iter_modules(checks.__path__, "flywheel_stream.checks.")
    ]
    found = [
        value for module in modules for value in vars(module).values() if isinstance(value, Check)
    ]
    assert sorted(check.name for check in found) == sorted(check.name for check in TABLE)


def test_evidence_of_broken_code_quotes_nothing_of_it() -> None:
    for code in (
        "def hunter2(:",
        "hunter2 = 'hunter2",
        "x = 5hunter2",
        "hunter2 \u20ac",
        "f(hunter2",
    ):
        (found,) = check_raw(call(response=f"```python\n{code}\n```"))
        assert found.kind == "broken_code"
        assert "hunter2" not in found.evidence
        assert "\u20ac" not in found.evidence


def test_evidence_of_an_error_is_one_short_line() -> None:
    (found,) = check_scrubbed(interaction(error="upstream\n  said " + "no " * 500))
    assert found.evidence.startswith("upstream said no no")
    assert len(found.evidence) <= MAX_EVIDENCE


def test_a_clean_call_costs_next_to_nothing() -> None:
    clean = call(response="word " * 200, finish_reason="stop")
    seconds = min(timeit.repeat(lambda: check_raw(clean), number=2_000, repeat=5)) / 2_000
    assert seconds < 5e-6  # measured 0.25 us; ten times that still passes on a busy machine


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        ".",
        "!? ",
        "1 + 1 = ",
        "1,",
        "- x\n",
        "```python\n",
        "{",
        "[1,",
        "i cannot ",
        " ",
        "a. ",
        "\u0438",
    ],
)
def test_no_text_makes_a_check_slow(piece: str) -> None:
    # In time that grew with the square of the length this would take hours, and time out.
    text = (piece * 300_000)[:300_000]
    asked = "In at most 5 sentences, as bullet points, in 2 paragraphs, only JSON, in a table"
    turns = [Message("system", text), Message("user", asked), Message("tool", text)]
    for fields in ({"prompt": asked, "response": text}, {"messages": turns, "response": text}):
        check_raw(call(**fields))
        check_scrubbed(interaction(**fields))
    named_kinds(text)


def test_refusals_of_safe_requests_are_found_and_compliance_is_left_alone() -> None:
    fired: dict[str, list[bool]] = {}
    for row in real_rows("E_xstest_refusals"):
        if not row["prompt_is_unsafe"]:
            found = check_scrubbed(interaction(prompt=row["prompt"], response=row["response"]))
            fired.setdefault(row["label"][0], []).append("refusal" in {f.kind for f in found})
    assert sum(fired["2"]) >= 0.9 * len(fired["2"])
    assert sum(fired["1"]) <= 0.05 * len(fired["1"])
