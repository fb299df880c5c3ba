"""The dashboard and the page of metrics are those of the catalogue, and fit what Grafana reads."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from flywheel_stream.metrics import CATALOGUE, Metric, Panel
from stream.dashboards import (
    DASHBOARD,
    GRID_WIDTH,
    REFERENCE,
    dashboard,
    exposed_name,
    reference,
    rendered,
    write,
)

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"cps", "short", "s", "percentunit", "bytes"}  # of Grafana's list, those that we use
LABELS = {label for metric in CATALOGUE for label in metric.labels} | {"instance"}


def _panels(kind: str = "") -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = dashboard()["panels"]
    return [panel for panel in panels if (panel["type"] == "row") == (kind == "row")]


def test_the_committed_files_are_those_of_the_catalogue(tmp_path: Path) -> None:
    write(tmp_path)
    for path in (DASHBOARD, REFERENCE):
        assert (ROOT / path).read_text() == (tmp_path / path).read_text(), (
            f"{path} is out of date: run `python -m stream.dashboards`"
        )


def test_the_same_catalogue_gives_the_same_bytes() -> None:
    assert rendered() == rendered()
    assert json.loads(rendered()) == dashboard()


def test_every_panel_of_the_catalogue_is_there_once() -> None:
    titles = [panel["title"] for panel in _panels()]
    assert len(titles) == len(set(titles))
    assert {metric.panel.title for metric in CATALOGUE if metric.panel} <= set(titles)


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_a_panel_has_what_grafana_needs(panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    assert panel["type"] in {"timeseries", "bargauge"}
    assert panel["datasource"]["uid"] == target["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["description"].endswith(".")
    assert target["range"] != target["instant"]
    assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= LABELS
    assert set(re.findall(r"\$(\w+)", target["expr"])) <= {"app"}


def test_a_legend_names_only_labels_that_its_query_keeps() -> None:
    for panel in _panels():
        (target,) = panel["targets"]
        kept = re.search(r"by \(([\w, ]+)\)", target["expr"])
        if kept:
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert named == set(kept[1].split(", ")) - {"le"}


def test_a_metric_with_an_app_is_filtered_by_the_chosen_apps() -> None:
    for metric in CATALOGUE:
        if metric.panel and "app" in metric.labels:
            assert re.search(r'[{ ,]app=~"\$app"[},]', metric.panel.query), metric.name


def test_a_query_asks_for_its_own_metric_as_it_is_exposed() -> None:
    for metric in CATALOGUE:
        if metric.panel:
            suffix = "_bucket" if metric.kind == "histogram" else ""
            assert re.search(rf"\b{exposed_name(metric)}{suffix}\b", metric.panel.query)


def test_panels_fill_the_grid_without_overlap() -> None:
    boxes = [panel["gridPos"] for panel in dashboard()["panels"]]
    assert all(box["x"] >= 0 and box["x"] + box["w"] <= GRID_WIDTH for box in boxes)
    for a, b in combinations(boxes, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above


def test_ids_are_unique() -> None:
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))


def test_a_row_that_has_no_place_is_refused() -> None:
    stray = Metric("m", "gauge", "A metric.", (), Panel("Nowhere", "t", "short", "m"))
    with pytest.raises(ValueError, match="Nowhere"):
        dashboard((stray,))


def test_the_page_of_metrics_lists_every_metric() -> None:
    page = reference()
    assert all(f"| `{exposed_name(metric)}` |" in page for metric in CATALOGUE)


def test_provisioning_finds_the_dashboard_and_the_data_source() -> None:
    folder = ROOT / "grafana/provisioning"
    (source,) = yaml.safe_load((folder / "datasources/prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((folder / "dashboards/flywheel.yml").read_text())["providers"]
    assert provider["type"] == "file"


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    groups = yaml.safe_load((ROOT / "grafana/rules.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in rules] == headings
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    groups = yaml.safe_load((ROOT / "grafana/rules.yml").read_text())["groups"]
    names = {rule["alert"] for group in groups for rule in group["rules"]}
    tested = (ROOT / "grafana/rules_test.yml").read_text()
    assert names <= set(re.findall(r'(?:alertname="|alertname: )(\w+)', tested))


def test_rules_ask_only_for_metrics_and_labels_that_exist() -> None:
    text = (ROOT / "grafana/rules.yml").read_text()
    known = {exposed_name(metric) for metric in CATALOGUE}
    known |= {f"{metric.name}_bucket" for metric in CATALOGUE if metric.kind == "histogram"}
    asked = set(re.findall(r"\bflywheel_\w+", text))
    assert asked <= known
    assert set(re.findall(r"\$labels\.(\w+)", text)) <= LABELS
