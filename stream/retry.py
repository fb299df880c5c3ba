"""What a retry can cure, and how long to wait between tries."""

from aiokafka.errors import KafkaError
from redis.exceptions import RedisError, ResponseError

TRANSIENT = (KafkaError, RedisError, OSError, TimeoutError)
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


class NotAliveError(OSError):
    """The group has not heard of us for too long: our partitions may be somebody else's."""
