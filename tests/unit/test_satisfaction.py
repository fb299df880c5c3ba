"""Satisfaction: equal to a batch recomputation, revisable, bounded, restorable."""

import random
from typing import NamedTuple

import msgspec
import pytest

from flywheel_stream import satisfaction
from flywheel_stream.errors import StateError
from flywheel_stream.satisfaction import (
    OTHER,
    RECENT_HALF_LIFE,
    Satisfaction,
    Slice,
    Stratum,
    who_votes,
)

START = 1_750_000_000.0 // 3600 * 3600
A = Slice("m1", "A")
B = Slice("m1", "B", "p2")


class Judged(NamedTuple):
    s: Slice
    ts: float
    satisfied: float
    weight: float
    thumb: str | None


def traffic(seed: int, count: int = 300, hours: float = 20) -> list[Judged]:
    rng = random.Random(seed)
    return [
        Judged(
            rng.choice([A, B]),
            START + rng.random() * hours * 3600,
            rng.random(),
            rng.random(),
            rng.choice(["up", "middle", "down", None]),
        )
        for _ in range(count)
    ]


def filled(judged: list[Judged]) -> Satisfaction:
    live = Satisfaction()
    for one in judged:
        live.update(*one)
    return live


def weighted_mean(judged: list[Judged], half_life: float | None = None) -> float:
    now = max(one.ts for one in judged)
    weights = [
        round(one.weight * 1024) / 1024 * (2 ** ((one.ts - now) / half_life) if half_life else 1)
        for one in judged
    ]
    return sum(w * one.satisfied for w, one in zip(weights, judged, strict=True)) / sum(weights)


def test_rows_and_hours_equal_a_batch_recomputation() -> None:
    judged = traffic(1)
    live = filled(judged)
    for row in live.rows():
        own = [one for one in judged if one.s == row.slice]
        assert row.judged == len(own)
        assert row.satisfied_mean == pytest.approx(weighted_mean(own), abs=1e-12)
        assert row.recent == pytest.approx(weighted_mean(own, RECENT_HALF_LIFE), abs=1e-9)
        assert row.thumbs == {
            name: sum(one.thumb == name for one in own) for name in ("up", "middle", "down")
        }
    hours = live.hours()
    assert [(h.hour, h.slice) for h in hours] == sorted((h.hour, h.slice) for h in hours)
    for cell in hours:
        own = [one for one in judged if one.s == cell.slice and one.ts // 3600 * 3600 == cell.hour]
        assert cell.judged == len(own)
        assert cell.satisfied_mean == pytest.approx(weighted_mean(own), abs=1e-12)


def test_traffic_counts_by_slice_and_hour() -> None:
    live = Satisfaction()
    live.traffic(A, int(START // 60), 10, 2)
    live.traffic(A, int(START // 60) + 59, 5, 1)
    live.traffic(A, int(START // 60) + 60, 1, 0)
    (row,) = live.rows()
    assert (row.calls, row.duplicates, row.judged) == (16, 3, 0)
    assert row.satisfied_mean is None
    assert row.recent is None
    assert [(h.hour, h.calls) for h in live.hours()] == [(START, 15), (START + 3600, 1)]


def test_revert_takes_back_whatever_came_between() -> None:
    kept, wrong = traffic(1), traffic(2, 50)
    live = filled([*wrong[:25], *kept[:100], *wrong[25:], *kept[100:]])
    random.Random(3).shuffle(wrong)
    for one in wrong:
        live.revert(*one)
    expected = filled(kept)
    for row, other in zip(live.rows(), expected.rows(), strict=True):
        assert row._replace(satisfied_mean=0, recent=0) == other._replace(
            satisfied_mean=0, recent=0
        )
        assert row.satisfied_mean == pytest.approx(other.satisfied_mean, abs=1e-9)
        assert row.recent == pytest.approx(other.recent, abs=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_reverting_everything_leaves_nothing(seed: int) -> None:
    judged = traffic(seed, 30)
    live = filled(judged)
    random.Random(seed).shuffle(judged)
    for one in judged:
        live.revert(*one)
    for row in live.rows():
        assert row[3:6] == (0, None, None)
        assert row.thumbs == {"up": 0, "middle": 0, "down": 0}


def test_an_answer_about_which_nothing_is_known_counts_but_does_not_weigh() -> None:
    live = Satisfaction()
    live.update(A, START, 0.5, 0.0, None)
    assert live.rows()[0][3:6] == (1, None, None)
    live.revert(A, START, 0.5, 0.0, None)
    assert live.rows()[0].judged == 0


def test_reverting_what_was_never_counted_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing was judged"):
        Satisfaction().revert(A, START, 1.0, 1.0, "up")


def test_recent_follows_event_time_with_its_half_life() -> None:
    live = Satisfaction()
    live.update(A, START, 1.0, 1.0, None)
    live.update(A, START + RECENT_HALF_LIFE, 0.0, 1.0, None)
    assert live.rows()[0].recent == pytest.approx(1 / 3)


def test_recent_survives_a_year_and_a_late_answer() -> None:
    live = Satisfaction()
    live.update(A, START, 1.0, 1.0, None)
    live.update(B, START, 1.0, 1.0, None)
    live.update(A, START + 365 * 86_400, 0.25, 1.0, None)
    live.update(A, START + 1, 1.0, 1.0, None)
    row = live.rows()[0]
    assert row.recent == pytest.approx(0.25)
    assert row.satisfied_mean == pytest.approx(0.75)


def test_slices_beyond_the_bound_share_one_row_and_revert_there() -> None:
    live = Satisfaction(max_slices=2)
    for n in range(10):
        live.update(Slice(f"m{n}"), START, n / 10, 1.0, "up")
        live.traffic(Slice(f"m{n}"), int(START // 60), 1, 0)
    assert [(row.slice.model, row.judged, row.calls) for row in live.rows()] == [
        ("m0", 1, 1),
        ("m1", 1, 1),
        (OTHER.model, 8, 8),
    ]
    assert len(live.hours()) == 3
    live.revert(Slice("m7"), START, 0.7, 1.0, "up")
    assert [row.judged for row in live.rows()] == [1, 1, 7]


def test_hours_are_bounded_and_a_forgotten_hour_stays_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(satisfaction, "MAX_HOURS", 10)
    live = Satisfaction()
    for hour in range(20):
        live.update(A, START + hour * 3600, 1.0, 1.0, None)
        live.update(B, START + hour * 3600, 1.0, 1.0, None)
    assert [h.hour for h in live.hours()[::2]] == [START + n * 3600 for n in range(15, 20)]
    live.update(A, START, 1.0, 1.0, None)
    live.revert(A, START, 1.0, 1.0, None)
    assert len(live.hours()) == 10
    assert live.rows()[0].judged == 20


def test_a_restored_fold_continues_as_an_undisturbed_one() -> None:
    judged = traffic(1, hours=2000)  # long enough for the weights to be scaled
    undisturbed, restored = Satisfaction(max_slices=1), Satisfaction(max_slices=1)
    for n, one in enumerate(judged):
        for live in (undisturbed, restored):
            live.update(*one)
            live.traffic(one.s, int(one.ts // 60), 3, 1)
            if n % 3 == 0:
                live.revert(*judged[n // 3])
        raw = msgspec.msgpack.encode(restored.dump())
        restored = Satisfaction(max_slices=1)
        restored.load(msgspec.msgpack.decode(raw))
    assert msgspec.msgpack.encode(restored.dump()) == msgspec.msgpack.encode(undisturbed.dump())
    assert restored.rows() == undisturbed.rows()
    assert restored.hours() == undisturbed.hours()


def test_a_dump_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Satisfaction().load({"v": 99})


# ---------------------------------------------------------------- who votes


def strata(seed: int, *, angry: float = 0.5, happy: float = 0.1) -> tuple[list[Stratum], float]:
    """Two strata of 5,000 calls whose users vote unlike each other; and the truth of all calls."""
    rng = random.Random(seed)
    out, satisfied = [], 0
    for rate, votes in ((0.9, happy), (0.3, angry)):
        up = down = 0
        for _ in range(5_000):
            good = rng.random() < rate
            satisfied += good
            if rng.random() < votes:
                up, down = up + good, down + (not good)
        out.append(Stratum(5_000, up, 0, down))
    return out, satisfied / 10_000


def test_the_rate_of_those_who_vote_is_corrected_to_that_of_all() -> None:
    held = 0
    for seed in range(40):
        found, truth = strata(seed)
        voters = who_votes(found)
        assert voters.among_rated is not None
        assert voters.among_all is not None
        assert voters.rated_interval.high < truth - 0.1  # the angry are heard more
        assert voters.among_all == pytest.approx(truth, abs=0.04)
        assert voters.bounds.low < truth < voters.bounds.high
        held += not voters.all_interval.excludes(truth)
    assert held >= 36


def test_where_all_vote_alike_nothing_is_corrected() -> None:
    voters = who_votes([Stratum(1_000, 70, 10, 20), Stratum(2_000, 140, 20, 40)])
    assert voters.among_rated == pytest.approx(0.75)
    assert voters.among_all == pytest.approx(0.75)
    assert (voters.calls, voters.rated) == (3_000, 300)
    assert voters.bounds == pytest.approx((225 / 3000, 225 / 3000 + 0.9))


def test_strata_of_few_votes_are_put_together_and_silent_ones_widen_the_interval() -> None:
    voters = who_votes([Stratum(100, 40, 0, 10), Stratum(50, 1, 0, 1), Stratum(50, 0, 0, 2)])
    assert voters.among_all == pytest.approx(0.5 * 0.8 + 0.5 * 0.25)
    silent = who_votes([Stratum(100, 40, 0, 10), Stratum(100, 0, 0, 0)])
    assert silent.among_all == pytest.approx(0.8)
    assert silent.all_interval.low < 0.4
    assert silent.all_interval.high > 0.9


def test_nobody_voted() -> None:
    voters = who_votes([Stratum(100, 0, 0, 0)])
    assert voters.among_rated is None
    assert voters.among_all is None
    assert voters.all_interval == voters.bounds == (0.0, 1.0)
    assert who_votes([]).calls == 0
