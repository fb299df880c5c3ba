"""Ingest's agent: what happens around its batches."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any, cast

from aiokafka.structs import ConsumerRecord
from faust.types import TP

from flywheel_stream import metrics
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.dedup import MemoryWindow, WindowPolicy
from flywheel_stream.events import Output
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


class Rig:
    """An ingest agent with all that it needs in memory."""

    def __init__(self) -> None:
        self.topics = Topics(load_settings())
        self.counts = Metrics()
        self.ingest = Ingest(
            cleaner=Cleaner(Scrubber(secret=b"k"), secret=b"k"),
            window=MemoryWindow(WindowPolicy()),
            room=MemoryWaitingRoom(),
            sink=cast("Sink", SlowSink()),
            topics=self.topics,
            counts=self.counts,
            join_window=WINDOW,
        )
        self.ingest.assigned([TP(self.topics.logs, 0), TP(self.topics.feedback, 0)])

    async def handle(self, topic: str, values: Sequence[dict[str, Any]]) -> None:
        records = [
            ConsumerRecord(
                topic, 0, n, int(NOW * 1000), 0, None, json.dumps(value).encode(), None, 0, 0, ()
            )
            for n, value in enumerate(values)
        ]
        batch = Batch(TP(topic, 0), records, 0)
        Ledger().deliver(batch)
        await self.ingest.handle(batch)

    async def feedback(self, times: Sequence[float]) -> None:
        signal = {"kind": "thumb", "value": "up"}
        values = [{"trace_id": f"t{n}", "ts": ts, **signal} for n, ts in enumerate(times)]
        await self.handle(self.topics.feedback, values)

    async def calls(self, times: Sequence[float]) -> None:
        values = [
            {"trace_id": f"t{n}", "ts": ts, "model": "m", "prompt": f"q{n}", "response": "yes"}
            for n, ts in enumerate(times)
        ]
        await self.handle(self.topics.logs, values)

    def outcomes(self) -> dict[str, float]:
        """Of the feedback."""
        totals = self.counts.totals(metrics.OUTCOMES).items()
        return {f"{name}": n for (topic, name), n in totals if topic == self.topics.feedback}


async def test_a_signal_without_a_call_is_given_up_once_though_a_sweep_meets_the_end() -> None:
    rig = Rig()
    await rig.calls([NOW] * 3)
    await rig.feedback([*[NOW] * 3, NOW - 2 * WINDOW, NOW - 1.5 * WINDOW, NOW])
    await asyncio.gather(rig.ingest.sweep(), rig.ingest.finish())
    assert rig.outcomes() == {"joined": 3, "orphan": 3}


async def test_a_signal_is_not_given_up_while_its_call_comes() -> None:
    rig = Rig()
    old = [NOW - 2 * WINDOW] * 2
    await rig.calls([NOW])
    await rig.feedback([NOW, *old])
    await asyncio.gather(rig.ingest.sweep(), rig.calls([NOW, *old]))
    await rig.ingest.finish()
    assert sum(rig.outcomes().values()) == 3
