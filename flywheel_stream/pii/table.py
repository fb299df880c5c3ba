"""TABLE of all detectors, in order: where entries overlap, the earlier one names the result."""

import hashlib

from flywheel_stream.pii.addresses import ADDRESSES, STREETS
from flywheel_stream.pii.births import BIRTHS
from flywheel_stream.pii.contacts import EMAILS, PHONES
from flywheel_stream.pii.credentials import CREDENTIALS
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.documents import DOCUMENTS
from flywheel_stream.pii.names import AMBIGUOUS, GIVEN, SURNAMES
from flywheel_stream.pii.national_ids import NATIONAL_IDS
from flywheel_stream.pii.network import NETWORK
from flywheel_stream.pii.no_names import ORGANISATION, STOP
from flywheel_stream.pii.payment import BANK, IBANS_AND_CARDS
from flywheel_stream.pii.persons import PERSONS
from flywheel_stream.pii.postcodes import POSTCODES
from flywheel_stream.pii.secrets import SECRETS

TABLE: tuple[Detector, ...] = (
    *SECRETS,
    *IBANS_AND_CARDS,
    *NATIONAL_IDS,
    *EMAILS,
    *NETWORK,
    *BIRTHS,
    *DOCUMENTS,
    *BANK,
    *PHONES,
    *ADDRESSES,
    *POSTCODES,
    *CREDENTIALS,
    *PERSONS,
)


TYPES: tuple[str, ...] = tuple(dict.fromkeys(entry.type for entry in TABLE))


def version() -> str:
    """A short hash of everything that decides what is found."""
    digest = hashlib.blake2b(digest_size=4)
    for entry in TABLE:
        fields = (entry.type, entry.pattern.pattern, entry.needs, entry.words, entry.context)
        digest.update(repr((*fields, entry.anchored, entry.reach)).encode())
    for words in (GIVEN, SURNAMES, AMBIGUOUS, STOP, ORGANISATION, STREETS):
        digest.update(repr(sorted(words)).encode())
    return digest.hexdigest()
