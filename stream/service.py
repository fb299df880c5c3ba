"""``flywheel worker``: one process of the service, its HTTP port and its signals."""

import asyncio
import logging
import signal

from stream.app import Worker
from stream.notify import notifying
from stream.prometheus import serve
from stream.settings import Settings

logger = logging.getLogger(__name__)


async def run_worker(settings: Settings) -> None:
    """Runs a worker until SIGINT or SIGTERM; finishes what is under way, then returns.

    Raises:
        FlywheelError: a server or topic is missing, or something stopped the worker.
    """
    worker = Worker(settings)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, worker.request_stop)
    server = await serve(worker.metrics, settings.http_host, settings.http_port, worker.ready)
    try:
        await worker.start()
        logger.info("working; metrics on port %d", server.port)
        try:
            async with notifying(settings, worker.metrics):
                await worker.wait()
        finally:
            await worker.stop()
    finally:
        await server.close()
