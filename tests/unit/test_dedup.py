"""Fingerprints: what is equal to a reader is equal, and nothing else can pretend to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream.dedup import WindowPolicy, fingerprint, normalise
from flywheel_stream.events import Message


def mark(prompt: str, response: str | None = "r", **fields: str) -> str:
    app, model, variant = (fields.get(name, name) for name in ("app", "model", "variant"))
    return fingerprint(app, model, variant, [Message("user", prompt)], response)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I pay?", "how do  I\tPAY?\n"),
        ("straße", "STRASSE"),
        ("\ufb01ne \u2460", "FINE 1"),  # a ligature and a circled digit
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_case_white_space_and_unicode_form_do_not_count(one: str, other: str) -> None:
    assert mark(one) == mark(other)


def test_app_model_and_arm_count_and_so_does_the_answer() -> None:
    base = mark("x")
    assert len({base, mark("x", app="b"), mark("x", model="b"), mark("x", variant="b")}) == 4
    assert len({base, mark("x", "other"), mark("x", None), mark("x", "")}) == 4


def test_turns_cannot_be_forged_by_text() -> None:
    two = [Message("user", "a"), Message("user", "b")]
    one = [Message("user", "a\0\1user\0b")]
    assert fingerprint("a", "m", "v", two, "r") != fingerprint("a", "m", "v", one, "r")


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once.decode("utf-8", "surrogatepass")) == once


@given(st.floats(0, 2e9), st.floats(0, 3600.0), st.integers(1, 6))
def test_the_lookups_cover_the_window(ts: float, apart: float, generations: int) -> None:
    policy = WindowPolicy(seconds=3600.0, generations=generations)
    assert policy.generation(ts) in policy.lookups(ts + apart)


def test_the_rate_is_shared_out() -> None:
    policy = WindowPolicy(generations=2, error_rate=1e-3, capacity=1_000_000)
    assert len(policy.lookups(0.0)) * policy.filter_error_rate <= policy.error_rate
    assert policy.filter_capacity * policy.generations >= policy.capacity
