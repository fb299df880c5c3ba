"""Answers that contradict each other: the same question, the same model, another yes or number.

Wordings differ all the time, so only what can be held against each other is: yes or no, and the
numbers of short answers. Questions whose answers may differ (about oneself, about now, for ideas) are
left alone, and so are answers an hour apart: what is true may have changed. Memory is bounded, and
all of it is in the dump.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from flywheel_stream.curation.texts import prompt_key
from flywheel_stream.events import Finding, Interaction, Judged
from flywheel_stream.lineage import digest

KIND: Final = "inconsistency"
CONFIDENCE: Final = 0.6
_CAPACITY: Final = 10_000
"""Questions that are remembered."""
_ANSWERS: Final = 8
"""Answers of a question that are remembered, the latest ones."""
_APART: Final = 3600.0
"""Seconds of event time between answers beyond which the facts may have changed."""
_LONG: Final = 300
"""Characters of a question beyond which it is not asked again word by word."""
_SHORT: Final = 400
"""Characters of an answer that is held against others: a longer one has too many numbers."""
_NUMBERS: Final = 3

_OPEN = re.compile(
    r"\b(?:i|i'm|my|me|mine|we|our|us|you|your|now|today|tonight|current(?:ly)?|latest|time|date|random\w*"
    r"|pick|choose|guess|joke|story|poem|ideas?|suggest\w*|recommend\w*|example|write|generate|create"
    r"|imagine|make up|roll|flip|weather|forecast|news|score|stock|rate|status|until|since|left)\b",
    re.IGNORECASE,
)
_POLAR = re.compile(r"\W*(?:(yes|true|correct)|(no|false|incorrect))\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:[.,]\d+)*(?![\w/-])")
_DIGIT = re.compile(r"\d")
_LIST_MARK = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)


class _Answer(Struct, array_like=True):
    trace_id: str
    ts: float
    says: str
    """``yes``, ``no`` or nothing."""
    numbers: list[str]
    contradicts: str = ""
    """What it said against an earlier one, told once and for all."""


class Consistency:
    """What was answered to questions that come again.

    Args:
        capacity: questions that are remembered; the one asked longest ago is forgotten first.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._asked: OrderedDict[str, list[_Answer]] = OrderedDict()

    def compare(self, judged: Judged) -> Finding | None:
        """Holds an answer against earlier ones to the same question, and remembers it.

        The same record again gives the same finding, as long as its question is remembered.
        """
        call = judged.interaction
        ours = _facts(call)
        if ours is None:
            return None
        key = digest(prompt_key(call), call.app, call.model, call.variant, call.prompt_version)
        answers = self._asked.setdefault(key, [])
        self._asked.move_to_end(key)
        if len(self._asked) > self._capacity:
            self._asked.popitem(last=False)
        known = next((old for old in answers if old.trace_id == ours.trace_id), None)
        if known is None:
            ours.contradicts = next(
                filter(None, (_contradiction(old, ours) for old in answers)), ""
            )
            answers.append(ours)
            del answers[:-_ANSWERS]
            known = ours
        if not known.contradicts:
            return None
        return Finding(KIND, CONFIDENCE, f"{known.contradicts} to the same question")

    def clear(self) -> None:
        """Forgets all: another version is live, and may know better."""
        self._asked.clear()

    def forget(self, before: float) -> None:
        """Forgets questions whose answers are all older than that."""
        while self._asked:
            key, answers = next(iter(self._asked.items()))
            if any(answer.ts >= before for answer in answers):
                return
            del self._asked[key]

    def dump(self) -> list[list[Any]]:
        """Everything, as plain data."""
        return [
            [key, [[a.trace_id, a.ts, a.says, [*a.numbers], a.contradicts] for a in answers]]
            for key, answers in self._asked.items()
        ]

    @classmethod
    def load(cls, state: Sequence[Sequence[Any]], capacity: int = _CAPACITY) -> "Consistency":
        """The inverse of ``dump``."""
        self = cls(capacity)
        for key, rows in state:
            self._asked[key] = [_Answer(*row) for row in rows]
        return self


def _facts(call: Interaction) -> _Answer | None:
    """What of an answer can be held against another, if anything."""
    text = call.response
    if not text or len(text) > _SHORT or call.error:
        return None
    polar = _POLAR.match(text)
    says = "" if polar is None else "yes" if polar[1] else "no"
    numbers: list[str] = []
    if _DIGIT.search(text):  # nearly all of the time goes into finding none
        numbers = sorted({_plain(n) for n in _NUMBER.findall(_LIST_MARK.sub("", text))})
    if len(numbers) > _NUMBERS:
        numbers = []
    if not (says or numbers) or len(call.question) > _LONG or _OPEN.search(call.question):
        return None
    return _Answer(call.trace_id, call.at, says, numbers)


def _plain(number: str) -> str:
    """``1,000`` and ``1000`` are one number, and so are ``4.50`` and ``4.5``."""
    bare = re.sub(r",(?=\d{3}\b)", "", number).replace(",", ".")
    return bare.rstrip("0").rstrip(".") if "." in bare else bare


def _contradiction(theirs: _Answer, ours: _Answer) -> str | None:
    if abs(ours.ts - theirs.ts) > _APART:
        return None
    if theirs.says and ours.says and theirs.says != ours.says:
        return f"{ours.says}, after {theirs.says}"
    if theirs.numbers and ours.numbers and set(theirs.numbers).isdisjoint(ours.numbers):
        return f"{', '.join(ours.numbers)}, after {', '.join(theirs.numbers)}"
    return None
