"""Snapshots of learnt state in the compacted topic ``flywheel.state``.

One compressed message an app and one row a learn partition, each keyed by its name and the
generation of the consumer group, so that a stale worker cannot overwrite a newer state; the largest
fence wins at load. Written apps first, then the partition's row, each confirmed; read by a plain
consumer, which hands errors to us.

A row also holds the ids of the topics whose offsets the state speaks of. Kafka forgets what a group
committed on a topic that is deleted, so nothing else tells one that was made again.
"""

import asyncio
import logging
import uuid
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from flywheel_stream.errors import StateError
from flywheel_stream.learner import Learner
from stream.transport import Record, refuse_another

logger = logging.getLogger(__name__)

LOAD_TIMEOUT = 60.0
"""Seconds that loading one partition may take."""

TOPIC_IDS = "topic_ids"

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
        topic_ids: the ids of the topics that are read, as far as the broker knows any.
    """

    def __init__(
        self,
        topic: str,
        send: Send,
        consumer_options: dict[str, Any],
        topic_ids: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._topic = topic
        self._send = send
        self._options = consumer_options
        self._topic_ids = topic_ids
        self._known_ids: dict[int, dict[str, str]] = {}
        self._tidied: dict[int, set[tuple[str, int]]] = {}

    async def write(self, learner: Learner, generation: int) -> int:
        """Writes what changed; returns the bytes written.

        Raises:
            aiokafka.errors.KafkaError: it could not be confirmed; nothing may be acknowledged.
        """
        states = {f"app/{name}": learner.dump_app(name) for name in learner.changed()}
        own = {**learner.dump(), TOPIC_IDS: self._known_ids.get(learner.partition, {})}
        *apps, row = await self._records(learner.partition, generation, states, own)
        await self._send(apps)
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
            RecreatedTopicError: the state speaks of offsets of a topic that is gone.
            TimeoutError: the topic could not be read to its end.
        """
        rows = await asyncio.wait_for(self._read(learner.partition), LOAD_TIMEOUT)
        best: dict[str, Row] = {}
        for row in rows:
            rival = best.get(row.key[0])
            if rival is None or (row.state["fence"], row.key[1]) > (
                rival.state["fence"],
                rival.key[1],
            ):
                best[row.key[0]] = row
        own = best.pop("partition", None)
        known = own.state.get(TOPIC_IDS, {}) if own else {}
        self._known_ids[learner.partition] = self._checked(known)
        # An app's state ahead of any partition row is still true up to its own fence.
        learner.load(own.state if own else None, (row.state for row in best.values()))
        newest = {row.key for row in best.values()} | ({own.key} if own else set())
        self._tidied[learner.partition] = {row.key for row in rows} - newest
        return own is not None

    def _checked(self, known: Mapping[str, str]) -> dict[str, str]:
        """The ids of topics, those that the state knows and new ones.

        Raises:
            RecreatedTopicError: they differ.
        """
        present = self._topic_ids()
        for topic, was in known.items():
            refuse_another(topic, was, present.get(topic, was))
        return {**known, **present}

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

    async def _records(
        self,
        partition: int,
        generation: int,
        apps: Mapping[str, dict[str, Any]],
        own: dict[str, Any],
    ) -> list[Record]:
        """The messages of some states, the partition's row last."""
        encoded = {name: msgspec.msgpack.encode(state) for name, state in apps.items()}
        encoded["partition"] = msgspec.msgpack.encode(own)
        # Megabytes, in a thread: meanwhile other batches are prepared and answers taken.
        values = await asyncio.to_thread(
            lambda: [zlib.compress(raw, 1) for raw in encoded.values()]
        )
        return [
            Record(self._topic, partition, _encode_key(name, generation), value)
            for name, value in zip(encoded, values, strict=True)
        ]


def _encode_key(name: str, generation: int) -> bytes:
    return msgspec.json.encode([name, generation])


def _key(raw: bytes) -> tuple[str, int]:
    try:
        return msgspec.json.decode(raw, type=tuple[str, int])
    except msgspec.DecodeError as error:
        raise StateError(f"The state topic holds a key that is none of ours ({error}).") from None


def _unpack(raw: bytes) -> dict[str, Any]:
    try:
        state = msgspec.msgpack.decode(zlib.decompress(raw))
    except (zlib.error, msgspec.DecodeError) as error:
        raise StateError(
            f"A snapshot in the state topic is damaged ({error}): start with another prefix."
        ) from None
    if not isinstance(state, dict):
        raise StateError(
            "A snapshot in the state topic is none of ours: start with another prefix."
        )
    return state
