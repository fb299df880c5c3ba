"""Schemas of callers: no schema and no answer may take longer than the limits say."""

from typing import Any

import pytest

from flywheel_stream import json_schemas
from flywheel_stream.json_schemas import CACHED, MAX_SCHEMA, compiled, first_violation


def breaks(schema: dict[str, Any], answer: object) -> bool | None:
    """Whether the answer breaks the schema; ``None`` where the schema is refused as a whole."""
    validator = compiled(schema)
    return None if validator is None else first_violation(validator, answer) is not None


def laughs(depth: int) -> dict[str, Any]:
    """A schema of a few hundred bytes that asks the same 2 ** depth times."""
    parts: dict[str, Any] = {
        f"b{n}": {"allOf": [{"$ref": f"#/$defs/b{n + 1}"}] * 2} for n in range(depth)
    }
    return {"$ref": "#/$defs/b0", "$defs": parts | {f"b{depth}": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "answer", "found"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 40 + "!", True),
        ({"patternProperties": {"^(a|aa)+$": {"type": "null"}}}, {"a" * 60 + "!": 1}, False),
        (
            {"additionalProperties": False, "patternProperties": {"^(a|aa)+$": True}},
            {"a" * 60 + "!": 1},
            True,
        ),
        (
            {"unevaluatedProperties": False, "patternProperties": {"^(a|aa)+$": True}},
            {"a" * 60 + "!": 1},
            None,
        ),
        ({"properties": {"x": {"$schema": "http://json-schema.org/draft-07/schema#",
                               "pattern": "^(a+)+$"}}}, {"x": "a" * 40 + "!"}, True),
        ({"pattern": "((((a{100}){100}){100}){100}){100}"}, "a", False),
        ({"uniqueItems": True}, [{"a": n} for n in range(20_000)], False),
        (laughs(60), "x", False),
        ({"items": {"enum": [[n] for n in range(5_000)]}}, [[4_999]] * 20_000, False),
        ({"anyOf": [{"minProperties": n} for n in range(MAX_SCHEMA)]}, {}, None),
    ],
)  # fmt: skip
def test_no_schema_takes_long(schema: dict[str, Any], answer: object, found: bool | None) -> None:  # noqa: FBT001
    # Each took minutes, hours or all memory, which the time limit of every test tells apart.
    assert breaks(schema, answer) is found


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"pattern": "^[a-z]+(-[a-z]+)*$"}, "a-slug", "a-"),
        ({"pattern": r"^\d{4}-\d{2}-\d{2}$"}, "2026-01-05", "2026-01-05\n"),
        ({"pattern": "b"}, "abc", "acc"),
        ({"patternProperties": {"^x-": {"type": "null"}}}, {"x-a": None, "b": 1}, {"x-a": 1}),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"a": 1}, {"b": 1}),
        ({"additionalProperties": False, "patternProperties": {"^a": {}}}, {"ab": 1}, {"b": 1}),
        ({"additionalProperties": {"type": "null"}}, {"a": None}, {"a": 1}),
        ({"uniqueItems": True}, [1, True, "1", [1]], [{"a": 1, "b": 2}, {"b": 2, "a": 1}]),
        ({"unevaluatedProperties": False, "allOf": [{"properties": {"a": {}}}]}, {"a": 1}, {"b": 1}),
        ({"const": {"$schema": "x"}}, {"$schema": "x"}, {}),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "null"}, None, 1),
    ],
)  # fmt: skip
def test_keywords_of_our_own_mean_what_the_standard_says(
    schema: dict[str, Any], good: object, bad: object
) -> None:
    assert breaks(schema, good) is False
    assert breaks(schema, bad) is True


@pytest.mark.parametrize("pattern", ["(", "(?=a)a", r"(a)\1"])
def test_a_pattern_that_cannot_be_linear_is_not_judged(pattern: str) -> None:
    assert breaks({"pattern": pattern}, "b") in {False, None}


def test_a_schema_or_a_text_that_is_too_large_is_not_judged() -> None:
    assert breaks({"title": "x" * MAX_SCHEMA, "type": "null"}, 1) is None
    assert breaks({"pattern": "b"}, "a" * json_schemas.MAX_TEXT) is True
    assert breaks({"pattern": "b"}, "a" * (json_schemas.MAX_TEXT + 1)) is False


def test_what_one_answer_cost_is_not_taken_from_the_next() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    for _ in range(3):
        assert breaks(schema, [1] * 60_000 + ["x"]) is True


def test_the_cache_of_validators_is_bounded() -> None:
    json_schemas._compile.cache_clear()
    for n in range(CACHED + 20):
        assert compiled({"minimum": n}) is not None
    assert json_schemas._compile.cache_info().currsize == CACHED


def test_the_order_of_keys_in_a_schema_changes_nothing() -> None:
    one = {"type": "object", "required": ["a"], "properties": {"b": {"type": "string"}}}
    assert compiled(one) is compiled(dict(reversed(one.items())))
