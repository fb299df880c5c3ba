"""An alert in the words and forms of those who hear of it: chat, webhook, Alertmanager."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from flywheel_stream.events import Alert

URGENT = 0.7
"""Urgency from which on someone must act now, as in ``grafana/rules.yml``."""

AROUND = 3 * 3600
"""Seconds before an incident that a link to Grafana shows as well."""

_MARKS = {"opened": "🔴", "escalated": "🔺", "regressed": "🔁", "resolved": "✅"}


def severity(alert: Alert) -> str:
    """``critical`` or ``warning``, as routes of Alertmanager know them."""
    return "critical" if alert.urgency >= URGENT else "warning"


def grafana_link(alert: Alert, grafana: str) -> str:
    """The dashboard at the app and time of an alert; empty without Grafana's URL."""
    if not grafana:
        return ""
    spans = {"from": int(1000 * (alert.since - AROUND)), "to": int(1000 * (alert.ts + AROUND))}
    query = urlencode({"var-app": alert.app, **spans})
    return f"{grafana.rstrip('/')}/d/flywheel?{query}"


def paragraphs(alert: Alert) -> list[str]:
    """What a person needs at night: why, since when, which models, what to do, examples."""
    lines = [alert.why, f"Since {_time(alert.since)}, urgency {100 * alert.urgency:.0f} %."]
    if alert.models:
        models = ", ".join(
            f"{row.model}{f' ({row.variant})' if row.variant else ''} {row.rate:.1f}/h"
            for row in alert.models[:3]
        )
        lines.append(f"Models: {models}.")
    lines += [
        f"{'Now' if advice.now else f'In {advice.days:.0f} days'}: {advice.intervention}. {advice.why}"
        for advice in alert.advice[:3]
    ]
    lines += [f"“{example.excerpt}” ({example.trace_id})" for example in alert.exemplars[:3]]
    return lines


def _time(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M} UTC"


def _rfc3339(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).isoformat(timespec="milliseconds")


# ---------------------------------------------------------------- webhooks


def slack(alert: Alert, grafana: str) -> bytes:
    """The body for a Slack-compatible incoming webhook (Mattermost and others read ``text``)."""
    head = f"{_MARKS[alert.state]} *{alert.state}* {_escaped(alert.title)}"
    body = "\n".join(map(_escaped, paragraphs(alert)))
    link = grafana_link(alert, grafana)
    text = f"{head}\n{body}" + (f"\n<{link}|Grafana>" if link else "")
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}
    return msgspec.json.encode({"text": text, "blocks": [block]})


def _escaped(text: str) -> str:
    """``<EMAIL>`` is a placeholder of scrubbing, and no link or mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def webhook(alert: Alert, grafana: str) -> bytes:
    """The body for a webhook of your own: the record of ``flywheel.alerts`` and a link."""
    kind = f"flywheel.alert.{alert.state}"
    return msgspec.json.encode(
        {
            "type": kind,
            "timestamp": _rfc3339(alert.ts),
            "data": alert,
            "grafana": grafana_link(alert, grafana),
        }
    )


def signature(secret: str, name: str, timestamp: int, body: bytes) -> str:
    """The ``webhook-signature`` of Standard Webhooks (standardwebhooks.com, version 1)."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{name}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


# ---------------------------------------------------------------- Alertmanager


def about(alert: Alert) -> dict[str, str]:
    """Labels by what an alert is about; an incident keeps those that it opened with."""
    found = {name: alert.subject.get(name, "") for name in _LABELS}
    if not found["kind"] and alert.kinds:
        found["kind"] = alert.kinds[0]
    return {name: value for name, value in found.items() if value}


_LABELS = ("cluster", "metric", "kind", "model", "variant")


def alertmanager(
    alert: Alert, ends: float, grafana: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """An entry of Alertmanager's API v2: it is over at ``ends``, which may lie ahead.

    Labels name an alert there, so ``labels`` are those that its incident opened with (``about``).
    """
    named = {
        "alertname": "FlywheelIncident",
        "app": alert.app,
        "incident": alert.incident,
        "severity": severity(alert),
        **labels,
    }
    entry: dict[str, Any] = {
        "labels": named,
        "annotations": {"summary": alert.title, "description": "\n".join(paragraphs(alert))},
        "startsAt": _rfc3339(min(alert.since, ends)),
        "endsAt": _rfc3339(ends),
    }
    link = grafana_link(alert, grafana)
    return entry | ({"generatorURL": link} if link else {})
