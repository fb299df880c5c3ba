"""What /metrics, /health and /ready answer, and what the numbers behind them are."""

import timeit
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from flywheel_stream.errors import UnavailableError
from flywheel_stream.metrics import (
    BATCH_SECONDS,
    CATALOGUE,
    INCIDENTS,
    OUTCOMES,
    READ,
    WAITING,
    Metric,
)
from stream.prometheus import Metrics, Ready, serve

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def _ready() -> tuple[bool, str]:
    return True, "All partitions are assigned."


@asynccontextmanager
async def _served(metrics: Metrics, ready: Ready = _ready) -> AsyncIterator[str]:
    server = await serve(metrics, "127.0.0.1", 0, ready)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()


async def _get(url: str, accept: str = "*/*") -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as client, client.get(url, headers={"Accept": accept}) as r:
        return r.status, r.headers["Content-Type"], await r.text()


def test_counters_add_up_by_label() -> None:
    metrics = Metrics()
    metrics.inc(OUTCOMES, 2, "llm.logs", "fresh")
    metrics.inc(OUTCOMES, 3, "llm.logs", "fresh")
    metrics.inc(OUTCOMES, 1, "llm.logs", "duplicate")
    assert metrics.value(OUTCOMES, "llm.logs", "fresh") == 5.0
    assert metrics.value(OUTCOMES, "llm.logs", "conflict") == 0.0
    expected = {("llm.logs", "fresh"): 5.0, ("llm.logs", "duplicate"): 1.0}
    assert metrics.totals(OUTCOMES) == expected


def test_a_gauge_may_be_set_and_moved_both_ways() -> None:
    metrics = Metrics()
    metrics.set(WAITING, 5)
    metrics.inc(WAITING, -2)
    assert metrics.value(WAITING) == 3.0


def test_replace_removes_the_rows_that_are_not_named() -> None:
    metrics = Metrics()
    metrics.set(INCIDENTS, 0.9, "shop", "closed")
    rows: dict[tuple[str, ...], float] = {("shop", "open"): 0.5}
    metrics.replace(INCIDENTS, rows)
    rows[("shop", "later")] = 1.0  # the caller's mapping stays the caller's
    assert metrics.totals(INCIDENTS) == {("shop", "open"): 0.5}


def test_a_histogram_counts_into_cumulative_buckets_with_inclusive_bounds() -> None:
    metrics = Metrics((Metric("h", "histogram", "A histogram.", ("a",), buckets=(1.0, 2.0)),))
    metric = metrics._catalogue[0]
    for value in (0.5, 1.0, 1.5, 99.0):
        metrics.observe(metric, value, "x")
    sample = metrics.registry.get_sample_value
    bounds = ("1.0", "2.0", "+Inf")
    assert [sample("h_bucket", {"a": "x", "le": le}) for le in bounds] == [2, 3, 4]
    assert sample("h_sum", {"a": "x"}) == 102.0
    assert metrics.value(metric, "x") == 4.0


@pytest.mark.parametrize("labels", [(), ("a",), ("a", "b", "c"), ("a", 1)])
def test_wrong_labels_are_refused_at_once(labels: tuple[str, ...]) -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="takes the labels"):
        metrics.inc(OUTCOMES, 1, *labels)
    with pytest.raises(ValueError, match="takes the labels"):
        metrics.set(INCIDENTS, 1, *labels)
    with pytest.raises(ValueError, match="takes the labels"):
        metrics.replace(INCIDENTS, {labels: 1.0})
    assert metrics.totals(OUTCOMES) == {}


def test_an_operation_of_another_kind_is_refused() -> None:
    metrics = Metrics()
    with pytest.raises(ValueError, match="cannot go down"):
        metrics.inc(READ, -1, "llm.logs")
    with pytest.raises(ValueError, match="is a counter, not a gauge"):
        metrics.set(READ, 1, "llm.logs")
    with pytest.raises(ValueError, match="is a counter, not a gauge"):
        metrics.replace(READ, {("llm.logs",): 1.0})
    with pytest.raises(ValueError, match="is a histogram, not a counter or gauge"):
        metrics.inc(BATCH_SECONDS, 1, "ingest")
    with pytest.raises(ValueError, match="is a counter, not a histogram"):
        metrics.observe(READ, 1, "llm.logs")


def test_two_registries_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.inc(READ, 1, "llm.logs")
    assert other.value(READ, "llm.logs") == 0.0


def test_an_increment_costs_under_a_microsecond() -> None:
    metrics = Metrics()
    best = min(timeit.repeat(lambda: metrics.inc(READ, 1.0, "llm.logs"), number=10_000, repeat=20))
    assert best / 10_000 < 1e-6


async def test_every_metric_of_the_catalogue_is_exposed_in_both_formats() -> None:
    metrics = Metrics()
    hostile = 'a"b\\c\nd'
    for metric in CATALOGUE:
        labels = (hostile,) * len(metric.labels)
        if metric.kind == "histogram":
            metrics.observe(metric, 0.2, *labels)
        else:
            metrics.inc(metric, 3, *labels)
    async with _served(metrics) as url:
        for accept, kind, parse in (
            (OPENMETRICS, "application/openmetrics-text", openmetrics),
            ("text/plain", "text/plain", plain),
        ):
            status, content_type, text = await _get(f"{url}/metrics", accept)
            assert status == 200
            assert content_type.startswith(kind)
            families = {family.name: family for family in parse(text)}
            for metric in CATALOGUE:
                family = families[metric.name]
                assert (family.type, family.documentation) == (metric.kind, metric.help)
                for sample in family.samples:
                    assert set(sample.labels) - {"le"} == set(metric.labels)
                    assert all(sample.labels[label] == hostile for label in metric.labels)


async def test_a_metric_without_labels_is_zero_from_the_start() -> None:
    async with _served(Metrics()) as url:
        _, _, text = await _get(f"{url}/metrics")
    assert "flywheel_waiting_signals 0.0" in text


async def test_ready_says_why_not_while_health_says_alive() -> None:
    state = (False, "Redis does not answer.")
    async with _served(Metrics(), lambda: state) as url:
        assert (await _get(f"{url}/health"))[0] == 200
        status, content_type, body = await _get(f"{url}/ready")
        assert (status, content_type) == (503, "application/json; charset=utf-8")
        assert body == '{"ready": false, "reason": "Redis does not answer."}'
        state = _ready()
        assert (await _get(f"{url}/ready"))[0] == 200


async def test_a_port_that_is_taken_ends_in_one_sentence() -> None:
    first = await serve(Metrics(), "127.0.0.1", 0, _ready)
    with pytest.raises(UnavailableError, match="Address already in use") as caught:
        await serve(Metrics(), "127.0.0.1", first.port, _ready)
    assert "http_port" in str(caught.value)
    await first.close()
    again = await serve(Metrics(), "127.0.0.1", first.port, _ready)  # closed means free
    await again.close()


async def test_a_name_that_does_not_resolve_ends_in_one_sentence() -> None:
    with pytest.raises(UnavailableError, match="no such address"):
        await serve(Metrics(), "no-such-host.invalid", 0, _ready)
