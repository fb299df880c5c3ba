"""Commands: the map, the examples, and errors as one clear sentence."""

import json
import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flywheel_stream.errors import ConfigError
from stream.cli import COMMANDS, main, parser
from stream.embedded import Servers
from stream.process import Result
from stream.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("flywheel:")]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_each_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert f"example: {next(c.example for c in COMMANDS if c.name == command)}\n" in shown
    options = re.split(r"\n(?=  -)", shown.partition("options:")[2].partition("\n\n")[0])
    assert all(re.search(r"\S(?:  +|\n +)\S", option.strip()) for option in options if option)


def test_no_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2


def test_a_wrong_setting_names_itself_and_the_remedy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_SAMPLE_RATE", "3")
    assert main(["topics"]) == 2
    assert "sample_rate" in sentence(capsys)


def test_a_setting_that_does_not_exist_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_SAMPEL_RATE", "0.1")
    assert main(["topics"]) == 2
    assert "FLYWHEEL_SAMPEL_RATE" in sentence(capsys)


def test_a_configuration_that_is_not_there_or_no_toml(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["--config", str(tmp_path / "none.toml"), "topics"]) == 2
    assert "No configuration file" in sentence(capsys)
    broken = tmp_path / "flywheel.toml"
    broken.write_text("kafka = ")
    assert main(["--config", str(broken), "topics"]) == 2
    assert "no valid TOML" in sentence(capsys)


def test_an_input_that_is_not_there_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = tmp_path / "none.jsonl"
    assert main(["process", "--logs", str(missing), "--out", str(tmp_path)]) == 2
    assert str(missing) in sentence(capsys)


def test_an_input_that_is_no_file_is_told_with_the_remedy(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, remedy in ((pipe, "write it to a file"), (tmp_path, "name the files in it")):
        assert main(["process", "--logs", str(path), "--out", str(tmp_path)]) == 2
        assert remedy in sentence(capsys)


@pytest.mark.parametrize(
    ("redirected", "told"),
    [("<&-", "stdin is closed"), (">&-", "stdout is closed"), (">/dev/full", "make room")],
)
def test_a_filter_that_cannot_read_or_write_says_so_in_one_sentence(
    redirected: str, told: str
) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m stream.cli scrub {redirected}"],
        input=b'{"text": "a"}',
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    (line,) = ran.stderr.decode().splitlines()
    assert line.startswith("flywheel: ")
    assert told in line
    assert ran.returncode == (1 if told == "make room" else 2)


def test_an_output_never_takes_the_place_of_an_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "interactions.jsonl"
    path.write_text("{}\n")
    assert main(["process", "--logs", str(path), "--out", str(tmp_path / "." / "")]) == 2
    assert "another folder" in sentence(capsys)
    assert path.read_text() == "{}\n"


@pytest.mark.parametrize("secret", ["", "a long random text"])
def test_a_run_without_a_secret_says_once_what_another_run_names_otherwise(
    secret: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = Result({"read": 0, "seconds": 0.0, "outcomes": {}}, [], tmp_path)
    monkeypatch.setattr("stream.process.process", lambda *_, **__: done)
    monkeypatch.setenv("FLYWHEEL_SECRET", secret)
    assert main(["process", "--logs", "any", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().err.count("FLYWHEEL_SECRET") == (0 if secret else 1)


@pytest.mark.parametrize(("level", "least"), [("INFO", logging.ERROR), ("DEBUG", logging.INFO)])
def test_a_commit_that_waited_for_a_batch_is_no_trouble_of_the_users(
    level: str, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLYWHEEL_LOG_LEVEL", level)
    main(["process", "--out", "nowhere"])
    assert logging.getLogger("mode.timers").level == least


def test_each_command_does_what_it_is_for() -> None:
    """An option called as the function that is run would take its place."""
    needed = {"process": ["--out", "o"], "replay": ["--run", "r"]}
    for command in COMMANDS:
        args = parser().parse_args([command.name, *needed.get(command.name, [])])
        assert args.work is command.run


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("REDIS", "foo", "FLYWHEEL_REDIS"),
        ("REDIS", "http://user:pw@host", "FLYWHEEL_REDIS"),
        ("KAFKA_CA_FILE", "/nowhere.pem", "FLYWHEEL_KAFKA_CA_FILE"),
    ],
)
def test_a_wrong_address_is_named_in_one_sentence(
    variable: str,
    value: str,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLYWHEEL_KAFKA_SECURITY", "SSL")
    monkeypatch.setenv(f"FLYWHEEL_{variable}", value)
    command = "worker" if variable == "REDIS" else "topics"
    assert main([command]) == 2
    said = sentence(capsys)
    assert told in said
    assert "pw" not in said


def test_no_folder_for_the_demo_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["demo", "--once", "--out", str(tmp_path / "file")]) == 2
    assert "--out" in sentence(capsys)


@pytest.mark.parametrize("option", ["--events", "--memory"])
def test_a_bench_of_less_than_one_event_is_a_usage_error(option: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", option, "-3"])
    assert ended.value.code == 2


@pytest.mark.parametrize("command", ["topics", "worker"])
def test_no_broker_is_one_sentence(
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    embedded: Servers,
) -> None:
    address = f"127.0.0.1:{closed_port()}"
    monkeypatch.setenv("FLYWHEEL_KAFKA", address)
    monkeypatch.setenv("FLYWHEEL_REDIS", embedded.redis)
    monkeypatch.setenv("FLYWHEEL_HTTP_PORT", "0")
    assert main([command]) == 1
    assert address in sentence(capsys)
    assert not [record for record in caplog.records if record.name == "aiokafka"]


def test_no_redis_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, embedded: Servers
) -> None:
    monkeypatch.setenv("FLYWHEEL_KAFKA", embedded.kafka)
    monkeypatch.setenv("FLYWHEEL_REDIS", f"redis://127.0.0.1:{closed_port()}/0")
    monkeypatch.setenv("FLYWHEEL_HTTP_PORT", "0")
    assert main(["worker"]) == 1
    assert "FLYWHEEL_REDIS" in sentence(capsys)


def test_redis_without_bloom_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    embedded: Servers,
    redis_without_bloom: str,
) -> None:
    monkeypatch.setenv("FLYWHEEL_KAFKA", embedded.kafka)
    monkeypatch.setenv("FLYWHEEL_REDIS", redis_without_bloom)
    monkeypatch.setenv("FLYWHEEL_HTTP_PORT", "0")
    assert main(["worker"]) == 1
    assert "Redis 8" in sentence(capsys)


def test_topics_then_doctor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, embedded: Servers
) -> None:
    for name, value in {
        "KAFKA": embedded.kafka,
        "REDIS": embedded.redis,
        "PREFIX": "cli.",
        "LOGS_TOPIC": "cli.logs",
        "FEEDBACK_TOPIC": "cli.feedback",
        "DEPLOYMENTS_TOPIC": "cli.deployments",
        "SECRET": "hush",
    }.items():
        monkeypatch.setenv(f"FLYWHEEL_{name}", value)
    assert main(["doctor"]) == 1  # no topics yet
    assert "run `flywheel topics`" in capsys.readouterr().out
    assert main(["topics"]) == 0
    assert "created cli.logs" in capsys.readouterr().out
    assert main(["topics"]) == 0
    assert "all topics exist" in capsys.readouterr().out
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["level"] for row in found["findings"]} <= {"ok", "warn"}
    assert set(found["settings"]["secret"]) == {"*"}


def test_a_broker_without_idempotent_producers_is_told_with_the_setting(
    monkeypatch: pytest.MonkeyPatch, embedded: Servers
) -> None:
    for name, value in {
        "KAFKA": embedded.kafka,
        "REDIS": embedded.redis,
        "SECRET": "hush",
        "HTTP_PORT": "0",
    }.items():
        monkeypatch.setenv(f"FLYWHEEL_{name}", value)
    assert main(["topics"]) == 0
    ran = subprocess.run(
        [sys.executable, "-m", "stream.cli", "worker"], capture_output=True, check=False, cwd=ROOT
    )
    (line,) = ran.stderr.decode().splitlines()
    assert line.startswith("flywheel: ")
    assert "FLYWHEEL_KAFKA_IDEMPOTENT=false" in line
    assert ran.returncode == 1


def test_a_replay_goes_through_topics_of_its_own_once(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    embedded: Servers,
    tmp_path: Path,
) -> None:
    for name, value in {
        "KAFKA": embedded.kafka,
        "REDIS": embedded.redis,
        "KAFKA_IDEMPOTENT": "false",
        "SESSION_TIMEOUT": "3",
        "SECRET": "hush",
    }.items():
        monkeypatch.setenv(f"FLYWHEEL_{name}", value)
    logs = tmp_path / "logs.jsonl"
    logs.write_text('{"trace_id": "t", "ts": 1, "model": "m", "prompt": "p"}\nno\n')
    replayed = ["replay", "--run", "before-fix", "--logs", str(logs), "--json"]
    assert main(replayed) == 0
    assert json.loads(capsys.readouterr().out) == {"dead_letter": 1, "fresh": 1}
    assert main(replayed) == 2
    assert "exists already" in sentence(capsys)


def test_settings_print_no_secret() -> None:
    settings = load_settings(secret="hush", redis="redis://me:pw@host:1/0")  # noqa: S106
    shown = str(settings.masked())
    assert "hush" not in shown
    assert "pw" not in shown


def test_rules_of_the_file_are_compiled_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "flywheel.toml"
    monkeypatch.setenv("FLYWHEEL_CONFIG", str(file))
    rule = """[[rules]]\nname = "refund"\nwhen = [{field = "response", %s}]\n"""
    file.write_text(rule % 'phrases = ["refund granted"]')
    assert load_settings().rules[0]["name"] == "refund"
    file.write_text(rule % 'regex = ".*"')
    with pytest.raises(ConfigError, match="Rule refund: a repetition without an upper bound"):
        load_settings()


def test_a_fault_of_ours_says_where_and_no_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("jane@example.com")

    monkeypatch.setattr("stream.app.create_topics", fail)
    assert main(["topics"]) == 1
    said = sentence(capsys)
    assert "KeyError at test_cli.py" in said
    assert "jane" not in said
