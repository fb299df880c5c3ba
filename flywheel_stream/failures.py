"""The TABLE of failure kinds: what went wrong with a judged call, from checks and users' words.

A kind is a row: how grave it is and the phrases by which users name it. What no row explains is
``unexplained``, which is said rather than guessed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from flywheel_stream.events import RULE, Finding, Judged

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


_NOT = r"(?:not|isnt|arent|wasnt|doesnt|dont|didnt|cant|couldnt|wouldnt|never|hardly)"
_REALLY = r"(?:(?:really|actually|directly|fully|specifically|even|completely|entirely|truly|properly|quite|all|at|that|very|necessarily|exactly|clearly|necessarily|in|any|way) ){0,3}"

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
    Kind("money_at_risk", 0.9),  # told by configured rules alone
    Kind(
        "factual_error",
        0.7,
        (
            r"wrong(?! (?:language|format|tone))",
            r"incorrect(?:ly)?",
            r"inaccurate",
            rf"{_NOT} {_REALLY}(?:true|correct|right|accurate|factual)",
            (
                r"(?:none|nothing|not much|little) (?:of|in) (?:this|that|it|the \w+) (?:is"
                r"|was) (?:\w+ )?(?:true|correct|right|accurate)"
            ),
            r"untrue",
            r"false",
            r"misleading",
            r"made (?:it |this |that )?up",
            (
                r"(?:never|didnt|did not|doesnt|does not) (?:really |actually )?(?:happen(?:s|ed)?"
                r"|occur|exist)"
            ),
            (
                r"(?:not|nowhere) (?:\w+ ){0,3}?(?:in|from|part of) (?:the|this"
                r"|our) (?:\w+ )?(?:story|text|source|document|article|manual|contract|file)"
            ),
            r"\Ano(?:pe)?,? (?:it|its|he|she|they|this|that|thats|the|there)\b",
            r"\Anot quite",
            r"(?:not|isnt|wasnt) what (?:\w+ )?(?:happened|happens)",
            r"none of (?:this|that|it|these|the) ?(?:\w+ )?(?:happened|happens|are included)",
            r"from (?:a |another |some )?different (?:story|stories|text|document|source|product)",
            r"hallucinat\w*",
            r"(?<!spelling )(?<!grammar )mistakes?(?! in (?:spelling|grammar))",
        ),
        ("Wrong, it is 42", "You made that up", "that isn't right", "None of this is true"),
        ("wrong language", "nothing else to say", "a spelling mistake"),
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
            r"(?:link|tool|button|page|url)s? (?:\w+ )?(?:is |are )?(?:\w+ )?(?:broken|dead|down)",
            r"(?:broken|dead) (?:link|tool|button|url)s?",
            r"(?:link|tool|button|page|url)s? (?:does|do|did)(?: not|nt) (?:work|load|open)",
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
            rf"{_NOT} {_REALLY}(?:relevant|related|pertinent|applicable|on topic)",
            r"unrelated",
            r"off (?:the )?topic",
            r"(?:wrong|different|another) (?:topic|subject|question)",
            (
                r"not what (?:i|we|was|is|they|the user)(?: was| is| were)? (?:asked|asking|meant"
                r"|wanted|looking)"
            ),
            r"misunderst\w+",
            (
                rf"{_NOT} {_REALLY}(?:address|answer|respond|relate|pertain|apply|deal|correspond"
                rf"|match|satisfy|fit)"
                r"(?:s|ed|es|ing)?\b(?! everything)"
            ),
            r"(?:fails?|failed) to (?:address|answer|respond|relate)",
            r"nothing to do with",
            r"(?:misses|missed|missing|beside) the (?:mark|point)",
            (
                r"question (?:is|was|asks?|asked|wants?|wanted|specifically"
                r"|originally)\b.{1,160}?\b(?:(?:but|however|whereas"
                r"|yet)\b|(?:answer|response|passage|this|it) (?:is|was|talks|discusses"
                r"|focuses) ?(?:only |more )?(?:about|address"
                r"|talk|for|on)\w*)"
            ),
            (
                r"(?:answer|response|passage|this|it) (?:is|was|talks|discusses|addresses"
                r"|states) .{1,120}?(?:[.,]|\bwhile|\bwhen|\bbut"
                r"|\bwhereas) (?:the )?question (?:is|was|asks|wants)"
            ),
            r"off (?:task|track)",
            r"out of context",
            (
                r"(?:is|was|its|are|talks?|talking) (?:\w+ )?(?:more|only|all|mainly|mostly"
                r"|just) (?:about|focused|towards)"
            ),
            (
                r"(?:talks?|talking|relates?|relating|address(?:es)?|discuss(?:es)?|describes"
                r"|refers?|answers|about|focus\w*)\b"
                r"[^.!?]{1,100}?(?:(?: and|,| but) not (?!only|just|sure)|instead of|rather than)"
            ),
            rf"{_NOT} (?:\w+ )?(?:about|the focus|the topic|on point)",
            (
                r"(?:ignores|ignored|ignoring|avoids|avoided|dodges|sidesteps) (?:\w+ )?(?:question"
                r"|point|topic)"
            ),
            r"off point",
        ),
        (
            "Not what I asked",
            "you did not answer my question",
            "That is about returns, not about delivery",
            "The question was when, but this says where",
            "misses the point entirely",
        ),
        ("relevant and short", "It answers the question", "it doesn't answer everything, but most"),
    ),
    Kind(
        "incomplete",
        0.5,
        (
            r"incomplete",
            (
                r"(?:too |very |rather |quite |somewhat |a bit |a little |is |was )(?:vague|generic"
                r"|general|brief|short|basic)"
            ),
            r"vague(?:ly)?",
            r"(?:lacks?|lacking|missing|omits?|omitted|leaves? out|left out)",
            (
                rf"{_NOT} {_REALLY}(?:mention|explain|say|tell|give|provide|include|list|describe"
                rf"|discuss|cover|elaborate"
                r"|specify|state|talk|speak|offer|outline|contain|show|go into|convey"
                r"|illustrate)(?:s|ed|ing)?\b"
            ),
            (
                r"(?:fails?|failed) to (?:mention|explain|say|tell|give|provide|include|describe"
                r"|discuss|talk|cover)"
            ),
            r"no (?:\w+ )?(?:mention|discussion|reference|word|explanation) (?:of|about|to|on|for)",
            r"nothing (?:\w+ ){0,3}?(?:about|on)\b",
            (
                rf"{_NOT} (?:\w+ ){{0,2}}?(?:enough|sufficient|much|any|a lot of|detailed"
                rf"|specific) ?(?:\w+ )?"
                r"(?:info(?:rmation)?|details?|guidance|answers?|explanation|examples?|advice"
                r"|specifics|context)?"
            ),
            r"(?:in|not )sufficient",
            (
                r"(?:no|little|few|limited) (?:\w+ )?(?:info(?:rmation)?|details?|guidance"
                r"|explanation|examples?|specifics)"
            ),
            (
                r"(?:needs?|could use|should have|requires?) (?:to (?:be |have |provide |include "
                r"|give )?)?(?:a (?:lot|bit|little) )?"
                r"(?:more|additional|further|greater)"
            ),
            (
                r"more (?:\w+ )?(?:info(?:rmation)?|details?|specifics?|explanation"
                r"|examples?) (?:is |are |would |could |should "
                r"|on |about |needed)"
            ),
            (
                rf"{_NOT} (?:\w+ )?(?:mentioned|stated|given|included|provided|specified|explained"
                rf"|covered|listed)"
            ),
            r"without (?:mentioning|explaining|saying|giving|providing|telling)",
            (
                r"only (?:\w+ )?(?:provide|gives?|gave|talk|cover|list|mention|discuss|explain|state"
                r"|touch)\w*"
            ),
            r"only (?:partially|partly|half)",
        ),
        ("too vague", "It doesn't say when", "needs more detail", "there isn't enough information"),
        (
            "a general store",
            "It says everything, no more is needed",
            "more information than I hoped for",
        ),
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
            r"unreadable",
            r"typos?",
            (
                r"(?:spelling|punctuation|grammar|commas?|apostrophes?|capitali[sz]\w+"
                r"|subject verb agreement)"
            ),
            (
                r"(?:confusing|incomprehensible|unintelligible|gibberish|incoherent|(?:hard"
                r"|difficult) to (?:read|follow|understand))"
            ),
            rf"{_NOT} {_REALLY}makes? (?:any |much )?sense",
            r"(?:misspell\w*|misspelt)",
            r"repeat(?:s|ed|ing|itive)?\b(?! (?:customer|order|purchase))",
            r"repet[ei]ti\w+",
            r"redundant",
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
            r"(?:too|so) (?:much|many) (?:\w+ )?(?:info(?:rmation)?|details?|words|text)",
            r"(?:overly|unnecessarily|needlessly) (?:long|wordy|detailed|verbose)",
            r"unnecessary (?:\w+ )?(?:info(?:rmation)?|details?|words|text)",
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


KINDS = frozenset(kind.name for kind in TABLE)
"""The names of all kinds."""


class Cause(NamedTuple):
    """What a check that fired makes of a call.

    ``surely`` is how certainly it is of that kind; ``settled`` says that a user who is content
    has the last word.
    """

    kind: str
    surely: float
    settled: bool = False


FROM_CHECKS: Mapping[str, Cause] = {
    "invalid_json": Cause("format_error", 1.0),
    "schema_violation": Cause("format_error", 1.0),
    "error": Cause("tool_error", 0.9),
    "empty_response": Cause("tool_error", 0.6),
    "truncated": Cause("format_error", 0.6, settled=True),
    "pii_leak": Cause("privacy", 1.0),
    "refusal": Cause("refusal", 1.0, settled=True),
    "incapable": Cause("capability_gap", 0.8, settled=True),
    "repetition": Cause("format_error", 0.9, settled=True),
    "wrong_language": Cause("capability_gap", 0.9, settled=True),
    "wrong_sum": Cause("capability_gap", 0.9, settled=True),
    "broken_code": Cause("capability_gap", 0.9, settled=True),
    "ignored_instruction": Cause("format_error", 0.9, settled=True),
    "system_prompt_leak": Cause("safety", 0.8),
    "tool_failure": Cause("tool_error", 0.9, settled=True),
    "capitulation": Cause("sycophancy", 0.8, settled=True),
    "slow": Cause("latency", 0.9, settled=True),
}
"""Check to cause.

``tool_error`` is whatever failed around the model (provider, network, tool): an error status
surely, an answer without text probably. A truncated answer is incomplete, thus badly formed.
"""

_UNKNOWN = Cause(UNEXPLAINED, 1.0)
_TOO_LONG = "asked for at most"
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


def failure_kinds(judged: Judged, learnt: Sequence[Finding] = ()) -> list[Finding]:
    """Says whether a judged call is a failure and of what kinds.

    It is one if a check fired (what a content user has the last word on is left out), or if its
    signals make satisfaction improbable.

    Args:
        judged: the call with its signals.
        learnt: kinds that only memory tells; a content user has the last word on them.

    Returns:
        At most one finding a kind, the most certain first; empty where it is no failure.
    """
    unhappy = bool(judged.signals) and judged.satisfied < UNSATISFIED
    found = list(_from_checks(judged))
    if not _satisfied(judged):
        found += learnt
    if unhappy:
        found += _from_words(judged)
    if unhappy and not found:
        told = ", ".join(sorted({signal.kind for signal in judged.signals}))
        found.append(Finding(UNEXPLAINED, 1.0 - judged.satisfied, f"signals: {told}"))
    return _most_certain(found)


def _from_checks(judged: Judged) -> Iterable[Finding]:
    satisfied = _satisfied(judged)
    for check in judged.interaction.checks:
        kind, surely, settled = FROM_CHECKS.get(check.kind) or _configured(check.kind)
        if settled and satisfied:
            continue
        if check.kind in {"error", "tool_failure"} and _TIMEOUT.search(check.evidence):
            kind = "latency"
        if check.kind == "ignored_instruction" and check.evidence.startswith(_TOO_LONG):
            kind = "verbosity"
        yield Finding(kind, check.confidence * surely, f"{check.kind}: {check.evidence}")


def _satisfied(judged: Judged) -> bool:
    return bool(judged.signals) and judged.satisfied >= 0.5


def _configured(name: str) -> Cause:
    """The cause that a check of the configuration names: ``rule:<kind>:<name>``."""
    kind = name.removeprefix(RULE).partition(":")[0] if name.startswith(RULE) else ""
    return Cause(kind, 1.0) if kind in _RANK else _UNKNOWN


def _from_words(judged: Judged) -> Iterable[Finding]:
    for signal in judged.signals:
        if signal.comment:
            yield from named_kinds(signal.comment)


def named_kinds(comment: str) -> list[Finding]:
    """The kinds that a user's words name, with the phrase as evidence; in the table's order."""
    words = plain_words(comment)
    words = words.replace("whether or not", "whether")  # the one "not" that denies nothing
    matches = ((name, phrases.search(words)) for name, phrases in _PHRASES)
    return [
        Finding(name, WORDS_CONFIDENCE, f"comment: {match[0]}") for name, match in matches if match
    ]


def plain_words(comment: str) -> str:
    """The words of a comment as phrases are written: lower case, no apostrophes, single spaces."""
    return " ".join(comment[:_MAX_COMMENT].lower().translate(_DROPPED).split())


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
        line = " ".join(text[:most].split())
        if not line.isprintable():  # none of the controls is, and few texts have others besides
            line = " ".join(_CONTROLS.sub(" ", line).split())
        if len(line) > limit:
            break
        if len(text) <= most:
            return line
    room = max(limit - 1, 0)
    cut = line[: room + 1].rpartition(" ")[0] if len(line) > room else line
    return (cut or line[:room]) + "…"
