"""The errors, few, each with what happens next.

Expected ends (a duplicate, a record that does not decode) are values, see ``events.Rejected``.
An exception means that the world is broken: the batch stays unacknowledged and is read again.
"""

from collections.abc import Mapping


class FlywheelError(Exception):
    """Root of the errors that we raise; its text is one clear sentence with the remedy."""


class ConfigError(FlywheelError):
    """A setting is wrong or missing: the command ends with status 2 before it reads anything."""


class UnavailableError(FlywheelError):
    """Kafka, Redis or the Bloom module cannot be used: the command ends with status 1."""


class ScrubError(FlywheelError):
    """Scrubbing failed or took too long: the record becomes a dead letter without an excerpt."""


class TooManyDeadLettersError(FlywheelError):
    """Half of the last thousand records were refused: the worker stops, nothing is acknowledged."""


class GapError(FlywheelError):
    """Offsets of ``flywheel.learn`` are missing: the worker stops and names the range."""


class RecreatedTopicError(FlywheelError):
    """A topic was deleted and made again, so its offsets start anew: the worker stops.

    Args:
        what: a clause that names the topic, and how it shows.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: new records at offsets that were learnt before would be dropped as "
            "repetitions. Start afresh with another FLYWHEEL_PREFIX and another FLYWHEEL_GROUP."
        )


class StateError(FlywheelError):
    """A snapshot does not load (another version, damaged): the worker stops, state is kept."""


def expect_version(state: Mapping[str, object], version: int, what: str) -> None:
    """Looks whether a dumped state is of our version, its ``v``.

    Raises:
        StateError: it is not; the sentence names ``what`` and says what to do.
    """
    if state.get("v") != version:
        raise StateError(
            f"{what} of version {state.get('v')!r}, not {version}, cannot be loaded: run the "
            "version that wrote it, or start with another prefix (FLYWHEEL_PREFIX)."
        )
