"""How a call ended: with an error, without a text, cut off, or too late."""

from flywheel_stream.checks.check import MAX_EVIDENCE, Check, Checked
from flywheel_stream.checks.reading import CUT_OFF, failed, is_blank

_TOOL_CALLS = frozenset({"tool_calls", "function_call", "tool_use"})
"""Finish reasons of answers that call a tool, which have no text and need none."""
SLOW_MS = 60_000.0
"""Longer than a user waits for anything: ten times what keeps attention (Nielsen 1993), and more."""
_CRAWLING_MS, _CRAWLING_TOKENS_S = 15_000.0, 2.0


def _error(call: Checked) -> str:
    return " ".join(call.error[: 4 * MAX_EVIDENCE].split()) or "finish_reason is error"


ERROR = Check(
    name="error",
    sees="scrubbed",
    gate=failed,
    evidence=_error,
    hits=({"error": "HTTP 500"}, {"finish_reason": "error"}),
    misses=({}, {"finish_reason": "stop"}, {"response": "error"}),
)


def _empty(call: Checked) -> str | None:
    if failed(call) or call.finish_reason in _TOOL_CALLS:
        return None
    what = "no response" if call.response is None else "a blank response"
    return f"{what}, finish_reason {call.finish_reason or 'not given'}"


EMPTY_RESPONSE = Check(
    name="empty_response",
    sees="scrubbed",
    gate=is_blank,
    evidence=_empty,
    hits=({"response": None}, {"response": ""}, {"response": " \n\t"}),
    misses=(
        {},
        {"response": "0"},
        {"response": None, "error": "HTTP 500"},
        {"response": None, "finish_reason": "tool_calls"},
    ),
)


def _truncated(call: Checked) -> str:
    tokens = "" if call.tokens_out is None else f" after {call.tokens_out} tokens"
    return f"finish_reason is {call.finish_reason}{tokens}"


TRUNCATED = Check(
    name="truncated",
    sees="scrubbed",
    gate=lambda call: call.finish_reason in CUT_OFF,
    evidence=_truncated,
    hits=({"finish_reason": "length"}, {"finish_reason": "max_tokens", "tokens_out": 512}),
    misses=({}, {"finish_reason": "stop"}, {"response": "max_tokens"}),
)


def _is_slow(call: Checked) -> bool:
    return call.latency_ms is not None and call.latency_ms >= _CRAWLING_MS


def _slow(call: Checked) -> str | None:
    taken = call.latency_ms or 0.0
    tokens = call.tokens_out
    crawls = tokens is not None and 1_000 * tokens < _CRAWLING_TOKENS_S * taken
    if taken < SLOW_MS and not crawls:
        return None
    return f"{taken / 1_000:.1f} s" + ("" if tokens is None else f" for {tokens} tokens")


SLOW = Check(
    name="slow",
    sees="scrubbed",
    gate=_is_slow,
    evidence=_slow,
    hits=({"latency_ms": 61_000.0}, {"latency_ms": 20_000.0, "tokens_out": 12}),
    misses=(
        {},
        {"latency_ms": 900.0, "tokens_out": 1},
        {"latency_ms": 20_000.0, "tokens_out": 900},
        {"latency_ms": 20_000.0},
    ),
    confidence=0.9,
)
