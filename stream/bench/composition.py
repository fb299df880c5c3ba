"""The same packages used per event: what the whole job is compared with."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from stream.bench.contender import Job
from stream.bench.plain_faust import per_event, plain_faust
from stream.bench.records import SEED
from stream.topics import Topics

WARM = 200
"""Texts that scrubadub cleans before its time is taken: its tables are compiled on first use."""


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

    app = plain_faust(job.settings)
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
        return await per_event(app, job, each)
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
