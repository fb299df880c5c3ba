"""The learner: order of event time, revisions, snapshots, and what comes out."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import structs

from flywheel_stream import classifying, clusters, metrics, topics
from flywheel_stream.comparing import ComparePolicy
from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import StateError
from flywheel_stream.event_time import NEVER
from flywheel_stream.events import (
    Clock,
    Decided,
    Decision,
    Deployed,
    Deployment,
    Finding,
    Interaction,
    Judged,
    Learnable,
    Origin,
    Output,
    Signal,
    Traffic,
    TrafficCount,
    differences,
    encode,
)
from flywheel_stream.failures import KINDS
from flywheel_stream.learner import Learner
from flywheel_stream.learning import Fold, LearnPolicy
from flywheel_stream.rules import Rules
from tests import calls

START = 1_760_000_000.0 - 1_760_000_000.0 % 60
EMBEDDER = HashingEmbedder()
POLICY = LearnPolicy(versions={"rules": "t"})


def interaction(trace: str, ts: float, offset: int = 0, **fields: Any) -> Interaction:
    usual: dict[str, Any] = {
        "variant": "a",
        "prompt": "Where is my refund for the blue shoes?",
        "response": f"answer {trace}",
        "origin": Origin("llm.logs", 0, offset),
    }
    return calls.interaction(trace, ts, **(usual | fields))


def judged(
    call: Interaction, offset: int, *signals: Signal, topic: str = "llm.feedback", n: int = 0
) -> Judged:
    return calls.judged(call, *signals, origin=Origin(topic, 0, offset, n))


def thumb(trace: str, ts: float, value: str) -> Signal:
    return Signal(trace_id=trace, ts=ts, kind="thumb", value=value, user_id="u", id=f"{trace}/{ts}")


def traffic(minute: int, offsets: Sequence[int], **fields: Any) -> Traffic:
    count = TrafficCount(
        minute=minute, model="m", variant="a", calls=len(offsets), offsets=differences(offsets)
    )
    return Traffic(origin=Origin("llm.logs", 0, offsets[-1]), app="shop", counts=[count], **fields)


def clock(until: float, topic: str = "llm.logs", **fields: Any) -> Clock:
    return Clock(topic=topic, partition=0, until=until, **fields)


def feed(learner: Learner, records: Iterable[Learnable]) -> list[Output]:
    """Feeds records as the log would hold them from the learner's fence on."""
    numbered = [(learner.fence + i, encode(record)) for i, record in enumerate(records)]
    return learner.take(numbered).outputs


def new_learner(**fields: Any) -> Learner:
    return Learner(0, LearnPolicy(lateness=10.0, versions={"rules": "t"}, **fields), EMBEDDER)


def rows(outputs: Iterable[Output], topic: str) -> list[Any]:
    return [o.value and msgspec.json.decode(o.value) for o in outputs if o.topic == topic]


def plain(state: Any) -> bytes:
    return msgspec.msgpack.encode(state)


def test_nothing_is_worked_before_the_watermark_has_passed_it() -> None:
    learner = new_learner()
    record = judged(interaction("t1", START), 0, thumb("t1", START, "down"))
    assert feed(learner, [record, clock(START + 9)]) == []
    assert rows(feed(learner, [clock(START + 10)]), "failures")[0]["trace_id"] == "t1"


def test_records_are_worked_in_the_order_of_event_time() -> None:
    learner = new_learner()
    records = [
        judged(
            interaction(f"t{i}", START + i),
            10 - i,
            thumb(f"t{i}", START + i, "down"),
            topic=f"x{i}",
        )
        for i in range(10)
    ]
    random.Random(1).shuffle(records)
    outputs = feed(learner, [*records, clock(START + 100)])
    assert [row["trace_id"] for row in rows(outputs, "failures")] == [f"t{i}" for i in range(10)]


@pytest.mark.parametrize("seed", range(5))
def test_how_the_log_is_cut_and_interleaved_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    records = session()
    straight = new_learner()
    expected = feed(straight, [*records, *ends()])
    shuffled = shuffled_by_partition(records, rng)
    cut = new_learner()
    outputs: list[Output] = []
    log: list[Learnable] = [*shuffled, *ends()]
    while log:
        size = rng.randint(1, 7)
        outputs += feed(cut, log[:size])
        log = log[size:]
    assert Counter(outputs) == Counter(expected)
    assert meaning(cut) == meaning(straight)
    (liked,) = straight.folds()[0].top_successes()
    assert liked.reasons == {"resolved": 5, "solved": 5}
    assert liked.comments == ["great, it works"] * 3


@pytest.mark.parametrize("at", [0, 17, 60, 111])
def test_a_snapshot_goes_on_as_if_nothing_had_happened(at: int) -> None:
    records: list[Learnable] = [*session(), *ends()]
    undisturbed = new_learner()
    expected = feed(undisturbed, records)
    first = new_learner()
    before = feed(first, records[:at])
    restored = new_learner()
    states = [
        msgspec.msgpack.decode(plain(first.dump_app(name)))
        for name in ["shop"][: len(first.folds())]
    ]
    restored.load(msgspec.msgpack.decode(plain(first.dump())), states)
    after = feed(restored, records[at:])
    assert before + after == expected
    assert meaning(restored) == meaning(undisturbed)


def test_an_app_whose_snapshot_is_ahead_of_the_partition_skips_what_it_knows() -> None:
    records: list[Learnable] = [*session(), *ends()]
    undisturbed = new_learner()
    expected = feed(undisturbed, records)
    first = new_learner()
    feed(first, records[:50])
    own = msgspec.msgpack.decode(plain(first.dump()))
    before = feed(first, records[50:80])
    state = msgspec.msgpack.decode(plain(first.dump_app("shop")))
    restored = new_learner()
    restored.load(own, [state])  # the crash came between the app's row and the partition's
    after = feed(restored, records[50:])
    assert set(after) <= set(expected)
    assert set(before) | set(after) | set(expected) == set(expected)
    assert meaning(restored) == meaning(undisturbed)


def test_what_ingest_emits_again_is_dropped() -> None:
    learner = new_learner()
    call = interaction("t1", START, checks=[Finding("error", 1.0)])
    record = judged(call, 5, topic="llm.logs")
    again = judged(call, 5, topic="llm.logs")
    outputs = feed(learner, [record, again, clock(START + 100)])
    assert len(rows(outputs, "failures")) == 1


def test_traffic_emitted_again_counts_only_what_is_new() -> None:
    learner = new_learner()
    minute = int(START // 60)
    again = traffic(minute, [1, 2, 3, 4])  # cut differently the second time
    feed(learner, [traffic(minute, [0, 1, 2]), again, clock(START + 200)])
    (row,) = learner.pictures()[0].slices
    assert row.calls == 5


def test_traffic_applies_at_the_end_of_its_minute() -> None:
    learner = new_learner()
    feed(learner, [traffic(int(START // 60), [0, 1]), clock(START + 69)])
    assert learner.pictures()[0].slices == []
    feed(learner, [clock(START + 70)])
    assert learner.pictures()[0].slices[0].calls == 2


def test_at_the_end_of_all_input_the_minute_that_goes_on_is_over() -> None:
    learner = new_learner()
    end = Clock(topic="llm.logs", partition=0, until=START + 9, end=True)
    feed(learner, [traffic(int(START // 60), [0, 1]), end])
    assert learner.pictures()[0].slices[0].calls == 2
    feed(learner, [end])
    assert learner.pictures()[0].slices[0].calls == 2


def test_a_revision_takes_back_what_the_former_one_counted() -> None:
    learner = new_learner()
    call = interaction("t1", START)
    down = thumb("t1", START + 1, "down")
    up = thumb("t1", START + 50, "up")
    outputs = feed(learner, [judged(call, 0, down), clock(START + 20)])
    assert learner.pictures()[0].slices[0].thumbs["down"] == 1
    outputs = feed(learner, [judged(call, 1, down, up), clock(START + 100)])
    (row,) = learner.pictures()[0].slices
    assert (row.judged, row.thumbs) == (1, {"up": 1, "middle": 0, "down": 0})
    assert rows(outputs, "failures") == [None]  # a tombstone: it is no failure any more
    assert learner.pictures()[0].failures == {}
    assert {row["label"] for row in rows(outputs, "curated") if row and "label" in row} == {True}


def test_what_was_counted_follows_a_contradiction_and_a_late_signal_everywhere() -> None:
    """A call fails, then its user changes their mind, then half a day later another one tells what is wrong."""
    learner = new_learner()
    call = interaction("t1", START)
    down, up = thumb("t1", START + 1, "down"), thumb("t1", START + 50, "up")
    late = Signal(
        trace_id="t1", ts=START + 40_000, kind="report", comment="wrong price", user_id="o", id="r"
    )

    def known() -> tuple[Any, ...]:
        fold = learner.folds()[0]
        slices = fold.picture().slices
        thumbs: Counter[str] = Counter()
        for row in fold.hours():
            thumbs.update(row.thumbs)
        week = next(row for row in fold.compared().windows if row.window == "1w")
        windows = (week.judged, week.failed, week.up, week.down)
        return fold.picture().failures, sum(row.judged for row in slices), +thumbs, windows

    first = feed(learner, [judged(call, 0, down), clock(START + 20)])
    assert known() == ({"unexplained": 1}, 1, {"down": 1}, (1, 1, 0, 1))
    second = feed(learner, [judged(call, 1, down, up), clock(START + 100)])
    assert known() == ({}, 1, {"up": 1}, (1, 0, 1, 0))
    third = feed(learner, [judged(call, 2, down, up, late), clock(START + 40_100)])
    assert known() == ({"factual_error": 1}, 1, {"up": 1}, (1, 1, 1, 0))
    told = rows([*first, *second, *third], "failures")
    assert [row and row["kinds"][0]["kind"] for row in told] == [
        "unexplained",
        None,
        "factual_error",
    ]
    assert told[0]["cluster"] == told[2]["cluster"]


@pytest.mark.parametrize("early", [-1800.0, 1800.0])
def test_how_far_time_moves_at_once_does_not_decide_what_can_be_revised(early: float) -> None:
    """A signal a day later finds its call, or not, by their own times."""
    day = LearnPolicy().revision_window
    call = interaction("t0", START)
    first = judged(call, 0, thumb("t0", START, "down"))
    other = judged(
        interaction("t1", START + day - 3600), 1, thumb("t1", START + day - 3600, "down")
    )
    late = judged(call, 2, *first.signals, thumb("t0", START + day - early, "up"))
    after = judged(interaction("t2", START + 2 * day), 3, thumb("t2", START + 2 * day, "up"))
    learners = []
    for fine in (False, True):
        learner = new_learner()
        for record in (first, other, late, after):
            feed(learner, [record, *([clock(record.ts + 11)] if fine else [])])
        feed(learner, [clock(START + 3 * day)])
        learners.append(learner)
    straight, fine_one = (learner.folds()[0] for learner in learners)
    assert straight.picture().failures["unexplained"] == (1 if early > 0 else 2)
    states = [fold.dump() | {"fence": 0} for fold in (straight, fine_one)]
    assert plain(states[0]) == plain(states[1])


def test_a_failure_that_stays_one_is_counted_once() -> None:
    learner = new_learner()
    call = interaction("t1", START)
    signals = [thumb("t1", START + i, "down") for i in range(3)]
    records = [judged(call, i, *signals[: i + 1]) for i in range(3)]
    outputs = feed(learner, [*records, clock(START + 100)])
    assert learner.pictures()[0].failures == {"unexplained": 1}
    assert len({row["cluster"] for row in rows(outputs, "failures")}) == 1


def test_a_late_record_is_counted_late_and_still_worked() -> None:
    learner = new_learner()
    feed(learner, [judged(interaction("a", START), 0, topic="llm.logs"), clock(START + 500)])
    late = judged(interaction("t1", START), 1, thumb("t1", START, "down"))
    numbered = [(learner.fence, encode(late)), (learner.fence + 1, encode(clock(START + 600)))]
    learned = learner.take(numbered)
    assert learned.tally[metrics.LATE, ("0",)] == 1
    (row,) = rows(learned.outputs, "failures")
    assert row["ts"] == START + 490  # the watermark at which it was worked


def test_a_burst_of_failures_opens_an_incident_that_names_the_deployment_and_the_other_arm() -> (
    None
):
    learner = new_learner()
    outputs = feed(learner, [*bad_day(), clock(START + 9 * 3600)])
    alerts = rows(outputs, "alerts")
    opened = alerts[0]
    assert (opened["state"], opened["app"]) == ("opened", "shop")
    assert opened["subject"]["cluster"].startswith("c_")
    assert opened["incident"].startswith("shop/i_")
    assert START + 6 * 3600 <= opened["since"] <= opened["ts"] <= START + 6 * 3600 + 900
    assert opened["users"] >= 5
    assert opened["models"][0]["variant"] == "b"
    interventions = [advice["intervention"] for advice in opened["advice"]]
    assert interventions[0] in {"rollback_model", "switch_arm"}
    assert 0 < opened["urgency"] < 1
    assert any(alert["state"] == "resolved" for alert in alerts)


def test_traffic_is_not_to_move_to_a_model_that_was_replaced() -> None:
    """Arm b failed never with the model before, and is not called with it any more."""
    day = bad_day()
    for record in day:
        if isinstance(record, Judged) and record.interaction.variant == "b":
            since = record.ts > START + 6 * 3600
            record.interaction.model = "2" if since else "1"
    opened = rows(feed(new_learner(), [*day, clock(START + 9 * 3600)]), "alerts")[0]
    assert opened["models"][0]["model"] == "2"
    (moved,) = [row["why"] for row in opened["advice"] if row["intervention"] == "switch_arm"]
    assert ", arm a fails" in moved


def test_the_bad_day_gives_equal_alerts_at_any_speed() -> None:
    day = bad_day()
    fast = feed(new_learner(), [*day, clock(START + 9 * 3600)])
    slow = new_learner()
    outputs: list[Output] = []
    for record in day:
        outputs += feed(slow, [record, clock(record_ts(record) - 1)])
    outputs += feed(slow, [clock(START + 9 * 3600)])
    assert rows(outputs, "alerts") == rows(fast, "alerts")


def test_a_state_of_another_embedder_is_refused() -> None:
    fold = Fold("shop", POLICY, EMBEDDER)
    state = {**fold.dump(), "embedder": "other"}
    with pytest.raises(StateError, match="embedder 'other'"):
        Fold("shop", POLICY, EMBEDDER).load(state)


def test_event_time_waits_for_inputs_that_were_not_heard_of() -> None:
    policy = LearnPolicy(lateness=0.0)
    learner = Learner(0, policy, EMBEDDER, ["llm.logs/0", "llm.feedback/0"])
    feed(learner, [clock(START + 100)])
    assert learner.watermark.now == NEVER
    feed(learner, [clock(START + 50, topic="llm.feedback")])
    assert learner.watermark.now == START + 50


def voting(number: int) -> list[Learnable]:
    """Calls that are asked for again by as many of the pleased as of the displeased."""
    out: list[Learnable] = []
    for n in range(number):
        call = interaction(f"v{n}", START + n, n)
        again = Signal(trace_id=f"v{n}", ts=START + n, kind="regenerate", id="g")
        said = thumb(f"v{n}", START + n, "up" if n % 2 else "down")
        out.append(judged(call, n, *([again] if n % 4 < 2 else []), said))
    return out


def test_what_signals_have_been_worth_decides_of_failures_and_of_figures() -> None:
    again = Signal(trace_id="t1", ts=START + 2_001, kind="regenerate", id="g")
    record = judged(interaction("t1", START + 2_000, 9_000, variant="b"), 9_000, again)
    told = []
    learner = new_learner()
    for votes in (0, 1_000):
        learner = new_learner()
        feed(learner, [*voting(votes), clock(START + 1_999)])
        found = rows(feed(learner, [record, clock(START + 2_100)]), "failures")
        row = next(row for row in learner.pictures()[0].slices if row.slice.variant == "b")
        told.append((len(found), row.satisfied_mean))
    (by_table, satisfied), (by_worth, refined) = told
    assert (by_table, by_worth) == (1, 0)
    assert satisfied == pytest.approx(record.satisfied)
    assert refined == pytest.approx(0.5, abs=0.05)
    (worth,) = learner.folds()[0].worths().signals
    assert worth.signal == "regenerate"
    assert worth.calls == pytest.approx(500, rel=0.01)
    assert abs(worth.weight) < 0.1


def test_what_signals_have_been_worth_does_not_depend_on_how_the_log_is_cut() -> None:
    records = voting(300)
    for n in range(0, 300, 3):
        lone = Signal(trace_id=f"l{n}", ts=START + n, kind="regenerate", id="g")
        records.append(judged(interaction(f"l{n}", START + n, 900 + n), n, lone, topic="x"))
    records.sort(key=record_ts)
    whole, cut = new_learner(), new_learner()
    expected = feed(whole, [*records, clock(START + 1_000)])
    outputs: list[Output] = []
    for n, record in enumerate(records):
        outputs += feed(cut, [record, clock(record_ts(record) + 9.9)])
        if n % 50 == 0 and cut.folds():
            (again := new_learner()).load(cut.dump(), [cut.dump_app("shop")])
            cut = again
    outputs += feed(cut, [clock(START + 1_000)])
    assert outputs == expected
    assert meaning(cut)["shop"]["worths"] == meaning(whole)["shop"]["worths"]
    failed = sum(row["trace_id"].startswith("l") for row in rows(expected, "failures"))
    assert 0 < failed < 60  # the first ones, by the table


def test_a_cluster_that_was_fixed_and_comes_back_is_the_same_one_also_after_restarts() -> None:
    straight, restarted = new_learner(), new_learner()
    stages: list[tuple[str, str, float]] = []
    for record in two_bad_hours():
        feed(straight, [record])
        feed(restarted, [record, clock(record_ts(record) - 300)])
        (again := new_learner()).load(
            restarted.dump(), [restarted.dump_app(fold.app) for fold in restarted.folds()]
        )
        restarted = again
        for cluster in restarted.folds()[0].top_clusters() if restarted.folds() else ():
            if not stages or stages[-1][:2] != (cluster.id, cluster.state):
                stages.append((cluster.id, cluster.state, cluster.since))
    for learner in (straight, restarted):
        feed(learner, [clock(START + 9 * 3600)])
    assert [state for _, state, _ in stages] == ["new", "open", "resolved", "regressed", "resolved"]
    assert len({cluster for cluster, *_ in stages}) == 1
    assert restarted.pictures()[0].states == {"new": 0, "open": 0, "resolved": 1, "regressed": 0}
    assert restarted.folds()[0].dump()["lifecycles"] == straight.folds()[0].dump()["lifecycles"]


def test_what_is_known_of_a_cluster_goes_on_under_the_one_it_is_merged_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An incident, a state and kinds stay with the failures, and late signals find them."""
    learner = new_learner()
    bad = [record for record in bad_day() if record_ts(record) < START + 6.5 * 3600]
    feed(learner, [*bad, clock(START + 6.5 * 3600)])
    fold = learner.folds()[0]
    (incident,) = fold._alerts.open_incidents()
    (cluster,) = fold.top_clusters()
    assign = fold._clusters.assign

    def merging(*args: Any, **fields: Any) -> Any:
        placed = assign(*args, **fields)
        row = fold._clusters._rows[placed.cluster]
        into = fold._clusters._rows.get("c_other", row)
        if into != row:
            return placed
        fold._clusters._found("c_other", START)
        fold._clusters._merges = []
        fold._clusters._merge(row, fold._clusters._rows["c_other"])
        fold._clusters._drop({row})
        return placed._replace(merged=tuple(fold._clusters._merges))

    monkeypatch.setattr(fold._clusters, "assign", merging)
    call = interaction("x1", START + 6.5 * 3600 + 1, 9_000, variant="b")
    first = judged(call, 9_000, thumb("x1", call.at, "down"))
    (row,) = rows(feed(learner, [first, clock(call.at + 60)]), "failures")
    assert row["cluster"] == "c_other"
    (moved,) = fold._alerts.open_incidents()
    assert (moved.incident, moved.subject) == (incident.incident, "c_other")
    (now,) = fold.top_clusters()
    assert (now.id, now.state, now.size) == ("c_other", "open", cluster.size + 1)
    assert now.kinds == {"unexplained": cluster.kinds["unexplained"] + 1}
    old = next(r for r in reversed(bad) if isinstance(r, Judged) and r.satisfied < 0.5)
    happy = thumb(old.trace_id, call.at + 70, "up")
    again = judged(old.interaction, 9_001, *old.signals, happy, n=1)
    fresh = set(fold._alerts._watch.clusters["c_other"].traces)
    feed(learner, [again, clock(call.at + 200)])
    assert fresh - set(fold._alerts._watch.clusters["c_other"].traces) == {old.trace_id}


# ---------------------------------------------------------------- material


@pytest.mark.parametrize(
    ("value", "told"), [(250.0, "at stake"), (True, ""), ("9", ""), (-1, ""), (10**400, "")]
)
def test_what_is_at_stake_in_the_calls_that_failed_makes_an_incident_more_urgent(
    value: Any, told: str
) -> None:
    records = [*bad_day(), clock(START + 9 * 3600)]
    plainly = rows(feed(new_learner(), records), "alerts")[0]
    for record in records:
        if isinstance(record, Judged):
            record.interaction.attributes = {"order": value}
    valued = rows(feed(new_learner(value_attribute="order"), records), "alerts")[0]
    assert (valued["urgency"] > plainly["urgency"]) == bool(told)
    assert told in valued["why"]
    assert ("at stake" in valued["why"]) == bool(told)


def test_what_a_rule_puts_at_stake_makes_an_incident_more_urgent_where_it_fired() -> None:
    when = [{"field": "response", "phrases": ["answer"]}]
    rule = {"name": "costly", "kind": "factual_error", "value": "attributes.order", "when": when}
    rules = Rules([rule], KINDS)
    records = [*bad_day(), clock(START + 9 * 3600)]
    for record in records:
        if isinstance(record, Judged):
            record.interaction.attributes = {"order": 250.0}
    silent = rows(feed(new_learner(rules=rules), records), "alerts")[0]
    assert "at stake" not in silent["why"]  # it has not fired
    for record in records:
        if isinstance(record, Judged):
            record.interaction.checks = rules.check(record.interaction)
    valued = rows(feed(new_learner(rules=rules), records), "alerts")[0]
    plainly = rows(feed(new_learner(), records), "alerts")[0]
    assert "at stake" in valued["why"]
    assert "at stake" not in plainly["why"]
    assert valued["urgency"] > plainly["urgency"]


def test_a_hit_of_the_bloom_filter_alone_costs_no_rated_or_corrected_call() -> None:
    """A filter errs at times; what is rare and precious goes by curation's own, exact index."""
    learner = new_learner()
    fix = Signal(
        trace_id="t2", ts=START + 2, kind="correction", correction="By noon.", user_id="u", id="c"
    )
    records = [
        judged(interaction("t1", START, duplicate_of=None), 0, thumb("t1", START + 1, "up")),
        judged(interaction("t2", START + 1, duplicate_of=None, prompt="When?"), 1, fix),
    ]
    outputs = feed(learner, [*records, clock(START + 100), clock(START + 100, "llm.feedback")])
    rules = {row["reason"]["rule"] for row in rows(outputs, "curated")}
    assert rules == {"good_answer", "thumb", "correction", "correction_preferred"}


def session() -> list[Learnable]:
    """Forty calls with thumbs, corrections, checks and traffic, in two input partitions.

    Forty more are of the sample of all traffic; some of them contradict each other.
    """
    out: list[Learnable] = []
    for i in range(40):
        ts = START + 7 * i
        checks = [Finding("error", 1.0)] if i % 9 == 0 else []
        call = interaction(
            f"t{i}", ts, i, checks=checks, prompt=f"{'refund' if i % 2 else 'password'} {i}"
        )
        if checks:
            out.append(judged(call, i, topic="llm.logs"))
        out.append(traffic(int(ts // 60), [i]))
        signals = [thumb(f"t{i}", ts + 3, "up" if i % 3 else "down")]
        out.append(judged(call, 2 * i, *signals))
        asked = interaction(
            f"s{i}", ts + 1, 100 + i, prompt=f"What does plan {i % 9} cost?", response=str(i % 2)
        )
        seen = judged(asked, 100 + i, topic="llm.logs")
        seen.why = "sample"
        out.append(seen)
        if i % 4 == 1:
            out += pleasing(f"p{i}", ts + 2, 2_000 + 4 * i, fickle=i % 8 == 1)
        if i % 5 == 0:
            fix = Signal(trace_id=f"t{i}", ts=ts + 8, kind="correction", correction="x", id=f"c{i}")
            out.append(judged(call, 2 * i + 1, *signals, fix))
    live = Deployment(ts=START + 30, app="shop", what="model", version="2")
    out.insert(
        20,
        Deployed(
            origin=Origin("llm.deployments", 0, 0), app="shop", ts=START + 30, deployment=live
        ),
    )
    return out


def pleasing(trace: str, ts: float, offset: int, *, fickle: bool) -> list[Learnable]:
    """An answer that is asked for again, and a better one that is praised, for good or not."""
    again, better = interaction(trace, ts, offset), interaction(f"{trace}n", ts + 1, offset + 1)
    retry = Signal(
        trace_id=trace, ts=ts + 1, kind="regenerate", next_trace_id=better.trace_id, id="g"
    )
    first = judged(again, offset, retry)
    first.next = better
    thanks = Signal(
        trace_id=better.trace_id, ts=ts + 2, kind="comment", comment="great, it works", id="w"
    )
    copied = Signal(trace_id=better.trace_id, ts=ts + 3, kind="copy", id="y")
    told: list[Learnable] = [first, judged(better, offset + 1, thanks)]
    if not fickle:
        told.append(judged(better, offset + 2, thanks, copied))
    else:
        unhappy = thumb(better.trace_id, ts + 3, "down")
        told.append(judged(better, offset + 2, thanks, unhappy))
    return told


def ends() -> list[Learnable]:
    return [clock(START + 2000)]


def shuffled_by_partition(records: Sequence[Learnable], rng: random.Random) -> list[Learnable]:
    """Another interleaving that keeps the order of each input partition."""
    queues: dict[str, list[Learnable]] = {}
    for record in records:
        assert not isinstance(record, Clock)
        queues.setdefault(record.origin.topic, []).append(record)
    out: list[Learnable] = []
    while queues:
        name = rng.choice(sorted(queues))
        out.append(queues[name].pop(0))
        if not queues[name]:
            del queues[name]
    return out


def meaning(learner: Learner) -> dict[str, Any]:
    out = {}
    for fold in learner.folds():
        state = fold.dump()
        del state["fence"]
        out[fold.app] = state
    return out


def bad_day() -> list[Learnable]:
    """Six quiet hours, then a deployment after which arm b fails every half minute for an hour."""
    out: list[Learnable] = []
    live = Deployment(ts=START + 6 * 3600, app="shop", what="model", version="2", variant="b")
    for offset, second in enumerate(range(0, 8 * 3600, 10)):
        ts = START + second
        bad = 6 * 3600 < second < 7 * 3600
        arm = "b" if (second // 10) % 2 else "a"
        call = interaction(f"t{second}", ts, offset, variant=arm)
        if second == 6 * 3600:
            origin = Origin("llm.deployments", 0, 0)
            out.append(Deployed(origin=origin, app="shop", ts=live.at, deployment=live))
        fails = (bad and arm == "b" and second % 30 == 0) or second % 3600 == 1800
        if second % 30 == 0:
            out.append(judged(call, offset, thumb(call.trace_id, ts, "down" if fails else "up")))
        out.append(traffic(int(ts // 60), [offset]))
    return out


def two_bad_hours() -> list[Learnable]:
    """A call a minute for nine hours; in the second and in the sixth each fails."""
    out: list[Learnable] = []
    for offset, second in enumerate(range(0, 9 * 3600, 60)):
        ts = START + second
        call = interaction(f"t{second}", ts, offset)
        if second // 3600 in {1, 5}:
            out.append(judged(call, offset, thumb(call.trace_id, ts, "down")))
        out.append(traffic(int(ts // 60), [offset]))
    return out


def record_ts(record: Learnable) -> float:
    if isinstance(record, Traffic):
        return record.counts[0].minute * 60.0
    assert not isinstance(record, Clock)
    return record.ts


def sampled(trace: str, ts: float, offset: int, **fields: Any) -> Judged:
    record = judged(interaction(trace, ts, offset, **fields), offset, topic="llm.logs")
    record.why = "sample"
    return record


def test_an_answer_that_contradicts_an_earlier_one_is_a_failure_unless_it_satisfies() -> None:
    ask: dict[str, Any] = {"prompt": "What does the red plan cost?"}
    records = [
        sampled("t1", START, 0, response="20", **ask),
        sampled("t2", START + 1, 1, response="25", **ask),
        judged(interaction("t3", START + 2, response="30", **ask), 0, thumb("t3", START + 2, "up")),
    ]
    (failure,) = rows(feed(new_learner(), [*records, clock(START + 100)]), "failures")
    assert failure["trace_id"] == "t2"
    assert failure["kinds"] == [
        {
            "kind": "inconsistency",
            "confidence": 0.6,
            "evidence": "25, after 20 to the same question",
        }
    ]


def test_contradictions_do_not_depend_on_how_the_log_is_cut_or_on_what_is_told_again() -> None:
    """More answers than are remembered, revisions of old ones, and a deployment between them."""
    ask: dict[str, Any] = {"prompt": "What does the red plan cost?"}
    records: list[Learnable] = []
    for n in range(24):
        call = interaction(f"t{n}", START + n, n, response=str(20 + n % 3), **ask)
        records.append(judged(call, n, topic="llm.logs"))
        if n % 5 == 4:
            early = records[0 if n < 10 else 4]
            assert isinstance(early, Judged)
            down = thumb(early.trace_id, START + n + 0.5, "down")
            records.append(judged(early.interaction, 100 + n, down))
        if n == 12:
            live = Deployment(ts=START + n + 0.6, app="shop", what="model", version="2")
            deployed = Origin("llm.deployments", 0, 0)
            records.append(Deployed(origin=deployed, app="shop", ts=live.at, deployment=live))
    again = [  # the other side of a join tells of each call once more
        judged(record.interaction, 200 + n, topic="llm.logs", n=1)
        for n, record in enumerate(records)
        if isinstance(record, Judged) and not record.signals
    ]
    end = clock(START + 1000)
    whole, cut = new_learner(), new_learner()
    expected = rows(feed(whole, [*records, end]), "failures")
    assert {kind["kind"] for row in expected for kind in row["kinds"]} >= {"inconsistency"}
    outputs: list[Output] = []
    for record in records:
        outputs += feed(cut, [record, clock(record_ts(record) + 9.9)])
    assert rows([*outputs, *feed(cut, [*again, end])], "failures") == expected
    told, untold = whole.folds()[0].dump(), cut.folds()[0].dump()
    assert told["consistency"] == untold["consistency"]


def test_a_failure_about_what_nobody_asks_is_told_also_when_it_is_revised() -> None:
    learner = new_learner()
    usual = [
        sampled(f"s{n}", START + n / 10, n, prompt=f"where is parcel {n % 7} with red shoes")
        for n in range(topics._WARM + topics._KNOWN)
    ]
    feed(learner, [*usual, clock(START + 200)])
    odd: dict[str, Any] = {"prompt": "quantum chromodynamics lecture notes"}
    down = thumb("t1", START + 201, "down")
    first = judged(interaction("t1", START + 200, 5_000, **odd), 5_000, down)
    again = Signal(trace_id="t1", ts=START + 230, kind="comment", comment="too long", id="c")
    second = judged(interaction("t1", START + 200, 5_000, **odd), 5_003, down, again)
    usual_too = judged(
        interaction("t2", START + 202, 5_002, prompt="where is parcel 3 with red shoes"),
        5_002,
        thumb("t2", START + 203, "down"),
    )
    found = rows(feed(learner, [first, usual_too, second, clock(START + 300)]), "failures")
    told = [(row["trace_id"], [kind["kind"] for kind in row["kinds"]]) for row in found]
    assert told == [
        ("t1", ["unseen_topic"]),
        ("t2", ["unexplained"]),
        ("t1", ["verbosity", "unseen_topic"]),
    ]


def test_topics_are_of_all_traffic_also_of_calls_that_fail_a_check_or_have_a_signal() -> None:
    learner = new_learner(sample_rate=0.5)
    records: list[Learnable] = []
    for n in range(200):
        call = interaction(
            f"t{n}", START + n, n, prompt="where is parcel", checks=[Finding("error", 1.0)]
        )
        happy = interaction(f"h{n}", START + n + 0.5, n, prompt="change my password")
        records.append(judged(call, n, topic="llm.logs"))
        records.append(judged(happy, n, thumb(happy.trace_id, START + n + 0.6, "up")))
    feed(learner, [*records, clock(START + 300)])
    known = learner.folds()[0].topics()
    assert {topic.name: topic.exemplars for topic in known.topics} == {
        "parcel": ["where is parcel"],
        "change, password": ["change my password"],
    }
    rate = known.sampled / len(records)
    assert abs(rate - 0.5) < 0.1
    again = new_learner(sample_rate=0.5)
    again.load(learner.dump(), [learner.dump_app("shop")])
    assert again.folds()[0].topics() == known


def test_what_people_decide_of_incidents_names_failures_that_nothing_explains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classifying, "_LEAST", 2)
    monkeypatch.setattr(classifying, "SURE", 0.3)
    learner = new_learner()
    sides = {"wrong price of shoes": "outdated_knowledge", "forgot my password": "tone"}
    records: list[Learnable] = [traffic(int(START // 60) + n, [n]) for n in range(120)]
    for side, text in enumerate(sides):
        for n in range(160 - 120 * side):
            name, ts, at = f"f{side}-{n}", START + 3600 + 2400 * side + 20 * n, 160 * side + n
            call = interaction(name, ts, 500 + at, prompt=text, user_id=f"u{side}{n}")
            records.append(judged(call, at, thumb(name, ts + 1, "down")))
    opened = rows(feed(learner, [*records, clock(START + 6900)]), "alerts")
    incidents = {row["incident"]: row["title"] for row in opened}
    assert len(incidents) == 2
    decided = [
        Decided(
            origin=Origin("decisions", 0, n),
            app="shop",
            ts=START + 6900 + n,
            decision=Decision(
                id=f"d{n}",
                incident=incident,
                ts=START + 6900 + n,
                kind=next(kind for text, kind in sides.items() if text.split()[-1] in title),
            ),
        )
        for n, (incident, title) in enumerate([*incidents.items()] * 3)
    ]
    late = [
        judged(
            interaction(f"g{n}", START + 7000 + n, 900 + n, prompt=f"{text} again"),
            900 + n,
            thumb(f"g{n}", START + 7002 + n, "down"),
        )
        for n, text in enumerate(sides)
    ]
    found = rows(feed(learner, [*decided, *late, clock(START + 7100)]), "failures")
    assert [row["kinds"][0]["kind"] for row in found] == list(sides.values())
    assert found[0]["kinds"][0]["evidence"] == "like what was decided (6 decisions)"
    restored = new_learner()
    restored.load(learner.dump(), [learner.dump_app("shop")])
    assert plain(restored.dump_app("shop")) == plain(learner.dump_app("shop"))


def test_what_a_decision_is_learnt_from_is_embedded_ahead() -> None:
    asked: set[str] = set()

    class Watched(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            asked.update(texts)
            return super().embed(texts)

    learner = Learner(0, POLICY, Watched())
    long = "wrong price of shoes " * 20
    records: list[Learnable] = [traffic(int(START // 60) + n, [n]) for n in range(120)]
    for n in range(40):
        ts = START + 3600 + 20 * n
        call = interaction(f"f{n}", ts, 500 + n, prompt=long + str(n), user_id=f"u{n}")
        records.append(judged(call, n, thumb(f"f{n}", ts + 1, "down")))
    (opened,) = rows(feed(learner, [*records, clock(START + 5000)]), "alerts")
    decision = Decision(
        id="d", incident=opened["incident"], ts=START + 5001, kind="tone", choice="prompt fix"
    )
    decided = Decided(
        origin=Origin("decisions", 0, 0), app="shop", ts=decision.at, decision=decision
    )
    newer = interaction("g", START + 5000.5, 900, prompt=long + "newer")
    late = judged(newer, 900, thumb("g", START + 5000.5, "down"))
    values = [encode(record) for record in (late, decided)]
    first = set(learner.questions(values))
    asked.clear()
    learner.take(enumerate(values, learner.fence))
    waiting = set(learner.questions([], waiting=True)) & set(learner.questions([]))
    learner.take([(learner.fence, encode(clock(START + 5200)))])
    assert any(text.endswith("\u2026") for text in asked)  # an exemplar, which is an excerpt
    assert asked <= first
    assert asked <= waiting


@pytest.mark.parametrize("version", [None, 2, 4])
def test_a_state_of_another_version_is_refused_whole_by_name(version: int | None) -> None:
    """No part of it is taken over: what one version learnt is not what another would have."""
    learner = new_learner()
    feed(learner, [*session(), *ends()])
    app, own = learner.dump_app("shop"), learner.dump()
    again = new_learner()
    with pytest.raises(StateError, match=r"app 'shop', of version .*FLYWHEEL_PREFIX"):
        again.load(own, [app | {"v": version}])
    with pytest.raises(StateError, match=r"learn partition 0, of version .*FLYWHEEL_PREFIX"):
        again.load(own | {"v": version}, [app])
    assert again.folds() == []
    again.load(own, [app])
    assert plain(again.dump_app("shop")) == plain(app)


def test_questions_are_what_will_be_embedded_and_those_that_wait_are_known_after_a_load() -> None:
    asked: list[str] = []

    class Watched(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            asked.extend(texts)
            return super().embed(texts)

    calls = [interaction(f"t{n}", START + n, prompt=f"question {n}") for n in range(4)]
    thumbs = ["down", "up", "down", "down"]
    records: list[Learnable] = [
        judged(call, n, thumb(call.trace_id, START + n, thumbs[n])) for n, call in enumerate(calls)
    ]
    values = [encode(record) for record in (*records, traffic(int(START // 60), [1]))]
    learner = Learner(0, POLICY, Watched())
    expected = ["question 0", "question 2", "question 3"]
    assert learner.questions(values) == expected
    assert learner.questions([], waiting=True) == []
    learner.take(enumerate(values))
    assert learner.questions(values[:1], waiting=True) == ["question 0", *expected]
    loaded = Learner(0, POLICY, Watched())
    loaded.load(learner.dump(), [learner.dump_app("shop")])
    assert loaded.questions([], waiting=True) == expected
    assert asked == []
    end = Clock(topic="llm.logs", partition=0, until=START + 9, end=True)
    loaded.take([(len(values), encode(end))])
    assert asked == expected
    assert loaded.questions([], waiting=True) == []


class Angles:
    """Texts are degrees of an angle, and a little noise: what lies on one arc is one group."""

    name, dims = "angles", 64

    def embed(self, texts: Sequence[str]) -> Any:
        out = np.random.default_rng(1).normal(0, 0.02, (len(texts), self.dims))
        turns = np.radians([float(text) for text in texts])
        out[:, 0], out[:, 1] = np.cos(turns), np.sin(turns)
        return out.astype(np.float32)


def arc(regroup_at: int) -> list[Learnable]:
    """Failures on both ends of an arc, then many between them, more than at any time before."""
    rng = random.Random(3)
    out: list[Learnable] = []
    ts = START
    for n in range(regroup_at + 60):
        usual = n < regroup_at - 80
        ts += 100 if usual else 4
        centre = (0, 100)[n % 2] if usual else 62
        text = f"{centre + rng.uniform(-12, 12):.3f}"
        call = interaction(f"t{n}", ts, n, prompt=text)
        out.append(judged(call, n, thumb(call.trace_id, ts, "down")))
        out.append(traffic(int(ts // 60), [n]))
    return out


def arc_learner(monkeypatch: pytest.MonkeyPatch, regroup_at: int) -> Learner:
    monkeypatch.setattr(clusters, "_FIRST_REGROUP", regroup_at)
    return Learner(0, POLICY, Angles())


def test_what_is_known_of_a_cluster_follows_to_the_one_that_it_merges_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learner = arc_learner(monkeypatch, 10_000)
    records = arc(240)
    opened = rows(feed(learner, [*records, clock(record_ts(records[-1]) + 10)]), "alerts")
    old = opened[0]["subject"]["cluster"]
    (fold,) = learner.folds()
    found = fold._clusters
    (new,) = set(found) - {old}
    failed = {name: kinds.total() for name, kinds in fold._kinds.items()}
    found._merge(found._rows[old], found._rows[new])
    found._drop({found._rows[old]})
    fold._merge(old, new, fold.now)
    assert {name: kinds.total() for name, kinds in fold._kinds.items()} == {
        new: failed[old] + failed[new]
    }
    last = records[-2]
    assert isinstance(last, Judged)
    up = thumb(last.trace_id, last.ts + 20, "up")
    happy = judged(last.interaction, 1_000, *last.signals, up)
    outputs = feed(learner, [happy, clock(record_ts(records[-1]) + 6 * 3600)])
    assert rows(outputs, "failures") == [None]
    over = rows(outputs, "alerts")
    assert {row["incident"] for row in over} >= {opened[0]["incident"]}
    assert {row["subject"]["cluster"] for row in over} == {new}
    assert all(row["kinds"] == ["unexplained"] for row in over)
    assert fold._alerts.subjects() == [new]
    assert last.trace_id not in fold._alerts._watch.clusters[new].traces


class Noisy:
    """Texts are a subject and a number: so far apart that some found clusters of their own."""

    name, dims = "noisy", 128

    def embed(self, texts: Sequence[str]) -> Any:
        rows = [
            [self._drawn(ord(letter)), 1.08 * self._drawn(int(n))]
            for letter, n in map(str.split, texts)
        ]
        return np.array(rows).sum(axis=1).astype(np.float32)

    def _drawn(self, seed: int) -> Any:
        return np.random.default_rng(seed).normal(size=self.dims)


def four_subjects() -> list[Learnable]:
    """Failures, half of them in the sample of all traffic; of some it is said later that they please."""
    out: list[Learnable] = []
    sent: list[Judged] = []
    for n in range(280):
        call = interaction(f"t{n}", START + 10 * n, n, prompt=f"{'abcd'[n % 4]} {n}")
        first = judged(call, n, thumb(call.trace_id, call.at, "down"))
        sent.append(structs.replace(first, why="sample") if n // 4 % 2 else first)
        out.append(sent[-1])
        if n > 180:
            old = sent[n - 180]
            happy = thumb(old.trace_id, call.at + 1, "up")
            out.append(judged(old.interaction, n, *old.signals, happy, n=1))
    return out


@pytest.mark.parametrize("cuts", ["one", "many", "restarts"])
def test_figures_of_clusters_and_topics_add_up_under_what_they_became(
    monkeypatch: pytest.MonkeyPatch, cuts: str
) -> None:
    """Also of calls that were counted before, and are revised after, as a recount has it."""
    monkeypatch.setattr(clusters, "_FIRST_REGROUP", 100)
    policy = LearnPolicy(sample_rate=0.0, compare=ComparePolicy(max_values=50))
    learner = Learner(0, policy, Noisy())
    records = four_subjects()
    for record in records if cuts != "one" else []:
        feed(learner, [record, clock(record_ts(record) + 9.5)])
        if cuts == "restarts" and record_ts(record) % 200 == 0:
            again = Learner(0, policy, Noisy())
            again.load(learner.dump(), [learner.dump_app("shop")])
            learner = again
    feed(learner, [*(records if cuts == "one" else []), clock(START + 3_600)])
    (fold,) = learner.folds()
    for dimension, known in (("cluster", fold._clusters), ("topic", fold._topics._clusters)):
        assert known.merged_into
        expected: dict[str, Counter[str]] = {}
        for name, counted in fold._counted.items():
            own = getattr(counted, dimension)
            if own is not None:
                cell = expected.setdefault(known.resolve(own), Counter())
                cell.update(["judged", counted.thumb or ""])
                cell["sampled"] += int(name[1:]) // 4 % 2
        shown = [
            r for r in fold.compared().windows if r.dimension == dimension and r.window == "1d"
        ]
        assert len(shown) < 16
        assert {r.value: (r.judged, r.up, r.down) for r in shown} == {
            name: (cell["judged"], cell["up"], cell["down"]) for name, cell in expected.items()
        }
        if dimension == "topic":
            assert {r.value: r.calls for r in shown} == {
                name: cell["sampled"] for name, cell in expected.items()
            }
            assert sum(r.up for r in shown) >= 20


def test_a_part_that_splits_off_is_no_new_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    learner = arc_learner(monkeypatch, 240)
    records = arc(240)
    told = rows(feed(learner, [*records, clock(record_ts(records[-1]) + 10_000)]), "alerts")
    (fold,) = learner.folds()
    parts = fold._clusters.split_from
    assert parts
    hit = {other["subject"].get("cluster") for row in told for other in row["also"]}
    assert hit & set(parts)
    assert len({row["incident"] for row in told}) == 1
    assert not any("never seen before" in row["why"] for row in told)
    assert set(parts) <= set(fold._alerts.subjects())
    restored = arc_learner(monkeypatch, 240)
    restored.load(learner.dump(), [learner.dump_app("shop")])
    assert plain(restored.dump_app("shop")) == plain(learner.dump_app("shop"))


APPS = ("shop", "docs")


def days_of_two_apps() -> list[Learnable]:
    """The later hours of the bad day in two apps at once, in one log."""
    out: list[Learnable] = []
    late = [record for record in bad_day() if record_ts(record) >= START + 4 * 3600]
    for n, record in enumerate(late):
        for place, app in enumerate(APPS):
            shifted = msgspec.structs.replace(record, app=app)
            assert not isinstance(shifted, Clock)
            origin = shifted.origin
            shifted.origin = msgspec.structs.replace(origin, offset=2 * origin.offset + place)
            if isinstance(shifted, Judged):
                shifted.interaction = msgspec.structs.replace(shifted.interaction, app=app)
            elif isinstance(shifted, Deployed):
                shifted.deployment = msgspec.structs.replace(shifted.deployment, app=app)
            elif isinstance(shifted, Traffic):
                offsets = [2 * origin.offset + place]
                shifted.counts = [
                    msgspec.structs.replace(count, offsets=differences(offsets))
                    for count in shifted.counts
                ]
            out.append(shifted)
        if n % 50 == 0:
            out.append(clock(record_ts(record) - 1))
    return [*out, clock(START + 9 * 3600)]


def told(learner: Learner, log: Sequence[Learnable], cuts: random.Random) -> list[Output]:
    """What comes of a log that is read in batches of any size."""
    outputs: list[Output] = []
    done = 0
    while done < len(log):
        size = cuts.randint(1, 400)
        outputs += feed(learner, log[done : done + size])
        done += size
    return outputs


def test_two_workers_give_the_same_alerts_as_one() -> None:
    """Apps on two partitions, read in other batches; one of them changes its worker midway."""
    log = days_of_two_apps()
    one = told(new_learner(), log, random.Random(1))
    left = [r for r in log if isinstance(r, Clock) or r.app == "docs"]
    right = [r for r in log if isinstance(r, Clock) or r.app == "shop"]
    before, after = new_learner(), new_learner()
    cut = 2 * len(right) // 3  # in the middle of the incident
    two = told(new_learner(), left, random.Random(2))
    two += told(before, right[:cut], random.Random(3))
    state = msgspec.msgpack.decode(plain(before.dump_app("shop")))
    after.load(msgspec.msgpack.decode(plain(before.dump())), [state])
    assert any(fold.picture().incidents for fold in after.folds())
    two += told(after, right[cut:], random.Random(4))
    for app in APPS:
        alerts = [o for o in one if o.topic == "alerts" and o.key.startswith(app)]
        assert len(alerts) >= 2
        assert [o for o in two if o.topic == "alerts" and o.key.startswith(app)] == alerts
