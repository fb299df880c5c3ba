"""The words of alerts, as somebody reads them who has just been woken."""

from typing import Any

import pytest

from flywheel_stream.alerts import Hit, Spike
from flywheel_stream.events import Deployment, ModelRate
from flywheel_stream.margins import ALL, margin
from flywheel_stream.telling import also, what, why

NOW = 1_760_000_000.0
ARM = margin("failures", [("model", "m2"), ("variant", "b")])
ARMS = {("m1", "a"), ("m2", "b")}


def spike(**fields: Any) -> Spike:
    base: dict[str, Any] = {
        "subject": "c_1",
        "state": "opened",
        "incident": "shop/i_1",
        "ts": NOW,
        "since": NOW - 600,
        "rate": 90.0,
        "baseline": 1.5,
        "confidence": 0.99999,
        "users": 21,
        "number": 0,
        "new": False,
        "models": [ModelRate(model="m2", variant="b", rate=89.0)],
        "exemplars": [],
        "severity": 0.5,
    }
    return Spike(**(base | fields))


def name(cluster: str) -> str:
    return f"late parcel {cluster} (tone)"


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("c_1", "late parcel c_1 (tone)"),
        (ALL, "failures of the whole app"),
        (margin("unsatisfied"), "unsatisfied users of the whole app"),
        (ARM, "failures on m2, arm b"),
        (
            margin("unsatisfied", [("model", "m2"), ("variant", "b")]),
            "unsatisfied users on m2, arm b",
        ),
        (margin("failures", [("model", "m"), ("prompt_version", "7")]), "failures on m, prompt 7"),
        (margin("failures", [("kind", "latency")]), "latency, over several clusters"),
        (margin("failures", [("locale", "de")]), "failures where locale is de"),
    ],
)
def test_every_subject_has_words(subject: str, words: str) -> None:
    assert what(subject, name) == words


def test_an_alert_says_how_much_who_where_what_went_live_and_what_else_is_of_it() -> None:
    live = Deployment(
        ts=NOW - 840, app="shop", what="model", version="m2-0711", action="live", variant="b"
    )
    others = [
        Hit("c_2", NOW - 600, active=True, rate=33.0, baseline=1.0),
        Hit("c_3", NOW - 540, active=True, rate=120.0, baseline=4.0),
        Hit(ARM, NOW - 600, active=True, rate=300.4, baseline=40.0),
        Hit(ALL, NOW - 600, active=True, rate=400.0, baseline=80.0),
        Hit("c_4", NOW - 9000, active=False, rate=1.0, baseline=1.0),
    ]
    told = why(spike(others=others), name, ARMS, live)
    assert told == (
        "90.0 failures an hour (usual: 1.5, 60 times as many), 21 users hit; more than 99.9 % sure "
        "that this is no chance. All of them are on m2, arm b. Model m2-0711 went live in arm b "
        "4 minutes before it began. The same cause, by the calls that they share: late parcel c_2 "
        "(tone) (33.0/h); late parcel c_3 (tone) (120/h); failures on m2, arm b (300/h) and 1 more."
    )
    listed = also(spike(others=others), name)
    assert [row.active for row in listed] == [True, True, True, True, False]
    assert listed[2].subject == {"metric": "failures", "model": "m2", "variant": "b"}


def test_what_everything_has_or_the_title_says_is_not_said_again() -> None:
    assert "are on" not in why(spike(), name, {("m2", "b")}, None)
    assert "are on" not in why(spike(subject=ARM), name, ARMS, None)
    spread = [ModelRate(model="m1", rate=40.0), ModelRate(model="m2", rate=50.0)]
    assert "are on" not in why(spike(models=spread), name, ARMS, None)


@pytest.mark.parametrize(
    ("fields", "begin"),
    [
        ({"state": "regressed"}, "It is back: 90.0 failures an hour (usual: 1.5"),
        ({"state": "escalated", "users": 1}, "More of it: 90.0 failures an hour"),
        ({"new": True}, "90.0 failures an hour (never seen before), 21 users hit;"),
        ({"rate": 2.0}, "2.0 failures an hour (usual: 1.5), 21 users"),
        (
            {"at_stake": 1200.0},
            "90.0 failures an hour (usual: 1.5, 60 times as many), 21 users hit, 1,200 at stake;",
        ),
        (
            {"state": "resolved", "rate": 3.0},
            "Back to 3.0 failures an hour (usual: 1.5). 21 users were hit since it began.",
        ),
        (
            {"state": "resolved", "rate": 3.0, "users": 1},
            "Back to 3.0 failures an hour (usual: 1.5). 1 user was hit since it began.",
        ),
    ],
)
def test_each_state_begins_in_its_own_way(fields: dict[str, Any], begin: str) -> None:
    assert why(spike(**fields), name, ARMS, None).startswith(begin)
