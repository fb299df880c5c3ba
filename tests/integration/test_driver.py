"""The batched driver on a real Kafka: rebalances, seeks, gaps, outages; nothing lost or stuck."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from faust.types import TP

from flywheel_stream.errors import RecreatedTopicError
from stream.app import build_faust
from stream.topics import Topics
from stream.transport import Batch, Batching, BatchSchema, Hooks, Record
from tests import fleet
from tests.servers import KafkaServer

NEVER = 3600.0


class Reader:
    """A Faust app on the batched driver that keeps what it is given.

    Args:
        kafka: where the broker is.
        group: the consumer group.
        batched: topics that are read in batches.
        plain: topics that Faust reads its own way.
        acknowledge: says of a batch whether it is acknowledged at once.
        commit_interval: seconds between commits.
        by_faust: Faust's stream acknowledges, not we.
        hooks: what is done around rebalances.
    """

    def __init__(
        self,
        kafka: str,
        group: str,
        *batched: str,
        plain: tuple[str, ...] = (),
        acknowledge: Callable[[Batch], bool] = lambda _: True,
        commit_interval: float = 0.1,
        by_faust: bool = False,
        hooks: Hooks | None = None,
    ) -> None:
        settings = fleet.settings_of(group, kafka, "redis://127.0.0.1:1", session_timeout=3.0)
        app: Any = build_faust(settings, Topics(settings))
        app.conf.broker_commit_interval = commit_interval
        app.batching = Batching(
            topics=frozenset(batched), max_records=5, fetch_wait_ms=50, hooks=hooks
        )
        for name in batched:
            app.agent(app.topic(name, schema=BatchSchema()), name=name)(self._take)
        for name in plain:
            app.agent(app.topic(name, value_type=bytes, value_serializer="raw"), name=name)(
                self._take_one
            )
        self.app = app
        self.acknowledge = acknowledge
        self._by_faust = by_faust
        self.batches: list[Batch] = []
        self.plain: list[bytes] = []

    async def _take(self, stream: Any) -> None:
        async for event in (stream if self._by_faust else stream.noack()).events():
            self.batches.append(event.value)
            if not self._by_faust and self.acknowledge(event.value):
                event.value.ack()

    async def _take_one(self, stream: Any) -> None:
        async for value in stream:
            self.plain.append(value)

    @property
    def records(self) -> list[Any]:
        return [record for batch in self.batches for record in batch.records]

    @property
    def values(self) -> list[bytes]:
        return [record.value for record in self.records]

    @property
    def places(self) -> list[tuple[int, int]]:
        return [(record.partition, record.offset) for record in self.records]

    def assigned(self) -> int:
        return len(self.app.consumer.assignment())

    async def start(self) -> None:
        self.app.finalize()
        await self.app.start()

    async def stop(self) -> None:
        await asyncio.wait_for(self.app.stop(), 30)


@asynccontextmanager
async def running(*readers: Reader) -> AsyncIterator[None]:
    """Readers that are started, and stopped at the end."""
    try:
        for reader in readers:
            await reader.start()
        yield
    finally:
        for reader in readers:
            await reader.stop()


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Waits for something to come true."""
    deadline = time.monotonic() + 30
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def create(
    kafka: str, *names: str, partitions: int = 1, config: dict[str, str] | None = None
) -> None:
    topics = [NewTopic(name, partitions, 1, topic_configs=config) for name in names]
    async with admin(kafka) as client:
        answer = await client.create_topics(topics)
    assert [code for _, code, *_ in answer.topic_errors] == [0] * len(names)


@asynccontextmanager
async def producing(kafka: str, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, **options)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(kafka: str, topic: str, values: list[bytes], partitions: int = 1) -> None:
    async with producing(kafka) as producer:
        confirmed = [
            await producer.send(topic, value, partition=index % partitions)
            for index, value in enumerate(values)
        ]
        await asyncio.gather(*confirmed)


def numbered(count: int, start: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(start, start + count)]


async def committed(kafka: str, group: str) -> dict[TP, int]:
    async with admin(kafka) as client:
        offsets = await client.list_consumer_group_offsets(group)
    return {TP(tp.topic, tp.partition): found.offset for tp, found in offsets.items()}


def has_committed(kafka: str, group: str, wanted: dict[TP, int]) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return await committed(kafka, group) == wanted

    return look


async def test_nothing_is_skipped_and_commits_go_on_over_several_rebalances(kafka: str) -> None:
    await create(kafka, "rebalanced", partitions=4)
    first, second, third = (Reader(kafka, "rebalanced", "rebalanced") for _ in range(3))
    sent: list[bytes] = []
    enough = asyncio.Event()

    async def produce() -> None:
        async with producing(kafka) as producer:
            while not enough.is_set():
                for partition in range(4):
                    sent.append(b"%d" % len(sent))
                    await producer.send_and_wait("rebalanced", sent[-1], partition=partition)

    def shared(one: Reader, other: Reader) -> Callable[[], bool]:
        return lambda: one.assigned() == other.assigned() == 2 and bool(other.batches)

    async with AsyncExitStack() as stack:
        producing_all = asyncio.create_task(produce())
        await stack.enter_async_context(running(first))
        await stack.enter_async_context(running(second))
        await until(shared(first, second))
        await first.stop()
        await until(lambda: second.assigned() == 4)
        await stack.enter_async_context(running(third))
        await until(shared(second, third))
        await second.stop()
        await until(lambda: third.assigned() == 4)
        enough.set()
        await producing_all
        await until(lambda: {*first.values, *second.values, *third.values} == {*sent})
        ends = {TP("rebalanced", partition): len(sent) // 4 for partition in range(4)}
        await until(has_committed(kafka, "rebalanced", ends))


async def test_after_a_rebalance_what_is_held_is_read_again_and_only_that(kafka: str) -> None:
    await create(kafka, "held", partitions=4)
    await send(kafka, "held", numbered(40), partitions=4)
    early = lambda batch: batch.end <= 5  # noqa: E731 - of ten in each partition
    first, second = (
        Reader(kafka, "held", "held", acknowledge=early, commit_interval=NEVER) for _ in range(2)
    )
    async with running(first):
        await until(lambda: len(first.records) == 40)
        first.batches.clear()
        async with running(second):
            await until(lambda: len(first.records) + len(second.records) == 20)
            assert first.assigned() == second.assigned() == 2
            assert sorted(first.places + second.places) == [
                (partition, offset) for partition in range(4) for offset in range(5, 10)
            ]
            for batch in first.batches + second.batches:
                batch.ack()
    assert await committed(kafka, "held") == {TP("held", p): 10 for p in range(4)}


async def test_after_a_seek_what_was_never_committed_is_read_from_the_beginning(kafka: str) -> None:
    await create(kafka, "sought")
    await send(kafka, "sought", numbered(10))
    reader = Reader(kafka, "sought", "sought", acknowledge=lambda _: False)
    async with running(reader):
        await until(lambda: len(reader.records) == 10)
        reader.acknowledge = lambda _: True
        await reader.app.consumer.perform_seek()
        await until(lambda: len(reader.records) == 20)
        assert reader.values == numbered(10) * 2
        # The former batches were never acknowledged, and hold nothing back.
        await until(has_committed(kafka, "sought", {TP("sought", 0): 10}))


async def test_a_stop_ends_while_batches_are_held(kafka: str) -> None:
    await create(kafka, "stopped")
    await send(kafka, "stopped", numbered(10))
    reader = Reader(kafka, "stopped", "stopped", acknowledge=lambda batch: batch.first == 0)
    async with running(reader):
        await until(lambda: len(reader.records) == 10)
    assert await committed(kafka, "stopped") == {TP("stopped", 0): 5}


async def test_gaps_bytes_that_do_not_decode_and_topics_read_faust_s_way(kafka: str) -> None:
    await create(kafka, "gaps", "gaps-plain")
    values = [b"\xff{%d" % number for number in range(12)]
    async with producing(kafka, transactional_id="gaps") as producer:
        for index in range(0, 12, 3):  # each transaction ends with a marker, which takes an offset
            await producer.begin_transaction()
            for value in values[index : index + 3]:
                await producer.send("gaps", value)
                await producer.send("gaps-plain", value)
            await (producer.abort_transaction() if index == 3 else producer.commit_transaction())
    ends = {TP("gaps", 0): 15, TP("gaps-plain", 0): 15}
    reader = Reader(kafka, "gaps", "gaps", plain=("gaps-plain",))
    async with running(reader):
        await until(lambda: len(reader.plain) == len(reader.records) == 12)
        assert reader.values == reader.plain == values
        assert [offset for _, offset in reader.places] == [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14]
        await until(has_committed(kafka, "gaps", ends))
    again = Reader(kafka, "gaps", "gaps", plain=("gaps-plain",))
    async with running(again):
        for topic in ("gaps", "gaps-plain"):
            await send(kafka, topic, [b"new"])
        await until(has_committed(kafka, "gaps", dict.fromkeys(ends, 17)))
    assert again.values == again.plain == [b"new"]


async def test_gaps_of_compaction_hold_nothing_back(kafka: str) -> None:
    async with admin(kafka) as client:  # else the cleaner looks every fifteen seconds
        broker = ConfigResource(ConfigResourceType.BROKER, "1", {"log.cleaner.backoff.ms": "50"})
        await client.alter_configs([broker])
    eager = {
        "cleanup.policy": "compact",
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.001",
        "max.compaction.lag.ms": "100",
    }
    await create(kafka, "compacted", config=eager)
    keys = [b"once" if number == 5 else b"often" for number in range(20)]

    async def is_compacted() -> bool:
        await producer.send_and_wait("compacted", b"rolls the segment", key=b"last")
        rows = await fleet.read_topic(kafka, "compacted")
        return [key for key, *_ in rows].count(b"often") == 1

    async with producing(kafka) as producer:
        for key in keys:
            await producer.send_and_wait("compacted", b"value", key=key)
        await until(is_compacted)
    reader = Reader(kafka, "compacted", "compacted")
    async with running(reader):
        await until(lambda: len(reader.records) >= 2)
        assert reader.places[:2] == [(0, 5), (0, 19)]
        async with producing(kafka) as producer:
            await producer.send_and_wait("compacted", b"more", key=b"more")
        await until(lambda: reader.values[-1] == b"more")
        _, last = reader.places[-1]
        await until(has_committed(kafka, "compacted", {TP("compacted", 0): last + 1}))


class Beyond:
    """Hooks of an application that has come further than the topic goes."""

    async def settle(self) -> None: ...

    async def on_revoked(self) -> None: ...

    async def on_seek(self, assigned: frozenset[TP]) -> dict[TP, int]:
        return dict.fromkeys(assigned, 100)


async def test_a_position_beyond_the_end_is_refused_and_not_begun_anew(kafka: str) -> None:
    await create(kafka, "beyond")
    await send(kafka, "beyond", numbered(10))
    reader = Reader(kafka, "beyond", "beyond", hooks=Beyond())
    async with running(reader):
        await until(lambda: reader.app.crash_reason is not None)  # aiokafka goes to offset 0
    assert isinstance(reader.app.crash_reason, RecreatedTopicError)
    assert "was read up to offset 100 and now goes on at offset 0" in str(reader.app.crash_reason)
    assert reader.batches == []


async def test_what_faust_s_own_stream_acknowledges_is_committed(kafka: str) -> None:
    await create(kafka, "by-faust")
    await send(kafka, "by-faust", numbered(12))
    reader = Reader(kafka, "by-faust", "by-faust", by_faust=True)
    async with running(reader):
        await until(lambda: len(reader.records) == 12)
        # The last batch is acknowledged once the agent asks for the next one.
        await until(has_committed(kafka, "by-faust", {TP("by-faust", 0): 12}))


async def test_more_than_a_request_holds_is_sent_whole_and_in_order(kafka: str) -> None:
    await create(kafka, "large")
    values = [b"%d " % number + bytes(1000) for number in range(3000)]
    reader = Reader(kafka, "large", "large")
    async with running(reader):
        records = [Record("large", 0, None, value) for value in values]
        await reader.app.producer.send_many(records)
        await until(lambda: len(reader.records) >= 3000)
    assert reader.values == values


async def test_heartbeats_are_noted(kafka: str) -> None:
    await create(kafka, "beating")
    reader = Reader(kafka, "beating", "beating")
    async with running(reader):
        consumer = reader.app.consumer
        given = consumer._thread.heard_at
        await until(lambda: bool(consumer._thread.heard_at > given))
        assert consumer.alive


async def test_a_reader_outlives_its_broker_and_stops_without_it(kafka_server: KafkaServer) -> None:
    kafka = kafka_server.bootstrap
    await create(kafka, "outage")
    reader = Reader(kafka, "outage", "outage")
    async with running(reader):
        await send(kafka, "outage", numbered(10))
        await until(has_committed(kafka, "outage", {TP("outage", 0): 10}))
        kafka_server.stop()
        kafka_server.start()
        await send(kafka, "outage", numbered(10, start=10))
        await until(lambda: len(Counter(reader.values)) == 20)
        await until(has_committed(kafka, "outage", {TP("outage", 0): 20}))
        reader.acknowledge = lambda _: False
        await send(kafka, "outage", [b"last"])
        await until(lambda: reader.values[-1] == b"last")
        kafka_server.stop()
        reader.batches[-1].ack()
