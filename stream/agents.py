"""The agents: what happens to a batch, and what happens around a rebalance.

The story of an event. It arrives on an input topic in a ``Batch``; ``Ingest`` decodes it, checks
it, scrubs it, looks whether it was seen, joins it with its other side, writes what follows to
``flywheel.interactions`` and ``flywheel.learn``, remembers it and acknowledges. There it arrives
in a batch again; ``Learn`` puts it into its place in event time, works it once the watermark has
passed, writes failures, alerts and examples, and acknowledges with the next snapshot.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust
from faust.types import TP

from flywheel_stream import metrics
from stream.ingest import Ingest
from stream.learn import Learn
from stream.prometheus import Metrics
from stream.retry import is_transient
from stream.topics import Topics
from stream.transport import Batch, BatchSchema, Consumer, refuse_another

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
SWEEP_SECONDS = 30.0
IN_FLIGHT = 3
"""Batches of one topic under way at once: one waits for servers while the next one is prepared."""

Fail = Callable[[BaseException], Awaitable[None]]


class Agents:
    """The hooks of the batched transport, for ingest and learn together."""

    def __init__(self, app: faust.App, topics: Topics, counts: Metrics) -> None:
        self._app = app
        self._topics = topics
        self._metrics = counts
        self.ingest: Ingest
        self.learn: Learn
        self.assigned: frozenset[TP] = frozenset()
        self.topic_ids: dict[str, str] = {}
        self._working: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ hooks of the transport

    async def settle(self) -> None:
        """Finishes what is under way and acknowledges it."""
        while self._working:
            await asyncio.wait(self._working)
        await self.learn.settle()

    async def on_revoked(self) -> None:
        """Forgets all that belongs to partitions."""
        self.assigned = frozenset()
        self.ingest.revoked()
        self.learn.revoked()

    async def on_seek(self, assigned: frozenset[TP]) -> Mapping[TP, int]:
        """Loads the state of learn partitions; returns where to read on.

        Raises:
            StateError: a snapshot does not load.
            RecreatedTopicError: one speaks of offsets of a topic that is gone.
        """
        await self._look_at_topics()
        self.ingest.assigned(tp for tp in assigned if tp.topic in self._topics.inputs)
        learn = sorted(tp for tp in assigned if tp.topic == self._topics.learn)
        fences = await self.learn.assigned(learn)
        self.assigned = assigned
        return fences

    # ------------------------------------------------------------ agents and timers

    def mount(self, fail: Fail) -> None:
        """Declares the agents and timers on the app; an error of theirs stops the worker."""
        for topic in self._topics.inputs:
            self._mount_agent(topic, self.ingest_batch, fail)
        self._mount_agent(self._topics.learn, self.learn_batch, fail)
        for work, seconds in ((self.tick, TICK_SECONDS), (self.sweep, SWEEP_SECONDS)):
            self._app.task(self._periodic(work, seconds, fail))

    def _mount_agent(
        self, name: str, handle: Callable[[Batch], Awaitable[None]], fail: Fail
    ) -> None:
        topic = self._app.topic(name, schema=BatchSchema(), acks=True)

        async def agent(stream: Any) -> None:
            slots = asyncio.Semaphore(IN_FLIGHT)
            # Faust acknowledges an event whose body raised; without acks nothing is but by us.
            async for event in stream.noack().events():
                await slots.acquire()
                task = asyncio.create_task(self._work(handle, event.value, fail))
                self._working.add(task)
                task.add_done_callback(self._working.discard)
                task.add_done_callback(lambda _: slots.release())

        self._app.agent(topic, name=f"agent-{name}")(agent)

    async def _work(
        self, handle: Callable[[Batch], Awaitable[None]], batch: Batch, fail: Fail
    ) -> None:
        try:
            await handle(batch)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the one place that stops a worker
            await fail(error)

    async def ingest_batch(self, batch: Batch) -> None:
        """Works a batch of an input topic."""
        await self.ingest.handle(batch)

    async def learn_batch(self, batch: Batch) -> None:
        """Learns a batch of the learn topic."""
        await self.learn.handle(batch)

    def _periodic(
        self, work: Callable[[], Awaitable[None]], seconds: float, fail: Fail
    ) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            while not self._app.should_stop:
                await asyncio.sleep(seconds)
                try:
                    await work()
                except asyncio.CancelledError:
                    raise
                except Exception as error:  # noqa: BLE001 - the one place that stops a worker
                    if not is_transient(error):
                        await fail(error)
                        return
                    logger.warning("%s: trying again", type(error).__name__)

        return run

    async def tick(self) -> None:
        """Clocks, snapshots, gauges."""
        if self.assigned:
            await self.ingest.tick()
            await self.learn.tick()
            self._show_lag()

    async def sweep(self) -> None:
        """Orphans; and whether the topics are still those that we began with.

        Raises:
            RecreatedTopicError: one is not.
        """
        if self.assigned:
            await self._look_at_topics()
            await self.ingest.sweep()

    async def _look_at_topics(self) -> None:
        consumer = self._app.consumer
        assert isinstance(consumer, Consumer)  # noqa: S101 - our own transport
        present = await consumer.topic_ids((*self._topics.inputs, self._topics.learn))
        for topic, found in present.items():
            refuse_another(topic, self.topic_ids.setdefault(topic, found), found)

    def _show_lag(self) -> None:
        consumer = self._app.consumer
        if not isinstance(consumer, Consumer):
            return
        rows: dict[tuple[str, ...], float] = {}
        for tp in self.assigned:
            end = consumer.highwater(tp)
            position = consumer.position_of(tp)
            if end is not None:
                rows[tp.topic, str(tp.partition)] = max(0, end - (position or 0))
        self._metrics.replace(metrics.LAG, rows)
