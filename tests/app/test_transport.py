"""The batched driver: how runs are folded, what may be committed, and what Faust would lose.

The consumer here is the real one; its thread, which talks to the broker, is played by ``Thread``.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast
from unittest.mock import AsyncMock

import pytest
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaTimeoutError,
    NodeNotReadyError,
)
from faust.types import TP

from flywheel_stream.errors import RecreatedTopicError, StateError
from stream.agents import Agents
from stream.app import build_faust
from stream.bench.plain_faust import plain_faust
from stream.prometheus import Metrics
from stream.retry import TRANSIENT
from stream.settings import Settings
from stream.topics import Topics
from stream.transport import (
    Batch,
    Batching,
    BatchSchema,
    Consumer,
    ConsumerThread,
    Ledger,
    fold,
    hold_back,
)
from tests import fleet

A, B = TP("a", 0), TP("b", 1)


class Record(NamedTuple):
    """As much of a record as folding looks at."""

    offset: int
    value: bytes | None = b"x"
    key: bytes | None = None
    timestamp: int = 0
    timestamp_type: int = 0


def batch(tp: TP, *offsets: int) -> Batch:
    records: Any = [Record(offset) for offset in offsets]
    return Batch(tp, records, len(records))


def folded(offsets: list[int], count: int, size: int, value: bytes | None = b"x") -> list[Any]:
    records: Any = [Record(offset, value) for offset in offsets]
    return list(fold(A, records, count, size))


def test_a_run_is_cut_by_count_in_order() -> None:
    parts = folded(list(range(10)), count=4, size=10**6)
    assert [[r.offset for r in part.records] for part in parts] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
    ]
    assert [part.end for part in parts] == [4, 8, 10]


def test_a_run_is_cut_by_bytes_and_a_giant_is_alone() -> None:
    parts = folded(list(range(5)), count=100, size=250, value=b"x" * 100)
    assert [len(part.records) for part in parts] == [2, 2, 1]
    giants = folded([0, 1], count=100, size=10, value=b"x" * 100)
    assert [len(part.records) for part in giants] == [1, 1]


def test_an_empty_run_is_no_batch_and_tombstones_weigh_nothing() -> None:
    assert folded([], count=10, size=10) == []
    assert len(folded([0, 1, 2], count=10, size=1, value=None)) == 1


def test_nothing_is_safe_before_the_first_acknowledgement() -> None:
    ledger = Ledger()
    ledger.deliver(batch(A, 0, 1))
    assert ledger.safe(A) is None


def test_what_is_safe_is_the_end_of_the_acknowledged_prefix() -> None:
    ledger = Ledger()
    first, second, third = batch(A, 0, 1), batch(A, 2, 3), batch(A, 4)
    for one in (first, second, third):
        ledger.deliver(one)
    second.ack()
    assert ledger.safe(A) is None  # the first holds the commit back
    first.ack()
    assert ledger.safe(A) == 4
    third.ack()
    assert ledger.safe(A) == 5
    assert ledger.held() == 0


def test_gaps_in_the_offsets_cost_nothing() -> None:
    ledger = Ledger()
    compacted, beyond = batch(A, 3, 17), batch(A, 1000)
    ledger.deliver(compacted)
    ledger.deliver(beyond)
    compacted.ack()
    assert ledger.safe(A) == 18
    beyond.ack()
    assert ledger.safe(A) == 1001


def test_to_acknowledge_twice_is_to_acknowledge() -> None:
    ledger = Ledger()
    one = batch(A, 0)
    ledger.deliver(one)
    one.ack()
    ledger.drop_all()
    one.ack()
    assert ledger.safe(A) is None


def test_partitions_do_not_hold_each_other_back() -> None:
    ledger = Ledger()
    slow, quick = batch(A, 0), batch(B, 7)
    ledger.deliver(slow)
    ledger.deliver(quick)
    quick.ack()
    assert (ledger.safe(A), ledger.safe(B)) == (None, 8)


def test_a_batch_of_a_partition_that_went_away_is_void() -> None:
    ledger = Ledger()
    old = batch(A, 0, 1)
    ledger.deliver(old)
    ledger.drop([A])
    assert old.void
    again = batch(A, 0)  # read again, and cut in another way
    ledger.deliver(again)
    old.ack()
    assert ledger.safe(A) is None
    again.ack()
    assert ledger.safe(A) == 1


@pytest.mark.parametrize("seed", range(20))
def test_the_safe_offset_never_passes_an_unacknowledged_batch(seed: int) -> None:
    rng = random.Random(seed)
    ledger = Ledger()
    batches = [batch(A, *range(10 * i, 10 * i + rng.randint(1, 10))) for i in range(30)]
    for one in batches:
        ledger.deliver(one)
    for one in rng.sample(batches, len(batches)):
        one.ack()
        safe = ledger.safe(A) or 0
        assert all(b.acked for b in batches if b.end <= safe)
        assert all(b.first >= safe for b in batches if not b.acked)
    assert ledger.safe(A) == batches[-1].end


# ---------------------------------------------------------------- the consumer


class Thread:
    """The consumer's thread: answers at once, and notes what it was asked for, in order."""

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.log: list[Any] = []
        self.records: dict[TP, list[Any]] = {}
        self.committed: dict[TP, int | None] = {A: None, B: None}
        self.refusals = 0
        self.fetching = asyncio.Event()
        self.may_fetch = asyncio.Event()
        self.may_commit = asyncio.Event()
        self.may_fetch.set()
        self.may_commit.set()

    def assignment(self) -> set[TP]:
        return {A, B}

    def highwater(self, tp: TP) -> int | None:
        return None

    async def getmany(self, active: set[TP], wait: float) -> dict[TP, list[Any]]:
        self.fetching.set()
        await self.may_fetch.wait()
        self.log.append(("fetched", frozenset(active)))
        return {tp: self.records.pop(tp) for tp in active if tp in self.records}

    async def seek_to_committed(self) -> dict[TP, int | None]:
        self.log.append("sought")
        return dict(self.committed)

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        return dict.fromkeys(tps, 3)

    def seek(self, tp: TP, offset: int) -> None:
        self.log.append((tp, offset))

    async def commit(self, offsets: Mapping[TP, int]) -> bool:
        await self.may_commit.wait()
        if self.refusals:
            self.refusals -= 1
            return False
        self.log.append(dict(offsets))
        return True


class World:
    """A consumer of A and B, its thread, and the hooks of an application."""

    def __init__(self, *, session_timeout: float = 6.0) -> None:
        settings = fleet.settings_of("unit", "127.0.0.1:1", "redis://127.0.0.1:1")
        settings = settings.model_copy(update={"session_timeout": session_timeout})
        self.topics = Topics(settings)
        app: Any = build_faust(settings, self.topics)
        app.crash = self._crash
        app.batching = Batching(topics=frozenset("ab"), max_records=2, hooks=self)
        self.app = app
        self.consumer: Consumer = app.consumer
        self.consumer._thread.thread_loop.close()  # it was never started
        self.thread: Any = Thread()
        self.consumer._thread = self.thread
        self.consumer._active_partitions = {A, B}
        self.consumer.resume_flow()
        self.consumer._on_partitions_revoked = self._faust_revokes
        self.crashed: BaseException | None = None
        self.held: list[Batch] = []
        self.fences: dict[TP, int] = {}

    async def _crash(self, reason: BaseException) -> None:
        self.crashed = reason

    async def _faust_revokes(self, revoked: set[TP]) -> None:
        self.thread.log.append("faust revokes")

    async def settle(self) -> None:
        self.thread.log.append("settled")
        for one in self.held:
            one.ack()

    async def on_revoked(self) -> None:
        self.thread.log.append("forgotten")

    async def on_seek(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        return self.fences

    async def fetch(self, tp: TP = A, offsets: Iterable[int] = ()) -> list[Batch]:
        """Fetches, and takes what is delivered as Faust's fetcher does."""
        if offsets:
            self.thread.records[tp] = [Record(offset) for offset in offsets]
        delivered = [message async for _, message in self.consumer.getmany(1.0)]
        batches: list[Any] = [message.value for message in delivered]
        return batches

    @property
    def commits(self) -> list[dict[TP, int]]:
        return [entry for entry in self.thread.log if isinstance(entry, dict)]


async def test_a_fetch_asks_for_a_copy_of_the_active_partitions() -> None:
    world = World()
    world.thread.may_fetch.clear()
    fetch = asyncio.ensure_future(world.fetch(A, [0, 1]))
    await world.thread.fetching.wait()
    world.consumer.pause_partitions({A})
    world.thread.may_fetch.set()
    (delivered,) = await fetch  # Faust would have dropped it, at the next position
    assert [record.offset for record in delivered.records] == [0, 1]
    assert world.thread.log == [("fetched", frozenset({A, B}))]


async def test_no_active_partitions_are_not_taken_for_all() -> None:
    world = World()
    world.consumer.pause_partitions({A, B})
    assert await world.fetch(A, [0, 1]) == []
    assert world.thread.log == []


async def test_a_seek_waits_for_the_fetch_under_way_and_what_that_brings_is_void() -> None:
    world = World()
    world.thread.may_fetch.clear()
    fetch = asyncio.ensure_future(world.fetch(A, [5, 6]))
    await world.thread.fetching.wait()
    seek = asyncio.ensure_future(world.consumer.perform_seek())
    for _ in range(10):
        await asyncio.sleep(0)
    world.thread.may_fetch.set()
    assert await fetch == []
    await seek
    assert world.thread.log[:2] == [("fetched", frozenset({A, B})), "sought"]


async def test_partitions_are_read_from_the_commit_the_beginning_or_where_a_hook_says() -> None:
    world = World()
    world.thread.committed = {A: 40, B: None}
    await world.consumer.perform_seek()
    assert world.thread.log == ["sought", (B, 3)]  # aiokafka seeks A itself, and leaves B anywhere
    world.fences = {A: 20}
    await world.consumer.perform_seek()
    assert world.thread.log[-1] == (A, 20)
    assert world.crashed is None


async def test_an_error_while_seeking_stops_the_app() -> None:
    world = World()
    error = StateError("a snapshot is damaged")

    async def failing(assigned: frozenset[TP]) -> Mapping[TP, int]:
        raise error

    world.on_seek = failing  # type: ignore[method-assign]
    with pytest.raises(StateError):
        await world.consumer.perform_seek()
    assert world.crashed is error


async def test_a_batch_fetched_again_does_not_wait_for_its_former_self() -> None:
    world = World()
    await world.consumer.perform_seek()
    before = await world.fetch(A, range(3, 7))
    await world.consumer.perform_seek()
    again = await world.fetch(A, range(3, 7))
    for one in again:
        one.ack()
    assert all(one.void for one in before)
    await world.consumer.commit()
    assert world.commits == [{A: 7}]


async def test_records_from_before_the_position_stop_the_app_undelivered() -> None:
    world = World()
    world.thread.committed = {A: 40, B: 7}
    await world.consumer.perform_seek()
    assert len(await world.fetch(A, [40, 41, 52])) == 2  # gaps are nothing unusual
    with pytest.raises(RecreatedTopicError, match=r"0 of topic a was read up to offset 53 .* 0 "):
        await world.fetch(A, [0, 1])
    assert isinstance(world.crashed, RecreatedTopicError)
    assert world.consumer.ledger.held() == 2


async def test_before_partitions_go_work_is_finished_committed_and_forgotten_in_this_order() -> (
    None
):
    world = World()
    world.held = await world.fetch(A, [0, 1, 2])
    world.thread.log.clear()
    await world.consumer.on_partitions_revoked({A, B})
    assert world.thread.log == ["settled", {A: 3}, "forgotten", "faust revokes"]
    assert world.consumer.ledger.partitions() == []


async def test_the_last_commit_is_made_though_a_lesser_one_is_under_way() -> None:
    world = World()
    first, world.held = (await world.fetch(A, [0, 1])), (await world.fetch(A, [2, 3]))
    first[0].ack()
    world.thread.may_commit.clear()
    periodic = asyncio.ensure_future(world.consumer.commit())
    await asyncio.sleep(0)
    revoke = asyncio.ensure_future(world.consumer.on_partitions_revoked({A, B}))
    for _ in range(10):
        await asyncio.sleep(0)
    world.thread.may_commit.set()
    await asyncio.gather(periodic, revoke)
    assert world.commits == [{A: 2}, {A: 4}]


async def test_to_stop_does_not_wait_for_batches_that_are_held() -> None:
    world = World()
    done, held = await world.fetch(A, [0, 1, 2])
    done.ack()
    message: Any = type("Message", (), {"value": held})()
    world.consumer._unacked_messages.add(message)
    await asyncio.wait_for(world.consumer.wait_empty(), 10)
    assert world.commits == [{A: 2}]
    assert held.void  # whoever works on it has no reason to try again


@pytest.mark.parametrize("stuck", ["work", "commit"])
async def test_what_does_not_end_is_left_to_be_read_again(stuck: str) -> None:
    world = World(session_timeout=0.05)
    world.held = await world.fetch(A, [0, 1])
    if stuck == "work":
        world.settle = asyncio.Event().wait  # type: ignore[method-assign, assignment]
    else:
        world.thread.may_commit.clear()
    await asyncio.wait_for(world.consumer.on_partitions_revoked({A, B}), 10)
    assert world.thread.log[-2:] == ["forgotten", "faust revokes"]
    assert world.commits == []


async def test_a_failed_commit_is_tried_again_and_not_noted() -> None:
    world = World()
    world.thread.refusals = 1
    (one,) = await world.fetch(A, [0, 1])
    one.ack()
    assert not await world.consumer.commit()
    assert world.consumer._committed_offset[A] is None
    assert await world.consumer.commit()
    assert world.commits == [{A: 2}]
    assert world.consumer._committed_offset[A] == 2


async def test_nothing_is_committed_twice() -> None:
    world = World()
    (one,) = await world.fetch(A, [0, 1])
    one.ack()
    await world.consumer.commit()
    await world.consumer.commit()
    assert world.commits == [{A: 2}]


async def test_what_fausts_own_stream_acknowledges_by_offset_is_the_whole_batch() -> None:
    world = World()
    first, second = await world.fetch(A, [0, 7, 9])
    world.consumer._acked[A].append(first.end - 1)  # as its Cython stream does
    world.consumer._acked_index[A].add(first.end - 1)
    await world.consumer.commit()
    assert (first.acked, second.acked) == (True, False)
    assert world.commits == [{A: 8}]


async def test_no_gap_is_filled_in_for_batches() -> None:
    world = World()
    await world.consumer._add_gap(A, 1, 10**12)  # Faust would make a list of them
    await world.consumer._add_gap(TP("unbatched", 0), 1, 10)
    assert list(world.consumer._gap) == [TP("unbatched", 0)]


async def test_a_worker_that_the_group_has_not_heard_of_is_not_alive() -> None:
    world = World()
    await world.consumer.perform_seek()
    assert world.consumer.alive
    world.thread.heard_at = time.monotonic() - 6.1
    assert not world.consumer.alive


async def test_a_value_that_does_not_decode_reaches_the_agent_as_it_is() -> None:
    world = World()
    raw = b"\xff{"
    message: Any = type("Message", (), {"key": None, "value": raw})()
    decode = BatchSchema().compile(world.app)
    event = await decode(message)
    assert event.value is raw


@pytest.mark.parametrize(
    "build", [lambda settings: build_faust(settings, Topics(settings)), plain_faust]
)
def test_an_app_makes_no_folder_where_it_is_started(
    build: Callable[[Settings], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start() -> None:
        await build(
            fleet.settings_of("unit", "127.0.0.1:1", "redis://127.0.0.1:1")
        ).on_first_start()

    monkeypatch.chdir(tmp_path)
    asyncio.run(start())
    assert list(tmp_path.iterdir()) == []


class Broker:
    """aiokafka's client, as far as it is asked for ids."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def get_random_node(self) -> int:
        return 1

    async def send(self, node: int, request: Any) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def ids_by(*answers: Any) -> dict[str, str]:
    """The ids of topics that a broker knows which answers so."""
    world = World()
    thread: Any = ConsumerThread(world.consumer, loop=world.consumer.loop)
    thread.thread_loop.close()  # it is never started
    client = Broker(*answers)
    thread._consumer = type("Kafka", (), {"_client": client})()

    async def call(method: Any, *args: Any) -> Any:
        return await method(*args)

    thread.call_thread = call
    world.consumer._thread = thread
    return await world.consumer.topic_ids(["a", "gone"])


async def test_ids_of_topics_are_asked_for_until_a_broker_answers() -> None:
    topics = [(0, "a", bytes(15) + b"\1"), (3, "gone", bytes(16))]
    answer = type("Answer", (), {"topics": topics})()
    found = await ids_by(NodeNotReadyError(), KafkaConnectionError(), answer)
    assert found == {"a": "AAAAAAAAAAAAAAAAAAAAAQ"}


@pytest.mark.parametrize("error", [NotImplementedError(), IncompatibleBrokerVersion()])
async def test_brokers_from_before_there_were_ids_know_none(error: Exception) -> None:
    assert await ids_by(error) == {}


async def test_a_topic_made_again_is_noticed_though_no_partition_moves() -> None:
    world = World()
    found = {"unit.logs": "its first id"}
    consumer, agents = cast("Any", world.consumer), Agents(world.app, world.topics, Metrics())
    consumer.topic_ids = AsyncMock(side_effect=lambda topics: dict(found))
    agents.ingest = AsyncMock()
    agents.assigned = frozenset({TP("unit.logs", 0)})
    await agents.sweep()
    await agents.sweep()
    found["unit.logs"] = "another"
    with pytest.raises(RecreatedTopicError, match=r"unit\.logs was deleted and made again"):
        await agents.sweep()


class Waiting:
    """A batch in aiokafka's buffer, as much of it as is needed."""

    def __init__(self, retry_count: int = 0) -> None:
        self.retry_count = retry_count
        self.error: BaseException | None = None

    def failure(self, error: BaseException) -> None:
        self.error = error


class Accumulator:
    """aiokafka's buffer, as much of it as is needed."""

    def __init__(self, *, idempotent: bool) -> None:
        self._batches = {A: deque([Waiting(retry_count=1), Waiting()]), B: deque([Waiting()])}
        self._txn_manager = object() if idempotent else None

    def drain_by_nodes(self, ignore_nodes: Any, muted_partitions: Any = frozenset()) -> Any:
        return {tp: list(waiting) for tp, waiting in self._batches.items()}


@pytest.mark.parametrize("idempotent", [False, True])
def test_what_waits_to_be_sent_does_not_go_out_once_we_may_not_write(*, idempotent: bool) -> None:
    alive = True
    accumulator = Accumulator(idempotent=idempotent)
    tried, *untried = [*accumulator._batches[A], *accumulator._batches[B]]
    hold_back(accumulator, lambda: alive)
    assert accumulator.drain_by_nodes([]).keys() == {A, B}
    alive = False  # stopped for longer than the session, and woken
    # The broker expects the number that a tried one was given, so that one has to go out.
    assert accumulator.drain_by_nodes([]) == ({A: [tried]} if idempotent else {})
    held = untried if idempotent else [tried, *untried]
    assert all(isinstance(batch.error, KafkaTimeoutError) for batch in held)
    assert (tried.error is None) == idempotent
    assert issubclass(KafkaTimeoutError, TRANSIENT)  # so it is tried again, while it is ours
