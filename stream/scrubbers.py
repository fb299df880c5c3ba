"""Builds the scrubber that the settings ask for."""

from flywheel_stream.scrubbing import Scrubber
from stream.settings import Settings


def build_scrubber(settings: Settings, secret: bytes | None = None) -> Scrubber:
    """Builds a scrubber.

    Args:
        settings: the configuration.
        secret: keys hashes and pseudonyms; by default the configured one.

    Raises:
        ConfigError: a further detector does not load.
    """
    return Scrubber(
        secret=settings.secret.get_secret_value().encode() if secret is None else secret,
        pseudonymous=settings.placeholders == "pseudonyms",
        detectors=settings.scrubadub_detectors,
        limit=settings.scrub_seconds,
    )
