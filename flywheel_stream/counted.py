"""What a judged call counted, so that a revision can take it back."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from flywheel_stream.comparing import Standing
from flywheel_stream.events import Finding
from flywheel_stream.satisfaction import Slice


class Counted(Struct, array_like=True):
    """One call as it stands in all figures."""

    ts: float
    slice: Slice
    revision: int
    satisfied: float
    weight: float
    thumb: str | None
    cluster: str | None
    kinds: list[str]
    followed: bool
    learnt: list[Finding] = []
    contradiction: Finding | None = None
    topic: str | None = None
    """Of a call of the sample; the id that it had when this was counted."""

    def standing(self) -> Standing:
        """As it is compared."""
        return Standing(
            self.satisfied, self.weight, self.thumb, bool(self.kinds), self.cluster, self.topic
        )

    def dump(self) -> list[Any]:
        """Plain data, for ``load``."""
        return [
            self.ts,
            list(self.slice),
            self.revision,
            self.satisfied,
            self.weight,
            self.thumb,
            self.cluster,
            self.kinds,
            self.followed,
            [list(structs.astuple(finding)) for finding in self.learnt],
            list(structs.astuple(self.contradiction)) if self.contradiction else None,
            self.topic,
        ]

    @classmethod
    def load(cls, row: Sequence[Any]) -> "Counted":
        """The inverse of ``dump``."""
        ts, where, *rest, learnt, contradiction, topic = row
        counted = cls(ts, Slice(*where), *rest)
        counted.learnt = [Finding(*finding) for finding in learnt]
        counted.contradiction = Finding(*contradiction) if contradiction else None
        counted.topic = topic
        return counted
