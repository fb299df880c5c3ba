"""scrubadub's detectors on what ours leave, and any further detectors made for scrubadub.

scrubadub is the framework that users know; its own detectors run behind a gate (see ``gating``),
those that a setting names run on every text, for nobody knows what they need.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version as installed
from typing import Any, Protocol

from flywheel_stream.errors import ConfigError
from flywheel_stream.pii import TABLE, card, fold
from flywheel_stream.replacing import Entity, mask, masked, taken_spans

SCRUBADUB_TYPES = {
    "email": "EMAIL",
    "credit_card": "CREDIT_CARD",
    "social_security_number": "US_SSN",
    "credential": "PASSWORD",
    "phone": "PHONE",
}
"""Types of scrubadub's filth as we name them; its URL and Twitter detectors find no persons."""

_PHONE_WORDS = frozenset(
    word for detector in TABLE if detector.type == "PHONE" for word in detector.context
)

_SCRUBADUB_DETECTORS = ("email", "credit_card", "social_security_number", "credential", "phone")
_TOP_LEVEL_NAME = re.compile(r"[^\W\d_]{2,}\Z")

_RULES = 3
"""Raised when ``_plausible`` changes, so that the scrubber's version does too."""


class Finder(Protocol):
    """A detector of one's own, of scrubadub's form; its version is part of the scrubber's."""

    version: str

    def iter_filth(self, text: str, document_name: str | None = None) -> Iterable[Any]:
        """Finds, each with a ``type`` and its place, ``beg`` to ``end``."""


class Residue:
    """What scrubadub finds where ours found nothing.

    Args:
        more: further detectors: ``package.module:Class`` of one made for scrubadub, or one itself.

    Raises:
        ConfigError: there is no such class, or it is no detector.
    """

    def __init__(self, more: Sequence[str | Finder] = ()) -> None:
        import scrubadub  # noqa: PLC0415 - takes two seconds, and only who scrubs should wait

        self._own = scrubadub.Scrubber(detector_list=list(_SCRUBADUB_DETECTORS))
        named = [_load(one) for one in more if isinstance(one, str)]
        self._more: list[Finder] = [one for one in more if not isinstance(one, str)]
        if named:
            self._more.append(scrubadub.Scrubber(detector_list=named))
        self.always = bool(more)
        names = sorted(one if isinstance(one, str) else one.version for one in more)
        self.version = "+".join((str(_RULES), f"scrubadub-{installed('scrubadub')}", *names))

    def find(self, text: str, entities: Sequence[Entity], *, own: bool) -> Iterator[Entity]:
        """Finds more, at positions of the input.

        Args:
            text: the input.
            entities: what was found in it already.
            own: whether scrubadub's own detectors are worth running.
        """
        spans = taken_spans(text, entities)
        hidden = masked(text, spans)
        taken = mask(len(text), spans)
        lower = fold(hidden)
        for start, end, name in sorted(self._filth(hidden, lower, own=own)):
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                yield Entity(name, start, end)

    def _filth(self, text: str, lower: str, *, own: bool) -> Iterator[tuple[int, int, str]]:
        for filth in self._own.iter_filth(text) if own else ():
            name = SCRUBADUB_TYPES.get(filth.type)
            if name and _plausible(filth.type, text, lower, filth.beg, filth.end):
                yield filth.beg, filth.end, name
        for detector in self._more:
            for filth in detector.iter_filth(text):
                name = "".join(c if c.isalnum() else "_" for c in filth.type.upper())
                yield filth.beg, filth.end, SCRUBADUB_TYPES.get(filth.type, name)


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"The scrubadub detector {name!r} does not load ({type(error).__name__}): "
            "name it as package.module:Class in FLYWHEEL_SCRUBADUB_DETECTORS, and install it."
        ) from None
    if not callable(getattr(found, "iter_filth", None)):
        raise ConfigError(f"{name!r} in FLYWHEEL_SCRUBADUB_DETECTORS is no scrubadub detector.")
    return found


def _plausible(name: str, text: str, lower: str, start: int, end: int) -> bool:
    """Whether scrubadub's find is one: it takes versions, decimals and order numbers as well."""
    value = text[start:end]
    if name == "email":  # node@3.25.19, and "data at all."
        return "@" in value and _TOP_LEVEL_NAME.search(value) is not None
    if name == "credit_card":
        return card(value)
    if name == "phone":
        before = lower[max(0, start - 40) : start]
        return value[0] in "+(" or any(word in before for word in _PHONE_WORDS)
    if name == "credential":  # "your username and password to log in" is a sentence
        return text[:start].rstrip("\"' \t")[-1:] in {":", "="}
    return True
