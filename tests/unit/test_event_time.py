"""Event time: the watermark, the reorder buffer, marks, ticks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flywheel_stream.event_time import NEVER, Marks, ReorderBuffer, Watermark, above, ticks
from flywheel_stream.events import (
    Clock,
    Judged,
    Traffic,
    TrafficCount,
    differences,
    offsets_of,
)
from tests.unit.test_learning import interaction, judged, thumb

START = 1_760_000_000.0


def clock(until: float, topic: str = "a", **fields: bool) -> Clock:
    return Clock(topic=topic, partition=0, until=until, **fields)


def test_the_watermark_is_the_least_of_all_inputs_less_the_lateness() -> None:
    mark = Watermark(10.0)
    mark.advance(clock(100.0))
    assert mark.now == 90.0
    mark.advance(clock(50.0, "b"))
    assert mark.now == 90.0  # it never goes back
    mark.advance(clock(200.0))
    assert mark.now == 90.0
    mark.advance(clock(150.0, "b"))
    assert mark.now == 140.0


def test_an_idle_input_does_not_hold_time_back_until_it_speaks_again() -> None:
    mark = Watermark(0.0)
    mark.advance(clock(100.0))
    mark.advance(clock(10.0, "b", idle=True))
    mark.advance(clock(200.0))
    assert mark.now == 200.0
    mark.advance(clock(205.0, "b"))
    mark.advance(clock(300.0))
    assert mark.now == 205.0


def test_at_the_end_of_all_inputs_time_runs_to_the_last_record() -> None:
    mark = Watermark(10.0, ["a/0", "b/0"])
    mark.advance(clock(100.0, end=True))
    assert (mark.now, mark.ended) == (NEVER, False)
    mark.advance(clock(80.0, "b", end=True))
    assert (mark.now, mark.ended) == (100.0, True)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1e6), st.booleans()), max_size=30))
def test_the_watermark_never_goes_back_and_survives_a_dump(
    steps: list[tuple[str, float, bool]],
) -> None:
    mark = Watermark(5.0)
    for topic, until, idle in steps:
        before = mark.now
        mark.advance(clock(until, topic, idle=idle))
        mark = Watermark.load(mark.dump(), 5.0)
        assert mark.now >= before


def revision(number: int, ts: float, n: int = 0) -> Judged:
    signals = [thumb("t", ts - number + 1 + i, "down") for i in range(number)]
    return judged(interaction("t", START), number, *signals, n=n)


def test_of_one_trace_and_time_the_fullest_wins() -> None:
    for order in ([1, 2], [2, 1]):
        buffer = ReorderBuffer()
        for number in order:
            buffer.push(revision(number, START + 9))
        (record,) = buffer.pop_until(START + 100)
        assert isinstance(record, Judged)
        assert record.revision == 2


@pytest.mark.parametrize("seed", range(5))
def test_the_buffer_gives_one_order_whatever_came_first(seed: int) -> None:
    records = [judged(interaction(f"t{i}", START + i % 7), i) for i in range(40)]
    sorted_buffer, shuffled = ReorderBuffer(), ReorderBuffer()
    for record in records:
        sorted_buffer.push(record)
    random.Random(seed).shuffle(records)
    for record in records:
        shuffled.push(record)
    restored = ReorderBuffer.load(shuffled.dump())
    first = sorted_buffer.pop_until(START + 3)
    assert first == shuffled.pop_until(START + 3) == restored.pop_until(START + 3)
    assert len(sorted_buffer) == len(shuffled) == 40 - len(first)
    assert sorted_buffer.pop_until(START + 100) == shuffled.pop_until(START + 100)


def test_ticks_are_whole_and_each_comes_once() -> None:
    assert list(ticks(0.0, 30.0)) == [10.0, 20.0, 30.0]
    assert list(ticks(30.0, 39.9)) == []
    assert list(ticks(39.9, 40.0)) == [40.0]
    assert list(ticks(NEVER, 45.0)) == [40.0]
    assert list(ticks(NEVER, NEVER)) == []


def test_marks_drop_what_is_not_above_them() -> None:
    marks = Marks()
    record = judged(interaction("t", START), 5, n=1)
    assert marks.take(record) is record
    assert marks.take(judged(interaction("t", START), 5, n=1)) is None
    assert marks.take(judged(interaction("t", START), 4, n=9)) is None
    later = judged(interaction("t", START), 5, n=2)
    assert Marks.load(marks.dump()).take(later) is later


def traffic(*offsets: int, again: tuple[int, ...] = ()) -> Traffic:
    record = judged(interaction("t", START), offsets[-1], topic="llm.logs")
    count = TrafficCount(
        minute=1,
        model="m",
        calls=len(offsets),
        duplicates=len(again),
        offsets=differences(offsets),
        duplicate_offsets=differences(again),
    )
    return Traffic(origin=record.origin, app="shop", counts=[count])


def test_of_traffic_only_the_offsets_above_the_mark_count() -> None:
    part = above(traffic(3, 4, 5, 9, again=(4, 9)), 4)
    assert part
    assert (part.counts[0].calls, part.counts[0].duplicates) == (2, 1)
    assert above(traffic(3, 4), 4) is None


@given(st.lists(st.integers(0, 10**12), unique=True).map(sorted))
def test_differences_come_back(offsets: list[int]) -> None:
    assert offsets_of(differences(offsets)) == offsets
