"""The classifier of kinds: learns from decisions, says how often it was right, else is silent."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flywheel_stream.classifying import KindClassifier, _at_least

DIMS = 16
KINDS = ("tone", "refusal", "outdated_knowledge")


def about(kind: int, rng: np.random.Generator, noise: float = 0.2) -> NDArray[np.float32]:
    vector = rng.normal(0.0, noise, DIMS)
    vector[kind] += 1.0
    return vector.astype(np.float32)


def decided(number: int, rng: np.random.Generator, noise: float = 0.2) -> KindClassifier:
    learner = KindClassifier()
    for n in range(number):
        kind = n % len(KINDS)
        learner.learn([about(kind, rng, noise) for _ in range(3)], KINDS[kind])
    return learner


def test_it_says_what_was_decided_of_the_like() -> None:
    rng = np.random.default_rng(1)
    learner = decided(90, rng)
    for kind, name in enumerate(KINDS):
        found = learner.predict(about(kind, rng, 0.1))
        assert found is not None
        assert found.kind == name
        assert 0.8 <= found.confidence < 1
        assert found.evidence == "like what was decided (90 decisions)"


def test_it_is_silent_before_enough_was_decided_and_on_one_kind_alone() -> None:
    rng = np.random.default_rng(2)
    assert KindClassifier().predict(about(0, rng)) is None
    assert decided(12, rng).predict(about(0, rng)) is None
    learner = KindClassifier()
    for _ in range(50):
        learner.learn([about(0, rng)], "tone")
    assert learner.predict(about(0, rng)) is None
    learner.learn([], "tone")


def test_it_is_silent_where_decisions_follow_no_rule() -> None:
    rng = np.random.default_rng(3)
    learner = KindClassifier()
    for _ in range(100):
        learner.learn([about(0, rng)], KINDS[int(rng.integers(3))])
    assert [learner.predict(about(0, rng)) for _ in range(20)] == [None] * 20


def test_it_is_silent_on_what_is_like_nothing_decided() -> None:
    rng = np.random.default_rng(4)
    learner = decided(90, rng)
    odd = [learner.predict(about(12, rng, 0.05)) for _ in range(20)]
    assert odd == [None] * 20


def test_its_word_is_worth_no_more_than_it_holds() -> None:
    rng = np.random.default_rng(5)
    learner = decided(200, rng, noise=0.45)
    said = []
    for n in range(600):
        found = learner.predict(about(n % 3, rng, 0.45))
        if found is not None:
            said.append((found.confidence, found.kind == KINDS[n % 3]))
    assert len(said) > 100
    promised = sum(confidence for confidence, _ in said) / len(said)
    assert sum(right for _, right in said) / len(said) >= promised - 0.03


def test_a_restart_changes_nothing() -> None:
    rng, twin = np.random.default_rng(6), np.random.default_rng(6)
    learner = decided(60, np.random.default_rng(7))
    again = KindClassifier.load(learner.dump())
    assert again.dump() == learner.dump()
    learner.learn([about(1, rng)], "refusal")
    again.learn([about(1, twin)], "refusal")
    assert again.dump() == learner.dump()
    assert again.predict(about(2, rng)) == learner.predict(about(2, twin))


@pytest.mark.parametrize(
    ("right", "asked", "share"), [(15, 15, 0.847), (0, 15, 0.0), (90, 100, 0.838)]
)
def test_few_decisions_prove_little(right: int, asked: int, share: float) -> None:
    assert _at_least(right, asked) == pytest.approx(share, abs=0.002)
