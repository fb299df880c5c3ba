"""JSON Schemas that callers bring, tried on an answer within limits that no schema can pass.

Python's backtracking patterns, ``uniqueItems`` on objects and nested ``allOf`` take hours on a
short answer, and a record that takes hours stops its partition. So patterns run on the engine of
Rust's ``regex`` crate, whose time is linear, and an answer costs at most ``MAX_STEPS``; what needs
more is not judged.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from referencing import Registry
from referencing.exceptions import Unresolvable

CACHED: Final = 256
"""Compiled schemas that are kept, and patterns; an app has a handful."""
MAX_SCHEMA: Final = 64 * 1024
"""Bytes of a schema; compiling takes about 5 µs a byte."""
MAX_STEPS: Final = 200_000
"""Rules tried on one answer, each by the number of its parts; about a µs each."""
MAX_PATTERN: Final = 1_000
MAX_TEXT: Final = 8_000
"""Characters of a pattern, and of a text that one is searched in; longer ones are not judged."""


class TooMuchError(Exception):
    """A schema takes more than it may; the answer is not judged by it."""


_UNUSABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    PatternError,
    RecursionError,
    TooMuchError,
    TypeError,
    Unresolvable,
    ValueError,
    re.error,
)
"""What is raised on a schema that its metaschema lets pass: a ``$ref`` to nowhere, to a remote
place, to itself or to what is no schema, a pattern that is none, a step of infinity."""

_canonical: Callable[[object], bytes] = msgspec.json.Encoder(order="sorted").encode


def compiled(schema: dict[str, Any]) -> Any:
    """The validator of a JSON Schema, Draft 2020-12, from a bounded cache.

    It never fetches: a ``$ref`` that leaves the schema is unresolvable, thus no finding.

    Args:
        schema: as the caller gave it; the order of its keys does not matter.

    Returns:
        The validator, or ``None`` for a schema that is none, or too large.
    """
    try:
        return _compile(_canonical(schema))
    except _UNUSABLE:
        return None


def first_violation(validator: Any, answer: object) -> ValidationError | None:
    """The first rule that an answer breaks; ``None`` too where the schema cannot be tried on it."""
    _budget.left = MAX_STEPS
    try:
        errors: Iterable[ValidationError] = validator.iter_errors(answer)
        return next(iter(errors), None)
    except _UNUSABLE:
        return None


@lru_cache(maxsize=CACHED)
def _compile(canonical: bytes) -> Any:
    if len(canonical) > MAX_SCHEMA:
        return None
    if b'"unevaluatedProperties":' in canonical and b'"patternProperties":' in canonical:
        return None  # the one place where jsonschema's own search for patterns would be left
    schema = _of_one_draft(msgspec.json.decode(canonical))
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, *_UNUSABLE):
        return None
    return _Validator(schema, registry=Registry())


_DATA = frozenset({"const", "default", "enum", "examples"})


def _of_one_draft(schema: Any) -> Any:
    """A schema without ``$schema``, which would have parts tried by another validator than ours."""
    if isinstance(schema, list):
        return [_of_one_draft(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: part if name in _DATA else _of_one_draft(part)
        for name, part in schema.items()
        if name != "$schema" or not isinstance(part, str)
    }


# ---------------------------------------------------------------- keywords with limits


class _Budget(threading.local):
    left = 0


_budget = _Budget()

Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]


def _counted(keyword: Keyword) -> Keyword:
    """A keyword that costs one step and one for each of its parts."""

    def tried(
        validator: Any, value: Any, instance: Any, schema: Any
    ) -> Iterable[ValidationError] | None:
        _budget.left -= 1 + (len(value) if isinstance(value, list | dict) else 0)
        if _budget.left < 0:
            raise TooMuchError
        return keyword(validator, value, instance, schema)

    return tried


@lru_cache(maxsize=CACHED)
def _searched(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


def _holds(text: str, pattern: str) -> bool:
    if len(text) > MAX_TEXT or len(pattern) > MAX_PATTERN:
        raise TooMuchError
    return _searched(pattern).isinstance_python(text)


def _pattern(
    validator: Any, value: str, instance: object, schema: Any
) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _holds(instance, value):
        yield ValidationError("does not match")


def _pattern_properties(
    validator: Any, value: Mapping[str, Any], instance: object, schema: Any
) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, part in value.items():
            for name, item in instance.items():
                if _holds(name, pattern):
                    yield from validator.descend(item, part, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, value: Any, instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    more = (
        name
        for name in instance
        if name not in known and not any(_holds(name, pattern) for pattern in patterns)
    )
    if isinstance(value, dict):
        for name in more:
            yield from validator.descend(instance[name], value, path=name)
    elif not value and any(True for _ in more):
        yield ValidationError("has more properties")


def _unique_items(
    validator: Any, value: object, instance: object, schema: Any
) -> Iterator[ValidationError]:
    # By what they are written as, in linear time: only 1 beside 1.0 goes unseen.
    if value and isinstance(instance, list) and len(set(map(_canonical, instance))) < len(instance):
        yield ValidationError("has items twice")


_KEYWORDS: dict[str, Keyword] = {
    **Draft202012Validator.VALIDATORS,
    "additionalProperties": _additional_properties,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "uniqueItems": _unique_items,
}
_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {name: _counted(keyword) for name, keyword in _KEYWORDS.items()}
)
