"""Calls, and how they are judged, as ingest writes them; what a test does not name is usual."""

from typing import Any

from flywheel_stream.events import Interaction, Judged, Origin, Signal
from flywheel_stream.signals import judge


def interaction(trace: str = "t", ts: float = 0.0, **fields: Any) -> Interaction:
    """A call of an app ``shop``; each has a user and a fingerprint of its own."""
    usual: dict[str, Any] = {
        "app": "shop",
        "model": "m",
        "user_id": f"u_{trace}",
        "prompt": "Where is my parcel?",
        "response": "In the depot.",
        "pii": {},
        "checks": [],
        "fingerprint": f"f-{trace}",
        "seen": 1,
        "origin": Origin("llm.logs", 0, 0),
    }
    return Interaction(trace_id=trace, ts=ts, **(usual | fields))


def judged(call: Interaction, *signals: Signal, **fields: Any) -> Judged:
    """A call with its signals, known when the last of them came, judged by the fixed table."""
    satisfied, uncertainty = judge(call.checks, signals, call.response or "")
    usual: dict[str, Any] = {
        "origin": call.origin,
        "ts": max([call.at, *(signal.at for signal in signals)]),
        "why": "signal" if signals else "check",
        "satisfied": satisfied,
        "uncertainty": uncertainty,
    }
    return Judged(
        trace_id=call.trace_id,
        app=call.app,
        revision=len(signals),
        interaction=call,
        signals=list(signals),
        **(usual | fields),
    )
