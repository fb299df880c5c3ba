"""Drift: noticed, dated, quiet without one, restorable."""

import random

import msgspec
import pytest

from flywheel_stream.drift import MAX_ARMS, Drift, Drifted, suspects
from flywheel_stream.errors import StateError
from flywheel_stream.events import Deployment
from flywheel_stream.settling import Arm, Minute, Outcome

A = Arm("m1", "a")


def minutes(levels: list[float], each: int = 300, seed: int = 1, arm: Arm = A) -> list[Minute]:
    """Two scores a minute, at one level after another."""
    rng = random.Random(seed)
    out = []
    for n in range(len(levels) * each):
        rate = levels[n // each]
        calls = [
            Outcome(
                60.0 * n, arm, "", 2 * (rng.random() < rate), failed=False, cluster=None, groups={}
            )
            for _ in range(2)
        ]
        out.append(Minute(n, calls, {}, {}))
    return out


def watched(found: list[Minute]) -> Drift:
    live = Drift()
    for minute in found:
        live.settle(minute)
    return live


def test_a_fall_and_a_recovery_are_noticed_and_dated() -> None:
    fell, rose = watched(minutes([0.8, 0.4, 0.8])).rows()
    assert fell.arm == Arm("", "a")
    assert fell.began == pytest.approx(300 * 60, abs=20 * 60)
    assert rose.began == pytest.approx(600 * 60, abs=20 * 60)
    assert fell.began < fell.noticed < 450 * 60
    assert fell.before == pytest.approx(0.8, abs=0.05)
    assert fell.after < 0.6 < rose.after


def test_without_a_change_it_is_quiet() -> None:
    assert sum(len(watched(minutes([0.7], 1500, seed)).rows()) for seed in range(5)) == 0


def test_another_model_in_the_variant_is_seen_as_its_change() -> None:
    found = minutes([0.8]) + [
        minute._replace(minute=minute.minute + 300)
        for minute in minutes([0.4], arm=Arm("m2", "a"), seed=2)
    ]
    assert [row.arm for row in watched(found).rows()] == [Arm("", "a")]
    alone = minutes([0.8], arm=Arm("m1")) + minutes([0.4], arm=Arm("m2"))
    assert watched(alone).rows() == []


def test_the_deployment_that_fits_is_named_first() -> None:
    drift = Drifted(Arm("", "b"), began=50_000.0, noticed=53_000.0, before=0.8, after=0.4)
    deployments = [
        Deployment(ts=ts, what="prompt", version=name, variant=variant)
        for ts, name, variant in (
            (20_000.0, "long ago", ""),
            (40_000.0, "hours before", "b"),
            (49_900.0, "just before", ""),
            (49_950.0, "another arm", "a"),
            (54_000.0, "afterwards", "b"),
        )
    ]
    assert [d.version for d in suspects(drift, deployments)] == ["just before", "hours before"]


def test_arms_are_bounded_and_what_does_not_count_is_left_out() -> None:
    live = Drift()
    for n in range(30):
        call = Outcome(60.0 * n, Arm(f"m{n}"), "", 2, failed=False, cluster=None, groups={})
        live.settle(Minute(n, [call, msgspec.structs.replace(call, counts=False)], {}, {}))
    arms = live.dump()["arms"]
    assert len(arms) == MAX_ARMS
    assert all(len(scores) == 1 for *_, scores in arms)


def test_a_restored_one_continues_as_an_undisturbed_one() -> None:
    undisturbed, restored = Drift(), Drift()
    for n, minute in enumerate(minutes([0.8, 0.4, 0.8], 900)):
        undisturbed.settle(minute)
        restored.settle(minute)
        if n % 100 == 0:
            raw = msgspec.msgpack.encode(restored.dump())
            restored = Drift()
            restored.load(msgspec.msgpack.decode(raw))
    assert restored.dump() == undisturbed.dump()
    assert len(restored.rows()) == 2


def test_a_dump_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Drift().load({"v": 99})
