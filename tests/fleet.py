"""Workers in processes of their own, what is fed to them, and what they leave behind."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.learning import Fold, LearnPolicy
from stream.app import create_topics
from stream.settings import Settings, load_settings
from stream.sink import partition_of
from stream.state_store import _key, _unpack
from stream.topics import Topics

START = 1_760_000_000.0
END = START + 86_400.0
"""Event time of the last records, far after all others, so that the watermark passes those."""

QUESTIONS = (
    "How do I get a refund for order {}",
    "Where is my parcel number {}",
    "Please reset the password of account {}",
    "Extract the invoice {} as JSON",
    "What is the capital of country {}",
)


@dataclass
class Traffic:
    """Records by topic and partition, and what is known of them."""

    records: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    calls: int = 0
    signals: int = 0
    orphans: int = 0

    def add(self, topic: str, partition: int, record: dict[str, Any]) -> None:
        self.records.setdefault(topic, []).append((partition, json.dumps(record).encode()))


def settings_of(name: str, kafka: str, redis: str, **overrides: Any) -> Settings:
    """One deployment: topics, group and keys of its own, and the same secret for all."""
    return load_settings(
        kafka=kafka,
        redis=redis,
        redis_prefix=f"{name}:",
        prefix=f"{name}.",
        logs_topic=f"{name}.logs",
        feedback_topic=f"{name}.feedback",
        deployments_topic=f"{name}.deployments",
        group=name,
        secret="the same for all",  # noqa: S106 - a test's
        session_timeout=6.0,
        idle_timeout=2.0,
        embedder="hashing",
        http_port=0,
        batch_records=100,
        log_level="WARNING",
    ).model_copy(update=overrides)


def traffic(settings: Settings, calls: int, *, seed: int = 7) -> Traffic:
    """Calls with thumbs, ratings, corrections and regenerations, in order of event time."""
    rng = random.Random(seed)
    topics = Topics(settings)
    out = Traffic()
    n = settings.input_partitions
    pending: list[tuple[float, dict[str, Any]]] = []
    ts = START
    for i in range(calls):
        ts += rng.expovariate(5.0)
        trace = f"trace-{i}"
        call = _call(rng, i, ts)
        out.add(topics.logs, partition_of(trace, n), call)
        out.calls += 1
        pending += [(record["ts"], record) for record in _signals(rng, i, ts, call)]
    for i in range(calls // 200):
        pending.append((ts, {"trace_id": f"nowhere-{i}", "ts": ts, "kind": "report"}))
        out.orphans += 1
    for _, record in sorted(pending, key=lambda pair: pair[0]):
        out.add(topics.feedback, partition_of(record["trace_id"], n), record)
        out.signals += 1
    for partition in range(n):
        last = _call(rng, calls + partition, END)
        out.add(topics.logs, partition, {**last, "app": "end", "expect": None})
        out.add(
            topics.feedback, partition, {"trace_id": f"end-{partition}", "ts": END, "kind": "copy"}
        )
    return out


def _call(rng: random.Random, i: int, ts: float) -> dict[str, Any]:
    wants_json = rng.random() < 0.05
    return {
        "trace_id": f"trace-{i}",
        "ts": ts,
        "app": f"app-{i % 5}",
        "model": rng.choice(["small", "large"]),
        "variant": rng.choice("ab"),
        "user_id": f"user-{rng.randrange(300)}@example.org",
        "session_id": f"session-{i // 4}",
        "prompt": rng.choice(QUESTIONS).format(rng.randrange(10**6)),
        "response": f"Answer {i} {rng.random()}",
        "expect": {"format": "json"} if wants_json else None,
    }


def _signals(
    rng: random.Random, i: int, ts: float, call: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    base = {"trace_id": f"trace-{i}", "user_id": call["user_id"]}
    if rng.random() < 0.25:
        value = rng.choice(["up", "up", "down"])
        yield {**base, "ts": ts + rng.uniform(0, 60), "kind": "thumb", "value": value}
    if rng.random() < 0.05:
        stars = rng.randint(1, 5)
        yield {**base, "ts": ts + 70, "kind": "rating", "value": stars, "scale": [1, 5]}
    if rng.random() < 0.03:
        yield {**base, "ts": ts + 80, "kind": "correction", "correction": f"Better {i}"}
    if rng.random() < 0.03:
        yield {**base, "ts": ts + 5, "kind": "regenerate", "next_trace_id": f"trace-{i + 3}"}


async def feed(settings: Settings, data: Traffic) -> None:
    """Creates the topics and writes all records, in order within each partition."""
    await create_topics(settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, linger_ms=5)
    await producer.start()
    try:
        for topic, records in data.records.items():
            for partition, value in records:
                await producer.send(topic, value, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


class Worker:
    """A worker process."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stream.cli", "worker"],
            env={**_plain_environment(), **environment(settings)},
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def send(self, what: signal.Signals) -> None:
        os.kill(self._process.pid, what)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def stop(self, timeout: float = 40.0) -> int:
        self._process.terminate()
        status = self._process.wait(timeout)
        self._log.close()
        return status

    @property
    def running(self) -> bool:
        return self._process.poll() is None


def _plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("FLYWHEEL_")}


def environment(settings: Settings) -> dict[str, str]:
    """Settings as the variables of a worker's environment."""
    default = load_settings()
    out = {}
    for name, value in settings:
        if value != getattr(default, name):
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            out[f"FLYWHEEL_{name.upper()}"] = str(plain)
    return out


async def read_topic(bootstrap: str, topic: str) -> list[tuple[bytes, bytes | None, int]]:
    """All (key, value, partition) of a topic on a real Kafka, up to its present end."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        cluster = await consumer._client.fetch_all_metadata()
        known = cluster.partitions_for_topic(topic) or ()
        tps = [TopicPartition(topic, p) for p in known]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        rows = []
        while any([await consumer.position(tp) < ends[tp] for tp in tps]):
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                rows += [(r.key, r.value, tp.partition) for r in records if r.offset < ends[tp]]
        return rows
    finally:
        await consumer.stop()


async def learnt(settings: Settings) -> dict[str, dict[str, Any]]:
    """The newest state of each app, less what depends on offsets and batches."""
    best: dict[str, dict[str, Any]] = {}
    for key, value, _ in await read_topic(settings.kafka, Topics(settings).state):
        if not value or key.startswith(b"marker/"):
            continue
        name, _ = _key(key)
        state = _unpack(value)
        if name.startswith("app/") and state["fence"] >= best.get(name, {"fence": -1})["fence"]:
            best[name] = state
    for state in best.values():
        for volatile in ("fence", "marks"):
            del state[volatile]
    return best


async def finished(settings: Settings, data: Traffic) -> bool:
    """Whether every app has been worked up to the end of event time."""
    states = await learnt(settings)
    apps = {f"app/app-{i}" for i in range(5)}
    return apps <= set(states) and all(
        states[name]["now"] >= END - settings.allowed_lateness for name in apps
    )


async def wait_until_finished(settings: Settings, data: Traffic, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not await finished(settings, data):
        if time.monotonic() > deadline:
            message = "the workers did not come to the end of the traffic"
            raise TimeoutError(message)
        await asyncio.sleep(0.3)


def compacted(rows: Sequence[tuple[bytes, bytes | None, int]]) -> dict[bytes, bytes]:
    """A topic as it stands after compaction."""
    out: dict[bytes, bytes] = {}
    for key, value, _ in rows:
        if value is None:
            out.pop(key, None)
        else:
            out[key] = value
    return out


@dataclass
class Left:
    """What a run left behind."""

    interactions: dict[bytes, bytes]
    repeated: int
    differing: list[bytes]
    curated: dict[bytes, bytes]
    failures: dict[bytes, bytes]
    alerts: set[bytes]
    rejected: Counter[bytes]
    learnt: dict[str, dict[str, Any]]


async def left_behind(settings: Settings) -> Left:
    topics = Topics(settings)
    rows = await read_topic(settings.kafka, topics.interactions)
    first: dict[bytes, bytes] = {}
    differing = [
        key for key, value, _ in rows if value != first.setdefault(key, value or b"") and value
    ]
    return Left(
        interactions=first,
        repeated=len(rows) - len(first),
        differing=differing,
        curated=compacted(await read_topic(settings.kafka, topics.curated)),
        failures=compacted(await read_topic(settings.kafka, topics.failures)),
        alerts={value for _, value, _ in await read_topic(settings.kafka, topics.alerts) if value},
        rejected=Counter(
            value for _, value, _ in await read_topic(settings.kafka, topics.rejected) if value
        ),
        learnt=await learnt(settings),
    )


def meaning(state: dict[str, Any]) -> dict[str, Any]:
    """A state loaded and dumped again, so that equal knowledge compares equal."""
    fold = Fold(state["app"], LearnPolicy(), _Named(state["embedder"]))
    fold.load({**state, "fence": 0, "marks": {"records": {}, "traffic": {}}})
    return fold.dump()


class _Named(HashingEmbedder):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


async def chaos(
    start: Callable[[], Worker],
    disturb: Callable[[Worker], None],
    *,
    times: int,
    rng: random.Random,
    until: Callable[[], Any],
) -> list[Worker]:
    """Two workers, one of which is disturbed at random moments; returns the live ones."""
    workers = [start(), start()]
    await asyncio.sleep(4.0)
    for _ in range(times):
        await asyncio.sleep(rng.uniform(0.3, 2.5))
        victim = rng.randrange(2)
        disturb(workers[victim])
        if not workers[victim].running:
            workers[victim] = start()
    await until()
    return workers


async def wait_until_assigned(settings: Settings, seconds: float = 30.0) -> None:
    """Waits until a worker of the group holds partitions and has had time to read them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            group = (await admin.describe_consumer_groups([settings.group]))[0].groups[0]
            if group[2] == "Stable" and group[5]:
                await asyncio.sleep(3.0)  # what was not acknowledged would be read by now
                return
            await asyncio.sleep(0.2)
    finally:
        await admin.close()
    message = "no worker joined the group"
    raise TimeoutError(message)
