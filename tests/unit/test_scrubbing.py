"""Scrubbing: placeholders, overlaps, JSON, hashes, gates that change nothing, linear work."""

import gzip
import importlib.util
import json
import random
import string
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flywheel_stream.errors import ScrubError
from flywheel_stream.pii import TABLE, features, fold
from flywheel_stream.scrubbing import (
    Entity,
    HyperscanGate,
    PlainGate,
    Scrubber,
    counts,
    find,
    replace,
)

SHARED = Path(__file__).resolve().parents[3] / "shared"
HITS = sorted({text for entry in TABLE for text, _ in entry.hits})


@pytest.fixture(scope="module")
def scrubber() -> Scrubber:
    return Scrubber(secret=b"key")


def scrub(scrubber: Scrubber, text: str) -> str:
    return scrubber.scrub([text])[0].text


def test_values_become_typed_placeholders(scrubber: Scrubber) -> None:
    text = "I am jo@example.com, card 4111 1111 1111 1111, from 203.0.113.9."
    assert scrub(scrubber, text) == "I am <EMAIL>, card <CREDIT_CARD>, from <IP>."


def test_entities_are_sorted_disjoint_and_in_code_points_of_the_input(scrubber: Scrubber) -> None:
    text = "😀 jo@example.com 😀 and 4111111111111111"
    (found,) = scrubber.scrub([text])
    assert [text[e.start : e.end] for e in found.entities] == ["jo@example.com", "4111111111111111"]
    assert found.text == "😀 <EMAIL> 😀 and <CREDIT_CARD>"


@pytest.mark.parametrize("text", HITS, ids=range(len(HITS)))
def test_scrubbing_scrubbed_text_changes_nothing(scrubber: Scrubber, text: str) -> None:
    once = scrub(scrubber, text)
    assert scrub(scrubber, once) == once


def test_text_without_personal_data_stays_as_it_is(scrubber: Scrubber) -> None:
    for text in ("", "How do I sort a list in Python 3.11?", "Order 123 shipped in 2 days."):
        assert scrubber.scrub([text])[0] == (text, ())


def test_json_stays_json(scrubber: Scrubber) -> None:
    text = '{"mail": "jo@example.com", "card": 4111111111111111, "n": [1, 4111111111111111]}'
    assert json.loads(scrub(scrubber, text)) == {
        "mail": "<EMAIL>",
        "card": "<CREDIT_CARD>",
        "n": [1, "<CREDIT_CARD>"],
    }


def test_values_are_scrubbed_at_any_depth(scrubber: Scrubber) -> None:
    value = {"a": ["jo@example.com", 1, None, {"bo@example.com": True}]}
    assert scrubber.scrub_values(value) == {"a": ["<EMAIL>", 1, None, {"<EMAIL>": True}]}


def test_what_only_scrubadub_knows_is_found_behind_its_gate(scrubber: Scrubber) -> None:
    (found,) = scrubber.scrub(["ring 020 7946 0999 or username: root password: hunter2"])
    assert "hunter2" not in found.text


def test_ids_are_keyed_hashes() -> None:
    one, other = Scrubber(secret=b"1"), Scrubber(secret=b"2")
    assert one.hash_id("user", "jo") == one.hash_id("user", "jo") != other.hash_id("user", "jo")
    assert one.hash_id("user", "jo").startswith("u_")
    assert one.hash_id("session", "jo")[2:] != one.hash_id("user", "jo")[2:]


def test_counts_are_by_type() -> None:
    one = Entity("EMAIL", 0, 1)
    assert counts([[one, Entity("IP", 2, 3)], [one]]) == {"EMAIL": 2, "IP": 1}


def test_replacing_keeps_what_is_between() -> None:
    assert replace("abcdef", [Entity("IP", 1, 2), Entity("MAC", 4, 6)]) == "a<IP>cd<MAC>"


def test_a_detector_that_fails_names_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    scrubber = Scrubber()

    def fail(text: str) -> None:
        raise ValueError(text)

    monkeypatch.setattr(scrubber, "_scrub", fail)
    with pytest.raises(ScrubError) as caught:
        scrubber.scrub(["jo@example.com"])
    assert "jo@" not in str(caught.value)
    assert caught.value.__cause__ is None


# ---------------------------------------------------------------- gates


@pytest.mark.skipif(not importlib.util.find_spec("hyperscan"), reason="hyperscan is an extra")
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.sampled_from(HITS), st.sampled_from(string.punctuation)),
        max_size=6,
    ).map(" ".join)
)
def test_the_fast_gate_lets_through_what_the_plain_one_does(text: str) -> None:
    lower, has = fold(text), features(text)
    assert HyperscanGate()(lower, has) == PlainGate()(lower, has)


def test_mutated_texts_scrub_alike_in_any_batch(scrubber: Scrubber) -> None:
    rng = random.Random(3)
    texts = [mutated(rng, rng.choice(HITS)) for _ in range(300)]
    assert scrubber.scrub(texts) == [scrubber.scrub([text])[0] for text in texts]


def mutated(rng: random.Random, text: str) -> str:
    chars = list(text)
    for _ in range(rng.randrange(4)):
        chars.insert(rng.randrange(len(chars) + 1), rng.choice(" -.@:/<>\n0aZéß中😀"))
    return "".join(chars)


# ---------------------------------------------------------------- linear work


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1",
        "1 ",
        "a.",
        "@",
        "a@",
        "A b ",
        "AA11 ",
        "+1(",
        "::",
        "a:b@",
        "pass ",
        "-",
        "eyJ",
        "\n",
    ],
    ids=repr,
)
def test_work_grows_with_the_length_and_no_faster(unit: str) -> None:
    """Twice the text may cost about twice the time; a backtracking pattern costs a multiple."""

    def cost(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        best = float("inf")
        for _ in range(2):
            started = time.process_time()
            find(text)
            best = min(best, time.process_time() - started)
        return best

    small, large = cost(20_000), cost(80_000)
    # Four times the text: linear work costs four times, quadratic work sixteen.
    assert large <= 10 * small + 0.5


# ---------------------------------------------------------------- quality


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_recall_and_false_positives_on_the_development_set(scrubber: Scrubber) -> None:
    spec = importlib.util.spec_from_file_location("pii_score", SHARED / "tools" / "pii_score.py")
    assert spec
    assert spec.loader
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    with gzip.open(SHARED / "data" / "pii" / "dev.jsonl.gz", "rt", encoding="utf8") as file:
        rows = [json.loads(line) for line in file]
    found = scrubber.scrub([row["text"] for row in rows])
    result = scorer.score(rows, [{"clean": item.text} for item in found])
    assert result["recall"] >= 0.85
    assert result["fp_rate"] <= 0.04
    assert result["precision"] >= 0.95
