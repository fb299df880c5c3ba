"""The ingest agent's work: batches of raw records in, confirmed outputs and clocks out.

The order, which is what makes a crash harmless: check → work → outputs confirmed → remember →
acknowledge. Everything before the acknowledgement may happen twice.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from faust.types import TP

from flywheel_stream import metrics
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.cleaning.calls import CallBatch
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.cleaning.passing import Passing
from flywheel_stream.cleaning.signals import SignalBatch
from flywheel_stream.dedup import Window
from flywheel_stream.errors import TooManyDeadLettersError
from flywheel_stream.events import Clock, Interaction, Source, decode_interaction
from flywheel_stream.joining import CallMeeting, SignalMeeting, WaitingRoom, successors
from flywheel_stream.lineage import source_at
from stream.flooding import TopUser
from stream.prometheus import Metrics
from stream.retry import NotAliveError, patiently
from stream.sink import Sink
from stream.topics import Topics
from stream.transport import Batch

logger = logging.getLogger(__name__)

CLOCK_INTERVAL = 1.0
WATCHED = 1000
"""Records whose refusals are watched for a flood of dead letters."""
CHUNK = 100
"""Records that are prepared before the loop may turn to what servers have answered meanwhile."""
SWEEP = 500
"""Overdue signals that one sweep gives up."""


@dataclass
class InputClock:
    """How far one input partition has come."""

    until: float = 0.0
    told: float = -1.0
    told_at: float = 0.0
    seen_at: float = field(default_factory=time.monotonic)
    idle: bool = False


class Ingest:
    """Works batches of the input topics.

    Args:
        cleaner: the pure steps.
        window: the rolling window of fingerprints.
        room: the waiting room.
        sink: where outputs go.
        topics: the names in use.
        counts: the metrics.
        alive: whether the group has heard of us lately.
        behind: whether a partition has records that were not read yet.
        idle_timeout: seconds after which a silent partition is idle; None: never.
        dead_letter_limit: share of refused records at which we stop; None: never.
        join_window: seconds that a signal waits for its call.
    """

    def __init__(
        self,
        *,
        cleaner: Cleaner,
        window: Window,
        room: WaitingRoom,
        sink: Sink,
        topics: Topics,
        counts: Metrics,
        alive: Callable[[], bool] = lambda: True,
        behind: Callable[[TP], bool] = lambda _: False,
        idle_timeout: float | None = 5.0,
        dead_letter_limit: float | None = 0.5,
        join_window: float = 86_400.0,
    ) -> None:
        self._cleaner = cleaner
        self._window = window
        self._room = room
        self._sink = sink
        self._metrics = counts
        self._alive = alive
        self._behind = behind
        self._idle_timeout = idle_timeout
        self._limit = dead_letter_limit
        self._join_window = join_window
        self._top_user = TopUser()
        self._refused: deque[bool] = deque(maxlen=WATCHED)
        self._clocks: dict[TP, InputClock] = {}
        self._given_up: set[tuple[str, str]] = set()
        self._preparing = {topic: asyncio.Lock() for topic in topics.inputs}
        self._locks = {topic: asyncio.Lock() for topic in topics.inputs}
        self._logs = topics.logs
        self._stopped = False
        self._prepare_by: Mapping[str, Callable[..., Any]] = {
            topics.logs: cleaner.prepare_calls,
            topics.feedback: cleaner.prepare_signals,
            topics.deployments: cleaner.prepare_deployments,
            topics.decisions: cleaner.prepare_decisions,
        }
        self._work: Mapping[str, Callable[[Any], Awaitable[Cleaned]]] = {
            topics.logs: self._calls,
            topics.feedback: self._signals,
            topics.deployments: self._pass_on,
            topics.decisions: self._pass_on,
        }

    # ------------------------------------------------------------ batches

    async def handle(self, batch: Batch) -> None:
        """Works a batch and acknowledges it; retries while servers do not answer.

        Raises:
            TooManyDeadLettersError: too many of the last records were refused.
        """
        started = time.perf_counter()
        topic = batch.tp.topic
        raws = [_raw(record) for record in batch.records]
        # Preparing needs no server, so it is done while the batch before waits for some. Both
        # locks are fair: batches are worked in the order in which they came.
        async with self._preparing[topic]:
            prepared = await self._prepare(topic, raws)
        async with self._locks[topic]:
            if self._stopped:
                return
            try:
                if await self._until_done(batch, raws, prepared):
                    batch.ack()
            except BaseException:
                self._stopped = True  # what follows must not overtake what failed
                raise
        self._metrics.observe(metrics.BATCH_SECONDS, time.perf_counter() - started, f"{topic}")

    async def _prepare(self, topic: str, raws: Sequence[Raw]) -> Any:
        prepare, prepared = self._prepare_by[topic], None
        for start in range(0, len(raws), CHUNK):
            with self._timed("prepare"):
                chunk = raws[start : start + CHUNK]
                prepared = prepare(chunk) if prepared is None else prepare(chunk, prepared)
            await asyncio.sleep(0)
        return prepared

    async def _until_done(self, batch: Batch, raws: Sequence[Raw], prepared: Any) -> bool:
        """Whether the batch was worked; False if its partition went away meanwhile."""
        topic = batch.tp.topic
        fresh = True  # what a failed try leaves of the batch is not to be used again

        async def work() -> bool:
            nonlocal prepared, fresh
            if not fresh:
                prepared = await self._prepare(topic, raws)
            fresh = False
            await self._once(batch.tp, len(raws), prepared)
            return True

        failed = partial(self._metrics.inc, metrics.RETRIES, 1, topic)
        going = lambda: not batch.void  # noqa: E731 - a name for what it says
        return bool(await patiently(work, topic, going=going, failed=failed))

    async def _once(self, tp: TP, read: int, prepared: Any) -> None:
        cleaned = await self._work[tp.topic](prepared)
        self._watch(tp.topic, cleaned, read)
        if not self._alive():
            raise NotAliveError
        clock = self._clocks.setdefault(tp, InputClock())
        until = max(clock.until, cleaned.latest)
        now = time.monotonic()
        tell = now - clock.told_at >= CLOCK_INTERVAL or clock.idle
        with self._timed("produce"):
            await self._sink.write(
                cleaned.outputs, [self._clock(tp, until)] if tell and until else []
            )
        with self._timed("remember"):
            await self._window.remember(cleaned.sightings)
        clock.until, clock.seen_at = until, now
        if tell and until:
            clock.told, clock.told_at, clock.idle = until, now, False
        self._count(cleaned)

    def _count(self, cleaned: Cleaned) -> None:
        for (metric, labels), number in cleaned.tally.items():
            self._metrics.inc(metric, number, *labels)

    def _watch(self, topic: str, cleaned: Cleaned, read: int) -> None:
        """Better to stop than to send all traffic to the side after a bad deploy."""
        refused = sum(output.topic == "dead_letters" for output in cleaned.outputs)
        self._refused.extend([True] * refused + [False] * (read - refused))
        if self._limit is None or len(self._refused) < WATCHED:
            return
        share = sum(self._refused) / WATCHED
        if share >= self._limit:
            raise TooManyDeadLettersError(
                f"{100 * share:.0f} % of the last {WATCHED} records were refused (topic {topic}): "
                "nothing was acknowledged. See the dead letters for the reason, mend the producer, "
                "or raise FLYWHEEL_DEAD_LETTER_LIMIT."
            )

    def _timed(self, stage: str) -> "_Timed":
        return _Timed(self._metrics, stage)

    # ------------------------------------------------------------ the story of an event

    async def _calls(self, batch: CallBatch) -> Cleaned:
        cleaner, room = self._cleaner, self._room
        with self._timed("window"):
            seen = await self._window.seen([(call.fingerprint, call.at) for call in batch.calls])
        with self._timed("admit"):
            puts = cleaner.admit(batch, seen)
        with self._timed("join"):
            meetings = await room.put_calls(puts)
            awaiting = sorted({name for meeting in meetings for name in meeting.awaited_by})
            resolved = await room.resolve(awaiting) if awaiting else []
            following = await self._following([*meetings, *resolved])
        with self._timed("finish"):
            waiting = dict(zip(awaiting, resolved, strict=True))
            self._top_user.take(batch.calls)
            return cleaner.finish_calls(batch, meetings, waiting, following)

    async def _signals(self, batch: SignalBatch) -> Cleaned:
        cleaner, room = self._cleaner, self._room
        puts = cleaner.put_signals(batch)
        with self._timed("join"):
            meetings = await room.put_signals(puts)
            following = await self._following(meetings)
        with self._timed("finish"):
            return cleaner.finish_signals(batch, meetings, following)

    async def _following(
        self, meetings: Iterable[CallMeeting | SignalMeeting]
    ) -> dict[str, Interaction]:
        """The calls that signals name as their successors, as far as they have come."""
        pairs = successors(meetings)
        if not pairs:
            return {}
        found = await self._room.await_next(pairs)
        return {
            name: decode_interaction(entry.payload)
            for (name, _), entry in zip(pairs, found, strict=True)
            if entry is not None
        }

    async def _pass_on(self, batch: Sequence[Passing]) -> Cleaned:
        queries = [(item.content, item.record.ts) for item in batch if item.record is not None]
        return self._cleaner.finish_passing(batch, await self._window.seen(queries))

    # ------------------------------------------------------------ clocks and partitions

    def assigned(self, tps: Iterable[TP]) -> None:
        """Takes over input partitions; what was known of others is forgotten."""
        self._clocks = {tp: InputClock() for tp in tps}

    def revoked(self) -> None:
        """Forgets all partitions."""
        self._clocks = {}

    async def tick(self) -> None:
        """Carries event time forward where no batch did, and says which partitions are idle."""
        self._metrics.set(metrics.TOP_USER, self._top_user.share())
        now = time.monotonic()
        due: list[tuple[InputClock, Clock]] = []
        for tp, clock in self._clocks.items():
            if self._locks[tp.topic].locked():
                continue
            silent = self._silent(tp, clock, now)
            fresh = clock.until > clock.told and now - clock.told_at >= CLOCK_INTERVAL
            if fresh or (silent and not clock.idle):
                due.append((clock, self._clock(tp, clock.until, idle=silent)))
        if not due or not self._alive():
            return
        await self._sink.write((), [record for _, record in due])
        for clock, record in due:
            clock.told, clock.told_at, clock.idle = record.until, now, record.idle

    def _silent(self, tp: TP, clock: InputClock, now: float) -> bool:
        if self._idle_timeout is None or now - clock.seen_at < self._idle_timeout:
            return False
        return not self._behind(tp)

    async def sweep(self) -> None:
        """Gives up signals whose call did not come within the join window."""
        running = [clock.until for clock in self._clocks.values() if clock.until]
        if running:
            await self._give_up(min(running) - self._join_window)

    def reached(self, tp: TP, until: float) -> None:
        """Says that an input was fed in order up to a time, and that all of it was worked.

        Whoever feeds the inputs in order of time knows this of a sparse one before its next record
        comes; else that one would hold event time back.
        """
        clock = self._clocks.get(tp)
        if clock is not None:
            clock.until = max(clock.until, until)

    async def finish(self) -> None:
        """At the end of all input: what waits is an orphan, and event time may run out."""
        while await patiently(lambda: self._give_up(float("inf")), "orphans"):
            pass
        ends = [self._clock(tp, clock.until, end=True) for tp, clock in self._clocks.items()]
        self._clocks = {}  # nothing more is to be told of them
        await patiently(lambda: self._sink.write((), ends), "ends")

    async def _give_up(self, before: float) -> int:
        # One at a time: a sweep may be under way when the input ends. And no call comes meanwhile,
        # for its signal would be both, joined and an orphan.
        async with self._locks[self._logs]:
            return await self._give_up_some(before)

    async def _give_up_some(self, before: float) -> int:
        due = await self._room.overdue(before, SWEEP)
        own = [waiting for waiting in due if _partition_of(waiting.entry.origin) in self._clocks]
        if own and self._alive():
            new = [waiting for waiting in own if waiting[:2] not in self._given_up]
            cleaned = self._cleaner.orphans(new)
            await self._sink.write(cleaned.outputs)
            self._count(cleaned)
            self._given_up.update(waiting[:2] for waiting in new)
            await self._room.forget(own)  # if this fails they come again, and count no more
            self._given_up.difference_update(waiting[:2] for waiting in own)
        return len(own)

    def _clock(self, tp: TP, until: float, *, idle: bool = False, end: bool = False) -> Clock:
        return Clock(topic=tp.topic, partition=tp.partition, until=until, idle=idle, end=end)


class _Timed:
    """Adds the time spent in a stage to its metric."""

    def __init__(self, counts: Metrics, stage: str) -> None:
        self._metrics = counts
        self._stage = stage

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *exc: object) -> None:
        spent = time.perf_counter() - self._started
        self._metrics.inc(metrics.STAGE_SECONDS, spent, self._stage)


def _raw(record: Any) -> Raw:
    source = Source(record.topic, record.partition, record.offset)
    return Raw(source, record.value, record.timestamp / 1000.0)


def _partition_of(place: str) -> TP:
    source = source_at(place)
    return TP(source.topic, source.partition)
