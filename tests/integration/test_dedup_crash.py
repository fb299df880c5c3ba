"""Deduplication over crashes, on real Redis: killed between every two steps, and two that race.

Ingest's own steps run in a process that is killed (SIGKILL) right after a step of its choice. Its
outputs go to a file, where what was written survives the kill as it does on a broker, and the end of
the acknowledged batches to another. Crashes of whole workers on Kafka are in ``test_crash.py``.
"""

import asyncio
import json
import multiprocessing
import os
import random
import signal
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP

from flywheel_stream import metrics as catalogue
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.dedup import Seen, Sighting, WindowPolicy
from flywheel_stream.joining import WaitingRoom
from flywheel_stream.scrubbing import Scrubber
from stream.ingest import Ingest
from stream.optional_window import OptionalWindow
from stream.prometheus import Metrics
from stream.redis_store import Redis, RedisWaitingRoom, RedisWindow
from stream.settings import load_settings
from stream.sink import Sink
from stream.topics import Topics
from stream.transport import Batch, Ledger, Record
from tests.servers import RedisServer

NOW = 1_760_000_000.0
STEPS = ("check", "work", "produce", "remember", "acknowledge")
KILLS = 50
"""Of each step."""
BATCH = 16

Step = Callable[[str], None]


class Watched:
    """The parts of ingest that talk to Redis; tells each step that is done."""

    def __init__(self, window: RedisWindow, room: RedisWaitingRoom, done: Step) -> None:
        self._window, self._room, self._done = window, room, done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room, name)

    async def seen(self, queries: Sequence[tuple[str, float]]) -> list[Seen]:
        answer = await self._window.seen(queries)
        self._done("check")
        return answer

    async def put_calls(self, puts: Any) -> Any:
        answer = await self._room.put_calls(puts)
        self._done("work")
        return answer

    async def put_signals(self, puts: Any) -> Any:
        answer = await self._room.put_signals(puts)
        self._done("work")
        return answer

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        await self._window.remember(sightings)
        self._done("remember")


class Rig:
    """Ingest on real Redis, with a file in place of the broker."""

    def __init__(self, redis: str, folder: Path, name: str, done: Step = lambda _: None) -> None:
        settings = load_settings(prefix=f"{name}.")
        self.topics, self.log = Topics(settings), folder / "outputs"
        self.connection = Redis(redis, f"{name}:", 2)
        parts = Watched(
            RedisWindow(self.connection, WindowPolicy(), 2),
            RedisWaitingRoom(self.connection, 86_400.0),
            done,
        )
        self._done = done
        metrics = Metrics()
        partitions = dict.fromkeys((spec.name for spec in self.topics.specs()), 1)
        self.ingest = Ingest(
            cleaner=Cleaner(Scrubber(secret=b"k"), secret=b"k", sample_rate=0.0),
            window=parts,
            room=cast("WaitingRoom", parts),
            sink=Sink(self.topics, partitions, self._send, metrics),
            topics=self.topics,
            counts=metrics,
            dead_letter_limit=None,
        )
        self._ledger = Ledger()

    async def _send(self, records: Sequence[Record]) -> None:
        lines = [
            json.dumps([r.topic, (r.key or b"").decode(), (r.value or b"").decode()]) + "\n"
            for r in records
        ]
        with self.log.open("a") as log:  # one write: all of a batch is there, or nothing
            log.write("".join(lines))
        self._done("produce")

    async def handle(self, topic: str, first: int, values: Sequence[dict[str, Any]]) -> None:
        tp = TP(topic, 0)
        records = [
            ConsumerRecord(
                topic,
                0,
                first + n,
                int(NOW * 1000),
                0,
                None,
                json.dumps(value).encode(),
                None,
                0,
                0,
                (),
            )
            for n, value in enumerate(values)
        ]
        batch = Batch(tp, records, 0)
        self._ledger.deliver(batch)
        await self.ingest.handle(batch)
        assert batch.acked


@dataclass
class Input:
    """Batches of calls and of feedback in turn, and what must become of each call."""

    batches: list[tuple[str, int, list[dict[str, Any]]]]
    first: dict[str, str]  # a call's trace to that of the first with its content
    signals: dict[str, set[str]]


def traffic(topics: Topics, batches: int, seed: int) -> Input:
    """A third of the calls are copies, of the same batch or of an earlier one."""
    rng = random.Random(seed)
    made = Input([], {}, defaultdict(set))
    contents: list[tuple[str, str]] = []
    offsets = {topics.logs: 0, topics.feedback: 0}
    for number in range(batches):
        calls, signals = [], []
        for n in range(BATCH):
            trace = f"t{number}-{n}"
            if contents and rng.random() < 1 / 3:
                text, first = rng.choice(contents[-100:])
            else:
                text, first = f"Question {number} of {n}: {rng.random()}", trace
                contents.append((text, trace))
            made.first[trace] = first
            ts = NOW + number + n / BATCH
            calls.append(
                {"trace_id": trace, "ts": ts, "model": "m", "prompt": text, "response": "R"}
            )
            if rng.random() < 0.2:
                about = f"t{rng.randrange(number + 1)}-{n}"
                name = f"s{number}-{n}"
                made.signals[about].add(name)
                signal_ = {
                    "trace_id": about,
                    "ts": ts + 1,
                    "kind": "thumb",
                    "value": "up",
                    "id": name,
                }
                signals.append(signal_ | {"user_id": name})
        for topic, records in ((topics.logs, calls), (topics.feedback, signals)):
            if records:
                made.batches.append((topic, offsets[topic], records))
                offsets[topic] += len(records)
    return made


def life(make: Callable[[Step], Rig], folder: Path, data: Input, fatal: str) -> None:
    """One process: goes on where the last one acknowledged, dies in a batch after the next."""
    begin = at = int((folder / "committed").read_text())

    def done(step: str) -> None:
        if step == fatal and at > begin:
            os.kill(os.getpid(), signal.SIGKILL)

    async def run() -> None:
        nonlocal at
        rig = make(done)
        while at < len(data.batches):
            await rig.handle(*data.batches[at])
            (folder / "committed").write_text(str(at + 1))
            done("acknowledge")
            at += 1

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_between_every_two_steps_nothing_is_lost_and_nothing_comes_twice(
    redis_url: str, tmp_path: Path
) -> None:
    name, rng = "killed", random.Random(5)
    rig = partial(Rig, redis_url, tmp_path, name)
    data = traffic(rig(lambda _: None).topics, 260, seed=5)
    fates = [step for step in STEPS for _ in range(KILLS)]
    rng.shuffle(fates)
    fork = multiprocessing.get_context("fork")
    (tmp_path / "committed").write_text("0")
    died: dict[str, int] = defaultdict(int)
    for fatal in [*fates, "never"]:
        process = fork.Process(target=life, args=(rig, tmp_path, data, fatal))
        process.start()
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}
        died[fatal] += process.exitcode != 0
    assert int((tmp_path / "committed").read_text()) == len(data.batches)
    assert dict(died) == dict.fromkeys(STEPS, KILLS) | {"never": 0}
    assert_as_undisturbed(tmp_path / "outputs", data, name)


def assert_as_undisturbed(log: Path, data: Input, name: str) -> None:
    """Each call is there, as what it is; repetitions are equal; each signal has been joined."""
    written: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for line in log.read_text().splitlines():
        topic, key, value = json.loads(line)
        written[topic.removeprefix(f"{name}.")][key].add(value)
    interactions = written["interactions"]
    assert interactions.keys() == data.first.keys()
    for trace, values in interactions.items():
        assert len(values) == 1, "a repetition differs"
        (value,) = values
        found = json.loads(value).get("duplicate_of", trace)
        assert found == data.first[trace], f"{trace} is said to be {found}"
    assert not written["rejected"]
    assert not written["dead-letters"]
    held: dict[str, set[str]] = defaultdict(set)
    for value in {value for values in written["learn"].values() for value in values}:
        record = json.loads(value)
        if record["type"] == "judged":
            held[record["trace_id"]] |= {signal["id"] for signal in record["signals"]}
    assert held == data.signals


async def test_of_two_copies_that_race_on_two_workers_one_is_kept(
    redis_url: str, tmp_path: Path
) -> None:
    """Both look before either remembers: then both are kept; else the later names the earlier."""
    for both_look in (True, False):
        name = f"race-{both_look}"
        folders = [tmp_path / f"{name}-{n}" for n in range(2)]
        barrier = asyncio.Barrier(2)
        rigs = []
        for folder in folders:
            folder.mkdir()
            rigs.append(Rig(redis_url, folder, name))
        copy = {"ts": NOW, "model": "m", "prompt": "Where is my parcel?", "response": "On its way."}
        topic = rigs[0].topics.logs

        async def work(n: int, *, wait: bool) -> None:
            window = rigs[n].ingest._window  # noqa: B023 - called within the loop
            if wait:
                plain = window.seen

                async def seen(queries: Sequence[tuple[str, float]]) -> list[Seen]:
                    window.seen = plain  # type: ignore[method-assign]
                    answer = await plain(queries)
                    await barrier.wait()  # noqa: B023
                    return answer

                window.seen = seen  # type: ignore[method-assign]
            await rigs[n].handle(topic, n, [{"trace_id": f"t{n}", **copy}])  # noqa: B023

        if both_look:
            await asyncio.gather(work(0, wait=True), work(1, wait=True))
        else:
            await work(0, wait=False)
            await work(1, wait=False)
        calls = [_interaction(folder / "outputs", name) for folder in folders]
        kept = [call["trace_id"] for call in calls if "duplicate_of" not in call]
        assert kept == (["t0", "t1"] if both_look else ["t0"])
        await rigs[0].handle(topic, 2, [{"trace_id": "t2", **copy}])
        assert _interaction(folders[0] / "outputs", name)["duplicate_of"] in kept
        for rig in rigs:
            await rig.connection.close()


def _interaction(log: Path, name: str) -> dict[str, Any]:
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    last: dict[str, Any] = json.loads(
        next(value for topic, _, value in reversed(rows) if topic == f"{name}.interactions")
    )
    return last


async def test_without_the_window_calls_go_on_marked_and_are_known_again_later(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    """The window's Redis goes away for a while, that of the waiting room stays."""
    rig = Rig(redis_server.url, tmp_path, "skipping")
    seconds = 0.0
    metrics = Metrics()
    away = Redis("redis://127.0.0.1:1/0", "skipping:", 2)
    there = rig.ingest._window
    window = OptionalWindow(RedisWindow(away, WindowPolicy(), 2), metrics, lambda: seconds)
    rig.ingest._window = window
    call = {"ts": NOW, "model": "m", "prompt": "Where is my parcel?", "response": "On its way."}
    topic, log = rig.topics.logs, tmp_path / "outputs"
    await rig.handle(topic, 0, [{"trace_id": "t0", **call}])
    assert _interaction(log, "skipping")["dedup"] == "skipped"
    # Copies inside a batch are caught all the same.
    await rig.handle(topic, 1, [{"trace_id": "t1", **call}, {"trace_id": "t2", **call}])
    assert _interaction(log, "skipping")["duplicate_of"] == "t1"
    assert metrics.totals(catalogue.DEDUP_SKIPPED) == {("seen",): 3.0, ("remember",): 3.0}
    window._window = there  # back, but it is asked only after a while
    await rig.handle(topic, 3, [{"trace_id": "t3", **call}])
    assert _interaction(log, "skipping")["dedup"] == "skipped"
    seconds = 5.0
    await rig.handle(topic, 4, [{"trace_id": "t4", **call}])
    assert "dedup" not in _interaction(log, "skipping")
    await rig.handle(topic, 5, [{"trace_id": "t5", **call}])
    assert _interaction(log, "skipping")["duplicate_of"] == "t4"
    await away.close()
    await rig.connection.close()
