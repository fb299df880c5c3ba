"""Scrubbing: placeholders, overlaps, JSON, hashes, gates that change nothing, linear work."""

import functools
import gzip
import importlib.util
import json
import random
import re
import string
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import scrubadub
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flywheel_stream.detecting import find
from flywheel_stream.errors import ConfigError, ScrubError
from flywheel_stream.gating import Gated, HyperscanGate, PlainGate
from flywheel_stream.pii import TABLE
from flywheel_stream.replacing import Entity, replace
from flywheel_stream.scrubbing import Scrubber, counts
from stream.scrubbers import shelf
from tests.unit.mutation import mutated

SHARED = Path(__file__).resolve().parents[3] / "shared"
HITS = sorted({text for entry in TABLE for text, _ in entry.hits})
RESIDUE = (
    "call me on 1-800-FLOWERS or 310-1234",
    "phone: 2 1 2 5 5 5 0 1 2 3",
    "login: root pw: hunter2",
    "u: bo p: secret",
    "ids 219 09 9999 and 555 12 3456",
    "Ring +47 22 86 44 00, or 12345678",
    "no personal data at all",
)
"""Texts with what scrubadub's detectors want, in ways that ours may not take."""


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


@pytest.mark.parametrize(
    "text",
    [
        ' {"n": 4111111111111111}',
        r'{"t": "\njo@example.com hi"}',
        r'{"p": "password: ab12\"x", "n": 4111111111111111}',
        r'{"t": "Ren\u00e9 says password: ab12\u00e9", "n": [4111111111111111]}',
    ],
)
def test_json_with_escapes_and_numbers_stays_json(scrubber: Scrubber, text: str) -> None:
    (found,) = scrubber.scrub([text])
    assert found.entities
    json.loads(found.text)
    assert "4111" not in found.text
    starts = [entity.start for entity in found.entities]
    assert starts == sorted(starts)


def test_a_line_break_before_a_value_in_json_is_kept(scrubber: Scrubber) -> None:
    assert scrub(scrubber, r'{"t": "\njo@example.com"}') == r'{"t": "\n<EMAIL>"}'


def test_a_key_announces_its_value(scrubber: Scrubber) -> None:
    value = {"password": "monkey", "ssn": "219099999", "n": 3, "ok": True, "card": 4111111111111111}
    assert scrubber.scrub_values(value) == {
        "password": "<PASSWORD>",
        "ssn": "<US_SSN>",
        "n": 3,
        "ok": True,
        "card": "<CREDIT_CARD>",
    }
    value = {"card": 4111111111111111.0, "ssn": 219099999.0, "n": 3.0, "ratio": 0.5}
    assert scrubber.scrub_values(value) == {
        "card": "<CREDIT_CARD>",
        "ssn": "<US_SSN>",
        "n": 3.0,
        "ratio": 0.5,
    }


def test_keys_that_become_equal_lose_no_value(scrubber: Scrubber) -> None:
    value = {"jo@example.com": 1, "bo@example.com": 2}
    assert scrubber.scrub_values(value) == {"<EMAIL>": 1, "<EMAIL> 2": 2}


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


def test_a_long_secret_counts_to_its_last_byte() -> None:
    one, other = Scrubber(secret=b"k" * 64 + b"1"), Scrubber(secret=b"k" * 64 + b"2")
    assert one.hash_id("user", "jo") != other.hash_id("user", "jo")


@pytest.mark.parametrize(
    "text",
    [
        "npm install @types/node@3.25.19 --save-dev",
        "Please refund order ORD-2024-547440.",
        "The coordinates of the volcano are 6075.181497, 5705.452.",
        "login with your username and password to continue",
    ],
)
def test_what_scrubadub_takes_for_personal_is_looked_at_again(
    scrubber: Scrubber, text: str
) -> None:
    assert scrub(scrubber, text) == text


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


# ---------------------------------------------------------------- pseudonyms, limits, plug-ins


def test_pseudonyms_tell_people_apart_inside_a_conversation_only() -> None:
    scrubber = Scrubber(secret=b"key", pseudonymous=True)
    texts = ["jo@example.com wrote to al@example.com", "JO@example.com again", "jo@example.com"]
    one, two, three = (item.text for item in scrubber.scrub(texts, ["a", "a", "b"]))
    first, other = re.findall(r"<EMAIL_\d{4}>", one)
    assert first != other
    assert two == f"{first} again"
    assert three != first
    assert scrubber.scrub([one], ["a"])[0].text == one
    assert Scrubber(secret=b"new", pseudonymous=True).scrub(texts, ["a"] * 3)[0].text != one


def test_pseudonyms_leave_json_json() -> None:
    scrubber = Scrubber(secret=b"key", pseudonymous=True)
    text = scrubber.scrub(['{"card": 4111111111111111}'], ["a"])[0].text
    assert re.fullmatch(r"CREDIT_CARD_\d{4}", json.loads(text)["card"].strip("<>"))


def test_a_text_that_takes_too_long_fails_closed() -> None:
    ticks = iter(range(1000))
    scrubber = Scrubber(limit=3.0, clock=lambda: float(next(ticks)))
    text = "jo@example.com, 4111 1111 1111 1111, +44 20 7946 0958, DE89 3704 0044 0532 0130 00"
    with pytest.raises(ScrubError, match="longer than 3 s"):
        scrubber.scrub([text])


# ---------------------------------------------------------------- texts that come again


@pytest.mark.parametrize("text", ["I am jo@example.com", "tickets 4111 1111 1111 1112 and more"])
def test_a_text_that_comes_again_is_looked_through_once(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scrubber = Scrubber()
    first = scrubber.scrub([text])
    monkeypatch.setattr(scrubber, "_scrub", None)
    assert scrubber.scrub([text, text]) == first * 2


def test_of_a_text_with_personal_data_only_a_keyed_digest_is_remembered() -> None:
    one, other = Scrubber(), Scrubber()
    for scrubber in (one, other):
        scrubber.scrub(["I am jo@example.com", "I am jo@example.com. " * 100])
        assert len(scrubber._seen) == 2
        assert "jo@" not in repr((scrubber._seen, scrubber._known))
    assert not one._seen.keys() & other._seen.keys()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flywheel_stream.scrubbing.MAX_REMEMBERED", 5)
    scrubber = Scrubber()
    scrubber.scrub([f"jo{number}@example.com" for number in range(23)])
    assert len(scrubber._seen) <= 5


def test_pseudonyms_are_never_those_of_another_conversation() -> None:
    scrubber = Scrubber(secret=b"key", pseudonymous=True)
    one, two = scrubber.scrub(["I am jo@example.com"] * 2, ["a", "b"])
    assert one.text != two.text


class OrderDetector(scrubadub.detectors.RegexDetector):  # type: ignore[misc]
    """A detector that somebody else wrote."""

    name = "order"
    regex = re.compile(r"\bORD-\d{6}\b")
    filth_cls = type("OrderFilth", (scrubadub.filth.Filth,), {"type": "order_number"})


def test_any_detector_made_for_scrubadub_can_be_plugged_in() -> None:
    scrubber = Scrubber(detectors=[f"{__name__}:OrderDetector"])
    assert scrubber.scrub(["ORD-123456 of jo@example.com", "nothing"]) == [
        (
            "<ORDER_NUMBER> of <EMAIL>",
            (Entity("ORDER_NUMBER", 0, 10), Entity("EMAIL", 14, 28)),
        ),
        ("nothing", ()),
    ]
    assert "OrderDetector" in scrubber.version


@pytest.mark.parametrize("name", ["nowhere:Detector", "json:loads", "json", "string:Template"])
def test_a_detector_that_does_not_load_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="FLYWHEEL_SCRUBADUB_DETECTORS"):
        Scrubber(detectors=[name])


def test_our_table_is_a_detector_of_scrubadub() -> None:
    from flywheel_stream.as_scrubadub import FlywheelDetector  # noqa: PLC0415 - only here

    scrubber = scrubadub.Scrubber(detector_list=[FlywheelDetector()])
    assert scrubber.clean("my card is 4111 1111 1111 1111") == "my card is {{CREDIT_CARD}}"
    kinds = [filth.type for filth in scrubber.iter_filth("jo@example.com, DE89370400440532013000")]
    assert kinds == ["email", "iban"]


# ---------------------------------------------------------------- gates


@functools.cache
def fast_gate() -> HyperscanGate:
    """Compiled once: that takes a second."""
    return HyperscanGate(shelf())


def looks(text: str) -> tuple[Gated, Gated]:
    """What the fast gate says of a text, and what the plain one says."""
    return fast_gate()([text])[0], PlainGate()([text])[0]


@pytest.mark.skipif(not importlib.util.find_spec("hyperscan"), reason="hyperscan is an extra")
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(st.text(max_size=40), st.sampled_from(HITS), st.sampled_from(string.punctuation)),
        max_size=6,
    ).map(" ".join)
)
def test_the_fast_gate_changes_no_result(text: str) -> None:
    fast, plain = looks(text)
    assert find(text, fast.places) == find(text, plain.places)
    assert fast.residue == plain.residue


@pytest.mark.skipif(not importlib.util.find_spec("hyperscan"), reason="hyperscan is an extra")
def test_the_fast_gate_changes_no_result_for_texts_like_those_of_the_table() -> None:
    rng = random.Random(11)
    texts = [*HITS, *(text for entry in TABLE for text in entry.misses)]
    for text in (mutated(rng, " ".join(rng.choices(texts, k=2))) for _ in range(4000)):
        fast, plain = looks(text)
        assert find(text, fast.places) == find(text, plain.places), text
        assert fast.residue == plain.residue, text


@pytest.mark.skipif(not importlib.util.find_spec("hyperscan"), reason="hyperscan is an extra")
@pytest.mark.parametrize(
    "place",
    # A value that is looked at before it is taken is hardly ever made at random.
    [place for place, entry in enumerate(TABLE) if "(?P<v>(?=" not in entry.pattern.pattern],
)
def test_the_fast_gate_lets_through_whatever_a_pattern_matches(place: int) -> None:
    """Texts made from the pattern: a hint that asks for more than the pattern does fails here."""

    @settings(
        max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.from_regex(TABLE[place].pattern), st.sampled_from(("", " birth tel zip x@y.de", "—")))
    def check(text: str, more: str) -> None:
        fast, plain = looks(text + more)
        assert find(text + more, fast.places) == find(text + more, plain.places)
        assert fast.residue == plain.residue

    check()


class OpenGate:
    """Spares scrubadub no text."""

    def __call__(self, texts: Sequence[str]) -> list[Gated]:
        return [Gated(places, residue=True) for places, _ in PlainGate()(texts)]


def test_the_gate_of_scrubadub_changes_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    texts = [mutated(rng, rng.choice((*RESIDUE, *HITS))) for _ in range(400)]
    gated = Scrubber(gate=PlainGate()).scrub(texts)
    monkeypatch.setattr("flywheel_stream.scrubbing.worth_scrubadub", lambda _: True)
    assert Scrubber(gate=OpenGate()).scrub(texts) == gated


def test_mutated_texts_scrub_alike_in_any_batch(scrubber: Scrubber) -> None:
    rng = random.Random(3)
    texts = [mutated(rng, rng.choice(HITS)) for _ in range(300)]
    assert scrubber.scrub(texts) == [scrubber.scrub([text])[0] for text in texts]


# ---------------------------------------------------------------- linear work


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "1", "1 ", "a.", "@", "a@", "A b ", "AA11 ", "+1(", "::", "a:b@", "pass ", "-"),
        *("eyJ", "\n", "login", "u:a ", "jo@x.io ", "Lisa Fox, ", "<EMAIL> "),
        "-----BEGIN PRIVATE KEY-----",
    ],
    ids=repr,
)
def test_work_grows_with_the_length_and_no_faster(scrubber: Scrubber, unit: str) -> None:
    """Four times the text may cost about four times the work; a quadratic way costs sixteen."""

    def cost(length: int) -> float:
        text = unit * (length // len(unit)) + " password: x"
        best = float("inf")
        for _ in range(2):
            started = time.process_time()
            scrubber.scrub([text])
            best = min(best, time.process_time() - started)
        return best

    small, large = cost(20_000), cost(80_000)
    assert large <= 10 * small + 0.1


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
    assert result["recall"] >= 0.955
    assert result["fp_rate"] <= 0.01
    assert result["precision"] >= 0.95
