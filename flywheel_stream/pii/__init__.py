"""Detectors of personal data and secrets: a table of entries, each with its own hits and misses.

To add a detector, add an entry to the tuple of its family (``secrets``, ``payment``,
``national_ids``, ``contacts``, ``network``, ``births``, ``documents``, ``addresses``,
``postcodes``, ``credentials``, ``persons``): what it finds, a pattern, the cheap conditions without
which it cannot match, a check, and examples of both kinds; one contract test runs the examples. A
new family is one more line in ``table``.

Every repetition in a pattern is bounded or possessive and none is nested in another unbounded one,
so that the work is linear in the length of the text, whatever the text. Where entries overlap, the
earlier one names the result.

To read: ``detector`` (the noun), ``needs`` (what a text must contain for it), ``table`` (the order),
then a family.
"""

from flywheel_stream.pii.capitals import UPPER_RANGES
from flywheel_stream.pii.detector import AROUND, Check, Detector, Span, beginning, from_its_start
from flywheel_stream.pii.name_checks import CONTACT_BELOW, announced_strictly
from flywheel_stream.pii.needs import Feature, features, fold
from flywheel_stream.pii.payment import card, iban, luhn
from flywheel_stream.pii.table import TABLE, TYPES, version

__all__ = [
    "AROUND",
    "CONTACT_BELOW",
    "TABLE",
    "TYPES",
    "UPPER_RANGES",
    "Check",
    "Detector",
    "Feature",
    "Span",
    "announced_strictly",
    "beginning",
    "card",
    "features",
    "fold",
    "from_its_start",
    "iban",
    "luhn",
    "version",
]
