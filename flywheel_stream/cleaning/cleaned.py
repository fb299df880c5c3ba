"""What ingest reads and what a batch of it becomes: outputs, sightings, and what was counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from flywheel_stream import metrics
from flywheel_stream.dedup import Sighting
from flywheel_stream.events import (
    Clock,
    DeadLetter,
    Learnable,
    Outcome,
    Output,
    Rejected,
    Rejection,
    Source,
    Stage,
    Tally,
    encode,
)
from flywheel_stream.lineage import place_of


class Raw(NamedTuple):
    """An input record as the broker has it; ``timestamp`` in seconds, by the broker's clock."""

    source: Source
    value: bytes | None
    timestamp: float


@dataclass
class Cleaned:
    """What a batch became."""

    outputs: list[Output] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    tally: Tally = field(default_factory=Counter)
    latest: float = 0.0

    def learn(self, records: Iterable[Learnable]) -> None:
        """Passes records on to the learner."""
        for record in records:
            app = "" if isinstance(record, Clock) else record.app
            self.outputs.append(Output("learn", app, encode(record), app))

    def reject(self, source: Source, trace_id: str, stage: Stage, outcome: Outcome) -> None:
        """Leaves a record out, for a reason that is told and counted."""
        record = Rejection(source=source, stage=stage, reason=outcome, trace_id=trace_id)
        self.outputs.append(Output("rejected", trace_id, encode(record), trace_id))
        self.tally[metrics.OUTCOMES, (source.topic, outcome)] += 1
        self.tally[metrics.REJECTED, (stage, outcome)] += 1

    def refuse(self, source: Source, rejected: Rejected, excerpt: str) -> None:
        """Makes a dead letter of a record that cannot be used; ``excerpt`` is scrubbed."""
        letter = DeadLetter(
            source=source,
            stage=rejected.stage,
            reason=rejected.reason,
            field=rejected.field,
            excerpt=excerpt,
        )
        where = place_of(source)
        self.outputs.append(Output("dead_letters", where, encode(letter), where))
        self.tally[metrics.OUTCOMES, (source.topic, Outcome.DEAD_LETTER)] += 1
        self.tally[metrics.DEAD_LETTERS, (source.topic, rejected.reason)] += 1
