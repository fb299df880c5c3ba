"""Tests of alerts as people and programs are told of them."""

import base64
import hashlib
import hmac
import json
from typing import Any

from flywheel_stream.events import Advice, Alert, Exemplar, ModelRate
from stream import notices
from stream.notify import ENDED, VALID, Incidents

NOW = 1_760_000_000.0
GRAFANA = "https://grafana.example"


def alert(state: Any = "opened", **fields: Any) -> Alert:
    base: dict[str, Any] = {
        "id": f"a-{state}",
        "incident": "shop/i1",
        "ts": NOW,
        "since": NOW - 600,
        "app": "shop",
        "subject": {"cluster": "c_1"},
        "kinds": ["refusal"],
        "title": "shop: refunds (refusal)",
        "why": "30.0 failures an hour (usual: 0.5), 9 users hit.",
        "rate": 30.0,
        "baseline": 0.5,
        "confidence": 0.999,
        "urgency": 0.8,
        "users": 9,
        "models": [ModelRate(model="m2", variant="b", rate=29.0)],
        "exemplars": [Exemplar(trace_id="t1", excerpt="Where is <PERSON>'s refund? <!channel>")],
        "advice": [
            Advice(intervention="rollback", why="m2 went live.", days=0.0, cost=0.0, now=True)
        ],
    }
    return Alert(state=state, **(base | fields))


def test_a_chat_reads_what_happened_what_to_do_and_an_example() -> None:
    body = json.loads(notices.slack(alert(), GRAFANA))
    text = body["text"]
    for part in ("opened", "refunds", "30.0 failures", "Now: rollback", "m2 (b)", "2025-10-09"):
        assert part in text
    assert body["blocks"][0]["text"]["text"] == text
    assert f"<{GRAFANA}/d/flywheel?var-app=shop&from=" in text


def test_a_placeholder_in_an_example_is_no_link_and_calls_nobody() -> None:
    text = json.loads(notices.slack(alert(), ""))["text"]
    assert "&lt;PERSON&gt;" in text
    assert "<!channel>" not in text
    assert "<" not in text


def test_a_webhook_gets_the_record_itself() -> None:
    body = json.loads(notices.webhook(alert("resolved"), ""))
    assert body["type"] == "flywheel.alert.resolved"
    assert body["data"]["incident"] == "shop/i1"
    assert body["timestamp"].startswith("2025-10-09T")


def test_a_signature_can_be_checked_as_standard_webhooks_says() -> None:
    key = b"0123456789abcdef01234567"
    secret = "whsec_" + base64.b64encode(key).decode()
    expected = base64.b64encode(hmac.new(key, b"a1.17.{}", hashlib.sha256).digest()).decode()
    assert notices.signature(secret, "a1", 17, b"{}") == f"v1,{expected}"
    plain = base64.b64encode(hmac.new(b"own", b"a1.17.{}", hashlib.sha256).digest()).decode()
    assert notices.signature("own", "a1", 17, b"{}") == f"v1,{plain}"


def ends(entries: list[dict[str, Any]]) -> dict[str, str]:
    return {entry["labels"]["severity"]: entry["endsAt"] for entry in entries}


def at(ts: float) -> str:
    return notices._rfc3339(ts)


def test_alertmanager_is_told_that_an_incident_is_on_until_it_is_over_and_then_for_a_while() -> (
    None
):
    incidents = Incidents()
    incidents.take(alert(), NOW)
    (entry,) = incidents.entries(NOW, GRAFANA)
    assert entry["labels"] == {
        "alertname": "FlywheelIncident",
        "app": "shop",
        "incident": "shop/i1",
        "severity": "critical",
        "cluster": "c_1",
        "kind": "refusal",
    }
    assert (entry["startsAt"], entry["endsAt"]) == (at(NOW - 600), at(NOW + VALID))
    assert entry["annotations"]["summary"] == "shop: refunds (refusal)"
    incidents.take(alert("resolved", ts=NOW + 900, urgency=0.0), NOW + 901)
    assert ends(incidents.entries(NOW + 901, "")) == {"critical": at(NOW + 900)}
    assert not incidents.entries(NOW + 900 + ENDED, "")


def test_another_severity_is_another_alert_and_ends_the_former() -> None:
    incidents = Incidents()
    incidents.take(alert(urgency=0.5), NOW)
    incidents.take(alert("escalated", ts=NOW + 60), NOW + 61)
    assert ends(incidents.entries(NOW + 61, "")) == {
        "warning": at(NOW + 61),
        "critical": at(NOW + 61 + VALID),
    }
    incidents.take(alert("regressed", ts=NOW + 120, urgency=0.5), NOW + 121)
    assert ends(incidents.entries(NOW + 121, "")) == {
        "warning": at(NOW + 121 + VALID),
        "critical": at(NOW + 121),
    }


def test_an_incident_that_turns_out_wider_stays_one_alert() -> None:
    incidents = Incidents()
    incidents.take(alert(), NOW)
    (opened,) = incidents.entries(NOW, "")
    wider = {"metric": "failures", "model": "m2", "variant": "b"}
    incidents.take(alert("escalated", ts=NOW + 60, subject=wider, kinds=["tone"]), NOW + 61)
    (entry,) = incidents.entries(NOW + 61, "")
    assert entry["labels"] == opened["labels"]
    assert notices.about(alert(subject=wider)) == {**wider, "kind": "refusal"}


def test_an_incident_read_again_from_the_beginning_is_what_it_was() -> None:
    incidents = Incidents()
    for _ in range(2):
        incidents.take(alert(), NOW + 5000)
        incidents.take(alert("resolved", ts=NOW + 900), NOW + 5000)
    assert not incidents.entries(NOW + 5000, "")
