"""Ingest's steps without servers, records for them, and what they became."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from flywheel_stream import metrics
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.dedup import MemoryWindow, WindowPolicy
from flywheel_stream.events import Interaction, Judged, Source, decode_interaction, decode_learnable
from flywheel_stream.joining import MemoryWaitingRoom, successors
from flywheel_stream.scrubbing import Scrubber

NOW = 1_760_000_000.0


class Ingest:
    """The agent's way through the steps, without its servers."""

    def __init__(self, **options: Any) -> None:
        self.scrubber = options.pop("scrubber", None) or Scrubber(secret=b"k")
        self.cleaner = Cleaner(self.scrubber, secret=b"k", sample_rate=0.0, **options)
        self.window = MemoryWindow(WindowPolicy())
        self.room = MemoryWaitingRoom()
        self._offsets: dict[str, int] = {}

    def raws(self, topic: str, values: Sequence[bytes]) -> list[Raw]:
        out = []
        for value in values:
            offset = self._offsets.get(topic, 0)
            self._offsets[topic] = offset + 1
            out.append(Raw(Source(topic, 0, offset), value, NOW + 1000))
        return out

    async def calls(self, *records: Any, remember: bool = True) -> Cleaned:
        return await self.raw_calls(self.raws("llm.logs", [to_bytes(r) for r in records]), remember)

    async def raw_calls(self, raws: Sequence[Raw], remember: bool = True) -> Cleaned:  # noqa: FBT001, FBT002
        batch = self.cleaner.prepare_calls(raws)
        seen = await self.window.seen([(call.fingerprint, call.at) for call in batch.calls])
        meetings = await self.room.put_calls(self.cleaner.admit(batch, seen))
        awaiting = sorted({name for meeting in meetings for name in meeting.awaited_by})
        resolved = await self.room.resolve(awaiting)
        following = await self._following([*meetings, *resolved])
        waiting = dict(zip(awaiting, resolved, strict=True))
        cleaned = self.cleaner.finish_calls(batch, meetings, waiting, following)
        if remember:
            await self.window.remember(cleaned.sightings)
        return cleaned

    async def signals(self, *records: Any) -> Cleaned:
        return await self.raw_signals(self.raws("llm.feedback", [to_bytes(r) for r in records]))

    async def raw_signals(self, raws: Sequence[Raw]) -> Cleaned:
        batch = self.cleaner.prepare_signals(raws)
        meetings = await self.room.put_signals(self.cleaner.put_signals(batch))
        following = await self._following(meetings)
        return self.cleaner.finish_signals(batch, meetings, following)

    async def _following(self, meetings: Sequence[Any]) -> dict[str, Interaction]:
        pairs = successors(meetings)
        found = await self.room.await_next(pairs)
        return {
            name: decode_interaction(entry.payload)
            for (name, _), entry in zip(pairs, found, strict=True)
            if entry
        }


def to_bytes(record: Any) -> bytes:
    return record if isinstance(record, bytes) else json.dumps(record).encode()


def call(trace_id: str = "t1", ts: Any = NOW, **fields: Any) -> dict[str, Any]:
    base = {"trace_id": trace_id, "ts": ts, "model": "m", "prompt": f"question of {trace_id}"}
    return {**base, "response": f"answer to {trace_id}", **fields}


def thumb(trace_id: str = "t1", ts: float = NOW + 5, **fields: Any) -> dict[str, Any]:
    return {"trace_id": trace_id, "ts": ts, "kind": "thumb", "value": "up", **fields}


def outcomes(cleaned: Cleaned) -> dict[str, int]:
    return {
        str(labels[1]): number
        for (metric, labels), number in cleaned.tally.items()
        if metric is metrics.OUTCOMES
    }


def learn(cleaned: Cleaned) -> list[Any]:
    return [decode_learnable(o.value or b"") for o in cleaned.outputs if o.topic == "learn"]


def judged(cleaned: Cleaned) -> list[Judged]:
    return [record for record in learn(cleaned) if isinstance(record, Judged)]


def values(cleaned: Cleaned, topic: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(o.value or b"") for o in cleaned.outputs if o.topic == topic]
