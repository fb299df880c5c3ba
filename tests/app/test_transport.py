"""The batched driver's own parts: how runs are folded, and what may be committed."""

import random
from typing import Any, NamedTuple

import pytest
from faust.types import TP

from stream.transport import Batch, Ledger, fold

A, B = TP("a", 0), TP("b", 1)


class Record(NamedTuple):
    """As much of a record as folding looks at."""

    offset: int
    value: bytes | None = b"x"
    key: bytes | None = None


def batch(tp: TP, *offsets: int) -> Batch:
    records: Any = [Record(offset) for offset in offsets]
    return Batch(tp, records, len(records))


def folded(offsets: list[int], count: int, size: int, value: bytes | None = b"x") -> list[Any]:
    records: Any = [Record(offset, value) for offset in offsets]
    return list(fold(A, records, count, size))


def test_a_run_is_cut_by_count_in_order() -> None:
    parts = folded(list(range(10)), count=4, size=10**6)
    assert [[r.offset for r in part.records] for part in parts] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert [part.end for part in parts] == [4, 8, 10]


def test_a_run_is_cut_by_bytes_and_a_giant_is_alone() -> None:
    parts = folded(list(range(5)), count=100, size=250, value=b"x" * 100)
    assert [len(part.records) for part in parts] == [2, 2, 1]
    giants = folded([0, 1], count=100, size=10, value=b"x" * 100)
    assert [len(part.records) for part in giants] == [1, 1]


def test_an_empty_run_is_no_batch_and_tombstones_weigh_nothing() -> None:
    assert folded([], count=10, size=10) == []
    assert len(folded([0, 1, 2], count=10, size=1, value=None)) == 1


def test_nothing_is_safe_before_the_first_acknowledgement() -> None:
    ledger = Ledger()
    ledger.deliver(batch(A, 0, 1))
    assert ledger.safe(A) is None


def test_what_is_safe_is_the_end_of_the_acknowledged_prefix() -> None:
    ledger = Ledger()
    first, second, third = batch(A, 0, 1), batch(A, 2, 3), batch(A, 4)
    for one in (first, second, third):
        ledger.deliver(one)
    second.ack()
    assert ledger.safe(A) is None  # the first holds the commit back
    first.ack()
    assert ledger.safe(A) == 4
    third.ack()
    assert ledger.safe(A) == 5
    assert ledger.held() == 0


def test_gaps_in_the_offsets_cost_nothing() -> None:
    ledger = Ledger()
    compacted, beyond = batch(A, 3, 17), batch(A, 1000)
    ledger.deliver(compacted)
    ledger.deliver(beyond)
    compacted.ack()
    assert ledger.safe(A) == 18
    beyond.ack()
    assert ledger.safe(A) == 1001


def test_partitions_do_not_hold_each_other_back() -> None:
    ledger = Ledger()
    slow, quick = batch(A, 0), batch(B, 7)
    ledger.deliver(slow)
    ledger.deliver(quick)
    quick.ack()
    assert (ledger.safe(A), ledger.safe(B)) == (None, 8)


def test_a_batch_of_a_partition_that_went_away_is_void() -> None:
    ledger = Ledger()
    old = batch(A, 0, 1)
    ledger.deliver(old)
    ledger.drop([A])
    assert old.void
    again = batch(A, 0)  # read again, and cut in another way
    ledger.deliver(again)
    old.ack()
    assert ledger.safe(A) is None
    again.ack()
    assert ledger.safe(A) == 1


@pytest.mark.parametrize("seed", range(20))
def test_the_safe_offset_never_passes_an_unacknowledged_batch(seed: int) -> None:
    rng = random.Random(seed)
    ledger = Ledger()
    batches = [batch(A, *range(10 * i, 10 * i + rng.randint(1, 10))) for i in range(30)]
    for one in batches:
        ledger.deliver(one)
    for one in rng.sample(batches, len(batches)):
        one.ack()
        safe = ledger.safe(A) or 0
        assert all(b.acked for b in batches if b.end <= safe)
        assert all(b.first >= safe for b in batches if not b.acked)
    assert ledger.safe(A) == batches[-1].end
