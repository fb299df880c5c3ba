"""Fairness: gaps with honest intervals, nobody singled out, quiet without a gap."""

import random

import msgspec
import pytest

from flywheel_stream.errors import StateError
from flywheel_stream.fairness import MAX_GROUPS, NOT_GIVEN, OTHER, PERIOD_DAYS, SMALL, Fairness
from flywheel_stream.settling import Arm, Minute, Outcome

A = Arm("m", "a")


def minutes(
    number: int,
    satisfied: dict[str, float],
    *,
    seed: int = 1,
    failing: dict[str, float] | None = None,
    weights: dict[str, float] | None = None,
    people: int = 1000,
) -> list[Minute]:
    """Ten calls a minute, each of a group of the attribute ``age``, three of them scored."""
    rng = random.Random(seed)
    names = sorted(satisfied)
    out = []
    for minute in range(number):
        calls: list[Outcome] = []
        groups: dict[tuple[str, str], int] = {}
        for n in range(10):
            group = rng.choices(names, [(weights or {}).get(name, 1.0) for name in names])[0]
            groups["age", group] = groups.get(("age", group), 0) + 1
            failed = rng.random() < (failing or {}).get(group, 0.05)
            score = 2 * (rng.random() < satisfied[group]) if n < 3 else None
            person = f"{group}-{rng.randrange(people)}"
            if failed or score is not None:
                cluster = "c" if failed else None
                calls.append(
                    Outcome(60.0 * minute, A, person, score, failed, cluster, {"age": group})
                )
        out.append(Minute(minute, calls, {A: 10}, groups))
    return out


def settled(found: list[Minute], **settings: int) -> Fairness:
    live = Fairness(["age"], **settings)
    for minute in found:
        live.settle(minute)
    return live


def test_a_gap_is_found_with_its_size() -> None:
    live = settled(minutes(1000, {"young": 0.8, "old": 0.65}, failing={"young": 0.03, "old": 0.09}))
    old, young = live.rows()
    assert old.satisfaction_gap is not None
    assert old.satisfaction_gap.clear
    assert not old.satisfaction_gap.interval.excludes(-0.15)
    assert old.failure_ratio is not None
    assert not old.failure_ratio.interval.excludes(3.0)
    first, second = old.findings()
    assert first.startswith("age old: satisfaction 1")
    assert "points below the rest, 95 % interval" in first
    assert "failures per call" in second
    assert young.satisfaction_gap is not None
    assert young.satisfaction_gap.estimate == pytest.approx(-old.satisfaction_gap.estimate)


def test_without_a_gap_it_is_quiet_at_every_look() -> None:
    same = dict.fromkeys("abcd", 0.7)
    wrong = 0
    for seed in range(30):
        live = Fairness(["age"])
        seen = False
        for n, minute in enumerate(minutes(150, same, seed=seed)):
            live.settle(minute)
            if n % 10 == 9:
                seen |= any(row.findings() for row in live.rows())
        wrong += seen
    assert wrong <= 30 * 0.05


def test_a_group_of_few_people_is_not_shown_however_much_they_say() -> None:
    found = minutes(400, {"a": 0.7, "b": 0.7}, people=1000)
    few = minutes(400, {"few": 0.1}, people=5)
    both = [
        one._replace(calls=one.calls + other.calls, groups={**one.groups, **other.groups})
        for one, other in zip(found, few, strict=True)
    ]
    rows = settled(both, min_group=20).rows()
    assert {row.group for row in rows} <= {"a", "b", SMALL}
    # The five are hidden behind one of the others: else the total less the rest would be theirs.
    (pool,) = [row for row in rows if row.group == SMALL]
    assert pool.scored > 1200
    assert pool.satisfaction_gap is None


def test_where_all_are_few_nothing_is_shown() -> None:
    assert settled(minutes(200, {"a": 0.7, "b": 0.7}, people=4), min_group=20).rows() == []


def test_calls_of_nobody_known_make_no_group_large() -> None:
    found = minutes(300, {"a": 0.7, "b": 0.7})
    for minute in found:
        for call in minute.calls:
            call.person = ""
    assert settled(found).rows() == []


def test_what_is_not_watched_is_not_looked_at() -> None:
    live = Fairness([])
    for minute in minutes(50, {"a": 0.7, "b": 0.1}):
        live.settle(minute)
    live.curate({"age": "a"}, 1)
    assert live.rows() == []
    assert live.dump()["groups"] == []


def test_calls_without_the_attribute_are_told_and_not_compared() -> None:
    rows = settled(minutes(400, {"": 0.1, "a": 0.7, "b": 0.7})).rows()
    found = {row.group: row for row in rows}
    assert found[NOT_GIVEN].satisfaction_gap is None
    assert found["a"].satisfaction_gap is not None
    assert not found["a"].satisfaction_gap.clear


def test_who_is_missing_from_the_curated_set_is_said() -> None:
    live = settled(minutes(600, {"a": 0.7, "b": 0.7}))
    for n in range(400):
        live.curate({"age": "a" if n % 5 else "b"}, 1)
    a, b = live.rows()
    assert a.curated_ratio is not None
    assert b.curated_ratio is not None
    assert (a.curated, b.curated) == (320, 80)
    assert a.curated_ratio.interval.low > 1.0 > b.curated_ratio.interval.high
    assert "share of curated data 0.4" in "".join(b.findings())
    for _ in range(320):
        live.curate({"age": "a"}, -1)
    assert live.rows()[0].curated == 0


def test_examples_of_mixed_groups_hide_nobody() -> None:
    live = settled(minutes(300, {"a": 0.7, "b": 0.7}))
    live.curate({}, 1)
    assert [row.group for row in live.rows()] == ["a", "b"]


def test_a_period_begins_anew_but_for_what_was_curated() -> None:
    live = settled(minutes(300, {"a": 0.7, "b": 0.2}))
    live.curate({"age": "a"}, 1)
    live.settle(Minute(1440 * PERIOD_DAYS + 5, [], {}, {("age", "a"): 7}))
    assert live.rows() == []  # of the people of this period nothing is known yet
    (a, b) = sorted(row[1:] for row in live.dump()["groups"])
    assert (a[1][:2], b[1][:2], a[1][6]) == ([7, 0], [0, 0], 1)


def test_groups_are_bounded() -> None:
    live = settled(minutes(200, dict.fromkeys(map(str, range(80)), 0.7)), min_group=5)
    assert len(live.dump()["groups"]) == MAX_GROUPS + 1
    assert OTHER in {row.group for row in live.rows()}


def test_a_restored_one_continues_as_an_undisturbed_one() -> None:
    undisturbed, restored = Fairness(["age"]), Fairness(["age"])
    for n, minute in enumerate(minutes(100, {"a": 0.7, "b": 0.2})):
        for live in (undisturbed, restored):
            live.settle(minute)
            live.curate({"age": "a"}, 1)
        if n % 9 == 0:
            raw = msgspec.msgpack.encode(restored.dump())
            restored = Fairness(["age"])
            restored.load(msgspec.msgpack.decode(raw))
    assert restored.dump() == undisturbed.dump()
    assert restored.rows() == undisturbed.rows()


def test_a_dump_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Fairness().load({"v": 99})
