"""Deployments and decisions on their way to the learner."""

from flywheel_stream.cleaning.cleaned import Cleaned
from flywheel_stream.events import Deployed
from tests.ingesting import NOW, Ingest, learn, outcomes, to_bytes


async def test_deployments_pass_on_once() -> None:
    ingest = Ingest()
    record = to_bytes({"ts": NOW, "what": "model", "version": "2", "note": "by jane@example.com"})
    raws = ingest.raws("llm.deployments", [record, record, b"{}"])

    async def work() -> Cleaned:
        batch = ingest.cleaner.prepare_deployments(raws)
        queries = [(item.content, item.record.ts) for item in batch if item.record]
        return ingest.cleaner.finish_passing(batch, await ingest.window.seen(queries))

    first = await work()
    await ingest.window.remember(first.sightings)
    again = await work()
    assert outcomes(first) == {"accepted": 1, "repeated": 1, "dead_letter": 1}
    assert outcomes(again) == outcomes(first)  # read again after a crash: itself
    (passed,) = [r for r in learn(first) if isinstance(r, Deployed)]
    assert passed.deployment.note == "by <EMAIL>"
