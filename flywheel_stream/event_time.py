"""Event time: the watermark of a learn partition, and the buffer that puts records in order.

Nothing here looks at a clock on the wall. The watermark is a fold over the ``clock`` records of one
learn partition in the order of its log, so it does not depend on how batches were cut.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from flywheel_stream.events import (
    Clock,
    Decided,
    Deployed,
    Judged,
    Learnable,
    Traffic,
    decode_learnable,
    encode,
    offsets_of,
)
from flywheel_stream.lineage import record_hash

TICK = 10.0
"""Seconds of event time between two looks at rates."""

NEVER = float("-inf")


class Watermark:
    """The time up to which every input partition was seen, less the allowed lateness.

    It never goes back. A partition that is idle does not hold it; ``end`` of all partitions lets it
    reach the last ``ts`` itself.

    Args:
        lateness: seconds that records may come out of order.
        expected: input partitions (``topic/partition``) that time waits for until they were heard
            of once; else a fast input would leave a slow one behind at the start.
    """

    def __init__(self, lateness: float, expected: Collection[str] = ()) -> None:
        self.lateness = lateness
        self.now = NEVER
        self._clocks: dict[str, Clock] = {}
        self._silent = set(expected)

    def advance(self, clock: Clock) -> bool:
        """Takes a clock record; returns whether the watermark moved."""
        key = f"{clock.topic}/{clock.partition}"
        known = self._clocks.get(key)
        until = max(clock.until, known.until) if known else clock.until
        self._silent.discard(key)
        self._clocks[key] = Clock(
            topic=clock.topic,
            partition=clock.partition,
            until=until,
            idle=clock.idle,
            end=clock.end,
        )
        moved = self._least()
        if moved <= self.now:
            return False
        self.now = moved
        return True

    @property
    def ended(self) -> bool:
        """Whether every input partition has come to its end."""
        clocks = self._clocks.values()
        return bool(clocks) and not self._silent and all(clock.end for clock in clocks)

    def _least(self) -> float:
        live = [clock for clock in self._clocks.values() if not clock.idle]
        if not live or self._silent:
            return self.now
        running = [clock for clock in live if not clock.end]
        if running:
            return min(clock.until for clock in running) - self.lateness
        return max(clock.until for clock in live)

    def dump(self) -> dict[str, Any]:
        """The state, as plain data."""
        return {"now": self.now, "clocks": [encode(clock) for clock in self._clocks.values()]}

    @classmethod
    def load(
        cls, state: dict[str, Any], lateness: float, expected: Collection[str] = ()
    ) -> "Watermark":
        """The inverse of ``dump``."""
        mark = cls(lateness, expected)
        for raw in state["clocks"]:
            clock = decode_learnable(raw)
            assert isinstance(clock, Clock)  # noqa: S101 - our own bytes
            mark._clocks[f"{clock.topic}/{clock.partition}"] = clock
            mark._silent.discard(f"{clock.topic}/{clock.partition}")
        mark.now = state["now"]
        return mark


_TYPE_ORDER = {Deployed: 0, Decided: 1, Judged: 2}


class Slot(NamedTuple):
    """A record's place in event time."""

    ts: float
    order: int
    name: str
    revision: int


def slot(record: Learnable) -> Slot:
    """Where a record belongs: by ``ts``, type, trace or content, revision."""
    assert not isinstance(record, Traffic | Clock)  # noqa: S101 - neither has a place in it
    order = _TYPE_ORDER[type(record)]
    if isinstance(record, Judged):
        return Slot(record.ts, order, record.trace_id, record.revision)
    return Slot(record.ts, order, record_hash(record), 0)


class ReorderBuffer:
    """Holds records back until the watermark passes them.

    Of one ``trace_id`` and ``ts`` the fullest wins: a revision replaces a lesser one that waits.
    """

    def __init__(self) -> None:
        self._heap: list[Slot] = []
        self._records: dict[Slot, Learnable] = {}
        self._fullest: dict[tuple[str, float], Slot] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Learnable]:
        return iter(self._records.values())

    def push(self, record: Learnable) -> None:
        """Adds a record."""
        place = slot(record)
        if isinstance(record, Judged):
            key = (record.trace_id, record.ts)
            known = self._fullest.get(key)
            if known is not None:
                if known.revision > record.revision:
                    return
                if known == place:  # the same revision again, from the other side of the join
                    known_record = self._records[known]
                    assert isinstance(known_record, Judged)  # noqa: S101 - the key says so
                    if known_record.next is None or record.next is not None:
                        self._records[place] = record
                    return
                del self._records[known]
            self._fullest[key] = place
        if place not in self._records:
            heapq.heappush(self._heap, place)
        self._records[place] = record

    def next_ts(self) -> float | None:
        """Event time of the next record, or None."""
        while self._heap and self._heap[0] not in self._records:
            heapq.heappop(self._heap)
        return self._heap[0].ts if self._heap else None

    def pop_until(self, ts: float) -> list[Learnable]:
        """Removes and returns, in order, the records at or before ``ts``."""
        out: list[Learnable] = []
        while self._heap and self._heap[0].ts <= ts:
            place = heapq.heappop(self._heap)
            record = self._records.pop(place, None)
            if record is None:
                continue
            if isinstance(record, Judged):
                self._fullest.pop((record.trace_id, record.ts), None)
            out.append(record)
        return out

    def dump(self) -> list[bytes]:
        """The records that wait, in order."""
        return [encode(self._records[place]) for place in sorted(self._records)]

    @classmethod
    def load(cls, state: Iterable[bytes]) -> "ReorderBuffer":
        """The inverse of ``dump``."""
        buffer = cls()
        for raw in state:
            buffer.push(decode_learnable(raw))
        return buffer


def ticks(after: float, until: float) -> Iterator[float]:
    """Whole ticks in (after, until]."""
    if until == NEVER:
        return
    first = TICK * (int(after // TICK) + 1) if after != NEVER else TICK * int(until // TICK)
    tick = first
    while tick <= until:
        yield tick
        tick += TICK


class Marks:
    """The highest origins taken, per input partition; what is not above is a repetition.

    Ingest keeps the order of each input partition, so one mark says it all. Traffic has a mark of
    its own, because its batches are cut differently the second time.
    """

    def __init__(self) -> None:
        self._records: dict[str, tuple[int, int]] = {}
        self._traffic: dict[str, int] = {}

    def take(self, record: Learnable) -> Learnable | None:
        """Notes a record's origin; returns the record, or the part of it that is new, or None."""
        assert not isinstance(record, Clock)  # noqa: S101 - clocks have no origin
        origin = record.origin
        key = f"{origin.topic}/{origin.partition}"
        if isinstance(record, Traffic):
            mark = self._traffic.get(key, -1)
            if origin.offset <= mark:
                return None
            self._traffic[key] = origin.offset
            return above(record, mark)
        place = (origin.offset, origin.n)
        if place <= self._records.get(key, (-1, -1)):
            return None
        self._records[key] = place
        return record

    def dump(self) -> dict[str, Any]:
        """The state, as plain data."""
        return {
            "records": {key: list(place) for key, place in self._records.items()},
            "traffic": dict(self._traffic),
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Marks":
        """The inverse of ``dump``."""
        marks = cls()
        marks._records = {key: (place[0], place[1]) for key, place in state["records"].items()}
        marks._traffic = dict(state["traffic"])
        return marks


def above(record: Traffic, mark: int) -> Traffic | None:
    """The part of a traffic record that counts offsets above ``mark``; None if there is none."""
    if mark < 0:
        return record
    counts = []
    for count in record.counts:
        offsets = [offset for offset in offsets_of(count.offsets) if offset > mark]
        again = [offset for offset in offsets_of(count.duplicate_offsets) if offset > mark]
        if offsets:
            changed = type(count)(
                minute=count.minute,
                model=count.model,
                variant=count.variant,
                prompt_version=count.prompt_version,
                attributes=count.attributes,
                calls=len(offsets),
                duplicates=len(again),
                offsets=[],
            )
            counts.append(changed)
    if not counts:
        return None
    return Traffic(origin=record.origin, app=record.app, counts=counts)
