"""The Grafana dashboard and the page of metrics, written from the catalogue.

``python -m stream.dashboards`` writes both below the current folder, the root of the repository.
The same catalogue gives the same bytes, so that a difference in review is a change of meaning.
"""

import json
from pathlib import Path
from typing import Any

from flywheel_stream.metrics import CATALOGUE, Metric, Panel

DASHBOARD = Path("grafana/dashboards/flywheel.json")
REFERENCE = Path("docs/metrics.md")

ROWS = ("Satisfaction", "What comes out", "Pipeline", "Privacy", "Process")
"""Rows from top to bottom: first how users fare, then the machine."""

PROCESS_PANELS: tuple[tuple[str, Panel], ...] = (
    (
        "Records read less records with an outcome: what is in work or waits for its call.",
        Panel(
            "Process",
            "Not accounted for yet",
            "short",
            "sum by (input) (flywheel_records_read_total)"
            " - sum by (input) (flywheel_records_total)",
            "{{input}}",
        ),
    ),
    (
        "Workers that answered the last scrape.",
        Panel("Process", "Workers up", "short", 'sum(up{job="flywheel"})', "workers"),
    ),
    (
        "Resident memory of a worker; it is flat once windows are full.",
        Panel(
            "Process",
            "Memory",
            "bytes",
            'process_resident_memory_bytes{job="flywheel"}',
            "{{instance}}",
        ),
    ),
    (
        "Processor time of a worker per second; 100 % is one core.",
        Panel(
            "Process",
            "Processor",
            "percentunit",
            'rate(process_cpu_seconds_total{job="flywheel"}[1m])',
            "{{instance}}",
        ),
    ),
)
"""What Prometheus and its client library know of a worker without our catalogue."""

PANEL_WIDTH, PANEL_HEIGHT, GRID_WIDTH = 8, 8, 24  # three panels beside each other
SHARES = frozenset({"Satisfaction", "Open incidents by urgency"})  # their axis is 0..1
SIGNED = frozenset(
    {"Satisfaction, second arm less first", "Gaps in satisfaction between groups"}
)  # differences, which may be below 0
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

Json = dict[str, Any]


def dashboard(catalogue: tuple[Metric, ...] = CATALOGUE) -> Json:
    """Return the dashboard as Grafana's JSON model (schema version 39, Grafana 11 and later)."""
    described = [(metric.help, metric.panel) for metric in catalogue if metric.panel is not None]
    described += PROCESS_PANELS
    return {
        "uid": "flywheel",
        "title": "Flywheel",
        "description": "How satisfied users are, what goes wrong, and how the worker fares.",
        "tags": ["flywheel", "llm"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,  # one cross-hair through all panels
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_datasource_variable(), _app_variable()]},
        "annotations": {"list": [_alert_annotation()]},
        "panels": _laid_out(described),
    }


def _laid_out(described: list[tuple[str, Panel]]) -> list[Json]:
    """Place the panels row by row, in the order of the catalogue."""
    unknown = {panel.row for _, panel in described}.difference(ROWS)
    if unknown:
        raise ValueError(f"ROWS has no place for {sorted(unknown)}.")
    out: list[Json] = []
    y = 0
    for row in ROWS:
        members = [(text, panel) for text, panel in described if panel.row == row]
        if not members:
            continue
        out.append(_row(len(out) + 1, row, y))
        y += 1
        for place, (text, panel) in enumerate(members):
            line, column = divmod(place, GRID_WIDTH // PANEL_WIDTH)
            position = {
                "x": column * PANEL_WIDTH,
                "y": y + line * PANEL_HEIGHT,
                "w": PANEL_WIDTH,
                "h": PANEL_HEIGHT,
            }
            out.append(_panel(len(out) + 1, text, panel, position))
        y += -(-len(members) * PANEL_WIDTH // GRID_WIDTH) * PANEL_HEIGHT
    return out


def _row(number: int, title: str, y: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": y, "w": GRID_WIDTH, "h": 1},
        "panels": [],
    }


def _panel(number: int, text: str, panel: Panel, position: dict[str, int]) -> Json:
    field: Json = {"unit": panel.unit}
    if panel.title not in SIGNED:
        field["min"] = 0
    if panel.title in SHARES:
        field["max"] = 1
    return {
        "id": number,
        "type": panel.shape,
        "title": panel.title,
        "description": text,
        "datasource": DATASOURCE,
        "gridPos": position,
        "fieldConfig": {"defaults": field | _STYLES[panel.shape], "overrides": []},
        "options": _OPTIONS[panel.shape],
        "targets": [
            {
                "refId": "A",
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": panel.query,
                "legendFormat": panel.legend or "__auto",
                "range": panel.shape == "timeseries",
                "instant": panel.shape != "timeseries",
            }
        ],
    }


_STYLES: dict[str, Json] = {
    "timeseries": {
        "color": {"mode": "palette-classic"},
        "custom": {"drawStyle": "line", "fillOpacity": 8, "lineWidth": 1, "showPoints": "never"},
    },
    "bargauge": {"color": {"mode": "palette-classic"}},
}
_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "bargauge": {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": True,
    },
}


def _datasource_variable() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
        "includeAll": False,
        "multi": False,
    }


def _app_variable() -> Json:
    return {
        "name": "app",
        "label": "App",
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": "label_values(flywheel_calls, app)", "refId": "app"},
        "refresh": 2,  # when the time range changes
        "sort": 1,
        "includeAll": True,
        "allValue": ".*",
        "multi": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _alert_annotation() -> Json:
    """Mark on every panel when an alert of ours was firing."""
    return {
        "name": "Alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'max by (alertname) (ALERTS{alertname=~"Flywheel.*", alertstate="firing"})',
        "titleFormat": "{{alertname}}",
    }


def reference(catalogue: tuple[Metric, ...] = CATALOGUE) -> str:
    """Return the page that lists every metric, as Markdown."""
    lines = [
        "# Metrics",
        "",
        "What `/metrics` of a worker exposes.",
        "Written by `python -m stream.dashboards` from `flywheel_stream/metrics.py`.",
        "What to watch, and what to do about an alert: [operations](operations.md).",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{exposed_name(metric)}` | {metric.kind} | {_code(metric.labels)} | {metric.help} |"
        for metric in catalogue
    ]
    lines += [
        "",
        "No label holds text of a user; every label's values are bounded by settings or tables.",
        "On Linux the `process_…` metrics of Prometheus' client library are there too.",
        "",
    ]
    return "\n".join(lines)


def exposed_name(metric: Metric) -> str:
    """Return the name that PromQL needs: a counter's ends in ``_total``."""
    return f"{metric.name}_total" if metric.kind == "counter" else metric.name


def _code(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def write(root: Path) -> None:
    """Write the dashboard and the page of metrics below the root of the repository."""
    for path, text in ((DASHBOARD, rendered()), (REFERENCE, reference())):
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def rendered() -> str:
    """Return the dashboard file's text."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    write(Path())
