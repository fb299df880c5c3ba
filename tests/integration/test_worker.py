"""A worker in this process: an error loses nothing, servers that go away are waited for."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from aiokafka import AIOKafkaProducer
from aiokafka.errors import GroupCoordinatorNotAvailableError
from prometheus_client import generate_latest
from pydantic import SecretStr

from flywheel_stream import metrics
from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import (
    RecreatedTopicError,
    TooManyDeadLettersError,
    UnavailableError,
)
from flywheel_stream.gating import Gated, best_gate
from flywheel_stream.pii import TABLE
from flywheel_stream.scrubbing import Scrubber
from stream import agents
from stream.app import Worker, admin, create_topics
from stream.redis_store import unpack
from stream.settings import Settings
from stream.state_store import _unpack
from stream.topics import Topics
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


async def test_a_worker_starts_and_works_without_the_window_where_that_is_set(
    kafka: str, redis_url: str
) -> None:
    settings = settings_of("windowless", kafka, redis_url).model_copy(
        update={"dedup_redis": SecretStr("redis://127.0.0.1:1/0")}
    )
    with pytest.raises(
        UnavailableError, match=r"Redis at redis://127\.0\.0\.1:1/0 does not answer"
    ):
        await Worker(settings, embedder=HashingEmbedder()).start()
    settings = settings.model_copy(update={"dedup_when_away": "skip"})
    await create_topics(settings)
    worker = Worker(settings, embedder=HashingEmbedder())
    await worker.start()
    await send(settings, calls(20))
    await reached(worker, lambda: worker.read() == 20)
    await worker.stop()
    rows = await fleet.read_topic(kafka, f"{settings.prefix}interactions")
    assert [json.loads(value or b"{}")["dedup"] for _, value, _ in rows] == ["skipped"] * 20
    assert worker.metrics.totals(metrics.DEDUP_SKIPPED)["seen",] == 20


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


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for something outside of this process."""
    deadline = time.monotonic() + 60
    while not await condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.05)


async def recreate(settings: Settings, records: list[Any]) -> None:
    """Deletes the topic of calls and makes it again with other records."""
    async with admin(settings) as client:
        await client.delete_topics([settings.logs_topic])

        async def gone() -> bool:
            return settings.logs_topic not in await client.list_topics()

        await until(gone)
    await create_topics(settings)
    await send(settings, records)


async def committed(settings: Settings, topic: str) -> int:
    """Records of a topic that the group has committed."""
    async with admin(settings) as client:
        try:
            offsets = await client.list_consumer_group_offsets(settings.group)
        except GroupCoordinatorNotAvailableError:  # the first group of this broker
            return 0
    return sum(found.offset for tp, found in offsets.items() if tp.topic == topic)


async def test_a_recreated_input_topic_is_refused_by_name_and_nothing_of_it_is_read(
    kafka: str, redis_url: str, tmp_path: Path
) -> None:
    settings = settings_of("recreated", kafka, redis_url)
    await create_topics(settings)
    await send(settings, calls(200))

    async def run_until(log: str, condition: Callable[[fleet.Worker], Awaitable[bool]]) -> int:
        worker = fleet.Worker(settings, tmp_path / log)
        try:
            await until(lambda: condition(worker))
        finally:
            status = worker.stop()
        return status

    async def all_committed(_: fleet.Worker) -> bool:
        return await committed(settings, settings.logs_topic) == 200

    async def ended(worker: fleet.Worker) -> bool:
        return not worker.running

    assert await run_until("first.log", all_committed) == 0
    before = await fleet.read_topic(kafka, f"{settings.prefix}interactions")
    assert len(before) == 200

    await recreate(settings, calls(10, start=1000))
    assert await run_until("second.log", ended) == 1
    sentence = (tmp_path / "second.log").read_text().splitlines()[-1]
    assert f"Topic {settings.logs_topic} was deleted and made again" in sentence
    assert "another FLYWHEEL_PREFIX and another FLYWHEEL_GROUP" in sentence
    assert await committed(settings, settings.logs_topic) == 0
    after = await fleet.read_topic(kafka, f"{settings.prefix}interactions")
    assert sorted(after) == sorted(before)

    other = settings.model_copy(update={"prefix": "afresh.", "group": "afresh"})
    await create_topics(other)
    afresh = Worker(other, embedder=HashingEmbedder())
    await afresh.start()
    await reached(afresh, lambda: afresh.read() == 10)
    await afresh.stop()
    assert outcomes(afresh) == {"fresh": 10}


async def test_an_input_topic_recreated_while_it_is_read_is_refused_by_name(
    kafka: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "SWEEP_SECONDS", 1.0)
    settings = settings_of("recreated-live", kafka, redis_url)
    await create_topics(settings)
    await send(settings, calls(200))
    worker = Worker(settings, embedder=HashingEmbedder())
    await worker.start()
    await reached(worker, lambda: worker.read() == 200)
    await recreate(settings, calls(400, start=1000))
    with pytest.raises(RecreatedTopicError, match=settings.logs_topic):
        await reached(worker, lambda: False)
    await worker.stop()


CANARY = "zebedee.quux77@example.com"
CARD = "4929 1234 5678 9015"  # passes Luhn's check
OF_EACH_TYPE = {
    kind: max((hit for d in TABLE if d.type == kind for hit in d.hits), key=lambda hit: len(hit[1]))
    for kind in sorted({detector.type for detector in TABLE})
}
"""A text of each type of personal data and secrets, and what must not be seen of it: the longest,
for five digits of a postcode stand in some number of the metrics now and then."""
EXPLOSIVE = "this text breaks a detector"


class Fragile:
    """A gate that fails on one text and says that text in its error, as careless code does."""

    def __call__(self, texts: Sequence[str]) -> list[Gated]:
        for text in texts:
            if EXPLOSIVE in text:
                raise ValueError(text)
        return best_gate()(texts)


def canary_records() -> tuple[list[Any], list[Any]]:
    """Calls and feedback with personal data of every type in every field, whole and broken ones."""
    text = "\n\n".join(
        (f"write to {CANARY} or charge {CARD}", *(hit for hit, _ in OF_EACH_TYPE.values()))
    )
    call = {
        **calls(1)[0],
        "user_id": CANARY,
        "session_id": CANARY,
        "prompt": text,
        "messages": [{"role": role, "content": text} for role in ("system", "user", "tool")],
        "response": text,
        "error": text,
        "attributes": {"contact": CANARY, CANARY: 1, "notes": text},
        "expect": {"format": "json", "schema": {"type": "object", "title": text}},
        "colour": text,
    }
    broken = {**call, "trace_id": "t1", "response": f"{text} {EXPLOSIVE}"}
    bad = [b'{"prompt": "' + CANARY.encode() + b'"', json.dumps({**call, "model": 1}).encode()]
    feedback = {
        "trace_id": "t0",
        "ts": fleet.START + 1,
        "kind": "correction",
        "correction": text,
        "comment": text,
        "user_id": CANARY,
        "id": CANARY,
    }
    waiting = {**feedback, "trace_id": f"lost {CANARY}"}
    crashing = {**feedback, "id": "broken", "comment": f"{text} {EXPLOSIVE}"}
    return [call, {**call, "trace_id": f"t {CANARY}"}, broken, *bad], [feedback, waiting, crashing]


async def test_no_canary_is_in_any_output_log_metric_or_value_of_redis(
    kafka: str, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Client libraries print what they send at DEBUG, the test's own producer too; we never let them.
    caplog.set_level("INFO")
    caplog.set_level("DEBUG", logger="stream")
    settings = settings_of("canaries", kafka, redis_url)
    await create_topics(settings)
    logs, feedback = canary_records()
    await send(settings, logs)
    await send(settings.model_copy(update={"logs_topic": settings.feedback_topic}), feedback)
    scrubber = Scrubber(secret=b"k", gate=Fragile())
    worker = Worker(settings, embedder=HashingEmbedder(), scrubber=scrubber)
    await worker.start()
    await reached(worker, lambda: worker.read() == len(logs) + len(feedback))
    exposed = generate_latest(worker.metrics.registry)
    await worker.stop()
    outputs = [
        row
        for spec in Topics(settings).specs()
        if spec.role != "input"
        for row in await fleet.read_topic(kafka, spec.name)
    ]
    assert outputs
    states = repr([_unpack(v) for k, v, _ in outputs if v and k.startswith(b'["')])
    rows = b"".join((k or b"") + (v or b"") for k, v, _ in outputs)
    assert rows.count(b"scrub_failed") == 2
    assert len(OF_EACH_TYPE) == 24
    assert all(f"<{kind}>".encode() in rows for kind in OF_EACH_TYPE)
    kept = await redis_values(redis_url, settings.redis_prefix)
    assert kept
    for secret in (CANARY, "zebedee", CARD, "5678 9015", *(v for _, v in OF_EACH_TYPE.values())):
        raw = secret.encode()
        assert raw not in rows
        assert secret not in states
        assert raw not in kept
        assert raw not in exposed
        assert secret not in caplog.text


async def redis_values(url: str, prefix: str) -> bytes:
    """Every key and value under a prefix, packed entries unpacked."""
    client: Any = redis_client.Redis.from_url(url)
    parts: list[bytes] = []
    for key in client.scan_iter(f"{prefix}*"):
        parts.append(key)
        kind = client.type(key)
        if kind == b"string":
            parts.append(unpack(client.get(key)).payload)
        elif kind == b"hash":
            for name, value in client.hgetall(key).items():
                packed = b":s:" in key
                parts += [name, unpack(value).payload if packed else value]
        elif kind == b"zset":
            parts += client.zrange(key, 0, -1)
    client.close()
    return b"\n".join(parts)
