"""``flywheel bench alerts``: its weeks, its limit, its judgement of alarms, its table."""

import json
from math import inf, log

import numpy as np
import pytest

from flywheel_stream.alerts import Hit, Spike
from flywheel_stream.events import AlertState
from stream.bench import alert_causes, alerts
from stream.bench.alert_causes import LASTS, SORTS, Plan, judge, plans, run
from stream.bench.alert_detectors import DETECTORS, alarms, tuned
from stream.bench.alert_limit import cusum_threshold, limit, run_length
from stream.bench.alert_scores import Alarm, score
from stream.bench.alert_weeks import APPS, CLUSTERS, DAY, SETTLING, START, World, simulate


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(1, 2, 2)


def test_weeks_are_seeded_and_hold_what_they_say(world: World) -> None:
    again = simulate(1, 2, 2)
    assert (again.counts == world.counts).all()
    assert again.spikes == world.spikes
    assert world.calls.shape == (APPS, 4 * DAY)
    assert len(world.app) == len(world.counts) == len(world.expected) > CLUSTERS
    known = [s for s in world.spikes if not s.new]
    assert len(known) > 50
    assert all(world.begin < s.start < s.end <= world.minutes for s in world.spikes)
    for spike in known:
        came = world.counts[spike.cluster, spike.start : spike.end].sum()
        usual = world.expected[spike.cluster, spike.start : spike.end].sum()
        assert came == pytest.approx(spike.factor * usual, abs=6 * np.sqrt(spike.factor * usual))


def test_the_run_length_of_a_cusum_is_the_simulated_one() -> None:
    usual, factor, threshold = 0.5, 3.0, 4.0
    rng = np.random.default_rng(3)
    lengths = []
    for _ in range(400):
        level = now = 0.0
        while level < threshold:
            gap = rng.exponential(1 / usual)
            now += gap
            level = max(level - (factor - 1) * usual * gap, 0.0) + log(factor)
        lengths.append(now)
    error = np.std(lengths) / np.sqrt(len(lengths))
    assert run_length(usual, factor, threshold) == pytest.approx(np.mean(lengths), abs=4 * error)


def test_the_threshold_of_the_limit_allows_one_false_alarm_a_week() -> None:
    week = CLUSTERS * 7 * DAY
    assert run_length(1.0, 3.0, cusum_threshold(1.0, 3.0)) >= week
    assert run_length(1.0, 3.0, cusum_threshold(1.0, 3.0) - 0.2) < week


def test_the_limit_finds_every_planted_spike_or_nearly(world: World) -> None:
    delays = limit(world)
    assert sum(delay == inf for delay in delays) <= 0.05 * len(delays)


def test_alarms_outside_of_spikes_are_false(world: World) -> None:
    spike = world.spikes[0]
    raised = [
        Alarm(spike.cluster, spike.start + 30.0),
        Alarm(spike.cluster, spike.start + 40.0),
        Alarm(spike.cluster, spike.start - 30.0),
        Alarm(spike.cluster, world.begin - 10.0),
    ]
    found = score(world, raised)
    assert found.false == [raised[2]]
    assert found.found == 1
    assert found.weeks == pytest.approx(2 / 7)
    assert 25 < found.delays[0] <= 30


def test_a_crossing_is_another_alarm_after_an_hour_of_quiet(world: World) -> None:
    statistic = np.zeros((1, 300))
    statistic[0, [10, 20, 70, 200]] = 5
    assert [alarm.at - world.begin for alarm in alarms(world, statistic, 5)] == [11, 201]


def test_every_detector_is_in_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "ours", lambda world: [])
    monkeypatch.setattr(alert_causes, "run", lambda *_: [])
    found = alerts.bench_alerts({"2 days": (2, 2, 1)}, causes=(1, 1, 3))
    assert json.loads(json.dumps(found)) == found
    row = found["histories"]["2 days"]
    assert row["detectors"]["flywheel"]["recall"] == 0
    assert row["limit"]["recall"] > 0.9
    text = alerts.table(found)
    assert found["causes"]["plans"] == 6 * APPS
    assert all(row["exact"] == 0 for row in found["causes"]["sorts"].values())
    rows = ("flywheel", *DETECTORS, "CUSUM told both rates", *alert_causes.SORTS)
    for name in rows:
        assert name in text


def test_competitors_are_tuned_to_the_allowed_false_alarms(world: World) -> None:
    for detector in DETECTORS.values():
        _, raised = tuned([world], detector)
        assert len(score(world, raised[0]).false) <= world.weeks


# ---------------------------------------------------------------- planted causes


def told(
    incident: str, minute: float, subject: str, *others: str, state: AlertState = "opened"
) -> Spike:
    hits = [Hit(name, START, active=True, rate=1.0, baseline=0.1) for name in others]
    return Spike(
        subject,
        state,
        incident,
        ts=START + 60.0 * minute,
        since=START,
        rate=1.0,
        baseline=0.1,
        confidence=1.0,
        users=1,
        number=0,
        new=False,
        models=[],
        exemplars=[],
        severity=0.5,
        others=hits,
    )


@pytest.fixture(scope="module")
def quiet() -> World:
    return simulate(1, 1, 3, spikes=False)


def test_all_sorts_are_planted_by_turns_and_are_over_before_the_next(quiet: World) -> None:
    found = plans(quiet)
    assert [plan.sort for plan in plans(quiet)] == [plan.sort for plan in found]
    assert {plan.sort for plan in found} == set(SORTS)
    for plan in found:
        assert len(plan.faults) == len(SORTS[plan.sort])
        assert all(quiet.app[c] == plan.app for fault in plan.faults for c in fault.clusters)
        hit = [c for fault in plan.faults for c in fault.clusters]
        assert len(set(hit)) == len(hit)
        assert len({fault.subject for fault in plan.faults}) == len(plan.faults)
        assert max(f.end for f in plan.faults) - min(f.start for f in plan.faults) <= LASTS + 30
    for app in range(APPS):
        mine = [plan for plan in found if plan.app == app]
        ends = [max(fault.end for fault in plan.faults) for plan in mine]
        starts = [min(fault.start for fault in plan.faults) for plan in mine]
        assert all(b - a > 4 * SETTLING for a, b in zip(ends[:-1], starts[1:], strict=True))


def test_what_is_said_is_held_against_what_was_planted(quiet: World) -> None:
    found = plans(quiet)
    plan = next(plan for plan in found if plan.sort == "a version of a model")
    (fault,) = plan.faults
    cluster, at = str(fault.clusters[0]), fault.start + 5.0
    assert judge(plan, []) == ("a version of a model", 0, 1, 0, 0, False, [inf])
    right = [
        told("a", at, cluster),
        told("a", at + 10, fault.subject, cluster, state="escalated"),
        told("a", at + 300, cluster, state="resolved"),
    ]
    assert judge(plan, right)[:6] == (plan.sort, 1, 1, 1, 1, False)
    assert judge(plan, right).delays == pytest.approx([5.0])
    wrong = [told("a", at, cluster), told("b", at, "elsewhere", state="regressed")]
    assert judge(plan, wrong)[1:5] == (2, 1, 0, 0)
    early = told("a", fault.start - 1.0, fault.subject)
    assert judge(plan, [early]).incidents == 0


def test_two_causes_are_joined_if_the_last_that_is_said_is_about_both(quiet: World) -> None:
    pair = next(plan for plan in plans(quiet) if plan.sort.startswith("two at once: clusters, e"))
    one, other = (fault.subject for fault in pair.faults)
    at = pair.faults[0].start + 5.0
    both = told("a", at, one, other)
    assert judge(pair, [both])[1:6] == (1, 2, 2, 1, True)
    apart = [both, told("a", at + 9, one, state="escalated"), told("b", at + 9, other)]
    assert judge(pair, apart)[1:6] == (2, 2, 2, 2, False)


def test_planted_causes_are_found_and_a_run_is_repeatable(quiet: World) -> None:
    plan = next(p for p in plans(quiet) if p.sort == "a kind of failure" and p.app == 2)
    only: list[Plan] = [plan]
    spikes = run(quiet, plan.app, only)
    assert run(quiet, plan.app, only) == spikes
    assert judge(plan, spikes)[1:5] == (1, 1, 1, 1)
    # When it is over, clusters that are calm later than the kind are no news.
    end = START + 60.0 * (plan.faults[0].end + 15)
    assert {spike.state for spike in spikes if spike.ts > end} == {"resolved"}
