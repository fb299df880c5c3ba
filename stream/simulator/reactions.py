"""What users do about an answer: the feedback, sooner or later, in one way or another."""

from zlib import crc32

from stream.simulator.answering import Answers, Talk
from stream.simulator.people import (
    ACTS_OF_VOTERS,
    SIGNALS_OF_THE_CONTENT,
    SIGNALS_OF_THE_DISPLEASED,
    words,
)
from stream.simulator.personal import personal_sentence
from stream.simulator.questions import Fate
from stream.simulator.scenario import Record
from stream.simulator.stage import Stage


class Reactions:
    """The feedback of the traffic."""

    def __init__(self, stage: Stage, answers: Answers) -> None:
        self._scenario, self._planted, self._rng, self._schedule = stage
        self._answers = answers

    def react(self, at: float, call: Record, talk: Talk, fate: Fate, *, early: bool) -> None:
        """What the user does about the answer; some tell us before the call is logged."""
        rng, scenario = self._rng, self._scenario
        late = not early and rng.chance(scenario.late_share)
        wait = rng.uniform(0.0, 0.9) if early else rng.lognormvariate(3.3, 0.6)
        when = at + (rng.uniform(900.0, 2400.0) if late else wait)
        good = fate == "good"
        act = rng.weighted(SIGNALS_OF_THE_CONTENT if good else SIGNALS_OF_THE_DISPLEASED)
        if act == "regenerate" and early:
            act = "down"
        if act == "regenerate":
            self._regenerate(when, call, talk)
            return
        signal = self._signal_of(act, talk, fate)
        if self.signal(when, call, signal):
            self._planted.early += early
            self._planted.late += late
            if signal["kind"] == "thumb" and not good and rng.chance(0.5):
                self.signal(when + rng.uniform(3.0, 25.0), call, self._comment(talk, fate))
            if signal["kind"] in {"thumb", "rating"}:
                self._act_on(when, call, good=good)

    def _act_on(self, at: float, call: Record, *, good: bool) -> None:
        """Those who vote copy the answer as well, or leave; by the call's id, so no chance is drawn."""
        place = crc32(call["trace_id"].encode()) % 100
        for kind, (content, displeased) in ACTS_OF_VOTERS.items():
            if place < (content if good else displeased):
                signal = {"trace_id": call["trace_id"], "kind": kind, "user_id": call["user_id"]}
                self._schedule.push(at + 2.0 + place / 50, "feedback", signal, "joined")
                return
            place -= content if good else displeased

    def _signal_of(self, act: str, talk: Talk, fate: Fate) -> Record:
        rng, good = self._rng, fate == "good"
        if act in {"up", "middle", "down"}:
            return {"kind": "thumb", "value": act}
        if act == "rating":
            stars = rng.choice((4, 5, 5)) if good else rng.choice((1, 1, 2))
            return {"kind": "rating", "value": stars, "scale": [1, 5]}
        if act in {"praise", "complaint"}:
            return self._comment(talk, fate)
        answer = rng.choice(talk.topic.answers).format_map(talk.slots)
        if act == "correction":
            return {"kind": "correction", "correction": answer}
        if act == "edit" and not good:
            return {"kind": "edit", "correction": f"Hello, {answer[0].lower()}{answer[1:]}"}
        return {"kind": act}

    def _comment(self, talk: Talk, fate: Fate) -> Record:
        comment = self._rng.choice(words(talk.topic, fate))
        if talk.personal and self._rng.chance(0.5):
            comment = f"{comment}. {personal_sentence(self._rng)}"
        return {"kind": "comment", "comment": comment}

    def _regenerate(self, at: float, call: Record, talk: Talk) -> None:
        """The user asks again, and the other arm answers."""
        if at + 3.0 > self._scenario.end:
            return
        other = talk._replace(variant="a" if call["variant"] == "b" else "b")
        fate: Fate = (
            "good" if other.variant != self._scenario.bad_variant else self._answers.fate(other, at)
        )
        again = self._answers.call(other, call["messages"], fate, at)
        again_id = again["trace_id"]
        self.signal(at, call, {"kind": "regenerate", "next_trace_id": again_id})
        self._answers.send(at + 2.0, talk, again, fate)
        self._planted.regenerated += 1

    def signal(self, at: float, call: Record, signal: Record) -> bool:
        """Schedules a signal of the call's user; False where it is too late."""
        record = {"trace_id": call["trace_id"], **signal, "user_id": call["user_id"]}
        if not self._schedule.push(at, "feedback", record, "joined"):
            return False
        if self._rng.chance(self._scenario.repeated_share * 3):
            self._schedule.push(at, "feedback", dict(record), "repeated")
        return True
