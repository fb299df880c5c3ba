"""Checks of promised JSON: where it breaks, what its schema says, and no word of the answer."""

import socket
from typing import Any

import pytest

from flywheel_stream.checks import check_raw, check_scrubbed
from flywheel_stream.events import Expect, Finding
from tests.unit.checked import call, interaction, real_rows

PLANTED = "sk-hunter2"


def answers(response: str, schema: dict[str, Any] | None = None) -> list[Finding]:
    return check_raw(call(response=response, expect=Expect(format="json", schema=schema)))


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


def test_invalid_json_of_real_models_is_found_and_nothing_else() -> None:
    rows = real_rows("E_json_repair_cases")
    wrong = [row for row in rows if bool(answers(row["response"])) == row["json_strict_valid"]]
    assert len(rows) > 100
    assert not [row["response"] for row in wrong if row["response"].strip()]
