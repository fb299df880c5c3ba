"""A worker in this process: an error loses nothing, servers that go away are waited for."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from flywheel_stream import metrics
from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import TooManyDeadLettersError
from stream.app import Worker, create_topics
from stream.settings import Settings
from tests import fleet
from tests.servers import KafkaServer, RedisServer


def settings_of(name: str, kafka: str, redis: str) -> Settings:
    return fleet.settings_of(
        name, kafka, redis, input_partitions=2, learn_partitions=2, batch_records=50
    )


async def send(settings: Settings, records: list[Any]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    for index, record in enumerate(records):
        value = record if isinstance(record, bytes) else json.dumps(record).encode()
        await producer.send(settings.logs_topic, value, partition=index % 2)
    await producer.stop()


def calls(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "trace_id": f"t{i}",
            "ts": fleet.START + i,
            "model": "m",
            "prompt": f"question {i}",
            "response": f"answer {i}",
        }
        for i in range(start, start + count)
    ]


async def reached(worker: Worker, condition: Callable[[], bool]) -> None:
    """Waits for a condition, or raises what stopped the worker."""
    stopped = asyncio.ensure_future(worker.wait())
    try:
        async with asyncio.timeout(60):
            while not condition():
                if stopped.done():
                    stopped.result()
                await asyncio.sleep(0.05)
    finally:
        stopped.cancel()


def outcomes(worker: Worker) -> dict[str, int]:
    return {str(key[1]): int(n) for key, n in worker.metrics.totals(metrics.OUTCOMES).items()}


async def test_an_exception_inside_an_agent_loses_nothing(
    kafka: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of("raising", kafka, redis_url)
    await create_topics(settings)
    await send(settings, calls(500))
    worker = Worker(settings, embedder=HashingEmbedder())
    await worker.start()
    cleaner = worker.agents.ingest._cleaner
    finish, seen = cleaner.finish_calls, []

    def failing(batch: Any, *rest: Any) -> Any:
        seen.append(batch)
        if len(seen) == 4:
            message = "a fault of ours"
            raise ZeroDivisionError(message)
        return finish(batch, *rest)

    monkeypatch.setattr(cleaner, "finish_calls", failing)
    with pytest.raises(ZeroDivisionError):
        await reached(worker, lambda: False)
    await worker.stop()
    again = Worker(settings, embedder=HashingEmbedder())
    await again.start()
    await reached(again, lambda: again.read() + 150 >= 500)
    await asyncio.sleep(1.0)
    await again.stop()
    rows = await fleet.read_topic(kafka, f"{settings.prefix}interactions")
    assert {key.decode() for key, _, _ in rows} == {f"t{i}" for i in range(500)}
    assert outcomes(again).keys() <= {"fresh"}  # what is read again is itself, no duplicate


async def test_redis_may_go_away_and_come_back(kafka: str, redis_server: RedisServer) -> None:
    settings = settings_of("redisless", kafka, redis_server.url)
    await create_topics(settings)
    worker = Worker(settings, embedder=HashingEmbedder())
    await worker.start()
    await send(settings, calls(100))
    await reached(worker, lambda: worker.read() == 100)
    redis_server.kill()
    await send(settings, calls(100, start=100))
    await reached(worker, lambda: sum(worker.metrics.totals(metrics.RETRIES).values()) >= 1)
    assert worker.read() == 100
    redis_server.start()
    await reached(worker, lambda: worker.read() == 200)
    await worker.stop()
    assert outcomes(worker) == {"fresh": 200}


async def test_kafka_may_go_away_and_come_back(kafka_server: KafkaServer, redis_url: str) -> None:
    settings = settings_of("kafkaless", kafka_server.bootstrap, redis_url)
    await create_topics(settings)
    worker = Worker(settings, embedder=HashingEmbedder())
    await worker.start()
    await send(settings, calls(100))
    await reached(worker, lambda: worker.read() == 100)
    kafka_server.stop()
    await asyncio.sleep(1.0)
    kafka_server.start()
    await send(settings, calls(100, start=100))
    await reached(worker, lambda: worker.read() >= 200)
    await worker.stop()
    rows = await fleet.read_topic(settings.kafka, f"{settings.prefix}interactions")
    assert {key.decode() for key, _, _ in rows} == {f"t{i}" for i in range(200)}


async def test_a_flood_of_dead_letters_stops_the_worker_and_nothing_is_acknowledged(
    kafka: str, redis_url: str
) -> None:
    settings = settings_of("flooded", kafka, redis_url)
    await create_topics(settings)
    await send(settings, [*calls(300), *[b"{" for _ in range(1500)]])
    worker = Worker(settings, embedder=HashingEmbedder())
    await worker.start()
    with pytest.raises(TooManyDeadLettersError, match="FLYWHEEL_DEAD_LETTER_LIMIT"):
        await reached(worker, lambda: False)
    await worker.stop()
    assert worker.read() < 1800
