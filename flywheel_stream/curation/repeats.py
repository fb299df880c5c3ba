"""What of a new example is there already: in an evaluation set, in its cluster, in other words."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from flywheel_stream.contamination import EvaluationSets
from flywheel_stream.curation.cases import Case, Claim, Rule
from flywheel_stream.curation.texts import compared, trainer_prompt
from flywheel_stream.events import ExampleType
from flywheel_stream.near import NearIndex, Sketches

TYPES: tuple[ExampleType, ...] = ("sft", "preference", "unpaired", "prompt")

NEAR_CAPACITY = 20_000
"""The latest examples of each type, with which others are compared if ``near_bytes`` hold them."""


class Repeats:
    """The examples that stand, as later ones are compared with them.

    Args:
        window: seconds of event time for which texts are compared.
        near_bytes: text of each type that new examples are compared with.
        max_per_cluster: examples of one type and failure cluster.
        evaluation: the sets that no example may repeat.
    """

    def __init__(
        self,
        window: float,
        near_bytes: int,
        max_per_cluster: int,
        evaluation: EvaluationSets | None,
    ) -> None:
        self.places: dict[str, str] = {}
        """Example to the place that it takes in its cluster."""
        self._full: Counter[str] = Counter()  # places taken
        self._window, self._near_bytes = window, near_bytes
        self._max_per_cluster = max_per_cluster
        self._evaluation = evaluation
        self._sketches: Sketches = {}
        self._near: dict[str, NearIndex] = {
            name: NearIndex(window, NEAR_CAPACITY, near_bytes) for name in TYPES
        }

    def prepare(self, sketches: Sketches) -> None:
        """Takes sketches of texts that come next: of many at once they cost a sixth."""
        self._sketches = sketches

    def refusal(
        self, rule: Rule, name: str, claim: Claim, case: Case, now: float
    ) -> tuple[str, str] | None:
        """Why a new or changed example repeats another; else it is there from event time ``now``."""
        call = case.judged.interaction
        self.withdraw(rule.type, name)
        if self._evaluation is not None:
            turns = [turn.content for turn in trainer_prompt(call)]
            for text in dict.fromkeys([*turns, *claim.texts]):
                repeated = self._evaluation.find(text)
                if repeated:
                    return "contaminated", str(repeated)
        cluster = claim.cluster or case.side.cluster
        place = f"{rule.type} {cluster}"
        if cluster and self._full[place] >= self._max_per_cluster:
            return "cluster_full", cluster
        text = compared(call, *claim.texts)
        of = self._near[rule.type].add_sketched(name, text, now, self._sketches).of
        if of is not None:
            return "near_duplicate", of
        if cluster:
            self.places[name] = place
            self._full[place] += 1
        return None

    def withdraw(self, kind: str, name: str) -> None:
        """Forgets an example of a type, so that its like may come."""
        self._near[kind].discard(name)
        self.leave(name)

    def leave(self, name: str) -> None:
        """Frees an example's place in its cluster; its text is still compared with."""
        place = self.places.pop(name, None)
        if place is not None:
            self._full[place] -= 1
            if not self._full[place]:
                del self._full[place]

    def dump_near(self) -> dict[str, Any]:
        """The texts that are compared with, by type, for ``load``."""
        return {kind: index.dump() for kind, index in self._near.items()}

    def load(self, near: Mapping[str, Any], places: dict[str, str]) -> None:
        """Takes what ``dump_near`` gave, and ``places``.

        Raises:
            StateError: a dump is of another version or damaged; nothing was changed.
        """
        known = {kind: NearIndex.load(near[kind]) for kind in self._near}
        for index in known.values():  # as it is set now, not as it was
            index.window, index.size = self._window, self._near_bytes
        self._near = known
        self.places, self._full = places, Counter(places.values())
