"""Signals: which stand, what they weigh together, and what they say explicitly."""

import gzip
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream import checks, signals
from flywheel_stream.events import Finding, Signal
from flywheel_stream.signals import (
    Judgement,
    is_negative,
    is_positive,
    judge,
    rating01,
    standing,
    thumb,
    vote,
    words_changed,
)


def signal(kind: str = "thumb", value: str | float | None = None, **fields: Any) -> Signal:
    base: dict[str, Any] = {"trace_id": "t", "ts": 1.0, "kind": kind, "value": value}
    return Signal(**(base | fields))


def up(user: str = "", **fields: Any) -> Signal:
    return signal("thumb", "up", user_id=user, **fields)


def down(user: str = "", **fields: Any) -> Signal:
    return signal("thumb", "down", user_id=user, **fields)


# ---------------------------------------------------------------- which stand


def test_the_latest_of_one_kind_by_one_user_stands() -> None:
    early, late = up("u", ts=1.0), down("u", ts=2.0)
    assert standing([late, early]) == [late]


def test_signals_of_one_moment_are_ordered_by_id() -> None:
    first, second = up("u", id="a"), down("u", id="b")
    assert standing([second, first]) == [second]


def test_other_users_kinds_and_calls_stand_beside_each_other() -> None:
    given_signals = [up("u"), up("v"), signal("copy", user_id="u"), up("u", trace_id="other")]
    assert len(standing(given_signals)) == 4


def test_without_a_user_each_signal_counts_once_per_id() -> None:
    assert len(standing([up(id="a"), up(id="b"), up(id="a")])) == 2
    assert len(standing([up(), up(), down()])) == 2


# ---------------------------------------------------------------- explicit scores


@pytest.mark.parametrize(
    ("given_signal", "score"),
    [
        (signal("thumb", "up"), 1.0),
        (signal("thumb", "middle"), 0.5),
        (signal("thumb", "down"), 0.0),
        (signal("thumb", 1), 1.0),
        (signal("thumb", 0), 0.0),
        (signal("thumb", -1), 0.0),
        (signal("rating", 0.25), 0.25),
        (signal("rating", 1), 0.0),
        (signal("rating", 2), 0.25),
        (signal("rating", 5), 1.0),
        (signal("rating", 1, scale=(1.0, 5.0)), 0.0),
        (signal("rating", 0, scale=(-1.0, 1.0)), 0.5),
        (signal("rating", 12, scale=(0.0, 10.0)), 1.0),
        (signal("rating", 7), None),
        (signal("rating", -3), None),
        (signal("rating"), None),
        (signal("copy", 1), None),
    ],
)
def test_a_score_is_normalised_by_its_scale_or_a_guess(
    given_signal: Signal, score: float | None
) -> None:
    assert rating01(given_signal) == score


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([("rating", 5.0)], "up"),
        ([("rating", 3.0)], "middle"),
        ([("rating", 1.5)], "down"),
        ([("thumb", "up"), ("thumb", "down")], "middle"),
        ([("thumb", "up"), ("thumb", "down"), ("rating", 2.0)], "down"),
        ([("copy", None), ("comment", None)], None),
    ],
)
def test_the_thumb_of_a_call_is_what_most_say(
    values: list[tuple[str, Any]], expected: str | None
) -> None:
    assert (
        thumb([signal(kind, value, user_id=str(n)) for n, (kind, value) in enumerate(values)])
        == expected
    )


def test_a_vote_is_the_mean_of_a_users_explicit_scores() -> None:
    votes = vote(
        [
            up("u"),
            signal("rating", 3, user_id="u"),
            down("v"),
            up(id="x"),
            signal("copy", user_id="w"),
        ]
    )
    assert votes == {"u": 0.5, "v": -1.0, "x": 1.0}


def test_a_changed_mind_votes_once() -> None:
    assert vote([up("u", ts=1.0), down("u", ts=2.0)]) == {"u": -1.0}


# ---------------------------------------------------------------- judgement


def test_no_evidence_says_nothing() -> None:
    assert judge([], []) == Judgement(0.5, 1.0)
    assert judge([], [signal("comment", comment="I am in Paris")]) == Judgement(0.5, 1.0)


def test_a_thumb_decides_and_a_second_opinion_makes_it_surer() -> None:
    one, two = judge([], [up("u")]), judge([], [up("u"), up("v")])
    assert 0.9 < one.satisfied < two.satisfied < 1
    assert 0 < two.uncertainty < one.uncertainty < 0.5


@pytest.mark.parametrize("kind", ["thumb", "rating"])
def test_without_a_value_a_thumb_or_rating_says_nothing_and_takes_back(kind: str) -> None:
    empty = signal(kind, ts=2.0, user_id="u")
    before = signal(kind, 0.0, scale=(0.0, 1.0), ts=1.0, user_id="u")
    for given_signals in ([empty], [before, empty]):
        assert judge([], given_signals) == (0.5, 1.0)
        assert thumb(given_signals) is None
        assert vote(given_signals) == {}
        assert not any(map(signals.is_negative, standing(given_signals)))
    assert thumb([before, signal(kind, ts=2.0, user_id="v")]) == "down"


def test_contradiction_is_uncertain() -> None:
    assert judge([], [up("u"), down("v")]) == Judgement(0.5, 1.0)


@pytest.mark.parametrize("check", [check.name for check in checks.TABLE])
def test_every_check_has_a_weight_and_makes_a_failure_without_signals(check: str) -> None:
    assert judge([Finding(check, 1.0)], []).satisfied < 0.4


@pytest.mark.parametrize("kind", ["report", "correction", "regenerate", "rephrase"])
def test_what_a_content_user_does_not_do_is_negative(kind: str) -> None:
    assert is_negative(signal(kind))
    assert judge([], [signal(kind)]).satisfied < 0.4


@pytest.mark.parametrize("kind", ["edit", "abandon"])
def test_a_weak_sign_alone_is_no_failure(kind: str) -> None:
    assert not is_negative(signal(kind))
    assert 0.4 < judge([], [signal(kind)]).satisfied < 0.5


def test_a_correction_beside_a_rating_counts() -> None:
    plain = signal("rating", 3)
    corrected = signal("rating", 3, correction="It is 42.")
    assert judge([], [corrected]).satisfied < judge([], [plain]).satisfied


@pytest.mark.parametrize(
    "comment",
    [
        "Wrong, it is 42",
        "not good",
        "This isn\u2019t really helpful",
        "it doesn't work",
        "Nothing works",
        "awful!",
    ],
)
def test_a_complaint_is_negative(comment: str) -> None:
    assert is_negative(signal("comment", comment=comment))


@pytest.mark.parametrize("comment", ["Thanks, that solved it!", "great", "Very HELPFUL"])
def test_praise_is_positive(comment: str) -> None:
    assert is_positive(signal("comment", comment=comment))


@pytest.mark.parametrize(
    "comment", ["", "not bad", "great but wrong", "my workshop", "the year 1987"]
)
def test_other_words_say_nothing(comment: str) -> None:
    given_signal = signal("comment", comment=comment)
    assert not is_positive(given_signal)
    assert not is_negative(given_signal)


ANY = st.builds(
    signal,
    kind=st.sampled_from(["thumb", "rating", "copy", "regenerate", "abandon", "report", "comment"]),
    value=st.one_of(st.none(), st.sampled_from(["up", "middle", "down"]), st.floats(-2, 12)),
    user_id=st.sampled_from(["", "u", "v"]),
    id=st.sampled_from(["a", "b", "c"]),
    ts=st.sampled_from([1.0, 2.0]),
    comment=st.sampled_from(["", "thanks", "wrong"]),
)


@given(st.lists(ANY, max_size=5))
def test_a_judgement_is_a_probability_and_order_does_not_matter(
    given_signals: list[Signal],
) -> None:
    unique = list({(s.ts, s.id, s.kind): s for s in given_signals}.values())
    judgements = {judge([], order) for order in itertools.permutations(unique)}
    assert len(judgements) == 1
    (judgement,) = judgements
    assert 0 <= judgement.satisfied <= 1
    assert 0 <= judgement.uncertainty <= 1


@given(st.lists(ANY, max_size=6))
def test_standing_is_idempotent(given_signals: list[Signal]) -> None:
    assert standing(standing(given_signals)) == standing(given_signals)


@given(st.integers(0, 400), st.integers(0, 400))
def test_agreement_makes_surer_and_contradiction_less_sure(ups: int, downs: int) -> None:
    def uncertainty(ups: int, downs: int) -> float:
        return judge(
            [], [up(f"u{n}") for n in range(ups)] + [down(f"d{n}") for n in range(downs)]
        ).uncertainty

    if ups >= downs:
        assert uncertainty(ups + 1, downs) <= uncertainty(ups, downs) + 1e-12
    if ups > downs:
        assert uncertainty(ups, downs + 1) >= uncertainty(ups, downs) - 1e-12


def test_how_much_an_edit_changes() -> None:
    assert words_changed("a b c d", "a b c d") == 0.0
    assert words_changed("a b c d", "d c b x") == 0.25
    assert words_changed("a b", "") == 1.0
    assert words_changed("", "") == 0.0


def test_an_edit_weighs_by_how_much_it_changes() -> None:
    answer = "Your parcel is with the carrier and comes on Monday."

    def edited(text: str) -> float:
        return judge([], [signal("edit", correction=text)], answer).satisfied

    touched, half, anew = map(
        edited,
        (
            answer.replace("Monday", "Tuesday"),
            "Your parcel is with the carrier and I will call.",
            "It is lost.",
        ),
    )
    assert touched == judge([], [signal("edit")]).satisfied > 0.4  # a touch is no failure
    assert touched > half > anew
    assert anew == judge([], [signal("edit", correction="It is lost.")]).satisfied < 0.1


def test_the_table_is_versioned() -> None:
    assert signals.TABLE_VERSION


RATED = Path(__file__).resolve().parents[3] / "shared/data/real/B_feedbackqa_ratings.jsonl.gz"


@pytest.mark.skipif(not RATED.exists(), reason="the shared data are not here")
def test_words_of_real_raters_agree_with_their_ratings() -> None:
    moods: Counter[tuple[str, int]] = Counter()
    with gzip.open(RATED, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for rating, comment in zip(row["ratings"], row["comments"], strict=True):
                given_signal = signal("comment", comment=comment)
                moods[rating, is_positive(given_signal) - is_negative(given_signal)] += 1
    assert moods["Excellent", 1] > 20 * moods["Excellent", -1]
    assert moods["Bad", -1] > 20 * moods["Bad", 1]
