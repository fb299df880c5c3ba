"""What is left out of the curated set because its like is there already."""

from flywheel_stream.contamination import EvaluationSets
from flywheel_stream.curation import Curated
from flywheel_stream.events import Message
from flywheel_stream.near import sketch
from tests.curating import DOWN, MIDDLE, UP, call, curation, judged, rules_of, say, take, traffic

PARCEL = "The parcel left our warehouse on Monday and will be at your door by Thursday evening."


def refusals(curated: Curated) -> list[tuple[str, str]]:
    return [(rejection.reason, rejection.detail) for rejection in curated.rejected]


def test_a_near_duplicate_of_a_standing_example_is_left_out_and_names_it() -> None:
    fold = curation()
    first = take(fold, judged(call("t1", PARCEL), UP))
    second = take(fold, judged(call("t2", PARCEL.replace("Monday", "Friday")), UP, ts=11.0))
    assert rules_of(first.examples) == ["good_answer", "thumb"]
    assert not second.examples
    assert refusals(second) == [("near_duplicate", example.id) for example in first.examples]


def test_near_is_meant_within_a_type_and_a_window() -> None:
    fold = curation(window=100.0)
    fixed = say("correction", correction=PARCEL)
    take(fold, judged(call("t1", "No idea.", prompt="Where is my parcel now?"), fixed))
    again = judged(call("t2", PARCEL + "!", prompt="Where is my parcel now?"), UP, ts=50.0)
    second = take(fold, again)
    assert rules_of(second.examples) == ["thumb"]  # the correction was no unpaired example
    later = judged(call("t3", PARCEL + "!!", prompt="Where is my parcel now?"), UP, ts=300.0)
    assert rules_of(take(fold, later).examples) == ["good_answer", "thumb"]


def test_a_long_prompt_in_common_makes_no_near_duplicates() -> None:
    rules = Message("system", "You are the assistant of a shop. " * 40)
    fold = curation()
    for n, (question, answer) in enumerate(
        (("Where is my parcel?", PARCEL), ("May I return shoes?", "Yes, within thirty days."))
    ):
        asked = call(f"t{n}", answer, prompt="", messages=[rules, Message("user", question)])
        assert take(fold, judged(asked, UP, ts=float(n))).examples


def test_when_an_example_is_withdrawn_its_like_may_come() -> None:
    fold = curation()
    take(fold, judged(call("t1", PARCEL), UP))
    taken_back = take(fold, judged(call("t1", PARCEL), UP, say("thumb", "middle"), ts=11.0))
    assert len(taken_back.withdrawn) == 2
    assert take(fold, judged(call("t2", PARCEL + "!"), UP, ts=12.0)).examples


def test_an_example_is_no_near_duplicate_of_its_own_former_wording() -> None:
    fold = curation()
    first = judged(call("t1", "No."), say("correction", correction=PARCEL))
    second = judged(
        call("t1", "No."),
        say("correction", correction=PARCEL),
        say("correction", correction=PARCEL + " Sorry for that!", ts=3.0),
        ts=11.0,
    )
    assert rules_of(take(fold, first).examples) == ["correction", "correction_preferred"]
    assert rules_of(take(fold, second).examples) == ["correction", "correction_preferred"]
    again = take(fold, judged(call("t2", "Yes."), say("correction", correction=PARCEL), ts=12.0))
    assert [reason for reason, _ in refusals(again)] == ["near_duplicate", "near_duplicate"]


def test_what_was_prepared_ahead_changes_nothing() -> None:
    for seed in range(3):
        plain, ahead = curation(), curation()
        records = traffic(seed)
        for start in range(0, len(records), 20):
            ahead.prepare(sketch(ahead.likely(records[start : start + 20])))
            for record in records[start : start + 20]:
                assert take(plain, record) == take(ahead, record)
        assert plain.dump() == ahead.dump()


def test_a_cluster_gives_only_so_many_examples_of_a_type_within_the_window() -> None:
    fold = curation(max_per_cluster=2, window=100.0)
    answers = [letter * 30 for letter in "abcd"]
    made = [
        take(fold, judged(call(f"t{n}", answer), DOWN, ts=10.0 + n), cluster="c_1")
        for n, answer in enumerate(answers)
    ]
    assert [len(curated.examples) for curated in made] == [1, 1, 0, 0]
    assert refusals(made[2]) == [("cluster_full", "c_1")]
    other = take(fold, judged(call("t8", "e" * 30), DOWN, ts=20.0), cluster="c_2")
    assert len(other.examples) == 1
    # A withdrawn example makes room, and so does one that has left the window.
    take(fold, judged(call("t0", answers[0]), MIDDLE, MIDDLE, ts=21.0), cluster="c_1")
    assert take(fold, judged(call("t9", "f" * 30), DOWN, ts=22.0), cluster="c_1").examples
    assert take(fold, judged(call("t10", "g" * 30), DOWN, ts=200.0), cluster="c_1").examples


def test_an_example_without_a_cluster_takes_no_place() -> None:
    fold = curation(max_per_cluster=1)
    for n, letter in enumerate("abc"):
        assert take(fold, judged(call(f"t{n}", letter * 30), UP)).examples


def test_nothing_that_repeats_an_evaluation_set_is_curated() -> None:
    riddle = "Which of the three sisters was the first to leave the house on that winter morning?"
    sets = EvaluationSets({"riddles.jsonl": [(7, riddle)]})
    fold = curation(evaluation=sets)
    asked = take(fold, judged(call("t1", "The youngest.", prompt=riddle), UP))
    assert not asked.examples
    assert refusals(asked) == [("contaminated", "riddles.jsonl:7 (equal)")]
    answered = take(
        fold, judged(call("t2", f"I know one that nobody has ever solved: {riddle} Guess!"), DOWN)
    )
    assert refusals(answered) == [("contaminated", "riddles.jsonl:7 (13 words)")]
    earlier = [Message("user", riddle), Message("assistant", "Ada."), Message("user", "Why?")]
    later = take(fold, judged(call("t3", "She woke first.", prompt="", messages=earlier), UP))
    assert refusals(later) == [("contaminated", "riddles.jsonl:7 (equal)")]
    assert take(fold, judged(call("t4", "Paris."), UP)).examples
