"""Tests of the evaluation sets that no curated example may repeat."""

import pytest

from flywheel_stream.contamination import Contamination, EvaluationSets

LONG = (
    "A farmer has seventeen sheep, and all but nine of them run away during the night of the storm; "
    "how many sheep does the farmer still have when the morning comes at last?"
)
SHORT = "Which river flows through the old town of Bern?"


def sets() -> EvaluationSets:
    return EvaluationSets({"farm.jsonl": [(3, LONG), (4, "yes")], "river.txt": [(1, SHORT)]})


def test_an_item_and_its_copies_are_found_with_their_place() -> None:
    assert sets().find(LONG) == Contamination("farm.jsonl", 3, "equal")
    assert sets().find(LONG.upper().replace(" ", "\n")) == Contamination("farm.jsonl", 3, "equal")
    assert sets().find(LONG.replace("storm", "flood")) == Contamination(
        "farm.jsonl", 3, "near-duplicate"
    )
    assert str(sets().find(SHORT)) == "river.txt:1 (equal)"


def test_thirteen_words_of_an_item_in_another_text_are_found() -> None:
    words = LONG.replace(",", "").replace(";", "").split()
    around = (
        "Somebody told me this riddle yesterday and I could not solve it: {} Can you explain it?"
    )
    found = sets().find(around.format(" ".join(words[4:17])))
    assert found == Contamination("farm.jsonl", 3, "13 words")
    assert sets().find(around.format(" ".join(words[4:16]))) is None
    shuffled = words[4:17][::-1]
    assert sets().find(around.format(" ".join(shuffled))) is None


def test_a_short_item_has_to_be_there_whole() -> None:
    asked = "Good morning, I have a question about geography for my son's homework: {} Many thanks!"
    assert sets().find(asked.format(SHORT)) == Contamination("river.txt", 1, "9 words")
    assert sets().find(asked.format(SHORT.replace("Bern", "Biel"))) is None


@pytest.mark.parametrize("text", ["", "yes", "   ", "How do I change my password?", "été 夏 " * 50])
def test_other_texts_are_clean(text: str) -> None:
    assert sets().find(text) is None


def test_texts_too_short_to_prove_anything_are_left_out() -> None:
    assert len(sets()) == 2
    assert EvaluationSets({}).find("yes") is None
    assert len(EvaluationSets({"a": [(1, "Paris.")]})) == 0


def test_of_two_items_that_share_a_run_the_first_is_named() -> None:
    twice = EvaluationSets({"a": [(1, LONG), (2, LONG + " Explain your answer step by step.")]})
    found = twice.find(f"{''.join(f'word{n} ' for n in range(40))}{LONG}")
    assert found == Contamination("a", 1, "13 words")
