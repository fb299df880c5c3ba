"""``report.html``: what a run found, as one file that opens from disk, for a busy person to read.

No script and no network, which its content security policy also forbids: charts are inline SVG
and plain boxes with a table behind each. Whatever is not ``Html`` is escaped where it meets
markup. The outputs of the run are read line by line; lists are cut, and say by how much.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from flywheel_stream.events import (
    Advice,
    Alert,
    DeadLetter,
    Example,
    Failure,
    decode_alert,
    decode_example,
)
from flywheel_stream.telling import sure

MOST_ROWS = 20
"""Rows of a list that are shown; the rest is a number."""
MOST_APPS = 6
"""Apps with a chart of their own."""
MOST_LINES = 6
"""Lines in one chart: as many as there are colours that are told apart."""
MOST_KEYS = 1_000
"""Different things that are counted; beyond, they share one row."""
MOST_BUCKETS = 120
"""Points in time in one chart; hours are put together until they fit."""
FEW = 10
"""Fewer judged calls make a mean that is drawn as uncertain."""

GAP = 2.0
"""Between two columns."""

THUMBS = ("up", "middle", "down")
HOUR, DAY = 3600, 86_400

T = TypeVar("T")


def write_report(out: Path, summary: dict[str, Any], hours: list[dict[str, Any]]) -> Path:
    """Writes ``report.html`` into a run's folder.

    Args:
        out: the folder, with the run's outputs already in it; an absent file counts as empty.
        summary: as in ``summary.json``.
        hours: by app, slice and hour (its start, seconds of the epoch): ``calls``, ``judged``,
            ``satisfied`` (0..1, or None where nothing was judged) and ``thumbs``.

    Returns:
        The path of the report.
    """
    incidents = _incidents(_records(out / "alerts.jsonl", decode_alert))
    failures = _Failures.read(_records(out / "failures.jsonl", _decode_failure), summary)
    curated = _Curated.read(_records(out / "curated.jsonl", decode_example))
    dead = _dead_letters(_records(out / "dead-letters.jsonl", _decode_dead_letter))
    sections = {
        "Incidents": _incident_section(incidents, hours),
        "Satisfaction": _satisfaction_section(hours, incidents),
        "Thumbs": _thumbs_section(summary),
        "Who votes": _votes_section(summary),
        "What signals are worth": _worth_section(summary),
        "Changes of satisfaction": _drift_section(summary, hours),
        "Arms": _arms_section(summary),
        "Fairness": _fairness_section(summary),
        "What users ask": _topic_section(summary),
        "What goes wrong": _failure_section(failures, summary, hours),
        "What is good": _success_section(summary),
        "Personal data replaced": _scrubbed_section(summary),
        "What was left out": _dropped_section(summary, dead),
        "What was curated": _curated_section(curated),
        "Traffic": _traffic_section(hours),
    }
    body = [_header(summary, hours, incidents), _el("nav", *map(_link, sections))]
    body += (
        _el("section", _el("h2", title), content, id=_anchor(title))
        for title, content in sections.items()
    )
    body.append(_footer(summary, curated.versions))
    path = out / "report.html"
    path.write_text(_page(_join(body)), encoding="utf-8", errors="replace")
    return path


# ---------------------------------------------------------------- markup


class Html(str):
    """Markup, which is passed on as it is; any other value is text, and escaped."""

    __slots__ = ()


def _join(parts: Iterable[object]) -> Html:
    return Html("".join(part if isinstance(part, Html) else escape(str(part)) for part in parts))


def _el(name: str, *content: object, **attributes: object) -> Html:
    """An element; a trailing ``_`` of an attribute's name is dropped, others become ``-``."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{told}>{_join(content)}</{name}>")


def _page(body: Html) -> str:
    style = files("stream").joinpath("report_assets/report.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>flywheel report</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _link(title: str) -> Html:
    return _el("a", title, href=f"#{_anchor(title)}")


def _soft(*content: object) -> Html:
    return _el("p", *content, class_="soft")


def _quote(text: str, limit: int = 240) -> Html:
    """A text of a user or a model; ``dir`` lets each keep its direction of writing."""
    return _el("blockquote", _cut(text, limit), dir="auto")


def _more(number: int, what: str = "more") -> Html:
    return _soft(f"and {number:,} {what}") if number > 0 else Html()


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], limit: int = MOST_ROWS) -> Html:
    """A table whose numbers stand right; the first ``limit`` rows, and how many are left."""
    if not rows:
        return _soft("None.")
    numeric = [isinstance(cell, int | float) for cell in rows[0]]
    titles = (
        _el("th", title, scope="col", class_="n" if right else "t")
        for title, right in zip(head, numeric, strict=True)
    )
    body = (
        _el(
            "tr",
            *(
                _el("td", _number(cell), class_="n")
                if isinstance(cell, int | float)
                else _el("td", cell)
                for cell in row
            ),
        )
        for row in rows[:limit]
    )
    table = _el("table", _el("thead", _el("tr", *titles)), _el("tbody", *body))
    return _join((_el("div", table, class_="scroll"), _more(len(rows) - limit)))


def _figure(chart: Html, caption: str, legend: Sequence[tuple[str, str]], table: Html) -> Html:
    """A chart with its legend of (class, name), its caption, and the table behind it."""
    marks = (_el("li", _el("i", class_=css), name) for css, name in legend)
    return _join(
        (
            _el(
                "figure",
                chart,
                _el("ul", *marks, class_="legend") if legend else "",
                _el("figcaption", caption),
            ),
            _el("details", _el("summary", "The numbers"), table),
        )
    )


# ---------------------------------------------------------------- words


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _moment(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cut(text: str, limit: int) -> str:
    line = " ".join(text[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _arm(model: str, variant: str) -> str:
    return f"{model}, arm {variant}" if variant else model


def _duration(days: float) -> str:
    if days >= 1:
        return f"{days:,.3g} {'day' if days == 1 else 'days'}"
    minutes = days * 1440
    return f"{minutes / 60:.3g} h" if minutes >= 90 else f"{5 * math.ceil(minutes / 5)} min"


def _price(advice: Advice) -> str:
    cost = f"${advice.cost:,.0f}" if advice.cost else "no cost"
    return f"{_duration(advice.days)}, {cost}" if advice.days else cost


# ---------------------------------------------------------------- input


_decode_failure: Callable[[bytes], Failure] = msgspec.json.Decoder(Failure).decode
_decode_dead_letter: Callable[[bytes], DeadLetter] = msgspec.json.Decoder(DeadLetter).decode


def _records(path: Path, decode: Callable[[bytes], T]) -> Iterator[T]:
    if path.exists():
        with path.open("rb") as file:
            yield from map(decode, file)


def _add(counts: Counter[tuple[str, ...]], key: tuple[str, ...]) -> None:
    """Counts, and keeps the number of different keys in bounds."""
    if key not in counts and len(counts) >= MOST_KEYS:
        key = ("other",) * len(key)
    counts[key] += 1


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))


def _slices(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """Rows by model and arm, prompt versions together."""
    out: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        out.setdefault((row["model"], row["variant"]), []).append(row)
    return out


def _apps(hours: Sequence[Mapping[str, Any]]) -> list[str]:
    """Apps, the busiest first."""
    calls: Counter[str] = Counter()
    for row in hours:
        calls[row["app"]] += row["calls"]
    return [app for app, _ in _ranked(calls)]


# ---------------------------------------------------------------- charts


WIDTH, LEFT, RIGHT, TOP, BOTTOM = 860, 52, 34, 10, 42
PLOT_HEIGHT = 200

TICK_STEPS = tuple(
    [900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR]
    + [days * DAY for days in (1, 2, 7, 14, 30, 91, 182, 365)]
)
BUCKETS = tuple(HOUR * n for n in (1, 2, 3, 6, 12, 24, 48, 168, 720, 8760))


class Frame(NamedTuple):
    """A plot's range of time (seconds of the epoch), the value at its upper edge, its size."""

    first: float
    last: float
    top: float = 1.0
    height: float = PLOT_HEIGHT
    bucket: int = HOUR
    """Seconds that go into one point."""

    def x(self, ts: float) -> float:
        """Where a moment lies, in the SVG's units."""
        share = (ts - self.first) / (self.last - self.first)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(share, 0.0), 1.0)

    def y(self, value: float) -> float:
        """Where a value lies, in the SVG's units."""
        return TOP + self.height * (1 - min(value / self.top, 1.0))

    def ticks(self) -> list[float]:
        """Round moments, at most eight."""
        step = next((s for s in TICK_STEPS if (self.last - self.first) / s <= 7), None)
        if step is None:
            years = 365 * DAY
            step = years * math.ceil((self.last - self.first) / years / 7)
        start = math.ceil(self.first / step)
        return [float(n * step) for n in range(start, math.floor(self.last / step) + 1)]


def _frame(hours: Sequence[Mapping[str, Any]]) -> Frame:
    """The range of time of a run, in buckets few enough to be told apart."""
    first = min(row["hour"] for row in hours)
    last = max(row["hour"] for row in hours) + HOUR
    bucket = next((b for b in BUCKETS if (last - first) / b <= MOST_BUCKETS), BUCKETS[-1])
    first = math.floor(first / bucket) * bucket
    last = math.ceil(last / bucket) * bucket
    return Frame(float(first), float(last), bucket=bucket)


def _bucket_words(bucket: int) -> str:
    """How one point of a chart is spoken of."""
    size, unit = (bucket // DAY, "day") if bucket >= DAY else (bucket // HOUR, "hour")
    return unit if size == 1 else f"{size} {unit}s"


def _time_axis(frame: Frame) -> Html:
    """Ticks in real time, with the date (or the year) below where it changes."""
    ticks = frame.ticks()
    step = ticks[1] - ticks[0] if len(ticks) > 1 else HOUR
    below = TOP + frame.height
    parts, told = [], ""
    for ts in ticks:
        at = datetime.fromtimestamp(ts, UTC)
        upper, lower = (
            (f"{at:%H:%M}", f"{at.day} {at:%b %Y}")
            if step < DAY
            else (f"{at.day} {at:%b}", f"{at:%Y}")
        )
        x = f"{frame.x(ts):.1f}"
        parts.append(
            _el("line", class_="grid", x1=x, x2=x, y1=f"{below:.0f}", y2=f"{below + 4:.0f}")
        )
        parts.append(_label(x, below + 18, upper, "middle"))
        if lower != told:
            parts.append(_label(x, below + 34, lower, "middle"))
            told = lower
    return _join(parts)


def _label(x: object, y: float, text: str, anchor: str = "start", css: str = "soft") -> Html:
    return _el("text", text, x=x, y=f"{y:.1f}", text_anchor=anchor, class_=css)


def _value_axis(frame: Frame, form: Callable[[float], str]) -> Html:
    parts = []
    for step in range(5):
        value = frame.top * step / 4
        y = frame.y(value)
        at = f"{y:.1f}"
        parts.append(_el("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at))
        parts.append(_label(LEFT - 7, y + 4, form(value), "end"))
    return _join(parts)


def _svg(height: float, title: str, *parts: Html) -> Html:
    drawing = _el("svg", *parts, viewBox=f"0 0 {WIDTH} {height:.0f}", role="img", aria_label=title)
    return _el("div", drawing, class_="scroll")


def _plot(frame: Frame, title: str, form: Callable[[float], str], *parts: Html) -> Html:
    height = TOP + frame.height + BOTTOM
    return _svg(height, title, _value_axis(frame, form), _time_axis(frame), *parts)


def _rect(css: str, title: str, *, x: float, y: float, width: float, height: float) -> Html:
    """A box with a hover title, never too narrow to be seen."""
    return _el(
        "rect",
        _el("title", title),
        class_=css,
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        width=f"{max(width, 1.0):.1f}",
        height=f"{height:.1f}",
    )


class Point(NamedTuple):
    """A mean over one bucket of time, and of how many it is one."""

    ts: float
    value: float
    number: int


def _runs(points: Sequence[Point], bucket: int) -> Iterator[list[Point]]:
    """Stretches without a gap: where nothing was judged, nothing is known, nothing is drawn."""
    run: list[Point] = []
    for point in points:
        if run and point.ts - run[-1].ts > bucket:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _line(frame: Frame, points: Sequence[Point], css: str, name: str) -> Html:
    """One line of means, each in the middle of its bucket."""
    parts = []
    radius = 3.5 if len(points) <= 48 else 2
    for run in _runs(points, frame.bucket):
        places = [(frame.x(p.ts + frame.bucket / 2), frame.y(p.value)) for p in run]
        parts.append(_el("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places)))
        for point, (x, y) in zip(run, places, strict=True):
            title = f"{name}, {_moment(point.ts)}: {_percent(point.value)} of {point.number:,}"
            parts.append(
                _el(
                    "circle",
                    _el("title", title),
                    class_="few" if point.number < FEW else "enough",
                    cx=f"{x:.1f}",
                    cy=f"{y:.1f}",
                    r=radius,
                )
            )
    return _el("g", *parts, class_=css)


class Bar(NamedTuple):
    """A row of a bar chart: parts of (class, name, number), and what stands at its end."""

    name: str
    parts: Sequence[tuple[str, str, int]]
    told: str


def _bar(name: str, number: int) -> Bar:
    return Bar(name, [("plain", name, number)], _number(number))


def _bars(rows: Sequence[Bar], *, whole: bool = False) -> Html:
    """Horizontal bars as boxes, which fit a phone; ``whole``: each row is 100 %."""
    sums = [sum(number for *_, number in row.parts) for row in rows]
    most = max(sums, default=0)
    cells: list[Html] = []
    for row, total in zip(rows, sums, strict=True):
        scale = (total if whole else most) or 1
        boxes = (
            _el(
                "i",
                class_=css,
                title=f"{name}: {number:,}",
                style=f"width:{100 * number / scale:.2f}%",
            )
            for css, name, number in row.parts
            if number
        )
        cells += (
            _el("span", row.name),
            _el("span", *boxes, class_="track whole" if whole else "track", aria_hidden="true"),
            _el("span", row.told, class_="n"),
        )
    return _el("div", *cells, class_="bars")


def _simple_bars(rows: Sequence[tuple[str, int]], caption: str, head: tuple[str, str]) -> Html:
    if not rows:
        return _soft("None.")
    bars = _bars([_bar(_words(name), number) for name, number in rows[:MOST_ROWS]])
    chart = _join((bars, _more(len(rows) - MOST_ROWS)))
    return _figure(chart, caption, (), _table(head, rows, MOST_KEYS))


# ---------------------------------------------------------------- header


def _header(
    summary: Mapping[str, Any], hours: Sequence[Mapping[str, Any]], incidents: Sequence["Incident"]
) -> Html:
    outcomes: Mapping[str, int] = summary["outcomes"]
    lines = summary.get("lines", {})
    left_out = outcomes.get("dead_letter", 0) + sum(
        number for reasons in summary.get("rejected", {}).values() for number in reasons.values()
    )
    happy, judged = _mean(hours)
    still_open = sum(incident.open for incident in incidents)
    cards: tuple[tuple[int | str, str, str], ...] = (
        (summary["read"], "records read", f"{_number(summary.get('records_per_second', 0))} a second"),
        (outcomes.get("fresh", 0) + outcomes.get("duplicate", 0), "calls", _count(outcomes.get("duplicate", 0), "duplicate")),
        ("unknown" if happy is None else _percent(happy), "satisfied", f"of {_count(judged, 'judged call')}"),
        (lines.get("failures.jsonl", 0), "failures", f"{_count(outcomes.get('joined', 0), 'signal')} joined"),
        (lines.get("alerts.jsonl", 0), "alerts", f"{_count(len(incidents), 'incident')}, {still_open:,} open"),
        (lines.get("curated.jsonl", 0), "training examples", "curated, scrubbed"),
        (sum(summary.get("pii", {}).values()), "personal data replaced", f"of {_count(len(summary.get('pii', {})), 'type')}"),
        (left_out, "left out", _count(outcomes.get("dead_letter", 0), "dead letter")),
    )  # fmt: skip
    figures = (
        _el("div", _el("b", n if isinstance(n, str) else f"{n:,}"), name, _el("small", small))
        for n, name, small in cards
    )
    return _el(
        "header",
        _el("h1", "What the traffic says"),
        _soft(_period(hours)),
        _verdict(summary),
        _el("div", *figures, class_="figures"),
    )


def _period(hours: Sequence[Mapping[str, Any]]) -> str:
    if not hours:
        return "No call was counted."
    first, last = min(row["hour"] for row in hours), max(row["hour"] for row in hours)
    apps = _apps(hours)
    shown = ", ".join(apps[:MOST_APPS]) + (", …" if len(apps) > MOST_APPS else "")
    return f"{_moment(first)} to {_moment(last + HOUR)} UTC · {_count(len(apps), 'app')}: {shown}"


def _verdict(summary: Mapping[str, Any]) -> Html:
    """Whether each record that was read has exactly one outcome."""
    outcomes: Mapping[str, int] = summary["outcomes"]
    read, told = summary["read"], sum(outcomes.values())
    verdict = (
        "Every record read is accounted for."
        if read == told
        else f"Not accounted for: {read:,} records read, {told:,} outcomes. Please report it."
    )
    listed = " + ".join(f"{number:,} {_words(name)}" for name, number in _ranked(outcomes))
    rows = [
        (source, _words(name), number)
        for source, found in summary.get("outcomes_by_input", {}).items()
        for name, number in _ranked(found)
    ]
    table = _table(("input", "outcome", "records"), rows, MOST_KEYS)
    return _el(
        "div",
        _el("b", verdict),
        _soft(f"{read:,} read; {listed or 'no outcome'}"),
        _el("details", _el("summary", "By input"), table) if rows else "",
        class_="verdict" if read == told else "verdict broken",
    )


def _mean(hours: Iterable[Mapping[str, Any]]) -> tuple[float | None, int]:
    """Mean satisfaction over judged calls, and how many these are."""
    happy, judged = 0.0, 0
    for row in hours:
        if row["satisfied"] is not None and row["judged"]:
            happy += row["satisfied"] * row["judged"]
            judged += row["judged"]
    return (happy / judged if judged else None), judged


# ---------------------------------------------------------------- incidents


@dataclass
class Incident:
    """What the alerts say about one incident, in their order."""

    last: Alert
    told: Alert
    """The latest alert with advice, else the latest."""
    peak: float = 0.0
    urgency: float = 0.0
    spans: list[tuple[float, float | None]] = field(default_factory=list)
    """When it was on: since, and until; None: still."""
    history: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it goes on."""
        return self.last.state != "resolved"

    def add(self, alert: Alert) -> None:
        """Takes the next alert in."""
        self.last = alert
        if alert.advice or not self.told.advice:
            self.told = alert
        self.peak = max(self.peak, alert.rate)
        self.urgency = max(self.urgency, alert.urgency)
        self.history.append((alert.ts, alert.state, alert.why))
        going = bool(self.spans) and self.spans[-1][1] is None
        if alert.state == "resolved":
            start = self.spans.pop()[0] if going else alert.since
            self.spans.append((start, alert.ts))
        elif not going:
            again = bool(self.spans) and alert.since <= (self.spans[-1][1] or 0.0)
            self.spans.append((alert.ts if again else alert.since, None))


def _incidents(alerts: Iterable[Alert]) -> list[Incident]:
    """Incidents: open ones first, then by urgency and time."""
    found: dict[str, Incident] = {}
    for alert in alerts:
        found.setdefault(alert.incident, Incident(alert, alert)).add(alert)
    return sorted(
        found.values(), key=lambda i: (not i.open, -i.urgency, i.spans[0][0], i.last.incident)
    )


def _incident_section(incidents: Sequence[Incident], hours: Sequence[Mapping[str, Any]]) -> Html:
    if not incidents:
        return _soft("No cluster of failures and no metric rose above its usual rate.")
    shown = incidents[:MOST_ROWS]
    cards = (_incident(number, incident) for number, incident in enumerate(shown, 1))
    return _join(
        (_timeline(shown, hours), *cards, _more(len(incidents) - MOST_ROWS, "more incidents"))
    )


def _timeline(incidents: Sequence[Incident], hours: Sequence[Mapping[str, Any]]) -> Html:
    """One row an incident: its name, and below it when it was on."""
    moments = [at for i in incidents for span in i.spans for at in span if at is not None]
    moments += [at for row in hours for at in (row["hour"], row["hour"] + HOUR)]
    last = max(*moments, *(i.last.ts for i in incidents))
    row_height = 36
    frame = Frame(min(moments), max(last, min(moments) + HOUR), height=row_height * len(incidents))
    parts, rows = [_time_axis(frame)], []
    for place, incident in enumerate(incidents):
        y = TOP + row_height * place
        name = f"{place + 1} · {_cut(incident.last.title, 88)}"
        text = _label(LEFT, y + 12, name, css="name")
        parts.append(_el("a", text, href=f"#incident-{place + 1}"))
        for start, end in incident.spans:
            css, until = ("goes-on", "") if end is None else ("resolved", _moment(end))
            x = frame.x(start)
            title = f"from {_moment(start)} to {until or 'the end'} UTC"
            parts.append(
                _rect(css, title, x=x, y=y + 18, width=frame.x(end or frame.last) - x, height=9)
            )
            rows.append((name, _moment(start), until or "goes on"))
    chart = _svg(TOP + frame.height + BOTTOM, "When incidents began and ended", *parts)
    legend = [("goes-on", "goes on"), ("resolved", "resolved")]
    caption = "When each incident was on; times are UTC. It is shown from the moment it began, which is before it was noticed."
    table = _table(("incident", "from", "to"), rows, MOST_KEYS)
    return _figure(chart, caption, legend, table)


def _incident(number: int, incident: Incident) -> Html:
    last, told = incident.last, incident.told
    facts = [
        f"urgency {_percent(incident.urgency)}",
        f"began {_moment(incident.spans[-1][0])} UTC",
        _count(max(last.users, told.users), "user"),
        f"up to {incident.peak:,.1f} failures an hour, usual {told.baseline:,.1f}",
        f"{sure(told.confidence)} sure".replace(" %", "\N{NO-BREAK SPACE}%"),
    ]
    models = ", ".join(f"{_arm(m.model, m.variant)}: {m.rate:,.1f} an hour" for m in told.models)
    return _el(
        "article",
        _el("h3", f"{number} · {last.title} ", _el("span", last.state, class_="badge")),
        _soft(" · ".join(facts)),
        _el("p", told.why),
        _soft(f"Hit: {models}") if models else "",
        _advice(told.advice, still=incident.open),
        _exemplars(told),
        _history(incident.history),
        id=f"incident-{number}",
        class_="incident open" if incident.open else "incident closed",
    )


def _advice(advice: Sequence[Advice], *, still: bool) -> Html:
    """What fits, best first; once the incident is over nothing is to be done now."""
    rows = (
        _el(
            "li",
            *((_el("span", "NOW", class_="now"), " ") if row.now and still else ()),
            _el("b", _words(row.intervention)),
            f" ({_price(row)}): {row.why}",
        )
        for row in advice
    )
    title = "What to do" if still else "What was advised"
    return _join((_el("h4", title), _el("ul", *rows))) if advice else Html()


def _exemplars(alert: Alert) -> Html:
    if not alert.exemplars:
        return Html()
    shown = (_quote(row.excerpt) for row in alert.exemplars[:3])
    return _join((_el("h4", "For example"), *shown, _more(len(alert.exemplars) - 3)))


def _history(history: Sequence[tuple[float, str, str]]) -> Html:
    rows = (_el("li", f"{_moment(ts)} UTC, {state}: {why}") for ts, state, why in history[-8:])
    earlier = _more(len(history) - 8, "earlier changes")
    return _el("details", _el("summary", "How it went"), _el("ol", *rows), earlier)


# ---------------------------------------------------------------- satisfaction


def _satisfaction_section(
    hours: Sequence[Mapping[str, Any]], incidents: Sequence[Incident]
) -> Html:
    judged = [row for row in hours if row["satisfied"] is not None and row["judged"]]
    if not judged:
        return _soft("Nothing was judged: no feedback joined, and no check spoke.")
    frame = _frame(hours)
    apps = _apps(judged)
    order = [key for key, _ in _by_judged(judged)]
    charts = (
        _app_satisfaction(
            app,
            [row for row in judged if row["app"] == app],
            [i for i in incidents if i.last.app == app][:MOST_ROWS],
            frame,
            order,
        )
        for app in apps[:MOST_APPS]
    )
    return _join((*charts, _more(len(apps) - MOST_APPS, "more apps")))


def _app_satisfaction(
    app: str,
    rows: Sequence[Mapping[str, Any]],
    incidents: Sequence[Incident],
    frame: Frame,
    order: Sequence[tuple[str, str]],
) -> Html:
    slices = _by_judged(rows)
    colours = _colours([key for key, _ in slices[:MOST_LINES]], order)
    lines, legend, table = [], [], []
    for key, found in slices:
        name, points = _arm(*key), _points(found, frame.bucket)
        table += [(_moment(p.ts), name, p.number, _percent(p.value)) for p in points]
        if css := colours.get(key):
            mean, number = _mean(found)
            legend.append((css, f"{name}: {_percent(mean or 0)} of {number:,}"))
            lines.append(_line(frame, points, css, name))
    bands = (_incident_band(frame, i, *span) for i in incidents for span in i.spans)
    caption = (
        f"Mean probability that the user was satisfied, by {_bucket_words(frame.bucket)} (UTC) and of how"
        f" many judged calls; a gap where nothing was judged, hollow where fewer than {FEW} were."
    )
    if incidents:
        caption += " Shaded: incidents."
    if len(slices) > MOST_LINES:
        caption += f" The {MOST_LINES} most judged of {len(slices):,}; all are in the table."
    chart = _plot(frame, f"Satisfaction over time, {app}", _percent, *bands, *lines)
    head = ("from (UTC)", "model and arm", "judged", "satisfied")
    return _join(
        (_el("h3", app), _figure(chart, caption, legend, _table(head, sorted(table), MOST_KEYS)))
    )


def _by_judged(
    rows: Iterable[Mapping[str, Any]],
) -> list[tuple[tuple[str, str], list[Mapping[str, Any]]]]:
    """Models and arms with their rows, the most judged first."""
    return sorted(_slices(rows).items(), key=lambda s: (-_mean(s[1])[1], s[0]))


def _colours(
    shown: Sequence[tuple[str, str]], order: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """A colour each, the same in the charts of all apps as far as they last."""
    free = list(range(MOST_LINES))
    out = {}
    for key in sorted(shown, key=order.index):
        wanted = order.index(key) % MOST_LINES
        place = wanted if wanted in free else free[0]
        free.remove(place)
        out[key] = f"c{place}"
    return out


def _incident_band(frame: Frame, incident: Incident, start: float, end: float | None) -> Html:
    """The stretch of time of an incident, behind a plot's lines."""
    x, until = frame.x(start), frame.x(end or frame.last)
    title = incident.last.title
    return _rect("band", title, x=x, y=TOP, width=until - x, height=frame.height)


def _points(rows: Iterable[Mapping[str, Any]], bucket: int) -> list[Point]:
    """Means by bucket of time, weighted by how many were judged."""
    buckets: dict[float, list[Mapping[str, Any]]] = {}
    for row in rows:
        buckets.setdefault(row["hour"] // bucket * bucket, []).append(row)
    means = ((ts, *_mean(found)) for ts, found in sorted(buckets.items()))
    return [Point(ts, mean, number) for ts, mean, number in means if mean is not None]


def _thumbs_section(summary: Mapping[str, Any]) -> Html:
    found: list[tuple[str, list[int]]] = []
    for app, known in summary.get("apps", {}).items():
        for key, rows in _slices(known.get("slices", ())).items():
            counts = [sum(row["thumbs"].get(thumb, 0) for row in rows) for thumb in THUMBS]
            if any(counts):
                found.append((f"{app} · {_arm(*key)}", counts))
    if not found:
        return _soft("Nobody gave a thumb or a rating.")
    found.sort(key=lambda row: (-sum(row[1]), row[0]))
    bars = [
        Bar(
            name,
            list(zip(THUMBS, THUMBS, counts, strict=True)),
            " / ".join(f"{n:,}" for n in counts),
        )
        for name, counts in found[:MOST_ROWS]
    ]
    chart = _join((_bars(bars, whole=True), _more(len(found) - MOST_ROWS)))
    table = _table(
        ("app, model and arm", *THUMBS), [(name, *counts) for name, counts in found], MOST_KEYS
    )
    caption = (
        "Shares of thumbs and ratings by app, model and arm; their numbers: up / middle / down."
    )
    return _figure(chart, caption, [(thumb, thumb) for thumb in THUMBS], table)


# ---------------------------------------------------------------- what is told apart


def _told(summary: Mapping[str, Any], what: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Rows of one kind of all apps, with their app."""
    apps = summary.get("apps", {}).items()
    return [(app, row) for app, known in apps for row in known.get(what, ())]


def _reach(value: float | None, interval: Sequence[float], form: Callable[[float], str]) -> str:
    """A value with its interval, as in ``71 % (64 % to 77 %)``."""
    if value is None:
        return "unknown"
    return f"{form(value)} ({form(interval[0])} to {form(interval[1])})"


def _votes_section(summary: Mapping[str, Any]) -> Html:
    rows = [
        (
            f"{app} · {'all' if row['model'] is None else _arm(row['model'], row['variant'])}",
            row["rated"],
            row["calls"],
            _reach(row["among_rated"], row["rated_interval"], _percent),
            _reach(row["among_all"], row["all_interval"], _percent),
            f"{_percent(row['bounds'][0])} to {_percent(row['bounds'][1])}",
        )
        for app, row in _told(summary, "votes")
        if row["rated"]
    ]
    if not rows:
        return _soft("Nobody gave a thumb or a rating.")
    head = ("app, model and arm", "rated", "calls", "of rated", "of all calls", "without assuming")
    text = (
        "Satisfied in the last week of event time, with 95 % intervals. Those who vote are not all"
        " users: “of all calls” counts each stratum (model, arm, prompt version, attributes, whether"
        " a check fired) by its calls instead of its votes, as if within one the silent thought as"
        " the voters do. “Without assuming” lets all the silent be unhappy, or happy."
    )
    return _join((_table(head, rows), _soft(text), _windows(summary)))


def _windows(summary: Mapping[str, Any]) -> Html:
    """Satisfaction by window, folded away; clusters are below, in what goes wrong."""
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    shown: dict[tuple[str, str, str], str] = {}
    for app, row in _told(summary, "windows"):
        if row["dimension"] != "cluster":
            key = (app, row["dimension"], row["value"])
            shown[key] = row.get("name") or row["value"]
            share = "unknown" if row["satisfied"] is None else _percent(row["satisfied"])
            cells.setdefault(key, {})[row["window"]] = f"{share} of {row['judged']:,}"
    names = ("5m", "1h", "1d", "1w")
    rows = [
        (*key[:2], shown[key], *(found.get(name, "") for name in names))
        for key, found in cells.items()
    ]
    head = ("app", "by", "value", "5 minutes", "hour", "day", "week")
    table = _table(head, rows, MOST_KEYS)
    title = "Mean probability of satisfaction in the last 5 minutes, hour, day and week"
    note = _soft("By topic: of the calls in the sample that topics are made of, not of all.")
    parts = (table, note) if any(key[1] == "topic" for key in cells) else (table,)
    return _el("details", _el("summary", title), *parts) if rows else Html()


def _worth_section(summary: Mapping[str, Any]) -> Html:
    """What implicit signals have been worth, beside what the table says."""
    rows = [
        (
            f"{app} · {_words(row['signal'])}",
            f"{row['table']:+.2f}",
            f"{row['weight']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})",
            round(row["calls"]),
        )
        for app, known in summary.get("apps", {}).items()
        for row in known.get("worths", {}).get("signals", ())
    ]
    if not rows:
        return _soft("No call has both a thumb or rating and an implicit signal: the table stands.")
    text = (
        "Log-odds of satisfaction: 0 says nothing, 1 makes an even chance 73 %. Learnt from"
        " calls with a thumb or rating; used for those without, in failures and figures. Few calls"
        " leave the table's word as it is."
    )
    head = ("app and signal", "table", "has been worth", "calls with a verdict")
    return _join((_table(head, rows), _soft(text)))


def _drift_section(summary: Mapping[str, Any], hours: Sequence[Mapping[str, Any]]) -> Html:
    drifts, deployments = _told(summary, "drifts"), _told(summary, "deployments")
    rows = [
        (
            f"{app} · {_words_of_arm(row)}",
            _moment(row["began"]),
            _moment(row["noticed"]),
            f"{_percent(row['before'])} to {_percent(row['after'])}",
            "; ".join(map(_deployed, row["deployments"])) or "nothing known",
        )
        for app, row in drifts
    ]
    said = "" if rows else _soft("No arm's satisfaction went from one level to another.")
    head = ("app and arm", "began (UTC)", "noticed", "satisfied", "deployed about then")
    table = _table(head, rows) if rows else ""
    return _join((said, _changes(drifts, deployments, hours), table))


def _words_of_arm(row: Mapping[str, Any]) -> str:
    return _arm(row["model"], row["variant"]) if row["model"] else f"arm {row['variant']}"


def _deployed(row: Mapping[str, Any]) -> str:
    where = f", arm {row['variant']}" if row["variant"] else ""
    return f"{row['what']} {row['version']}{where} {row['action']}, {_moment(row['ts'])}"


def _changes(
    drifts: Sequence[tuple[str, Mapping[str, Any]]],
    deployments: Sequence[tuple[str, Mapping[str, Any]]],
    hours: Sequence[Mapping[str, Any]],
) -> Html:
    """Deployments and drifts of each app on one time line."""
    apps = sorted({app for app, _ in (*drifts, *deployments)})[:MOST_APPS]
    if not apps:
        return Html()
    moments = [row["ts"] for _, row in deployments]
    moments += [row[name] for _, row in drifts for name in ("began", "noticed")]
    moments += [row["hour"] + end for row in hours for end in (0, HOUR)]
    height = 36
    frame = Frame(min(moments), max(*moments, min(moments) + HOUR), height=height * len(apps))
    parts = [_time_axis(frame)]
    for place, app in enumerate(apps):
        y = TOP + height * place
        parts.append(_label(LEFT, y + 12, app, css="name"))
        for name, row in drifts:
            if name == app:
                x = frame.x(row["began"])
                title = (
                    f"{_words_of_arm(row)}: {_percent(row['before'])} to {_percent(row['after'])}"
                )
                width = frame.x(row["noticed"]) - x
                parts.append(_rect("goes-on", title, x=x, y=y + 18, width=width, height=9))
        for name, row in deployments:
            if name == app:
                x = frame.x(row["ts"])
                parts.append(_rect("plain", _deployed(row), x=x, y=y + 14, width=3, height=17))
    chart = _svg(TOP + frame.height + BOTTOM, "Changes of satisfaction and deployments", *parts)
    table = _table(
        ("app", "deployed"), [(app, _deployed(row)) for app, row in deployments], MOST_KEYS
    )
    legend = [("goes-on", "satisfaction changed, until noticed"), ("plain", "deployment")]
    caption = "What changed, and what was deployed; times are UTC."
    return _figure(chart, caption, legend, table)


def _arms_section(summary: Mapping[str, Any]) -> Html:
    found = _told(summary, "arms")
    if not found:
        return _soft("No two arms ran beside each other long enough for calls to settle.")
    cards = (_comparison(app, row) for app, row in found[:MOST_ROWS])
    text = (
        "Each pair since the last deployment to either arm. Intervals and verdicts may be looked at"
        " at any time: of pairs without a difference at most 5 % ever get a wrong verdict. A call"
        " counts once, as it stood some minutes after it was made, and a person once a day."
    )
    return _join((_soft(text), *cards, _more(len(found) - MOST_ROWS)))


def _comparison(app: str, row: Mapping[str, Any]) -> Html:
    names = [_arm(row[side]["model"], row[side]["variant"]) for side in ("first", "second")]
    arms = [
        (
            name,
            row["calls"][place],
            row["scored"][place],
            "unknown" if row["satisfied"][place] is None else _percent(row["satisfied"][place]),
            row["failures"]["failures"][place],
        )
        for place, name in enumerate(names)
    ]
    period = f"from {_moment(row['since'])} UTC"
    if row["until"] is not None:
        period += f" to {_moment(row['until'])}, when a deployment ended it"
    failures, difference = row["failures"], row["difference"]
    told = [
        f"satisfaction {names[1]} less {names[0]}: "
        + _reach(difference, row["interval"], lambda value: f"{100 * value:+.1f} points"),
        f"failures per call: {_reach(failures['ratio'], failures['interval'], _times)}",
    ]
    if row["detectable"] is not None and row["verdict"] != "none":  # else the verdict says so
        told.append(f"{100 * row['detectable']:.1f} points would have been found in 80 % of cases")
    head = ("arm", "calls", "scored", "satisfied", "failures")
    urgent = row["verdict"] in {"pull_back", "withheld", "mixed"} and row["until"] is None
    sentence = row["sentence"]
    return _el(
        "article",
        _el("h3", f"{app}: {names[0]} and {names[1]}"),
        _soft(period),
        _el("p", _el("b", f"{sentence[:1].upper()}{sentence[1:]}.")),
        _soft(" · ".join(told)),
        _table(head, arms),
        class_="incident open" if urgent else "incident closed",
    )


def _times(value: float) -> str:
    return f"{value:.2f}\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}"


def _fairness_section(summary: Mapping[str, Any]) -> Html:
    found = _told(summary, "fairness")
    if not found:
        return _soft(
            "No attribute is watched, or no group has people enough to be shown: set"
            " FLYWHEEL_SENSITIVE_ATTRIBUTES."
        )
    findings = [f"{app} · {finding}" for app, row in found for finding in row["findings"]]
    rows = [
        (
            f"{app} · {row['attribute']}: {row['group']}",
            row["calls"],
            row["scored"],
            "unknown" if row["satisfied"] is None else _percent(row["satisfied"]),
            _gap(row["satisfaction_gap"], lambda value: f"{100 * value:+.1f}"),
            _gap(row["failure_ratio"], _times),
            _gap(row["curated_ratio"], _times),
        )
        for app, row in found
    ]
    head = (
        "app and group",
        "calls",
        "scored",
        "satisfied",
        "points from the rest",
        "failures per call",
        "share of curated",
    )
    said = (
        _el("ul", *(_el("li", finding) for finding in findings))
        if findings
        else _soft("No group differs clearly from the rest.")
    )
    text = (
        "Each group beside all others of its attribute; intervals hold together at 95 %, for all"
        " groups, measures and looks. Groups of few people are pooled, or not shown."
    )
    return _join((said, _table(head, rows, MOST_KEYS), _soft(text)))


def _gap(gap: Mapping[str, Any] | None, form: Callable[[float], str]) -> str:
    return "too few" if gap is None else _reach(gap["estimate"], gap["interval"], form)


# ---------------------------------------------------------------- topics


def _topic_section(summary: Mapping[str, Any]) -> Html:
    found = [
        (app, known["topics"])
        for app, known in summary.get("apps", {}).items()
        if known.get("topics", {}).get("sampled")
    ]
    if not found:
        return _soft("No call was sampled (sample_rate).")
    found.sort(key=lambda row: (-row[1]["sampled"], row[0]))
    text = (
        "Of a sample of all calls, not only of those that failed. Lately: the last hours, told as"
        " rising or falling where that is no chance. Unseen: farther from every topic known then than"
        " nearly all traffic was."
    )
    parts = (_app_topics(app, known) for app, known in found[:MOST_APPS])
    return _join((_soft(text), *parts, _more(len(found) - MOST_APPS, "more apps")))


def _app_topics(app: str, known: Mapping[str, Any]) -> Html:
    parts = [_el("h3", f"{app}: {_count(known['sampled'], 'call')} sampled")]
    if known["topics"]:
        parts += [
            _topic_table(known["topics"], MOST_KEYS),
            _soft(f"All other topics: {_percent(known['rest'])} of calls."),
        ]
    else:
        parts.append(_soft("Too few of them to tell topics apart."))
    if known["unseen"]:
        parts += [_el("h4", "Nobody asked about before"), _topic_table(known["unseen"], MOST_ROWS)]
    return _join(parts)


def _topic_table(topics: Sequence[Mapping[str, Any]], limit: int) -> Html:
    rows = [
        (
            _about({"id": row["id"], "label": row["name"]}, "; ".join(row["exemplars"][:2])),
            _fine_percent(row["share"]),
            f"{_fine_percent(row['recent'])} {row['trend'] if row['trend'] != 'steady' else ''}",
            row["calls"],
            row["users"],
            f"{_moment(row['since'])} UTC",
        )
        for row in topics
    ]
    return _table(("about", "share", "lately", "sampled", "users", "since"), rows, limit)


def _fine_percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


# ---------------------------------------------------------------- failures


@dataclass
class _Failures:
    """What is counted while ``failures.jsonl`` is read."""

    kinds: Counter[tuple[str, ...]] = field(default_factory=Counter)
    arms: Counter[tuple[str, ...]] = field(default_factory=Counter)
    excerpts: dict[str, str] = field(default_factory=dict)
    """By cluster, of those that are shown."""

    @classmethod
    def read(cls, failures: Iterable[Failure], summary: Mapping[str, Any]) -> "_Failures":
        """Counts; keeps one excerpt of each cluster that the summary names."""
        self = cls()
        shown = {c["id"] for app in summary.get("apps", {}).values() for c in _top(app)}
        for failure in failures:
            _add(self.arms, (failure.app, failure.model, failure.variant))
            for kind in {found.kind for found in failure.kinds}:
                _add(self.kinds, (kind,))
            if failure.cluster in shown and failure.excerpt:
                self.excerpts.setdefault(failure.cluster, failure.excerpt)
        return self


def _top(app: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    clusters: Sequence[Mapping[str, Any]] = app.get("top_clusters", ())
    return clusters


def _failure_section(
    failures: _Failures, summary: Mapping[str, Any], hours: Sequence[Mapping[str, Any]]
) -> Html:
    if not failures.arms:
        return _soft("No call failed.")
    kinds = _ranked({key[0]: number for key, number in failures.kinds.items()})
    return _join(
        (
            _el("h3", "By cluster"),
            _clusters(failures, summary),
            _el("h3", "By kind"),
            _simple_bars(kinds, "Failures by kind; one may be of several.", ("kind", "failures")),
            _el("h3", "By model and arm"),
            _failing_arms(failures, hours),
        )
    )


def _clusters(failures: _Failures, summary: Mapping[str, Any]) -> Html:
    rows = [
        (cluster, app)
        for app, known in summary.get("apps", {}).items()
        for cluster in _top(known)
        if cluster["size"]
    ]
    rows.sort(key=lambda row: (-row[0]["size"], row[1], row[0]["id"]))
    known = sum(app.get("clusters", 0) for app in summary.get("apps", {}).values())
    cells = [
        (
            _about(cluster, failures.excerpts.get(cluster["id"], "")),
            app,
            _stage(cluster),
            cluster["size"],
            cluster["users"],
            ", ".join(f"{_words(kind)} {n:,}" for kind, n in _ranked(cluster["kinds"])[:4]),
        )
        for cluster, app in rows[:MOST_ROWS]
    ]
    table = _table(("about", "app", "state", "failures", "users", "kinds"), cells)
    more = _more(max(known, len(rows)) - len(cells), "more clusters")
    text = (
        "New: seen once or twice. Open: recurs. Resolved: silent for so many calls that it is no"
        " chance. Regressed: was resolved, and recurs."
    )
    return _join((table, more, _soft(text))) if cells else _soft("No cluster formed.")


def _stage(cluster: Mapping[str, Any]) -> Html:
    state, since = cluster["state"], cluster["since"]
    badge = _el("span", state, class_=f"badge {state}")
    return _join((badge, _el("small", f"since {_moment(since)} UTC")))


def _about(cluster: Mapping[str, Any], excerpt: str) -> Html:
    name = _cut(cluster["label"] or cluster["id"], 80)
    quoted = _el("small", _cut(excerpt, 110), dir="auto") if excerpt else ""
    return _join((_el("span", name, title=cluster["id"]), quoted))


def _failing_arms(failures: _Failures, hours: Sequence[Mapping[str, Any]]) -> Html:
    calls: Counter[tuple[str, ...]] = Counter()
    for row in hours:
        calls[row["app"], row["model"], row["variant"]] += row["calls"]
    rows = [
        (
            key[0],
            _arm(key[1], key[2]),
            failed,
            calls[key],
            round(100 * failed / max(calls[key], 1), 1),
        )
        for key, failed in failures.arms.items()
    ]
    rows.sort(key=lambda row: (-row[2], row[:2]))
    return _table(("app", "model and arm", "failures", "calls", "per 100 calls"), rows)


# ---------------------------------------------------------------- successes


def _success_section(summary: Mapping[str, Any]) -> Html:
    """What users are really pleased with, and the reasons that they gave."""
    rows = [(cluster, app) for app, cluster in _told(summary, "top_successes")]
    if not rows:
        return _soft("No answer was praised, taken as it is, or resolved what had failed.")
    rows.sort(key=lambda row: (-row[0]["size"], row[1], row[0]["id"]))
    reasons: Counter[str] = Counter()
    for known in summary["apps"].values():
        reasons.update(known["successes"])
    cells = [
        (
            _about(cluster, "; ".join(cluster["exemplars"][:1])),
            app,
            cluster["size"],
            cluster["users"],
            ", ".join(f"{_words(name)} {n:,}" for name, n in _ranked(cluster["reasons"])[:4]),
            _join(_quote(text, 80) for text in cluster["comments"][:2]),
        )
        for cluster, app in rows
    ]
    text = (
        "Answers that did not fail, whose users were pleased and said why: by praise, by copying what"
        " they rated well as it is, or because it answered what had failed before (resolved)."
    )
    caption = "Really good answers by reason; one may have several."
    return _join(
        (
            _soft(text),
            _table(("about", "app", "answers", "users", "reasons", "in their words"), cells),
            _simple_bars(_ranked(reasons), caption, ("reason", "answers")),
        )
    )


# ---------------------------------------------------------------- scrubbed, left out


def _scrubbed_section(summary: Mapping[str, Any]) -> Html:
    caption = "Values replaced by a placeholder before anything was written, by type."
    return _simple_bars(_ranked(summary.get("pii", {})), caption, ("type", "values"))


def _dead_letters(letters: Iterable[DeadLetter]) -> Counter[tuple[str, ...]]:
    counts: Counter[tuple[str, ...]] = Counter()
    for letter in letters:
        _add(counts, (letter.source.topic, letter.reason, letter.field))
    return counts


def _dropped_section(summary: Mapping[str, Any], dead: Mapping[tuple[str, ...], int]) -> Html:
    letters = [
        (topic, _words(reason), _cut(name, 60), number)
        for (topic, reason, name), number in dead.items()
    ]
    rejected = [
        (_words(stage), _words(reason), number)
        for stage, reasons in summary.get("rejected", {}).items()
        for reason, number in reasons.items()
    ]
    letters.sort(key=lambda row: (-row[-1], row))
    rejected.sort(key=lambda row: (-row[-1], row))
    return _join(
        (
            _el("h3", "Dead letters"),
            _soft("Records that could not be used; the file says where each lies."),
            _table(("input", "reason", "field", "records"), letters),
            _el("h3", "Rejected"),
            _soft("Well-formed, and left out at a later stage."),
            _table(("stage", "reason", "records"), rejected),
        )
    )


# ---------------------------------------------------------------- curated


@dataclass
class _Group:
    """The examples of one type and rule."""

    first: Example
    number: int = 0
    good: int = 0
    confidence: float = 0.0


@dataclass
class _Curated:
    """What is counted while ``curated.jsonl`` is read."""

    groups: dict[tuple[str, str], _Group] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, examples: Iterable[Example]) -> "_Curated":
        """Counts; keeps the first example of each group."""
        self = cls()
        for example in examples:
            key = (example.type, str(example.reason.get("rule", "")))
            if key not in self.groups and len(self.groups) >= MOST_KEYS:
                key = (example.type, "other")
            group = self.groups.setdefault(key, _Group(example))
            group.number += 1
            group.good += example.label is True
            group.confidence += example.confidence
            if not self.versions:
                self.versions = dict(example.lineage.versions)
        return self


def _curated_section(curated: _Curated) -> Html:
    if not curated.groups:
        return _soft("No example: no answer was judged clearly enough.")
    groups = sorted(curated.groups.items(), key=lambda row: (-row[1].number, row[0]))
    names = [(f"{kind} · {_words(rule)}", group) for (kind, rule), group in groups]
    bars = _bars([_bar(name, group.number) for name, group in names[:MOST_ROWS]])
    table = _table(
        ("type", "rule", "examples", "mean confidence"),
        [(kind, rule, g.number, f"{g.confidence / g.number:.2f}") for (kind, rule), g in groups],
        MOST_KEYS,
    )
    cards = (_example_card(name, group) for name, group in names[:MOST_ROWS])
    more = _more(len(groups) - MOST_ROWS, "more rules")
    figure = _figure(bars, "Examples by type, and by the rule that made them.", (), table)
    return _join((figure, more, _el("div", *cards, class_="examples")))


def _example_card(name: str, group: _Group) -> Html:
    example = group.first
    told = f"{_count(group.number, 'example')}, confidence {group.confidence / group.number:.2f} on average"
    if example.type == "unpaired":
        told += f", {group.good:,} good and {group.number - group.good:,} bad"
    rows = (
        (_el("dt", term), _el("dd", _cut(text, 160), dir="auto")) for term, text in _parts(example)
    )
    return _el(
        "article", _el("h3", name), _soft(told), _el("dl", *(cell for row in rows for cell in row))
    )


def _parts(example: Example) -> Iterator[tuple[str, str]]:
    """What an example consists of, for people."""
    asked = [turn.content for turn in example.prompt if turn.role == "user"]
    yield "asked", asked[-1] if asked else (example.prompt[-1].content if example.prompt else "")
    label = {True: "good answer", False: "bad answer"}
    if isinstance(example.completion, str):
        good = example.label
        yield label[good] if isinstance(good, bool) else "answer", example.completion
    if isinstance(example.chosen, str):
        yield "chosen", example.chosen
    if isinstance(example.rejected, str):
        yield "rejected", example.rejected
    if isinstance(example.verifier, dict):
        yield "verified by", msgspec.json.encode(example.verifier).decode()


# ---------------------------------------------------------------- traffic, footer


def _traffic_section(hours: Sequence[Mapping[str, Any]]) -> Html:
    if not hours:
        return _soft("No call was counted.")
    frame = _frame(hours)
    apps = _apps(hours)
    shown = apps if len(apps) <= MOST_LINES else apps[: MOST_LINES - 1]
    css = {app: f"c{place}" for place, app in enumerate(shown)}
    stacks: dict[float, Counter[str]] = {}
    for row in hours:
        name = row["app"] if row["app"] in css else "other apps"
        ts = row["hour"] // frame.bucket * frame.bucket
        stacks.setdefault(ts, Counter())[name] += row["calls"]
    frame = frame._replace(top=_round_up(max(sum(stack.values()) for stack in stacks.values())))
    order = [*shown, *(["other apps"] if len(shown) < len(apps) else [])]
    columns = (
        _column(frame, ts, [(css.get(name, "other"), name, stack[name]) for name in order])
        for ts, stack in sorted(stacks.items())
    )
    rows = [
        (_moment(ts), name, stack[name])
        for ts, stack in sorted(stacks.items())
        for name in order
        if stack[name]
    ]
    chart = _plot(frame, "Calls over time", _compact, *columns)
    caption = f"Calls by {_bucket_words(frame.bucket)} (UTC) and app, duplicates included."
    legend = [(css.get(name, "other"), name) for name in order]
    return _figure(chart, caption, legend, _table(("from (UTC)", "app", "calls"), rows, MOST_KEYS))


def _column(frame: Frame, ts: float, parts: Sequence[tuple[str, str, int]]) -> Html:
    """A stack of boxes over one bucket of time."""
    x = frame.x(ts)
    width = frame.x(ts + frame.bucket) - x - GAP  # all of its time, for it holds all of its calls
    boxes, below = [], 0
    for css, name, number in parts:
        if number:
            top, bottom = frame.y(below + number), frame.y(below)
            title = f"{name}, {_moment(ts)}: {_count(number, 'call')}"
            boxes.append(
                _rect(f"column {css}", title, x=x, y=top, width=width, height=bottom - top)
            )
            below += number
    return _join(boxes)


def _round_up(value: float) -> float:
    """The next number of which a quarter is easy to read."""
    if value <= 4:
        return 4.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(
        unit * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10) if unit * step >= value
    )


def _compact(value: float) -> str:
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if suffix == 'k' else size):.3g}{suffix}"
    return _number(value)


def _footer(summary: Mapping[str, Any], versions: Mapping[str, str]) -> Html:
    try:
        named = f"flywheel-stream {version('flywheel-stream')}"
    except PackageNotFoundError:  # run from a source tree that is not installed
        named = "flywheel-stream"
    parts = [named, *(f"{name} {value}" for name, value in sorted(versions.items()))]
    speed = (
        f"{summary['read']:,} records in {summary.get('seconds', 0):,.1f} s "
        f"({_number(summary.get('records_per_second', 0))} a second, start of the servers included)."
    )
    asides = []
    if late := summary.get("late", 0):
        asides.append(f"{_count(late, 'record')} came too late for their place in event time.")
    if unknown := sum(summary.get("unknown_fields", {}).values()):
        asides.append(f"{_count(unknown, 'unknown field')} left out.")
    return _el(
        "footer",
        _el("p", " · ".join(parts)),
        _el("p", " ".join((speed, *asides, "All texts shown are scrubbed."))),
    )
