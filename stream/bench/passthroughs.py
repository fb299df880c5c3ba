"""Two that do nothing but move the bytes: per event, and in batches."""

import asyncio
from typing import Any

from stream.app import build_faust
from stream.bench.contender import STALLED, Job, Stopwatch
from stream.bench.plain_faust import per_event, plain_faust, started
from stream.topics import Topics
from stream.transport import BatchSchema, Producer, Record


async def plain_passthrough(job: Job) -> dict[str, Any]:
    """Faust on its own driver, doing nothing: one value in, one ``send`` out."""
    app = plain_faust(job.settings)
    output = app.topic(Topics(job.settings).interactions, value_serializer="raw")

    async def each(value: bytes) -> None:
        await output.send(value=value)

    return await per_event(app, job, each)


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
    async with started(app):
        await asyncio.wait_for(done.wait(), STALLED)
        return watch.read(job.events)
