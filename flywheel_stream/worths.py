"""What implicit signals have been worth: their weights, refined online by explicit ones.

A copy, an edit, a regeneration says something of satisfaction, and how much depends on the product.
Calls whose users also gave a thumb or a rating tell: River's running means of that verdict, by which
implicit signals came with it, are what is learnt; they forget with a half-life in event time, and a
revision takes back what it replaces. The weights are the maximum a posteriori of a logistic
regression on those means, whose prior is the fixed table of ``signals``: few calls change little.
They judge the calls that have no explicit signal; explicit ones keep their meaning.
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray
from river.stats import Mean

from flywheel_stream.decay import RESCALE, Clock
from flywheel_stream.events import Judged, Signal
from flywheel_stream.signals import (
    KINDS,
    check_weights,
    is_explicit,
    standing,
    thumb,
    weigh,
)

HALF_LIFE: Final = 14 * 86_400.0
"""Seconds of event time after which a verdict teaches half as much."""
PRIOR: Final = 4.0
"""Precision of the table's word: of a signal that is worth nothing, some sixteen verdicts halve it."""
BASE_PRIOR: Final = 4.0
"""Precision of an even share of satisfied users, before any verdict."""
LEAST: Final = 20
"""Verdicts before which the table stands as it is."""
MUCH: Final = 0.3
"""Share of words from which on an edit has changed much."""

TABLE: Final[Mapping[str, float]] = {
    "copy": KINDS["copy"],
    "regenerate": KINDS["regenerate"],
    "rephrase": KINDS["rephrase"],
    "abandon": KINDS["abandon"],
    "edit": KINDS["edit"],  # by a producer that does not send the text
    "edit_little": KINDS["edit"] + KINDS["correction"],
    "edit_much": KINDS["edit"] + KINDS["correction"],
    "correction": KINDS["correction"],
}
"""Implicit signals and the log-odds that ingest gives them, which are the prior."""

_VERDICTS: Final = {"up": 1.0, "middle": 0.5, "down": 0.0}
_REMEMBERED: Final = 5_000  # calls with a verdict whose revisions are recognised
_DUE: Final = 0.05  # share of verdicts that are new, at which weights are looked at again
_STEPS: Final = 25  # of Newton's method, which takes five
_CLOSE: Final = 1e-7  # of log-odds
_COMPARED: Final = 8_000  # characters of an answer that an edit is held against
_SEPARATOR: Final = "+"
_Z: Final = 1.96


class Refined(NamedTuple):
    """How a call is judged by what signals have been worth."""

    satisfied: float
    """The probability that its user was satisfied, of all that is known."""
    uncertainty: float
    says: float
    """What its own signs say, whatever the share of satisfied users is: what makes a failure."""


class Worth(NamedTuple):
    """What a signal has been worth, as log-odds."""

    signal: str
    table: float
    weight: float
    low: float
    """Of the 95 % interval, as is ``high``; it holds the table's word as far as that counts."""
    high: float
    calls: float
    """Calls with a verdict that had it, those of long ago in part."""


class WorthPicture(NamedTuple):
    """What signals have been worth, for people."""

    verdicts: float
    """Calls with a thumb or rating, those of long ago in part."""
    base: float
    """Log-odds that a user who gives a verdict is satisfied, where nothing else is known."""
    signals: list[Worth]


class _Taught(Struct, array_like=True):
    """What a call taught, so that its revision can take it back."""

    at: float
    revision: int
    pattern: str
    verdict: float


class Worths:
    """What implicit signals have been worth to one app.

    Args:
        window: seconds of event time in which later signals revise a call.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._clock = Clock(HALF_LIFE)
        self._means: dict[str, Mean] = {}
        self._taught: OrderedDict[str, _Taught] = OrderedDict()
        self._horizon = -math.inf  # what was taught by then may be forgotten
        self._new = 0  # verdicts since the weights were looked at
        self._base = 0.0
        self._weights = dict(TABLE)
        self._spread: dict[str, float] = {}  # empty: nothing was learnt yet

    def take(self, judged: Judged, at: float) -> Refined:
        """Judges a call, or learns from it where its user was explicit.

        To be called in the order of the records; it depends on that alone.

        Args:
            judged: the call with its signals.
            at: event time at which this is known, seconds of the epoch.
        """
        as_told = Refined(judged.satisfied, judged.uncertainty, judged.satisfied)
        if not judged.signals:
            return as_told
        signals = standing(judged.signals)
        if any(map(is_explicit, signals)):
            self._learn(judged, signals, at)
            return as_told
        self._forget(judged.trace_id, judged.revision)
        names = [name for signal in signals for name in implied(signal, judged)]
        if not names:
            return as_told
        self._renew(at)
        if not self._spread:
            return as_told
        checks = check_weights(judged.interaction.checks)
        weights = [*checks, *(self._weights[name] for name in names)]
        # What share of users is satisfied was learnt of calls on which no check fired.
        base = 0.0 if checks else self._base * min(map(self._learnt, names))
        return Refined(*weigh(weights, base), weigh(weights).satisfied)

    def _learnt(self, name: str) -> float:
        """How much of what is known of a signal is learnt, 0..1; the rest is the table's word.

        That word is of a signal by itself, the share of the satisfied with it: what was seen of
        others has to leave it alone.
        """
        return min(max(1.0 - PRIOR * self._spread[name] ** 2, 0.0), 1.0)

    # ------------------------------------------------------------ learning

    def _learn(self, judged: Judged, signals: Sequence[Signal], at: float) -> None:
        before = self._taught.get(judged.trace_id)
        if before is not None and before.revision >= judged.revision:
            return  # told again, after a crash
        self._forget(judged.trace_id, judged.revision)
        verdict = thumb(signals)
        if verdict is None or judged.interaction.checks:
            return
        began = min(signal.at for signal in signals if is_explicit(signal))
        if before is None and began <= self._horizon:
            return
        names = {name for signal in signals for name in implied(signal, judged)}
        row = _Taught(at, judged.revision, _SEPARATOR.join(sorted(names)), _VERDICTS[verdict])
        self._taught[judged.trace_id] = row
        self._advance(at)
        weight = self._clock.weight(int(at // 60))
        self._means.setdefault(row.pattern, Mean()).update(row.verdict, weight)
        self._new += 1
        self._bound(at)

    def _forget(self, trace_id: str, revision: int) -> None:
        """Takes back what a former revision of a call taught."""
        row = self._taught.get(trace_id)
        if row is None or row.revision >= revision:
            return
        del self._taught[trace_id]
        weight = self._clock.weight(int(row.at // 60))
        mean = self._means[row.pattern]
        if mean.n > weight * (1 + 1e-9):
            mean.revert(row.verdict, weight)
        else:  # it was the last one, but for rounding
            del self._means[row.pattern]
        self._new += 1

    def _advance(self, at: float) -> None:
        for _ in range(self._clock.advance(at)):
            self._means = {
                name: _mean(math.ldexp(mean.n, -RESCALE), mean.get())
                for name, mean in self._means.items()
            }

    def _bound(self, at: float) -> None:
        while self._taught:
            oldest = next(iter(self._taught.values()))
            if len(self._taught) <= _REMEMBERED and oldest.at >= at - self._window:
                return
            self._taught.popitem(last=False)
            self._horizon = oldest.at

    def _renew(self, at: float) -> None:
        """Looks at the weights again once a twentieth of what they are learnt from is new."""
        if not self._new:
            return
        now = self._clock.weight(int(at // 60))
        counts = {name: mean.n / now for name, mean in self._means.items()}
        total = math.fsum(counts.values())
        if total >= LEAST and self._new >= _DUE * total:
            self._new = 0
            self._fit(counts)

    def _fit(self, counts: Mapping[str, float]) -> None:
        rows = sorted(counts)
        names = list(TABLE)
        signs = np.array(
            [[1.0, *(name in row.split(_SEPARATOR) for name in names)] for row in rows]
        )
        prior = np.array([0.0, *TABLE.values()])
        precision = np.array([BASE_PRIOR, *(PRIOR for _ in names)])
        number = np.array([counts[row] for row in rows])
        happy = np.clip([self._means[row].get() for row in rows], 0.0, 1.0)
        found, spread = regress(signs, number, happy, prior, precision)
        self._base = round(float(found[0]), 4)  # the last digits are the machine's
        self._weights = dict(zip(names, np.round(found[1:], 4).tolist(), strict=True))
        self._spread = dict(zip(names, np.round(spread[1:], 4).tolist(), strict=True))

    # ------------------------------------------------------------ out

    def picture(self, now: float) -> WorthPicture:
        """What signals have been worth, as it is used; without enough verdicts the table."""
        if not self._means:
            return WorthPicture(0.0, 0.0, [])
        weight = self._clock.weight(int(now // 60))
        calls: Counter[str] = Counter()
        for pattern, mean in self._means.items():
            for name in pattern.split(_SEPARATOR):
                calls[name] += mean.n / weight  # type: ignore[assignment]  # a sum of parts
        return WorthPicture(
            math.fsum(mean.n for mean in self._means.values()) / weight,
            self._base,
            [self._worth(name, float(calls[name])) for name in TABLE if name in calls],
        )

    def _worth(self, name: str, calls: float) -> Worth:
        weight = self._weights[name]
        reach = _Z * self._spread.get(name, PRIOR**-0.5)
        return Worth(name, TABLE[name], weight, weight - reach, weight + reach, calls)

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "clock": self._clock.dump(),
            "means": [[name, mean.n, mean.get()] for name, mean in self._means.items()],
            "taught": [[name, *structs.astuple(row)] for name, row in self._taught.items()],
            "horizon": self._horizon,
            "new": self._new,
            "base": self._base,
            "weights": dict(self._weights),
            "spread": dict(self._spread),
        }

    @classmethod
    def load(cls, state: Mapping[str, Any], window: float) -> "Worths":
        """The inverse of ``dump``."""
        self = cls(window)
        self._clock.load(state["clock"])
        self._means = {name: _mean(number, mean) for name, number, mean in state["means"]}
        self._taught = OrderedDict((name, _Taught(*row)) for name, *row in state["taught"])
        self._horizon, self._new = state["horizon"], state["new"]
        self._base = state["base"]
        self._weights = dict(TABLE) | dict(state["weights"])
        self._spread = dict(state["spread"])
        return self


def implied(signal: Signal, judged: Judged) -> list[str]:
    """The implicit signals that one is, by their names in the table; empty where it is none."""
    if signal.kind == "edit":
        if not signal.correction:
            return ["edit"]
        changed = words_changed(judged.interaction.response or "", signal.correction)
        return ["edit_much" if changed >= MUCH else "edit_little"]
    names: list[str] = [signal.kind] if signal.kind in TABLE else []
    if signal.correction and signal.kind != "correction":
        names.append("correction")
    return names


def words_changed(answer: str, edited: str) -> float:
    """The share of words of the longer text that the other one does not have, 0..1, in any order."""
    before, after = (Counter(text[:_COMPARED].split()) for text in (answer, edited))
    longer = max(before.total(), after.total())
    return 1.0 - (before & after).total() / longer if longer else 0.0


def regress(
    signs: NDArray[np.float64],
    number: NDArray[np.float64],
    happy: NDArray[np.float64],
    prior: NDArray[np.float64],
    precision: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logistic regression of shares with a normal prior, by Newton's method with halved steps.

    Args:
        signs: shape (rows, weights), 0 or 1.
        number: shape (rows,), cases.
        happy: shape (rows,), the share of them that is satisfied.
        prior: shape (weights,), means.
        precision: shape (weights,), one over the variance.

    Returns:
        The maximum a posteriori and the standard deviations there, both of shape (weights,).
    """

    def loss(weights: NDArray[np.float64]) -> float:
        odds = signs @ weights
        unlikely = number @ (np.logaddexp(0.0, odds) - happy * odds)
        return float(unlikely + 0.5 * precision @ (weights - prior) ** 2)

    def slope_and_bend(
        weights: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        share = 1.0 / (1.0 + np.exp(-(signs @ weights)))
        slope = signs.T @ (number * (share - happy)) + precision * (weights - prior)
        return slope, (signs.T * (number * share * (1.0 - share))) @ signs + np.diag(precision)

    found, best = prior.copy(), loss(prior)
    for _ in range(_STEPS):
        slope, bend = slope_and_bend(found)
        step = np.linalg.solve(bend, slope)
        while loss(found - step) > best and np.abs(step).max() > _CLOSE:
            step /= 2.0
        found = found - step
        best = loss(found)
        if np.abs(step).max() <= _CLOSE:
            break
    return found, np.sqrt(np.diag(np.linalg.inv(slope_and_bend(found)[1])))


def _mean(number: float, mean: float) -> Mean:
    made = Mean()
    if number > 0:
        made.update(mean, number)
    return made
