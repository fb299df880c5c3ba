"""What several checks read off a call."""

from flywheel_stream.checks.check import Checked
from flywheel_stream.events import Expect, Message

CUT_OFF = frozenset({"length", "max_tokens"})
"""Finish reasons of answers that reached their limit."""

_SYSTEM_ROLES = frozenset({"system", "developer"})


def is_blank(call: Checked) -> bool:
    """Whether there is no answer, or none to see."""
    response = call.response
    return not response or response.isspace()


def failed(call: Checked) -> bool:
    """Whether there was an error; then the answer is not asked for more."""
    return bool(call.error) or call.finish_reason == "error"


def promises_json(expect: Expect) -> bool:
    """Whether the caller was told that the answer is JSON."""
    # A schema without a format is a promise of JSON too: `format` is "text" only by default.
    return expect.format == "json" or expect.schema is not None


def system_prompt(call: Checked) -> str:
    """What the first turn tells the model; empty where there is no such turn."""
    turns = call.messages
    first: Message | None = turns[0] if turns else None
    return first.content if first is not None and first.role in _SYSTEM_ROLES else ""
