"""The table of detectors: each entry's own hits and misses, and work that stays linear."""

import pkgutil
import random
from importlib import import_module

import pytest

from flywheel_stream import pii
from flywheel_stream.detecting import _PLANS, find, spans
from flywheel_stream.pii import TABLE, TYPES, Detector, features, fold, iban, version
from flywheel_stream.pii.names import AMBIGUOUS, COMMON, GIVEN, LEANING, SURNAMES, unaccented
from tests.unit.mutation import mutated

ENTRIES = [pytest.param(entry, id=f"{i}-{entry.type}") for i, entry in enumerate(TABLE)]


def values(detector: Detector, text: str) -> list[str]:
    """What one entry finds by itself, its necessary conditions included."""
    lower = fold(text)
    if int(detector.needs) & ~features(text):
        return []
    if detector.words and not any(word in lower for word in detector.words):
        return []
    return [text[start:end] for start, end in spans(TABLE.index(detector), text, lower, {})]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_finds_its_hits(entry: Detector) -> None:
    for text, value in entry.hits:
        assert value in values(entry, text), text


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_leaves_its_misses(entry: Detector) -> None:
    for text in entry.misses:
        assert values(entry, text) == [], text


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_has_examples_of_both_kinds_and_a_source(entry: Detector) -> None:
    assert entry.hits
    assert entry.misses
    assert entry.source
    assert all(word == fold(word) for word in (*entry.words, *entry.context))


def test_the_table_leaves_no_entry_of_a_family_out() -> None:
    families = [
        value
        for module in pkgutil.iter_modules(pii.__path__, f"{pii.__name__}.")
        for value in vars(import_module(module.name)).values()
        if isinstance(value, tuple) and value and all(isinstance(v, Detector) for v in value)
    ]
    assert {id(entry) for family in families for entry in family} == {id(e) for e in TABLE}
    assert len({id(entry) for entry in TABLE}) == len(TABLE)


def test_an_iban_with_a_letter_that_only_looks_like_one_is_none() -> None:
    assert not iban("DE89 3704 0044 0532 013\u212a 00")


def found(text: str, kind: str = "PERSON") -> list[str]:
    """What all entries together find of a type."""
    return [text[entity.start : entity.end] for entity in find(text) if entity.type == kind]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Anna met Zorvan and Quux", ["Anna"]),  # no list has the others
        ("Tomek Kowalski, Ngozi Okafor and Zorvan Yamamoto", "all"),
        ("IT WAS SARAH KOWALSKI WHO SAID THIS", ["SARAH KOWALSKI"]),
        ("ALL OF THIS IS UNAVOIDABLE AND LOUD", []),
        ("ask jessica o'hara, or kevin kowalski", ["kevin kowalski"]),
        ("Acme's Anna Fox, not Zorvan's Lisa", ["Anna Fox", "Lisa"]),
        ("a flight from San Francisco to Santa Barbara", []),
        ("Claude and Gemini answered in Python", []),
        ("please forward it to Kowalski's desk", ["Kowalski"]),
        ("the Johnson algorithm", []),
    ],
)
def test_names_are_found_where_they_stand(text: str, names: list[str] | str) -> None:
    whole = ["Tomek Kowalski", "Ngozi Okafor", "Zorvan Yamamoto"]
    assert found(text) == (whole if names == "all" else names)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("12 Zorvan Road\nSpringfield 90210", ["90210"]),
        ("Zorvanweg 3a, 20095 Hamburg", ["20095"]),
        ("Zorvanlaan 5, 1012 AB Amsterdam", ["1012 AB"]),
        ("the 20095 Toyotas, 1012 AB tests and 560001 rows", []),
        ("version 3, 2024 Edition", []),
        ("It happened on Feb 3, 2024 Anna said", []),
    ],
)
def test_a_postcode_wants_a_town_and_an_address(text: str, codes: list[str]) -> None:
    assert found(text, "POSTCODE") == codes


@pytest.mark.parametrize(
    "text",
    [
        "CPF 529.982.24\u0669-26",
        "from 127.0.0.1\u0663",
        "phone 713873265\u0660",
        "PESEL 4405140145\u0669",
    ],
)
def test_digits_of_another_alphabet_fail_no_check(text: str) -> None:
    find(text)


def test_lists_of_names_do_not_overlap() -> None:
    assert not GIVEN & AMBIGUOUS
    assert not SURNAMES & AMBIGUOUS
    assert LEANING <= AMBIGUOUS
    assert COMMON <= GIVEN
    assert all(name.isalpha() for name in GIVEN | SURNAMES | AMBIGUOUS)


def test_names_are_known_without_their_accents() -> None:
    assert unaccented(["Łukasz", "Jørgen", "Weiß"]) == {"Lukasz", "Jorgen", "Weiss"}
    assert unaccented(n for n in GIVEN if len(n) > 3) <= GIVEN | AMBIGUOUS


def test_types_are_named_once() -> None:
    assert len(TYPES) == len(set(TYPES))


def test_the_version_is_stable() -> None:
    assert version() == version()


@pytest.mark.parametrize("place", [place for place, entry in enumerate(TABLE) if entry.first])
def test_trying_only_where_a_match_may_begin_changes_no_match(place: int) -> None:
    rng = random.Random(place)
    entry = TABLE[place]
    texts = [text for text, _ in entry.hits] + [text for other in TABLE for text, _ in other.hits]
    for text in (mutated(rng, f"{rng.choice(texts)} {rng.choice(texts)}") for _ in range(150)):
        found = [(match.span(), match.groups()) for match in _PLANS[place].search(text, fold(text))]
        every = [(match.span(), match.groups()) for match in entry.pattern.finditer(text)]
        assert found == every, text


def test_features_that_are_not_wanted_cost_nothing_and_change_nothing() -> None:
    for text in (text for entry in TABLE for text, _ in entry.hits):
        every = features(text)
        for wanted in (1 << bit for bit in range(10)):
            assert features(text, wanted) & wanted == every & wanted


def test_what_an_entry_needs_is_necessary() -> None:
    rng = random.Random(8)
    texts = [text for entry in TABLE for text in (*(hit for hit, _ in entry.hits), *entry.misses)]
    for text in (mutated(rng, " ".join(rng.choices(texts, k=2))) for _ in range(1500)):
        ascii_only = text.encode("ascii", "ignore").decode()
        lower, has = fold(ascii_only), features(ascii_only)
        for place, entry in enumerate(TABLE):
            if int(entry.needs) & ~has and any(word in lower for word in entry.words or ("",)):
                assert spans(place, ascii_only, lower, {}) == [], (entry.type, ascii_only)
