"""The compose file and the Dockerfile fit each other, the repository and our settings."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from stream.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()

KNOWN_KEYS = {  # of the compose specification, those that we use, with their types
    "build": str,
    "cap_drop": list,
    "command": list,
    "depends_on": dict,
    "entrypoint": list,
    "environment": dict,
    "healthcheck": dict,
    "image": str,
    "ports": list,
    "restart": str,
    "security_opt": list,
    "stop_grace_period": str,
    "volumes": list,
}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period"}
PINNED = re.compile(r"[a-z0-9./_-]+:v?\d+\.\d+\.\d+(-[a-z0-9.-]+)?")
SERVICE = pytest.mark.parametrize("name", SERVICES)


def _mounts(name: str) -> list[list[str]]:
    return [volume.split(":") for volume in SERVICES[name].get("volumes", [])]


def test_the_file_has_only_known_parts() -> None:
    assert set(COMPOSE) == {"name", "services", "volumes"}
    assert set(SERVICES) == {"kafka", "redis", "worker", "prometheus", "alertmanager", "grafana"}


@SERVICE
def test_a_service_has_only_known_keys_of_the_right_type(name: str) -> None:
    for key, value in SERVICES[name].items():
        assert isinstance(value, KNOWN_KEYS[key]), key
    for value in SERVICES[name].get("environment", {}).values():
        assert isinstance(value, str), "YAML would turn it into another type"


@SERVICE
def test_an_image_has_a_pinned_tag(name: str) -> None:
    assert PINNED.fullmatch(SERVICES[name]["image"])


def test_the_images_of_the_dockerfile_are_pinned_and_the_same() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(images)) == 1
    assert PINNED.fullmatch(images[0])


@SERVICE
def test_what_is_mounted_exists(name: str) -> None:
    for source, target, *mode in _mounts(name):
        assert target.startswith("/")
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"], "configuration is not for the container to change"
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_is_used() -> None:
    used = {source for name in SERVICES for source, *_ in _mounts(name)}
    assert set(COMPOSE["volumes"]) <= used


@SERVICE
def test_what_a_service_waits_for_exists_and_has_a_health_check(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[other]


@SERVICE
def test_a_service_says_when_it_is_healthy(name: str) -> None:
    if name == "worker":
        assert re.search(r"^HEALTHCHECK .*\n\s+CMD .*9808/health", DOCKERFILE, re.MULTILINE)
        return
    check = SERVICES[name]["healthcheck"]
    assert set(check) <= HEALTH_KEYS
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert all(isinstance(word, str) for word in check["test"])


def test_ports_listen_on_this_machine_only_and_do_not_clash() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(re.fullmatch(r"127\.0\.0\.1:(\d+):\1", port) for port in ports)
    assert len(ports) == len(set(ports))


def test_the_worker_is_configured_by_settings_that_exist() -> None:
    given = set(SERVICES["worker"]["environment"]) | set(re.findall(r"(FLYWHEEL_\w+)=", DOCKERFILE))
    assert given <= {f"FLYWHEEL_{name.upper()}" for name in Settings.model_fields}


def test_the_worker_needs_a_secret_from_outside() -> None:
    assert SERVICES["worker"]["environment"]["FLYWHEEL_SECRET"].startswith("${FLYWHEEL_SECRET:?")


def test_the_worker_finds_the_services_by_their_names_and_ports() -> None:
    environment = SERVICES["worker"]["environment"]
    properties = (ROOT / "tests/kafka/server.properties").read_text()
    assert f"PLAINTEXT://{environment['FLYWHEEL_KAFKA']}" in properties
    assert environment["FLYWHEEL_REDIS"].startswith("redis://redis:6379")
    assert {"kafka", "redis"} == set(SERVICES["worker"]["depends_on"])


def test_kafka_runs_with_the_file_that_the_tests_start_it_with() -> None:
    mounts = _mounts("kafka")
    assert mounts[0][0] == "./tests/kafka/server.properties"
    written = (ROOT / mounts[0][0]).read_text()
    for name in SERVICES["kafka"]["environment"]:
        assert f"\n{name.removeprefix('KAFKA_').lower().replace('_', '.')}=" in written
    (logs,) = re.findall(r"^log\.dirs=(.+)$", written, re.MULTILINE)
    assert ["kafka", logs] in mounts, "the data would not survive the container"


def test_kafka_only_gains_a_listener_over_the_file() -> None:
    written = (ROOT / "tests/kafka/server.properties").read_text()
    environment = SERVICES["kafka"]["environment"]
    for name in ("LISTENERS", "ADVERTISED_LISTENERS", "LISTENER_SECURITY_PROTOCOL_MAP"):
        key = name.lower().replace("_", ".")
        (before,) = re.findall(rf"^{re.escape(key)}=(.+)$", written, re.MULTILINE)
        assert environment[f"KAFKA_{name}"].startswith(f"{before},OUTSIDE")


def test_configurations_name_services_and_ports_that_exist() -> None:
    prometheus = yaml.safe_load((ROOT / "grafana/prometheus.yml").read_text())
    (manager,) = prometheus["alerting"]["alertmanagers"]
    assert manager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    (group,) = yaml.safe_load((ROOT / "grafana/targets/worker.yml").read_text())
    assert group == {"targets": [f"worker:{Settings.model_fields['http_port'].default}"]}
    source = yaml.safe_load((ROOT / "grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


def test_prometheus_finds_the_files_that_its_configuration_names() -> None:
    mounted = {target.removeprefix("/etc/prometheus/") for _, target, *_ in _mounts("prometheus")}
    prometheus = yaml.safe_load((ROOT / "grafana/prometheus.yml").read_text())
    (files,) = prometheus["scrape_configs"][0]["file_sd_configs"]
    assert {*prometheus["rule_files"], *(name.split("/")[0] for name in files["files"])} <= mounted


def test_grafana_finds_the_dashboards_that_are_provisioned() -> None:
    mounts = {source: target for source, target, *_ in _mounts("grafana")}
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/flywheel.yml").read_text())
    assert provider["providers"][0]["options"]["path"] == mounts["./grafana/dashboards"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    local = home.replace(mounts["./grafana/dashboards"], str(ROOT / "grafana/dashboards"))
    assert Path(local).is_file()


def test_the_image_is_built_from_what_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    stage = DOCKERFILE.split("FROM ")[1]  # later stages copy from this one
    copied = [
        word
        for line in re.findall(r"^COPY (.+)$", stage, re.MULTILINE)
        for word in shlex.split(line)[:-1]
    ]
    assert copied
    for name in copied:
        assert f"!{name}" in ignored
        assert (ROOT / name).exists(), name


def test_the_image_runs_without_root_and_with_locked_dependencies() -> None:
    assert re.search(r"^USER flywheel$", DOCKERFILE, re.MULTILINE)
    assert "--constraints requirements.lock" in DOCKERFILE
    locked = (ROOT / "requirements.lock").read_text()
    assert len(re.findall(r"^\S+==", locked, re.MULTILINE)) <= locked.count("--hash=sha256:")


def test_the_image_takes_the_uv_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (version,) = re.findall(r"uv==([\d.]+)", makefile)
    assert f"uv=={version} " in DOCKERFILE
