"""Instructions about form: what is asked for, and what is far from it."""

import pytest

from flywheel_stream.instructions import Instruction, hints_at_form, ignored, instructions_of


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("Explain it in at most 50 words.", [Instruction("at most words", 50)]),
        ("Explain it in one sentence.", [Instruction("at most sentences", 1)]),
        ("Keep your answer under 200 characters!", [Instruction("at most characters", 200)]),
        ("Write at least three paragraphs.", [Instruction("at least paragraphs", 3)]),
        ("Give it in 5 bullet points", [Instruction("at most points", 5), Instruction("list")]),
        ("Simply answer yes or no", [Instruction("yes or no")]),
        ("Respond with valid JSON.", [Instruction("JSON")]),
        ("Show it as a table, using bullet points", [Instruction("list"), Instruction("table")]),
        ("How is a word used in a sentence?", []),
        ("Say it in a few words", []),
        ("What does JSON mean?", []),
        ("Is it yes or no?", []),
        ("", []),
    ],
)
def test_instructions_are_read_off_a_request(request_: str, expected: list[Instruction]) -> None:
    assert instructions_of(request_) == expected
    assert hints_at_form(request_) or not expected


def test_both_ends_of_a_long_request_are_read() -> None:
    text = "In at most 9 words: " + "lorem ipsum " * 500 + "Answer as a table."
    assert {one.what for one in instructions_of(text)} == {"at most words", "table"}
    assert hints_at_form(text)


@pytest.mark.parametrize(
    ("instruction", "answer"),
    [
        (
            Instruction("at most words", 10),
            "one two three four five six seven eight nine ten eleven",
        ),
        (
            Instruction("at most sentences", 2),
            "Dr. Smith came at 3.5 p.m. today. He left. That was it.",
        ),
        (Instruction("at least words", 100), "word " * 85),
        (Instruction("JSON"), 'Sure:\n```json\n{"a": 1}\n```'),
        (Instruction("JSON"), 'Sure: {"a": 1}!'),
        (Instruction("yes or no"), "**No.** It comes tomorrow."),
    ],
)
def test_what_is_roughly_as_asked_is_let_pass(instruction: Instruction, answer: str) -> None:
    assert ignored([instruction], answer) is None


def test_the_first_ignored_instruction_is_told_in_numbers() -> None:
    asked = [Instruction("JSON"), Instruction("at most words", 3)]
    assert ignored(asked, "[" + "1, " * 20 + "1]") == "asked for at most 3 words, has 21"
