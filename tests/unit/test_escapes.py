"""Tests of personal data inside JSON: found behind its escapes, and the JSON stays whole."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flywheel_stream.escapes import unescaped, united
from flywheel_stream.pii import TABLE
from flywheel_stream.replacing import Entity
from flywheel_stream.scrubbing import Scrubber

SCRUBBER = Scrubber(secret=b"k")
HITS = [
    pytest.param(*detector.hits[0], id=f"{place}-{detector.type}")
    for place, detector in enumerate(TABLE)
    if SCRUBBER.scrub([f"As told:\n{detector.hits[0][0]}"])[0].entities
]


@pytest.mark.parametrize(("text", "value"), HITS)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_what_is_found_on_a_line_of_its_own_is_found_behind_an_escaped_newline(
    text: str, value: str, depth: int
) -> None:
    written = f"As told:\n{text}\nThat is all."
    if value in SCRUBBER.scrub([written])[0].text:
        pytest.skip("not found on a line of its own either")
    for _ in range(depth):
        written = json.dumps({"note": written})
    scrubbed = SCRUBBER.scrub([written])[0].text
    for _ in range(depth):
        scrubbed = json.loads(scrubbed)["note"]
    assert value not in scrubbed


def test_letters_that_are_written_as_numbers_are_read() -> None:
    written = json.dumps("My name is José Hernández and I live in Kraków")
    scrubbed = json.loads(SCRUBBER.scrub([written])[0].text)
    assert scrubbed.startswith("My name is <PERSON>")
    assert "ndez" not in scrubbed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "https://x.com/?email=jane.doe%40corp.example.com&x=1",
            "https://x.com/?email=<EMAIL>&x=1",
        ),
        ("<p>jane.doe&#64;corp.example.com</p>", "<p><EMAIL></p>"),
        ("<p>jane.doe&#x40;corp.example.com</p>", "<p><EMAIL></p>"),
        ("Up by 40 %, 20%25 and &#39;so on&#39;", "Up by 40 %, 20%25 and &#39;so on&#39;"),
    ],
)
def test_what_urls_and_html_hide_is_found(text: str, expected: str) -> None:
    assert SCRUBBER.scrub([text])[0].text == expected


def test_a_backslash_that_is_none_of_json_changes_nothing() -> None:
    path = r"C:\Windows\system32 and \LaTeX and \u12 and \\"
    assert SCRUBBER.scrub([path])[0].text == path


@given(st.text(alphabet='ab\\"/nu0e9 \n\t\ud83dé😀', max_size=40))
@settings(max_examples=300, deadline=None)
def test_each_character_knows_its_place(text: str) -> None:
    inside = unescaped(text)
    if inside is None:
        return
    assert len(inside.text) == len(inside.begins) == len(inside.ends)
    assert inside.begins[0] == 0
    assert inside.ends[-1] == len(text)
    assert inside.begins[1:] == inside.ends[:-1]
    for char, begin, end in zip(*inside, strict=True):
        assert text[begin:end] == char if end == begin + 1 else text[begin] == "\\"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_string_of_json_is_read_as_json_reads_it(text: str) -> None:
    written = json.dumps(text)[1:-1]
    inside = unescaped(written)
    read = written if inside is None else inside.text
    assert read == "".join(c if c < "\U00010000" else "\ufffd\ufffd" for c in text)


def test_overlapping_finds_become_one_that_covers_them_all() -> None:
    one, two = Entity("PERSON", 3, 9), Entity("EMAIL", 5, 20)
    assert united([one], [two]) == [Entity("EMAIL", 3, 20)]
    assert united([two], [one, Entity("PHONE", 30, 33)]) == [
        Entity("EMAIL", 3, 20),
        Entity("PHONE", 30, 33),
    ]
    assert united([Entity("PERSON", 0, 9)], [Entity("PHONE", 4, 6)]) == [Entity("PERSON", 0, 9)]
