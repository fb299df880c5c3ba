"""The rolling window where deduplication may be left out while its Redis is away.

By default a worker waits for Redis (``dedup_when_away = "wait"``). With ``"skip"`` calls go on
without: they are marked and counted, none is called a duplicate that is not, and a Redis that does
not answer is asked again only every few seconds, so that no batch waits for a time-out.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from flywheel_stream import metrics
from flywheel_stream.dedup import Seen, Sighting, Window
from stream.prometheus import Metrics
from stream.retry import TRANSIENT, is_transient

logger = logging.getLogger(__name__)

T = TypeVar("T")

ASK_AGAIN = 5.0
"""Seconds after which a Redis that was away is asked again."""

NOT_ASKED = Seen(hit=False, asked=False)


class OptionalWindow:
    """A window (``dedup.Window``) that answers "not asked" while the one behind it is away.

    Args:
        window: the one that is asked.
        counts: the metrics.
        clock: seconds, monotonic.
    """

    def __init__(
        self, window: Window, counts: Metrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._window = window
        self._metrics = counts
        self._clock = clock
        self._away_until = float("-inf")

    async def seen(self, queries: Sequence[tuple[str, float]]) -> list[Seen]:
        """Looks up (fingerprint, ts) pairs, if it can."""
        found = await self._asked(lambda: self._window.seen(queries), "seen", len(queries))
        return [NOT_ASKED] * len(queries) if found is None else found

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        """Notes calls, if it can."""
        await self._asked(lambda: self._window.remember(sightings), "remember", len(sightings))

    async def _asked(self, ask: Callable[[], Awaitable[T]], step: str, calls: int) -> T | None:
        """What the window answers; nothing while it is away, which counts as left out."""
        if self._clock() >= self._away_until:
            try:
                return await ask()
            except TRANSIENT as error:
                self._away(error)
        self._metrics.inc(metrics.DEDUP_SKIPPED, calls, step)
        return None

    def _away(self, error: BaseException) -> None:
        if not is_transient(error):
            raise error
        self._away_until = self._clock() + ASK_AGAIN
        logger.warning("Going on without deduplication: %s", type(error).__name__)
