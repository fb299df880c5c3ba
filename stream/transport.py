"""The batched Faust driver, scheme ``batched://``: one event per fetched run of records.

Faust spends a hundred microseconds on an event, whatever is in it. This driver folds each run of
records that the broker returns for one partition into one event whose value is a ``Batch``, so that
cost is paid once for hundreds of records. Everything else stays Faust's: groups, rebalances,
commits, back-pressure, agents. Topics that are not named in ``Batching.topics`` are left alone.

What it promises:

* **Order.** Batches of one partition arrive in offset order; a batch is never split afterwards.
* **Acknowledgement is explicit.** ``batch.ack()`` after success. What is committed is the end of
  the longest prefix of acknowledged batches, so gaps in the offsets (compaction, transaction
  markers) cost nothing and an unacknowledged batch holds the commit back.
* **After a rebalance** each partition is read again from what was committed, from the beginning
  where nothing ever was, or from where ``Hooks.on_seek`` says. Batches delivered before are void:
  acknowledging one has no effect.
* **A topic that starts anew is refused.** Records below where a partition was read to would pass
  for repetitions: the app crashes with ``RecreatedTopicError``. ``Consumer.topic_ids`` tells a
  topic that was made again where offsets cannot.
* **Before partitions go** (rebalance, shutdown) no new batch is handed out, ``Hooks.settle`` may
  finish what is under way, and what it acknowledged is committed.

The comments marked F name the place in Faust 0.15.3 that would otherwise lose records.
"""

import asyncio
import base64
import contextlib
import logging
import time
from collections import deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple, Protocol, cast

import faust
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, KafkaTimeoutError
from aiokafka.protocol import api
from aiokafka.protocol import types as wire
from aiokafka.structs import ConsumerRecord
from faust.events import Event
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from flywheel_stream.errors import RecreatedTopicError

logger = logging.getLogger(__name__)

FETCH_TIMEOUT = 0.2
"""Seconds that one fetch may wait; short, because a rebalance waits for it."""

IDLE_PAUSE = 0.005
"""Seconds until we look again whether a partition wants records."""

COMMIT_TIMEOUT = 5.0
"""Seconds that the last commit may take; while no broker answers aiokafka tries for ever."""

RETRY_PAUSE = 0.1
"""Seconds until a broker that did not answer is asked again."""


class Batch:
    """Records of one partition, in offset order, that are acknowledged together."""

    __slots__ = ("_ledger", "acked", "bytes", "end", "records", "tp")

    def __init__(self, tp: TP, records: Sequence[ConsumerRecord], size: int) -> None:
        self.tp = tp
        self.records = records
        self.bytes = size
        self.end = records[-1].offset + 1
        self.acked = False
        self._ledger: Ledger | None = None

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return cast("int", self.records[0].offset)

    @property
    def void(self) -> bool:
        """Whether the partition went away or was read again since this batch was delivered."""
        return self._ledger is None

    def ack(self) -> None:
        """Says that the records and all that they caused are safe; a void batch is ignored."""
        self.acked = True
        if self._ledger is not None:
            self._ledger.advance(self.tp)


class Ledger:
    """Which batches were delivered and which of them are acknowledged, per partition."""

    def __init__(self) -> None:
        self._held: dict[TP, deque[Batch]] = {}
        self._safe: dict[TP, int] = {}

    def deliver(self, batch: Batch) -> None:
        """Notes a batch, in delivery order."""
        batch._ledger = self  # noqa: SLF001 - the two are one mechanism
        self._held.setdefault(batch.tp, deque()).append(batch)

    def advance(self, tp: TP) -> None:
        """Moves the safe offset over the acknowledged prefix."""
        held = self._held.get(tp)
        while held and held[0].acked:
            self._safe[tp] = held.popleft().end

    def safe(self, tp: TP) -> int | None:
        """The offset up to which everything is acknowledged, exclusive; None if nothing is."""
        return self._safe.get(tp)

    def held(self) -> int:
        """How many batches wait for their acknowledgement."""
        return sum(map(len, self._held.values()))

    def partitions(self) -> list[TP]:
        """Partitions with something to commit."""
        return list(self._safe)

    def drop(self, tps: Iterable[TP]) -> None:
        """Forgets partitions: their batches become void."""
        for tp in tps:
            for batch in self._held.pop(tp, ()):
                batch._ledger = None  # noqa: SLF001 - the two are one mechanism
            self._safe.pop(tp, None)

    def drop_all(self) -> None:
        """Forgets every partition."""
        self.drop([*self._held, *self._safe])


class Hooks(Protocol):
    """What the application does around rebalances."""

    async def settle(self) -> None:
        """Finishes what is under way and acknowledges it; no new batch comes meanwhile."""

    async def on_revoked(self) -> None:
        """Forgets all that belongs to partitions; called after the last commit."""

    async def on_seek(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Loads what belongs to the partitions; returns offsets to read from, where it knows."""


@dataclass
class Batching:
    """How an app batches; set as ``app.batching`` before the app starts."""

    topics: frozenset[str] = frozenset()
    max_records: int = 500
    max_bytes: int = 1024 * 1024
    idempotent: bool = True
    fetch_wait_ms: int = 500
    hooks: Hooks | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    """Another ``max_records`` for some topics."""


def fold(tp: TP, records: Sequence[ConsumerRecord], count: int, size: int) -> Iterator[Batch]:
    """Cuts a run of records into batches of at most ``count`` records and ``size`` bytes.

    A single record that is larger than ``size`` is a batch of its own.
    """
    start = total = 0
    for index, record in enumerate(records):
        weight = len(record.value or b"") + len(record.key or b"")
        if index > start and (index - start >= count or total + weight > size):
            yield Batch(tp, records[start:index], total)
            start, total = index, 0
        total += weight
    if start < len(records):
        yield Batch(tp, records[start:], total)


class BatchSchema(faust.Schema[Any, Any]):
    """Hands a batch to the stream as it is: decoding is ours, because Faust's cannot fail softly."""

    def compile(  # noqa: D102 - as in faust.Schema
        self,
        app: Any,
        *,
        on_key_decode_error: Any = None,
        on_value_decode_error: Any = None,
        **_: Any,
    ) -> Any:
        async def decode(message: Any, *, propagate: bool = False) -> Event:
            return Event(app, message.key, message.value, None, message)

        return decode


# ---------------------------------------------------------------- ids of topics
# Metadata, version 10, brings them; aiokafka asks for version 5 at most.

_NO_ID = bytes(16)
_STRING = wire.CompactString("utf-8")
_INTS = wire.CompactArray(wire.Int32)


class _Id(wire.AbstractType):  # type: ignore[misc]  # aiokafka has no types
    @classmethod
    def encode(cls, value: bytes) -> bytes:
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        return data.read(16)


_BROKER = wire.CompactArray(
    ("node", wire.Int32),
    ("host", _STRING),
    ("port", wire.Int32),
    ("rack", _STRING),
    ("tags", wire.TaggedFields),
)
_PARTITION = wire.CompactArray(
    ("error", wire.Int16),
    ("partition", wire.Int32),
    ("leader", wire.Int32),
    ("epoch", wire.Int32),
    ("replicas", _INTS),
    ("in_sync", _INTS),
    ("offline", _INTS),
    ("tags", wire.TaggedFields),
)
_TOPIC = wire.CompactArray(
    ("error", wire.Int16),
    ("name", _STRING),
    ("id", _Id),
    ("internal", wire.Boolean),
    ("partitions", _PARTITION),
    ("operations", wire.Int32),
    ("tags", wire.TaggedFields),
)


class _TopicIdsAnswer(api.Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = wire.Schema(
        ("throttled", wire.Int32),
        ("brokers", _BROKER),
        ("cluster", _STRING),
        ("controller", wire.Int32),
        ("topics", _TOPIC),
        ("operations", wire.Int32),
        ("tags", wire.TaggedFields),
    )


class _TopicIdsQuestion(api.RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _TopicIdsAnswer
    SCHEMA = wire.Schema(
        (
            "topics",
            wire.CompactArray(("id", _Id), ("name", _STRING), ("tags", wire.TaggedFields)),
        ),
        ("create", wire.Boolean),
        ("cluster_operations", wire.Boolean),
        ("topic_operations", wire.Boolean),
        ("tags", wire.TaggedFields),
    )


class _TopicIds(api.Request[_TopicIdsQuestion]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 3

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics: list[Any] = [(_NO_ID, topic, {}) for topic in topics]

    def build(self, request_struct_class: type[_TopicIdsQuestion]) -> _TopicIdsQuestion:
        return request_struct_class(self._topics, False, False, False, {})  # noqa: FBT003 - the wire's


def _shown(raw: bytes) -> str:
    """An id as Kafka's own tools print it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refuse_another(topic: str, known: str, found: str) -> None:
    """Compares the id that a topic had with the one it has.

    Raises:
        RecreatedTopicError: they differ.
    """
    if found != known:
        raise RecreatedTopicError(
            f"Topic {topic} was deleted and made again (its id was {known} and is {found})"
        )


# ---------------------------------------------------------------- the consumer


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, which remembers when the group last heard of us."""

    heard_at = 0.0

    def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> Any:
        consumer = super()._create_consumer(loop)
        batching: Batching = getattr(self.app, "batching", None) or Batching()
        consumer._fetch_max_wait_ms = batching.fetch_wait_ms  # noqa: SLF001 - F fixes it at 1.5 s
        return consumer

    async def on_start(self) -> None:
        """Starts the consumer, and listens to its heartbeats."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - aiokafka offers no other way
        beat = coordinator._do_heartbeat  # noqa: SLF001

        async def noting() -> bool:
            heard = bool(await beat())
            if heard:
                self.heard_at = time.monotonic()
            return heard

        coordinator._do_heartbeat = noting  # noqa: SLF001

    async def on_thread_stop(self) -> None:
        """Stops the consumer. F waits a minute for the thread if it ends with an exception."""
        try:
            await super().on_thread_stop()
        except asyncio.CancelledError:
            # aiokafka fetcher.py:close raises that of its own task if no broker answers.
            await self._ensure_consumer()._client.close()  # noqa: SLF001 - it was next in line

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The ids of those topics that exist; none if the broker knows of no ids."""
        client = self._ensure_consumer()._client  # noqa: SLF001 - aiokafka offers no other way
        try:
            answer = await client.send(client.get_random_node(), _TopicIds(topics))
        except (IncompatibleBrokerVersion, NotImplementedError):  # older than Kafka 2.8
            return {}
        return {topic[1]: _shown(topic[2]) for topic in answer.topics if topic[2] != _NO_ID}


class Consumer(driver.Consumer):
    """Faust's aiokafka consumer, with runs of records folded into batches."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.batching: Batching = getattr(self.app, "batching", None) or Batching()
        self.ledger = Ledger()
        self._epoch = 0
        self._fetched_in = 0
        self._due: dict[TP, int] = {}
        self._fetching = asyncio.Lock()

    _thread: ConsumerThread

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def alive(self) -> bool:
        """Whether the group heard of us within the session time-out.

        A process that was stopped and woken holds partitions that are no longer its own; it must
        not write before it knows.
        """
        silence = time.monotonic() - self._thread.heard_at
        return bool(silence < self.app.conf.broker_session_timeout)

    def position_of(self, tp: TP) -> int | None:
        """The offset up to which all is acknowledged or was found committed."""
        safe = self.ledger.safe(tp)
        return self._committed_offset[tp] if safe is None else safe

    async def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """The ids of those topics that exist; a topic that is made again has another one.

        Asks until a broker answers. There are none before Kafka 2.8.
        """
        while True:
            try:
                found = await self._thread.call_thread(self._thread.topic_ids, list(topics))
            except KafkaError as error:
                if not error.retriable:
                    raise
                await asyncio.sleep(RETRY_PAUSE)
            else:
                return cast("dict[str, str]", found)

    # ------------------------------------------------------------ records in

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:  # noqa: ASYNC109 - as in Faust
        # F consumer.py:_wait_next_records passes its live set: a copy, or a pause during the fetch
        # drops what was fetched. aiokafka reads an empty set as "all partitions".
        active = set(active_partitions or ())
        if not active:
            await asyncio.sleep(IDLE_PAUSE)  # F sleeps a whole second while buffers are full
            return {}
        async with self._fetching:
            self._fetched_in = self._epoch
            fetched = await super()._getmany(active, FETCH_TIMEOUT)
        batching = self.batching
        return {
            tp: list(
                fold(
                    tp,
                    records,
                    batching.sizes.get(tp.topic, batching.max_records),
                    batching.max_bytes,
                )
            )
            if tp.topic in batching.topics
            else records
            for tp, records in fetched.items()
        }

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - as in Faust
        """Fetches, and yields messages in round robin over partitions.

        F consumer.py:getmany drops records of partitions that were paused meanwhile, and delivers
        records that were fetched before a seek after it. Here a seek or a revoke starts a new
        epoch: what was fetched in the old one is void, and is read again.
        """
        if not self.flow_active:
            await self.can_resume_flow.wait()
        records = await self._getmany(self._get_active_partitions(), timeout)
        if not records or self.should_stop:
            return
        for tp, item in self.scheduler.iterate(records):
            if self._fetched_in != self._epoch or not self.flow_active:
                return
            self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
            message = self._to_message(tp, item)
            if isinstance(item, Batch):
                await self._refuse_going_back(item)
                self.ledger.deliver(item)
            yield tp, message

    async def _refuse_going_back(self, batch: Batch) -> None:
        """Crashes the app if a partition gives records from before where it was read to.

        aiokafka goes to the earliest record if the offset it asks for is beyond the end, and F
        consumer.py:_drain_messages drops what it then gets, each with a word for developers only.
        """
        due = self._due.get(batch.tp, 0)
        if batch.first < due:
            error = RecreatedTopicError(
                f"Partition {batch.tp.partition} of topic {batch.tp.topic} was read up to offset "
                f"{due} and now goes on at offset {batch.first} (the topic was deleted and made "
                "again, or the broker lost its end)"
            )
            await self.app.crash(error)
            raise error
        self._due[batch.tp] = batch.end

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if not isinstance(record, Batch):
            return super()._to_message(tp, record)
        last = record.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            cast("Any", record),
            None,
            0,
            record.bytes,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    # ------------------------------------------------------------ offsets out

    def ack(self, message: Any) -> bool:
        """Acknowledges a message; for a batch, the batch."""
        if not isinstance(message.value, Batch):
            return bool(super().ack(message))
        message.acked = True
        self._unacked_messages.discard(message)
        message.value.ack()
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        yield from super()._filter_tps_with_pending_acks(topics)
        for tp in self.ledger.partitions():
            if tp not in self._acked and (topics is None or tp in topics or tp.topic in topics):
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic in self.batching.topics:
            # The Cython stream acknowledges inline, by offset (streams.pyx:after).
            acked = self._acked.pop(tp, None)
            if acked:
                self._acked_index.pop(tp, None)
                self._ack_offsets(tp, set(acked))
            return self.ledger.safe(tp)
        return super()._new_offset(tp)

    def _ack_offsets(self, tp: TP, offsets: set[int]) -> None:
        for batch in list(self.ledger._held.get(tp, ())):  # noqa: SLF001 - one mechanism
            if batch.end - 1 in offsets:
                batch.ack()

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        if tp.topic not in self.batching.topics:  # the ledger needs none
            await super()._add_gap(tp, offset_from, offset_to)

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: FBT001, FBT002 - as in Faust
    ) -> bool:
        before = {tp: self._committed_offset[tp] for tp in offsets}
        did_commit = await super()._commit_offsets(
            offsets, start_new_transaction=start_new_transaction
        )
        if not did_commit:  # F consumer.py:_commit_offsets notes them as committed all the same
            self._committed_offset.update(before)
        return bool(did_commit)

    # ------------------------------------------------------------ rebalances

    async def perform_seek(self) -> None:
        """Seeks every partition to where it has to be read from, before the flow resumes."""
        try:
            self._epoch += 1
            self.ledger.drop_all()
            self._thread.heard_at = time.monotonic()  # the group has just given us partitions
            async with self._fetching:  # a fetch under way would move the positions again
                await self._seek_all()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # F tables/recovery.py swallows it and reads on from anywhere.
            await self.app.crash(error)
            raise

    async def _seek_all(self) -> None:
        await super().perform_seek()
        assigned = frozenset(self.assignment())
        self._due = {tp: self._committed_offset[tp] or 0 for tp in assigned}
        targets: dict[TP, int] = {}
        unknown = [tp for tp in assigned if self._committed_offset[tp] is None]
        if unknown:  # aiokafka's seek_to_committed leaves those wherever they are
            targets.update(await self.earliest_offsets(*unknown))
        if self.batching.hooks is not None:
            targets.update(await self.batching.hooks.on_seek(assigned))
        for tp, offset in targets.items():
            await self.seek(tp, offset)
        self._due.update(targets)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finishes, commits and forgets, before Faust forgets what was not yet committed.

        F consumer.py:on_partitions_revoked pops the acknowledged offsets before its last commit.
        """
        await self._settle()
        self._epoch += 1
        self.ledger.drop_all()
        if self.batching.hooks is not None:
            await self.batching.hooks.on_revoked()
        await super().on_partitions_revoked(revoked)

    async def wait_empty(self) -> None:
        """Finishes and commits. F consumer.py:wait_empty would wait for held batches for ever."""
        await self._settle()
        self._epoch += 1
        self.ledger.drop_all()
        self._unacked_messages.clear()

    async def _settle(self) -> None:
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        limit = self.app.conf.broker_session_timeout * 0.8
        if self.batching.hooks is not None:
            await _within(limit, self.batching.hooks.settle(), "work under way")
        with contextlib.suppress(ConnectionError):
            await _within(min(limit, COMMIT_TIMEOUT), self._commit_all(), "the last commit")

    async def _commit_all(self) -> None:
        # F consumer.py:commit does nothing but wait while another commit, of less, is under way.
        await self.maybe_wait_for_commit_to_finish()
        await self.commit()


async def _within(limit: float, work: Awaitable[None], what: str) -> None:
    """Waits for the end of some work, up to a limit."""
    try:
        await asyncio.wait_for(work, limit)
    except TimeoutError:
        logger.warning("%s did not end in %.0f s: some records will be read again", what, limit)


class Record(NamedTuple):
    """One record to send; ``partition`` is chosen by the caller."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None


def hold_back(accumulator: Any, alive: Callable[[], bool]) -> None:
    """Lets nothing that waits in aiokafka's buffer go out once we may no longer write.

    A process that was stopped in the middle of a send goes on with it when it is woken: what it
    writes then would stand above what the new owner of its partitions wrote of the same keys.
    A batch of an idempotent producer that was tried before is left alone: it has its number, and
    without it the broker would refuse all that follow.
    """
    drain = accumulator.drain_by_nodes

    def drain_while_alive(ignore_nodes: Any, muted_partitions: Any = frozenset()) -> Any:
        if not alive():
            _fail_waiting(accumulator)
        return drain(ignore_nodes, muted_partitions)

    accumulator.drain_by_nodes = drain_while_alive


def _fail_waiting(accumulator: Any) -> None:
    batches, numbered = accumulator._batches, accumulator._txn_manager is not None  # noqa: SLF001 - it has no other
    for tp in list(batches):
        waiting = batches.pop(tp)
        kept = [batch for batch in waiting if numbered and batch.retry_count]
        if kept:
            batches[tp] = deque(kept)
        for batch in waiting:
            if batch not in kept:
                batch.failure(KafkaTimeoutError())


class Producer(driver.Producer):
    """Faust's aiokafka producer, with batched sends.

    ``alive`` says whether we may still write; who wires us sets it.
    """

    alive: Callable[[], bool] = staticmethod(lambda: True)

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        hold_back(producer._message_accumulator, lambda: self.alive())  # noqa: SLF001, PLW0108 - it has no other, and is set later
        return producer

    def _settings_extra(self) -> Mapping[str, Any]:
        batching: Batching = getattr(self.app, "batching", None) or Batching()
        if self.app.in_transaction or not batching.idempotent:
            return super()._settings_extra()
        return {"acks": "all", "enable_idempotence": True}

    async def send_many(self, records: Iterable[Record]) -> None:
        """Sends records and returns once the broker has confirmed all of them.

        Order is kept within a partition. On an error some may have been written: the caller sends
        all of them again or stops.

        Raises:
            aiokafka.errors.KafkaError: the broker refused a record or cannot be reached.
        """
        producer = self._ensure_producer()
        runs: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            runs.setdefault((record.topic, record.partition), []).append(record)
        pending: list[asyncio.Future[Any]] = []
        try:
            for (topic, partition), run in runs.items():
                builder = producer.create_batch()
                for _, _, key, value, timestamp in run:
                    if builder.append(key=key, value=value, timestamp=timestamp) is None:
                        builder.close()
                        pending.append(
                            await producer.send_batch(builder, topic, partition=partition)
                        )
                        builder = producer.create_batch()
                        builder.append(key=key, value=value, timestamp=timestamp)
                builder.close()
                pending.append(await producer.send_batch(builder, topic, partition=partition))
        finally:
            results = await asyncio.gather(*pending, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


class Transport(driver.Transport):
    """The transport that Faust finds by its entry point."""

    Consumer = Consumer
    Producer = Producer
