"""Addresses of machines: MAC and IP."""

import ipaddress
import re

from flywheel_stream.pii.checks import when
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.needs import Feature


def _ipv4(value: str) -> bool:
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError:  # digits of another alphabet
        return False
    return not (address.is_loopback or address.is_unspecified or value.startswith("255."))


def _ipv6(value: str) -> bool:
    if not any("0" <= c <= "9" for c in value):  # a::b is a scope in code
        return False
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _mac(value: str) -> bool:
    hexes = value.lower().replace(":", "").replace("-", "").replace(".", "")
    return len(set(hexes)) > 1 and not ("." in value and hexes.isdigit())


NETWORK: tuple[Detector, ...] = (
    Detector(
        "MAC",
        re.compile(
            r"(?<![\w:.-])(?P<v>[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\2){4}[0-9A-Fa-f]{2}"
            r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![\w:-]|\.\w)"
        ),
        Feature.NONE,
        "IEEE 802: EUI-48, three notations",
        (
            ("link/ether 00:1a:2b:3c:4d:5e brd", "00:1a:2b:3c:4d:5e"),
            ("001a.2b3c.4d5e", "001a.2b3c.4d5e"),
        ),
        ("ff:ff:ff:ff:ff:ff", "2024.1201.1530"),
        check=when(_mac),
        hint=(
            r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.",
        ),
        first=r"[0-9A-Fa-f](?=[0-9A-Fa-f][:0-9A-Fa-f-])",
    ),
    Detector(
        "IP",
        re.compile(
            r"(?<![\w.@-])(?<!\w/)(?<!==)(?<!version )(?<!Version )"
            r"(?P<v>(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3})"
            r"(?![\w-]|\.\d)"
        ),
        Feature.DIGITS4,
        "RFC 791; loopback, unspecified and masks are nobody's",
        (("from 203.0.113.9.", "203.0.113.9"),),
        ("127.0.0.1", "Chrome/51.0.235.41", "1.2.3.4.5", "300.1.1.1"),
        check=when(_ipv4),
        hint=(r"\d\.\d{1,3}\.\d{1,3}\.\d",),
        first=r"\d",
    ),
    Detector(
        "IP",
        re.compile(r"(?<![\w:.])(?P<v>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:])"),
        Feature.COLON,
        "RFC 4291, parsed",
        (("at 2001:db8::1 today", "2001:db8::1"),),
        ("at 03:33:26", "std::vector", "::1", "a::b"),
        check=when(_ipv6),
        hint=(r":[0-9A-Fa-f]{0,4}:",),
        first=r"[0-9A-Fa-f:](?=[0-9A-Fa-f:])",
    ),
)
