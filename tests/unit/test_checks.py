"""The table of checks: every row's own examples, evidence without user text, and its cost."""

import gzip
import json
import socket
import timeit
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from flywheel_stream import checks
from flywheel_stream.checks import MAX_EVIDENCE, TABLE, Check, check_raw, check_scrubbed
from flywheel_stream.events import Call, Expect, Finding, Interaction, Message, Origin
from flywheel_stream.failures import named_kinds

PLANTED = "sk-hunter2"


def call(**fields: Any) -> Call:
    base: dict[str, Any] = {"trace_id": "t", "ts": 1.0, "model": "m", "prompt": "q"}
    return Call(**(base | {"response": "a"} | fields))


def interaction(**fields: Any) -> Interaction:
    base: dict[str, Any] = {"trace_id": "t", "ts": 1.0, "app": "a", "model": "m", "prompt": "q"}
    rest = {"pii": {}, "checks": [], "fingerprint": "f", "seen": 1, "origin": Origin("logs", 0, 0)}
    return Interaction(**(base | {"response": "a"} | rest | fields))


def run(check: Check, fields: dict[str, Any]) -> list[Finding]:
    found = (
        check_raw(call(**fields)) if check.sees == "raw" else check_scrubbed(interaction(**fields))
    )
    return [finding for finding in found if finding.kind == check.name]


def answers(response: str, schema: dict[str, Any] | None = None) -> list[Finding]:
    return check_raw(call(response=response, expect=Expect(format="json", schema=schema)))


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


def test_invalid_json_says_where_it_breaks() -> None:
    (found,) = answers('{"a" 1}')
    assert found.evidence.startswith("line 1 column 6: ")


def test_invalid_json_names_a_code_fence() -> None:
    (found,) = answers('```json\n{"a": 1}\n```')
    assert "Markdown code fence" in found.evidence


@pytest.mark.parametrize(
    "response",
    [
        PLANTED,
        f'{{"{PLANTED}": {PLANTED}}}',
        f'{{"a": "{PLANTED}}}',
        f'{{"a": "\\x{PLANTED}"}}',
        f"[1, 2] {PLANTED}",
        f'{{"price": "{PLANTED}"}}',
        f'{{"{PLANTED}": 1}}',
        f'{{"price": 1, "{PLANTED}": 1}}',
        f'["{PLANTED}"]',
        f'{{"price": 1, "tags": ["{PLANTED}", "{PLANTED}"]}}',
        f'{{"price": 1, "unit": "{PLANTED}"}}',
    ],
)
def test_evidence_of_raw_checks_holds_nothing_of_the_answer(response: str) -> None:
    schema = {
        "type": "object",
        "properties": {
            "price": {"type": "number"},
            "unit": {"enum": ["eur", "usd"]},
            "tags": {"uniqueItems": True},
        },
        "required": ["price"],
        "additionalProperties": False,
    }
    found = answers(response, schema)
    assert found
    assert not any(PLANTED in finding.evidence for finding in found)


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


@pytest.mark.parametrize(
    ("response", "evidence"),
    [
        ('{"items": [{"id": 1}, {}]}', "properties/items/items/required: id is missing"),
        ('{"items": [{"id": "x"}]}', "properties/items/items/properties/id/type: expected integer"),
        ('{"items": 3}', "properties/items/type: expected array or null"),
        ('{"items": [], "note": "12345"}', "properties/note/maxLength: violated"),
    ],
)
def test_schema_violation_names_the_path_in_the_schema_and_the_rule(
    response: str, evidence: str
) -> None:
    item = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    schema = {
        "properties": {
            "items": {"type": ["array", "null"], "items": item},
            "note": {"maxLength": 4},
        },
    }
    assert answers(response, schema) == [Finding("schema_violation", 1.0, evidence)]


def test_the_order_of_keys_in_a_schema_changes_nothing() -> None:
    one = {"type": "object", "required": ["a"], "properties": {"b": {"type": "string"}}}
    other = dict(reversed(one.items()))
    assert answers('{"b": 1}', one) == answers('{"b": 1}', other)


def test_a_schema_without_a_format_promises_json_too() -> None:
    expect = Expect(schema={"type": "object"})
    assert [f.kind for f in check_raw(call(response="sure!", expect=expect))] == ["invalid_json"]
    assert [f.kind for f in check_raw(call(response="3", expect=expect))] == ["schema_violation"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 3},
        {"properties": []},
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"title": "x", "$ref": "#/title"},
        {"$ref": "https://schemas.test/a.json"},
        {"$ref": "http://[broken"},
        {"patternProperties": {"(": {"type": "null"}}},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    ],
)
def test_a_broken_schema_is_no_finding(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a schema was fetched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert answers('{"a": 1}', schema) == []


def test_an_answer_nested_beyond_reason_is_judged_without_a_crash() -> None:
    deep = "[" * 900 + "]" * 900
    assert answers(deep, {"items": {"$ref": "#"}, "type": "array"}) == []
    assert [f.kind for f in answers("[" * 5000 + "]" * 5000)] == ["invalid_json"]


def test_a_truncated_json_answer_is_found_by_both_checks() -> None:
    expect = Expect(format="json")
    fields: dict[str, Any] = {"response": '{"a": "b', "finish_reason": "length", "tokens_out": 9}
    assert [f.kind for f in check_raw(call(expect=expect, **fields))] == ["invalid_json"]
    (found,) = check_scrubbed(interaction(expect=expect, **fields))
    assert found == Finding("truncated", 1.0, "finish_reason is length after 9 tokens")


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


REAL = Path(__file__).resolve().parents[3] / "shared/data/real"


def real_rows(name: str) -> list[dict[str, Any]]:
    file = REAL / f"{name}.jsonl.gz"
    if not file.exists():
        pytest.skip("the shared data are not here")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_invalid_json_of_real_models_is_found_and_nothing_else() -> None:
    rows = real_rows("E_json_repair_cases")
    wrong = [row for row in rows if bool(answers(row["response"])) == row["json_strict_valid"]]
    assert len(rows) > 100
    assert not [row["response"] for row in wrong if row["response"].strip()]


def test_refusals_of_safe_requests_are_found_and_compliance_is_left_alone() -> None:
    fired: dict[str, list[bool]] = {}
    for row in real_rows("E_xstest_refusals"):
        if not row["prompt_is_unsafe"]:
            found = check_scrubbed(interaction(prompt=row["prompt"], response=row["response"]))
            fired.setdefault(row["label"][0], []).append("refusal" in {f.kind for f in found})
    assert sum(fired["2"]) >= 0.9 * len(fired["2"])
    assert sum(fired["1"]) <= 0.05 * len(fired["1"])
