"""Crashes on real Kafka and Redis: nothing is lost, and what is learnt is what it would have been."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from stream.app import create_topics
from stream.settings import Settings
from tests import fleet

CALLS = 12_000


async def assert_came_through(
    chaos: fleet.Chaos, settings: Settings, data: fleet.Traffic, calm: fleet.Left
) -> None:
    """All is as in the undisturbed run, though each blow fell in the middle of work."""
    left = await fleet.left_behind(settings, data)
    assert_accounted_for(left, data)
    assert_same(left, calm)
    assert min(chaos.behind) > 0
    assert left.repeated > 0


def assert_same(left: fleet.Left, calm: fleet.Left) -> None:
    """Nothing lost, nothing else written, repetitions equal; what is learnt is equal."""
    for role in fleet.KEPT:
        assert left.written[role].keys() == calm.written[role].keys(), role
    assert left.curated == calm.curated
    assert left.failures == calm.failures
    assert left.alerts == calm.alerts  # by id and content, each once
    assert set(left.learnt) == set(calm.learnt)
    for app, state in calm.learnt.items():
        assert left.learnt[app] == state, f"what is learnt of {app} differs"


def assert_accounted_for(left: fleet.Left, data: fleet.Traffic) -> None:
    """Each input record became what it had to, and nothing else besides."""
    assert left.fates == {place: {fate} for place, fate in data.fates.items()}


class Calm:
    """The undisturbed run."""

    def __init__(self, settings: Settings, left: fleet.Left, data: fleet.Traffic) -> None:
        self.settings, self.left, self.data = settings, left, data


_calm: list[Calm] = []


@pytest.fixture
async def calm(kafka: str, redis_url: str, tmp_path: Path) -> Calm:
    """The undisturbed run, by one worker that finds all of the traffic there; made once."""
    if not _calm:
        settings = fleet.settings_of("calm", kafka, redis_url, idle_timeout=600.0)
        data = fleet.traffic(settings, CALLS)
        await create_topics(settings)
        await fleet.feed(settings, data.records)
        worker = fleet.Worker(settings, tmp_path / "calm.log")
        try:
            await fleet.wait_until_finished(settings)
        finally:
            status = worker.stop()
        assert status == 0
        _calm.append(Calm(settings, await fleet.left_behind(settings, data), data))
    return _calm[0]


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_the_undisturbed_run_says_everything_once(calm: Calm) -> None:
    assert_accounted_for(calm.left, calm.data)
    assert calm.left.repeated == 0
    assert min(len(calm.left.curated), len(calm.left.failures)) > 1000
    states = {(alert["app"], alert["state"]) for alert in calm.left.alerts}
    assert states >= {("app-1", "opened"), ("app-1", "resolved"), ("app-3", "opened")}


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_ten_kills_at_random_moments_change_nothing(
    calm: Calm, kafka: str, redis_url: str, tmp_path: Path
) -> None:
    settings = fleet.settings_of(
        "killed", kafka, redis_url, idle_timeout=600.0, session_timeout=3.0
    )
    data = fleet.traffic(settings, CALLS)
    chaos = fleet.Chaos(settings, data, tmp_path / "killed.log", 10, random.Random(11))

    async def kill(worker: fleet.ForkedWorker, _: fleet.Group) -> None:
        worker.kill()

    assert await chaos.run(kill) == [0, 0]
    await assert_came_through(chaos, settings, data, calm.left)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_worker_stopped_past_its_session_and_woken_changes_nothing(
    calm: Calm, kafka: str, redis_url: str, tmp_path: Path
) -> None:
    settings = fleet.settings_of("frozen", kafka, redis_url, idle_timeout=600.0)
    data = fleet.traffic(settings, CALLS)
    chaos = fleet.Chaos(settings, data, tmp_path / "frozen.log", 2, random.Random(5))

    async def freeze(worker: fleet.ForkedWorker, group: fleet.Group) -> None:
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(settings.session_timeout + 1)
        await group.gathered(1)  # its partitions went to the other one
        worker.send(signal.SIGCONT)

    assert await chaos.run(freeze) == [0, 0]
    await assert_came_through(chaos, settings, data, calm.left)


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_a_clean_restart_reads_nothing_again(calm: Calm, tmp_path: Path) -> None:
    before = await fleet.left_behind(calm.settings, calm.data)
    worker = fleet.Worker(calm.settings, tmp_path / "again.log")
    try:
        await fleet.wait_until_assigned(calm.settings)
    finally:
        status = worker.stop()
    after = await fleet.left_behind(calm.settings, calm.data)
    assert status == 0
    assert after.written == before.written == calm.left.written
    assert after.learnt == before.learnt
