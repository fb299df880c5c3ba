"""Windows: equal to a recount of the records, revisable, bounded, restorable."""

import random
from collections import Counter
from typing import Any, NamedTuple

import msgspec
import pytest

from flywheel_stream import windows
from flywheel_stream.errors import StateError
from flywheel_stream.windows import ALL, OTHER, WINDOWS, Windows, judged, traffic

START = 1_750_000_000.0 // 21_600 * 21_600


class Record(NamedTuple):
    ts: float
    where: dict[str, str]
    calls: int
    satisfied: float
    weight: float
    thumb: str | None
    failed: bool

    @property
    def cell(self) -> windows.Cell:
        if self.calls:
            return traffic(self.calls, self.calls // 3)
        return judged(self.satisfied, self.weight, self.thumb, failed=self.failed)


def records(seed: int, number: int = 600, days: float = 9.0, models: int = 2) -> list[Record]:
    rng = random.Random(seed)
    out = [
        Record(
            START + rng.random() * days * 86_400,
            {ALL: "", "model": f"m{rng.randrange(models)}"},
            rng.choice([0, 0, 5]),
            rng.random(),
            rng.random(),
            rng.choice(["up", "middle", "down", None]),
            rng.random() < 0.2,
        )
        for _ in range(number)
    ]
    return sorted(out)


def counted(found: list[Record], **settings: int) -> Windows:
    live = Windows(**settings)
    for one in found:
        live.count(one.ts, one.where, one.cell)
    return live


def recounted(found: list[Record], now: float) -> dict[tuple[str, str, str], list[Any]]:
    """What plain Python finds in the same records."""
    out: dict[tuple[str, str, str], list[Any]] = {}
    for window in WINDOWS:
        first = (now // window.bucket - window.buckets) * window.bucket
        for one in found:
            if not first <= one.ts <= now:
                continue
            for dimension, value in one.where.items():
                row = out.setdefault((dimension, value, window.name), [0, 0, 0, 0, 0, Counter(), 0])
                row[0] += one.calls
                row[1] += one.calls // 3
                if not one.calls:
                    sure = round(one.weight * 1024)
                    row[2] += 1
                    row[3] += sure
                    row[4] += round(one.satisfied * sure * 2**20)
                    row[5][one.thumb] += 1
                    row[6] += one.failed
    return out


@pytest.mark.parametrize("seed", range(5))
def test_every_window_equals_a_recount_exactly(seed: int) -> None:
    found = records(seed)
    live = counted(found)
    now = found[-1].ts
    expected = recounted(found, now)
    rows = live.rows(now)
    assert {row[:3] for row in rows} == set(expected)
    for row in rows:
        calls, duplicates, number, sure, satisfied, thumbs, failed = expected[row[:3]]
        assert (row.calls, row.duplicates, row.judged, row.failed) == (
            calls,
            duplicates,
            number,
            failed,
        )
        assert (row.up, row.middle, row.down) == (thumbs["up"], thumbs["middle"], thumbs["down"])
        assert row.none == max(calls - thumbs["up"] - thumbs["middle"] - thumbs["down"], 0)
        assert row.satisfied == (satisfied / sure / 2**20 if sure else None)


def test_the_mean_is_that_of_the_records_to_the_sixth_digit() -> None:
    found = [one._replace(calls=0) for one in records(1, days=0.01)]
    (row,) = [r for r in counted(found).rows() if r[:3] == (ALL, "", "1w")]
    weights = [one.weight for one in found]
    mean = sum(one.satisfied * one.weight for one in found) / sum(weights)
    assert row.satisfied == pytest.approx(mean, abs=1e-3)  # weights are 1024ths
    assert row.satisfied is not None


def test_the_order_changes_nothing_and_what_is_taken_back_leaves_nothing() -> None:
    found, wrong = records(1, days=0.5), records(2, 100, days=0.5)
    live = counted(found)
    mixed = found + wrong
    random.Random(3).shuffle(mixed)
    other = counted(mixed)
    for one in wrong:
        other.count(one.ts, one.where, one.cell, by=-1)
    assert other.rows(found[-1].ts) == live.rows(found[-1].ts)


def test_time_empties_the_windows() -> None:
    live = counted(records(1, days=0.001))
    now = START + 86.4
    assert len({row.window for row in live.rows(now)}) == 4
    assert {row.window for row in live.rows(now + 3600)} == {"1d", "1w"} | (
        {"1h"} if (now + 3600) // 300 - now // 300 <= 12 else set()
    )
    assert live.rows(now + 30 * 86_400) == []
    assert Windows().rows() == []


def test_values_beyond_the_bound_share_a_row_and_nothing_is_lost() -> None:
    found = records(1, models=50)
    rows = counted(found, max_values=3).rows(found[-1].ts)
    week = [row for row in rows if row.window == "1w"]
    models = [row for row in week if row.dimension == "model"]
    assert len(models) == 4
    (whole,) = [row for row in week if row.dimension == ALL]
    for name in ("calls", "judged", "up", "down", "failed"):
        assert sum(getattr(row, name) for row in models) == getattr(whole, name)


def test_a_heavy_value_that_comes_late_gets_a_row_and_revisions_find_their_place() -> None:
    live = Windows(max_values=2)
    cell = judged(1.0, 1.0, "up", failed=False)
    for n, name in enumerate(("a", "a", "b", "c")):
        live.count(START + n, {"model": name}, cell)
    for n in range(30):
        live.count(START + 100 + n, {"model": "c"}, cell)
    live.count(START + 3600, {"model": "c"}, cell)  # a new hour: c was seen more than twice as b
    found = {row.value: row.up for row in live.rows(START + 3600) if row.window == "1d"}
    assert found == {"a": 2, "c": 1, OTHER: 32}
    live.count(START + 105, {"model": "c"}, cell, by=-1)  # counted before it had a row
    live.count(START + 2, {"model": "b"}, cell, by=-1)  # its row is no more
    live.count(START + 3600, {"model": "c"}, cell, by=-1)
    found = {row.value: row.up for row in live.rows(START + 3600) if row.window == "1d"}
    assert found == {"a": 2, OTHER: 30}


def test_memory_is_bounded_by_values_and_buckets() -> None:
    found = records(1, 3000, days=60, models=200)
    state = counted(found, max_values=5).dump()
    assert len(state["rows"]) <= 1 + 6
    assert all(len(seen) <= 20 for seen in state["seen"].values())
    for _, _, _, levels, merged in state["rows"]:
        assert merged == []
        kept = [len(cells) for cells in levels]
        assert kept[0] <= 66  # an hour passes before minutes are cleared away
        assert kept[3] <= 30


def test_a_restored_one_continues_as_an_undisturbed_one() -> None:
    undisturbed, restored = Windows(max_values=3), Windows(max_values=3)
    found = records(1, 400, models=9)
    for n, one in enumerate(found):
        for live in (undisturbed, restored):
            live.count(one.ts, one.where, one.cell)
            if n % 3 == 0 and not found[n // 2].calls:
                live.count(found[n // 2].ts, found[n // 2].where, found[n // 2].cell, by=-1)
                live.count(found[n // 2].ts, found[n // 2].where, found[n // 2].cell)
        if n % 20 == 0:
            raw = msgspec.msgpack.encode(restored.dump())
            restored = Windows(max_values=3)
            restored.load(msgspec.msgpack.decode(raw))
    assert restored.dump() == undisturbed.dump()


class Kept(NamedTuple):
    """A count that may be taken back, under the name that it was counted by."""

    ts: float
    name: str
    cell: windows.Cell


def merging_day(
    seed: int, live: Windows, names: int, *, restart: bool = False
) -> tuple[Windows, list[Kept], dict[str, str]]:
    """A day of counts; by and by values become one, and counts of any age are revised."""
    rng = random.Random(seed)
    into: dict[str, str] = {}
    kept: list[Kept] = []
    for n in range(800):
        ts = START + 90.0 * (n // 2)  # some at the same moment
        present = sorted({f"c{k}" for k in range(names)} - into.keys())
        if n % 60 == 59 and len(present) > 2:
            old, new = rng.sample(present, 2)
            into[old] = new
            live.merge("cluster", old, new)
        elif n % 4 == 3:
            before = kept.pop(rng.randrange(len(kept)))
            live.count(before.ts, {"cluster": before.name}, before.cell, by=-1)
        else:
            name = rng.choice(present)
            cell = judged(rng.random(), rng.random(), rng.choice(["up", None]), failed=True)
            live.count(ts, {"cluster": name}, cell)
            kept.append(Kept(ts, name, cell))
        if restart and n % 50 == 0:
            raw = msgspec.msgpack.encode(live.dump())
            live = Windows(max_values=live._max_values)
            live.load(msgspec.msgpack.decode(raw))
    return live, kept, into


def heir(name: str, into: dict[str, str]) -> str:
    while name in into:
        name = into[name]
    return name


@pytest.mark.parametrize("seed", range(5))
def test_values_that_become_one_add_up_as_in_a_recount(seed: int) -> None:
    live, kept, into = merging_day(seed, Windows(), 12)
    assert into
    for row in live.rows():
        if row.window == "1d":
            own = [one.cell for one in kept if heir(one.name, into) == row.value]
            assert row.judged == len(own)
            assert row.up == sum(cell[5] for cell in own)
            assert row.failed == sum(cell[8] for cell in own)
            weight, satisfied = sum(cell[3] for cell in own), sum(cell[4] for cell in own)
            assert row.satisfied == satisfied / weight / 2**20
    assert not {row.value for row in live.rows()} & into.keys()


@pytest.mark.parametrize("seed", range(20))
def test_beyond_the_bound_too_what_was_merged_is_taken_back_where_it_was_counted(seed: int) -> None:
    live, kept, into = merging_day(seed, Windows(max_values=3), 12)
    rows = [row for row in live.rows() if row.window == "1d"]
    assert len(into) >= 5
    assert sum(row.judged for row in rows) == len(kept)
    assert min(row.judged for row in rows) >= 0
    random.Random(seed).shuffle(kept)
    for one in kept:
        live.count(one.ts, {"cluster": one.name}, one.cell, by=-1)
        left = [min(row.judged, row.up, row.failed) for row in live.rows()]
        assert min(left, default=0) >= 0
    assert live.rows() == []


@pytest.mark.parametrize("names", [6, 12])
def test_a_restart_between_merges_changes_nothing(names: int) -> None:
    undisturbed, *_ = merging_day(1, Windows(max_values=3), names)
    restored, *_ = merging_day(1, Windows(max_values=3), names, restart=True)
    assert restored.dump() == undisturbed.dump()


def test_what_became_one_is_known_no_longer_than_it_can_be_taken_back() -> None:
    live, _, into = merging_day(1, Windows(), 12)
    assert {name for row in live._rows["cluster"].values() for name in row.merged} == into.keys()
    live.count(START + 20 * 86_400, {"cluster": "later"}, judged(1.0, 1.0, "up", failed=True))
    assert not live._heirs["cluster"]


def test_a_dump_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Windows().load({"v": 99})
