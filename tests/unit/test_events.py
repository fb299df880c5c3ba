"""Decoding: one pass, an error that names the field, nothing that raises; and the outputs' form."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from flywheel_stream import events
from flywheel_stream.events import Call, Decision, Interaction, Origin, Rejected, encode

CALL = {"trace_id": "t", "ts": 1.5, "model": "m", "prompt": "x"}
SIGNAL = {"trace_id": "t", "ts": 1, "kind": "thumb", "value": "up"}


def call(**fields: Any) -> bytes:
    return json.dumps({**CALL, **fields}).encode()


def decoded(raw: bytes) -> Call:
    found, _ = events.calls.decode(raw)
    assert isinstance(found, Call)
    return found


@pytest.mark.parametrize("name", ["trace_id", "ts", "model"])
def test_a_missing_field_is_named(name: str) -> None:
    raw = json.dumps({key: value for key, value in CALL.items() if key != name}).encode()
    found, _ = events.calls.decode(raw)
    assert isinstance(found, Rejected)
    assert (found.reason, found.field) == ("missing_field", name)


def nested(depth: int) -> dict[str, Any]:
    """A schema that the standard library writes and reads, deeper than the faster ones can."""
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"not": schema}
    return schema


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"trace_id": 1}, "trace_id"),
        ({"trace_id": ""}, "trace_id"),
        ({"ts": True}, "ts"),
        ({"ts": "soon"}, "ts"),
        ({"ts": "2026-01-01T00:00:00"}, "ts"),
        ({"ts": -1}, "ts"),
        ({"model": None}, "model"),
        ({"messages": [{"role": "user"}]}, "messages[].content"),
        ({"messages": "hello"}, "messages"),
        ({"latency_ms": "slow"}, "latency_ms"),
        ({"expect": {"format": "xml"}}, "expect.format"),
        ({"expect": {"schema": {"minLength": 10**30}}}, "expect.schema"),
        ({"expect": {"schema": nested(300)}}, "expect.schema"),
        ({"attributes": {"a": [1]}}, "attributes[]"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], field: str) -> None:
    found, _ = events.calls.decode(call(**fields))
    assert isinstance(found, Rejected)
    assert found.field == field


@pytest.mark.parametrize(
    ("ts", "seconds"),
    [
        (1.5, 1.5),
        (1_760_000_000, 1_760_000_000.0),
        ("2026-01-01T00:00:00Z", 1_767_225_600.0),
        ("2026-01-01T01:00:00.250+01:00", 1_767_225_600.25),
        ("2026-01-01t00:00:00z", 1_767_225_600.0),
    ],
)
def test_times_are_epoch_seconds_or_rfc_3339(ts: Any, seconds: float) -> None:
    assert decoded(call(ts=ts)).at == seconds


def test_unknown_fields_are_left_out_and_counted() -> None:
    raw = call(colour="red", messages=[{"role": "user", "content": "x", "name": "bo"}])
    found, unknown = events.calls.decode(raw)
    assert unknown == 2
    assert b"red" not in encode(found)


HUGE = ["1e999", "-1e999", "9" * 5000]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "unknown",
    [
        '"x":%s',
        '"x":{"y":[1,%s]}',
        '"expect":{"x":%s}',
        '"messages":[{"role":"user","content":"x","t":%s}]',
    ],
)
def test_a_number_beyond_all_range_in_an_unknown_field_is_left_out_too(
    unknown: str, number: str
) -> None:
    found, count = events.calls.decode(call()[:-1] + f",{unknown % number}}}".encode())
    assert isinstance(found, Call)
    assert count == 1


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    ("known", "field"),
    [
        ('"ts":%s', "ts"),
        ('"latency_ms":%s', "latency_ms"),
        ('"x":%s,"tokens_in":"many"', "tokens_in"),
        ('"attributes":{"a":%s}', "attributes[]"),
        ('"expect":{"schema":{"const":%s}}', "expect.schema"),
    ],
)
def test_a_number_beyond_all_range_in_a_field_is_named(known: str, field: str, number: str) -> None:
    found, _ = events.calls.decode(call()[:-1] + f",{known % number}}}".encode())
    assert found == Rejected(events.Stage.DECODE, "wrong_field", field)


def test_beside_a_number_beyond_all_range_nothing_else_passes_that_would_not_alone() -> None:
    for wrong in ('"y":NaN', '"y":Infinity', '"y":"\\ud83d"x', '"y":'):
        found, _ = events.calls.decode(call()[:-1] + f',"x":1e999,{wrong}}}'.encode())
        assert found == Rejected(events.Stage.DECODE, "not_json")
    half, _ = events.calls.decode(call()[:-1] + b',"x":1e999,"response":"\\ud83d"}')
    assert isinstance(half, Call)
    assert half.response == "\ufffd"


@pytest.mark.parametrize("name", ["latency_ms", "tokens_in", "tokens_out", "cost_usd"])
def test_what_cannot_be_below_0_is_not_known_then(name: str) -> None:
    assert getattr(decoded(call(**{name: -1})), name) is None
    assert getattr(decoded(call(**{name: 0})), name) == 0


def test_null_stands_for_absent_where_a_field_may_be_absent() -> None:
    record = decoded(call(error=None, user_id=None, attributes=None, response=None))
    assert (record.error, record.user_id, record.attributes, record.response) == ("", "", {}, None)
    assert decoded(call(attributes={"locale": None, "paid": True})).attributes == {"paid": True}


def test_half_of_an_emoji_as_javascript_cuts_it_loses_no_call() -> None:
    raw = (
        b'{"trace_id":"t","ts":1,"model":"m","prompt":"\\ud83d \\ude00, \\ud83d\\ude00, \\\\ud83d"}'
    )
    assert decoded(raw).prompt == "\ufffd \ufffd, \U0001f600, \\ud83d"
    broken, _ = events.calls.decode(raw[:-1])
    assert isinstance(broken, Rejected)


def test_turns_of_tool_calls_and_of_parts_are_read() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    record = decoded(
        call(messages=[{"role": "assistant", "content": None}, {"role": "user", "content": parts}])
    )
    assert [turn.content for turn in record.messages] == ["", "a\nb"]


@pytest.mark.parametrize(
    "fields", [{"value": "sideways"}, {"kind": "applause"}, {"scale": [5, 1], "value": 2}]
)
def test_feedback_that_means_nothing_is_refused(fields: dict[str, Any]) -> None:
    assert isinstance(events.signals.decode(json.dumps({**SIGNAL, **fields}).encode())[0], Rejected)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff\xfe", "not_json"),
        (b'{"trace_id":"t","ts":1,"model":"m","prompt":"a","x":"\xff"}', "not_json"),
        (b"[]", "not_an_object"),
        (b"[" * 100_000, "not_json"),
        (b" " * (events.MAX_RECORD_BYTES + 1), "too_large"),
    ],
)
def test_what_is_no_record_is_a_value_and_no_error(raw: bytes | None, reason: str) -> None:
    found, _ = events.calls.decode(raw)
    assert isinstance(found, Rejected)
    assert found.reason in {reason, "not_an_object"}


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(
    st.one_of(
        st.binary(max_size=200),
        JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
        st.dictionaries(st.sampled_from([*CALL, "messages", "expect", "scale", "x"]), JSON).map(
            lambda value: json.dumps({**CALL, **value}).encode("utf-8", "surrogatepass")
        ),
    )
)
def test_decoding_never_raises(raw: bytes) -> None:
    for decoder in (events.calls, events.signals, events.deployments, events.decisions):
        assert isinstance(decoder.decode(raw)[0], Struct | Rejected)


def test_what_was_decoded_decodes_again_to_the_same() -> None:
    record = decoded(call(messages=[{"role": "user", "content": "x"}], attributes={"a": 1}))
    assert decoded(encode(record)) == record


def test_every_output_carries_its_version_and_a_duplicate_of_unknown_is_null() -> None:
    interaction = Interaction(
        trace_id="t",
        ts=1.0,
        app="default",
        model="m",
        prompt="x",
        pii={},
        checks=[],
        fingerprint="f",
        seen=1,
        origin=Origin("llm.logs", 0, 0),
    )
    row = msgspec.json.decode(encode(interaction))
    assert row["v"] == 1
    assert row["app"] == "default"
    assert "duplicate_of" not in row
    interaction.duplicate_of = None
    assert msgspec.json.decode(encode(interaction))["duplicate_of"] is None


def test_a_decision_finds_the_app_of_its_incident() -> None:
    raw = b'{"id":"d","incident":"shop/eu/i_1","ts":1}'
    found, _ = events.decisions.decode(raw)
    assert isinstance(found, Decision)
    assert found.app == "shop/eu"
