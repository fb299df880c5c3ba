"""The sample traffic: repeatable, believable, and exactly as planted."""

from collections import Counter
from itertools import islice
from random import Random

import orjson
import pytest

from flywheel_stream import events
from flywheel_stream.alerts import Alerts
from flywheel_stream.checks import check_raw
from flywheel_stream.dedup import fingerprint
from flywheel_stream.detecting import find
from flywheel_stream.events import Call, Deployment, Rejected, Signal
from flywheel_stream.pii import iban as is_iban
from flywheel_stream.pii import luhn
from flywheel_stream.signals import is_negative
from stream.simulator import (
    Planted,
    Scenario,
    SimEvent,
    bench_calls,
    bench_feedback,
    demo_scenario,
    planted_in,
    simulate,
)
from stream.simulator.arms import BAD_VERSION
from stream.simulator.personal import PERSONAL, card_number, iban, ssn

Record = Call | Signal | Deployment


@pytest.fixture(scope="module")
def demo() -> tuple[list[SimEvent], Planted]:
    planted = Planted()
    return list(simulate(demo_scenario(), planted)), planted


def decoded(event: SimEvent) -> Record | None:
    decoders = {
        "logs": events.calls,
        "feedback": events.signals,
        "deployments": events.deployments,
    }
    found, unknown = decoders[event.input].decode(event.encode())  # type: ignore[attr-defined]  # a union of decoders
    if isinstance(found, Rejected):
        return None
    assert unknown == 0
    assert isinstance(found, Call | Signal | Deployment)
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def first(seed: int) -> list[bytes]:
        return [event.encode() for event in islice(simulate(demo_scenario(seed)), 500)]

    assert first(3) == first(3)
    assert first(3) != first(4)


def test_events_come_in_order_of_their_time_and_end_with_the_scenario(
    demo: tuple[list[SimEvent], Planted],
) -> None:
    times = [event.ts for event in demo[0]]
    assert times == sorted(times)
    assert times[-1] <= demo_scenario().end
    for event in demo[0]:
        record = decoded(event)
        assert record is None or record.at == event.ts


def test_the_demo_is_as_large_as_it_says(demo: tuple[list[SimEvent], Planted]) -> None:
    of = Counter(event.input for event in demo[0])
    assert of["logs"] == pytest.approx(6_000, rel=0.1)
    assert of["feedback"] == pytest.approx(1_500, rel=0.1)
    assert of["deployments"] == 3


def outcomes_by_reading(traffic: list[SimEvent]) -> dict[str, Counter[str]]:
    """What the contract makes of the records, told by a simple reading of it."""
    out: dict[str, Counter[str]] = {"logs": Counter(), "feedback": Counter()}
    calls: dict[str, bytes] = {}
    prints: set[str] = set()
    signals: list[tuple[Signal, bytes]] = []
    for event in traffic:
        record, raw = decoded(event), event.encode()
        if record is None:
            out[event.input]["dead_letter"] += 1
        elif isinstance(record, Signal):
            signals.append((record, raw))
        elif isinstance(record, Call):
            name = fingerprint(
                record.app, record.model, record.variant, record.turns(), record.response
            )
            if record.trace_id in calls:
                same = calls[record.trace_id] == raw
                out["logs"]["repeated" if same else "conflict"] += 1
                continue
            out["logs"]["duplicate" if name in prints else "fresh"] += 1
            calls[record.trace_id] = raw
            prints.add(name)
    seen: set[bytes] = set()
    for signal, raw in signals:
        known = "joined" if signal.trace_id in calls else "orphan"
        out["feedback"]["repeated" if raw in seen else known] += 1
        seen.add(raw)
    return out


@pytest.mark.parametrize("seed", [7, 8])
def test_what_is_planted_is_what_a_reader_of_the_contract_counts(seed: int) -> None:
    planted = Planted()
    traffic = list(simulate(demo_scenario(seed), planted))
    found = outcomes_by_reading(traffic)
    assert found["logs"] == planted.outcomes["logs"]
    assert found["feedback"] == planted.outcomes["feedback"]
    assert planted.read == len(traffic)
    assert planted == planted_in(demo_scenario(seed))


def test_every_outcome_and_every_mishap_is_in_the_demo(
    demo: tuple[list[SimEvent], Planted],
) -> None:
    planted = demo[1]
    assert set(planted.outcomes["logs"]) == {
        "fresh",
        "duplicate",
        "repeated",
        "conflict",
        "dead_letter",
    }
    assert set(planted.outcomes["feedback"]) == {"joined", "repeated", "orphan", "dead_letter"}
    assert min(planted.early, planted.late, planted.regenerated, planted.compared) > 5
    assert any(event.raw is not None for event in demo[0])
    share = planted.personal / planted.outcomes["logs"]["fresh"]
    assert share == pytest.approx(0.15, abs=0.015)


def test_a_second_answer_is_a_call_with_the_same_prompt(
    demo: tuple[list[SimEvent], Planted],
) -> None:
    calls = {e.record["trace_id"]: e.record for e in demo[0] if "messages" in e.record}
    again = [e.record for e in demo[0] if e.record.get("kind") == "regenerate"]
    assert again
    for signal in again:
        first, second = calls[signal["trace_id"]], calls[signal["next_trace_id"]]
        assert first["messages"] == second["messages"]
        assert first["response"] != second["response"]


def is_broken(call: Call) -> bool:
    """Whether the answer is none, or not what was promised."""
    return not call.response or call.finish_reason == "length" or bool(check_raw(call))


def failures(traffic: list[SimEvent]) -> list[tuple[float, Call]]:
    """Calls of the bad topics that a check or a user's signal calls failed, and when."""
    out = []
    calls: dict[str, Call] = {}
    for event in traffic:
        record = decoded(event)
        if isinstance(record, Call) and record.app == "support":
            calls[record.trace_id] = record
            if is_broken(record):
                out.append((record.at, record))
        elif isinstance(record, Signal) and record.trace_id in calls and is_negative(record):
            out.append((record.at, calls[record.trace_id]))
    return out


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_bad_deployment_raises_one_arm_s_failures_until_it_is_withdrawn(seed: int) -> None:
    scenario = demo_scenario(seed)
    found = failures(list(simulate(scenario)))
    bad = [(at, call) for at, call in found if call.model == BAD_VERSION]
    assert bad
    during = Counter(
        call.variant
        for at, call in found
        if scenario.bad_from <= (at - scenario.start) / 60 < scenario.bad_until
    )
    assert during["b"] > 3 * during["a"]


def incident(scenario: Scenario) -> list[tuple[str, float]]:
    """States of an alert about refunds, were they one cluster, with minutes of the scenario."""
    traffic = list(simulate(scenario))
    refunds = [
        (at, call)
        for at, call in failures(traffic)
        if any(word in call.turns()[0].content for word in ("refund", "return", "money back"))
    ]
    minutes = Counter(int(event.ts // 60) for event in traffic if event.input == "logs")
    alerts = Alerts("support")
    states: list[tuple[str, float]] = []
    for tick in range(int(scenario.start) + 60, int(scenario.end) + 60, 60):
        while refunds and refunds[0][0] < tick:
            at, call = refunds.pop(0)
            alerts.observe(
                "refund",
                at,
                trace_id=call.trace_id,
                dedup_key=call.trace_id,
                user=call.user_id,
                model=call.model,
                variant=call.variant,
                severity=0.5,
                excerpt="",
            )
        alerts.traffic(tick // 60 - 1, minutes[tick // 60 - 1])
        states += [(spike.state, (spike.ts - scenario.start) / 60) for spike in alerts.tick(tick)]
    return states


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_an_alert_about_refunds_opens_soon_after_the_bad_deployment(seed: int) -> None:
    scenario = demo_scenario(seed)
    state, minute = incident(scenario)[0]
    assert state == "opened"
    assert scenario.bad_from < minute < scenario.bad_from + 10.0


def test_the_alert_of_the_demo_resolves_before_its_end() -> None:
    scenario = demo_scenario()
    state, minute = incident(scenario)[-1]
    assert state == "resolved"
    assert scenario.bad_until < minute < scenario.minutes - 10.0


def test_what_is_held_back_stays_bounded_however_long_the_traffic_is() -> None:
    traffic = simulate(Scenario(minutes=100_000.0))
    for _ in islice(traffic, 20_000):
        pass
    due = traffic.gi_frame.f_locals["self"]._schedule  # type: ignore[attr-defined]  # a generator is an iterator with a frame
    assert len(due) < 200


def test_personal_values_are_valid_and_found() -> None:
    rng = Random(1)
    for _ in range(50):
        assert luhn(card_number(rng).replace(" ", ""))
        assert is_iban(iban(rng))
        assert any(e.type == "US_SSN" for e in find(f"My SSN is {ssn(rng)}."))
        for sentence, make in PERSONAL:
            assert find(sentence.format(make(rng)))


def test_texts_without_personal_data_look_like_none() -> None:
    for event in islice(simulate(Scenario(pii_share=0.0)), 2_000):
        record = event.record
        texts = [turn["content"] for turn in record.get("messages", ())]
        texts += [record.get("response") or "", record.get("comment", "")]
        assert not [find(text) for text in texts if find(text)]


def test_bench_calls_are_valid_distinct_and_of_the_promised_mix() -> None:
    raws = list(bench_calls(4_000))
    assert raws == list(bench_calls(4_000))
    calls = []
    for raw in raws:
        found, _ = events.calls.decode(raw)
        assert isinstance(found, Call)
        calls.append(found)
    assert sum(map(len, raws)) / len(raws) == pytest.approx(1_024, rel=0.15)
    prints = Counter(fingerprint(c.app, c.model, c.variant, c.turns(), c.response) for c in calls)
    assert len(calls) - len(prints) == 20
    assert sum(is_broken(c) for c in calls) / len(calls) == pytest.approx(0.05, abs=0.01)
    personal = sum(bool(find(c.turns()[0].content)) for c in calls[:500]) / 500
    assert personal == pytest.approx(0.15, abs=0.05)


def test_bench_feedback_is_about_bench_calls() -> None:
    ids = {orjson.loads(raw)["trace_id"] for raw in bench_calls(2_000)}
    signals = [events.signals.decode(raw)[0] for raw in bench_feedback(2_000)]
    assert len(signals) == pytest.approx(100, rel=0.3)
    for signal in signals:
        assert isinstance(signal, Signal)
        assert signal.trace_id in ids
