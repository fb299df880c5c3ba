"""What a curation rule is, sees of a call and claims, and whose votes prefer which answer."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from flywheel_stream.events import ExampleType, Finding, Interaction, Judged, Signal

Votes = Mapping[str, float]
"""Explicit score of each user (or of an anonymous signal's id) on one call, -1..1."""


class Side(Struct, array_like=True):
    """An answer that users voted on, kept to be compared with other answers to its prompt."""

    interaction: Interaction
    votes: dict[str, float]
    kinds: list[str]
    cluster: str | None


class Case(NamedTuple):
    """What a rule sees of one call.

    ``signals`` are those that stand, ``thumb`` and ``rating`` are the majority of each kind, and
    ``twins`` are the other voted answers to the same prompt.
    """

    judged: Judged
    failed: Sequence[Finding]
    signals: Sequence[Signal]
    votes: Votes
    thumb: str | None
    rating: str | None
    side: Side
    twins: Sequence[Side]

    @property
    def response(self) -> str:
        """The call's answer; a missing one is empty."""
        return self.judged.interaction.response or ""


class Claim(NamedTuple):
    """An example that a rule justifies, before duplicates and unusable texts are left out."""

    confidence: float
    kinds: Iterable[str]
    completion: str | UnsetType = UNSET
    chosen: str | UnsetType = UNSET
    rejected: str | UnsetType = UNSET
    label: bool | UnsetType = UNSET
    verifier: dict[str, Any] | UnsetType = UNSET
    other: Interaction | None = None
    cluster: str | None = None
    detail: Mapping[str, Any] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that a model would learn from."""
        texts = (self.completion, self.chosen, self.rejected)
        return tuple([text for text in texts if text is not UNSET])

    @property
    def model_answer(self) -> str | UnsetType:
        """The text that must not be empty: what a model should say, or is told it said."""
        return self.completion if self.completion is not UNSET else self.chosen


Scene = Callable[[], Sequence[Judged]]
"""Builds records that come one after the other; a call's ``checks`` stand for its failures."""


class Rule(NamedTuple):
    """A row of the table.

    ``rests_on`` says which traces name an example: the call, the call and the one that replaced
    it, or the call and a twin; the last belongs to both. After each scene in ``hits`` the rule
    has justified an example that stands, after each in ``misses`` it has not.
    """

    name: str
    type: ExampleType
    sentence: str
    find: Callable[[Case], Iterable[Claim]]
    hits: tuple[Scene, ...]
    misses: tuple[Scene, ...]
    rests_on: Literal["call", "next", "twin"] = "call"


def agreement(agree: int, disagree: int) -> float:
    """The posterior mean of agreement under an even prior (Laplace's rule of succession)."""
    return (agree + 1) / (agree + disagree + 2)


def compare(left: Votes, right: Votes) -> tuple[int, int]:
    """Counts the users who prefer each of two answers; equal counts say nothing.

    Users who scored both count by their own order, since scales differ between people. Where
    nobody did, one side's mean has to be positive and the other's negative; then each side has
    the votes that say so.
    """
    both = left.keys() & right.keys()
    if both:
        return (
            sum(left[user] > right[user] for user in both),
            sum(left[user] < right[user] for user in both),
        )
    if not left or not right or math.fsum(left.values()) * math.fsum(right.values()) >= 0:
        return 0, 0
    for_left = sum(score > 0 for score in left.values()) + sum(s < 0 for s in right.values())
    for_right = sum(score < 0 for score in left.values()) + sum(s > 0 for s in right.values())
    agree = (for_left > for_right) == (math.fsum(left.values()) > 0)
    return (for_left, for_right) if agree else (0, 0)
