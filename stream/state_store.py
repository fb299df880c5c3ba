"""Snapshots of learnt state in the compacted topic ``flywheel.state``.

One compressed message an app and one row a learn partition, each keyed by its name and the
generation of the consumer group, so that a stale worker cannot overwrite a newer state; the largest
fence wins at load. Written apps first, then the partition's row, each confirmed; read by a plain
consumer, which hands errors to us.
"""

import asyncio
import logging
import uuid
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from flywheel_stream.errors import StateError
from flywheel_stream.learning import Learner
from stream.transport import Record

logger = logging.getLogger(__name__)

LOAD_TIMEOUT = 60.0
"""Seconds that loading one partition may take."""

Send = Callable[[Sequence[Record]], Awaitable[None]]


class Row(NamedTuple):
    """One message of the state topic."""

    key: tuple[str, int]
    state: dict[str, Any]


class StateStore:
    """Writes and loads the state of learn partitions.

    Args:
        topic: the state topic; partition p holds the state of learn partition p.
        send: sends records and returns once they are confirmed.
        consumer_options: connection options for aiokafka.
    """

    def __init__(self, topic: str, send: Send, consumer_options: dict[str, Any]) -> None:
        self._topic = topic
        self._send = send
        self._options = consumer_options
        self._tidied: dict[int, set[tuple[str, int]]] = {}

    async def write(self, learner: Learner, generation: int) -> int:
        """Writes what changed; returns the bytes written.

        Raises:
            aiokafka.errors.KafkaError: it could not be confirmed; nothing may be acknowledged.
        """
        apps = [
            self._record(learner.partition, f"app/{name}", generation, learner.dump_app(name))
            for name in learner.changed()
        ]
        await self._send(apps)
        row = self._record(learner.partition, "partition", generation, learner.dump())
        await self._send([row])
        learner.snapshot_taken()
        await self._tidy(learner.partition, generation)
        return sum(len(record.value or b"") for record in [*apps, row])

    async def load(self, learner: Learner) -> bool:
        """Loads the newest state of a partition into an empty learner.

        Returns:
            Whether the partition had a row of its own, so that its fence is known.

        Raises:
            StateError: a message is damaged or of another version.
            TimeoutError: the topic could not be read to its end.
        """
        rows = await asyncio.wait_for(self._read(learner.partition), LOAD_TIMEOUT)
        best: dict[str, Row] = {}
        for row in rows:
            known = best.get(row.key[0])
            if known is None or (row.state["fence"], row.key[1]) > (
                known.state["fence"],
                known.key[1],
            ):
                best[row.key[0]] = row
        own = best.pop("partition", None)
        # An app's state ahead of any partition row is still true up to its own fence.
        learner.load(own.state if own else None, (row.state for row in best.values()))
        newest = {row.key for row in best.values()} | ({own.key} if own else set())
        self._tidied[learner.partition] = {row.key for row in rows} - newest
        return own is not None

    async def _read(self, partition: int) -> list[Row]:
        """Reads a partition up to a marker of our own: end offsets cannot be trusted everywhere."""
        marker = f"marker/{uuid.uuid4().hex}".encode()
        tp = TopicPartition(self._topic, partition)
        rows: dict[bytes, bytes | None] = {}
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=16 * 1024 * 1024,
            **self._options,
        )
        await consumer.start()
        try:
            consumer.assign([tp])
            await self._send([Record(self._topic, partition, marker, b"")])
            async for message in consumer:
                if message.key == marker:
                    break
                rows[message.key] = message.value
        finally:
            await consumer.stop()
        await self._send([Record(self._topic, partition, marker, None)])
        return [
            Row(_key(key), _unpack(value))
            for key, value in rows.items()
            if value and not key.startswith(b"marker/")
        ]

    async def _tidy(self, partition: int, generation: int) -> None:
        """Removes rows of older generations, now that newer ones cover them."""
        old = self._tidied.get(partition)
        if not old:
            return
        gone = [key for key in old if key[1] != generation]
        await self._send([Record(self._topic, partition, _encode_key(*key), None) for key in gone])
        self._tidied[partition] = set()

    def _record(self, partition: int, name: str, generation: int, state: dict[str, Any]) -> Record:
        return Record(self._topic, partition, _encode_key(name, generation), _pack(state))


def _encode_key(name: str, generation: int) -> bytes:
    return msgspec.json.encode([name, generation])


def _key(raw: bytes) -> tuple[str, int]:
    try:
        return msgspec.json.decode(raw, type=tuple[str, int])
    except msgspec.DecodeError as error:
        raise StateError(f"The state topic holds a key that is none of ours ({error}).") from None


def _pack(state: dict[str, Any]) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(state), 1)


def _unpack(raw: bytes) -> dict[str, Any]:
    try:
        state = msgspec.msgpack.decode(zlib.decompress(raw))
    except (zlib.error, msgspec.DecodeError) as error:
        raise StateError(
            f"A snapshot in the state topic is damaged ({error}): start with another group."
        ) from None
    if not isinstance(state, dict):
        raise StateError("A snapshot in the state topic is none of ours: start with another group.")
    return state
