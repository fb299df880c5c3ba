"""Redis: the rolling Bloom window and the waiting room, a few round trips for a whole batch.

Each method runs one small Lua script per shard. A shard is a hash tag in the keys, so that a
script's keys lie in one slot of a Redis Cluster. Values are LZ4-compressed; nothing raw is stored.

Keys, after the prefix and ``{shard}``: ``b:G`` Bloom filter of generation G, ``x:G`` its index
(fingerprint to "copies first"), ``c:TRACE`` a call, ``s:TRACE`` its signals, ``w`` signals that wait
(by ``ts``), ``j:TRACE`` ids of signals that waited for it, ``n:TRACE`` calls that wait for TRACE as
their successor.
"""

import asyncio
import struct
from collections.abc import Iterable, Sequence
from typing import Any, cast
from zlib import crc32

import hiredis
import lz4.block
import redis.asyncio as aioredis
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    NoScriptError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from flywheel_stream.dedup import Seen, Sighting, WindowPolicy
from flywheel_stream.errors import ConfigError, UnavailableError
from flywheel_stream.joining import (
    NOBODY,
    CallMeeting,
    CallPut,
    Entry,
    SignalMeeting,
    SignalPut,
    Waiting,
)
from stream.settings import Settings, mask_url

SEEN = """
local base, gens, out = KEYS[1], {}, {}
for gen in string.gmatch(ARGV[1], '%S+') do gens[#gens + 1] = gen end
local n = #ARGV - 1
local hit = {}
for _, gen in ipairs(gens) do
  if redis.call('EXISTS', base .. 'b:' .. gen) == 1 then
    local found = redis.call('BF.MEXISTS', base .. 'b:' .. gen, unpack(ARGV, 2))
    for i = 1, n do
      if found[i] == 1 and (not hit[i] or hit[i] == '') then
        hit[i] = redis.call('HGET', base .. 'x:' .. gen, ARGV[i + 1]) or ''
      end
    end
  end
end
for i = 1, n do
  if hit[i] then out[#out + 1] = {i - 1, hit[i]} end
end
return out
"""

REMEMBER = """
local base, gen = KEYS[1], ARGV[1]
local capacity, rate, ttl, limit = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local bloom, index = base .. 'b:' .. gen, base .. 'x:' .. gen
if redis.call('EXISTS', bloom) == 0 then
  redis.call('BF.RESERVE', bloom, rate, capacity, 'EXPANSION', '2')
end
local add = {}
for i = 6, #ARGV, 2 do add[#add + 1] = ARGV[i] end
redis.call('BF.MADD', bloom, unpack(add))
local room = limit - redis.call('HLEN', index)
for i = 6, #ARGV, 2 do
  local value = ARGV[i + 1]
  local known = false
  if room > 0 and redis.call('HSETNX', index, ARGV[i], value) == 1 then
    room = room - 1
  else
    known = redis.call('HGET', index, ARGV[i])
  end
  if known then
    local count, first = string.match(known, '^(%d+) (.*)$')
    local copies = string.match(value, '^%d+')
    if tonumber(copies) > tonumber(count) then
      redis.call('HSET', index, ARGV[i], copies .. ' ' .. first)
    end
  end
end
redis.call('EXPIRE', bloom, ttl)
redis.call('EXPIRE', index, ttl)
return #add
"""

PUT_CALLS = """
local base, ttl, out = KEYS[1], ARGV[1], {}
for i = 2, #ARGV, 2 do
  local trace = ARGV[i]
  local earlier = redis.call('SET', base .. 'c:' .. trace, ARGV[i + 1], 'NX', 'GET', 'EX', ttl)
  local signals, waited = redis.call('HGETALL', base .. 's:' .. trace), {}
  if #signals > 0 then
    local names = base .. 'j:' .. trace
    for j = 1, #signals, 2 do
      if redis.call('ZREM', base .. 'w', trace .. '\\0' .. signals[j]) == 1 then
        redis.call('SADD', names, signals[j])
        redis.call('EXPIRE', names, ttl)
      end
    end
    waited = redis.call('SMEMBERS', names)
  end
  local awaited = redis.call('SMEMBERS', base .. 'n:' .. trace)
  if earlier or #signals > 0 or #awaited > 0 then
    out[#out + 1] = {i / 2 - 1, earlier, signals, waited, awaited}
  end
end
return out
"""

PUT_SIGNALS = """
local base, ttl, out = KEYS[1], ARGV[1], {}
for i = 2, #ARGV, 4 do
  local trace, id = ARGV[i], ARGV[i + 1]
  local key = base .. 's:' .. trace
  local earlier = redis.call('HGET', key, id)
  local call = redis.call('GET', base .. 'c:' .. trace)
  local waited = 0
  if earlier then
    waited = redis.call('SISMEMBER', base .. 'j:' .. trace, id)
  else
    redis.call('HSET', key, id, ARGV[i + 3])
    redis.call('EXPIRE', key, ttl)
    if not call then redis.call('ZADD', base .. 'w', ARGV[i + 2], trace .. '\\0' .. id) end
  end
  out[#out + 1] = earlier
  out[#out + 1] = call
  out[#out + 1] = redis.call('HVALS', key)
  out[#out + 1] = waited
end
return out
"""

AWAIT_NEXT = """
local base, ttl, out = KEYS[1], ARGV[1], {}
for i = 2, #ARGV, 2 do
  redis.call('SADD', base .. 'n:' .. ARGV[i], ARGV[i + 1])
  redis.call('EXPIRE', base .. 'n:' .. ARGV[i], ttl)
  out[#out + 1] = redis.call('GET', base .. 'c:' .. ARGV[i])
end
return out
"""

RESOLVE = """
local base, out = KEYS[1], {}
for i = 1, #ARGV do
  out[#out + 1] = redis.call('GET', base .. 'c:' .. ARGV[i])
  out[#out + 1] = redis.call('HVALS', base .. 's:' .. ARGV[i])
end
return out
"""

OVERDUE = """
local base, out = KEYS[1], {}
local due = redis.call('ZRANGE', base .. 'w', '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
for i = 1, #due, 2 do
  local trace, id = string.match(due[i], '^(.-)%z(.*)$')
  local value = redis.call('HGET', base .. 's:' .. trace, id)
  if value then
    out[#out + 1] = trace
    out[#out + 1] = id
    out[#out + 1] = due[i + 1]
    out[#out + 1] = value
  else
    redis.call('ZREM', base .. 'w', due[i])
  end
end
return out
"""

FORGET = """
local base = KEYS[1]
for i = 1, #ARGV, 2 do
  redis.call('ZREM', base .. 'w', ARGV[i] .. '\\0' .. ARGV[i + 1])
  redis.call('HDEL', base .. 's:' .. ARGV[i], ARGV[i + 1])
end
return 0
"""

Call = tuple[str, list[bytes | str]]


class _Connection(aioredis.Connection):
    """redis-py packs an asyncio command in Python; hiredis does it in a quarter of the time."""

    def pack_command(self, *args: Any) -> list[bytes]:
        name = args[0]
        if isinstance(name, str) and " " in name:  # SCRIPT LOAD and the like are two words
            args = (*name.split(), *args[1:])
        return [hiredis.pack_command(args)]


_PACKED_IN_C: dict[str, Any] = {"connection_class": _Connection}


def _client(url: str, *, cluster: bool) -> Any:
    timeouts: dict[str, Any] = {"socket_timeout": 5.0, "socket_connect_timeout": 5.0}
    if cluster:
        return aioredis.RedisCluster.from_url(url, **timeouts)
    packed = {} if "://" in url and not url.startswith("redis://") else _PACKED_IN_C
    return aioredis.from_url(url, **timeouts, **packed)


class Redis:
    """A connection, its shards and scripts.

    Args:
        url: of the server, or of any node of a cluster.
        prefix: of every key.
        shards: hash tags that keys are spread over.
        cluster: whether it is a Redis Cluster.

    Raises:
        ConfigError: the URL is none of a Redis.
    """

    def __init__(self, url: str, prefix: str, shards: int, *, cluster: bool = False) -> None:
        self._where = mask_url(url)
        try:
            self._client = _client(url, cluster=cluster)
        except ValueError:
            raise ConfigError(
                "The URL of Redis is none, as redis://HOST:6379/0 is one: correct FLYWHEEL_REDIS "
                "or FLYWHEEL_DEDUP_REDIS."
            ) from None
        self._cluster = cluster
        self._bases = [f"{prefix}{{{shard}}}:" for shard in range(shards)]
        self._shas: dict[str, str] = {}

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def check(self, *, bloom: bool = True) -> None:
        """Looks whether Redis answers and, where asked, has Bloom filters.

        Raises:
            UnavailableError: it does not; the sentence says what to do.
        """
        try:
            await self._client.ping()
            if bloom:
                await self._client.execute_command("BF.EXISTS", f"{self._bases[0]}probe", "x")
        except ResponseError as error:
            if "unknown command" in str(error):
                raise UnavailableError(
                    "Redis has no Bloom filters: use Redis 8, Redis Stack, or load RedisBloom."
                ) from None
            raise UnavailableError(
                f"Redis refused a command ({error}): check its setting."
            ) from None
        except RedisClusterException:
            raise UnavailableError(
                "Redis is no cluster that can be reached: set FLYWHEEL_REDIS_CLUSTER=false for a "
                "single server, or look at its nodes."
            ) from None
        except (RedisError, OSError) as error:
            raise UnavailableError(
                f"Redis at {self._where} does not answer ({type(error).__name__}): start it or "
                "set FLYWHEEL_REDIS."
            ) from None

    def shard(self, key: str) -> int:
        """The shard of a trace id or fingerprint."""
        if len(self._bases) == 1:
            return 0
        return crc32(key.encode("utf-8", "surrogatepass")) % len(self._bases)

    async def run(self, script: str, calls: Sequence[tuple[int, list[Any]]]) -> list[Any]:
        """Runs a script once for each (shard, arguments), in one round trip.

        Raises:
            redis.exceptions.RedisError: Redis does not answer or refuses.
        """
        if not calls:
            return []
        try:
            if script not in self._shas:
                self._shas[script] = await self._client.script_load(script)
            try:
                return await self._evaluate(script, calls)
            except NoScriptError:  # Redis was restarted or flushed
                self._shas[script] = await self._client.script_load(script)
                return await self._evaluate(script, calls)
        except RedisClusterException as error:  # no RedisError: no node was found
            raise RedisConnectionError(f"{error}") from error

    async def _evaluate(self, script: str, calls: Sequence[tuple[int, list[Any]]]) -> list[Any]:
        sha = self._shas[script]
        if len(calls) == 1:
            shard, arguments = calls[0]
            return [await self._client.evalsha(sha, 1, self._bases[shard], *arguments)]
        if self._cluster:  # its pipelines run no scripts
            return await asyncio.gather(
                *(
                    self._client.evalsha(sha, 1, self._bases[shard], *arguments)
                    for shard, arguments in calls
                )
            )
        pipe = self._client.pipeline(transaction=False)
        for shard, arguments in calls:
            pipe.evalsha(sha, 1, self._bases[shard], *arguments)
        answers: list[Any] = await pipe.execute()
        return answers

    def grouped(self, keys: Iterable[str]) -> dict[int, list[int]]:
        """Positions of keys by shard."""
        groups: dict[int, list[int]] = {}
        for position, key in enumerate(keys):
            groups.setdefault(self.shard(key), []).append(position)
        return groups


LUA_STACK = 4000
"""Arguments that one script call may unpack; Lua's stack holds about eight thousand."""


def window_policy(settings: Settings) -> WindowPolicy:
    """How the settings cut the rolling window."""
    return WindowPolicy(
        seconds=settings.dedup_window_hours * 3600,
        generations=settings.dedup_generations,
        capacity=settings.dedup_capacity,
        error_rate=settings.dedup_error_rate,
        named=settings.dedup_index,
    )


class RedisWindow:
    """The rolling window (``dedup.Window``) in Redis Bloom filters."""

    def __init__(self, connection: Redis, policy: WindowPolicy, shards: int) -> None:
        self._redis = connection
        self._policy = policy
        self._capacity = max(1000, policy.filter_capacity // shards)
        self._index = max(1, policy.index_capacity // shards)
        self._ttl = int(policy.seconds + 2 * policy.length)

    async def seen(self, queries: Sequence[tuple[str, float]]) -> list[Seen]:
        """Looks up (fingerprint, ts) pairs."""
        groups: dict[tuple[int, int], list[int]] = {}
        shard, generation_of = self._redis.shard, self._policy.generation
        for position, (key, ts) in enumerate(queries):
            groups.setdefault((shard(key), generation_of(ts)), []).append(position)
        calls: list[tuple[int, list[Any]]] = []
        parts: list[list[int]] = []
        for (number, generation), positions in groups.items():
            lookups = " ".join(map(str, self._policy.around(generation)))
            for start in range(0, len(positions), LUA_STACK):
                part = positions[start : start + LUA_STACK]
                parts.append(part)
                calls.append((number, [lookups, *(queries[i][0] for i in part)]))
        out = [Seen(hit=False)] * len(queries)
        for part, found in zip(parts, await self._redis.run(SEEN, calls), strict=True):
            for index, value in found:
                out[part[index]] = _seen(value)
        return out

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        """Notes calls."""
        groups: dict[tuple[int, int], list[Any]] = {}
        shard, generation_of = self._redis.shard, self._policy.generation
        for key, ts, first, copies in sightings:
            where = (shard(key), generation_of(ts))
            groups.setdefault(where, []).extend((key, f"{copies} {first}"))
        head = [self._capacity, self._policy.filter_error_rate, self._ttl, self._index]
        calls = [
            (number, [generation, *head, *arguments[start : start + 2 * LUA_STACK]])
            for (number, generation), arguments in groups.items()
            for start in range(0, len(arguments), 2 * LUA_STACK)
        ]
        await self._redis.run(REMEMBER, calls)


def _seen(value: bytes) -> Seen:
    copies, _, first = value.partition(b" ")
    if not first:
        return Seen(hit=True)
    return Seen(hit=True, first=first.decode("utf-8", "surrogatepass"), copies=int(copies))


_HEAD = struct.Struct("<HH")


def pack(entry: Entry) -> bytes:
    """An entry as one compressed value: lengths, origin, content hash, payload."""
    origin, content = entry.origin.encode(), entry.content.encode()
    head = _HEAD.pack(len(origin), len(content)) + origin + content
    return head + cast("bytes", lz4.block.compress(entry.payload))


def unpack(value: bytes) -> Entry:
    """The inverse of ``pack``."""
    first, second = _HEAD.unpack_from(value)
    start = _HEAD.size + first
    return Entry(
        value[_HEAD.size : start].decode(),
        value[start : start + second].decode(),
        cast("bytes", lz4.block.decompress(value[start + second :])),
    )


def _maybe(value: bytes | None) -> Entry | None:
    return None if value is None else unpack(value)


class RedisWaitingRoom:
    """The waiting room (``joining.WaitingRoom``) in Redis."""

    def __init__(self, connection: Redis, window: float) -> None:
        self._redis = connection
        self._ttl = int(window) + 3600

    async def put_calls(self, puts: Sequence[CallPut]) -> list[CallMeeting]:
        """Puts calls where absent and reads what they meet."""
        groups = self._redis.grouped(put.trace_id for put in puts)
        calls = [
            (shard, [self._ttl, *_flat((puts[i].trace_id, pack(puts[i].entry)) for i in group)])
            for shard, group in groups.items()
        ]
        out = [NOBODY] * len(puts)
        for group, found in zip(
            groups.values(), await self._redis.run(PUT_CALLS, calls), strict=True
        ):
            for index, earlier, signals, waited, awaited in found:
                out[group[index]] = CallMeeting(
                    _maybe(earlier),
                    [unpack(value) for value in signals[1::2]],
                    {name.decode("utf-8", "surrogatepass") for name in waited},
                    [name.decode("utf-8", "surrogatepass") for name in awaited],
                )
        return out

    async def put_signals(self, puts: Sequence[SignalPut]) -> list[SignalMeeting]:
        """Puts signals where absent and reads what they meet."""
        groups = self._redis.grouped(put.trace_id for put in puts)
        calls = [
            (
                shard,
                [
                    self._ttl,
                    *_flat(
                        (put.trace_id, put.signal_id, repr(put.ts), pack(put.entry))
                        for put in (puts[i] for i in group)
                    ),
                ],
            )
            for shard, group in groups.items()
        ]
        out: list[SignalMeeting | None] = [None] * len(puts)
        for group, found in zip(
            groups.values(), await self._redis.run(PUT_SIGNALS, calls), strict=True
        ):
            for index, position in enumerate(group):
                earlier, call, signals, waited = found[4 * index : 4 * index + 4]
                out[position] = SignalMeeting(
                    _maybe(earlier),
                    _maybe(call),
                    [unpack(value) for value in signals],
                    bool(waited),
                )
        return cast("list[SignalMeeting]", out)

    async def await_next(self, pairs: Sequence[tuple[str, str]]) -> list[Entry | None]:
        """Notes for (next, trace) that ``trace`` waits for the call ``next``; returns that call."""
        groups = self._redis.grouped(following for following, _ in pairs)
        calls = [
            (shard, [self._ttl, *_flat(pairs[i] for i in group)]) for shard, group in groups.items()
        ]
        out: list[Entry | None] = [None] * len(pairs)
        for group, found in zip(
            groups.values(), await self._redis.run(AWAIT_NEXT, calls), strict=True
        ):
            for position, value in zip(group, found, strict=True):
                out[position] = _maybe(value)
        return out

    async def resolve(self, trace_ids: Sequence[str]) -> list[SignalMeeting]:
        """Reads calls with their signals."""
        groups = self._redis.grouped(trace_ids)
        calls: list[tuple[int, list[Any]]] = [
            (shard, [trace_ids[i] for i in group]) for shard, group in groups.items()
        ]
        out: list[SignalMeeting | None] = [None] * len(trace_ids)
        for group, found in zip(
            groups.values(), await self._redis.run(RESOLVE, calls), strict=True
        ):
            for index, position in enumerate(group):
                call, signals = found[2 * index : 2 * index + 2]
                out[position] = SignalMeeting(
                    None, _maybe(call), [unpack(value) for value in signals]
                )
        return cast("list[SignalMeeting]", out)

    async def overdue(self, before: float, limit: int) -> list[Waiting]:
        """Signals with an earlier ``ts`` whose call has not come, oldest first."""
        bound = "+inf" if before == float("inf") else f"({before!r}"
        shards = range(len(self._redis._bases))  # noqa: SLF001 - the two are one mechanism
        found = await self._redis.run(OVERDUE, [(shard, [bound, limit]) for shard in shards])
        due: list[tuple[float, Waiting]] = []
        for part in found:
            for trace, name, ts, value in zip(*(part[i::4] for i in range(4)), strict=True):
                waiting = Waiting(
                    trace.decode("utf-8", "surrogatepass"),
                    name.decode("utf-8", "surrogatepass"),
                    unpack(value),
                )
                due.append((float(ts), waiting))
        due.sort(key=lambda pair: (pair[0], pair[1].trace_id, pair[1].signal_id))
        return [waiting for _, waiting in due[:limit]]

    async def forget(self, waiting: Sequence[Waiting]) -> None:
        """Takes signals out of the room."""
        groups = self._redis.grouped(entry.trace_id for entry in waiting)
        calls = [
            (shard, _flat((waiting[i].trace_id, waiting[i].signal_id) for i in group))
            for shard, group in groups.items()
        ]
        await self._redis.run(FORGET, calls)


def _flat(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
