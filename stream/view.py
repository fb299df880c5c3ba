"""What a person sees while files are processed: bars on a terminal, quiet lines otherwise."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from stream.process import Progress as Standing

QUIET_SECONDS = 10.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def progress_view() -> Iterator[Callable[[Standing], None]]:
    """Shows where a run stands, on stderr, so that stdout stays a program's."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def show(standing: Standing) -> None:
            bars.update(
                task,
                description=standing.stage,
                completed=standing.read,
                total=standing.total or None,
            )

        yield show


class _Lines:
    """A line for each new stage, and one now and then."""

    def __init__(self) -> None:
        self._stage = ""
        self._due = 0.0

    def __call__(self, standing: Standing) -> None:
        now = time.monotonic()
        if standing.stage == self._stage and now < self._due:
            return
        self._stage, self._due = standing.stage, now + QUIET_SECONDS
        print(f"{standing.stage}: {standing.read} of {standing.total} records", file=sys.stderr)
