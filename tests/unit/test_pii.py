"""The table of detectors: each entry's own hits and misses, and work that stays linear."""

import pytest

from flywheel_stream.pii import TABLE, TYPES, Detector, features, fold, version
from flywheel_stream.scrubbing import _spans

ENTRIES = [pytest.param(entry, id=f"{i}-{entry.type}") for i, entry in enumerate(TABLE)]


def values(detector: Detector, text: str) -> list[str]:
    """What one entry finds by itself, its necessary conditions included."""
    lower = fold(text)
    if int(detector.needs) & ~features(text):
        return []
    if detector.words and not any(word in lower for word in detector.words):
        return []
    return [text[start:end] for start, end in _spans(detector, text, lower)]


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


def test_types_are_named_once() -> None:
    assert len(TYPES) == len(set(TYPES))


def test_the_version_is_stable() -> None:
    assert version() == version()
