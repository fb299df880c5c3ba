"""The nouns: every record that crosses a topic, decoded and validated in one pass over raw bytes.

Inputs (``Call``, ``Signal``, ``Deployment``, ``Decision``) are strict: a wrong or missing field is
a ``Rejected`` value that names it. Unknown fields are left out and counted, so a producer may be
ahead of us. Outputs carry ``v``, their schema version. Times are seconds of the Unix epoch.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Meta, Struct, UnsetType

from flywheel_stream.metrics import Metric

MAX_RECORD_BYTES = 2 * 1024 * 1024
"""A larger input record is a dead letter: it would not fit through the topics downstream."""

MAX_DIGITS = 300
"""Digits of a whole number; with more it is beyond what a float can say."""

MAX_AHEAD = 300.0
"""Seconds that a ``ts`` may be ahead of the broker's clock; beyond, it would drag event time."""


def _one() -> int:
    return 1


# A plain default would be left out by `omit_defaults`, and every output carries its version.
Version = Annotated[int, Meta(ge=1)]

Id = Annotated[str, Meta(min_length=1, max_length=512)]
Label = Annotated[str, Meta(min_length=1, max_length=256)]
Scalar = str | int | float | bool
Confidence = float
"""A probability in 0..1."""


class Stage(StrEnum):
    """Where a record was left out."""

    DECODE = "decode"
    CHECK = "check"
    SCRUB = "scrub"
    DEDUP = "dedup"
    JOIN = "join"
    CURATE = "curate"


class Outcome(StrEnum):
    """What an input record becomes: exactly one of these, counted."""

    FRESH = "fresh"
    DUPLICATE = "duplicate"
    REPEATED = "repeated"
    CONFLICT = "conflict"
    JOINED = "joined"
    WAITING = "waiting"
    ORPHAN = "orphan"
    ACCEPTED = "accepted"
    DEAD_LETTER = "dead_letter"


class Source(Struct, frozen=True):
    """Where an input record lies."""

    topic: str
    partition: int
    offset: int


class Origin(Struct, frozen=True):
    """The input record that caused a derived one; ``n`` numbers what it caused."""

    topic: str
    partition: int
    offset: int
    n: int = 0


class Rejected(NamedTuple):
    """The expected end of a record that is not passed on: a value, not an error."""

    stage: Stage
    reason: str
    field: str = ""


# ---------------------------------------------------------------- inputs


class Message(Struct, forbid_unknown_fields=True):
    """One turn of a conversation."""

    role: str
    content: str


class Expect(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What the caller asked the model for."""

    format: Literal["json", "text"] = "text"
    schema: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuses a schema that could be read and not written again, on decoding."""
        if self.schema is None:
            return
        try:
            orjson.dumps(self.schema)
        except TypeError:
            raise ValueError(
                "Expected a flatter schema of 64-bit numbers - at `$.expect.schema`"
            ) from None


class _CallFields(Struct, kw_only=True, omit_defaults=True):
    trace_id: Id
    ts: float | str
    app: Label = "default"
    model: Label
    variant: str = ""
    prompt_version: str = ""
    user_id: str = ""
    session_id: str = ""
    messages: list[Message] = []
    prompt: str = ""
    response: str | None = None
    expect: Expect | None = None
    error: str = ""
    finish_reason: str = ""
    latency_ms: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_usd: float | None = None
    attributes: dict[str, Scalar] = {}

    @property
    def question(self) -> str:
        """What the user asked last: the text that clusters and excerpts speak of."""
        for turn in reversed(self.messages):
            if turn.role == "user":
                return turn.content
        return self.messages[-1].content if self.messages else self.prompt


Measure = TypeVar("Measure", int, float)


def _measured(value: Measure | None) -> Measure | None:
    return None if value is None or value < 0 else value


class Call(_CallFields, kw_only=True, forbid_unknown_fields=True):
    """A record of ``llm.logs``: one model call.

    A latency, a cost or a number of tokens below 0 is not known: producers write -1 for that.
    """

    v: int = 1

    def __post_init__(self) -> None:
        """Normalises ``ts`` and what is measured, and asks for a prompt, on decoding."""
        self.ts = parse_ts(self.ts)
        self.latency_ms = _measured(self.latency_ms)
        self.tokens_in = _measured(self.tokens_in)
        self.tokens_out = _measured(self.tokens_out)
        self.cost_usd = _measured(self.cost_usd)
        if not self.messages and not self.prompt:
            raise ValueError("Object missing required field `messages`")

    @property
    def at(self) -> float:
        """Event time, seconds of the epoch."""
        return self.ts  # type: ignore[return-value]  # ``parse_ts`` made it a number

    def turns(self) -> list[Message]:
        """The prompt as messages, whichever way it was given."""
        return self.messages or [Message("user", self.prompt)]


SignalKind = Literal[
    "thumb",
    "rating",
    "comment",
    "correction",
    "regenerate",
    "edit",
    "copy",
    "abandon",
    "rephrase",
    "report",
]


class _SignalFields(Struct, kw_only=True, omit_defaults=True):
    trace_id: Id
    ts: float | str
    kind: SignalKind
    value: str | float | None = None
    scale: tuple[float, float] | None = None
    comment: str = ""
    correction: str = ""
    next_trace_id: str = ""
    user_id: str = ""
    id: str = ""


class Signal(_SignalFields, kw_only=True, forbid_unknown_fields=True):
    """A record of ``llm.feedback``: one signal about a call; scrubbed, also inside ``Judged``.

    A thumb or rating without a value says nothing, but what its comment says. It stands for the
    user's earlier one, as any later signal of a kind does: so a thumb is taken back.
    """

    v: int = 1

    def __post_init__(self) -> None:
        """Normalises ``ts`` and refuses a value that means nothing, on decoding."""
        self.ts = parse_ts(self.ts)
        if isinstance(self.value, str) and self.value not in {"up", "middle", "down"}:
            raise ValueError("Expected up, middle, down or a number - at `$.value`")
        if self.scale is not None and not self.scale[0] < self.scale[1]:
            raise ValueError("Expected [min, max] with min < max - at `$.scale`")

    @property
    def at(self) -> float:
        """Event time, seconds of the epoch."""
        return self.ts  # type: ignore[return-value]  # ``parse_ts`` made it a number


class Deployment(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A record of ``llm.deployments``: a version went live or was withdrawn."""

    ts: float | str
    app: Label = "default"
    what: Literal["model", "prompt", "rag"]
    version: Label
    action: Literal["live", "withdrawn"] = "live"
    variant: str = ""
    note: str = ""
    v: int = 1

    def __post_init__(self) -> None:
        """Normalises ``ts`` on decoding."""
        self.ts = parse_ts(self.ts)

    @property
    def at(self) -> float:
        """Event time, seconds of the epoch."""
        return self.ts  # type: ignore[return-value]  # ``parse_ts`` made it a number


class Decision(Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A record of ``flywheel.decisions``: what a person decided about an incident.

    An incident's id starts with its app (``app/hash``), which is how a decision finds its learner.
    ``kind``, where given, is what kind of failure it really is: the learner learns from that.
    """

    id: Id
    incident: Id
    ts: float | str
    by: str = ""
    choice: str = ""
    kind: Annotated[str, Meta(max_length=64)] = ""
    hypothesis: str = ""
    why: str = ""
    v: int = 1

    def __post_init__(self) -> None:
        """Normalises ``ts`` on decoding."""
        self.ts = parse_ts(self.ts)

    @property
    def at(self) -> float:
        """Event time, seconds of the epoch."""
        return self.ts  # type: ignore[return-value]  # ``parse_ts`` made it a number

    @property
    def app(self) -> str:
        """The app whose learner the decision concerns."""
        return self.incident.rpartition("/")[0] or "default"


# ---------------------------------------------------------------- what ingest writes


RULE = "rule:"
"""What the name of a configured check begins with: ``rule:<kind of failure>:<name>``."""


class Finding(Struct, frozen=True):
    """A check that fired or a kind of failure, with scrubbed evidence."""

    kind: str
    confidence: Confidence
    evidence: str = ""


class Interaction(_CallFields, kw_only=True):
    """A record of ``flywheel.interactions``: an accepted call, scrubbed, with its checks."""

    v: Version = msgspec.field(default_factory=_one)
    app: Label
    pii: dict[str, int]
    checks: list[Finding]
    fingerprint: str
    seen: int
    duplicate_of: str | UnsetType | None = UNSET
    dedup: Literal["skipped"] | UnsetType = UNSET
    """``skipped``: the window was away, so it is not known whether this is a duplicate."""
    origin: Origin

    @property
    def at(self) -> float:
        """Event time, seconds of the epoch."""
        return self.ts  # type: ignore[return-value]  # ``parse_ts`` made it a number

    def turns(self) -> list[Message]:
        """The prompt as messages, whichever way it was given."""
        return self.messages or [Message("user", self.prompt)]

    @property
    def is_duplicate(self) -> bool:
        """Whether ingest saw the same prompt and response before."""
        return self.duplicate_of is not UNSET


class Judged(Struct, kw_only=True, tag="judged", omit_defaults=True):
    """An interaction together with its signals, as far as they could be known at ``ts``."""

    origin: Origin
    trace_id: str
    ts: float
    app: str
    revision: int
    why: Literal["signal", "check", "sample"]
    interaction: Interaction
    signals: list[Signal]
    next: Interaction | None = None
    satisfied: float
    uncertainty: float
    v: Version = msgspec.field(default_factory=_one)


class TrafficCount(Struct, kw_only=True, omit_defaults=True):
    """Calls of one minute and slice; ``offsets`` are differences, the first one absolute."""

    minute: int
    model: str
    variant: str = ""
    prompt_version: str = ""
    attributes: dict[str, str] = {}
    calls: int
    duplicates: int = 0
    offsets: list[int]
    duplicate_offsets: list[int] = []


class Traffic(Struct, kw_only=True, tag="traffic"):
    """The denominators: what one ingest batch passed for one app."""

    origin: Origin
    app: str
    counts: list[TrafficCount]
    v: Version = msgspec.field(default_factory=_one)


class Deployed(Struct, kw_only=True, tag="deployment"):
    """A deployment, scrubbed and passed on to the learner."""

    origin: Origin
    app: str
    ts: float
    deployment: Deployment
    v: Version = msgspec.field(default_factory=_one)


class Decided(Struct, kw_only=True, tag="decision"):
    """A person's decision, scrubbed and passed on to the learner."""

    origin: Origin
    app: str
    ts: float
    decision: Decision
    v: Version = msgspec.field(default_factory=_one)


class Clock(Struct, kw_only=True, tag="clock", omit_defaults=True):
    """What carries event time forward: the latest ``ts`` seen in one input partition."""

    topic: str
    partition: int
    until: float
    idle: bool = False
    end: bool = False
    v: Version = msgspec.field(default_factory=_one)


Learnable = Judged | Traffic | Deployed | Decided | Clock


# ---------------------------------------------------------------- what learn writes


class Failure(Struct, kw_only=True):
    """A record of ``flywheel.failures``: a judged failure with its place."""

    trace_id: str
    ts: float
    app: str
    model: str
    variant: str
    kinds: list[Finding]
    cluster: str
    urgency: float
    satisfied: float
    excerpt: str
    origin: Origin
    v: Version = msgspec.field(default_factory=_one)


class ModelRate(Struct, kw_only=True):
    """Failures an hour of one model and arm."""

    model: str
    variant: str = ""
    rate: float


class Exemplar(Struct, kw_only=True):
    """A scrubbed example of what an alert is about."""

    trace_id: str
    excerpt: str


class Advice(Struct, kw_only=True):
    """One intervention that fits, with its price; ``now`` marks what to do at once."""

    intervention: str
    why: str
    days: float
    cost: float
    now: bool = False


class Affected(Struct, kw_only=True):
    """Another subject that spikes for the same reason; rates are per hour, at its latest change."""

    subject: dict[str, str]
    title: str
    since: float
    active: bool
    rate: float
    baseline: float


AlertState = Literal["opened", "escalated", "resolved", "regressed"]


class Alert(Struct, kw_only=True):
    """A record of ``flywheel.alerts``: an incident changed its state."""

    id: str
    incident: str
    state: AlertState
    ts: float
    since: float
    app: str
    subject: dict[str, str]
    kinds: list[str]
    title: str
    why: str
    rate: float
    baseline: float
    confidence: Confidence
    urgency: float
    users: int
    models: list[ModelRate]
    exemplars: list[Exemplar]
    advice: list[Advice]
    also: list[Affected] = []
    v: Version = msgspec.field(default_factory=_one)


class Lineage(Struct, kw_only=True):
    """Where an example comes from."""

    trace_ids: list[str]
    models: list[str]
    origins: list[Origin]
    versions: dict[str, str]


ExampleType = Literal["sft", "preference", "unpaired", "prompt"]


class Example(Struct, kw_only=True):
    """A record of ``flywheel.curated``: one row for a trainer."""

    id: str
    type: ExampleType
    app: str
    created_at: float
    prompt: list[Message]
    completion: str | UnsetType = UNSET
    chosen: str | UnsetType = UNSET
    rejected: str | UnsetType = UNSET
    label: bool | UnsetType = UNSET
    verifier: dict[str, Any] | UnsetType = UNSET
    reason: dict[str, Any]
    confidence: Confidence
    cluster: str | None = None
    slices: dict[str, str] = {}
    synthetic: bool = False
    lineage: Lineage
    pii: dict[str, int] = {}
    v: int = 1


class Rejection(Struct, kw_only=True, omit_defaults=True):
    """A record of ``flywheel.rejected``: what was left out after decoding, and why."""

    source: Source
    stage: str
    reason: str
    trace_id: str
    detail: str = ""
    v: Version = msgspec.field(default_factory=_one)


class DeadLetter(Struct, kw_only=True):
    """A record of ``flywheel.dead-letters``: where a refused record lies, never its bytes."""

    source: Source
    stage: str
    reason: str
    field: str = ""
    excerpt: str = ""
    v: Version = msgspec.field(default_factory=_one)


class Request(Struct, kw_only=True):
    """A record of ``flywheel.requests``: what the curated set lacks."""

    id: str
    app: str
    cluster: str
    ts: float
    type: ExampleType
    wanted: int
    exemplars: list[Exemplar]
    v: Version = msgspec.field(default_factory=_one)


class Output(NamedTuple):
    """A record for an output topic, named by its role; ``by`` decides the partition."""

    topic: str
    key: str
    value: bytes | None
    by: str


Tally = Counter[tuple[Metric, tuple[str, ...]]]
"""Counts for the metrics: (metric, label values) to a number."""


# ---------------------------------------------------------------- decoding and encoding


def parse_ts(ts: float | str) -> float:
    """Turns epoch seconds or an RFC 3339 time into epoch seconds.

    Raises:
        ValueError: it is neither, not finite, before 1970 or after 9999; the text is in the form
            of msgspec's own messages, so that the field is named in the same way.
    """
    if isinstance(ts, str):
        try:
            moment = datetime.fromisoformat(ts.upper())  # RFC 3339 takes t and z as well
        except ValueError:
            raise ValueError("Expected RFC 3339 or epoch seconds - at `$.ts`") from None
        if moment.tzinfo is None:
            raise ValueError("Expected a time zone - at `$.ts`")
        ts = (moment - _EPOCH).total_seconds()
    if not math.isfinite(ts) or not 0 <= ts < 253_402_300_800:
        raise ValueError("Expected seconds since 1970 - at `$.ts`")
    return float(ts)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELD = re.compile(r"(?:at `\$\.?([^`]*)`|field `([^`]+)`)")
_INDEX = re.compile(r"\[[^\]]*\]")


T = TypeVar("T", bound=Struct)


class InputDecoder(Generic[T]):
    """Decodes one kind of input record; strict first, and lenient only for unknown fields."""

    def __init__(self, record: type[T]) -> None:
        self._record = record
        self._strict = msgspec.json.Decoder(record)

    def decode(self, raw: bytes | None) -> tuple[T | Rejected, int]:
        """Decodes one record.

        Args:
            raw: the record's bytes, UTF-8 JSON; ``None`` is a tombstone, which inputs have not.

        Returns:
            The record, or why it is none, and how many of its fields were unknown.
        """
        if not raw:
            return Rejected(Stage.DECODE, "empty"), 0
        if len(raw) > MAX_RECORD_BYTES:
            return Rejected(Stage.DECODE, "too_large"), 0
        try:
            return self._strict.decode(raw), 0
        except msgspec.ValidationError:
            return self._decode_leniently(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            mended = _paired(raw)
            return (Rejected(Stage.DECODE, "not_json"), 0) if mended == raw else self.decode(mended)

    def _decode_leniently(self, raw: bytes) -> tuple[T | Rejected, int]:
        """Decodes once more, without unknown fields and nulls."""
        try:
            known, unknown = _known(_tree(raw), self._record)
            return msgspec.convert(known, self._record), unknown
        except msgspec.ValidationError as error:
            return _rejected(error), 0
        except (msgspec.DecodeError, ValueError, RecursionError):
            return Rejected(Stage.DECODE, "not_json"), 0


class _TooLarge:
    """A number that no field can hold; an unknown field may."""


def _tree(raw: bytes) -> object:
    """Any JSON as plain objects; a number beyond all range is no error yet.

    Raises:
        ValueError: it is no JSON, or not in UTF-8.
        msgspec.DecodeError: the same.
    """
    try:
        return msgspec.json.decode(raw)
    except msgspec.ValidationError:  # of nothing but such a number: it names no field
        return json.loads(
            _paired(raw).decode(),
            parse_float=_finite,
            parse_int=_finite_whole,
            parse_constant=_no_constant,
        )


def _finite(digits: str) -> float | _TooLarge:
    number = float(digits)
    return number if math.isfinite(number) else _TooLarge()


def _finite_whole(digits: str) -> int | _TooLarge:
    return int(digits) if len(digits) <= MAX_DIGITS else _TooLarge()


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def _paired(raw: bytes) -> bytes:
    """JSON with halves of surrogate pairs replaced: JavaScript writes them where it cuts an emoji."""
    return _ESCAPES.sub(lambda match: b"\\ufffd" if match["lone"] else match[0], raw)


def _known(tree: object, record: type[Struct]) -> tuple[object, int]:
    """Leaves unknown fields out, and nulls, which stand for absent; in nested records too."""
    if not isinstance(tree, dict):
        return tree, 0
    fields = {field.encode_name for field in msgspec.structs.fields(record)}
    known = {name: value for name, value in tree.items() if name in fields and value is not None}
    unknown = sum(name not in fields for name in tree)
    if record is Message and "content" in tree:
        known["content"] = _content(tree["content"])
    if isinstance(attributes := known.get("attributes"), dict):
        known["attributes"] = {key: own for key, own in attributes.items() if own is not None}
    for name, nested in _NESTED.items():
        inner = known.get(name)
        if name in fields and isinstance(inner, list):
            pairs = [_known(item, nested) for item in inner]
            known[name] = [item for item, _ in pairs]
            unknown += sum(count for _, count in pairs)
        elif name in fields and isinstance(inner, dict):
            known[name], count = _known(inner, nested)
            unknown += count
    return known, unknown


def _content(content: object) -> object:
    """Text of a turn: providers send null with tool calls, and lists of parts."""
    if not isinstance(content, list):
        return "" if content is None else content
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(text for text in parts if isinstance(text, str))


_NESTED: dict[str, type[Struct]] = {"messages": Message, "expect": Expect}


def _rejected(error: msgspec.ValidationError) -> Rejected:
    text = str(error)
    found = _FIELD.search(text)
    at = next((group for group in found.groups() if group), "") if found else ""
    missing = re.search(r"missing required field `([^`]+)`", text)
    if missing:
        prefix = re.search(r"at `\$\.?([^`]*)`", text)
        parent = f"{prefix[1]}." if prefix and prefix[1] else ""
        return Rejected(Stage.DECODE, "missing_field", _INDEX.sub("[]", parent + missing[1]))
    if not at and "Expected `object`" in text:
        return Rejected(Stage.DECODE, "not_an_object")
    return Rejected(Stage.DECODE, "wrong_field", _INDEX.sub("[]", at))


calls = InputDecoder(Call)
signals = InputDecoder(Signal)
deployments = InputDecoder(Deployment)
decisions = InputDecoder(Decision)

encode: Callable[[object], bytes] = msgspec.json.Encoder().encode
"""Any record to its JSON bytes; equal records give equal bytes."""

decode_learnable: Callable[[bytes], Learnable] = msgspec.json.Decoder(Learnable).decode
decode_interaction: Callable[[bytes], Interaction] = msgspec.json.Decoder(Interaction).decode
decode_signal: Callable[[bytes], Signal] = msgspec.json.Decoder(Signal).decode
decode_deployment: Callable[[bytes], Deployment] = msgspec.json.Decoder(Deployment).decode
decode_alert: Callable[[bytes], Alert] = msgspec.json.Decoder(Alert).decode
decode_example: Callable[[bytes], Example] = msgspec.json.Decoder(Example).decode


def differences(offsets: Iterable[int]) -> list[int]:
    """Sorted offsets as differences, the first one absolute; small numbers make short JSON."""
    previous = 0
    out = []
    for offset in offsets:
        out.append(offset - previous)
        previous = offset
    return out


def offsets_of(differences: Iterable[int]) -> list[int]:
    """The inverse of ``differences``."""
    total = 0
    return [total := total + step for step in differences]
