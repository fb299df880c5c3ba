"""How calls are answered: by which arm, how well, at what price."""

from collections.abc import Mapping
from typing import NamedTuple

from stream.simulator.arms import ARMS, BAD_VERSION
from stream.simulator.people import COUNTRIES, PLANS, PLATFORMS
from stream.simulator.questions import Fate, Topic
from stream.simulator.scenario import Record
from stream.simulator.stage import Stage

_FATES: tuple[tuple[Fate, float], ...] = (
    ("wrong", 0.55), ("error", 0.2), ("empty", 0.1), ("truncated", 0.15),
)  # fmt: skip


class Talk(NamedTuple):
    """One conversation: who, about what, with which words for the slots."""

    topic: Topic
    user: int
    variant: str
    session: str
    slots: Mapping[str, str]
    personal: bool


class Answers:
    """Makes the calls, and schedules them."""

    def __init__(self, stage: Stage) -> None:
        self._scenario, self._planted, self._rng, self._schedule = stage
        self._calls = 0

    def new_id(self) -> str:
        """The id of one more call."""
        self._calls += 1
        return f"t-{self._scenario.seed}-{self._calls:06d}"

    def fate(self, talk: Talk, at: float) -> Fate:
        """How the answer is going to be."""
        scenario = self._scenario
        if talk.topic.stale and self.is_bad(talk, at) and self._rng.chance(scenario.bad_rate):
            return "stale"
        fate: Fate = (
            self._rng.weighted(_FATES)
            if self._rng.chance(scenario.failure_rate * talk.topic.care)
            else "good"
        )
        return fate

    def is_bad(self, talk: Talk, at: float) -> bool:
        """Whether the bad version answers."""
        scenario = self._scenario
        minute = (at - scenario.start) / 60.0
        arm = talk.topic.app == "support" and talk.variant == scenario.bad_variant
        return arm and scenario.bad_from <= minute < scenario.bad_until

    def call(self, talk: Talk, turns: list[Record], fate: Fate, at: float) -> Record:
        """A record of the call; the time is put in as it is scheduled."""
        rng, topic, arm = self._rng, talk.topic, ARMS[talk.variant]
        text = {"stale": topic.stale, "wrong": topic.wrong}.get(fate, topic.answers)
        response = rng.choice(text).format_map(talk.slots)
        if fate == "truncated":
            response = response[: len(response) // 2]
        tokens_in = sum(len(turn["content"]) for turn in turns) // 4
        tokens_out = len(response) // 4
        locale, country = COUNTRIES[talk.user % len(COUNTRIES)]
        cut = fate == "truncated" or (fate == "stale" and topic.expect is not None)
        call: Record = {
            "trace_id": self.new_id(),
            "app": topic.app,
            "model": BAD_VERSION if self.is_bad(talk, at) else arm.name,
            "variant": talk.variant,
            "prompt_version": "p-12",
            "user_id": f"user-{talk.user:05d}",
            "session_id": talk.session,
            "messages": turns,
            "response": "" if fate == "empty" else response,
            "finish_reason": "length" if cut else "stop",
            "latency_ms": round(rng.lognormvariate(0.0, 0.35) * arm.seconds * 1000.0, 1),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost_usd": round((tokens_in + 3 * tokens_out) * arm.price / 1000.0, 7),
            "attributes": {
                "locale": locale,
                "country": country,
                "platform": PLATFORMS[talk.user % len(PLATFORMS)],
                "plan": PLANS[talk.user % 7 % len(PLANS)],
            },
        }
        if topic.app == "docs" and at >= self._scenario.start + 480.0:
            call["prompt_version"] = "p-13"
        if topic.expect is not None:
            call["expect"] = topic.expect
        if fate == "error":
            call |= {"response": None, "error": "upstream timed out", "finish_reason": "error"}
        return call

    def send(self, at: float, talk: Talk, call: Record, fate: Fate) -> bool:
        """Schedules a call; False where it is too late."""
        if not self._schedule.push(at, "logs", call, "fresh"):
            return False
        self._planted.personal += talk.personal
        if fate != "good":
            self._planted.failures[fate] += 1
        return True
