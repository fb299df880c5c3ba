"""The demo: what it tells apart, and what it says of that at its end."""

import io
from pathlib import Path

from rich.console import Console

from flywheel_stream.events import Advice, Alert
from stream.demo import comparisons, say_where_to_look, screen, told_apart
from stream.process import Progress, Result
from stream.settings import load_settings

ALERT = Alert(
    id="a",
    incident="shop/i",
    state="opened",
    ts=1.0,
    since=1.0,
    app="shop",
    subject={"cluster": "c"},
    kinds=[],
    title="shop: [refund] window",
    why="12 failures an hour.",
    rate=12.0,
    baseline=1.0,
    confidence=1.0,
    urgency=0.9,
    users=3,
    models=[],
    exemplars=[],
    advice=[Advice(intervention="rollback_model", why="It went live.", days=0.1, cost=0, now=True)],
)


def test_an_alert_comes_before_what_a_low_terminal_cuts_off() -> None:
    console = Console(file=io.StringIO(), width=80, height=24)
    console.print(screen(Progress(alerts=[ALERT])))
    shown = console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert "opened: shop: [refund] window" in shown
    assert "NOW rollback_model: It went live." in shown
    assert shown.index("curated") < shown.index("NOW") < shown.index("cluster")


def test_a_line_of_the_end_is_one_line_as_it_is() -> None:
    console = Console(file=io.StringIO(), width=40)
    topics = {"topics": [{"name": "[b] " + "long " * 20, "share": 0.5}], "unseen": []}
    known = {"arms": [], "drifts": [], "fairness": [], "topics": topics, "top_successes": []}
    summary = {"read": 1, "seconds": 1.0, "outcomes": {"fresh": 1}, "apps": {"shop": known}}
    say_where_to_look(console, Result(summary, [], Path("out")))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # a StringIO
    assert len(lines) == 6
    assert "shop: users ask about [b] long" in lines[3]


def test_the_sample_traffic_is_told_apart_where_nothing_is_set() -> None:
    assert told_apart(load_settings()).sensitive_attributes == ("locale",)
    own = load_settings(traffic_attributes=("plan",))
    assert told_apart(own) is own


def test_the_end_says_what_comparisons_came_to() -> None:
    deployed = {"what": "model", "version": "m-2", "action": "live"}
    drift = {"model": "", "variant": "b", "began": 36_000.0, "before": 0.9, "after": 0.4}
    known = {
        "arms": [
            {"verdict": "pull_back", "sentence": "pull back m-2, arm b: failures 3.1 times"},
            {"verdict": "none", "sentence": "no difference shown"},
        ],
        "drifts": [drift | {"deployments": [deployed]}, drift | {"deployments": [], "model": "m"}],
        "fairness": [{"findings": ["locale en-IE: worse"]}, {"findings": []}],
    }
    assert comparisons({"apps": {"shop": known}}) == [
        "shop: pull back m-2, arm b: failures 3.1 times",
        "shop: satisfaction of arm b went from 90 % to 40 % at 10:00 (model m-2 live)",
        "shop: satisfaction of m went from 90 % to 40 % at 10:00 (nothing deployed)",
        "shop: locale en-IE: worse",
    ]
