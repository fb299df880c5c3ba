"""Margins: which failures count where, by which calls, and how many there may be."""

import msgspec
import pytest

from flywheel_stream.decay import Clock
from flywheel_stream.exposure import Exposure
from flywheel_stream.margins import (
    ALL,
    TABLE,
    Slices,
    Where,
    described,
    is_margin,
    margin,
    slice_of,
    whole,
)

FIRST = 29_000_000 // 60 * 60


def slices(most: int = 20) -> Slices:
    clocks = Clock(86_400.0), Clock(14 * 86_400.0)
    for clock in clocks:
        clock.advance(FIRST * 60.0)
    app = Exposure(*clocks)
    list(app.close(FIRST))
    return Slices(*clocks, app, most)


FULL = Where("m1", "b", "7", (("locale", "de"),))


def test_a_failure_counts_in_every_margin_that_holds_its_call() -> None:
    found = slices().margins(FULL, ["tone", "latency"], unsatisfied=True)
    assert len(found) == len(set(found)) == len(TABLE) + 1 + 1  # a second kind, an attribute
    assert [described(name) for name in found] == [
        {"metric": "failures"},
        {"metric": "failures", "kind": "tone"},
        {"metric": "failures", "kind": "latency"},
        {"metric": "failures", "model": "m1"},
        {"metric": "failures", "model": "m1", "variant": "b"},
        {"metric": "failures", "model": "m1", "prompt_version": "7"},
        {"metric": "unsatisfied"},
        {"metric": "unsatisfied", "model": "m1", "variant": "b"},
        {"metric": "failures", "locale": "de"},
    ]


@pytest.mark.parametrize(
    ("where", "unsatisfied", "expected"),
    [
        (Where("m1"), False, 2),
        (Where("m1"), True, 3),
        (Where("m1", "b"), False, 3),
        (Where("m1", "b"), True, 5),
    ],
)
def test_what_a_call_lacks_is_no_margin_of_it(
    where: Where, *, unsatisfied: bool, expected: int
) -> None:
    assert len(slices().margins(where, [], unsatisfied=unsatisfied)) == expected


def test_names_say_what_they_are() -> None:
    assert is_margin(ALL)
    assert not is_margin("c_1")
    assert described("c_1") == {"cluster": "c_1"}
    arm = margin("unsatisfied", [("model", "m"), ("variant", "b")])
    assert described(whole(arm)) == {"metric": "unsatisfied"}
    assert slice_of(arm) == slice_of(margin("failures", [("model", "m"), ("variant", "b")])) != ""
    assert slice_of(ALL) == slice_of(margin("failures", [("kind", "tone")])) == ""
    assert described(margin("failures", [("plan", "a\x1fb")])) == {
        "metric": "failures",
        "plan": "a b",
    }


def test_each_slice_has_its_own_calls() -> None:
    found = slices()
    found.add(FIRST, {Where("m1", "a"): 30, Where("m1", "b"): 10, Where("m2"): 5})
    learnt = {key: exposure for key, _, exposure in found.close(FIRST + 600)}
    models = {name: slice_of(margin("failures", [("model", name)])) for name in ("m1", "m2")}
    assert (learnt[models["m1"]], learnt[models["m2"]]) == (0, 0)  # of the last minute
    first = slices()
    first.add(FIRST, {Where("m1", "a"): 30, Where("m1", "b"): 10, Where("m2"): 5})
    by_minute = {(key, minute): exposure for key, minute, exposure in first.close(FIRST + 40)}
    assert by_minute[models["m1"], FIRST] == 40
    assert by_minute[models["m2"], FIRST] == 5


def test_slices_are_bounded_and_the_most_called_have_rows() -> None:
    found = slices(most=2)
    for n in range(50):
        found.add(FIRST, {Where(f"m{n}"): 1})
    assert found.exposure(slice_of(margin("failures", [("model", "m0")]))) is not None
    assert len(found.margins(Where("m49"), [], unsatisfied=False)) == 1  # but the whole
    assert found.add(FIRST + 30, {Where("m49"): 500}) == []
    (gone,) = found.add(FIRST + 61, {Where("m49"): 1})
    assert gone == slice_of(margin("failures", [("model", "m0")]))
    assert found.exposure(gone) is None
    assert len(found.margins(Where("m49"), [], unsatisfied=False)) == 2


def test_an_attribute_named_like_a_field_is_none_of_its_own() -> None:
    where = Where("m1", values=(("model", "other"),))
    assert len(slices().margins(where, [], unsatisfied=False)) == 2


def test_a_dump_goes_on_alike() -> None:
    found = slices(most=2)
    found.add(FIRST, {FULL: 7, Where("m2"): 3, Where("m3"): 3})
    list(found.close(FIRST + 20))
    raw = msgspec.msgpack.encode(found.dump())
    again = slices(most=2)
    again.load(msgspec.msgpack.decode(raw))
    for other in (found, again):
        other.add(FIRST + 61, {Where("m3"): 90})
        list(other.close(FIRST + 90))
    assert msgspec.msgpack.encode(again.dump()) == msgspec.msgpack.encode(found.dump())
