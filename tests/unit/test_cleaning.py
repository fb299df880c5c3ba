"""Ingest's pure steps, with the in-memory window and waiting room between them."""

from typing import Any

import pytest

from flywheel_stream import metrics
from flywheel_stream.events import Judged, Traffic, offsets_of
from flywheel_stream.failures import KINDS
from flywheel_stream.rules import Rules
from tests.ingesting import NOW, Ingest, call, judged, learn, outcomes, thumb, to_bytes, values


async def test_the_same_record_again_is_repeated_and_another_content_a_conflict() -> None:
    ingest = Ingest()
    await ingest.calls(call())
    again = await ingest.calls(call())
    other = await ingest.calls(call(response="something else"))
    assert outcomes(again) == {"repeated": 1}
    assert outcomes(other) == {"conflict": 1}
    assert values(other, "rejected")[0]["reason"] == "conflict"
    assert not values(other, "interactions")


async def test_the_same_content_under_another_id_is_a_duplicate_that_names_the_first() -> None:
    ingest = Ingest()
    text = {"prompt": "How do I pay?", "response": "By card."}
    first = await ingest.calls(call("t1", **text))
    later = await ingest.calls(call("t2", prompt="how do  I PAY?", response="By card."))
    other_model = await ingest.calls(call("t3", **{**text, "model": "other"}))
    assert "duplicate_of" not in values(first, "interactions")[0]
    assert values(later, "interactions")[0]["duplicate_of"] == "t1"
    assert values(later, "interactions")[0]["seen"] == 2
    assert outcomes(later) == {"duplicate": 1}
    assert outcomes(other_model) == {"fresh": 1}


async def test_copies_in_one_batch_are_caught() -> None:
    text = {"prompt": "same", "response": "same"}
    cleaned = await Ingest().calls(call("t1", **text), call("t2", **text), call("t3", **text))
    assert outcomes(cleaned) == {"fresh": 1, "duplicate": 2}
    assert [r.get("duplicate_of") for r in values(cleaned, "interactions")] == [None, "t1", "t1"]


@pytest.mark.parametrize("remembered", [False, True])
async def test_a_batch_read_again_after_a_crash_is_itself(remembered: bool) -> None:  # noqa: FBT001
    ingest = Ingest()
    text = {"prompt": "same", "response": "same"}
    raws = ingest.raws("llm.logs", [to_bytes(call("t1", **text)), to_bytes(call("t2", **text))])
    before = await ingest.raw_calls(raws, remembered)
    after = await ingest.raw_calls(raws)
    assert outcomes(after) == outcomes(before) == {"fresh": 1, "duplicate": 1}
    assert after.outputs == before.outputs


async def test_a_signal_after_its_call_yields_a_judged_record() -> None:
    ingest = Ingest()
    await ingest.calls(call())
    cleaned = await ingest.signals(thumb(user_id="jane"))
    (record,) = judged(cleaned)
    assert (record.trace_id, record.revision, record.why, record.ts) == ("t1", 1, "signal", NOW + 5)
    assert record.satisfied > 0.5
    assert record.signals[0].user_id.startswith("u_")
    assert outcomes(cleaned) == {"joined": 1}


async def test_a_signal_before_its_call_waits_and_joins_when_the_call_comes() -> None:
    ingest = Ingest()
    early = await ingest.signals(thumb())
    cleaned = await ingest.calls(call())
    assert outcomes(early) == {}
    assert early.tally[metrics.WAITING, ()] == 1
    assert outcomes(cleaned) == {"fresh": 1, "joined": 1}
    assert cleaned.tally[metrics.WAITING, ()] == -1
    assert judged(cleaned)[0].revision == 1


async def test_the_order_of_arrival_does_not_show_in_what_is_judged() -> None:
    rows = [thumb(ts=NOW + 5), thumb(ts=NOW + 9, value="down", user_id="b")]
    failing = call(error="boom")
    first_call, first_signals = Ingest(), Ingest()
    a = judged(await first_call.calls(failing)) + judged(await first_call.signals(*rows))
    await first_signals.signals(*rows)
    b = judged(await first_signals.calls(failing))

    def told(records: list[Judged]) -> list[Any]:
        return [(r.ts, r.revision, r.why, r.satisfied, len(r.signals)) for r in records]

    assert told(a) == told(b)
    assert [r.revision for r in b] == [0, 1, 2]


async def test_each_signal_of_a_batch_is_judged_under_its_own_origin() -> None:
    ingest = Ingest()
    await ingest.calls(call())
    cleaned = await ingest.signals(thumb(ts=NOW + 5), thumb(ts=NOW + 9, user_id="b"))
    assert [(r.origin.offset, r.ts, r.revision) for r in judged(cleaned)] == [
        (0, NOW + 5, 1),
        (1, NOW + 9, 2),
    ]


async def test_a_signal_out_of_order_brings_the_later_ones_again() -> None:
    ingest = Ingest()
    await ingest.calls(call())
    await ingest.signals(thumb(ts=NOW + 9))
    cleaned = await ingest.signals(thumb(ts=NOW + 5, user_id="b"))
    assert [(r.ts, r.revision) for r in judged(cleaned)] == [(NOW + 5, 1), (NOW + 9, 2)]


@pytest.mark.parametrize("order", ["call first", "signal first", "next first"])
async def test_a_regeneration_holds_the_answer_that_replaced_it(order: str) -> None:
    ingest = Ingest()
    signal = {
        "trace_id": "t1",
        "ts": NOW + 5,
        "kind": "regenerate",
        "next_trace_id": "t2",
    }
    steps: dict[str, Any] = {
        "call": lambda: ingest.calls(call("t1")),
        "signal": lambda: ingest.signals(signal),
        "next": lambda: ingest.calls(call("t2", ts=NOW + 6)),
    }
    orders = {
        "call first": ("call", "signal", "next"),
        "signal first": ("signal", "call", "next"),
        "next first": ("next", "signal", "call"),
    }
    found: list[Judged] = []
    for step in orders[order]:
        found += judged(await steps[step]())
    assert [(r.ts, r.next and r.next.trace_id) for r in found] == [(NOW + 5, None), (NOW + 6, "t2")]


async def test_a_repeated_signal_is_counted_and_changes_nothing() -> None:
    ingest = Ingest()
    await ingest.calls(call())
    await ingest.signals(thumb(id="s1"))
    cleaned = await ingest.signals(thumb(id="s1"))
    assert outcomes(cleaned) == {"repeated": 1}
    assert judged(cleaned) == []


async def test_a_signal_outside_the_join_window_is_an_orphan() -> None:
    ingest = Ingest(join_window=3600.0)
    await ingest.calls(call(ts=NOW - 7200))
    assert outcomes(await ingest.signals(thumb())) == {"orphan": 1}


async def test_waiting_signals_are_given_up_as_orphans() -> None:
    ingest = Ingest()
    await ingest.signals(thumb("nowhere"))
    waiting = await ingest.room.overdue(float("inf"), 10)
    cleaned = ingest.cleaner.orphans(waiting)
    assert outcomes(cleaned) == {"orphan": 1}
    assert values(cleaned, "rejected")[0]["trace_id"] == "nowhere"


async def test_traffic_counts_by_minute_and_slice_with_the_offsets_it_counts() -> None:
    text = {"prompt": "same", "response": "same"}
    cleaned = await Ingest().calls(
        call("t1", **text), call("t2", **text), call("t3", ts=NOW + 61), b"bad", call("t4", app="b")
    )
    traffic = {r.app: r for r in learn(cleaned) if isinstance(r, Traffic)}
    counts = [(c.calls, c.duplicates, offsets_of(c.offsets)) for c in traffic["default"].counts]
    assert counts == [(2, 1, [0, 1]), (1, 0, [2])]
    assert traffic["b"].counts[0].calls == 1
    assert all(record.origin.offset == 4 for record in traffic.values())


async def test_traffic_is_told_apart_by_the_attributes_that_are_set() -> None:
    ingest = Ingest(attributes=("country", "plan"))
    cleaned = await ingest.calls(
        call("t1", attributes={"country": "DE", "plan": 2.0, "age": 30}),
        call("t2", attributes={"country": "DE", "plan": 2.0, "age": 40}),
        call("t3", attributes={"country": "FR"}),
    )
    (traffic,) = (record for record in learn(cleaned) if isinstance(record, Traffic))
    assert [(count.attributes, count.calls) for count in traffic.counts] == [
        ({"country": "DE", "plan": "2.0"}, 2),
        ({"country": "FR", "plan": ""}, 1),
    ]


async def test_configured_rules_see_scrubbed_text_and_make_a_judged_record() -> None:
    when = [{"field": "response", "phrases": ["refund granted"]}]
    rules = Rules([{"name": "refund", "value": "prompt", "when": when}], KINDS)
    ingest = Ingest(rules=rules)
    cleaned = await ingest.calls(
        call(prompt="I am jane.doe@example.com", response="Refund granted.")
    )
    (record,) = judged(cleaned)
    (found,) = record.interaction.checks
    assert found.kind == "rule:money_at_risk:refund"
    assert found.evidence == 'prompt I am <EMAIL>; response says "refund granted"'
