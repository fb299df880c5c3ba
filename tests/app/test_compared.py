"""What is told apart, as plain data, as metrics and in the report."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from flywheel_stream import windows
from flywheel_stream.comparing import Picture
from flywheel_stream.drift import Drifted
from flywheel_stream.events import Deployment
from flywheel_stream.experiments import Experiments
from flywheel_stream.fairness import Fairness
from flywheel_stream.satisfaction import Stratum, who_votes
from flywheel_stream.settling import Arm, Minute, Outcome
from flywheel_stream.windows import ALL, Windows
from stream.compared import SHOWN, Rows, plain, show
from stream.report import write_report

START = 1_760_000_400.0
A, B = Arm("aurora-1", "a"), Arm("breeze-2", "b")
LIVE = Deployment(ts=START + 60, app="shop", what="model", version="breeze-2", variant="b")


def minutes(number: int = 300) -> list[Minute]:
    """Arm b satisfies and fails worse; the old are served worse."""
    rng = random.Random(1)
    out = []
    for n in range(number):
        minute = int(START // 60) + n
        calls, groups = [], dict.fromkeys((("age", name) for name in ("old", "young")), 10)
        for _ in range(20):
            arm, age = rng.choice((A, B)), rng.choice(("old", "young"))
            failed = rng.random() < (0.01 if arm == A else 0.06)
            good = rng.random() < 0.9 - 0.15 * (arm == B) - 0.3 * (age == "old")
            calls.append(
                Outcome(
                    60.0 * minute, arm, f"u{rng.random()}", 2 * good, failed,
                    "c_1" if failed else None, {"age": age},
                )
            )  # fmt: skip
        out.append(Minute(minute, calls, {A: 10, B: 10}, groups))
    return out


@pytest.fixture(scope="module")
def picture() -> Picture:
    experiments, fairness, live = Experiments(), Fairness(["age"]), Windows()
    for minute in minutes():
        experiments.settle(minute)
        fairness.settle(minute)
    for n in range(50):
        fairness.curate({"age": "young" if n % 10 else "old"}, 1)
    live.count(START, {ALL: "", "model": "<b>"}, windows.traffic(10))
    live.count(START, {ALL: "", "model": "<b>"}, windows.judged(0.9, 0.7, "up", failed=False))
    for topic in ("c_7", "c_8", "other"):
        live.count(START, {"topic": topic}, windows.judged(0.9, 0.7, "up", failed=False))
    votes = [Stratum(100, 40, 2, 10), Stratum(900, 20, 0, 20)]
    return Picture(
        windows=live.rows(),
        voters={None: who_votes(votes), A: who_votes(votes[:1]), B: who_votes([])},
        arms=experiments.rows(lambda cluster: "refund, window"),
        drifts=[Drifted(Arm("", "b"), START + 120, START + 600, 0.9, 0.6)],
        fairness=fairness.rows(),
        names={("topic", "c_7"): "parcel, late", ("topic", "c_8"): "parcel, late"},
    )


def test_plain_data_is_json_and_names_what_was_deployed(picture: Picture) -> None:
    told = json.loads(json.dumps(plain(picture, [LIVE]), allow_nan=False))
    assert told["drifts"][0]["deployments"][0]["version"] == "breeze-2"
    (arms,) = told["arms"]
    assert arms["verdict"] == "pull_back"
    assert arms["arm"] == {"model": "breeze-2", "variant": "b"}
    assert arms["clusters"]["c_1"]["interval"][0] > 1
    assert {(row["model"], row["rated"]) for row in told["votes"]} >= {(None, 92), ("aurora-1", 52)}
    assert {row["group"] for row in told["fairness"]} == {"old", "young"}
    assert {
        (row["value"], row["name"]) for row in told["windows"] if row["dimension"] == "topic"
    } == {
        ("c_7", "parcel, late"),
        ("c_8", "parcel, late"),
        ("other", None),
    }
    nothing = plain(Picture([], {}, [], [], []), [])
    assert all(rows == [] for rows in nothing.values())


def test_what_is_not_finite_is_null() -> None:
    live = Experiments()
    live.settle(Minute(0, [], {A: 5, B: 5}, {}))
    (row,) = plain(Picture([], {}, live.rows(), [], []), [])["arms"]
    assert row["detectable"] is None
    assert row["detectable_ratio"] is None
    assert row["difference"] is None
    json.dumps(row, allow_nan=False)


def test_metrics_have_the_labels_of_their_catalogue(picture: Picture) -> None:
    rows: Rows = {metric: {} for metric in SHOWN}
    show("shop", picture, rows)
    for metric, values in rows.items():
        assert values, metric.name
        assert all(len(labels) == len(metric.labels) for labels in values), metric.name
        assert all(labels[0] == "shop" for labels in values)
    assert not any("parcel" in label for labels in rows[SHOWN[0]] for label in labels)
    bounds = {labels[-1] for labels in rows[SHOWN[3]]}
    assert bounds == {"low", "estimate", "high"}


def report(out: Path, apps: dict[str, Any]) -> str:
    summary = {"read": 0, "outcomes": {}, "apps": apps}
    return (
        write_report(out, summary, [])
        .read_text(encoding="utf-8")
        .replace("\N{NO-BREAK SPACE}", " ")
    )


def test_the_report_tells_arms_votes_changes_and_groups(picture: Picture, tmp_path: Path) -> None:
    page = report(tmp_path, {"shop": plain(picture, [LIVE])})
    for text in (
        "Pull back breeze-2, arm b: failures of cluster c_1 (refund, window)",
        "satisfaction breeze-2, arm b less aurora-1, arm a: -1",
        "shop · all",
        "shop · arm b",
        "90 % to 60 %",
        "model breeze-2, arm b live, 2025-10-09 09:01",
        "shop · age old: satisfaction ",
        "points below the rest",
        "&lt;b&gt;",
        "By topic: of the calls in the sample",
    ):
        assert text in page
    assert "shop · breeze-2, arm b" not in page  # nobody voted on it
    assert "<b>," not in page
    assert page.count("parcel, late") == 2  # two topics may have the same words
    assert "c_7" not in page


def test_a_report_without_any_of_it_says_so(tmp_path: Path) -> None:
    page = report(tmp_path, {})
    for text in (
        "Nobody gave a thumb or a rating.",
        "No arm&#x27;s satisfaction went from one level to another.",
        "No two arms ran beside each other",
        "set FLYWHEEL_SENSITIVE_ATTRIBUTES",
    ):
        assert text in page
