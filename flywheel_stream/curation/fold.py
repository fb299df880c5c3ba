"""The fold of judged calls into training examples, which can be taken back.

Rules say which examples a call with its signals justifies; what a later revision no longer
justifies is withdrawn. Everything works in event time, and nothing depends on when a record was
read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import UNSET, Struct

from flywheel_stream.contamination import EvaluationSets
from flywheel_stream.curation.cases import Case, Claim, Rule, Side
from flywheel_stream.curation.examples import Admitted, example, id_of, stamp, type_of
from flywheel_stream.curation.memory import Memory, Trace
from flywheel_stream.curation.repeats import Repeats
from flywheel_stream.curation.rules import RULES
from flywheel_stream.curation.texts import (
    MAX_RESPONSE_CHARS,
    content_key,
    has_verifier,
    likely,
    prompt_key,
)
from flywheel_stream.errors import StateError
from flywheel_stream.events import Example, Finding, Interaction, Judged, Rejection, Signal, Stage
from flywheel_stream.lineage import source_of
from flywheel_stream.near import Sketches


class Curated(NamedTuple):
    """What one record changed: examples to emit, ids to tombstone, what was left out and why."""

    examples: list[Example]
    withdrawn: list[str]
    rejected: list[Rejection]


class _State(Struct):
    version: int
    now: float
    forgotten: float
    traces: list[tuple[str, Trace]]
    prompts: list[tuple[str, list[str]]]
    stand: dict[str, int]
    places: dict[str, str]
    near: dict[str, dict[str, Any]] = {}


_STATE_VERSION = 2


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
        self._window = window
        self._now = 0.0
        self._stand: Counter[str] = Counter()
        self._repeats = Repeats(window, near_bytes, max_per_cluster, evaluation)
        self._memory = Memory(max_traces, max_prompts, max_chars, self._repeats.leave)

    def likely(self, records: Iterable[Judged]) -> list[str]:
        """The texts that these are likely to be compared by, for ``near.sketch``."""
        texts = (
            text
            for judged in records
            if judged.trace_id not in self._memory.traces
            for text in likely(judged)
        )
        return [text for text in texts if len(text) <= MAX_RESPONSE_CHARS]

    def prepare(self, sketches: Sketches) -> None:
        """Takes sketches of texts that come next: of many at once they cost a sixth."""
        self._repeats.prepare(sketches)

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
        self._memory.forget(self._now - self._window)
        held = self._memory.traces.get(judged.trace_id)
        if held and (judged.revision, judged.ts) < (held.revision, held.ts):
            return Curated([], [], [])  # a late record: a fuller one was here before
        if not held and not judged.signals and not _may_verify(judged, failed):
            return Curated([], [], [])
        trace = self._revised(judged, held)
        case = self._case(judged, failed, cluster, trace)
        claims, refusals = self._admit(case, trace)
        examples, withdrawn = self._settle(case, trace, claims)
        if not held:
            withdrawn = self._stale(judged, claims)
        rejected = _reject(judged.interaction, trace, refusals)
        self._memory.keep(judged.trace_id, trace)
        return Curated(examples, withdrawn, rejected)

    def _revised(self, judged: Judged, held: Trace | None) -> Trace:
        if held:
            held.at, held.revision, held.ts = self._now, judged.revision, judged.ts
            return held
        call = judged.interaction
        prompt = prompt_key(call)
        content = content_key(prompt, call.response or "")
        return Trace(self._now, judged.revision, judged.ts, prompt, content, [], {}, [], None)

    def _case(
        self, judged: Judged, failed: Sequence[Finding], cluster: str | None, trace: Trace
    ) -> Case:
        signals = self._standing(judged.signals)
        thumbs = [signal for signal in signals if signal.kind == "thumb"]
        ratings = [signal for signal in signals if signal.kind == "rating"]
        votes = dict(self._votes(signals)) if thumbs or ratings else {}
        kinds = {signal.kind for signal in signals}
        return Case(
            judged,
            failed,
            signals,
            votes,
            self._thumb(thumbs) if thumbs else None,
            self._thumb(ratings) if ratings else None,
            Side(judged.interaction, votes, sorted(kinds), cluster),
            self._memory.twins(trace, judged.trace_id) if votes else (),
        )

    def _admit(self, case: Case, trace: Trace) -> tuple[list[Admitted], list[tuple[str, str]]]:
        """Applies the table, then leaves out what must never be curated; claims what stays."""
        trace_id, call, memory = case.judged.trace_id, case.judged.interaction, self._memory
        found = [(rule, claim) for rule in RULES for claim in rule.find(case)]
        memory.release(trace, trace_id)
        if not found and not case.votes:
            return [], []
        if call.error:
            return [], [("error", "")]
        owner = memory.owner(trace.content, trace_id)
        if owner != trace_id:
            return [], [("duplicate", owner)]
        admitted, refusals, keys = [], [], [trace.content]
        for rule, claim in found:
            key = _claim_key(rule, claim, trace, case.response)
            name = id_of(rule, trace_id, claim.other)
            refusal = self._refusal(claim, key, trace_id)
            if refusal is None and trace.examples.get(name) != stamp(rule, claim, case):
                refusal = self._repeats.refusal(rule, name, claim, case, self._now)
            if refusal:
                refusals.append(refusal)
                continue
            keys.append(key)
            admitted.append(Admitted(rule, name, claim))
        if case.votes and len(case.response) <= MAX_RESPONSE_CHARS:
            memory.compare_by(trace, case.side, trace_id)
        if admitted or trace.side:
            memory.claim(trace, keys, trace_id)
        return admitted, refusals

    def _refusal(self, claim: Claim, key: str, trace_id: str) -> tuple[str, str] | None:
        answer = claim.model_answer
        if answer is not UNSET and not answer.strip():
            return "empty_response", ""
        if max(map(len, claim.texts), default=0) > MAX_RESPONSE_CHARS:
            return "too_large", ""
        owner = self._memory.owner(key, trace_id)
        return ("duplicate", owner) if owner != trace_id else None

    def _settle(
        self, case: Case, trace: Trace, claims: Iterable[Admitted]
    ) -> tuple[list[Example], list[str]]:
        """Emits what changed and takes back what no claim justifies any more."""
        examples = []
        before, trace.examples = trace.examples, {}
        for admitted in claims:
            rule, name, claim = admitted
            seen = stamp(rule, claim, case)
            trace.examples[name] = seen
            if rule.rests_on == "twin" and claim.other:
                self._memory.traces[claim.other.trace_id].examples[name] = seen
            self._stand[rule.type] += name not in before
            if before.get(name) != seen:
                examples.append(example(case, admitted, self._versions))
        gone = [name for name in before if name not in trace.examples]
        for name in gone:
            kind = type_of(before[name])
            self._stand[kind] -= 1
            self._repeats.withdraw(kind, name)
        if gone:
            self._memory.withdraw(trace, gone)
        return examples, gone

    def _stale(self, judged: Judged, claims: Iterable[Admitted]) -> list[str]:
        """Ids that a revision forgotten by now may have justified, and this one does not."""
        call = judged.interaction
        if judged.revision < 2 or call.at > self._memory.forgotten:
            return []
        stand = {name for _, name, _ in claims}
        may = {
            id_of(rule, call.trace_id, judged.next): rule.type
            for rule in RULES
            if rule.rests_on == "call" or (rule.rests_on == "next" and judged.next)
        }
        gone = [name for name in may if name not in stand]
        for name in gone:
            self._repeats.withdraw(may[name], name)
        return gone

    def dump(self) -> dict[str, Any]:
        """The whole state as plain data for msgpack, apart from it: later updates do not show."""
        memory = self._memory
        state = _State(
            _STATE_VERSION,
            self._now,
            memory.forgotten,
            list(memory.traces.items()),
            list(memory.prompts.items()),
            dict(self._stand),
            self._repeats.places,
        )
        near = self._repeats.dump_near()  # holds bytes, which stay
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
        self._repeats.load(known.near, known.places)
        self._memory.load(known.traces, known.prompts, known.forgotten)
        self._now, self._stand = known.now, Counter(known.stand)


def _may_verify(judged: Judged, failed: Sequence[Finding]) -> bool:
    return bool(failed) and has_verifier(judged.interaction)


def _claim_key(rule: Rule, claim: Claim, trace: Trace, response: str) -> str:
    """What an example must be the first to hold; pairs are as new as the call they rest on."""
    if rule.type == "prompt":
        return f"prompt {trace.prompt}"
    if rule.type == "sft" and claim.completion is not UNSET:
        own = claim.completion is response  # the same object: its key is known
        return f"sft {trace.content if own else content_key(trace.prompt, claim.completion)}"
    return trace.content


def _reject(
    call: Interaction, trace: Trace, refusals: Iterable[tuple[str, str]]
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
