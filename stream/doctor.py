"""``flywheel doctor``: looks at everything a worker needs, and says what to do about each trouble."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, NamedTuple

import aiohttp
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from flywheel_stream.errors import ConfigError, FlywheelError, UnavailableError
from flywheel_stream.naming import Unnamed
from stream.app import admin, connect_redis
from stream.embedders import load_embedder
from stream.evaluation_sets import load_evaluation_sets
from stream.naming_endpoint import load_namer
from stream.redis_store import Redis
from stream.settings import Settings
from stream.topics import Topics, TopicSpec

Level = Literal["ok", "warn", "error"]
OK = 200


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: Level
    what: str
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Looks at Kafka, its topics, Redis, the embedder, who names clusters, and the secret."""
    found = [finding async for finding in _kafka(settings)]
    found += [finding async for finding in _redis(settings)]
    found.append(_embedder(settings))
    found += [finding async for finding in _namer(settings)]
    found.append(_evaluation_sets(settings))
    found.append(_secret(settings))
    found += [finding async for finding in _receivers(settings)]
    return found


async def _kafka(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with admin(settings) as client:
            yield Finding("ok", "kafka", f"{settings.kafka} answers")
            present = set(await client.list_topics())
            for spec in Topics(settings).specs():
                if spec.name not in present:
                    yield Finding(
                        "error", spec.name, "does not exist: run `flywheel topics` to create it"
                    )
                    continue
                for level, text in await _topic(client, spec, settings):
                    yield Finding(level, spec.name, text)
    except FlywheelError as error:
        yield Finding("error", "kafka", str(error))


async def _topic(client: Any, spec: TopicSpec, settings: Settings) -> list[tuple[Level, str]]:
    described = (await client.describe_topics([spec.name]))[0]
    partitions = len(described["partitions"])
    out: list[tuple[Level, str]] = []
    if spec.role != "input" and partitions != spec.partitions:
        out.append(
            ("warn", f"has {partitions} partitions, not {spec.partitions} as the settings say")
        )
    try:
        config = await _config(client, spec.name)
    except (KafkaError, TimeoutError, ValueError, IndexError, TypeError) as error:
        return [*out, ("warn", f"its configuration cannot be read ({type(error).__name__})")]
    out += [trouble for look in _LOOKS if (trouble := look(spec, config, settings)) is not None]
    return out or [("ok", f"{partitions} partitions")]


async def _config(client: Any, topic: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    responses = await asyncio.wait_for(client.describe_configs([resource]), 10)
    return {entry[0]: entry[1] for response in responses for entry in response.resources[0][4]}


Look = Callable[[TopicSpec, dict[str, str], Settings], tuple[Level, str] | None]


def _cleanup(
    spec: TopicSpec, config: dict[str, str], settings: Settings
) -> tuple[Level, str] | None:
    actual = set(config.get("cleanup.policy", "delete").split(","))
    wanted = set(spec.cleanup.split(","))
    if actual == wanted:
        return None
    level: Level = "error" if spec.role == "internal" else "warn"
    return level, f"cleanup.policy is {','.join(sorted(actual))}: set it to {spec.cleanup}"


def _size(spec: TopicSpec, config: dict[str, str], settings: Settings) -> tuple[Level, str] | None:
    actual = int(config.get("max.message.bytes", spec.max_bytes))
    if spec.role == "input" or actual >= spec.max_bytes:
        return None
    return "error", f"max.message.bytes is {actual}: set it to {spec.max_bytes}"


def _raw_kept_briefly(
    spec: TopicSpec, config: dict[str, str], settings: Settings
) -> tuple[Level, str] | None:
    if spec.role != "input" or spec.retention_hours != settings.raw_retention_hours:
        return None
    kept = int(config.get("retention.ms", 0))
    if 0 <= kept <= settings.raw_retention_hours * 3_600_000:
        return None
    hours = "for ever" if kept < 0 else f"{kept / 3_600_000:.0f} h"
    return "warn", (
        f"keeps raw text {hours}: set retention.ms to "
        f"{int(settings.raw_retention_hours * 3_600_000)} or less"
    )


_SAMPLE = Unnamed("", "parcel, late", "tone", ["Where is my parcel?", "My parcel is late."])
_LOOKS: tuple[Look, ...] = (_cleanup, _size, _raw_kept_briefly)


async def _redis(settings: Settings) -> AsyncIterator[Finding]:
    try:
        room, window = connect_redis(settings)
    except ConfigError as error:
        yield Finding("error", "redis", str(error))
        return
    apart = window is not room
    yield await _answers(room, "redis", "error", bloom=not apart)
    if apart:
        away: Level = "error" if settings.dedup_when_away == "wait" else "warn"
        yield await _answers(window, "dedup redis", away, bloom=True)


async def _answers(connection: Redis, what: str, away: Level, *, bloom: bool) -> Finding:
    try:
        await connection.check(bloom=bloom)
    except FlywheelError as error:
        return Finding(away, what, str(error))
    finally:
        await connection.close()
    return Finding("ok", what, "answers and has Bloom filters" if bloom else "answers")


def _embedder(settings: Settings) -> Finding:
    try:
        embedder = load_embedder(settings)
    except (ConfigError, UnavailableError) as error:
        return Finding("error", "embedder", str(error))
    return Finding("ok", "embedder", f"{embedder.name}, {embedder.dims} dimensions")


async def _namer(settings: Settings) -> AsyncIterator[Finding]:
    try:
        namer = load_namer(settings, str)
        if namer is not None:
            named = await namer.title(_SAMPLE)
            text = "names clusters" if named else "answers, though with no short name"
            yield Finding("ok" if named else "warn", "namer", text)
    except (ConfigError, UnavailableError) as error:
        yield Finding("error" if isinstance(error, ConfigError) else "warn", "namer", str(error))


def _evaluation_sets(settings: Settings) -> Finding:
    try:
        sets = load_evaluation_sets(settings.evaluation_sets)
    except ConfigError as error:
        return Finding("error", "evaluation sets", str(error))
    if sets is None:
        return Finding("ok", "evaluation sets", "none: curated examples are compared with none")
    return Finding("ok", "evaluation sets", f"{len(sets)} texts that no example may repeat")


def _secret(settings: Settings) -> Finding:
    if settings.secret.get_secret_value():
        return Finding("ok", "secret", "set")
    return Finding(
        "warn",
        "secret",
        "not set: users are hashed with another key at each start. Set FLYWHEEL_SECRET.",
    )


async def _receivers(settings: Settings) -> AsyncIterator[Finding]:
    if settings.alertmanager_url:
        yield await _alertmanager(settings.alertmanager_url.rstrip("/"))
    if settings.webhook_url.get_secret_value() and not settings.webhook_secret.get_secret_value():
        yield Finding(
            "warn",
            "webhook",
            "what it gets is not signed: set FLYWHEEL_WEBHOOK_SECRET here and there",
        )


async def _alertmanager(url: str) -> Finding:
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(f"{url}/api/v2/status") as answer,
        ):
            found = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        reason = type(error).__name__
        return Finding("error", "alertmanager", f"{url} does not answer ({reason}): correct it")
    if found != OK:
        return Finding("error", "alertmanager", f"{url} has no API v2 (HTTP {found}): correct it")
    return Finding("ok", "alertmanager", f"{url} answers")
