"""Really good answers: why they are, in clusters of their own, taken back when users think again."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from flywheel_stream import successes
from flywheel_stream.events import Finding, Judged, Signal
from flywheel_stream.successes import (
    COPIED,
    PRAISED,
    RESOLVED,
    TABLE,
    Successes,
    named_reasons,
    praised,
)
from tests import calls

DIMS, DAY = 8, 86_400.0
FAILED = [Finding("unexplained", 0.7)]


@pytest.mark.parametrize(
    ("name", "comment"), [(row.name, comment) for row in TABLE for comment in row.hits]
)
def test_each_reason_finds_its_hits(name: str, comment: str) -> None:
    assert name in named_reasons(comment)


@pytest.mark.parametrize(
    ("name", "comment"), [(row.name, comment) for row in TABLE for comment in row.misses]
)
def test_each_reason_leaves_its_misses(name: str, comment: str) -> None:
    assert name not in named_reasons(comment)


def test_every_reason_with_phrases_has_hits_and_misses_of_its_own() -> None:
    assert all(row.hits and row.misses for row in TABLE if row.phrases)
    assert len({row.name for row in TABLE}) == len(TABLE)


def judged(
    trace: str, *signals: Signal, following: str = "", ts: float = 0.0, prompt: str = "Where?"
) -> Judged:
    following_call = calls.interaction(following, ts) if following else None
    return calls.judged(calls.interaction(trace, ts, prompt=prompt), *signals, next=following_call)


def signal(kind: Any, ts: float = 1.0, **fields: Any) -> Signal:
    return Signal(trace_id="t", ts=ts, kind=kind, user_id=fields.pop("user", "u"), **fields)


UP, COPY = signal("thumb", value="up"), signal("copy")


def said(comment: str, ts: float = 1.0, user: str = "u") -> Signal:
    return signal("comment", ts, comment=comment, user=user)


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ([said("Perfect, thank you!")], [PRAISED]),
        ([said("great, that solved it")], ["solved"]),
        ([said("very clear and quick, thanks")], ["clear", "fast"]),
        ([UP, said("clear and complete")], ["clear", "complete"]),
        ([said("clear and complete")], []),  # says nothing of whether it pleased
        ([UP, said("it is about shoes")], []),
        ([UP], []),
        ([COPY], []),
        ([UP, COPY], [COPIED]),
        ([UP, COPY, signal("edit", 2.0)], []),
        ([UP, COPY, signal("regenerate", 2.0)], []),
        ([UP, COPY, said("useful", 2.0)], [COPIED, "helpful"]),
        ([said("useless and wrong")], []),
        ([said("great"), signal("thumb", 2.0, value="down")], []),
        ([signal("rating", value=5.0, scale=(1, 5)), COPY], [COPIED]),
    ],
)
def test_why_a_call_is_a_success(signals: Sequence[Signal], expected: list[str]) -> None:
    record = judged("t", *signals)
    assert Successes(DIMS, DAY).look(record, [], record.satisfied) == expected
    assert Successes(DIMS, DAY).look(record, FAILED, record.satisfied) == []
    assert praised(record) >= bool(expected)


def test_an_answer_that_pleases_after_one_that_failed_has_resolved_it() -> None:
    known = Successes(DIMS, DAY)
    again = signal("regenerate", next_trace_id="t2")
    known.look(judged("t1", again, following="t2"), FAILED, 0.2)
    fine = judged("t2", UP, ts=2.0)
    assert known.look(fine, [], fine.satisfied) == [RESOLVED]
    other = judged("t3", UP, ts=2.0)
    assert known.look(other, [], other.satisfied) == []
    silent = judged("t2", signal("abandon"), ts=2.0)
    assert known.look(silent, [], 0.9) == []


def test_what_turned_out_no_failure_was_not_resolved_whatever_is_told_again() -> None:
    known = Successes(DIMS, DAY)
    again = signal("regenerate", next_trace_id="t2")
    failed = judged("t1", again, following="t2")
    happy = judged("t1", again, signal("thumb", 2.0, value="up"), following="t2")
    known.look(failed, FAILED, 0.2)
    known.look(happy, [], 0.8)
    known.look(failed, FAILED, 0.2)  # a crash later
    fine = judged("t2", UP, ts=2.0)
    assert known.look(fine, [], fine.satisfied) == []


def test_what_is_told_again_after_a_crash_changes_nothing() -> None:
    known = Successes(DIMS, DAY)
    records = [
        judged(f"t{n}", signal("regenerate", float(n)), ts=float(n), following=f"u{n}")
        for n in range(3)
    ]
    for record in records:
        known.look(record, FAILED, 0.2)
    state = known.dump()
    known.look(records[0], FAILED, 0.2)
    assert known.dump() == state


def test_what_failed_long_ago_is_not_resolved_today() -> None:
    known = Successes(DIMS, DAY)
    known.look(judged("t1", signal("regenerate"), following="t2"), FAILED, 0.2)
    late = judged("t2", signal("thumb", DAY + 2, value="up"), ts=DAY + 2)
    assert known.look(late, [], late.satisfied) == []


def about(side: int, n: int = 0) -> NDArray[np.float32]:
    vector = np.random.default_rng(n).normal(0.0, 0.05, DIMS)
    vector[side] += 1.0
    return vector.astype(np.float32)


def learn(known: Successes, record: Judged, side: int = 0, n: int = 0) -> list[str]:
    reasons = known.look(record, [], record.satisfied)
    vector = about(side, n) if record.trace_id not in known else None
    known.judge(record, reasons, vector, record.ts)
    return reasons


def some(known: Successes, number: int = 30) -> None:
    for n in range(number):
        prompt = ("Where is my parcel?", "Reset the password")[n % 2]
        comment = ("great, quick answer", "thanks, it works")[n % 2]
        learn(known, judged(f"t{n}", said(comment, n + 0.5), ts=float(n), prompt=prompt), n % 2, n)


def test_clusters_have_names_reasons_comments_and_exemplars() -> None:
    known = Successes(DIMS, DAY)
    some(known)
    first, second = sorted(known.top(), key=lambda row: row.label)
    assert (first.label, first.size, first.reasons) == ("parcel", 15, {"fast": 15})
    assert (second.label, second.size, second.reasons) == ("password, reset", 15, {"solved": 15})
    assert first.comments == ["great, quick answer"] * 3
    assert second.exemplars == ["Reset the password"]
    assert abs(first.users - 15) <= 1
    assert known.counts() == {"solved": 15, "fast": 15}
    assert len(known.top(1)) == 1


def test_a_revision_takes_the_place_of_the_former_one_and_may_take_it_back() -> None:
    known = Successes(DIMS, DAY)
    first = said("great, quick answer")
    learn(known, judged("t1", first))
    learn(known, judged("t1", first))
    (group,) = known.top()
    assert (group.size, group.reasons) == (1, {"fast": 1})
    learn(known, judged("t1", first, said("and it works", 2.0, "other")))
    (group,) = known.top()
    assert (group.size, group.reasons) == (1, {"solved": 1, "fast": 1})
    assert group.comments == ["and it works", "great, quick answer"]
    learn(known, judged("t1", first, signal("thumb", 3.0, value="down")))
    assert known.top() == []
    assert known.counts() == {}


def test_a_restart_changes_nothing() -> None:
    straight = Successes(DIMS, DAY)
    some(straight)
    stopped = Successes(DIMS, DAY)
    some(stopped)
    raw = msgspec.msgpack.encode(stopped.dump())
    stopped = Successes.load(msgspec.msgpack.decode(raw), DIMS, DAY)
    for known in (straight, stopped):
        known.look(judged("x1", signal("regenerate"), following="x2"), FAILED, 0.2)
        learn(known, judged("x2", UP))
        learn(known, judged("t3", said("bad, awful answer", 100.0)))
        known.forget(5.0)
    assert stopped.dump() == straight.dump()
    assert stopped.top() == straight.top()
    assert "t1" not in stopped
    assert "t20" in stopped


def test_clusters_that_turn_out_one_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Successes(DIMS, DAY)
    some(known)
    one, other = known.top()
    assign = known._clusters.assign

    def merging(*args: Any) -> Any:
        placed = assign(*args)
        rows = known._clusters._rows
        known._clusters._merges = []
        known._clusters._merge(rows[one.id], rows[other.id])
        known._clusters._drop({rows[one.id]})
        return placed._replace(merged=tuple(known._clusters._merges))

    monkeypatch.setattr(known._clusters, "assign", merging)
    learn(known, judged("new", said("perfect", 40.0)), 0, 99)
    (group,) = known.top()
    assert (group.id, group.size) == (other.id, 31)
    assert group.reasons == {"solved": 15, "fast": 15, "praised": 1}
    learn(known, judged("t4", said("useless, bad", 50.0)))  # it was in the one that is no more
    assert known.top()[0].size == 30


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(successes, "_REMEMBERED", 50)
    known = Successes(DIMS, DAY)
    for n in range(200):
        known.look(judged(f"f{n}", signal("regenerate"), following=f"n{n}"), FAILED, 0.2)
        learn(known, judged(f"t{n}", said("great", float(n)), ts=float(n)), n % DIMS, n)
    state = known.dump()
    assert (len(state["known"]), len(state["followed"])) == (50, 50)
    assert sum(row.size for row in known.top(1_000)) == 200
    learn(known, judged("t5", said("great", 5.0), said("and clear", 300.0, "o"), ts=5.0), 5, 5)
    assert sum(row.size for row in known.top(1_000)) == 200  # it may be one that was forgotten
