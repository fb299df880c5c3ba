"""``flywheel bench alerts``: its weeks, its limit, its judgement of alarms, its table."""

import json
from math import inf, log

import numpy as np
import pytest

from stream import bench_alerts
from stream.alert_weeks import APPS, CLUSTERS, DAY, World, simulate
from stream.bench_alerts import Alarm, alarms, cusum_threshold, limit, run_length, score, tuned


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
    monkeypatch.setattr(bench_alerts, "ours", lambda world: [])
    found = bench_alerts.bench_alerts({"2 days": (2, 2, 1)})
    assert json.loads(json.dumps(found)) == found
    row = found["histories"]["2 days"]
    assert row["detectors"]["flywheel"]["recall"] == 0
    assert row["limit"]["recall"] > 0.9
    text = bench_alerts.table(found)
    for name in ("flywheel", *bench_alerts.DETECTORS, "CUSUM told both rates"):
        assert name in text


def test_competitors_are_tuned_to_the_allowed_false_alarms(world: World) -> None:
    for detector in bench_alerts.DETECTORS.values():
        _, raised = tuned([world], detector)
        assert len(score(world, raised[0]).false) <= world.weeks
