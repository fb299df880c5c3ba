"""Calls through ingest: scrubbed, told from their copies, joined with their signals, passed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec import UNSET, structs

from flywheel_stream import events, metrics
from flywheel_stream.checks import check_raw, check_scrubbed
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.cleaning.preparing import Prepared, Preparer, Slot
from flywheel_stream.cleaning.traffic import traffic
from flywheel_stream.dedup import Seen, Sighting, fingerprint
from flywheel_stream.events import (
    Call,
    Interaction,
    Judged,
    Learnable,
    Origin,
    Outcome,
    Output,
    Signal,
    Source,
    Stage,
    decode_interaction,
    decode_signal,
    encode,
)
from flywheel_stream.joining import (
    NOBODY,
    CallMeeting,
    CallPut,
    Entry,
    SignalMeeting,
    judged_revisions,
    near,
    numbered,
    signals_near,
)
from flywheel_stream.lineage import is_sampled, place_of, source_at
from flywheel_stream.rules import Rules
from flywheel_stream.signals import judge


@dataclass
class CallBatch:
    """Calls between two steps."""

    cleaned: Cleaned
    calls: list[Interaction] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)


class CallCleaner:
    """The steps of calls; what is between them is I/O.

    Args:
        preparer: decodes and scrubs.
        rules: checks of the configuration, run after our own.
        sample_rate: share of calls that the learner sees without a signal or a check.
        attributes: attributes that traffic is counted by.
        join_window: seconds that a signal may be apart from its call.
    """

    def __init__(
        self,
        preparer: Preparer,
        rules: Rules | None,
        sample_rate: float,
        attributes: Sequence[str],
        join_window: float,
    ) -> None:
        self._preparer = preparer
        self._ids, self._labels = preparer.ids, preparer.labels
        self._rules = rules or None
        self._sample_rate = sample_rate
        self._attributes = tuple(attributes)
        self._join_window = join_window

    def prepare(self, raws: Sequence[Raw], into: CallBatch | None = None) -> CallBatch:
        """Decodes, checks and scrubs; what is refused is a dead letter in ``cleaned``.

        Args:
            raws: records in order.
            into: what came before them in the same batch.
        """
        batch = into or CallBatch(Cleaned())
        for prepared, pii in self._preparer.prepare(
            raws,
            events.calls,
            batch.cleaned,
            texts_of=_texts,
            check=check_raw,
            labels_of=self._labels.of_call,
        ):
            batch.calls.append(self._interaction(prepared, pii))
            batch.contents.append(prepared.content)
            batch.sources.append(prepared.raw.source)
        return batch

    def _interaction(self, prepared: Prepared[Call], pii: dict[str, int]) -> Interaction:
        (source, _, _), call, _, checks, labels = prepared
        assert labels is not None  # noqa: S101 - every call has some
        app, model, variant, prompt_version, finish_reason, attributes, found, schema = labels
        for name, number in found.items():
            pii[name] = pii.get(name, 0) + number
        expect = call.expect
        if expect is not None and schema:
            expect = structs.replace(expect, schema=self._labels.schema(schema, pii))
        interaction = Interaction(
            trace_id=self._ids.plain(call.trace_id),
            ts=call.ts,
            app=app,
            model=model,
            variant=variant,
            prompt_version=prompt_version,
            user_id=call.user_id and self._ids.hashed("user", call.user_id),
            session_id=call.session_id and self._ids.hashed("session", call.session_id),
            messages=call.messages,
            prompt=call.prompt,
            response=call.response,
            expect=expect,
            error=call.error,
            finish_reason=finish_reason,
            latency_ms=call.latency_ms,
            tokens_in=call.tokens_in,
            tokens_out=call.tokens_out,
            cost_usd=call.cost_usd,
            attributes=attributes,
            pii=pii,
            checks=checks,
            fingerprint=fingerprint(app, model, variant, call.turns(), call.response),
            seen=1,
            origin=Origin(source.topic, source.partition, source.offset),
        )
        more = check_scrubbed(interaction)
        if self._rules is not None:
            more += self._rules.check(interaction)
        if more:
            interaction.checks = [*checks, *more]
        return interaction

    def admit(self, batch: CallBatch, seen: Sequence[Seen]) -> list[CallPut]:
        """Marks duplicates, those of a copy in the same batch too; returns what to put."""
        first_here: dict[str, str] = {}
        copies: dict[str, int] = {}
        traces: set[str] = set()
        puts = []
        for call, known, content in zip(batch.calls, seen, batch.contents, strict=True):
            mark = call.fingerprint
            if not known.asked:
                call.dedup = "skipped"
            if known.hit and known.first != call.trace_id:
                call.duplicate_of = known.first
                copies.setdefault(mark, max(1, known.copies))
            elif mark in first_here and first_here[mark] != call.trace_id:
                call.duplicate_of = first_here[mark]
            elif call.trace_id not in traces:
                first_here[mark] = call.trace_id
            traces.add(call.trace_id)
            call.seen = copies[mark] = copies.get(mark, 0) + 1
            payload = encode(call)
            batch.payloads.append(payload)
            entry = Entry(place_of(call.origin), content, payload)
            puts.append(CallPut(call.trace_id, entry))
        return puts

    def finish(
        self,
        batch: CallBatch,
        meetings: Sequence[CallMeeting],
        waiting: Mapping[str, SignalMeeting],
        following: Mapping[str, Interaction],
    ) -> Cleaned:
        """Says what each call became, and writes the records that follow from it.

        Args:
            batch: from ``prepare``, after ``admit``.
            meetings: what the room answered, one for each call.
            waiting: calls that named one of these as their successor, with their signals.
            following: calls that a signal among all of these names, as far as known.
        """
        cleaned = batch.cleaned
        learn: list[Learnable] = []
        passed: list[tuple[Interaction, int]] = []
        for index, (call, meeting) in enumerate(zip(batch.calls, meetings, strict=True)):
            source = batch.sources[index]
            payload = batch.payloads[index]
            if meeting is NOBODY and not call.checks and not self._sampled(call.trace_id):
                _pass_call(call, payload, cleaned)  # nine of ten calls
                passed.append((call, source.offset))
                continue
            earlier = meeting.earlier
            if earlier is not None and earlier.origin != place_of(call.origin):
                same = earlier.content == batch.contents[index]
                outcome = Outcome.REPEATED if same else Outcome.CONFLICT
                cleaned.reject(source, call.trace_id, Stage.DEDUP, outcome)
                continue
            if earlier is not None:  # itself, read again: it stays what it was
                payload = earlier.payload
                call = decode_interaction(payload)  # noqa: PLW2901 - the one that stands
            _pass_call(call, payload, cleaned)
            passed.append((call, source.offset))
            learn.extend(self._learn_from_call(call, meeting, waiting, following, cleaned))
        if passed:
            _count_passed(passed, cleaned)
        cleaned.learn(learn)
        cleaned.learn(traffic(passed, self._attributes))
        return cleaned

    def _learn_from_call(
        self,
        call: Interaction,
        meeting: CallMeeting,
        waiting: Mapping[str, SignalMeeting],
        following: Mapping[str, Interaction],
        cleaned: Cleaned,
    ) -> list[Judged]:
        signals = self._signals_met(call, meeting, cleaned)
        out: list[Judged] = []
        alone: Literal["check", "sample"] | None = None
        if call.checks:
            alone = "check"
        elif self._sampled(call.trace_id):
            alone = "sample"
        if signals or alone:
            out += judged_revisions(
                call, signals, following, origin=call.origin, judge=judge, alone=alone
            )
        for name in meeting.awaited_by:
            if name in waiting and name != call.trace_id:
                out += self._revise(waiting[name], following, call)
        return numbered(out, call.origin, 0)

    def _signals_met(
        self, call: Interaction, meeting: CallMeeting, cleaned: Cleaned
    ) -> list[Signal]:
        """The signals that are near enough; what becomes of those that waited is said here."""
        found: list[Signal] = []
        for entry in meeting.signals:
            signal = decode_signal(entry.payload)
            inside = near(signal, call, self._join_window)
            if inside:
                found.append(signal)
            if signal.id in meeting.waited:
                cleaned.tally[metrics.WAITING, ()] -= 1
                source = source_at(entry.origin)
                if inside:
                    cleaned.tally[metrics.OUTCOMES, (source.topic, Outcome.JOINED)] += 1
                else:
                    cleaned.reject(source, call.trace_id, Stage.JOIN, Outcome.ORPHAN)
        return found

    def _revise(
        self,
        meeting: SignalMeeting,
        following: Mapping[str, Interaction],
        successor: Interaction,
    ) -> list[Judged]:
        """A call whose successor has just come is judged anew, from when both could be known."""
        if meeting.call is None:
            return []
        call = decode_interaction(meeting.call.payload)
        signals = signals_near(meeting.signals, call, self._join_window)
        naming = [s.at for s in signals if s.next_trace_id == successor.trace_id]
        if not naming:
            return []
        return judged_revisions(
            call,
            signals,
            {**following, successor.trace_id: successor},
            origin=successor.origin,
            judge=judge,
            since=max(min(naming), successor.at),
        )

    def _sampled(self, trace_id: str) -> bool:
        return is_sampled(trace_id, self._sample_rate)


def _count_passed(passed: Sequence[tuple[Interaction, int]], cleaned: Cleaned) -> None:
    topic = passed[0][0].origin.topic
    again = sum(call.duplicate_of is not UNSET for call, _ in passed)
    for outcome, number in ((Outcome.DUPLICATE, again), (Outcome.FRESH, len(passed) - again)):
        if number:
            cleaned.tally[metrics.OUTCOMES, (topic, outcome)] += number


def _pass_call(call: Interaction, payload: bytes, cleaned: Cleaned) -> None:
    trace_id, known = call.trace_id, call.duplicate_of
    cleaned.outputs.append(Output("interactions", trace_id, payload, trace_id))
    first = known if isinstance(known, str) else trace_id
    cleaned.sightings.append(Sighting(call.fingerprint, call.at, first, call.seen))


_ROLES = frozenset({"system", "user", "assistant", "tool", "developer", "function"})


def _texts(call: Call) -> list[Slot]:
    slots: list[Slot] = [(message.content, message, "content") for message in call.messages]
    if call.prompt:
        slots.append((call.prompt, call, "prompt"))
    if call.response:
        slots.append((call.response, call, "response"))
    if call.error:
        slots.append((call.error, call, "error"))
    slots += [(m.role, m, "role") for m in call.messages if m.role not in _ROLES]
    return slots
