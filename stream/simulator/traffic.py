"""The traffic of the demo: who comes, what they ask, and what befalls it on the way."""

from collections.abc import Iterator
from math import inf

from stream.simulator.answering import Answers, Talk
from stream.simulator.arms import ARMS, BAD_VERSION
from stream.simulator.personal import personal_sentence
from stream.simulator.questions import FOLLOW_UPS, SLOTS, TOPICS, Fate
from stream.simulator.reactions import Reactions
from stream.simulator.scenario import Input, Planted, Record, Scenario, SimEvent
from stream.simulator.stage import Stage


def simulate(scenario: Scenario, planted: Planted | None = None) -> Iterator[SimEvent]:
    """Sample traffic in order of ``ts``, the same for the same scenario.

    Memory is bounded: only what users do later is held back.

    Args:
        scenario: what the traffic is like.
        planted: filled while the iterator runs.
    """
    return _Traffic(Stage.of(scenario, planted or Planted())).events()


def planted_in(scenario: Scenario) -> Planted:
    """What ``simulate`` plants in all."""
    planted = Planted()
    for _ in simulate(scenario, planted):
        pass
    return planted


class _Traffic:
    """The people behind the traffic."""

    def __init__(self, stage: Stage) -> None:
        self._scenario, self._planted, self._rng, self._schedule = stage
        self._answers = Answers(stage)
        self._reactions = Reactions(stage, self._answers)
        self._talks = 0

    def events(self) -> Iterator[SimEvent]:
        """All of it, in order."""
        scenario, rng = self._scenario, self._rng
        self._deploy()
        # Next turns, second answers and twins are calls too.
        extra = scenario.next_turn_share + scenario.comparison_share + scenario.duplicate_share
        pause = 60.0 / scenario.calls_per_minute * (1.0 + extra)
        now = scenario.start
        while now < scenario.end:
            yield from self._schedule.until(now)
            self._arrive(now)
            now += rng.expovariate(1.0 / pause)
        yield from self._schedule.until(inf)

    def _deploy(self) -> None:
        scenario = self._scenario
        bad = {"app": "support", "what": "model", "version": BAD_VERSION}
        bad["variant"] = scenario.bad_variant
        notes: tuple[tuple[float, Record], ...] = (
            (8.0, {"app": "docs", "what": "prompt", "version": "p-13", "note": "shorter answers"}),
            (scenario.bad_from, {**bad, "action": "live", "note": "cheaper"}),
            (scenario.bad_until, {**bad, "action": "withdrawn", "note": "back to breeze-1"}),
        )
        for minute, record in notes:
            self._schedule.push(scenario.start + 60.0 * minute, "deployments", record, "accepted")

    def _arrive(self, now: float) -> None:
        """A user opens a conversation; or something goes wrong on the way."""
        scenario = self._scenario
        if self._rng.chance(scenario.bad_record_share):
            self._bad_record(now)
        if self._rng.chance(scenario.orphan_share * 0.2):  # a fifth of calls draw a signal
            lost = {"trace_id": f"lost-{self._schedule.pushed}", "kind": "thumb", "value": "down"}
            self._schedule.push(now, "feedback", lost, "orphan")
        talk = self._talk()
        question = self._rng.choice(talk.topic.questions).format_map(talk.slots)
        if talk.personal:
            question = f"{question} {personal_sentence(self._rng)}"
        turns = [{"role": "user", "content": question}]
        if talk.topic.system:
            turns.insert(0, {"role": "system", "content": talk.topic.system})
        if self._rng.chance(scenario.comparison_share):
            self._compare(now, talk, turns)
        else:
            self._ask(now, talk, turns)

    def _talk(self) -> Talk:
        rng = self._rng
        self._talks += 1
        topic = rng.choices(TOPICS, _WEIGHTS)[0]
        user = rng.randrange(self._scenario.users)
        slots = {name: rng.choice(words) for name, words in SLOTS.items()}
        slots["ref"] = _reference(self._talks)
        personal = rng.chance(self._scenario.pii_share)
        session = f"s-{self._talks:06d}"
        return Talk(topic, user, "ab"[user % 2], session, slots, personal)

    def _bad_record(self, now: float) -> None:
        ts = round(now, 3)
        which = self._rng.randrange(5)
        if which == 0:
            raw = b'{"trace_id": "cut-%d", "ts": %d, "model": "aur' % (self._schedule.pushed, ts)
            self._schedule.add(SimEvent(ts, "logs", {}, raw), "dead_letter")
            return
        name = f"bad-{self._schedule.pushed}"
        call = {"trace_id": name, "ts": ts, "model": "aurora-1", "prompt": "Where is it?"}
        bad: tuple[tuple[Input, Record], ...] = (
            ("logs", {key: value for key, value in call.items() if key != "model"}),
            ("logs", call | {"ts": "half past nine"}),
            ("feedback", {"trace_id": name, "ts": ts, "value": "up"}),
            ("feedback", {"trace_id": name, "ts": ts, "kind": "applause"}),
        )
        to, record = bad[which - 1]
        self._schedule.add(SimEvent(ts, to, record), "dead_letter")

    def _ask(self, at: float, talk: Talk, turns: list[Record]) -> None:
        """One turn: the call, what befalls it on the way, the signal, perhaps the next turn."""
        scenario, rng = self._scenario, self._rng
        fate = self._answers.fate(talk, at)
        early = rng.chance(scenario.early_share)
        delay = rng.uniform(1.0, 8.0) if early else 0.0
        call = self._answers.call(talk, turns, fate, at + delay)
        if not self._answers.send(at + delay, talk, call, fate):
            return
        self._mishap(at + delay, call)
        signalled = rng.chance(scenario.feedback_good if fate == "good" else scenario.feedback_bad)
        if signalled:
            self._reactions.react(at, call, talk, fate, early=early)
        elif fate == "good" and rng.chance(scenario.next_turn_share):
            question, answer = rng.choice(FOLLOW_UPS)
            said = [*turns, {"role": "assistant", "content": call["response"]}]
            said.append({"role": "user", "content": question})
            self._next_turn(at + rng.uniform(15.0, 90.0), talk, said, answer)

    def _next_turn(self, at: float, talk: Talk, turns: list[Record], answer: str) -> None:
        plain = talk._replace(topic=talk.topic._replace(answers=(answer,), expect=None))
        call = self._answers.call(plain, turns, "good", at)
        sent = self._answers.send(at, talk, call, "good")
        if sent and self._rng.chance(self._scenario.feedback_good):
            self._reactions.react(at, call, plain, "good", early=False)

    def _mishap(self, at: float, call: Record) -> None:
        """Producers send twice, users press twice, ids collide."""
        scenario, rng = self._scenario, self._rng
        if rng.chance(scenario.duplicate_share):
            later = rng.uniform(1.0, 60.0)
            copy = {key: value for key, value in call.items() if key != "ts"}
            self._schedule.push(
                at + later, "logs", copy | {"trace_id": self._answers.new_id()}, "duplicate"
            )
        if rng.chance(scenario.repeated_share):
            self._schedule.push(at, "logs", dict(call), "repeated")
        if rng.chance(scenario.conflict_share):
            other = {key: value for key, value in call.items() if key not in {"ts", "error"}}
            other["response"] = f"Another answer under the same id, {self._schedule.pushed}."
            self._schedule.push(at + 1.0, "logs", other, "conflict")

    def _compare(self, at: float, talk: Talk, turns: list[Record]) -> None:
        """Both arms answer, the user says which answer is better."""
        best, worst = self._rng.sample(sorted(ARMS), 2)
        if self._answers.is_bad(talk._replace(variant=best), at):
            best, worst = worst, best
        fates: tuple[tuple[str, Fate, str], ...] = ((best, "good", "up"), (worst, "wrong", "down"))
        judged = at + self._rng.uniform(10.0, 60.0)
        if judged + 1.0 > self._scenario.end:
            return
        for variant, fate, thumb in fates:
            call = self._answers.call(talk._replace(variant=variant), turns, fate, at)
            self._answers.send(at, talk, call, fate)
            self._reactions.signal(judged, call, {"kind": "thumb", "value": thumb})
        self._planted.compared += 1


_WEIGHTS = tuple(topic.weight for topic in TOPICS)


def _reference(number: int) -> str:
    """A reference that no two conversations share, and that looks like no personal data."""
    block, code = divmod(number, len(_CONSONANTS) ** 3)
    code = code * 7919 % len(_CONSONANTS) ** 3  # a bijection that mixes the letters
    word = ""
    for _ in range(3):
        code, letter = divmod(code, len(_CONSONANTS))
        word += _CONSONANTS[letter]
    return f"{word}-{block}" if block else word


_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"  # without vowels no three of them make a name
