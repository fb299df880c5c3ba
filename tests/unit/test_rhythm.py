"""The rhythm of failures a call: none at first, then of the day, then of the week."""

import math
import random

import pytest

from flywheel_stream.rhythm import Place, Rhythm, place


def learnt(days: int, level: float, *, weekend: float = 1.0) -> Rhythm:
    """Failures a call that vary by hour, from e^-0.5 to e^0.5, and at weekends; 60 calls an hour."""
    rhythm = Rhythm()
    rng = random.Random(days)
    for hour in range(24 * days):
        at = place(hour * 60)
        mean = level * math.exp(0.5 * math.sin(at.hour / 24 * 2 * math.pi))
        mean *= weekend if at.day >= 5 else 1.0
        rhythm.learn(at, max(rng.gauss(mean, math.sqrt(mean)), 0.0), 60.0)
    rhythm.refresh(1.0)
    return rhythm


def middle(hour: int, day: int = 0) -> Place:
    return Place(hour, day, 0.5)


def test_without_failures_there_is_none() -> None:
    rhythm = Rhythm()
    rhythm.refresh(1.0)
    rhythm.learn(middle(3), 0.0, 100.0)
    rhythm.refresh(1.0)
    assert {rhythm.factor(middle(hour)) for hour in range(24)} == {1.0}


def test_days_teach_the_hours_of_the_day() -> None:
    rhythm = learnt(4, 200.0)
    assert rhythm.factor(middle(6, day=5)) == pytest.approx(math.exp(0.5) / 1.063, rel=0.12)
    assert rhythm.factor(middle(18, day=6)) == pytest.approx(math.exp(-0.5) / 1.063, rel=0.12)


def test_little_moves_little() -> None:
    rhythm = learnt(1, 1.0)
    assert all(abs(rhythm.factor(middle(hour)) - 1) < 0.1 for hour in range(24))


def test_weeks_teach_the_days_of_the_week() -> None:
    rhythm = learnt(28, 200.0, weekend=0.5)
    for hour in (0, 6, 18):
        weekday, weekend = rhythm.factor(middle(hour, 2)), rhythm.factor(middle(hour, 6))
        assert weekend / weekday == pytest.approx(0.5, rel=0.1)


def test_between_the_middles_of_hours_it_is_a_line() -> None:
    rhythm = learnt(28, 200.0)
    ends = rhythm.factor(middle(2)), rhythm.factor(middle(3))
    assert rhythm.factor(Place(2, 0, 0.999999)) == pytest.approx(sum(ends) / 2, rel=1e-4)
    assert rhythm.factor(Place(3, 0, 0.0)) == pytest.approx(sum(ends) / 2, rel=1e-4)


def test_doubt_falls_as_failures_come() -> None:
    doubts = [learnt(days, 50.0).doubt(middle(3), 1.0) for days in (1, 4, 28)]
    assert Rhythm().doubt(middle(3), 1.0) > doubts[0] > doubts[1] > doubts[2]


def test_a_dump_loads_to_the_same() -> None:
    rhythm, again = learnt(9, 5.0), Rhythm()
    again.load(rhythm.dump())
    assert again.dump() == rhythm.dump()
