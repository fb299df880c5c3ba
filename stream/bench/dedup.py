"""``flywheel bench dedup``: how often the rolling window is wrong, what it holds, what a call costs.

Fingerprints that never repeat pass through the real window, so each hit is a false one. Event time
moves so that the capacity of the settings is what comes in one window; in the last part ten times as
much comes, and the filters have to grow. The embedded Redis is used unless one is named.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import redis as redis_client

from flywheel_stream.dedup import Sighting, WindowPolicy, fingerprint
from flywheel_stream.events import Message
from stream.embedded import embedded_servers
from stream.redis_store import Redis, RedisWindow, window_policy
from stream.settings import Settings

BATCH = 1000
START = 1_760_000_000.0
PREFIX = "bench-dedup:"
OVERFLOW = 10
"""Times the capacity that comes in one window of the last part."""
TEXT = "The parcel was sent on Monday and has not come yet; what can be done about it now? " * 6


def bench_dedup(
    settings: Settings, *, fingerprints: int = 10_000_000, redis: str | None = None
) -> dict[str, Any]:
    """Measures the rolling window.

    Args:
        settings: window, generations, capacity and rate are those of the deployment.
        fingerprints: how many pass through it at the stated capacity.
        redis: URL of a Redis with Bloom; default: the embedded one.

    Raises:
        UnavailableError: Redis does not start or answer.
    """
    if redis:
        return asyncio.run(_measure(settings, fingerprints, redis))
    with embedded_servers(kafka=False) as servers:
        return asyncio.run(_measure(settings, fingerprints, servers.redis))


async def _measure(settings: Settings, fingerprints: int, url: str) -> dict[str, Any]:
    policy = window_policy(settings)
    connection = Redis(url, PREFIX, 1)
    await connection.check()
    keys = redis_client.Redis.from_url(url)
    try:
        run = _Run(connection, keys, policy)
        stated = await run.part(fingerprints, policy.capacity, 0)
        seconds = policy.seconds * (2 + fingerprints / policy.capacity)
        overflow = await run.part(
            OVERFLOW * policy.capacity // policy.generations, OVERFLOW * policy.capacity, seconds
        )
    finally:
        _forget(keys, "*")
        keys.close()
        await connection.close()
    return {
        "stated_rate": policy.error_rate,
        "capacity": policy.capacity,
        "generations": policy.generations,
        "index": policy.named,
        "rotations": stated,
        "overflow": overflow,
        "us_per_call": {
            "fingerprint": round(_fingerprint_cost(), 2),
            "seen": round(1e6 * run.looking / run.passed, 2),
            "remember": round(1e6 * run.noting / run.passed, 2),
        },
    }


class _Run:
    """Passes fingerprints through a window, and looks at each generation as it ends."""

    def __init__(self, connection: Redis, keys: Any, policy: WindowPolicy) -> None:
        self._window = RedisWindow(connection, policy, 1)
        self._keys, self._policy = keys, policy
        self.looking = self.noting = 0.0
        self.passed = 0

    async def part(self, total: int, per_window: int, offset: float) -> list[dict[str, Any]]:
        """``total`` fingerprints, of which ``per_window`` come in one window."""
        policy, rows = self._policy, []
        apart = policy.seconds / per_window
        begin = policy.length * (START // policy.length) + offset // policy.length * policy.length
        generation, false, passed = policy.generation(begin), 0, 0
        for first in range(0, total, BATCH):
            ts = begin + first * apart
            if policy.generation(ts) != generation:
                rows.append(self._row(generation, passed, false))
                generation, false, passed = policy.generation(ts), 0, 0
            size = min(BATCH, total - first)
            false += await self._batch(size, ts)
            passed += size
        rows.append(self._row(generation, passed, false))
        return rows

    async def _batch(self, size: int, ts: float) -> int:
        names = [_name(self.passed + n) for n in range(size)]
        started = time.perf_counter()
        seen = await self._window.seen([(name, ts) for name in names])
        between = time.perf_counter()
        await self._window.remember([Sighting(name, ts, f"trace-{name[:12]}", 1) for name in names])
        self.looking += between - started
        self.noting += time.perf_counter() - between
        self.passed += size
        return sum(one.hit for one in seen)

    def _row(self, generation: int, passed: int, false: int) -> dict[str, Any]:
        base = f"{PREFIX}{{0}}:"
        bloom = self._keys.memory_usage(f"{base}b:{generation}") or 0
        index = self._keys.memory_usage(f"{base}x:{generation}", samples=1000) or 0
        # Keys go by their time to live, on the wall clock; this run is faster than that.
        for old in range(
            generation - self._policy.generations - 3, generation - self._policy.generations
        ):
            _forget(self._keys, f"?:{old}")
        return {
            "calls": passed,
            "false": false,
            "rate": false / passed,
            "bloom_bytes": bloom,
            "index_bytes": index,
        }


def _name(number: int) -> str:
    return blake2b(number.to_bytes(8, "big"), digest_size=16).hexdigest()


def _forget(keys: Any, pattern: str) -> None:
    for key in keys.scan_iter(match=f"{PREFIX}{{0}}:{pattern}", count=1000):
        keys.unlink(key)


def _fingerprint_cost() -> float:
    """Microseconds for the fingerprint of a call of a kilobyte, the least of five runs."""
    turns = [[Message("user", f"{n} {TEXT}")] for n in range(1000)]
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        for turn in turns:
            fingerprint("app", "model", "", turn, TEXT)
        best = min(best, time.perf_counter() - started)
    return 1e6 * best / len(turns)


def table(result: Mapping[str, Any]) -> str:
    """The figures as small tables."""
    return "\n".join(_lines(result))


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"stated rate of false duplicates: {result['stated_rate']:.1e}"
    yield f"{'generation':<14}{'calls':>12}{'false':>8}{'rate':>11}{'filter MB':>12}{'index MB':>12}"
    for part, title in (("rotations", ""), ("overflow", " (10 x capacity)")):
        for number, row in enumerate(result[part]):
            yield (
                f"{f'{number}{title}':<18}{row['calls']:>8,}{row['false']:>8}{row['rate']:>11.1e}"
                f"{row['bloom_bytes'] / 1e6:>12.1f}{row['index_bytes'] / 1e6:>12.1f}"
            )
    calls = sum(row["calls"] for row in result["rotations"])
    false = sum(row["false"] for row in result["rotations"])
    yield f"all: {false} of {calls:,} ({false / calls:.1e})"
    cost = result["us_per_call"]
    yield "µs a call: " + ", ".join(f"{name} {value}" for name, value in cost.items())
