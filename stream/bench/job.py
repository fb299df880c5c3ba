"""``flywheel bench``: the whole job beside the same packages used per event, in one run.

Every contender runs in a process of its own, reads the same records from the same topic of the
same broker, and is timed the same way: from the first record taken until all that follows from the
last one is confirmed, start-up and imports excluded. What each one does is in its function's
docstring; ``docs/performance.md`` says what is measured, what is not, and how to read it.
"""

import asyncio
import os
import platform
from collections.abc import Iterator, Mapping
from typing import Any

from stream.app import create_topics
from stream.bench.contender import Job
from stream.bench.processes import measured
from stream.bench.records import calls, feedback, fill
from stream.bench.servers import Run, running
from stream.settings import Settings

PER_EVENT = 3000
"""Records for those who take them one by one: enough to be steady, and over in seconds."""


def bench_job(
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
        return asyncio.run(_measure(run, events, min(events, per_event)))


async def _measure(run: Run, events: int, few: int) -> dict[str, Any]:
    settings = run.settings
    await create_topics(settings)
    await fill(settings, settings.logs_topic, calls(events))
    whole = await measured("flywheel", Job(settings, events))
    composed = await measured("composition", Job(settings, few))
    batched = await measured("batched", Job(settings, events))
    plain = await measured("plain", Job(settings, few))
    signals = await fill(settings, settings.feedback_topic, feedback(events))
    fed = await _with_feedback(settings, events, signals)
    return {
        "ratio": _ratio(whole, composed),
        "ratio_with_feedback": _ratio(fed, composed),
        "stages": whole["stages"],
        "flywheel": whole,
        "flywheel_with_feedback": fed,
        "composition": composed,
        "passthrough": {"batched": batched, "per_event": plain, "ratio": _ratio(whole, batched)},
        "events": events,
        "feedback": signals,
        "embedded": run.embedded,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
    }


def _ratio(one: dict[str, Any], other: dict[str, Any]) -> float:
    return round(float(one["events_per_second"]) / float(other["events_per_second"]), 3)


async def _with_feedback(settings: Settings, events: int, signals: int) -> dict[str, Any]:
    """The whole job once more over the same inputs, by a group that remembers nothing."""
    again = settings.model_copy(
        update={
            "group": f"{settings.group}-fed",
            "prefix": f"{settings.prefix}fed.",
            "redis_prefix": f"{settings.redis_prefix}fed:",
        }
    )
    await create_topics(again)
    return await measured("flywheel", Job(again, events, signals))


def table(found: Mapping[str, Any]) -> str:
    """The figures as a small table."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
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
