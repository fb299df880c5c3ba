"""A real Prometheus with our files scrapes our server, and every panel's query finds data."""

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from flywheel_stream.metrics import CATALOGUE, Metric
from stream.dashboards import DASHBOARD, exposed_name
from stream.embedded import free_port, tied_to_parent
from stream.prometheus import Metrics, serve
from tests.servers import needed_program

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "grafana"
DEADLINE = 60.0  # seconds; five are enough on an idle machine
APPS = ("shop", "bank")
LABEL_VALUES = {
    "agent": "llm.logs",
    "attribute": "age",
    "bound": "estimate",
    "dimension": "model",
    "first": "m-1, arm a",
    "group": "30-39",
    "incident": "i-1",
    "input": "llm.logs",
    "kind": "empty_response",
    "measure": "satisfaction",
    "model": "m-1",
    "of": "rated",
    "outcome": "fresh",
    "partition": "0",
    "reason": "missing",
    "receiver": "slack",
    "second": "m-1, arm b",
    "signal": "copy",
    "stage": "scrub",
    "state": "opened",
    "step": "seen",
    "thumb": "up",
    "topic": "flywheel.learn",
    "type": "EMAIL",
    "value": "m-1",
    "variant": "a",
    "verdict": "first",
    "window": "1h",
}

Rows = list[dict[str, Any]]


def _touch(metrics: Metrics, metric: Metric) -> None:
    """Give a metric a plausible value that moves from call to call, for two apps."""
    for app in APPS if "app" in metric.labels else ("",):
        labels = [app if name == "app" else LABEL_VALUES[name] for name in metric.labels]
        if metric.kind == "histogram":
            metrics.observe(metric, 0.03, *labels)
        elif metric.kind == "counter":
            metrics.inc(metric, 10, *labels)
        elif metric.name.endswith("_timestamp_seconds"):
            metrics.set(metric, time.time() - 15, *labels)
        else:
            ratio = metric.name.endswith(("_ratio", "_urgency"))
            metrics.set(metric, 0.8 if ratio else 42, *labels)


@asynccontextmanager
async def _traffic(metrics: Metrics) -> AsyncIterator[None]:
    """Keep every metric of the catalogue moving."""

    async def move() -> None:
        while True:
            for metric in CATALOGUE:
                _touch(metrics, metric)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(move())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _configured(folder: Path, port: int) -> Path:
    """Lay out the very files of the repository, with targets of the test's own beside them."""
    for name in ("prometheus.yml", "rules.yml"):
        shutil.copy(GRAFANA / name, folder)
    (folder / "targets").mkdir()
    target = {
        "targets": [f"127.0.0.1:{port}"],
        "labels": {"__scrape_interval__": "1s", "__scrape_timeout__": "1s"},
    }
    (folder / "targets/worker.yml").write_text(yaml.safe_dump([target]))
    return folder / "prometheus.yml"


def _started(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(tied_to_parent(command), stdout=file, stderr=file)


def _end_of(log: Path) -> str:
    return log.read_text()[-2000:]


@asynccontextmanager
async def _prometheus(folder: Path, scraped: int) -> AsyncIterator[str]:
    """Run Prometheus on a free port until the block ends."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        needed_program("prometheus"),
        f"--config.file={_configured(folder, scraped)}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--log.level=warn",
    ]
    process = _started(command, folder / "log")
    try:
        await _until(lambda: _answers(f"{url}/-/ready"), folder / "log", process)
        yield url
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, 20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _answers(url: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            return response.status == 200
    return False


async def _until(
    true: Callable[[], Awaitable[bool]], log: Path, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Poll until it is true; fail with the end of the log when the deadline passes."""
    deadline = time.monotonic() + DEADLINE
    while not await true():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            pytest.fail(f"Prometheus did not get there: {_end_of(log)}")
        await asyncio.sleep(0.1)


async def _ask(url: str, path: str, **parameters: str) -> Any:
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{url}/api/v1/{path}", params=parameters) as response,
    ):
        answer = await response.json()
    assert answer["status"] == "success", (parameters, answer)
    return answer["data"]


async def _query(url: str, expression: str) -> Rows:
    """Run an instant query as Grafana does with every app chosen; numbers that are none are out."""
    data = await _ask(url, "query", query=expression.replace("$app", ".*"))
    return [row for row in data["result"] if row["value"][1] != "NaN"]


@asynccontextmanager
async def _scraped(folder: Path) -> AsyncIterator[str]:
    """Run our server with every metric moving and a Prometheus that has scraped it thrice."""
    metrics = Metrics()
    server = await serve(metrics, "127.0.0.1", 0, lambda: (True, "ready"))
    try:
        async with _traffic(metrics), _prometheus(folder, server.port) as url:

            async def thrice() -> bool:
                scrapes = await _query(url, 'sum(count_over_time(up{job="flywheel"}[1m]))')
                return bool(scrapes) and float(scrapes[0]["value"][1]) >= 3

            await _until(thrice, folder / "log")
            yield url
    finally:
        await server.close()


def _panels() -> list[dict[str, Any]]:
    panels = json.loads((ROOT / DASHBOARD).read_text())["panels"]
    return [panel for panel in panels if panel["type"] != "row"]


def _lacks(rows: Rows, legend: str) -> list[str]:
    """Return the labels that a legend names and some row does not have."""
    named = re.findall(r"{{(\w+)}}", legend)
    return [label for label in named if not all(row["metric"].get(label) for row in rows)]


async def test_dashboard_and_rules_work_on_what_a_real_prometheus_scraped(tmp_path: Path) -> None:
    async with _scraped(tmp_path) as url:
        for panel in _panels():
            (target,) = panel["targets"]
            rows = await _query(url, target["expr"])
            assert rows, f"the panel {panel['title']} is empty"
            assert _lacks(rows, target["legendFormat"]) == [], panel["title"]

        names = set(await _ask(url, "label/__name__/values"))
        for metric in CATALOGUE:
            suffix = "_bucket" if metric.kind == "histogram" else ""
            assert f"{exposed_name(metric)}{suffix}" in names

        apps = await _ask(url, "label/app/values", **{"match[]": "flywheel_calls"})
        assert sorted(apps) == sorted(APPS)
        (satisfaction,) = [p for p in _panels() if p["title"] == "Satisfaction"]
        expression = satisfaction["targets"][0]["expr"].replace("$app", "shop|other")
        assert {row["metric"]["app"] for row in await _query(url, expression)} == {"shop"}

        rules = await _ask(url, "rules")
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            await _ask(url, "query", query=rule["query"])  # one that fails would never fire
        urgent = await _query(url, _rule("FlywheelUrgentIncident"))
        assert {row["metric"]["app"] for row in urgent} == set(APPS)
        assert await _query(url, _rule("FlywheelWorkerDown")) == []


def _rule(name: str) -> str:
    groups = yaml.safe_load((GRAFANA / "rules.yml").read_text())["groups"]
    (rule,) = [rule for group in groups for rule in group["rules"] if rule["alert"] == name]
    return str(rule["expr"])


@pytest.mark.parametrize(
    ("program", "arguments"),
    [
        ("promtool", ["check", "config", "grafana/prometheus.yml"]),
        ("promtool", ["check", "rules", "grafana/rules.yml"]),
        ("promtool", ["test", "rules", "grafana/rules_test.yml"]),
        ("amtool", ["check-config", "grafana/alertmanager.yml"]),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else value,
)
def test_the_tools_of_prometheus_accept_our_files(program: str, arguments: list[str]) -> None:
    done = subprocess.run(
        [needed_program(program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("severity", "receiver"), [("critical", "pager"), ("warning", "chat")])
def test_alerts_reach_the_receiver_of_their_severity(severity: str, receiver: str) -> None:
    command = [needed_program("amtool"), "config", "routes", "test"]
    command += ["--config.file=grafana/alertmanager.yml", f"severity={severity}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == receiver
