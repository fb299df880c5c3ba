"""Arms: verdicts that are right, quiet, ordered by event time, restorable."""

import random
from typing import Any

import msgspec
import pytest

from flywheel_stream import experiments
from flywheel_stream.errors import StateError
from flywheel_stream.experiments import ALPHA, CLUSTERS, FAILURES, SATISFACTION, Experiments
from flywheel_stream.settling import Arm, Minute, Outcome

A, B = Arm("m1", "a"), Arm("m2", "b")
DAY = 1440


def outcome(minute: int, arm: Arm, **fields: Any) -> Outcome:
    base: dict[str, Any] = {
        "score": None,
        "failed": False,
        "cluster": None,
        "groups": {},
        "person": "",
    }
    return Outcome(at=60.0 * minute, arm=arm, **{**base, **fields})


def minutes(
    number: int,
    *,
    seed: int = 1,
    satisfied: tuple[float, float] = (0.7, 0.7),
    failing: tuple[float, float] = (0.02, 0.02),
    share: float = 0.5,
    calls: int = 20,
    start: int = 0,
    clusters: int = 1,
) -> list[Minute]:
    """Minutes of calls of two arms, a fifth of them scored."""
    rng = random.Random(seed)
    out = []
    for minute in range(start, start + number):
        arms, judged = {A: 0, B: 0}, []
        for _ in range(calls):
            second = rng.random() < share
            arm = B if second else A
            arms[arm] += 1
            if rng.random() < failing[second]:
                cluster = f"c_{rng.randrange(clusters)}"
                judged.append(outcome(minute, arm, failed=True, cluster=cluster))
            if rng.random() < 0.2:
                score = 2 * (rng.random() < satisfied[second])
                judged.append(outcome(minute, arm, score=score))
        out.append(Minute(minute, judged, arms, {}))
    return out


def settled(found: list[Minute], **shares: float) -> Experiments:
    live = Experiments(shares)
    for minute in found:
        live.settle(minute)
    return live


def test_equal_arms_get_no_verdict_and_are_told_what_would_have_been_seen() -> None:
    (row,) = settled(minutes(600)).rows()
    assert row.verdict.kind == "none"
    assert "points in satisfaction would have been found" in row.verdict.sentence
    assert 0.05 < row.detectable < 0.15
    assert not row.interval.excludes(0.0)
    assert sum(row.calls) == 12_000


def test_the_arm_that_satisfies_more_wins() -> None:
    for satisfied, arm in (((0.6, 0.8), B), ((0.8, 0.6), A)):
        (row,) = settled(minutes(400, satisfied=satisfied)).rows()
        assert row.verdict[:2] == ("winner", arm)
        assert f"{arm} satisfies more: +" in row.verdict.sentence
        assert not row.interval.excludes(satisfied[1] - satisfied[0])
        assert row.p < ALPHA * SATISFACTION


def test_an_arm_that_fails_more_is_pulled_back_by_the_name_of_the_cluster() -> None:
    found = minutes(400, failing=(0.02, 0.06), share=0.2)
    (row,) = settled(found).rows(lambda cluster: f"about {cluster}")
    assert row.verdict[:2] == ("pull_back", B)
    assert row.verdict.sentence.startswith(
        "pull back m2, arm b: failures of cluster c_0 (about c_0)"
    )
    low, high = row.clusters["c_0"].interval
    assert 1.0 < low < 3.0 < high
    (turned,) = settled(minutes(400, failing=(0.06, 0.02))).rows()
    assert turned.verdict[:2] == ("pull_back", A)


def test_more_satisfaction_with_more_failures_is_no_winner() -> None:
    (row,) = settled(minutes(600, satisfied=(0.6, 0.8), failing=(0.02, 0.06))).rows()
    assert row.verdict.kind == "mixed"
    assert row.verdict.arm is None


def test_a_split_that_is_not_the_configured_one_withholds_the_verdict() -> None:
    found = minutes(300, satisfied=(0.6, 0.8), share=0.45)
    (row,) = settled(found, a=0.5, b=0.5).rows()
    assert row.verdict.kind == "withheld"
    assert "instead of 50.0 %" in row.verdict.sentence
    (fine,) = settled(found, a=0.55, b=0.45).rows()
    assert fine.verdict.kind == "winner"
    (unknown,) = settled(found).rows()
    assert unknown.mismatch is None


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_looked_at_every_minute_equal_arms_are_rarely_told_apart(share: float) -> None:
    wrong = 0
    for seed in range(40):
        live = settled(minutes(120, seed=seed, share=share, clusters=5))
        (row,) = live.rows()
        questions = [(row.p, ALPHA * SATISFACTION), (row.failures.p, ALPHA * FAILURES)]
        questions += [
            (ratio.p, ALPHA * CLUSTERS / (n * (n + 1)))
            for n, ratio in enumerate(row.clusters.values(), 1)
        ]
        wrong += any(p <= level for p, level in questions)  # at any look, not at the last alone
    assert wrong <= 40 * ALPHA


def test_a_rate_that_changes_for_both_arms_at_once_is_no_difference() -> None:
    found: list[Minute] = []
    for part in range(6):  # nights are bad, and the new arm gets its traffic at night
        bad = part % 2
        rate, share = (0.4, 0.7) if bad else (0.9, 0.1)
        more = minutes(
            60, seed=part, satisfied=(rate, rate), failing=(0.02 + 0.1 * bad,) * 2,
            share=share, start=60 * part,
        )  # fmt: skip
        found += more
    (row,) = settled(found).rows()
    assert row.satisfied[0] is not None
    assert row.satisfied[1] is not None
    assert row.satisfied[0] - row.satisfied[1] > 0.2  # pooled, they look different
    assert row.verdict.kind == "none"


def test_sparse_traffic_is_put_together_until_both_arms_are_in_it() -> None:
    rng = random.Random(1)
    found = []
    for minute in range(6000):  # a call a minute, never one of each
        arm = rng.choice((A, B))
        failed = rng.random() < (0.02 if arm == A else 0.08)
        judged = [outcome(minute, arm, failed=True, cluster="c")] if failed else []
        found.append(Minute(minute, judged, {arm: 1}, {}))
    (row,) = settled(found).rows()
    assert row.verdict[:2] == ("pull_back", B)
    assert not row.failures.interval.excludes(4.0)


def test_a_deployment_begins_anew_and_what_it_ended_is_kept() -> None:
    live = settled(minutes(300, satisfied=(0.8, 0.5)))
    live.restart(300 * 60.0 - 1, "b")
    for minute in minutes(20, start=300):
        live.settle(minute)
    now, before = live.rows()
    assert (now.until, now.verdict.kind, now.since) == (None, "none", 300 * 60.0)
    assert (before.until, before.verdict.kind) == (300 * 60.0 - 1, "winner")
    live.restart(320 * 60.0 - 1, "other")
    live.settle(minutes(1, start=320)[0])
    assert len(live.rows()) == 2
    live.restart(321 * 60.0 - 1)
    live.settle(minutes(1, start=321)[0])
    assert len(live.rows()) == 3


def test_a_minute_in_which_a_version_changes_counts_for_neither() -> None:
    live = Experiments()
    for minute in minutes(10):
        live.settle(minute)
    live.restart(10 * 60.0 + 30, "b")
    for minute in minutes(10, start=10):
        live.settle(minute)
    now, before = live.rows()
    assert sum(before.calls) == 200
    assert sum(now.calls) == 180
    assert now.since == 11 * 60.0
    live.restart(20 * 60.0, "b")  # at its first moment: the whole minute is of the new one
    for minute in minutes(1, start=20):
        live.settle(minute)
    assert [sum(row.calls) for row in live.rows()] == [20, 180, 200]


def test_an_arm_alone_in_failing_is_said_to_fail_at_least_so_many_times_more() -> None:
    (row,) = settled(minutes(200, failing=(0.0, 0.05))).rows()
    assert "c_0 at least " in row.verdict.sentence
    assert row.verdict.sentence.endswith("(95 %; the other arm had none)")


def test_two_models_of_one_variant_are_before_and_after_and_not_compared() -> None:
    live = Experiments()
    for n, model in enumerate(("m1", "m2")):
        for minute in range(10 * n, 10 * n + 10):
            live.settle(Minute(minute, [], {Arm(model, "b"): 5}, {}))
    assert live.rows() == []
    for minute in range(20, 25):
        live.settle(Minute(minute, [], {Arm("m1"): 5, Arm("m2"): 5}, {}))
    (row,) = live.rows()
    assert (row.first, row.second) == (Arm("m1"), Arm("m2"))


def test_what_a_person_says_again_does_not_count() -> None:
    again = [outcome(0, arm, score=2, counts=False) for arm in (A, B) for _ in range(5)]
    failed = [outcome(0, A, failed=True, cluster="c", counts_failed=False)]
    (row,) = settled([Minute(0, again + failed, {A: 5, B: 5}, {})]).rows()
    assert row.scored == (0, 0)
    assert row.failures.failures == (0, 0)


def test_clusters_that_merge_count_as_one() -> None:
    found = minutes(400, failing=(0.02, 0.06), clusters=2)
    live = settled(found[:200])
    for minute in found[200:]:
        live.settle(minute, lambda name: "c_1")
    whole = Experiments()
    for minute in found:
        whole.settle(minute, lambda name: "c_1")
    (row,), (expected,) = live.rows(), whole.rows()
    assert row.clusters["c_1"].failures == expected.clusters["c_1"].failures
    assert row.clusters["c_1"].interval == pytest.approx(expected.clusters["c_1"].interval)


def test_arms_clusters_and_queues_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "MAX_CLUSTERS", 3)
    live = settled(minutes(100, failing=(0.3, 0.3), clusters=50))
    assert len(live.rows()[0].clusters) == 3
    for n in range(20):
        live.settle(Minute(200 + n, [], {Arm(f"m{n}", f"v{n}"): 1}, {}))
    pairs = experiments.MAX_ARMS * (experiments.MAX_ARMS - 1) // 2
    assert len(live.dump()["pairs"]) <= pairs
    lonely = [Minute(n, [outcome(n, A, score=2)] * 50, {A: 50, B: 1}, {}) for n in range(100)]
    queue = settled(lonely).dump()["pairs"][0][-1][5][0]
    assert len(queue) <= experiments._MAX_QUEUE


def test_too_many_arms_leave_those_that_are_compared_alone() -> None:
    arms = {Arm("m", f"v{n}"): 10 for n in range(experiments.MAX_ARMS + 2)}
    live = settled([Minute(n, [], arms, {}) for n in range(10)])
    rows = live.rows()
    assert len(rows) == experiments.MAX_ARMS * (experiments.MAX_ARMS - 1) // 2
    assert all(row.calls == (100, 100) for row in rows)
    late = Arm("m", "v9")
    live.settle(Minute(100, [], {late: 10, Arm("m", "v0"): 10}, {}))
    assert {row.second for row in live.rows()} >= {late}


def test_a_restored_fold_continues_as_an_undisturbed_one() -> None:
    found = minutes(60, failing=(0.1, 0.2), clusters=4)
    undisturbed, restored = Experiments({"a": 0.5, "b": 0.5}), Experiments({"a": 0.5, "b": 0.5})
    for n, minute in enumerate(found):
        for live in (undisturbed, restored):
            if n == 30:
                live.restart(60.0 * n - 1, "a")
            live.settle(minute)
        raw = msgspec.msgpack.encode(restored.dump())
        restored = Experiments({"a": 0.5, "b": 0.5})
        restored.load(msgspec.msgpack.decode(raw))
    assert restored.dump() == undisturbed.dump()
    assert restored.rows() == undisturbed.rows()


def test_a_dump_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Experiments().load({"v": 99})
