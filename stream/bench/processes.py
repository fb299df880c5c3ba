"""Contenders in processes of their own, seen from outside: ``child`` is what runs there."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from flywheel_stream.errors import UnavailableError
from stream.bench.contender import STALLED, Job
from stream.embedded import tied_to_parent


@asynccontextmanager
async def spawned(name: str, job: Job) -> AsyncIterator[asyncio.subprocess.Process]:
    """A contender's process, which ends with the block, or with us."""
    command = [sys.executable, "-m", "stream.bench", name]
    process = await asyncio.create_subprocess_exec(
        *tied_to_parent(command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - it is a pipe
    try:
        process.stdin.write(job.to_json())
        process.stdin.close()
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.wait()


async def result(
    process: asyncio.subprocess.Process, progress: Callable[[int], None] = lambda _: None
) -> dict[str, Any]:
    """Reads a contender's lines up to its result.

    Raises:
        UnavailableError: it failed, or stopped moving.
    """
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    while line := await asyncio.wait_for(process.stdout.readline(), STALLED):
        told = json.loads(line)
        if "read" in told:
            progress(told["read"])
        if "error" in told:
            raise UnavailableError(told["error"])
        if "result" in told:
            return dict(told["result"])
    raise UnavailableError("A contender of the bench ended without a result: see above.")


async def measured(name: str, job: Job) -> dict[str, Any]:
    """What a contender finds, in a process that ends with it.

    Raises:
        UnavailableError: as ``result``.
    """
    async with spawned(name, job) as process:
        return await result(process)
