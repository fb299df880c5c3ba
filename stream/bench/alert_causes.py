"""Simulated weeks with planted causes, for ``flywheel bench alerts``: one incident for each?

A bad version of a model makes clusters, kinds, the model and the whole app spike at once, in the
same calls. Causes of several sorts are planted into weeks whose calls have a model, a prompt version
and a platform; what should come of each is known: how many incidents, and which subject each is
about. All of it is seeded.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import inf, prod
from typing import Any, NamedTuple

import numpy as np

from flywheel_stream.alerts import Spike
from flywheel_stream.margins import FAILURES, Where, margin
from stream.bench.alert_weeks import (
    APPS,
    CLUSTERS,
    SETTLING,
    START,
    Bad,
    Counts,
    World,
    play,
    simulate,
    spread,
    times,
)

SHARES: Mapping[str, Mapping[str, float]] = {
    "model": {"m1": 0.6, "m2": 0.4},
    "prompt_version": {"p1": 0.5, "p2": 0.5},
    "platform": {"android": 0.4, "ios": 0.35, "web": 0.25},
}
"""Of an app's calls, by what tells them apart; each by itself."""
SLOT = 720
"""Minutes for each cause: it is over, and calm again, before the next one comes."""
LASTS = 120
"""Minutes that a cause is there."""
APART = 30
"""Minutes between two causes that do not begin at once."""
GROWTH = 4.0
"""What a cause adds to a cluster, by its usual failures; ``Sort.least`` where those are few."""


class Sort(NamedTuple):
    """How a cause hits: so many clusters, in calls that have one value of each field of ``by``.

    ``least`` are the failures a minute that it adds to each cluster, or more. ``kind`` says that all
    of them are of one kind, one that some clusters have anyway. What it should be told by is the
    cluster if it is one, else the kind or the slice.
    """

    hit: int
    by: tuple[str, ...] = ()
    kind: bool = False
    least: float = 0.5


SORTS: Mapping[str, tuple[Sort, ...]] = {
    "a version of a model": (Sort(5, ("model",)),),
    "a prompt version": (Sort(5, ("model", "prompt_version")),),
    "a platform": (Sort(5, ("platform",)),),
    "a kind of failure": (Sort(10, kind=True, least=0.15),),
    "the whole app": (Sort(15, least=0.3),),
    "a cluster": (Sort(1),),
    "a cluster, on one platform": (Sort(1, ("platform",)),),
    "two clusters, half an hour apart": (Sort(1), Sort(1)),
    "two at once: clusters, each on one model": (Sort(1, ("model",)), Sort(1, ("model",))),
    "two at once: models, each in three clusters": (Sort(3, ("model",)), Sort(3, ("model",))),
    "two at once: clusters, nothing tells them apart": (Sort(1), Sort(1)),
}
"""Sorts of causes, by name; where there are two they are no one's, and should be two incidents."""


class Fault(NamedTuple):
    """A planted cause: ``start`` and ``end`` in minutes of the world; ``by`` says in which calls."""

    clusters: tuple[int, ...]
    start: int
    end: int
    by: tuple[tuple[str, str], ...]
    kind: str
    """Empty: each cluster's own."""
    least: float

    @property
    def subject(self) -> str:
        """What it should be told by."""
        if len(self.clusters) == 1:
            return str(self.clusters[0])
        return margin(FAILURES, [("kind", self.kind)] if self.kind else self.by)

    @property
    def subjects(self) -> set[str]:
        """What an incident about it is about: the subject or a cluster."""
        return {self.subject, *map(str, self.clusters)}


class Plan(NamedTuple):
    """What is planted at once, or nearly: one cause, or two that are no one's."""

    sort: str
    app: int
    faults: tuple[Fault, ...]


def plans(world: World) -> list[Plan]:
    """What is planted into a world: in each app all sorts by turns, two a day."""
    rng = np.random.default_rng([world.seed, 7])
    found = []
    for app in range(APPS):
        mine = np.flatnonzero(world.app[:CLUSTERS] == app).tolist()
        # Those that fail a few times a minute would hide what others do.
        seldom = [c for c in mine if world.expected[c].mean() < 1]
        slots = range(world.begin, world.minutes, SLOT)
        for n, slot in enumerate(slots):
            sort = list(SORTS)[(n + app * len(slots)) % len(SORTS)]
            start = slot + int(rng.integers(30, 150))
            found.append(Plan(sort, app, _faults(rng, world, sort, seldom, start)))
    return found


def _faults(
    rng: np.random.Generator, world: World, sort: str, seldom: Sequence[int], start: int
) -> tuple[Fault, ...]:
    found: list[Fault] = []
    left = list(seldom)
    taken: set[str] = set()  # two causes are not of one slice
    for row in SORTS[sort]:
        clusters = rng.choice(left, min(row.hit, len(left)), replace=False).tolist()
        left = [c for c in left if c not in clusters]
        begin = start + (APART if found and sort.endswith("half an hour apart") else 0)
        by = []
        for field in row.by:
            value = str(rng.choice(sorted(SHARES[field].keys() - taken)))
            taken.add(value)
            by.append((field, value))
        kind = world.way(int(rng.choice(seldom))) if row.kind else ""
        found.append(Fault(tuple(clusters), begin, begin + LASTS, tuple(by), kind, row.least))
    return tuple(found)


# ---------------------------------------------------------------- what happens


def _places() -> tuple[list[Where], list[dict[str, str]], np.ndarray[Any, Any]]:
    """Everything that calls can have, as such and by field, and the share of each."""
    rows = [dict(zip(SHARES, values, strict=True)) for values in product(*SHARES.values())]
    shares = [prod(SHARES[field][value] for field, value in row.items()) for row in rows]
    wheres = [
        Where(
            row["model"],
            prompt_version=row["prompt_version"],
            values=(("platform", row["platform"]),),
        )
        for row in rows
    ]
    return wheres, rows, np.array(shares)


def run(world: World, app: int, planted: Sequence[Plan]) -> list[Spike]:
    """What the learner's own class says of an app."""
    wheres, _, shares = _places()
    rng = np.random.default_rng([world.seed, app, 8])
    calls = rng.multinomial(world.calls[app], shares).tolist()
    faults = [fault for plan in planted if plan.app == app for fault in plan.faults]
    failures = [
        *_usual(world, app),
        *(bad for n, fault in enumerate(faults) for bad in _planted(world, app, n, fault)),
    ]
    passed = ({w: n for w, n in zip(wheres, row, strict=True) if n} for row in calls)
    return list(play(f"app{app}", failures, passed))


def _usual(world: World, app: int) -> Iterator[Bad]:
    wheres, _, shares = _places()
    for cluster in np.flatnonzero(world.app == app).tolist():
        at = times(world, cluster)
        rng = np.random.default_rng([world.seed, cluster, 3])
        places = rng.choice(len(wheres), len(at), p=shares)
        for n, (when, place) in enumerate(zip(at.tolist(), places.tolist(), strict=True)):
            yield _bad(when, f"{cluster}/{n}", cluster, wheres[place], world.way(cluster))


def _planted(world: World, app: int, number: int, fault: Fault) -> Iterator[Bad]:
    wheres, rows, shares = _places()
    inside = [all(row[field] == value for field, value in fault.by) for row in rows]
    shares = np.where(inside, shares, 0.0)
    for cluster in fault.clusters:
        rng = np.random.default_rng([world.seed, app, number, cluster, 4])
        usual = world.expected[cluster, fault.start : fault.end].mean()
        counts: Counts = np.zeros(fault.end, dtype=np.int64)
        more = max(GROWTH * usual, fault.least)
        counts[fault.start :] = rng.poisson(more, fault.end - fault.start)
        at = spread(counts, rng)
        places = rng.choice(len(wheres), len(at), p=shares / shares.sum())
        for n, (when, place) in enumerate(zip(at.tolist(), places.tolist(), strict=True)):
            name = f"{number}/{cluster}/{n}"
            kind = fault.kind or world.way(cluster)
            yield _bad(when, name, cluster, wheres[place], kind)


def _bad(minute: float, name: str, cluster: int, where: Where, kind: str) -> Bad:
    return Bad(START + 60.0 * minute, name, cluster, where, kind)


# ---------------------------------------------------------------- what came of it


class Told(NamedTuple):
    """What came of one plan."""

    sort: str
    incidents: int
    """That were opened from its beginning to an hour after its end."""
    wanted: int
    named: int
    """Of its causes, those that an incident has as its subject or in ``also``."""
    headline: int
    """Of its causes, those that an incident was last told by, of those that are about it."""
    joined: bool
    """Whether one incident is about both of two causes, by the last that is said of it."""
    delays: list[float]
    """Minutes from the beginning of each cause to the first alert that is about it."""


def judge(plan: Plan, spikes: Sequence[Spike]) -> Told:
    """Holds what was said of an app against a plan."""
    first = START + 60.0 * min(fault.start for fault in plan.faults)
    last = START + 60.0 * (max(fault.end for fault in plan.faults) + SETTLING)
    told = [spike for spike in spikes if first < spike.ts <= last and spike.state != "resolved"]
    opened = {_key(spike) for spike in told if spike.state != "escalated"}
    final = {_key(spike): spike for spike in told}
    abouts = []
    named = headline = 0
    delays = []
    for fault in plan.faults:
        began = START + 60.0 * fault.start
        about = [s for s in told if s.ts > began and _about(s) & fault.subjects]
        abouts.append({key for key, spike in final.items() if _about(spike) & fault.subjects})
        named += any(fault.subject in _about(spike) for spike in about)
        headline += fault.subject in {final[_key(spike)].subject for spike in about}
        delays.append((about[0].ts - began) / 60 if about else inf)
    joined = len(abouts) > 1 and bool(set.intersection(*abouts))
    return Told(plan.sort, len(opened), len(plan.faults), named, headline, joined, delays)


def _key(spike: Spike) -> str:
    return f"{spike.incident} {spike.since}"


def _about(spike: Spike) -> set[str]:
    return {spike.subject, *(hit.subject for hit in spike.others if hit.active)}


# ---------------------------------------------------------------- the figures


def bench_causes(seed: int, worlds: int, history: int, watched: int) -> dict[str, Any]:
    """Plants causes of every sort and counts what came of them.

    Args:
        seed: of the first world.
        worlds: how many, each of five apps.
        history: days without causes, before.
        watched: days with two causes a day and app.

    Returns:
        By sort: causes planted, the share of plans with exactly as many incidents as there were
        causes, mean incidents, shares of causes that were named and told by, of pairs that were
        joined, and the median delay in minutes; and the incidents that came at no cause's time.
    """
    found: list[Told] = []
    strays = 0
    for number in range(worlds):
        world = simulate(seed + number, history, watched, spikes=False)
        planted = plans(world)
        for app in range(APPS):
            spikes = run(world, app, planted)
            mine = [plan for plan in planted if plan.app == app]
            found += [judge(plan, spikes) for plan in mine]
            strays += _strays(world, mine, spikes)
    return {
        "plans": len(found),
        "weeks": round(worlds * watched / 7, 2),
        "strays": strays,
        "sorts": {name: _figures([t for t in found if t.sort == name]) for name in SORTS},
    }


def _strays(world: World, mine: Sequence[Plan], spikes: Sequence[Spike]) -> int:
    """Incidents that begin while nothing is planted."""
    on = np.zeros(world.minutes + SETTLING + 1, dtype=bool)
    for plan in mine:
        for fault in plan.faults:
            on[fault.start : fault.end + SETTLING + 1] = True
    opened = [s.ts for s in spikes if s.state in {"opened", "regressed"}]
    minutes = [int((ts - START) / 60) for ts in opened]
    return sum(minute > world.begin and not on[minute] for minute in minutes)


def _figures(told: Sequence[Told]) -> dict[str, Any]:
    causes = sum(row.wanted for row in told)
    pairs = any(row.wanted > 1 for row in told)
    delays = sorted(delay for row in told for delay in row.delays)
    middle = delays[len(delays) // 2] if delays else inf
    return {
        "causes": causes,
        "exact": _share(sum(row.incidents == row.wanted for row in told), len(told)),
        "incidents": _share(sum(row.incidents for row in told), causes),
        "named": _share(sum(row.named for row in told), causes),
        "told_by": _share(sum(row.headline for row in told), causes),
        "joined": _share(sum(row.joined for row in told), len(told)) if pairs else None,
        "median_delay": None if middle == inf else round(middle, 2),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def table(result: Mapping[str, Any]) -> str:
    """The figures as one table."""
    names = ("causes", "exact", "incidents", "named", "told_by", "joined", "median_delay")
    heads = ("causes", "exact", "each", "named", "told by", "joined", "median")
    lines = [f"{'':<50}" + "".join(f"{head:>9}" for head in heads)]
    for sort, row in result["sorts"].items():
        cells = (_cell(row[name]) for name in names)
        lines.append(f"  {sort:<48}" + "".join(f"{cell:>9}" for cell in cells))
    lines.append(f"incidents at no cause's time: {result['strays']} in {result['weeks']} weeks")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.2f}"
