"""Tests of the share that one user has in the latest calls."""

from flywheel_stream.events import Interaction
from stream.flooding import ENOUGH, TopUser
from tests.curating import call


def calls(number: int, user: str = "", session: str = "") -> list[Interaction]:
    return [call("t1", user_id=user, session_id=session)] * number


def test_the_busiest_user_has_a_share_of_all_calls_those_of_nobody_too() -> None:
    top = TopUser()
    for n in range(ENOUGH // 2):
        top.take(calls(1, f"u{n}"))
    top.take(calls(ENOUGH // 4, "loop") + calls(ENOUGH // 4))
    assert top.share() == 0.25


def test_a_session_stands_for_a_user_who_has_no_name() -> None:
    top = TopUser()
    top.take(calls(ENOUGH, session="s1"))
    assert top.share() == 1.0


def test_of_few_calls_nothing_is_said() -> None:
    top = TopUser()
    assert top.share() == 0.0
    top.take(calls(ENOUGH - 1, "u1"))
    assert top.share() == 0.0


def test_what_has_left_the_window_counts_no_more() -> None:
    top = TopUser(window=ENOUGH)
    top.take(calls(ENOUGH, "loop"))
    for n in range(ENOUGH // 10):
        top.take(calls(10, f"u{n}"))
    assert top.share() == 10 / ENOUGH
    assert len(top._calls) == ENOUGH // 10
