"""The records of a run, and how they come to its topics."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer

from stream.app import kafka_options
from stream.settings import Settings
from stream.simulator import START, bench_calls, bench_feedback, bench_trace_id

SEED = 7
CHUNK = 500
"""Records of a batch, at most."""


def calls(count: int, days: float | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Calls with their keys; spread over ``days`` of event time, else as dense as they come."""
    step = 86_400.0 * days / count if days else 0.0
    for number, value in enumerate(bench_calls(count, SEED)):
        stamped = _restamped(value, START + number * step) if days else value
        yield bench_trace_id(SEED, number).encode(), stamped


def _restamped(value: bytes, ts: float) -> bytes:
    head, mark, tail = value.partition(b'"ts":')
    return b"%b%b%.3f,%b" % (head, mark, ts, tail.partition(b",")[2])


def feedback(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Signals about the first ``count`` calls, with their keys."""
    for value in bench_feedback(count, SEED):
        yield orjson.loads(value)["trace_id"].encode(), value


async def fill(settings: Settings, topic: str, records: Iterator[tuple[bytes, bytes]]) -> int:
    """Puts records where the contenders read; returns how many."""
    async with producing(settings) as producer:
        return await send(producer, topic, records)


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer for large batches, which ends with the block."""
    producer = AIOKafkaProducer(
        **kafka_options(settings), max_batch_size=2**20, max_request_size=2**24
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _always(_: int) -> None:
    """There is room: the records are to be there before anyone reads."""


async def send(
    producer: AIOKafkaProducer,
    topic: str,
    records: Iterator[tuple[bytes, bytes]],
    room: Callable[[int], Awaitable[None]] = _always,
) -> int:
    """Sends all records to partition 0 in confirmed batches; returns how many.

    After each batch ``room`` is told how many there are, and keeps us waiting while it likes.
    """
    sent = 0
    builder = producer.create_batch()
    for key, value in records:
        if builder.record_count() >= CHUNK or not _append(builder, key, value):
            sent += await _flush(producer, topic, builder)
            await room(sent)
            builder = producer.create_batch()
            _append(builder, key, value)
    if builder.record_count():
        sent += await _flush(producer, topic, builder)
    return sent


def _append(builder: Any, key: bytes, value: bytes) -> bool:
    return builder.append(key=key, value=value, timestamp=None) is not None


async def _flush(producer: AIOKafkaProducer, topic: str, builder: Any) -> int:
    count = int(builder.record_count())
    builder.close()
    await (await producer.send_batch(builder, topic, partition=0))
    return count
