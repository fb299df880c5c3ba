"""The servers that tests share: one of each per test process, started when first asked for.

A server that cannot be had skips the test at home and fails it in CI, where the variable ``CI`` is
set. After a test that stopped a real server, the next test that asks for it finds it running again.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from flywheel_stream import gating, scrubbing
from stream.embedded import Servers, embedded_servers
from stream.scrubbers import shelf
from tests.servers import KafkaServer, RedisClusterNode, RedisServer, join, needed

# Patterns are compiled once a machine, not in each test process: that takes ten seconds.
scrubbing.best_gate = lambda: gating.best_gate(shelf())  # type: ignore[assignment, attr-defined]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Apache Kafka, so that ``-m "not kafka"`` can be trusted."""
    for item in items:
        if "kafka_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Servers]:
    """Give the embedded broker and Redis, shared by the tests of one process."""
    with ExitStack() as running:
        with needed():
            servers = running.enter_context(embedded_servers())
        yield servers


@pytest.fixture(scope="session")
def _kafka_of_session() -> Iterator[KafkaServer]:
    with _folder() as folder:
        with needed():
            server = KafkaServer(folder)
        yield server
        server.kill()  # its data go with the folder


@pytest.fixture
def kafka_server(_kafka_of_session: KafkaServer) -> KafkaServer:
    """Give a running Apache Kafka that the test may stop, kill and start."""
    _kafka_of_session.start()
    return _kafka_of_session


@pytest.fixture
def kafka(kafka_server: KafkaServer) -> str:
    """Give the bootstrap address of a running Apache Kafka."""
    return kafka_server.bootstrap


@pytest.fixture(scope="session")
def _redis_of_session() -> Iterator[RedisServer]:
    yield from _redis(bloom=True)


@pytest.fixture
def redis_server(_redis_of_session: RedisServer) -> RedisServer:
    """Give a running Redis with Bloom that the test may stop, kill and start."""
    _redis_of_session.start()
    return _redis_of_session


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Give the URL of a running Redis with Bloom."""
    return redis_server.url


@pytest.fixture(scope="session")
def redis_cluster_url() -> Iterator[str]:
    """Give the URL of one node of a running Redis Cluster of two, with Bloom."""
    with _folder() as folder:
        with needed():
            nodes = []
            for name in ("a", "b"):
                (folder / name).mkdir()
                nodes.append(RedisClusterNode(folder / name))
        try:
            for node in nodes:
                node.start()
            join(nodes)
            yield nodes[0].url
        finally:
            for node in nodes:
                node.kill()


@pytest.fixture(scope="session")
def redis_without_bloom() -> Iterator[str]:
    """Give the URL of a Redis that lacks the Bloom module."""
    for server in _redis(bloom=False):
        server.start()
        yield server.url


def _redis(*, bloom: bool) -> Iterator[RedisServer]:
    with _folder() as folder:
        with needed():
            server = RedisServer(folder, bloom=bloom)
        yield server
        server.kill()


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="flywheel-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
