"""Ingest's pure steps, with the in-memory window and waiting room between them."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from flywheel_stream import metrics
from flywheel_stream.cleaned import Cleaned, Raw
from flywheel_stream.cleaning import Cleaner
from flywheel_stream.dedup import MemoryWindow, WindowPolicy
from flywheel_stream.errors import ScrubError
from flywheel_stream.events import (
    Deployed,
    Interaction,
    Judged,
    Source,
    Traffic,
    decode_interaction,
    decode_learnable,
    offsets_of,
)
from flywheel_stream.failures import KINDS
from flywheel_stream.joining import MemoryWaitingRoom, successors
from flywheel_stream.rules import Rules
from flywheel_stream.scrubbing import Scrubbed, Scrubber

NOW = 1_760_000_000.0


class Ingest:
    """The agent's way through the steps, without its servers."""

    def __init__(self, **options: Any) -> None:
        self.scrubber = options.pop("scrubber", None) or Scrubber(secret=b"k")
        self.cleaner = Cleaner(self.scrubber, secret=b"k", sample_rate=0.0, **options)
        self.window = MemoryWindow(WindowPolicy())
        self.room = MemoryWaitingRoom()
        self._offsets: dict[str, int] = {}

    def raws(self, topic: str, values: Sequence[bytes]) -> list[Raw]:
        out = []
        for value in values:
            offset = self._offsets.get(topic, 0)
            self._offsets[topic] = offset + 1
            out.append(Raw(Source(topic, 0, offset), value, NOW + 1000))
        return out

    async def calls(self, *records: Any, remember: bool = True) -> Cleaned:
        return await self.raw_calls(self.raws("llm.logs", [_bytes(r) for r in records]), remember)

    async def raw_calls(self, raws: Sequence[Raw], remember: bool = True) -> Cleaned:  # noqa: FBT001, FBT002
        batch = self.cleaner.prepare_calls(raws)
        seen = await self.window.seen([(call.fingerprint, call.at) for call in batch.calls])
        meetings = await self.room.put_calls(self.cleaner.admit(batch, seen))
        awaiting = sorted({name for meeting in meetings for name in meeting.awaited_by})
        resolved = await self.room.resolve(awaiting)
        following = await self._following([*meetings, *resolved])
        waiting = dict(zip(awaiting, resolved, strict=True))
        cleaned = self.cleaner.finish_calls(batch, meetings, waiting, following)
        if remember:
            await self.window.remember(cleaned.sightings)
        return cleaned

    async def signals(self, *records: Any) -> Cleaned:
        return await self.raw_signals(self.raws("llm.feedback", [_bytes(r) for r in records]))

    async def raw_signals(self, raws: Sequence[Raw]) -> Cleaned:
        batch = self.cleaner.prepare_signals(raws)
        meetings = await self.room.put_signals(self.cleaner.put_signals(batch))
        following = await self._following(meetings)
        return self.cleaner.finish_signals(batch, meetings, following)

    async def _following(self, meetings: Sequence[Any]) -> dict[str, Interaction]:
        pairs = successors(meetings)
        found = await self.room.await_next(pairs)
        return {
            name: decode_interaction(entry.payload)
            for (name, _), entry in zip(pairs, found, strict=True)
            if entry
        }


def _bytes(record: Any) -> bytes:
    return record if isinstance(record, bytes) else json.dumps(record).encode()


def call(trace_id: str = "t1", ts: Any = NOW, **fields: Any) -> dict[str, Any]:
    base = {"trace_id": trace_id, "ts": ts, "model": "m", "prompt": f"question of {trace_id}"}
    return {**base, "response": f"answer to {trace_id}", **fields}


def thumb(trace_id: str = "t1", ts: float = NOW + 5, **fields: Any) -> dict[str, Any]:
    return {"trace_id": trace_id, "ts": ts, "kind": "thumb", "value": "up", **fields}


def outcomes(cleaned: Cleaned) -> dict[str, int]:
    return {
        str(labels[1]): number
        for (metric, labels), number in cleaned.tally.items()
        if metric is metrics.OUTCOMES
    }


def learn(cleaned: Cleaned) -> list[Any]:
    return [decode_learnable(o.value or b"") for o in cleaned.outputs if o.topic == "learn"]


def judged(cleaned: Cleaned) -> list[Judged]:
    return [record for record in learn(cleaned) if isinstance(record, Judged)]


def values(cleaned: Cleaned, topic: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(o.value or b"") for o in cleaned.outputs if o.topic == topic]


async def test_a_call_is_scrubbed_hashed_and_emitted_with_its_origin() -> None:
    ingest = Ingest()
    cleaned = await ingest.calls(
        call(
            prompt="I am at jane.doe@example.com",
            response="Hello",
            user_id="jane.doe@example.com",
            attributes={"contact": "bob@example.com", "locale": "en", "paid": True},
        )
    )
    (record,) = values(cleaned, "interactions")
    assert record["prompt"] == "I am at <EMAIL>"
    assert record["attributes"] == {"contact": "<EMAIL>", "locale": "en", "paid": True}
    assert record["user_id"].startswith("u_")
    assert record["pii"] == {"EMAIL": 2}
    assert record["origin"] == {"topic": "llm.logs", "partition": 0, "offset": 0, "n": 0}
    assert b"example.com" not in b"".join(o.value or b"" for o in cleaned.outputs)
    assert outcomes(cleaned) == {"fresh": 1}


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("7d9f1c9e-52c4-4c4b-9a43-1f8f0cf3d1aa", True),
        ("4bf92f3577b34da6a3ce929d0e0e4736", True),
        ("trace-123456", True),
        ("01HZX3KQ7V8W9Y0A1B2C3D4E5F", True),
        ("4111111111111111", True),  # a serial number: one in ten looks like a card's
        ("req/2025.10.09/0007", True),
        ("078-05-1120", False),
        ("jane.doe@example.com", False),
        ("AKIAIOSFODNN7EXAMPLE", False),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", False),
        ("192.168.77.14", False),
    ],
)
async def test_an_id_that_is_personal_data_is_hashed_and_joins_all_the_same(
    name: str, *, stays: bool
) -> None:
    ingest = Ingest()
    cleaned = await ingest.calls(call(name))
    (record,) = values(cleaned, "interactions")
    assert (record["trace_id"] == name) == stays
    joined = await ingest.signals(thumb(name))
    assert judged(joined)[0].trace_id == record["trace_id"]


async def test_pii_in_a_label_is_counted_each_time_it_comes() -> None:
    ingest = Ingest()
    await ingest.calls(call("t1", attributes={"contact": "bob@example.com"}))
    cleaned = await ingest.calls(call("t2", attributes={"contact": "bob@example.com"}))
    assert values(cleaned, "interactions")[0]["pii"] == {"EMAIL": 1}


@pytest.mark.parametrize(
    ("value", "reason", "field"),
    [
        (b"{", "not_json", ""),
        (b"[]", "not_an_object", ""),
        (b'{"ts":1,"model":"m","prompt":"x"}', "missing_field", "trace_id"),
        (b'{"trace_id":"a","model":"m","prompt":"x"}', "missing_field", "ts"),
        (b'{"trace_id":"a","ts":1,"prompt":"x"}', "missing_field", "model"),
        (b'{"trace_id":"a","ts":1,"model":"m"}', "missing_field", "messages"),
        (b'{"trace_id":"a","ts":"soon","model":"m","prompt":"x"}', "wrong_field", "ts"),
        (json.dumps(call(ts=NOW + 10_000)).encode(), "ts_ahead", "ts"),
        (json.dumps(call(prompt="x" * 2_200_000)).encode(), "too_large", ""),
    ],
)
async def test_what_cannot_be_used_is_a_dead_letter_that_names_the_field(
    value: bytes, reason: str, field: str
) -> None:
    cleaned = await Ingest().calls(value)
    (letter,) = values(cleaned, "dead_letters")
    assert (letter["reason"], letter["field"]) == (reason, field)
    assert letter["source"] == {"topic": "llm.logs", "partition": 0, "offset": 0}
    assert outcomes(cleaned) == {"dead_letter": 1}


async def test_a_dead_letter_s_excerpt_is_scrubbed() -> None:
    cleaned = await Ingest().calls(b'{"model": "m", "prompt": "mail jane@example.com"}')
    (letter,) = values(cleaned, "dead_letters")
    assert "<EMAIL>" in letter["excerpt"]
    assert "jane" not in letter["excerpt"]


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
    raws = ingest.raws("llm.logs", [_bytes(call("t1", **text)), _bytes(call("t2", **text))])
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


async def test_a_record_that_cannot_be_scrubbed_is_refused_and_the_others_go_on() -> None:
    class Failing(Scrubber):
        def scrub(
            self, texts: Sequence[str], conversations: Sequence[str] | None = None
        ) -> list[Scrubbed]:
            if any("poison" in text for text in texts):
                message = "a detector failed"
                raise ScrubError(message)
            return super().scrub(texts, conversations)

    cleaned = await Ingest(scrubber=Failing()).calls(
        call("t1"), call("t2", response="poison jane@example.com"), call("t3")
    )
    (letter,) = values(cleaned, "dead_letters")
    assert (letter["stage"], letter["reason"], letter["excerpt"]) == ("scrub", "scrub_failed", "")
    assert outcomes(cleaned) == {"fresh": 2, "dead_letter": 1}
    assert b"poison" not in b"".join(o.value or b"" for o in cleaned.outputs)


async def test_deployments_pass_on_once() -> None:
    ingest = Ingest()
    record = _bytes({"ts": NOW, "what": "model", "version": "2", "note": "by jane@example.com"})
    raws = ingest.raws("llm.deployments", [record, record, b"{}"])

    async def work() -> Cleaned:
        batch = ingest.cleaner.prepare_deployments(raws)
        queries = [(item.content, item.record.ts) for item in batch if item.record]
        return ingest.cleaner.finish_passing(batch, await ingest.window.seen(queries))

    first = await work()
    await ingest.window.remember(first.sightings)
    again = await work()
    assert outcomes(first) == {"accepted": 1, "repeated": 1, "dead_letter": 1}
    assert outcomes(again) == outcomes(first)  # read again after a crash: itself
    (passed,) = [r for r in learn(first) if isinstance(r, Deployed)]
    assert passed.deployment.note == "by <EMAIL>"


async def test_a_schema_stays_a_schema() -> None:
    schema = {"type": "object", "description": "mail jane@example.com", "required": ["a"]}
    cleaned = await Ingest().calls(
        call(response='{"a": 1}', expect={"format": "json", "schema": schema})
    )
    kept = values(cleaned, "interactions")[0]["expect"]["schema"]
    assert kept == {**schema, "description": "mail <EMAIL>"}


async def test_a_number_of_a_card_in_a_schema_is_scrubbed_however_it_is_written() -> None:
    for number in (4111111111111111, 4111111111111111.0):
        schema = {"properties": {"card": {"enum": [number, 0.5]}, "n": {"maximum": 1e22}}}
        cleaned = await Ingest().calls(
            call(response='{"a": 1}', expect={"format": "json", "schema": schema})
        )
        (kept,) = values(cleaned, "interactions")
        properties = kept["expect"]["schema"]["properties"]
        assert properties == {"card": {"enum": ["<CREDIT_CARD>", 0.5]}, "n": {"maximum": 1e22}}
        assert kept["pii"] == {"CREDIT_CARD": 1}


async def test_a_name_in_a_schema_is_scrubbed_in_what_a_check_says_of_it() -> None:
    expect = {"format": "json", "schema": {"required": ["bob@example.com"]}}
    cleaned = await Ingest().calls(call(response="{}", expect=expect))
    record = values(cleaned, "interactions")[0]
    assert [c["evidence"] for c in record["checks"]] == ["required: <EMAIL> is missing"]
    assert all(b"bob@example.com" not in (out.value or b"") for out in cleaned.outputs)


@pytest.mark.parametrize("number", [4012888888881881, 4012888888881881.0])
async def test_a_card_number_that_came_as_a_number_is_scrubbed(number: float) -> None:
    attributes = {"card": number, "cents": 1_250, "share": 0.25, "bytes": 20_000_000.5}
    record = values(await Ingest().calls(call(attributes=attributes)), "interactions")[0]
    assert record["attributes"] == attributes | {"card": "<CREDIT_CARD>"}
    assert record["pii"] == {"CREDIT_CARD": 1}


async def test_personal_data_that_only_the_answer_holds_is_a_finding_without_the_value() -> None:
    ingest = Ingest()
    cleaned = await ingest.calls(
        call("t1", prompt="Who is my contact?", response="Jane, 219-09-9999."),
        call("t2", prompt="Is 219 09 9999 right?", response="Yes, 219-09-9999 is."),
    )
    told = {row["trace_id"]: row["checks"] for row in values(cleaned, "interactions")}
    assert [check["kind"] for check in told["t1"]] == ["pii_leak"]
    assert told["t1"][0]["evidence"] == "not in the prompt: US_SSN 1"
    assert told["t2"] == []
    assert [record.trace_id for record in judged(cleaned)] == ["t1"]


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
