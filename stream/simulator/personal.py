"""Personal data that is made up: valid, so that it is found, and nobody's."""

from collections.abc import Callable
from random import Random


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


def personal_sentence(rng: Random) -> str:
    """A sentence with a value of its own."""
    sentence, make = rng.choice(PERSONAL)
    return sentence.format(make(rng))
