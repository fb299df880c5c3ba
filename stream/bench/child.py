"""A contender in a process of its own, seen from inside; ``processes`` starts it."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from flywheel_stream.errors import FlywheelError
from stream.bench.composition import composition
from stream.bench.contender import Job, tell
from stream.bench.passthroughs import batched_passthrough, plain_passthrough
from stream.bench.whole_job import whole_job

CONTENDERS: Mapping[str, Callable[[Job], Coroutine[Any, Any, dict[str, Any]]]] = {
    "flywheel": whole_job,
    "composition": composition,
    "plain": plain_passthrough,
    "batched": batched_passthrough,
}


def child(name: str) -> int:
    """One contender, in a process of its own: a job on stdin, progress and result on stdout."""
    job = Job.from_json(sys.stdin.buffer.read())
    logging.basicConfig(level="ERROR", stream=sys.stderr)
    logging.getLogger("faust").setLevel("ERROR")
    try:
        tell({"result": asyncio.run(CONTENDERS[name](job))})
    except FlywheelError as error:
        tell({"error": str(error)})
        return 1
    return 0
