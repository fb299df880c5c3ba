"""Prints how often clusters are called resolved or regressed by chance, and how soon they are.

Run ``python -m bench.lifecycle`` in the repository; all failures are drawn from seeds.
An app has ten calls a minute; a cluster fails by chance, once in so many calls.
"""

import random
from collections.abc import Iterable
from statistics import median

from flywheel_stream.lifecycle import Lifecycles, State

RUNS = 200
CALLS = 10
"""A minute."""


class Cluster:
    """One cluster of an app, minute by minute."""

    def __init__(self, seed: str) -> None:
        self.lives = Lifecycles(10)
        self.minute = 0
        self.failures = 0
        self._rng = random.Random(seed)

    def state(self) -> State:
        """Where it stands now."""
        return self.lives.stage("c", 60.0 * self.minute).state

    def pass_minute(self, once_in: float) -> None:
        """Lets a minute pass in which each call fails once in so many; 0: none does."""
        for _ in range(CALLS if once_in else 0):
            if self._rng.random() < 1.0 / once_in:
                self.failures += 1
                self.lives.failed("c", 60.0 * self.minute, {"c"})
        self.lives.pass_calls(CALLS)
        self.minute += 1

    def fail(self, once_in: float, failures: int) -> None:
        """Lets it fail so many times."""
        target = self.failures + failures
        while self.failures < target:
            self.pass_minute(once_in)

    def until(self, state: State, once_in: float, most: int) -> int | None:
        """Calls that pass until it is in a state; None if it is not within so many minutes."""
        began = self.minute
        while self.state() != state:
            if self.minute - began > most:
                return None
            self.pass_minute(once_in)
        return CALLS * (self.minute - began)


def by_chance(once_in: float, gaps: int) -> tuple[float, float]:
    """Of a cluster that never changes: gaps taken for its end, per thousand; runs that had one."""
    ends, runs = 0, 0
    for seed in range(RUNS):
        cluster = Cluster(f"{once_in}/{seed}")
        before, had = cluster.state(), False
        while cluster.failures < gaps:
            cluster.pass_minute(once_in)
            state = cluster.state()
            if state == "resolved" and before != "resolved":
                ends, had = ends + 1, True
            before = state
        runs += had
    return 1_000 * ends / (RUNS * gaps), runs / RUNS


def _typical(found: Iterable[int | None], once_in: float) -> str:
    known = list(found)
    there = [calls / once_in for calls in known if calls is not None]
    share = f"{len(there)} of {len(known)}"
    return f"{share}, after {median(there):.1f} mean gaps" if there else share


def after_a_fix(once_in: float, failures: int, *, decided: bool) -> str:
    """How soon the silence of a cluster that is fixed is told."""
    found = []
    for seed in range(RUNS):
        cluster = Cluster(f"fix/{once_in}/{seed}")
        cluster.fail(once_in, failures)
        if decided:
            cluster.lives.decided("c")
        found.append(cluster.until("resolved", 0.0, int(100 * once_in)))
    return _typical(found, once_in)


def after_a_return(once_in: float, failures: int, rarer: float) -> str:
    """How soon a cluster is told to be back that fails again, so many times more rarely."""
    found = []
    for seed in range(RUNS):
        cluster = Cluster(f"back/{once_in}/{seed}")
        cluster.fail(once_in, failures)
        cluster.until("resolved", 0.0, int(100 * once_in))
        found.append(cluster.until("regressed", rarer * once_in, int(once_in * rarer * 2)))
    return _typical(found, once_in)


def main() -> None:
    """Prints the tables."""
    print("| never changes: fails once in | called resolved, per thousand gaps | in 100 failures |")
    print("|---|---|---|")
    for once_in in (20.0, 100.0, 500.0):
        ends, runs = by_chance(once_in, 100)
        print(f"| {once_in:.0f} calls | {ends:.1f} | {runs:.0%} of clusters |")
    print()
    print("| fixed after | resolved | with a decision |")
    print("|---|---|---|")
    for failures in (5, 20, 100):
        plain = after_a_fix(100.0, failures, decided=False)
        decided = after_a_fix(100.0, failures, decided=True)
        print(f"| {failures} failures | {plain} | {decided} |")
    print()
    print("| comes back | regressed within 20 failures of the new rate |")
    print("|---|---|")
    for rarer in (1.0, 3.0, 10.0, 30.0):
        print(f"| {rarer:.0f} times as rarely | {after_a_return(100.0, 20, rarer)} |")


if __name__ == "__main__":
    main()
