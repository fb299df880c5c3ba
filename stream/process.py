"""``flywheel process``: the main job on files, through the same agents on embedded servers.

Input files become input topics with one partition each, in order of ``ts``; the outputs are read
back from their topics and written as one file each, with ``summary.json`` and ``report.html``.
"""

import asyncio
import codecs
import contextlib
import json
import logging
import os
import secrets
import time
import uuid
from array import array
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faust.types import TP
from pydantic import SecretStr

from flywheel_stream import metrics
from flywheel_stream.errors import ConfigError
from flywheel_stream.events import MAX_RECORD_BYTES, Alert, decode_alert, parse_ts
from flywheel_stream.learning import Fold
from flywheel_stream.satisfaction import HourStats
from stream.app import Worker, create_topics, kafka_options
from stream.compared import plain
from stream.embedded import Servers, embedded_servers
from stream.prometheus import serve
from stream.report import write_report
from stream.settings import Settings, load_settings
from stream.topics import Topics

logger = logging.getLogger(__name__)

CHUNK, PACED_CHUNK = 1000, 20
"""Lines that are sent at a time."""
AHEAD = 20_000
"""Records that may be sent before they are read; bounds the memory of the broker's client."""

OUTPUTS = ("interactions", "failures", "alerts", "curated", "rejected", "requests", "dead_letters")
COMPACTED = frozenset({"interactions", "failures", "curated"})


class _Ts(msgspec.Struct):
    ts: float | str


_decode_ts = msgspec.json.Decoder(_Ts).decode


def line_ts(line: bytes) -> float | None:
    """The event time of a line, or None where it cannot be read."""
    try:
        return parse_ts(_decode_ts(line).ts)
    except (msgspec.DecodeError, ValueError, UnicodeDecodeError, RecursionError):
        return None


class Line(NamedTuple):
    """A line's place in the order of all inputs: time, rank of its input, place in its file."""

    ts: float
    rank: int
    number: int


class InputFile:
    """The lines of a file in order of ``ts``; blank lines are none.

    A line without a readable ``ts`` keeps its place: it goes with the line before it.
    """

    def __init__(self, path: Path, rank: int) -> None:
        self.path = path
        self.rank = rank
        self._starts = array("q")
        self._lengths = array("q")
        self._times = array("d")
        with path.open("rb") as file:
            self._index(file)

    def __len__(self) -> int:
        return len(self._starts)

    def _index(self, file: BinaryIO) -> None:
        start, latest = 0, float("-inf")
        for line in file:
            if line.strip():
                mark = len(codecs.BOM_UTF8) if not start and line.startswith(codecs.BOM_UTF8) else 0
                ts = line_ts(line[mark:])
                latest = latest if ts is None else ts
                self._starts.append(start + mark)
                self._lengths.append(len(line) - mark)
                self._times.append(latest)
            start += len(line)

    def lines(self) -> list[Line]:
        """The order in which the lines are read."""
        order = sorted(range(len(self)), key=self._times.__getitem__)
        return [Line(self._times[number], self.rank, number) for number in order]

    def read(self, file: BinaryIO, number: int) -> bytes:
        """One line, cut where it is too large to be accepted anyway."""
        file.seek(self._starts[number])
        return file.read(min(self._lengths[number], MAX_RECORD_BYTES + 1)).rstrip(b"\r\n")


@dataclass
class Progress:
    """Where a run stands, for whoever shows it."""

    total: int = 0
    fed: int = 0
    read: int = 0
    stage: str = "starting"
    folds: list[Fold] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    metrics_url: str = ""


Show = Callable[[Progress], None]


@dataclass
class Result:
    """What a run led to."""

    summary: dict[str, Any]
    hours: list[dict[str, Any]]
    out: Path


def run_settings(base: Settings, servers: Servers) -> Settings:
    """The settings of a run on embedded servers: one partition an input, quick group joins."""
    return base.model_copy(
        update={
            "kafka": servers.kafka,
            "kafka_security": "PLAINTEXT",
            "kafka_idempotent": False,
            "fetch_wait_ms": 20,
            "redis": load_settings(redis=servers.redis).redis,
            "redis_prefix": "run:",
            "redis_shards": 1,
            "redis_cluster": False,
            "dedup_redis": SecretStr(""),
            "session_timeout": 3.0,
            "input_partitions": 1,
            "learn_partitions": 1,
            "replication_factor": 1,
        }
    )


def check_inputs(
    logs: Sequence[Path], feedback: Sequence[Path], deployments: Sequence[Path]
) -> None:
    """Looks whether the inputs are there, before any server starts.

    Raises:
        ConfigError: one is not, or is no file that can be read, or none is given.
    """
    paths = [*logs, *feedback, *deployments]
    if not paths:
        raise ConfigError("Nothing to process: give --logs, --feedback or --deployments.")
    for path in paths:
        _check_input(path)


def _check_input(path: Path) -> None:
    if path.is_dir():
        raise ConfigError(
            f"{path} is a folder: name the files in it, each with an option of its own."
        )
    if not path.exists():
        raise ConfigError(f"No file at {path}: check the path.")
    if not path.is_file():
        raise ConfigError(
            f"{path} is no file but a pipe or a device, which cannot be read in order of time: "
            "write it to a file first, as in `zcat logs.jsonl.gz > logs.jsonl`."
        )
    if not os.access(path, os.R_OK):
        raise ConfigError(f"The file {path} must not be read: change its permissions.")


def spare_inputs(inputs: Iterable[Path], out: Path) -> None:
    """Looks whether outputs would be written over inputs.

    Raises:
        ConfigError: one would.
    """
    written = {(out / _file_of(role)).resolve() for role in OUTPUTS}
    for path in inputs:
        if path.resolve() in written:
            raise ConfigError(f"{path} would be written over: give another folder with --out.")


def _file_of(role: str) -> str:
    return f"{role.replace('_', '-')}.jsonl"


def make_folder(out: Path) -> None:
    """Makes the folder of the outputs, where it is absent.

    Raises:
        ConfigError: it cannot be made, or is none.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The folder {out} cannot be made ({error.strerror}): give another one with --out."
        ) from None


def process(
    settings: Settings,
    *,
    logs: Sequence[Path],
    feedback: Sequence[Path] = (),
    deployments: Sequence[Path] = (),
    out: Path,
    show: Show = lambda _: None,
) -> Result:
    """Runs the main job on files.

    Args:
        settings: the configuration; servers are the embedded ones whatever it says.
        logs: files of ``llm.logs`` records, one JSON object a line.
        feedback: files of ``llm.feedback`` records.
        deployments: files of ``llm.deployments`` records.
        out: a folder for the outputs; made if absent, files in it are replaced.
        show: is told where the run stands, a few times a second.

    Raises:
        ConfigError: an input is not there or in the way, or the folder cannot be made.
        UnavailableError: an embedded server does not start.
    """
    check_inputs(logs, feedback, deployments)
    spare_inputs([*logs, *feedback, *deployments], out)
    make_folder(out)
    # Ties in time: deployments, then logs, then feedback.
    files = [
        *(InputFile(path, 0) for path in deployments),
        *(InputFile(path, 1) for path in logs),
        *(InputFile(path, 2) for path in feedback),
    ]
    with embedded_servers() as servers:
        return asyncio.run(Run(run_settings(settings, servers), files, out, show).run())


class Run:
    """One run of the main job on files.

    Args:
        settings: as ``run_settings`` gives them.
        files: the inputs.
        out: where the outputs go.
        show: is told where the run stands.
        pace: seconds of event time that pass in a second; None: as fast as it goes.
    """

    def __init__(
        self,
        settings: Settings,
        files: Sequence[InputFile],
        out: Path,
        show: Show,
        *,
        pace: float | None = None,
    ) -> None:
        secret = settings.secret.get_secret_value() or secrets.token_hex(32)
        self._settings = settings.model_copy(update={"secret": load_settings(secret=secret).secret})
        self._topics = Topics(self._settings)
        self._files = files
        self._out = out
        self._show = show
        self._pace = pace
        self._progress = Progress(total=sum(map(len, files)))
        self._started = time.monotonic()
        self._first_ts: float | None = None
        self._fed: Counter[str] = Counter()
        self._milestones: deque[tuple[float, dict[str, int]]] = deque()
        self._fed_at = 0.0

    async def run(self, *, hold: Callable[[Result], None] | None = None) -> Result:
        """Feeds, waits for the end, reads back and writes.

        Args:
            hold: if given, it is told the result, and metrics are served until interrupted.
        """
        await create_topics(self._settings)
        worker = Worker(self._settings, live=False)
        server = await serve(worker.metrics, self._settings.http_host, 0, worker.ready)
        self._progress.metrics_url = f"http://{self._settings.http_host}:{server.port}/metrics"
        await worker.start()
        watching = asyncio.ensure_future(self._watch_alerts())
        try:
            await self._worked(worker)
            result = await self._write(worker)
            self._tell("done, Ctrl-C ends" if hold else "done")
            if hold is not None:
                hold(result)
                with contextlib.suppress(asyncio.CancelledError):
                    await worker.wait()
        finally:
            watching.cancel()
            await worker.stop()
            await server.close()
        return result

    async def _write(self, worker: Worker) -> Result:
        """Writes outputs, summary and report."""
        self._tell("writing")
        await worker.agents.learn.entitle()
        folds = worker.agents.learn.folds()
        files = await self._write_outputs()
        summary = self._summary(worker, folds, files)
        hours = [_hour(fold.app, row) for fold in folds for row in fold.hours()]
        (self._out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
        write_report(self._out, summary, hours)
        return Result(summary, hours, self._out)

    async def _worked(self, worker: Worker) -> None:
        """Feeds all lines and waits until everything that follows from them is confirmed."""
        work = asyncio.ensure_future(self._feed_and_finish(worker))
        watch = asyncio.ensure_future(worker.wait())
        done, pending = await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for task in done:
            task.result()

    async def _feed_and_finish(self, worker: Worker) -> None:
        await self._feed(worker)
        await worker.run_out(self._progress.fed, lambda: self._moved(worker))

    async def _feed(self, worker: Worker) -> None:
        names = (self._topics.deployments, self._topics.logs, self._topics.feedback)
        producer = AIOKafkaProducer(
            **kafka_options(self._settings), max_batch_size=2**20, max_request_size=2**24
        )
        await worker.until(lambda: bool(worker.agents.assigned))
        await producer.start()
        try:
            self._tell("working")
            for chunk in _chunks(self._ordered(), CHUNK if self._pace is None else PACED_CHUNK):
                await self._wait_for(worker, chunk[0][0].ts)
                runs: dict[str, list[bytes]] = {}
                for (_, rank, _), line in chunk:
                    runs.setdefault(names[rank], []).append(line)
                for topic, lines in runs.items():
                    await _produce(producer, topic, lines)
                    self._fed[topic] += len(lines)
                self._progress.fed += len(chunk)
                self._milestones.append((chunk[-1][0].ts, dict(self._fed)))
                await worker.until(
                    lambda: self._progress.fed - worker.read() < AHEAD,
                    lambda: self._moved(worker),
                )
        finally:
            await producer.stop()

    async def _wait_for(self, worker: Worker, ts: float) -> None:
        """Waits until the event time has come, where a pace is set."""
        if self._pace is None or ts == float("-inf"):
            return
        if self._first_ts is None:
            self._first_ts, self._fed_at = ts, time.monotonic()
        due = self._fed_at + (ts - self._first_ts) / self._pace
        while (left := due - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 0.25))
            self._moved(worker)

    async def _watch_alerts(self) -> None:
        """Reads the alerts as they come, as any consumer would."""
        async for _, value in self._records(self._topics.alerts, None):
            if value is not None:
                self._progress.alerts.append(decode_alert(value))

    def _ordered(self) -> Iterator[tuple[Line, bytes]]:
        """All lines of all inputs, in order of time."""
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(file.path.open("rb")) for file in self._files]
            tagged = [
                [(line, index) for line in file.lines()] for index, file in enumerate(self._files)
            ]
            for line, index in merge(*tagged):
                yield line, self._files[index].read(opened[index], line.number)

    def _pass_milestones(self, worker: Worker) -> None:
        """Carries event time forward in every input, where all that was fed so far is worked."""
        read = worker.metrics.totals(metrics.READ)
        while self._milestones:
            ts, fed = self._milestones[0]
            if any(read.get((topic,), 0) < number for topic, number in fed.items()):
                return
            self._milestones.popleft()
            if ts <= time.time():  # beyond lie only lines that will be refused
                for topic in self._topics.inputs:
                    worker.agents.ingest.reached(TP(topic, 0), ts)

    def _moved(self, worker: Worker) -> None:
        self._pass_milestones(worker)
        self._progress.read = worker.read()
        self._progress.folds = worker.agents.learn.folds()
        self._show(self._progress)

    def _tell(self, stage: str) -> None:
        self._progress.stage = stage
        self._show(self._progress)

    # ------------------------------------------------------------ outputs

    async def _write_outputs(self) -> dict[str, int]:
        """Writes one file an output topic; returns their lines."""
        counts = {}
        end = await self._mark_ends()
        for role in OUTPUTS:
            path = self._out / _file_of(role)
            topic = getattr(self._topics, role)
            counts[path.name] = await self._write_output(topic, path, end, role in COMPACTED)
        return counts

    async def _mark_ends(self) -> bytes:
        """Puts a last record into every output partition; returns its key.

        Nothing else says where a topic ends: the embedded broker's end offsets lie, and a count of
        what was written does not hold what a retry or a rebalance wrote once more.
        """
        end = f"end/{uuid.uuid4().hex}".encode()
        topics = [getattr(self._topics, role) for role in OUTPUTS]
        async with AIOKafkaProducer(**kafka_options(self._settings)) as producer:
            await asyncio.gather(
                *(
                    producer.send_and_wait(topic, key=end, partition=partition)
                    for topic in topics
                    for partition in range(self._topics.partitions(topic))
                )
            )
        return end

    async def _write_output(self, topic: str, path: Path, end: bytes, compacted: bool) -> int:  # noqa: FBT001 - private
        rows: dict[bytes, bytes] = {}
        async for key, value in self._records(topic, end):
            name = key if compacted else value or b""
            if compacted or value is None:
                rows.pop(name, None)  # an update moves to the end, as it does in the log
            if value is not None:
                rows[name] = value
        with path.open("wb") as file:
            file.writelines(value + b"\n" for value in rows.values())
        return len(rows)

    async def _records(
        self, topic: str, end: bytes | None
    ) -> AsyncIterator[tuple[bytes, bytes | None]]:
        """The records of a topic up to the marks of its end; None: all, for ever."""
        consumer = AIOKafkaConsumer(
            **kafka_options(self._settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=2**24,
        )
        await consumer.start()
        try:
            going = {
                TopicPartition(topic, partition)
                for partition in range(self._topics.partitions(topic))
            }
            consumer.assign(going)
            while going:
                message = await consumer.getone()
                tp = TopicPartition(topic, message.partition)
                if message.key == end is not None:
                    going.discard(tp)
                elif tp in going:
                    yield message.key, message.value
        finally:
            await consumer.stop()

    # ------------------------------------------------------------ summary

    def _summary(
        self, worker: Worker, folds: Sequence[Fold], files: dict[str, int]
    ) -> dict[str, Any]:
        totals = worker.metrics.totals
        by_input: dict[str, dict[str, int]] = {}
        outcomes: Counter[str] = Counter()
        for (name, outcome), number in totals(metrics.OUTCOMES).items():
            by_input.setdefault(name, {})[str(outcome)] = int(number)
            outcomes[str(outcome)] += int(number)
        read = {name[0]: int(number) for name, number in totals(metrics.READ).items()}
        seconds = time.monotonic() - self._started
        return {
            "v": 1,
            "read": sum(read.values()),
            "outcomes": dict(sorted(outcomes.items())),
            "read_by_input": read,
            "outcomes_by_input": by_input,
            "dead_letters": _nested(totals(metrics.DEAD_LETTERS)),
            "rejected": _nested(totals(metrics.REJECTED)),
            "unknown_fields": {k[0]: int(n) for k, n in totals(metrics.UNKNOWN_FIELDS).items()},
            "pii": {key[0]: int(number) for key, number in sorted(totals(metrics.PII).items())},
            "late": int(sum(totals(metrics.LATE).values())),
            "lines": files,
            "apps": {fold.app: _app(fold) for fold in folds},
            "seconds": round(seconds, 3),
            "records_per_second": round(sum(read.values()) / seconds, 1) if seconds else 0.0,
        }


def _app(fold: Fold) -> dict[str, Any]:
    picture = fold.picture()
    return {
        "slices": [
            {
                **row.slice._asdict(),
                "calls": row.calls,
                "duplicates": row.duplicates,
                "judged": row.judged,
                "satisfied": row.satisfied_mean,
                "thumbs": row.thumbs,
            }
            for row in picture.slices
        ],
        "failures": picture.failures,
        "clusters": picture.clusters,
        "cluster_states": picture.states,
        "open_incidents": [incident.incident for incident, _ in picture.incidents],
        "examples": picture.examples,
        **plain(fold.compared(), fold.deployments()),
        "top_clusters": [cluster._asdict() for cluster in fold.top_clusters()],
        "successes": picture.successes,
        "top_successes": [cluster._asdict() for cluster in fold.top_successes()],
        "topics": _topics(fold),
        "worths": _worths(fold),
    }


def _worths(fold: Fold) -> dict[str, Any]:
    known = fold.worths()
    return known._asdict() | {"signals": [row._asdict() for row in known.signals]}


def _topics(fold: Fold) -> dict[str, Any]:
    known = fold.topics()
    return {
        "sampled": known.sampled,
        "topics": [topic._asdict() for topic in known.topics],
        "unseen": [topic._asdict() for topic in known.unseen],
        "rest": known.rest,
    }


def _hour(app: str, row: HourStats) -> dict[str, Any]:
    return {
        "app": app,
        "hour": row.hour,
        **row.slice._asdict(),
        "calls": row.calls,
        "judged": row.judged,
        "satisfied": row.satisfied_mean,
        "thumbs": row.thumbs,
    }


def _nested(totals: dict[tuple[str, ...], float]) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for (outer, inner), number in sorted(totals.items()):
        out.setdefault(str(outer), {})[str(inner)] = int(number)
    return out


def _chunks(lines: Iterator[tuple[Line, bytes]], size: int) -> Iterator[list[tuple[Line, bytes]]]:
    chunk: list[tuple[Line, bytes]] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _produce(producer: AIOKafkaProducer, topic: str, lines: Sequence[bytes]) -> None:
    pending = []
    builder = producer.create_batch()
    for line in lines:
        if builder.append(key=None, value=line, timestamp=None) is None:
            builder.close()
            pending.append(await producer.send_batch(builder, topic, partition=0))
            builder = producer.create_batch()
            builder.append(key=None, value=line, timestamp=None)
    builder.close()
    pending.append(await producer.send_batch(builder, topic, partition=0))
    await asyncio.gather(*pending)
