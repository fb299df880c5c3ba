"""The worker as it is, measured."""

import asyncio
from typing import Any

from flywheel_stream import metrics
from stream.app import Worker
from stream.bench.contender import SAMPLES, Job, Stopwatch, tell
from stream.prometheus import Metrics


class _Noticing(Metrics):
    """A worker's metrics, which notice the first batch: the only thing added to the job."""

    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self._watch = watch

    def observe(self, metric: metrics.Metric, value: float, *labels: str) -> None:
        """Counts an observation."""
        super().observe(metric, value, *labels)
        if metric is metrics.BATCH_SECONDS:
            self._watch.start(ago=value)


async def whole_job(job: Job) -> dict[str, Any]:
    """The worker as ``flywheel worker`` runs it: ingest and learn, Redis, snapshots, commits.

    Feedback, where a job has some, is read, joined, learnt from and curated besides; it does not
    count as events. The time ends with the end of event time learnt, confirmed and acknowledged.
    """
    watch = Stopwatch()
    worker = Worker(job.settings)
    worker.metrics = _Noticing(watch)
    await worker.start()
    failed = asyncio.ensure_future(worker.wait())
    try:
        work = asyncio.ensure_future(_to_the_end(worker, job))
        await asyncio.wait((work, failed), return_when=asyncio.FIRST_COMPLETED)
        if failed.done():
            work.cancel()
            failed.result()
        await work
        found = watch.read(job.events)
    finally:
        failed.cancel()
        await worker.stop()
    spent = {
        stage[0]: round(1e6 * seconds / job.events, 2)
        for stage, seconds in sorted(worker.metrics.totals(metrics.STAGE_SECONDS).items())
    }
    return found | {"stages": spent, "outcomes": _outcomes(worker)}


def _outcomes(worker: Worker) -> dict[str, int]:
    totals = worker.metrics.totals(metrics.OUTCOMES).items()
    logs = worker.topics.logs
    return {str(outcome): int(number) for (name, outcome), number in totals if name == logs}


async def _to_the_end(worker: Worker, job: Job) -> None:
    reads = job.events + job.feedback
    reported = 0
    while (read := worker.read()) < reads:
        if read >= reported + reads // (4 * SAMPLES):
            reported = read
            tell({"read": read})
        await asyncio.sleep(0.01)
    tell({"read": read})
    await worker.agents.ingest.finish()
    while not worker.agents.learn.ended():
        await asyncio.sleep(0.01)
        await worker.agents.learn.settle()  # as at a clean stop: not the next second's snapshot
