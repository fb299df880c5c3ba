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


def asked(
    known: Topics, number: int, topics: int = 4, *, start: float = 0.0, seed: int = 1
) -> float:
    """Asks about topics in turn, ten seconds apart."""
    rng = np.random.default_rng(seed)
    for n in range(number):
        topic = n % topics
        ts = start + 10.0 * n
        text = f"{THINGS[topic]} question {n}"
        known.learn(f"{start}/{n}", about(topic, rng), ts, text, f"u{n % 40}")
    return start + 10.0 * number


def first_word(name: str) -> str:
    return name.replace(",", " ").split()[0]


THINGS = ("parcel", "refund", "password", "invoice", *("other",) * 8, "drone")


def test_the_map_has_names_shares_and_exemplars() -> None:
    known = Topics(DIMS)
    now = asked(known, 400)
    found = known.map(now)
    assert found.sampled == 400
    assert found.unseen == []
    assert {first_word(topic.name) for topic in found.topics} == set(THINGS[:4])
    for topic in found.topics:
        assert abs(topic.share - 0.25) < 0.01
        assert abs(topic.recent - 0.25) < 0.02
        assert topic.trend == "steady"
        assert topic.calls == 100
        assert len(topic.exemplars) == topics._EXEMPLARS
        assert all(first_word(topic.name) in text for text in topic.exemplars)
        assert known.label(topic.id) == topic.name
    assert abs(sum(topic.share for topic in found.topics) + found.rest - 1.0) < 1e-9
    assert len(known.map(now, limit=2).topics) == 2
    assert abs(known.map(now, limit=2).rest - 0.5) < 0.01


def test_what_becomes_more_is_rising_and_the_rest_is_falling() -> None:
    known = Topics(DIMS)
    now = asked(known, 2_000)
    now = asked(known, 600, topics=1, start=now, seed=2)
    trends = {first_word(topic.name): topic.trend for topic in known.map(now).topics}
    assert trends == {
        "parcel": "rising",
        "refund": "falling",
        "password": "falling",
        "invoice": "falling",
    }


def test_a_topic_that_nobody_asked_about_is_told_early_and_for_a_week() -> None:
    known = Topics(DIMS)
    rng = np.random.default_rng(3)
    now = asked(known, topics._WARM + topics._KNOWN, topics=8)
    assert known.map(now).unseen == []
    known.learn("n0", about(12, rng), now, "drone on my roof")
    (found,) = known.map(now).unseen
    assert (found.trend, found.calls, found.exemplars) == ("unseen", 1, ["drone on my roof"])
    known.learn("n1", about(12, rng), now + 1, "drone on the lawn")
    now = asked(known, 100, topics=8, start=now + 60, seed=4)
    (found,) = known.map(now).unseen
    assert (found.calls, "drone" in found.name) == (2, True)
    assert known.map(now + topics._NEW_FOR).unseen == []


def test_topics_that_turn_out_one_are_one() -> None:
    known = Topics(DIMS)
    asked(known, 200)
    first, second = (topic.id for topic in known.map(2_000.0).topics[:2])
    sizes, recent = dict(known._sizes), dict(known._recent)
    known._news = {first: 0.0}
    known._merge(first, second)
    assert known._sizes[second] == sizes[first] + sizes[second]
    assert known._recent[second] == recent[first] + recent[second]
    assert first not in known._sizes
    assert not known._news
    third = known.map(2_000.0).topics[2].id
    known._news = {second: 0.0}
    known._merge(third, second)  # what was known takes in what was not
    assert not known._news


def test_memory_of_topics_is_bounded_and_time_may_pass() -> None:
    rng = np.random.default_rng(8)
    known = Topics(DIMS)
    for n in range(3_000):
        vector = rng.normal(0.0, 1.0, DIMS).astype(np.float32)
        known.learn(f"r{n}", vector, 3_000.0 * n, f"text {n}")
    assert len(known._sizes) <= 2 * topics._CAPACITY
    assert len(known._news) <= topics._NEWS
    found = known.map(3_000.0 * 3_000)
    assert abs(sum(known._recent.values())) < float("inf")
    assert all(0.0 <= topic.recent <= 1.0 for topic in found.topics)
