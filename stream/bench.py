"""``flywheel bench``: the whole job beside the same packages used per event, in one run.

Every contender runs in a process of its own, reads the same records from the same topic of the
same broker, and is timed the same way: from the first record taken until all that follows from the
last one is confirmed, start-up and imports excluded. What each one does is in its function's
docstring; ``docs/performance.md`` says what is measured, what is not, and how to read it.
"""

import asyncio
import contextlib
import json
import logging
import os
import platform
import random
import resource
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from statistics import linear_regression
from typing import Any, NamedTuple

import faust
import orjson
import redis as redis_client
from aiokafka import AIOKafkaProducer
from pydantic import SecretStr

from flywheel_stream import metrics
from flywheel_stream.errors import ConfigError, FlywheelError, UnavailableError
from stream.app import Worker, admin, build_faust, create_topics, kafka_options
from stream.embedded import embedded_servers, tied_to_parent
from stream.settings import Settings
from stream.simulator import bench_calls, bench_feedback
from stream.topics import Topics
from stream.transport import BatchSchema, Producer, Record

SEED = 7
PER_EVENT = 3000
"""Records for those who take them one by one: enough to be steady, and over in seconds."""
WARM = 200
"""Texts that scrubadub cleans before its time is taken: its tables are compiled on first use."""
CHUNK = 500
AHEAD = 20_000
"""Records that are sent before they are read, where the producer goes at the worker's pace."""
SAMPLES = 50
"""Points of the memory curve."""
STALLED = 120.0
"""Seconds without progress after which a contender has failed."""
SPARKS = "▁▂▃▄▅▆▇█"


# ---------------------------------------------------------------- the run


class Run(NamedTuple):
    """Where a run takes place: its settings name topics, group and keys of its own."""

    settings: Settings
    embedded: bool


@contextmanager
def running(base: Settings, kafka: str | None, redis: str | None) -> Iterator[Run]:
    """Servers for a run, and nothing left on them afterwards.

    Raises:
        ConfigError: only one of the two servers is given.
        UnavailableError: an embedded server does not start, or a given one does not answer.
    """
    if kafka and redis:
        run = Run(_settings(base, kafka, redis), embedded=False)
        try:
            yield run
        finally:
            _clean_up(run.settings)
    elif kafka or redis:
        raise ConfigError("Give both --kafka and --redis, or neither for the embedded servers.")
    else:
        with embedded_servers() as servers:
            local = base.model_copy(
                update={
                    "kafka_security": "PLAINTEXT",
                    "kafka_idempotent": False,
                    "session_timeout": 3.0,
                    "replication_factor": 1,
                }
            )
            yield Run(_settings(local, servers.kafka, servers.redis), embedded=True)


def _settings(base: Settings, kafka: str, redis: str) -> Settings:
    """One partition an input: one worker process is measured, on topics of its own."""
    name = f"bench-{secrets.token_hex(4)}"
    return base.model_copy(
        update={
            "kafka": kafka,
            "redis": SecretStr(redis),
            "group": name,
            "prefix": f"{name}.",
            "logs_topic": f"{name}.llm.logs",
            "feedback_topic": f"{name}.llm.feedback",
            "deployments_topic": f"{name}.llm.deployments",
            "redis_prefix": f"{name}:",
            "redis_shards": 1,
            "input_partitions": 1,
            "learn_partitions": 1,
            "fetch_wait_ms": 20,
            "secret": SecretStr(name),
            "log_level": "WARNING",
        }
    )


def _clean_up(settings: Settings) -> None:
    asyncio.run(_delete_topics(settings))
    with redis_client.Redis.from_url(settings.redis.get_secret_value()) as client:
        for key in client.scan_iter(match=f"{settings.redis_prefix}*", count=1000):
            client.unlink(key)


async def _delete_topics(settings: Settings) -> None:
    async with admin(settings) as client:
        names = await client.list_topics()
        await client.delete_topics([name for name in names if name.startswith(settings.prefix)])


# ---------------------------------------------------------------- records


def _calls(count: int, days: float) -> Iterator[tuple[bytes, bytes]]:
    return bench_calls(count, seed=SEED, days=days)


def _feedback(count: int, days: float) -> Iterator[tuple[bytes, bytes]]:
    return bench_feedback(count, seed=SEED, days=days)


@asynccontextmanager
async def _producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        **kafka_options(settings), max_batch_size=2**20, max_request_size=2**24
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def _send(
    producer: AIOKafkaProducer,
    topic: str,
    records: Iterator[tuple[bytes, bytes]],
    room: Callable[[int], Awaitable[None]],
) -> int:
    """Sends all records to partition 0 in confirmed batches; returns how many."""
    sent = 0
    builder = producer.create_batch()
    for key, value in records:
        if builder.record_count() >= CHUNK or not _append(builder, key, value):
            sent += await _flush(producer, topic, builder)
            await room(sent)
            builder = producer.create_batch()
            _append(builder, key, value)
    if builder.record_count():
        sent += await _flush(producer, topic, builder)
    return sent


def _append(builder: Any, key: bytes, value: bytes) -> bool:
    return builder.append(key=key, value=value, timestamp=None) is not None


async def _flush(producer: AIOKafkaProducer, topic: str, builder: Any) -> int:
    count = int(builder.record_count())
    builder.close()
    await (await producer.send_batch(builder, topic, partition=0))
    return count


async def _always(_: int) -> None:
    """There is room: the records are to be there before anyone reads."""


# ---------------------------------------------------------------- contenders


@dataclass(frozen=True)
class Job:
    """What a contender is told."""

    settings: Settings
    events: int
    feedback: int = 0
    profile: str = ""

    @classmethod
    def from_json(cls, raw: bytes) -> "Job":
        """The inverse of ``to_json``."""
        fields = json.loads(raw)
        return cls(**fields | {"settings": Settings(**fields["settings"])})

    def to_json(self) -> bytes:
        """For the standard input of a child, which nobody else can read: secrets are in it."""
        settings = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.settings
        }
        return json.dumps(vars(self) | {"settings": settings}).encode()


class Stopwatch:
    """Wall and processor time since the first record; of all threads of the process."""

    def __init__(self) -> None:
        self._wall: float | None = None
        self._cpu = 0.0

    def start(self) -> None:
        """Starts at the first call; later ones change nothing."""
        if self._wall is None:
            self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self, events: int) -> dict[str, Any]:
        """The figures of ``events`` events."""
        seconds = time.perf_counter() - (self._wall or 0.0)
        cpu = time.process_time() - self._cpu
        return {
            "events": events,
            "seconds": round(seconds, 3),
            "events_per_second": round(events / seconds, 1),
            "us_per_event": round(1e6 * seconds / events, 2),
            "cpu_us_per_event": round(1e6 * cpu / events, 2),
        }


async def whole_job(job: Job) -> dict[str, Any]:
    """The worker as ``flywheel worker`` runs it: ingest and learn, Redis, snapshots, commits.

    It also reads and joins the feedback, which the others are spared and which does not count as
    events. The time ends with the end of event time learnt, confirmed and acknowledged.
    """
    worker = Worker(job.settings)
    watch = Stopwatch()
    _on_first_batch(worker, watch.start)
    await worker.start()
    failed = asyncio.ensure_future(worker.wait())
    try:
        work = asyncio.ensure_future(_to_the_end(worker, job))
        await asyncio.wait((work, failed), return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            work.cancel()
            failed.result()
        await work
        found = watch.read(job.events)
    finally:
        failed.cancel()
        await worker.stop()
    spent = {
        stage[0]: round(1e6 * seconds / job.events, 2)
        for stage, seconds in sorted(worker.metrics.totals(metrics.STAGE_SECONDS).items())
    }
    return found | {"stages": spent, "outcomes": _outcomes(worker)}


def _on_first_batch(worker: Worker, start: Callable[[], None]) -> None:
    """Starts the time when the first batch reaches an agent: the only thing added to the job."""
    observe = worker.metrics.observe

    def noting(metric: metrics.Metric, value: float, *labels: str) -> None:
        observe(metric, value, *labels)

    worker.metrics.observe = noting  # type: ignore[method-assign]
    start()


def _outcomes(worker: Worker) -> dict[str, int]:
    totals = worker.metrics.totals(metrics.OUTCOMES).items()
    logs = worker.topics.logs
    return {str(outcome): int(number) for (name, outcome), number in totals if name == logs}


async def _to_the_end(worker: Worker, job: Job) -> None:
    reads = job.events + job.feedback
    reported = 0
    while (read := _read(worker)) < reads:
        if read >= reported + reads // (4 * SAMPLES):
            reported = read
            _tell({"read": read})
        await asyncio.sleep(0.01)
    _tell({"read": read})
    await worker.agents.ingest.finish()
    while not worker.agents.learn.ended():
        await asyncio.sleep(0.01)
        await worker.agents.learn.settle()  # as at a clean stop: not the next second's snapshot


def _read(worker: Worker) -> int:
    return int(sum(worker.metrics.totals(metrics.READ).values()))
