"""``flywheel replay``: sends files through topics, groups and Redis keys of their own.

A worker of that run works them; nothing of the live deployment is touched, and no one is notified.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaProducer

from flywheel_stream import metrics
from flywheel_stream.errors import ConfigError
from stream.app import Worker, create_topics, kafka_options
from stream.process import InputFile, check_inputs
from stream.settings import Settings
from stream.sink import partition_of
from stream.topics import MAX_STATE_BYTES, Topics

KEYED_BY = {"logs": "trace_id", "feedback": "trace_id", "deployments": "app"}


def run_settings(settings: Settings, run: str) -> Settings:
    """The settings of a run: every name of it ends or begins with the run's.

    Raises:
        ConfigError: the name cannot be part of a topic's.
    """
    if not run or not all(c.isalnum() or c in "-_" for c in run):
        raise ConfigError(f"{run!r} names no run: use letters, digits, - and _ only.")
    return settings.model_copy(
        update={
            "group": f"{settings.group}-{run}",
            "prefix": f"replay.{run}.{settings.prefix}",
            "logs_topic": f"replay.{run}.{settings.logs_topic}",
            "feedback_topic": f"replay.{run}.{settings.feedback_topic}",
            "deployments_topic": f"replay.{run}.{settings.deployments_topic}",
            "redis_prefix": f"{settings.redis_prefix}replay:{run}:",
            "http_port": 0,
        }
    )


async def replay(
    settings: Settings,
    *,
    run: str,
    logs: Sequence[Path],
    feedback: Sequence[Path],
    deployments: Sequence[Path],
) -> dict[str, int]:
    """Sends files to the topics of a run and works them to their end.

    Args:
        settings: of the live deployment.
        run: the run's name.
        logs: files of ``llm.logs`` records.
        feedback: files of ``llm.feedback`` records.
        deployments: files of ``llm.deployments`` records.

    Returns:
        How many records had each outcome.

    Raises:
        ConfigError: an input is not there, or the name is none or taken.
        UnavailableError: Kafka does not answer.
    """
    check_inputs(logs, feedback, deployments)
    own = run_settings(settings, run)
    topics = Topics(own)
    if topics.logs not in await create_topics(own):
        raise ConfigError(f"A run {run!r} exists already: choose another name.")
    sent = 0
    producer = AIOKafkaProducer(
        **kafka_options(own), max_request_size=MAX_STATE_BYTES, max_batch_size=1024 * 1024
    )
    await producer.start()
    try:
        for role, paths in (("deployments", deployments), ("logs", logs), ("feedback", feedback)):
            topic = getattr(topics, role)
            for path in paths:
                sent += await _send(producer, own, topic, path, KEYED_BY[role])
    finally:
        await producer.stop()
    return await _work(own, sent)


async def _work(settings: Settings, total: int) -> dict[str, int]:
    worker = Worker(settings, live=False)
    await worker.start()
    try:
        await worker.run_out(total)
    finally:
        await worker.stop()
    outcomes: Counter[str] = Counter()
    for (_, outcome), number in worker.metrics.totals(metrics.OUTCOMES).items():
        outcomes[str(outcome)] += int(number)
    return dict(sorted(outcomes.items()))


async def _send(
    producer: AIOKafkaProducer, settings: Settings, topic: str, path: Path, keyed_by: str
) -> int:
    partitions = Topics(settings).partitions(topic)
    file = InputFile(path, 0)
    pending: list[asyncio.Future[object]] = []
    with path.open("rb") as raw:
        for _, _, number in file.lines():
            line = file.read(raw, number)
            key = _key(line, keyed_by)
            partition = partition_of(key, partitions)
            pending.append(await producer.send(topic, line, key=key.encode(), partition=partition))
            if len(pending) >= 5000:
                await asyncio.gather(*pending)
                pending.clear()
    await asyncio.gather(*pending)
    return len(file)


def _key(line: bytes, name: str) -> str:
    """The value of a top-level text field, read without decoding the whole; "" where it is absent."""
    _, found, rest = line.partition(f'"{name}"'.encode())
    parts = rest.split(b'"', 2)
    if not found or len(parts) < 3 or parts[0].strip() != b":":
        return ""
    return parts[1].decode("utf-8", "replace")
