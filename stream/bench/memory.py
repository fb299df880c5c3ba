"""``flywheel bench --memory``: a worker's resident memory, over ten days of event time."""

import asyncio
import resource
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import linear_regression
from typing import Any

from stream.app import create_topics
from stream.bench.contender import SAMPLES, Job
from stream.bench.processes import result, spawned
from stream.bench.records import calls, producing, send
from stream.bench.servers import Run, running
from stream.settings import Settings

AHEAD = 20_000
"""Records that are sent before they are read, where the producer goes at the worker's pace."""
MEMORY_DAYS = 10.0
"""Event time of the memory curve; all windows are of a day or less."""
SPARKS = "▁▂▃▄▅▆▇█"


def memory_curve(
    settings: Settings, *, events: int, kafka: str | None = None, redis: str | None = None
) -> dict[str, Any]:
    """Records a worker's resident memory while calls come at the pace at which it reads them.

    Event time runs over ten days whatever ``events`` is, so that every window of a day fills and
    empties. The embedded broker and Redis keep all records in memory: for millions, give servers.

    Args:
        settings: the configuration.
        events: calls to work.
        kafka: bootstrap servers; default: the embedded broker.
        redis: URL of a Redis with Bloom; default: the embedded one.

    Returns:
        ``curve`` (events read, MB resident), ``growth`` in MB per million events over the second
        half, and the figures of the whole job.

    Raises:
        ConfigError: only one server is given.
        UnavailableError: a server is missing, or the worker failed.
    """
    with running(settings, kafka, redis) as run:
        return asyncio.run(_measure(run, events))


async def _measure(run: Run, events: int) -> dict[str, Any]:
    settings = run.settings
    await create_topics(settings)
    curve: list[dict[str, float]] = []
    read = 0

    async with spawned("flywheel", Job(settings, events)) as process:

        def progress(now: int) -> None:
            nonlocal read
            read = now
            if now >= len(curve) * events / SAMPLES:
                curve.append({"events": now, "mb": resident_mb(process.pid)})

        async def room(sent: int) -> None:
            while sent - read > AHEAD:  # noqa: ASYNC110 - a pace is kept, nothing is awaited
                await asyncio.sleep(0.01)

        async with producing(settings) as producer:
            feeding = asyncio.ensure_future(
                send(producer, settings.logs_topic, calls(events, MEMORY_DAYS), room)
            )
            try:
                found = await result(process, progress)
            finally:
                feeding.cancel()
    return {"curve": curve, "growth": growth(curve), "events": events, "flywheel": found}


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 1e6, 1)


def growth(curve: Sequence[Mapping[str, float]]) -> float:
    """Slope of the second half of a memory curve, in MB per million events (least squares)."""
    half = curve[len(curve) // 2 :]
    if len(half) < 2:
        return 0.0
    fit = linear_regression([row["events"] for row in half], [row["mb"] for row in half])
    return round(1e6 * fit.slope, 2)


def table(found: Mapping[str, Any]) -> str:
    """The figures as a small table."""
    return "\n".join(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    curve = [row["mb"] for row in found["curve"]]
    rate = found["flywheel"]["events_per_second"]
    yield f"{found['events']:,} events at {rate:,.0f} a second"
    yield sparkline(curve)
    yield f"resident: first {curve[0]:.0f} MB, most {max(curve):.0f} MB, last {curve[-1]:.0f} MB"
    yield f"second half: {found['growth']:+.1f} MB per million events"


def sparkline(values: Sequence[float]) -> str:
    """Values as a line of bars, from zero to the largest."""
    most = max(values, default=0.0) or 1.0
    return "".join(SPARKS[round((len(SPARKS) - 1) * value / most)] for value in values)
