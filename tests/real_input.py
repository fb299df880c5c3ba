"""Turns public data sets of answers and human judgements into input of the flywheel, at test time.

One trace per response; ratings, votes, comments and corrections become feedback. What a stream has
to survive is planted among them. The truth (which outcome each record has, which pairs and labels
are right) is told by a simple reading of the contract, independent of the code under test.

Run: ``python tests/real_input.py OUT [--data ../shared/data/real] [--limit ROWS] [--seed N]``
"""

import argparse
import gzip
import random
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # when run as a script

from stream.simulator.personal import card_number, iban, phone_number, ssn

Record = dict[str, Any]
Pair = tuple[str, str]

SETS = (
    "B_expertqa_corrections",
    "B_llmfao_crowd_pairs",
    "B_feedbackqa_ratings",
    "B_pandalm_human",
    "E_llmfao_outputs",
)
INPUTS = ("logs", "feedback", "deployments")
START = 1_760_000_000.0
DAYS = 3.0
GROUP_SECONDS = 7_200.0
"""Calls with one prompt come within two hours, so that copies are inside any dedup window."""

FAR_FUTURE = 32_503_680_000  # the year 3000
MAX_RECORD = 2 * 1024 * 1024
KINDS = (
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
)


@dataclass
class Planted:
    """How many of each were put in on purpose; natural ones (duplicates) come on top."""

    duplicates: int = 0  # calls under another trace_id with the content of an earlier one
    repeated_calls: int = 0
    conflicts: int = 0
    late: int = 0  # hours after the call
    early: int = 0  # before the call's own ts
    repeated_signals: int = 0
    superseded: int = 0  # votes that the same user took back later
    orphans: int = 0
    not_json: dict[str, int] = field(default_factory=dict)
    missing: dict[str, list[str]] = field(default_factory=dict)  # required fields, by input
    wrong: dict[str, list[str]] = field(default_factory=dict)  # fields of a wrong type or value
    future: dict[str, int] = field(default_factory=dict)
    one_megabyte: int = 0
    three_megabytes: int = 0
    unknown_fields: int = 0  # records that hold one, accepted all the same
    blank: dict[str, int] = field(default_factory=dict)
    repeated_deployments: int = 0

    def dead_letters(self, to: str) -> int:
        """How many of an input's records are refused."""
        refused = self.not_json[to] + len(self.missing[to]) + len(self.wrong[to]) + self.future[to]
        return refused + (self.three_megabytes if to == "logs" else 0)


@dataclass
class Truth:
    """What a run on the input has to show. Ids are trace ids."""

    read: dict[str, int]
    outcomes: dict[str, dict[str, int]]
    planted: Planted
    canaries: list[str]  # strings of personal data that no output may hold
    duplicates: dict[str, str]  # a duplicate call, and the first with its content
    preferences: set[Pair]  # (winner, loser): most users who preferred one preferred it
    ties: set[Pair]  # answers to one prompt, as many users for the one as for the other
    labels: dict[str, bool]  # most users' thumb or rating is up (or down); no entry: neither
    corrections: dict[str, str]  # the latest text that a user wrote in place of the answer

    def to_json(self) -> bytes:
        """The truth as a file holds it; pairs are lists of two, sorted."""
        return orjson.dumps(
            asdict(self) | {"preferences": sorted(self.preferences), "ties": sorted(self.ties)},
            option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS,
        )


def build(out: Path, data: Path, *, seed: int = 7, limit: int | None = None) -> Truth:
    """Writes ``logs.jsonl``, ``feedback.jsonl``, ``deployments.jsonl`` and ``truth.json``.

    Args:
        out: a folder, made where absent.
        data: the folder of the data sets, ``<name>.jsonl.gz`` each.
        seed: the same seed gives the same bytes.
        limit: rows taken of each set; all where ``None``.
    """
    traffic = _Traffic(random.Random(seed))
    for name in SETS:
        _READERS[name](traffic, _rows(data / f"{name}.jsonl.gz", limit))
    _plant(traffic)
    out.mkdir(parents=True, exist_ok=True)
    lines = {name: traffic.lines(name) for name in INPUTS}
    for name, content in lines.items():
        (out / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in content))
    truth = read_truth(lines, traffic)
    (out / "truth.json").write_bytes(truth.to_json())
    return truth


def _rows(path: Path, limit: int | None) -> list[Record]:
    with gzip.open(path, "rb") as file:
        rows = [orjson.loads(line) for line in file]
    return rows[:limit]


# ---------------------------------------------------------------- what is written


class _Placed(NamedTuple):
    """A line with the place that it has among the others of its input."""

    at: float
    raw: bytes


class _Traffic:
    """The records as they come together, with the clock that they share."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.placed: dict[str, list[_Placed]] = {name: [] for name in INPUTS}
        self.calls: list[Record] = []  # as accepted first, with `at`
        self.sides: list[Pair] = []  # the two answers of a comparison
        self.signals: list[Record] = []
        self.planted = Planted()
        self.canaries: list[str] = []
        self._groups: dict[tuple[str, str], float] = {}

    def when(self, app: str, prompt: str) -> float:
        """A time for a call: somewhere in the days, near the other calls with its prompt."""
        key = app, normal(prompt)
        if key not in self._groups:
            days = DAYS * 86_400.0 - GROUP_SECONDS
            self._groups[key] = START + self.rng.uniform(0.0, days)
        return self._groups[key] + self.rng.uniform(0.0, GROUP_SECONDS)

    def after(self, at: float) -> float:
        """A time for a signal: minutes after what it is about."""
        return at + 2.0 + min(self.rng.expovariate(1 / 300.0), 7_200.0)

    def write(self, to: str, record: Record, at: float) -> bytes:
        """Appends a record; its place in the file is about where its time is."""
        raw = orjson.dumps(record)
        self.put(to, raw, at)
        return raw

    def put(self, to: str, raw: bytes, at: float) -> None:
        """Appends a line, somewhat out of order now and then."""
        shift = self.rng.uniform(-600.0, 600.0) if self.rng.random() < 0.05 else 0.0
        self.placed[to].append(_Placed(at + shift, raw))

    def call(self, at: float, record: Record) -> Record:
        """Appends a call; a third of the times are text, in some zone."""
        record = {"ts": self.time(at), **record}
        self.write("logs", record, at)
        self.calls.append(record)
        return record

    def signal(self, at: float, record: Record) -> Record:
        """Appends a signal."""
        record = {"ts": self.time(at), **record}
        self.write("feedback", record, at)
        self.signals.append(record)
        return record

    def time(self, at: float) -> float | str:
        """A time in one of the forms that the contract allows."""
        at = round(at, 3)
        form = self.rng.randrange(6)
        if form == 0:
            return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
        if form == 1:
            return datetime.fromtimestamp(at, timezone(timedelta(hours=5, minutes=30))).isoformat()
        return at

    def anywhere(self) -> float:
        """Some place in the file."""
        return START + self.rng.uniform(0.0, DAYS * 86_400.0)

    def lines(self, to: str) -> list[bytes]:
        """The lines of an input's file."""
        return [line.raw for line in sorted(self.placed[to], key=lambda line: line.at)]


# ---------------------------------------------------------------- one data set each


def _expertqa(traffic: _Traffic, rows: list[Record]) -> None:
    """Experts' ratings and revised answers."""
    scale = {"Not useful at all": 1, "Partially useful": 2, "Useful": 3}
    for row in rows:
        at = traffic.when("expertqa", row["prompt"])
        call = {"trace_id": row["id"], "app": "expertqa", "model": row["model"]}
        call |= {"user_id": row["user_id"], "attributes": {"field": row["field"] or "none"}}
        traffic.call(at, call | {"prompt": row["prompt"], "response": row["response"]})
        about = {"trace_id": row["id"], "user_id": row["rater_id"]}
        if row["usefulness"] in scale:
            rating = {"kind": "rating", "value": scale[row["usefulness"]], "scale": [1, 3]}
            traffic.signal(_signal_time(traffic, at), about | rating)
        if row["correction"] and normal(row["correction"]) != normal(row["response"]):
            correction = {"kind": "correction", "correction": row["correction"]}
            traffic.signal(_signal_time(traffic, at), about | correction)


def _llmfao_pairs(traffic: _Traffic, rows: list[Record]) -> None:
    for row in rows:
        _pair(traffic, "llmfao", row)


def _pandalm(traffic: _Traffic, rows: list[Record]) -> None:
    for row in rows:
        _pair(traffic, "pandalm", row)


def _pair(traffic: _Traffic, app: str, row: Record) -> None:
    """Two answers to one prompt, and what people thought was better."""
    sides = {side: f"{row['id']}-{side}" for side in "ab"}
    traffic.sides.append((sides["a"], sides["b"]))
    latest = 0.0
    for side, trace_id in sides.items():
        at = traffic.when(app, row["prompt"])
        latest = max(latest, at)
        call = {"trace_id": trace_id, "app": app, "model": row[f"model_{side}"]}
        turns = [{"role": "user", "content": row["prompt"]}]
        traffic.call(at, call | {"messages": turns, "response": row[f"response_{side}"]})
    for number, vote in enumerate(row["votes"]):
        at = _signal_time(traffic, latest)
        better = vote["vote"]
        for side, trace_id in sides.items():
            value = "middle" if better == "tie" else "up" if better == side else "down"
            about = {"trace_id": trace_id, "kind": "thumb", "user_id": vote["user_id"]}
            name = f"{trace_id}-vote-{number}"
            if value == "up" and traffic.rng.random() < 0.01:
                first = about | {"value": "down", "id": f"{name}-first"}
                traffic.signal(at - 1.0, first)
                traffic.planted.superseded += 1
            traffic.signal(at, about | {"value": value, "id": name})


def _feedbackqa(traffic: _Traffic, rows: list[Record]) -> None:
    """Crowd ratings with comments on retrieved passages."""
    scale = {"Bad": 1, "Could be Improved": 2, "Acceptable": 3, "Excellent": 4}
    for row in rows:
        at = traffic.when("feedbackqa", row["prompt"])
        call = {"trace_id": row["id"], "app": "feedbackqa", "model": "retriever"}
        call |= {"prompt": row["prompt"], "response": row["response"]}
        traffic.call(at, call | {"attributes": {"domain": row["domain"]}})
        for number, (rating, comment) in enumerate(
            zip(row["ratings"], row["comments"], strict=True)
        ):
            about = {"trace_id": row["id"], "user_id": f"rater-{number}"}
            value = {"kind": "rating", "value": scale[rating], "scale": [1, 4]}
            at_rating = _signal_time(traffic, at)
            traffic.signal(at_rating, about | value)
            if comment:
                traffic.signal(at_rating + 1.0, about | {"kind": "comment", "comment": comment})


def _llmfao_outputs(traffic: _Traffic, rows: list[Record]) -> None:
    """Answers of many models to a few prompts, without judgements."""
    for row in rows:
        at = traffic.when("llmfao-outputs", row["prompt"])
        call = {"trace_id": row["id"], "app": "llmfao-outputs", "model": row["model"]}
        call |= {"prompt": row["prompt"], "response": row["response"]}
        if row["duration_ms"] is not None:
            call["latency_ms"] = row["duration_ms"]
        if row["prompt_slug"] == "planets-json":
            call["expect"] = {"format": "json"}
        traffic.call(at, call)


_READERS: dict[str, Callable[[_Traffic, list[Record]], None]] = {
    "B_expertqa_corrections": _expertqa,
    "B_llmfao_crowd_pairs": _llmfao_pairs,
    "B_feedbackqa_ratings": _feedbackqa,
    "B_pandalm_human": _pandalm,
    "E_llmfao_outputs": _llmfao_outputs,
}


def _signal_time(traffic: _Traffic, at: float) -> float:
    """Minutes after the call as a rule; some come hours later, some before it."""
    draw = traffic.rng.random()
    if draw < 0.01:
        traffic.planted.late += 1
        return at + traffic.rng.uniform(3.0, 18.0) * 3_600.0
    if draw < 0.02:
        traffic.planted.early += 1
        return at - traffic.rng.uniform(1.0, 1_800.0) - GROUP_SECONDS
    return traffic.after(at)


# ---------------------------------------------------------------- what is planted


def _plant(traffic: _Traffic) -> None:
    calls, signals = list(traffic.calls), list(traffic.signals)
    once = Counter(content_key(call) for call in calls)
    single = [call for call in calls if once[content_key(call)] == 1]
    _plant_copies(traffic, traffic.rng.sample(single, min(len(single), max(10, len(calls) // 60))))
    _plant_repeats(traffic, calls, signals)
    _plant_canaries(traffic, traffic.rng.sample(single, min(len(single), 24)))
    _plant_large(traffic, calls)
    _plant_unknown_fields(traffic)
    _plant_orphans(traffic)
    _plant_deployments(traffic)
    _plant_refused(traffic)


def _plant_copies(traffic: _Traffic, originals: list[Record]) -> None:
    """The same content under another id, with other white space and case now and then."""
    for number, call in enumerate(originals):
        at = read_time(call["ts"]) + traffic.rng.uniform(1.0, GROUP_SECONDS)
        copy = {key: value for key, value in call.items() if key not in {"ts", "latency_ms"}}
        copy["trace_id"] = f"copy-{number}"
        if number % 3 == 0:
            # No more capitals than these: what is scrubbed may depend on case, equality does not.
            text = copy["response"].replace(" is ", " IS ").replace(". ", ".  ")
            copy["response"] = f" {text}\n"
        traffic.call(at, copy)
        traffic.planted.duplicates += 1


def _plant_repeats(traffic: _Traffic, calls: list[Record], signals: list[Record]) -> None:
    """Records that a producer sent twice, and ids that were used twice."""
    rng, planted = traffic.rng, traffic.planted
    for call in rng.sample(calls, min(len(calls), max(10, len(calls) // 100))):
        traffic.write("logs", call, read_time(call["ts"]) + 0.001)
        planted.repeated_calls += 1
    for number, call in enumerate(rng.sample(calls, min(len(calls), 20))):
        at = read_time(call["ts"]) + rng.uniform(1.0, 3_600.0)
        other = {key: value for key, value in call.items() if key != "ts"}
        other = {"ts": round(at, 3), **other, "response": f"Another answer, number {number}."}
        traffic.write("logs", other, at)
        planted.conflicts += 1
    for signal in rng.sample(signals, min(len(signals), max(10, len(signals) // 100))):
        traffic.write("feedback", signal, read_time(signal["ts"]) + 0.001)
        planted.repeated_signals += 1


class _Canary(NamedTuple):
    """A way in which people give personal data away."""

    sentence: str
    make: Callable[[random.Random], str]


def _mail(rng: random.Random) -> str:
    return f"canary{rng.randrange(10**6)}@mailbox{rng.randrange(10**6)}.example.org"


def _key(rng: random.Random) -> str:
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "sk-proj-" + "".join(rng.choices(letters, k=44))


_CANARIES = (
    _Canary("Write to me at {}.", _mail),
    _Canary("I paid with my card {}.", card_number),
    _Canary("My IBAN is {}.", iban),
    _Canary("Please call me at {}.", phone_number),
    _Canary("My social security number is {}.", ssn),
    _Canary("The API key is {}.", _key),
)


def _plant_canaries(traffic: _Traffic, bases: list[Record]) -> None:
    """Calls and signals with personal data in every text field; other calls are not touched."""
    rng = traffic.rng

    def told(number: int) -> str:
        sentence, make = _CANARIES[number % len(_CANARIES)]
        value = make(rng)
        traffic.canaries.append(value)
        return sentence.format(value)

    def told_mail() -> str:
        traffic.canaries.append(_mail(rng))
        return traffic.canaries[-1]

    for number, base in enumerate(bases):
        at = read_time(base["ts"]) + rng.uniform(1.0, 600.0)
        trace_id = f"canary-{number}"
        turns = base.get("messages") or [{"role": "user", "content": base["prompt"]}]
        asked = f"{turns[-1]['content']}\n\n{told(number)}"
        call = {"trace_id": trace_id, "app": base["app"], "model": base["model"]}
        call |= {"messages": [*turns[:-1], {"role": "user", "content": asked}]}
        call |= {"response": f"{base['response']}\n\n{told(number + 1)}"}
        call |= {"user_id": told_mail(), "session_id": told_mail()}
        call |= {"attributes": {"contact": told_mail()}}
        if number % 6 == 5:
            call["error"] = f"refused by upstream: {told(number + 4)}"
        traffic.call(at, call)
        about = {"trace_id": trace_id, "user_id": told_mail()}
        comment = f"This is wrong, number {number}. {told(number + 2)}"
        traffic.signal(traffic.after(at), about | {"kind": "comment", "comment": comment})
        correction = f"The right answer to question {number} is another. {told(number + 3)}"
        traffic.signal(traffic.after(at), about | {"kind": "correction", "correction": correction})


def _plant_large(traffic: _Traffic, calls: list[Record]) -> None:
    """Answers of a megabyte, which are accepted, and of three, which are not."""
    text = "\n".join(call["response"] for call in calls if call["response"])
    text = text.encode("ascii", "ignore").decode()
    for number, size in enumerate((1_000_000, 1_000_000, 3_000_000, 3_000_000)):
        at = traffic.anywhere()
        response = (text * (1 + size // max(len(text), 1)))[number : number + size - 2_000]
        while len(orjson.dumps(response)) > size:  # escapes count
            response = response[: -(len(orjson.dumps(response)) - size) or None]
        call: Record = {"trace_id": f"large-{number}", "app": "large", "model": "talkative"}
        call |= {"ts": round(at, 3), "prompt": "Say it all.", "response": response}
        traffic.write("logs", call, at)
        if size < MAX_RECORD:
            traffic.planted.one_megabyte += 1
        else:
            traffic.planted.three_megabytes += 1


def _plant_unknown_fields(traffic: _Traffic) -> None:
    at = traffic.anywhere()
    for number in range(8):
        call: Record = {
            "trace_id": f"ahead-{number}",
            "app": "ahead",
            "model": "m",
            "colour": "blue",
        }
        call |= {"prompt": f"Question {number}", "response": "Yes.", "nested": {"deep": [1, None]}}
        traffic.call(at + number, call)
        signal: Record = {"trace_id": f"ahead-{number}", "kind": "copy", "client": {"version": 3}}
        traffic.signal(at + number + 10.0, signal)
        traffic.planted.unknown_fields += 2


def _plant_orphans(traffic: _Traffic) -> None:
    for number in range(30):
        at = traffic.anywhere()
        name = f"never-logged-{number}" if number else "missing-model"  # whose call is refused
        traffic.signal(at, {"trace_id": name, "kind": "thumb", "value": "down", "user_id": "u"})
        traffic.planted.orphans += 1


def _plant_deployments(traffic: _Traffic) -> None:
    for number, app in enumerate(("pandalm", "llmfao", "feedbackqa")):
        at = round(START + 3_600.0 * (1 + number), 3)
        record: Record = {"ts": at, "app": app, "what": "prompt", "version": f"v{number}"}
        traffic.write("deployments", record, at)
        if number == 0:
            traffic.write("deployments", record, at)
            traffic.planted.repeated_deployments += 1
        if number == 2:
            gone = record | {"ts": at + 7_200.0, "action": "withdrawn"}
            traffic.write("deployments", gone, at + 7_200.0)


_REQUIRED: dict[str, Record] = {
    "logs": {"trace_id": "missing", "ts": START + 60.0, "model": "m", "prompt": "Why?"},
    "feedback": {"trace_id": "missing", "ts": START + 60.0, "kind": "copy"},
    "deployments": {"ts": START + 60.0, "what": "model", "version": "2"},
}
_WRONG: dict[str, tuple[tuple[str, Any], ...]] = {
    "logs": (
        ("trace_id", 17), ("trace_id", ""), ("ts", "yesterday"), ("ts", "2025-10-10T10:00:00"),
        ("ts", None), ("model", 4), ("model", ""), ("messages", "hello"),
        ("messages", [{"role": "user"}]), ("response", ["a"]), ("attributes", {"a": {"b": 1}}),
    ),
    "feedback": (
        ("trace_id", None), ("ts", True), ("kind", "applause"), ("value", "great"),
        ("scale", [5, 1]), ("comment", 3),
    ),
    "deployments": (("what", "weather"), ("action", "maybe")),
}  # fmt: skip
_NOT_JSON = (
    b'{"trace_id": "cut", "ts": 1760000000, "model": "m", "prompt": "broken off he',
    b"GET /v1/chat/completions 200 1204ms",
    b'{"trace_id": "latin", "ts": 1760000000, "model": "m", "prompt": "caf\xe9"}',
    b'["not", "an", "object"]',
    b"null",
)


def _plant_refused(traffic: _Traffic) -> None:
    """Dead letters: no JSON, no object, fields missing or wrong, times to come; and blank lines."""
    planted = traffic.planted
    for to, whole in _REQUIRED.items():
        planted.missing[to] = sorted(set(whole) - {"prompt"}) + ["messages"] * ("prompt" in whole)
        for name in planted.missing[to]:
            left_out = "prompt" if name == "messages" else name
            record = {key: value for key, value in whole.items() if key != left_out}
            if "trace_id" in record:
                record["trace_id"] = f"missing-{name}"
            traffic.write(to, record, traffic.anywhere())
        planted.wrong[to] = [name for name, _ in _WRONG[to]]
        for number, (name, value) in enumerate(_WRONG[to]):
            named = {"trace_id": f"wrong-{number}"} if "trace_id" in whole else {}
            traffic.write(to, whole | named | {name: value}, traffic.anywhere())
        planted.future[to] = 2
        for _ in range(2):
            traffic.write(to, whole | {"ts": FAR_FUTURE}, traffic.anywhere())
        planted.not_json[to] = len(_NOT_JSON)
        for raw in _NOT_JSON:
            traffic.put(to, raw, traffic.anywhere())
        planted.blank[to] = 3
        for raw in (b"", b"   ", b"\t"):
            traffic.put(to, raw, traffic.anywhere())


# ---------------------------------------------------------------- the truth


def normal(text: str) -> str:
    """What of a text counts when the contract calls two calls equal."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(folded.split())


def content_key(call: Record) -> tuple[Any, ...]:
    """App, model, variant, prompt and response, as far as they count."""
    turns = call.get("messages") or [{"role": "user", "content": call["prompt"]}]
    prompt = tuple((turn["role"], normal(turn["content"])) for turn in turns)
    response = call.get("response")
    answer = None if response is None else normal(response)
    return call.get("app", "default"), call["model"], call.get("variant", ""), prompt, answer


def read_time(ts: object) -> float:
    """Epoch seconds of a record's ``ts``.

    Raises:
        ValueError: it is none, or lies in the future.
    """
    if isinstance(ts, str):
        moment = datetime.fromisoformat(ts)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment.timestamp()
    if isinstance(ts, bool) or not isinstance(ts, int | float) or ts >= FAR_FUTURE:
        raise ValueError("no time")
    return float(ts)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_turn(turn: object) -> bool:
    return isinstance(turn, dict) and all(isinstance(turn.get(k), str) for k in ("role", "content"))


def _is_call(record: Record) -> bool:
    turns = record.get("messages", [])
    return (
        _is_text(record.get("trace_id"))
        and _is_text(record.get("model"))
        and isinstance(turns, list)
        and all(map(_is_turn, turns))
        and bool(turns or record.get("prompt"))
        and isinstance(record.get("response"), str | None)
        and not any(isinstance(value, dict) for value in record.get("attributes", {}).values())
    )


def _is_signal(record: Record) -> bool:
    value, scale = record.get("value"), record.get("scale")
    return (
        _is_text(record.get("trace_id"))
        and record.get("kind") in KINDS
        and (not isinstance(value, str) or value in {"up", "middle", "down"})
        and (scale is None or scale[0] < scale[1])
        and isinstance(record.get("comment", ""), str)
    )


def _is_deployment(record: Record) -> bool:
    known = record.get("what") in {"model", "prompt", "rag"}
    return (
        known
        and _is_text(record.get("version"))
        and (record.get("action", "live") in {"live", "withdrawn"})
    )


_VALID: dict[str, Callable[[Record], bool]] = {
    "logs": _is_call,
    "feedback": _is_signal,
    "deployments": _is_deployment,
}


class _Read(NamedTuple):
    """A valid record with its time and its bytes."""

    at: float
    record: Record
    raw: bytes


def _accepted(to: str, lines: Sequence[bytes]) -> list[_Read]:
    """The records that are no dead letters, in order of time."""
    out = []
    for raw in lines:
        if not raw.strip() or len(raw) > MAX_RECORD:
            continue
        try:
            record = orjson.loads(raw)
            if isinstance(record, dict) and _VALID[to](record):
                out.append(_Read(read_time(record.get("ts")), record, raw))
        except ValueError:
            continue
    return sorted(out, key=lambda read: read.at)


def read_truth(lines: dict[str, list[bytes]], traffic: _Traffic) -> Truth:
    """Reads the written lines as the contract says."""
    accepted = {to: _accepted(to, lines[to]) for to in INPUTS}
    read = {to: sum(bool(line.strip()) for line in lines[to]) for to in INPUTS}
    outcomes = {to: Counter({"dead_letter": read[to] - len(accepted[to])}) for to in INPUTS}
    calls: dict[str, bytes] = {}
    first: dict[tuple[Any, ...], str] = {}
    duplicates: dict[str, str] = {}
    for _, call, raw in accepted["logs"]:
        trace_id = call["trace_id"]
        if trace_id in calls:
            outcomes["logs"]["repeated" if calls[trace_id] == raw else "conflict"] += 1
            continue
        calls[trace_id] = raw
        original = first.setdefault(content_key(call), trace_id)
        if original != trace_id:
            duplicates[trace_id] = original
        outcomes["logs"]["fresh" if original == trace_id else "duplicate"] += 1
    signals = []
    for signal in _without_repeats(accepted["feedback"], outcomes["feedback"]):
        joined = signal.record["trace_id"] in calls
        outcomes["feedback"]["joined" if joined else "orphan"] += 1
        if joined:
            signals.append(signal)
    for _ in _without_repeats(accepted["deployments"], outcomes["deployments"]):
        outcomes["deployments"]["accepted"] += 1
    standing = _standing(signals)
    votes = _votes(standing)
    preferences, ties = _compared(traffic.sides, votes)
    return Truth(
        read=read,
        outcomes={to: dict(sorted(counts.items())) for to, counts in outcomes.items()},
        planted=traffic.planted,
        canaries=traffic.canaries,
        duplicates=duplicates,
        preferences=preferences,
        ties=ties,
        labels=_labels(votes),
        corrections={s["trace_id"]: s["correction"] for s in standing if "correction" in s},
    )


def _without_repeats(records: Sequence[_Read], counts: Counter[str]) -> Iterator[_Read]:
    """Records with a new id; one without an id is known by what it says."""
    seen: set[tuple[str, str | bytes]] = set()
    for read in records:
        name = (read.record.get("trace_id", ""), read.record.get("id") or read.raw)
        if name in seen:
            counts["repeated"] += 1
            continue
        seen.add(name)
        yield read


def _standing(signals: Sequence[_Read]) -> list[Record]:
    """The latest of several signals of one kind by one user on one call."""
    latest: dict[tuple[str, str, str | bytes], Record] = {}
    for _, signal, raw in signals:
        user = signal.get("user_id") or signal.get("id") or raw
        latest.pop((signal["trace_id"], signal["kind"], user), None)
        latest[signal["trace_id"], signal["kind"], user] = signal
    return list(latest.values())


def _votes(signals: Sequence[Record]) -> dict[str, dict[str, float]]:
    """What each user thinks of each call: 1 best, 0 worst."""
    thumbs = {"up": 1.0, "middle": 0.5, "down": 0.0}
    out: dict[str, dict[str, float]] = defaultdict(dict)
    for signal in signals:
        if signal["kind"] == "thumb":
            score = thumbs[signal["value"]]
        elif signal["kind"] == "rating":
            low, high = signal["scale"]
            score = (signal["value"] - low) / (high - low)
        else:
            continue
        out[signal["trace_id"]][signal["user_id"]] = score
    return out


def _compared(
    sides: Sequence[Pair], votes: dict[str, dict[str, float]]
) -> tuple[set[Pair], set[Pair]]:
    preferences, ties = set(), set()
    for a, b in sides:
        both = votes[a].keys() & votes[b].keys()
        for_a = sum(votes[a][user] > votes[b][user] for user in both)
        for_b = sum(votes[a][user] < votes[b][user] for user in both)
        if for_a == for_b:
            ties.add((a, b))
        else:
            preferences.add((a, b) if for_a > for_b else (b, a))
    return preferences, ties


def _labels(votes: dict[str, dict[str, float]]) -> dict[str, bool]:
    """Good or bad by plurality of up (best third), middle and down (worst third)."""
    out = {}
    for trace_id, scores in sorted(votes.items()):
        up = sum(score > 2 / 3 for score in scores.values())
        down = sum(score < 1 / 3 for score in scores.values())
        middle = len(scores) - up - down
        if up > max(down, middle):
            out[trace_id] = True
        elif down > max(up, middle):
            out[trace_id] = False
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files and prints how many records there are."""
    here = Path(__file__).resolve()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, default=here.parents[2] / "shared" / "data" / "real")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args(arguments)
    truth = build(args.out, args.data, seed=args.seed, limit=args.limit)
    summary = {"read": truth.read, "outcomes": truth.outcomes}
    sys.stdout.buffer.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
