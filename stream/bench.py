"""``flywheel bench``: the whole job beside the same packages used per event, in one run.

Every contender runs in a process of its own, reads the same records from the same topic of the
same broker, and is timed the same way: from the first record taken until all that follows from the
last one is confirmed, start-up and imports excluded. What each one does is in its function's
docstring; ``docs/performance.md`` says what is measured, what is not, and how to read it.
"""

import asyncio
import contextlib
import cProfile
import json
import logging
import os
import platform
import resource
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
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
from stream.app import FolderlessApp, Worker, admin, build_faust, create_topics, kafka_options
from stream.embedded import embedded_servers, tied_to_parent
from stream.prometheus import Metrics
from stream.settings import Settings
from stream.simulator import START, bench_calls, bench_feedback, bench_trace_id
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
MEMORY_DAYS = 10.0
"""Event time of the memory curve; all windows are of a day or less."""
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
            "redis_cluster": False,
            "dedup_redis": SecretStr(""),
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


def _calls(count: int, days: float | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Calls with their keys; spread over ``days`` of event time, else as dense as they come."""
    step = 86_400.0 * days / count if days else 0.0
    for number, value in enumerate(bench_calls(count, SEED)):
        stamped = _restamped(value, START + number * step) if days else value
        yield bench_trace_id(SEED, number).encode(), stamped


def _restamped(value: bytes, ts: float) -> bytes:
    head, mark, tail = value.partition(b'"ts":')
    return b"%b%b%.3f,%b" % (head, mark, ts, tail.partition(b",")[2])


def _feedback(count: int) -> Iterator[tuple[bytes, bytes]]:
    for value in bench_feedback(count, SEED):
        yield orjson.loads(value)["trace_id"].encode(), value


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

    def start(self, ago: float = 0.0) -> None:
        """Starts at the first call, ``ago`` seconds before it; later ones change nothing."""
        if self._wall is None:
            self._wall = time.perf_counter() - ago
            self._cpu = time.process_time() - ago

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


class _Noticing(Metrics):
    """A worker's metrics, which notice the first batch: the only thing added to the job."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self._watch = watch

    def observe(self, metric: metrics.Metric, value: float, *labels: str) -> None:
        """Counts an observation."""
        super().observe(metric, value, *labels)
        if metric is metrics.BATCH_SECONDS:
            self._watch.start(ago=value)


async def whole_job(job: Job) -> dict[str, Any]:
    """The worker as ``flywheel worker`` runs it: ingest and learn, Redis, snapshots, commits.

    Feedback, where a job has some, is read, joined, learnt from and curated besides; it does not
    count as events. The time ends with the end of event time learnt, confirmed and acknowledged.
    """
    watch = Stopwatch()
    worker = Worker(job.settings)
    worker.metrics = _Noticing(watch)
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


def _outcomes(worker: Worker) -> dict[str, int]:
    totals = worker.metrics.totals(metrics.OUTCOMES).items()
    logs = worker.topics.logs
    return {str(outcome): int(number) for (name, outcome), number in totals if name == logs}


async def _to_the_end(worker: Worker, job: Job) -> None:
    reads = job.events + job.feedback
    reported = 0
    while (read := worker.read()) < reads:
        if read >= reported + reads // (4 * SAMPLES):
            reported = read
            _tell({"read": read})
        await asyncio.sleep(0.01)
    _tell({"read": read})
    await worker.agents.ingest.finish()
    while not worker.agents.learn.ended():
        await asyncio.sleep(0.01)
        await worker.agents.learn.settle()  # as at a clean stop: not the next second's snapshot


# ---------------------------------------------------------------- contenders: per event


Each = Callable[[bytes], Awaitable[None]]


async def composition(job: Job) -> dict[str, Any]:
    """The same packages, used as their own documentation does: one event at a time.

    A Faust agent on Faust's own aiokafka driver; orjson per value; ``scrubadub.Scrubber().clean``
    on prompt and response; one ``BF.ADD`` per event; River's BagOfWords and KMeans(10) on what
    failed, EWMean on all; one ``send`` per event.
    """
    import scrubadub  # noqa: PLC0415 - takes seconds to import, and only this process needs it
    from redis.asyncio import Redis  # noqa: PLC0415 - as above
    from river.cluster import KMeans  # noqa: PLC0415 - as above
    from river.feature_extraction import BagOfWords  # noqa: PLC0415 - as above
    from river.stats import EWMean  # noqa: PLC0415 - as above

    app = _plain_faust(job.settings)
    output = app.topic(Topics(job.settings).interactions, value_serializer="raw")
    scrubber = scrubadub.Scrubber()
    bag: Any = BagOfWords()
    clusters: Any = KMeans(n_clusters=10, seed=SEED)
    satisfaction = EWMean(0.05)
    for index in range(WARM):
        scrubber.clean(f"warm up {index}: write to warm{index}@example.org or call 020 7946 0958")
    client = Redis.from_url(job.settings.redis.get_secret_value())
    seen = f"{job.settings.redis_prefix}composition"
    await client.execute_command("BF.RESERVE", seen, 1e-4, 1_000_000)  # type: ignore[no-untyped-call]

    async def each(value: bytes) -> None:
        record = orjson.loads(value)
        question = record["messages"][-1]
        question["content"] = scrubber.clean(question["content"])
        record["response"] = scrubber.clean(record["response"])
        mark = blake2b((question["content"] + record["response"]).encode(), digest_size=16).digest()
        record["duplicate"] = not await client.execute_command("BF.ADD", seen, mark)  # type: ignore[no-untyped-call]
        failed = is_failure(record)
        if failed:
            words = bag.transform_one(question["content"])
            clusters.learn_one(words)
            record["cluster"] = clusters.predict_one(words)
        satisfaction.update(0.0 if failed else 1.0)
        record["satisfaction"] = satisfaction.get()
        await output.send(key=record["trace_id"], value=orjson.dumps(record))

    try:
        return await _per_event(app, job, each)
    finally:
        await client.aclose()


def is_failure(record: Mapping[str, Any]) -> bool:
    """What is wrong with five in a hundred of the records: an error, no answer, cut, no JSON."""
    if record.get("finish_reason") != "stop" or not record["response"]:
        return True
    if "expect" not in record:
        return False
    try:
        orjson.loads(record["response"])
    except orjson.JSONDecodeError:
        return True
    return False


async def plain_passthrough(job: Job) -> dict[str, Any]:
    """Faust on its own driver, doing nothing: one value in, one ``send`` out."""
    app = _plain_faust(job.settings)
    output = app.topic(Topics(job.settings).interactions, value_serializer="raw")

    async def each(value: bytes) -> None:
        await output.send(value=value)

    return await _per_event(app, job, each)


def _plain_faust(settings: Settings) -> faust.App:
    """Faust as it comes, but for its web server; sessions as short as the broker's kind asks."""
    return FolderlessApp(
        f"{settings.group}-{secrets.token_hex(4)}",
        broker=";".join(f"aiokafka://{address}" for address in settings.kafka.split(",")),
        broker_credentials=build_faust(settings, Topics(settings)).conf.broker_credentials,
        broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / 3,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        autodiscover=False,
    )


async def _per_event(app: faust.App, job: Job, each: Each) -> dict[str, Any]:
    """Runs an agent over the first events of the logs; the time ends with the last one confirmed."""
    logs = app.topic(job.settings.logs_topic, value_type=bytes, value_serializer="raw")
    watch, done = Stopwatch(), asyncio.Event()

    async def agent(stream: Any) -> None:
        count = 0
        async for value in stream:
            watch.start()
            await each(value)
            count += 1
            if count == job.events:
                done.set()
                return

    app.agent(logs, name="agent")(agent)
    async with _started(app):
        await asyncio.wait_for(done.wait(), STALLED)
        await app.producer.flush()
        return watch.read(job.events)


async def batched_passthrough(job: Job) -> dict[str, Any]:
    """Faust on our batched driver, doing nothing: the cost of moving the bytes."""
    topics = Topics(job.settings)
    settings = job.settings.model_copy(update={"group": f"{job.settings.group}-moved"})
    app = build_faust(settings, topics)
    watch, done = Stopwatch(), asyncio.Event()

    async def agent(stream: Any) -> None:
        count = 0
        async for event in stream.noack().events():
            watch.start()
            batch = event.value
            producer = app.producer
            assert isinstance(producer, Producer)  # noqa: S101 - our own transport
            await producer.send_many(
                Record(topics.interactions, 0, record.key, record.value) for record in batch.records
            )
            batch.ack()
            count += len(batch.records)
            if count >= job.events:
                done.set()
                return

    app.agent(app.topic(topics.logs, schema=BatchSchema()), name="agent")(agent)
    async with _started(app):
        await asyncio.wait_for(done.wait(), STALLED)
        return watch.read(job.events)


@asynccontextmanager
async def _started(app: faust.App) -> AsyncIterator[None]:
    app.finalize()
    await app.start()
    try:
        yield
    finally:
        await app.stop()


CONTENDERS: Mapping[str, Callable[[Job], Awaitable[dict[str, Any]]]] = {
    "flywheel": whole_job,
    "composition": composition,
    "plain": plain_passthrough,
    "batched": batched_passthrough,
}


# ---------------------------------------------------------------- processes


def _tell(line: Mapping[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def child(name: str) -> int:
    """One contender, in a process of its own: a job on stdin, progress and result on stdout."""
    job = Job.from_json(sys.stdin.buffer.read())
    logging.basicConfig(level="ERROR", stream=sys.stderr)
    logging.getLogger("faust").setLevel("ERROR")
    try:
        _tell({"result": asyncio.run(_profiled(name, job))})
    except FlywheelError as error:
        _tell({"error": str(error)})
        return 1
    return 0


async def _profiled(name: str, job: Job) -> dict[str, Any]:
    if not job.profile:
        return await CONTENDERS[name](job)
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        return await CONTENDERS[name](job)
    finally:
        profiler.disable()
        profiler.dump_stats(job.profile)


@asynccontextmanager
async def _contender(name: str, job: Job) -> AsyncIterator[asyncio.subprocess.Process]:
    """A contender's process, which ends with the block, or with us."""
    command = [sys.executable, "-m", "stream.bench", name]
    process = await asyncio.create_subprocess_exec(
        *tied_to_parent(command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        process.stdin.write(job.to_json())
        process.stdin.close()
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def _result(
    process: asyncio.subprocess.Process, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Reads a contender's lines up to its result.

    Raises:
        UnavailableError: it failed, or stopped moving.
    """
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while line := await asyncio.wait_for(process.stdout.readline(), STALLED):
        told = json.loads(line)
        if "read" in told:
            progress(told["read"])
        if "error" in told:
            raise UnavailableError(told["error"])
        if "result" in told:
            return dict(told["result"])
    raise UnavailableError("A contender of the bench ended without a result: see above.")


async def _measured(name: str, job: Job) -> dict[str, Any]:
    async with _contender(name, job) as process:
        return await _result(process)


# ---------------------------------------------------------------- the figures


def bench(
    settings: Settings,
    *,
    events: int,
    kafka: str | None = None,
    redis: str | None = None,
    per_event: int = PER_EVENT,
) -> dict[str, Any]:
    """Measures the whole job and what it is compared with, in one run.

    Args:
        settings: the configuration; topics, group and keys are the run's own whatever it says.
        events: calls that the whole job works.
        kafka: bootstrap servers; default: the embedded broker.
        redis: URL of a Redis with Bloom; default: the embedded one.
        per_event: how many of the same calls the per-event contenders work.

    Returns:
        ``ratio`` (whole job over composition, in events per second, on the same records),
        ``stages`` (microseconds an event), the figures of each contender, those of the whole job
        with feedback on top, and the machine.

    Raises:
        ConfigError: only one server is given.
        UnavailableError: a server is missing, or a contender failed.
    """
    with running(settings, kafka, redis) as run:
        return asyncio.run(_bench(run, events, min(events, per_event)))


async def _bench(run: Run, events: int, few: int) -> dict[str, Any]:
    settings = run.settings
    await create_topics(settings)
    await _fill(settings, settings.logs_topic, _calls(events))
    whole = await _measured("flywheel", Job(settings, events))
    composed = await _measured("composition", Job(settings, few))
    batched = await _measured("batched", Job(settings, events))
    plain = await _measured("plain", Job(settings, few))
    feedback = await _fill(settings, settings.feedback_topic, _feedback(events))
    fed = await _with_feedback(settings, events, feedback)
    return {
        "ratio": _ratio(whole, composed),
        "ratio_with_feedback": _ratio(fed, composed),
        "stages": whole["stages"],
        "flywheel": whole,
        "flywheel_with_feedback": fed,
        "composition": composed,
        "passthrough": {"batched": batched, "per_event": plain, "ratio": _ratio(whole, batched)},
        "events": events,
        "feedback": feedback,
        "embedded": run.embedded,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
    }


def _ratio(one: dict[str, Any], other: dict[str, Any]) -> float:
    return round(float(one["events_per_second"]) / float(other["events_per_second"]), 3)


async def _fill(settings: Settings, topic: str, records: Iterator[tuple[bytes, bytes]]) -> int:
    """Puts records where the contenders read; returns how many."""
    async with _producing(settings) as producer:
        return await _send(producer, topic, records, _always)


async def _with_feedback(settings: Settings, events: int, feedback: int) -> dict[str, Any]:
    """The whole job once more over the same inputs, by a group that remembers nothing."""
    again = settings.model_copy(
        update={
            "group": f"{settings.group}-fed",
            "prefix": f"{settings.prefix}fed.",
            "redis_prefix": f"{settings.redis_prefix}fed:",
        }
    )
    await create_topics(again)
    return await _measured("flywheel", Job(again, events, feedback))


def memory_curve(
    settings: Settings, *, events: int, kafka: str | None = None, redis: str | None = None
) -> dict[str, Any]:
    """Records a worker's resident memory while calls come at the pace at which it reads them.

    Event time runs over ten days whatever ``events`` is, so that every window of a day fills and
    empties. The embedded broker and Redis keep all records in memory: for millions, give servers.

    Args:
        settings: the configuration.
        events: calls to work.
        kafka: bootstrap servers; default: the embedded broker.
        redis: URL of a Redis with Bloom; default: the embedded one.

    Returns:
        ``curve`` (events read, MB resident), ``growth`` in MB per million events over the second
        half, and the figures of the whole job.

    Raises:
        ConfigError: only one server is given.
        UnavailableError: a server is missing, or the worker failed.
    """
    with running(settings, kafka, redis) as run:
        return asyncio.run(_memory_curve(run, events))


async def _memory_curve(run: Run, events: int) -> dict[str, Any]:
    settings = run.settings
    await create_topics(settings)
    curve: list[dict[str, float]] = []
    read = 0

    async with _contender("flywheel", Job(settings, events)) as process:

        def progress(now: int) -> None:
            nonlocal read
            read = now
            if now >= len(curve) * events / SAMPLES:
                curve.append({"events": now, "mb": resident_mb(process.pid)})

        async def room(sent: int) -> None:
            while sent - read > AHEAD:  # noqa: ASYNC110 - a pace is kept, nothing is awaited
                await asyncio.sleep(0.01)

        async with _producing(settings) as producer:
            feeding = asyncio.ensure_future(
                _send(producer, settings.logs_topic, _calls(events, MEMORY_DAYS), room)
            )
            try:
                found = await _result(process, progress)
            finally:
                feeding.cancel()
    return {"curve": curve, "growth": growth(curve), "events": events, "flywheel": found}


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1e6, 1)


def growth(curve: Sequence[Mapping[str, float]]) -> float:
    """Slope of the second half of a memory curve, in MB per million events (least squares)."""
    half = curve[len(curve) // 2 :]
    if len(half) < 2:
        return 0.0
    fit = linear_regression([row["events"] for row in half], [row["mb"] for row in half])
    return round(1e6 * fit.slope, 2)


# ---------------------------------------------------------------- for a person


def table(found: Mapping[str, Any]) -> str:
    """The figures as a small table."""
    return "\n".join(_memory_lines(found) if "curve" in found else _bench_lines(found))


def _bench_lines(found: Mapping[str, Any]) -> Iterator[str]:
    rows = {
        "whole job, one worker": found["flywheel"],
        "the same, with feedback": found["flywheel_with_feedback"],
        "same packages, per event": found["composition"],
        "nothing, batched driver": found["passthrough"]["batched"],
        "nothing, Faust per event": found["passthrough"]["per_event"],
    }
    yield f"{'':<28}{'events/s':>12}{'µs/event':>12}{'CPU µs':>10}{'events':>10}"
    for name, row in rows.items():
        yield (
            f"{name:<28}{row['events_per_second']:>12,.0f}{row['us_per_event']:>12,.1f}"
            f"{row['cpu_us_per_event']:>10,.1f}{row['events']:>10,}"
        )
    yield ""
    yield (
        f"whole job / composition: {found['ratio']:.1f} times, "
        f"with feedback besides {found['ratio_with_feedback']:.1f}"
    )
    yield "stages of the whole job, µs per event:"
    for stage, spent in sorted(found["stages"].items(), key=lambda item: -item[1]):
        yield f"  {stage:<26}{spent:>12,.2f}"


def _memory_lines(found: Mapping[str, Any]) -> Iterator[str]:
    curve = [row["mb"] for row in found["curve"]]
    rate = found["flywheel"]["events_per_second"]
    yield f"{found['events']:,} events at {rate:,.0f} a second"
    yield sparkline(curve)
    yield f"resident: first {curve[0]:.0f} MB, most {max(curve):.0f} MB, last {curve[-1]:.0f} MB"
    yield f"second half: {found['growth']:+.1f} MB per million events"


def sparkline(values: Sequence[float]) -> str:
    """Values as a line of bars, from zero to the largest."""
    most = max(values, default=0.0) or 1.0
    return "".join(SPARKS[round((len(SPARKS) - 1) * value / most)] for value in values)


if __name__ == "__main__":
    sys.exit(child(sys.argv[1]))
