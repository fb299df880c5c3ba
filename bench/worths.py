"""Prints what refined weights of implicit signals gain over the fixed table, and when they do not.

Run ``python -m bench.worths`` in the repository; all calls are drawn from seeds, nothing is read.
In each world a user is satisfied or not, and shows signals by chance. Some vote; of the others
who show a signal it is asked how near the truth each judgement comes (calibration).
"""

import math
import random
from collections.abc import Callable, Iterator, Mapping
from statistics import fmean
from typing import NamedTuple

from flywheel_stream.events import Interaction, Judged, Origin, Signal, SignalKind
from flywheel_stream.signals import judge
from flywheel_stream.worths import TABLE, Worths

SEEDS = range(20)
VERDICTS = (30, 100, 1_000, 5_000)
ASKED = 2_000
ANSWER = "The parcel left our warehouse on Monday and is with the carrier by now."
LITTLE, MUCH = ANSWER.replace("Monday", "Tuesday"), "It comes on Friday, I called them."
DAY = 86_400.0

Shown = list[tuple[SignalKind, str]]
Show = Callable[[random.Random, bool], Shown]


class World(NamedTuple):
    """Who is satisfied, which signals they show, and who votes."""

    name: str
    satisfied: float
    show: Show
    votes: tuple[float, float] = (0.2, 0.2)
    """Share of the unsatisfied, and of the satisfied, that gives a thumb."""


def _rates(odds: Mapping[SignalKind, float], often: float = 0.2) -> Show:
    """Signals whose presence has such log-odds, each shown by so many on average."""

    def show(rng: random.Random, happy: bool) -> Shown:  # noqa: FBT001 - who it is
        out: Shown = []
        for kind, weight in odds.items():
            share = 2 * often / (1 + math.exp(-weight if happy else weight))
            if rng.random() < share:
                out.append((kind, ""))
        return out

    return show


_AS_TOLD: Mapping[SignalKind, float] = {
    "copy": TABLE["copy"],
    "regenerate": TABLE["regenerate"],
    "rephrase": TABLE["rephrase"],
    "abandon": TABLE["abandon"],
}


def _together(rng: random.Random, happy: bool) -> Shown:  # noqa: FBT001 - who it is
    """Whoever regenerates also rephrases and leaves: one sign, told three times."""
    out = [one for one in _rates(_AS_TOLD)(rng, happy) if one[0] in {"copy", "regenerate"}]
    again: Shown = [("rephrase", ""), ("abandon", "")]
    return [*out, *again] if ("regenerate", "") in out else out


def _editing(rng: random.Random, happy: bool) -> Shown:  # noqa: FBT001 - who it is
    """Who is content changes a word before sending, who is not writes it anew."""
    if rng.random() < 0.7:
        return []
    return [("edit", LITTLE if rng.random() < (0.8 if happy else 0.2) else MUCH)]


WORLDS = (
    World("as the table says", 0.5, _rates(_AS_TOLD)),
    World("copies say nothing", 0.5, _rates({**_AS_TOLD, "copy": 0.0})),
    World("copies say nothing, 80 % are satisfied", 0.8, _rates({**_AS_TOLD, "copy": 0.0})),
    World("copies are bad", 0.5, _rates({**_AS_TOLD, "copy": -1.2})),
    World("signs come together", 0.5, _together),
    World("small edits are praise", 0.7, _editing),
    World(
        "copies say nothing, the unsatisfied vote three times as often",
        0.7,
        _rates({**_AS_TOLD, "copy": 0.0}),
        (0.3, 0.1),
    ),
)


def _calls(world: World, rng: random.Random) -> Iterator[tuple[bool, Shown]]:
    while True:
        happy = rng.random() < world.satisfied
        yield happy, world.show(rng, happy)


def _judged(number: int, shown: Shown, thumb: str = "") -> Judged:
    trace, ts = f"t{number}", 10.0 * number
    signals = [
        Signal(trace_id=trace, ts=ts, kind=kind, correction=text, id=f"{place}")
        for place, (kind, text) in enumerate(shown)
    ]
    if thumb:
        signals.append(Signal(trace_id=trace, ts=ts, kind="thumb", value=thumb, id="thumb"))
    origin = Origin("llm.logs", 0, number)
    call = Interaction(
        trace_id=trace,
        ts=ts,
        app="a",
        model="m",
        prompt="Where is my parcel?",
        response=ANSWER,
        pii={},
        checks=[],
        fingerprint=trace,
        seen=1,
        origin=origin,
    )
    satisfied, uncertainty = judge([], signals)
    return Judged(
        origin=origin,
        trace_id=trace,
        ts=ts,
        app="a",
        revision=len(signals),
        why="signal",
        interaction=call,
        signals=signals,
        satisfied=satisfied,
        uncertainty=uncertainty,
    )


class Score(NamedTuple):
    """Means over the calls that were asked about."""

    brier: float
    log_loss: float


def _score(told: list[tuple[float, bool]]) -> Score:
    return Score(
        fmean((said - happy) ** 2 for said, happy in told),
        fmean(-math.log(said if happy else 1.0 - said) for said, happy in told),
    )


class Run(NamedTuple):
    """One world, one seed: what the table and what the refined weights come to."""

    table: Score
    refined: Score
    weights: dict[str, float]


def run(world: World, seed: int, verdicts: int) -> Run:
    """Learns from so many verdicts, then asks about calls without one."""
    rng = random.Random(f"{world.name}/{seed}")
    known, number, voted = Worths(DAY), 0, 0
    calls = _calls(world, rng)
    while voted < verdicts:
        happy, shown = next(calls)
        if rng.random() < world.votes[happy]:
            voted += 1
            known.take(_judged(number, shown, "up" if happy else "down"), 10.0 * number)
        number += 1
    table: list[tuple[float, bool]] = []
    refined: list[tuple[float, bool]] = []
    while len(table) < ASKED:
        happy, shown = next(calls)
        number += 1
        if shown and rng.random() >= world.votes[happy]:
            record = _judged(number, shown)
            table.append((record.satisfied, happy))
            refined.append((known.take(record, record.ts).satisfied, happy))
    weights = {row.signal: row.weight for row in known.picture(10.0 * number).signals}
    return Run(_score(table), _score(refined), weights)


def main() -> None:
    """Prints the table."""
    print("| world | verdicts | Brier: table | refined | log loss: table | refined | weights |")
    print("|---|---|---|---|---|---|---|")
    for world in WORLDS:
        for verdicts in VERDICTS:
            runs = [run(world, seed, verdicts) for seed in SEEDS]
            scores = [
                fmean(getattr(getattr(one, which), what) for one in runs)
                for what in ("brier", "log_loss")
                for which in ("table", "refined")
            ]
            names = sorted({name for one in runs for name in one.weights})
            weights = ", ".join(
                f"{name} {fmean(one.weights.get(name, TABLE[name]) for one in runs):+.2f}"
                for name in names
            )
            figures = " | ".join(f"{score:.3f}" for score in scores)
            print(f"| {world.name} | {verdicts:,} | {figures} | {weights} |")


if __name__ == "__main__":
    main()
