"""Instructions about form that can be checked by counting: length, list, table, JSON, yes or no.

The measures are lenient: writers count roughly, so only what is far off is told. Evidence is
numbers and names of units alone, never a word of the answer. After IFEval (Zhou et al. 2023),
whose instructions are those that a program can verify.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

_START: Final = 80
_END: Final = 120
"""Characters at each end of a request that are read: in the public sets that we have, no instruction
stands in between, and what is read costs."""
_SLACK: Final = 1.25
"""Times a limit that passes unnoticed."""

_NUMBERS = {
    name: number
    for number, name in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - easier to read
    )
} | {"single": 1, "fifteen": 15, "twenty": 20, "fifty": 50, "hundred": 100}
_NUMBER = rf"(?P<number>\d{{1,5}}|{'|'.join(_NUMBERS)})"
_UNIT = r"(?P<unit>words?|sentences?|characters?|paragraphs?|bullet ?points?|bullets)"
_MOST = re.compile(
    r"\b(?:(?:in|within|under|at most|up to|no more than|not more than|no longer than|fewer than"
    r"|less than|not exceed(?:ing)?|maximum(?: length)?(?: of)?|max\.?(?: of)?|limit(?:ed)?"
    r"(?: it| this| (?:your|the) \w+)? to|keep (?:it|this|(?:your|the) \w+) (?:to|under|within"
    r"|below))"
    rf" (?:about |around |just |only |exactly "
    rf"|a (?=single))?{_NUMBER} (?:\w+ )?{_UNIT})\b(?! (?:or more|per|each))"
)
_LEAST = re.compile(
    rf"\b(?:at least|no fewer than|no less than|not less than|minimum(?: of)?|exactly) {_NUMBER}"
    rf" (?:\w+ )?{_UNIT}\b"
)
_YES_NO = re.compile(
    r"\b(?:only|just|simply|simple)\b[^.!?\n]{0,30}['\"]?\b(?:yes['\"]? or ['\"]?no|true['\"]? or "
    r"['\"]?false)\b|\b(?:yes['\"]? or ['\"]?no|true['\"]? or ['\"]?false)['\"]? only\b"
)
_JSON = re.compile(
    r"\b(?:return|output|respond|reply|answer|give|format|produce|only"
    r"|valid)\b[^.!?\n]{0,40}\bjson\b"
    r"(?! (?:file|schema|parser|path|server|data|string|api|library)\w*)"
)
_LIST = re.compile(
    r"\b(?:in|as|use|using|with)\b (?:\w+ ){0,2}?"
    r"(?:bullet ?points?|bullets|bullet(?:ed)? (?:list|format|points))\b"
)
_TABLE = re.compile(
    r"\b(?:in|as|into) (?:the form of )?(?:a |an )?(?:\w+ )?table\b(?! (?:of|tennis|top|salt))"
)
_ASKED = (
    ("yes or no", (" or no", " or fals", " or 'no", " or 'fals", ' or "no', ' or "fals'), _YES_NO),
    ("JSON", ("json",), _JSON),
    ("list", ("bullet",), _LIST),
    ("table", (" table",), _TABLE),
)
_COUNT = re.compile(rf"\d|\b(?:{'|'.join(_NUMBERS)})\b")
_OPTION = re.compile(r"\b(?:yes|no|true|false)\b")
_ITEM = re.compile(
    r"^[ \t]{0,20}(?:[-*•\u2013·+]|\(?\d{1,3}[.):]|[a-zA-Z][.)])[ \t]{0,8}\S", re.MULTILINE
)
_SENTENCE = re.compile(r"[.!?…]{1,8}[\"')\]]{0,4}(?:\s{1,8}(?=[A-Z\"'(\d])|\s{0,8}$)")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|vs|etc|e\.g|i\.e|No|Inc|U\.S|\d+)\.")
_BLANK_LINE = re.compile(r"\n[ \t\r]{0,20}\n")
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL | re.IGNORECASE)


class Instruction(NamedTuple):
    """What was asked: which measure, and the number that it takes, if any."""

    what: str
    number: int = 0


_COUNTED = ("word", "sentenc", "paragr", "charact")
_NEAR: Final = 24
"""Characters before a unit in which its number stands."""
_HINTS = ("bullet", " or ", " table")


def hints_at_form(request: str) -> bool:
    """A cheap necessary condition of ``instructions_of``."""
    text = _ends(request)
    if _counts_units(text):
        return True
    if ("J" in text or "j" in text) and ("JSON" in text or "json" in text):
        return True  # a single letter is found at the speed of memory
    for hint in _HINTS:  # noqa: SIM110 - a generator would cost more than the search
        if hint in text:
            return True
    return False


def _ends(text: str) -> str:
    return text if len(text) <= _START + _END else f"{text[:_START]}\n{text[-_END:]}"


def _counts_units(text: str) -> bool:
    for unit in _COUNTED:
        at = text.find(unit)
        while at >= 0:
            if _COUNT.search(text, max(0, at - _NEAR), at):
                return True
            at = text.find(unit, at + 1)
    return False


def instructions_of(request: str) -> list[Instruction]:
    """The instructions about form in a request, both of whose ends are read."""
    text = " ".join(_ends(request).lower().split())
    counted = _counts_units(text) or "bullet" in text
    found = [
        Instruction(f"{bound} {_unit(match['unit'])}", _number(match["number"]))
        for bound, pattern in (("at most", _MOST), ("at least", _LEAST))
        for match in (pattern.finditer(text) if counted else ())
    ]
    found += [
        Instruction(what)
        for what, hints, pattern in _ASKED
        if any(hint in text for hint in hints) and pattern.search(text)
    ]
    return [one for one in found if not one.what.startswith("at") or one.number > 0]


standing_instructions = lru_cache(maxsize=256)(instructions_of)
"""The same for system prompts, which come again and again."""


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else _NUMBERS[text]


def _unit(text: str) -> str:
    return "points" if text.startswith("bullet") else text.rstrip("s") + "s"


def ignored(instructions: Iterable[Instruction], answer: str) -> str | None:
    """How an answer falls short of the first instruction that it clearly ignores, or ``None``."""
    for what, number in instructions:
        says = _far_off(what, number, answer) if number else _FORMS[what](answer)
        if says:
            return says
    return None


def _far_off(what: str, number: int, answer: str) -> str | None:
    bound, _, unit = what.rpartition(" ")
    has = _COUNTS[unit](answer)
    # Counting sentences and paragraphs is guesswork: two more or fewer prove nothing.
    slack = 3 if unit in {"words", "characters"} else 2
    if bound == "at most":
        wrong = has > max(_SLACK * number, number + slack)
    else:
        wrong = has < min(number / _SLACK, number - slack)
    return f"asked for {bound} {number} {unit}, has {has}" if wrong else None


def _sentences(answer: str) -> int:
    return len(_SENTENCE.findall(_ABBREVIATION.sub("", answer)))


def _paragraphs(answer: str) -> int:
    return sum(1 for part in _BLANK_LINE.split(answer) if len(part.split()) > 3)


def _points(answer: str) -> int:
    return len(_ITEM.findall(answer))


_COUNTS: dict[str, Callable[[str], int]] = {
    "words": lambda answer: len(answer.split()),
    "sentences": _sentences,
    "characters": lambda answer: len(answer.strip()),
    "paragraphs": _paragraphs,
    "points": _points,
}


def _no_option(answer: str) -> str | None:
    found = _OPTION.search(answer[:80].lower())
    return None if found else "asked for yes or no (or true or false), begins with neither"


def _no_json(answer: str) -> str | None:
    start = min((at for at in map(answer.find, "{[") if at >= 0), default=0)
    end = max(answer.rfind("}"), answer.rfind("]")) + 1
    for text in (answer, *_FENCE.findall(answer), answer[start:end]):
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        return None
    return "asked for JSON, holds none that parses"


def _no_list(answer: str) -> str | None:
    return None if _ITEM.search(answer) else "asked for a list, has no item of one"


def _no_table(answer: str) -> str | None:
    drawn = "|" in answer or "\t" in answer or "<table" in answer or "tabular" in answer
    return None if drawn else "asked for a table, has none"


_FORMS: dict[str, Callable[[str], str | None]] = {
    "yes or no": _no_option,
    "JSON": _no_json,
    "list": _no_list,
    "table": _no_table,
}
