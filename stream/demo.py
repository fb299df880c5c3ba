"""``flywheel demo``: sample traffic with a bad deployment in it, and what the flywheel makes of it.

About a minute on one machine with no server to install: the embedded broker and Redis, a worker,
its metrics, a live view; then the report and the folder of outputs.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flywheel_stream.events import Alert
from flywheel_stream.learning import Fold
from stream.embedded import embedded_servers
from stream.process import InputFile, Progress, Result, Run, make_folder, run_settings
from stream.settings import Settings
from stream.simulator import demo_scenario, simulate

PACE = 120.0
"""Seconds of event time that pass in a second: an hour and a half in three quarters of a minute."""
SAMPLE_RATE = 0.1
LINE_SECONDS = 5.0
"""Seconds between two lines where there is no terminal."""
INPUTS = ("deployments", "logs", "feedback")


def demo(settings: Settings, *, out: Path, seed: int, once: bool) -> int:
    """Runs the demo; returns the exit status.

    Args:
        settings: the configuration; servers are the embedded ones whatever it says.
        out: a folder for inputs and outputs.
        seed: of the traffic.
        once: end by itself; else, on a terminal, the view and the metrics stay until Ctrl-C.

    Raises:
        ConfigError: the folder cannot be made.
        UnavailableError: an embedded server does not start.
    """
    files = write_traffic(out / "input", seed)
    console = Console()
    with embedded_servers() as servers, live_view(console) as show:
        told = well_sampled(told_apart(settings))
        run = Run(run_settings(told, servers), files, out, show, pace=PACE)
        if console.is_terminal and not once:
            asyncio.run(run.run(hold=lambda result: say_where_to_look(console, result)))
            return 0
        result = asyncio.run(run.run())
    say_where_to_look(console, result)
    return 0


def told_apart(settings: Settings) -> Settings:
    """Tells the sample traffic apart by attributes that it has, where none are set."""
    if settings.traffic_attributes or settings.sensitive_attributes:
        return settings
    update = {"traffic_attributes": ("platform",), "sensitive_attributes": ("locale",)}
    return settings.model_copy(update=update)


def well_sampled(settings: Settings) -> Settings:
    """Samples enough of so little traffic for a map of topics, unless told how much."""
    if "sample_rate" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"sample_rate": SAMPLE_RATE})


def write_traffic(folder: Path, seed: int) -> list[InputFile]:
    """Writes sample traffic as the files that ``process`` reads."""
    make_folder(folder)
    paths = {name: folder / f"{name}.jsonl" for name in INPUTS}
    files = {name: path.open("wb") for name, path in paths.items()}
    try:
        for event in simulate(demo_scenario(seed)):
            raw = event.raw if event.raw is not None else json.dumps(event.record).encode()
            files[event.input].write(raw + b"\n")
    finally:
        for file in files.values():
            file.close()
    return [InputFile(paths[name], rank) for rank, name in enumerate(INPUTS)]


# ---------------------------------------------------------------- the view


@contextmanager
def live_view(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A screen that changes on a terminal; the same as lines elsewhere."""
    if not console.is_terminal:
        yield Lines(sys.stdout.write)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield lambda progress: live.update(screen(progress))


def screen(progress: Progress) -> RenderableType:
    """The whole view; what a low terminal cuts off is the least urgent."""
    title = f"{progress.stage}: {progress.read} of {progress.total} records"
    return Group(
        Text(f"{title}   metrics: {progress.metrics_url}", style="bold"),
        Text(f"curated: {_examples(progress.folds)}"),
        satisfaction_table(progress.folds),
        *(alert_panel(alert) for alert in latest_alerts(progress.alerts)),
        cluster_table(progress.folds),
    )


def satisfaction_table(folds: list[Fold]) -> Table:
    """Satisfaction by app, model and arm."""
    table = Table("app", "model", "arm", "prompt", "calls", "judged", "satisfied", "up", "down")
    for fold in folds:
        for row in fold.picture().slices:
            share = "-" if row.recent is None else f"{100 * row.recent:.0f} %"
            numbers = (row.calls, row.judged, share, row.thumbs["up"], row.thumbs["down"])
            table.add_row(fold.app, *row.slice, *map(str, numbers))
    return table


def cluster_table(folds: list[Fold]) -> Table:
    """What goes wrong most."""
    table = Table("app", "cluster", "about", "state", "failures", "users", "kinds")
    for fold in folds:
        for cluster in fold.top_clusters(4):
            kinds = ", ".join(sorted(cluster.kinds, key=lambda k: -cluster.kinds[k])[:3])
            row = (cluster.id, cluster.label, cluster.state, cluster.size, cluster.users, kinds)
            table.add_row(fold.app, *map(str, row))
    return table


def alert_panel(alert: Alert) -> Panel:
    """An alert with what to do."""
    style = "green" if alert.state == "resolved" else "red"
    lines = [
        alert.why,
        *(f"{'NOW ' if a.now else ''}{a.intervention}: {a.why}" for a in alert.advice),
    ]
    title = Text(f"{alert.state}: {alert.title}")
    return Panel(Text("\n".join(lines)), title=title, border_style=style)


def latest_alerts(alerts: list[Alert]) -> list[Alert]:
    """The present state of the latest incidents."""
    states = {alert.incident: alert for alert in alerts}
    return list(states.values())[-3:]


class Lines:
    """The view as lines: each alert as it comes, and how things stand now and then."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._told = 0
        self._due = 0.0
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        """Tells what is new."""
        for alert in progress.alerts[self._told :]:
            self._tell_alert(alert)
        self._told = len(progress.alerts)
        now = time.monotonic()
        if progress.stage == self._stage and now < self._due:
            return
        self._stage, self._due = progress.stage, now + LINE_SECONDS
        self._line(f"{progress.stage}: {progress.read} of {progress.total} records")
        for fold in progress.folds:
            for row in fold.picture().slices:
                if row.recent is not None:
                    name = " ".join(filter(None, (fold.app, *row.slice)))
                    self._line(f"  {name}: {100 * row.recent:.0f} % satisfied")
        self._line(f"  curated: {_examples(progress.folds)}")

    def _tell_alert(self, alert: Alert) -> None:
        moment = datetime.fromtimestamp(alert.ts, UTC).strftime("%H:%M:%S")
        self._line(f"{moment} ALERT {alert.state}: {alert.title}. {alert.why}")
        for advice in alert.advice:
            self._line(f"    {'NOW ' if advice.now else ''}{advice.intervention}: {advice.why}")

    def _line(self, text: str) -> None:
        self._write(f"{text}\n")


def _examples(folds: list[Fold]) -> str:
    counts: dict[str, int] = {}
    for fold in folds:
        for name, number in fold.picture().examples.items():
            counts[name] = counts.get(name, 0) + number
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing yet"


def comparisons(summary: Mapping[str, Any]) -> list[str]:
    """What comparisons came to: verdicts on arms, changes of satisfaction, gaps between groups."""
    out = []
    for app, known in summary["apps"].items():
        sentences = [row["sentence"] for row in known["arms"] if row["verdict"] != "none"]
        for drift in known["drifts"]:
            arm = drift["model"] or f"arm {drift['variant']}"
            began = datetime.fromtimestamp(drift["began"], UTC).strftime("%H:%M")
            levels = f"from {100 * drift['before']:.0f} % to {100 * drift['after']:.0f} %"
            deployed = "; ".join(
                f"{d['what']} {d['version']} {d['action']}" for d in drift["deployments"]
            )
            sentences.append(
                f"satisfaction of {arm} went {levels} at {began} ({deployed or 'nothing deployed'})"
            )
        sentences += [finding for row in known["fairness"] for finding in row["findings"]]
        out += [f"{app}: {sentence}" for sentence in sentences]
    return out


def what_is_asked(summary: Mapping[str, Any]) -> list[str]:
    """The largest topics of each app with their shares, and what nobody asked about before."""
    out = []
    for app, known in summary["apps"].items():
        topics = known["topics"]
        shares = [f"{row['name']} {100 * row['share']:.0f} %" for row in topics["topics"][:4]]
        if shares:
            out.append(f"{app}: users ask about {'; '.join(shares)}")
        out += [f"{app}: nobody asked about before: {row['name']}" for row in topics["unseen"][:2]]
    return out


def what_is_liked(summary: Mapping[str, Any]) -> list[str]:
    """What users of each app were most pleased with, and why."""
    out = []
    for app, known in summary["apps"].items():
        liked = [
            f"{row['label']} ({row['size']}: {', '.join(list(row['reasons'])[:2])})"
            for row in known["top_successes"][:3]
        ]
        if liked:
            out.append(f"{app}: users are pleased with {'; '.join(liked)}")
    return out


def say_where_to_look(console: Console, result: Result) -> None:
    """The end: figures, and where the rest is."""
    summary = result.summary
    for line in (
        "",
        f"read {summary['read']} records in {summary['seconds']:.0f} s",
        "outcomes: " + ", ".join(f"{n} {name}" for name, n in summary["outcomes"].items()),
        *comparisons(summary),
        *what_is_asked(summary),
        *what_is_liked(summary),
        f"report:   {result.out / 'report.html'}",
        f"outputs:  {result.out}/*.jsonl",
    ):
        # As it is: a line may go to a file, and "[" is no markup in the name of a cluster.
        console.print(line, markup=False, soft_wrap=True)
