"""Sample traffic of our own, seeded: a web shop's support chat and a docs assistant, live.

Two apps, two models with an A/B arm each, users with sessions, topics with their ways of failing,
and feedback in users' words. A bad deployment makes one arm fail at one topic until it is
withdrawn. What a stream has to survive is planted and counted: duplicates, repeats, conflicts,
orphans, early and late feedback, bad records. ``bench_calls`` is the plain, fast form for benches.
"""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from zlib import crc32

import orjson

Input = Literal["logs", "feedback", "deployments"]
Record = dict[str, Any]
Random = random.Random

START = 1_760_000_400.0
"""The first moment of the sample traffic: a whole minute in October 2025."""


class SimEvent(NamedTuple):
    """One input record; ``raw`` is set where the bytes are no JSON, and ``record`` is then empty."""

    ts: float
    input: Input
    record: Record
    raw: bytes | None = None

    def encode(self) -> bytes:
        """The record's bytes, as a producer would send them."""
        return orjson.dumps(self.record) if self.raw is None else self.raw


@dataclass(frozen=True)
class Scenario:
    """What the traffic is like. Times in minutes of event time, shares of calls or signals."""

    seed: int = 7
    start: float = START
    minutes: float = 90.0
    calls_per_minute: float = 70.0
    users: int = 1_500
    feedback_good: float = 0.155  # chance that a good answer draws a signal
    feedback_bad: float = 0.7  # chance that a bad one does
    failure_rate: float = 0.045  # 4 % over all topics
    bad_from: float = 28.0
    bad_until: float = 45.0
    bad_variant: str = "b"
    bad_rate: float = 0.85  # of the topics that the bad version cannot do
    pii_share: float = 0.15
    comparison_share: float = 0.005  # prompts shown to both arms, the user picks
    next_turn_share: float = 0.2
    duplicate_share: float = 0.01
    repeated_share: float = 0.004
    conflict_share: float = 0.001
    bad_record_share: float = 0.003
    orphan_share: float = 0.01
    early_share: float = 0.02
    late_share: float = 0.03

    @property
    def end(self) -> float:
        """Nothing happens later."""
        return self.start + 60.0 * self.minutes


def demo_scenario(seed: int = 7) -> Scenario:
    """An hour and a half: about 6,000 calls, 1,500 signals, one bad deployment."""
    return Scenario(seed=seed)


@dataclass
class Planted:
    """What was put into the traffic so far; complete once the iterator is exhausted."""

    outcomes: dict[Input, Counter[str]] = field(
        default_factory=lambda: {"logs": Counter(), "feedback": Counter(), "deployments": Counter()}
    )
    failures: Counter[str] = field(default_factory=Counter)  # calls by the way they fail
    personal: int = 0  # calls with personal data in them
    early: int = 0  # signals before their call
    late: int = 0  # signals a quarter of an hour after it or more
    regenerated: int = 0
    compared: int = 0  # pairs of answers to one prompt, one of which the user preferred

    @property
    def read(self) -> int:
        """How many records there are, over all inputs."""
        return sum(counts.total() for counts in self.outcomes.values())


# ---------------------------------------------------------------- personal data


def card_number(rng: Random) -> str:
    """A sixteen-digit card number with a valid Luhn digit, in groups of four."""
    body = "4" + "".join(str(rng.randrange(10)) for _ in range(14))
    doubled = (int(digit) * (2 - i % 2) for i, digit in enumerate(body))
    check = -sum(value - 9 * (value > 9) for value in doubled) % 10
    digits = f"{body}{check}"
    return " ".join(digits[i : i + 4] for i in range(0, 16, 4))


def iban(rng: Random) -> str:
    """A German IBAN with valid check digits (ISO 7064, mod 97-10)."""
    account = "".join(str(rng.randrange(10)) for _ in range(18))
    check = 98 - int(f"{account}131400") % 97  # D = 13, E = 14, then 00
    return f"DE{check:02d}{account}"


def phone_number(rng: Random) -> str:
    """A North American number."""
    area = rng.choice(("212", "312", "415", "512", "617", "718"))
    return f"+1 {area}-{rng.randrange(220, 550)}-{rng.randrange(10_000):04d}"


def api_key(rng: Random) -> str:
    """A secret in the form of a well-known provider's."""
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "sk-proj-" + "".join(rng.choice(letters) for _ in range(40))


def ssn(rng: Random) -> str:
    """A US social security number of an area and group that exist."""
    return f"{rng.randrange(100, 666)}-{rng.randrange(10, 90)}-{rng.randrange(1000, 10_000)}"


def email(rng: Random) -> str:
    """A mail address."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return f"{first}.{last}{rng.randrange(1000)}@{rng.choice(MAIL_HOSTS)}".lower()


def full_name(rng: Random) -> str:
    """A given name and a family name."""
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


def address(rng: Random) -> str:
    """A street address in the United States."""
    street = f"{rng.randrange(1, 990)} {rng.choice(STREETS)}"
    return f"{street}, {rng.choice(CITIES)} {rng.randrange(10_001, 99_950):05d}"


FIRST_NAMES = (
    "Anna", "Carlos", "Emily", "Hannah", "James", "Julia", "Laura", "Marco", "Maria", "Michael",
    "Nina", "Oliver", "Peter", "Sarah", "Thomas", "Victoria",
)  # fmt: skip
LAST_NAMES = (
    "Bauer", "Bennett", "Castillo", "Fischer", "Garcia", "Harris", "Jensen", "Keller", "Moreau",
    "Novak", "Okafor", "Peterson", "Rossi", "Sullivan", "Turner", "Walsh",
)  # fmt: skip
MAIL_HOSTS = ("posthaus.example", "mailbox.example.org", "webmail.example.com")
STREETS = ("Maple Street", "Oak Avenue", "Harbor Road", "Church Street", "Lake Drive")
CITIES = ("Springfield, IL", "Portland, OR", "Austin, TX", "Denver, CO", "Albany, NY")

Maker = Callable[[Random], str]
PERSONAL: tuple[tuple[str, Maker], ...] = (
    ("My name is {}.", full_name),
    ("You can write to me at {}.", email),
    ("Please call me on {}.", phone_number),
    ("I paid with card {}.", card_number),
    ("My IBAN is {}.", iban),
    ("I live at {}.", address),
    ("My API key is {}.", api_key),
)
"""Sentences in which people tell who they are, and who makes up the value."""


# ---------------------------------------------------------------- what people ask


class Topic(NamedTuple):
    """What people ask about, how it is answered, and how answers fail.

    Texts have slots; ``{ref}`` is unique to a conversation, so that texts are distinct.
    ``stale`` is what the bad version answers; a topic without it is not touched.
    """

    name: str
    app: str
    weight: float
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    wrong: tuple[str, ...]
    complaints: tuple[str, ...]
    stale: tuple[str, ...] = ()
    stale_complaints: tuple[str, ...] = ()
    system: str = ""
    expect: Mapping[str, Any] | None = None
    care: float = 1.0  # the failure rate is multiplied by it: what is asked often is well tended


_INVOICE: Mapping[str, Any] = {
    "format": "json",
    "schema": {
        "type": "object",
        "properties": {
            "supplier": {"type": "string"},
            "reference": {"type": "string"},
            "items": {"type": "array", "items": {"type": "string"}},
            "total": {"type": "number"},
        },
        "required": ["supplier", "reference", "items", "total"],
    },
}

TOPICS: tuple[Topic, ...] = (
    Topic(
        "refund",
        "support",
        3.2,
        (
            "I want my money back for order {ref}, the {product} arrived {damage}. How do I return it?",
            "Can I still get a refund for the {product} in order {ref}? I bought it {days} days ago.",
            "How long do I have to return a {product}? It is order {ref} and it came {damage}.",
            "Order {ref}: I sent the {product} back, when do I get my refund?",
        ),
        (
            "You can return the {product} of order {ref} within 60 days for a full refund. Returns are free: print the label in your account and drop the parcel at any shop.",
            "Order {ref} is covered by our 60-day return policy. Send the {product} back with the free label, and the money is on your account three to five days after it arrives.",
        ),
        (
            "Order {ref} cannot be found, so there is nothing that can be returned.",
            "Please contact the maker of the {product} about order {ref}. Shops do not refund.",
        ),
        (
            "wrong, the order is in my account, I can see it",
            "does not answer my question about the refund",
        ),
        (
            "Returns for order {ref} are accepted within 14 days only, and a restocking fee of 15 % is taken off your refund for the {product}.",
            "I am sorry, the {product} of order {ref} can no longer be returned: our policy allows refunds for 14 days, less a 15 % restocking fee.",
        ),
        (
            "wrong, that was last year's refund policy",
            "outdated answer, returns are free for 60 days now",
            "that restocking fee is wrong, it was abolished last year",
            "incorrect, your website says 60 days for refunds",
        ),
        care=0.15,
    ),
    Topic(
        "delivery",
        "support",
        2.0,
        (
            "Where is my parcel? Order {ref} with the {product} should have been here {days} days ago.",
            "Can you change the delivery date of order {ref}? I am away next {weekday}.",
            "The tracking page of order {ref} has not moved for {days} days. Is the {product} lost?",
        ),
        (
            "Order {ref} left our warehouse and is with the carrier. The {product} should be with you by {weekday}; the tracking link is in your confirmation.",
            "I have looked at order {ref}: the parcel is in the depot near you. You can pick another delivery day under My orders until the evening before.",
        ),
        (
            "Order {ref} was delivered last year.",
            "Delivery takes between one and ninety days, so order {ref} is in time.",
        ),
        (
            "wrong, nothing was delivered",
            "useless answer, I asked where the parcel is",
            "too vague, when does it come?",
        ),
    ),
    Topic(
        "invoice",
        "support",
        1.4,
        (
            "I need the invoice for order {ref} with our company's VAT number on it.",
            "Why does the invoice of order {ref} show {amount} dollars? The {product} was cheaper in the shop.",
            "Could you send the bill for order {ref} again? Accounting lost it.",
        ),
        (
            "The invoice for order {ref} is under My orders, Documents. To add a VAT number, edit the billing details and press Issue again.",
            "The amount on invoice {ref} includes shipping and tax for the {product}. The list of single items is on its second page.",
        ),
        (
            "Invoices are not available for order {ref} since it was a gift.",
            "The invoice for order {ref} is {amount} dollars because prices are what they are.",
        ),
        (
            "that was last year's price, wrong",
            "wrong, it was not a gift",
            "not helpful, the link does not exist",
        ),
    ),
    Topic(
        "password",
        "support",
        1.3,
        (
            "I can't sign in any more, the reset mail does not arrive. My ticket is {ref}.",
            "How do I change my password? The page says the link of ticket {ref} has expired.",
            "My account is locked after {days} attempts, ticket {ref}. What now?",
        ),
        (
            "Ask for a new reset link under Sign in, Forgot password. Links are good for one hour; look into the spam folder too. I noted it in ticket {ref}.",
            "An account unlocks itself after 30 minutes. Then choose a new password of twelve characters or more. Ticket {ref} stays open until it works.",
        ),
        (
            "Your ticket {ref} says that you have no account.",
            "Passwords cannot be changed, please open a second account for ticket {ref}.",
        ),
        (
            "wrong, of course I have an account",
            "this does not help, I still can't sign in",
        ),
    ),
    Topic(
        "extract",
        "support",
        1.2,
        (
            "Supplier {supplier} sent bill {ref}: one {product}, {days} cables, {amount} dollars in all. Extract the fields.",
            "Extract the fields from: {supplier} / no. {ref} / {product} / shipping / sum {amount} USD",
        ),
        (
            '{{"supplier": "{supplier}", "reference": "{ref}", "items": ["{product}", "cables", "shipping"], "total": {amount}}}',
        ),
        (
            '{{"supplier": "{supplier}", "reference": "{ref}", "total": {amount}}}',
            'Here is the JSON:\n```json\n{{"supplier": "{supplier}", "reference": "{ref}"}}\n```',
        ),
        ("the JSON is broken", "wrong, the items are not there"),
        ('{{"supplier": "{supplier}", "reference": "{ref}", "items": ["{product}", "cab',),
        ("the JSON is broken, it stops in the middle", "broken JSON, cut off"),
        system="You turn bills into JSON for the shop's accounting. Answer with JSON only.",
        expect=_INVOICE,
    ),
    Topic(
        "code",
        "docs",
        1.5,
        (
            "How do I page through the orders endpoint in {language}? Project {ref}, {days} pages at once.",
            "My {language} client of project {ref} gets status 429 after {days} calls. How should it retry?",
            "Show me how to verify the webhook signature in {language} for project {ref}.",
        ),
        (
            "Use the cursor that each answer of project {ref} returns: in {language}, loop until `next` is null and pass it as `after`. Ask for at most 100 rows a page.",
            "Wait as long as the `Retry-After` header says, then double the pause with some jitter. The {language} SDK does so if you set `retries=5` for project {ref}.",
        ),
        (
            "In {language} just call `client.magic()` with {ref}, it does everything.",
            "Paging is not possible in {language}. Project {ref} must read all rows at once.",
        ),
        (
            "wrong, that function does not exist",
            "the code does not work, import error",
            "too long, I only wanted the loop",
        ),
    ),
    Topic(
        "maths",
        "docs",
        0.9,
        (
            "Plan {ref} costs {amount} dollars for {days} seats. What is that per seat and year with 12 monthly payments?",
            "If project {ref} makes {days}00 calls an hour, how many is that in a week?",
        ),
        (
            "Step by step for {ref}: divide by the number of seats, then multiply by twelve. With {amount} dollars and {days} seats take the quotient times 12.",
            "For {ref}: {days}00 an hour times 24 hours times 7 days, that is {days}00 times 168.",
        ),
        (
            "For {ref} the result is about seven, give or take.",
            "Multiply {amount} by zero, so {ref} costs nothing.",
        ),
        ("wrong result, check the multiplication", "incorrect, a week has 168 hours"),
    ),
    Topic(
        "howto",
        "docs",
        1.3,
        (
            "Where do I set the time zone for workspace {ref}? Reports are {days} hours off.",
            "How can I invite a colleague to workspace {ref} with read access only?",
            "Is there a way to export the dashboard of workspace {ref} every {weekday}?",
        ),
        (
            "In workspace {ref} open Settings, General. The time zone is the third field; reports use it from the next run on.",
            "Open Members in workspace {ref}, press Invite and choose the role Viewer. For exports use Schedules, pick {weekday} and a format.",
        ),
        (
            "Workspace {ref} has no settings.",
            "That is on the page that explains it, see the documentation of {ref}.",
        ),
        (
            "not helpful, it only points to itself",
            "wrong menu, there is no such page",
            "too long, didn't find the answer",
        ),
    ),
)
"""The topics; one more is one more row."""

SLOTS: Mapping[str, tuple[str, ...]] = {
    "product": ("kettle", "desk lamp", "backpack", "headset", "coffee grinder", "rain jacket"),
    "damage": ("broken", "with a scratch", "in the wrong colour", "without its cable"),
    "days": ("3", "5", "8", "9", "12", "20", "25"),
    "weekday": ("Monday", "Wednesday", "Friday", "Saturday"),
    "amount": ("18.90", "42.50", "79.00", "129.99", "240.00"),
    "supplier": ("Northwind Tools", "Lakeside Paper", "Blue Door Coffee"),
    "language": ("Python", "Go", "TypeScript", "Rust"),
}
FOLLOW_UPS: tuple[tuple[str, str], ...] = (
    ("And how long does that take?", "For {ref} it is usually done within two working days."),
    ("Do I have to do anything else?", "No, for {ref} that is all. You get a message at the end."),
    ("Can you say that in one sentence?", "In short: {ref} is taken care of as I described."),
)
PRAISE = ("great, thanks", "that helped, thank you", "perfect answer", "works, thanks a lot")
SIGNALS_OF_THE_CONTENT: tuple[tuple[str, float], ...] = (
    ("up", 5.0), ("rating", 1.6), ("copy", 2.2), ("praise", 0.8), ("middle", 0.6), ("edit", 0.6),
    ("down", 0.1),
)  # fmt: skip
SIGNALS_OF_THE_DISPLEASED: tuple[tuple[str, float], ...] = (
    ("down", 4.0), ("complaint", 3.0), ("rating", 1.2), ("correction", 1.0), ("regenerate", 1.4),
    ("edit", 0.4), ("abandon", 0.5), ("report", 0.3), ("middle", 0.4),
)  # fmt: skip
ACTS_OF_VOTERS: Mapping[str, tuple[int, int]] = {"copy": (35, 8), "abandon": (10, 25)}
"""Of a hundred who give a thumb or a rating, how many of the content and of the displeased do it."""


class Model(NamedTuple):
    """What one arm runs on: name, seconds to the answer, dollars per thousand tokens."""

    name: str
    seconds: float
    price: float


ARMS: Mapping[str, Model] = {
    "a": Model("aurora-1", 1.4, 0.006),
    "b": Model("breeze-1", 0.7, 0.002),
}
BAD_VERSION = "breeze-2"
COUNTRIES = (("en-US", "US"), ("en-GB", "GB"), ("en-IE", "IE"), ("en-CA", "CA"))
PLATFORMS = ("web", "ios", "android")
PLANS = ("free", "plus", "business")

Fate = Literal["good", "stale", "wrong", "error", "empty", "truncated"]
_FATES: tuple[tuple[Fate, float], ...] = (
    ("wrong", 0.55), ("error", 0.2), ("empty", 0.1), ("truncated", 0.15),
)  # fmt: skip


# ---------------------------------------------------------------- the traffic


def simulate(scenario: Scenario, planted: Planted | None = None) -> Iterator[SimEvent]:
    """Sample traffic in order of ``ts``, the same for the same scenario.

    Memory is bounded: only what users do later is held back.

    Args:
        scenario: what the traffic is like.
        planted: filled while the iterator runs.
    """
    return _Traffic(scenario, planted or Planted()).events()


def planted_in(scenario: Scenario) -> Planted:
    """What ``simulate`` plants in all."""
    planted = Planted()
    for _ in simulate(scenario, planted):
        pass
    return planted


class _Talk(NamedTuple):
    """One conversation: who, about what, with which words for the slots."""

    topic: Topic
    user: int
    variant: str
    session: str
    slots: Mapping[str, str]
    personal: bool


class _Traffic:
    """The people behind the traffic; holds what they will do, by the time at which they do it."""

    def __init__(self, scenario: Scenario, planted: Planted) -> None:
        self._scenario = scenario
        self._planted = planted
        self._rng = Random(scenario.seed)
        self._due: list[tuple[float, int, SimEvent]] = []
        self._pushed = 0
        self._calls = 0
        self._talks = 0

    def events(self) -> Iterator[SimEvent]:
        scenario, rng = self._scenario, self._rng
        self._deploy()
        # Next turns, second answers and twins are calls too.
        extra = scenario.next_turn_share + scenario.comparison_share + scenario.duplicate_share
        pause = 60.0 / scenario.calls_per_minute * (1.0 + extra)
        now = scenario.start
        while now < scenario.end:
            while self._due and self._due[0][0] <= now:
                yield heapq.heappop(self._due)[2]
            self._arrive(now)
            now += rng.expovariate(1.0 / pause)
        while self._due:
            yield heapq.heappop(self._due)[2]

    # ------------------------------------------------------------ plumbing

    def _push(self, at: float, to: Input, record: Record, outcome: str) -> bool:
        """Schedules a record; after the end nothing happens, and nothing is counted."""
        ts = round(at, 3)
        if ts > self._scenario.end:
            return False
        record.setdefault("ts", ts)
        self._schedule(SimEvent(ts, to, record), outcome)
        return True

    def _schedule(self, event: SimEvent, outcome: str) -> None:
        self._pushed += 1
        heapq.heappush(self._due, (event.ts, self._pushed, event))
        self._planted.outcomes[event.input][outcome] += 1

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _weighted(self, table: Sequence[tuple[Any, float]]) -> Any:
        names, weights = zip(*table, strict=True)
        return self._rng.choices(names, weights)[0]

    def _new_id(self) -> str:
        self._calls += 1
        return f"t-{self._scenario.seed}-{self._calls:06d}"

    # ------------------------------------------------------------ who comes, and why

    def _deploy(self) -> None:
        scenario = self._scenario
        bad = {"app": "support", "what": "model", "version": BAD_VERSION}
        bad["variant"] = scenario.bad_variant
        notes: tuple[tuple[float, Record], ...] = (
            (8.0, {"app": "docs", "what": "prompt", "version": "p-13", "note": "shorter answers"}),
            (scenario.bad_from, {**bad, "action": "live", "note": "cheaper"}),
            (scenario.bad_until, {**bad, "action": "withdrawn", "note": "back to breeze-1"}),
        )
        for minute, record in notes:
            self._push(scenario.start + 60.0 * minute, "deployments", record, "accepted")

    def _arrive(self, now: float) -> None:
        """A user opens a conversation; or something goes wrong on the way."""
        scenario = self._scenario
        if self._chance(scenario.bad_record_share):
            self._bad_record(now)
        if self._chance(scenario.orphan_share * 0.2):  # a fifth of calls draw a signal
            lost = {"trace_id": f"lost-{self._pushed}", "kind": "thumb", "value": "down"}
            self._push(now, "feedback", lost, "orphan")
        talk = self._talk()
        question = self._rng.choice(talk.topic.questions).format_map(talk.slots)
        if talk.personal:
            question = f"{question} {_personal_sentence(self._rng)}"
        turns = [{"role": "user", "content": question}]
        if talk.topic.system:
            turns.insert(0, {"role": "system", "content": talk.topic.system})
        if self._chance(scenario.comparison_share):
            self._compare(now, talk, turns)
        else:
            self._ask(now, talk, turns)

    def _talk(self) -> _Talk:
        rng = self._rng
        self._talks += 1
        topic = rng.choices(TOPICS, _WEIGHTS)[0]
        user = rng.randrange(self._scenario.users)
        slots = {name: rng.choice(words) for name, words in SLOTS.items()}
        slots["ref"] = _reference(self._talks)
        personal = self._chance(self._scenario.pii_share)
        session = f"s-{self._talks:06d}"
        return _Talk(topic, user, "ab"[user % 2], session, slots, personal)

    def _bad_record(self, now: float) -> None:
        ts = round(now, 3)
        which = self._rng.randrange(5)
        if which == 0:
            raw = b'{"trace_id": "cut-%d", "ts": %d, "model": "aur' % (self._pushed, ts)
            self._schedule(SimEvent(ts, "logs", {}, raw), "dead_letter")
            return
        name = f"bad-{self._pushed}"
        call = {"trace_id": name, "ts": ts, "model": "aurora-1", "prompt": "Where is it?"}
        bad: tuple[tuple[Input, Record], ...] = (
            ("logs", {key: value for key, value in call.items() if key != "model"}),
            ("logs", call | {"ts": "half past nine"}),
            ("feedback", {"trace_id": name, "ts": ts, "value": "up"}),
            ("feedback", {"trace_id": name, "ts": ts, "kind": "applause"}),
        )
        to, record = bad[which - 1]
        self._schedule(SimEvent(ts, to, record), "dead_letter")

    # ------------------------------------------------------------ calls

    def _ask(self, at: float, talk: _Talk, turns: list[Record]) -> None:
        """One turn: the call, what befalls it on the way, the signal, perhaps the next turn."""
        scenario, rng = self._scenario, self._rng
        fate = self._fate(talk, at)
        early = self._chance(scenario.early_share)
        delay = rng.uniform(1.0, 8.0) if early else 0.0
        call = self._call(talk, turns, fate, at + delay)
        if not self._send(at + delay, talk, call, fate):
            return
        self._mishap(at + delay, call)
        signalled = self._chance(
            scenario.feedback_good if fate == "good" else scenario.feedback_bad
        )
        if signalled:
            self._react(at, call, talk, fate, early=early)
        elif fate == "good" and self._chance(scenario.next_turn_share):
            question, answer = rng.choice(FOLLOW_UPS)
            said = [*turns, {"role": "assistant", "content": call["response"]}]
            said.append({"role": "user", "content": question})
            self._next_turn(at + rng.uniform(15.0, 90.0), talk, said, answer)

    def _next_turn(self, at: float, talk: _Talk, turns: list[Record], answer: str) -> None:
        plain = talk._replace(topic=talk.topic._replace(answers=(answer,), expect=None))
        call = self._call(plain, turns, "good", at)
        sent = self._send(at, talk, call, "good")
        if sent and self._chance(self._scenario.feedback_good):
            self._react(at, call, plain, "good", early=False)

    def _send(self, at: float, talk: _Talk, call: Record, fate: Fate) -> bool:
        if not self._push(at, "logs", call, "fresh"):
            return False
        self._planted.personal += talk.personal
        if fate != "good":
            self._planted.failures[fate] += 1
        return True

    def _fate(self, talk: _Talk, at: float) -> Fate:
        scenario = self._scenario
        if talk.topic.stale and self._is_bad(talk, at) and self._chance(scenario.bad_rate):
            return "stale"
        fate: Fate = (
            self._weighted(_FATES)
            if self._chance(scenario.failure_rate * talk.topic.care)
            else "good"
        )
        return fate

    def _is_bad(self, talk: _Talk, at: float) -> bool:
        scenario = self._scenario
        minute = (at - scenario.start) / 60.0
        arm = talk.topic.app == "support" and talk.variant == scenario.bad_variant
        return arm and scenario.bad_from <= minute < scenario.bad_until

    def _call(self, talk: _Talk, turns: list[Record], fate: Fate, at: float) -> Record:
        rng, topic, arm = self._rng, talk.topic, ARMS[talk.variant]
        text = {"stale": topic.stale, "wrong": topic.wrong}.get(fate, topic.answers)
        response = rng.choice(text).format_map(talk.slots)
        if fate == "truncated":
            response = response[: len(response) // 2]
        tokens_in = sum(len(turn["content"]) for turn in turns) // 4
        tokens_out = len(response) // 4
        locale, country = COUNTRIES[talk.user % len(COUNTRIES)]
        cut = fate == "truncated" or (fate == "stale" and topic.expect is not None)
        call: Record = {
            "trace_id": self._new_id(),
            "app": topic.app,
            "model": BAD_VERSION if self._is_bad(talk, at) else arm.name,
            "variant": talk.variant,
            "prompt_version": "p-12",
            "user_id": f"user-{talk.user:05d}",
            "session_id": talk.session,
            "messages": turns,
            "response": "" if fate == "empty" else response,
            "finish_reason": "length" if cut else "stop",
            "latency_ms": round(rng.lognormvariate(0.0, 0.35) * arm.seconds * 1000.0, 1),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost_usd": round((tokens_in + 3 * tokens_out) * arm.price / 1000.0, 7),
            "attributes": {
                "locale": locale,
                "country": country,
                "platform": PLATFORMS[talk.user % len(PLATFORMS)],
                "plan": PLANS[talk.user % 7 % len(PLANS)],
            },
        }
        if topic.app == "docs" and at >= self._scenario.start + 480.0:
            call["prompt_version"] = "p-13"
        if topic.expect is not None:
            call["expect"] = topic.expect
        if fate == "error":
            call |= {"response": None, "error": "upstream timed out", "finish_reason": "error"}
        return call

    def _mishap(self, at: float, call: Record) -> None:
        """Producers send twice, users press twice, ids collide."""
        scenario, rng = self._scenario, self._rng
        if self._chance(scenario.duplicate_share):
            later = rng.uniform(1.0, 60.0)
            copy = {key: value for key, value in call.items() if key != "ts"}
            self._push(at + later, "logs", copy | {"trace_id": self._new_id()}, "duplicate")
        if self._chance(scenario.repeated_share):
            self._push(at, "logs", dict(call), "repeated")
        if self._chance(scenario.conflict_share):
            other = {key: value for key, value in call.items() if key not in {"ts", "error"}}
            other["response"] = f"Another answer under the same id, {self._pushed}."
            self._push(at + 1.0, "logs", other, "conflict")

    def _compare(self, at: float, talk: _Talk, turns: list[Record]) -> None:
        """Both arms answer, the user says which answer is better."""
        best, worst = self._rng.sample(sorted(ARMS), 2)
        if self._is_bad(talk._replace(variant=best), at):
            best, worst = worst, best
        fates: tuple[tuple[str, Fate, str], ...] = ((best, "good", "up"), (worst, "wrong", "down"))
        judged = at + self._rng.uniform(10.0, 60.0)
        if judged + 1.0 > self._scenario.end:
            return
        for variant, fate, thumb in fates:
            call = self._call(talk._replace(variant=variant), turns, fate, at)
            self._send(at, talk, call, fate)
            self._signal(judged, call, {"kind": "thumb", "value": thumb})
        self._planted.compared += 1

    # ------------------------------------------------------------ signals

    def _react(self, at: float, call: Record, talk: _Talk, fate: Fate, *, early: bool) -> None:
        """What the user does about the answer; some tell us before the call is logged."""
        rng, scenario = self._rng, self._scenario
        late = not early and self._chance(scenario.late_share)
        wait = rng.uniform(0.0, 0.9) if early else rng.lognormvariate(3.3, 0.6)
        when = at + (rng.uniform(900.0, 2400.0) if late else wait)
        good = fate == "good"
        act = self._weighted(SIGNALS_OF_THE_CONTENT if good else SIGNALS_OF_THE_DISPLEASED)
        if act == "regenerate" and early:
            act = "down"
        if act == "regenerate":
            self._regenerate(when, call, talk)
            return
        signal = self._signal_of(act, talk, fate)
        if self._signal(when, call, signal):
            self._planted.early += early
            self._planted.late += late
            if signal["kind"] == "thumb" and not good and self._chance(0.5):
                self._signal(when + rng.uniform(3.0, 25.0), call, self._comment(talk, fate))
            if signal["kind"] in {"thumb", "rating"}:
                self._act_on(when, call, good=good)

    def _act_on(self, at: float, call: Record, *, good: bool) -> None:
        """Those who vote copy the answer as well, or leave; by the call's id, so no chance is drawn."""
        place = crc32(call["trace_id"].encode()) % 100
        for kind, (content, displeased) in ACTS_OF_VOTERS.items():
            if place < (content if good else displeased):
                signal = {"trace_id": call["trace_id"], "kind": kind, "user_id": call["user_id"]}
                self._push(at + 2.0 + place / 50, "feedback", signal, "joined")
                return
            place -= content if good else displeased

    def _signal_of(self, act: str, talk: _Talk, fate: Fate) -> Record:
        rng, good = self._rng, fate == "good"
        if act in {"up", "middle", "down"}:
            return {"kind": "thumb", "value": act}
        if act == "rating":
            stars = rng.choice((4, 5, 5)) if good else rng.choice((1, 1, 2))
            return {"kind": "rating", "value": stars, "scale": [1, 5]}
        if act in {"praise", "complaint"}:
            return self._comment(talk, fate)
        answer = rng.choice(talk.topic.answers).format_map(talk.slots)
        if act == "correction":
            return {"kind": "correction", "correction": answer}
        if act == "edit" and not good:
            return {"kind": "edit", "correction": f"Hello, {answer[0].lower()}{answer[1:]}"}
        return {"kind": act}

    def _comment(self, talk: _Talk, fate: Fate) -> Record:
        comment = self._rng.choice(_words(talk.topic, fate))
        if talk.personal and self._chance(0.5):
            comment = f"{comment}. {_personal_sentence(self._rng)}"
        return {"kind": "comment", "comment": comment}

    def _regenerate(self, at: float, call: Record, talk: _Talk) -> None:
        """The user asks again, and the other arm answers."""
        if at + 3.0 > self._scenario.end:
            return
        other = talk._replace(variant="a" if call["variant"] == "b" else "b")
        fate: Fate = (
            "good" if other.variant != self._scenario.bad_variant else self._fate(other, at)
        )
        again = self._call(other, call["messages"], fate, at)
        again_id = again["trace_id"]
        self._signal(at, call, {"kind": "regenerate", "next_trace_id": again_id})
        self._send(at + 2.0, talk, again, fate)
        self._planted.regenerated += 1

    def _signal(self, at: float, call: Record, signal: Record) -> bool:
        record = {"trace_id": call["trace_id"], **signal, "user_id": call["user_id"]}
        if not self._push(at, "feedback", record, "joined"):
            return False
        if self._chance(self._scenario.repeated_share * 3):
            self._push(at, "feedback", dict(record), "repeated")
        return True


_WEIGHTS = tuple(topic.weight for topic in TOPICS)


def _words(topic: Topic, fate: Fate) -> tuple[str, ...]:
    """What users say about an answer of this fate."""
    if fate == "good":
        return PRAISE
    if fate == "stale":
        return topic.stale_complaints
    if fate in {"error", "empty"}:
        return ("no answer at all, broken", "it does not work, only an error")
    return ("broken off in the middle",) if fate == "truncated" else topic.complaints


def _reference(number: int) -> str:
    """A reference that no two conversations share, and that looks like no personal data."""
    block, code = divmod(number, len(_CONSONANTS) ** 3)
    code = code * 7919 % len(_CONSONANTS) ** 3  # a bijection that mixes the letters
    word = ""
    for _ in range(3):
        code, letter = divmod(code, len(_CONSONANTS))
        word += _CONSONANTS[letter]
    return f"{word}-{block}" if block else word


_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"  # without vowels no three of them make a name


# ---------------------------------------------------------------- plain traffic for benches

_POOL = 1_024
_SENTENCES = (
    "The {product} came {damage} and I would like to know what happens next. ",
    "We have tried it on {weekday} with the {language} client and saw the same result. ",
    "Our contract says {days} days, but the page still shows {amount} dollars. ",
    "Please look at the second answer, it is about the {product} from {supplier}. ",
    "After {days} attempts the report was complete, although slower than on {weekday}. ",
    "The settings are under General, the export to {language} is on the next page. ",
)


def bench_trace_id(seed: int, number: int) -> str:
    """The id of the call that ``bench_calls`` yields as its ``number``-th."""
    return f"b{seed}-{number:08d}"


def bench_calls(n: int, seed: int = 7) -> Iterator[bytes]:
    """Call records for benches: about 1 KB each, 15 % with personal data, 5 % failing.

    One in 200 repeats the one before it under another id; all other texts are distinct.

    Args:
        n: how many.
        seed: the same seed gives the same bytes.
    """
    rng = Random(seed)
    pool = [_paragraph(rng) for _ in range(_POOL)]
    personal = [_personal_sentence(rng) for _ in range(_POOL)]
    bits, draw = rng.getrandbits, rng.random
    body = ""
    for number in range(n):
        picked = bits(40)
        one, two, three = pool[picked & 1023], pool[picked >> 10 & 1023], pool[picked >> 20 & 1023]
        if number % 200 != 199:
            told = personal[picked >> 30] if draw() < 0.15 else ""
            answer, rest = f"About case {number}: {two}", '"finish_reason":"stop"'
            if draw() < 0.05:
                answer, rest = _BENCH_FAILURES[picked & 3](answer)
            body = (
                f'"app":"{_BENCH_APPS[picked & 3]}","model":"{_BENCH_MODELS[number & 1]}",'
                f'"variant":"{"ab"[number & 1]}","user_id":"u{picked >> 27}",'
                f'"messages":[{{"role":"user","content":"Case {number}. {one}{three}{told}"}}],'
                f'"response":"{answer}",{rest},"latency_ms":{picked & 4095},"tokens_in":180,'
                f'"tokens_out":90,"attributes":{{"locale":"en-US","plan":"plus"}}'
            )
        ts = START + number * 0.002
        yield f'{{"trace_id":"{bench_trace_id(seed, number)}","ts":{ts:.3f},{body}}}'.encode()


def bench_feedback(n: int, seed: int = 7, *, share: float = 0.05) -> Iterator[bytes]:
    """Signals about the calls of ``bench_calls(n, seed)``, in order of ``ts``.

    Args:
        n: how many calls there are.
        seed: of the calls.
        share: of the calls that have a signal.
    """
    rng = Random(seed + 1)
    for number in range(n):
        if rng.random() < share:
            value = "up" if rng.random() < 0.8 else "down"
            ts = START + number * 0.002 + 5.0
            yield (
                f'{{"trace_id":"{bench_trace_id(seed, number)}","ts":{ts:.3f},"kind":"thumb",'
                f'"value":"{value}","user_id":"r{number}"}}'
            ).encode()


def clean_text(rng: Random, size: int) -> str:
    """A text of ``size`` characters without personal data."""
    return _sentences(rng, size)[:size]


def personal_text(rng: Random, size: int) -> str:
    """A text of about ``size`` characters with one piece of personal data, somewhere in it."""
    told = _personal_sentence(rng)
    before, after = f"{_sentences(rng, size)[: max(0, size - len(told) - 1)]} ", told
    return before + after if rng.random() < 0.5 else f"{after} {before}"


def _sentences(rng: Random, size: int) -> str:
    text = f"Case {rng.getrandbits(16)}. "
    while len(text) < size:
        slots = {name: rng.choice(words) for name, words in SLOTS.items()}
        text += rng.choice(_SENTENCES).format_map(slots)
    return text


def _paragraph(rng: Random) -> str:
    slots = {name: rng.choice(words) for name, words in SLOTS.items()}
    return "".join(rng.sample(_SENTENCES, 4)).format_map(slots)[:270]


def _personal_sentence(rng: Random) -> str:
    sentence, make = rng.choice(PERSONAL)
    return sentence.format(make(rng))


_BENCH_APPS = ("support", "docs", "search", "mail")
_BENCH_MODELS = ("aurora-1", "breeze-1")
_BENCH_FAILURES: tuple[Callable[[str], tuple[str, str]], ...] = (
    lambda answer: ("", '"finish_reason":"error","error":"upstream timed out"'),
    lambda answer: ("", '"finish_reason":"stop"'),
    lambda answer: (answer[:120], '"finish_reason":"length"'),
    lambda answer: (answer, '"finish_reason":"stop","expect":{"format":"json"}'),
)
