"""Who asks, and what they do about an answer: signals by chance, and words."""

from collections.abc import Mapping

from stream.simulator.questions import Fate, Topic

COUNTRIES = (("en-US", "US"), ("en-GB", "GB"), ("en-IE", "IE"), ("en-CA", "CA"))
PLATFORMS = ("web", "ios", "android")
PLANS = ("free", "plus", "business")

PRAISE = ("great, thanks", "that helped, thank you", "perfect answer", "works, thanks a lot")
SIGNALS_OF_THE_CONTENT: tuple[tuple[str, float], ...] = (
    ("up", 5.0), ("rating", 1.6), ("copy", 2.2), ("praise", 0.8), ("middle", 0.6), ("edit", 0.6),
    ("down", 0.1),
)  # fmt: skip
SIGNALS_OF_THE_DISPLEASED: tuple[tuple[str, float], ...] = (
    ("down", 4.0), ("complaint", 3.0), ("rating", 1.2), ("correction", 1.0), ("regenerate", 1.4),
    ("edit", 0.4), ("abandon", 0.5), ("report", 0.3), ("middle", 0.4),
)  # fmt: skip
ACTS_OF_VOTERS: Mapping[str, tuple[int, int]] = {"copy": (35, 8), "abandon": (10, 25)}
"""Of a hundred who give a thumb or a rating, how many of the content and of the displeased do it."""


def words(topic: Topic, fate: Fate) -> tuple[str, ...]:
    """What users say about an answer of this fate."""
    if fate == "good":
        return PRAISE
    if fate == "stale":
        return topic.stale_complaints
    if fate in {"error", "empty"}:
        return ("no answer at all, broken", "it does not work, only an error")
    return ("broken off in the middle",) if fate == "truncated" else topic.complaints
