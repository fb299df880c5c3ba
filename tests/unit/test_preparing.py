"""Raw records decoded, checked and scrubbed, as they come out of ingest."""

import json
from collections.abc import Sequence

import pytest

from flywheel_stream.errors import ScrubError
from flywheel_stream.scrubbing import Scrubbed, Scrubber
from tests.ingesting import NOW, Ingest, call, judged, outcomes, thumb, values


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
