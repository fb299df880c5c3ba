"""Really good answers and the TABLE of reasons: clustered as failures are, apart from them.

A call is one if it did not fail, its user was pleased, and there is a reason: praise in the user's
words, an answer taken as it is by somebody who rated it well, or an answer to what had failed
before. What is good can be expanded: by cluster, with the reasons that users gave.
"""

import math
import re
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from flywheel_stream.clusters import Clusters
from flywheel_stream.events import Finding, Judged
from flywheel_stream.failures import excerpt, plain_words
from flywheel_stream.naming import ClusterNames
from flywheel_stream.signals import is_positive, mood, standing, thumb

PLEASED: Final = 0.75
"""From this probability of satisfaction on a call may be a success."""
COPIED: Final = "copied"
RESOLVED: Final = "resolved"
PRAISED: Final = "praised"

_CAPACITY: Final = 200  # clusters
_WINDOW: Final = 1024  # records whose neighbours decide merges and splits
_REMEMBERED: Final = 20_000  # successes that can be taken back, and failures that wait for one
_COMMENTS: Final = 3  # that are kept by cluster, the latest
_UNDOING: Final = frozenset({"edit", "correction", "regenerate", "rephrase", "report"})


class Reason(NamedTuple):
    """A row of the table; ``phrases`` are regular expressions over lower-case words.

    ``hits`` are comments that name the reason, ``misses`` comments that only look like it.
    """

    name: str
    phrases: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


TABLE: Final[tuple[Reason, ...]] = (
    Reason(RESOLVED),  # told by signals: it answered what an earlier answer had failed at
    Reason(COPIED),  # told by signals: rated well, copied and left as it was
    Reason(
        "solved",
        (
            r"solved",
            r"fixed",
            r"sorted",
            r"work(?:s|ed)",
            r"did the (?:job|trick)",
            r"made it work",
        ),
        ("that solved it", "It works now, thanks!", "did the trick"),
        ("it never worked", "at work now"),
    ),
    Reason(
        "accurate",
        (
            r"accura\w+",
            r"correct(?:ly)?",
            r"(?:exactly|that is|thats|quite|all|got it) right",
            r"exact(?:ly)? (?:what|the)",
            r"precise(?:ly)?",
            r"spot on",
            r"up to date",
        ),
        ("spot on", "exactly what I needed", "Correct answer."),
        ("incorrect", "not correct", "on the right"),
    ),
    Reason(
        "clear",
        (
            r"clear(?:ly)?",
            r"easy to (?:follow|read|understand)",
            r"well (?:explained|structured|written|put)",
            r"good explanation",
            r"explain(?:s|ed) (?:it |this |that )?well",
            r"understandable",
            r"straightforward",
        ),
        ("very clear, thank you", "well explained"),
        ("not clear", "unclear", "clearance sale"),
    ),
    Reason(
        "complete",
        (
            r"thorough(?:ly)?",
            r"detailed",
            r"complete",
            r"comprehensive",
            r"in depth",
            r"everything (?:i|we) (?:need|needed|wanted|asked)",
        ),
        ("thorough and detailed", "had everything I needed"),
        ("incomplete", "completely wrong"),
    ),
    Reason(
        "concise",
        (r"concise(?:ly)?", r"to the point", r"short and", r"brief(?:ly)?", r"succinct(?:ly)?"),
        ("short and sweet", "to the point"),
        ("a shortcut",),
    ),
    Reason(
        "fast",
        (
            r"fast",
            r"quick(?:ly)?",
            r"instant(?:ly)?",
            r"in no time",
            r"sav(?:es|ed|ing) (?:me |us )?(?:\w+ ){0,3}?(?:time|hours?|days?)",
        ),
        ("Quick and helpful", "saved me hours"),
        ("steadfast", "breakfast"),
    ),
    Reason(
        "friendly",
        (r"friendly", r"polite(?:ly)?", r"kind", r"patient", r"nice tone", r"empath\w+"),
        ("so friendly", "kind and patient"),
        ("what kind of answer", "unfriendly"),
    ),
    Reason(
        "helpful",
        (r"help(?:ed|ful)", r"useful"),
        ("really helpful", "That helped"),
        ("unhelpful", "not useful", "help me"),
    ),
    Reason(PRAISED),  # what users praise without saying why
)
"""Every reason; those that say most of an answer first."""

_ORDER: Final = {reason.name: place for place, reason in enumerate(TABLE)}
_PHRASES: Final = tuple(
    (
        reason.name,
        re.compile(
            rf"(?<!\bnot )(?<!\bisnt )(?<!\bnever )(?<!\bwhat )(?<!\bno )\b(?:{'|'.join(reason.phrases)})\b"
        ),
    )
    for reason in TABLE
    if reason.phrases
)


def named_reasons(comment: str) -> list[str]:
    """The reasons that a user's words name, in the table's order."""
    words = plain_words(comment)
    return [name for name, phrases in _PHRASES if phrases.search(words)]


def praised(judged: Judged) -> bool:
    """Whether a call's own signals may make a success of it, which is asked before its time."""
    return judged.satisfied >= PLEASED and _may_tell_why(judged)


def _may_tell_why(judged: Judged) -> bool:
    return any(signal.comment or signal.kind == "copy" for signal in judged.signals)


class SuccessPicture(NamedTuple):
    """A cluster of really good answers, for people."""

    id: str
    label: str
    size: int
    """Answers that stand."""
    users: int
    reasons: dict[str, int]
    """The reasons that stand, the most frequent first; an answer may have several."""
    comments: list[str]
    """What users wrote, scrubbed, the latest first."""
    exemplars: list[str]
    """Scrubbed questions, the clearest first."""


class _Success(Struct, array_like=True):
    ts: float
    cluster: str
    reasons: list[str]


class _Followed(Struct, array_like=True):
    """The call before another one, and how it stood."""

    ts: float
    trace_id: str
    revision: int
    failed: bool


class _Group(Struct, array_like=True):
    size: int = 0
    reasons: dict[str, int] = {}
    comments: list[tuple[float, str, str]] = []
    """Event time, trace id and excerpt, the earliest first."""


class Successes:
    """The really good answers of an app.

    Args:
        dims: length of the vectors.
        window: seconds of event time in which later signals revise what is counted.
    """

    def __init__(self, dims: int, window: float) -> None:
        self._window = window
        self._clusters = Clusters(capacity=_CAPACITY, dims=dims, window=_WINDOW)
        self._names = ClusterNames(_CAPACITY)
        self._groups: dict[str, _Group] = {}
        self._known: OrderedDict[str, _Success] = OrderedDict()
        self._horizon = -math.inf  # successes that were counted by then may be forgotten
        self._followed: OrderedDict[str, _Followed] = OrderedDict()  # by the call that came next

    def __contains__(self, trace_id: object) -> bool:
        return trace_id in self._known

    def look(self, judged: Judged, failed: Sequence[Finding], satisfied: float) -> list[str]:
        """Says why a call is a success, and remembers what a failure was followed by.

        To be asked in the order of the records; it depends on that alone.

        Args:
            judged: the call with its signals.
            failed: of what kinds of failure it is.
            satisfied: the probability that its user was satisfied.

        Returns:
            The reasons in the table's order; empty where it is none.
        """
        if judged.next is not None:
            self._follow(judged, judged.next.trace_id, failed=bool(failed))
        if failed or satisfied < PLEASED:
            return []
        if judged.trace_id not in self._followed and not _may_tell_why(judged):
            return []
        return self._reasons(judged)

    def _follow(self, judged: Judged, following: str, *, failed: bool) -> None:
        before = self._followed.get(following)
        own = before is not None and before.trace_id == judged.trace_id
        if own and before is not None and before.revision >= judged.revision:
            return  # told again, after a crash: nothing of it may move either
        if own or failed:
            self._followed[following] = _Followed(
                judged.ts, judged.trace_id, judged.revision, failed
            )
            self._followed.move_to_end(following)
            if len(self._followed) > _REMEMBERED:
                self._followed.popitem(last=False)

    def _resolves(self, judged: Judged) -> bool:
        """Whether the answer before it failed."""
        before = self._followed.get(judged.trace_id)
        return before is not None and before.failed and before.ts >= judged.ts - self._window

    def _reasons(self, judged: Judged) -> list[str]:
        found: set[str] = set()
        signals = standing(judged.signals)
        kinds = {signal.kind for signal in signals}
        up = thumb(signals) == "up"
        if self._resolves(judged) and any(map(is_positive, signals)):
            found.add(RESOLVED)
        if up and "copy" in kinds and not kinds & _UNDOING:
            found.add(COPIED)
        for signal in signals:
            if signal.comment:
                tone = mood(signal.comment)
                if tone > 0 or (up and tone == 0):
                    named = named_reasons(signal.comment)
                    found.update(named or ([PRAISED] if tone > 0 else []))
        return sorted(found, key=_ORDER.__getitem__)

    def judge(
        self,
        judged: Judged,
        reasons: Sequence[str],
        vector: NDArray[np.float32] | None,
        ts: float,
    ) -> None:
        """Counts a call, in place of what its former revision counted.

        Args:
            judged: the call with its signals.
            reasons: as ``look`` gave them.
            vector: of its question, shape (dims,); needed where it was no success before.
            ts: event time at which this was known.
        """
        before = self._known.get(judged.trace_id)
        if before is None:
            new = judged.interaction.at > self._horizon
            if reasons and vector is not None and new:
                self._count(judged, self._place(judged, vector, ts), reasons, ts)
        elif before.ts >= ts - self._window:
            del self._known[judged.trace_id]
            self._take_back(judged.trace_id, before)
            if reasons:
                self._count(judged, self._clusters.resolve(before.cluster), reasons, ts)

    def _place(self, judged: Judged, vector: NDArray[np.float32], ts: float) -> str:
        call = judged.interaction
        user = call.user_id or call.session_id or None
        placed = self._clusters.assign(judged.trace_id, vector, ts, excerpt(call.question), user)
        for old, new in placed.merged:
            if (gone := self._groups.pop(old, None)) is not None:
                _add(self._groups.setdefault(new, _Group()), gone)
        return self._clusters.resolve(placed.cluster)

    def _count(self, judged: Judged, cluster: str, reasons: Sequence[str], ts: float) -> None:
        self._known[judged.trace_id] = _Success(ts, cluster, list(reasons))
        if len(self._known) > _REMEMBERED:
            self._horizon = self._known.popitem(last=False)[1].ts
        said = [(s.at, judged.trace_id, excerpt(s.comment)) for s in judged.signals if s.comment]
        group = self._groups.setdefault(cluster, _Group())
        _add(group, _Group(1, dict.fromkeys(reasons, 1), said))
        top = max(group.reasons, key=lambda name: (group.reasons[name], -_ORDER[name]))
        self._names.renew(
            cluster, group.size, top, lambda: self._clusters.label(cluster), self._clusters
        )
        if len(self._groups) > 2 * _CAPACITY:
            self._groups = {n: own for n, own in self._groups.items() if n in self._clusters}

    def _take_back(self, trace_id: str, success: _Success) -> None:
        group = self._groups.get(self._clusters.resolve(success.cluster))
        if group is None:
            return
        group.size -= 1
        for name in success.reasons:
            group.reasons[name] -= 1
            if not group.reasons[name]:
                del group.reasons[name]
        group.comments = [row for row in group.comments if row[1] != trace_id]

    def forget(self, before: float) -> None:
        """Forgets what no signal revises any more; it stays counted."""
        while self._known and next(iter(self._known.values())).ts < before:
            self._known.popitem(last=False)
        while self._followed and next(iter(self._followed.values())).ts < before:
            self._followed.popitem(last=False)

    def counts(self) -> dict[str, int]:
        """The reasons that stand, over all clusters that live, in the table's order."""
        found: Counter[str] = Counter()
        for group in self._groups.values():
            found.update(group.reasons)
        return {name: found[name] for name in _ORDER if found[name]}

    def top(self, limit: int = 20) -> list[SuccessPicture]:
        """The clusters with most of what stands."""
        live = [(name, own) for name, own in self._groups.items() if name in self._clusters]
        ranked = sorted(live, key=lambda row: (-row[1].size, row[0]))[:limit]
        return [self._picture(name, own) for name, own in ranked if own.size > 0]

    def _picture(self, name: str, group: _Group) -> SuccessPicture:
        info = self._clusters.info(name)
        reasons = sorted(group.reasons.items(), key=lambda row: (-row[1], _ORDER[row[0]]))
        return SuccessPicture(
            id=name,
            label=self._names.label(name) or info.label,
            size=group.size,
            users=info.users,
            reasons=dict(reasons),
            comments=[text for *_, text in reversed(group.comments)],
            exemplars=[text for _, text in info.exemplars],
        )

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "clusters": self._clusters.dump(),
            "names": self._names.dump(),
            "groups": [
                [name, group.size, dict(group.reasons), [list(row) for row in group.comments]]
                for name, group in self._groups.items()
            ],
            "known": [[name, *structs.astuple(one)] for name, one in self._known.items()],
            "horizon": self._horizon,
            "followed": [[name, *structs.astuple(one)] for name, one in self._followed.items()],
        }

    @classmethod
    def load(cls, state: dict[str, Any], dims: int, window: float) -> "Successes":
        """The inverse of ``dump``.

        Raises:
            StateError: the clusters do not load.
        """
        self = cls(dims, window)
        self._clusters = Clusters.load(state["clusters"])
        self._names = ClusterNames.load(state["names"], _CAPACITY)
        for name, size, reasons, comments in state["groups"]:
            rows = [(ts, trace_id, text) for ts, trace_id, text in comments]
            self._groups[name] = _Group(size, dict(reasons), rows)
        for name, ts, cluster, reasons in state["known"]:
            self._known[name] = _Success(ts, cluster, list(reasons))
        self._horizon = state["horizon"]
        for name, *row in state["followed"]:
            self._followed[name] = _Followed(*row)
        return self


def _add(group: _Group, other: _Group) -> None:
    group.size += other.size
    for name, number in other.reasons.items():
        group.reasons[name] = group.reasons.get(name, 0) + number
    group.comments = sorted({*group.comments, *other.comments})[-_COMMENTS:]
