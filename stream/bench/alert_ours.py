"""What the learner's own class raises in simulated weeks."""

from collections.abc import Iterator

import numpy as np

from flywheel_stream.alerts import Spike
from flywheel_stream.margins import Where, described, is_margin
from stream.bench.alert_scores import Alarm
from stream.bench.alert_weeks import SETTLING, SHARE, START, Bad, World, play, times

MODELS = ("m1", "m2")


def ours(world: World) -> list[Alarm]:
    """The alerts of the learner's own class, app by app.

    An incident that opens counts for the cluster that it is told by. Clusters that it names besides,
    then or later, count for their spikes from when they are named.
    """
    found: list[Alarm] = []
    for app in range(len(world.calls)):
        named: set[tuple[str, str]] = set()
        for spike in run_app(world, app):
            found += _alarms(world, app, spike, named)
    return found


def _alarms(world: World, app: int, spike: Spike, named: set[tuple[str, str]]) -> Iterator[Alarm]:
    if spike.state == "resolved":
        named -= {row for row in named if row[0] == spike.incident}
        return
    at = (spike.ts - START) / 60
    clusters = [int(name) for name in spike.clusters()]
    planted = {s.cluster for s in world.spikes if s.start < at <= s.end + SETTLING}
    for cluster in clusters:
        fresh = (spike.incident, str(cluster)) not in named
        named.add((spike.incident, str(cluster)))
        if fresh and (cluster in planted or str(cluster) == spike.subject):
            yield Alarm(cluster, at, app)
    begins = spike.state != "escalated"
    if begins and is_margin(spike.subject) and not planted.intersection(clusters):
        kind = described(spike.subject).get("kind")
        if not any(world.app[c] == app and kind in {None, world.way(c)} for c in planted):
            yield Alarm(-1, at, app)


def run_app(world: World, app: int) -> Iterator[Spike]:
    """What the learner's own class says of an app."""
    return play(f"app{app}", _failures(world, app), _calls(world, app))


def _failures(world: World, app: int) -> Iterator[Bad]:
    for cluster in np.flatnonzero(world.app == app).tolist():
        rows = zip(times(world, cluster).tolist(), world.model(cluster).tolist(), strict=True)
        for n, (at, model) in enumerate(rows):
            where = Where(MODELS[model])
            yield Bad(START + 60.0 * at, f"{cluster}/{n}", cluster, where, world.way(cluster))


def _calls(world: World, app: int) -> Iterator[dict[Where, int]]:
    for calls in world.calls[app].tolist():
        second = round(SHARE * calls)
        yield {Where(MODELS[0]): calls - second, Where(MODELS[1]): second}
