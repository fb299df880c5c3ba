"""One learn partition: its watermark, its apps, and what changed since the last snapshot."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flywheel_stream import metrics
from flywheel_stream.embedding import Embedder
from flywheel_stream.errors import expect_version
from flywheel_stream.event_time import Watermark
from flywheel_stream.events import Clock, Decided, Output, Tally, decode_learnable
from flywheel_stream.failures import excerpt
from flywheel_stream.learning import (
    STATE_VERSION,
    AppPicture,
    Due,
    Fold,
    LearnPolicy,
    questions,
)
from flywheel_stream.near import sketch


@dataclass
class Learned:
    """What a run of learn records led to."""

    outputs: list[Output] = field(default_factory=list)
    tally: Tally = field(default_factory=Counter)


class Learner:
    """One learn partition: its watermark, its apps, and what changed since the last snapshot.

    Args:
        partition: its number.
        policy: the knobs.
        embedder: turns texts into vectors.
        expected: input partitions that event time waits for, ``topic/partition``.
    """

    def __init__(
        self,
        partition: int,
        policy: LearnPolicy,
        embedder: Embedder,
        expected: Collection[str] = (),
    ) -> None:
        self.partition = partition
        self.fence = 0
        self.watermark = Watermark(policy.lateness, expected)
        self.ended = False
        self._policy = policy
        self._embedder = embedder
        self._expected = frozenset(expected)
        self._apps: dict[str, Fold] = {}
        self._changed: set[str] = set()

    def take(self, records: Iterable[tuple[int, bytes]]) -> Learned:
        """Works (offset, value) pairs of the learn topic, in the order of its log.

        Time moves at each clock record and nowhere else, so it does not matter how the log was
        cut into batches.

        Raises:
            msgspec.DecodeError: a record is none of ours.
        """
        learned = Learned()
        for offset, value in records:
            record = decode_learnable(value)
            if isinstance(record, Clock):
                if self.watermark.advance(record):
                    self._advance(learned)
                if self.watermark.ended:
                    self._finish()
            else:
                fold = self._fold(record.app)
                if offset >= fold.fence:  # else its snapshot is ahead of the partition's
                    self._changed.add(record.app)
                    late = fold.take(record)
                    if late:
                        learned.tally[metrics.LATE, (str(self.partition),)] += late
            self.fence = offset + 1
        self.ended = self.watermark.ended
        return learned

    def _advance(self, learned: Learned) -> None:
        now = self.watermark.now
        due = {name: fold.due(now) for name, fold in self._apps.items() if now > fold.now}
        vectors = self._embedded(due)
        sketches = sketch(text for one in due.values() for text in one.examples)
        for name, one in due.items():
            learned.outputs += self._apps[name].advance(one, vectors[name], sketches)
            self._changed.add(name)

    def _embedded(self, due: Mapping[str, Due]) -> dict[str, dict[str, NDArray[np.float32]]]:
        """The vectors of what is due, by app and trace; all apps at once, which is faster."""
        texts = [text for one in due.values() for text in one.questions.values()]
        vectors = iter(self._embedder.embed(texts) if texts else ())
        return {
            name: dict(zip(one.questions, islice(vectors, len(one.questions)), strict=True))
            for name, one in due.items()
        }

    def _finish(self) -> None:
        for name, fold in self._apps.items():
            fold.finish()
            self._changed.add(name)

    def _fold(self, app: str) -> Fold:
        fold = self._apps.get(app)
        if fold is None:
            fold = self._apps[app] = Fold(app, self._policy, self._embedder)
            fold.now = self.watermark.now
        return fold

    def questions(self, records: Iterable[bytes], *, waiting: bool = False) -> list[str]:
        """The texts among these records that ``take`` may embed: failures, the sample, decisions'.

        Args:
            records: values of the learn topic.
            waiting: as well those of records that are taken and not yet due.

        Raises:
            msgspec.DecodeError: a record is none of ours.
        """
        known = [decode_learnable(value) for value in records]
        new = questions(known, self._policy.sample_rate)
        folds = self._apps.values()
        decides = any(isinstance(record, Decided) for record in known)
        decides = decides or any(fold.decides() for fold in folds)
        if not waiting and not decides:
            return new
        new += [text for fold in folds for text in fold.questions()]
        if decides:  # from exemplars, which are excerpts; what comes now may be among them by then
            new += [excerpt(text) for text in new]
            new += [text for fold in folds for text in fold.decidable()]
        return new

    def changed(self) -> list[str]:
        """Apps that changed since ``snapshot_taken``."""
        return sorted(self._changed)

    def snapshot_taken(self) -> None:
        """Notes that everything was written."""
        self._changed.clear()

    def waiting(self) -> int:
        """Records that the watermark has not passed yet."""
        return sum(map(len, self._apps.values()))

    def folds(self) -> list[Fold]:
        """The apps, by name."""
        return [fold for _, fold in sorted(self._apps.items())]

    def pictures(self) -> list[AppPicture]:
        """What the apps' learners see."""
        return [fold.picture() for _, fold in sorted(self._apps.items())]

    def dump_app(self, app: str) -> dict[str, Any]:
        """An app's state, true up to the present fence."""
        fold = self._apps[app]
        fold.fence = self.fence
        return fold.dump()

    def dump(self) -> dict[str, Any]:
        """The partition's own row."""
        return {
            "v": STATE_VERSION,
            "fence": self.fence,
            "watermark": self.watermark.dump(),
        }

    def load(self, own: dict[str, Any] | None, apps: Iterable[dict[str, Any]]) -> None:
        """Restores a partition from its row and the states of its apps.

        Raises:
            StateError: the row or a state is of another version, or a state of another embedder.
        """
        if own is not None:
            expect_version(own, STATE_VERSION, f"The state of learn partition {self.partition},")
        for state in apps:
            fold = Fold(state["app"], self._policy, self._embedder)
            fold.load(state)
            self._apps[fold.app] = fold
        if own is not None:
            self.fence = own["fence"]
            self.watermark = Watermark.load(own["watermark"], self._policy.lateness, self._expected)
