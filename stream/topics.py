"""The topics: names, keys, partitions, retention; created at start where absent."""

from dataclasses import dataclass
from typing import Literal

from stream.settings import Settings

MAX_STATE_BYTES = 16 * 1024 * 1024
MAX_OUTPUT_BYTES = 8 * 1024 * 1024
"""An accepted record has 2 MiB at most; a judged one holds it, its successor and its signals."""

Cleanup = Literal["delete", "compact", "compact,delete"]


@dataclass(frozen=True)
class TopicSpec:
    """What a topic has to be like."""

    name: str
    partitions: int
    cleanup: Cleanup = "delete"
    retention_hours: float | None = None
    max_bytes: int = MAX_OUTPUT_BYTES
    role: Literal["input", "output", "internal"] = "output"

    def config(self) -> dict[str, str]:
        """The topic's configuration, as Kafka names it."""
        config = {"cleanup.policy": self.cleanup, "max.message.bytes": str(self.max_bytes)}
        if "delete" in self.cleanup and self.retention_hours is not None:
            config["retention.ms"] = str(int(self.retention_hours * 3_600_000))
        if self.cleanup == "compact" and self.role == "internal":
            config |= {
                "segment.bytes": str(32 * 1024 * 1024),
                "min.cleanable.dirty.ratio": "0.01",
                "max.compaction.lag.ms": "10000",
            }
        return config


class Topics:
    """The names in use, after settings."""

    def __init__(self, settings: Settings) -> None:
        prefix = settings.prefix
        self.logs = settings.logs_topic
        self.feedback = settings.feedback_topic
        self.deployments = settings.deployments_topic
        self.decisions = f"{prefix}decisions"
        self.interactions = f"{prefix}interactions"
        self.learn = f"{prefix}learn"
        self.failures = f"{prefix}failures"
        self.alerts = f"{prefix}alerts"
        self.curated = f"{prefix}curated"
        self.rejected = f"{prefix}rejected"
        self.requests = f"{prefix}requests"
        self.state = f"{prefix}state"
        self.dead_letters = f"{prefix}dead-letters"
        self._settings = settings

    @property
    def inputs(self) -> tuple[str, ...]:
        """What ingest reads."""
        return (self.logs, self.feedback, self.deployments, self.decisions)

    def specs(self) -> tuple[TopicSpec, ...]:
        """Every topic of the contract."""
        s = self._settings
        raw, kept, few = s.raw_retention_hours, s.retention_hours, s.learn_partitions
        many = s.input_partitions
        both: Cleanup = "compact,delete"
        return (
            TopicSpec(self.logs, many, "delete", raw, role="input"),
            TopicSpec(self.feedback, many, "delete", raw, role="input"),
            TopicSpec(self.deployments, 1, "delete", kept, role="input"),
            TopicSpec(self.decisions, 1, "delete", kept, role="input"),
            TopicSpec(self.interactions, many, both, kept),
            TopicSpec(self.learn, few, "delete", 72.0, role="internal"),
            TopicSpec(self.failures, few, both, kept),
            TopicSpec(self.alerts, few, "delete", kept),
            TopicSpec(self.curated, few, both, kept),
            TopicSpec(self.rejected, few, "delete", kept),
            TopicSpec(self.requests, few, "delete", kept),
            TopicSpec(self.state, few, "compact", None, MAX_STATE_BYTES, role="internal"),
            TopicSpec(self.dead_letters, few, "delete", kept),
        )

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has by the settings."""
        return next(spec.partitions for spec in self.specs() if spec.name == topic)
