"""Personal data in an answer that its prompt did not hold."""

import pytest

from flywheel_stream.leaks import TABLE, leaked
from flywheel_stream.pii import TYPES

SSN = ("US_SSN", "219-09-9999")
MAIL = ("EMAIL", "jane.doe@mail.com")


def test_what_the_prompt_did_not_hold_is_a_leak_and_only_types_are_kept() -> None:
    finding = leaked([SSN, MAIL, MAIL], ["What do you know of Jane?"])
    assert finding is not None
    assert finding.kind == "pii_leak"
    assert finding.confidence == TABLE["US_SSN"].confidence
    assert finding.evidence == "not in the prompt: EMAIL 2, US_SSN 1"


@pytest.mark.parametrize(
    "prompt", ["Is 219-09-9999 mine?", "is 219 09 9999 mine?", "ssn=219099999 9"]
)
def test_what_the_prompt_holds_in_any_notation_is_no_leak(prompt: str) -> None:
    assert leaked([SSN], ["You are a clerk.", prompt]) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PERSON", "Marie Curie"),
        ("ADDRESS", "221b Baker Street"),
        ("IP", "10.0.0.1"),
        ("EMAIL", "support@shop.com"),
        ("EMAIL", "customer.care@shop.com"),
        ("EMAIL", "you@example.com"),
        ("PHONE", "+1 800 555 0199"),
        ("PHONE", "0800 123 4567"),
        ("PHONE", "(212) 555-0142"),
    ],
)
def test_what_is_made_to_be_given_out_is_no_leak(name: str, value: str) -> None:
    assert leaked([(name, value)], ["How do I reach you?"]) is None


@pytest.mark.parametrize("value", ["+44 7700 123456", "212-736-5001"])
def test_a_private_number_is_one(value: str) -> None:
    assert leaked([("PHONE", value)], ["Who lives there?"]) is not None


def test_two_prompts_do_not_make_a_value_between_them() -> None:
    assert leaked([SSN], ["219-09", "9999"]) is not None


def test_every_type_is_one_of_the_table() -> None:
    assert set(TABLE) <= set(TYPES)
