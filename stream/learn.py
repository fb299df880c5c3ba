"""The learn agent's work: runs of learn records in, confirmed outputs and snapshots out.

Learning a batch changes memory only. A batch is acknowledged once a snapshot that covers it is
confirmed; after a crash the state is loaded and the log read again from its fence.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from faust.types import TP

from flywheel_stream import metrics
from flywheel_stream.embedding import Embedder
from flywheel_stream.errors import ConfigError, GapError, UnavailableError
from flywheel_stream.learner import Learned, Learner
from flywheel_stream.learning import AppPicture, Fold, LearnPolicy
from stream.compared import SHOWN, Rows, show
from stream.naming_endpoint import Namer
from stream.prometheus import Metrics
from stream.retry import TRANSIENT, NotAliveError, is_transient, patiently
from stream.sink import Sink
from stream.state_store import StateStore
from stream.transport import Batch

logger = logging.getLogger(__name__)

SNAPSHOT_SHARE = 0.1
"""Share of the time that snapshots may take; a large state is written less often."""

ASK_AGAIN = 60.0
"""Seconds until titles of clusters are asked for again where they were not to be had."""

LOAD_TRIES = 3
"""How often the state of a partition is asked for while Kafka does not answer."""


class Learn:
    """Works batches of the learn topic, one learner a partition.

    Args:
        topic: the learn topic.
        policy: the knobs of the learners.
        embedder: turns texts into vectors.
        store: where snapshots go.
        sink: where outputs go.
        counts: the metrics.
        alive: whether the group has heard of us lately.
        generation: the generation of the consumer group.
        earliest: the first offsets of partitions.
        expected: input partitions that event time waits for.
        interval: seconds between snapshots, at least.
        accept_gap: go on though offsets are missing.
        ahead: embed in a thread what a batch will need, before it is learnt. For embedders that
            take long and remember what they gave; the loop goes on meanwhile.
    """

    def __init__(
        self,
        *,
        topic: str,
        policy: LearnPolicy,
        embedder: Embedder,
        store: StateStore,
        sink: Sink,
        counts: Metrics,
        alive: Callable[[], bool],
        generation: Callable[[], int],
        earliest: Callable[[Iterable[TP]], Awaitable[Mapping[TP, int]]],
        expected: frozenset[str],
        interval: float,
        accept_gap: bool = False,
        ahead: bool = False,
        namer: Namer | None = None,
    ) -> None:
        self._topic = topic
        self._policy = policy
        self._embedder = embedder
        self._store = store
        self._sink = sink
        self._metrics = counts
        self._alive = alive
        self._generation = generation
        self._earliest = earliest
        self._expected = expected
        self._interval = interval
        self._accept_gap = accept_gap
        self._ahead = ahead
        self._namer = namer
        self._naming: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()
        self._ask_again = 0.0
        self._warm: set[int] = set()  # partitions whose waiting records were embedded ahead
        self._lock = asyncio.Lock()
        self._stopped = False
        self._learners: dict[int, Learner] = {}
        self._held: dict[int, list[Batch]] = {}
        self._due: dict[int, float] = {}

    # ------------------------------------------------------------ batches

    async def handle(self, batch: Batch) -> None:
        """Learns a batch; it is acknowledged with the next snapshot.

        Raises:
            GapError: offsets are missing before it.
        """
        started = time.perf_counter()
        async with self._lock:
            learner = self._learners.get(batch.tp.partition)
            if batch.void or learner is None or self._stopped:
                return
            try:
                await self._learn(learner, batch)
            except BaseException:
                self._stopped = True  # half a batch may be learnt: nothing of it may be kept
                raise
        self._metrics.observe(metrics.BATCH_SECONDS, time.perf_counter() - started, self._topic)

    async def _learn(self, learner: Learner, batch: Batch) -> None:
        self._check_gap(learner, batch)
        records = [
            (record.offset, record.value)
            for record in batch.records
            if record.offset >= learner.fence
        ]
        if self._ahead and not await self._embedded(learner, batch, [raw for _, raw in records]):
            return
        started = time.perf_counter()
        learned = learner.take(records)
        self._metrics.inc(metrics.STAGE_SECONDS, time.perf_counter() - started, "learn")
        if await self._confirmed(batch, learned):
            self._held.setdefault(batch.tp.partition, []).append(batch)
            self._report(learner, learned)
            await self._snapshot_if_due(learner)

    async def _embedded(self, learner: Learner, batch: Batch, records: Sequence[bytes]) -> bool:
        """Embeds ahead, for as long as it takes; False if the partition went away."""
        texts = learner.questions(records, waiting=learner.partition not in self._warm)

        async def embed() -> bool:
            await asyncio.to_thread(self._embedder.embed, texts)
            return True

        if not await self._persist(batch, embed):
            return False
        self._warm.add(learner.partition)
        return not batch.void

    def _check_gap(self, learner: Learner, batch: Batch) -> None:
        if batch.first <= learner.fence:
            return
        if self._accept_gap:
            logger.warning(
                "%s: offsets %d to %d of partition %d are missing, going on as told",
                self._topic,
                learner.fence,
                batch.first - 1,
                batch.tp.partition,
            )
            return
        raise GapError(
            f"Offsets {learner.fence} to {batch.first - 1} of {self._topic} partition "
            f"{batch.tp.partition} are missing (retention, or a recreated topic): what they held "
            "is not learnt. Set FLYWHEEL_ACCEPT_GAP=true to go on without it."
        )

    async def _confirmed(self, batch: Batch, learned: Learned) -> bool:
        """Sends what was learnt, for as long as it takes; False if the partition went away."""

        async def send() -> bool:
            if not self._alive():
                raise NotAliveError
            await self._sink.write(learned.outputs)
            return True

        return await self._persist(batch, send)

    async def _persist(self, batch: Batch, work: Callable[[], Awaitable[bool]]) -> bool:
        """Does something for as long as it takes; False if the partition went away."""
        failed = partial(self._metrics.inc, metrics.RETRIES, 1, self._topic)
        going = lambda: not batch.void  # noqa: E731 - a name for what it says
        return bool(await patiently(work, self._topic, going=going, failed=failed))

    def _report(self, learner: Learner, learned: Learned) -> None:
        for (metric, labels), number in learned.tally.items():
            self._metrics.inc(metric, number, *labels)
        for output in learned.outputs:
            if output.topic == "alerts" and output.value is not None:
                state = output.value.partition(b'"state":"')[2].partition(b'"')[0].decode()
                self._metrics.inc(metrics.ALERTS, 1, output.by, state)
        name = str(learner.partition)
        self._metrics.set(metrics.WATERMARK, max(0.0, learner.watermark.now), name)
        self._metrics.set(metrics.REORDER, learner.waiting(), name)

    # ------------------------------------------------------------ snapshots

    async def _snapshot_if_due(self, learner: Learner) -> None:
        # At the end of all input whoever waits for the last snapshot waits for nothing else.
        if learner.ended or time.monotonic() >= self._due.get(learner.partition, 0.0):
            await self._snapshot(learner)

    async def _snapshot(self, learner: Learner) -> None:
        """Writes the state, then acknowledges the batches that it covers."""
        held = self._held.get(learner.partition)
        if not held or self._stopped or not self._alive():
            return
        started = time.monotonic()
        try:
            size = await self._store.write(learner, self._generation())
        except TRANSIENT as error:
            if not is_transient(error):
                raise
            self._metrics.inc(metrics.RETRIES, 1, self._topic)
            logger.warning("%s: no snapshot, %s", self._topic, type(error).__name__)
            return  # the batches stay held, the next tick tries again
        self._held[learner.partition] = []
        for batch in held:
            batch.ack()
        spent = time.monotonic() - started
        pause = max(self._interval, spent / SNAPSHOT_SHARE)
        self._due[learner.partition] = time.monotonic() + pause
        self._metrics.inc(metrics.SNAPSHOTS, 1, str(learner.partition))
        self._metrics.set(metrics.SNAPSHOT_BYTES, size, str(learner.partition))

    async def tick(self) -> None:
        """Takes the snapshots that are due, and shows what is known."""
        async with self._lock:
            for learner in self._learners.values():
                await self._snapshot_if_due(learner)
        self.show()
        if self._namer is not None and (self._naming is None or self._naming.done()):
            self._naming = asyncio.create_task(self.entitle())

    async def entitle(self) -> None:
        """Asks for titles of clusters whose words have settled, where somebody is set to give them.

        A title is for people alone: no record waits for it, and no trouble with it ends the work.
        """
        if self._namer is None:
            return
        async with self._asking:  # whoever comes second asks for those alone that are left
            if time.monotonic() < self._ask_again:
                return
            try:
                await self._ask_for_titles(self._namer)
            except (ConfigError, UnavailableError) as error:
                logger.warning("clusters keep the names that their words give: %s", error)
                self._ask_again = time.monotonic() + ASK_AGAIN

    async def _ask_for_titles(self, namer: Namer) -> None:
        for fold in self.folds():
            for cluster in fold.unnamed():
                title = await namer.title(cluster)
                fold.entitle(cluster.cluster, cluster.words, title or cluster.words)

    async def settle(self) -> None:
        """Waits until no batch is under way, and takes the last snapshots."""
        if self._naming is not None:
            self._naming.cancel()
        async with self._lock:
            for learner in self._learners.values():
                await self._snapshot(learner)

    # ------------------------------------------------------------ partitions

    def revoked(self) -> None:
        """Forgets all that belongs to partitions: it may be learnt elsewhere by now."""
        self._learners = {}
        self._held = {}
        self._due = {}
        self._warm = set()

    async def assigned(self, tps: Sequence[TP]) -> dict[TP, int]:
        """Loads the state of learn partitions; returns the offsets to go on from.

        Raises:
            StateError: a snapshot does not load.
        """
        self.revoked()
        fences: dict[TP, int] = {}
        unknown: list[TP] = []
        for tp in tps:
            learner = Learner(tp.partition, self._policy, self._embedder, self._expected)
            load = partial(self._store.load, learner)
            known = await patiently(load, f"state of {tp.topic}/{tp.partition}", tries=LOAD_TRIES)
            self._learners[tp.partition] = learner
            if known:
                fences[tp] = learner.fence
            else:
                unknown.append(tp)
        if unknown:
            for tp, offset in (await self._earliest(unknown)).items():
                fences[TP(tp.topic, tp.partition)] = offset
                self._learners[tp.partition].fence = offset
        return fences

    # ------------------------------------------------------------ what is known

    def ended(self) -> bool:
        """Whether all learners have come to the end of all input, and it is safe.

        Not while a batch is worked: what it taught is known before its outputs are confirmed.
        """
        return (not self._lock.locked() and bool(self._learners)) and all(
            learner.ended and not self._held.get(learner.partition)
            for learner in self._learners.values()
        )

    def pictures(self) -> list[AppPicture]:
        """What the apps' learners see."""
        return [picture for learner in self._learners.values() for picture in learner.pictures()]

    def folds(self) -> list[Fold]:
        """The apps of all learners."""
        return [fold for learner in self._learners.values() for fold in learner.folds()]

    def show(self) -> None:
        """Puts what is known into the metrics."""
        rows: Rows = {metric: {} for metric in (*_SHOWN, *SHOWN)}
        for picture in self.pictures():
            _show(picture, rows)
        for fold in self.folds():
            show(fold.app, fold.compared(), rows)
            for worth in fold.worths().signals:
                rows[metrics.WORTH][fold.app, worth.signal] = worth.weight
        for metric, values in rows.items():
            self._metrics.replace(metric, values)


_SHOWN = (
    metrics.CALLS,
    metrics.JUDGED,
    metrics.SATISFIED,
    metrics.THUMBS,
    metrics.FAILURES,
    metrics.CLUSTERS,
    metrics.CLUSTER_STATES,
    metrics.SUCCESSES,
    metrics.WORTH,
    metrics.UNSEEN_TOPICS,
    metrics.INCIDENTS,
    metrics.EXAMPLES,
)


def _show(picture: AppPicture, rows: Rows) -> None:
    app = picture.app
    weighted: dict[tuple[str, ...], tuple[float, float]] = {}
    for row in picture.slices:
        key = (app, row.slice.model, row.slice.variant)
        rows[metrics.CALLS][key] = rows[metrics.CALLS].get(key, 0.0) + row.calls
        rows[metrics.JUDGED][key] = rows[metrics.JUDGED].get(key, 0.0) + row.judged
        if row.recent is not None:
            happy, number = weighted.get(key, (0.0, 0.0))
            weighted[key] = (happy + row.recent * row.judged, number + row.judged)
        for thumb, number in row.thumbs.items():
            column = (*key, thumb)
            rows[metrics.THUMBS][column] = rows[metrics.THUMBS].get(column, 0.0) + number
    for cell, (happy, number) in weighted.items():
        rows[metrics.SATISFIED][cell] = happy / number
    for kind, failures in picture.failures.items():
        rows[metrics.FAILURES][app, kind] = failures
    rows[metrics.CLUSTERS][(app,)] = picture.clusters
    for reason, number in picture.successes.items():
        rows[metrics.SUCCESSES][app, reason] = number
    rows[metrics.UNSEEN_TOPICS][(app,)] = picture.unseen_topics
    for state, clusters in picture.states.items():
        rows[metrics.CLUSTER_STATES][app, state] = clusters
    for incident, urgency in picture.incidents:
        rows[metrics.INCIDENTS][app, incident.incident] = urgency
    for kind, number in picture.examples.items():
        rows[metrics.EXAMPLES][app, kind] = number
