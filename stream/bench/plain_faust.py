"""Faust on its own driver, one event at a time: what the per-event contenders share."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import faust

from stream.app import FolderlessApp, build_faust
from stream.bench.contender import STALLED, Job, Stopwatch
from stream.settings import Settings
from stream.topics import Topics

Each = Callable[[bytes], Awaitable[None]]
"""What is done with a value."""


def plain_faust(settings: Settings) -> faust.App:
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


async def per_event(app: faust.App, job: Job, each: Each) -> dict[str, Any]:
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
    async with started(app):
        await asyncio.wait_for(done.wait(), STALLED)
        await app.producer.flush()
        return watch.read(job.events)


@asynccontextmanager
async def started(app: faust.App) -> AsyncIterator[None]:
    """An app that runs for as long as the block."""
    app.finalize()
    await app.start()
    try:
        yield
    finally:
        await app.stop()
