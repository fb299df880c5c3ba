"""How the report's plots lie in time and value: buckets, ticks, gaps, means, colours."""

from typing import Any

import pytest

from stream.report import plots, satisfaction, traffic
from stream.report.limits import MOST_BUCKETS

START = 1_760_000_400.0 // 3600 * 3600
HOUR = 3600.0


def test_a_gap_where_nothing_was_judged_is_not_bridged() -> None:
    points = [plots.Point(HOUR * n, 0.5, 20) for n in (0, 1, 5, 6, 7, 9)]
    assert [len(run) for run in plots._runs(points, 3600)] == [2, 3, 1]


def test_means_are_weighted_by_what_was_judged() -> None:
    rows: list[dict[str, Any]] = [
        {"hour": 0, "judged": 30, "satisfied": 1.0},
        {"hour": 3600, "judged": 10, "satisfied": 0.0},
        {"hour": 7200, "judged": 0, "satisfied": None},
    ]
    assert satisfaction._points(rows, 7200) == [plots.Point(0, 0.75, 40)]


def test_hours_are_put_together_until_they_fit() -> None:
    frame = plots.frame_of([{"hour": START}, {"hour": START + 29 * 86_400}])
    assert frame.bucket == 6 * HOUR
    assert frame.first % frame.bucket == frame.last % frame.bucket == 0
    assert (frame.last - frame.first) / frame.bucket <= MOST_BUCKETS + 1


@pytest.mark.parametrize("span", [1800, 5400, 86_400, 5 * 86_400, 400 * 86_400, 9e9])
def test_ticks_are_round_and_few(span: float) -> None:
    ticks = plots.Frame(START + 17, START + 17 + span).ticks()
    assert 1 <= len(ticks) <= 8
    assert all(START + 17 <= tick <= START + 17 + span and tick % 900 == 0 for tick in ticks)


@pytest.mark.parametrize(("value", "top"), [(0, 4), (3, 4), (7, 8), (101, 120), (3034, 3200)])
def test_the_upper_edge_is_easy_to_read(value: float, top: float) -> None:
    assert traffic._round_up(value) == pytest.approx(top)


def test_a_model_and_arm_has_one_colour_in_all_apps() -> None:
    order = [(f"m-{n}", "a") for n in range(9)]
    assert satisfaction._colours(order[1:3], order) == {order[1]: "c1", order[2]: "c2"}
    # The seventh would share the first one's; within a chart no two are alike.
    assert satisfaction._colours([order[6], order[0]], order) == {order[0]: "c0", order[6]: "c1"}
    assert len(set(satisfaction._colours(order[3:], order).values())) == 6
