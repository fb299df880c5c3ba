"""Ids that are derived and never drawn, so that a replay names everything alike."""

from binascii import crc32
from collections.abc import Iterable
from hashlib import blake2b

from flywheel_stream.events import Origin, Source, encode

RULES_VERSION = "1"
"""Changes when a table changes what a record becomes: checks, signals, failures, curation."""


def digest(*parts: str, size: int = 8) -> str:
    """Hashes text parts into ``2 * size`` hex digits; BLAKE2b, parts separated by a NUL."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def is_sampled(trace_id: str, rate: float) -> bool:
    """Whether a call is in the sample of so large a share of all calls; a larger one holds it too."""
    return crc32(trace_id.encode("utf-8", "surrogatepass")) < rate * 0x1_0000_0000


def record_hash(record: object) -> str:
    """A hash of a record's content: 32 hex digits."""
    return blake2b(encode(record), digest_size=16).hexdigest()


def example_id(example_type: str, rule: str, trace_ids: Iterable[str]) -> str:
    """The id of a training example: of type, rule and sorted trace ids."""
    return f"ex_{digest(example_type, rule, *sorted(trace_ids), size=12)}"


def cluster_id(trace_id: str) -> str:
    """The id of a cluster: of the record that founded it."""
    return f"c_{digest(trace_id, size=6)}"


def incident_id(app: str, subject: str, since: float) -> str:
    """The id of an incident, which starts with its app so that a decision finds its learner."""
    return f"{app}/i_{digest(app, subject, f'{since:.3f}', size=6)}"


def alert_id(incident: str, state: str, number: int) -> str:
    """The id of an alert: of the incident, its state and how many alerts it had before."""
    return f"a_{digest(incident, state, str(number), size=8)}"


def place_of(where: Source | Origin) -> str:
    """Where an input record lies, in one word; without ``n``, which numbers what it causes."""
    return f"{where.topic}/{where.partition}/{where.offset}"


def source_at(place: str) -> Source:
    """The inverse of ``place_of``."""
    topic, partition, offset = place.rsplit("/", 2)
    return Source(topic, int(partition), int(offset))


def source_of(origin: Origin) -> Source:
    """Where the input record of an origin lies."""
    return Source(origin.topic, origin.partition, origin.offset)
