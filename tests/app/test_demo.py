"""The demo: what it tells apart, and what it says of that at its end."""

from stream.demo import comparisons, told_apart
from stream.settings import load_settings


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
