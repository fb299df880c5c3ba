"""What a check is: an entry of the table, whose hits and misses are its test."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from flywheel_stream.events import Call, Interaction

Checked = Call | Interaction
"""Raw text, or scrubbed."""
MAX_EVIDENCE = 200
"""Characters of evidence that a check leaves."""
Fields = dict[str, Any]
"""Fields of a call that make an example: the rest of the call does not matter to the check."""


class Check(NamedTuple):
    """An entry of the table; ``sees`` says what text it is run on.

    ``gate`` is a cheap necessary condition, so that a clean call costs next to nothing;
    ``evidence`` is asked only behind it and answers ``None`` where nothing is wrong.
    """

    name: str
    sees: Literal["raw", "scrubbed"]
    gate: Callable[[Checked], object]
    evidence: Callable[[Checked], str | None]
    hits: tuple[Fields, ...]
    misses: tuple[Fields, ...]
    confidence: float = 1.0
