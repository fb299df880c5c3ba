"""Postcodes, by their form and by what stands beside them."""

import re

from flywheel_stream.pii.addresses import HOUSE, HOUSE_HINTS, address_before
from flywheel_stream.pii.births import MONTH
from flywheel_stream.pii.capitals import UP
from flywheel_stream.pii.detector import Detector, Span
from flywheel_stream.pii.needs import Feature

_CODE = (
    r"(?:zip|postal|post ?code|plz|postleitzahl|code postal|código postal|cap\b)"
    r"(?: ?code)?[\"']?(?: is| number)?[ :=#]{1,4}[\"']?"
)
_IS_CODE = r" (?:a |is a |as )?(?:good |my |the )?(?:zip|postal|post ?code)"

# USPS Publication 28, appendices B and C1, with the British words for the same
_STATES = (
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM "
    "NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI FM MH PW AA AE AP"
).replace(" ", "|")
_NO_TOWN = frozenset(
    """A An And Are At Be But By Days Dollars Euro Euros Euros. EUR Files For From GB He How I If In Is It
    Items KB Ltd MB My Of On Or Our People Points She So Steps Thanks That The Then They This Times To
    Toyotas Units USD Users We What When Words Years You January February March April May June July
    August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday
    Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec US UK EU TV HD""".split()
)
_NUMBER_BEFORE = re.compile(
    rf"{UP}[\w'’.-]{{1,40}} \d{{1,4}} ?[a-z]?(?:[-/]\d{{1,3}})?(?:,\s{{0,2}}|\n[> ]{{0,6}})(?:[A-Z]{{1,2}}-)?\Z"
)
_TOWN_BEFORE = re.compile(rf"(?:^|[\n>,]|[a-z] )[> ]{{0,4}}{UP}[\w'’.-]{{1,30}},? \Z")
_BEFORE_CODE = (", ", ",", "\\n", "\\n ", ">", "> ", "-")
"""What stands before a year or postcode before a town; one by one engines take them faster."""
_NUMBERED = frozenset(
    """Android Appendix Article Bug Build Building Case Chapter Channel Chrome Commit Figure Form Id Invoice ISO
    Issue Item Job Kernel Law Line Linux Model Number Order Page Patch Part PR Port Python RFC Release Request
    Revision Room Rule Section Sector Serial Server Table Task Ticket Unit Version Windows Zone""".split()
)
"""What numbers stand behind, without being towns."""
_SENTENCE = re.compile(r"[.;?!] [A-Z]")
_TOWN_AFTER = re.compile(rf" {UP}[\w'’.-]{{1,30}}")
_DAY_BEFORE = re.compile(rf"{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,\s{{0,2}}\Z", re.IGNORECASE)
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


def _before_town(match: re.Match[str]) -> Span | None:
    """A postcode before a town: a house number or an address must stand before it."""
    text, (start, end) = match.string, match.span("v")
    town = _TOWN_AFTER.match(text, end)
    if town is None or town[0][1:].rstrip(".,") in _NO_TOWN:
        return None
    near = _NUMBER_BEFORE.search(text, max(0, start - 60), start)
    if near or (end - start > 4 and address_before(text, start)):
        return start, end
    return None


def _after_town(match: re.Match[str]) -> Span | None:
    """A postcode behind a town, with a house before it."""
    text, (start, end) = match.string, match.span("v")
    if not _TOWN_BEFORE.search(text, max(0, start - 40), start):
        return None
    house = HOUSE.search(text, max(0, start - 110), start)
    return (start, end) if house and not _SENTENCE.search(text, house.end(), start) else None


POSTCODES: tuple[Detector, ...] = (
    Detector(
        "POSTCODE",
        re.compile(
            rf"(?<![\w-])(?:{_STATES}),?\s{{1,24}}(?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|\.\d)"
        ),
        Feature.DIGITS4 | Feature.CAPITAL,
        "USPS ZIP and ZIP+4 after the state",
        (("Lindafort, PW 13747", "13747"), ("NY 10001-1234", "10001-1234")),
        ("IN 2024", "XY 12345", "OR 123456"),
        hint=tuple(rf"\b{state},?\s{{1,24}}\d\d\d\d\d" for state in _STATES.split("|")),
        first=r"[A-Z](?=[A-Z])",
    ),
    Detector(
        "POSTCODE",
        re.compile(
            rf"{_CODE}"
            r"(?P<v>\d{5}(?:-\d{4})?|\d{4} ?[A-Z]{2}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)(?!\w)",
            re.IGNORECASE,
        ),
        Feature.DIGIT,
        "national formats, announced",
        (("ZIP: 50362", "50362"), ("my zip code is 88515", "88515")),
        ("zip 12 files", "unzip 1234567"),
        words=("zip", "post", "plz", "código", "cap"),
        hint=(rf"{_CODE}[A-Z]{{0,2}}\d",),
        anchored=True,
    ),
    Detector(
        "POSTCODE",
        re.compile(
            rf"(?<![\w.,-])(?P<v>\d{{5}})(?={_IS_CODE})",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
        "the same, announced after it",
        (("Is 85577 a good zip code", "85577"),),
        ("85577 files to zip",),
        words=("zip", "postal", "postcode", "post code"),
        hint=(rf"\d{_IS_CODE}",),
        first=r"\d(?=\d{4})",
    ),
    Detector(
        "POSTCODE",
        re.compile(
            r"(?:(?<=[,\n] )|(?<=[,\n>])|(?<=\b(?:in|en) )|(?<=\bà )|(?<=[,\n ][A-Z]-))"
            rf"(?P<v>\d{{5}})(?= {UP}[\w'’.-])"
        ),
        Feature.DIGITS4 | Feature.CAPITAL,
        "five digits before a town (de, fr, es, it …), an address or a house number before them",
        (
            ("wohne in der Zorvanstr. 5, 20095 Hamburg", "20095"),
            ("j'habite 5 rue Zorvan, 75011 Paris", "75011"),
            ("Zorvanweg 12\n20095 Hamburg", "20095"),
        ),
        ("we sold 20095 Toyotas", "Room 5, 20095 The end", "version 5 of 20095 Files"),
        check=_before_town,
        hint=(rf"\d\d\d\d\d {UP}",),
        first=r"\d",
    ),
    Detector(
        "POSTCODE",
        re.compile(rf"(?<!\w)(?:{_STATE_ENDS}),? (?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)"),
        Feature.DIGITS4 | Feature.CAPITAL,
        "USPS ZIP behind a state that is written out",
        (("Zorvanville, California 90210", "90210"), ("New York 10001-1234", "10001-1234")),
        ("see Order 90210", "Texas 2024"),
        hint=tuple(rf"\b{state},? \d\d\d\d\d" for state in _STATE_ENDS.split("|")),
        first=r"[A-Z]",
    ),
    Detector(
        "POSTCODE",
        re.compile(rf"(?<!\w){UP}[\w'’.-]{{1,30}},? (?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)"),
        Feature.DIGITS4 | Feature.CAPITAL,
        "the same behind a town, with a house before it",
        (("12 Zorvan Road\nZorvanville 90210", "90210"),),
        ("Ticket 88123", "see Order 90210", "at 12 Zorvan Road. See Ticket 90210"),
        check=_after_town,
        hint=HOUSE_HINTS,
        first=UP,
    ),
    Detector(
        "POSTCODE",
        re.compile(
            rf"(?<!\w)(?:in|near|from) (?:{UP}[\w'’.-]{{1,30}} ){{1,2}}(?P<v>\d{{5}}(?:-\d{{4}})?)(?![\w-]|[.,]\d)"
        ),
        Feature.DIGITS4 | Feature.CAPITAL,
        "the same behind a town that somebody is in or from",
        (("a flat in West Zorvanville 90210 for", "90210"),),
        ("bug in Windows 10240", "see Zorvan 90210"),
        check=lambda m: None if m[0].split(" ")[-2] in _NUMBERED else m.span("v"),
        hint=(rf"(?:\bin|\bnear|\bfrom) {UP}\S*(?: {UP}\S*)? \d\d\d\d\d",),
        first=r"[inf]",
    ),
    Detector(
        "POSTCODE",
        re.compile(
            r"(?:(?<=[,\n] )|(?<=[,\n>])|(?<=[A-Z]-))(?P<v>[1-9]\d{3} ?[A-Z]{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{3} \d{2}|[1-9]\d{3})"
            rf"(?= {UP}[\w'’.-])"
        ),
        Feature.DIGITS4 | Feature.CAPITAL,
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
            rf"\d\d-\d\d\d {UP}",
            rf"\d\d\d \d\d {UP}",
            *(rf"{before}\d\d\d\d {UP}" for before in _BEFORE_CODE),
        ),
        first=r"\d",
    ),
    Detector(
        "POSTCODE",
        re.compile(
            r"(?<![\w-])(?P<v>[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d)(?![\w-])"
            r"|(?<!\w)(?:ON|QC|BC|AB|MB|SK|NS|NB|NL|PE|YT|NT|NU),? (?P<w>[A-Z]\d[A-Z]\d[A-Z]\d)(?!\w)"
            r"|(?<!\w)(?:NSW|VIC|QLD|TAS|[A-Z][a-z]{2,20},? (?:WA|SA|ACT|NT)),? (?P<x>\d{4})(?![\w-]|[.,]\d)"
        ),
        Feature.DIGIT | Feature.CAPITAL,
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
        re.compile(
            rf"(?<!\w)(?:{_INDIAN}),?(?: ?[-–:] ?| )(?P<v>[1-9]\d{{2}} ?\d{{3}})(?![\w-]|[.,]\d)"
        ),
        Feature.DIGITS4 | Feature.CAPITAL,
        "India Post: six digits behind a town or a state",
        (("Bengaluru - 560001", "560001"), ("Mumbai 400 001", "400 001")),
        ("Mumbai 2024", "Zorvan 560001"),
        hint=(rf"\b(?:{_INDIAN})[ ,:-]", r"[a-z]–", "[a-z] –"),
        first=r"[A-Z]",
    ),
    Detector(
        "POSTCODE",
        re.compile(
            r"(?<![\w-])(?P<v>(?:GIR 0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y])"
            r" \d[ABD-HJLNP-UW-Z]{2}))(?![\w-])|(?<![\w-])(?P<w>[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?=,? (?:call|about|tel)|[,.]|\n|\Z)"
        ),
        Feature.DIGIT | Feature.CAPITAL,
        "Royal Mail: outward and inward code",
        (("SW1A 1AA", "SW1A 1AA"), ("IP7 5PT, call", "IP7 5PT")),
        ("QC45", "AB12 XCD"),
        check=lambda m: m.span("v") if m["v"] else m.span("w"),
        hint=(r"\d[A-Z]",),
        first=r"[A-Z]",
    ),
)
