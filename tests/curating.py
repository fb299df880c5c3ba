"""Judged calls for curation, and the topic that its examples end in."""

import random
from collections.abc import Sequence
from typing import Any

from flywheel_stream import signals
from flywheel_stream.curation import Curated, Curation
from flywheel_stream.events import Example, Expect, Finding, Interaction, Judged, Origin, Signal
from tests import calls

VERSIONS = {"scrubber": "1", "rules": "1", "config": "abc"}


def curation(**limits: Any) -> Curation:
    return Curation(
        versions=VERSIONS,
        votes=signals.vote,
        thumb=signals.thumb,
        standing=signals.standing,
        **limits,
    )


def call(trace_id: str, response: str | None = "Paris.", **fields: Any) -> Interaction:
    usual: dict[str, Any] = {
        "ts": 1.0,
        "model": "m1",
        "user_id": "",
        "prompt": "What is the capital of France?",
        "seen": 0,
        "origin": Origin("llm.logs", 0, int(trace_id.lstrip("t") or 0)),
    }
    return calls.interaction(trace_id, response=response, **(usual | fields))


def say(kind: Any, value: str | float | None = None, user: str = "u1", **more: Any) -> Signal:
    return Signal(
        trace_id="t", ts=more.pop("ts", 2.0), kind=kind, value=value, user_id=user, **more
    )


def judged(
    interaction: Interaction,
    *said: Signal,
    ts: float = 10.0,
    following: Interaction | None = None,
) -> Judged:
    return calls.judged(
        interaction,
        *said,
        origin=Origin("llm.feedback", 0, 0),
        ts=ts,
        next=following,
        satisfied=0.5,
        uncertainty=0.5,
    )


def take(fold: Curation, record: Judged, *failed: Finding, cluster: str | None = None) -> Curated:
    return fold.update(record, failed=failed, cluster=cluster)


class Topic:
    """The compacted topic: what stands after all that was emitted and withdrawn."""

    def __init__(self) -> None:
        self.rows: dict[str, Example] = {}

    def apply(self, curated: Curated) -> Curated:
        for name in curated.withdrawn:
            self.rows.pop(name, None)
        self.rows |= {example.id: example for example in curated.examples}
        return curated


def play(records: Sequence[Judged], fold: Curation | None = None) -> Topic:
    topic, fold = Topic(), fold or curation()
    for record in records:
        topic.apply(fold.update(record, failed=record.interaction.checks, cluster=None))
    return topic


def rules_of(examples: Sequence[Example]) -> list[str]:
    return [example.reason["rule"] for example in examples]


UP, DOWN, MIDDLE = say("thumb", "up"), say("thumb", "down"), say("thumb", "middle")


def twins(left: Sequence[Signal], right: Sequence[Signal]) -> list[Judged]:
    return [
        judged(call("t1", "Paris.", variant="a"), *left),
        judged(call("t2", "Lyon.", variant="b", prompt="what is  the capital of FRANCE?"), *right),
    ]


def pairs(topic: Topic) -> list[tuple[object, object]]:
    return [(row.chosen, row.rejected) for row in topic.rows.values() if row.type == "preference"]


def traffic(seed: int, size: int = 400) -> list[Judged]:
    """Random calls with signals that accumulate: few prompts and answers, so that all collides."""
    rng = random.Random(seed)
    known: dict[str, tuple[Interaction, list[Signal]]] = {}
    records = []
    for n in range(size):
        trace_id = f"t{rng.randrange(60)}"
        if trace_id not in known:
            interaction = call(
                trace_id,
                rng.choice(["Paris.", "Lyon.", "Nice.", "", "Lille.", "Metz.", "é½"]),
                ts=float(n),
                prompt=f"Question {rng.randrange(6)}?",
                model=rng.choice(["m1", "m2"]),
                variant=rng.choice(["", "a"]),
                expect=rng.choice([None, Expect(format="json")]),
                error=rng.choice(["", "", "", "timeout"]),
                checks=rng.choice([[], [], [Finding("invalid_json", 0.9)]]),
                attributes={"age": 3.0, "plan": "pro", "beta": True},
            )
            known[trace_id] = interaction, []
        interaction, said = known[trace_id]
        user = f"u{rng.randrange(4)}"
        made = rng.choice(
            [
                say("thumb", rng.choice(["up", "down", "middle"]), user, ts=float(n)),
                say("rating", float(rng.randint(1, 5)), user, scale=(1.0, 5.0), ts=float(n)),
                say(
                    "correction",
                    user=user,
                    correction=rng.choice(["Rouen.", "Brest."]),
                    ts=float(n),
                ),
                say("regenerate", user=user, next_trace_id=f"t{rng.randrange(60)}", ts=float(n)),
            ]
        )
        said.append(made)
        following = known.get(made.next_trace_id, (None, None))[0]
        records.append(judged(interaction, *said, ts=float(n), following=following))
    return records
