"""Answers that run in a loop: the same text, or the same line, over and over."""

import re
from collections import Counter

from flywheel_stream.checks.check import Check, Checked
from flywheel_stream.checks.reading import failed

_TAIL = 32
_REACH = 600
_LOOPED = 200
"""Characters that a repetition covers before it counts as a loop."""
_LINES = 12
_ASKED_AGAIN = re.compile(r"\brepeat|\btimes\b|\bloop|\bpattern\b|\bascii\b", re.IGNORECASE)


def _ends_as_before(call: Checked) -> bool:
    """A loop runs on to the end: its last characters have been there before."""
    text = call.response
    if not text or len(text) < _LOOPED:
        return False
    end = len(text) - 1
    if text.find(text[-_TAIL:], max(0, end - _REACH), end) >= 0:
        return True
    return end > _REACH and text.count("\n") >= 2 * _LINES


def _loop(call: Checked) -> str | None:
    text = (call.response or "").rstrip()
    if failed(call) or len(text) < _LOOPED:
        return None
    found = _same_text_again(text) or _same_line_again(text)
    return None if found is None or _ASKED_AGAIN.search(call.question) else found


def _same_text_again(text: str) -> str | None:
    end = len(text) - 1
    before = text.rfind(text[-_TAIL:], max(0, end - _REACH), end)
    if before < 0:
        return None
    period = len(text) - _TAIL - before
    unit = text[-period:]
    times = 1
    while times * period <= len(text) and text.endswith(unit, 0, len(text) - times * period):
        times += 1
    long_enough = times >= 3 and (times - 1) * period >= _LOOPED
    if not long_enough or len({letter for letter in unit if letter.isalpha()}) < 3:
        return None
    return f"the last {period} characters {times} times over: {unit.strip()}"


def _same_line_again(text: str) -> str | None:
    """Lines that differ in their number alone."""
    lines = [line for line in text[-4_000:].splitlines() if line.strip()][-4 * _LINES :]
    bare = [line.strip(" \t0123456789.)(-*#:") for line in lines]
    line, times = Counter(bare).most_common(1)[0]
    if times < _LINES or len(line) < 12 or not any(letter.isalpha() for letter in line):
        return None
    return f"a line {times} times over: {line}"


REPETITION = Check(
    name="repetition",
    sees="scrubbed",
    gate=_ends_as_before,
    evidence=_loop,
    hits=(
        {"response": "The sum is four. " * 20},
        {
            "response": "Well. "
            + "We ship to all countries and then we rest. " * 12
            + "We ship to al"
        },
        {"response": "\n".join(f"{n}. Check the cable again" for n in range(30))},
    ),
    misses=(
        {"response": "The sum is four. " * 20, "prompt": "Repeat it twenty times"},
        {"response": "The sum is four. " * 3},
        {"response": "word " + "-" * 400},
        {"response": "\n".join(f"{n}. Item number {n * n}" for n in range(30))},
        {"response": "\n".join("}" for _ in range(60)) + "x" * 200},
        {"response": " ".join(str(n) for n in range(200))},
    ),
    confidence=0.9,
)
