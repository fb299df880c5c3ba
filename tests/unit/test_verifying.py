"""Sums that are done again, and code that has to parse; ``checks.TABLE`` holds the plainer ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream.verifying import broken_code, holds_a_sum, wrong_sum


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("It is far: 12 + 30 = 43 km.", "12 + 30 = 43, but it is 42"),
        ("That is so. (12 + 30 = 43)", "12 + 30 = 43, but it is 42"),
        ("12.5 \u00d7 4 = 52", "12.5 \u00d7 4 = 52, but it is 50"),
        ("1 + 1 = 2 and 1,200 + 1 = 1,202", "1,200 + 1 = 1,202, but it is 1201"),
        ("5 - 8 = 3", "5 - 8 = 3, but it is -3"),
        ("9/4=2.5", "9/4=2.5, but it is 2.25"),
    ],
)
def test_a_sum_that_does_not_come_out_is_told_with_what_it_comes_to(answer: str, says: str) -> None:
    assert holds_a_sum(answer)
    assert wrong_sum(answer) == says


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "=",
        "a = 1",
        "1 / 0 = 0",
        "5 - 8 = -3",
        "2.50 * 3 = 7.5",
        "1.25 + 1.25 = 2.5",
        "0.333 * 3 = 1.00",
        "10 / 3 = 3, and 20 / 3 = 6.66",
        "It is wrong that 2 + 2 = 5",
        "2 + 2 = 5 is false",
        "10:30 - 9 = 130",
        "f(2) + 2 = 5",
        "v1.2 + 3 = 9",
        "2 + 2 = 5x",
    ],
)
def test_what_may_be_right_is_let_pass(answer: str) -> None:
    assert wrong_sum(answer) is None


@given(st.integers(0, 9_999), st.sampled_from("+-*"), st.integers(0, 9_999), st.integers(-5, 5))
def test_whole_sums_are_told_if_and_only_if_they_are_off(
    one: int, sign: str, other: int, off: int
) -> None:
    right = {"+": one + other, "-": one - other, "*": one * other}[sign]
    answer = f"So {one} {sign} {other} = {right + off}, I think."
    assert (wrong_sum(answer) is not None) == (off != 0)
    assert holds_a_sum(answer)


@pytest.mark.parametrize("code", ["-" * 3_900 + "1", "(" * 3_000, "x = 1\0", "a." * 1_900 + "b"])
def test_code_beyond_reason_does_no_harm(code: str) -> None:
    broken_code(f"```python\n{code}\n```")


def test_the_first_broken_block_is_told() -> None:
    answer = "```python\nx = 1\n```\nor\n```py\ny = = 2\n```"
    assert broken_code(answer) == "line 1: invalid syntax"
    assert broken_code("```python\nx = 1\n" + "y = 2\n" * 1_000 + "z = = 1\n```") is None
