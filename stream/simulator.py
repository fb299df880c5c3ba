"""Sample traffic of our own, seeded: what a demo, a test or a bench can be run on.

Two products of a made-up web shop talk to two models with two arms each. A small part of the
answers fails, users say so in their own words, personal data slips in; and for a while a bad
version of one model is live on one arm, until it is withdrawn.
"""

import heapq
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Input = Literal["logs", "feedback", "deployments"]
START = 1_767_603_600.0
"""2026-01-05 09:00 UTC, a Monday morning."""


@dataclass(frozen=True)
class Scenario:
    """What the traffic is like; times in minutes after ``start``."""

    seed: int = 7
    start: float = START
    minutes: float = 90.0
    calls_per_minute: float = 66.0
    feedback_rate: float = 0.18
    failure_rate: float = 0.04
    pii_share: float = 0.15
    duplicate_share: float = 0.01
    repeated_share: float = 0.002
    orphan_share: float = 0.002
    broken_share: float = 0.001
    bad_from: float = 45.0
    bad_until: float = 62.0


class SimEvent(NamedTuple):
    """One input record at its time; ``raw`` where it is no JSON."""

    ts: float
    input: Input
    record: dict[str, Any]
    raw: bytes | None = None


@dataclass
class Planted:
    """How many of what was planted, to check accounts by."""

    counts: Counter[str] = field(default_factory=Counter)


class Topic(NamedTuple):
    """A subject that users ask about: app, questions, a good and a bad answer, and complaints."""

    app: str
    questions: tuple[str, ...]
    good: str
    bad: str
    complaints: tuple[str, ...]
    wants_json: bool = False


TOPICS = (
    Topic(
        "support",
        (
            "How do I get a refund for my {item}?",
            "I want my money back for the {item}, how does that work?",
            "What is the refund policy for a {item} bought {when}?",
        ),
        "You can return the {item} within 60 days and get a full refund to your {pay}. ({n})",
        "Refunds are only possible within 14 days, so the {item} cannot be returned. ({n})",
        ("that was last year's policy", "wrong, it is 60 days now", "this is out of date"),
    ),
    Topic(
        "support",
        (
            "Where is my parcel with the {item}?",
            "The {item} has not arrived, where is it?",
            "Can you track the delivery of my {item}?",
        ),
        "Your {item} left our warehouse {when} and arrives within two days. ({n})",
        "Parcels usually arrive. Please be patient about the {item}. ({n})",
        ("does not answer my question", "useless", "way too vague"),
    ),
    Topic(
        "support",
        (
            "I forgot my password, how do I reset it?",
            "My login does not work since {when}, please help.",
            "How can I change the password of my account?",
        ),
        "Choose 'forgot password' on the sign-in page; the link is valid for an hour. ({n})",
        "I'm sorry, but I can't help with passwords or accounts. ({n})",
        ("it refuses to help", "why won't it help me", "not helpful at all"),
    ),
    Topic(
        "support",
        (
            "Give me the order of the {item} as JSON with item and price.",
            "Return JSON for my last order, the {item}.",
        ),
        '{{"item": "{item}", "price": {n}}}',
        '{{"item": "{item}", "price": ',
        ("broken JSON", "cannot parse this"),
        wants_json=True,
    ),
    Topic(
        "docs",
        (
            "How do I sort a list of {thing} in Python?",
            "What is the fastest way to sort {thing} by date?",
        ),
        "Use sorted({thing}, key=lambda row: row.date); it is stable. ({n})",
        "Sorting is a large field with a long history, which I shall now explain at length. ({n})",
        ("too long", "just give me the code", "far too wordy"),
    ),
    Topic(
        "docs",
        (
            "How do I connect {thing} to a database?",
            "Which connection string do I need for {thing}?",
        ),
        "Set DATABASE_URL and call connect(); pool size ten is enough for {thing}. ({n})",
        "Databases are connected with cables. ({n})",
        ("wrong answer", "this is incorrect", "that does not exist"),
    ),
    Topic(
        "docs",
        ("What is {a} percent of {b}?", "Calculate {a} percent of {b} please."),
        "{a} percent of {b} is {c}. ({n})",
        "{a} percent of {b} is roughly a lot. ({n})",
        ("wrong result", "the maths is wrong", "that is incorrect"),
    ),
)

REFUND, ORDER_JSON = TOPICS[0], TOPICS[3]
"""What the bad deployment gets wrong."""

ITEMS = ("blue shoes", "desk lamp", "rain jacket", "tea kettle", "backpack", "headphones", "chair")
THINGS = ("orders", "invoices", "users", "sensor readings", "log lines", "bookings")
WHEN = ("yesterday", "last week", "on Monday", "three days ago", "in March")
PAYMENTS = ("card", "bank account", "voucher")
GIVEN = ("Anna", "Peter", "Maria", "John", "Laura", "David", "Julia", "Thomas", "Sophie", "Martin")
FAMILY = ("Keller", "Brown", "Rossi", "Novak", "Lopez", "Schmidt", "Martin", "Jensen", "Wood")
MODELS = ("atlas", "breeze")
ARMS = ("a", "b")
BAD_MODEL, BAD_ARM = "atlas", "b"


def demo_scenario(seed: int = 7) -> Scenario:
    """The traffic of ``flywheel demo``: about 6,000 calls in an hour and a half."""
    return Scenario(seed=seed)


def simulate(scenario: Scenario, planted: Planted | None = None) -> Iterator[SimEvent]:
    """Yields the traffic in order of ``ts``; equal scenarios give equal traffic.

    Args:
        scenario: what it is like.
        planted: is told how many of what was planted.
    """
    return _Simulation(scenario, planted or Planted()).events()


class _Simulation:
    def __init__(self, scenario: Scenario, planted: Planted) -> None:
        self._s = scenario
        self._rng = random.Random(scenario.seed)  # noqa: S311 - no secret
        self._counts = planted.counts
        self._pending: list[tuple[float, int, SimEvent]] = []
        self._serial = itertools.count()
        self._last: dict[str, Any] | None = None

    def events(self) -> Iterator[SimEvent]:
        """All events, in order."""
        self._plan_deployments()
        ts, end = self._s.start, self._s.start + 60 * self._s.minutes
        for number in itertools.count():
            ts += self._rng.expovariate(self._s.calls_per_minute / 60)
            if ts >= end:
                break
            self._call(number, ts)
            yield from self._due(ts)
        yield from self._due(float("inf"))

    def _later(
        self, ts: float, name: Input, record: dict[str, Any], raw: bytes | None = None
    ) -> None:
        event = SimEvent(ts, name, record, raw)
        heapq.heappush(self._pending, (ts, next(self._serial), event))

    def _due(self, ts: float) -> Iterator[SimEvent]:
        while self._pending and self._pending[0][0] <= ts:
            yield heapq.heappop(self._pending)[2]

    def _plan_deployments(self) -> None:
        base = {"app": "support", "what": "model", "version": f"{BAD_MODEL}-2", "variant": BAD_ARM}
        for minutes, action in ((self._s.bad_from, "live"), (self._s.bad_until, "withdrawn")):
            ts = self._s.start + 60 * minutes
            self._later(ts, "deployments", {**base, "ts": ts, "action": action})
            self._counts["deployments"] += 1

    # ------------------------------------------------------------ calls

    def _call(self, number: int, ts: float) -> None:
        rng = self._rng
        if rng.random() < self._s.broken_share:
            self._broken(number, ts)
            return
        if self._last is not None and rng.random() < self._s.duplicate_share:
            self._later(
                ts, "logs", {**self._last, "trace_id": f"tr-{number:06d}", "ts": round(ts, 3)}
            )
            self._counts["duplicates"] += 1
            return
        topic = rng.choice(TOPICS)
        model, arm = rng.choice(MODELS), rng.choice(ARMS)
        fails = self._fails(topic, model, arm, ts)
        record = self._record(number, ts, topic, model, arm, fails=fails)
        self._later(ts, "logs", record)
        self._counts["calls"] += 1
        self._counts["failures"] += fails
        if rng.random() < self._s.repeated_share:
            self._later(ts + rng.uniform(0, 5), "logs", record)
            self._counts["repeated"] += 1
        if rng.random() < self._s.feedback_rate or (fails and rng.random() < 0.5):
            self._feedback(number, ts, topic, record, fails=fails)
        self._last = record

    def _is_bad(self, ts: float) -> bool:
        return self._s.bad_from <= (ts - self._s.start) / 60 < self._s.bad_until

    def _fails(self, topic: Topic, model: str, arm: str, ts: float) -> bool:
        broken = topic in (REFUND, ORDER_JSON) and (model, arm) == (BAD_MODEL, BAD_ARM)
        rate = 0.85 if broken and self._is_bad(ts) else self._s.failure_rate
        return self._rng.random() < rate

    def _record(
        self, number: int, ts: float, topic: Topic, model: str, arm: str, *, fails: bool
    ) -> dict[str, Any]:
        rng = self._rng
        a, b = rng.randrange(2, 99), 10 * rng.randrange(2, 99)
        slots = {
            "item": rng.choice(ITEMS),
            "thing": rng.choice(THINGS),
            "when": rng.choice(WHEN),
            "pay": rng.choice(PAYMENTS),
            "a": a,
            "b": b,
            "c": a * b / 100,
            "n": number,
        }
        question = rng.choice(topic.questions).format(**slots)
        if rng.random() < self._s.pii_share:
            question = f"{question} {personal(rng)}"
            self._counts["with_pii"] += 1
        user = rng.randrange(900)
        record: dict[str, Any] = {
            "trace_id": f"tr-{number:06d}",
            "ts": round(ts, 3),
            "app": topic.app,
            "model": model,
            "variant": arm,
            "prompt_version": "p3",
            "user_id": f"user-{user}@example.org",
            "session_id": f"session-{user}-{int(ts // 1800)}",
            "messages": [
                {"role": "system", "content": f"You are the {topic.app} assistant of a web shop."},
                {"role": "user", "content": question},
            ],
            "response": (topic.bad if fails else topic.good).format(**slots),
            "finish_reason": "length" if fails and topic.wants_json else "stop",
            "latency_ms": round(rng.lognormvariate(6.5, 0.5), 1),
            "tokens_in": 40 + len(question) // 4,
            "tokens_out": rng.randrange(20, 200),
            "cost_usd": round(rng.uniform(0.0005, 0.004), 6),
            "attributes": {
                "locale": rng.choice(("en", "de", "fr")),
                "plan": rng.choice(("free", "pro")),
            },
        }
        if topic.wants_json:
            record["expect"] = {
                "format": "json",
                "schema": {"type": "object", "required": ["item", "price"]},
            }
        return record

    def _broken(self, number: int, ts: float) -> None:
        self._counts["broken"] += 1
        kinds: tuple[tuple[dict[str, Any], bytes | None], ...] = (
            ({}, b'{"trace_id": "tr-broken", "ts": '),
            ({"trace_id": f"tr-{number:06d}", "ts": ts, "prompt": "no model"}, None),
            (
                {
                    "trace_id": f"tr-{number:06d}",
                    "ts": "yesterday",
                    "model": "atlas",
                    "prompt": "x",
                },
                None,
            ),
        )
        record, raw = self._rng.choice(kinds)
        self._later(ts, "logs", record, raw)

    # ------------------------------------------------------------ feedback

    def _feedback(
        self, number: int, ts: float, topic: Topic, record: dict[str, Any], *, fails: bool
    ) -> None:
        rng = self._rng
        base = {"trace_id": record["trace_id"], "user_id": record["user_id"]}
        if rng.random() < 0.05 * self._s.orphan_share / 0.002:
            self._signal(ts + 1, {**base, "trace_id": f"tr-lost-{number}"}, kind="report")
            self._counts["orphans"] += 1
            return
        at = ts - 1 if rng.random() < 0.02 else ts + rng.expovariate(1 / 20)
        if not fails:
            self._praise(at, base)
            return
        self._signal(at, base, kind="thumb", value="down")
        if rng.random() < 0.5:
            self._signal(at + 3, base, kind="comment", comment=rng.choice(topic.complaints))
        if rng.random() < 0.25:
            self._regenerate(number, ts, topic, record, at + 5)
        elif rng.random() < 0.25:
            good = topic.good.format(
                item="order", thing="rows", when="today", pay="card", a=1, b=1, c=1, n=number
            )
            self._signal(at + 30, base, kind="correction", correction=good)

    def _praise(self, at: float, base: dict[str, Any]) -> None:
        kinds: tuple[tuple[float, dict[str, Any]], ...] = (
            (0.70, {"kind": "thumb", "value": "up"}),
            (0.05, {"kind": "thumb", "value": "middle"}),
            (0.15, {"kind": "rating", "value": 5, "scale": [1, 5]}),
            (0.05, {"kind": "comment", "comment": "perfect, thank you"}),
            (0.05, {"kind": "copy"}),
        )
        chosen = self._rng.choices([k for _, k in kinds], [w for w, _ in kinds])[0]
        self._signal(at, base, **chosen)

    def _regenerate(
        self, number: int, ts: float, topic: Topic, record: dict[str, Any], at: float
    ) -> None:
        again = self._record(number, ts, topic, record["model"], record["variant"], fails=False)
        again |= {
            "trace_id": f"{record['trace_id']}-again",
            "ts": round(at + 1, 3),
            "messages": record["messages"],
            "user_id": record["user_id"],
            "session_id": record["session_id"],
        }
        self._later(at + 1, "logs", again)
        self._counts["calls"] += 1
        base = {"trace_id": record["trace_id"], "user_id": record["user_id"]}
        self._signal(at, base, kind="regenerate", next_trace_id=again["trace_id"])

    def _signal(self, at: float, base: dict[str, Any], **fields: Any) -> None:
        self._later(at, "feedback", {**base, "ts": round(at, 3), **fields})
        self._counts["signals"] += 1


# ---------------------------------------------------------------- personal data


def personal(rng: random.Random) -> str:
    """A sentence with personal data in it: made up, with right check digits."""
    return rng.choice(_PERSONAL)(rng)


def _name(rng: random.Random) -> str:
    return f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"


def _mail(rng: random.Random) -> str:
    first, last = _name(rng).lower().split()
    return f"Please write to {first}.{last}{rng.randrange(99)}@example.com."


def _phone(rng: random.Random) -> str:
    return f"Call me at +1 415 555 {rng.randrange(10_000):04d}."


def _card(rng: random.Random) -> str:
    body = "4" + "".join(str(rng.randrange(10)) for _ in range(14))
    digits = [int(c) for c in body]
    total = sum(sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    number = f"{body}{-total % 10}"
    return "My card is " + " ".join(number[i : i + 4] for i in range(0, 16, 4)) + "."


def _iban(rng: random.Random) -> str:
    account = "".join(str(rng.randrange(10)) for _ in range(18))
    check = 98 - int(f"{account}131400") % 97
    return f"Pay to DE{check:02d}{account} please."


def _signed(rng: random.Random) -> str:
    return f"My name is {_name(rng)}."


_PERSONAL: tuple[Callable[[random.Random], str], ...] = (_mail, _phone, _card, _iban, _signed)


# ---------------------------------------------------------------- for benches

_WORDS = (
    "order please account refund delivery invoice when how the to my for with payment card shipping "
    "address product support return item update change status help question answer customer service "
    "policy days week model data report table value number list code function result error page link"
).split()


def bench_calls(n: int, seed: int = 7, *, start: float = START) -> Iterator[bytes]:
    """Call records of about 1 KB: 15 % with personal data, 5 % failing, 1 % duplicates."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    sentences = [" ".join(rng.choices(_WORDS, k=12)).capitalize() + "." for _ in range(2000)]
    previous: dict[str, Any] | None = None
    for i in range(n):
        record = {
            "trace_id": f"bench-{seed}-{i:09d}",
            "ts": round(start + i * 0.01, 3),
            "app": f"app-{i % 8}",
            "model": MODELS[i % 2],
            "variant": ARMS[i // 2 % 2],
            "user_id": f"user-{rng.randrange(5000)}",
            "session_id": f"session-{i // 5}",
            "messages": [
                {"role": "system", "content": "You are the helpful assistant of a web shop."},
                {"role": "user", "content": " ".join(rng.choices(sentences, k=4)) + f" Case {i}"},
            ],
            "response": " ".join(rng.choices(sentences, k=5)),
            "latency_ms": 412.5,
            "tokens_in": 96,
            "tokens_out": 120,
            "attributes": {"locale": "en", "plan": "pro"},
        }
        if i % 20 < 3:
            record["messages"][1]["content"] += " " + personal(rng)  # type: ignore[index]  # a dict
        if i % 20 == 7:
            record |= _FAILING[i // 20 % len(_FAILING)]
        if i % 100 == 50 and previous is not None:
            record = {**previous, "trace_id": record["trace_id"], "ts": record["ts"]}
        previous = record
        yield json.dumps(record, separators=(",", ":")).encode()


_FAILING: tuple[dict[str, Any], ...] = (
    {"error": "upstream timed out", "response": None},
    {"response": ""},
    {"finish_reason": "length"},
    {"expect": {"format": "json"}, "response": '{"item": "lamp", "price": '},
)


def bench_feedback(n: int, seed: int = 7, *, start: float = START) -> Iterator[bytes]:
    """Feedback for every tenth of ``n`` bench calls: three of four thumbs go up."""
    for i in range(0, n, 10):
        value = "down" if i // 10 % 4 == 3 else "up"
        record = {
            "trace_id": f"bench-{seed}-{i:09d}",
            "ts": round(start + i * 0.01 + 2, 3),
            "kind": "thumb",
            "value": value,
        }
        yield json.dumps(record, separators=(",", ":")).encode()
