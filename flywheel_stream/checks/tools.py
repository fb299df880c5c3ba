"""Calls of tools: those that failed, and those that stand in the text."""

import re

from flywheel_stream.checks.check import Check, Checked
from flywheel_stream.events import Message
from flywheel_stream.refusals import HEAD

_MALFORMED = frozenset(
    {"malformed_function_call", "MALFORMED_FUNCTION_CALL", "tool_use_failed", "invalid_tool_call"}
)
_TOOL_ROLES = frozenset({"tool", "function"})
_MARKUP = ("<tool_", "<function_", "<|", "[TOOL_")
_STRAY_CALL = re.compile(
    r"<\|?/?(?:tool_calls?|function_calls?|tool_use|python_tag|tool_call_begin)\b|\[TOOL_CALLS?\]"
)
_TOOL_FAILED = re.compile(
    r"\A[\s*#(]*(?:error|exception|traceback|fail(?:ed|ure)|time(?:d )?-?out|unauthori[sz]ed"
    r"|forbidden|internal "
    r"server error|(?:http )?[45]\d\d\b)|\"(?:error|exception)s?\"\s*:\s*(?!\s|null|false|\"\""
    r"|\[\]|\{\}|0\b)"
    r"|\"status(?:_?code)?\"\s*:\s*\"?(?:[45]\d\d\b|error|fail)",
    re.IGNORECASE,
)


def _may_miss_a_tool(call: Checked) -> bool:
    if call.finish_reason in _MALFORMED:
        return True
    for turn in call.messages[-4:]:
        if turn.role in _TOOL_ROLES:
            return True
    text = call.response
    if text and "<" in text:
        for mark in _MARKUP:
            if mark in text:
                return True
    return bool(text) and "[" in (text or "") and "[TOOL_" in (text or "")


def _tool_failure(call: Checked) -> str | None:
    if call.finish_reason in _MALFORMED:
        return f"finish_reason is {call.finish_reason}"
    for turn in reversed(call.messages[-4:]):
        if turn.role not in _TOOL_ROLES:
            break  # what came before a later turn has been dealt with
        failed = _TOOL_FAILED.search(turn.content[:2_000])
        if failed:
            return f"a tool answered: {' '.join(turn.content[:HEAD].split())}"
    stray = _STRAY_CALL.search(call.response or "")
    return f"a call of a tool in the text: {stray[0]}" if stray else None


TOOL_FAILURE = Check(
    name="tool_failure",
    sees="scrubbed",
    gate=_may_miss_a_tool,
    evidence=_tool_failure,
    hits=(
        {"messages": [Message("user", "q"), Message("tool", "Error: connection refused")]},
        {"messages": [Message("user", "q"), Message("tool", '{"status": 503, "body": ""}')]},
        {"messages": [Message("user", "q"), Message("tool", '{"error": "no such order"}')]},
        {"response": '<tool_call>{"name": "find"}</tool_call>'},
        {"finish_reason": "MALFORMED_FUNCTION_CALL"},
    ),
    misses=(
        {"messages": [Message("user", "q"), Message("tool", '{"orders": 3, "error": null}')]},
        {
            "messages": [
                Message("tool", "Error: connection refused"),
                Message("assistant", "It failed."),
                Message("user", "try again"),
            ]
        },
        {"response": "a < b and b > c"},
        {"response": "The error was a typo."},
    ),
    confidence=0.8,
)
