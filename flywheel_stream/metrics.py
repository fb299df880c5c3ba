"""Every metric a constant: name, kind, sentence, labels, panel.

``CATALOGUE`` is what Prometheus exposes, what the dashboard is generated from, and what the docs
list. Labels never hold user text; their values are bounded by settings and tables.
"""

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Shape = Literal["timeseries", "bargauge"]


class Panel(NamedTuple):
    """How a dashboard shows a metric: row, title, unit (Grafana's names) and PromQL.

    ``$app`` in a query is the apps chosen at the top of the dashboard, as a regular expression.
    """

    row: str
    title: str
    unit: str
    query: str
    legend: str = ""
    shape: Shape = "timeseries"


class Metric(NamedTuple):
    """One metric."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    panel: Panel | None = None
    buckets: tuple[float, ...] = ()


SLICE = ("app", "model", "variant")
_HEALTH, _QUALITY, _PRIVACY, _OUTPUT = "Pipeline", "Satisfaction", "Privacy", "What comes out"

READ = Metric(
    "flywheel_records_read",
    "counter",
    "Records read from an input topic.",
    ("input",),
    Panel(
        _HEALTH,
        "Records read",
        "cps",
        "sum by (input) (rate(flywheel_records_read_total[1m]))",
        "{{input}}",
    ),
)
OUTCOMES = Metric(
    "flywheel_records",
    "counter",
    "What each input record became; sums to flywheel_records_read_total, less what still waits.",
    ("input", "outcome"),
    Panel(
        _HEALTH,
        "Outcomes",
        "cps",
        "sum by (input, outcome) (rate(flywheel_records_total[1m]))",
        "{{input}} {{outcome}}",
    ),
)
WAITING = Metric(
    "flywheel_waiting_signals",
    "gauge",
    "Signals read by this worker whose call has not come yet.",
    (),
    Panel(
        _HEALTH,
        "Signals that wait for their call",
        "short",
        "sum(flywheel_waiting_signals)",
        "waiting",
    ),
)
UNKNOWN_FIELDS = Metric(
    "flywheel_unknown_fields",
    "counter",
    "Fields of input records that the contract does not know; they are left out.",
    ("input",),
)
DEAD_LETTERS = Metric(
    "flywheel_dead_letters",
    "counter",
    "Records refused, by reason.",
    ("input", "reason"),
    Panel(
        _HEALTH,
        "Dead letters",
        "cps",
        "sum by (input, reason) (rate(flywheel_dead_letters_total[5m]))",
        "{{input}} {{reason}}",
    ),
)
REJECTED = Metric(
    "flywheel_rejected",
    "counter",
    "Records left out after decoding, by stage and reason.",
    ("stage", "reason"),
    Panel(
        _OUTPUT,
        "Left out, by reason",
        "cps",
        "sum by (stage, reason) (rate(flywheel_rejected_total[5m]))",
        "{{stage}} {{reason}}",
    ),
)
WRITTEN = Metric(
    "flywheel_records_written",
    "counter",
    "Records written to an output topic and confirmed.",
    ("topic",),
    Panel(
        _HEALTH,
        "Records written",
        "cps",
        "sum by (topic) (rate(flywheel_records_written_total[1m]))",
        "{{topic}}",
    ),
)
BATCH_SECONDS = Metric(
    "flywheel_batch_seconds",
    "histogram",
    "Time from taking a batch to its acknowledgement.",
    ("agent",),
    Panel(
        _HEALTH,
        "Batch time, 95th percentile",
        "s",
        "histogram_quantile(0.95, sum by (agent, le) (rate(flywheel_batch_seconds_bucket[5m])))",
        "{{agent}}",
    ),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STAGE_SECONDS = Metric(
    "flywheel_stage_seconds",
    "counter",
    "Time spent in a stage; over records read it is the cost of one.",
    ("stage",),
    Panel(
        _HEALTH,
        "Time by stage",
        "percentunit",
        "sum by (stage) (rate(flywheel_stage_seconds_total[1m]))",
        "{{stage}}",
    ),
)
LAG = Metric(
    "flywheel_consumer_lag",
    "gauge",
    "Records behind the end of a partition that this worker owns.",
    ("topic", "partition"),
    Panel(_HEALTH, "Consumer lag", "short", "sum by (topic) (flywheel_consumer_lag)", "{{topic}}"),
)
DEDUP_SKIPPED = Metric(
    "flywheel_dedup_skipped",
    "counter",
    "Calls that went on without deduplication because its Redis was away, by what was left out.",
    ("step",),
    Panel(
        _HEALTH,
        "Calls without deduplication",
        "cps",
        "sum by (step) (rate(flywheel_dedup_skipped_total[5m]))",
        "{{step}}",
    ),
)
NOTIFICATIONS = Metric(
    "flywheel_notifications",
    "counter",
    "Alerts told to a receiver: delivered, retried (it did not answer), refused, or expired.",
    ("receiver", "outcome"),
    Panel(
        _HEALTH,
        "Notifications",
        "cps",
        "sum by (receiver, outcome) (rate(flywheel_notifications_total[5m]))",
        "{{receiver}} {{outcome}}",
    ),
)
TOP_USER = Metric(
    "flywheel_top_user_ratio",
    "gauge",
    "Share of a worker's latest calls that its busiest user made.",
    (),
    Panel(
        _HEALTH,
        "Busiest user",
        "percentunit",
        "max(flywheel_top_user_ratio)",
        "share of calls",
    ),
)
RETRIES = Metric(
    "flywheel_retries",
    "counter",
    "Times that a batch was tried again because Kafka, Redis or the embedder did not answer.",
    ("agent",),
    Panel(
        _HEALTH,
        "Batches tried again",
        "cps",
        "sum by (agent) (rate(flywheel_retries_total[5m]))",
        "{{agent}}",
    ),
)
WATERMARK = Metric(
    "flywheel_watermark_timestamp_seconds",
    "gauge",
    "Event time up to which a learn partition has worked.",
    ("partition",),
    Panel(
        _HEALTH,
        "Event time behind now",
        "s",
        "time() - min(flywheel_watermark_timestamp_seconds > 0)",
        "behind",
    ),
)
REORDER = Metric(
    "flywheel_reorder_buffer_records",
    "gauge",
    "Records held back until the watermark passes them.",
    ("partition",),
)
LATE = Metric(
    "flywheel_late_records",
    "counter",
    "Records that came after the watermark had passed them.",
    ("partition",),
    Panel(_HEALTH, "Late records", "cps", "sum(rate(flywheel_late_records_total[5m]))", "late"),
)
SNAPSHOT_BYTES = Metric(
    "flywheel_snapshot_bytes",
    "gauge",
    "Size of the last snapshot of a learn partition, compressed.",
    ("partition",),
    Panel(
        _HEALTH,
        "Size of a snapshot",
        "bytes",
        "max by (partition) (flywheel_snapshot_bytes)",
        "partition {{partition}}",
    ),
)
SNAPSHOTS = Metric("flywheel_snapshots", "counter", "Snapshots written.", ("partition",))

PII = Metric(
    "flywheel_pii_entities",
    "counter",
    "Personal data and secrets replaced, by type.",
    ("type",),
    Panel(
        _PRIVACY,
        "Personal data replaced",
        "cps",
        "sum by (type) (rate(flywheel_pii_entities_total[5m]))",
        "{{type}}",
    ),
)

CALLS = Metric(
    "flywheel_calls",
    "gauge",
    "Calls counted by the learner, duplicates included.",
    SLICE,
    Panel(
        _QUALITY,
        "Calls",
        "short",
        'sum by (model, variant) (flywheel_calls{app=~"$app"})',
        "{{model}} {{variant}}",
    ),
)
JUDGED = Metric("flywheel_judged", "gauge", "Calls with a judgement.", SLICE)
SATISFIED = Metric(
    "flywheel_satisfaction_ratio",
    "gauge",
    "Probability that a user was satisfied, weighted towards the last hour of event time.",
    SLICE,
    Panel(
        _QUALITY,
        "Satisfaction",
        "percentunit",
        'max by (app, model, variant) (flywheel_satisfaction_ratio{app=~"$app"})',
        "{{app}} {{model}} {{variant}}",
    ),
)
THUMBS = Metric(
    "flywheel_thumbs",
    "gauge",
    "Thumbs and ratings as up, middle, down; a revision takes back what it replaces.",
    (*SLICE, "thumb"),
    Panel(
        _QUALITY,
        "Thumbs",
        "short",
        'sum by (thumb) (flywheel_thumbs{app=~"$app"})',
        "{{thumb}}",
        "bargauge",
    ),
)
WINDOW = ("app", "dimension", "value", "window")
WINDOW_CALLS = Metric(
    "flywheel_window_calls",
    "gauge",
    "Calls in the last 5 minutes, hour, day and week of event time, by dimension and its value.",
    WINDOW,
)
WINDOW_SATISFIED = Metric(
    "flywheel_window_satisfaction_ratio",
    "gauge",
    "Mean probability of satisfaction in a window, by dimension and its value; the rest is `other`.",
    WINDOW,
    Panel(
        _QUALITY,
        "Satisfaction in the last hour",
        "percentunit",
        "max by (app, dimension, value)"
        ' (flywheel_window_satisfaction_ratio{app=~"$app", window="1h"})',
        "{{app}} {{dimension}} {{value}}",
    ),
)
WINDOW_THUMBS = Metric(
    "flywheel_window_thumbs",
    "gauge",
    "Calls in a window by thumb: up, middle, down, none.",
    (*WINDOW, "thumb"),
)
VOTES = Metric(
    "flywheel_votes_satisfaction_ratio",
    "gauge",
    "Satisfaction in the last week among rated calls and, corrected for who votes, among all; with"
    " the ends of its 95 % interval. Without a model: of all arms.",
    (*SLICE, "of", "bound"),
    Panel(
        _QUALITY,
        "Satisfied: of rated calls, and of all",
        "percentunit",
        "max by (app, model, variant, of)"
        ' (flywheel_votes_satisfaction_ratio{app=~"$app", bound="estimate"})',
        "{{app}} {{model}} {{variant}}, {{of}}",
    ),
)
ARM_DIFFERENCE = Metric(
    "flywheel_arm_satisfaction_difference",
    "gauge",
    "Satisfaction of the second arm less that of the first, with an interval that is valid at every"
    " look.",
    ("app", "first", "second", "bound"),
    Panel(
        _QUALITY,
        "Satisfaction, second arm less first",
        "percentunit",
        'max by (app, first, second, bound) (flywheel_arm_satisfaction_difference{app=~"$app"})',
        "{{app}} {{second}} less {{first}}, {{bound}}",
    ),
)
ARM_FAILURES = Metric(
    "flywheel_arm_failure_ratio",
    "gauge",
    "Failures per call of the second arm over those of the first, with an interval that is valid at"
    " every look.",
    ("app", "first", "second", "bound"),
    Panel(
        _QUALITY,
        "Failures per call, second arm over first",
        "short",
        'max by (app, first, second, bound) (flywheel_arm_failure_ratio{app=~"$app"})',
        "{{app}} {{second}} over {{first}}, {{bound}}",
    ),
)
ARM_VERDICT = Metric(
    "flywheel_arm_verdict",
    "gauge",
    "1 for what a comparison of two arms comes to: none, winner, pull_back, mixed or withheld.",
    ("app", "first", "second", "verdict"),
)
DRIFT_BEGAN = Metric(
    "flywheel_drift_began_timestamp_seconds",
    "gauge",
    "When the latest change of an arm's satisfaction began, in event time.",
    SLICE,
)
FAIRNESS = Metric(
    "flywheel_fairness_gap",
    "gauge",
    "A group of a sensitive attribute beside the rest: satisfaction (difference), failures per call"
    " and share of curated data (ratios), with an interval corrected for all comparisons.",
    ("app", "attribute", "group", "measure", "bound"),
    Panel(
        _QUALITY,
        "Gaps in satisfaction between groups",
        "percentunit",
        "max by (app, attribute, group, bound)"
        ' (flywheel_fairness_gap{app=~"$app", measure="satisfaction"})',
        "{{app}} {{attribute}} {{group}}, {{bound}}",
    ),
)
FAILURES = Metric(
    "flywheel_failures",
    "gauge",
    "Failures that stand, by kind.",
    ("app", "kind"),
    Panel(
        _QUALITY,
        "Failures by kind",
        "short",
        'sum by (kind) (flywheel_failures{app=~"$app"})',
        "{{kind}}",
    ),
)
CLUSTERS = Metric(
    "flywheel_clusters",
    "gauge",
    "Live failure clusters.",
    ("app",),
    Panel(
        _QUALITY,
        "Failure clusters",
        "short",
        'max by (app) (flywheel_clusters{app=~"$app"})',
        "{{app}}",
    ),
)
CLUSTER_STATES = Metric(
    "flywheel_cluster_states",
    "gauge",
    "Live failure clusters by where they stand: new, open, resolved, regressed.",
    ("app", "state"),
    Panel(
        _QUALITY,
        "Failure clusters by state",
        "short",
        'sum by (state) (flywheel_cluster_states{app=~"$app"})',
        "{{state}}",
    ),
)
SUCCESSES = Metric(
    "flywheel_successes",
    "gauge",
    "Really good answers that stand, by the reason; one may have several.",
    ("app", "reason"),
    Panel(
        _QUALITY,
        "Really good answers by reason",
        "short",
        'sum by (reason) (flywheel_successes{app=~"$app"})',
        "{{reason}}",
    ),
)
WORTH = Metric(
    "flywheel_signal_worth",
    "gauge",
    "Log-odds of satisfaction that an implicit signal has been worth, by calls with a verdict.",
    ("app", "signal"),
    Panel(
        _QUALITY,
        "What implicit signals have been worth",
        "short",
        'max by (app, signal) (flywheel_signal_worth{app=~"$app"})',
        "{{app}} {{signal}}",
    ),
)
UNSEEN_TOPICS = Metric(
    "flywheel_unseen_topics",
    "gauge",
    "Topics of the last week that nobody asked about before, among the sample of all calls.",
    ("app",),
    Panel(
        _QUALITY,
        "Topics that nobody asked about before",
        "short",
        'max by (app) (flywheel_unseen_topics{app=~"$app"})',
        "{{app}}",
    ),
)
INCIDENTS = Metric(
    "flywheel_incident_urgency",
    "gauge",
    "Urgency (0..1) of an open incident; gone once it is resolved.",
    ("app", "incident"),
    Panel(
        _QUALITY,
        "Open incidents by urgency",
        "percentunit",
        'max by (app, incident) (flywheel_incident_urgency{app=~"$app"})',
        "{{app}} {{incident}}",
        "bargauge",
    ),
)
ALERTS = Metric(
    "flywheel_alerts",
    "counter",
    "Alerts written, by the state that an incident entered.",
    ("app", "state"),
    Panel(
        _OUTPUT,
        "Alerts",
        "short",
        'sum by (app, state) (flywheel_alerts_total{app=~"$app"})',
        "{{app}} {{state}}",
    ),
)
EXAMPLES = Metric(
    "flywheel_examples",
    "gauge",
    "Training examples that stand, by type.",
    ("app", "type"),
    Panel(
        _OUTPUT,
        "Curated examples",
        "short",
        'sum by (type) (flywheel_examples{app=~"$app"})',
        "{{type}}",
    ),
)

CATALOGUE: tuple[Metric, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric)
)
