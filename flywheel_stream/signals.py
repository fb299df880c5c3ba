"""Signals to a judgement: explicit and implicit signs of satisfaction, weighed by a fixed table.

The table holds log-odds; their sum through the logistic function is the probability that the
user was satisfied. It is versioned and never learns, so that ingest gives the same judgement to
the same record for ever; refined weights are the learner's.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from flywheel_stream.events import Finding, Signal
from flywheel_stream.lineage import record_hash

TABLE_VERSION = "2"
"""Changes with any number or word below."""

EXPLICIT = 2.5
"""Log-odds of a thumb up or the top of a scale: about 92 % satisfied. The bottom is its negative."""

CHECKS: Mapping[str, float] = {
    "error": -3.0,
    "empty_response": -3.0,
    "invalid_json": -2.5,
    "schema_violation": -2.0,
    "truncated": -0.8,
    "refusal": -1.0,
    "repetition": -2.0,
    "wrong_language": -1.5,
    "tool_failure": -1.0,
    "incapable": -0.8,
    "ignored_instruction": -0.8,
    "wrong_sum": -1.5,
    "broken_code": -1.5,
    "system_prompt_leak": -0.8,
    "capitulation": -0.5,
    "slow": -0.5,
}
"""Log-odds of a check that fired with confidence 1."""

KINDS: Mapping[str, float] = {
    "report": -3.0,
    "correction": -2.0,
    "rephrase": -1.0,
    "regenerate": -1.0,
    "edit": -0.35,  # most drafts are edited; alone it is no failure
    "abandon": -0.3,  # who got the answer leaves too
    "copy": 1.2,
}
"""Log-odds of a signal by its kind alone. Thumbs and ratings weigh by value, comments by words."""

MIDDLE = -0.3
"""Log-odds of a middle thumb: who is content seldom says "so so"."""

WORDS = 1.5
"""Log-odds of a comment in which praise outweighs complaint, or its negative."""

CLEAR = 0.5
"""From this weight on a signal is called positive or negative."""

SATURATION = 2.0
"""Evidence (summed absolute log-odds) at which 63 % of the uncertainty is gone."""

Thumb = Literal["up", "middle", "down"]

_THUMBS: Mapping[str, float] = {"up": 1.0, "middle": 0.5, "down": 0.0}


class Judgement(NamedTuple):
    """The probability that the user was satisfied, and how little is known of it; both 0..1."""

    satisfied: float
    uncertainty: float


def standing(signals: Sequence[Signal]) -> list[Signal]:
    """Keeps the latest of several signals of one kind by one user on one call.

    Without a user each signal counts for itself, once per id.

    Returns:
        The signals that stand, in order of (ts, id).
    """
    if len(signals) < 2:  # as for most calls
        return list(signals)
    latest = {}
    for signal in sorted(signals, key=_order):
        latest[signal.trace_id, signal.kind, _voter(signal)] = signal
    return sorted(latest.values(), key=_order)


def _order(signal: Signal) -> tuple[float, str, str]:
    return signal.at, signal.id, signal.kind


def _voter(signal: Signal) -> str:
    return signal.user_id or signal.id or record_hash(signal)


def judge(checks: Sequence[Finding], signals: Sequence[Signal]) -> Judgement:
    """Weighs checks and the signals that stand.

    ``satisfied`` is the logistic of the summed log-odds (naive Bayes with an even prior).
    ``uncertainty`` is ``1 - agreement * (1 - exp(-evidence / SATURATION))``, where evidence is
    the sum of absolute log-odds and agreement is the absolute sum over it: it falls with every
    sign that agrees and rises with every one that contradicts. No evidence gives (0.5, 1).

    Args:
        checks: what fired on the call; an unknown kind weighs nothing.
        signals: about one call, in any order, superseded ones included.
    """
    weights = check_weights(checks)
    weights += [part for signal in standing(signals) for part in _weights(signal)]
    return weigh(weights)


def check_weights(checks: Sequence[Finding]) -> list[float]:
    """The log-odds of checks that fired."""
    return [CHECKS.get(check.kind, 0.0) * check.confidence for check in checks]


def weigh(weights: Sequence[float], base: float = 0.0) -> Judgement:
    """A judgement of log-odds, as ``judge`` says it.

    Args:
        weights: of each sign, positive where it speaks for satisfaction.
        base: log-odds of satisfaction before any sign; no evidence, so the uncertainty keeps.
    """
    evidence = math.fsum(abs(weight) for weight in weights)
    if not evidence:
        return Judgement(_logistic(base), 1.0)
    total = math.fsum(weights)
    certainty = abs(total) / evidence * -math.expm1(-evidence / SATURATION)
    return Judgement(_logistic(base + total), 1.0 - certainty)


def _logistic(log_odds: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * log_odds))  # never overflows


def _weights(signal: Signal) -> list[float]:
    """What a signal says by its kind or value, by its words, by a correction it carries."""
    parts = [_by_value(signal), WORDS * mood(signal.comment)]
    if signal.correction and signal.kind != "correction":
        parts.append(KINDS["correction"])
    return parts


def _by_value(signal: Signal) -> float:
    score = rating01(signal)
    if score is None:
        return KINDS.get(signal.kind, 0.0)
    if signal.kind == "thumb" and signal.value == "middle":
        return MIDDLE
    return EXPLICIT * (2.0 * score - 1.0)


def rating01(signal: Signal) -> float | None:
    """The explicit score of a thumb or rating in 0..1, or ``None`` where there is none.

    Without ``scale`` a number in 0..1 is taken as it is and one above 1 as of 1..5, so a bare 1
    is the top of 0..1: producers of stars have to send their scale. A thumb below 0 is down.
    A number outside of every scale that may be meant says nothing; outside of its own, the end.
    """
    value = signal.value
    if value is None or signal.kind not in {"thumb", "rating"}:
        return None
    if isinstance(value, str):
        return _THUMBS.get(value)
    if signal.scale is not None:
        low, high = signal.scale
        return min(1.0, max(0.0, (value - low) / (high - low)))
    return _guess(value, signal.kind)


def _guess(value: float, kind: str) -> float | None:
    # A bare 1 may be the best of 0..1 or the worst of 1..5: taken for the worst, it spoils nothing.
    if 0 <= value < 1 or (value == 1 and kind == "thumb"):
        return value
    if 1 <= value <= 5:
        return (value - 1) / 4
    return 0.0 if kind == "thumb" and value < 0 else None


def is_explicit(signal: Signal) -> bool:
    """Whether a signal says in so many words how the user liked the answer."""
    if signal.kind in {"thumb", "rating"} and rating01(signal) is not None:
        return True
    return signal.kind == "report" or mood(signal.comment) != 0


def _thumb(score: float) -> Thumb:
    if score > 2 / 3:
        return "up"
    return "down" if score < 1 / 3 else "middle"


def thumb(signals: Sequence[Signal]) -> Thumb | None:
    """The thumb of a call: what most standing thumbs and ratings (by tercile) say.

    Returns:
        A tie gives ``"middle"``; no thumb and no rating gives ``None``.
    """
    if len(signals) == 1:  # as for most calls
        score = rating01(signals[0])
        return None if score is None else _thumb(score)
    scores = [rating01(signal) for signal in standing(signals)]
    counts = Counter(_thumb(score) for score in scores if score is not None)
    if not counts:
        return None
    most = max(counts.values())
    winners = [name for name, count in counts.items() if count == most]
    return winners[0] if len(winners) == 1 else "middle"


def vote(signals: Sequence[Signal]) -> dict[str, float]:
    """The explicit score of each user on a call, in -1..1: the mean of thumbs and ratings.

    Returns:
        By user, or by signal id where the user is unknown; sorted, so that ties break alike.
    """
    scores: dict[str, list[float]] = defaultdict(list)
    for signal in standing(signals):
        score = rating01(signal)
        if score is not None:
            scores[_voter(signal)].append(2.0 * score - 1.0)
    return {voter: math.fsum(scores[voter]) / len(scores[voter]) for voter in sorted(scores)}


def is_negative(signal: Signal) -> bool:
    """Whether a signal alone says clearly that the user was not satisfied."""
    return math.fsum(_weights(signal)) <= -CLEAR


def is_positive(signal: Signal) -> bool:
    """Whether a signal alone says clearly that the user was satisfied."""
    return math.fsum(_weights(signal)) >= CLEAR


# ---------------------------------------------------------------- words

_PRAISE = (
    r"accurate|amazing|awesome|brilliant|excellent|fantastic|good|great|helped|helpful|nice|"
    r"perfect|perfectly|solved|thank|thanks|useful|wonderful|works"
)
_COMPLAINT = (
    r"awful|bad|broken|confusing|false|garbage|horrible|inaccurate|incorrect|irrelevant|"
    r"misleading|nonsense|outdated|poor|rubbish|rude|stupid|terrible|unhelpful|useless|vague|"
    r"worst|worse|wrong|not relevant|(?:doesnt|didnt|not|cant) (?:address|answer|help|understand|work)"
)
_NEGATION = r"not|never|no|nothing|hardly|isnt|wasnt|arent|dont|doesnt|didnt|cant|couldnt|wouldnt"
_MOOD = re.compile(
    rf"\b(?:(?P<negated>{_NEGATION}) (?:\w+ ){{0,3}}?)?"
    rf"(?:(?P<praise>{_PRAISE})|(?P<complaint>{_COMPLAINT}))\b"
)
_APOSTROPHES = str.maketrans("", "", "'\u2019")
_MAX_COMMENT = 2_000


def mood(comment: str) -> int:
    """Whether a comment praises (1), complains (-1) or neither (0): the sign of praise less complaint; "not good" complains, "not bad" says nothing."""
    if not comment:
        return 0
    words = " ".join(comment[:_MAX_COMMENT].lower().translate(_APOSTROPHES).split())
    balance = 0
    for found in _MOOD.finditer(words):
        if found["praise"]:
            balance += -1 if found["negated"] else 1
        elif not found["negated"]:
            balance -= 1
    return (balance > 0) - (balance < 0)
