"""What an answer claims that can be computed: sums, and code that has to parse.

Only what is plainly wrong is told: a sum that stands by itself and is off by more than its rounding,
a block that says it is Python and is none in any reading.
"""

import ast
import re
import textwrap
import warnings
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final

_CODE: Final = 4_000
"""Characters of a block that are parsed; a longer one is left alone."""
_SUMS: Final = 20
"""Sums of an answer that are done again."""

_NUMBER = r"[$€£]?(\d[\d,]*(?:\.\d+)?)"
_SUM = re.compile(
    rf"(?<![\w.,:])(-?){_NUMBER} ?([-+*/\u00d7\u00f7\u2212x]) ?{_NUMBER} ?= ?(-?){_NUMBER}"
    r"(?![\w]|[.,]?\d|\s?[-+*/\u00d7\u00f7\u2212^%!(]|\s?x\b|\s?(?:r\b|rem|mod|\w*illion|thousand|hundred))",
    re.IGNORECASE,
)
_INSIDE = frozenset("+-*/\u00d7\u00f7\u2212xX=^%<>")
"""Before a sum they say that it is part of a longer one."""
_OTHER_NUMBERS = re.compile(
    r"\b(?:binary|hexa\w*|octal|base|modul\w*|mod|boolean|clock)\b", re.IGNORECASE
)
_DENIED_BEFORE = re.compile(
    r"\b(?:not|n't|never|wrong|false|incorrect)\W+(?:\w+\W+){0,2}\Z", re.IGNORECASE
)
_DENIED_AFTER = re.compile(
    r"\W{0,3}(?:(?:is|are|was|would be) )?(?:not|wrong|false|incorrect)\b", re.IGNORECASE
)
_NEAR: Final = 40
_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "\u2212": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "x": lambda a, b: a * b,
    "\u00d7": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "\u00f7": lambda a, b: a / b,
}
_BLOCK = re.compile(r"```(?:python|py|python3)[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL | re.IGNORECASE)
_LENIENT = ("Missing parentheses", "expected an indented block")  # Python 2, and a stub
_NO_PLAIN_PYTHON = re.compile(r"^\s*(?:>>>|\.\.\.|[%!$]|pip |python )", re.MULTILINE)


def holds_a_sum(answer: str) -> bool:
    """A cheap necessary condition of ``wrong_sum``: a number before one of its first signs."""
    at = answer.find("=")
    for _ in range(_SUMS):
        if at < 1:
            return False
        if answer[at - 1].isdecimal() or answer[max(at - 2, 0)].isdecimal():
            return True
        at = answer.find("=", at + 1)
    return False


def wrong_sum(answer: str) -> str | None:
    """The first sum that does not come out, with what it comes to; ``None`` if all do."""
    for number, found in enumerate(_SUM.finditer(answer)):
        if number == _SUMS:
            break
        if _is_no_claim(answer, found.start(), found.end()):
            continue
        sign, one, operator, other, minus, result = found.groups()
        try:
            right = _OPERATIONS[operator.lower()](_decimal(sign, one), _decimal("", other))
        except (ArithmeticError, InvalidOperation):
            continue
        said = _decimal(minus, result)
        if abs(right - said) > _rounding(operator, one, other, result):
            return f"{found[0].strip()}, but it is {float(right):.10g}"
    return None


def _is_no_claim(answer: str, start: int, end: int) -> bool:
    """Whether a sum is a part of a longer one, of other numbers, or denied."""
    before = answer[max(start - _NEAR, 0) : start]
    return (
        before.rstrip(" ")[-1:] in _INSIDE
        or _OTHER_NUMBERS.search(answer, 0, end) is not None
        or _DENIED_BEFORE.search(before) is not None
        or _DENIED_AFTER.match(answer, end) is not None
    )


def _decimal(sign: str, number: str) -> Decimal:
    return Decimal(sign + number.replace(",", ""))


def _rounding(operator: str, one: str, other: str, result: str) -> Decimal:
    """How far off a result may be: its last digit, where it may have been rounded or cut."""
    places = _places(result)
    exact = operator not in "/\u00f7" and places >= _places(one) + _places(other)
    return Decimal(0) if exact else Decimal(1).scaleb(-places)


def _places(number: str) -> int:
    return len(number.partition(".")[2])


def broken_code(answer: str) -> str | None:
    """Where a Python block of an answer stops being Python, or ``None``; quotes nothing of it."""
    for block in _BLOCK.findall(answer):
        code = textwrap.dedent(block)
        if len(code) > _CODE or _NO_PLAIN_PYTHON.search(code):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is odd, but parses
                ast.parse(code)
        except SyntaxError as error:
            if not error.msg.startswith(_LENIENT):
                # What a message quotes is the answer's own.
                what = "invalid syntax" if "'" in error.msg or '"' in error.msg else error.msg
                return f"line {error.lineno}: {what}"
        except (MemoryError, RecursionError, ValueError):
            continue  # nested beyond reason, or with a NUL: no matter of syntax
    return None
