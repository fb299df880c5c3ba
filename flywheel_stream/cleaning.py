"""Ingest's half of the order: what happens to a batch of raw records, as pure steps.

The agent does the I/O *between* these steps. For calls:

    prepare_calls → window.seen → admit → room.put_calls → (resolve, await_next) → finish_calls

and for signals the same with ``prepare_signals``, ``room.put_signals`` and ``finish_signals``.
Nothing raw leaves ``prepare_*``: what they return is scrubbed, hashed, or a place in a topic.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

import orjson
from msgspec import UNSET, structs

from flywheel_stream import events, metrics
from flywheel_stream.checks import check_raw, check_scrubbed
from flywheel_stream.dedup import Seen, Sighting, fingerprint
from flywheel_stream.errors import ScrubError
from flywheel_stream.events import (
    MAX_AHEAD,
    Call,
    DeadLetter,
    Decided,
    Decision,
    Deployed,
    Deployment,
    Finding,
    InputDecoder,
    Interaction,
    Judged,
    Learnable,
    Message,
    Origin,
    Outcome,
    Output,
    Rejected,
    Rejection,
    Scalar,
    Signal,
    Source,
    Stage,
    Tally,
    Traffic,
    TrafficCount,
    decode_interaction,
    decode_signal,
    differences,
    encode,
)
from flywheel_stream.joining import (
    NOBODY,
    CallMeeting,
    CallPut,
    Entry,
    SignalMeeting,
    SignalPut,
    Waiting,
    judged_revisions,
    numbered,
    origin_key,
)
from flywheel_stream.leaks import leaked
from flywheel_stream.lineage import is_sampled
from flywheel_stream.replacing import Entity
from flywheel_stream.rules import Rules
from flywheel_stream.scrubbing import Scrubbed, counts
from flywheel_stream.signals import judge

EXCERPT = 200
"""Characters of a scrubbed dead letter that are kept."""

LONG_NUMBER = 10_000_000
"""Shorter numbers in attributes are amounts and ages; longer ones are scrubbed as their text."""

LABELS = 10_000
"""Scrubbed labels that are remembered: models, arms, locales and the like come again and again."""


class Raw(NamedTuple):
    """An input record as the broker has it; ``timestamp`` in seconds, by the broker's clock."""

    source: Source
    value: bytes | None
    timestamp: float


class Scrubs(Protocol):
    """What cleaning needs of a scrubber."""

    version: str

    def scrub(
        self, texts: Sequence[str], conversations: Sequence[str] | None = None
    ) -> list[Scrubbed]:
        """Scrubs a batch of texts, each of its conversation."""

    def hash_id(self, kind: str, value: str) -> str:
        """A keyed hash of an id."""


@dataclass
class Cleaned:
    """What a batch became."""

    outputs: list[Output] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    tally: Tally = field(default_factory=Counter)
    latest: float = 0.0


_PLAIN_ID = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,64}|[a-z][a-z0-9]{0,11}(?:[-_][a-z0-9]{1,8}){0,2}"
)
"""UUIDs, hexadecimal ids and short names with a number: nothing in them is looked for."""
_IN_IDS = frozenset(
    {
        *("API_KEY", "CREDIT_CARD", "EMAIL", "IBAN", "IP", "JWT", "NINO", "PASSWORD", "PHONE"),
        *("PRIVATE_KEY", "URL_TOKEN", "US_SSN"),
    }
)
"""Personal data that a producer may take for an id; other finds in a token are chance."""


def _is_token(name: str) -> bool:
    return name.isascii() and "@" not in name and " " not in name


Record = TypeVar("Record", Call, Signal)


class Labels(NamedTuple):
    """The short texts of a call, scrubbed: they come again and again, and are scrubbed once."""

    app: str
    model: str
    variant: str
    prompt_version: str
    finish_reason: str
    attributes: dict[str, Scalar]
    pii: dict[str, int]
    schema: str = ""  # in canonical form, and not yet scrubbed


class Prepared(NamedTuple, Generic[Record]):
    """A decoded and checked record, with its labels and the keyed hash of its raw content."""

    raw: Raw
    record: Record
    content: str
    checks: list[Finding]
    labels: "Labels | None"


@dataclass
class CallBatch:
    """Calls between two steps."""

    cleaned: Cleaned
    calls: list[Interaction] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)


@dataclass
class SignalBatch:
    """Signals between two steps."""

    cleaned: Cleaned
    signals: list[Signal] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)


class Cleaner:
    """Turns batches of raw records into scrubbed outputs; holds no state but caches.

    Args:
        scrubber: replaces personal data.
        secret: keys the hashes of raw content that the waiting room compares.
        sample_rate: share of calls that the learner sees without a signal or a check.
        attributes: attributes that traffic is counted by.
        join_window: seconds that a signal may be apart from its call.
        rules: checks of the configuration, run after our own.
    """

    def __init__(
        self,
        scrubber: Scrubs,
        *,
        secret: bytes,
        sample_rate: float = 0.01,
        attributes: Sequence[str] = (),
        join_window: float = 86_400.0,
        rules: Rules | None = None,
    ) -> None:
        self._scrubber = scrubber
        self._rules = rules or None
        self._secret = secret[:64]
        self._sample_rate = sample_rate
        self._attributes = tuple(attributes)
        self._join_window = join_window
        self._labels: dict[tuple[str, str, str, str, str, bytes], Labels] = {}
        self._known: dict[str, Scrubbed] = {}
        self._schemas: dict[str, dict[str, Any]] = {}

    # ------------------------------------------------------------ decode, check, scrub

    def prepare_calls(self, raws: Sequence[Raw], into: CallBatch | None = None) -> CallBatch:
        """Decodes, checks and scrubs; what is refused is a dead letter in ``cleaned``.

        Args:
            raws: records in order.
            into: what came before them in the same batch.
        """
        batch = into or CallBatch(Cleaned())
        for prepared, pii in self._prepare(
            raws,
            events.calls,
            batch.cleaned,
            check=check_raw,
            texts_of=_call_texts,
            labels_of=self._labels_of,
        ):
            batch.calls.append(self._interaction(prepared, pii))
            batch.contents.append(prepared.content)
            batch.sources.append(prepared.raw.source)
        return batch

    def prepare_signals(self, raws: Sequence[Raw], into: SignalBatch | None = None) -> SignalBatch:
        """Decodes and scrubs, as ``prepare_calls`` does."""
        batch = into or SignalBatch(Cleaned())
        for (raw, signal, content, _, _), _ in self._prepare(
            raws,
            events.signals,
            batch.cleaned,
            check=_no_checks,
            texts_of=_signal_texts,
            labels_of=_no_labels,
        ):
            signal.trace_id = self._plain_id(signal.trace_id)
            signal.next_trace_id = signal.next_trace_id and self._plain_id(signal.next_trace_id)
            signal.user_id = signal.user_id and self._scrubber.hash_id("user", signal.user_id)
            signal.id = self._plain_id(signal.id) if signal.id else f"h_{content}"
            batch.signals.append(signal)
            batch.contents.append(content)
            batch.sources.append(raw.source)
        return batch

    def _prepare(
        self,
        raws: Sequence[Raw],
        decoder: InputDecoder[Record],
        cleaned: Cleaned,
        *,
        check: Callable[[Record], list[Finding]],
        texts_of: Callable[[Record], "list[Slot]"],
        labels_of: Callable[[Record], Labels | None],
    ) -> "list[tuple[Prepared[Record], dict[str, int]]]":
        """Records with counts of what was scrubbed, by type; refused ones are dead letters."""
        records: list[Prepared[Record]] = []
        slots: list[list[Slot]] = []
        if raws:
            cleaned.tally[metrics.READ, (raws[0].source.topic,)] += len(raws)
        for raw in raws:
            record = self._decode(raw, decoder, cleaned)
            if record is None:
                continue
            try:
                labels = labels_of(record)
                checks = [self._without_names(finding) for finding in check(record)]
            except ScrubError:
                self._scrub_failed(raw, cleaned)
                continue
            content = self._content(raw.value or b"")
            records.append(Prepared(raw, record, content, checks, labels))
            slots.append(texts_of(record))
        try:
            scrubbed = list(zip(records, self._scrub_slots(records, slots), strict=True))
        except ScrubError:
            scrubbed = self._scrub_one_by_one(records, slots, cleaned)
        for _, pii in scrubbed:
            for name, number in pii.items():
                cleaned.tally[metrics.PII, (name,)] += number
        return scrubbed

    def _decode(self, raw: Raw, decoder: InputDecoder[Record], cleaned: Cleaned) -> Record | None:
        record, unknown = decoder.decode(raw.value)
        if isinstance(record, Rejected):
            self._dead_letter(raw, record, cleaned)
            return None
        if unknown:
            cleaned.tally[metrics.UNKNOWN_FIELDS, (raw.source.topic,)] += unknown
        at = record.at
        if at > raw.timestamp + MAX_AHEAD:
            self._dead_letter(raw, Rejected(Stage.CHECK, "ts_ahead", "ts"), cleaned)
            return None
        cleaned.latest = max(cleaned.latest, at)
        return record

    def _scrub_slots(
        self, records: Sequence[Prepared[Any]], slots: Sequence["list[Slot]"]
    ) -> list[dict[str, int]]:
        """Scrubs all texts of all records in one go, in place; returns counts by record."""
        texts, talks = [], []
        for (_, record, _, _, _), own in zip(records, slots, strict=True):
            talk = getattr(record, "session_id", "") or record.trace_id
            for slot in own:
                texts.append(slot[0])
                talks.append(talk)
        scrubbed = iter(self._scrubber.scrub(texts, talks))
        out = []
        for prepared, own in zip(records, slots, strict=True):
            found = []
            for raw, target, name in own:
                text, entities = next(scrubbed)
                if entities:
                    setattr(target, name, text)
                    found.append(entities)
                    if name == "response":
                        prepared.checks.extend(_leaks(raw, entities, own))
            out.append(counts(found) if found else {})
        return out

    def _scrub_one_by_one(
        self, records: Sequence[Prepared[Record]], slots: Sequence["list[Slot]"], cleaned: Cleaned
    ) -> "list[tuple[Prepared[Record], dict[str, int]]]":
        """Finds the record on which scrubbing fails; it fails closed, the others go on."""
        out = []
        for record, record_slots in zip(records, slots, strict=True):
            try:
                out.append((record, self._scrub_slots([record], [record_slots])[0]))
            except ScrubError:
                self._scrub_failed(record.raw, cleaned)
        return out

    def _scrub_failed(self, raw: Raw, cleaned: Cleaned) -> None:
        rejected = Rejected(Stage.SCRUB, "scrub_failed")
        self._dead_letter(raw, rejected, cleaned, excerpt=False)

    def _interaction(self, prepared: Prepared[Call], pii: dict[str, int]) -> Interaction:
        (source, _, _), call, _, checks, labels = prepared
        assert labels is not None  # noqa: S101 - every call has some
        app, model, variant, prompt_version, finish_reason, attributes, found, schema = labels
        for name, number in found.items():
            pii[name] = pii.get(name, 0) + number
        expect = call.expect
        if expect is not None and schema:
            expect = structs.replace(expect, schema=self._schema(schema, pii))
        interaction = Interaction(
            trace_id=self._plain_id(call.trace_id),
            ts=call.ts,
            app=app,
            model=model,
            variant=variant,
            prompt_version=prompt_version,
            user_id=call.user_id and self._scrubber.hash_id("user", call.user_id),
            session_id=call.session_id and self._scrubber.hash_id("session", call.session_id),
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

    def _labels_of(self, call: Call) -> Labels:
        key = (
            call.app,
            call.model,
            call.variant,
            call.prompt_version,
            call.finish_reason,
            encode(call.attributes),  # 1, 1.0 and True are equal, and not the same
        )
        known = self._labels.get(key)
        if known is None:
            if len(self._labels) >= LABELS:
                self._labels.clear()
            known = self._labels[key] = self._scrubbed_labels(call)
        if call.expect is not None and call.expect.schema is not None:
            schema = _canonical(call.expect.schema)
            self._label(schema)  # what fails fails here, before anything of the call is passed on
            return known._replace(schema=schema)
        return known

    def _schema(self, canonical: str, pii: dict[str, int]) -> dict[str, Any]:
        """The scrubbed form of a schema; nobody changes it, so that calls may share it."""
        scrubbed = self._label(canonical, pii)
        known = self._schemas.get(scrubbed)
        if known is None:
            if len(self._schemas) >= LABELS:
                self._schemas.clear()
            known = self._schemas[scrubbed] = orjson.loads(scrubbed)
        return known

    def _scrubbed_labels(self, call: Call) -> Labels:
        pii: dict[str, int] = {}
        names = (call.app, call.model, call.variant, call.prompt_version, call.finish_reason)
        app, model, variant, prompt_version, finish_reason = (self._label(x, pii) for x in names)
        attributes = {
            self._label(name, pii): self._scalar(value, pii)
            for name, value in call.attributes.items()
        }
        return Labels(app, model, variant, prompt_version, finish_reason, attributes, pii)

    def _scalar(self, value: Scalar, pii: dict[str, int]) -> Scalar:
        """The scrubbed form of an attribute: a number may be that of a card."""
        if isinstance(value, str):
            return self._label(value, pii)
        if abs(value) < LONG_NUMBER:
            return value
        whole = int(value) if value == value // 1 else value
        text = str(whole)
        scrubbed = self._label(text, pii)
        return value if scrubbed == text else scrubbed

    def _without_names(self, finding: Finding) -> Finding:
        """What a check of raw text found: names in a schema are its author's, and may be anything."""
        evidence = self._label(finding.evidence)
        return (
            finding if evidence == finding.evidence else structs.replace(finding, evidence=evidence)
        )

    def _label(self, text: str, pii: dict[str, int] | None = None) -> str:
        """The scrubbed form of a short text that comes again and again."""
        if not text:
            return text
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= LABELS:
                self._known.clear()
            known = self._known[text] = self._scrubber.scrub([text])[0]
        if known.entities and pii is not None:
            for name, number in counts([known.entities]).items():
                pii[name] = pii.get(name, 0) + number
        return known.text

    def _plain_id(self, name: str) -> str:
        """An id as it is, unless it is no token or holds personal data: then its keyed hash."""
        if _PLAIN_ID.fullmatch(name) or (_is_token(name) and not self._is_personal(name)):
            return name
        return "t_" + self._content(name.encode("utf-8", "surrogatepass"))

    def _is_personal(self, name: str) -> bool:
        if name.isdigit():
            return False  # one serial number in ten passes for a card's
        try:
            (scrubbed,) = self._scrubber.scrub([name])
        except ScrubError:
            return True
        return any(entity.type in _IN_IDS for entity in scrubbed.entities)

    def _content(self, raw: bytes) -> str:
        return blake2b(raw, digest_size=16, key=self._secret).hexdigest()

    def _dead_letter(
        self, raw: Raw, rejected: Rejected, cleaned: Cleaned, *, excerpt: bool = True
    ) -> None:
        name = raw.source.topic
        letter = DeadLetter(
            source=raw.source,
            stage=rejected.stage,
            reason=rejected.reason,
            field=rejected.field,
            excerpt=self._excerpt(raw.value) if excerpt else "",
        )
        where = f"{name}/{raw.source.partition}/{raw.source.offset}"
        cleaned.outputs.append(Output("dead_letters", where, encode(letter), where))
        cleaned.tally[metrics.OUTCOMES, (name, Outcome.DEAD_LETTER)] += 1
        cleaned.tally[metrics.DEAD_LETTERS, (name, rejected.reason)] += 1

    def _excerpt(self, value: bytes | None) -> str:
        """The beginning of a refused record, scrubbed as a whole; empty where that fails."""
        try:
            text = (value or b"")[: 64 * 1024].decode()
            return self._scrubber.scrub([text])[0].text[:EXCERPT]
        except (UnicodeDecodeError, ScrubError):
            return ""

    # ------------------------------------------------------------ calls

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
            entry = Entry(origin_key(call.origin), content, payload)
            puts.append(CallPut(call.trace_id, entry))
        return puts

    def finish_calls(
        self,
        batch: CallBatch,
        meetings: Sequence[CallMeeting],
        waiting: Mapping[str, SignalMeeting],
        following: Mapping[str, Interaction],
    ) -> Cleaned:
        """Says what each call became, and writes the records that follow from it.

        Args:
            batch: from ``prepare_calls``, after ``admit``.
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
                self._pass_call(call, payload, cleaned)  # nine of ten calls
                passed.append((call, source.offset))
                continue
            earlier = meeting.earlier
            if earlier is not None and earlier.origin != origin_key(call.origin):
                same = earlier.content == batch.contents[index]
                outcome = Outcome.REPEATED if same else Outcome.CONFLICT
                self._reject(source, call.trace_id, Stage.DEDUP, outcome, cleaned)
                continue
            if earlier is not None:  # itself, read again: it stays what it was
                payload = earlier.payload
                call = decode_interaction(payload)  # noqa: PLW2901 - the one that stands
            self._pass_call(call, payload, cleaned)
            passed.append((call, source.offset))
            learn.extend(self._learn_from_call(call, meeting, waiting, following, cleaned))
        if passed:
            self._count_passed(passed, cleaned)
        cleaned.outputs.extend(_learn_output(record) for record in learn)
        cleaned.outputs.extend(_learn_output(record) for record in self._traffic(passed))
        return cleaned

    def _count_passed(self, passed: Sequence[tuple[Interaction, int]], cleaned: Cleaned) -> None:
        topic = passed[0][0].origin.topic
        again = sum(call.duplicate_of is not UNSET for call, _ in passed)
        for outcome, number in ((Outcome.DUPLICATE, again), (Outcome.FRESH, len(passed) - again)):
            if number:
                cleaned.tally[metrics.OUTCOMES, (topic, outcome)] += number

    def _pass_call(self, call: Interaction, payload: bytes, cleaned: Cleaned) -> None:
        trace_id, known = call.trace_id, call.duplicate_of
        cleaned.outputs.append(Output("interactions", trace_id, payload, trace_id))
        first = known if isinstance(known, str) else trace_id
        cleaned.sightings.append(Sighting(call.fingerprint, call.at, first, call.seen))

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
        near: list[Signal] = []
        for entry in meeting.signals:
            signal = decode_signal(entry.payload)
            inside = abs(signal.at - call.at) <= self._join_window
            if inside:
                near.append(signal)
            if signal.id in meeting.waited:
                cleaned.tally[metrics.WAITING, ()] -= 1
                source = _source(entry.origin)
                if inside:
                    cleaned.tally[metrics.OUTCOMES, (source.topic, Outcome.JOINED)] += 1
                else:
                    self._reject(source, call.trace_id, Stage.JOIN, Outcome.ORPHAN, cleaned)
        return near

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
        signals = self._within(call, map(decode_signal, _payloads(meeting.signals)))
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

    def _within(self, call: Interaction, signals: Iterable[Signal]) -> list[Signal]:
        return [signal for signal in signals if abs(signal.at - call.at) <= self._join_window]

    def _sampled(self, trace_id: str) -> bool:
        return is_sampled(trace_id, self._sample_rate)

    def _traffic(self, passed: Sequence[tuple[Interaction, int]]) -> list[Traffic]:
        groups: dict[str, dict[tuple[Any, ...], list[tuple[int, bool]]]] = {}
        for call, offset in passed:
            chosen = self._chosen(call) if self._attributes else ()
            key = (int(call.at // 60), call.model, call.variant, call.prompt_version, chosen)
            groups.setdefault(call.app, {}).setdefault(key, []).append(
                (offset, call.duplicate_of is not UNSET)
            )
        if not passed:
            return []
        last = passed[-1][0].origin
        return [
            Traffic(
                origin=last,
                app=app,
                counts=[self._count(key, offsets) for key, offsets in counts.items()],
            )
            for app, counts in groups.items()
        ]

    def _chosen(self, call: Interaction) -> tuple[str, ...]:
        return tuple(str(call.attributes.get(name, "")) for name in self._attributes)

    def _count(self, key: tuple[Any, ...], offsets: list[tuple[int, bool]]) -> TrafficCount:
        minute, model, variant, prompt_version, chosen = key
        again = [offset for offset, duplicate in offsets if duplicate]
        return TrafficCount(
            minute=minute,
            model=model,
            variant=variant,
            prompt_version=prompt_version,
            attributes=dict(zip(self._attributes, chosen, strict=True)),
            calls=len(offsets),
            duplicates=len(again),
            offsets=differences(offset for offset, _ in offsets),
            duplicate_offsets=differences(again),
        )

    # ------------------------------------------------------------ signals

    def put_signals(self, batch: SignalBatch) -> list[SignalPut]:
        """What to put into the room."""
        return [
            SignalPut(
                signal.trace_id,
                signal.id,
                signal.at,
                Entry(_place(source), content, encode(signal)),
            )
            for signal, content, source in zip(
                batch.signals, batch.contents, batch.sources, strict=True
            )
        ]

    def finish_signals(
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
            if meeting.earlier is not None and meeting.earlier.origin != _place(source):
                self._reject(source, signal.trace_id, Stage.DEDUP, Outcome.REPEATED, cleaned)
                continue
            outcome = self._signal_outcome(signal, meeting)
            if outcome is Outcome.ORPHAN:
                if not meeting.waited:
                    self._reject(source, signal.trace_id, Stage.JOIN, outcome, cleaned)
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
        cleaned.outputs.extend(_learn_output(record) for record in records)
        return cleaned

    def _signal_outcome(self, signal: Signal, meeting: SignalMeeting) -> Outcome:
        if meeting.call is None:
            return Outcome.WAITING
        call = decode_interaction(meeting.call.payload)
        inside = abs(signal.at - call.at) <= self._join_window
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
        signals = self._within(call, map(decode_signal, _payloads(meeting.signals)))
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
            source = _source(entry.origin)
            self._reject(source, trace_id, Stage.JOIN, Outcome.ORPHAN, cleaned)
            cleaned.tally[metrics.WAITING, ()] -= 1
        return cleaned

    # ------------------------------------------------------------ deployments and decisions

    def prepare_deployments(
        self, raws: Sequence[Raw], into: "Sequence[Passing]" = ()
    ) -> "list[Passing]":
        """Decodes and scrubs deployments, as ``prepare_calls`` does calls."""
        return [*into] + [self._passing(raw, events.deployments, self._deployed) for raw in raws]

    def prepare_decisions(
        self, raws: Sequence[Raw], into: "Sequence[Passing]" = ()
    ) -> "list[Passing]":
        """Decodes and scrubs decisions, as ``prepare_calls`` does calls."""
        return [*into] + [self._passing(raw, events.decisions, self._decided) for raw in raws]

    def _passing(
        self,
        raw: Raw,
        decoder: InputDecoder[Any],
        passed_on: Callable[[Any, Origin], Deployed | Decided],
    ) -> "Passing":
        cleaned = Cleaned()
        cleaned.tally[metrics.READ, (raw.source.topic,)] += 1
        record = self._decode(raw, decoder, cleaned)
        if record is None:
            return Passing(raw.source, cleaned, None, "")
        origin = Origin(*structs.astuple(raw.source))
        try:
            learnable = passed_on(record, origin)
        except ScrubError:
            self._scrub_failed(raw, cleaned)
            return Passing(raw.source, cleaned, None, "")
        return Passing(raw.source, cleaned, learnable, self._content(raw.value or b""))

    def _deployed(self, record: Deployment, origin: Origin) -> Deployed:
        label = self._label
        scrubbed = structs.replace(
            record,
            app=label(record.app),
            version=label(record.version),
            variant=label(record.variant),
            note=self._scrubber.scrub([record.note])[0].text,
        )
        return Deployed(origin=origin, app=scrubbed.app, ts=record.at, deployment=scrubbed)

    def _decided(self, record: Decision, origin: Origin) -> Decided:
        texts = (record.by, record.choice, record.kind, record.hypothesis, record.why)
        by, choice, kind, hypothesis, why = (item.text for item in self._scrubber.scrub(texts))
        scrubbed = structs.replace(
            record, by=by, choice=choice, kind=kind, hypothesis=hypothesis, why=why
        )
        return Decided(origin=origin, app=record.app, ts=record.at, decision=scrubbed)

    def finish_passing(self, batch: "Sequence[Passing]", seen: Sequence[Seen]) -> Cleaned:
        """Passes deployments and decisions on once; a Bloom hit alone never drops one."""
        cleaned = Cleaned()
        here: dict[str, str] = {}
        known = iter(seen)
        for source, part, record, content in batch:
            cleaned.outputs.extend(part.outputs)
            cleaned.tally.update(part.tally)
            cleaned.latest = max(cleaned.latest, part.latest)
            if record is None:
                continue
            place = _place(source)
            first = next(known).first or here.setdefault(content, place)
            if first != place:
                self._reject(source, first, Stage.DEDUP, Outcome.REPEATED, cleaned)
                continue
            cleaned.tally[metrics.OUTCOMES, (source.topic, Outcome.ACCEPTED)] += 1
            cleaned.outputs.append(_learn_output(record))
            cleaned.sightings.append(Sighting(content, record.ts, place, 1))
        return cleaned

    def _reject(
        self, source: Source, trace_id: str, stage: Stage, outcome: Outcome, cleaned: Cleaned
    ) -> None:
        record = Rejection(source=source, stage=stage, reason=outcome, trace_id=trace_id)
        cleaned.outputs.append(Output("rejected", trace_id, encode(record), trace_id))
        cleaned.tally[metrics.OUTCOMES, (source.topic, outcome)] += 1
        cleaned.tally[metrics.REJECTED, (stage, outcome)] += 1


class Passing(NamedTuple):
    """A deployment or decision between two steps."""

    source: Source
    cleaned: Cleaned
    record: Deployed | Decided | None
    content: str


Slot = tuple[str, Message | Call | Signal, str]
"""A text, and the field that takes its scrubbed form."""


def _canonical(schema: dict[str, Any]) -> str:
    return orjson.dumps(schema, option=orjson.OPT_SORT_KEYS).decode()


_ROLES = frozenset({"system", "user", "assistant", "tool", "developer", "function"})


def _call_texts(call: Call) -> list[Slot]:
    slots: list[Slot] = [(message.content, message, "content") for message in call.messages]
    if call.prompt:
        slots.append((call.prompt, call, "prompt"))
    if call.response:
        slots.append((call.response, call, "response"))
    if call.error:
        slots.append((call.error, call, "error"))
    slots += [(m.role, m, "role") for m in call.messages if m.role not in _ROLES]
    return slots


def _leaks(answer: str, entities: Iterable[Entity], slots: "Iterable[Slot]") -> list[Finding]:
    found = [(name, answer[start:end]) for name, start, end in entities]
    leak = leaked(found, [text for text, _, name in slots if name in {"content", "prompt"}])
    return [leak] if leak else []


def _signal_texts(signal: Signal) -> list[Slot]:
    return [
        (text, signal, name)
        for name in ("comment", "correction")
        if (text := getattr(signal, name))
    ]


def _no_checks(signal: Signal) -> list[Finding]:
    return []


def _no_labels(signal: Signal) -> None:
    """A signal has none."""


def _payloads(entries: Iterable[Entry]) -> Iterable[bytes]:
    return (entry.payload for entry in entries)


def _place(source: Source) -> str:
    return f"{source.topic}/{source.partition}/{source.offset}"


def _source(place: str) -> Source:
    topic, partition, offset = place.rsplit("/", 2)
    return Source(topic, int(partition), int(offset))


def _learn_output(record: Learnable) -> Output:
    app = "" if isinstance(record, events.Clock) else record.app
    return Output("learn", app, encode(record), app)


def successors(meetings: Iterable[CallMeeting | SignalMeeting]) -> list[tuple[str, str]]:
    """The (next, trace) pairs that the signals of these meetings name."""
    pairs: dict[tuple[str, str], None] = {}
    for meeting in meetings:
        for entry in meeting.signals:
            if b'"next_trace_id"' in entry.payload:
                signal = decode_signal(entry.payload)
                pairs[signal.next_trace_id, signal.trace_id] = None
    return list(pairs)
