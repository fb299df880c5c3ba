"""Settling: each call once, as it stood then, whatever comes later or in which order."""

import random

import msgspec

from flywheel_stream.settling import Arm, Minute, Outcome, Settling

A = Arm("m", "a")


def outcome(at: float, score: int | None = 2, person: str = "u", **fields: bool) -> Outcome:
    failed = fields.get("failed", False)
    return Outcome(at, A, person, score, failed, "c" if failed else None, {})


def test_a_call_counts_as_it_stood_when_its_minute_settled() -> None:
    live = Settling(300.0)
    live.judge("t", outcome(30.0, 0))
    live.judge("t", outcome(30.0, 2))
    assert live.advance(359.0) == []
    assert live.advance(360.0, inclusive=False) == []
    (minute,) = live.advance(360.0)
    assert [call.score for call in minute.calls] == [2]
    live.judge("t", outcome(30.0, 0))  # a revision that came too late
    assert live.advance(1e9) == []


def test_minutes_come_in_order_with_their_traffic_and_calls_by_time() -> None:
    live = Settling(0.0)
    for at in (130.0, 61.0, 65.0):
        live.judge(f"t{at}", outcome(at))
    live.pass_calls(0, {A: 3}, {("plan", "free"): 2})
    live.pass_calls(0, {A: 1}, {})
    found = live.advance(1e9)
    assert [(m.minute, [c.at for c in m.calls], dict(m.arms)) for m in found] == [
        (0, [], {A: 4}),
        (1, [61.0, 65.0], {}),
        (2, [130.0], {}),
    ]
    assert dict(found[0].groups) == {("plan", "free"): 2}


def test_late_traffic_counts_in_the_next_minute() -> None:
    live = Settling(0.0)
    live.pass_calls(5, {A: 1}, {})
    live.advance(1000.0)
    live.pass_calls(3, {A: 7}, {})
    (minute,) = live.advance(1e9)
    assert (minute.minute, minute.arms[A]) == (6, 7)


def test_a_person_counts_once_a_day_and_each_failure_once_a_cluster() -> None:
    live = Settling(0.0)
    for n in range(3):
        live.judge(f"a{n}", outcome(60.0 * n, failed=True))
        live.judge(f"b{n}", outcome(60.0 * n, person="other"))
        live.judge(f"c{n}", outcome(60.0 * n, person=""))  # nobody knows who: each for itself
    live.judge("next", outcome(86_400.0))
    calls = [call for minute in live.advance(1e9) for call in minute.calls]
    assert [call.counts for call in calls if call.person == "u"] == [True, False, False, True]
    assert sum(call.counts for call in calls if call.person == "other") == 1
    assert sum(call.counts for call in calls if call.person == "") == 3
    assert sum(call.counts_failed for call in calls if call.failed) == 1


def test_more_than_may_wait_settles_early() -> None:
    live = Settling(1e6, max_waiting=5)
    for n in range(10):
        live.judge(f"t{n}", outcome(60.0 * n))
    found = live.advance(600.0)
    assert [minute.minute for minute in found] == [0, 1, 2, 3, 4]


def test_a_restored_one_continues_as_an_undisturbed_one() -> None:
    rng = random.Random(1)
    undisturbed, restored = Settling(120.0), Settling(120.0)
    told: list[tuple[list[Minute], list[Minute]]] = []
    for n in range(200):
        at = 10.0 * n - rng.random() * 100
        one = outcome(max(at, 0.0), rng.choice([0, 1, 2, None]), f"u{n % 7}", failed=n % 5 == 0)
        for live in (undisturbed, restored):
            live.judge(f"t{n % 150}", msgspec.structs.replace(one))
            live.pass_calls(int(one.at // 60), {A: 1}, {("plan", "x"): 1})
        told.append((undisturbed.advance(10.0 * n), restored.advance(10.0 * n)))
        raw = msgspec.msgpack.encode(restored.dump())
        restored = Settling(120.0)
        restored.load(msgspec.msgpack.decode(raw))
    assert all(left == right for left, right in told)
    assert restored.dump() == undisturbed.dump()
