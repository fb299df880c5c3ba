"""What the checks of several families share; the check digits stand with their family."""

import re
from collections.abc import Callable

from flywheel_stream.pii.detector import Check, Span


def when(predicate: Callable[[str], bool]) -> Check:
    """A check of the value alone."""

    def check(match: re.Match[str]) -> Span | None:
        return match.span("v") if predicate(match["v"]) else None

    return check


_NO_DIGITS = re.compile("[^0-9]+")


def digits_of(value: str) -> str:
    """The ASCII digits of a value, without what separates them."""
    return _NO_DIGITS.sub("", value)


def trimmed(match: re.Match[str]) -> Span:
    """Without the full stop or comma that ends the sentence."""
    start, end = match.span("v")
    return start, start + len(match["v"].rstrip(".,;:?)")) or end


def enough_digits(least: int) -> Check:
    """A check of how many digits the value holds, at least."""
    return when(lambda value: len(digits_of(value)) >= least)
