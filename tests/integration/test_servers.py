"""The servers that the tests rely on answer, carry our largest records and come back."""

import asyncio
import os

import pytest
import redis as redis_client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stream.embedded import Servers
from tests.servers import KafkaServer, RedisServer

STATE_BYTES = 15 * 1024 * 1024  # a large learner's state; 16 MiB is the limit with its headers


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        configs = {"cleanup.policy": "compact", "max.message.bytes": "16777216"}
        created = await admin.create_topics([NewTopic(topic, 3, 1, topic_configs=configs)])
        assert [error[1] for error in created.topic_errors] == [0]
        async with asyncio.timeout(30):  # a controller knows of it before its brokers do
            while len((await admin.describe_topics([topic]))[0]["partitions"]) != 3:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def _produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=16 * 1024 * 1024)
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send_and_wait(topic, value, key=b"k", partition=number % 3)
    finally:
        await producer.stop()


async def _consume(bootstrap: str, topic: str, group: str, count: int) -> list[bytes]:
    """Read ``count`` records with a consumer group and commit them."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=2000,
        heartbeat_interval_ms=500,
    )
    await consumer.start()
    try:
        values = [(await consumer.getone()).value for _ in range(count)]
        await consumer.commit()
    finally:
        await consumer.stop()
    return values


async def _round_trip(bootstrap: str, topic: str) -> None:
    await _create(bootstrap, topic)
    first = [b"small", bytes(3 * 1024 * 1024), bytes(STATE_BYTES)]
    await _produce(bootstrap, topic, first)
    assert sorted(await _consume(bootstrap, topic, topic, 3)) == sorted(first)
    await _produce(bootstrap, topic, [b"after the commit"])
    assert await _consume(bootstrap, topic, topic, 1) == [b"after the commit"]


async def test_embedded_broker_carries_large_records_through_a_group(embedded: Servers) -> None:
    await _round_trip(embedded.kafka, "servers-embedded")


async def test_apache_kafka_carries_large_records_through_a_group(kafka: str) -> None:
    await _round_trip(kafka, "servers-real")


async def test_apache_kafka_keeps_port_and_data_over_a_kill(kafka_server: KafkaServer) -> None:
    await _create(kafka_server.bootstrap, "servers-killed")
    await _produce(kafka_server.bootstrap, "servers-killed", [b"kept"])
    kafka_server.kill()
    assert not kafka_server.running
    kafka_server.start()
    assert await _consume(kafka_server.bootstrap, "servers-killed", "after-kill", 1) == [b"kept"]


def _add_to_filter(url: str) -> list[object]:
    with redis_client.Redis.from_url(url) as client:
        client.delete("servers:bloom")
        return [client.execute_command("BF.ADD", "servers:bloom", "x") for _ in range(2)]


def test_embedded_redis_has_bloom_filters(embedded: Servers) -> None:
    assert _add_to_filter(embedded.redis) == [1, 0]


def test_debian_redis_has_bloom_filters(redis_url: str) -> None:
    assert _add_to_filter(redis_url) == [1, 0]


def test_debian_redis_keeps_port_and_data_over_a_kill(redis_server: RedisServer) -> None:
    assert _add_to_filter(redis_server.url) == [1, 0]
    redis_server.kill()
    with redis_client.Redis.from_url(redis_server.url) as client:
        with pytest.raises(redis_client.ConnectionError):
            client.ping()
        redis_server.start()
        assert client.execute_command("BF.EXISTS", "servers:bloom", "x") == 1


def test_redis_without_bloom_refuses_its_commands(redis_without_bloom: str) -> None:
    with (
        redis_client.Redis.from_url(redis_without_bloom) as client,
        pytest.raises(redis_client.ResponseError, match="unknown command"),
    ):
        client.execute_command("BF.ADD", "servers:bloom", "x")


def test_stop_ends_the_process(redis_server: RedisServer) -> None:
    pid = redis_server.pid
    redis_server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
