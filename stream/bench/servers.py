"""Where a run takes place: servers of its own or given ones, on which it leaves nothing."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import redis as redis_client
from pydantic import SecretStr

from flywheel_stream.errors import ConfigError
from stream.app import admin
from stream.embedded import embedded_servers
from stream.settings import Settings


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
