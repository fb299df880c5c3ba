"""The join of calls and signals: the waiting room, its protocol, and what a meeting yields.

Write-then-read: each side puts itself into the room, if absent, and reads the other side in the
same step. When a call and its feedback race on two workers, at least one of them sees both.
A record that finds itself there, by its origin, is itself, read again after a crash.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from flywheel_stream.events import Finding, Interaction, Judged, Origin, Signal

Judge = Callable[[Sequence[Finding], Sequence[Signal]], tuple[float, float]]
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
    """What a call met: an earlier record of its id, its signals, and calls that wait for it."""

    earlier: Entry | None
    signals: list[Entry]
    joined: int
    awaited_by: list[str]


class SignalPut(NamedTuple):
    """A signal to be put into the room."""

    trace_id: str
    signal_id: str
    ts: float
    entry: Entry


class SignalMeeting(NamedTuple):
    """What a signal met: an earlier record of its id, its call, and all signals of that call."""

    earlier: Entry | None
    call: Entry | None
    signals: list[Entry]


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
        self._awaited: dict[str, list[str]] = {}

    async def put_calls(self, puts: Sequence[CallPut]) -> list[CallMeeting]:
        """Puts calls where absent and reads what they meet."""
        out = []
        for trace_id, entry in puts:
            earlier = self._calls.get(trace_id)
            self._calls.setdefault(trace_id, entry)
            signals = self._signals.get(trace_id, {})
            joined = sum(self._waiting.pop((trace_id, name), None) is not None for name in signals)
            awaited_by = list(self._awaited.get(trace_id, ()))
            out.append(CallMeeting(earlier, list(signals.values()), joined, awaited_by))
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
            out.append(SignalMeeting(earlier, call, list(signals.values())))
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


def origin_key(origin: Origin) -> str:
    """An origin as the waiting room compares it: without ``n``, which numbers what it causes."""
    return f"{origin.topic}/{origin.partition}/{origin.offset}"


def judged_revisions(
    interaction: Interaction,
    signals: Sequence[Signal],
    following: Mapping[str, Interaction],
    *,
    origin: Origin,
    why: Literal["signal", "check", "sample"],
    since: float,
    judge: Judge,
    until: float = float("inf"),
) -> list[Judged]:
    """The judged records of one call that a new signal, or the call itself, gives rise to.

    One record for each distinct ``ts`` of a signal, holding the signals up to it, so that a replay
    at any speed yields the same records. A signal out of order brings the later ones again, which
    is what ``since`` says.

    Args:
        interaction: the call.
        signals: all its signals that are known, in any order.
        following: calls that a signal's ``next_trace_id`` names, as far as known.
        origin: of the record that caused this; ``n`` counts up from it.
        why: what brought the call before the learner.
        since: records for signals before this time are not made again.
        judge: checks and signals to (satisfied, uncertainty).
        until: records for signals from this time on are another record's to make.

    Returns:
        Records in order of their ``ts``; without signals, one.
    """
    ordered = sorted(signals, key=lambda signal: (signal.at, signal.id))
    times = sorted({signal.at for signal in ordered}) or [interaction.at]
    out: dict[float, Judged] = {}
    for time in times:
        if ordered and not since <= time < until:
            continue
        known = [signal for signal in ordered if signal.at <= time]
        successor = next(
            (following[s.next_trace_id] for s in reversed(known) if s.next_trace_id in following),
            None,
        )
        ts = max(time, interaction.at, successor.at if successor else time)
        satisfied, uncertainty = judge(interaction.checks, known)
        out[ts] = Judged(
            origin=origin,
            trace_id=interaction.trace_id,
            ts=ts,
            app=interaction.app,
            revision=len(known),
            why=why,
            interaction=interaction,
            signals=known,
            next=successor,
            satisfied=satisfied,
            uncertainty=uncertainty,
        )
    return [out[ts] for ts in sorted(out)]


def numbered(records: Sequence[Judged], origin: Origin, start: int) -> list[Judged]:
    """Numbers what one input record caused, from ``start``."""
    for n, record in enumerate(records, start):
        record.origin = Origin(origin.topic, origin.partition, origin.offset, n)
    return list(records)
