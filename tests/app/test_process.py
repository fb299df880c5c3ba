"""The main job on files: everything is accounted for, nothing leaks, a second run is the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream.process import InputFile, process
from stream.settings import load_settings
from stream.simulator import Planted, Scenario, simulate
from tests.real_input import build

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
SCENARIO = Scenario(minutes=20)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)


def by_id(path: Path) -> dict[str, dict[str, Any]]:
    return {str(row.get("id") or row["trace_id"]): row for row in rows(path)}


def write(folder: Path, planted: Planted) -> dict[str, Path]:
    paths = {name: folder / f"{name}.jsonl" for name in ("logs", "feedback", "deployments")}
    files = {name: path.open("wb") for name, path in paths.items()}
    for event in simulate(SCENARIO, planted):
        files[event.input].write(event.encode() + b"\n")
    for file in files.values():
        file.close()
    return paths


def run(folder: Path, paths: dict[str, Path], name: str) -> tuple[dict[str, Any], Path]:
    out = folder / name
    result = process(
        load_settings(secret="s"),  # noqa: S106 - a test's
        logs=[paths["logs"]],
        feedback=[paths["feedback"]],
        deployments=[paths["deployments"]],
        out=out,
    )
    return result.summary, out


@pytest.mark.timeout(120)
def test_sample_traffic_is_accounted_for_and_a_second_run_is_equal(tmp_path: Path) -> None:
    planted = Planted()
    paths = write(tmp_path, planted)
    summary, out = run(tmp_path, paths, "one")
    again, other = run(tmp_path, paths, "two")
    assert summary["read"] == sum(summary["outcomes"].values())
    assert summary["read"] == sum(len(InputFile(path, 0)) for path in paths.values())
    assert again["outcomes"] == summary["outcomes"]
    for name in ("curated", "failures", "alerts", "interactions"):
        # Two apps may take turns in another way; what is said, and how it is named, is the same.
        assert by_id(out / f"{name}.jsonl") == by_id(other / f"{name}.jsonl"), name
    assert {row["type"] for row in rows(out / "curated.jsonl")} >= {"sft", "preference", "unpaired"}
    assert "<!doctype html>" in (out / "report.html").read_text()
    written = {path.name for path in out.iterdir()}
    assert written >= {
        *("interactions.jsonl", "failures.jsonl", "alerts.jsonl", "curated.jsonl"),
        *("rejected.jsonl", "requests.jsonl", "dead-letters.jsonl", "summary.json"),
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_real_input_becomes_what_is_known_of_it(tmp_path: Path) -> None:
    truth = build(tmp_path / "in", SHARED, limit=700)
    paths = {
        name: tmp_path / "in" / f"{name}.jsonl" for name in ("logs", "feedback", "deployments")
    }
    summary, out = run(tmp_path, paths, "out")
    assert summary["read"] == sum(truth.read.values()) == sum(summary["outcomes"].values())
    ours = {
        name.removeprefix("llm."): found for name, found in summary["outcomes_by_input"].items()
    }
    for name, expected in truth.outcomes.items():
        found = {outcome: number for outcome, number in ours.get(name, {}).items() if number}
        assert found == {outcome: n for outcome, n in expected.items() if n}, name
    everything = b"".join(path.read_bytes() for path in out.iterdir())
    leaked = [canary for canary in truth.canaries if canary.encode() in everything]
    assert leaked == []
    duplicates = {
        row["trace_id"]: row["duplicate_of"]
        for row in rows(out / "interactions.jsonl")
        if "duplicate_of" in row
    }
    assert duplicates == truth.duplicates
    labels = {
        row["lineage"]["trace_ids"][0]: row["label"]
        for row in rows(out / "curated.jsonl")
        if row["type"] == "unpaired"
    }
    wrong = [trace for trace, label in labels.items() if truth.labels.get(trace, label) != label]
    assert labels
    assert wrong == []
