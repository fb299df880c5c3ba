"""Builds the scrubber that the settings ask for; keeps its compiled patterns between runs."""

import logging
import os
import tempfile
from functools import cache
from hashlib import blake2b
from pathlib import Path

from flywheel_stream.gating import best_gate
from flywheel_stream.scrubbing import Scrubber
from stream.settings import Settings
from stream.spacy_names import SpacyNames

logger = logging.getLogger(__name__)

_CHECK = 32
"""Bytes of the checksum at the front of a file."""


class DiskShelf:
    """Files in a folder of the user's, each with a checksum (``gating.Shelf``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> bytes | None:
        """What was put under a name, if it is there and whole."""
        try:
            raw = (self._folder / name).read_bytes()
        except OSError:
            return None
        value = raw[_CHECK:]
        return value if _checksum(value) == raw[:_CHECK] else None

    def put(self, name: str, value: bytes) -> None:
        """Keeps a value; several processes may do so at once."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(_checksum(value) + value)
            Path(file.name).replace(self._folder / name)
        except OSError as error:
            logger.debug("compiled patterns are not kept: %s", type(error).__name__)


def _checksum(value: bytes) -> bytes:
    return blake2b(value, digest_size=_CHECK).digest()


@cache
def shelf() -> DiskShelf:
    """The user's own; ``XDG_CACHE_HOME`` moves it."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return DiskShelf(Path(home) / "flywheel-stream")


def build_scrubber(settings: Settings, secret: bytes | None = None) -> Scrubber:
    """Builds a scrubber.

    Args:
        settings: the configuration.
        secret: keys hashes and pseudonyms; by default the configured one.

    Raises:
        ConfigError: a further detector or the spaCy model does not load.
    """
    names = (SpacyNames(settings.spacy_model),) if settings.spacy_model else ()
    return Scrubber(
        secret=settings.secret.get_secret_value().encode() if secret is None else secret,
        gate=best_gate(shelf()),
        pseudonymous=settings.placeholders == "pseudonyms",
        detectors=(*settings.scrubadub_detectors, *names),
        limit=settings.scrub_seconds,
    )
