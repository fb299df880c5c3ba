"""What implicit signals have been worth: learnt from verdicts, the table where little is known."""

import math
import random
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import pytest

from flywheel_stream import worths
from flywheel_stream.events import Finding, Judged, Signal
from flywheel_stream.worths import (
    HALF_LIFE,
    LEAST,
    TABLE,
    Refined,
    Worths,
    implied,
    regress,
)
from tests import calls

DAY = 86_400.0
ANSWER = "Your parcel is with the carrier and comes on Monday."


def signal(kind: Any, *, ts: float = 0.0, **fields: Any) -> Signal:
    return Signal(trace_id="t", ts=ts, kind=kind, id=f"{kind}/{ts}/{fields}", **fields)


def up(ts: float = 0.0) -> Signal:
    return signal("thumb", ts=ts, value="up", user_id="u")


def down(ts: float = 0.0) -> Signal:
    return signal("thumb", ts=ts, value="down", user_id="u")


def judged(trace: str, *signals: Signal, ts: float = 0.0, checks: Iterable[Finding] = ()) -> Judged:
    call = calls.interaction(
        trace, ts, prompt="When does it come?", response=ANSWER, checks=list(checks)
    )
    return calls.judged(call, *signals)


def take(known: Worths, record: Judged) -> Refined:
    return known.take(record, record.ts)


def world(number: int, *, copies: float, seed: int = 1, start: float = 0.0) -> list[Judged]:
    """Calls with a verdict, half of them good; a copy is so many times as likely on a good one."""
    rng = random.Random(seed)
    out = []
    for n in range(number):
        happy, ts = rng.random() < 0.5, start + 10.0 * n
        shown = [signal("copy", ts=ts)] if rng.random() < (copies if happy else 1.0) * 0.2 else []
        out.append(judged(f"{seed}/{n}", *shown, up(ts) if happy else down(ts), ts=ts))
    return out


def weight(known: Worths, name: str = "copy", now: float = 0.0) -> float:
    return next(row.weight for row in known.picture(now).signals if row.signal == name)


def taught(records: Iterable[Judged]) -> Worths:
    known, ts = Worths(DAY), 0.0
    for record in records:
        take(known, record)
        ts = record.ts
    take(known, judged("asked", signal("copy", ts=ts), ts=ts))
    return known


COPIED = judged("asked", signal("copy"))


# ---------------------------------------------------------------- what is refined


@pytest.mark.parametrize(
    "record",
    [
        COPIED,
        judged("asked", signal("abandon"), checks=[Finding("truncated", 1.0)]),
        judged("asked", signal("edit", correction="Something else.")),
        judged("asked", signal("regenerate"), signal("rephrase")),
    ],
)
def test_with_few_verdicts_the_table_stands_as_it_is(record: Judged) -> None:
    as_told = Refined(record.satisfied, record.uncertainty, record.satisfied)
    assert take(Worths(DAY), record) == as_told
    assert take(taught(world(LEAST - 1, copies=3.0)), record) == as_told


def test_the_prior_is_what_ingest_says() -> None:
    for name, log_odds in TABLE.items():
        kind, _, much = name.partition("_")
        some = "Your parcel is with the carrier and I know no more."
        texts = {"little": ANSWER.replace("Monday", "Friday"), "some": some, "much": "No."}
        text = texts.get(much, "")
        record = judged("t", signal(kind, correction=text))
        assert implied(record.signals[0], record) == [name]
        assert record.satisfied == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=0.06)


def test_what_copies_have_been_worth_becomes_their_weight() -> None:
    assert abs(weight(taught(world(4_000, copies=1.0)))) < 0.15
    assert weight(taught(world(4_000, copies=2.5))) == pytest.approx(
        math.log(2.5 / 0.625), abs=0.35
    )
    assert weight(taught(world(60, copies=1.0))) > 0.4  # a few calls do not move it far


def test_a_copy_that_is_worth_nothing_says_nothing() -> None:
    before, after = COPIED, take(taught(world(4_000, copies=1.0)), COPIED)
    assert (round(before.satisfied, 2), round(before.uncertainty, 2)) == (0.77, 0.55)
    assert abs(after.satisfied - 0.5) < 0.05
    assert abs(after.says - 0.5) < 0.05
    assert after.uncertainty > 0.9


def test_refined_judgements_are_nearer_the_truth_than_the_table() -> None:
    known = taught(world(4_000, copies=1.0))
    rng = random.Random(9)
    loss = dict.fromkeys(("table", "refined"), 0.0)
    for n in range(500):
        happy = rng.random() < 0.5
        record = judged(f"x{n}", signal("copy", ts=40_000.0), ts=40_000.0)
        loss["table"] += (record.satisfied - happy) ** 2
        loss["refined"] += (take(known, record).satisfied - happy) ** 2
    assert loss["refined"] < 0.85 * loss["table"]


def test_the_share_of_the_satisfied_is_no_sign_of_a_call() -> None:
    """Most are unhappy here, and a copy says nothing of it: it must not make a failure."""
    rng = random.Random(4)
    records = []
    for n in range(2_000):
        ts = 10.0 * n
        shown = [signal("copy", ts=ts)] if rng.random() < 0.2 else []
        records.append(judged(f"{n}", *shown, up(ts) if rng.random() < 0.2 else down(ts), ts=ts))
    refined = take(taught(records), COPIED)
    assert refined.satisfied == pytest.approx(0.2, abs=0.05)
    assert refined.says == pytest.approx(0.5, abs=0.07)
    assert refined.uncertainty > 0.85


def test_what_was_never_seen_with_a_verdict_keeps_the_tables_word() -> None:
    """Many thumbs, most of them up, say nothing of regenerations by themselves."""
    records = []
    for n in range(900):
        shown = [signal("rephrase", ts=n)] if n % 2 else []
        records.append(judged(f"{n}", *shown, up(n) if n % 5 else down(n), ts=n))
    known = taught(records)
    for kind in ("regenerate", "abandon", "copy"):
        record = judged("asked", signal(kind))
        refined = take(known, record)
        assert refined.satisfied == pytest.approx(record.satisfied)
        assert refined.uncertainty == pytest.approx(record.uncertainty)
    assert known.picture(900.0).base > 1.0


def test_explicit_signals_keep_their_meaning() -> None:
    known = taught(world(4_000, copies=1.0))
    for told in (up(), signal("report"), signal("comment", comment="perfect, thanks")):
        record = judged("asked", signal("copy"), told)
        assert take(known, record) == (record.satisfied, record.uncertainty, record.satisfied)
    checked = judged("asked", checks=[Finding("refusal", 1.0)])
    assert take(known, checked).satisfied == checked.satisfied


def test_a_check_weighs_beside_what_signals_are_worth() -> None:
    known = taught(world(4_000, copies=1.0))
    record = judged("asked", signal("copy"), checks=[Finding("invalid_json", 1.0)])
    refined = take(known, record)
    assert record.satisfied > 0.2
    assert refined.satisfied == pytest.approx(1 / (1 + math.exp(2.5)), abs=0.02)
    assert refined.satisfied == refined.says


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (signal("copy"), ["copy"]),
        (signal("edit"), ["edit"]),
        (signal("edit", correction=ANSWER + " Bye!"), ["edit_little"]),
        (signal("edit", correction="It is lost."), ["edit_much"]),
        (signal("correction", correction="On Friday."), ["correction"]),
        (signal("regenerate", correction="On Friday."), ["regenerate", "correction"]),
        (signal("comment", comment="It is about shoes"), []),
        (signal("thumb", value="up"), []),
    ],
)
def test_which_implicit_signals_one_is(given: Signal, expected: list[str]) -> None:
    assert implied(given, judged("t", given)) == expected


# ---------------------------------------------------------------- what is learnt


def test_a_revision_takes_back_what_the_former_one_taught() -> None:
    known, never = Worths(DAY), Worths(DAY)
    base = world(300, copies=2.0)
    for record in base:
        take(known, record)
        take(never, record)
    at = base[-1].ts
    first = judged("x", signal("copy", ts=at), up(at), ts=at)
    second = judged("x", signal("copy", ts=at), up(at), down(at + 5), ts=at)
    take(known, first)
    take(known, second)
    take(known, first)  # told again, after a crash
    take(known, second)
    take(never, second)
    strip = {"new", "means"}
    left, right = known.dump(), never.dump()
    assert {k: v for k, v in left.items() if k not in strip} == {
        k: v for k, v in right.items() if k not in strip
    }
    for one, other in zip(sorted(left["means"]), sorted(right["means"]), strict=True):
        assert one[0] == other[0]
        assert one[1:] == pytest.approx(other[1:], rel=1e-9)


def test_the_last_call_of_a_pattern_leaves_nothing_behind() -> None:
    known = Worths(DAY)
    take(known, judged("x", signal("abandon"), up()))
    take(known, judged("x", signal("abandon"), signal("report", ts=1.0), ts=0.0))
    assert [row[0] for row in known.dump()["means"]] == ["abandon"]  # the thumb still stands
    take(known, judged("y", up()))
    gone = judged("y", signal("copy"), signal("copy", ts=2.0))
    take(known, gone)
    assert [row[0] for row in known.dump()["means"]] == ["abandon"]


def test_calls_on_which_a_check_fired_teach_nothing() -> None:
    known = Worths(DAY)
    take(known, judged("x", signal("copy"), up(), checks=[Finding("refusal", 1.0)]))
    assert known.dump()["means"] == []


def test_what_is_forgotten_is_not_taught_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worths, "_REMEMBERED", 10)
    known = Worths(DAY)
    records = world(50, copies=1.0)
    for record in records:
        take(known, record)
    before = known.dump()["means"]
    assert len(known.dump()["taught"]) == 10
    old = records[5]
    take(known, judged(old.trace_id, *old.signals, signal("abandon", ts=500.0), ts=old.ts))
    assert known.dump()["means"] == before


def test_what_is_older_than_the_window_is_forgotten_by_its_time() -> None:
    known = Worths(window=100.0)
    for record in world(50, copies=1.0):
        take(known, record)
    assert len(known.dump()["taught"]) == 11


def test_the_past_fades() -> None:
    known = taught([*world(2_000, copies=4.0)])
    good = weight(known)
    later = 10 * HALF_LIFE
    for record in world(2_000, copies=1.0, seed=2, start=later):
        take(known, record)
    take(known, judged("asked", signal("copy", ts=later + 3e4), ts=later + 3e4))
    assert good > 1.2
    assert abs(weight(known, now=later + 3e4)) < 0.2
    assert known.picture(later + 3e4).verdicts == pytest.approx(2_000, rel=0.05)
    take(known, judged("very late", up(200 * HALF_LIFE), ts=200 * HALF_LIFE))
    assert known.picture(200 * HALF_LIFE).verdicts == pytest.approx(1.0)


def test_the_picture_has_tables_weights_intervals_and_numbers() -> None:
    assert Worths(DAY).picture(0.0).signals == []
    records = world(2_000, copies=1.0)
    known = taught(records)
    picture = known.picture(records[-1].ts)
    (copy,) = picture.signals
    assert picture.verdicts == pytest.approx(2_000, rel=0.01)
    assert abs(picture.base) < 0.15
    assert (copy.signal, copy.table) == ("copy", TABLE["copy"])
    assert copy.low < copy.weight < copy.high
    assert copy.low < 0 < copy.high < TABLE["copy"]
    assert copy.calls == pytest.approx(sum(r.signals[0].kind == "copy" for r in records), rel=0.01)
    untried = taught(world(5, copies=5.0)).picture(50.0)
    assert [row.weight for row in untried.signals] == [TABLE["copy"]]


def test_a_restart_anywhere_changes_nothing() -> None:
    straight, stopped = Worths(DAY), Worths(DAY)
    rng = random.Random(5)
    for n, record in enumerate(world(1_500, copies=2.0)):
        others = [record]
        if n % 7 == 0:
            others.append(judged(f"a{n}", signal("copy", ts=record.ts), ts=record.ts))
        if n % 11 == 0:
            late = signal("regenerate", ts=record.ts)
            others.append(judged(record.trace_id, *record.signals, late, ts=record.interaction.at))
        if rng.random() < 0.05:
            raw = msgspec.msgpack.encode(stopped.dump())
            stopped = Worths.load(msgspec.msgpack.decode(raw), DAY)
        for one in others:
            assert take(stopped, one) == take(straight, one)
    assert stopped.dump() == straight.dump()


def test_what_is_told_again_changes_nothing() -> None:
    records: list[Judged] = []
    for n, record in enumerate(world(400, copies=2.0)):
        records.append(record)
        if n % 5 == 0:
            records.append(judged(f"a{n}", signal("copy", ts=record.ts), ts=record.ts))
    once, again = Worths(DAY), Worths(DAY)
    rng = random.Random(6)
    for n, record in enumerate(records):
        assert take(once, record) == take(again, record)
        if rng.random() < 0.3:
            again.take(records[rng.randrange(n + 1)], record.ts)
        assert again.dump() == once.dump()


def test_thumbs_alone_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worths, "regress", None)
    known = Worths(DAY)
    for n in range(100):
        take(known, judged(f"{n}", up(float(n)), ts=float(n)))
    assert known.picture(100.0).verdicts == pytest.approx(100, rel=0.01)


def test_the_regression_is_where_its_slope_is_flat() -> None:
    rng = np.random.default_rng(2)
    signs = np.hstack([np.ones((12, 1)), rng.integers(0, 2, (12, 3)).astype(float)])
    number, happy = rng.uniform(0.0, 1e6, 12), rng.uniform(0.0, 1.0, 12)
    happy[:2] = 0.0, 1.0
    prior, precision = np.array([0.0, 1.2, -1.0, -2.0]), np.full(4, 4.0)
    found, spread = regress(signs, number, happy, prior, precision)
    share = 1.0 / (1.0 + np.exp(-(signs @ found)))
    slope = signs.T @ (number * (share - happy)) + precision * (found - prior)
    assert np.abs(slope).max() < 1e-3
    assert (spread > 0).all()
    unchanged, _ = regress(signs, np.zeros(12), happy, prior, precision)
    assert unchanged == pytest.approx(prior)
