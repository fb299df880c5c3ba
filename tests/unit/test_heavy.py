"""Heavy hitters: bounded, first come first served, and handed over to what is seen far more."""

from flywheel_stream.heavy import HEAVY, MORE, HeavyHitters


def seen(heavy: HeavyHitters, *values: tuple[str, int]) -> None:
    for value, number in values:
        heavy.see(value, number)
        heavy.own(value)


def test_rows_are_free_until_there_are_none() -> None:
    heavy = HeavyHitters(2)
    seen(heavy, ("a", 1), ("b", 1), ("c", 100))
    assert [heavy.own(value) for value in "abc"] == [True, True, False]
    assert list(heavy.rows) == ["a", "b"]


def test_a_row_goes_to_what_is_surely_seen_twice_as_often() -> None:
    heavy = HeavyHitters(2)
    seen(heavy, ("a", 30), ("b", 60), ("c", 60))
    assert heavy.hand_over() == []
    heavy.see("c", 1)
    assert heavy.hand_over() == [("a", "c")]
    assert [heavy.own(value) for value in "abc"] == [False, True, True]


def test_a_handful_takes_no_row() -> None:
    heavy = HeavyHitters(1)
    seen(heavy, ("a", 1), ("b", HEAVY))
    assert heavy.hand_over() == []


def test_what_was_seen_fades() -> None:
    heavy = HeavyHitters(1)
    seen(heavy, ("a", 1_000), ("b", 100))
    assert heavy.hand_over() == []
    heavy.fade(10)
    heavy.see("b", 100)
    assert heavy.hand_over() == [("a", "b")]


def test_what_is_counted_is_bounded_and_what_takes_over_a_count_is_not_sure_of_it() -> None:
    heavy = HeavyHitters(1)
    seen(heavy, ("a", 5))
    for n in range(50):
        heavy.see(f"v{n}", 10)
    assert len(heavy._seen) == MORE
    heavy.see("late", 1)
    assert max(count for count, _ in heavy._seen.values()) > HEAVY
    assert heavy.hand_over() == []


def test_a_dump_goes_on_alike() -> None:
    heavy = HeavyHitters(2)
    seen(heavy, ("a", 3), ("b", 4), ("c", 50))
    again = HeavyHitters(2)
    again.load(*heavy.dump())
    assert again.dump() == heavy.dump()
    assert again.hand_over() == heavy.hand_over() == [("a", "c")]


def test_values_that_become_one_have_one_row_and_what_is_left_waits_for_the_next_hour() -> None:
    heavy = HeavyHitters(2)
    seen(heavy, ("a", 30), ("b", 10), ("c", 15), ("d", 12))
    heavy.merge("b", "a")
    assert list(heavy.rows) == ["a"]
    assert not heavy.own("c")  # it was counted among the others until now
    assert heavy.hand_over() == [("", "c")]
    assert [heavy.own(value) for value in "acd"] == [True, True, False]
    heavy.merge("c", "d")
    assert list(heavy.rows) == ["a", "d"]
    assert dict(heavy._seen) == {"a": (40, 0), "d": (27, 0)}
