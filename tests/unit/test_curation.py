"""Tests of the fold that applies the curation rules, withdraws and remembers."""

import itertools
from typing import Any

import msgspec
import pytest

from flywheel_stream.curation.memory import MAX_SIDES
from flywheel_stream.curation.texts import MAX_RESPONSE_CHARS
from flywheel_stream.errors import StateError
from flywheel_stream.events import (
    Expect,
    Finding,
    Judged,
    Message,
    Origin,
    Signal,
    encode,
)
from flywheel_stream.lineage import example_id
from tests.curating import (
    DOWN,
    UP,
    VERSIONS,
    Topic,
    call,
    curation,
    judged,
    pairs,
    play,
    rules_of,
    say,
    take,
    traffic,
    twins,
)

# ---------------------------------------------------------------- contents


def test_a_thumb_up_gives_a_completion_and_a_good_label_with_lineage() -> None:
    record = judged(
        call(
            "t7",
            variant="b",
            prompt_version="p3",
            attributes={"country": "FR", "age": 30},
            pii={"EMAIL": 2},
        ),
        UP,
        ts=12.5,
    )
    examples, withdrawn, rejected = take(curation(), record, cluster="c_1")
    sft, unpaired = examples
    assert (withdrawn, rejected) == ([], [])
    assert sft.id == example_id("sft", "good_answer", ["t7"])
    assert sft.prompt == [Message("user", "What is the capital of France?")]
    assert (sft.completion, unpaired.completion, unpaired.label) == ("Paris.", "Paris.", True)
    assert (sft.created_at, sft.app, sft.cluster) == (12.5, "shop", "c_1")
    assert sft.slices == {
        "country": "FR",
        "age": "30",
        "model": "m1",
        "variant": "b",
        "prompt_version": "p3",
    }
    assert sft.lineage.models == ["m1"]
    assert sft.lineage.origins == [Origin("llm.logs", 0, 7)]
    assert sft.lineage.versions == VERSIONS
    assert sft.pii == {"EMAIL": 2}
    assert sft.reason == {"rule": "good_answer", "signals": ["thumb"]}


def test_more_users_who_agree_give_more_confidence() -> None:
    one = take(curation(), judged(call("t1"), UP)).examples[0]
    two = take(curation(), judged(call("t1"), UP, say("thumb", "up", "u2"))).examples[0]
    assert one.confidence == pytest.approx(2 / 3)
    assert two.confidence == pytest.approx(3 / 4)


def test_the_prompt_ends_with_the_last_user_turn_and_keeps_the_system_turn() -> None:
    turns = [
        Message("system", "Be brief."),
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("user", "Capital of France?"),
        Message("assistant", "It is "),
    ]
    example = take(curation(), judged(call("t1", prompt="", messages=turns), UP)).examples[0]
    assert example.prompt == turns[:4]


def test_a_correction_gives_the_text_of_the_user_and_a_pair_against_the_answer() -> None:
    record = judged(call("t1", "Lyon."), DOWN, say("correction", correction="Paris."))
    sft, pair, bad = take(curation(), record).examples
    assert (sft.type, sft.completion) == ("sft", "Paris.")
    assert (pair.chosen, pair.rejected) == ("Paris.", "Lyon.")
    assert (bad.completion, bad.label) == ("Lyon.", False)


def test_the_latest_of_several_corrections_is_taken() -> None:
    said = [
        say("correction", correction="Paris!", user="u2", ts=3.0),
        say("correction", correction="Nice.", ts=2.0),
    ]
    assert take(curation(), judged(call("t1", "Lyon."), *said)).examples[0].completion == "Paris!"


def test_a_regeneration_gives_a_pair_that_names_both_traces() -> None:
    again = say("regenerate", next_trace_id="t2")
    following = call("t2", "Paris.", model="m2", pii={"EMAIL": 1})
    record = judged(call("t1", "Lyon.", pii={"EMAIL": 1}), again, following=following)
    (pair,) = take(curation(), record).examples
    assert (pair.chosen, pair.rejected) == ("Paris.", "Lyon.")
    assert pair.id == example_id("preference", "regeneration_preferred", ["t2", "t1"])
    assert pair.lineage.trace_ids == ["t1", "t2"]
    assert pair.lineage.models == ["m1", "m2"]
    assert "model" not in pair.slices  # not shared
    assert pair.pii == {"EMAIL": 2}


def test_a_regenerated_answer_that_failed_a_check_is_not_chosen() -> None:
    again = say("regenerate", next_trace_id="t2")
    following = call("t2", checks=[Finding("truncated", 1.0)])
    assert not take(curation(), judged(call("t1", "Lyon."), again, following=following)).examples


def test_a_json_call_that_failed_gives_a_prompt_with_its_verifier() -> None:
    expect = Expect(format="json", schema={"type": "object"})
    found = Finding("invalid_json", 0.9)
    (prompt,) = take(curation(), judged(call("t1", "{", expect=expect)), found).examples
    assert prompt.verifier == {"format": "json", "schema": {"type": "object"}}
    assert prompt.confidence == 0.9
    assert prompt.reason["failures"] == ["invalid_json"]


def test_one_prompt_is_practised_once_however_many_answers_to_it_fail() -> None:
    expect, found = Expect(format="json"), Finding("invalid_json", 0.9)
    fold = curation()
    take(fold, judged(call("t1", "{", expect=expect)), found)
    second = take(fold, judged(call("t2", "[", expect=expect)), found)
    assert not second.examples
    assert [(r.reason, r.detail) for r in second.rejected] == [("duplicate", "t1")]


# ---------------------------------------------------------------- twins


def test_twins_are_decided_by_users_who_scored_both() -> None:
    stars = [say("rating", n, f"u{n}", scale=(1.0, 5.0)) for n in (2, 3, 4)]
    lower = [say("rating", n - 1, f"u{n}", scale=(1.0, 5.0)) for n in (2, 3, 4)]
    assert pairs(play(twins(stars, lower))) == [("Paris.", "Lyon.")]
    assert pairs(play(twins(lower, stars))) == [("Lyon.", "Paris.")]


def test_the_decision_on_twins_depends_on_no_order() -> None:
    records = twins([UP, say("thumb", "up", "u2")], [DOWN, say("thumb", "up", "u2")])
    one, two = play(records), play(records[::-1])
    assert pairs(one) == [("Paris.", "Lyon.")]
    assert one.rows == two.rows


def test_a_new_vote_on_either_side_flips_a_pair_under_the_same_id_or_withdraws_it() -> None:
    fold, topic = curation(), Topic()
    left, right = twins([UP], [DOWN])
    topic.apply(take(fold, left))
    topic.apply(take(fold, right))
    before = {row.id for row in topic.rows.values() if row.type == "preference"}
    # u2 prefers the other: a tie.
    topic.apply(take(fold, twins([UP, say("thumb", "down", "u2")], [])[0]))
    tied = topic.apply(take(fold, twins([], [DOWN, say("thumb", "up", "u2")])[1]))
    assert before <= set(tied.withdrawn)
    assert not pairs(topic)
    # u3 prefers it as well: the winner is another than at first.
    third = [say("thumb", "up", "u2"), say("thumb", "up", "u3")]
    topic.apply(take(fold, twins([], [DOWN, *third])[1]))
    fourth = [say("thumb", "down", "u2"), say("thumb", "down", "u3")]
    topic.apply(take(fold, twins([UP, *fourth], [])[0]))
    assert pairs(topic) == [("Lyon.", "Paris.")]
    assert {row.id for row in topic.rows.values() if row.type == "preference"} == before


def test_an_empty_answer_may_lose_to_a_twin_but_never_win() -> None:
    def empty(*said: Signal) -> Judged:
        return judged(call("t2", None, variant="b"), *said)

    good = judged(call("t1", "Paris.", variant="a"), UP)
    bad = judged(call("t1", "Paris.", variant="a"), DOWN)
    assert pairs(play([good, empty(DOWN)])) == [("Paris.", "")]
    assert not pairs(play([bad, empty(UP)]))


def test_only_the_latest_answers_to_one_prompt_are_compared() -> None:
    records = [
        judged(call(f"t{n}", f"{chr(97 + n) * 40}.", variant=str(n)), UP, ts=float(n))
        for n in range(MAX_SIDES + 2)
    ]
    last = judged(call("t99", "Wrong.", variant="z"), DOWN, ts=99.0)
    assert len(pairs(play([*records, last]))) == MAX_SIDES


# ---------------------------------------------------------------- revisions


def test_a_thumb_that_turns_down_withdraws_the_good_and_adds_the_bad() -> None:
    fold, topic = curation(), Topic()
    topic.apply(take(fold, judged(call("t1"), UP)))
    second = topic.apply(take(fold, judged(call("t1"), UP, say("thumb", "down", ts=5.0), ts=11.0)))
    assert second.withdrawn == [example_id("sft", "good_answer", ["t1"])]
    assert [(row.type, row.label) for row in topic.rows.values()] == [("unpaired", False)]


def test_what_a_revision_leaves_as_it_was_is_not_emitted_again() -> None:
    fold = curation()
    take(fold, judged(call("t1"), UP))
    assert take(fold, judged(call("t1"), UP, say("copy"), ts=11.0)) == ([], [], [])


def test_a_change_of_confidence_is_emitted_under_the_same_id() -> None:
    fold = curation()
    first = take(fold, judged(call("t1"), UP)).examples
    second = take(fold, judged(call("t1"), UP, say("thumb", "up", "u2"), ts=11.0)).examples
    assert [row.id for row in first] == [row.id for row in second]
    assert second[0].confidence > first[0].confidence


def test_a_revision_that_comes_late_changes_nothing() -> None:
    fold = curation()
    take(fold, judged(call("t1"), UP, say("thumb", "down", ts=5.0), ts=11.0))
    assert take(fold, judged(call("t1"), UP, ts=2.0)) == ([], [], [])


def test_a_call_without_signals_or_checks_leaves_no_trace() -> None:
    fold = curation()
    assert take(fold, judged(call("t1"))) == ([], [], [])
    assert not fold.dump()["traces"]


# ---------------------------------------------------------------- never curated


def test_a_later_copy_is_left_out_with_the_first_ones_id_and_once() -> None:
    fold = curation()
    take(fold, judged(call("t1"), UP))
    copy = call("t2", " PARIS. ", model="m2")
    second = take(fold, judged(copy, UP, ts=11.0))
    assert not second.examples
    (left_out,) = second.rejected
    assert (left_out.stage, left_out.reason, left_out.detail) == ("curate", "duplicate", "t1")
    assert (left_out.trace_id, left_out.source.offset) == ("t2", 2)
    assert take(fold, judged(copy, UP, say("copy"), ts=12.0)) == ([], [], [])


def test_a_copy_of_a_call_nobody_judged_is_the_first() -> None:
    fold = curation()
    take(fold, judged(call("t1")))
    assert take(fold, judged(call("t2"), UP)).examples


def test_two_corrections_to_one_text_teach_it_once_but_give_two_pairs() -> None:
    fold = curation()
    fixed = say("correction", correction="Paris.")
    take(fold, judged(call("t1", "Lyon."), fixed))
    second = take(fold, judged(call("t2", "Nice."), fixed))
    assert rules_of(second.examples) == ["correction_preferred"]
    assert [(r.reason, r.detail) for r in second.rejected] == [("duplicate", "t1")]


def test_a_correction_to_what_another_call_said_does_not_cost_that_calls_votes() -> None:
    fold = curation()
    take(fold, judged(call("t1", "Lyon."), say("correction", correction="Paris.")))
    second = take(fold, judged(call("t2", "Paris."), UP, ts=11.0))
    assert rules_of(second.examples) == ["thumb"]
    assert [(r.reason, r.detail) for r in second.rejected] == [("duplicate", "t1")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"error": "timeout"}, "error"),
        ({"response": ""}, "empty_response"),
        ({"response": None}, "empty_response"),
        ({"response": "x" * (MAX_RESPONSE_CHARS + 1)}, "too_large"),
    ],
)
def test_a_call_that_is_no_example_is_left_out_with_its_reason(
    fields: dict[str, Any], reason: str
) -> None:
    out = take(curation(), judged(call("t1", **fields), UP))
    assert not out.examples
    assert [r.reason for r in out.rejected] == [reason]


# ---------------------------------------------------------------- memory


def test_a_call_is_forgotten_after_the_window_and_its_content_may_come_again() -> None:
    fold = curation(window=100.0)
    take(fold, judged(call("t1"), UP, ts=10.0))
    assert take(fold, judged(call("t2"), UP, ts=110.0)).rejected
    assert take(fold, judged(call("t3"), UP, ts=311.0)).examples


def test_a_forgotten_call_still_takes_back_its_own_examples() -> None:
    fold, topic = curation(max_traces=1), Topic()
    topic.apply(take(fold, judged(call("t1"), UP)))
    topic.apply(take(fold, judged(call("t2", "Lyon.", prompt="Else?"), UP, ts=20.0)))
    topic.apply(take(fold, judged(call("t1"), UP, say("thumb", "down", ts=5.0), ts=30.0)))
    mine = [row for row in topic.rows.values() if row.lineage.trace_ids == ["t1"]]
    assert [(row.type, row.label) for row in mine] == [("unpaired", False)]


def test_forgetting_withdraws_nothing() -> None:
    fold, topic = curation(max_prompts=1), Topic()
    for record in twins([UP], [DOWN]):
        topic.apply(take(fold, record))
    other = judged(call("t3", "Madrid.", prompt="And Spain?"), UP, ts=11.0)
    again = twins([UP, say("copy")], [])[0]
    assert not topic.apply(take(fold, other)).withdrawn
    assert not topic.apply(take(fold, again)).withdrawn
    assert pairs(topic) == [("Paris.", "Lyon.")]


def test_memory_stays_within_its_limits() -> None:
    fold = curation(max_traces=50, max_prompts=20, max_chars=500)
    for n in range(400):
        prompt = f"Question {n % 90}?"
        take(fold, judged(call(f"t{n}", f"Answer {n}", prompt=prompt), UP, ts=float(n)))
    state = fold.dump()
    assert len(state["traces"]) == 50
    assert 0 < len(state["prompts"]) <= 20
    held = [entry[-1] for _, entry in state["traces"] if entry[-1]]
    assert sum(len(side[0]["prompt"]) + len(side[0]["response"]) for side in held) <= 500


# ---------------------------------------------------------------- restart


LIMITS: list[dict[str, Any]] = [
    {},
    {"window": 40.0},
    {"max_traces": 10, "max_prompts": 3, "max_chars": 120},
]


@pytest.mark.parametrize(("seed", "limits"), itertools.product(range(3), LIMITS))
def test_a_restored_fold_goes_on_exactly_as_the_undisturbed_one(
    seed: int, limits: dict[str, Any]
) -> None:
    undisturbed, restored = curation(**limits), curation(**limits)
    for n, record in enumerate(traffic(seed)):
        if n % 7 == 0:
            plain = msgspec.msgpack.decode(msgspec.msgpack.encode(restored.dump()))
            restored = curation(**limits)
            restored.load(plain)
        failed, cluster = record.interaction.checks, f"c_{n % 3}"
        expected = undisturbed.update(record, failed=failed, cluster=cluster)
        got = restored.update(record, failed=failed, cluster=cluster)
        assert (encode(got.examples), got.withdrawn, encode(got.rejected)) == (
            encode(expected.examples),
            expected.withdrawn,
            encode(expected.rejected),
        )
    assert msgspec.msgpack.encode(undisturbed.dump()) == msgspec.msgpack.encode(restored.dump())


@pytest.mark.parametrize("seed", range(3))
def test_what_stands_after_all_revisions_is_what_the_last_ones_justify(seed: int) -> None:
    fold, topic = curation(), Topic()
    latest: dict[str, Judged] = {}
    for record in traffic(seed):
        latest[record.trace_id] = record
        topic.apply(fold.update(record, failed=record.interaction.checks, cluster=None))
    remembered = {name for _, entry in fold.dump()["traces"] for name in entry[6]}
    assert topic.rows.keys() == remembered
    assert {"sft", "preference", "unpaired", "prompt"} == {row.type for row in topic.rows.values()}
    # Each row alone follows from its call's last revision, or from those of the two twins.
    for row in topic.rows.values():
        records = [latest[trace_id] for trace_id in row.lineage.trace_ids if trace_id in latest]
        again = play(records).rows[row.id]
        assert (again.completion, again.chosen, again.rejected, again.label, again.confidence) == (
            row.completion,
            row.chosen,
            row.rejected,
            row.label,
            row.confidence,
        )


@pytest.mark.parametrize("seed", range(3))
def test_no_text_is_taught_twice(seed: int) -> None:
    rows = play(traffic(seed)).rows.values()
    taught = [(row.prompt[-1].content, row.completion) for row in rows if row.type == "sft"]
    labelled = [(row.prompt[-1].content, row.completion) for row in rows if row.type == "unpaired"]
    assert len(set(taught)) == len(taught)
    assert len(set(labelled)) == len(labelled)


def test_updates_do_not_change_a_dump_that_was_taken_or_the_record() -> None:
    fold = curation()
    record = judged(call("t1"), UP)
    before = encode(record)
    take(fold, record)
    state = fold.dump()
    held = msgspec.msgpack.encode(state)
    for twin in twins([UP, DOWN], [DOWN]):
        take(fold, twin)
    assert msgspec.msgpack.encode(state) == held
    assert encode(record) == before


@pytest.mark.parametrize("damage", [{"version": 99}, {"traces": "?"}])
def test_a_state_that_does_not_load_is_refused_and_changes_nothing(damage: dict[str, Any]) -> None:
    fold = curation()
    take(fold, judged(call("t1"), UP))
    before = fold.dump()
    with pytest.raises(StateError, match="state of curation"):
        fold.load(before | damage)
    assert fold.dump() == before
