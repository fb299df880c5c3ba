"""Near-duplicates: what overlaps by 0.8 is found, what does not is not, within window and bounds."""

import random
import string
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pytest

from flywheel_stream import near
from flywheel_stream.dedup import normalise
from flywheel_stream.errors import StateError
from flywheel_stream.near import Match, NearIndex, spaced

Item = tuple[str, str, float]

ASKED = "Where is my parcel? I have been waiting for it since the first of March."
LATIN = string.ascii_lowercase
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
CHINESE = "".join(map(chr, range(0x4E00, 0x4E40)))
EMOJI = "".join(map(chr, range(0x1F600, 0x1F640)))


@lru_cache(maxsize=2000)
def grams(text: str) -> set[str]:
    plain = spaced(text).decode("utf-8", "surrogatepass")
    return {plain[place : place + 5] for place in range(len(plain) - 4)} or {plain}


def overlap(one: str, other: str) -> float:
    a, b = grams(one), grams(other)
    return len(a & b) / len(a | b)


def brute_force(items: Sequence[Item], window: float) -> list[Match]:
    """What the index promises, by comparing all with all."""
    kept: list[Item] = []
    matches: list[Match] = []
    for item in items:
        _, text, ts = item
        there = [other for other in kept if abs(other[2] - ts) <= window]
        equal = [other for other in there if normalise(other[1]) == normalise(text)]
        ranked = [(-overlap(text, other[1]), other[2], n) for n, other in enumerate(there)]
        ranked = [rank for rank in ranked if rank[0] <= -0.8]
        if equal:
            matches.append(Match("exact", min(equal, key=lambda other: other[2])[0]))
        elif ranked:
            matches.append(Match("near", there[min(ranked)[2]][0]))
        else:
            kept.append(item)
            matches.append(Match())
    return matches


def edited(text: str, rng: random.Random, alphabet: str) -> str:
    """The text with some letters or a piece changed, or only its layout."""
    kind = rng.randrange(4)
    if kind == 0:
        return f" {text.upper()}\n" if rng.random() < 0.5 else text
    if kind == 1:
        return text + "".join(rng.choices(alphabet, k=rng.randrange(20)))
    for _ in range(kind - 1):
        place = rng.randrange(len(text) + 1)
        text = text[:place] + rng.choice(alphabet) + text[place + rng.randrange(2) :]
    return text


def traffic(seed: int, alphabet: str, size: int, span: float) -> list[Item]:
    """Texts of up to 150 characters, half of them edits of earlier ones, out of order in time."""
    rng = random.Random(seed)
    items: list[Item] = []
    for number in range(size):
        if items and rng.random() < 0.5:
            text = edited(rng.choice(items)[1], rng, alphabet)
        else:
            text = "".join(rng.choices(alphabet + " ", k=rng.randrange(150)))
        items.append((f"r{number}", text, number * span / size + rng.uniform(0, span / 10)))
    return items


@pytest.mark.parametrize("alphabet", [LATIN, GREEK, CHINESE, EMOJI, LATIN + "é" + CHINESE[:9]])
@pytest.mark.parametrize("window", [1e9, 300.0])
def test_the_answers_are_those_of_brute_force(alphabet: str, window: float) -> None:
    items = traffic(len(alphabet), alphabet, 300, 1000.0)
    expected = brute_force(items, window)
    assert NearIndex(window=window).add(items) == expected
    assert {match.duplicate for match in expected} == {None, "exact", "near"}


def test_pairs_at_the_threshold_itself_are_found() -> None:
    rng = random.Random(3)
    missed = total = 0
    for _ in range(1500):
        # 45 grams, and 45 with five of them changed: 40 / 50.
        text = "".join(rng.choices(LATIN, k=49))
        place = rng.randrange(4, 45)
        other = text[:place] + "#" + text[place + 1 :]
        if overlap(text, other) == 0.8:
            total += 1
            match = NearIndex().add([("a", text, 0.0), ("b", other, 0.0)])[1]
            missed += match != Match("near", "a")
    assert total > 1000
    assert missed <= 3  # 2e-4 of them are expected


def test_what_overlaps_less_is_never_a_duplicate() -> None:
    rng = random.Random(4)
    start = "".join(rng.choices(LATIN, k=70))
    texts = [start + "".join(rng.choices(LATIN, k=rng.randint(8, 30))) for _ in range(400)]
    items = [(str(n), text, 0.0) for n, text in enumerate(texts)]
    for text, match in zip(texts, NearIndex().add(items), strict=True):
        if match.of is not None:
            assert match.duplicate == "near"
            assert overlap(text, texts[int(match.of)]) >= 0.8


def test_the_closest_counts_then_the_earliest() -> None:
    rng = random.Random(12)
    asked, tail = ("".join(rng.choices(LATIN, k=size)) for size in (100, 30))
    one, other = asked + tail[:20], asked + tail[20:]
    assert overlap(one, other) < 0.8 < overlap(asked, one) < overlap(asked, other)
    items = [("one", one, 0.0), ("other", other, 1.0), ("q", asked, 2.0)]
    assert NearIndex().add(items)[2] == Match("near", "other")
    one, other = "abcdefghij" * 2 + "0", "abcdefghij" * 2 + "1"
    middle = "abcdefghij" * 2
    late_first = NearIndex(window=10.0)
    late_first.add([("late", one, 15.0), ("early", other, 4.0)])
    assert overlap(middle, one) == overlap(middle, other)
    assert late_first.add([("q", middle, 10.0)]) == [Match("near", "early")]


def test_only_texts_that_are_no_duplicate_are_compared_with() -> None:
    rng = random.Random(5)
    a = "".join(rng.choices(LATIN, k=100))
    b = a + "".join(rng.choices(LATIN, k=20))
    c = b + "".join(rng.choices(LATIN, k=20))
    assert overlap(b, c) > 0.8 > overlap(a, c)
    items = [("a", a, 0.0), ("b", b, 1.0), ("c", c, 2.0), ("b2", b, 3.0)]
    assert NearIndex().add(items) == [Match(), Match("near", "a"), Match(), Match("near", "c")]


@pytest.mark.parametrize("text", ["", " ", "a", "four", "straße", "\ud800", "\ud800 bcde"])
def test_copies_of_texts_of_any_length(text: str) -> None:
    other = f" {text.upper()}\t"
    items = [("a", text, 0.0), ("b", other, 0.0), ("c", text + "z", 0.0)]
    assert NearIndex().add(items) == [Match(), Match("exact", "a"), Match()]


def test_the_window_is_of_event_time_both_ways() -> None:
    index = NearIndex(window=100.0)
    index.add([("a", ASKED, 1000.0)])
    items = [(f"x{ts}", ASKED + "!", ts) for ts in (900.0, 1100.0, 899.0, 1101.0)]
    assert index.add(items) == [Match("near", "a"), Match("near", "a"), Match(), Match()]
    # The text is there twice now, at 899 and at 1101.
    found = index.add([(f"y{ts}", ASKED + "!", ts) for ts in (950.0, 1150.0, 1400.0)])
    assert found == [Match("exact", "x899.0"), Match("exact", "x1101.0"), Match()]


def test_texts_without_a_place_in_the_window_leave_but_a_time_ahead_empties_nothing() -> None:
    rng = random.Random(6)
    texts = ["".join(rng.choices(LATIN, k=60)) for _ in range(300)]
    index = NearIndex(window=10.0)
    index.add([(str(n), text, float(n)) for n, text in enumerate(texts)])
    assert len(index) == 21  # twice the window
    index = NearIndex(window=1000.0)
    index.add([(str(n), text, float(n)) for n, text in enumerate(texts)])
    index.add([("far", "a text that says it is of the year 9999", 2.5e11)])
    assert index.add([("copy", texts[5], 301.0)]) == [Match("exact", "5")]


@pytest.mark.parametrize("bound", [{"capacity": 50}, {"size": 50 * 60}])
def test_the_oldest_leave_a_full_index(bound: dict[str, Any]) -> None:
    rng = random.Random(7)
    texts = ["".join(rng.choices(LATIN, k=60)) for _ in range(200)]
    index = NearIndex(**bound)
    index.add([(str(n), text, 0.0) for n, text in enumerate(texts)])
    assert len(index) == 50
    state = vars(index)
    for name in ("_entries", "_texts", "_lists"):
        assert len(state[name]) == 50
    assert len(state["_held"]) == 50 * near._BANDS
    kept = index.add([(f"x{n}", texts[n] + "!", 0.0) for n in (150, 199, 149)])
    assert kept == [Match("near", "150"), Match("near", "199"), Match()]
    index.add([("huge", "".join(rng.choices(LATIN, k=10_000)), 0.0)])
    assert 1 <= len(index) <= 50


def test_grams_that_are_forgotten_are_counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    items = traffic(8, LATIN, 400, 1000.0)
    expected = NearIndex().add(items)
    monkeypatch.setattr(near, "_CACHE", 500)
    index = NearIndex()
    assert index.add(items) == expected
    assert sum(map(len, [*index._lists.values(), *index._sets.values()])) <= 500


def test_a_text_that_is_read_again_is_no_duplicate_of_itself() -> None:
    items = [("a", ASKED, 0.0), ("b", ASKED + "!", 1.0), ("c", ASKED, 2.0)]
    index = NearIndex()
    first = index.add(items)
    assert first == [Match(), Match("near", "a"), Match("exact", "a")]
    assert index.add(items) == first
    assert len(index) == 1


def in_batches(index: NearIndex, items: Sequence[Item], size: int) -> list[Match]:
    starts = range(0, len(items), size)
    return [match for start in starts for match in index.add(items[start : start + size])]


def reloaded(index: NearIndex) -> NearIndex:
    return NearIndex.load(msgspec.msgpack.decode(msgspec.msgpack.encode(index.dump())))


@pytest.mark.parametrize("chunk", [1, 500, 1 << 15])
def test_batches_and_snapshots_change_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    items = traffic(9, LATIN[:8], 500, 1000.0)
    whole = NearIndex(window=200.0, capacity=60)
    expected = whole.add(items)
    monkeypatch.setattr(near, "_CHUNK", chunk)
    for size in (1, 7, 100):
        index = NearIndex(window=200.0, capacity=60)
        assert in_batches(index, items, size) == expected
        assert index.dump() == whole.dump()
    index, found = NearIndex(window=200.0, capacity=60), []
    for start in range(0, len(items), 50):
        index = reloaded(index)
        found += index.add(items[start : start + 50])
    assert found == expected
    assert index.dump() == whole.dump()


def older(state: dict[str, Any]) -> None:
    state["version"] = 0


def cut(state: dict[str, Any]) -> None:
    del state["entries"]


def without_room(state: dict[str, Any]) -> None:
    state["capacity"] = 0


@pytest.mark.parametrize("damage", [older, cut, without_room])
def test_a_damaged_dump_does_not_load(damage: Callable[[dict[str, Any]], None]) -> None:
    index = NearIndex()
    index.add([("a", ASKED, 0.0)])
    state = index.dump()
    damage(state)
    with pytest.raises(StateError, match="start from an older snapshot"):
        NearIndex.load(state)


def test_thousands_from_one_template_are_compared_with_a_few_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(10)
    start = "".join(rng.choices(LATIN, k=200))
    texts = [start + "".join(rng.choices(LATIN, k=100)) for _ in range(1500)]
    compared: list[int] = []
    plain = NearIndex._closest

    def counting(index: NearIndex, grams: Any, candidates: Sequence[int]) -> str | None:
        compared.append(len(candidates))
        return plain(index, grams, candidates)

    monkeypatch.setattr(NearIndex, "_closest", counting)
    index = NearIndex()
    assert set(index.add([(str(n), t, 0.0) for n, t in enumerate(texts)])) == {Match()}
    assert max(compared) == near._VERIFIED
    assert index.add([("x", texts[700] + "!", 0.0)]) == [Match("near", "700")]


def test_a_very_long_text_is_compared_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_VERIFIED_GRAMS", 100)
    rng = random.Random(11)
    start = "".join(rng.choices(LATIN, k=700))
    texts = [start + "".join(rng.choices(LATIN, k=300)) for _ in range(100)]
    index = NearIndex()
    index.add([(str(n), text, 0.0) for n, text in enumerate(texts)])
    # Those that share most keys come first, so the right one is among the two.
    assert index.add([("x", texts[40] + "!", 0.0)]) == [Match("near", "40")]


def test_different_grams_are_different_numbers() -> None:
    text = "".join(map(chr, range(0x20, 0x1000)))
    numbers = near._pack([text])
    assert len(np.unique(numbers)) == len(text) - 4
    assert not (numbers >> np.uint64(63)).any()
    wide = near._pack([text[:50] + CHINESE])
    assert (wide >> np.uint64(63)).tolist() == [0] * 46 + [1] * (len(CHINESE))
    assert len(np.unique(wide)) == len(wide)


@pytest.mark.parametrize("bound", [{"window": -1.0}, {"capacity": 0}, {"size": 0}])
def test_bounds_that_make_no_sense_are_refused(bound: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        NearIndex(**bound)


# ---------------------------------------------------------------- what is taken out, and other ways in


def test_what_was_taken_out_hides_no_later_text_also_after_a_dump_and_load() -> None:
    text = "the parcel that i ordered last week has not come yet"
    index = NearIndex()
    index.add([("a", text, 0.0)])
    index.discard("a")
    index.discard("never there")
    restored = NearIndex.load(index.dump())
    assert restored.dump() == index.dump()
    for one in (index, restored):
        assert one.find(text, 1.0) == Match()
        assert one.add([("b", text + "!", 1.0), ("c", text, 2.0)]) == [Match(), Match("near", "b")]
    assert restored.dump() == index.dump()


def test_a_text_that_was_taken_out_may_come_again_under_its_id() -> None:
    index = NearIndex()
    index.add([("a", "the first wording of the answer", 0.0)])
    index.discard("a")
    assert index.add([("a", "something else altogether", 1.0)]) == [Match()]
    assert index.find("something else altogether!", 1.0) == Match("near", "a")
    assert index.find("the first wording of the answer", 1.0) == Match()


def test_to_find_keeps_nothing() -> None:
    index = NearIndex()
    assert index.find("where is my order?", 0.0) == Match()
    assert len(index) == 0
    index.add([("a", "where is my order?", 0.0)])
    assert index.find("WHERE IS MY ORDER?", 0.0) == Match("exact", "a")
    assert len(index) == 1


def test_texts_sketched_ahead_give_the_same_answers() -> None:
    rng = random.Random(3)
    texts = ["".join(rng.choices(LATIN, k=rng.randrange(3, 90))) for _ in range(200)]
    texts += [text + "." for text in texts[::2]]
    ahead, plain = NearIndex(), NearIndex()
    sketches = near.sketch(texts[:250])  # the others are sketched when they come
    for n, text in enumerate(texts):
        assert (
            ahead.add_sketched(str(n), text, float(n), sketches)
            == plain.add([(str(n), text, float(n))])[0]
        )


def test_translations_are_no_duplicates() -> None:
    index = NearIndex()
    said = (
        "Where is my parcel? I ordered it two weeks ago.",
        "Wo ist mein Paket? Ich habe es vor zwei Wochen bestellt.",
        "Où est mon colis ? Je l'ai commandé il y a deux semaines.",
        "¿Dónde está mi paquete? Lo pedí hace dos semanas.",
        "Dov'è il mio pacco? L'ho ordinato due settimane fa.",
        "Waar is mijn pakket? Ik heb het twee weken geleden besteld.",
        "我的包裹在哪里 我两周前订购的",
    )
    assert set(index.add([(str(n), text, 0.0) for n, text in enumerate(said)])) == {Match()}
