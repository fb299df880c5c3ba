"""The TABLE of checks in their order, and the two moments at which they run.

A check sees either raw or scrubbed text. What sees raw text leaves evidence that is free of it
(a position, a path in the schema).
"""

from flywheel_stream.checks import (
    computed,
    ending,
    instructions,
    language,
    loops,
    promised_json,
    tools,
    wording,
)
from flywheel_stream.checks.check import MAX_EVIDENCE, Check, Checked
from flywheel_stream.events import Call, Finding, Interaction

TABLE: tuple[Check, ...] = (
    ending.ERROR,
    ending.EMPTY_RESPONSE,
    ending.TRUNCATED,
    promised_json.INVALID_JSON,
    promised_json.SCHEMA_VIOLATION,
    wording.REFUSAL,
    wording.INCAPABLE,
    loops.REPETITION,
    language.WRONG_LANGUAGE,
    instructions.IGNORED_INSTRUCTION,
    computed.WRONG_SUM,
    computed.BROKEN_CODE,
    instructions.SYSTEM_PROMPT_LEAK,
    tools.TOOL_FAILURE,
    wording.CAPITULATION,
    ending.SLOW,
)
"""Every check, in the order in which findings are listed."""

_RAW = tuple((check.gate, check) for check in TABLE if check.sees == "raw")
_SCRUBBED = tuple((check.gate, check) for check in TABLE if check.sees == "scrubbed")


def check_raw(call: Call) -> list[Finding]:
    """Runs the checks that have to see raw text; no evidence of theirs holds any of it."""
    return [
        finding
        for gate, check in _RAW
        if gate(call) and (finding := _finding(check, call)) is not None
    ]


def check_scrubbed(interaction: Interaction) -> list[Finding]:
    """Runs the checks on scrubbed text; their evidence may quote it."""
    return [
        finding
        for gate, check in _SCRUBBED
        if gate(interaction) and (finding := _finding(check, interaction)) is not None
    ]


def _finding(check: Check, call: Checked) -> Finding | None:
    evidence = check.evidence(call)
    if evidence is None:
        return None
    return Finding(check.name, check.confidence, evidence[:MAX_EVIDENCE])
