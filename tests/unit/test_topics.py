"""Topics of ordinary traffic: silent at first, then a bar that sets itself."""

import numpy as np
from numpy.typing import NDArray

from flywheel_stream import topics
from flywheel_stream.topics import Topics

DIMS = 16


def about(topic: int, rng: np.random.Generator, noise: float = 0.15) -> NDArray[np.float32]:
    vector = rng.normal(0.0, noise, DIMS)
    vector[topic] += 1.0
    return vector.astype(np.float32)


def learnt(number: int, seed: int = 1) -> Topics:
    rng = np.random.default_rng(seed)
    known = Topics(DIMS)
    for n in range(number):
        known.learn(f"r{n}", about(n % 8, rng), float(n))
    return known


def test_nothing_is_said_before_enough_is_known() -> None:
    rng = np.random.default_rng(2)
    assert Topics(DIMS).unseen(about(12, rng)) is None
    assert learnt(topics._WARM + topics._KNOWN - 1).unseen(about(12, rng)) is None
    assert learnt(topics._WARM + topics._KNOWN).unseen(about(12, rng)) is not None


def test_what_nobody_asked_is_told_and_what_they_ask_is_not() -> None:
    rng = np.random.default_rng(3)
    known = learnt(2_000)
    found = known.unseen(about(12, rng))
    assert found is not None
    assert found.kind == "unseen_topic"
    assert "98% of all traffic is nearer" in found.evidence
    told = [known.unseen(about(n % 8, rng)) is not None for n in range(500)]
    assert sum(told) <= 0.05 * len(told)


def test_a_topic_that_many_ask_about_is_known_in_time() -> None:
    rng = np.random.default_rng(4)
    known = learnt(2_000)
    for n in range(50):
        known.learn(f"new{n}", about(12, rng), 2_000.0 + n)
    assert known.unseen(about(12, rng)) is None


def test_a_question_is_told_its_topic_without_being_learnt() -> None:
    rng = np.random.default_rng(7)
    known = learnt(800)
    before = known.dump()
    assert Topics(DIMS).topic(about(1, rng)) is None
    assert known.topic(about(12, rng, noise=0.0)) is None
    told = {
        topic: {known.topic(about(topic, rng, noise=0.05)) for _ in range(20)} for topic in (1, 2)
    }
    assert all(len(names) == 1 and None not in names for names in told.values())
    assert told[1] != told[2]
    assert known.dump() == before


def test_a_restart_changes_nothing() -> None:
    known = learnt(1_500)
    again = Topics.load(known.dump(), DIMS)
    rng, twin = np.random.default_rng(5), np.random.default_rng(5)
    for n in range(300):
        known.learn(f"x{n}", about(n % 10, rng), 1_500.0 + n)
        again.learn(f"x{n}", about(n % 10, twin), 1_500.0 + n)
    assert again.dump() == known.dump()
    assert again.unseen(about(12, rng)) == known.unseen(about(12, twin))


def test_counts_fade() -> None:
    known = learnt(topics._WARM + 100)
    known._near[150] = topics._FADES
    known.learn("one more", about(0, np.random.default_rng(6)), 9_999.0)
    assert known._near.sum() <= topics._FADES / 2 + 100
