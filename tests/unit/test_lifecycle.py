"""States of clusters: by calls, in event time, with the same id when what was fixed comes back."""

import random

import msgspec
import pytest

from flywheel_stream.lifecycle import (
    PATIENCE,
    RECURS,
    STATES,
    Lifecycles,
    Stage,
    State,
)

MINUTE = 60.0


class Day:
    """Traffic of an app, ten calls a minute, and the failures of some clusters."""

    def __init__(self, calls: int = 10) -> None:
        self.lives = Lifecycles(100)
        self.now = 0.0
        self.calls = calls

    def minutes(self, number: int, *clusters: str, every: int = 1) -> "Day":
        for minute in range(number):
            if minute % every == 0:
                for cluster in clusters:
                    self.lives.failed(cluster, self.now + 30.0, {cluster})
            self.now += MINUTE
            self.lives.pass_calls(self.calls)
        return self

    def state(self, cluster: str = "c") -> State:
        return self.lives.stage(cluster, self.now).state


def test_a_cluster_is_new_until_it_recurs_and_open_from_then_on() -> None:
    day = Day()
    assert day.minutes(RECURS - 1, "c").state() == "new"
    assert day.minutes(1, "c").state() == "open"
    assert day.lives.stage("c", day.now).since == (RECURS - 1) * MINUTE + 30
    assert day.state("never seen") == "new"


def test_silence_resolves_and_recurrence_brings_the_same_cluster_back() -> None:
    day = Day().minutes(20, "c")
    last = day.lives.stage("c", day.now)
    assert last.state == "open"
    day.minutes(30)
    assert day.lives.stage("c", day.now) == Stage("resolved", 19 * MINUTE + 30)
    day.minutes(RECURS - 1, "c")
    assert day.state() == "resolved"  # a stray failure or two are none
    assert day.minutes(1, "c").state() == "regressed"
    assert day.lives.stage("c", day.now).since == 52 * MINUTE + 30
    assert day.minutes(30).state() == "resolved"
    assert day.minutes(RECURS, "c").state() == "regressed"


def test_without_traffic_nothing_is_repaired() -> None:
    day = Day().minutes(20, "c")
    day.calls = 0
    assert day.minutes(2_000).state() == "open"


def test_a_moment_of_silence_is_none_however_many_calls_there_are() -> None:
    day = Day(calls=10_000).minutes(20, "c")
    assert day.minutes(int(PATIENCE / MINUTE) - 1).state() == "open"
    assert day.minutes(2).state() == "resolved"


def test_what_fails_at_once_says_nothing_of_how_rare_it_is() -> None:
    day = Day(calls=1)
    for n in range(30):
        day.lives.failed("c", float(n), {"c"})
    assert day.minutes(70).state() == "open"
    assert day.minutes(15).state() == "resolved"


def test_strays_rarer_than_before_are_no_regression() -> None:
    day = Day().minutes(60, "c").minutes(30)
    day.minutes(3_000, "c", every=10)
    assert day.state() == "resolved"


def test_what_fails_rarely_by_chance_is_seldom_taken_for_resolved() -> None:
    wrong = looks = 0
    for seed in range(40):
        chance = random.Random(seed)
        day = Day()
        for _ in range(3_000):
            day.minutes(1, *(["c"] if chance.random() < 0.02 else []))
            looks += 1
            wrong += day.state() == "resolved"
    assert wrong / looks < 0.01


def test_a_burst_does_not_make_what_follows_at_the_old_rate_look_resolved() -> None:
    day = Day().minutes(2_000, "c", every=100).minutes(30, *["c"] * 5)
    day.minutes(2_000, "c", every=100)
    assert day.state() == "open"


def test_after_a_decision_less_silence_is_enough_and_it_counts_from_then() -> None:
    plain, decided = Day().minutes(400, "c", every=10), Day().minutes(400, "c", every=10)
    decided.lives.decided("c")
    decided.lives.decided("never seen")
    assert (plain.minutes(15).state(), decided.minutes(15).state()) == ("open", "open")
    assert (plain.minutes(10).state(), decided.minutes(10).state()) == ("open", "resolved")
    assert decided.minutes(RECURS, "c").state() == "regressed"
    assert decided.minutes(25).state() == "regressed"  # that did not hold: no more is expected


def test_an_incident_leaves_no_doubt() -> None:
    day = Day().minutes(1, "c")
    day.lives.spiked("c", day.now)
    assert day.state() == "open"
    day.minutes(3, "c").minutes(30)
    day.lives.spiked("c", day.now)
    assert day.state() == "regressed"
    day.lives.spiked("c", day.now)
    assert day.state() == "regressed"


def test_what_is_taken_back_does_not_recur() -> None:
    day = Day().minutes(RECURS - 1, "c")
    day.lives.retract("c")
    day.lives.retract("never seen")
    assert day.minutes(1, "c").state() == "new"
    day.minutes(20, "c").minutes(30).minutes(RECURS - 1, "c")
    day.lives.retract("c")
    assert day.minutes(1, "c").state() == "resolved"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("new", "new", "open"),
        ("new", "open", "open"),
        ("resolved", "new", "resolved"),
        ("resolved", "open", "regressed"),  # began after the silence: it is what was fixed
        ("regressed", "open", "regressed"),
        ("resolved", "resolved", "resolved"),
    ],
)
def test_of_two_clusters_that_turn_out_one_the_worse_counts(
    one: State, other: State, expected: State
) -> None:
    for kept, gone in (("a", "b"), ("b", "a")):
        day = Day()
        if one in {"resolved", "regressed"}:
            day.minutes(20, "a").minutes(40)
            day.minutes(RECURS if one == "regressed" else 0, "a")
        if other == "resolved":
            day.minutes(20, "b").minutes(30)
        day.minutes(2, *(["a"] if one == "new" else []), *(["b"] if other == "new" else []))
        day.minutes(RECURS if other == "open" else 0, "b")
        assert (day.state("a"), day.state("b")) == (one, other)
        day.lives.merged(gone, kept, day.now)
        assert day.state(kept) == expected
        assert len(day.lives.dump()[1]) == 1


def test_a_cluster_that_was_only_open_while_the_other_was_stays_open() -> None:
    day = Day().minutes(20, "a", "b").minutes(20, "b").minutes(10)
    assert (day.state("a"), day.state("b")) == ("resolved", "open")
    day.lives.merged("a", "b", day.now)
    assert day.state("b") == "open"


def test_what_is_merged_into_an_unknown_one_goes_on_under_its_name() -> None:
    day = Day().minutes(20, "a")
    day.lives.merged("a", "b", day.now)
    day.lives.merged("a", "b", day.now)
    assert (day.state("a"), day.state("b")) == ("new", "open")


@pytest.mark.parametrize("state", STATES)
def test_a_part_stands_where_the_whole_did_and_fails_more_rarely(state: State) -> None:
    day = Day().minutes(2 if state == "new" else 40, "a")
    if state in {"resolved", "regressed"}:
        day.minutes(40)
    if state == "regressed":
        day.minutes(RECURS, "a")
    day.lives.split("a", "b", 0.25)
    day.lives.split("never seen", "c", 0.25)
    assert (day.state("a"), day.state("b"), day.state("c")) == (state, state, "new")
    if state == "open":
        silent = Day().minutes(40, "a")
        rare = silent.lives
        rare.split("a", "b", 0.25)
        silent.minutes(15)
        assert (silent.state("a"), silent.state("b")) == ("resolved", "open")


def test_counts_are_of_every_state() -> None:
    day = Day().minutes(20, "a", "b").minutes(30).minutes(3, "b", "c").minutes(1, "d")
    expected = {"new": 1, "open": 1, "resolved": 1, "regressed": 1}
    assert day.lives.counts("abcd", day.now) == expected
    assert tuple(day.lives.counts([], day.now)) == STATES


def test_a_restart_anywhere_changes_nothing() -> None:
    chance = random.Random(3)
    straight, stopped = Day(), Day()
    for _ in range(2_000):
        failing = [
            name for name in "abc" if chance.random() < (0.3 if chance.random() < 0.5 else 0)
        ]
        straight.minutes(1, *failing)
        stopped.minutes(1, *failing)
        if chance.random() < 0.05:
            raw = msgspec.msgpack.encode(stopped.lives.dump())
            stopped.lives = Lifecycles.load(msgspec.msgpack.decode(raw), 100)
        if chance.random() < 0.01:
            straight.minutes(100)
            stopped.minutes(100)
        assert stopped.lives.dump() == straight.lives.dump()


def test_memory_is_bounded_and_live_clusters_stay() -> None:
    lives = Lifecycles(10)
    for n in range(1_000):
        lives.failed(f"c{n}", float(n), {"c0", f"c{n}"})
    assert len(lives.dump()[1]) <= 21
    assert lives.dump()[1][0][0] == "c0"
