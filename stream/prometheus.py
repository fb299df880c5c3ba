"""The metrics of the catalogue as Prometheus reads them, and the server of /metrics and /ready."""

import errno
import os
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import accumulate

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from flywheel_stream.errors import UnavailableError
from flywheel_stream.metrics import CATALOGUE, Metric

Labels = tuple[str, ...]
Ready = Callable[[], tuple[bool, str]]
"""Whether the worker can work now, and one sentence why; asked at each request of /ready."""

CLOSE_SECONDS = 1.0  # a scrape takes milliseconds; a worker that ends must not wait for a slow one


class Distribution:
    """The observations of one row of a histogram."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)  # the last one is above every bound
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return the upper bounds with their cumulative counts, as Prometheus wants them."""
        names = [*map(floatToGoString, self.bounds), "+Inf"]
        return [
            (name, float(count)) for name, count in zip(names, accumulate(self.counts), strict=True)
        ]


class Metrics(Collector):
    """The current values of all metrics of a catalogue, in a registry of their own.

    Values are plain numbers in dictionaries and become Prometheus' objects only when scraped: an
    increment costs a fifth of a microsecond. To be written from one thread (the event loop's).
    A metric without labels is 0 from the start, so that ``rate`` sees its first increment.
    """

    def __init__(self, catalogue: tuple[Metric, ...] = CATALOGUE) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._catalogue = catalogue
        self._rows: dict[str, dict[Labels, float]] = {metric.name: {} for metric in catalogue}
        self._distributions: dict[str, dict[Labels, Distribution]] = {}
        for metric in catalogue:
            if metric.kind == "histogram":
                self._distributions[metric.name] = {}
            elif not metric.labels:
                self._rows[metric.name][()] = 0.0
        self.registry.register(self)
        ProcessCollector(registry=self.registry)  # memory and CPU; silent where there is no /proc

    def inc(self, metric: Metric, value: float = 1.0, *labels: str) -> None:
        """Add to a counter, or to a gauge (which may go down).

        Raises:
            ValueError: The labels are not the metric's, or a counter would go down.
        """
        if value < 0 and metric.kind == "counter":
            raise ValueError(f"{metric.name} is a counter and cannot go down.")
        rows = self._rows[metric.name]
        try:
            rows[labels] += value
        except KeyError:
            rows[_checked(metric, labels, "counter", "gauge")] = value

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge.

        Raises:
            ValueError: The labels are not the metric's, or it is no gauge.
        """
        self._rows[metric.name][_checked(metric, labels, "gauge")] = value

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Count one observation of a histogram.

        Raises:
            ValueError: The labels are not the metric's, or it is no histogram.
        """
        try:
            self._distributions[metric.name][labels].observe(value)
        except KeyError:
            first = Distribution(metric.buckets)
            first.observe(value)
            key = _checked(metric, labels, "histogram")
            self._distributions[metric.name][key] = first

    def replace(self, metric: Metric, rows: Mapping[Labels, float]) -> None:
        """Make these rows all that a gauge has: those not named are gone (closed incidents).

        Raises:
            ValueError: The labels are not the metric's, or it is no gauge.
        """
        for labels in rows:
            _checked(metric, labels, "gauge")
        self._rows[metric.name] = dict(rows)

    def value(self, metric: Metric, *labels: str) -> float:
        """Return the value of one row, 0.0 if never touched; of a histogram, how often."""
        return self.totals(metric).get(labels, 0.0)

    def totals(self, metric: Metric) -> dict[Labels, float]:
        """Return the value of every row by its labels; of a histogram, how often it was seen."""
        if metric.kind == "histogram":
            rows = self._distributions[metric.name]
            return {labels: float(sum(row.counts)) for labels, row in rows.items()}
        return dict(self._rows[metric.name])

    def collect(self) -> Iterator[Family]:
        """Yield every metric with its rows, for the registry."""
        for metric in self._catalogue:
            yield self._family(metric)

    def _family(self, metric: Metric) -> Family:
        if metric.kind == "histogram":
            histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
            for labels, row in list(self._distributions[metric.name].items()):
                histogram.add_metric(labels, row.buckets(), row.total)
            return histogram
        made = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        family = made(metric.name, metric.help, labels=metric.labels)
        for labels, value in list(self._rows[metric.name].items()):
            family.add_metric(labels, value)
        return family


def _checked(metric: Metric, labels: Labels, *kinds: str) -> Labels:
    """Return the labels, if they and the operation fit the metric."""
    if metric.kind not in kinds:
        raise ValueError(f"{metric.name} is a {metric.kind}, not a {' or '.join(kinds)}.")
    if len(labels) != len(metric.labels) or not all(isinstance(label, str) for label in labels):
        raise ValueError(f"{metric.name} takes the labels {metric.labels}, as strings.")
    return labels


class Server:
    """A running HTTP server of the worker's metrics and health."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self.port: int = runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and drop the connections."""
        await self._runner.cleanup()


async def serve(metrics: Metrics, host: str, port: int, ready: Ready) -> Server:
    """Serve /metrics, /health (200 while the process lives) and /ready (200 or 503).

    Args:
        metrics: What /metrics shows, as OpenMetrics or plain text as the client accepts.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        ready: Asked at each request of /ready.

    Raises:
        UnavailableError: The address cannot be bound.
    """
    app = web.Application()
    app.add_routes(
        [
            web.get("/metrics", _metrics(metrics)),
            web.get("/health", _health),
            web.get("/ready", _ready(ready)),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        why = os.strerror(error.errno or 0) if error.errno in errno.errorcode else "no such address"
        raise UnavailableError(
            f"Cannot serve metrics on {host}:{port} ({why}): "
            "free the port, or set http_host and http_port to others."
        ) from None
    return Server(runner)


Handler = Callable[[web.Request], Awaitable[web.Response]]


def _metrics(metrics: Metrics) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        body = encode(metrics.registry)
        return web.Response(body=body, headers={"Content-Type": content_type})

    return handle


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"alive": True})


def _ready(ready: Ready) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        able, reason = ready()
        body = {"ready": able, "reason": reason}
        return web.json_response(body, status=200 if able else 503)

    return handle
