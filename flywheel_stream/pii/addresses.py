"""Streets with a house, and post office boxes."""

import re

from flywheel_stream.pii.capitals import UP
from flywheel_stream.pii.detector import Detector, Span
from flywheel_stream.pii.needs import Feature

_WAY_BEFORE = "(?:rue|avenue|boulevard|chemin|place|allée|impasse|quai|route|calle|via|rua)"
_WAY_NAME = r"(?: (?:d['’])?[\w'’.-]{1,20})"
_WAYS = "(?:rue|avenue|av\\.|boulevard|bd|chemin|place|allée|impasse|quai|route|cours|passage)"
_VIAS = (
    r"(?:calle|c/|avda\.?|avenida|paseo|plaza|ronda|camino|glorieta|travesía|via"
    "|viale|corso|piazza|rua|travessa|praça)"
)
_BOX = r"(?:p\.? ?o\.? ?box|postfach|apartado|bo[iî]te postale)"
STREETS = frozenset(
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
_STREET = "|".join(sorted(STREETS, key=lambda word: (-len(word), word)))
_UNIT = r"(?:apt|apartment|suite|ste|unit|flat|studio|room|floor)\b\.? ?#?\w{1,6}"


_NEAR_ADDRESS = re.compile(
    r"(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer|damm|straat|laan|plein|kade|gracht|gatan|vägen"
    r"|\brue|\bavenue|\bboulevard|\bbd|\bchemin|\bimpasse|\bquai|\broute|\bcalle|\bc/|\bavda|\bavenida|\bpaseo"
    r"|\bplaza|\bvia|\bviale|\bcorso|\bpiazza|\brua|\bulica|\bul\."
    r"|wohn|habit|vivo|vive|abito|address|adresse|anschrift|direcci|domicil|indirizzo|endereço|live in|lives in"
    r"|living in|moved|postfach|p\.? ?o\.? box)",
    re.IGNORECASE,
)
HOUSE = re.compile(rf"\d{{1,6}}[A-Za-z]?,? (?:{UP}[\w'’.-]{{1,20}} ){{1,3}}(?:{_STREET})\b")
HOUSE_HINTS = tuple(rf"\d[A-Za-z]?,? [\w'’. -]{{1,66}} {street}\b" for street in sorted(STREETS))
"""The same more loosely; one by one engines take the streets faster."""


def address_before(text: str, at: int) -> bool:
    """Whether an address stands in the line before a place, or in the three above it."""
    first = max(0, at - 110)
    return bool(HOUSE.search(text, first, at) or _NEAR_ADDRESS.search(text, max(0, at - 70), at))


_POSTCODE_AND_TOWN = re.compile(rf",? ?\n?\d{{5}} {UP}")


def _before_postcode(match: re.Match[str]) -> Span | None:
    """A way whose name is capitalised, and a postcode and a town behind it."""
    named = any(word[0].isupper() for word in match["v"].split(" ")[1:])
    return (
        match.span("v")
        if named and _POSTCODE_AND_TOWN.match(match.string, match.end("v"))
        else None
    )


ADDRESSES: tuple[Detector, ...] = (
    Detector(
        "ADDRESS",
        re.compile(
            rf"(?<![\w.-])(?P<v>(?i:flat|studio|unit|apartment) \d{{1,4}}[a-z]?, (?:{UP}[\w'’.-]{{1,20}} )"
            rf"{{1,3}}(?:{_STREET})\b)"
        ),
        Feature.DIGIT | Feature.CAPITAL,
        "Royal Mail PAF: sub-building, thoroughfare",
        (("Studio 22a, Benson Prairie, Scotttown", "Studio 22a, Benson Prairie"),),
        ("Flat 3 is free",),
        hint=HOUSE_HINTS,
        first=r"[AFSUafsu]",
    ),
    Detector(
        "ADDRESS",
        re.compile(
            r"(?<![\w.,/$€£#-])(?P<v>(?:(?i:flat|studio|unit) \w{1,5}, )?\d{1,6}[A-Za-z]?,? "
            rf"(?:{UP}[\w'’.-]{{1,20}} ){{1,3}}(?:{_STREET})\b\.?(?:,? (?i:{_UNIT})){{0,2}})"
        ),
        Feature.DIGIT | Feature.CAPITAL,
        "USPS Publication 28: number, name, suffix, unit",
        (
            ("at 98185 Palmer Tunnel Suite 176, x", "98185 Palmer Tunnel Suite 176"),
            ("54 Smith Road", "54 Smith Road"),
        ),
        ("Room 7686, floor 84", "in 1999 Bill Gates", "12 Angry Men"),
        hint=HOUSE_HINTS,
        first=r"[\dFSUfsu]",
    ),
    Detector(
        "ADDRESS",
        re.compile(
            rf"(?<![\w.-])(?P<v>\d{{1,4}}(?: ?(?:bis|ter))?,? {_WAYS}(?: (?:de la|de|du|des|la|le)){{0,2}}"
            rf"{_WAY_NAME}{{1,4}}?)(?=[,.\n]|$)",
            re.IGNORECASE,
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
        re.compile(
            rf"(?<![\w.-])(?P<v>{_WAY_BEFORE}{_WAY_NAME}{{1,5}}?)(?=,? ?\n?\d{{5}} )",
            re.IGNORECASE,
        ),
        Feature.DIGITS4,
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
        re.compile(
            rf"(?<!\w)(?P<v>(?:{UP}[\w.-]{{1,30}} ){{0,3}}(?:{UP}[\w-]{{0,30}}"
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
        first=UP,
    ),
    Detector(
        "ADDRESS",
        re.compile(
            rf"(?<!\w)(?P<v>{_VIAS} (?:(?:de|del|la|las|los|da|do) ){{0,2}}"
            r"(?:[\w'’.-]{2,20} ?){1,4}?,? ?(?:n[º°.] ?)?\d{1,4}\b)",
            re.IGNORECASE,
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
        re.compile(
            rf"(?<!\w)(?P<v>{_BOX} \d{{1,6}})(?!\w)",
            re.IGNORECASE,
        ),
        Feature.DIGIT,
        "USPS Publication 28 section 28: post office boxes",
        (("P.O. Box 1234", "P.O. Box 1234"),),
        ("box 1234",),
        words=("box", "postfach", "apartado", "postale"),
        hint=(rf"{_BOX} \d",),
    ),
)
