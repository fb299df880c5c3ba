"""Every setting once: type, default, sentence; from ``flywheel.toml`` and ``FLYWHEEL_…``."""

import difflib
import json
import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from flywheel_stream.errors import ConfigError
from flywheel_stream.failures import KINDS
from flywheel_stream.rules import Rules

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


def _listed(value: object) -> object:
    """A list as an environment variable has it: ``a,b`` or JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"it is no JSON list ({error.msg})") from None
    return tuple(part for part in map(str.strip, value.split(",")) if part)


def _shared(value: object) -> object:
    """Shares as an environment variable has them: ``a=0.9,b=0.1``."""
    if not isinstance(value, str):
        return value
    pairs = [pair.strip().partition("=") for pair in value.split(",") if pair.strip()]
    if not all(variant and share for variant, _, share in pairs):
        raise ValueError("it is no list of variant=share, comma-separated")
    return {variant: share for variant, _, share in pairs}


def _compiled(value: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The rules as they are; a wrong one is refused before anything is read."""
    try:
        Rules(value, KINDS)
    except ConfigError as error:
        raise ValueError(str(error).rstrip(".")) from None
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
RuleTables = Annotated[
    tuple[dict[str, Any], ...], NoDecode, BeforeValidator(_listed), AfterValidator(_compiled)
]
Shares = Annotated[dict[str, Positive], NoDecode, BeforeValidator(_shared)]


class Settings(BaseSettings):
    """The configuration of every command; frozen once loaded."""

    model_config = SettingsConfigDict(
        env_prefix="FLYWHEEL_", frozen=True, extra="forbid", toml_file="flywheel.toml"
    )

    # --- Kafka
    kafka: str = Field(
        "localhost:9092", min_length=1, description="Bootstrap servers, comma-separated."
    )
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Security protocol of the brokers."
    )
    kafka_username: str = Field("", description="SASL user name.")
    kafka_password: SecretStr = Field(SecretStr(""), description="SASL password.")
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="SASL mechanism."
    )
    kafka_ca_file: str = Field("", description="CA certificates for TLS; empty: the system's.")
    kafka_idempotent: bool = Field(
        default=True, description="Idempotent producer; switch off for brokers that lack it."
    )
    fetch_wait_ms: Count = Field(
        500, description="Longest that a broker may hold a fetch that finds nothing."
    )
    replication_factor: Count = Field(1, description="Replicas of the topics that we create.")
    session_timeout: Positive = Field(
        30.0, description="Seconds after which a silent worker loses its partitions."
    )
    group: str = Field("flywheel", description="Consumer group and name of this deployment.")

    # --- topics
    logs_topic: str = Field("llm.logs", description="Input: one record per model call.")
    feedback_topic: str = Field("llm.feedback", description="Input: one record per user signal.")
    deployments_topic: str = Field("llm.deployments", description="Input: versions that went live.")
    prefix: str = Field("flywheel.", description="Prefix of the topics that we write.")
    input_partitions: Count = Field(4, description="Partitions of input topics that we create.")
    learn_partitions: Count = Field(
        4, description="Partitions of the learn topic; fixed once it is created."
    )
    raw_retention_hours: Positive = Field(
        72.0, description="`doctor` warns if raw topics are kept longer."
    )
    retention_hours: Positive = Field(168.0, description="How long our output topics are kept.")

    # --- Redis
    redis: SecretStr = Field(SecretStr("redis://localhost:6379/0"), description="Redis URL.")
    redis_prefix: str = Field("flywheel:", description="Prefix of every key.")
    redis_shards: Count = Field(
        4, description="Hash tags that keys are spread over; a Redis Cluster places each apart."
    )

    redis_cluster: bool = Field(default=False, description="Whether it is a Redis Cluster.")
    dedup_redis: SecretStr = Field(
        SecretStr(""), description="Redis URL of the rolling window; empty: the same Redis."
    )
    dedup_when_away: Literal["wait", "skip"] = Field(
        "wait",
        description="Whether a worker waits for the window's Redis, or goes on and marks its calls.",
    )

    # --- ingest
    secret: SecretStr = Field(
        SecretStr(""), description="Keys the hashes of users; empty: one is drawn per run."
    )
    placeholders: Literal["types", "pseudonyms"] = Field(
        "types", description="`<PERSON>`, or `<PERSON_4821>`: one person, inside a conversation."
    )
    scrub_seconds: Positive = Field(
        10.0, description="A text that takes longer to scrub is a dead letter."
    )
    scrubadub_detectors: Names = Field(
        (), description="More scrubadub detectors, `package.module:Class`; they see every text."
    )
    spacy_model: str = Field(
        "", description="A spaCy model that finds further names, in milliseconds a text (extra)."
    )
    batch_records: Count = Field(1000, description="Most records of one batch.")
    batch_bytes: Count = Field(2 * 1024 * 1024, description="Most bytes of one batch.")
    dedup_window_hours: Positive = Field(24.0, description="How long a duplicate is recognised.")
    dedup_generations: Count = Field(2, description="Bloom filters that share the window.")
    dedup_capacity: Count = Field(
        1_000_000, description="Calls expected in one window; sizes the Bloom filters."
    )
    dedup_index: Count = Field(
        1_000_000, description="Calls in one window whose duplicates can name the first."
    )
    dedup_error_rate: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        1e-4, description="Share of new calls that may be taken for duplicates."
    )
    join_window_hours: Positive = Field(24.0, description="How long calls and signals wait.")
    sample_rate: Annotated[float, Field(ge=0, le=1)] = Field(
        0.01, description="Share of all calls that the learner sees without a signal."
    )
    rules: RuleTables = Field(
        (), description="Checks of your own, tables `[[rules]]`; see docs/rules.md."
    )
    dead_letter_limit: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5, description="Share of the last thousand records at which a worker stops."
    )
    traffic_attributes: Names = Field(
        (), description="Attributes that traffic and satisfaction are told apart by."
    )
    sensitive_attributes: Names = Field(
        (), description="Attributes whose groups are compared for fairness; shown nowhere else."
    )

    # --- event time
    allowed_lateness: Annotated[float, Field(ge=0)] = Field(
        10.0, description="Seconds that a record may come out of order."
    )
    idle_timeout: Positive = Field(
        5.0, description="Seconds after which a silent partition no longer holds time back."
    )
    revision_window_hours: Positive = Field(
        24.0, description="How long a late signal still corrects counts."
    )
    snapshot_interval: Positive = Field(5.0, description="Seconds between snapshots, at least.")
    accept_gap: bool = Field(
        default=False, description="Go on though offsets of the learn topic are missing."
    )

    # --- learn
    examples_per_cluster: Count = Field(
        1_000, description="Most examples of one type from one failure cluster in a dedup window."
    )
    near_bytes: Count = Field(
        2_000_000, description="Text per app and type that examples are compared with for copies."
    )
    evaluation_sets: Names = Field(
        (), description="Files (.jsonl, .txt, also .gz) whose texts no example may repeat."
    )
    embedder: Literal["wordllama", "hashing", "minilm", "openai"] = Field(
        "wordllama", description="How texts become vectors for clusters; see docs/clusters.md."
    )
    minilm_folder: str = Field(
        ".cache/minilm", description="Files of embedder `minilm`, from `make minilm`."
    )
    embedding_url: str = Field(
        "", description="Base URL of embedder `openai`, as in https://models.example/v1."
    )
    embedding_model: str = Field("", description="Model of embedder `openai`.")
    embedding_key: SecretStr = Field(
        SecretStr(""), description="Key of embedder `openai`; empty: none is sent."
    )
    embedding_dims: Annotated[int, Field(ge=0)] = Field(
        0, description="Dimensions to ask embedder `openai` for; 0: those of its model."
    )
    naming_url: str = Field(
        "",
        description="Base URL of an OpenAI-compatible server that names clusters; empty: none.",
    )
    naming_model: str = Field("", description="Model that names clusters.")
    naming_key: SecretStr = Field(
        SecretStr(""), description="Key of the server that names clusters; empty: none is sent."
    )
    clusterer: Literal["ours", "dbstream", "kmeans", "streamkmeans"] = Field(
        "ours", description="Who clusters in `flywheel cluster`; the others are River's."
    )
    clusterer_k: Count = Field(
        50, description="Clusters that River's `kmeans` and `streamkmeans` are told to find."
    )
    cluster_capacity: Count = Field(500, description="Most live clusters of one app.")
    max_slice_values: Count = Field(
        20, description="Values of a dimension with figures of their own; the rest is `other`."
    )
    min_group: Annotated[int, Field(ge=5)] = Field(
        20, description="People without whom a group of a sensitive attribute is not shown."
    )
    settle_minutes: Annotated[float, Field(ge=0)] = Field(
        15.0, description="Minutes after a call in which signals change what comparisons count."
    )
    arm_shares: Shares = Field(
        default_factory=dict,
        description="Share of calls that each variant should get, as in `a=0.9,b=0.1`.",
    )
    value_attribute: str = Field(
        "", description="Attribute that says what is at stake in a call, in the budget's currency."
    )
    budget_days: Positive = Field(14.0, description="Days that a fix may take; triage heeds it.")
    budget_cost: Positive = Field(5000.0, description="USD that a fix may cost; triage heeds it.")

    # --- notifications
    alertmanager_url: str = Field(
        "", description="Alertmanager that is told of incidents (API v2); empty: none."
    )
    slack_webhook: SecretStr = Field(
        SecretStr(""), description="Slack-compatible incoming webhook; empty: none."
    )
    webhook_url: SecretStr = Field(
        SecretStr(""), description="Webhook that gets each alert as JSON; empty: none."
    )
    webhook_secret: SecretStr = Field(
        SecretStr(""), description="Signs what the webhook gets, as Standard Webhooks has it."
    )
    notify_max_age_hours: Positive = Field(
        24.0, description="Age at which an alert that nobody took is no longer told."
    )
    grafana_url: str = Field("", description="Grafana, for links in notifications.")

    # --- serving
    http_host: str = Field("127.0.0.1", description="Address of /metrics, /health and /ready.")
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        9808, description="Port of /metrics, /health and /ready; 0: a free one."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    def masked(self) -> dict[str, Any]:
        """All settings for a person to read, secrets masked."""
        out: dict[str, Any] = {}
        for name, value in self:
            if isinstance(value, SecretStr):
                raw = value.get_secret_value()
                out[name] = mask_url(raw) if "://" in raw else ("********" if raw else "")
            else:
                out[name] = value
        return out


def mask_url(url: str) -> str:
    """A URL without what is secret in it."""
    scheme, _, rest = url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if scheme.startswith("http"):  # the path of a webhook is its key
        name, slash, path = host.partition("/")
        host = f"{name}{slash}{'********' if path else ''}"
    return f"{scheme}://{'********@' if at else ''}{host}" if credentials or not at else url


def load_settings(path: str | None = None, **overrides: object) -> Settings:
    """Loads the settings.

    Args:
        path: the file; else ``FLYWHEEL_CONFIG``, else ``flywheel.toml`` if it is there.
        **overrides: win over file and environment.

    Raises:
        ConfigError: a file that is not there or no TOML, an unknown setting, a wrong value.
    """
    named = path or os.environ.get("FLYWHEEL_CONFIG")
    file = Path(named or "flywheel.toml")
    if named and not file.is_file():
        raise ConfigError(f"No configuration file at {file}: create it or change the path.")
    unknown = _unknown_variables()
    if unknown:
        raise ConfigError(
            f"{unknown} names no setting: {_meant(unknown, _variables())}correct or unset it."
        )

    class Loaded(Settings):
        model_config = SettingsConfigDict(**{**Settings.model_config, "toml_file": file})

    try:
        return Loaded(**overrides)  # type: ignore[arg-type]  # checked by pydantic
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is no valid TOML ({error}): correct it.") from None
    except ValidationError as error:
        raise ConfigError(_said_of(error, file)) from None


def _said_of(error: ValidationError, file: Path) -> str:
    first = error.errors()[0]
    setting, *inside = map(str, first["loc"])
    if first["type"] == "extra_forbidden":
        meant = _meant(setting, Settings.model_fields)
        return f"{setting!r} in {file} names no setting: {meant}correct or remove it."
    what = first["msg"].removeprefix("Value error, ")
    name = ".".join([setting, *inside])
    return f"Setting {name!r}: {what}. Correct it in {file} or FLYWHEEL_{setting.upper()}."


def _meant(name: str, known: Iterable[str]) -> str:
    """The name that comes nearest, as a question; else where all of them are."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}? Else " if near else "stream/settings.py lists them; "


def _variables() -> set[str]:
    return {f"FLYWHEEL_{name.upper()}" for name in Settings.model_fields} | {"FLYWHEEL_CONFIG"}


def _unknown_variables() -> str:
    known = _variables()
    return next(
        (name for name in os.environ if name.startswith("FLYWHEEL_") and name not in known), ""
    )
