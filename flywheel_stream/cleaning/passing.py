"""Deployments and decisions through ingest: scrubbed, and passed on to the learner once."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec import structs

from flywheel_stream import events, metrics
from flywheel_stream.cleaning.cleaned import Cleaned, Raw
from flywheel_stream.cleaning.preparing import Preparer
from flywheel_stream.dedup import Seen, Sighting
from flywheel_stream.errors import ScrubError
from flywheel_stream.events import (
    Decided,
    Decision,
    Deployed,
    Deployment,
    InputDecoder,
    Origin,
    Outcome,
    Source,
    Stage,
)
from flywheel_stream.lineage import place_of


class Passing(NamedTuple):
    """A deployment or decision between two steps."""

    source: Source
    cleaned: Cleaned
    record: Deployed | Decided | None
    content: str


class PassingCleaner:
    """The steps of deployments and decisions; what is between them is I/O.

    Args:
        preparer: decodes and scrubs.
    """

    def __init__(self, preparer: Preparer) -> None:
        self._preparer = preparer

    def prepare_deployments(
        self, raws: Sequence[Raw], into: Sequence[Passing] = ()
    ) -> list[Passing]:
        """Decodes and scrubs deployments, each by itself; refused ones are dead letters."""
        return [*into, *(self._passing(raw, events.deployments, self._deployed) for raw in raws)]

    def prepare_decisions(self, raws: Sequence[Raw], into: Sequence[Passing] = ()) -> list[Passing]:
        """Decodes and scrubs decisions, each by itself; refused ones are dead letters."""
        return [*into, *(self._passing(raw, events.decisions, self._decided) for raw in raws)]

    def _passing(
        self,
        raw: Raw,
        decoder: InputDecoder[Any],
        passed_on: Callable[[Any, Origin], Deployed | Decided],
    ) -> Passing:
        cleaned, preparer = Cleaned(), self._preparer
        cleaned.tally[metrics.READ, (raw.source.topic,)] += 1
        record = preparer.decode(raw, decoder, cleaned)
        if record is None:
            return Passing(raw.source, cleaned, None, "")
        origin = Origin(*structs.astuple(raw.source))
        try:
            learnable = passed_on(record, origin)
        except ScrubError:
            preparer.refuse_unscrubbed(raw, cleaned)
            return Passing(raw.source, cleaned, None, "")
        return Passing(raw.source, cleaned, learnable, preparer.ids.content(raw.value or b""))

    def _deployed(self, record: Deployment, origin: Origin) -> Deployed:
        label = self._preparer.labels.text
        scrubbed = structs.replace(
            record,
            app=label(record.app),
            version=label(record.version),
            variant=label(record.variant),
            note=self._preparer.scrubber.scrub([record.note])[0].text,
        )
        return Deployed(origin=origin, app=scrubbed.app, ts=record.at, deployment=scrubbed)

    def _decided(self, record: Decision, origin: Origin) -> Decided:
        texts = (record.by, record.choice, record.kind, record.hypothesis, record.why)
        by, choice, kind, hypothesis, why = (
            item.text for item in self._preparer.scrubber.scrub(texts)
        )
        scrubbed = structs.replace(
            record, by=by, choice=choice, kind=kind, hypothesis=hypothesis, why=why
        )
        return Decided(origin=origin, app=record.app, ts=record.at, decision=scrubbed)

    def finish(self, batch: Sequence[Passing], seen: Sequence[Seen]) -> Cleaned:
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
            place = place_of(source)
            first = next(known).first or here.setdefault(content, place)
            if first != place:
                cleaned.reject(source, first, Stage.DEDUP, Outcome.REPEATED)
                continue
            cleaned.tally[metrics.OUTCOMES, (source.topic, Outcome.ACCEPTED)] += 1
            cleaned.learn([record])
            cleaned.sightings.append(Sighting(content, record.ts, place, 1))
        return cleaned
