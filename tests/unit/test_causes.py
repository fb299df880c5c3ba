"""One incident for each cause: what spikes together in the same calls, and nothing else."""

import random
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import pytest

from flywheel_stream.alerts import Alerts, Spike
from flywheel_stream.causes import Cause, Causes, Evidence, Member, Row
from flywheel_stream.margins import ALL, Where, described, margin

START = 1_750_000_020.0 // 60 * 60
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
CALLS = {"m1": 60, "m2": 40}
KINDS = {"c0": "tone", "c1": "tone", "c2": "latency", "c3": "refusal", "c4": "factual_error"}


class Bad(NamedTuple):
    ts: float
    cluster: str
    model: str
    kind: str
    unsatisfied: bool = True


def failing(
    seed: int, start: float, end: float, rates: Mapping[str, float], models: str = "m1 m2"
) -> list[Bad]:
    """Failures of clusters, so many a minute, on models by their calls."""
    rng = random.Random(seed)
    found = []
    names = models.split()
    for cluster, rate in rates.items():
        ts = start + rng.expovariate(rate) * 60
        while ts < end:
            (model,) = rng.choices(names, [CALLS[name] for name in names])
            found.append(Bad(ts, cluster, model, KINDS.get(cluster, "unexplained")))
            ts += rng.expovariate(rate) * 60
    return found


class Simulation:
    """An app of two models and five clusters that usually fail now and then."""

    def __init__(self) -> None:
        self.alerts = Alerts("shop")
        self.now = START
        self.spikes: list[Spike] = []

    def run(self, until: float, failures: Iterable[Bad], calls: Mapping[str, int] = CALLS) -> None:
        waiting = sorted(failures, reverse=True)
        by = {Where(model): number for model, number in calls.items()}
        while self.now < until:
            following = self.now + 60
            while waiting and waiting[-1].ts < following:
                self.observe(waiting.pop())
            self.now = following
            self.alerts.traffic(int(following // 60) - 1, sum(calls.values()), by)
            self.spikes += self.alerts.tick(following)

    def observe(self, bad: Bad) -> None:
        name = f"{bad.cluster}/{bad.ts:.4f}"
        self.alerts.observe(
            bad.cluster,
            bad.ts,
            trace_id=name,
            dedup_key=name,
            user=name,
            model=bad.model,
            variant="",
            severity=0.5,
            excerpt=f"excerpt of {bad.cluster}",
            kinds=[bad.kind],
            unsatisfied=bad.unsatisfied,
        )

    def reload(self) -> None:
        raw = msgspec.msgpack.encode(self.alerts.dump())
        self.alerts = Alerts("shop")
        self.alerts.load(msgspec.msgpack.decode(raw))
        assert msgspec.msgpack.encode(self.alerts.dump()) == raw

    def incidents(self) -> set[str]:
        return {spike.incident for spike in self.spikes}


USUAL = dict.fromkeys(KINDS, 0.1)
LATER = START + 2 * DAY


@pytest.fixture(scope="module")
def two_days() -> bytes:
    """What is known after two quiet days."""
    run = Simulation()
    run.run(LATER, failing(1, START, LATER, USUAL))
    assert run.spikes == []
    return msgspec.msgpack.encode(run.alerts.dump())


@pytest.fixture
def known(two_days: bytes) -> Simulation:
    run = Simulation()
    run.alerts.load(msgspec.msgpack.decode(two_days))
    run.now = LATER
    return run


def usual(seed: int, until: float) -> list[Bad]:
    return failing(seed, LATER, until, USUAL)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_bad_version_that_hits_five_clusters_is_one_incident_told_by_its_model(
    known: Simulation, seed: int
) -> None:
    end = LATER + 2 * HOUR
    bad = failing(seed, LATER, end, dict.fromkeys(KINDS, 1.0), "m2")
    known.run(end + 3 * HOUR, [*usual(seed + 50, end + 3 * HOUR), *bad])
    assert len(known.incidents()) == 1
    states = [spike.state for spike in known.spikes]
    assert states[0] == "opened"
    assert set(states[1:-1]) <= {"escalated"}
    assert states[-1] == "resolved"
    assert len(states) <= 5
    opened, *_, told, resolved = known.spikes
    assert opened.ts - LATER <= 6 * MINUTE
    assert described(told.subject) == {"metric": "failures", "model": "m2"}
    assert set(told.clusters()) == set(KINDS)
    assert {ALL, margin("unsatisfied")} <= {hit.subject for hit in told.others}
    assert [row.model for row in told.models] == ["m2"]
    assert {text for _, text in told.exemplars} == {f"excerpt of {name}" for name in KINDS}
    assert resolved.ts > end
    assert not any(hit.active for hit in resolved.others)
    assert known.alerts.open_incidents() == []
    assert known.alerts.idle()


@pytest.mark.parametrize("apart", [0.0, 30 * MINUTE])
@pytest.mark.parametrize("seed", [6, 7])
def test_two_causes_in_two_models_are_two_incidents(
    known: Simulation, seed: int, apart: float
) -> None:
    end = LATER + 2 * HOUR
    first = failing(seed, LATER, end, {"c0": 2.0}, "m1")
    second = failing(seed + 1, LATER + apart, end, {"c2": 2.0}, "m2")
    known.run(end + 3 * HOUR, [*usual(seed + 50, end + 3 * HOUR), *first, *second])
    opened = [spike for spike in known.spikes if spike.state == "opened"]
    resolved = [spike for spike in known.spikes if spike.state == "resolved"]
    assert len(opened) == 2
    assert {spike.incident for spike in resolved} == {spike.incident for spike in opened}
    assert len(known.incidents()) == 2
    if apart:
        assert [spike.subject for spike in opened] == ["c0", "c2"]
    # Before it is sure that they exclude each other, one may have been taken for both.
    last = {spike.incident: spike.clusters() for spike in known.spikes if spike.state != "resolved"}
    assert sorted(last.values()) == [["c0"], ["c2"]]


@pytest.mark.parametrize("seed", [21, 22])
def test_what_was_taken_for_one_at_once_is_taken_apart_with_what_each_explains(
    known: Simulation, seed: int
) -> None:
    """Two bad versions at once, in clusters of their own: one incident for each in the end."""
    end = LATER + 2 * HOUR
    first = failing(seed, LATER, end, {"c0": 1.0, "c1": 1.0}, "m1")
    second = failing(seed + 10, LATER, end, {"c2": 1.0, "c3": 1.0}, "m2")
    failures = [*usual(seed + 50, end + 3 * HOUR), *first, *second]
    known.run(LATER + HOUR, [bad for bad in failures if bad.ts < LATER + HOUR])
    open_ones = known.alerts.open_incidents()
    assert sorted(sorted(found.clusters) for found in open_ones) == [["c0", "c1"], ["c2", "c3"]]
    known.reload()
    known.run(end + 3 * HOUR, [bad for bad in failures if bad.ts >= LATER + HOUR])
    assert len(known.incidents()) == 2
    states = [spike.state for spike in known.spikes]
    assert (states.count("opened"), states.count("resolved")) == (2, 2)
    told = {s.incident: described(s.subject) for s in known.spikes if s.state != "resolved"}
    assert sorted(subject["model"] for subject in told.values()) == ["m1", "m2"]


def test_two_causes_in_the_same_calls_but_hours_apart_are_two_incidents(known: Simulation) -> None:
    end = LATER + 5 * HOUR
    first = failing(8, LATER, end, {"c0": 1.0})
    second = failing(9, LATER + 2 * HOUR, end, {"c2": 1.0})
    known.run(end, [*usual(58, end), *first, *second])
    assert [s.subject for s in known.spikes if s.state == "opened"] == ["c0", "c2"]


def test_a_later_cluster_of_the_same_bad_version_joins_and_is_told(known: Simulation) -> None:
    end = LATER + 2 * HOUR
    first = failing(10, LATER, end, {"c0": 1.0, "c1": 1.0, "c2": 1.0}, "m2")
    later = failing(11, LATER + 40 * MINUTE, end, {"c4": 0.8}, "m2")
    known.run(end, [*usual(60, end), *first, *later])
    assert len(known.incidents()) == 1
    named = [spike for spike in known.spikes if "c4" in spike.clusters()]
    assert named[0].state == "escalated"
    assert 0 < named[0].ts - LATER - 40 * MINUTE <= HOUR
    (incident,) = known.alerts.open_incidents()
    assert set(incident.clusters) == {"c0", "c1", "c2", "c4"}


@pytest.mark.parametrize("seed", [13, 16, 20, 21])
def test_what_joined_and_is_over_by_the_time_it_is_due_escalates_nothing(
    known: Simulation, seed: int
) -> None:
    """A bad version is pulled back after 17 minutes; nobody is woken by the rest of it at 30."""
    end, quiet = LATER + 17 * MINUTE, LATER + 3 * HOUR
    first = failing(seed, LATER, end, {"c0": 2.0, "c1": 1.0}, "m2")
    later = failing(seed + 1, LATER + 5 * MINUTE, end, {"c4": 1.0, "c3": 0.8}, "m2")
    known.run(quiet, [*usual(seed + 50, quiet), *first, *later])
    escalated = [spike for spike in known.spikes if spike.state == "escalated"]
    assert escalated
    assert all(spike.confidence > 0.99 for spike in escalated)
    assert all(spike.rate > 2 * spike.baseline for spike in escalated)
    assert known.spikes[-1].state == "resolved"


def test_what_fails_a_little_more_everywhere_is_told_though_no_cluster_is(
    known: Simulation,
) -> None:
    """Sixty clusters that are new and fail twice an hour each, all in one way."""
    end = LATER + HOUR
    many = [
        bad._replace(kind="format_error")
        for bad in failing(12, LATER, end, {f"n{n}": 1 / 30 for n in range(60)})
    ]
    known.run(end, [*usual(61, end), *many])
    assert len(known.incidents()) == 1
    subject = known.spikes[0].subject
    assert described(subject) == {"metric": "failures", "kind": "format_error"}
    assert known.spikes[0].new
    assert known.spikes[0].kinds == ["format_error"]


def test_an_outage_is_one_incident(known: Simulation) -> None:
    end = LATER + HOUR
    known.run(end, [*usual(62, end), *failing(13, LATER, end, dict.fromkeys(KINDS, 1.5))])
    assert len(known.incidents()) == 1
    assert known.spikes[-1].subject in {ALL, margin("unsatisfied")}


def test_a_model_that_takes_over_the_calls_of_another_raises_nothing(known: Simulation) -> None:
    end = LATER + 6 * HOUR
    moved = [bad._replace(model="m2") for bad in usual(63, end)]
    known.run(end, moved, {"m2": 100})
    assert known.spikes == []


def test_a_new_model_is_expected_to_fail_as_the_others_and_told_if_it_does_much_worse(
    known: Simulation,
) -> None:
    end = LATER + 3 * HOUR
    alike = [bad._replace(model="m3") for bad in usual(64, end)]
    known.run(end, alike, {"m3": 100})
    assert known.spikes == []
    worse = failing(14, end, end + HOUR, {f"n{n}": 0.15 for n in range(30)}, "m1")
    known.run(end + HOUR, [b._replace(model="m4") for b in worse], {"m3": 60, "m4": 40})
    assert known.spikes[0].ts - end <= 15 * MINUTE
    assert len(known.incidents()) == 1


def test_the_same_cause_days_later_is_the_same_incident_with_what_spikes_now(
    known: Simulation,
) -> None:
    end = LATER + HOUR
    again = LATER + DAY
    first = failing(15, LATER, end, {"c0": 1.0, "c1": 1.0, "c2": 1.0}, "m2")
    second = failing(16, again, again + HOUR, {"c0": 1.0, "c1": 1.0}, "m2")
    known.run(again + HOUR, [*usual(65, again + HOUR), *first, *second])
    assert len(known.incidents()) == 1
    regressed = next(spike for spike in known.spikes if spike.state == "regressed")
    assert regressed.since >= again
    assert "c2" not in known.spikes[-1].clusters()
    assert [spike.number for spike in known.spikes] == list(range(len(known.spikes)))


def test_a_cluster_of_a_former_incident_that_spikes_by_itself_is_another_one(
    known: Simulation,
) -> None:
    end = LATER + HOUR
    again = LATER + DAY
    first = failing(15, LATER, end, dict.fromkeys(KINDS, 1.0), "m2")
    second = failing(16, again, again + HOUR, {"c3": 1.0}, "m1")
    known.run(again + HOUR, [*usual(65, again + HOUR), *first, *second])
    assert [spike.state for spike in known.spikes if spike.state != "escalated"] == [
        "opened",
        "resolved",
        "opened",
    ]
    assert known.spikes[-1].subject == "c3"


def test_incidents_that_turn_out_to_be_one_go_on_as_one(
    known: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if nothing had been known when they opened."""
    end = LATER + 2 * HOUR
    bad = failing(24, LATER, end, dict.fromkeys(("c0", "c1", "c2"), 1.0), "m2")
    failures = [*usual(67, end + 3 * HOUR), *bad]
    later = LATER + 14 * MINUTE
    with monkeypatch.context() as blind:
        blind.setattr(Causes, "place", lambda *_, **__: None)
        blind.setattr(Causes, "whole", lambda *_: None)
        known.run(later, [one for one in failures if one.ts < later])
    several = known.alerts.open_incidents()
    assert len(several) >= 3
    known.run(later + 6 * MINUTE, [o for o in failures if later <= o.ts < later + 6 * MINUTE])
    (left,) = known.alerts.open_incidents()
    assert set(left.clusters) == {"c0", "c1", "c2"}
    over = [spike.incident for spike in known.spikes if spike.state == "resolved"]
    assert sorted([*over, left.incident]) == sorted(found.incident for found in several)
    known.reload()
    known.run(end + 3 * HOUR, [one for one in failures if one.ts >= later + 6 * MINUTE])
    assert known.alerts.idle()
    assert known.incidents() == {found.incident for found in several}


def test_incidents_of_clusters_that_merge_become_one(known: Simulation) -> None:
    end = LATER + 2 * HOUR
    first = failing(17, LATER, end, {"c0": 2.0}, "m1")
    second = failing(18, LATER + HOUR, end, {"c2": 2.0}, "m2")
    known.run(end, [*usual(66, end), *first, *second])
    older, newer = known.alerts.open_incidents()
    known.alerts.merged("c2", "c0")
    (left,) = known.alerts.open_incidents()
    assert left.incident == older.incident
    (over,) = known.alerts.tick(end + 10)
    assert (over.state, over.incident) == ("resolved", newer.incident)
    known.reload()
    known.run(end + 4 * HOUR, failing(67, end, end + 4 * HOUR, {"c0": 0.2, "c1": 0.1}))
    assert [(s.state, s.incident) for s in known.spikes[-1:]] == [("resolved", older.incident)]


def test_a_restored_fold_goes_on_as_an_undisturbed_one(two_days: bytes) -> None:
    end = LATER + 2 * HOUR
    bad = failing(19, LATER, end, dict.fromkeys(KINDS, 1.0), "m2")
    other = failing(20, LATER + HOUR, end, {"c3": 2.0}, "m1")
    failures = [*usual(68, end + 2 * HOUR), *bad, *other]
    runs = []
    for every in (30 * DAY, 7 * MINUTE):
        run = Simulation()
        run.alerts.load(msgspec.msgpack.decode(two_days))
        run.now = LATER
        done = 0.0
        while run.now < end + 2 * HOUR:
            until = min(run.now + every, end + 2 * HOUR)
            run.run(until, [b for b in failures if done <= b.ts < until])
            done = until
            run.reload()
        runs.append((run.spikes, msgspec.msgpack.encode(run.alerts.dump())))
    assert len(runs[0][0]) > 3
    assert runs[0] == runs[1]


def test_margins_may_raise_a_fifth_of_the_false_alarms(known: Simulation) -> None:
    """Of a cluster, 1 / 125 a week; of all margins together a quarter of what all clusters may."""
    watch = known.alerts._watch
    now = watch._exposure.now()._replace(ts=START + 50 * DAY)
    week = 7 * DAY
    clusters = [week / watch._run_length(found, now) for found in watch.clusters.values()]
    margins = [week / watch._run_length(found, now) for found in watch.margins.values()]
    assert len(clusters) == len(KINDS)
    assert sum(clusters) == pytest.approx(0.8 * len(KINDS) / 100)
    assert sum(margins) == pytest.approx(0.2 * len(KINDS) / 100)


class Flat(NamedTuple):
    """Expects so much of each subject, and that it is a known part of all failures."""

    number: float
    part: float

    def expected(self, subject: str, since: float) -> float:
        return self.number

    def share(self, subject: str) -> float:
        return self.part

    def knows(self, subject: str) -> bool:
        return bool(subject)


def test_an_incident_of_which_nothing_is_left_keeps_its_subject() -> None:
    causes = Causes()
    cause = Cause("i", "c", "opened", 5000.0, 5000.0, new=False, members={"d": Member(5000.0)})
    causes.open["i"] = cause
    evidence = Evidence([Row(5000, "c", ())], 6000, Flat(8.0, 0.5))
    assert causes.headline(cause, evidence) == "d"
    cause.join("c", Member(5000.0))
    assert causes.headline(cause, evidence) == "c"


M1, M2 = margin("failures", [("model", "m1")]), margin("failures", [("model", "m2")])


def test_of_an_excess_the_usual_part_is_taken_away_as_it_lay_before() -> None:
    before = [Row(n, "c", (M1,)) for n in range(30)] + [Row(n, "c", (M2,)) for n in range(10)]
    now = [Row(5000 + n, "c", (M2,)) for n in range(20)] + [Row(5000, "c", (M1,))] * 6
    evidence = Evidence([*before, *now], 6000, Flat(8.0, 0.5))
    assert evidence.count("c", 5000) == 26
    assert evidence.excess("c", 5000) == 18
    assert evidence.excess_in("c", evidence.region([M1]), 5000) == pytest.approx(0, abs=0.1)
    assert evidence.inside("c", evidence.region([M2]), 5000) == pytest.approx(1, abs=0.02)
    assert evidence.inside("c", evidence.region([M1]), 5000) == pytest.approx(0, abs=0.02)
    assert evidence.confined("c", 5000) == {"model": M2}


def test_a_spike_is_confined_only_where_that_is_no_matter_of_course() -> None:
    rows = [Row(5000 + n, "c", (M1,)) for n in range(20)]
    assert Evidence(rows, 6000, Flat(1.0, 0.9)).confined("c", 5000) == {}  # most calls are of it
    assert Evidence(rows[:5], 6000, Flat(0.1, 0.5)).confined("c", 5000) == {}  # too few to say
    assert Evidence(rows, 6000, Flat(1.0, 0.5)).confined("c", 5000) == {"model": M1}
    before = [Row(n, "c", (M1,)) for n in range(50)]  # it always was
    assert Evidence([*before, *rows], 6000, Flat(1.0, 0.5)).confined("c", 5000) == {}
    assert Evidence(rows, 6000, Flat(30.0, 0.5)).confined("c", 5000) == {}  # no spike at all


def test_several_clusters_are_told_by_the_slice_they_share_though_it_is_not_surely_up() -> None:
    """Each adds little to a slice that fails often; together they leave no doubt."""
    prompt = margin("failures", [("model", "m1"), ("prompt_version", "p2")])
    web = margin("failures", [("platform", "web")])
    rows = [Row(5000 + n, name, (M1, prompt)) for n in range(8) for name in "cd"]
    rows += [Row(5000 + n, name, (web,)) for n in range(2) for name in "cd"]
    evidence = Evidence(rows, 6000, Flat(1.0, 0.3))
    assert evidence.common(["c", "d"], 5000) == prompt
    assert evidence.common(["c", "d"], 5900) == ""
    causes = Causes()
    members = {"c": Member(5000.0), "d": Member(5000.0)}
    cause = Cause("i", "c", "opened", 5000.0, 5000.0, new=False, members=members)
    assert causes.headline(cause, evidence) == prompt
    cause.members["d"].active = False
    assert causes.headline(cause, evidence) == "c"


def test_what_came_before_a_spike_is_said_to_begin_is_not_how_it_always_was() -> None:
    early = [Row(4990 + n, "c", (M1,)) for n in range(3)]
    now = [Row(5000 + n, "c", (M1,)) for n in range(12)]
    evidence = Evidence([*early, *now], 6000, Flat(1.0, 0.4))
    assert evidence.confined("c", 5000) == {"model": M1}


def test_a_spike_of_more_than_an_hour_is_not_its_own_past() -> None:
    rows = [Row(100.0 * n, "c", (M1,)) for n in range(100)]
    evidence = Evidence(rows, 9_900, Flat(1.0, 0.4))
    assert evidence.confined("c", 0.0) == {"model": M1}


@pytest.mark.parametrize(("model", "joined"), [(M1, True), (M2, False), ("", False)])
def test_an_incident_is_of_another_if_that_shows(model: str, *, joined: bool) -> None:
    rows = [Row(5000 + n, name, (M1,)) for n in range(20) for name in "ce"]
    rows += [Row(5000 + n, "d", (model or (M1, M2)[n % 2],)) for n in range(20)]
    evidence = Evidence(rows, 6000, Flat(1.0, 0.4))
    causes = Causes()
    members = {"c": Member(5000.0), "e": Member(5000.0)}
    whole = Cause("i", "c", "opened", 5000.0, 5100.0, new=False, members=members)
    part = Cause("j", "d", "opened", 4000.0, 5000.0, new=False, members={"d": Member(4000.0)})
    causes.open = {"i": whole, "j": part}
    assert causes.whole(part, evidence) is (whole if joined else None)
    assert causes.whole(whole, evidence) is None


def test_a_common_kind_links_nothing() -> None:
    tone = margin("failures", [("kind", "tone")])
    rows = [Row(5000 + n, "c", (tone,)) for n in range(20)]
    assert Evidence(rows, 6000, Flat(1.0, 0.1)).links("c", tone, 5000, 3.0)
    assert not Evidence(rows, 6000, Flat(1.0, 0.5)).links("c", tone, 5000, 3.0)
    assert not Evidence(rows, 6000, Flat(1.0, 0.1)).links("c", "c", 5000, 3.0)
    other = [Row(n, "c", (M1,)) for n in range(10)]  # but it is new to a cluster of another kind
    assert Evidence([*other, *rows], 6000, Flat(1.0, 0.5)).links("c", tone, 5000, 3.0)
    always = [Row(n, "c", (tone,)) for n in range(10)]
    assert not Evidence([*always, *rows], 6000, Flat(1.0, 0.5)).links("c", tone, 5000, 3.0)


def test_who_is_not_as_sure_goes_to_the_side_that_it_leans_to() -> None:
    """Else it would be a third incident, or draw back what was taken out."""
    rows = [Row(5000 + n, name, (M1,)) for n in range(20) for name in "ab"]
    rows += [Row(5000 + n, "d", (M2,)) for n in range(20)]
    rows += [Row(5000 + n, "e", (M2,)) for n in range(5)]
    rows += [Row(5000 + n, "f", ((M1, M2)[n % 2],)) for n in range(6)]
    evidence = Evidence(rows, 6000, Flat(0.1, 0.5))
    members = {name: Member(4990.0 + n) for n, name in enumerate("abdef")}
    cause = Cause("i", "a", "opened", 5000.0, 5000.0, new=False, members=members)
    assert Causes().apart(cause, evidence) == ["d", "e"]
    assert Causes().apart(Cause("i", "a", "opened", 5000.0, 5000.0, new=False), evidence) == []
