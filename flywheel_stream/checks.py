"""The TABLE of stateless checks: what is wrong with an answer that nobody has complained about.

A check sees either raw or scrubbed text. What sees raw text leaves evidence that is free of it
(a position, a path in the schema). A new check is one more row; its hits and misses are its test.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, NamedTuple

import msgspec
import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from flywheel_stream.events import Call, Expect, Finding, Interaction

Checked = Call | Interaction

MAX_EVIDENCE = 200
"""Characters of evidence that a check leaves."""

CACHED_SCHEMAS = 256
"""Compiled validators that are kept; an app has a handful of schemas."""

Fields = dict[str, Any]
"""Fields of a call that make an example: the rest of the call does not matter to the check."""


class Check(NamedTuple):
    """A row of the table.

    ``gate`` is a cheap necessary condition, so that a clean call costs next to nothing;
    ``evidence`` is asked only behind it and answers ``None`` where nothing is wrong.
    """

    name: str
    sees: Literal["raw", "scrubbed"]
    gate: Callable[[Checked], object]
    evidence: Callable[[Checked], str | None]
    hits: tuple[Fields, ...]
    misses: tuple[Fields, ...]
    confidence: float = 1.0


# ---------------------------------------------------------------- the call itself

_TRUNCATED = frozenset({"length", "max_tokens"})
_TOOL_CALLS = frozenset({"tool_calls", "function_call", "tool_use"})
"""Finish reasons of answers that call a tool, which have no text and need none."""


def _is_blank(call: Checked) -> bool:
    response = call.response
    return not response or response.isspace()


def _failed(call: Checked) -> bool:
    return bool(call.error) or call.finish_reason == "error"


def _error(call: Checked) -> str:
    return " ".join(call.error[: 4 * MAX_EVIDENCE].split()) or "finish_reason is error"


def _empty(call: Checked) -> str | None:
    if _failed(call) or call.finish_reason in _TOOL_CALLS:
        return None
    what = "no response" if call.response is None else "a blank response"
    return f"{what}, finish_reason {call.finish_reason or 'not given'}"


def _truncated(call: Checked) -> str:
    tokens = "" if call.tokens_out is None else f" after {call.tokens_out} tokens"
    return f"finish_reason is {call.finish_reason}{tokens}"


# ---------------------------------------------------------------- JSON that was promised


def _promises_json(expect: Expect) -> bool:
    # A schema without a format is a promise of JSON too: `format` is "text" only by default.
    return expect.format == "json" or expect.schema is not None


def _awaits_json(call: Checked) -> bool:
    expect = call.expect
    return expect is not None and _promises_json(expect) and not _failed(call)


def _invalid_json(call: Checked) -> str | None:
    if call.response is None or _is_blank(call):
        return None
    try:
        orjson.loads(call.response)
    except orjson.JSONDecodeError as error:
        hint = " (a Markdown code fence)" if call.response.lstrip().startswith("```") else ""
        return f"line {error.lineno} column {error.colno}: {error.msg}{hint}"
    return None


def _awaits_schema(call: Checked) -> bool:
    return call.expect is not None and call.expect.schema is not None and not _failed(call)


def _schema_violation(call: Checked) -> str | None:
    if call.expect is None or call.expect.schema is None or call.response is None:
        return None
    try:
        answer = orjson.loads(call.response)
    except orjson.JSONDecodeError:
        return None  # `invalid_json` says so
    validator = compiled(call.expect.schema)
    return None if validator is None else _violation(validator, answer)


_UNUSABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    Unresolvable,
    ValueError,
    re.error,
)
"""What jsonschema raises on a schema that its metaschema lets pass: a ``$ref`` to nowhere, to a
remote place, to itself or to what is no schema, a pattern that is none, a step of infinity."""


def compiled(schema: dict[str, Any]) -> Draft202012Validator | None:
    """The validator of a JSON Schema, Draft 2020-12, from a bounded cache.

    It never fetches: a ``$ref`` that leaves the schema is unresolvable, thus no finding.

    Args:
        schema: as the caller gave it; the order of its keys does not matter.

    Returns:
        The validator, or ``None`` for a schema that is none.
    """
    try:
        return _compile(_canonical(schema))
    except _UNUSABLE:
        return None


_canonical: Callable[[object], bytes] = msgspec.json.Encoder(order="sorted").encode


@lru_cache(maxsize=CACHED_SCHEMAS)
def _compile(canonical: bytes) -> Draft202012Validator | None:
    schema = msgspec.json.decode(canonical)
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, *_UNUSABLE):
        return None
    return Draft202012Validator(schema, registry=Registry())


def _violation(validator: Draft202012Validator, answer: object) -> str | None:
    try:
        errors: Iterable[ValidationError] = validator.iter_errors(answer)
        first = next(iter(errors), None)
    except _UNUSABLE:
        return None
    return None if first is None else _describe(first)


def _describe(error: ValidationError) -> str:
    """Path and rule, both from the schema: a path in the answer may hold the user's words."""
    path = "/".join(str(step) for step in error.absolute_schema_path)
    wanted: Any = error.validator_value
    if error.validator == "required" and isinstance(error.instance, dict):
        missing = islice((name for name in wanted if name not in error.instance), 5)
        return f"{path}: {', '.join(missing)} is missing"
    if error.validator == "type":
        return f"{path}: expected {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
    return f"{path}: violated"


# ---------------------------------------------------------------- the table

_JSON: Fields = {"expect": Expect(format="json")}
_PRICE: Fields = {
    "expect": Expect(
        format="json",
        schema={
            "type": "object",
            "properties": {"price": {"type": "number", "minimum": 0}},
            "required": ["price"],
        },
    )
}

TABLE: tuple[Check, ...] = (
    Check(
        name="error",
        sees="scrubbed",
        gate=_failed,
        evidence=_error,
        hits=({"error": "HTTP 500"}, {"finish_reason": "error"}),
        misses=({}, {"finish_reason": "stop"}, {"response": "error"}),
    ),
    Check(
        name="empty_response",
        sees="scrubbed",
        gate=_is_blank,
        evidence=_empty,
        hits=({"response": None}, {"response": ""}, {"response": " \n\t"}),
        misses=(
            {},
            {"response": "0"},
            {"response": None, "error": "HTTP 500"},
            {"response": None, "finish_reason": "tool_calls"},
        ),
    ),
    Check(
        name="truncated",
        sees="scrubbed",
        gate=lambda call: call.finish_reason in _TRUNCATED,
        evidence=_truncated,
        hits=({"finish_reason": "length"}, {"finish_reason": "max_tokens", "tokens_out": 512}),
        misses=({}, {"finish_reason": "stop"}, {"response": "max_tokens"}),
    ),
    Check(
        name="invalid_json",
        sees="raw",
        gate=_awaits_json,
        evidence=_invalid_json,
        hits=(
            _JSON | {"response": '{"a": 1,}'},
            _JSON | {"response": "{'a': 1}"},
            _JSON | {"response": '{"a": NaN}'},
            _JSON | {"response": '```json\n{"a": 1}\n```'},
            _JSON | {"response": '{"a": "cut o'},
            _JSON | {"response": '{"a": 1} and that is all'},
            _PRICE | {"response": "about four"},
        ),
        misses=(
            _JSON | {"response": '{"a": 1}'},
            _JSON | {"response": " [1, 2]\n"},
            _JSON | {"response": '"text"'},
            _JSON | {"response": ""},
            _JSON | {"response": "{", "error": "connection reset"},
            {"response": "{"},
            {"response": "{", "expect": Expect(format="text")},
        ),
    ),
    Check(
        name="schema_violation",
        sees="raw",
        gate=_awaits_schema,
        evidence=_schema_violation,
        hits=(
            _PRICE | {"response": "{}"},
            _PRICE | {"response": '{"price": "four"}'},
            _PRICE | {"response": '{"price": -1}'},
            _PRICE | {"response": "[]"},
        ),
        misses=(
            _PRICE | {"response": '{"price": 4}'},
            _PRICE | {"response": "about four"},
            _PRICE | {"response": ""},
            _JSON | {"response": "{}"},
            {"response": "{}", "expect": Expect(format="json", schema={"type": "nonsense"})},
            {"response": "{}", "expect": Expect(format="json", schema={"$ref": "https://a.test"})},
        ),
    ),
)
"""Every check, in the order in which findings are listed."""

_RAW = tuple(check for check in TABLE if check.sees == "raw")
_SCRUBBED = tuple(check for check in TABLE if check.sees == "scrubbed")


def check_raw(call: Call) -> list[Finding]:
    """Runs the checks that have to see raw text; no evidence of theirs holds any of it."""
    return [
        finding
        for check in _RAW
        if check.gate(call) and (finding := _finding(check, call)) is not None
    ]


def check_scrubbed(interaction: Interaction) -> list[Finding]:
    """Runs the checks on scrubbed text; their evidence may quote it."""
    return [
        finding
        for check in _SCRUBBED
        if check.gate(interaction) and (finding := _finding(check, interaction)) is not None
    ]


def _finding(check: Check, call: Checked) -> Finding | None:
    evidence = check.evidence(call)
    if evidence is None:
        return None
    return Finding(check.name, check.confidence, evidence[:MAX_EVIDENCE])
