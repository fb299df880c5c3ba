"""The calls that curation remembers: what each justified, what it came first with, its answer."""

from collections.abc import Callable, Iterable

import msgspec
from msgspec import Struct

from flywheel_stream.curation.cases import Side
from flywheel_stream.events import Interaction

MAX_SIDES = 16
"""Answers to one prompt that are compared with each other; the latest stay."""


class Trace(Struct, array_like=True):
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


class Memory:
    """The calls of one app, bounded; who came first with a text; the voted answers to a prompt.

    Args:
        max_traces: calls remembered; the one that was longest without a revision goes first.
        max_prompts: prompts whose voted answers are kept.
        max_chars: characters of those prompts and answers, all together.
        leave: is told each example that nobody can revise any more.
    """

    def __init__(
        self, max_traces: int, max_prompts: int, max_chars: int, leave: Callable[[str], None]
    ) -> None:
        self._max_traces, self._max_prompts, self._max_chars = max_traces, max_prompts, max_chars
        self._leave = leave
        self.traces: dict[str, Trace] = {}
        """In order of their last revision."""
        self.prompts: dict[str, list[str]] = {}
        """Prompt key to traces with a side, likewise."""
        self.forgotten = -1.0
        """The latest event time at which a forgotten call was last revised."""
        self._owners: dict[str, str] = {}  # content key -> the trace that came first
        self._chars = 0

    # ------------------------------------------------------------ what calls have to do with others

    def twins(self, trace: Trace, trace_id: str) -> list[Side]:
        """The other voted answers to a call's prompt."""
        return [
            twin
            for other in self.prompts.get(trace.prompt, ())
            if other != trace_id and (twin := self.traces[other].side)
        ]

    def owner(self, key: str, trace_id: str) -> str:
        """The trace that came first with a content; this one, where none did."""
        return self._owners.get(key, trace_id)

    def claim(self, trace: Trace, keys: Iterable[str], trace_id: str) -> None:
        """Notes that a call was the first with these contents."""
        trace.claimed = list(dict.fromkeys(keys))
        self._owners.update(dict.fromkeys(trace.claimed, trace_id))

    def release(self, trace: Trace, trace_id: str) -> None:
        """Gives up what a call came first with, and its answer for comparison."""
        self._disown(trace)
        self._take_side(trace, None, trace_id)

    def compare_by(self, trace: Trace, side: Side, trace_id: str) -> None:
        """Keeps a call's voted answer, for answers to the same prompt."""
        self._take_side(trace, _light(side), trace_id)

    def withdraw(self, trace: Trace, names: Iterable[str]) -> None:
        """Takes examples back from all who share them with a call."""
        for trace_id in self.prompts.get(trace.prompt, ()):
            for name in names:
                self.traces[trace_id].examples.pop(name, None)

    # ------------------------------------------------------------ remembering and forgetting

    def keep(self, trace_id: str, trace: Trace) -> None:
        """Remembers a call if it was before or has anything to take back; others go for it."""
        known = self.traces.pop(trace_id, None) is not None
        if known or trace.claimed or trace.rejected:
            self.traces[trace_id] = trace
        while len(self.traces) > self._max_traces:
            self._drop(next(iter(self.traces)))
        while len(self.prompts) > self._max_prompts or self._chars > self._max_chars:
            self._drop_sides(next(iter(self.prompts)))
        side = self.prompts.get(trace.prompt)
        if side and len(side) > MAX_SIDES:
            self._drop_side(side[0])

    def forget(self, until: float) -> None:
        """Forgets the calls without a revision since an event time."""
        while self.traces:
            trace_id = next(iter(self.traces))
            if self.traces[trace_id].at >= until:
                return
            self._drop(trace_id)

    def _drop(self, trace_id: str) -> None:
        self._drop_side(trace_id)
        trace = self.traces.pop(trace_id)
        for name in trace.examples:
            self._leave(name)
        self._disown(trace)
        self.forgotten = max(self.forgotten, trace.at)

    def _drop_sides(self, prompt: str) -> None:
        for trace_id in list(self.prompts[prompt]):
            self._drop_side(trace_id)

    def _drop_side(self, trace_id: str) -> None:
        """Forgets an answer for comparison; its pairs stay as emitted, and no one's to revise."""
        trace = self.traces[trace_id]
        if trace.side is None:
            return  # its pairs went with it
        for other in self.prompts[trace.prompt]:
            if other != trace_id:
                shared = self.traces[other].examples.keys() & trace.examples.keys()
                for name in shared:
                    self._leave(name)
                    del self.traces[other].examples[name], trace.examples[name]
        self._take_side(trace, None, trace_id)

    def _disown(self, trace: Trace) -> None:
        for key in trace.claimed:
            self._owners.pop(key, None)
        trace.claimed = []

    def _take_side(self, trace: Trace, side: Side | None, trace_id: str) -> None:
        if trace.side:
            self._chars -= _chars(trace.side.interaction)
            self.prompts[trace.prompt].remove(trace_id)
            if not self.prompts[trace.prompt]:
                del self.prompts[trace.prompt]
        trace.side = side
        if side:
            self._chars += _chars(side.interaction)
            self.prompts[trace.prompt] = [*self.prompts.pop(trace.prompt, ()), trace_id]

    def load(
        self,
        traces: Iterable[tuple[str, Trace]],
        prompts: Iterable[tuple[str, list[str]]],
        forgotten: float,
    ) -> None:
        """Takes these in place of the present ones, in their order."""
        self.traces, self.prompts, self.forgotten = dict(traces), dict(prompts), forgotten
        self._owners = {
            key: trace_id for trace_id, trace in self.traces.items() for key in trace.claimed
        }
        self._chars = sum(
            _chars(trace.side.interaction) for trace in self.traces.values() if trace.side
        )


def _chars(call: Interaction) -> int:
    turns = sum(len(turn.content) for turn in call.messages)
    return turns + len(call.prompt) + len(call.response or "")


def _light(side: Side) -> Side:
    """Without the schema and the evidence, which nobody needs to compare answers."""
    call = side.interaction
    if call.expect is None and not call.checks:
        return side
    kept = msgspec.structs.replace(call, expect=None, checks=[])
    return msgspec.structs.replace(side, interaction=kept)
