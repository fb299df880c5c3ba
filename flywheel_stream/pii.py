"""TABLE of detectors of personal data and secrets: one entry each, with its own hits and misses.

To add a detector, add an entry: what it finds, a pattern, the cheap conditions without which it
cannot match, a check, and examples of both kinds; one contract test runs the examples.

Every repetition in a pattern is bounded or possessive and none is nested in another unbounded one,
so that the work is linear in the length of the text, whatever the text. Where entries overlap, the
earlier one names the result.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable
from enum import IntFlag
from string import ascii_uppercase
from typing import NamedTuple, TypeAlias

from flywheel_stream.names import AMBIGUOUS, COMMON, GIVEN, LEANING, SURNAMES

Span: TypeAlias = tuple[int, int]
Check: TypeAlias = Callable[[re.Match[str]], Span | None]


class Feature(IntFlag):
    """What a text must contain before a detector is worth running; see ``features``."""

    NONE = 0
    DIGIT = 1
    DIGITS4 = 2  # a run of four digits, separators left out
    DIGITS7 = 4  # the same, seven
    COLON = 16
    LONG = 64  # a run of sixteen letters, digits and _ - . + /
    QUERY = 128  # an equals sign, or :// and @
    CAPITAL = 512


class Detector(NamedTuple):
    """One kind of personal data, and how to find it.

    ``words``, in lower case: one of them must be in the text. With ``anchored`` the pattern is
    tried only where one of them begins. ``context``: words, one of which must stand within
    ``reach`` characters before the match. The span is the group ``v`` unless ``check`` narrows it.
    ``hint``: simple patterns, one of which every match holds, for the first look at a text, and
    ``hinting``: words as they are written, one of which every match holds; ``hints`` says which
    are cheap. An entry without them is woken by seven digits, its words, or its pattern's head. ``first``: what every match begins with, one
    character wide, so that the pattern is tried only there; with ``around``, only within
    ``AROUND`` characters before one of those.
    """

    type: str
    pattern: re.Pattern[str]
    needs: Feature
    source: str
    hits: tuple[tuple[str, str], ...]  # text, value found in it
    misses: tuple[str, ...]
    check: Check | None = None
    words: tuple[str, ...] = ()
    anchored: bool = False
    context: tuple[str, ...] = ()
    reach: int = 40
    hint: tuple[str, ...] = ()
    hinting: frozenset[str] = frozenset()
    first: str = ""
    around: tuple[str, ...] = ()


AROUND = 66
"""The longest local part of an address (64, RFC 5321) and what may stand behind it."""

_BEHIND = re.compile(r"\(\?<([!=])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^()\\\[])*)\)")


def beginning(detector: Detector) -> re.Pattern[str] | None:
    """Where a match may begin: the first character, with what the pattern asks to stand before it.

    A pattern that begins with a look behind is tried by ``re`` at every character; one that begins
    with a class of characters is searched for five to ten times faster.
    """
    if not detector.first:
        return None
    behind, _ = _looks_behind(detector)
    char, ahead, rest = detector.first.partition("(?=")
    return re.compile("".join((char, *behind, ahead, rest)), detector.pattern.flags)


_CLASS = re.compile(r"(?:\(\?P<\w+>)?(?:\[(?:\\.|[^\]\\])*\]|\\d)(?![?*+{|])")


def from_its_start(detector: Detector) -> re.Pattern[str] | None:
    """The pattern as one that begins with a class of characters, where that is what it begins with.

    Looks behind stand after its first character then: the same is found, and all of the search is
    done in C. ``None`` where the pattern begins otherwise, or where case does not count.
    """
    behind, at = _looks_behind(detector)
    head = _CLASS.match(detector.pattern.pattern, at)
    if head is None or not behind or detector.pattern.flags & re.IGNORECASE:
        return None
    _, ahead, rest = detector.first.partition("(?=")
    tail = detector.pattern.pattern[head.end() :]
    return re.compile("".join((head[0], *behind, ahead, rest, tail)), detector.pattern.flags)


def _looks_behind(detector: Detector) -> tuple[list[str], int]:
    """What a pattern asks to stand before it, as asked behind its first character; where it ends."""
    behind = []
    at = 0
    while found := _BEHIND.match(detector.pattern.pattern, at):
        behind.append(rf"(?<{found[1]}{found[2]}[\s\S])")
        at = found.end()
    return behind, at


# --- features -----------------------------------------------------------------------------------

_DIGITS = b"0123456789"
_RUN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+/"
_TO_ZERO = bytes.maketrans(_DIGITS, b"0" * 10)
_TO_RUN = bytes.maketrans(_RUN, b"a" * len(_RUN))
_SEPARATORS = b" -./()\t"
_CAPITALISED = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-ſƏƠƯẠ-ỹ][\w'’.-]")


def fold(text: str) -> str:
    """The text in lower case, position by position (``str.lower`` makes two of one letter, İ)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.replace("İ", "I").lower()


_OF_DIGITS = 1 | 2 | 4


def features(text: str, wanted: int = ~0) -> int:
    """Necessary conditions for the detectors, in a few scans at the speed of memory.

    Args:
        text: any text.
        wanted: the features that are of interest; others may be left out.
    """
    raw = text.encode("utf-8", "surrogatepass")
    found = _digit_features(raw) if wanted & _OF_DIGITS else 0
    if ":" in text:
        found |= 16
    if "=" in text or (found & 16 and "@" in text):
        found |= 128
    if wanted & 64 and b"a" * 16 in raw.translate(_TO_RUN):
        found |= 64
    if wanted & 512 and _CAPITALISED.search(text):
        found |= 512
    return found


def _digit_features(raw: bytes) -> int:
    digits = raw.translate(_TO_ZERO, _SEPARATORS)
    if b"0" not in digits:
        return 0
    if b"0000000" in digits:
        return 1 | 2 | 4
    return 1 | 2 if b"0000" in digits else 1


# --- checks -------------------------------------------------------------------------------------


def _group(match: re.Match[str]) -> Span:
    return match.span("v")


def _without_end_of_line(match: re.Match[str]) -> Span:
    start, _ = match.span("v")
    return start, start + len(match["v"].rstrip())


def _when(predicate: Callable[[str], bool]) -> Check:
    """A check of the value alone."""

    def check(match: re.Match[str]) -> Span | None:
        return match.span("v") if predicate(match["v"]) else None

    return check


_NO_DIGITS = re.compile("[^0-9]+")
_HAS_DIGIT = re.compile("[0-9]")


def _digits(value: str) -> str:
    return _NO_DIGITS.sub("", value)


_DOUBLED = bytes.maketrans(_DIGITS, b"0246813579")
"""A digit to the sum of the digits of twice it."""


def luhn(value: str) -> bool:
    """Luhn's check digit, ISO/IEC 7812-1 annex B; separators do not count."""
    digits = _digits(value).encode()
    doubled = digits[-2::-2].translate(_DOUBLED)
    return (sum(digits[-1::-2]) + sum(doubled) - len(digits) * ord("0")) % 10 == 0


def card(value: str) -> bool:
    """A payment card: length and first digits of an issuer, then Luhn."""
    d = _digits(value)
    return 12 <= len(d) <= 19 and d[0] in "23456" and len(set(d)) > 1 and luhn(d)


def iban(value: str) -> bool:
    """ISO 13616: mod-97 of the rearranged number is 1 (the pattern knows each country's length)."""
    s = value.replace(" ", "").replace("-", "").upper()
    if not s.isascii():  # where case counts not, a Kelvin sign is a K to the pattern
        return False
    return int((s[4:] + s[:4]).translate(_IN_36)) % 97 == 1


_IN_36 = {ord(letter): str(number) for number, letter in enumerate(ascii_uppercase, 10)}


def ssn(value: str) -> bool:
    """Social Security Administration: no area 000 or 666, no group 00, no serial 0000."""
    d = _digits(value)
    return len(d) == 9 and d[:3] not in {"000", "666"} and d[3:5] != "00" and d[5:] != "0000"


def mod_11(weights: Iterable[int], value: str) -> int:
    """The weighted sum of the digits, mod 11."""
    return sum(w * int(c) for w, c in zip(weights, _digits(value), strict=False)) % 11


def nir(value: str) -> bool:
    """French social security number: the key is 97 minus the number mod 97."""
    d = _digits(value)
    return len(d) == 15 and int(d[13:]) == 97 - int(d[:13]) % 97


def dni(value: str) -> bool:
    """Spanish DNI and NIE: the letter is the number mod 23."""
    s = value.upper().replace("-", "").replace(" ", "").replace(".", "")
    number = s[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == s[-1]


def cpf(value: str) -> bool:
    """Brazilian CPF: two check digits, mod 11."""
    d = _digits(value)
    return (
        len(d) == 11  # a digit of another alphabet is none here
        and len(set(d)) > 1
        and (-mod_11(range(10, 1, -1), d[:9])) % 11 % 10 == int(d[9])
        and (-mod_11(range(11, 1, -1), d[:10])) % 11 % 10 == int(d[10])
    )


def pesel(value: str) -> bool:
    """Polish PESEL: weights 1 3 7 9, mod 10."""
    return (
        sum(int(c) * w for c, w in zip(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True)) % 10
        == 0
    )


def steuer_id(value: str) -> bool:
    """German tax id: ISO 7064 mod 11,10."""
    d = _digits(value)
    product = 10
    for c in d[:10]:
        product = ((int(c) + product) % 10 or 10) * 2 % 11
    return len(d) == 11 and d[0] != "0" and (11 - product) % 10 == int(d[10])


def bsn(value: str) -> bool:
    """Dutch BSN: the eleven-test."""
    return mod_11((9, 8, 7, 6, 5, 4, 3, 2, -1), value) == 0


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


def _secret(value: str) -> bool:
    """Letters and digits mixed, many different: not a word, a path or a version."""
    return (
        _HAS_DIGIT.search(value) is not None
        and any(c.isalpha() for c in value)
        and len(set(value)) >= 8
    )


_NOT_PASSWORD = frozenset(
    """string str none null true false undefined empty required optional text password passwd
    hidden redacted secret changeme_here your_password wrong incorrect invalid""".split()
)


def _password(value: str) -> bool:
    """A digit, a symbol inside, or three hyphenated words: what a plain word does not have."""
    core = value.strip(".,;:!?")
    if core.lower() in _NOT_PASSWORD or "(" in value or core.startswith(("$", "{", "[", "*")):
        return False
    return (
        any("0" <= c <= "9" for c in core)
        or any(c in "@#%^&*+=!$~" for c in core)
        or core.count("-") >= 2
        or (any(c.isupper() for c in core[1:]) and any(c.islower() for c in core))
    )


def _any_password(match: re.Match[str]) -> Span | None:
    """An assigned password: in quotes anything but a type's name, else what looks like one."""
    value = match["v"]
    if match["q"] and value.lower() not in _NOT_PASSWORD and not value.startswith(("$", "{", "*")):
        return match.span("v")
    return _trimmed(match) if _password(value) else None


def _trimmed(match: re.Match[str]) -> Span:
    """Without the full stop or comma that ends the sentence."""
    start, end = match.span("v")
    return start, start + len(match["v"].rstrip(".,;:?)")) or end


def _birth(value: str) -> bool:
    """A living person's year, if it has four digits."""
    year = re.search(r"(?<!\d)\d{4}(?!\d)", value)
    return year is None or 1900 <= int(year[0]) <= 2035


def _phone(value: str) -> bool:
    return 9 <= len(_digits(value)) <= 16


def _nanp(match: re.Match[str]) -> Span | None:
    """Ten digits in one piece are a phone number only by the plan's rules: NXX NXX XXXX."""
    d = _digits(match["v"])[-10:]
    return (
        match.span("v") if len(d) == 10 and d[0] > "1" and d[3] > "1" and len(set(d)) > 3 else None
    )


def _enough_digits(least: int) -> Check:
    return _when(lambda value: len(_digits(value)) >= least)


# --- words --------------------------------------------------------------------------------------

_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|enero|febrero|marzo|abril|mayo|junio|julio"
    r"|agosto|septiembre|octubre|noviembre|diciembre|janv|févr|mars|avril|mai|juin|juil|août|déc"
    r"|januar|februar|märz|juni|juli|okt|dez|gen|mag|giu|lug|ago|set|ott|dic|fev|març|maio|out|maart|mei"
    r"|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru)[a-zéûçńśź]{0,8}\.?"
)
_DATE = (
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|er|\.)?(?: of| de)? {_MONTH},?(?: de)? \d{{4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)

_BORN = (
    r"(?:birth[ -]?(?:date|day)?|b-?day|born|d\.?o\.?b|naissance|née?|nacimiento|nacid[oa]|nac[ií]"
    r"|geburts(?:datum|tag)|geb(?:oren)?|geboorte(?:datum)?|nascita|nat[oa]|nasc(?:imento|id[oa]|i|eu)"
    r"|urodz\w{0,6}|född|født|fødselsdato|doğum)"
)
_BIRTHDAY = r"(?:birth ?(?:date|day)|b-?day|geburtstag|anniversaire|cumpleaños|d\.?o\.?b)"

# What announces a number
_PASSPORT = "(?:passport|passeport|pasaporte|reisepass|passaporto|paszport)"
_LICENSE = (
    r"(?:driv(?:er|ing)['’]?s?['’]? ?licen[cs]e|licen[cs]e (?:no|num)|\bdl ?(?:#|no|num)"
    r"|führerschein|permis de conduire|carn[eé]t? de conducir|patente di guida)"
)
_PLATE = (
    r"(?:plate|vehicle|registration|matr[ií]cula|immatricul[ée]+s?|kennzeichen|targa"
    r"|number ?plate)\b[ :#]{1,3}(?:(?:is|no\.?|number|num|es|ist|lautet)[ :]{1,2}){0,2}"
)
_ROUTING = (
    r"(?:routing|\baba\b|\brtn\b|sort ?code|\bblz\b|bankleitzahl|transit)"
    r"(?: (?:transit )?(?:number|no\.?|num|code))?[\"']?(?: is)?[ :=#]{0,4}[\"']?"
)
_ACCOUNT = (
    r"(?:account|acct\.?|a/c|konto|kontonummer|cuenta|compte)(?: ?(?:number|no\.?|num|nr\.?))?"
    r"[\"']?(?: is| ending in)?[ :=#(]{1,4}[\"']?"
)
_CODE = (
    r"(?:zip|postal|post ?code|plz|postleitzahl|code postal|código postal|cap\b)"
    r"(?: ?code)?[\"']?(?: is| number)?[ :=#]{1,4}[\"']?"
)
_WAY_BEFORE = "(?:rue|avenue|boulevard|chemin|place|allée|impasse|quai|route|calle|via|rua)"
_WAY_NAME = r"(?: (?:d['’])?[\w'’.-]{1,20})"
_WAYS = "(?:rue|avenue|av\\.|boulevard|bd|chemin|place|allée|impasse|quai|route|cours|passage)"
_VIAS = (
    r"(?:calle|c/|avda\.?|avenida|paseo|plaza|ronda|camino|glorieta|travesía|via"
    "|viale|corso|piazza|rua|travessa|praça)"
)
_BOX = r"(?:p\.? ?o\.? ?box|postfach|apartado|bo[iî]te postale)"
_IS_CODE = r" (?:a |is a |as )?(?:good |my |the )?(?:zip|postal|post ?code)"

# ISO 13616 registry: length of the IBAN by country
_IBAN_LENGTHS = {
    15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL OM SO",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO EG GT HU LB NI PL SV", 29: "BR PS QA UA",
    30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN = "|".join(
    rf"(?:{'|'.join(countries.split())})\d{{2}}(?:[ -]?[A-Z0-9]){{{length - 4}}}"
    for length, countries in _IBAN_LENGTHS.items()
)

# USPS Publication 28, appendices B and C1, with the British words for the same
_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
    "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI FM MH PW AA AE AP"
).replace(" ", "|")
_STREETS = frozenset(
    """Alley Annex Arcade Avenue Ave Bayou Beach Bend Bluff Bluffs Bottom Boulevard Blvd Branch
    Bridge Brook Brooks Burg Burgs Bypass Camp Canyon Cape Causeway Center Centers Circle Circles
    Cliff Cliffs Close Club Common Commons Corner Corners Course Court Courts Cove Coves Creek
    Crescent Crest Crossing Crossroad Curve Dale Dam Divide Drive Drives Dr Estate Estates
    Expressway Extension Extensions Fall Falls Ferry Field Fields Flat Flats Ford Fords Forest
    Forge Forges Fork Forks Fort Freeway Garden Gardens Gate Gateway Glen Glens Green Greens Grove
    Groves Harbor Harbors Harbour Haven Heights Highway Hill Hills Hollow Inlet Island Islands Isle
    Junction Junctions Key Keys Knoll Knolls Lake Lakes Land Landing Lane Ln Light Lights Loaf Lock
    Locks Lodge Loop Mall Manor Manors Meadow Meadows Mews Mill Mills Mission Motorway Mount
    Mountain Mountains Neck Orchard Oval Overpass Park Parks Parkway Parkways Pass Passage Path
    Pike Pine Pines Place Plain Plains Plaza Point Points Port Ports Prairie Radial Ramp Ranch Rapid
    Rapids Rest Ridge Ridges River Road Roads Rd Route Row Rue Run Shoal Shoals Shore Shores Skyway
    Spring Springs Spur Spurs Square Squares Station Stravenue Stream Street Streets St Summit
    Terrace Throughway Trace Track Trafficway Trail Tunnel Turnpike Underpass Union Unions Valley
    Valleys Via Viaduct View Views Village Villages Ville Vista Walk Walks Wall Way Ways Well
    Wells""".split()
)
_STREET = "|".join(sorted(_STREETS, key=lambda word: (-len(word), word)))
_UNIT = r"(?:apt|apartment|suite|ste|unit|flat|studio|room|floor)\b\.? ?#?\w{1,6}"

# Capitalised without being a name: sentence starts, calendar, greetings, offices, peoples, places
_STOP = frozenset(
    """A About According After Again Against Agent Ago Ahead All Almost Alone Along Already Also
    Although Always Am American Among An And Another Answer Any Anyone Anything April Are Around As
    Ask Assistant At Attn August Auto Aux Away Back Based Be Because Been Before Behind Being Below
    Best Better Between Big Birthday Black Blue Bonjour Book Both Bot British Build But Buy By Call
    Can Cc Change Chapter Check Cher Chère Chinese Christmas Ciao City Classic Clear Client Code
    Colleague Colleagues Come Compare Consider Contact Convert Could Country Create Customer Data
    Date Day De Dear Dec December Define Delete Deliver Der Describe Detective Did Die Dim Discuss
    Do Doctor Does Doing Don Done Down Dr During Dutch Each East Easter Edit Either Else Email End
    English Enter Error Est Estimado Et European Even Ever Every Everybody Everyone Everything
    Example Explain Extract Feb February Fig Figure File Final Find First Folks Follow For Force
    Form Former French Fri Friday Friend From Further General Generate German Get Give Given Go God
    Good Got Great Greek Green Group Guys Had Hallo Happy Has Have He Hello Help Her Here Herr Hey
    Hi Him Hiring His Hola Home House How However Human I If Im Imagine In Indeed Indian Input
    Instead Inter Into Is It Italian Item Its Jan January Japanese Jul July Jun June Just Keep
    Key King Know La Las Last Late Le Least Les Less Let Liebe Lieber Like Line List Live Long Look
    Los Love Machine Madam Made Make Manager Many March Matter Maybe Me Meet Meanwhile Message
    Middle Model Modern Mon Monday More Most Mr Mrs Ms Miss Much Multiple Must My Name Need Neither
    Never New Next No Nobody None Nor North Not Note Nothing Nov November Now Number Oct October Of
    Off Office Often Oh Ok Okay Old On Once One Online Only Open Option Or Order Other Others Our
    Out Output Over Own Page Part Patient Pay People Perhaps Persian Person Pick Play Please Point
    Polish Portuguese Post Pour Pre President Prime Pro Prof Professor Provide Public Put Que
    Querida Querido Question Quick Quote Rather Read Real Red Regards Remember Reply Respond
    Response Result Return Review Rewrite Roman Royal Run Russian Said Same Sat Saturday
    Say Says School Search Second See Send Sent Sep Sept September Set Several Shall She Should Show
    Since Sincerely Sir Sirs Six Small So Some Someone Something Sometimes Soon South Spanish
    Speaker Special Start State Step Still Stop Story Street Subject Such Suggest Summarise
    Summarize Summary Sun Sunday Super Support Sure System Table Take Talk Team Tell Ten Test Text
    Than Thank Thanks That The Their Them Then There Therefore These They Thing Things Think Third
    This Those Though Three Through Thu Thursday Thus Time Title To Today Together Tomorrow Too Top
    Total Translate True Try Tue Tuesday Turkish Two Type Um Una Und Under Une United Unless Unlike
    Until Up Upon Us Use User Using Value Van Version Very Via Visit Von Want Was Watch We Wed
    Wednesday Week Well Were West What When Whenever Where Whether Which While White Who Whose Why
    Will Wish With Within Without Wo Word Work World Would Write Writing Year Yes Yesterday Yet You
    Your Yours Welcome Congratulations Dad Mom Mum Mother Father Uncle Aunt Grandma Grandpa Brother
    Sister Captain Judge Officer Senator Minister Queen Prince Princess Pope Lord Lady Coach Nurse
    AI API CEO CFO CTO USA US UK EU UN TV PC OK ID URL HTTP HTML CSS SQL JSON XML PDF Google Microsoft
    Apple Amazon Facebook Twitter Instagram YouTube Python Java JavaScript Linux Windows Android
    Docker Kubernetes Rust Ruby Opus Sonnet Haiku Claude Gemini ChatGPT Llama Mistral Internet
    London Paris Berlin Madrid Rome Tokyo Beijing Moscow America England Scotland Wales Ireland
    Britain Germany France Spain Italy Portugal Netherlands Belgium Switzerland Austria Poland Sweden
    Norway Denmark Finland Russia Ukraine Turkey Greece China Japan Korea India Pakistan Brazil
    Mexico Canada Australia Africa Asia Europe Egypt Israel Iran Iraq Nigeria Kenya California Texas
    Florida Washington Chicago Boston Netflix Wikipedia Christian Jewish Muslim Catholic Nobel""".split()
)
_ORGANISATION = frozenset(
    """Inc Inc. LLC Ltd Ltd. PLC GmbH AG Corp Corp. Corporation Company Co Co. Group Bank University
    College School Hospital Foundation Institute Museum Airport Stadium Award Prize Theorem Method
    Algorithm Distribution Law Equation Effect Test River Lake Mountain County City Street Avenue
    Road Hotel Church Cathedral Bridge Island Islands Park Beach Act Center Centre Committee Cup Day
    Department Festival Football Games House Industries Library Motors Party Press Process Records
    Series Society Square State States Station Studios Tower Trust Union Valley Village War
    Way""".split()
)
_ALSO_SURNAMES = frozenset(
    "Best Black Book Day Early English French German Good Green Judge Key King Lord Love Page Pope Price "
    "Prince Read Small Story Street White Major Long Little West North Wise Rice Cook Bell Hill".split()
)
"""Words to stop at, unless a given name stands before them."""
_SAINTS = frozenset("San Santa Santo São Saint Sainte St St. Fort Port Mount Lake Los Las".split())
"""Before a given name they make a place of it."""

UPPER_RANGES = "À-ÖØ-ÞĀ-ſƏƠƯẠ-ỹ"
"""Capital letters of the Latin alphabets, outside ASCII, and some small ones among them."""
_UP = f"[A-Z{UPPER_RANGES}]"
_TOKEN = rf"{_UP}(?:[\w'’-]{{1,30}}|\.)"
_PARTICLE = r"(?:(?:van|von|de|der|den|da|dos|del|di|la|le|bin|al|ten|el|y|af|zu) ){0,3}"
_NAME = rf"{_TOKEN}(?: {_PARTICLE}{_TOKEN}){{0,3}}"


_ABROAD = tuple(sorted({name[:3] for name in GIVEN | SURNAMES if not name[0].isascii()}))
"""Names that begin with no letter of ASCII are few, and so are texts with such words."""
_LOWER_HINTS = tuple(
    rf"\b{name.lower()} [a-z]" for name in sorted(COMMON) if name.isascii() and len(name) > 3
)
_NAMES = frozenset(
    name for name in (*GIVEN, *SURNAMES, *map(str.upper, COMMON)) if name[0].isascii()
)
"""A known name, as it is written."""

_ENDING = rf"(?:{_UP}[\w'’-]{{1,8}}|[\w'’-]{{9}}|{_UP}\.)"
"""How a name ends, for a hint: what stands before a word must be short for engines."""
_DOES = (
    r" (?:told me|told us|said|says|is leaving|is getting|replied|asked me|called me|emailed|texted"
    r"|wrote to me|lives in|works at|was born|had given|met |and I\b)"
)
_ANDS = (
    " and ",
    " & ",
    " et ",
    " und ",
    " y ",
    " e ",
    " en ",
    " og ",
    " och ",
    " i ",
    " with ",
    " vs",
)
_AND = r" (?:and|&|et|und|y|e|en|og|och|i|with|vs\.?) "
_TITLES = (
    "Mr Mrs Ms Miss Mx Dr Prof Professor Herr Frau Monsieur Madame Mme Mlle Señor Señora Sr Sra Signor "
    "Signora Sir Dame Lord Lady Don Doña Senhor Senhora Mevrouw Meneer Pan Pani mr mrs ms dr prof"
).split()
_GREETINGS = (
    "Dear Hi Hello Hey Cher Chère Liebe Lieber Hallo Hola Querid[oa] Estimad[oa] Car[oa] Bonjour Ciao "
    "Beste Kära Prezad[oa] Gentile morning evening afternoon"
).split()
_I = re.IGNORECASE
_WORD = re.compile(r"[^\s,]+")
_BEFORE = re.compile(rf"(?<![\w<]){_UP}[\w'’-]{{1,30}}, $")


def _bare(word: str) -> str:
    """A word without the ending of a possessive; one in capitals as it stands in a list."""
    bare = word.removesuffix("'s").removesuffix("’s")
    return bare.title() if bare.isupper() and bare.title() in COMMON else bare


def _is_given(word: str) -> bool:
    bare = _bare(word)
    head, hyphen, tail = bare.partition("-")
    return head in GIVEN or bool(hyphen and head in AMBIGUOUS and tail in GIVEN)


def _is_surname(word: str) -> bool:
    """Not in capitals: there it counts only beside a given name."""
    return not SURNAMES.isdisjoint(_PART.findall(word))


_PART = re.compile(r"\w+")


def _is_stop(word: str) -> bool:
    bare = word.removesuffix("'s").removesuffix("’s")
    return bare in _STOP or (bare.isupper() and bare.title() in _STOP)


def _is_name_like(word: str) -> bool:
    """A capitalised word that may be a name, though no list has it."""
    return word[:1].isupper() and not _is_stop(word) and not _is_organisation(word)


def _is_organisation(word: str) -> bool:
    return word.removesuffix("'s").removesuffix("’s") in _ORGANISATION


def _trim_name(text: str, start: int, end: int) -> Span | None:
    """A run of capitalised words without those at its ends that are no names."""
    words = [(*m.span(), m[0]) for m in _WORD.finditer(text, start, end)]
    while words and (_is_stop(words[0][2]) or not words[0][2][0].isupper()):
        if len(words) > 1 and words[0][2] in AMBIGUOUS and _is_surname(words[1][2]):
            break
        words.pop(0)
    for i, (_, _, word) in enumerate(words):
        if _is_organisation(word):
            return None
        if i and _is_stop(word):
            before = words[i - 1][2]
            if word in _ALSO_SURNAMES and (_is_given(before) or before in AMBIGUOUS):
                continue
            words = words[:i]
            break
    if words and _shouted(text, start, end):
        words = _without_shouting(words)
    if not words:
        return None
    last = words[-1]
    possessive = last[2].endswith(("'s", "’s"))
    return words[0][0], last[1] - 2 * possessive


_CAPITALS_BEFORE = re.compile(rf"{_UP}{{2,}}[^\w\n]{{1,3}}\Z")
_CAPITALS_AFTER = re.compile(rf"[^\w\n]{{1,3}}{_UP}{{2,}}")


def _shouted(text: str, start: int, end: int) -> bool:
    """Whether the words are in capitals, and those beside them too: then capitals say nothing."""
    return text[start:end].isupper() and bool(
        _CAPITALS_BEFORE.search(text, max(0, start - 8), start) or _CAPITALS_AFTER.match(text, end)
    )


def _without_shouting(words: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Of words in capitals, the first given name and the surname behind it."""
    for i, (_, _, word) in enumerate(words):
        if _is_given(word):
            following = i + 1 < len(words) and _is_surname(words[i + 1][2].title())
            return words[i : i + 1 + following]
    return []


def _known_name(match: re.Match[str]) -> Span | None:
    """A run that holds a known name: a given one, or a surname behind a capitalised word."""
    run = match["v"]
    if run not in GIVEN and run not in SURNAMES:  # most runs of capitalised words end here
        if run.isalpha() and not run.isupper():
            return None
        if not any(_is_given(w) or _is_surname(w) for w in run.split(" ")):
            return None
    text, (start, end) = match.string, match.span("v")
    spans = [_known_part(text, *part) for part in _parts(text, start, end)]
    found = [span for span in spans if span]
    return (found[0][0], found[-1][1]) if found else None


def _parts(text: str, start: int, end: int) -> Iterable[Span]:
    """A run cut behind its possessives: "Acme's Anna Fox" is two."""
    at = start
    for cut in _POSSESSIVE.finditer(text, start, end):
        yield at, cut.start() + 2
        at = cut.end()
    yield at, end


_POSSESSIVE = re.compile(r"['’]s ")


def _known_part(text: str, start: int, end: int) -> Span | None:
    span = _trim_name(text, start, end)
    if span is None:
        return None
    words = text[span[0] : span[1]].split(" ")
    known = [i for i, w in enumerate(words) if _is_given(w)]
    if not known:
        named = len(words) > 1 and words[0] not in _SAINTS and _is_surname(words[-1])
        return span if named else None
    if known[0] and words[known[0] - 1] in _SAINTS:
        return None
    start = span[0]
    if len(words) == 1:  # "Graves, Deborah"
        before = _BEFORE.search(text, max(0, start - 34), start)
        if before and not _is_stop(before[0][:-2]) and not _is_given(before[0][:-2]):
            start = before.start()
    return start, span[1]


_ARTICLE = re.compile(r"\b[Tt]he \Z")


def _lone_surname(match: re.Match[str]) -> Span | None:
    """A surname by itself; behind "the" it is a thing that is named after somebody."""
    if not _is_surname(match["v"]):
        return None
    span = _trim_name(match.string, *match.span("v"))
    if span is None or _ARTICLE.search(match.string, max(0, span[0] - 5), span[0]):
        return None
    word = match.string[span[0] : span[1]]
    return span if " " not in word and _is_surname(word) else None


def _doubtful_name(match: re.Match[str]) -> Span | None:
    """From a given name that is a word as well on, if a capitalised word follows."""
    span = _trim_name(match.string, *match.span("v"))
    if span is None:
        return None
    words = match.string[span[0] : span[1]].split(" ")
    return span if len(words) > 1 and words[0] in LEANING and words[1][0].isupper() else None


def _beside_known(match: re.Match[str]) -> Span | None:
    """Capitalised words that "and" joins to a known name."""
    span = _trim_name(match.string, *match.span("v"))
    if span is None or span != match.span("v"):
        return None
    words, others = match["v"].split(" "), match["b"].split(" ")
    if not all(_is_name_like(w) for w in others if w[0].isupper()):
        return None
    named = any(_is_given(w) for w in others) or _is_surname(others[-1]) or _is_surname(words[-1])
    return span if named and all(_is_name_like(w) for w in words if w[0].isupper()) else None


def _two_words(match: re.Match[str]) -> Span | None:
    """Two capitalised words or more, all of them name-like."""
    words = match["v"].split(" ")
    capitals = [w for w in words if w[0].isupper()]
    if len(capitals) < 2 or not all(_is_name_like(w) for w in capitals):
        return None
    start, end = match.span("v")
    return start, end - len(match["v"]) + len(match["v"].rstrip("'’-"))


def _lower_name(match: re.Match[str]) -> Span | None:
    """A given name and a surname, both known, without capitals."""
    given, surname = match["a"].title(), match["b"].title()
    return match.span("v") if given in COMMON and surname in SURNAMES else None


def _announced(match: re.Match[str]) -> Span | None:
    return _trim_name(match.string, *match.span("v"))


def announced_strictly(match: re.Match[str]) -> Span | None:
    """After words that also announce other things: two words, or a given name."""
    span = _trim_name(match.string, *match.span("v"))
    if span is None:
        return None
    words = match.string[span[0] : span[1]].split(" ")
    return span if len(words) > 1 or _is_given(words[0]) or words[0] in AMBIGUOUS else None


def _labelled(match: re.Match[str]) -> Span | None:
    """After a role: two words, or a known surname behind a word for who made something."""
    if " " in match["v"]:
        return announced_strictly(match)
    span = _trim_name(match.string, *match.span("v"))
    makers = (
        "by",
        "starring",
        "boss",
        "neighbor",
        "neighbour",
        "colleague",
        "roommate",
        "coworker",
    )
    made = match.string[match.start() : match.start("v")].lower().rstrip().endswith(makers)
    return span if made and _is_surname(match["v"]) else None


def _relative(match: re.Match[str]) -> Span | None:
    """One capitalised word or more that may be a name."""
    span = _trim_name(match.string, *match.span("v"))
    return span if span and span[0] == match.start("v") else None


_KIN = (
    "wife|husband|son|daughter|brother|sister|mother|father|mom|mum|dad|uncle|aunt|cousin|nephew|niece|friend"
    "|girlfriend|boyfriend|fiancée?|partner|grandson|granddaughter|grandmother|grandfather|landlord|landlady"
    "|therapist|dentist|lawyer|tutor|babysitter|nanny|classmate|teammate|flatmate|ex"
)
CONTACT_BELOW = re.compile(r"\n[^\n]{0,60}(?:\n[^\n]{0,60}){0,2}?(?:\d{2,6} [A-Z]|\d[\d .()-]{7})")


def _letterhead(match: re.Match[str]) -> Span | None:
    """A line that is two or three capitalised words, with an address or a number below it."""
    if " " not in match["v"] or not CONTACT_BELOW.match(match.string, match.end()):
        return None
    span = _trim_name(match.string, *match.span("v"))
    return span if span == match.span("v") else None


def _r(pattern: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(pattern, flags)


_PHONE_WORDS = (
    "tel", "phone", "call", "mobile", "cell", "fax", "desk", "whatsapp", "sms", "handy",
    "número", "numero", "móvil", "contact", "reach", "registered", "customers", "emergency",
    "billing", "number is", "text me", "ring ",
)  # fmt: skip
_DIGIT, _DIGITS4, _DIGITS7 = Feature.DIGIT, Feature.DIGITS4, Feature.DIGITS7
_COLON, _LONG = Feature.COLON, Feature.LONG

_KEY_PREFIXES = (
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]", r"gh[pousr]_", "github_pat_", r"gl(?:pat|dt|rt)-", r"xox[abeoprs]-",
    "xapp-", r"\bsk-", r"\b[spr]k_(?:live|test)_", "whsec_", "AIza", r"ya29\.", "GOCSPX-", "npm_", "pypi-",
    r"\bhf_", r"\bSG\.", r"shp(?:at|ca|pa|ss)_", r"do[opr]_v1_", r"dapi[a-f0-9]", r"hvs\.",
    r"\b(?:gsk|r8|xai|nvapi|pplx|tvly|lin_api|sntrys|secret)[_-]", r"sq0[a-z]{3}-",
    r"\bkey-[a-f0-9]{4}", r"\d:AA", r"hooks\.slack\.com/services/",
)  # fmt: skip
_NOT_USER = _NOT_PASSWORD | frozenset(
    "root admin username user name login postgres id required the a an not and or for is to".split()
)

_NO_MAILBOX = frozenset(
    """us me him her them you it look team out someone anyone everyone page form up via back directly
    details information in sent mail email address help here posted available hosted published online
    found today now desk staff people server site website is are be was department""".split()
)


# --- places

_NEAR_ADDRESS = re.compile(
    r"(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|damm|straat|laan|plein|kade|gracht|gatan|vägen"
    r"|\brue|\bavenue|\bboulevard|\bbd|\bchemin|\bimpasse|\bquai|\broute|\bcalle|\bc/|\bavda|\bavenida|\bpaseo"
    r"|\bplaza|\bvia|\bviale|\bcorso|\bpiazza|\brua|\bulica|\bul\."
    r"|wohn|habit|vivo|vive|abito|address|adresse|anschrift|direcci|domicil|indirizzo|endereço|live in|lives in"
    r"|living in|moved|postfach|p\.? ?o\.? box)",
    _I,
)
_HOUSE = re.compile(rf"\d{{1,6}}[A-Za-z]?,? (?:{_UP}[\w'’.-]{{1,20}} ){{1,3}}(?:{_STREET})\b")
_HOUSE_HINTS = tuple(rf"\d[A-Za-z]?,? [\w'’. -]{{1,66}} {street}\b" for street in sorted(_STREETS))
"""The same more loosely; one by one engines take the streets faster."""
_NO_TOWN = frozenset(
    """A An And Are At Be But By Days Dollars Euro Euros Euros. EUR Files For From GB He How I If In Is It
    Items KB Ltd MB My Of On Or Our People Points She So Steps Thanks That The Then They This Times To
    Toyotas Units USD Users We What When Words Years You January February March April May June July
    August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday
    Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec US UK EU TV HD""".split()
)
_NUMBER_BEFORE = re.compile(
    rf"{_UP}[\w'’.-]{{1,40}} \d{{1,4}} ?[a-z]?(?:[-/]\d{{1,3}})?(?:,\s{{0,2}}|\n[> ]{{0,6}})(?:[A-Z]{{1,2}}-)?\Z"
)
_TOWN_BEFORE = re.compile(rf"(?:^|[\n>,]|[a-z] )[> ]{{0,4}}{_UP}[\w'’.-]{{1,30}},? \Z")
_BEFORE_CODE = (", ", ",", "\\n", "\\n ", ">", "> ", "-")
"""What stands before a year or postcode before a town; one by one engines take them faster."""
_NUMBERED = frozenset(
    """Android Appendix Article Bug Build Building Case Chapter Channel Chrome Commit Figure Form Id Invoice ISO
    Issue Item Job Kernel Law Line Linux Model Number Order Page Patch Part PR Port Python RFC Release Request
    Revision Room Rule Section Sector Serial Server Table Task Ticket Unit Version Windows Zone""".split()
)
"""What numbers stand behind, without being towns."""
_SENTENCE = re.compile(r"[.;?!] [A-Z]")
_TOWN_AFTER = re.compile(rf" {_UP}[\w'’.-]{{1,30}}")
_DAY_BEFORE = re.compile(rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,\s{{0,2}}\Z", _I)
_INDIAN = (
    "Mumbai|Delhi|Bengaluru|Bangalore|Hyderabad|Ahmedabad|Chennai|Kolkata|Surat|Pune|Jaipur|Lucknow|Kanpur|Nagpur"
    "|Indore|Thane|Bhopal|Visakhapatnam|Patna|Vadodara|Ghaziabad|Ludhiana|Agra|Nashik|Faridabad|Meerut|Rajkot"
    "|Varanasi|Srinagar|Aurangabad|Dhanbad|Amritsar|Ranchi|Howrah|Coimbatore|Jabalpur|Gwalior|Vijayawada|Jodhpur"
    "|Madurai|Raipur|Kota|Guwahati|Chandigarh|Solapur|Mysuru|Mysore|Gurgaon|Gurugram|Noida|Kochi|Cochin|Dehradun"
    "|Trivandrum|Thiruvananthapuram|Mangalore|Mangaluru|Bhubaneswar|Shimla|Goa|Maharashtra|Karnataka|Kerala"
    "|Gujarat|Rajasthan|Punjab|Haryana|Bihar|Odisha|Telangana|Assam|Jharkhand|Uttarakhand|Chhattisgarh"
    "|Pradesh|Bengal|Nadu|India|PIN"
)
_STATE_ENDS = (
    "Alabama|Alaska|Arizona|Arkansas|California|Carolina|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii"
    "|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota"
    "|Mississippi|Missouri|Montana|Nebraska|Nevada|Hampshire|Jersey|Mexico|York|Dakota|Ohio|Oklahoma|Oregon"
    "|Pennsylvania|Tennessee|Texas|Utah|Vermont|Virginia|Wisconsin|Wyoming"
)


def _address_before(text: str, at: int) -> bool:
    """Whether an address stands in the line before a place, or in the three above it."""
    first = max(0, at - 110)
    return bool(_HOUSE.search(text, first, at) or _NEAR_ADDRESS.search(text, max(0, at - 70), at))


_POSTCODE_AND_TOWN = re.compile(rf",? ?\n?\d{{5}} {_UP}")


def _before_postcode(match: re.Match[str]) -> Span | None:
    """A way whose name is capitalised, and a postcode and a town behind it."""
    named = any(word[0].isupper() for word in match["v"].split(" ")[1:])
    return (
        match.span("v")
        if named and _POSTCODE_AND_TOWN.match(match.string, match.end("v"))
        else None
    )


def _before_town(match: re.Match[str]) -> Span | None:
    """A postcode before a town: a house number or an address must stand before it."""
    text, (start, end) = match.string, match.span("v")
    town = _TOWN_AFTER.match(text, end)
    if town is None or town[0][1:].rstrip(".,") in _NO_TOWN:
        return None
    near = _NUMBER_BEFORE.search(text, max(0, start - 60), start)
    if near or (end - start > 4 and _address_before(text, start)):
        return start, end
    return None


def _after_town(match: re.Match[str]) -> Span | None:
    """A postcode behind a town, with a house before it."""
    text, (start, end) = match.string, match.span("v")
    if not _TOWN_BEFORE.search(text, max(0, start - 40), start):
        return None
    house = _HOUSE.search(text, max(0, start - 110), start)
    return (start, end) if house and not _SENTENCE.search(text, house.end(), start) else None


def _beside_town(match: re.Match[str]) -> Span | None:
    """A postcode of an odd form: a capitalised word or a line break before it, or an address."""
    text, (start, end) = match.string, match.span("v")
    town = _TOWN_BEFORE.search(text, max(0, start - 40), start)
    return (
        (start, end)
        if town or text[start - 1 : start] == "\n" or _address_before(text, start)
        else None
    )


TABLE: tuple[Detector, ...] = (
    # --- secrets
    Detector(
        "PRIVATE_KEY",
        _r(
            r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:\\n|\\r|\s){0,4}"
            r"(?P<v>(?:[^-\"'<]|-(?!----)){16,16384}+)"
        ),
        Feature.NONE,
        "RFC 7468; OpenSSH and PGP use the same armour",
        (
            (
                "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----",
                "MIIEvQIBADANBgkqhkiG9w0B",
            ),
        ),
        ("-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n-----END PUBLIC KEY-----",),
        check=_without_end_of_line,
        words=("private key",),
    ),
    Detector(
        "JWT",
        _r(r"(?<![\w-])(?P<v>eyJ[\w-]{8,4096}+\.[\w-]{4,8192}+(?:\.[\w-]{0,4096}+)?)"),
        _LONG,
        'RFC 7519: base64url of {" begins with eyJ',
        (
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            ),
        ),
        ("eyJust kidding, there is no token here at all",),
        words=("eyj",),
    ),
    Detector(
        "URL_TOKEN",
        _r(r"://(?P<v>[^\s/@:'\"<>]{1,64}:[^\s/@'\"<>]{1,128})@"),
        Feature.QUERY,
        "RFC 3986 section 3.2.1: userinfo",
        (("postgres://app:s3cret@db.example.com/x", "app:s3cret"),),
        ("see https://example.com:8080/@me", "http://user@example.com/"),
        words=("://",),
        anchored=True,
    ),
    Detector(
        "URL_TOKEN",
        _r(
            r"(?<=[?&;#])(?:[\w-]{0,20}(?:token|signature|secret|password|passwd|credential|api_?key)"
            r"|sig|key|pwd|auth|jwt|code|session(?:_?id)?|sid|sso|magic|t|k|otp|invite)="
            r"(?P<v>[^\s&#\"'<>]{6,2048})",
            _I,
        ),
        Feature.QUERY,
        "OAuth 2.0, AWS Signature V4 and SAS query parameters",
        (
            ("https://a.example/reset?token=8f3kd92mfp1q now", "8f3kd92mfp1q"),
            ("x.example/d?X-Amz-Signature=8fd3ddcfef3f1833", "8fd3ddcfef3f1833"),
        ),
        ("https://a.example/list?page=20&size=94&sort=desc", "https://a.example/?key=name"),
        check=_when(lambda v: any("0" <= c <= "9" for c in v) or len(v) >= 20),
        hint=(r"[a-z_]=",),
        first=r"[\w-]",
    ),
    Detector(
        "API_KEY",
        _r(
            r"(?<![A-Za-z0-9])(?P<v>(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"
            r"|gh[pousr]_[A-Za-z0-9]{30,255}+|github_pat_\w{20,255}+|gl(?:pat|dt|rt)-[\w-]{16,64}+"
            r"|xox[abeoprs]-[\w-]{10,255}+|xapp-[\w-]{20,255}+"
            r"|sk-[\w-]{20,255}+|(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{10,255}+"
            r"|whsec_[A-Za-z0-9+/]{20,128}+"
            r"|AIza[\w-]{30,45}+|ya29\.[\w-]{20,512}+|GOCSPX-[\w-]{20,64}+"
            r"|npm_[A-Za-z0-9]{30,64}+|pypi-[\w-]{40,512}+|hf_[A-Za-z0-9]{20,64}+"
            r"|SG\.[\w-]{16,64}\.[\w-]{16,64}+|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"
            r"|do[opr]_v1_[a-f0-9]{40,64}+|dapi[a-f0-9]{32}|hvs\.[\w-]{20,255}+"
            r"|(?:gsk|r8|xai|nvapi|pplx|tvly|lin_api|sntrys|secret)[_-][\w-]{20,128}+"
            r"|sq0[a-z]{3}-[\w-]{20,64}+|key-[a-f0-9]{32}|\d{8,10}:AA[\w-]{33}"
            r"|(?<=hooks\.slack\.com/services/)[\w/]{20,128}+)"
        ),
        _LONG,
        "the issuers' own documentation of token prefixes (AWS, GitHub, Slack, OpenAI, Stripe …)",
        (
            ("export K=AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
            ("key sk-abcdefghij0123456789XYZ!", "sk-abcdefghij0123456789XYZ"),
            (
                "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
                "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            ),
        ),
        ("the class is called task-manager-with-a-long-name", "sk-learn"),
        check=_when(lambda v: any("0" <= c <= "9" for c in v)),
        first=r"[\w/](?=[\w.:/+-]{12})",
        hint=_KEY_PREFIXES,
    ),
    Detector(
        "API_KEY",
        _r(
            r"(?:key|token|secret|bearer|credential)s?[\w-]{0,16}[\"']?\s{0,3}(?:[:=]|=>|:=|\bis\b|"
            r"(?<=bearer)|(?<=token))\s{0,3}(?:bearer )?[\"']?(?P<v>[\w/+.~-]{16,512}={0,2})",
            _I,
        ),
        _LONG,
        "an assignment to a name of a secret; the value must look random",
        (
            (
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            ),
        ),
        ("secret: extraordinarily-long-word", "monkey = some_function_name_here"),
        check=_when(lambda v: _secret(v) and not v.startswith(("http", "/", "."))),
        words=("key", "token", "secret", "bearer", "credential"),
        anchored=True,
    ),
    # --- numbers with check digits
    Detector(
        "IBAN",
        _r(rf"(?<![A-Za-z0-9])(?P<v>{_IBAN})(?![A-Za-z0-9])", _I),
        _DIGITS7,
        "ISO 13616: length by country, mod 97",
        (
            ("pay GB82 WEST 1234 5698 7654 32 today", "GB82 WEST 1234 5698 7654 32"),
            ("DE89370400440532013000", "DE89370400440532013000"),
        ),
        ("GB82 WEST 1234 5698 7654 33", "DE8937040044053201300"),
        check=_when(iban),
        first=r"[A-Z](?=[A-Z]\d\d)",
    ),
    Detector(
        "CREDIT_CARD",
        _r(r"(?<![A-Za-z0-9_.+-])(?P<v>\d(?:[ -]?\d){11,18})(?!\w|-\d|\.\d(?<!0)|\.0\w)"),
        _DIGITS7,
        "ISO/IEC 7812: issuer prefix, length, Luhn; .0 is how tables write whole numbers",
        (
            ("card 4111 1111 1111 1111.", "4111 1111 1111 1111"),
            ("3782-822463-10005", "3782-822463-10005"),
            ("[4111111111111111.0, 1]", "4111111111111111"),
        ),
        (
            "4111111111111111.05",
            "4111111111111111.5",
            "card 4111 1111 1111 1112",
            "barcode 7446286844472528",
            "SO4111111111111111",
        ),
        check=_when(card),
        first=r"\d",
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?<![\w.-])(?P<v>[12] ?\d{2} ?\d{2} ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2})(?!\w)"),
        _DIGITS7,
        "INSEE: NIR, key mod 97",
        (("NIR 1 84 12 76 451 089 46", "1 84 12 76 451 089 46"),),
        ("184127645108947",),
        check=_when(nir),
        first=r"[12]",
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?<![\w.-])(?P<v>(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z])(?!\w)"),
        _DIGITS7,
        "Spanish Ministry of the Interior: DNI and NIE, letter mod 23",
        (("DNI 12345678Z", "12345678Z"), ("NIE X1234567L", "X1234567L")),
        ("12345678A",),
        check=_when(dni),
        first=r"[\dXYZ]",
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?<![\w.-])(?P<v>\d{3}\.\d{3}\.\d{3}-\d{2})(?!\w)"),
        _DIGITS7,
        "Receita Federal: CPF, mod 11",
        (("CPF 529.982.247-25", "529.982.247-25"),),
        ("529.982.247-26",),
        check=_when(cpf),
        first=r"\d",
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?<!\w)(?P<v>[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])(?!\w)", _I),
        _DIGIT,
        "Agenzia delle Entrate: codice fiscale",
        (("CF RSSMRA85T10A562S", "RSSMRA85T10A562S"),),
        ("RSSMRA85Z10A562S",),
        words=("cf", "codice", "fiscal", "tax"),
        hint=(r"\d\d[A-EHLMPRST]\d\d[A-Z]\d\d",),
        first=r"[A-Z](?=[A-Z]{5}\d)",
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?:pesel)\W{0,4}(?P<v>\d{11})(?!\w)", _I),
        _DIGITS7,
        "Polish Ministry of Digital Affairs: PESEL, weights 1 3 7 9",
        (("PESEL: 44051401359", "44051401359"),),
        ("PESEL: 44051401358",),
        check=_when(pesel),
        words=("pesel",),
        hint=("pesel",),
        anchored=True,
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?:steuer|idnr|tin\b)[\w-]{0,24}\W{0,4}(?P<v>\d{2} ?\d{3} ?\d{3} ?\d{3})(?!\w)", _I),
        _DIGITS7,
        "German Federal Central Tax Office: ISO 7064 mod 11,10",
        (("Steuer-ID: 86095742719", "86095742719"),),
        ("Steuer-ID: 86095742718",),
        check=_when(steuer_id),
        words=("steuer", "idnr", "tin"),
        hint=(r"(?:steuer|idnr|tin\b)[\w-]{0,24}\W{0,4}\d",),
        anchored=True,
    ),
    Detector(
        "NATIONAL_ID",
        _r(r"(?:bsn|burgerservicenummer)\W{0,4}(?:is )?(?P<v>\d{9})(?!\w)", _I),
        _DIGITS7,
        "Dutch RvIG: BSN, eleven-test",
        (("BSN 111222333", "111222333"),),
        ("BSN 111222334",),
        check=_when(bsn),
        words=("bsn", "burgerservice"),
        hint=("bsn", "burgerservice"),
        anchored=True,
    ),
    Detector(
        "NINO",
        _r(
            r"(?<![\w-])(?P<v>(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            r"(?: ?\d{2}){3} ?[A-D])(?!\w)",
            _I,
        ),
        _DIGITS4,
        "HMRC NIM39110: no D F I Q U V, no O second, suffix A to D",
        (("NINO AB 12 34 56 C", "AB 12 34 56 C"), ("jg103759a", "jg103759a")),
        ("GB123456A", "QQ123456C"),
        hint=(r"\d\d ?\d\d ?\d\d ?[A-D]",),
        first=r"[A-Z](?=[A-Z] ?\d)",
    ),
    Detector(
        "US_SSN",
        _r(r"(?<![\w.+-])(?P<v>\d{3}([-.])\d{2}\2\d{4})(?![\w-]|\.\d)"),
        _DIGITS7,
        "SSA: area, group, serial; ITIN has the same form",
        (("SSN 219-09-9999", "219-09-9999"),),
        ("000-12-3456", "part 123-45-67890"),
        check=_when(ssn),
        first=r"\d",
    ),
    Detector(
        "US_SSN",
        _r(
            r"(?:ssn|social security|itin|tax ?payer id)[\w ]{0,20}[\"']?\s{0,2}[:=#]?\s{0,2}[\"']?"
            r"(?P<v>\d{3}[ .-]?\d{2}[ .-]?\d{4})(?!\w)",
            _I,
        ),
        _DIGITS7,
        "the same, in any separators, announced",
        (("my SSN is 219099999", "219099999"), ('"ssn": "219 09 9999"', "219 09 9999")),
        ("ssn 000123456", "what is a social security number?"),
        check=_when(ssn),
        words=("ssn", "social security", "itin", "taxpayer", "tax payer"),
        hint=(
            r"(?:ssn|social security|itin|tax ?payer id)[\w ]{0,20}[\"']?\s{0,2}[:=#]?\s{0,2}[\"']?\d",
        ),
        anchored=True,
    ),
    Detector(
        "US_SSN",
        _r(r"(?<=[\"'])(?P<v>\d{3} \d{2} \d{4})(?=[\"'])"),
        _DIGITS7,
        "the same, with spaces, in quotes",
        (("('x', '219 09 9999')", "219 09 9999"),),
        ("rows 219 09 9999",),
        check=_when(ssn),
        first=r"\d",
    ),
    # --- network
    Detector(
        "EMAIL",
        _r(
            r"(?<![\w.+-])(?P<v>[\w.+%-]{1,64}+(?: ?(?:@|\[at\]|\(at\)) ?)"
            r"[A-Za-z0-9\u00c0-\uffff](?:[\w-]{0,62}\.){1,6}[^\W\d_]{2,24})"
        ),
        Feature.NONE,
        "RFC 5322 addr-spec as people write it; international domains",
        (("mail jo.li+x@sub.example.co.uk.", "jo.li+x@sub.example.co.uk"),),
        ("npm install @types/node@3.25.19", "user@localhost", "@property"),
        first=r"[\w.+%-]",
        words=("@", "[at]", "(at)"),
        around=("@", "[at]", "(at)"),
    ),
    Detector(
        "EMAIL",
        _r(
            r"(?<![\w.+-])(?P<v>[\w.+%-]{1,64}+ ?(?:\(at\)|\[at\]|at) ?[a-z0-9-]{2,30}+"
            r"(?: ?(?:\.|\(dot\)|\[dot\]|\bdot\b) ?(?:com|org|net|edu|gov|io|de|fr|es|it|uk|co)\b){1,2})",
            _I,
        ),
        Feature.NONE,
        "addresses spelt out",
        (("write jo.li at gmail dot com", "jo.li at gmail dot com"),),
        ("meet me at noon",),
        words=("at gmail", "at yahoo", "at hotmail", "at outlook", "(at)", "[at]", " dot com"),
    ),
    Detector(
        "EMAIL",
        _r(
            r"(?<![\w.+@-])(?P<v>(?P<a>[\w.+-]{2,64}) at (?:[a-z0-9-]{1,63}\.){1,4}"
            r"(?:com|org|net|edu|gov|info|io|dev|ai|app|me|eu|de|fr|es|it|nl|uk|co|ch|at|be|pl|pt|br|in|ca|au|us|ie|se|no|dk|fi))"
            r"(?![\w/-])",
            _I,
        ),
        Feature.NONE,
        "addresses spelt out with a plain domain, where something speaks of mail before them",
        (("mail me, john.zorvan at example.com", "john.zorvan at example.com"),),
        (
            "look at example.com",
            "please contact us at example.com",
            "the mail server at example.com/x",
        ),
        check=lambda m: None if m["a"].lower() in _NO_MAILBOX else m.span("v"),
        context=(
            "mail",
            "contact",
            "reach",
            "write to",
            "send it to",
            "send to",
            "message",
            "get in touch",
            "schreib",
            "escrib",
            "écri",
            "scriv",
            "correo",
            "courriel",
        ),
        hint=(r"\w at [\w-]{1,63}\.[a-z]",),
        first=r"[\w.+-]",
        words=(" at ",),
    ),
    Detector(
        "MAC",
        _r(
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
        check=_when(_mac),
        hint=(
            r"[0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-][0-9A-Fa-f]{2}[:-]|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.",
        ),
        first=r"[0-9A-Fa-f](?=[0-9A-Fa-f][:0-9A-Fa-f-])",
    ),
    Detector(
        "IP",
        _r(
            r"(?<![\w.@-])(?<!\w/)(?<!==)(?<!version )(?<!Version )"
            r"(?P<v>(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3})"
            r"(?![\w-]|\.\d)"
        ),
        _DIGITS4,
        "RFC 791; loopback, unspecified and masks are nobody's",
        (("from 203.0.113.9.", "203.0.113.9"),),
        ("127.0.0.1", "Chrome/51.0.235.41", "1.2.3.4.5", "300.1.1.1"),
        check=_when(_ipv4),
        hint=(r"\d\.\d{1,3}\.\d{1,3}\.\d",),
        first=r"\d",
    ),
    Detector(
        "IP",
        _r(r"(?<![\w:.])(?P<v>(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![\w:])"),
        _COLON,
        "RFC 4291, parsed",
        (("at 2001:db8::1 today", "2001:db8::1"),),
        ("at 03:33:26", "std::vector", "::1", "a::b"),
        check=_when(_ipv6),
        hint=(r":[0-9A-Fa-f]{0,4}:",),
        first=r"[0-9A-Fa-f:](?=[0-9A-Fa-f:])",
    ),
    # --- announced numbers
    Detector(
        "DATE_OF_BIRTH",
        _r(
            rf"{_BORN}\b[^\d\n]{{0,32}}?"
            rf"(?P<v>(?<!\d){_DATE})(?!\d)",
            _I,
        ),
        _DIGITS4,
        "a date after the words for birth, year from 1900",
        (
            ("DOB: 09/01/86", "09/01/86"),
            ("I was born on 24 June 2004.", "24 June 2004"),
            ("né le 3 mars 1990", "3 mars 1990"),
            ("sono nato il 3 maggio 1990", "3 maggio 1990"),
            ("Geboortedatum: 03-05-1990", "03-05-1990"),
            ("my bday is 3/5/90", "3/5/90"),
        ),
        ("born 27 January 1756", "signed on 22 July 2021", "what is a date of birth?"),
        check=_when(_birth),
        words=(
            "birth",
            "born",
            "dob",
            "d.o.b",
            "naissance",
            "né",
            "nac",
            "gebur",
            "geb",
            "nasc",
            "nat",
            "bday",
            "b-day",
            "urodz",
            "född",
            "fød",
            "doğum",
        ),
        anchored=True,
        hint=(rf"{_BORN}[^\d\n]{{0,54}}\d",),  # with a month of up to twenty letters
    ),
    Detector(
        "DATE_OF_BIRTH",
        _r(
            rf"(?<![\w./-])(?P<v>{_DATE})(?=,? (?:is|was|ist|est|es) (?:my|his|her|their|mein|mi|ma|mon)"
            rf" {_BIRTHDAY})",
            _I,
        ),
        _DIGITS4,
        "a date before the words for birth",
        (("3 May 1990 is my birthday", "3 May 1990"),),
        ("3 May 1990 is my favourite day",),
        check=_when(_birth),
        words=("birth", "bday", "b-day", "geburtstag", "anniversaire", "cumple", "dob", "d.o.b"),
        hint=(rf" (?:my|his|her|their|mein|mi|ma|mon) {_BIRTHDAY}",),
    ),
    Detector(
        "PASSPORT",
        _r(
            rf"{_PASSPORT}[^\d\n.]{{0,28}}?"
            r"(?<![A-Za-z0-9])(?P<v>(?=[A-Z0-9]{0,4}\d{4})[A-Z0-9]{6,10})(?![\w-])",
            _I,
        ),
        _DIGITS4,
        "ICAO 9303: up to nine letters and digits, announced",
        (("passport number G41565027", "G41565027"), ("Passeport n° 96UB83339", "96UB83339")),
        ("passport renewal takes 12 weeks", "passport rules of 2024"),
        check=_enough_digits(5),
        words=("passport", "passeport", "pasaporte", "reisepass", "passaporto", "paszport"),
        hint=(rf"{_PASSPORT}[^\d\n.]{{0,32}}\d",),
        anchored=True,
    ),
    Detector(
        "DRIVER_LICENSE",
        _r(
            rf"{_LICENSE}[^\d\n.]{{0,22}}?(?<![A-Za-z0-9])"
            r"(?P<v>[A-Z]{0,5}\d(?:-?[A-Z0-9]){4,17})(?![\w])",
            _I,
        ),
        _DIGITS4,
        "AAMVA: letters and digits by state, announced",
        (("My driver's license number is W95292617", "W95292617"), ("DL# X22569905", "X22569905")),
        ("License: MIT. Version 10.27.16", "a driver's license at 16 or 17"),
        check=_enough_digits(5),
        words=("driv", "licen", "dl", "führerschein", "permis de", "carn", "patente"),
        hint=(rf"{_LICENSE}[^\d\n.]{{0,27}}\d",),
        anchored=True,
    ),
    Detector(
        "VEHICLE_PLATE",
        _r(
            rf"{_PLATE}"
            r"(?P<v>[A-Z0-9]{1,4}(?:[- ]?[A-Z0-9]{2,5}){1,2})(?![\w-])"
        ),
        _DIGIT,
        "two to three groups of capitals and digits, announced",
        (("plate number KVG3599 is", "KVG3599"), ("matrícula 8408 CHH", "8408 CHH")),
        ("vehicle number one", "plate 12 of 40"),
        check=_when(lambda v: any(c.isdigit() for c in v) and any(c.isalpha() for c in v)),
        words=("plate", "vehicle", "registration", "matr", "immatricul", "kennzeichen", "targa"),
        hint=(rf"{_PLATE}[A-Z0-9]",),
        anchored=True,
    ),
    Detector(
        "BANK_ROUTING",
        _r(
            rf"{_ROUTING}"
            r"(?P<v>\d{2}[- ]\d{2}[- ]\d{2}|\d{9}|\d{8}|\d{6})(?![\w-])",
            _I,
        ),
        _DIGITS4,
        "ABA routing number, UK sort code, German BLZ, announced",
        (("routing number 021000021 and", "021000021"), ("sort code: 07-39-23", "07-39-23")),
        ("routing table has 12 rows", "routing 1234"),
        words=("routing", "aba", "rtn", "sort", "blz", "bankleitzahl", "transit"),
        hint=(rf"{_ROUTING}\d",),
        anchored=True,
    ),
    Detector(
        "BANK_ROUTING",
        _r(r"(?<![\w.-])(?P<v>\d{2}-\d{2}-\d{2})(?=[ ,/]{1,3}(?:account |acct )?\d{8}(?!\d))"),
        _DIGITS7,
        "UK sort code before an account number",
        (("into 07-39-23 83947226", "07-39-23"),),
        ("on 07-39-23 at noon",),
        first=r"\d(?=\d-)",
    ),
    Detector(
        "BANK_ACCOUNT",
        _r(r"(?<![\w.-])\d{2}-\d{2}-\d{2}[ ,/]{1,3}(?:account |acct )?(?P<v>\d{8})(?!\d)"),
        _DIGITS7,
        "UK account number after a sort code",
        (("into 07-39-23 83947226", "83947226"),),
        ("on 07-39-23 at noon",),
        first=r"\d(?=\d-)",
    ),
    Detector(
        "BANK_ACCOUNT",
        _r(
            rf"{_ACCOUNT}"
            r"(?P<v>\d{6,17}|\d{2,5}(?:[- ]\d{2,6}){1,4})"
            r"(?![\w-]|\.\d)",
            _I,
        ),
        _DIGITS4,
        "six to seventeen digits, announced",
        (("account number 1273397792.", "1273397792"), ("account (4817-9230-98)", "4817-9230-98")),
        ("account 42", "the account of 1999"),
        check=_enough_digits(6),
        words=("account", "acct", "a/c", "konto", "cuenta", "compte"),
        hint=(rf"{_ACCOUNT}\d",),
        anchored=True,
    ),
    # --- phone
    Detector(
        "PHONE",
        _r(
            r"(?<![\w.+/=-])(?P<v>(?:\+|\(\+|00)[1-9]\d{0,2}\)?[ .()/-]{0,3}(?:\(0\)[ -]?)?\d"
            r"(?:[ .()/-]{0,2}\d){5,13}(?: ?(?:x|ext\.?|extension) ?\d{1,6})?)(?![\w]|[-.]\d)"
        ),
        _DIGITS7,
        "ITU-T E.164: international prefix, up to fifteen digits",
        (
            ("+44 (0)20 7946 0747", "+44 (0)20 7946 0747"),
            ("call 0049 171 8311009", "0049 171 8311009"),
        ),
        ("x = a +1234 items", "id 001234"),
        check=_when(_phone),
        first=r"[+(0](?=[+\d])",
    ),
    Detector(
        "PHONE",
        _r(
            r"(?<![\w.+=-])(?<!\d )(?P<v>(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. /])\d{3}[-. ]\d{4}"
            r"(?: ?(?:x|ext\.?|extension) ?\d{1,6})?)(?![\w]|[-.]\d)",
            _I,
        ),
        _DIGITS7,
        "North American numbering plan, written in groups",
        (("(415) 555-2671", "(415) 555-2671"), ("415.555.2671 x12", "415.555.2671 x12")),
        ("ISBN 978-0-570-04744-5", "114-3270807-8338659"),
        first=r"[+(\d]",
    ),
    Detector(
        "PHONE",
        _r(r"(?<![\w.+=/-])(?P<v>1?\d{10})(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-]|\.\d)"),
        _DIGITS7,
        "North American numbering plan in one piece, announced",
        (("phone 7138732650", "7138732650"), ('{"phone":"2148900166"}', "2148900166")),
        ("offset 7138732650", "phone 1138732650"),
        check=_nanp,
        context=_PHONE_WORDS,
        first=r"\d",
    ),
    Detector(
        "PHONE",
        _r(
            r"(?<![\w.,+=/-])(?<!\d )(?P<v>\(?0[1-9]\d{0,4}\)?[ ./-]{1,2}\d{2,8}(?:[ .-]\d{2,4}){0,4})"
            r"(?![\w]|[-.,/]\d| \d)"
        ),
        _DIGITS7,
        "national numbers with trunk prefix 0 (gb, de, fr …), in groups",
        (
            ("020 7946 0018", "020 7946 0018"),
            ("06.24.86.56.76", "06.24.86.56.76"),
            ("069/7338438", "069/7338438"),
        ),
        ("03-04-2021", "05 12 of 40"),
        check=_when(lambda v: 9 <= len(_digits(v)) <= 12),
        first=r"[(0](?=\d)",
    ),
    Detector(
        "PHONE",
        _r(
            r"(?<![\w.,+=/-])(?P<v>[06-9]\d{8,10}|[6-9]\d{2} \d{2,3} \d{2,3}(?: \d{2})?|9\d \d{3} \d{2} \d{2})(?![\w-]|[.,]\d| \d)"
        ),
        _DIGITS7,
        "national numbers of nine to eleven digits (es, fr, gb …), announced",
        (("Tel.: 605881855", "605881855"), ("móvil 634 104 882", "634 104 882")),
        ("offset 605881855", "population 634 104 882"),
        context=(
            "tel",
            "phone",
            "call",
            "mobile",
            "móvil",
            "handy",
            "fax",
            "whatsapp",
            "reach me",
            "portable",
            "cell",
        ),
        reach=24,
        first=r"[06-9](?=\d)",
    ),
    Detector(
        "PHONE",
        _r(r"\n(?P<v>[+(]?\d[\d .()/-]{7,16}\d)\s{0,2}(?=\n|\Z)"),
        _DIGITS7,
        "a line of its own below a line of words",
        (("Saludos,\nAna\n634 104 882", "634 104 882"),),
        ("1 74496\n2 76706 11111\n", "a\n2021-08-15\n"),
        check=_when(lambda v: 9 <= len(_digits(v)) <= 13 and v[0] != "1" and v[1] != " "),
    ),
    # --- places
    Detector(
        "ADDRESS",
        _r(
            rf"(?<![\w.-])(?P<v>(?i:flat|studio|unit|apartment) \d{{1,4}}[a-z]?, (?:{_UP}[\w'’.-]{{1,20}} )"
            rf"{{1,3}}(?:{_STREET})\b)"
        ),
        Feature.DIGIT | Feature.CAPITAL,
        "Royal Mail PAF: sub-building, thoroughfare",
        (("Studio 22a, Benson Prairie, Scotttown", "Studio 22a, Benson Prairie"),),
        ("Flat 3 is free",),
        hint=_HOUSE_HINTS,
        first=r"[AFSUafsu]",
    ),
    Detector(
        "ADDRESS",
        _r(
            r"(?<![\w.,/$€£#-])(?P<v>(?:(?i:flat|studio|unit) \w{1,5}, )?\d{1,6}[A-Za-z]?,? "
            rf"(?:{_UP}[\w'’.-]{{1,20}} ){{1,3}}(?:{_STREET})\b\.?(?:,? (?i:{_UNIT})){{0,2}})"
        ),
        Feature.DIGIT | Feature.CAPITAL,
        "USPS Publication 28: number, name, suffix, unit",
        (
            ("at 98185 Palmer Tunnel Suite 176, x", "98185 Palmer Tunnel Suite 176"),
            ("54 Smith Road", "54 Smith Road"),
        ),
        ("Room 7686, floor 84", "in 1999 Bill Gates", "12 Angry Men"),
        hint=_HOUSE_HINTS,
        first=r"[\dFSUfsu]",
    ),
    Detector(
        "ADDRESS",
        _r(
            rf"(?<![\w.-])(?P<v>\d{{1,4}}(?: ?(?:bis|ter))?,? {_WAYS}(?: (?:de la|de|du|des|la|le)){{0,2}}"
            rf"{_WAY_NAME}{{1,4}}?)(?=[,.\n]|$)",
            _I,
        ),
        Feature.DIGIT,
        "La Poste, NF Z10-011: number, kind of way, name",
        (("j'habite 86, rue Paul Martel, 07858 X", "86, rue Paul Martel"),),
        ("3 places de concert",),
        words=(
            "rue",
            "avenue",
            "av.",
            "boulevard",
            "bd ",
            "chemin",
            "place",
            "allée",
            "impasse",
            "quai",
            "route",
            "cours",
            "passage",
        ),
        hint=(rf"\d(?: ?(?:bis|ter))?,? {_WAYS} ",),
        first=r"\d",
    ),
    Detector(
        "ADDRESS",
        _r(
            rf"(?<![\w.-])(?P<v>{_WAY_BEFORE}{_WAY_NAME}{{1,5}}?)(?=,? ?\n?\d{{5}} )",
            _I,
        ),
        _DIGITS4,
        "a way without a number, before a postcode",
        (("j'habite rue de Zorvan, 75011 Paris", "rue de Zorvan"),),
        ("place an order, 75011 of them",),
        check=_before_postcode,
        words=(
            "rue",
            "avenue",
            "boulevard",
            "chemin",
            "place",
            "allée",
            "impasse",
            "quai",
            "route",
            "calle",
            "via",
            "rua",
        ),
        anchored=True,
        hint=(rf"\b{_WAY_BEFORE}{_WAY_NAME}{{1,5}},? ?\n?\d\d\d\d\d ",),
    ),
    Detector(
        "ADDRESS",
        _r(
            rf"(?<!\w)(?P<v>(?:{_UP}[\w.-]{{1,30}} ){{0,3}}(?:{_UP}[\w-]{{0,30}}"
            r"(?i:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|damm|stieg)"
            r"|(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring))"
            r" \d{1,4}(?: ?[a-z]\b)?(?:[-/]\d{1,3})?)(?!\w)"
        ),
        Feature.DIGIT | Feature.CAPITAL,
        "Deutsche Post, DIN 5008: name of the street, number",
        (
            ("wohne in Mühlestr. 255, 53757 Coburg", "Mühlestr. 255"),
            ("Tatiana-Meister-Weg 711, x", "Tatiana-Meister-Weg 711"),
        ),
        ("auf dem Weg nach 3",),
        hint=(r"(?i:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|damm|stieg) \d",),
        first=_UP,
    ),
    Detector(
        "ADDRESS",
        _r(
            rf"(?<!\w)(?P<v>{_VIAS} (?:(?:de|del|la|las|los|da|do) ){{0,2}}"
            r"(?:[\w'’.-]{2,20} ?){1,4}?,? ?(?:n[º°.] ?)?\d{1,4}\b)",
            _I,
        ),
        Feature.DIGIT,
        "Correos, Poste Italiane, CTT: kind of way, name, number",
        (("vivo en Calle de Alcalá 45", "Calle de Alcalá 45"), ("Via Roma 12", "Via Roma 12")),
        ("send it via mail",),
        words=(
            "calle",
            "c/",
            "avda",
            "avenida",
            "paseo",
            "plaza",
            "ronda",
            "camino",
            "glorieta",
            "traves",
            "via",
            "corso",
            "piazza",
            "rua ",
            "praça",
        ),
        hint=(rf"\b{_VIAS} [\w'’. -]{{2,96}},? ?(?:n[º°.] ?)?\d",),
    ),
    Detector(
        "ADDRESS",
        _r(
            rf"(?<!\w)(?P<v>{_BOX} \d{{1,6}})(?!\w)",
            _I,
        ),
        Feature.DIGIT,
        "USPS Publication 28 section 28: post office boxes",
        (("P.O. Box 1234", "P.O. Box 1234"),),
        ("box 1234",),
        words=("box", "postfach", "apartado", "postale"),
        hint=(rf"{_BOX} \d",),
    ),
    Detector(
        "POSTCODE",
        _r(rf"(?<![\w-])(?:{_STATES}),?\s{{1,24}}(?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|\.\d)"),
        _DIGITS4 | Feature.CAPITAL,
        "USPS ZIP and ZIP+4 after the state",
        (("Lindafort, PW 13747", "13747"), ("NY 10001-1234", "10001-1234")),
        ("IN 2024", "XY 12345", "OR 123456"),
        hint=tuple(rf"\b{state},?\s{{1,24}}\d\d\d\d\d" for state in _STATES.split("|")),
        first=r"[A-Z](?=[A-Z])",
    ),
    Detector(
        "POSTCODE",
        _r(
            rf"{_CODE}"
            r"(?P<v>\d{5}(?:-\d{4})?|\d{4} ?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)(?!\w)",
            _I,
        ),
        _DIGIT,
        "national formats, announced",
        (("ZIP: 50362", "50362"), ("my zip code is 88515", "88515")),
        ("zip 12 files", "unzip 1234567"),
        words=("zip", "post", "plz", "código", "cap"),
        hint=(rf"{_CODE}[A-Z]{{0,2}}\d",),
        anchored=True,
    ),
    Detector(
        "POSTCODE",
        _r(
            rf"(?<![\w.,-])(?P<v>\d{{5}})(?={_IS_CODE})",
            _I,
        ),
        _DIGITS4,
        "the same, announced after it",
        (("Is 85577 a good zip code", "85577"),),
        ("85577 files to zip",),
        words=("zip", "postal", "postcode", "post code"),
        hint=(rf"\d{_IS_CODE}",),
        first=r"\d(?=\d{4})",
    ),
    Detector(
        "POSTCODE",
        _r(
            r"(?:(?<=[,\n] )|(?<=[,\n>])|(?<=\b(?:in|en) )|(?<=\bà )|(?<=[,\n ][A-Z]-))"
            rf"(?P<v>\d{{5}})(?= {_UP}[\w'’.-])"
        ),
        _DIGITS4 | Feature.CAPITAL,
        "five digits before a town (de, fr, es, it …), an address or a house number before them",
        (
            ("wohne in der Zorvanstr. 5, 20095 Hamburg", "20095"),
            ("j'habite 5 rue Zorvan, 75011 Paris", "75011"),
            ("Zorvanweg 12\n20095 Hamburg", "20095"),
        ),
        ("we sold 20095 Toyotas", "Room 5, 20095 The end", "version 5 of 20095 Files"),
        check=_before_town,
        hint=(rf"\d\d\d\d\d {_UP}",),
        first=r"\d",
    ),
    Detector(
        "POSTCODE",
        _r(rf"(?<!\w)(?:{_STATE_ENDS}),? (?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)"),
        _DIGITS4 | Feature.CAPITAL,
        "USPS ZIP behind a state that is written out",
        (("Zorvanville, California 90210", "90210"), ("New York 10001-1234", "10001-1234")),
        ("see Order 90210", "Texas 2024"),
        hint=tuple(rf"\b{state},? \d\d\d\d\d" for state in _STATE_ENDS.split("|")),
        first=r"[A-Z]",
    ),
    Detector(
        "POSTCODE",
        _r(rf"(?<!\w){_UP}[\w'’.-]{{1,30}},? (?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)"),
        _DIGITS4 | Feature.CAPITAL,
        "the same behind a town, with a house before it",
        (("12 Zorvan Road\nZorvanville 90210", "90210"),),
        ("Ticket 88123", "see Order 90210", "at 12 Zorvan Road. See Ticket 90210"),
        check=_after_town,
        hint=_HOUSE_HINTS,
        first=_UP,
    ),
    Detector(
        "POSTCODE",
        _r(
            rf"(?<!\w)(?:in|near|from) (?:{_UP}[\w'’.-]{{1,30}} ){{1,2}}(?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)"
        ),
        _DIGITS4 | Feature.CAPITAL,
        "the same behind a town that somebody is in or from",
        (("a flat in West Zorvanville 90210 for", "90210"),),
        ("bug in Windows 10240", "see Zorvan 90210"),
        check=lambda m: None if m[0].split(" ")[-2] in _NUMBERED else m.span("v"),
        hint=(rf"(?:\bin|\bnear|\bfrom) {_UP}\S*(?: {_UP}\S*)? \d\d\d\d\d",),
        first=r"[inf]",
    ),
    Detector(
        "POSTCODE",
        _r(
            r"(?:(?<=[,\n] )|(?<=[,\n>])|(?<=[A-Z]-))(?P<v>[1-9]\d{3} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{3} \d{2}|[1-9]\d{3})"
            rf"(?= {_UP}[\w'’.-])"
        ),
        _DIGITS4 | Feature.CAPITAL,
        "nl, pl, pt, se, at, ch, be, dk, no: before a town, behind a house number or an address",
        (
            ("Zorvanlaan 5, 1012 AB Amsterdam", "1012 AB"),
            ("Zorvangasse 7, 1010 Wien", "1010"),
            ("ul. Zorvana 5, 00-950 Warszawa", "00-950"),
        ),
        ("in June, 2020 US Open", "on May 5, 2024 Anna", "chapters 3, 1012 Words"),
        check=lambda m: (
            None
            if _DAY_BEFORE.search(m.string, max(0, m.start() - 24), m.start())
            else _before_town(m)
        ),
        hint=(
            r"\d\d\d\d[A-Z][A-Z] ",
            rf"\d\d-\d\d\d {_UP}",
            rf"\d\d\d \d\d {_UP}",
            *(rf"{before}\d\d\d\d {_UP}" for before in _BEFORE_CODE),
        ),
        first=r"\d",
    ),
    Detector(
        "POSTCODE",
        _r(
            r"(?<![\w-])(?P<v>[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d)(?![\w-])"
            r"|(?<!\w)(?:ON|QC|BC|AB|MB|SK|NS|NB|NL|PE|YT|NT|NU),? (?P<w>[A-Z]\d[A-Z]\d[A-Z]\d)(?!\w)"
            r"|(?<!\w)(?:NSW|VIC|QLD|TAS|[A-Z][a-z]{2,20},? (?:WA|SA|ACT|NT)),? (?P<x>\d{4})(?![\w-]|[.,]\d)"
        ),
        _DIGIT | Feature.CAPITAL,
        "Canada Post: letter digit letter, digit letter digit; Australia Post: behind the state",
        (("Ottawa K1A 0B1", "K1A 0B1"), ("ON K1A0B1", "K1A0B1"), ("Sydney NSW 2000", "2000")),
        ("H1N 2", "K1A0B1", "WA 2000"),
        check=lambda m: m.span(m.lastgroup or "v"),
        hint=(
            r"\d[A-Z]",
            *(
                rf"\b{state},? \d\d\d\d"
                for state in ("NSW", "VIC", "QLD", "TAS", "WA", "SA", "ACT", "NT")
            ),
        ),
        first=r"[A-Z]",
    ),
    Detector(
        "POSTCODE",
        _r(rf"(?<!\w)(?:{_INDIAN}),?(?: ?[-–:] ?| )(?P<v>[1-9]\d{{2}} ?\d{{3}})(?![\w-]|[.,]\d)"),
        _DIGITS4 | Feature.CAPITAL,
        "India Post: six digits behind a town or a state",
        (("Bengaluru - 560001", "560001"), ("Mumbai 400 001", "400 001")),
        ("Mumbai 2024", "Zorvan 560001"),
        hint=(rf"\b(?:{_INDIAN})[ ,:-]", r"[a-z]–", "[a-z] –"),
        first=r"[A-Z]",
    ),
    Detector(
        "POSTCODE",
        _r(
            r"(?<![\w-])(?P<v>(?:GIR 0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y])"
            r" \d[ABD-HJLNP-UW-Z]{2}))(?![\w-])|(?<![\w-])(?P<w>[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?=,? (?:call|about|tel)|[,.]|\n|\Z)"
        ),
        _DIGIT | Feature.CAPITAL,
        "Royal Mail: outward and inward code",
        (("SW1A 1AA", "SW1A 1AA"), ("IP7 5PT, call", "IP7 5PT")),
        ("QC45", "AB12 XCD"),
        check=lambda m: m.span("v") if m["v"] else m.span("w"),
        hint=(r"\d[A-Z]",),
        first=r"[A-Z]",
    ),
    # --- credentials
    Detector(
        "PASSWORD",
        _r(
            r"(?:password|passwd|passphrase|passcode|passwort|kennwort|pwd|pass|contraseña|clave"
            r"|mot de passe|senha|wachtwoord|hasło|pw|pin)\b[\w ]{0,16}?[\"']?\s{0,3}"
            r"(?:[:=]|=>|\bis\b|\bes\b|\best\b|\bist\b|\blautet\b)\s{0,3}"
            r"(?P<q>[\"'`]?)(?P<v>[^\s\"'`<>]{4,128})",
            _I,
        ),
        Feature.NONE,
        "an assignment or a statement; unquoted values must not look like a word",
        (
            ("password: hunt3r$21", "hunt3r$21"),
            ('"password": "monkey"', "monkey"),
            ("mot de passe : coffee-rocket-winter", "coffee-rocket-winter"),
            ("the wifi password is P@ssw0rd24, thanks", "P@ssw0rd24"),
        ),
        (
            "password: string",
            "my password is wrong",
            "password = getpass()",
            "My password manager keeps crashing",
        ),
        check=_any_password,
        words=(
            "passw",
            "passphrase",
            "passcode",
            "pass",
            "pwd",
            "contrase",
            "kennwort",
            "clave",
            "senha",
            "wachtwoord",
            "hasło",
            "mot de passe",
            "pw",
            "pin",
        ),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        _r(
            r"(?:password|passwort|contraseña|mot de passe|pwd)\b[\w ]{0,12}? (?:from|to|de|von|auf|en|was)"
            r" [\"'`]?(?P<v>[^\s\"'`<>]{4,64})",
            _I,
        ),
        Feature.NONE,
        "a change of password",
        (
            ("reset password to silver7", "silver7"),
            ("password from orange-monkey-tiger to x", "orange-monkey-tiger"),
        ),
        ("reset password to continue", "a forgotten password on Windows 7"),
        check=lambda m: _trimmed(m) if _password(m["v"]) else None,
        words=("passw", "contrase", "mot de passe", "pwd"),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        _r(
            r"(?:password|passwort|contraseña)\b[\w ]{0,12}? (?:from|de|von) \S{4,64}"
            r" (?:to|a|auf|zu|en) [\"'`]?(?P<v>[^\s\"'`<>]{4,64})",
            _I,
        ),
        Feature.NONE,
        "the second value of a change",
        (("password from autumn0 to Orange4463! and", "Orange4463!"),),
        ("password from scratch to finish",),
        check=lambda m: _trimmed(m) if _password(m["v"]) else None,
        words=("passw", "contrase"),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        _r(
            r"(?:mysql|mysqldump|mariadb|psql|sshpass|mongo|redis-cli|identified)\b[^\n]{0,80}?"
            r"(?:-p ?|-a |--password[ =]|by )[\"']?(?P<v>[^\s\"'<>-][^\s\"'<>]{2,64})",
            _I,
        ),
        Feature.NONE,
        "command lines of database clients; SQL IDENTIFIED BY",
        (
            ("mysql -u bo -p'summ3r$46' prod", "summ3r$46"),
            ("CREATE USER x IDENTIFIED BY 'abc123'", "abc123"),
        ),
        ("mysql -u root prod",),
        words=("mysql", "mariadb", "psql", "sshpass", "mongo", "redis-cli", "identified by"),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        _r(
            r"(?:curl|wget|httpie|https?)\b[^\n]{0,160}?\s(?:-u ?|--user[ =]|-a |--auth[ =])[\"']?"
            r"(?P<v>[^\s\"':<>$]{1,64}:[^\s\"'<>$][^\s\"'<>]{2,64})",
            _I,
        ),
        Feature.NONE,
        "command lines of HTTP clients: user and password",
        (
            ("curl -u admin:hunt3r$21 https://a.example.com", "admin:hunt3r$21"),
            ("curl -X POST --user 'bo:s3cret' a.example.com", "bo:s3cret"),
        ),
        ("curl -u $USER:$PASS a.example.com", "curl -s https://example.com", "http -a b"),
        words=("curl", "wget", "http"),
        anchored=True,
        hint=(r"\s-u ?\S+:", r"--user[ =]\S+:", r"\s-a \S+:", r"--auth[ =]\S+:"),
    ),
    Detector(
        "PASSWORD",
        _r(
            r"--(?:http-|ftp-|proxy-)?passw(?:or)?d[ =][\"']?(?P<v>[^\s\"'<>$-][^\s\"'<>]{2,64})",
            _I,
        ),
        Feature.NONE,
        "an option of any command line",
        (
            ("wget --user bo --password s3cretpw a.example.com", "s3cretpw"),
            ("--http-passwd='hunt3r$21'", "hunt3r$21"),
        ),
        ("the option --password is required", "--password $SECRET", "--password --user bo"),
        check=lambda m: m.span("v") if _password(m["v"]) else None,
        words=("--pass", "--http-pass", "--ftp-pass", "--proxy-pass"),
        anchored=True,
    ),
    Detector(
        "USERNAME",
        _r(
            r"(?:user ?name|user_?id|login|benutzername|identifiant|nom d['’]utilisateur|usuario|utente"
            r"|nutzername|screen ?name)\b[\"']?\s{0,3}(?:[:=]|=>|\bis\b|\bes\b|\bist\b|\best\b)\s{0,3}[\"'`]?"
            r"(?P<v>[\w.@+-]{2,64})",
            _I,
        ),
        Feature.NONE,
        "an assignment to a user name",
        (("username: mnordgren password", "mnordgren"), ('{"username": "kyle08"}', "kyle08")),
        ("what is a username?", "login: required", "username = None"),
        check=lambda m: None if m["v"].lower() in _NOT_USER else _trimmed(m),
        words=(
            "user",
            "login",
            "benutzer",
            "identifiant",
            "utilisateur",
            "usuario",
            "utente",
            "nutzername",
            "screen",
        ),
        anchored=True,
    ),
    Detector(
        "USERNAME",
        _r(
            r"(?:mysql|mariadb|psql|mongo|curl|ssh)\b[^\n]{0,40}? -[uUl] ?[\"']?(?P<v>[\w.@+-]{2,64})"
        ),
        Feature.NONE,
        "command lines of clients",
        (("mysql -u nichols6554 -p", "nichols6554"),),
        ("mysql -u root prod",),
        check=lambda m: None if m["v"].lower() in _NOT_USER else m.span("v"),
        words=("mysql", "mariadb", "psql", "mongo", "curl", "ssh"),
        anchored=True,
    ),
    # --- people
    Detector(
        "PERSON",
        _r(rf"(?<![\w<@#/\\_-])(?P<v>{_NAME})"),
        Feature.CAPITAL,
        "a run of capitalised words that holds a given name, or ends with a surname",
        (
            ("Tell Jessica Miller about it", "Jessica Miller"),
            ("Remember me, Lisa?", "Lisa"),
            ("User: Graves, Deborah", "Graves, Deborah"),
            ("ask MARY JONES", "MARY JONES"),
            ("met Zorvan Kowalski", "Zorvan Kowalski"),
            ("Acme's Anna Fox", "Anna Fox"),
            ("Jean-Pierre", "Jean-Pierre"),
            ("Will Johnson knows", "Will Johnson"),
        ),
        (
            "Will you come in May?",
            "The Martin Luther Church",
            "Summer in Austin",
            "San Francisco",
            "THIS IS UNAVOIDABLE",
            "The Johnson Act",
        ),
        check=_known_name,
        hint=_ABROAD,
        hinting=_NAMES,
        first=_UP,
    ),
    Detector(
        "PERSON",
        _r(
            r"(?<![\w.@#/\\_-])(?=(?P<v>(?P<a>[a-z]{4,16}) (?P<b>[a-z]{3,16}))(?![\w@]))[a-z]{4,16}"
        ),
        Feature.NONE,
        "a given name and a surname without capitals",
        (("ask kevin kowalski about it", "kevin kowalski"),),
        ("kevin said so", "see kevin@kowalski.example", "the robin sang"),
        check=_lower_name,
        hint=_LOWER_HINTS,
        first="[a-z]",
    ),
    Detector(
        "PERSON",
        _r(rf"(?<![\w<@#/\\_-])(?P<v>{_NAME})"),
        Feature.CAPITAL,
        "a given name that is a word as well, before a capitalised word",
        (("ask Mark Zorvan", "Mark Zorvan"), ("Jordan Quux said", "Jordan Quux")),
        ("Mark my words", "Jordan River", "Will Monday do?"),
        check=_doubtful_name,
        hint=tuple(
            rf"\b{name} {_UP}" if name.isascii() else f"{name} {_UP}" for name in sorted(LEANING)
        ),
        first=_UP,
    ),
    *(
        Detector(
            "PERSON",
            _r(pattern),
            Feature.CAPITAL,
            "joined to a known name by and",
            ((text, value),),
            ("Anna and the others", "Anna and Google", "Python and Java"),
            check=_beside_known,
            hint=_ABROAD,
            hinting=_NAMES,
            words=_ANDS,
            first=_UP,
        )
        for pattern, text, value in (
            (
                rf"(?<![\w<@#/\\_-])(?P<v>{_NAME})(?={_AND}(?P<b>{_NAME}))",
                "Zorvan and Anna are here",
                "Zorvan",
            ),
            (
                rf"(?<![\w<@#/\\_-])(?P<b>{_NAME}){_AND}(?P<v>{_NAME})",
                "met Anna and Zorvan today",
                "Zorvan",
            ),
        )
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herr|Frau|Monsieur|Madame|Mme|Mlle|Señora?"
            rf"|Sra?|Signora?|Sir|Dame|Lord|Lady|Don|Doña|Senhora?|Mevrouw|Meneer|Pan|Pani|mr|mrs|ms|dr|prof)"
            rf"\.? (?P<v>{_NAME})"
        ),
        Feature.CAPITAL,
        "a title before capitalised words",
        (
            ("Dear Dr. Mcconnell,", "Mcconnell"),
            ("Frau Çelik ruft an", "Çelik"),
            ("for ms. Zorvan", "Zorvan"),
        ),
        ("Dr. No", "Mr. President", "Don Not"),
        check=_announced,
        hint=tuple(rf"\b{title}\.? {_UP}" for title in _TITLES),
        first=r"[DFHLMPSdmp]",
    ),
    Detector(
        "PERSON",
        _r(
            r"(?<!\w)(?:Dear|Hi|Hello|Hey|Cher|Chère|Liebe|Lieber|Hallo|Hola|Querid[oa]|Estimad[oa]|Car[oa]"
            rf"|Bonjour|Ciao|Beste|Kära|Caro|Cara|Prezad[oa]|Gentile|Good (?:morning|evening|afternoon)),? (?P<v>{_NAME})(?=\s?[,!.:;—-]|\n|\Z)"
        ),
        Feature.CAPITAL,
        "a greeting",
        (("Cher Lucius, merci", "Lucius"), ("Good morning Zorvan!", "Zorvan")),
        ("Dear Customer,", "Hello World in Python", "Hi There,"),
        check=lambda m: None if m["v"] in {"World", "There"} else _announced(m),
        hint=tuple(rf"\b{greeting},? {_UP}" for greeting in _GREETINGS),
        first=r"[BCDEGHKLPQ]",
    ),
    Detector(
        "PERSON",
        _r(
            r"(?i:my name is|name is|name['’]s|me llamo|mi nombre es|je m['’]appelle|mon nom est|ich hei(?:ß|ss)e"
            r"|mi chiamo|mein name ist|meu nome é|ik heet|mijn naam is|jag heter|mam na imię|call me"
            r"|(?:first|last|full|real|family|middle|maiden) name\W{1,3}(?:is )?\(?|(?:sur|nach|vor)name\W{1,3}(?:is |ist )?)"
            rf"(?: (?i:mr|mrs|ms|dr)\.?)? {{0,1}}(?P<v>(?:{_TOKEN}, )?{_NAME})"
        ),
        Feature.CAPITAL,
        "people introduce themselves",
        (
            ("My name is Cenan Yilmaz.", "Cenan Yilmaz"),
            ("Ich heiße Wirth, Ron und", "Wirth, Ron"),
            ("Je m'appelle Zorvan Quux et", "Zorvan Quux"),
            ("your last name? Zorvan", "Zorvan"),
        ),
        ("the name is wrong", "My name is not important", "the full name: see below"),
        check=_announced,
        words=(
            "my name is",
            "name is",
            "name's",
            "name’s",
            "me llamo",
            "mi nombre es",
            "je m'appelle",
            "je m’appelle",
            "mon nom est",
            "ich hei",
            "mi chiamo",
            "mein name ist",
            "meu nome é",
            "ik heet",
            "mijn naam is",
            "jag heter",
            "mam na imię",
            "call me",
            "first name",
            "last name",
            "full name",
            "real name",
            "family name",
            "middle name",
            "maiden name",
            "surname",
            "nachname",
            "vorname",
        ),
        anchored=True,
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?<!\w)(?i:my|his|her|our|their|your) (?:(?:best|late|older|younger|little|big|good|old) )?(?:{_KIN})"
            rf",? (?:(?:called|named|is called|is named) )?(?P<v>{_NAME})"
        ),
        Feature.CAPITAL,
        "relatives and friends",
        (("my wife Zorvana is", "Zorvana"), ("her late uncle, Zorvan Quux,", "Zorvan Quux")),
        ("my wife and I", "your friend Will not", "my son likes Paris"),
        check=_relative,
        hint=tuple(rf"\b{kin},? (?:(?:is )?(?:called|named) )?{_UP}" for kin in _KIN.split("|")),
        first=r"[mhotyMHOTY]",
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?<![\w<@#/\\_-])(?P<v>{_NAME})(?=['’]s (?:wife|husband|son|daughter|brother|sister|mother|father"
            r"|mom|dad|birthday|girlfriend|boyfriend|e-?mail|phone|mobile|home address|address is|passport|salary"
            r"|diagnosis|prescription|medical|social security|date of birth|bank account|funeral|wedding)\b)"
        ),
        Feature.CAPITAL,
        "what persons have",
        (("about Zorvan's daughter", "Zorvan"), ("Zorvan Quux's phone number", "Zorvan Quux")),
        ("the customer's phone", "The Company's email", "Today's birthday", "Google's phone"),
        check=_relative,
        hint=tuple(
            f"{apostrophe}s {what}"
            for apostrophe in "'’"
            for what in (
                "wife",
                "husband",
                "son",
                "daughter",
                "brother",
                "sister",
                "mother",
                "father",
                "mom",
                "dad",
                "birthday",
                "girlfriend",
                "boyfriend",
                "email",
                "e-mail",
                "phone",
                "mobile",
                "home address",
                "address is",
                "passport",
                "salary",
                "diagnosis",
                "prescription",
                "medical",
                "social sec",
                "date of birth",
                "bank account",
                "funeral",
                "wedding",
            )
        ),
        first=_UP,
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?<!\w)(?:From|FROM|To|TO|(?i:cc|bcc|attn|attention|sender|recipient|reported[ -]by|assigned to|assignee|created by"
            r"|owner|reviewer|reviewed[ -]by|prepared by|approved by|signed[ -]off[ -]by|co-authored-by|submitted by"
            r"|posted by|name|nom|nombre|cliente?|patiente?|paciente|kunde|employee|employé|inquilino|tenant|guest"
            rf"|passenger|candidate|applicant|billing address|shipping address|rechnungsadresse|lieferadresse))"
            rf"[\"']?(?:\*\*)?: {{0,4}}\n?[\"'(]?(?P<v>{_NAME})"
        ),
        Feature.CAPITAL,
        "headers and labels before two capitalised words",
        (
            ("To: Zorvan Quux\nSubject: x", "Zorvan Quux"),
            ("Reported by: Zorvan van Quux", "Zorvan van Quux"),
            ("Billing address: Zorvan Quux\n12", "Zorvan Quux"),
        ),
        ("From: Customer Support", "To: Paris", "owner: Acme Corp", "fields from: Lakeside Quux"),
        check=_two_words,
        words=(
            "from",
            "to:",
            'to"',
            "to'",
            "to*",
            "cc",
            "bcc",
            "attn",
            "attention",
            "sender",
            "recipient",
            "reported",
            "assigned to",
            "assignee",
            "created by",
            "owner",
            "reviewe",
            "prepared by",
            "approved by",
            "signed",
            "co-authored",
            "submitted by",
            "posted by",
            "name",
            "nom",
            "client",
            "pacient",
            "patient",
            "kunde",
            "employ",
            "inquilino",
            "tenant",
            "guest",
            "passenger",
            "candidate",
            "applicant",
            "billing address",
            "shipping address",
            "rechnungsadresse",
            "lieferadresse",
        ),
        anchored=True,
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?P<v>{_NAME})[\"']?(?:,? ?[\"'<(]| ?[,;\t|] ?| [-–] )[\"'<(]?(?=[\w.%+-]{{1,64}}@[\w-]{{1,63}}\.)"
        ),
        Feature.CAPITAL,
        "capitalised words before an address of mail: headers, tables, SQL",
        (
            ("From: Zorvan Quux <zq@example.com>", "Zorvan Quux"),
            ("VALUES (7, 'Zorvan B. Quux', 'zq@example.com')", "Zorvan B. Quux"),
        ),
        ("Contact Us: a@example.com", "Send Email <a@example.com>"),
        check=_two_words,
        words=("@",),
        first=_UP,
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?i:i['’]m|i am|im|this is|soy|je suis|ich bin|sono)(?: (?i:mr|mrs|ms|dr)\.?)? (?P<v>{_NAME})(?=[,.!?\n'’]|\Z| from| and| with)"
        ),
        Feature.CAPITAL,
        "the same in words that also say other things",
        (("hi im Gudula Dobes, can u", "Gudula Dobes"),),
        ("I'm American", "This is Python 3", "i am Happy"),
        check=announced_strictly,
        words=("i'm", "i’m", "i am", "im ", "this is", "soy", "je suis", "ich bin", "sono"),
        anchored=True,
    ),
    Detector(
        "PERSON",
        _r(
            r"(?i:name|patient|customer|attendees|participants|author|contact|client|tenant|boss|jefe|chef"
            r"|neighbou?r|voisine?|colleague|roommate|coworker|deliver to|ship to|directed by|written by"
            r"|starring|songwriter|producer|signed|applicant|employee|application|package for|adresse)"
            rf"[\"']?(?: ?[:=] {{0,4}}|[ \n])[\"'(]?(?P<v>(?:{_TOKEN}, (?={_TOKEN}[,;\n)]))?{_NAME})"
        ),
        Feature.CAPITAL,
        "roles and labels before capitalised words",
        (
            ('"name":"Hans Eklund"', "Hans Eklund"),
            ("Patient Albin Bengtsson presented", "Albin Bengtsson"),
            ("my boss Luz Gallo", "Luz Gallo"),
        ),
        ("Patient Care", "name: string", "contact Support"),
        check=_labelled,
        words=(
            "name",
            "patient",
            "customer",
            "attendees",
            "participants",
            "author",
            "contact",
            "client",
            "tenant",
            "boss",
            "jefe",
            "chef",
            "neighbo",
            "voisin",
            "colleague",
            "roommate",
            "coworker",
            "deliver to",
            "ship to",
            "directed by",
            "written by",
            "starring",
            "songwriter",
            "producer",
            "signed",
            "applicant",
            "employee",
            "application",
            "package for",
            "adresse",
        ),
        anchored=True,
    ),
    Detector(
        "PERSON",
        _r(rf"(?<![\w<@#/\\_-])(?P<v>{_NAME})(?={_DOES})"),
        Feature.CAPITAL,
        "capitalised words before what people do",
        (("Olga Łapaj told me that", "Olga Łapaj"),),
        ("The report says so", "Nobody told me"),
        check=announced_strictly,
        hint=(rf"{_ENDING}{_DOES}",),
        words=(
            "told me",
            "told us",
            "said",
            "says",
            "is leaving",
            "is getting",
            "replied",
            "asked me",
            "called me",
            "emailed",
            "texted",
            "wrote to me",
            "lives in",
            "works at",
            "was born",
            "had given",
            " met ",
        ),
        first=_UP,
    ),
    Detector(
        "PERSON",
        _r(
            rf"(?<!\w)(?:says|said|told me that|told me|explained|asked|replied|writes|wrote)(?: by)? (?P<v>{_NAME})"
            r"(?=[.,!?\n]|\Z| to\b| that\b| is\b)"
        ),
        Feature.CAPITAL,
        "who said it",
        (('moving", says Couturier Lan.', "Couturier Lan"),),
        ("he said No.", "she says The end."),
        check=announced_strictly,
        words=("says", "said", "told me", "explained", "asked", "replied", "writes", "wrote"),
        anchored=True,
    ),
    Detector(
        "PERSON",
        _r(
            r"(?i:regards|sincerely|cordialement|saludos?|grüße[n]?|cheers|thanks|yours|best|love"
            rf"|atentamente|bien à vous|cordiali saluti),?!? ?\n{{1,3}}[-– ]{{0,3}}(?P<v>(?:{_TOKEN}, )?{_NAME})(?=\n|\Z)"
        ),
        Feature.CAPITAL,
        "a signature",
        (("Cordialement,\nAnouk Maillot\n04", "Anouk Maillot"),),
        ("Best,\nregards", "thanks for all"),
        check=_announced,
        words=(
            "regards",
            "sincerely",
            "cordialement",
            "saludo",
            "grüße",
            "cheers",
            "thanks",
            "yours",
            "best",
            "love",
            "atentamente",
            "bien à vous",
            "saluti",
        ),
        anchored=True,
    ),
    Detector(
        "PERSON",
        _r(rf"(?:(?<=\n)|(?<![\s\S])|(?<=>))(?P<v>{_NAME})(?=\n)"),
        _DIGIT | Feature.CAPITAL,
        "the first line of an address",
        (("Imrana Jumar\n00826 Amy Mountains", "Imrana Jumar"),),
        ("Main Results\nwe found that", "Summary\n12 Items"),
        check=_letterhead,
        words=("\n",),
        hint=(rf"(?:[\w'’-]|{_UP}\.){CONTACT_BELOW.pattern}",),
    ),
    Detector(
        "PERSON",
        _r(rf"(?<![\w<@#/\\_-])(?P<v>{_NAME})"),
        Feature.CAPITAL,
        "a surname by itself, after all that would find more of the name",
        (("forward it to Kowalski", "Kowalski"), ("Where is Johnson's desk?", "Johnson")),
        ("ask the Johnson about it", "The Johnson Act", "Zorvan"),
        check=_lone_surname,
        hint=_ABROAD,
        hinting=_NAMES,
        first=_UP,
    ),
)

TYPES: tuple[str, ...] = tuple(dict.fromkeys(entry.type for entry in TABLE))


def version() -> str:
    """A short hash of everything that decides what is found."""
    digest = hashlib.blake2b(digest_size=4)
    for entry in TABLE:
        fields = (entry.type, entry.pattern.pattern, entry.needs, entry.words, entry.context)
        digest.update(repr((*fields, entry.anchored, entry.reach)).encode())
    for words in (GIVEN, SURNAMES, AMBIGUOUS, _STOP, _ORGANISATION, _STREETS):
        digest.update(repr(sorted(words)).encode())
    return digest.hexdigest()
