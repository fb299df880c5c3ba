"""The main job on files: everything is accounted for, nothing leaks, a second run is the same."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import RequestTimedOutError
from msgspec import convert

from flywheel_stream.errors import ConfigError
from flywheel_stream.events import Interaction
from stream.embedders import load_embedder
from stream.process import InputFile, make_folder, process
from stream.redis_store import Redis
from stream.settings import load_settings
from stream.simulator import Planted, Scenario, simulate
from stream.transport import Producer, Record
from tests.app.test_naming_endpoint import Model
from tests.embedding_server import Answer, Server, serving
from tests.real_input import Truth, build

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
SCENARIO = Scenario(minutes=24, bad_from=13, bad_until=22)
"""Long enough for an alert: the bad deployment comes after the first minutes, which warm up."""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)


def by_id(path: Path) -> dict[str, dict[str, Any]]:
    return {str(row.get("id") or row["trace_id"]): row for row in rows(path)}


def write(folder: Path, planted: Planted) -> dict[str, Path]:
    paths = {name: folder / f"{name}.jsonl" for name in ("logs", "feedback", "deployments")}
    files = {name: path.open("wb") for name, path in paths.items()}
    for event in simulate(SCENARIO, planted):
        files[event.input].write(event.encode() + b"\n")
    for file in files.values():
        file.close()
    return paths


def run(
    folder: Path, paths: dict[str, Path], name: str, **settings: Any
) -> tuple[dict[str, Any], Path]:
    out = folder / name
    result = process(
        load_settings(secret="s", **settings),  # noqa: S106 - a test's
        logs=[paths["logs"]],
        feedback=[paths["feedback"]],
        deployments=[paths["deployments"]],
        out=out,
    )
    return result.summary, out


class Ran(NamedTuple):
    """What a run over the sample traffic left."""

    paths: dict[str, Path]
    summary: dict[str, Any]
    out: Path


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """An undisturbed run over the sample traffic."""
    folder = tmp_path_factory.mktemp("sample")
    paths = write(folder, Planted())
    return Ran(paths, *run(folder, paths, "out"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for out in (tmp_path / "file", tmp_path / "file" / "sub"):
        with pytest.raises(ConfigError, match="--out"):
            make_folder(out)


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "logs.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"ts": 2}\n{"ts": 1}\n')
    file = InputFile(path, 0)
    assert [line.ts for line in file.lines()] == [1.0, 2.0]
    with path.open("rb") as opened:
        assert file.read(opened, 0).strip() == b'{"ts": 2}'


def assert_same(sample: Ran, summary: dict[str, Any], out: Path) -> None:
    assert summary["read"] == sample.summary["read"]
    assert summary["outcomes_by_input"] == sample.summary["outcomes_by_input"]
    for name in ("curated", "failures", "alerts", "interactions"):
        # Two apps may take turns in another way; what is said, and how it is named, is the same.
        assert by_id(out / f"{name}.jsonl") == by_id(sample.out / f"{name}.jsonl"), name
    for name in ("curated", "failures", "alerts", "interactions", "rejected", "dead-letters"):
        lines = sorted((out / f"{name}.jsonl").read_bytes().splitlines())
        assert lines == sorted((sample.out / f"{name}.jsonl").read_bytes().splitlines()), name


@pytest.mark.timeout(120)
def test_sample_traffic_is_accounted_for_and_a_second_run_is_equal(
    sample: Ran, tmp_path: Path
) -> None:
    summary, out = sample.summary, sample.out
    assert summary["read"] == sum(summary["outcomes"].values())
    assert summary["read"] == sum(len(InputFile(path, 0)) for path in sample.paths.values())
    calls = [row["calls"] for app in summary["apps"].values() for row in app["slices"]]
    assert sum(calls) == summary["outcomes"]["fresh"] + summary["outcomes"]["duplicate"]
    assert_same(sample, *run(tmp_path, sample.paths, "again"))
    assert {row["type"] for row in rows(out / "curated.jsonl")} >= {"sft", "preference", "unpaired"}
    assert list(rows(out / "alerts.jsonl"))
    assert "<!doctype html>" in (out / "report.html").read_text()
    written = {path.name for path in out.iterdir()}
    assert written >= {
        *("interactions.jsonl", "failures.jsonl", "alerts.jsonl", "curated.jsonl"),
        *("rejected.jsonl", "requests.jsonl", "dead-letters.jsonl", "summary.json"),
    }


@pytest.mark.timeout(120)
def test_the_end_waits_for_a_broker_that_is_slow_to_confirm(
    sample: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Producer.send_many

    async def slow(self: Producer, records: Iterable[Record]) -> None:
        records = list(records)
        if any(record.topic == "flywheel.curated" for record in records):
            await asyncio.sleep(0.5)
        await send(self, records)

    monkeypatch.setattr(Producer, "send_many", slow)
    # All that is learnt is said at the end of input, when nothing else is left to wait for.
    monkeypatch.setattr("stream.learn.SNAPSHOT_SHARE", 1e9)
    late: dict[str, Any] = {"allowed_lateness": 86_400.0, "snapshot_interval": 1e-9}
    assert_same(sample, *run(tmp_path, sample.paths, "slow", **late))


def away(_body: dict[str, Any]) -> Answer:
    return 503, {}


@pytest.mark.timeout(120)
def test_an_endpoint_that_fails_now_and_then_sees_scrubbed_texts_and_gives_the_same(
    sample: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.endpoint.PAUSES", (0.0, 0.0))
    monkeypatch.setattr("stream.retry.RETRY_FIRST", 0.0)
    with serving(Server(load_embedder(load_settings()))) as (server, given):
        server.answers = [server.plain, *[away] * 4, server.plain, *[away] * 3]
        set_ = given.model_dump(include={"embedder", "embedding_url", "embedding_model"})
        _, out = run(tmp_path, sample.paths, "endpoint", batch_records=100, **set_)
        assert not server.answers  # three tries are one request of ours
    for name in ("failures", "alerts", "interactions"):
        assert by_id(out / f"{name}.jsonl") == by_id(sample.out / f"{name}.jsonl"), name
    calls = [convert(row, Interaction) for row in rows(out / "interactions.jsonl")]
    asked = [text for _, _, body in server.requests[1:] for text in body["input"]]
    assert set(asked) <= {call.question[:4096] for call in calls}
    answered = {row["trace_id"] for row in rows(out / "failures.jsonl")}
    assert len(answered) > 100
    assert len(set(asked)) >= len({c.question for c in calls if c.trace_id in answered})


def test_a_model_names_clusters_for_people_and_nothing_else_changes(
    tmp_path: Path, sample: Ran
) -> None:
    with serving(Model()) as (server, given):
        set_ = {"naming_url": given.embedding_url, "naming_model": "namer"}
        summary, out = run(tmp_path, sample.paths, "named", **set_)
    for name in ("failures", "curated", "interactions"):
        assert by_id(out / f"{name}.jsonl") == by_id(sample.out / f"{name}.jsonl"), name
    shown = [c for app in summary["apps"].values() for c in app["top_clusters"] if c["size"] >= 10]
    assert shown
    named = [cluster["label"] == "Parcels that come late" for cluster in shown]
    assert any(named)
    assert len(server.requests) >= sum(named)
    before = [c for app in sample.summary["apps"].values() for c in app["top_clusters"]]
    assert not any("Parcels that come late" in str(cluster) for cluster in before)


class Unreliable:
    """Lets some requests fail: before they were served, or though they were."""

    def __init__(self, serve: Any, error: Exception, seed: int) -> None:
        self._serve = serve
        self._error = error
        self._rng = random.Random(seed)
        self.failed: Counter[str] = Counter()

    async def __call__(self, *arguments: Any) -> Any:
        fate = self._rng.choice(["unserved", "unconfirmed", *("served",) * 8])
        answer = None if fate == "unserved" else await self._serve(*arguments)
        if fate == "served":
            return answer
        self.failed[fate] += 1
        raise self._error


@pytest.mark.timeout(120)
def test_servers_that_fail_now_and_then_change_nothing(
    sample: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Producer.send_many
    kafka = Unreliable(send, RequestTimedOutError(), 1)
    redis = Unreliable(Redis.run, TimeoutError(), 2)

    def send_many(self: Producer, records: Sequence[Record]) -> Any:
        loading = any(record.key and record.key.startswith(b"marker/") for record in records)
        return (send if loading else kafka)(self, records)

    def ask(self: Redis, *arguments: Any) -> Any:
        return redis(self, *arguments)

    monkeypatch.setattr(Producer, "send_many", send_many)
    monkeypatch.setattr(Redis, "run", ask)
    monkeypatch.setattr("stream.retry.RETRY_MOST", 0.1)
    assert_same(sample, *run(tmp_path, sample.paths, "unreliable", batch_records=100))
    assert min(kafka.failed["unserved"], kafka.failed["unconfirmed"]) > 3
    assert min(redis.failed["unserved"], redis.failed["unconfirmed"]) > 3


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_real_input_becomes_what_is_known_of_it(tmp_path: Path) -> None:
    truth = build(tmp_path / "in", SHARED)
    paths = {
        name: tmp_path / "in" / f"{name}.jsonl" for name in ("logs", "feedback", "deployments")
    }
    summary, out = run(tmp_path, paths, "out")
    assert summary["read"] == sum(truth.read.values()) == sum(summary["outcomes"].values())
    assert summary["late"] == 0
    ours = {
        name.removeprefix("llm."): found for name, found in summary["outcomes_by_input"].items()
    }
    for name, expected in truth.outcomes.items():
        found = {outcome: number for outcome, number in ours.get(name, {}).items() if number}
        assert found == {outcome: n for outcome, n in expected.items() if n}, name
    everything = b"".join(path.read_bytes() for path in out.iterdir())
    leaked = [canary for canary in truth.canaries if canary.encode() in everything]
    assert leaked == []
    calls = by_id(out / "interactions.jsonl")
    duplicates = {
        trace: call["duplicate_of"] for trace, call in calls.items() if "duplicate_of" in call
    }
    assert duplicates == truth.duplicates
    curated = list(rows(out / "curated.jsonl"))
    refused = {row["trace_id"] for row in rows(out / "rejected.jsonl") if row["stage"] == "curate"}
    assert_labels_are_true(curated, truth, refused)
    assert_pairs_are_true(curated, truth, calls)


def assert_labels_are_true(curated: list[dict[str, Any]], truth: Truth, refused: set[str]) -> None:
    """Each label and correction is a true one; where one is missing, curation says why."""
    labels = {
        row["lineage"]["trace_ids"][0]: row["label"] for row in curated if row["type"] == "unpaired"
    }
    assert len(labels) > 1700
    assert labels.items() <= truth.labels.items()
    assert truth.labels.keys() - labels.keys() <= refused
    corrected = {
        row["lineage"]["trace_ids"][0] for row in curated if row["reason"]["rule"] == "correction"
    }
    assert len(corrected) > 100
    assert corrected <= truth.corrections.keys()
    assert truth.corrections.keys() - corrected <= refused


def assert_pairs_are_true(
    curated: list[dict[str, Any]], truth: Truth, calls: dict[str, dict[str, Any]]
) -> None:
    """Of two answers whose comparison is known, the one that more users preferred is chosen."""
    compared = {frozenset(pair) for pair in truth.preferences | truth.ties}
    found = set()
    for row in curated:
        pair = row["lineage"]["trace_ids"]
        if row["reason"]["rule"] == "twins_preferred" and frozenset(pair) in compared:
            first = row["chosen"] == calls[pair[0]]["response"]
            found.add((pair[0], pair[1]) if first else (pair[1], pair[0]))
    assert len(found) > 100
    assert found <= truth.preferences
