"""JSON that the caller was promised: whether it is any, and what its schema says."""

from itertools import islice
from typing import Any

import orjson
from jsonschema.exceptions import ValidationError

from flywheel_stream.checks.check import Check, Checked, Fields
from flywheel_stream.checks.reading import failed, is_blank, promises_json
from flywheel_stream.events import Expect
from flywheel_stream.json_schemas import compiled, first_violation

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


def _awaits_json(call: Checked) -> bool:
    expect = call.expect
    return expect is not None and promises_json(expect) and not failed(call)


def _invalid_json(call: Checked) -> str | None:
    if call.response is None or is_blank(call):
        return None
    try:
        orjson.loads(call.response)
    except orjson.JSONDecodeError as error:
        hint = " (a Markdown code fence)" if call.response.lstrip().startswith("```") else ""
        return f"line {error.lineno} column {error.colno}: {error.msg}{hint}"
    return None


INVALID_JSON = Check(
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
)


def _awaits_schema(call: Checked) -> bool:
    return call.expect is not None and call.expect.schema is not None and not failed(call)


def _schema_violation(call: Checked) -> str | None:
    if call.expect is None or call.expect.schema is None or call.response is None:
        return None
    try:
        answer = orjson.loads(call.response)
    except orjson.JSONDecodeError:
        return None  # `invalid_json` says so
    validator = compiled(call.expect.schema)
    first = None if validator is None else first_violation(validator, answer)
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


SCHEMA_VIOLATION = Check(
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
)
