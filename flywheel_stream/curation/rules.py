"""The TABLE of curation rules: which examples one call with its signals justifies.

A rule is a row, with scenes after which it justifies an example and scenes after which it does not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flywheel_stream.curation.cases import Case, Claim, Rule, agreement, compare
from flywheel_stream.curation.scenes import (
    ASK_JSON,
    NOT_JSON,
    STARS,
    again,
    answer,
    arm,
    fix,
    say,
    scene,
)
from flywheel_stream.curation.texts import normalise, prompt_key
from flywheel_stream.events import Expect, Signal

TOP = 0.8
"""From this score (-1..1) on a rating is the top of its scale: 5 of 5, 9 of 10."""

NEGATIVE = frozenset({"correction", "regenerate", "rephrase", "report"})
"""Kinds of signals after which an answer is no model of a good one, whatever else is said."""

TRUST: Mapping[str, float] = {"correction": 0.9, "regenerate": 0.6}
"""Confidence of an example that one person's act justifies: a correction was written with care,
a new answer may have been asked for out of curiosity."""


def _kinds(case: Case, *only: str) -> list[str]:
    return [kind for kind in case.side.kinds if kind in only]


def _good_answer(case: Case) -> Iterator[Claim]:
    praised = case.thumb == "up" or (case.votes and max(case.votes.values()) >= TOP)
    if not praised or case.failed or case.judged.interaction.checks:
        return
    if min(case.votes.values(), default=0.0) < 0 or not NEGATIVE.isdisjoint(case.side.kinds):
        return
    if any(signal.correction for signal in case.signals):
        return
    up = sum(score > 0 for score in case.votes.values())
    yield Claim(
        confidence=agreement(up, len(case.votes) - up),
        kinds=_kinds(case, "thumb", "rating"),
        completion=case.response,
    )


def _correction(case: Case) -> Signal | None:
    """The latest text that a user wrote in place of the answer."""
    for signal in reversed(case.signals):
        if signal.correction and signal.kind in {"correction", "edit"}:
            return signal
    return None


def _corrected(case: Case) -> Iterator[Claim]:
    signal = _correction(case)
    if signal:
        yield Claim(
            confidence=TRUST["correction"],
            kinds=[signal.kind],
            completion=signal.correction,
        )


def _correction_preferred(case: Case) -> Iterator[Claim]:
    signal = _correction(case)
    if signal and normalise(signal.correction) != normalise(case.response):
        yield Claim(
            confidence=TRUST["correction"],
            kinds=[signal.kind],
            chosen=signal.correction,
            rejected=case.response,
        )


def _regeneration_preferred(case: Case) -> Iterator[Claim]:
    following, call = case.judged.next, case.judged.interaction
    if following is None or following.error or following.checks:
        return
    if not any(
        signal.kind == "regenerate" and signal.next_trace_id == following.trace_id
        for signal in case.signals
    ):
        return
    chosen = following.response or ""
    if prompt_key(following) == prompt_key(call) and normalise(chosen) != normalise(case.response):
        yield Claim(
            confidence=TRUST["regenerate"],
            kinds=["regenerate"],
            chosen=chosen,
            rejected=case.response,
            other=following,
        )


def _preferred_twins(case: Case) -> Iterator[Claim]:
    mine, call = case.side, case.judged.interaction
    for twin in case.twins:
        other = twin.interaction
        if (call.model, call.variant) == (other.model, other.variant):
            continue
        won, lost = compare(mine.votes, twin.votes)
        if won == lost:
            continue
        best, worst = (mine, twin) if won > lost else (twin, mine)
        chosen = best.interaction.response or ""
        rejected = worst.interaction.response or ""
        if normalise(chosen) == normalise(rejected):
            continue
        yield Claim(
            confidence=agreement(max(won, lost), min(won, lost)),
            kinds=sorted({*mine.kinds, *twin.kinds} & {"thumb", "rating"}),
            chosen=chosen,
            rejected=rejected,
            other=other,
            cluster=worst.cluster or best.cluster,
            detail={"votes": [max(won, lost), min(won, lost)]},
        )


def _labelled(case: Case, kind: str, verdict: str | None) -> Iterator[Claim]:
    if verdict not in {"up", "down"}:
        return
    good = verdict == "up"
    agree = sum((score > 0) == good and score != 0 for score in case.votes.values())
    yield Claim(
        confidence=agreement(agree, len(case.votes) - agree),
        kinds=[kind],
        completion=case.response,
        label=good,
    )


def _thumbed(case: Case) -> Iterator[Claim]:
    return _labelled(case, "thumb", case.thumb)


def _rated(case: Case) -> Iterator[Claim]:
    # A call with thumbs has its row already, or its thumbs disagree.
    return _labelled(case, "rating", None if case.thumb else case.rating)


def _verifiable(case: Case) -> Iterator[Claim]:
    expect = case.judged.interaction.expect
    if expect is None or expect.format != "json" or not case.failed:
        return
    verifier: dict[str, Any] = {"format": "json"}
    if expect.schema is not None:
        verifier["schema"] = expect.schema
    yield Claim(
        confidence=max(finding.confidence for finding in case.failed),
        kinds=case.side.kinds,
        verifier=verifier,
        detail={"failures": sorted({finding.kind for finding in case.failed})},
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "good_answer",
        "sft",
        "A user praised the answer, nobody complained and no check fired: the model says it again.",
        _good_answer,
        hits=(
            lambda: [scene(say("thumb", "up"))],
            lambda: [scene(say("rating", 5.0, scale=STARS))],
        ),
        misses=(
            lambda: [scene(say("thumb", "up"), say("thumb", "down", user="u2"))],
            lambda: [scene(say("thumb", "up"), say("report"))],
            lambda: [scene(say("thumb", "up"), checks=NOT_JSON)],
            lambda: [scene(say("thumb", "up"), response="")],
            lambda: [scene(say("thumb", "up"), error="timeout")],
            lambda: [scene(say("rating", 4.0, scale=STARS))],
            lambda: [scene(say("copy"))],
        ),
    ),
    Rule(
        "correction",
        "sft",
        "A user wrote what the answer should have been: the model says that.",
        _corrected,
        hits=(
            lambda: [scene(fix("Paris, France."))],
            lambda: [scene(say("edit", correction="Paris!"))],
        ),
        misses=(
            lambda: [scene(say("correction"))],
            lambda: [scene(fix("  "))],
            lambda: [scene(say("comment", comment="It is Paris."))],
        ),
    ),
    Rule(
        "correction_preferred",
        "preference",
        "A user wrote what the answer should have been: that is better than the answer.",
        _correction_preferred,
        hits=(
            lambda: [scene(fix("Paris."), response="Lyon.")],
            lambda: [scene(fix("Paris."), response="")],
        ),
        misses=(
            lambda: [scene(fix(" paris. "))],
            lambda: [scene(say("thumb", "down"))],
        ),
    ),
    Rule(
        "regeneration_preferred",
        "preference",
        "A user asked for another answer to the same prompt: the new one is better than this.",
        _regeneration_preferred,
        hits=(lambda: [scene(again(), response="Lyon.", next_call=answer("t2"))],),
        misses=(
            lambda: [scene(again(), response="Lyon.")],
            lambda: [scene(again(), response="paris.", next_call=answer("t2"))],
            lambda: [scene(again(), response="Lyon.", next_call=answer("t2", prompt="And Spain?"))],
            lambda: [scene(again(), response="Lyon.", next_call=answer("t2", response=""))],
            lambda: [scene(again("t3"), response="Lyon.", next_call=answer("t2"))],
        ),
        rests_on="next",
    ),
    Rule(
        "twins_preferred",
        "preference",
        "Two models or arms answered the same prompt: the answer that more users preferred wins.",
        _preferred_twins,
        hits=(
            lambda: [arm("t2", say("thumb", "down")), scene(say("thumb", "up"))],
            lambda: [
                arm("t2", say("rating", 2.0, scale=STARS)),
                scene(say("rating", 3.0, scale=STARS)),
            ],
            lambda: [arm("t2", say("thumb", "down", user="u2")), scene(say("thumb", "up"))],
        ),
        misses=(
            lambda: [arm("t2", say("thumb", "up")), scene(say("thumb", "up"))],
            lambda: [arm("t2", say("thumb", "up", user="u2")), scene(say("thumb", "up"))],
            lambda: [arm("t2", say("thumb", "down"), model="m1"), scene(say("thumb", "up"))],
            lambda: [
                arm("t2", say("thumb", "down"), response="PARIS."),
                scene(say("thumb", "up")),
            ],
            lambda: [arm("t2"), scene(say("thumb", "up"))],
        ),
        rests_on="twin",
    ),
    Rule(
        "thumb",
        "unpaired",
        "Most thumbs on the answer are up, or most are down: it is good, or it is bad.",
        _thumbed,
        hits=(
            lambda: [scene(say("thumb", "up"))],
            lambda: [scene(say("thumb", "down"))],
        ),
        misses=(
            lambda: [scene(say("thumb", "middle"))],
            lambda: [scene(say("thumb", "up"), say("thumb", "down", user="u2"))],
            lambda: [scene(say("thumb", "down"), response="")],
        ),
    ),
    Rule(
        "rating",
        "unpaired",
        "Most ratings, of an answer without thumbs, are in the top or bottom third of their scale.",
        _rated,
        hits=(
            lambda: [scene(say("rating", 5.0, scale=STARS))],
            lambda: [scene(say("rating", 1.0, scale=STARS))],
        ),
        misses=(
            lambda: [scene(say("rating", 3.0, scale=STARS))],
            lambda: [scene(say("rating", 5.0, scale=STARS), say("thumb", "up"))],
        ),
    ),
    Rule(
        "verifiable_prompt",
        "prompt",
        "A call that was to answer in JSON failed: a prompt to practise on, with its verifier.",
        _verifiable,
        hits=(
            lambda: [scene(expect=ASK_JSON, checks=NOT_JSON)],
            lambda: [scene(expect=Expect(format="json"), checks=NOT_JSON, response="")],
        ),
        misses=(
            lambda: [scene(expect=ASK_JSON)],
            lambda: [scene(expect=Expect(), checks=NOT_JSON)],
            lambda: [scene(expect=ASK_JSON, checks=NOT_JSON, error="timeout")],
        ),
    ),
)
"""One place to add a rule. The order is that of the output; a name is part of examples' ids."""
