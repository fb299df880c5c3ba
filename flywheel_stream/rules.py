"""Checks of a deployment's own, from its configuration: conditions on fields, phrases, patterns.

A rule fires if all of its conditions hold on a scrubbed call; it names the kind of failure that
this is, and the field that says what is at stake. Patterns are limited so that no text can make
them slow: every repetition has an upper bound, and the ways in which a pattern can match from
one place, which is how often it may backtrack, are at most ``MAX_WAYS``.
"""

import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from re import _parser  # type: ignore[attr-defined]  # a pattern's parts, which `re` compiles from
from sys import float_info
from typing import Any, Final, NamedTuple

import msgspec

from flywheel_stream.errors import ConfigError
from flywheel_stream.events import RULE, Finding, Interaction, Scalar

MAX_RULES: Final = 100
MAX_CONDITIONS: Final = 10
MAX_PHRASES: Final = 100
MAX_PATTERN: Final = 500
"""Characters of a pattern or phrase."""
MAX_WAYS: Final = 1_000
"""Ways in which a pattern may match from one place."""
MAX_WIDTH: Final = 1_000
"""Characters that a pattern may match."""
MAX_TEXT: Final = 8_000
"""Characters that a pattern is searched in; phrases are searched in all of a text."""
_EVIDENCE: Final = 200

ATTRIBUTE: Final = "attributes."

FIELDS: Mapping[str, Callable[[Interaction], Scalar | None]] = {
    "response": lambda call: call.response,
    "prompt": lambda call: call.question,
    "system": lambda call: "\n".join(t.content for t in call.messages if t.role == "system"),
    "error": lambda call: call.error,
    "app": lambda call: call.app,
    "model": lambda call: call.model,
    "variant": lambda call: call.variant,
    "prompt_version": lambda call: call.prompt_version,
    "finish_reason": lambda call: call.finish_reason,
    "latency_ms": lambda call: call.latency_ms,
    "tokens_in": lambda call: call.tokens_in,
    "tokens_out": lambda call: call.tokens_out,
    "cost_usd": lambda call: call.cost_usd,
}
"""What a condition may look at, besides ``attributes.<name>``; ``prompt`` is the last question."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a field has to be; of several tests in one condition, all have to hold.

    ``phrases``: one of them occurs, as whole words, in any case. ``regex``: it is found, in any
    case. ``equals``: it is that value. ``above`` and ``below``: it is a number beyond them.
    A field that the call does not have fulfils nothing.
    """

    field: str
    phrases: tuple[str, ...] = ()
    regex: str = ""
    equals: Scalar | None = None
    above: float | None = None
    below: float | None = None


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of ``rules`` in the configuration."""

    name: str
    when: tuple[Condition, ...]
    kind: str = "money_at_risk"
    value: str = ""
    confidence: float = 0.9


class _Test(NamedTuple):
    get: Callable[[Interaction], Scalar | None]
    evidence: Callable[[Scalar], str | None]


class _Compiled(NamedTuple):
    kind: str
    confidence: float
    tests: tuple[_Test, ...]
    value: str
    get_value: Callable[[Interaction], Scalar | None] | None


class Rules:
    """Compiled rules; none by default.

    Args:
        rules: entries as in the configuration, see ``Rule``.
        kinds: the kinds of failure that a rule may name.

    Raises:
        ConfigError: an entry is wrong; the text names it and says what to change.
    """

    def __init__(
        self, rules: Sequence[Mapping[str, Any]] = (), kinds: Collection[str] = ()
    ) -> None:
        if len(rules) > MAX_RULES:
            raise ConfigError(f"There are {len(rules)} rules: {MAX_RULES} is the limit.")
        self._rules = tuple(
            _compile(_decoded(number, raw), kinds) for number, raw in enumerate(rules, start=1)
        )

    def __bool__(self) -> bool:
        return bool(self._rules)

    def check(self, call: Interaction) -> list[Finding]:
        """A finding for each rule that fires, named ``rule:<kind>:<name>``, in their order."""
        return [
            Finding(rule.kind, rule.confidence, evidence)
            for rule in self._rules
            if (evidence := _fires(rule, call)) is not None
        ]

    def at_stake(self, call: Interaction) -> float:
        """What is at stake in a call by the rules that fired on it: the largest of their values.

        Args:
            call: with the checks that fired.

        Returns:
            In the deployment's own currency; 0 where no rule says it, or what it names is no number
            that could be an amount.
        """
        fired = {check.kind for check in call.checks}
        found = (r.get_value(call) for r in self._rules if r.get_value and r.kind in fired)
        return max(map(amount, found), default=0.0)


def amount(value: Scalar | None) -> float:
    """A field as an amount; 0 if it is none: a flag, a text, beyond all floats or below 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0.0 <= value <= float_info.max else 0.0


def _fires(rule: _Compiled, call: Interaction) -> str | None:
    said: list[str] = []
    for test in rule.tests:
        value = test.get(call)
        evidence = None if value is None else test.evidence(value)
        if evidence is None:
            return None
        said.append(evidence)
    at_stake = rule.get_value(call) if rule.get_value else None
    if at_stake is not None:
        said.insert(0, f"{rule.value} {at_stake}")
    return "; ".join(said)[:_EVIDENCE]


# ---------------------------------------------------------------- from the configuration


def _decoded(number: int, raw: Mapping[str, Any]) -> Rule:
    try:
        return msgspec.convert(raw, Rule)
    except msgspec.ValidationError as error:
        named = raw.get("name") or f"number {number}"
        raise ConfigError(f"Rule {named}: {error}. See docs/rules.md.") from None


def _compile(rule: Rule, kinds: Collection[str]) -> _Compiled:
    def wrong(what: str) -> ConfigError:
        return ConfigError(f"Rule {rule.name or '(no name)'}: {what}")

    if not rule.name.strip() or len(rule.name) > 100:
        raise wrong("its name must have 1 to 100 characters.")
    if rule.kind not in kinds:
        raise wrong(f"{rule.kind!r} is no kind of failure; take one of {', '.join(sorted(kinds))}.")
    if not 0 < rule.confidence <= 1:
        raise wrong(f"confidence must be above 0 and at most 1, not {rule.confidence}.")
    if not 1 <= len(rule.when) <= MAX_CONDITIONS:
        raise wrong(f"`when` needs 1 to {MAX_CONDITIONS} conditions, not {len(rule.when)}.")
    try:
        tests = tuple(test for condition in rule.when for test in _tests(condition))
        get_value = _getter(rule.value) if rule.value else None
    except ValueError as error:
        raise wrong(str(error)) from None
    return _Compiled(
        f"{RULE}{rule.kind}:{rule.name}", rule.confidence, tests, rule.value, get_value
    )


def _getter(field: str) -> Callable[[Interaction], Scalar | None]:
    if field.startswith(ATTRIBUTE) and len(field) > len(ATTRIBUTE):
        name = field.removeprefix(ATTRIBUTE)
        return lambda call: call.attributes.get(name)
    if field not in FIELDS:
        raise ValueError(
            f"{field!r} is no field; take one of {', '.join(FIELDS)} or {ATTRIBUTE}<name>."
        )
    return FIELDS[field]


def _tests(condition: Condition) -> Iterator[_Test]:
    get = _getter(condition.field)
    found = [
        *([_phrases(condition)] if condition.phrases else ()),
        *([_regex(condition)] if condition.regex else ()),
        *([_equals(condition)] if condition.equals is not None else ()),
        *([_between(condition)] if (condition.above, condition.below) != (None, None) else ()),
    ]
    if not found:
        raise ValueError(
            f"the condition on {condition.field!r} tests nothing: give it phrases, regex, equals, "
            "above or below."
        )
    return (_Test(get, evidence) for evidence in found)


def _phrases(condition: Condition) -> Callable[[Scalar], str | None]:
    phrases = tuple(" ".join(phrase.lower().split()) for phrase in condition.phrases)
    if len(phrases) > MAX_PHRASES:
        raise ValueError(f"{len(phrases)} phrases in one condition: {MAX_PHRASES} is the limit.")
    if any(not phrase or len(phrase) > MAX_PATTERN for phrase in phrases):
        raise ValueError(f"a phrase must have 1 to {MAX_PATTERN} characters.")

    def evidence(value: Scalar) -> str | None:
        text = " ".join(str(value).lower().split())
        for phrase in phrases:
            if phrase in text and _as_words(phrase, text):
                return f'{condition.field} says "{phrase}"'
        return None

    return evidence


def _as_words(phrase: str, text: str) -> bool:
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        before = at == 0 or not (text[at - 1].isalnum() and phrase[0].isalnum())
        after = end == len(text) or not (text[end].isalnum() and phrase[-1].isalnum())
        if before and after:
            return True
        at = text.find(phrase, at + 1)
    return False


def _regex(condition: Condition) -> Callable[[Scalar], str | None]:
    pattern = limited(condition.regex)

    def evidence(value: Scalar) -> str | None:
        found = pattern.search(str(value)[:MAX_TEXT])
        return None if found is None else f'{condition.field} holds "{" ".join(found[0].split())}"'

    return evidence


def _equals(condition: Condition) -> Callable[[Scalar], str | None]:
    wanted = condition.equals

    def evidence(value: Scalar) -> str | None:
        # True is 1 to Python, and not to whoever writes a rule.
        same = value == wanted and isinstance(value, bool) == isinstance(wanted, bool)
        return f"{condition.field} is {wanted}" if same else None

    return evidence


def _between(condition: Condition) -> Callable[[Scalar], str | None]:
    above, below = condition.above, condition.below

    def evidence(value: Scalar) -> str | None:
        if isinstance(value, str | bool):
            return None
        beyond = (above is None or value > above) and (below is None or value < below)
        return f"{condition.field} is {value}" if beyond else None

    return evidence


# ---------------------------------------------------------------- patterns with limits


def limited(pattern: str) -> re.Pattern[str]:
    """Compiles a pattern that no text can make slow, in any case.

    Raises:
        ValueError: it is none, or one that might be; the text says what to write instead.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"the regex has more than {MAX_PATTERN} characters.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python may read otherwise one day
            compiled = re.compile(pattern, re.IGNORECASE)
            parsed = _parser.parse(pattern)
        ways = _ways(parsed)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"the regex {pattern!r} is none: {error}.") from None
    if ways > MAX_WAYS:
        raise ValueError(
            f"the regex {pattern!r} can match in more than {MAX_WAYS} ways from one place: lower "
            "the bounds of its repetitions, or have fewer of them."
        )
    if parsed.getwidth()[1] > MAX_WIDTH:
        raise ValueError(f"the regex {pattern!r} can match more than {MAX_WIDTH:,} characters.")
    return compiled


_ONE_WAY = frozenset(
    {"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "RANGE", "CATEGORY", "NEGATE", "FAILURE"}
)


def _ways(parts: Any) -> int:
    """In how many ways a parsed pattern may match from one place; ``MAX_WAYS`` and one at most."""
    ways = 1
    for code, argument in parts:
        ways = min(ways * _ways_of(str(code), argument), MAX_WAYS + 1)
    return ways


def _ways_of(code: str, argument: Any) -> int:
    if code in _ONE_WAY:
        return 1
    if code == "SUBPATTERN":
        return _ways(argument[-1])
    if code == "BRANCH":
        return sum(map(_ways, argument[1]))
    if code in {"MAX_REPEAT", "MIN_REPEAT"}:
        low, high, part = argument
        if high == _parser.MAXREPEAT:
            raise ValueError(
                "a repetition without an upper bound: write {0,80} for * or {1,80} for +."
            )
        once = _ways(part)
        if once == 1:
            return int(high) - int(low) + 1
        total = 0
        for times in range(int(low), int(high) + 1):
            total += once**times
            if total > MAX_WAYS:
                break
        return total
    raise ValueError(f"{code.lower().replace('_', ' ')} is not allowed in a regex here.")
