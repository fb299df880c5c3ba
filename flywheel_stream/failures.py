"""The TABLE of failure kinds: what went wrong with a judged call, from checks and users' words.

A kind is a row: how grave it is and the phrases by which users name it. What no row explains is
``unexplained``, which is said rather than guessed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flywheel_stream.events import Finding, Judged

UNSATISFIED = 0.4
"""Below this probability of satisfaction a judged call is a failure."""

WORDS_CONFIDENCE = 0.7
"""Confidence in a kind that the user's words name; users name symptoms."""

UNEXPLAINED = "unexplained"


class Kind(NamedTuple):
    """A row of the table; ``phrases`` are regular expressions over lower-case words.

    ``hits`` are comments that name the kind, ``misses`` comments that only look like it.
    """

    name: str
    severity: float
    phrases: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


TABLE: tuple[Kind, ...] = (
    Kind(
        "safety",
        1.0,
        (
            r"dangerous",
            r"harmful",
            r"unsafe",
            r"could (?:hurt|kill)",
            r"offensive",
            r"racist",
            r"sexist",
        ),
        ("This is dangerous advice", "that could kill someone"),
        ("not dangerous at all", "save it in the safe"),
    ),
    Kind(
        "privacy",
        1.0,
        (
            r"(?:personal|private) (?:data|details|information)",
            r"leak(?:s|ed|ing)? (?:my|our|his|her|their)",
            r"(?:someone|somebody) elses?",
        ),
        ("shows someone else's order", "It leaked my private details"),
        ("a personal touch would help", "there is a memory leak in my code"),
    ),
    Kind(
        "factual_error",
        0.7,
        (
            r"wrong(?! (?:language|format|tone))",
            r"incorrect(?:ly)?",
            r"inaccurate",
            r"(?:not|isnt) (?:true|correct|right|accurate)",
            r"false",
            r"made (?:it |this |that )?up",
            r"hallucinat\w*",
            r"mistakes?",
        ),
        ("Wrong, it is 42", "You made that up", "that isn't right"),
        ("wrong language", "nothing else to say"),
    ),
    Kind(
        "outdated_knowledge",
        0.7,
        (
            r"out ?dated",
            r"out of date",
            r"last years?",
            r"no longer",
            r"obsolete",
            r"not up to date",
            r"old (?:price|version|data|information)s?",
        ),
        ("that was last year's price", "Out-of-date!", "this is no longer sold"),
        ("it isn't outdated", "ask me about the date"),
    ),
    Kind(
        "tool_error",
        0.7,
        (
            r"crash(?:ed|es)?",
            r"error message",
            r"(?:timed|time) out",
            r"(?:link|tool|button)s? (?:is |are )?(?:broken|dead)",
        ),
        ("it crashed again", "the link is broken"),
        ("a good tool",),
    ),
    Kind(
        "capability_gap",
        0.6,
        (
            r"wrong language",
            r"(?:doesnt|does not|wont) (?:compile|run)",
            r"bad (?:at )?(?:math|maths|arithmetic)",
            r"cant (?:count|add|calculate|code)",
        ),
        ("The code doesn't run", "answered in the wrong language"),
        ("it runs",),
    ),
    Kind(
        "irrelevant",
        0.6,
        (
            r"irrelevant",
            r"(?:not|isnt) relevant",
            r"unrelated",
            r"off topic",
            r"not what i (?:asked|meant|wanted)",
            r"misunderst\w+",
            r"(?:didnt|doesnt|did not|does not|not) (?:address|answer)(?:ed|ing)?(?: (?:my|the) question)?",
            r"nothing to do with",
        ),
        ("Not what I asked", "you did not answer my question"),
        ("relevant and short",),
    ),
    Kind(
        "refusal",
        0.6,
        (
            r"refus(?:e|es|ed|al|ing)",
            r"(?:wont|wouldnt|would not|will not) (?:answer|help|tell)",
            r"declin(?:e|es|ed|ing)",
        ),
        ("It refuses to help", "would not answer"),
        ("I will fuse the two",),
    ),
    Kind(
        "inconsistency",
        0.6,
        (
            r"contradict\w*",
            r"inconsistent",
            r"different answers?",
            r"(?:last time|before|earlier) you said",
        ),
        ("contradicts itself", "a different answer each time"),
        ("as you said",),
    ),
    Kind(
        "format_error",
        0.5,
        (
            r"(?:not|isnt|invalid|broken|malformed) json",
            r"(?:wrong|bad|broken) format(?:ting)?",
            r"cut off",
            r"incomplete",
            r"unreadable",
        ),
        ("that is not JSON", "the answer is cut off"),
        ("the format is fine",),
    ),
    Kind(
        "latency",
        0.5,
        (
            r"slow",
            r"takes? (?:forever|ages|too long)",
            r"took (?:forever|ages|too long)",
        ),
        ("too slow", "took forever"),
        ("slowly getting there",),
    ),
    Kind(
        "sycophancy",
        0.5,
        (
            r"(?:just|always|only) agrees?",
            r"agrees? with (?:everything|anything|me)",
            r"flatter(?:y|s|ing)?",
            r"sycophan\w+",
        ),
        ("it just agrees with everything",),
        ("I agree",),
    ),
    Kind(
        "tone",
        0.4,
        (
            r"rude",
            r"condescending",
            r"patroni[sz]ing",
            r"impolite",
            r"unfriendly",
            r"arrogant",
            r"preachy",
            r"(?:wrong|bad) tone",
        ),
        ("so rude", "Patronizing."),
        ("not rude", "a crude estimate"),
    ),
    Kind(
        "verbosity",
        0.3,
        (
            r"(?<!takes )(?<!took )too long",
            r"too (?:wordy|verbose|much text)",
            r"verbose",
            r"rambl(?:es|ing)",
            r"get to the point",
            r"long winded",
        ),
        ("too long", "long-winded"),
        ("as long as it works", "took too long"),
    ),
    Kind("unseen_topic", 0.4),  # learned from traffic, not from words
    Kind(UNEXPLAINED, 0.4),
)
"""Every kind, gravest first; ties in confidence are listed in this order."""

FROM_CHECKS: Mapping[str, tuple[str, float]] = {
    "invalid_json": ("format_error", 1.0),
    "schema_violation": ("format_error", 1.0),
    "error": ("tool_error", 0.9),
    "empty_response": ("tool_error", 0.6),
    "truncated": ("format_error", 0.6),
    "pii_leak": ("privacy", 1.0),
}
"""Check to (kind, how surely it is that kind).

``tool_error`` is whatever failed around the model (provider, network, tool): an error status
surely, an answer without text probably. A truncated answer is incomplete, thus badly formed.
"""

_TIMEOUT = re.compile(r"tim(?:ed?|ing)[ -]?out|deadline", re.IGNORECASE)
_RANK = {kind.name: rank for rank, kind in enumerate(TABLE)}
_SEVERITY = {kind.name: kind.severity for kind in TABLE}
# "not rude" is no complaint; phrases that begin with "not" are looked at as they stand.
_PHRASES = tuple(
    (
        kind.name,
        re.compile(rf"(?<!\bnot )(?<!\bisnt )(?<!\bnever )\b(?:{'|'.join(kind.phrases)})\b"),
    )
    for kind in TABLE
    if kind.phrases
)
_DROPPED = str.maketrans({"'": "", "\u2019": "", "-": " "})
_MAX_COMMENT = 2_000
# Escape sequences and overrides of the writing direction would rule the reader's terminal.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")


def failure_kinds(judged: Judged) -> list[Finding]:
    """Says whether a judged call is a failure and of what kinds.

    It is one if a check fired, whatever the user says (but a truncated answer that satisfied is
    none), or if its signals make satisfaction improbable.

    Returns:
        At most one finding a kind, the most certain first; empty where it is no failure.
    """
    unhappy = bool(judged.signals) and judged.satisfied < UNSATISFIED
    found = list(_from_checks(judged))
    if unhappy:
        found += _from_words(judged)
    if unhappy and not found:
        told = ", ".join(sorted({signal.kind for signal in judged.signals}))
        found.append(Finding(UNEXPLAINED, 1.0 - judged.satisfied, f"signals: {told}"))
    return _most_certain(found)


def _from_checks(judged: Judged) -> Iterable[Finding]:
    satisfied = bool(judged.signals) and judged.satisfied >= 0.5
    for check in judged.interaction.checks:
        if check.kind == "truncated" and satisfied:
            continue
        kind, surely = FROM_CHECKS.get(check.kind, (UNEXPLAINED, 1.0))
        if check.kind == "error" and _TIMEOUT.search(check.evidence):
            kind = "latency"
        yield Finding(kind, check.confidence * surely, f"{check.kind}: {check.evidence}")


def _from_words(judged: Judged) -> Iterable[Finding]:
    for signal in judged.signals:
        if signal.comment:
            yield from named_kinds(signal.comment)


def named_kinds(comment: str) -> list[Finding]:
    """The kinds that a user's words name, with the phrase as evidence; in the table's order."""
    words = " ".join(comment[:_MAX_COMMENT].lower().translate(_DROPPED).split())
    matches = ((name, phrases.search(words)) for name, phrases in _PHRASES)
    return [
        Finding(name, WORDS_CONFIDENCE, f"comment: {match[0]}") for name, match in matches if match
    ]


def _most_certain(found: Iterable[Finding]) -> list[Finding]:
    ordered = sorted(found, key=lambda one: (-one.confidence, _RANK.get(one.kind, len(_RANK))))
    best: dict[str, Finding] = {}
    for finding in ordered:
        best.setdefault(finding.kind, finding)
    return list(best.values())


def severity(kinds: Sequence[Finding]) -> float:
    """How grave a failure is, 0..1: the gravest of its kinds, each as far as it is certain."""
    return max((_SEVERITY.get(one.kind, 0.4) * one.confidence for one in kinds), default=0.0)


def excerpt(text: str, limit: int = 200) -> str:
    """A text on one line, cut at a word, with an ellipsis where it was cut.

    Returns:
        At most ``limit`` characters (of code points), the ellipsis included.
    """
    # Twice the limit holds the excerpt of most texts, eight times that of any that is not mostly
    # blank space.
    line = ""
    for most in (2 * limit, 8 * limit):
        line = " ".join(_CONTROLS.sub(" ", text[:most]).split())
        if len(line) > limit:
            break
        if len(text) <= most:
            return line
    room = max(limit - 1, 0)
    cut = line[: room + 1].rpartition(" ")[0] if len(line) > room else line
    return (cut or line[:room]) + "…"
