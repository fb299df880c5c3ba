"""Exposure: calls by minute, however and whenever they are told."""

import pytest

from flywheel_stream.decay import Clock
from flywheel_stream.exposure import HELD_AT_LEAST, TRAILING, Exposure

FIRST = 29_000_000


def exposure() -> Exposure:
    clocks = Clock(86_400.0), Clock(14 * 86_400.0)
    for clock in clocks:
        clock.advance(FIRST * 60.0)
    return Exposure(*clocks)


def close(found: Exposure, until: int) -> None:
    for horizon in found.close(until):
        found.learn(horizon)


def told(minutes: dict[int, int], looks: list[int]) -> Exposure:
    found = exposure()
    close(found, FIRST)
    for until in looks:
        for minute in sorted(minutes):
            if (found.next or FIRST) <= minute < until:
                found.add(minute, minutes[minute])
        close(found, until)
    return found


def test_how_often_it_is_looked_at_changes_nothing() -> None:
    calls = {FIRST + m: 50 + m % 7 for m in (*range(200), *range(5000, 5100))}
    often = told(calls, list(range(FIRST + 1, FIRST + 6001)))
    seldom = told(calls, [FIRST + 77, FIRST + 3000, FIRST + 4999, FIRST + 5050, FIRST + 6000])
    assert seldom.dump() == often.dump()
    assert seldom.now() == often.now()


def test_it_falls_no_faster_than_the_mean_of_half_an_hour() -> None:
    found = told({FIRST + m: 300 if m < 60 else 30 for m in range(120)}, [FIRST + 120])
    end = found.total(FIRST + 120)
    assert end - found.total(FIRST + 119) == pytest.approx(30)
    fallen = found.total(FIRST + 61) - found.total(FIRST + 60)
    assert fallen == pytest.approx((29 * 300 + 30) / TRAILING)


def test_without_calls_it_goes_on_as_usual_and_nothing_is_learnt() -> None:
    found = told({FIRST + m: 100 for m in range(100)}, [FIRST + 100])
    close(found, FIRST + 200)
    usual = found.total(FIRST + 200) - found.total(FIRST + 199)
    learnt = found.ahead()
    close(found, FIRST + 300)
    assert found.ahead() == learnt
    assert found.total(FIRST + 300) - found.total(FIRST + 290) == pytest.approx(10 * usual)
    assert 50 < usual < 100


def test_the_latest_minutes_are_held_back() -> None:
    found = told({FIRST + m: 100 for m in range(60)}, [FIRST + 30])
    assert found.horizon(FIRST + 30) == FIRST + 30 - HELD_AT_LEAST
    assert found.slow < found.ahead()[1] == pytest.approx(3000, rel=0.01)
