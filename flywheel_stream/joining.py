"""The join of calls and signals: the waiting room, its protocol, and what a meeting yields.

Write-then-read: each side puts itself into the room, if absent, and reads the other side in the
same step. When a call and its feedback race on two workers, at least one of them sees both.
A record that finds itself there, by its origin, is itself, read again after a crash.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from flywheel_stream.events import Finding, Interaction, Judged, Origin, Signal, decode_signal

Judge = Callable[[Sequence[Finding], Sequence[Signal], str], tuple[float, float]]
"""Checks and signals to (satisfied, uncertainty)."""


class Entry(NamedTuple):
    """A record in the room: its origin, a keyed hash of its content, and its bytes."""

    origin: str
    content: str
    payload: bytes


class CallPut(NamedTuple):
    """A call to be put into the room."""

    trace_id: str
    entry: Entry


class CallMeeting(NamedTuple):
    """What a call met: an earlier record of its id, its signals, and calls that wait for it.

    ``waited`` are the ids of the signals that came before it. A call that is put again, because an
    answer was lost, is told of them again.
    """

    earlier: Entry | None
    signals: list[Entry]
    waited: Collection[str]
    awaited_by: list[str]


NOBODY = CallMeeting(None, [], (), [])
"""What nine of ten calls meet; a room may return it for each of them."""


class SignalPut(NamedTuple):
    """A signal to be put into the room."""

    trace_id: str
    signal_id: str
    ts: float
    entry: Entry


class SignalMeeting(NamedTuple):
    """What a signal met: an earlier record of its id, its call, and all signals of that call.

    ``waited`` says that it came before its call, which has met it since.
    """

    earlier: Entry | None
    call: Entry | None
    signals: list[Entry]
    waited: bool = False


class Waiting(NamedTuple):
    """A signal whose call has not come."""

    trace_id: str
    signal_id: str
    entry: Entry


class WaitingRoom(Protocol):
    """Where calls and signals wait for each other, shared by all workers.

    Each method is one round trip; each item of ``put_calls`` and ``put_signals`` is one atomic step
    in the order given.
    """

    async def put_calls(self, puts: Sequence[CallPut]) -> list[CallMeeting]:
        """Puts calls where absent and reads what they meet."""

    async def put_signals(self, puts: Sequence[SignalPut]) -> list[SignalMeeting]:
        """Puts signals where absent and reads what they meet."""

    async def await_next(self, pairs: Sequence[tuple[str, str]]) -> list[Entry | None]:
        """Notes for (next, trace) that ``trace`` waits for the call ``next``; returns that call."""

    async def resolve(self, trace_ids: Sequence[str]) -> list[SignalMeeting]:
        """Reads calls with their signals."""

    async def overdue(self, before: float, limit: int) -> list[Waiting]:
        """Signals with an earlier ``ts`` whose call has not come, oldest first."""

    async def forget(self, waiting: Sequence[Waiting]) -> None:
        """Takes signals out of the room."""


class MemoryWaitingRoom:
    """The waiting room in memory: for tests and single processes."""

    def __init__(self) -> None:
        self._calls: dict[str, Entry] = {}
        self._signals: dict[str, dict[str, Entry]] = {}
        self._waiting: dict[tuple[str, str], float] = {}
        self._waited: dict[str, set[str]] = {}
        self._awaited: dict[str, list[str]] = {}

    async def put_calls(self, puts: Sequence[CallPut]) -> list[CallMeeting]:
        """Puts calls where absent and reads what they meet."""
        out = []
        for trace_id, entry in puts:
            earlier = self._calls.get(trace_id)
            self._calls.setdefault(trace_id, entry)
            signals = self._signals.get(trace_id, {})
            waited = self._waited.setdefault(trace_id, set())
            here = {name for name in signals if (trace_id, name) in self._waiting}
            waited |= here
            for name in here:
                del self._waiting[trace_id, name]
            awaited_by = list(self._awaited.get(trace_id, ()))
            out.append(CallMeeting(earlier, list(signals.values()), set(waited), awaited_by))
        return out

    async def put_signals(self, puts: Sequence[SignalPut]) -> list[SignalMeeting]:
        """Puts signals where absent and reads what they meet."""
        out = []
        for trace_id, signal_id, ts, entry in puts:
            signals = self._signals.setdefault(trace_id, {})
            earlier = signals.get(signal_id)
            signals.setdefault(signal_id, entry)
            call = self._calls.get(trace_id)
            if call is None and earlier is None:
                self._waiting[trace_id, signal_id] = ts
            waited = signal_id in self._waited.get(trace_id, ())
            out.append(SignalMeeting(earlier, call, list(signals.values()), waited))
        return out

    async def await_next(self, pairs: Sequence[tuple[str, str]]) -> list[Entry | None]:
        """Notes for (next, trace) that ``trace`` waits for the call ``next``; returns that call."""
        for following, trace_id in pairs:
            waiting = self._awaited.setdefault(following, [])
            if trace_id not in waiting:
                waiting.append(trace_id)
        return [self._calls.get(following) for following, _ in pairs]

    async def resolve(self, trace_ids: Sequence[str]) -> list[SignalMeeting]:
        """Reads calls with their signals."""
        return [
            SignalMeeting(None, self._calls.get(name), list(self._signals.get(name, {}).values()))
            for name in trace_ids
        ]

    async def overdue(self, before: float, limit: int) -> list[Waiting]:
        """Signals with an earlier ``ts`` whose call has not come, oldest first."""
        due = sorted((ts, key) for key, ts in self._waiting.items() if ts < before)[:limit]
        return [Waiting(*key, self._signals[key[0]][key[1]]) for _, key in due]

    async def forget(self, waiting: Sequence[Waiting]) -> None:
        """Takes signals out of the room."""
        for trace_id, signal_id, _ in waiting:
            self._waiting.pop((trace_id, signal_id), None)


def near(signal: Signal, call: Interaction, window: float) -> bool:
    """Whether a signal is within ``window`` seconds of its call, before or after."""
    return abs(signal.at - call.at) <= window


def signals_near(entries: Iterable[Entry], call: Interaction, window: float) -> list[Signal]:
    """The signals of a meeting that are near enough to its call."""
    signals = (decode_signal(entry.payload) for entry in entries)
    return [signal for signal in signals if near(signal, call, window)]


def successors(meetings: Iterable[CallMeeting | SignalMeeting]) -> list[tuple[str, str]]:
    """The (next, trace) pairs that the signals of these meetings name."""
    pairs: dict[tuple[str, str], None] = {}
    for meeting in meetings:
        for entry in meeting.signals:
            if b'"next_trace_id"' in entry.payload:
                signal = decode_signal(entry.payload)
                pairs[signal.next_trace_id, signal.trace_id] = None
    return list(pairs)


def judged_revisions(
    interaction: Interaction,
    signals: Sequence[Signal],
    following: Mapping[str, Interaction],
    *,
    origin: Origin,
    judge: Judge,
    alone: Literal["check", "sample"] | None = None,
    since: float = float("-inf"),
    until: float = float("inf"),
) -> list[Judged]:
    """The judged records of one call that a record gives rise to.

    One for each moment at which more could be known: the call itself if a check fired or it is
    sampled, each distinct ``ts`` of a signal, the coming of a successor that a signal names. Each
    holds what was known by then, whatever came first, so that a replay at any speed yields the
    same records. A signal out of order brings the later ones again, which is what ``since`` says.

    Args:
        interaction: the call.
        signals: all its signals that are known, in any order.
        following: calls that a signal's ``next_trace_id`` names, as far as known.
        origin: of the record that caused this; see ``numbered``.
        judge: checks, signals and the answer to (satisfied, uncertainty).
        alone: why the call is judged without any signal, if it is.
        since: records for moments before this are not made again.
        until: records for moments from this on are another record's to make.

    Returns:
        Records in order of their ``ts``.
    """
    ordered = sorted(signals, key=lambda signal: (signal.at, signal.id))
    named = [following[s.next_trace_id].at for s in ordered if s.next_trace_id in following]
    moments = {max(at, interaction.at) for at in (*(s.at for s in ordered), *named)}
    if alone:
        moments.add(interaction.at)
    out = []
    for ts in sorted(moments):
        if not since <= ts < until:
            continue
        known = [signal for signal in ordered if signal.at <= ts]
        if not known and not alone:
            continue
        satisfied, uncertainty = judge(interaction.checks, known, interaction.response or "")
        out.append(
            Judged(
                origin=origin,
                trace_id=interaction.trace_id,
                ts=ts,
                app=interaction.app,
                revision=len(known),
                why="signal" if known or alone is None else alone,
                interaction=interaction,
                signals=known,
                next=_successor(known, following, ts),
                satisfied=satisfied,
                uncertainty=uncertainty,
            )
        )
    return out


def _successor(
    signals: Sequence[Signal], following: Mapping[str, Interaction], ts: float
) -> Interaction | None:
    """The call that the latest signal names, if it had come by ``ts``."""
    for signal in reversed(signals):
        call = following.get(signal.next_trace_id)
        if call is not None and call.at <= ts:
            return call
    return None


def numbered(records: Sequence[Judged], origin: Origin, start: int) -> list[Judged]:
    """Numbers what one input record caused, from ``start``."""
    for n, record in enumerate(records, start):
        record.origin = Origin(origin.topic, origin.partition, origin.offset, n)
    return list(records)
