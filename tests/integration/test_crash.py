"""Crashes on real Kafka and Redis: nothing is lost, and what is learnt is what it would have been."""

import random
import signal
import time
from pathlib import Path

import pytest

from tests import fleet

CALLS = 12_000


def renamed(rows: dict[bytes, bytes], name: str) -> dict[bytes, bytes]:
    """Rows with the deployment's name taken out of their origins."""
    return {key: value.replace(name.encode(), b"run") for key, value in rows.items()}


def assert_same(left: fleet.Left, name: str, calm: fleet.Left, calm_name: str) -> None:
    """Nothing lost; repeats equal; all that is learnt, emitted and curated equal."""
    assert renamed(left.curated, name) == renamed(calm.curated, calm_name)
    assert renamed(left.failures, name) == renamed(calm.failures, calm_name)
    assert left.alerts == calm.alerts
    assert left.differing == []
    assert set(left.learnt) == set(calm.learnt)
    for app, state in calm.learnt.items():
        ours = repr(fleet.meaning(left.learnt[app])).replace(name, "run")
        theirs = repr(fleet.meaning(state)).replace(calm_name, "run")
        assert ours == theirs, f"what is learnt of {app} differs"


@pytest.fixture(scope="module")
def calm_run() -> dict[str, fleet.Left]:
    """The undisturbed run, made once."""
    return {}


async def run_calmly(
    runs: dict[str, fleet.Left], kafka: str, redis: str, logs: Path
) -> tuple[fleet.Left, str]:
    name = "calm"
    if name not in runs:
        settings = fleet.settings_of(name, kafka, redis)
        data = fleet.traffic(settings, CALLS)
        await fleet.feed(settings, data)
        worker = fleet.Worker(settings, logs / "calm.log")
        try:
            await fleet.wait_until_finished(settings, data)
        finally:
            status = worker.stop()
        assert status == 0
        runs[name] = await fleet.left_behind(settings)
        assert len(runs[name].interactions) == data.calls + settings.input_partitions
    return runs[name], name


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_ten_kills_at_random_moments_change_nothing(
    kafka: str, redis_url: str, tmp_path: Path, calm_run: dict[str, fleet.Left]
) -> None:
    calm, calm_name = await run_calmly(calm_run, kafka, redis_url, tmp_path)
    name = "killed"
    settings = fleet.settings_of(name, kafka, redis_url)
    data = fleet.traffic(settings, CALLS)
    await fleet.feed(settings, data)
    workers = await fleet.chaos(
        lambda: fleet.Worker(settings, tmp_path / "killed.log"),
        lambda worker: worker.kill(),
        times=10,
        rng=random.Random(11),
        until=lambda: fleet.wait_until_finished(settings, data),
    )
    statuses = [worker.stop() for worker in workers]
    left = await fleet.left_behind(settings)
    assert statuses == [0, 0]
    assert_same(left, name, calm, calm_name)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_worker_stopped_past_its_session_and_woken_changes_nothing(
    kafka: str, redis_url: str, tmp_path: Path, calm_run: dict[str, fleet.Left]
) -> None:
    calm, calm_name = await run_calmly(calm_run, kafka, redis_url, tmp_path)
    name = "frozen"
    settings = fleet.settings_of(name, kafka, redis_url)
    data = fleet.traffic(settings, CALLS)
    await fleet.feed(settings, data)

    def freeze(worker: fleet.Worker) -> None:
        worker.send(signal.SIGSTOP)
        time.sleep(settings.session_timeout + 2)  # its partitions go to the other one
        worker.send(signal.SIGCONT)

    workers = await fleet.chaos(
        lambda: fleet.Worker(settings, tmp_path / "stopped.log"),
        freeze,
        times=2,
        rng=random.Random(5),
        until=lambda: fleet.wait_until_finished(settings, data),
    )
    statuses = [worker.stop() for worker in workers]
    left = await fleet.left_behind(settings)
    assert statuses == [0, 0]
    assert_same(left, name, calm, calm_name)


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_a_clean_restart_reads_nothing_again(
    kafka: str, redis_url: str, tmp_path: Path, calm_run: dict[str, fleet.Left]
) -> None:
    await run_calmly(calm_run, kafka, redis_url, tmp_path)
    settings = fleet.settings_of("calm", kafka, redis_url)
    before = await fleet.left_behind(settings)
    worker = fleet.Worker(settings, tmp_path / "again.log")
    try:
        await fleet.wait_until_assigned(settings)
    finally:
        status = worker.stop()
    after = await fleet.left_behind(settings)
    assert status == 0
    assert after.repeated == before.repeated == 0
    assert after.curated == before.curated
