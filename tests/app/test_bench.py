"""The bench: small runs of the real contenders, and what it makes of figures."""

import asyncio
import os
import subprocess

import orjson
import pytest
import redis
from aiokafka import AIOKafkaConsumer
from pydantic import SecretStr

from flywheel_stream.errors import ConfigError, UnavailableError
from stream.app import create_topics, kafka_options
from stream.bench import job, memory
from stream.bench.composition import is_failure
from stream.bench.contender import Job
from stream.bench.memory import growth, sparkline
from stream.bench.processes import measured
from stream.bench.records import SEED, calls, feedback, fill
from stream.bench.servers import running
from stream.embedded import Servers
from stream.settings import Settings, load_settings
from stream.simulator import bench_trace_id


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    monkeypatch.chdir(tmp_path_factory.mktemp("bench"))
    return load_settings(embedder="hashing")


def children() -> set[str]:
    """What a bench of this very process has left behind; others may run on the machine."""
    command = ["ps", "-o", "args", "--ppid", str(os.getpid())]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return {line for line in listed.stdout.splitlines() if "stream.bench" in line}


def test_calls_are_keyed_by_their_trace_and_one_in_twenty_is_a_failure() -> None:
    found = [(key, orjson.loads(value)) for key, value in calls(4000)]
    assert all(key.decode() == record["trace_id"] for key, record in found)
    assert 160 < sum(is_failure(record) for _, record in found) < 240


def test_calls_spread_over_days_differ_in_their_time_only() -> None:
    dense = [orjson.loads(value) for _, value in calls(100)]
    spread = [orjson.loads(value) for _, value in calls(100, days=10.0)]
    times = [record.pop("ts") for record in spread]
    assert times == sorted(times)
    assert times[-1] - times[0] == pytest.approx(9.9 * 86_400)
    assert all(record.pop("ts") for record in dense)
    assert spread == dense


def test_feedback_is_keyed_by_calls_of_the_run() -> None:
    traces = {key for key, _ in calls(1000)}
    keys = [key for key, _ in feedback(1000)]
    assert keys
    assert set(keys) <= traces


def test_a_job_crosses_to_another_process_with_its_secrets(settings: Settings) -> None:
    given = settings.model_copy(update={"kafka_password": SecretStr("open sesame")})
    crossed = Job.from_json(Job(given, events=5, feedback=1).to_json())
    assert dict(crossed.settings) == dict(given)
    assert (crossed.events, crossed.feedback) == (5, 1)


def test_growth_is_the_slope_of_the_second_half() -> None:
    rising = [{"events": n * 1e5, "mb": 100.0 + n} for n in range(10)]
    settled = [{"events": n * 1e5, "mb": min(100.0 + n, 104.0)} for n in range(10)]
    assert growth(rising) == pytest.approx(10.0)
    assert growth(settled) == pytest.approx(0.0, abs=2.0)
    assert growth(rising[:1]) == 0.0


def test_a_sparkline_starts_at_zero() -> None:
    assert sparkline([0.0, 50.0, 100.0]) == "▁▅█"
    assert sparkline([]) == ""


def test_one_server_alone_is_refused(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="both --kafka and --redis"):
        job.bench_job(settings, events=10, kafka="localhost:9092")


def test_a_contender_that_fails_says_why(settings: Settings) -> None:
    lost = settings.model_copy(update={"redis": SecretStr("redis://127.0.0.1:1/0")})
    with pytest.raises(
        UnavailableError, match=r"Redis at redis://127\.0\.0\.1:1/0 does not answer"
    ):
        asyncio.run(measured("flywheel", Job(lost, events=1)))
    assert not children()


@pytest.mark.slow
def test_a_run_measures_all_contenders_on_the_same_records(settings: Settings) -> None:
    found = job.bench_job(settings, events=600, per_event=100)
    assert found["flywheel"]["outcomes"] == {"fresh": 597, "duplicate": 3}
    assert found["composition"]["events"] == 100
    assert found["passthrough"]["batched"]["events"] == 600
    assert found["passthrough"]["per_event"]["events"] == 100
    ours = found["flywheel"]["events_per_second"]
    theirs = found["composition"]["events_per_second"]
    assert found["ratio"] == pytest.approx(ours / theirs, rel=0.01)
    fed = found["flywheel_with_feedback"]
    assert fed["outcomes"] == found["flywheel"]["outcomes"]
    assert found["feedback"] > 0
    with_feedback = fed["events_per_second"] / theirs
    assert found["ratio_with_feedback"] == pytest.approx(with_feedback, rel=0.01)
    assert found["stages"].keys() >= {"prepare", "window", "join", "produce", "learn"}
    assert all(spent > 0 for spent in found["stages"].values())
    assert orjson.loads(orjson.dumps(found)) == found
    assert "same packages, per event" in job.table(found)
    assert not children()


@pytest.mark.slow
def test_the_run_with_feedback_joins_it_and_learns_from_it(settings: Settings) -> None:
    with running(settings, None, None) as run:
        (example,) = asyncio.run(_fed(run.settings, 400))
    assert orjson.loads(example)["type"] in {"sft", "unpaired"}


@pytest.mark.slow
def test_the_composition_does_what_it_is_compared_for(settings: Settings) -> None:
    with running(settings, None, None) as run:
        values = asyncio.run(_composed(run.settings, 400))
    records = [orjson.loads(value) for value in values]
    assert len(records) == 400
    assert any("{{EMAIL}}" in record["messages"][-1]["content"] for record in records)
    assert [record["trace_id"] for record in records if record["duplicate"]] == [
        bench_trace_id(SEED, number) for number in (199, 399)
    ]
    assert all(("cluster" in record) == is_failure(record) for record in records)
    assert any("cluster" in record for record in records)


async def _fed(settings: Settings, events: int) -> list[bytes]:
    await create_topics(settings)
    await fill(settings, settings.logs_topic, calls(events))
    signals = await fill(settings, settings.feedback_topic, feedback(events))
    await job._with_feedback(settings, events, signals)
    return await _outputs(settings, f"{settings.prefix}fed.curated", 1)


async def _composed(settings: Settings, events: int) -> list[bytes]:
    await create_topics(settings)
    await fill(settings, settings.logs_topic, calls(events))
    await measured("composition", Job(settings, events))
    return await _outputs(settings, f"{settings.prefix}interactions", events)


async def _outputs(settings: Settings, topic: str, events: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        topic,
        **kafka_options(settings),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        return [(await asyncio.wait_for(consumer.getone(), 20)).value for _ in range(events)]
    finally:
        await consumer.stop()


@pytest.mark.slow
def test_a_run_on_given_servers_leaves_nothing_behind(
    settings: Settings, embedded: Servers
) -> None:
    local = settings.model_copy(update={"kafka_idempotent": False, "session_timeout": 3.0})
    found = memory.memory_curve(local, events=1500, kafka=embedded.kafka, redis=embedded.redis)
    read = [row["events"] for row in found["curve"]]
    assert read == sorted(read)
    assert read[-1] == 1500
    assert all(row["mb"] > 20 for row in found["curve"])
    assert sum(found["flywheel"]["outcomes"].values()) == 1500
    assert "resident" in memory.table(found)
    with redis.Redis.from_url(embedded.redis) as client:
        assert not client.keys("bench-*")
