"""The TABLE of curation rules: judged calls become training examples, which can be taken back.

A rule is a row: it looks at one call with its signals and says which examples they justify. What
a later revision no longer justifies is withdrawn. Everything works in event time, and nothing
depends on when a record was read.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from flywheel_stream.contamination import EvaluationSets
from flywheel_stream.dedup import folded_words
from flywheel_stream.errors import StateError
from flywheel_stream.events import (
    Example,
    ExampleType,
    Expect,
    Finding,
    Interaction,
    Judged,
    Lineage,
    Message,
    Origin,
    Rejection,
    Signal,
    Stage,
)
from flywheel_stream.lineage import digest, example_id, source_of
from flywheel_stream.near import NearIndex, Sketches

MAX_RESPONSE_CHARS = 32_768
"""A longer text is no example: no trainer's context holds it, and it is mostly a loop."""

TOP = 0.8
"""From this score (-1..1) on a rating is the top of its scale: 5 of 5, 9 of 10."""

NEGATIVE = frozenset({"correction", "regenerate", "rephrase", "report"})
"""Kinds of signals after which an answer is no model of a good one, whatever else is said."""

TRUST: Mapping[str, float] = {"correction": 0.9, "regenerate": 0.6}
"""Confidence of an example that one person's act justifies: a correction was written with care,
a new answer may have been asked for out of curiosity."""

MAX_SIDES = 16
"""Answers to one prompt that are compared with each other; the latest stay."""

TYPES: tuple[ExampleType, ...] = ("sft", "preference", "unpaired", "prompt")

NEAR_CAPACITY = 20_000
"""Examples of each type that later ones are compared with, the latest, if ``near_bytes`` hold them."""

Votes = Mapping[str, float]
"""Explicit score of each user (or of an anonymous signal's id) on one call, -1..1."""


class Curated(NamedTuple):
    """What one record changed: examples to emit, ids to tombstone, what was left out and why."""

    examples: list[Example]
    withdrawn: list[str]
    rejected: list[Rejection]


class Side(Struct, array_like=True):
    """An answer that users voted on, kept to be compared with other answers to its prompt."""

    interaction: Interaction
    votes: dict[str, float]
    kinds: list[str]
    cluster: str | None


class Case(NamedTuple):
    """What a rule sees of one call.

    ``signals`` are those that stand, ``thumb`` and ``rating`` are the majority of each kind, and
    ``twins`` are the other voted answers to the same prompt.
    """

    judged: Judged
    failed: Sequence[Finding]
    signals: Sequence[Signal]
    votes: Votes
    thumb: str | None
    rating: str | None
    side: Side
    twins: Sequence[Side]

    @property
    def response(self) -> str:
        """The call's answer; a missing one is empty."""
        return self.judged.interaction.response or ""


class Claim(NamedTuple):
    """An example that a rule justifies, before duplicates and unusable texts are left out."""

    confidence: float
    kinds: Iterable[str]
    completion: str | UnsetType = UNSET
    chosen: str | UnsetType = UNSET
    rejected: str | UnsetType = UNSET
    label: bool | UnsetType = UNSET
    verifier: dict[str, Any] | UnsetType = UNSET
    other: Interaction | None = None
    cluster: str | None = None
    detail: Mapping[str, Any] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts that a model would learn from."""
        texts = (self.completion, self.chosen, self.rejected)
        return tuple([text for text in texts if text is not UNSET])

    @property
    def model_answer(self) -> str | UnsetType:
        """The text that must not be empty: what a model should say, or is told it said."""
        return self.completion if self.completion is not UNSET else self.chosen


Scene = Callable[[], Sequence[Judged]]
"""Builds records that come one after the other; a call's ``checks`` stand for its failures."""


class Rule(NamedTuple):
    """A row of the table.

    ``rests_on`` says which traces name an example: the call, the call and the one that replaced
    it, or the call and a twin; the last belongs to both. After each scene in ``hits`` the rule
    has justified an example that stands, after each in ``misses`` it has not.
    """

    name: str
    type: ExampleType
    sentence: str
    find: Callable[[Case], Iterable[Claim]]
    hits: tuple[Scene, ...]
    misses: tuple[Scene, ...]
    rests_on: Literal["call", "next", "twin"] = "call"


# ---------------------------------------------------------------- texts


def normalise(text: str) -> str:
    """NFKC, case folded, runs of white space as one blank: what makes two texts the same."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(folded_words(text))


def prompt_key(call: Interaction) -> str:
    """The digest of a call's normalised turns: equal for answers to the same question."""
    return digest(*(part for turn in call.turns() for part in (turn.role, normalise(turn.content))))


def content_key(prompt: str, text: str) -> str:
    """The digest of a prompt key and a normalised text, whichever model wrote it."""
    return digest(prompt, normalise(text))


def trainer_prompt(call: Interaction) -> list[Message]:
    """The turns up to the last one of the user; all of them where no user speaks."""
    turns = call.turns()
    for last in range(len(turns) - 1, -1, -1):
        if turns[last].role == "user":
            return turns[: last + 1]
    return turns


# ---------------------------------------------------------------- rules


def _agreement(agree: int, disagree: int) -> float:
    """The posterior mean of agreement under an even prior (Laplace's rule of succession)."""
    return (agree + 1) / (agree + disagree + 2)


def _kinds(case: Case, *only: str) -> list[str]:
    return [kind for kind in case.side.kinds if kind in only]


def _good_answer(case: Case) -> Iterator[Claim]:
    praised = case.thumb == "up" or (case.votes and max(case.votes.values()) >= TOP)
    if not praised or case.failed or case.judged.interaction.checks:
        return
    if min(case.votes.values(), default=0.0) < 0 or not NEGATIVE.isdisjoint(case.side.kinds):
        return
    if any(signal.correction for signal in case.signals):
        return
    up = sum(score > 0 for score in case.votes.values())
    yield Claim(
        confidence=_agreement(up, len(case.votes) - up),
        kinds=_kinds(case, "thumb", "rating"),
        completion=case.response,
    )


def _correction(case: Case) -> Signal | None:
    """The latest text that a user wrote in place of the answer."""
    for signal in reversed(case.signals):
        if signal.correction and signal.kind in {"correction", "edit"}:
            return signal
    return None


def _corrected(case: Case) -> Iterator[Claim]:
    signal = _correction(case)
    if signal:
        yield Claim(
            confidence=TRUST["correction"],
            kinds=[signal.kind],
            completion=signal.correction,
        )


def _correction_preferred(case: Case) -> Iterator[Claim]:
    signal = _correction(case)
    if signal and normalise(signal.correction) != normalise(case.response):
        yield Claim(
            confidence=TRUST["correction"],
            kinds=[signal.kind],
            chosen=signal.correction,
            rejected=case.response,
        )


def _regeneration_preferred(case: Case) -> Iterator[Claim]:
    following, call = case.judged.next, case.judged.interaction
    if following is None or following.error or following.checks:
        return
    if not any(
        signal.kind == "regenerate" and signal.next_trace_id == following.trace_id
        for signal in case.signals
    ):
        return
    chosen = following.response or ""
    if prompt_key(following) == prompt_key(call) and normalise(chosen) != normalise(case.response):
        yield Claim(
            confidence=TRUST["regenerate"],
            kinds=["regenerate"],
            chosen=chosen,
            rejected=case.response,
            other=following,
        )


def _preferred_twins(case: Case) -> Iterator[Claim]:
    mine, call = case.side, case.judged.interaction
    for twin in case.twins:
        other = twin.interaction
        if (call.model, call.variant) == (other.model, other.variant):
            continue
        won, lost = compare(mine.votes, twin.votes)
        if won == lost:
            continue
        best, worst = (mine, twin) if won > lost else (twin, mine)
        chosen = best.interaction.response or ""
        rejected = worst.interaction.response or ""
        if normalise(chosen) == normalise(rejected):
            continue
        yield Claim(
            confidence=_agreement(max(won, lost), min(won, lost)),
            kinds=sorted({*mine.kinds, *twin.kinds} & {"thumb", "rating"}),
            chosen=chosen,
            rejected=rejected,
            other=other,
            cluster=worst.cluster or best.cluster,
            detail={"votes": [max(won, lost), min(won, lost)]},
        )


def compare(left: Votes, right: Votes) -> tuple[int, int]:
    """Counts the users who prefer each of two answers; equal counts say nothing.

    Users who scored both count by their own order, since scales differ between people. Where
    nobody did, one side's mean has to be positive and the other's negative; then each side has
    the votes that say so.
    """
    both = left.keys() & right.keys()
    if both:
        return (
            sum(left[user] > right[user] for user in both),
            sum(left[user] < right[user] for user in both),
        )
    if not left or not right or math.fsum(left.values()) * math.fsum(right.values()) >= 0:
        return 0, 0
    for_left = sum(score > 0 for score in left.values()) + sum(s < 0 for s in right.values())
    for_right = sum(score < 0 for score in left.values()) + sum(s > 0 for s in right.values())
    agree = (for_left > for_right) == (math.fsum(left.values()) > 0)
    return (for_left, for_right) if agree else (0, 0)


def _labelled(case: Case, kind: str, verdict: str | None) -> Iterator[Claim]:
    if verdict not in {"up", "down"}:
        return
    good = verdict == "up"
    agree = sum((score > 0) == good and score != 0 for score in case.votes.values())
    yield Claim(
        confidence=_agreement(agree, len(case.votes) - agree),
        kinds=[kind],
        completion=case.response,
        label=good,
    )


def _thumbed(case: Case) -> Iterator[Claim]:
    return _labelled(case, "thumb", case.thumb)


def _rated(case: Case) -> Iterator[Claim]:
    # A call with thumbs has its row already, or its thumbs disagree.
    return _labelled(case, "rating", None if case.thumb else case.rating)


def _verifiable(case: Case) -> Iterator[Claim]:
    expect = case.judged.interaction.expect
    if expect is None or expect.format != "json" or not case.failed:
        return
    verifier: dict[str, Any] = {"format": "json"}
    if expect.schema is not None:
        verifier["schema"] = expect.schema
    yield Claim(
        confidence=max(finding.confidence for finding in case.failed),
        kinds=case.side.kinds,
        verifier=verifier,
        detail={"failures": sorted({finding.kind for finding in case.failed})},
    )


# ---------------------------------------------------------------- scenes that the table shows


def _call(trace_id: str, **fields: Any) -> Interaction:
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


def _say(kind: Any, value: str | float | None = None, *, user: str = "u1", **more: Any) -> Signal:
    return Signal(trace_id="t1", ts=1.0, kind=kind, value=value, user_id=user, **more)


def scene(
    *signals: Signal, next_call: Interaction | None = None, trace_id: str = "t1", **fields: Any
) -> Judged:
    """Builds a judged record for the table's hits and misses: one call and what was said of it."""
    return Judged(
        origin=Origin("llm.feedback", 0, 0),
        trace_id=trace_id,
        ts=1.0 + len(signals),
        app="demo",
        revision=len(signals),
        why="signal" if signals else "check",
        interaction=_call(trace_id, **fields),
        signals=list(signals),
        next=next_call,
        satisfied=0.5,
        uncertainty=0.5,
    )


_STARS = (1.0, 5.0)
_NOT_JSON = [Finding("invalid_json", 1.0)]
_ASK_JSON = Expect(format="json", schema={"type": "object"})


def _fix(text: str) -> Signal:
    return _say("correction", correction=text)


def _again(next_trace_id: str = "t2") -> Signal:
    return _say("regenerate", next_trace_id=next_trace_id)


def _arm(trace_id: str, *signals: Signal, model: str = "m2", response: str = "Lyon.") -> Judged:
    return scene(*signals, trace_id=trace_id, model=model, response=response)


RULES: tuple[Rule, ...] = (
    Rule(
        "good_answer",
        "sft",
        "A user praised the answer, nobody complained and no check fired: the model says it again.",
        _good_answer,
        hits=(
            lambda: [scene(_say("thumb", "up"))],
            lambda: [scene(_say("rating", 5.0, scale=_STARS))],
        ),
        misses=(
            lambda: [scene(_say("thumb", "up"), _say("thumb", "down", user="u2"))],
            lambda: [scene(_say("thumb", "up"), _say("report"))],
            lambda: [scene(_say("thumb", "up"), checks=_NOT_JSON)],
            lambda: [scene(_say("thumb", "up"), response="")],
            lambda: [scene(_say("thumb", "up"), error="timeout")],
            lambda: [scene(_say("rating", 4.0, scale=_STARS))],
            lambda: [scene(_say("copy"))],
        ),
    ),
    Rule(
        "correction",
        "sft",
        "A user wrote what the answer should have been: the model says that.",
        _corrected,
        hits=(
            lambda: [scene(_fix("Paris, France."))],
            lambda: [scene(_say("edit", correction="Paris!"))],
        ),
        misses=(
            lambda: [scene(_say("correction"))],
            lambda: [scene(_fix("  "))],
            lambda: [scene(_say("comment", comment="It is Paris."))],
        ),
    ),
    Rule(
        "correction_preferred",
        "preference",
        "A user wrote what the answer should have been: that is better than the answer.",
        _correction_preferred,
        hits=(
            lambda: [scene(_fix("Paris."), response="Lyon.")],
            lambda: [scene(_fix("Paris."), response="")],
        ),
        misses=(
            lambda: [scene(_fix(" paris. "))],
            lambda: [scene(_say("thumb", "down"))],
        ),
    ),
    Rule(
        "regeneration_preferred",
        "preference",
        "A user asked for another answer to the same prompt: the new one is better than this.",
        _regeneration_preferred,
        hits=(lambda: [scene(_again(), response="Lyon.", next_call=_call("t2"))],),
        misses=(
            lambda: [scene(_again(), response="Lyon.")],
            lambda: [scene(_again(), response="paris.", next_call=_call("t2"))],
            lambda: [scene(_again(), response="Lyon.", next_call=_call("t2", prompt="And Spain?"))],
            lambda: [scene(_again(), response="Lyon.", next_call=_call("t2", response=""))],
            lambda: [scene(_again("t3"), response="Lyon.", next_call=_call("t2"))],
        ),
        rests_on="next",
    ),
    Rule(
        "twins_preferred",
        "preference",
        "Two models or arms answered the same prompt: the answer that more users preferred wins.",
        _preferred_twins,
        hits=(
            lambda: [_arm("t2", _say("thumb", "down")), scene(_say("thumb", "up"))],
            lambda: [
                _arm("t2", _say("rating", 2.0, scale=_STARS)),
                scene(_say("rating", 3.0, scale=_STARS)),
            ],
            lambda: [_arm("t2", _say("thumb", "down", user="u2")), scene(_say("thumb", "up"))],
        ),
        misses=(
            lambda: [_arm("t2", _say("thumb", "up")), scene(_say("thumb", "up"))],
            lambda: [_arm("t2", _say("thumb", "up", user="u2")), scene(_say("thumb", "up"))],
            lambda: [_arm("t2", _say("thumb", "down"), model="m1"), scene(_say("thumb", "up"))],
            lambda: [
                _arm("t2", _say("thumb", "down"), response="PARIS."),
                scene(_say("thumb", "up")),
            ],
            lambda: [_arm("t2"), scene(_say("thumb", "up"))],
        ),
        rests_on="twin",
    ),
    Rule(
        "thumb",
        "unpaired",
        "Most thumbs on the answer are up, or most are down: it is good, or it is bad.",
        _thumbed,
        hits=(
            lambda: [scene(_say("thumb", "up"))],
            lambda: [scene(_say("thumb", "down"))],
        ),
        misses=(
            lambda: [scene(_say("thumb", "middle"))],
            lambda: [scene(_say("thumb", "up"), _say("thumb", "down", user="u2"))],
            lambda: [scene(_say("thumb", "down"), response="")],
        ),
    ),
    Rule(
        "rating",
        "unpaired",
        "Most ratings, of an answer without thumbs, are in the top or bottom third of their scale.",
        _rated,
        hits=(
            lambda: [scene(_say("rating", 5.0, scale=_STARS))],
            lambda: [scene(_say("rating", 1.0, scale=_STARS))],
        ),
        misses=(
            lambda: [scene(_say("rating", 3.0, scale=_STARS))],
            lambda: [scene(_say("rating", 5.0, scale=_STARS), _say("thumb", "up"))],
        ),
    ),
    Rule(
        "verifiable_prompt",
        "prompt",
        "A call that was to answer in JSON failed: a prompt to practise on, with its verifier.",
        _verifiable,
        hits=(
            lambda: [scene(expect=_ASK_JSON, checks=_NOT_JSON)],
            lambda: [scene(expect=Expect(format="json"), checks=_NOT_JSON, response="")],
        ),
        misses=(
            lambda: [scene(expect=_ASK_JSON)],
            lambda: [scene(expect=Expect(), checks=_NOT_JSON)],
            lambda: [scene(expect=_ASK_JSON, checks=_NOT_JSON, error="timeout")],
        ),
    ),
)
"""One place to add a rule. The order is that of the output; a name is part of examples' ids."""


# ---------------------------------------------------------------- what is remembered


class _Trace(Struct, array_like=True):
    """What one call justified so far: enough to take it back."""

    at: float
    revision: int
    ts: float
    prompt: str  # prompt key
    content: str  # content key
    claimed: list[str]
    examples: dict[str, str]  # id -> digest of what was emitted
    rejected: list[tuple[str, str]]
    side: Side | None


class _Admitted(NamedTuple):
    rule: Rule
    id: str
    claim: Claim


class _State(Struct):
    version: int
    now: float
    forgotten: float
    traces: list[tuple[str, _Trace]]
    prompts: list[tuple[str, list[str]]]
    stand: dict[str, int]
    places: dict[str, str]
    near: dict[str, dict[str, Any]] = {}


_STATE_VERSION = 2


def _chars(call: Interaction) -> int:
    turns = sum(len(turn.content) for turn in call.messages)
    return turns + len(call.prompt) + len(call.response or "")


class Curation:
    """What one app's judged calls have taught: the examples that stand, and why.

    Records come in event-time order (``ts``, type, ``trace_id``, ``revision``); equal sequences
    give equal results, also over ``dump`` and ``load``. Memory is bounded by the window and by
    the three limits. What is forgotten stays as it was emitted: a later revision of a forgotten
    call still takes back its own examples (their ids are derived), but not its twins'.

    Args:
        versions: of scrubber, rules and config, for the lineage of examples.
        votes: the explicit score of each user, -1..1, from signals.
        thumb: the majority (``up``, ``middle``, ``down``) of signals, or ``None``.
        standing: the signals that stand, in order of time.
        window: seconds of event time after its last revision for which a call is remembered.
        max_traces: calls remembered; the one that was longest without a revision goes first.
        max_prompts: prompts whose voted answers are kept for comparison.
        max_chars: characters of those prompts and answers, all together.
        max_per_cluster: examples of one type and failure cluster that stand within the window, so
            that one failure in many words does not take over a training set.
        near_bytes: text of each type that new examples are compared with for near-duplicates.
        evaluation: the sets that no example may repeat.
    """

    def __init__(
        self,
        *,
        versions: Mapping[str, str],
        votes: Callable[[Sequence[Signal]], Mapping[str, float]],
        thumb: Callable[[Sequence[Signal]], str | None],
        standing: Callable[[Sequence[Signal]], list[Signal]],
        window: float = 86_400.0,
        max_traces: int = 20_000,
        max_prompts: int = 2_000,
        max_chars: int = 4_000_000,
        max_per_cluster: int = 1_000,
        near_bytes: int = 2_000_000,
        evaluation: EvaluationSets | None = None,
    ) -> None:
        self._versions = dict(versions)
        self._votes, self._thumb, self._standing = votes, thumb, standing
        self._window, self._max_traces = window, max_traces
        self._max_prompts, self._max_chars = max_prompts, max_chars
        self._now = 0.0
        self._forgotten = -1.0  # latest event time at which a forgotten call was last revised
        self._traces: dict[str, _Trace] = {}  # in order of their last revision
        self._prompts: dict[str, list[str]] = {}  # prompt key -> traces with a side, likewise
        self._owners: dict[str, str] = {}  # content key -> the trace that came first
        self._chars = 0
        self._stand: Counter[str] = Counter()
        self._max_per_cluster = max_per_cluster
        self._places: dict[str, str] = {}  # example -> the place that it takes in its cluster
        self._full: Counter[str] = Counter()  # places taken
        self._evaluation = evaluation
        self._sketches: Sketches = {}
        self._near: dict[str, NearIndex] = {
            name: NearIndex(window, NEAR_CAPACITY, near_bytes) for name in TYPES
        }

    def likely(self, records: Iterable[Judged]) -> list[str]:
        """The texts that these are likely to be compared by, for ``near.sketch``."""
        texts = (
            text
            for judged in records
            if judged.trace_id not in self._traces
            for text in _likely(judged)
        )
        return [text for text in texts if len(text) <= MAX_RESPONSE_CHARS]

    def prepare(self, sketches: Sketches) -> None:
        """Takes sketches of texts that come next: of many at once they cost a sixth."""
        self._sketches = sketches

    def counts(self) -> dict[str, int]:
        """How many examples of each type stand."""
        return {name: number for name, number in sorted(self._stand.items()) if number > 0}

    def update(self, judged: Judged, *, failed: Sequence[Finding], cluster: str | None) -> Curated:
        """Takes a revision of a judged call in place of the former one.

        Args:
            judged: the call with all signals known at its ``ts``; not changed, and kept in part.
            failed: why it is a failure; empty where it is none.
            cluster: where the failure belongs, if it has a place.

        Returns:
            Examples that are new or changed, ids that stand no longer, and refusals that the
            former revision did not have.
        """
        self._now = max(self._now, judged.ts)
        self._forget()
        held = self._traces.get(judged.trace_id)
        if held and (judged.revision, judged.ts) < (held.revision, held.ts):
            return Curated([], [], [])  # a late record: a fuller one was here before
        if not held and not judged.signals and not _may_verify(judged, failed):
            return Curated([], [], [])
        case, trace = self._case(judged, failed, cluster, held)
        claims, refusals = self._admit(case, trace)
        examples, withdrawn = self._settle(case, trace, claims)
        if not held:
            withdrawn = self._stale(judged, claims)
        rejected = self._reject(judged.interaction, trace, refusals)
        self._remember(judged.trace_id, trace, known=held is not None)
        return Curated(examples, withdrawn, rejected)

    def _case(
        self,
        judged: Judged,
        failed: Sequence[Finding],
        cluster: str | None,
        held: _Trace | None,
    ) -> tuple[Case, _Trace]:
        call = judged.interaction
        if held:
            trace = held
            trace.at, trace.revision, trace.ts = self._now, judged.revision, judged.ts
        else:
            prompt = prompt_key(call)
            content = content_key(prompt, call.response or "")
            trace = _Trace(self._now, judged.revision, judged.ts, prompt, content, [], {}, [], None)
        signals = self._standing(judged.signals)
        thumbs = [signal for signal in signals if signal.kind == "thumb"]
        ratings = [signal for signal in signals if signal.kind == "rating"]
        votes = dict(self._votes(signals)) if thumbs or ratings else {}
        side = Side(call, votes, sorted({signal.kind for signal in signals}), cluster)
        twins = [
            twin
            for trace_id in self._prompts.get(trace.prompt, ())
            if trace_id != judged.trace_id and (twin := self._traces[trace_id].side)
        ]
        case = Case(
            judged,
            failed,
            signals,
            votes,
            self._thumb(thumbs) if thumbs else None,
            self._thumb(ratings) if ratings else None,
            side,
            twins if votes else (),
        )
        return case, trace

    def _admit(self, case: Case, trace: _Trace) -> tuple[list[_Admitted], list[tuple[str, str]]]:
        """Applies the table, then leaves out what must never be curated; claims what stays."""
        trace_id, call = case.judged.trace_id, case.judged.interaction
        found = [(rule, claim) for rule in RULES for claim in rule.find(case)]
        self._release(trace)
        self._take_side(trace, None, trace_id)
        if not found and not case.votes:
            return [], []
        if call.error:
            return [], [("error", "")]
        owner = self._owners.get(trace.content, trace_id)
        if owner != trace_id:
            return [], [("duplicate", owner)]
        admitted, refusals, keys = [], [], [trace.content]
        for rule, claim in found:
            key = _claim_key(rule, claim, trace, case.response)
            name = _id_of(rule, trace_id, claim.other)
            refusal = self._refusal(claim, key, trace_id)
            if refusal is None and trace.examples.get(name) != _stamp(rule, claim, case):
                refusal = self._repetition(rule, name, claim, case)
            if refusal:
                refusals.append(refusal)
                continue
            keys.append(key)
            admitted.append(_Admitted(rule, name, claim))
        if case.votes and len(case.response) <= MAX_RESPONSE_CHARS:
            self._take_side(trace, _light(case.side), trace_id)
        if admitted or trace.side:
            trace.claimed = list(dict.fromkeys(keys))
            self._owners.update(dict.fromkeys(trace.claimed, trace_id))
        return admitted, refusals

    def _refusal(self, claim: Claim, key: str, trace_id: str) -> tuple[str, str] | None:
        answer = claim.model_answer
        if answer is not UNSET and not answer.strip():
            return "empty_response", ""
        if max(map(len, claim.texts), default=0) > MAX_RESPONSE_CHARS:
            return "too_large", ""
        owner = self._owners.get(key, trace_id)
        return ("duplicate", owner) if owner != trace_id else None

    def _repetition(
        self, rule: Rule, name: str, claim: Claim, case: Case
    ) -> tuple[str, str] | None:
        """What of a new or changed example is there already; else it is there from now on."""
        call, near = case.judged.interaction, self._near[rule.type]
        near.discard(name)
        self._leave(name)
        if self._evaluation is not None:
            turns = [turn.content for turn in trainer_prompt(call)]
            for text in dict.fromkeys([*turns, *claim.texts]):
                repeated = self._evaluation.find(text)
                if repeated:
                    return "contaminated", str(repeated)
        cluster = claim.cluster or case.side.cluster
        place = f"{rule.type} {cluster}"
        if cluster and self._full[place] >= self._max_per_cluster:
            return "cluster_full", cluster
        text = "\n".join((call.question, *claim.texts))
        of = near.add_sketched(name, text, self._now, self._sketches).of
        if of is not None:
            return "near_duplicate", of
        if cluster:
            self._places[name] = place
            self._full[place] += 1
        return None

    def _leave(self, name: str) -> None:
        """Frees an example's place in its cluster."""
        place = self._places.pop(name, None)
        if place is not None:
            self._full[place] -= 1
            if not self._full[place]:
                del self._full[place]

    def _settle(
        self,
        case: Case,
        trace: _Trace,
        claims: Iterable[_Admitted],
    ) -> tuple[list[Example], list[str]]:
        """Emits what changed and takes back what no claim justifies any more."""
        examples = []
        before, trace.examples = trace.examples, {}
        for rule, name, claim in claims:
            seen = _stamp(rule, claim, case)
            trace.examples[name] = seen
            if rule.rests_on == "twin" and claim.other:
                self._traces[claim.other.trace_id].examples[name] = seen
            self._stand[rule.type] += name not in before
            if before.get(name) != seen:
                examples.append(self._example(case, rule, name, claim))
        gone = [name for name in before if name not in trace.examples]
        for name in gone:
            kind = before[name].partition(":")[0]
            self._stand[kind] -= 1
            self._near[kind].discard(name)
            self._leave(name)
        for trace_id in self._prompts.get(trace.prompt, ()) if gone else ():
            for name in gone:
                self._traces[trace_id].examples.pop(name, None)
        return examples, gone

    def _example(self, case: Case, rule: Rule, name: str, claim: Claim) -> Example:
        calls = [case.judged.interaction]
        if claim.other:
            calls = sorted([*calls, claim.other], key=lambda call: call.trace_id)
        return Example(
            id=name,
            type=rule.type,
            app=case.judged.app,
            created_at=case.judged.ts,
            prompt=trainer_prompt(calls[0]),
            completion=claim.completion,
            chosen=claim.chosen,
            rejected=claim.rejected,
            label=claim.label,
            verifier=claim.verifier,
            reason={"rule": rule.name, "signals": list(claim.kinds), **claim.detail},
            confidence=claim.confidence,
            cluster=claim.cluster or case.side.cluster,
            slices=_slices(calls),
            lineage=Lineage(
                trace_ids=[call.trace_id for call in calls],
                models=sorted({call.model for call in calls}),
                origins=[call.origin for call in calls],
                versions=dict(self._versions),
            ),
            pii=_pii(calls),
        )

    def _reject(
        self, call: Interaction, trace: _Trace, refusals: Iterable[tuple[str, str]]
    ) -> list[Rejection]:
        before, trace.rejected = trace.rejected, list(dict.fromkeys(refusals))
        return [
            Rejection(
                source=source_of(call.origin),
                stage=Stage.CURATE,
                reason=reason,
                trace_id=call.trace_id,
                detail=detail,
            )
            for reason, detail in trace.rejected
            if (reason, detail) not in before
        ]

    def _stale(self, judged: Judged, claims: Iterable[_Admitted]) -> list[str]:
        """Ids that a revision forgotten by now may have justified, and this one does not."""
        call = judged.interaction
        if judged.revision < 2 or call.at > self._forgotten:
            return []
        stand = {name for _, name, _ in claims}
        gone = {
            _id_of(rule, call.trace_id, judged.next): rule.type
            for rule in RULES
            if rule.rests_on == "call" or (rule.rests_on == "next" and judged.next)
        }
        for name, kind in gone.items():
            if name not in stand:
                self._near[kind].discard(name)
        return [name for name in gone if name not in stand]

    # ------------------------------------------------------------ memory

    def _remember(self, trace_id: str, trace: _Trace, *, known: bool) -> None:
        self._traces.pop(trace_id, None)
        if known or trace.claimed or trace.rejected:
            self._traces[trace_id] = trace
        while len(self._traces) > self._max_traces:
            self._drop(next(iter(self._traces)))
        while len(self._prompts) > self._max_prompts or self._chars > self._max_chars:
            self._drop_sides(next(iter(self._prompts)))
        side = self._prompts.get(trace.prompt)
        if side and len(side) > MAX_SIDES:
            self._drop_side(side[0])

    def _forget(self) -> None:
        until = self._now - self._window
        while self._traces:
            trace_id = next(iter(self._traces))
            if self._traces[trace_id].at >= until:
                return
            self._drop(trace_id)

    def _drop(self, trace_id: str) -> None:
        self._drop_side(trace_id)
        trace = self._traces.pop(trace_id)
        for name in trace.examples:
            self._leave(name)
        self._release(trace)
        self._forgotten = max(self._forgotten, trace.at)

    def _drop_sides(self, prompt: str) -> None:
        for trace_id in list(self._prompts[prompt]):
            self._drop_side(trace_id)

    def _drop_side(self, trace_id: str) -> None:
        """Forgets an answer for comparison; its pairs stay as emitted, and no one's to revise."""
        trace = self._traces[trace_id]
        if trace.side is None:
            return  # its pairs went with it
        for other in self._prompts[trace.prompt]:
            if other != trace_id:
                shared = self._traces[other].examples.keys() & trace.examples.keys()
                for name in shared:
                    self._leave(name)
                    del self._traces[other].examples[name], trace.examples[name]
        self._take_side(trace, None, trace_id)

    def _release(self, trace: _Trace) -> None:
        for key in trace.claimed:
            self._owners.pop(key, None)
        trace.claimed = []

    def _take_side(self, trace: _Trace, side: Side | None, trace_id: str) -> None:
        if trace.side:
            self._chars -= _chars(trace.side.interaction)
            self._prompts[trace.prompt].remove(trace_id)
            if not self._prompts[trace.prompt]:
                del self._prompts[trace.prompt]
        trace.side = side
        if side:
            self._chars += _chars(side.interaction)
            self._prompts[trace.prompt] = [*self._prompts.pop(trace.prompt, ()), trace_id]

    def dump(self) -> dict[str, Any]:
        """The whole state as plain data for msgpack, apart from it: later updates do not show."""
        state = _State(
            _STATE_VERSION,
            self._now,
            self._forgotten,
            list(self._traces.items()),
            list(self._prompts.items()),
            dict(self._stand),
            self._places,
        )
        near = {kind: index.dump() for kind, index in self._near.items()}
        return cast("dict[str, Any]", msgspec.to_builtins(state)) | {"near": near}

    def load(self, state: Mapping[str, Any]) -> None:
        """Takes a dumped state in place of the present one; then all goes on as if undisturbed.

        Raises:
            StateError: the state is of another version or damaged; nothing was changed.
        """
        try:
            known = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise StateError(f"The state of curation does not load ({error})") from error
        if known.version != _STATE_VERSION:
            raise StateError(
                f"The state of curation is of version {known.version}, not {_STATE_VERSION}:"
                " start with the release that wrote it, or learn again from the beginning"
            )
        near = {kind: NearIndex.load(known.near[kind]) for kind in self._near}
        for kind, index in near.items():  # as it is set now, not as it was
            index.window, index.size = self._window, self._near[kind].size
        self._now, self._forgotten = known.now, known.forgotten
        self._traces, self._prompts = dict(known.traces), dict(known.prompts)
        self._stand, self._near = Counter(known.stand), near
        self._places, self._full = known.places, Counter(known.places.values())
        self._owners = {
            key: trace_id for trace_id, trace in self._traces.items() for key in trace.claimed
        }
        self._chars = sum(
            _chars(trace.side.interaction) for trace in self._traces.values() if trace.side
        )


def _light(side: Side) -> Side:
    """Without the schema and the evidence, which nobody needs to compare answers."""
    call = side.interaction
    if call.expect is None and not call.checks:
        return side
    kept = msgspec.structs.replace(call, expect=None, checks=[])
    return msgspec.structs.replace(side, interaction=kept)


def _may_verify(judged: Judged, failed: Sequence[Finding]) -> bool:
    return bool(failed) and _has_verifier(judged.interaction)


def _has_verifier(call: Interaction) -> bool:
    return call.expect is not None and call.expect.format == "json"


def _id_of(rule: Rule, trace_id: str, other: Interaction | None) -> str:
    more = [other.trace_id] if other and rule.rests_on != "call" else []
    return example_id(rule.type, rule.name, [trace_id, *more])


def _claim_key(rule: Rule, claim: Claim, trace: _Trace, response: str) -> str:
    """What an example must be the first to hold; pairs are as new as the call they rest on."""
    if rule.type == "prompt":
        return f"prompt {trace.prompt}"
    if rule.type == "sft" and claim.completion is not UNSET:
        own = claim.completion is response  # the same object: its key is known
        return f"sft {trace.content if own else content_key(trace.prompt, claim.completion)}"
    return trace.content


def _likely(judged: Judged) -> Iterator[str]:
    """The texts that rules are likely to find, as they are compared."""
    call = judged.interaction
    response = call.response or ""
    if _has_verifier(call) and judged.why == "check":
        yield call.question
    kinds = {signal.kind for signal in judged.signals}
    if not kinds.isdisjoint({"thumb", "rating"}):
        yield f"{call.question}\n{response}"
    for signal in judged.signals:
        if signal.correction:
            yield f"{call.question}\n{signal.correction}"
            yield f"{call.question}\n{signal.correction}\n{response}"
    if judged.next is not None and "regenerate" in kinds:
        yield f"{call.question}\n{judged.next.response}\n{response}"


def _stamp(rule: Rule, claim: Claim, case: Case) -> str:
    """The type of an example, and the digest of what it says."""
    return f"{rule.type}:{_emitted(claim, claim.cluster or case.side.cluster)}"


def _emitted(claim: Claim, cluster: str | None) -> str:
    """The digest of what makes it worth while to emit an example again."""
    return digest(*claim.texts, str(claim.label), repr(claim.confidence), str(cluster))


def _pii(calls: Sequence[Interaction]) -> dict[str, int]:
    total: dict[str, int] = {}
    for call in calls:
        for kind, count in call.pii.items():
            total[kind] = total.get(kind, 0) + count
    return total


def _slices(calls: Sequence[Interaction]) -> dict[str, str]:
    """Where an example belongs; of a pair, what both calls share."""
    shared = _places(calls[0])
    for call in calls[1:]:
        other = _places(call)
        shared = {name: value for name, value in shared.items() if other.get(name) == value}
    return shared


def _places(call: Interaction) -> dict[str, str]:
    places = {name: str(value) for name, value in call.attributes.items()}
    places["model"] = call.model
    if call.variant:
        places["variant"] = call.variant
    if call.prompt_version:
        places["prompt_version"] = call.prompt_version
    return places
