"""Words of the report: numbers, shares, moments, durations, names."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from stream.report.rows import DAY, HOUR, ranked


def number(value: float) -> str:
    """A number with at most one decimal, as in ``1,234`` or ``0.5``."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def percent(share: float | None) -> str:
    """A share (0..1), as in ``71 %``; None is unknown."""
    return "unknown" if share is None else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def fine_percent(share: float) -> str:
    """A share (0..1) with a decimal, as in ``0.4 %``."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def count(number: int, what: str) -> str:
    """How many, as in ``1 call`` or ``1,234 calls``."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def moment(ts: float) -> str:
    """Seconds of the epoch, as in ``2026-01-31 09:05``, in UTC."""
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M}"


def spaced(name: str) -> str:
    """The name of a kind, reason or signal, as in ``factual error``."""
    return name.replace("_", " ")


def cut(text: str, limit: int) -> str:
    """A text as one line of at most ``limit`` characters."""
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def listed(numbers: Mapping[str, int]) -> str:
    """The four largest numbers by name, as in ``latency 12, user reported 3``."""
    return ", ".join(f"{spaced(name)} {n:,}" for name, n in ranked(numbers)[:4])


def arm(model: str, variant: str) -> str:
    """A model and its arm, if it has one."""
    return f"{model}, arm {variant}" if variant else model


def duration(days: float) -> str:
    """Days in the unit that fits, as in ``2 days``, ``3 h`` or ``25 min``."""
    if days >= 1:
        return f"{days:,.3g} {'day' if days == 1 else 'days'}"
    minutes = days * 1440
    return f"{minutes / 60:.3g} h" if minutes >= 90 else f"{5 * math.ceil(minutes / 5)} min"


def bucket(seconds: int) -> str:
    """How one point of a chart is spoken of, as in ``hour`` or ``6 hours``."""
    size, unit = (seconds // DAY, "day") if seconds >= DAY else (seconds // HOUR, "hour")
    return unit if size == 1 else f"{size} {unit}s"


def reach(value: float | None, interval: Sequence[float], form: Callable[[float], str]) -> str:
    """A value with its interval, as in ``71 % (64 % to 77 %)``."""
    if value is None:
        return "unknown"
    return f"{form(value)} ({form(interval[0])} to {form(interval[1])})"


def times(value: float) -> str:
    """A ratio, with the sign of multiplication."""
    return f"{value:.2f}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}"
