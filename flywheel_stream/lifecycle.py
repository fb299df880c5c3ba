"""Where each failure cluster stands: new, open, resolved, regressed; by calls, in event time.

A cluster is resolved when it has been silent for so many calls that chance does not explain it;
silence is counted in calls, for a night without traffic repairs nothing. What was resolved and
recurs is the same cluster, regressed. Nothing has to be done as time passes: what a cluster became
meanwhile is told when it fails again, or when somebody asks.
"""

from collections.abc import Container, Iterable, Sequence
from math import expm1, log
from typing import Any, Final, Literal, NamedTuple, get_args

from msgspec import Struct, structs

State = Literal["new", "open", "resolved", "regressed"]
STATES: Final[tuple[State, ...]] = get_args(State)

RECURS: Final = 3
"""Failures from which on a new cluster is open; so many close together bring a resolved one back."""
CHANCE: Final = 0.001
"""A silence so improbable, had nothing changed, resolves a cluster."""
EXPECTED: Final = 0.05
"""The same where somebody decided what to do about it, so that silence was to be expected."""
PATIENCE: Final = 900.0
"""Seconds of event time without a failure, at least."""
_LEAST: Final = 10.0
"""Calls between failures, at least: what fails at once says nothing of how rare it is."""


class Stage(NamedTuple):
    """The state of a cluster, and since when (seconds of the epoch); resolved: its last failure."""

    state: State
    since: float


class _Life(Struct, array_like=True):
    since: float
    last: float
    calls: int
    """Of the app, when it last failed."""
    state: State = "new"
    failures: int = 0
    gaps: int = 0
    """Calls between its failures, their sum."""
    squares: int = 0
    back: int = 0
    """Failures since it was resolved that are close enough together."""
    back_calls: int = 0
    acted: int = -1
    """Calls of the app when somebody last decided about it; -1: nobody did."""

    def apart(self) -> float:
        """Calls that pass before the next failure, seen from any call.

        Half the mean gap weighted by its own length: for failures by chance the mean gap, and
        hardly less where a burst came between them.
        """
        return max(self.squares / (2.0 * self.gaps) if self.gaps else 0.0, _LEAST)

    def silence(self) -> float:
        """Calls without a failure that are more than chance.

        Of failures by chance whose rate is known from n gaps alone, the next one is longer than x
        times the mean with a probability of ``(1 + x / n) ** -n`` (the predictive distribution).
        """
        chance = CHANCE if self.acted < 0 else EXPECTED
        known = max(self.failures - 1, 1)
        return self.apart() * known * expm1(-log(chance) / known)

    def is_quiet(self, calls: int, now: float) -> bool:
        """Whether its silence up to now is more than chance."""
        if self.state not in {"open", "regressed"} or now - self.last < PATIENCE:
            return False
        return calls - max(self.calls, self.acted) >= self.silence()


class Lifecycles:
    """The states of an app's failure clusters.

    Args:
        capacity: how many are remembered, beyond those of clusters that live.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._calls = 0
        self._lives: dict[str, _Life] = {}

    def pass_calls(self, calls: int) -> None:
        """Counts calls of the app, as they pass."""
        self._calls += calls

    def failed(self, cluster: str, ts: float, live: Container[str]) -> None:
        """Counts a failure.

        Args:
            cluster: its id.
            ts: event time, seconds of the epoch, in order.
            live: the clusters that are kept when there are too many.
        """
        life = self._at(cluster, ts)
        gap = self._calls - life.calls
        life.failures += 1
        if life.state == "resolved":
            self._return(life, ts)
        elif life.failures > 1:
            life.gaps += gap
            life.squares += gap * gap
            if life.state == "new" and life.failures >= RECURS:
                life.state, life.since = "open", ts
        life.calls, life.last = self._calls, ts
        if len(self._lives) > 2 * self._capacity:
            self._lives = {name: own for name, own in self._lives.items() if name in live}

    def retract(self, cluster: str) -> None:
        """Takes a failure back; states that were reached stand."""
        life = self._lives.get(cluster)
        if life is not None:
            life.failures = max(life.failures - 1, 0)
            life.back = max(life.back - 1, 0)

    def decided(self, cluster: str) -> None:
        """Notes that somebody decided what to do about it: whether that holds is seen from now."""
        life = self._lives.get(cluster)
        if life is not None:
            life.acted = self._calls

    def spiked(self, cluster: str, ts: float) -> None:
        """Notes an incident of it, which leaves no doubt that it recurs."""
        life = self._at(cluster, ts)
        if life.state == "resolved":
            self._regress(life, ts)
        elif life.state == "new":
            life.state, life.since = "open", ts
        life.calls, life.last = self._calls, ts

    def merged(self, old: str, new: str, ts: float) -> None:
        """Two clusters became one: ``new`` takes over what is known of ``old``."""
        if old in self._lives and old != new:
            gone = self._at(old, ts)
            del self._lives[old]
            self._lives[new] = _both(self._at(new, ts), gone) if new in self._lives else gone

    def split(self, source: str, part: str, share: float) -> None:
        """A part of a cluster became one of its own: it stands where the whole did.

        Args:
            source: the cluster that it was a part of.
            part: its own name.
            share: of the source's failures, above 0 and below 1.
        """
        whole = self._lives.get(source)
        if whole is not None and part not in self._lives:
            self._lives[part] = _thinned(whole, share)
            self._lives[source] = _thinned(whole, 1.0 - share)

    def stage(self, cluster: str, now: float) -> Stage:
        """Where a cluster stands at an event time; unknown ones are new."""
        life = self._lives.get(cluster)
        if life is None:
            return Stage("new", now)
        if life.is_quiet(self._calls, now):
            return Stage("resolved", life.last)
        return Stage(life.state, life.since)

    def counts(self, clusters: Iterable[str], now: float) -> dict[State, int]:
        """How many of some clusters are in each state."""
        found = dict.fromkeys(STATES, 0)
        for cluster in clusters:
            found[self.stage(cluster, now).state] += 1
        return found

    def dump(self) -> list[Any]:
        """Everything, as plain data."""
        return [
            self._calls,
            [[name, *structs.astuple(life)] for name, life in self._lives.items()],
        ]

    @classmethod
    def load(cls, state: Sequence[Any], capacity: int) -> "Lifecycles":
        """The inverse of ``dump``."""
        self = cls(capacity)
        self._calls, rows = state
        self._lives = {name: _Life(*row) for name, *row in rows}
        return self

    def _at(self, cluster: str, ts: float) -> _Life:
        """What is known of a cluster, with what its silence until now has made of it."""
        life = self._lives.get(cluster)
        if life is None:
            life = self._lives[cluster] = _Life(ts, ts, self._calls)
        elif life.is_quiet(self._calls, ts):
            life.state, life.since, life.back = "resolved", life.last, 0
        return life

    def _return(self, life: _Life, ts: float) -> None:
        """A stray failure is none; as many as of a new cluster, and no rarer than before, are."""
        if not life.back or self._calls - life.back_calls > life.silence():
            life.back, life.back_calls = 0, self._calls
        life.back += 1
        if life.back >= RECURS:
            self._regress(life, ts)

    def _regress(self, life: _Life, ts: float) -> None:
        life.state, life.since, life.back, life.acted = "regressed", ts, 0, -1


def _thinned(life: _Life, share: float) -> _Life:
    """A share of the failures of a life, farther apart by as much; what recurs did so in both."""
    number = round(life.failures * share)
    return structs.replace(
        life,
        failures=max(number, RECURS if life.state != "new" else 1),
        squares=round(life.squares / share),
    )


def _both(kept: _Life, gone: _Life) -> _Life:
    """One life of two; what one of them was rid of before the other began has come back."""
    state, since = _both_states(*sorted((kept, gone), key=lambda life: life.since))
    return _Life(
        since=since,
        last=max(kept.last, gone.last),
        calls=max(kept.calls, gone.calls),
        state=state,
        failures=kept.failures + gone.failures,
        gaps=kept.gaps + gone.gaps,
        squares=kept.squares + gone.squares,
        back=max(kept.back, gone.back),
        back_calls=max(kept.back_calls, gone.back_calls),
        acted=max(kept.acted, gone.acted),
    )


def _both_states(earlier: _Life, later: _Life) -> tuple[State, float]:
    states = earlier.state, later.state
    if states == ("resolved", "open"):
        return "regressed", later.since
    for life in (later, earlier):
        if life.state == "regressed":
            return "regressed", life.since
    for life in (earlier, later):
        if life.state == "open":
            return "open", life.since
    for life in (later, earlier):
        if life.state == "resolved":
            return "resolved", life.since
    recurs = earlier.failures + later.failures >= RECURS
    return "open" if recurs else "new", later.last if recurs else earlier.since
