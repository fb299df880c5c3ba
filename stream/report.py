"""``report.html``: what a run found, as one file that opens from disk, for a person to read.

No script, no network: plots are inline SVG with a table behind each. Every text is escaped.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 860, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34
COLOURS = ("#3366cc", "#dc6900", "#109618", "#990099", "#0099c6", "#b82e2e", "#66aa00", "#5b4b8a")
THUMB_COLOURS = {"up": "#2e8b57", "middle": "#c9a227", "down": "#c0392b"}
MOST_ROWS = 20

STYLE = """
:root { color-scheme: light dark; --fg: #1d2430; --soft: #5c6675; --line: #d8dde5; --bg: #fff;
  --card: #f5f7fa; --bad: #b3261e; --good: #1f7a4d; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e9ee; --soft: #9aa4b2; --line: #39414e;
  --bg: #14181f; --card: #1d232d; --bad: #ff8a80; --good: #6fd19f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 940px; padding: 24px 20px 60px; background: var(--bg);
  color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 8px; }
p { margin: 6px 0; } .soft { color: var(--soft); }
.figures { display: grid; gap: 10px; margin: 18px 0;
  grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); }
.figure { background: var(--card); border-radius: 8px; padding: 10px 12px; }
.figure b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.alert { background: var(--card); border-left: 4px solid var(--bad); border-radius: 6px;
  padding: 10px 14px; margin: 10px 0; } .alert.resolved { border-color: var(--good); }
.now { background: var(--bad); color: var(--bg); border-radius: 4px; font-size: 12px;
  font-weight: 700; padding: 1px 6px; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; font-size: 14px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } figure { margin: 8px 0; } svg { max-width: 100%; height: auto; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
svg .axis { stroke: var(--line); } .legend span { margin-right: 14px; white-space: nowrap; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 5px; margin-right: 5px; }
blockquote { margin: 6px 0; padding-left: 10px; border-left: 3px solid var(--line);
  color: var(--soft); overflow-wrap: anywhere; }
details summary { cursor: pointer; color: var(--soft); }
@media print { details { display: none; } .alert, .figure { break-inside: avoid; } }
"""


def write_report(out: Path, summary: dict[str, Any], hours: list[dict[str, Any]]) -> Path:
    """Writes ``report.html`` into a run's folder and returns its path.

    Args:
        out: the folder, with the run's outputs already in it.
        summary: as in ``summary.json``.
        hours: satisfaction and traffic by app, slice and hour.
    """
    sections = (
        _header(summary, out),
        _alerts(out),
        _satisfaction(hours),
        _thumbs(summary),
        _failures(summary),
        _traffic(hours),
        _scrubbed(summary),
        _dropped(summary),
        _curated(out),
        _footer(summary),
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>flywheel report</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(sections)}</body></html>\n"
    )
    path = out / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


# ---------------------------------------------------------------- small pieces


def _text(value: object) -> str:
    return escape(str(value))


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _moment(ts: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(ts, UTC).strftime(form)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose numbers stand right; nothing where there are no rows."""
    body = ""
    for row in rows:
        cells = (
            f'<td class="n">{_number(cell)}</td>'
            if isinstance(cell, int | float)
            else f"<td>{_text(cell)}</td>"
            for cell in row
        )
        body += f"<tr>{''.join(cells)}</tr>"
    if not body:
        return '<p class="soft">Nothing.</p>'
    titles = "".join(f'<th scope="col">{_text(title)}</th>' for title in head)
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _figure(svg: str, caption: str, legend: Sequence[tuple[str, str]], table: str) -> str:
    marks = "".join(
        f'<span><i class="dot" style="background:{colour}"></i>{_text(name)}</span>'
        for name, colour in legend
    )
    return (
        f'<figure>{svg}<figcaption class="legend soft">{marks}<br>{_text(caption)}</figcaption>'
        f"</figure><details><summary>the numbers</summary>{table}</details>"
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open("rb") as file:
            for line in file:
                yield json.loads(line)


# ---------------------------------------------------------------- plots


Series = dict[str, list[tuple[float, float]]]


def _lines(series: Series, *, top: float, percent: bool = False) -> str:
    """A line chart over time; a gap where hours are missing, for nothing is known of them."""
    points = [point for line in series.values() for point in line]
    if not points:
        return '<p class="soft">Nothing was judged.</p>'
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    span = max(last - first, 3600.0)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (WIDTH - LEFT - RIGHT) * (x - first) / span
        up = (HEIGHT - TOP - BOTTOM) * min(y / top, 1.0)
        return LEFT + across, HEIGHT - BOTTOM - up

    parts = [_axes(top, percent=percent), _times(first, span)]
    for (name, line), colour in zip(sorted(series.items()), _cycle(), strict=False):
        for run in _runs(sorted(line)):
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in run))
            parts.append(
                f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
            for x, y in run:
                value = f"{100 * y:.1f} %" if percent else _number(y)
                cx, cy = place(x, y)
                parts.append(
                    f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="3.5" fill="{colour}">'
                    f"<title>{_text(name)}, {_moment(x, '%d %b %H:%M')}: {value}</title></circle>"
                )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img">{"".join(parts)}</svg>'


def _cycle() -> Iterator[str]:
    while True:
        yield from COLOURS


def _runs(line: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    run: list[tuple[float, float]] = []
    for point in line:
        if run and point[0] - run[-1][0] > 3600:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _axes(top: float, *, percent: bool) -> str:
    out = ""
    for step in range(5):
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * step / 4
        value = top * step / 4
        label = f"{100 * value:.0f} %" if percent else _number(round(value, 1))
        out += (
            f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
        )
    return out


def _times(first: float, span: float) -> str:
    form = "%H:%M" if span <= 86_400 else "%d %b"
    out = ""
    for step in range(5):
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / 4
        anchor = ("start", "middle", "middle", "middle", "end")[step]
        label = _moment(first + span * step / 4, form)
        out += f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="{anchor}">{label}</text>'
    return out


def _bars(rows: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> str:
    """Horizontal bars, each a sequence of (colour, number), with the numbers in words behind."""
    most = max((sum(n for _, n in parts) for _, parts in rows), default=0.0)
    if not most:
        return '<p class="soft">Nothing.</p>'
    names = 220
    out = ""
    for place, (name, parts) in enumerate(rows):
        x, y = float(names), 8 + 26 * place
        out += f'<text x="{names - 8}" y="{y + 13}" text-anchor="end">{_text(name[:34])}</text>'
        for colour, number in parts:
            width = (WIDTH - names - 120) * number / most
            out += (
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="18" fill="{colour}">'
                f"<title>{_text(name)}: {_number(number)}</title></rect>"
            )
            x += width
        told = " / ".join(_number(number) for _, number in parts)
        out += f'<text x="{x + 6:.1f}" y="{y + 13}">{told}</text>'
    height = 16 + 26 * len(rows)
    return f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">{out}</svg>'


# ---------------------------------------------------------------- sections


def _header(summary: dict[str, Any], out: Path) -> str:
    outcomes = summary["outcomes"]
    accounted = summary["read"] == sum(outcomes.values())
    lines = summary.get("lines", {})
    figures = (
        ("records read", summary["read"]),
        ("calls passed", outcomes.get("fresh", 0) + outcomes.get("duplicate", 0)),
        ("signals joined", outcomes.get("joined", 0)),
        ("failures", lines.get("failures.jsonl", 0)),
        ("alerts", lines.get("alerts.jsonl", 0)),
        ("examples", lines.get("curated.jsonl", 0)),
        ("values scrubbed", sum(summary.get("pii", {}).values())),
        ("dead letters", outcomes.get("dead_letter", 0)),
    )
    cards = "".join(
        f'<div class="figure"><b>{_number(number)}</b>{_text(name)}</div>'
        for name, number in figures
    )
    told = (
        "Every record read is accounted for."
        if accounted
        else "Records read and their outcomes do not add up: please report it."
    )
    listed = ", ".join(f"{_number(n)} {_text(name)}" for name, n in outcomes.items())
    return (
        f"<h1>What the traffic says</h1><p>{told} <span class='soft'>{listed}</span></p>"
        f'<div class="figures">{cards}</div>'
    )


def _alerts(out: Path) -> str:
    alerts = list(_records(out / "alerts.jsonl"))
    if not alerts:
        return "<h2>Alerts</h2><p class='soft'>No failure spiked.</p>"
    shown = "".join(map(_alert, alerts[:MOST_ROWS]))
    more = len(alerts) - MOST_ROWS
    return f"<h2>Alerts</h2>{shown}{f'<p class=soft>and {more} more</p>' if more > 0 else ''}"


def _alert(alert: dict[str, Any]) -> str:
    advice = "".join(
        f"<li>{'<span class=now>NOW</span> ' if row['now'] else ''}<b>{_text(row['intervention'])}</b>: "
        f"{_text(row['why'])} <span class='soft'>({_number(row['days'])} days, "
        f"{_number(row['cost'])} USD)</span></li>"
        for row in alert["advice"]
    )
    quotes = "".join(
        f"<blockquote>{_text(row['excerpt'])}</blockquote>" for row in alert["exemplars"][:3]
    )
    models = ", ".join(
        f"{_text(m['model'])} {_text(m['variant'])}: {_number(round(m['rate'], 1))}/h"
        for m in alert["models"]
    )
    return (
        f'<div class="alert {_text(alert["state"])}"><b>{_text(alert["state"])}: '
        f"{_text(alert['title'])}</b> <span class='soft'>{_moment(alert['ts'])} UTC, urgency "
        f"{100 * alert['urgency']:.0f} %</span><p>{_text(alert['why'])}</p>"
        f"<p class='soft'>began {_moment(alert['since'])} UTC; {models}</p>"
        f"<ul>{advice}</ul>{quotes}</div>"
    )


def _slice_name(row: dict[str, Any]) -> str:
    return " ".join(filter(None, (row["app"], row["model"], row["variant"])))


def _satisfaction(hours: list[dict[str, Any]]) -> str:
    cells: dict[tuple[str, float], tuple[float, int]] = {}
    for row in hours:
        if row["satisfied"] is not None and row["judged"]:
            key = (_slice_name(row), row["hour"])
            happy, number = cells.get(key, (0.0, 0))
            cells[key] = (happy + row["satisfied"] * row["judged"], number + row["judged"])
    sizes: Counter[str] = Counter()
    for (name, _), (_, number) in cells.items():
        sizes[name] += number
    kept = [name for name, _ in sizes.most_common(len(COLOURS))]
    series: Series = {name: [] for name in sorted(kept)}
    for (name, hour), (happy, number) in cells.items():
        if name in series:
            series[name].append((hour, happy / number))
    table = _table(
        ("hour", "app, model, arm", "judged", "satisfied %"),
        (
            (_moment(hour), name, number, round(100 * happy / number, 1))
            for (name, hour), (happy, number) in sorted(cells.items(), key=lambda c: c[0][::-1])
        ),
    )
    plot = _lines(series, top=1.0, percent=True)
    caption = "Probability that a user was satisfied, by hour; the largest slices."
    if not cells:
        return f"<h2>Satisfaction over time</h2>{plot}"
    legend = list(zip(sorted(series), _cycle(), strict=False))
    return f"<h2>Satisfaction over time</h2>{_figure(plot, caption, legend, table)}"


def _thumbs(summary: dict[str, Any]) -> str:
    rows = []
    for app, known in summary.get("apps", {}).items():
        for row in known["slices"]:
            name = _slice_name({"app": app, **row})
            parts = [(THUMB_COLOURS[thumb], float(row["thumbs"][thumb])) for thumb in THUMB_COLOURS]
            if sum(number for _, number in parts):
                rows.append((name, parts))
    rows.sort(key=lambda row: (-sum(n for _, n in row[1]), row[0]))
    plot = _bars(rows[:MOST_ROWS])
    if not rows:
        return f"<h2>Thumbs</h2>{plot}"
    table = _table(
        ("app, model, arm", *THUMB_COLOURS), ((n, *(x for _, x in parts)) for n, parts in rows)
    )
    caption = "Thumbs and ratings as up / middle / down."
    return f"<h2>Thumbs</h2>{_figure(plot, caption, list(THUMB_COLOURS.items()), table)}"


def _failures(summary: dict[str, Any]) -> str:
    kinds: Counter[str] = Counter()
    clusters: list[tuple[str, str, int, int, str]] = []
    for app, known in summary.get("apps", {}).items():
        kinds.update(known["failures"])
        for row in known.get("top_clusters", ()):
            named = sorted(row["kinds"], key=lambda kind: -row["kinds"][kind])
            clusters.append(
                (app, row["label"] or row["id"], row["size"], row["users"], ", ".join(named))
            )
    clusters.sort(key=lambda row: (-row[2], row))
    plot = _bars([(name, [(COLOURS[0], float(n))]) for name, n in kinds.most_common(MOST_ROWS)])
    table = _table(("app", "about", "failures", "users", "kinds"), clusters[:MOST_ROWS])
    return f"<h2>What goes wrong</h2><p>By kind</p>{plot}<p>By cluster</p>{table}"


def _traffic(hours: list[dict[str, Any]]) -> str:
    calls: dict[str, Counter[float]] = {}
    for row in hours:
        calls.setdefault(row["app"], Counter())[row["hour"]] += row["calls"]
    series: Series = {app: sorted(cells.items()) for app, cells in calls.items()}
    if not series:
        return ""
    top = max(max(cells.values()) for cells in calls.values()) or 1
    table = _table(
        ("hour", "app", "calls"),
        sorted((_moment(x), app, int(n)) for app, cells in calls.items() for x, n in cells.items()),
    )
    legend = list(zip(sorted(series), _cycle(), strict=False))
    plot = _lines(series, top=float(top))
    return f"<h2>Traffic</h2>{_figure(plot, 'Calls by hour, duplicates included.', legend, table)}"


def _scrubbed(summary: dict[str, Any]) -> str:
    found = sorted(summary.get("pii", {}).items(), key=lambda row: (-row[1], row[0]))
    rows = [(name, [(COLOURS[0], float(number))]) for name, number in found]
    return f"<h2>What was scrubbed</h2>{_bars(rows)}"


def _dropped(summary: dict[str, Any]) -> str:
    dead = [
        (name, reason, number)
        for name, reasons in summary.get("dead_letters", {}).items()
        for reason, number in reasons.items()
    ]
    left = [
        (stage, reason, number)
        for stage, reasons in summary.get("rejected", {}).items()
        for reason, number in reasons.items()
    ]
    return (
        "<h2>What was left out</h2><p>Dead letters: records that could not be used</p>"
        f"{_table(('input', 'reason', 'records'), dead)}"
        f"<p>Rejected: left out after decoding</p>{_table(('stage', 'reason', 'records'), left)}"
    )


def _curated(out: Path) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], str] = {}
    for row in _records(out / "curated.jsonl"):
        key = (row["type"], row["reason"].get("rule", ""))
        counts[key] += 1
        if key not in samples:
            samples[key] = _sample(row)
    table = _table(
        ("type", "rule", "examples", "one of them"),
        ((kind, rule, n, samples[kind, rule]) for (kind, rule), n in counts.most_common()),
    )
    return f"<h2>What was curated</h2>{table}"


def _sample(row: dict[str, Any]) -> str:
    asked = row["prompt"][-1]["content"] if row["prompt"] else ""
    answer = row.get("completion") or row.get("chosen") or ""
    return f"{_cut(asked)} → {_cut(answer)}"


def _cut(text: str, limit: int = 90) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _footer(summary: dict[str, Any]) -> str:
    return (
        f"<p class='soft' style='margin-top:40px'>{_number(summary['read'])} records in "
        f"{summary.get('seconds', 0):.1f} s ({_number(summary.get('records_per_second', 0))} a "
        f"second, start of the servers included). {summary.get('late', 0)} came too late for "
        "their place in event time. All texts are scrubbed.</p>"
    )
