"""Judged calls in a line each: the scenes that the TABLE of curation rules shows.

All of them are about one question; trace ``t1`` is the call that the scene looks at.
"""

from typing import Any

from flywheel_stream.events import Expect, Finding, Interaction, Judged, Origin, Signal

STARS = (1.0, 5.0)
NOT_JSON = [Finding("invalid_json", 1.0)]
ASK_JSON = Expect(format="json", schema={"type": "object"})


def answer(trace_id: str, **fields: Any) -> Interaction:
    """A call with its answer, a right one unless ``fields`` say another."""
    defaults: dict[str, Any] = {
        "ts": 0.0,
        "app": "demo",
        "model": "m1",
        "prompt": "What is the capital of France?",
        "response": "Paris.",
        "pii": {},
        "checks": [],
        "fingerprint": trace_id,
        "seen": 0,
        "origin": Origin("llm.logs", 0, 0),
    }
    return Interaction(trace_id=trace_id, **(defaults | fields))


def say(kind: Any, value: str | float | None = None, *, user: str = "u1", **more: Any) -> Signal:
    """What a user said of the scene's call."""
    return Signal(trace_id="t1", ts=1.0, kind=kind, value=value, user_id=user, **more)


def scene(
    *signals: Signal, next_call: Interaction | None = None, trace_id: str = "t1", **fields: Any
) -> Judged:
    """One call and what was said of it, judged."""
    return Judged(
        origin=Origin("llm.feedback", 0, 0),
        trace_id=trace_id,
        ts=1.0 + len(signals),
        app="demo",
        revision=len(signals),
        why="signal" if signals else "check",
        interaction=answer(trace_id, **fields),
        signals=list(signals),
        next=next_call,
        satisfied=0.5,
        uncertainty=0.5,
    )


def fix(text: str) -> Signal:
    """A user wrote the answer anew."""
    return say("correction", correction=text)


def again(next_trace_id: str = "t2") -> Signal:
    """A user asked for another answer, and got that of a trace."""
    return say("regenerate", next_trace_id=next_trace_id)


def arm(trace_id: str, *signals: Signal, model: str = "m2", response: str = "Lyon.") -> Judged:
    """The same question, answered by another model."""
    return scene(*signals, trace_id=trace_id, model=model, response=response)
