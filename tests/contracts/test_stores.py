"""The in-memory window and waiting room, and those in Redis: the same tests for both."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from redis.exceptions import RedisError

from flywheel_stream.dedup import MemoryWindow, Sighting, Window, WindowPolicy
from flywheel_stream.errors import UnavailableError
from flywheel_stream.joining import (
    CallPut,
    Entry,
    MemoryWaitingRoom,
    SignalPut,
    WaitingRoom,
)
from stream.redis_store import Redis, RedisWaitingRoom, RedisWindow, pack, unpack

NOW = 1_760_000_000.0
POLICY = WindowPolicy(seconds=3600.0, generations=2, capacity=50_000, error_rate=1e-3)


class Stores(NamedTuple):
    window: Window
    room: WaitingRoom


@pytest.fixture(params=["memory", "redis, one shard", "redis, four shards", "redis cluster"])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    if request.param == "memory":
        yield Stores(MemoryWindow(POLICY), MemoryWaitingRoom())
        return
    shards = 1 if "one" in request.param else 4
    name = request.node.name.replace("{", "").replace("}", "")
    cluster = "cluster" in request.param
    url = request.getfixturevalue("redis_cluster_url" if cluster else "redis_url")
    connection = Redis(url, f"{name}:", shards, cluster=cluster)
    await connection.check()
    yield Stores(RedisWindow(connection, POLICY, shards), RedisWaitingRoom(connection, 3600.0))
    await connection.close()


def entry(name: str) -> Entry:
    return Entry(f"llm.logs/0/{name}", f"content {name}", f"payload {name}".encode() * 3)


async def test_a_fingerprint_is_seen_once_it_is_remembered(stores: Stores) -> None:
    window = stores.window
    assert not (await window.seen([("f", NOW)]))[0].hit
    await window.remember([Sighting("f", NOW, "t1", 1)])
    (seen,) = await window.seen([("f", NOW + 10)])
    assert (seen.hit, seen.first, seen.copies) == (True, "t1", 1)
    assert not (await window.seen([("other", NOW)]))[0].hit


async def test_remembering_twice_changes_nothing_and_the_first_stays(stores: Stores) -> None:
    window = stores.window
    for _ in range(2):
        await window.remember([Sighting("f", NOW, "t1", 1)])
        await window.remember([Sighting("f", NOW + 1, "t1", 2)])
    (seen,) = await window.seen([("f", NOW + 2)])
    assert (seen.first, seen.copies) == ("t1", 2)


@pytest.mark.parametrize("apart", [0.0, 60.0, 1799.0, 1801.0, 3599.0])
async def test_the_window_holds_for_its_whole_length(stores: Stores, apart: float) -> None:
    await stores.window.remember([Sighting("f", NOW, "t1", 1)])
    assert (await stores.window.seen([("f", NOW + apart)]))[0].hit


async def test_what_is_older_than_window_and_a_generation_is_forgotten(stores: Stores) -> None:
    await stores.window.remember([Sighting("f", NOW, "t1", 1)])
    assert not (await stores.window.seen([("f", NOW + 3600 + 1801)]))[0].hit


async def test_many_at_once(stores: Stores) -> None:
    names = [f"f{i}" for i in range(5000)]
    await stores.window.remember([Sighting(name, NOW, f"t-{name}", 1) for name in names])
    seen = await stores.window.seen([(name, NOW) for name in names])
    assert [one.first for one in seen] == [f"t-{name}" for name in names]


async def test_a_call_meets_nobody_then_itself_then_others(stores: Stores) -> None:
    room = stores.room
    (first,) = await room.put_calls([CallPut("t1", entry("1"))])
    (second,) = await room.put_calls([CallPut("t1", entry("2"))])
    assert (first.earlier, first.signals, first.awaited_by) == (None, [], [])
    assert not first.waited
    assert second.earlier == entry("1")


async def test_of_one_batch_the_first_call_stands(stores: Stores) -> None:
    met = await stores.room.put_calls([CallPut("t1", entry("1")), CallPut("t1", entry("2"))])
    assert [meeting.earlier for meeting in met] == [None, entry("1")]


async def test_a_signal_waits_and_is_joined_once(stores: Stores) -> None:
    room = stores.room
    put = SignalPut("t1", "s1", NOW, entry("s"))
    (waiting,) = await room.put_signals([put])
    assert (waiting.earlier, waiting.call, waiting.signals) == (None, None, [entry("s")])
    (met,) = await room.put_calls([CallPut("t1", entry("1"))])
    (later,) = await room.put_signals([put._replace(signal_id="s2")])
    (itself,) = await room.put_signals([put])
    (again,) = await room.put_calls([CallPut("t1", entry("1"))])
    assert (set(met.waited), met.signals) == ({"s1"}, [entry("s")])
    assert (waiting.waited, later.waited, itself.waited) == (False, False, True)
    assert set(again.waited) == {"s1"}  # the first answer may have been lost


async def test_a_signal_after_its_call_meets_it_and_all_signals(stores: Stores) -> None:
    room = stores.room
    await room.put_calls([CallPut("t1", entry("1"))])
    met = await room.put_signals(
        [SignalPut("t1", "s1", NOW, entry("a")), SignalPut("t1", "s2", NOW, entry("b"))]
    )
    assert [meeting.call for meeting in met] == [entry("1")] * 2
    assert sorted(met[1].signals) == sorted([entry("a"), entry("b")])
    (again,) = await room.put_signals([SignalPut("t1", "s1", NOW, entry("c"))])
    assert again.earlier == entry("a")


async def test_overdue_signals_come_oldest_first_and_go_when_forgotten(stores: Stores) -> None:
    room = stores.room
    puts = [SignalPut(f"t{i}", "s", NOW - i, entry(str(i))) for i in range(10)]
    await room.put_signals(puts)
    due = await room.overdue(NOW - 2.5, 100)
    assert [waiting.trace_id for waiting in due] == [f"t{i}" for i in range(9, 2, -1)]
    await room.forget(due)
    assert [w.trace_id for w in await room.overdue(float("inf"), 100)] == ["t2", "t1", "t0"]
    assert len(await room.overdue(float("inf"), 2)) == 2


async def test_a_call_knows_who_waits_for_it(stores: Stores) -> None:
    room = stores.room
    assert await room.await_next([("t2", "t1")]) == [None]
    (met,) = await room.put_calls([CallPut("t2", entry("2"))])
    assert met.awaited_by == ["t1"]
    assert await room.await_next([("t2", "t3")]) == [entry("2")]
    (resolved,) = await room.resolve(["t2"])
    assert resolved.call == entry("2")


@pytest.mark.parametrize("name", ["ü/ß", "a b", "{x}", "a\0b", "x" * 500])
async def test_odd_ids_are_ids(stores: Stores, name: str) -> None:
    await stores.room.put_signals([SignalPut(name, "s", NOW, entry("s"))])
    (met,) = await stores.room.put_calls([CallPut(name, entry("1"))])
    assert set(met.waited) == {"s"}
    assert not await stores.room.overdue(float("inf"), 10)


async def test_scripts_come_back_after_redis_forgot_them(redis_url: str) -> None:
    connection = Redis(redis_url, "flushed:", 2)
    room = RedisWaitingRoom(connection, 3600.0)
    await room.put_calls([CallPut("t1", entry("1"))])
    await connection._client.script_flush()
    (met,) = await room.put_calls([CallPut("t1", entry("2"))])
    await connection.close()
    assert met.earlier == entry("1")


async def test_false_duplicates_stay_below_the_stated_rate(redis_url: str) -> None:
    connection = Redis(redis_url, "rate:", 1)
    window = RedisWindow(connection, POLICY, 1)
    for start in range(0, 25_000, 2500):  # half the window's capacity: one generation's share
        rows = [Sighting(f"in{i}", NOW, "t", 1) for i in range(start, start + 2500)]
        await window.remember(rows)
    seen = await window.seen([(f"out{i}", NOW) for i in range(20_000)])
    await connection.close()
    assert sum(one.hit for one in seen) / len(seen) <= POLICY.error_rate


def test_an_entry_survives_packing() -> None:
    large = Entry("a/0/1", "ü", b"x" * 3_000_000)
    assert unpack(pack(large)) == large
    assert len(pack(large)) < 100_000


async def test_a_single_server_is_no_cluster_and_the_sentence_says_what_to_set(
    redis_url: str,
) -> None:
    connection = Redis(redis_url, "single:", 1, cluster=True)
    with pytest.raises(UnavailableError, match="FLYWHEEL_REDIS_CLUSTER=false"):
        await connection.check()
    room = RedisWaitingRoom(connection, 3600.0)
    with pytest.raises(RedisError):  # which a worker waits out, as any Redis that is away
        await room.put_calls([CallPut("t1", entry("1"))])
    await connection.close()


async def test_a_redis_without_bloom_may_hold_the_waiting_room(redis_without_bloom: str) -> None:
    connection = Redis(redis_without_bloom, "bare:", 1)
    await connection.check(bloom=False)
    with pytest.raises(UnavailableError, match="no Bloom filters"):
        await connection.check()
    await connection.close()


async def test_only_so_many_first_calls_are_kept_but_every_copy_is_found(redis_url: str) -> None:
    connection = Redis(redis_url, "bounded:", 1)
    window = RedisWindow(connection, POLICY._replace(named=20), 1)
    await window.remember([Sighting(f"f{n}", NOW, f"t{n}", 1) for n in range(100)])
    seen = await window.seen([(f"f{n}", NOW + 1) for n in range(100)])
    assert all(one.hit for one in seen)
    assert sum(one.first is not None for one in seen) == 10  # of two generations
    await connection.close()
