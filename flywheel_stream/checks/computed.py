"""What an answer claims that can be computed: sums, and code that has to parse."""

from flywheel_stream.checks.check import Check, Checked
from flywheel_stream.checks.reading import CUT_OFF, failed
from flywheel_stream.verifying import broken_code, holds_a_sum, wrong_sum


def _wrong_sum(call: Checked) -> str | None:
    return None if failed(call) or call.response is None else wrong_sum(call.response)


WRONG_SUM = Check(
    name="wrong_sum",
    sees="scrubbed",
    gate=lambda call: call.response is not None and holds_a_sum(call.response),
    evidence=_wrong_sum,
    hits=(
        {"response": "Together that is 12 + 30 = 43."},
        {"response": "So 7 x 8 = 54 euros"},
        {"response": "$1,000 - $250 = $850"},
        {"response": "10 / 4 = 3.5"},
    ),
    misses=(
        {"response": "Together that is 12 + 30 = 42."},
        {"response": "10 / 3 = 3.33, and 2 / 3 = 0.67"},
        {"response": "1 + 2 + 3 = 6; 3 x 5 x 7 = 105"},
        {"response": "In binary 1 + 1 = 10."},
        {"response": "2x + 3 = 7, a = 4 * b, x = 2 + 3 = 5"},
        {"response": "7 / 2 = 3 remainder 1; 1/2 + 1/4 = 3/4"},
        {"response": "2 + 2 = 5 is not true"},
        {"response": "3 + 4 = 7 million; 3.5 million + 2 = 4"},
    ),
    confidence=0.9,
)


def _holds_python(call: Checked) -> bool:
    text = call.response
    return bool(text) and "`" in (text or "") and "```py" in (text or "").lower()


def _broken_code(call: Checked) -> str | None:
    # Placeholders are no Python, and an answer that was cut off is told as that.
    if failed(call) or call.response is None or call.finish_reason in CUT_OFF:
        return None
    return broken_code(call.response)


BROKEN_CODE = Check(
    name="broken_code",
    sees="raw",
    gate=_holds_python,
    evidence=_broken_code,
    hits=(
        {"response": "```python\ndef f(x:\n    return x\n```"},
        {"response": "Use this:\n```py\nfor x in y\n    print(x)\n```"},
    ),
    misses=(
        {"response": "```python\ndef f(x):\n    return x\n```"},
        {"response": "```python\n    x = 1\n    y = 2\n```"},
        {"response": "```python\n>>> f(1)\n2\n```"},
        {"response": "```python\nprint 'two'\n```"},
        {"response": "```python\ndef f(x):\n```"},
        {"response": "```\ndef f(x:\n```"},
        {"response": "```python\ndef f(x:\n```", "finish_reason": "length"},
        {"response": "```python\n" + "-" * 3_900 + "1\n```"},
    ),
    confidence=0.8,
)
