"""Sample traffic of our own, seeded: a web shop's support chat and a docs assistant, live.

Two apps, two models with an A/B arm each, users with sessions, topics with their ways of failing,
and feedback in users' words. A bad deployment makes one arm fail at one topic until it is
withdrawn. What a stream has to survive is planted and counted: duplicates, repeats, conflicts,
orphans, early and late feedback, bad records.

Start with ``traffic``: who comes, and what befalls a call; ``answering`` makes the calls,
``reactions`` the feedback, and ``scenario`` says how much of what there is. ``questions``, ``people``
and ``personal`` hold the words. ``plain`` is the plain, fast form for benches.
"""

from stream.simulator.plain import (
    bench_calls,
    bench_feedback,
    bench_trace_id,
    clean_text,
    personal_text,
)
from stream.simulator.scenario import START, Planted, Scenario, SimEvent, demo_scenario
from stream.simulator.traffic import planted_in, simulate

__all__ = [
    "START",
    "Planted",
    "Scenario",
    "SimEvent",
    "bench_calls",
    "bench_feedback",
    "bench_trace_id",
    "clean_text",
    "demo_scenario",
    "personal_text",
    "planted_in",
    "simulate",
]
