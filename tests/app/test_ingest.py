"""Ingest's agent: what happens around its batches."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, cast

from aiokafka.structs import ConsumerRecord
from faust.types import TP

from flywheel_stream import metrics
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.dedup import MemoryWindow, WindowPolicy
from flywheel_stream.events import Outcome, Output
from flywheel_stream.joining import MemoryWaitingRoom
from flywheel_stream.scrubbing import Scrubber
from stream.ingest import Ingest
from stream.prometheus import Metrics
from stream.settings import load_settings
from stream.sink import Sink
from stream.topics import Topics
from stream.transport import Batch, Ledger

NOW = 1_760_000_000.0
WINDOW = 3600.0


class SlowSink:
    """Confirms after a while, in which others have their turn."""

    async def write(self, outputs: Iterable[Output], clocks: Iterable[Any] = ()) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def feedback(topic: str, offset: int, ts: float) -> ConsumerRecord:
    value = {"trace_id": f"t{offset}", "ts": ts, "kind": "thumb", "value": "up"}
    raw = json.dumps(value).encode()
    return ConsumerRecord(topic, 0, offset, int(NOW * 1000), 0, None, raw, None, 0, 0, ())


async def test_a_signal_without_a_call_is_given_up_once_though_a_sweep_meets_the_end() -> None:
    topics = Topics(load_settings())
    counts = Metrics()
    ingest = Ingest(
        cleaner=Cleaner(Scrubber(secret=b"k"), secret=b"k"),
        window=MemoryWindow(WindowPolicy()),
        room=MemoryWaitingRoom(),
        sink=cast("Sink", SlowSink()),
        topics=topics,
        counts=counts,
        join_window=WINDOW,
    )
    tp = TP(topics.feedback, 0)
    ingest.assigned([tp])
    times = [NOW - 2 * WINDOW, NOW - 1.5 * WINDOW, NOW]
    records = [feedback(topics.feedback, n, ts) for n, ts in enumerate(times)]
    batch = Batch(tp, records, 0)
    Ledger().deliver(batch)
    await ingest.handle(batch)
    await asyncio.gather(ingest.sweep(), ingest.finish())
    orphans = counts.totals(metrics.OUTCOMES)[topics.feedback, Outcome.ORPHAN]
    assert orphans == len(records)
