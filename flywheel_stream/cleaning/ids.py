"""The ids that producers give: kept if they are plain tokens, hashed if they tell of people."""

import re
from hashlib import blake2b

from flywheel_stream.errors import ScrubError
from flywheel_stream.scrubbing import Scrubs

_PLAIN_ID = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,64}|[a-z][a-z0-9]{0,11}(?:[-_][a-z0-9]{1,8}){0,2}"
)
"""UUIDs, hexadecimal ids and short names with a number: nothing in them is looked for."""
_IN_IDS = frozenset(
    {
        *("API_KEY", "CREDIT_CARD", "EMAIL", "IBAN", "IP", "JWT", "NINO", "PASSWORD", "PHONE"),
        *("PRIVATE_KEY", "URL_TOKEN", "US_SSN"),
    }
)
"""Personal data that a producer may take for an id; other finds in a token are chance."""


class Ids:
    """Turns given ids into ids that may be passed on.

    Args:
        scrubber: says what is personal data, and hashes users and sessions.
        secret: keys the hashes of all else.
    """

    def __init__(self, scrubber: Scrubs, secret: bytes) -> None:
        self._scrubber = scrubber
        self._secret = secret[:64]
        self.hashed = scrubber.hash_id
        """The keyed hash of a ``user`` or ``session``."""

    def plain(self, name: str) -> str:
        """An id as it is, unless it is no token or holds personal data: then its keyed hash."""
        if _PLAIN_ID.fullmatch(name) or (_is_token(name) and not self._is_personal(name)):
            return name
        return "t_" + self.content(name.encode("utf-8", "surrogatepass"))

    def content(self, raw: bytes) -> str:
        """The keyed hash of a raw record: equal for equal ones, and tells nothing of it."""
        return blake2b(raw, digest_size=16, key=self._secret).hexdigest()

    def _is_personal(self, name: str) -> bool:
        if name.isdigit():
            return False  # one serial number in ten passes for a card's
        try:
            (scrubbed,) = self._scrubber.scrub([name])
        except ScrubError:
            return True
        return any(entity.type in _IN_IDS for entity in scrubbed.entities)


def _is_token(name: str) -> bool:
    return name.isascii() and "@" not in name and " " not in name
