"""Raw records decoded, checked and scrubbed; what cannot be is a dead letter.

Nothing raw leaves this step: what it gives is scrubbed, hashed, or a place in a topic.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from flywheel_stream import metrics
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.cleaning.ids import Ids
from flywheel_stream.cleaning.labels import Labeller, Labels
from flywheel_stream.errors import ScrubError
from flywheel_stream.events import (
    MAX_AHEAD,
    Call,
    Finding,
    InputDecoder,
    Message,
    Rejected,
    Signal,
    Stage,
)
from flywheel_stream.leaks import leaked
from flywheel_stream.replacing import Entity
from flywheel_stream.scrubbing import Scrubs, counts

EXCERPT = 200
"""Characters of a scrubbed dead letter that are kept."""

Slot = tuple[str, Message | Call | Signal, str]
"""A text, and the field that takes its scrubbed form."""

Record = TypeVar("Record", Call, Signal)


class Prepared(NamedTuple, Generic[Record]):
    """A decoded and checked record, with its labels and the keyed hash of its raw content."""

    raw: Raw
    record: Record
    content: str
    checks: list[Finding]
    labels: Labels | None


class Preparer:
    """Decodes, checks and scrubs records of any input topic.

    Args:
        scrubber: replaces personal data.
        secret: keys the hashes of raw content and of ids.
    """

    def __init__(self, scrubber: Scrubs, secret: bytes) -> None:
        self.scrubber = scrubber
        self.ids = Ids(scrubber, secret)
        self.labels = Labeller(scrubber)

    def prepare(
        self,
        raws: Sequence[Raw],
        decoder: InputDecoder[Record],
        cleaned: Cleaned,
        *,
        texts_of: Callable[[Record], list[Slot]],
        check: Callable[[Record], list[Finding]] | None = None,
        labels_of: Callable[[Record], Labels] | None = None,
    ) -> list[tuple[Prepared[Record], dict[str, int]]]:
        """Records with counts of what was scrubbed, by type; refused ones are dead letters.

        Args:
            raws: records of one topic, in order.
            decoder: that topic's.
            cleaned: takes the dead letters, and what is counted.
            texts_of: the texts to scrub, in place.
            check: what is wrong with a raw record.
            labels_of: its scrubbed labels.
        """
        records: list[Prepared[Record]] = []
        slots: list[list[Slot]] = []
        if raws:
            cleaned.tally[metrics.READ, (raws[0].source.topic,)] += len(raws)
        for raw in raws:
            record = self.decode(raw, decoder, cleaned)
            if record is None:
                continue
            try:
                labels = labels_of(record) if labels_of else None
                checks = (
                    [self.labels.finding(finding) for finding in check(record)] if check else []
                )
            except ScrubError:
                self.refuse_unscrubbed(raw, cleaned)
                continue
            content = self.ids.content(raw.value or b"")
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

    def decode(self, raw: Raw, decoder: InputDecoder[Record], cleaned: Cleaned) -> Record | None:
        """A record, or ``None`` and a dead letter: it does not decode, or is of the future."""
        record, unknown = decoder.decode(raw.value)
        if isinstance(record, Rejected):
            cleaned.refuse(raw.source, record, self._excerpt(raw.value))
            return None
        if unknown:
            cleaned.tally[metrics.UNKNOWN_FIELDS, (raw.source.topic,)] += unknown
        at = record.at
        if at > raw.timestamp + MAX_AHEAD:
            ahead = Rejected(Stage.CHECK, "ts_ahead", "ts")
            cleaned.refuse(raw.source, ahead, self._excerpt(raw.value))
            return None
        cleaned.latest = max(cleaned.latest, at)
        return record

    def refuse_unscrubbed(self, raw: Raw, cleaned: Cleaned) -> None:
        """Makes a dead letter, without an excerpt, of a record on which scrubbing failed."""
        cleaned.refuse(raw.source, Rejected(Stage.SCRUB, "scrub_failed"), "")

    def _scrub_slots(
        self, records: Sequence[Prepared[Any]], slots: Sequence[list[Slot]]
    ) -> list[dict[str, int]]:
        """Scrubs all texts of all records in one go, in place; returns counts by record."""
        texts, talks = [], []
        for (_, record, _, _, _), own in zip(records, slots, strict=True):
            talk = getattr(record, "session_id", "") or record.trace_id
            for slot in own:
                texts.append(slot[0])
                talks.append(talk)
        scrubbed = iter(self.scrubber.scrub(texts, talks))
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
        self, records: Sequence[Prepared[Record]], slots: Sequence[list[Slot]], cleaned: Cleaned
    ) -> list[tuple[Prepared[Record], dict[str, int]]]:
        """Finds the record on which scrubbing fails; it fails closed, the others go on."""
        out = []
        for record, record_slots in zip(records, slots, strict=True):
            try:
                out.append((record, self._scrub_slots([record], [record_slots])[0]))
            except ScrubError:
                self.refuse_unscrubbed(record.raw, cleaned)
        return out

    def _excerpt(self, value: bytes | None) -> str:
        """The beginning of a refused record, scrubbed as a whole; empty where that fails."""
        try:
            text = (value or b"")[: 64 * 1024].decode()
            return self.scrubber.scrub([text])[0].text[:EXCERPT]
        except (UnicodeDecodeError, ScrubError):
            return ""


def _leaks(answer: str, entities: Iterable[Entity], slots: Iterable[Slot]) -> list[Finding]:
    found = [(name, answer[start:end]) for name, start, end in entities]
    leak = leaked(found, [text for text, _, name in slots if name in {"content", "prompt"}])
    return [leak] if leak else []
