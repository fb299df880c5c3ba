"""Signals through ingest: scrubbed, joined with their calls, judged; or waiting, or given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flywheel_stream import events, metrics
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.cleaning.preparing import Preparer, Slot
from flywheel_stream.events import (
    Interaction,
    Judged,
    Origin,
    Outcome,
    Signal,
    Source,
    Stage,
    decode_interaction,
    encode,
)
from flywheel_stream.joining import (
    Entry,
    SignalMeeting,
    SignalPut,
    Waiting,
    judged_revisions,
    near,
    numbered,
    signals_near,
)
from flywheel_stream.lineage import place_of, source_at
from flywheel_stream.signals import judge


@dataclass
class SignalBatch:
    """Signals between two steps."""

    cleaned: Cleaned
    signals: list[Signal] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


class SignalCleaner:
    """The steps of signals; what is between them is I/O.

    Args:
        preparer: decodes and scrubs.
        join_window: seconds that a signal may be apart from its call.
    """

    def __init__(self, preparer: Preparer, join_window: float) -> None:
        self._preparer = preparer
        self._ids = preparer.ids
        self._join_window = join_window

    def prepare(self, raws: Sequence[Raw], into: SignalBatch | None = None) -> SignalBatch:
        """Decodes and scrubs; what is refused is a dead letter in ``cleaned``.

        Args:
            raws: records in order.
            into: what came before them in the same batch.
        """
        batch, ids = into or SignalBatch(Cleaned()), self._ids
        for (raw, signal, content, _, _), _ in self._preparer.prepare(
            raws, events.signals, batch.cleaned, texts_of=_texts
        ):
            signal.trace_id = ids.plain(signal.trace_id)
            signal.next_trace_id = signal.next_trace_id and ids.plain(signal.next_trace_id)
            signal.user_id = signal.user_id and ids.hashed("user", signal.user_id)
            signal.id = ids.plain(signal.id) if signal.id else f"h_{content}"
            batch.signals.append(signal)
            batch.contents.append(content)
            batch.sources.append(raw.source)
        return batch

    def puts(self, batch: SignalBatch) -> list[SignalPut]:
        """What to put into the room."""
        return [
            SignalPut(
                signal.trace_id,
                signal.id,
                signal.at,
                Entry(place_of(source), content, encode(signal)),
            )
            for signal, content, source in zip(
                batch.signals, batch.contents, batch.sources, strict=True
            )
        ]

    def finish(
        self,
        batch: SignalBatch,
        meetings: Sequence[SignalMeeting],
        following: Mapping[str, Interaction],
    ) -> Cleaned:
        """Says what each signal became, and writes the judged records that follow from it."""
        cleaned = batch.cleaned
        joined: dict[str, list[tuple[Signal, Source, SignalMeeting]]] = {}
        for index, (signal, meeting) in enumerate(zip(batch.signals, meetings, strict=True)):
            source = batch.sources[index]
            if meeting.earlier is not None and meeting.earlier.origin != place_of(source):
                cleaned.reject(source, signal.trace_id, Stage.DEDUP, Outcome.REPEATED)
                continue
            outcome = self._signal_outcome(signal, meeting)
            if outcome is Outcome.ORPHAN:
                if not meeting.waited:
                    cleaned.reject(source, signal.trace_id, Stage.JOIN, outcome)
                continue
            if outcome is Outcome.WAITING:
                if meeting.earlier is None:  # else it was counted when it was first read
                    cleaned.tally[metrics.WAITING, ()] += 1
                continue
            if not meeting.waited:  # else its call says what became of it
                cleaned.tally[metrics.OUTCOMES, (source.topic, outcome)] += 1
            joined.setdefault(signal.trace_id, []).append((signal, source, meeting))
        records: list[Judged] = []
        for together in joined.values():
            records += self._learn_from_signals(together, following)
        records.sort(key=lambda record: (record.origin.offset, record.origin.n))
        cleaned.learn(records)
        return cleaned

    def _signal_outcome(self, signal: Signal, meeting: SignalMeeting) -> Outcome:
        if meeting.call is None:
            return Outcome.WAITING
        call = decode_interaction(meeting.call.payload)
        inside = near(signal, call, self._join_window)
        return Outcome.JOINED if inside else Outcome.ORPHAN

    def _learn_from_signals(
        self,
        together: Sequence[tuple[Signal, Source, SignalMeeting]],
        following: Mapping[str, Interaction],
    ) -> list[Judged]:
        """Judges one call anew for each signal of a batch, under that signal's own origin.

        Were they judged under one origin, a crash in the middle of sending could leave a mark
        behind that hides an earlier signal once batches are cut differently.
        """
        meeting = together[-1][2]  # the last one of a batch holds all signals
        assert meeting.call is not None  # noqa: S101 - only joined signals come here
        call = decode_interaction(meeting.call.payload)
        signals = signals_near(meeting.signals, call, self._join_window)
        out: list[Judged] = []
        until = float("inf")
        for signal, source, _ in reversed(together):
            origin = Origin(source.topic, source.partition, source.offset)
            records = judged_revisions(
                call,
                signals,
                following,
                origin=origin,
                judge=judge,
                since=signal.at,
                until=until,
            )
            out += numbered(records, origin, 0)
            until = min(until, signal.at)
        return out

    def orphans(self, waiting: Sequence[Waiting]) -> Cleaned:
        """Gives up waiting for the calls of these signals."""
        cleaned = Cleaned()
        for trace_id, _, entry in waiting:
            source = source_at(entry.origin)
            cleaned.reject(source, trace_id, Stage.JOIN, Outcome.ORPHAN)
            cleaned.tally[metrics.WAITING, ()] -= 1
        return cleaned


def _texts(signal: Signal) -> list[Slot]:
    return [
        (text, signal, name)
        for name in ("comment", "correction")
        if (text := getattr(signal, name))
    ]
