"""The learn agent's work without servers: gaps, faults, snapshots, acknowledgements."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError
from faust.types import TP

from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import ConfigError, GapError, UnavailableError
from flywheel_stream.events import Clock, Origin, Signal, encode
from flywheel_stream.learner import Learner
from flywheel_stream.learning import LearnPolicy
from flywheel_stream.naming import Unnamed
from stream import retry
from stream.learn import Learn
from stream.prometheus import Metrics
from stream.transport import Batch, Ledger
from tests.calls import interaction, judged

LEARN = TP("flywheel.learn", 0)


class Record(NamedTuple):
    offset: int
    value: bytes
    key: bytes = b""


class Store:
    """Notes at which fences it was asked to write."""

    def __init__(self) -> None:
        self.written: list[int] = []

    async def write(self, learner: Learner, generation: int) -> int:
        self.written.append(learner.fence)
        learner.snapshot_taken()
        return 1

    async def load(self, learner: Learner) -> bool:
        return False


class Sink:
    async def write(self, outputs: Iterable[Any], clocks: Iterable[Any] = ()) -> None:
        list(outputs)


class World:
    """A learn agent with what surrounds it, one partition that starts at offset 0."""

    def __init__(self, **options: Any) -> None:
        async def earliest(tps: Iterable[TP]) -> Mapping[TP, int]:
            return dict.fromkeys(tps, 0)

        self.store, self.ledger = Store(), Ledger()
        self.learn = Learn(
            topic=LEARN.topic,
            policy=LearnPolicy(),
            embedder=options.pop("embedder", HashingEmbedder()),
            store=self.store,  # type: ignore[arg-type]  # as much of one as is needed
            sink=Sink(),  # type: ignore[arg-type]  # likewise
            counts=Metrics(),
            alive=lambda: True,
            generation=lambda: 1,
            earliest=earliest,
            expected=frozenset(),
            interval=options.pop("interval", 0.0),
            **options,
        )

    def batch(self, *offsets: int, value: bytes | None = None) -> Batch:
        raw = value or encode(Clock(topic="llm.logs", partition=0, until=1.0))
        records: Any = [Record(offset, raw) for offset in offsets]
        made = Batch(LEARN, records, len(records))
        self.ledger.deliver(made)
        return made


async def test_a_batch_is_acknowledged_with_the_snapshot_that_covers_it() -> None:
    world = World()
    assert await world.learn.assigned([LEARN]) == {LEARN: 0}
    await world.learn.handle(world.batch(0, 1, 2))
    assert (world.store.written, world.ledger.safe(LEARN)) == ([3], 3)


async def test_between_snapshots_nothing_is_acknowledged_until_settled() -> None:
    world = World(interval=3600.0)
    await world.learn.assigned([LEARN])
    await world.learn.handle(world.batch(0))
    await world.learn.handle(world.batch(1))
    assert (world.store.written, world.ledger.safe(LEARN)) == ([1], 1)
    await world.learn.settle()
    assert (world.store.written, world.ledger.safe(LEARN)) == ([1, 2], 2)


async def test_the_end_of_all_input_is_safe_at_once() -> None:
    world = World(interval=3600.0)
    await world.learn.assigned([LEARN])
    await world.learn.handle(world.batch(0))
    assert not world.learn.ended()
    end = encode(Clock(topic="llm.logs", partition=0, until=1.0, end=True))
    await world.learn.handle(world.batch(1, value=end))
    assert world.learn.ended()
    assert (world.store.written, world.ledger.safe(LEARN)) == ([1, 2], 2)


async def test_a_gap_stops_the_worker_and_names_the_range_and_the_setting() -> None:
    world = World()
    await world.learn.assigned([LEARN])
    await world.learn.handle(world.batch(0))
    with pytest.raises(GapError, match=r"Offsets 1 to 4 of flywheel\.learn.*FLYWHEEL_ACCEPT_GAP"):
        await world.learn.handle(world.batch(5))
    assert world.ledger.safe(LEARN) == 1


async def test_an_accepted_gap_is_gone_over() -> None:
    world = World(accept_gap=True)
    await world.learn.assigned([LEARN])
    await world.learn.handle(world.batch(7))
    assert world.ledger.safe(LEARN) == 8


async def test_after_a_fault_nothing_more_is_learnt_or_written() -> None:
    world = World(interval=3600.0)
    await world.learn.assigned([LEARN])
    await world.learn.handle(world.batch(0))
    await world.learn.handle(world.batch(1))
    with pytest.raises(msgspec.DecodeError):
        await world.learn.handle(world.batch(2, value=b"{"))
    await world.learn.handle(world.batch(3))
    await world.learn.settle()
    assert (world.store.written, world.ledger.safe(LEARN)) == ([1], 1)


async def test_what_was_learnt_of_partitions_that_went_away_is_forgotten() -> None:
    world = World()
    await world.learn.assigned([LEARN])
    world.learn.revoked()
    late = world.batch(0)
    await world.learn.handle(late)
    assert not late.acked
    assert world.learn.pictures() == []


async def test_a_state_that_cannot_be_read_at_once_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "RETRY_FIRST", 0.0)
    world = World()
    answers = [KafkaConnectionError(), TimeoutError(), None]

    async def load(learner: Learner) -> bool:
        error = answers.pop(0)
        if error is not None:
            raise error
        return False

    monkeypatch.setattr(world.store, "load", load)
    assert await world.learn.assigned([LEARN]) == {LEARN: 0}
    answers += [KafkaConnectionError()] * 3
    with pytest.raises(KafkaConnectionError):
        await world.learn.assigned([LEARN])
    assert not answers


FAILURE = encode(
    judged(
        interaction("t1", 5.0, prompt="where is my parcel?", response="no"),
        Signal(trace_id="t1", ts=5.0, kind="thumb", value="down", user_id="u", id="s"),
        origin=Origin("llm.feedback", 0, 0),
        satisfied=0.1,
        uncertainty=0.2,
    )
)


class Slow(HashingEmbedder):
    """Notes in which threads it is asked what, and fails as it is told."""

    def __init__(self, *faults: Callable[[], Exception]) -> None:
        super().__init__()
        self.faults = list(faults)
        self.asked: list[list[str]] = []
        self.threads: set[threading.Thread] = set()

    def embed(self, texts: Sequence[str]) -> Any:
        self.asked.append(list(texts))
        self.threads.add(threading.current_thread())
        if self.faults:
            fault = self.faults.pop(0)
            raise fault()
        return super().embed(texts)


async def test_texts_are_embedded_in_a_thread_before_they_are_learnt_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "RETRY_FIRST", 0.0)
    embedder = Slow(lambda: UnavailableError("Away."), lambda: UnavailableError("Away."))
    world = World(embedder=embedder, ahead=True)
    await world.learn.assigned([LEARN])
    await world.learn.handle(world.batch(0, value=FAILURE))
    assert embedder.asked == [["where is my parcel?"]] * 3
    assert threading.current_thread() not in embedder.threads
    assert world.ledger.safe(LEARN) == 1


async def test_an_embedder_that_is_away_holds_up_no_partition_that_went_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "RETRY_FIRST", 0.0)
    world = World(ahead=True)

    def revoked() -> Exception:
        world.ledger.drop([LEARN])
        return UnavailableError("Away.")

    world.learn._embedder = embedder = Slow(revoked)
    await world.learn.assigned([LEARN])
    batch = world.batch(0, value=FAILURE)
    await world.learn.handle(batch)
    assert (len(embedder.asked), batch.acked, world.store.written) == (1, False, [])


async def test_an_embedder_that_refuses_stops_the_worker_and_nothing_is_learnt() -> None:
    world = World(embedder=Slow(lambda: ConfigError("Refused.")), ahead=True)
    await world.learn.assigned([LEARN])
    with pytest.raises(ConfigError, match="Refused"):
        await world.learn.handle(world.batch(0, value=FAILURE))
    await world.learn.settle()
    assert (world.store.written, world.ledger.safe(LEARN)) == ([], None)


class Asked:
    """Names clusters, after whoever else is waiting had a turn; or is away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    async def title(self, cluster: Unnamed) -> str | None:
        self.asked.append(cluster.cluster)
        await asyncio.sleep(0)
        if self.away:
            raise UnavailableError("away")
        return f"Title of {cluster.cluster}"


class Named:
    """As much of an app as has clusters to be named."""

    def __init__(self) -> None:
        self.titles: dict[str, str] = {}

    def unnamed(self) -> list[Unnamed]:
        names = [name for name in ("c_1", "c_2") if name not in self.titles]
        return [Unnamed(name, "late parcel", "tone", []) for name in names]

    def entitle(self, cluster: str, words: str, title: str) -> None:
        self.titles[cluster] = title


async def test_a_cluster_is_named_once_though_two_ask_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namer, fold = Asked(), Named()
    learn = World(namer=namer).learn
    monkeypatch.setattr(learn, "folds", lambda: [fold])
    await asyncio.gather(learn.entitle(), learn.entitle())
    assert namer.asked == ["c_1", "c_2"]
    assert fold.titles == {"c_1": "Title of c_1", "c_2": "Title of c_2"}


async def test_a_namer_that_is_away_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namer, fold = Asked(), Named()
    namer.away = True
    learn = World(namer=namer).learn
    monkeypatch.setattr(learn, "folds", lambda: [fold])
    await asyncio.gather(learn.entitle(), learn.entitle())
    assert (namer.asked, fold.titles) == (["c_1"], {})
