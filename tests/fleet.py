"""Workers in processes of their own, what is fed to them, and what they leave behind."""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.learning import Fold, LearnPolicy
from stream.app import create_topics
from stream.cli import main
from stream.embedded import tied_to_parent
from stream.redis_store import Redis, RedisWaitingRoom
from stream.settings import Settings, load_settings
from stream.sink import partition_of
from stream.state_store import _key, _unpack
from stream.topics import Topics

START = 1_760_000_000.0
END = START + 86_400.0
"""Event time of the last records, far after all others, so that the watermark passes those."""

APPS = 5
CALLS_PER_SECOND = 4.0
STEPS = 11
"""Parts that the traffic is fed in, at most; after each, event time may pass all before it."""

QUESTIONS = (
    "How do I get a refund for order {}",
    "Where is my parcel number {}",
    "Please reset the password of account {}",
    "Extract the invoice {} as JSON",
    "What is the capital of country {}",
)

Record = dict[str, Any]


class Burst(NamedTuple):
    """Failures of one app that come together, so that an incident opens and is resolved later.

    Users complain if there is a comment, else the calls themselves end in an error. What fails in
    the first ten minutes is how the app is (``AlertPolicy.warm_up``); after a burst ten minutes
    leave the window and fifteen have to be quiet.
    """

    app: str
    start: float  # seconds after START
    end: float
    question: str
    comment: str = ""


BURSTS = (
    Burst("app-1", 720.0, 900.0, "Convert price list {} into pesos", "that is out of date"),
    Burst("app-3", 1800.0, 1980.0, "Translate contract {} into Finnish"),
)
BURST_SHARE = 0.6
"""Of the app's calls in a burst."""


class Placed(NamedTuple):
    """A record with its place in its topic and in time."""

    at: float
    topic: str
    partition: int
    offset: int
    value: bytes

    @property
    def place(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass
class Traffic:
    """Records in order of time, and what has to become of each of them, by place."""

    records: list[Placed] = field(default_factory=list)
    fates: dict[str, str] = field(default_factory=dict)
    signals: dict[str, str] = field(default_factory=dict)  # id of a signal to its place

    def parts(self, number: int) -> list[list[Placed]]:
        """The records in some parts; event time may pass each where it ends."""
        last = next(index for index, record in enumerate(self.records) if record.at == END)
        ends = [
            index + 1 for index, record in enumerate(self.records) if ".decisions" in record.topic
        ]
        wanted = [ends[len(ends) * n // number - 1] for n in range(1, number)]
        return [
            self.records[start:end]
            for start, end in pairwise([0, *(min(end, last) for end in wanted), len(self.records)])
        ]


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
        snapshot_interval=1.0,
        log_level="WARNING",
    ).model_copy(update=overrides)


def traffic(settings: Settings, calls: int, *, seed: int = 7) -> Traffic:
    """Calls and all kinds of signals, with what a stream has to survive planted among them."""
    return _Maker(settings, random.Random(seed)).make(calls)


class _Maker:
    """Makes traffic."""

    def __init__(self, settings: Settings, rng: random.Random) -> None:
        self._topics = Topics(settings)
        self._partitions = settings.input_partitions
        self._rng = rng
        self._made: list[tuple[float, str, int, bytes, str, str]] = []

    def make(self, calls: int) -> Traffic:
        rng, ts = self._rng, START
        for i in range(calls):
            ts += rng.expovariate(CALLS_PER_SECOND)
            self._add_call(i, ts)
        for i in range(calls // 200):
            self._signal(f"nowhere-{i}", ts, "waiting", {"kind": "report"})
        for step in range(1, STEPS + 1):
            self._add_step(step, START + (ts - START) * step / STEPS)
        self._add_step(STEPS + 1, END)
        for partition in range(self._partitions):
            last = {**_call(rng, calls + partition, END), "app": "end", "expect": None}
            self._put(END, (self._topics.logs, partition), last, "fresh")
            self._signal(f"end-{partition}", END, "waiting", {"kind": "copy"}, partition)
        return self._placed()

    def _placed(self) -> Traffic:
        out = Traffic()
        offsets: Counter[tuple[str, int]] = Counter()
        for at, topic, partition, value, fate, name in sorted(self._made, key=lambda row: row[0]):
            record = Placed(at, topic, partition, offsets[topic, partition], value)
            offsets[topic, partition] += 1
            out.records.append(record)
            out.fates[record.place] = fate
            if name and fate != "repeated":
                out.signals[name] = record.place
        return out

    def _put(
        self, at: float, to: tuple[str, int], record: Record | bytes, fate: str, name: str = ""
    ) -> None:
        value = record if isinstance(record, bytes) else json.dumps(record).encode()
        self._made.append((at, *to, value, fate, name))

    def _add_call(self, i: int, ts: float) -> None:
        call = _call(self._rng, i, ts)
        burst = _burst_of(call)
        if burst and self._rng.random() < BURST_SHARE:
            self._fail(i, ts, call, burst)
        else:
            self._add_signals(i, ts, call)
        to = self._topics.logs, partition_of(f"trace-{i}", self._partitions)
        self._put(ts, to, call, "fresh")
        self._plant(i, ts, to, call)

    def _fail(self, i: int, ts: float, call: Record, burst: Burst) -> None:
        call["prompt"] = burst.question.format(self._rng.randrange(10**6))
        if not burst.comment:
            call["error"] = "upstream timed out"
            return
        user = {"user_id": call["user_id"]}
        down = {"kind": "thumb", "value": "down", **user}
        self._signal(f"trace-{i}", ts + self._rng.uniform(1, 20), "joined", down)
        comment = {"kind": "comment", "comment": burst.comment, **user}
        self._signal(f"trace-{i}", ts + 21, "joined", comment)

    def _plant(self, i: int, ts: float, to: tuple[str, int], call: Record) -> None:
        """Every twentieth call comes again in one way or another, or something broken does."""
        later = ts + self._rng.uniform(0.1, 60)
        match self._rng.randrange(80):
            case 0:
                self._put(later, to, call, "repeated")
            case 1:
                self._put(later, to, {**call, "response": "Other"}, "conflict")
            case 2:  # in its partition, so that it is sure which one comes first
                names = (f"copy-{i}-{n}" for n in count())
                name = next(n for n in names if partition_of(n, self._partitions) == to[1])
                self._put(later, to, {**call, "trace_id": name, "ts": later}, "duplicate")
                up = {"kind": "thumb", "value": "up", "user_id": "somebody"}
                self._signal(name, later + 5, "joined", up)
            case 3:
                self._put(later, to, b"{no JSON", "dead_letter")
                self._put(later, to, {"trace_id": "x", "ts": later}, "dead_letter")
            case _:
                pass

    def _add_signals(self, i: int, ts: float, call: Record) -> None:
        """Thumbs, ratings, corrections and regenerations, some before their call."""
        rng = self._rng
        said: list[tuple[float, Record]] = []
        if rng.random() < 0.25:
            value = rng.choice(["up", "up", "down"])
            after = rng.uniform(-5 if rng.random() < 0.1 else 0, 60)
            said.append((after, {"kind": "thumb", "value": value}))
        if rng.random() < 0.05:
            said.append((70, {"kind": "rating", "value": rng.randint(1, 5), "scale": [1, 5]}))
        if rng.random() < 0.03:
            said.append((80, {"kind": "correction", "correction": f"Better {i}"}))
        if rng.random() < 0.03:
            said.append((5, {"kind": "regenerate", "next_trace_id": f"trace-{i + 3}"}))
        for after, fields in said:
            user = {"user_id": call["user_id"]}
            self._signal(f"trace-{i}", ts + after, "joined", {**fields, **user})

    def _signal(
        self, trace: str, at: float, fate: str, fields: Record, partition: int | None = None
    ) -> None:
        name = f"{trace}-{fields['kind']}"
        record = {"trace_id": trace, "ts": at, "id": name, **fields}
        where = partition_of(trace, self._partitions) if partition is None else partition
        to = self._topics.feedback, where
        self._put(at, to, record, fate, name)
        match self._rng.randrange(100):
            case 0:
                self._put(at + self._rng.uniform(0.1, 60), to, record, "repeated", name)
            case 1:
                self._put(at, to, {**record, "kind": "shrug"}, "dead_letter")
            case _:
                pass

    def _add_step(self, number: int, at: float) -> None:
        """Without a record of these now and then event time would not move on."""
        app = f"app-{number % APPS}"
        live = {"ts": at, "app": app, "what": "prompt", "version": f"v{number}"}
        self._put(at, (self._topics.deployments, 0), live, "accepted")
        decided = {"ts": at, "id": f"d{number}", "incident": f"{app}/i", "choice": "wait"}
        self._put(at, (self._topics.decisions, 0), decided, "accepted")


def _call(rng: random.Random, i: int, ts: float) -> Record:
    wants_json = rng.random() < 0.05
    return {
        "trace_id": f"trace-{i}",
        "ts": ts,
        "app": f"app-{i % APPS}",
        "model": rng.choice(["small", "large"]),
        "variant": rng.choice("ab"),
        "user_id": f"user-{rng.randrange(300)}@example.org",
        "session_id": f"session-{i // 4}",
        "prompt": rng.choice(QUESTIONS).format(rng.randrange(10**6)),
        "response": f"Answer {i} {rng.random()}",
        "expect": {"format": "json"} if wants_json else None,
    }


def _burst_of(call: Record) -> Burst | None:
    for burst in BURSTS:
        if call["app"] == burst.app and burst.start <= call["ts"] - START < burst.end:
            return burst
    return None


async def feed(settings: Settings, records: Iterable[Placed]) -> None:
    """Writes records, in order within each partition."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, linger_ms=5)
    await producer.start()
    try:
        for record in records:
            await producer.send(record.topic, record.value, partition=record.partition)
        await producer.flush()
    finally:
        await producer.stop()


class Worker:
    """A worker process."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            tied_to_parent([sys.executable, "-m", "stream.cli", "worker"]),
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


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.warm"])


class ForkedWorker:
    """A worker process that starts at once, because it is forked from one that has all it needs.

    Python hashes alike in all of them, and otherwise than in a ``Worker``.
    """

    def __init__(self, settings: Settings, log: Path) -> None:
        self._process = _forks.Process(target=_work, args=(environment(settings), log), daemon=True)
        self._process.start()

    def send(self, what: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, what)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def stop(self, timeout: float = 40.0) -> int | None:
        self._process.terminate()
        self._process.join(timeout)
        return self._process.exitcode

    @property
    def running(self) -> bool:
        return self._process.is_alive()


def _work(variables: dict[str, str], log: Path) -> None:
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    plain = _plain_environment()
    os.environ.clear()
    os.environ.update({**plain, **variables})
    sys.exit(main(["worker"]))


def _end_with_the_tests() -> None:
    tests = multiprocessing.parent_process()
    assert tests is not None
    tests.join()
    os._exit(1)


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


async def finished(settings: Settings) -> bool:
    """Whether every app has been worked up to the end of event time."""
    states = await learnt(settings)
    apps = {f"app/app-{i}" for i in range(APPS)}
    return apps <= set(states) and all(
        states[name]["now"] >= END - settings.allowed_lateness for name in apps
    )


async def wait_until_finished(settings: Settings) -> None:
    await until(lambda: finished(settings), "the workers come to the end", pause=0.3)


async def until(
    reached: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 120.0, pause: float = 0.1
) -> None:
    """Waits for something.

    Raises:
        TimeoutError: it has not come.
    """
    deadline = time.monotonic() + seconds
    while not await reached():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(pause)


def compacted(rows: "Rows", name: bytes = b"") -> dict[bytes, bytes]:
    """A topic as it stands after compaction, with a deployment's name taken out."""
    out: dict[bytes, bytes] = {}
    for key, value, _ in rows:
        if value is None:
            out.pop(key, None)
        else:
            out[key] = value.replace(name, b"run") if name else value
    return out


KEPT = ("interactions", "failures", "alerts", "curated", "rejected", "dead_letters")
CLOCK = b'{"type":"clock"'

Rows = Sequence[tuple[bytes, bytes | None, int]]


@dataclass
class Left:
    """What a run left behind; its deployment's name is ``run`` in all of it, so that runs compare."""

    written: dict[
        str, Counter[tuple[bytes, bytes | None]]
    ]  # by output, each record as often as it came
    curated: dict[bytes, bytes]
    failures: dict[bytes, bytes]
    alerts: list[dict[str, Any]]  # each once, by id
    learnt: dict[str, str]
    fates: dict[str, set[str]]

    @property
    def repeated(self) -> int:
        """Interactions that were written more than once."""
        return self.written["interactions"].total() - len(self.written["interactions"])


async def left_behind(settings: Settings, data: Traffic) -> Left:
    topics, name = Topics(settings), settings.group.encode()
    rows = {
        role: await read_topic(settings.kafka, getattr(topics, role)) for role in (*KEPT, "learn")
    }
    rows["learn"] = [row for row in rows["learn"] if not (row[1] or b"").startswith(CLOCK)]
    written = {
        role: Counter(
            (key.replace(name, b"run"), value and value.replace(name, b"run"))
            for key, value, _ in found
        )
        for role, found in rows.items()
    }
    alerts = [json.loads(value) for _, value in written["alerts"] if value]
    return Left(
        written=written,
        curated=compacted(rows["curated"], name),
        failures=compacted(rows["failures"], name),
        alerts=sorted(alerts, key=lambda alert: str(alert["id"])),
        learnt={
            app: repr(meaning(state)).replace(settings.group, "run")
            for app, state in (await learnt(settings)).items()
        },
        fates=fates_of(rows, await waiting_signals(settings), data),
    )


def fates_of(
    rows: Mapping[str, Rows], waiting: Iterable[str], data: Traffic
) -> dict[str, set[str]]:
    """What became of each input record, by its place, as the outputs tell."""
    fates: dict[str, set[str]] = {}

    def note(place: str, fate: str) -> None:
        fates.setdefault(place, set()).add(fate)

    parsed = {
        role: [json.loads(value) for _, value, _ in found if value] for role, found in rows.items()
    }
    for row in parsed["interactions"]:
        note(_place(row["origin"]), "duplicate" if "duplicate_of" in row else "fresh")
    for row in parsed["rejected"]:
        if row["stage"] != "curate":
            note(_place(row["source"]), row["reason"])
    for row in parsed["dead_letters"]:
        note(_place(row["source"]), "dead_letter")
    for row in parsed["learn"]:
        for said in row.get("signals", ()):
            note(data.signals[said["id"]], "joined")
        if row["type"] in {"deployment", "decision"}:
            note(_place(row["origin"]), "accepted")
    for name in waiting:
        note(data.signals[name], "waiting")
    return fates


def _place(source: Mapping[str, Any]) -> str:
    return f"{source['topic']}/{source['partition']}/{source['offset']}"


async def waiting_signals(settings: Settings) -> list[str]:
    """Ids of the signals that wait in Redis for their call."""
    connection = Redis(
        settings.redis.get_secret_value(), settings.redis_prefix, settings.redis_shards
    )
    try:
        waiting = await RedisWaitingRoom(connection, 86_400.0).overdue(float("inf"), 10**6)
    finally:
        await connection.close()
    return [signal.signal_id for signal in waiting]


def meaning(state: dict[str, Any]) -> dict[str, Any]:
    """A state loaded and dumped again, so that equal knowledge compares equal."""
    fold = Fold(state["app"], LearnPolicy(), _Named(state["embedder"]))
    fold.load({**state, "fence": 0, "marks": {"records": {}, "traffic": {}}})
    return fold.dump()


class _Named(HashingEmbedder):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Group:
    """The workers of a deployment as the broker sees them; used as a context."""

    def __init__(self, settings: Settings) -> None:
        topics = Topics(settings)
        self._group = settings.group
        self._inputs = [
            TopicPartition(topic, partition)
            for topic in (*topics.inputs, topics.learn)
            for partition in range(topics.partitions(topic))
        ]
        self._outputs = [
            TopicPartition(topics.interactions, partition)
            for partition in range(topics.partitions(topics.interactions))
        ]
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
        self._consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)

    async def __aenter__(self) -> Self:
        await self._admin.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def members(self) -> frozenset[str]:
        """The members that hold partitions; none in the middle of a rebalance."""
        row = (await self._admin.describe_consumer_groups([self._group]))[0].groups[0]
        held = [member for member in row[5] if member[4]]
        return frozenset(member[0] for member in held) if row[2] == "Stable" else frozenset()

    async def gathered(
        self, number: int, *, unlike: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Waits until so many members hold partitions, with a new one among them."""
        members: frozenset[str] = frozenset()

        async def reached() -> bool:
            nonlocal members
            members = await self.members()
            return len(members) == number and not members <= unlike

        await until(reached, f"{number} workers hold partitions", seconds=60.0)
        return members

    async def written(self) -> int:
        """How many interactions were written."""
        return sum((await self._consumer.end_offsets(self._outputs)).values())

    async def behind(self) -> int:
        """How many records the group has not committed."""
        ends = await self._consumer.end_offsets(self._inputs)
        done = await self._admin.list_consumer_group_offsets(self._group)
        return sum(end - max(done[tp].offset, 0) if tp in done else end for tp, end in ends.items())


@dataclass
class Chaos:
    """Two workers that are disturbed in the middle of their work."""

    settings: Settings
    data: Traffic
    log: Path
    times: int
    rng: random.Random
    behind: list[int] = field(default_factory=list)
    """Records that were not committed at each disturbance."""

    async def run(
        self, disturb: Callable[[ForkedWorker, Group], Awaitable[None]]
    ) -> list[int | None]:
        """Feeds a part, disturbs while it is worked, waits for both; returns how they ended."""
        *parts, last = self.data.parts(self.times + 1)
        await create_topics(self.settings)
        workers = [self._start(), self._start()]
        try:
            async with Group(self.settings) as group:
                members = await group.gathered(2)
                for part in parts:
                    await self._feed_until_worked(part, group)
                    victim = self.rng.randrange(2)
                    await disturb(workers[victim], group)
                    if not workers[victim].running:
                        workers[victim] = self._start()
                    members = await group.gathered(2, unlike=members)
            await feed(self.settings, last)
            await wait_until_finished(self.settings)
        finally:
            statuses = [worker.stop() for worker in workers]
        return statuses

    def _start(self) -> ForkedWorker:
        return ForkedWorker(self.settings, self.log)

    async def _feed_until_worked(self, part: Sequence[Placed], group: Group) -> None:
        before = await group.written()

        async def working() -> bool:
            return await group.written() > before

        await feed(self.settings, part)
        await until(working, "the workers write", seconds=30.0, pause=0.01)
        await asyncio.sleep(self.rng.uniform(0.0, 0.3))
        self.behind.append(await group.behind())


async def wait_until_assigned(settings: Settings) -> None:
    """Waits until a worker of the group holds partitions and has had time to read them."""
    async with Group(settings) as group:
        await group.gathered(1)
        await asyncio.sleep(3.0)  # what was not acknowledged would be read by now
