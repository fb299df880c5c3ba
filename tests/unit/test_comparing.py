"""What is told apart, in the fold of an app: recounted, whoever works it and however it is cut."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from msgspec import structs

from flywheel_stream.comparing import ComparePolicy, Comparing, Picture
from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.errors import StateError
from flywheel_stream.events import (
    Clock,
    Deployed,
    Deployment,
    Finding,
    Interaction,
    Judged,
    Learnable,
    Origin,
    Signal,
    Traffic,
    TrafficCount,
    differences,
    encode,
)
from flywheel_stream.experiments import Verdict
from flywheel_stream.learner import Learner
from flywheel_stream.learning import Fold, LearnPolicy
from flywheel_stream.settling import Arm
from flywheel_stream.signals import thumb
from flywheel_stream.windows import ALL
from tests.unit.test_learning import judged

START = 1_760_000_000.0 - 1_760_000_000.0 % 86_400
EMBEDDER = HashingEmbedder()
POLICY = ComparePolicy(slices=["plan"], sensitive=["age"], min_group=5, settle=600.0)


def call_of(number: int, ts: float, rng: random.Random, app: str) -> Interaction:
    arm = rng.choice("ab")
    return Interaction(
        trace_id=f"{app}-{number}",
        ts=ts,
        app=app,
        model=f"m-{arm}",
        variant=arm,
        user_id=f"u{rng.randrange(400)}",
        prompt=rng.choice(["Where is my refund?", "How do I export a table?"]),
        response=f"answer {number}",
        attributes={"plan": rng.choice(["free", "plus"]), "age": rng.choice(["young", "old"])},
        pii={},
        checks=[Finding("error", 1.0)] if rng.random() < 0.05 else [],
        fingerprint=f"f{number}",
        seen=1,
        origin=Origin("llm.logs", 0, number),
    )


def day(seed: int = 1, calls: int = 300, app: str = "shop") -> list[Learnable]:
    """Calls of two arms; a third get thumbs, some a second one that revises the first.

    Each third call is in the sample of all traffic.
    """
    rng = random.Random(seed)
    out: list[Learnable] = []
    live = Deployment(ts=START + 5000, app=app, what="prompt", version="p2", variant="b")
    for n in range(calls):
        ts = START + 20.0 * n
        if ts == live.at:
            origin = Origin("llm.deployments", 0, 0)
            out.append(Deployed(origin=origin, app=app, ts=ts, deployment=live))
        call = call_of(n, ts, rng, app)
        attributes = {name: str(value) for name, value in call.attributes.items()}
        count = TrafficCount(
            minute=int(ts // 60),
            model=call.model,
            variant=call.variant,
            attributes=attributes,
            calls=1,
            offsets=differences([n]),
        )
        out.append(Traffic(origin=call.origin, app=app, counts=[count]))
        if call.checks or n % 3 == 0:
            known = judged(call, n, topic="llm.logs")
            out.append(structs.replace(known, why="sample") if n % 3 == 0 else known)
        if rng.random() < 0.35:
            good = rng.random() < (0.8 if call.variant == "a" else 0.5)
            told: list[Signal] = []
            for again in range(1 + (rng.random() < 0.2)):
                value = "up" if good is (again == 0) else "down"
                at = ts + 5 + 400 * again
                told = [
                    *told,
                    Signal(
                        trace_id=call.trace_id, ts=at, kind="thumb", value=value,
                        user_id=call.user_id, id=f"{n}/{again}",
                    ),
                ]  # fmt: skip
                out.append(judged(call, 2 * n + again, *told))
    return out


END = Clock(topic="llm.logs", partition=0, until=START + 40_000, end=True)


def new_learner(policy: ComparePolicy = POLICY) -> Learner:
    return Learner(0, LearnPolicy(lateness=10.0, compare=policy, sample_rate=0.0), EMBEDDER)


def feed(learner: Learner, records: Iterable[Learnable]) -> Learner:
    learner.take([(learner.fence + i, encode(record)) for i, record in enumerate(records)])
    return learner


def picture(learner: Learner) -> Picture:
    (fold,) = learner.folds()
    return fold.compared()


def states(learner: Learner) -> dict[str, bytes]:
    out = {}
    for fold in learner.folds():
        state = fold.dump()
        del state["fence"]
        out[fold.app] = msgspec.msgpack.encode(state)
    return out


def test_a_day_equals_a_recount_of_its_records() -> None:
    records = day()
    found = picture(feed(new_learner(), [*records, END]))
    last: dict[str, Judged] = {}
    for record in records:
        if isinstance(record, Judged):
            last[record.trace_id] = record
    # What neither has a signal nor failed a check has no weight.
    last = {name: r for name, r in last.items() if r.uncertainty < 1}
    calls = [c for r in records if isinstance(r, Traffic) for c in r.counts]
    for row in found.windows:
        if row.window != "1d" or row.dimension not in {ALL, "model", "variant", "plan"}:
            continue

        def inside(record: Judged | TrafficCount, row: Any = row) -> bool:
            if row.dimension == ALL:
                return True
            of = record.interaction if isinstance(record, Judged) else record
            if row.dimension == "plan":
                return bool(of.attributes["plan"] == row.value)
            return bool(getattr(of, row.dimension) == row.value)

        own = [r for r in last.values() if inside(r)]
        assert row.calls == sum(c.calls for c in calls if inside(c))
        assert row.judged == len(own)
        thumbs = [thumb(r.signals) for r in own]
        assert (row.up, row.middle, row.down) == tuple(
            thumbs.count(name) for name in ("up", "middle", "down")
        )
        assert row.none == row.calls - row.up - row.middle - row.down
        sure = [round(1024 * (1 - r.uncertainty)) for r in own]
        satisfied = sum(w * r.satisfied for w, r in zip(sure, own, strict=True)) / sum(sure)
        assert row.satisfied == pytest.approx(satisfied, abs=1e-6)
    told = {row.dimension for row in found.windows}
    assert told == {ALL, "model", "variant", "plan", "cluster", "topic"}


def of_topic(record: Judged, name: str) -> bool:
    """Whether a record is of the sample and about a topic, by a word of its question."""
    return int(record.trace_id.split("-")[1]) % 3 == 0 and name in record.interaction.question


def test_topics_equal_a_recount_of_the_sampled_calls() -> None:
    """Whose calls are known one by one, so that those without a thumb are theirs as well."""
    records = [r for r in day() if isinstance(r, Judged)]
    found = picture(feed(new_learner(), [*day(), END]))
    for word in ("refund", "export"):
        ((_, topic),) = [
            key for key, own in found.names.items() if word in own and key[0] == "topic"
        ]
        (row,) = [r for r in found.windows if r[:3] == ("topic", topic, "1d")]
        own = {r.trace_id: r for r in records if of_topic(r, word)}
        known = [r for r in own.values() if r.uncertainty < 1]
        thumbs = [thumb(r.signals) for r in known]
        assert (row.calls, row.judged) == (len(own), len(known))
        assert row.calls > 2 * row.judged > 20
        assert (row.up, row.down, row.none) == (
            thumbs.count("up"), thumbs.count("down"), len(own) - len(known) + thumbs.count(None)
        )  # fmt: skip
        sure = [round(1024 * (1 - r.uncertainty)) for r in known]
        whole = [round(r.satisfied * w * 2**20) for r, w in zip(known, sure, strict=True)]
        assert row.satisfied == sum(whole) / sum(sure) / 2**20
    rows = [r for r in found.windows if r.dimension == "topic" and r.window == "1d"]
    assert sum(r.calls for r in rows) == len({r.trace_id for r in records if of_topic(r, "")})


def test_an_attribute_that_is_called_topic_takes_the_place_of_what_is_learnt() -> None:
    records = day()
    for record in records:
        if isinstance(record, Judged):
            record.interaction.attributes["topic"] = "own"
    found = picture(feed(new_learner(ComparePolicy(slices=["topic"])), [*records, END]))
    assert {row.value for row in found.windows if row.dimension == "topic"} == {"own"}
    assert {dimension for dimension, _ in found.names} == {"cluster"}


@pytest.mark.parametrize("seed", range(3))
def test_how_the_log_is_cut_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    log: list[Learnable] = []
    for record in day():
        log.append(record)
        if isinstance(record, Judged) and rng.random() < 0.3:
            log.append(Clock(topic="llm.logs", partition=0, until=record.interaction.at - 500))
    log.append(END)
    straight = feed(new_learner(), [r for r in log if not isinstance(r, Clock)] + [END])
    cut = new_learner()
    while log:
        size = rng.randint(1, 40)
        feed(cut, log[:size])
        log = log[size:]
    assert states(cut) == states(straight)
    assert picture(cut) == picture(straight)


def test_two_workers_give_the_same_as_one() -> None:
    apps = [day(n, 200, app) for n, app in enumerate(("shop", "docs"))]
    one = feed(new_learner(), [*apps[0], *apps[1], END])
    two = [feed(new_learner(), [*records, END]) for records in apps]
    assert states(one) == {**states(two[0]), **states(two[1])}
    assert [fold.compared() for fold in one.folds()] == [picture(two[1]), picture(two[0])]


@pytest.mark.parametrize("at", [100, 300])
def test_a_restored_fold_continues_as_an_undisturbed_one(at: int) -> None:
    records: list[Learnable] = [*day(), END]
    records.insert(at, Clock(topic="llm.logs", partition=0, until=START + 2000))
    first = feed(new_learner(), records[:at])
    second = new_learner()
    dumped = [msgspec.msgpack.encode(first.dump_app("shop")), msgspec.msgpack.encode(first.dump())]
    second.load(msgspec.msgpack.decode(dumped[1]), [msgspec.msgpack.decode(dumped[0])])
    assert states(feed(second, records[at:])) == states(feed(new_learner(), records))


def test_arms_votes_and_groups_come_out_of_the_fold() -> None:
    found = picture(feed(new_learner(), [*day(calls=700), END]))
    assert [(row.first, row.second) for row in found.arms] == [
        (Arm("m-a", "a"), Arm("m-b", "b"))
    ] * 2
    assert [row.until for row in found.arms] == [None, START + 5000]
    whole = found.voters[None]
    assert whole.calls == 700
    assert whole.among_rated is not None
    assert whole.among_all is not None
    assert whole.bounds.low < whole.among_all < whole.bounds.high
    assert found.voters[Arm("m-a", "a")].calls + found.voters[Arm("m-b", "b")].calls == 700
    assert [row.group for row in found.fairness] == ["old", "young"]


@pytest.mark.parametrize("kind", ["winner", "pull_back"])
def test_a_verdict_names_the_arm_that_should_take_over(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fold,) = feed(new_learner(), [*day(calls=700), END]).folds()
    worse, better = Arm("m-b", "b"), Arm("m-a", "a")
    comparing = fold._comparing
    assert comparing.better_than(worse, lambda _: "") is None  # nothing is proven
    rows = fold.compared().arms
    verdict = Verdict(kind, better if kind == "winner" else worse, "it is so")
    told = [row._replace(verdict=verdict) for row in rows]
    monkeypatch.setattr(comparing._experiments, "rows", lambda _: told)
    assert comparing.better_than(worse, lambda _: "") == (better, "it is so")
    assert comparing.better_than(better, lambda _: "") is None
    assert comparing.better_than(Arm("m-z"), lambda _: "") is None
    told = [row._replace(verdict=verdict, until=START) for row in rows]
    assert comparing.better_than(worse, lambda _: "") is None  # it is over


def test_advice_speaks_of_clusters_as_they_are_called_now_whatever_was_shown_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (fold,) = feed(new_learner(), [*day(calls=100), END]).folds()
    fold._comparing.picture(START, lambda _: "before")
    asked: list[str] = []

    def rows(label: Any) -> list[Any]:
        asked.append(label("c"))
        return []

    monkeypatch.setattr(fold._comparing._experiments, "rows", rows)
    fold._comparing.better_than(Arm("m-b", "b"), lambda _: "now")
    assert asked == ["now"]


def test_a_sensitive_attribute_is_shown_for_fairness_alone() -> None:
    policy = ComparePolicy(slices=["plan", "age"], sensitive=["age"], min_group=5)
    found = picture(feed(new_learner(policy), [*day(calls=100), END]))
    assert "age" not in {row.dimension for row in found.windows}
    nothing = picture(feed(new_learner(ComparePolicy()), [*day(calls=100), END]))
    assert nothing.fairness == []
    assert not {row.dimension for row in nothing.windows} & {"plan", "age"}


def test_nothing_is_compared_before_it_has_settled() -> None:
    learner = new_learner()
    feed(learner, [*day(calls=20), Clock(topic="llm.logs", partition=0, until=START + 500)])
    assert picture(learner).arms == []
    assert picture(learner).windows != []
    feed(learner, [Clock(topic="llm.logs", partition=0, until=START + 2000)])
    assert sum(picture(learner).arms[0].calls) == 20


def test_a_revision_after_settling_changes_the_figures_and_no_comparison() -> None:
    rng = random.Random(5)
    calls = [call_of(n, START + n, rng, "shop") for n in range(40)]
    records: list[Learnable] = []
    for n, call in enumerate(calls):
        call.checks = []
        count = TrafficCount(
            minute=int(call.at // 60), model=call.model, variant=call.variant, calls=1, offsets=[n]
        )
        records.append(Traffic(origin=call.origin, app="shop", counts=[count]))
        told = [Signal(trace_id=call.trace_id, ts=call.at, kind="thumb", value="up", id=str(n))]
        records.append(judged(call, n, *told))
    learner = feed(
        new_learner(), [*records, Clock(topic="llm.logs", partition=0, until=START + 3e3)]
    )
    before = picture(learner)
    later = Signal(trace_id="shop-0", ts=START + 4000, kind="thumb", value="down", id="x")
    feed(learner, [judged(calls[0], 99, later)])
    feed(learner, [Clock(topic="llm.logs", partition=0, until=START + 9000)])
    after = picture(learner)
    assert before.arms == after.arms
    # One revision of the same fullness is no news; a fuller one is.
    fuller = [
        Signal(trace_id="shop-1", ts=START + 9500 + n, kind="thumb", value="down", id=f"y{n}")
        for n in range(2)
    ]
    feed(learner, [judged(calls[1], 100, *fuller)])
    feed(learner, [Clock(topic="llm.logs", partition=0, until=START + 20_000)])
    last = picture(learner)
    assert last.arms == before.arms
    week = {r.dimension: r for r in last.windows if r.window == "1w" and r.dimension == ALL}
    assert week[ALL].down == 1


def test_curated_examples_count_by_group_and_are_taken_back() -> None:
    from flywheel_stream.events import Example, Lineage, Message  # noqa: PLC0415 - here alone

    def example(name: str, age: str) -> Example:
        return Example(
            id=name, type="sft", app="shop", created_at=START, prompt=[Message("user", "?")],
            reason={}, confidence=1.0, slices={"age": age, "plan": "free"},
            lineage=Lineage(trace_ids=[], models=[], origins=[], versions={}),
        )  # fmt: skip

    live = Comparing(POLICY)
    live.curate([example("1", "old"), example("2", "young"), example("1", "old")], [])
    live.curate([], ["2", "unknown"])
    groups = {row[1]: row[2] for row in live.dump()["fairness"]["groups"]}
    assert [groups[name][6] for name in ("old", "young")] == [1, 0]


def test_other_attributes_in_the_settings_do_not_stop_a_worker() -> None:
    records: list[Learnable] = [*day(calls=100)]
    first = feed(new_learner(), [*records, Clock(topic="llm.logs", partition=0, until=START + 900)])
    own, app = first.dump(), first.dump_app("shop")
    for policy in (ComparePolicy(), ComparePolicy(slices=["age", "new"], sensitive=["plan"])):
        other = new_learner(policy)
        other.load(own, [msgspec.msgpack.decode(msgspec.msgpack.encode(app))])
        feed(other, [END])
        assert sum(row.calls for row in picture(other).windows if row[:3] == (ALL, "", "1w")) == 100


def test_a_dump_of_another_version_is_refused_by_name() -> None:
    with pytest.raises(StateError, match="version 99"):
        Comparing(POLICY).load({"v": 99})
    fold = Fold("shop", LearnPolicy(), EMBEDDER)
    with pytest.raises(StateError, match="version 99"):
        fold.load({**fold.dump(), "v": 99})
