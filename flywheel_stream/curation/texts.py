"""The texts of a call: what makes two the same, what is compared, what a trainer is given."""

from collections.abc import Iterator

from flywheel_stream.dedup import folded_words
from flywheel_stream.events import Interaction, Judged, Message
from flywheel_stream.lineage import digest

MAX_RESPONSE_CHARS = 32_768
"""A longer text is no example: no trainer's context holds it, and it is mostly a loop."""


def normalise(text: str) -> str:
    """NFKC, case folded, runs of white space as one blank: what makes two texts the same."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(folded_words(text))


def prompt_key(call: Interaction) -> str:
    """The digest of a call's normalised turns: equal for answers to the same question."""
    return digest(*(part for turn in call.turns() for part in (turn.role, normalise(turn.content))))


def content_key(prompt: str, text: str) -> str:
    """The digest of a prompt key and a normalised text, whichever model wrote it."""
    return digest(prompt, normalise(text))


def trainer_prompt(call: Interaction) -> list[Message]:
    """The turns up to the last one of the user; all of them where no user speaks."""
    turns = call.turns()
    for last in range(len(turns) - 1, -1, -1):
        if turns[last].role == "user":
            return turns[: last + 1]
    return turns


def compared(call: Interaction, *texts: str) -> str:
    """An example as it is compared with others: what was asked, and what a model would learn."""
    return "\n".join((call.question, *texts))


def likely(judged: Judged) -> Iterator[str]:
    """The texts that rules are likely to find in a call, as they are compared."""
    call = judged.interaction
    response = call.response or ""
    if has_verifier(call) and judged.why == "check":
        yield compared(call)
    kinds = {signal.kind for signal in judged.signals}
    if not kinds.isdisjoint({"thumb", "rating"}):
        yield compared(call, response)
    for signal in judged.signals:
        if signal.correction:
            yield compared(call, signal.correction)
            yield compared(call, signal.correction, response)
    if judged.next is not None and "regenerate" in kinds:
        yield compared(call, judged.next.response or "", response)


def has_verifier(call: Interaction) -> bool:
    """Whether an answer to this prompt can be verified by what its caller expected."""
    return call.expect is not None and call.expect.format == "json"
