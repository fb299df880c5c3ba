"""The two arms of the A/B test: what each runs on."""

from collections.abc import Mapping
from typing import NamedTuple


class Model(NamedTuple):
    """What one arm runs on: name, seconds to the answer, dollars per thousand tokens."""

    name: str
    seconds: float
    price: float


ARMS: Mapping[str, Model] = {
    "a": Model("aurora-1", 1.4, 0.006),
    "b": Model("breeze-1", 0.7, 0.002),
}
BAD_VERSION = "breeze-2"
"""The model that is deployed in the place of one of them, until it is withdrawn."""
