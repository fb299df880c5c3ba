"""What a retry can cure, how long to wait between tries, and the loop that does it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError, ResponseError

from flywheel_stream.errors import UnavailableError

logger = logging.getLogger(__name__)

T = TypeVar("T")

TRANSIENT = (KafkaError, RedisError, OSError, TimeoutError, UnavailableError)
"""A server that does not answer, or answers that it is busy."""

RETRY_FIRST, RETRY_MOST = 0.1, 5.0
"""Seconds before the second try, and at most."""

_PASSING = (
    "OOM",
    "LOADING",
    "BUSY",
    "READONLY",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MASTERDOWN",
    "MISCONF",
)
"""How answers of Redis begin that another try may change; any other is a fault of ours."""


def is_transient(error: BaseException) -> bool:
    """Whether trying again can help."""
    if isinstance(error, ResponseError):
        return str(error).startswith(_PASSING)
    return isinstance(error, TRANSIENT)


async def patiently(
    work: Callable[[], Awaitable[T]],
    what: str,
    *,
    going: Callable[[], bool] = lambda: True,
    failed: Callable[[], None] = lambda: None,
    tries: int | None = None,
) -> T | None:
    """Does something for as long as it takes servers to answer.

    Args:
        work: what is done, from its beginning each time.
        what: its name, for the log.
        going: whether it is still wanted.
        failed: called after each failure that another try may cure.
        tries: how often at most; ``None``: for ever.

    Returns:
        What ``work`` returned; ``None`` once it is no longer wanted.
    """
    pause, done = RETRY_FIRST, 0
    while going():
        try:
            return await work()
        except TRANSIENT as error:
            done += 1
            if not is_transient(error) or done == tries:
                raise
            failed()
            # Our own sentences say which server; those of others may hold anything.
            cause = error if isinstance(error, UnavailableError) else type(error).__name__
            logger.warning("%s: %s, trying again in %.1f s", what, cause, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, RETRY_MOST)
    return None


class NotAliveError(OSError):
    """The group has not heard of us for too long: our partitions may be somebody else's."""
