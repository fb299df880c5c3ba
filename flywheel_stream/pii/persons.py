"""Names of persons: known ones, and capitalised words where people are named."""

import re

from flywheel_stream.pii.capitals import NAME, TOKEN, UP
from flywheel_stream.pii.detector import Detector
from flywheel_stream.pii.name_checks import (
    CONTACT_BELOW,
    announced,
    announced_strictly,
    beside_known,
    doubtful_name,
    known_name,
    labelled,
    letterhead,
    lone_surname,
    lower_name,
    relative,
    two_words,
)
from flywheel_stream.pii.names import COMMON, GIVEN, LEANING, SURNAMES
from flywheel_stream.pii.needs import Feature

_ABROAD = tuple(sorted({name[:3] for name in GIVEN | SURNAMES if not name[0].isascii()}))
"""Names that begin with no letter of ASCII are few, and so are texts with such words."""
_LOWER_HINTS = tuple(
    rf"\b{name.lower()} [a-z]" for name in sorted(COMMON) if name.isascii() and len(name) > 3
)
_NAMES = frozenset(
    name for name in (*GIVEN, *SURNAMES, *map(str.upper, COMMON)) if name[0].isascii()
)
"""A known name, as it is written."""

_ENDING = rf"(?:{UP}[\w'’-]{{1,8}}|[\w'’-]{{9}}|{UP}\.)"
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


_KIN = (
    "wife|husband|son|daughter|brother|sister|mother|father|mom|mum|dad|uncle|aunt|cousin|nephew|niece|friend"
    "|girlfriend|boyfriend|fiancée?|partner|grandson|granddaughter|grandmother|grandfather|landlord|landlady"
    "|therapist|dentist|lawyer|tutor|babysitter|nanny|classmate|teammate|flatmate|ex"
)


PERSONS: tuple[Detector, ...] = (
    Detector(
        "PERSON",
        re.compile(rf"(?<![\w<@#/\\_-])(?P<v>{NAME})"),
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
        check=known_name,
        hint=_ABROAD,
        hinting=_NAMES,
        first=UP,
    ),
    Detector(
        "PERSON",
        re.compile(
            r"(?<![\w.@#/\\_-])(?=(?P<v>(?P<a>[a-z]{4,16}) (?P<b>[a-z]{3,16}))(?![\w@]))[a-z]{4,16}"
        ),
        Feature.NONE,
        "a given name and a surname without capitals",
        (("ask kevin kowalski about it", "kevin kowalski"),),
        ("kevin said so", "see kevin@kowalski.example", "the robin sang"),
        check=lower_name,
        hint=_LOWER_HINTS,
        first="[a-z]",
    ),
    Detector(
        "PERSON",
        re.compile(rf"(?<![\w<@#/\\_-])(?P<v>{NAME})"),
        Feature.CAPITAL,
        "a given name that is a word as well, before a capitalised word",
        (("ask Mark Zorvan", "Mark Zorvan"), ("Jordan Quux said", "Jordan Quux")),
        ("Mark my words", "Jordan River", "Will Monday do?"),
        check=doubtful_name,
        hint=tuple(
            rf"\b{name} {UP}" if name.isascii() else f"{name} {UP}" for name in sorted(LEANING)
        ),
        first=UP,
    ),
    *(
        Detector(
            "PERSON",
            re.compile(pattern),
            Feature.CAPITAL,
            "joined to a known name by and",
            ((text, value),),
            ("Anna and the others", "Anna and Google", "Python and Java"),
            check=beside_known,
            hint=_ABROAD,
            hinting=_NAMES,
            words=_ANDS,
            first=UP,
        )
        for pattern, text, value in (
            (
                rf"(?<![\w<@#/\\_-])(?P<v>{NAME})(?={_AND}(?P<b>{NAME}))",
                "Zorvan and Anna are here",
                "Zorvan",
            ),
            (
                rf"(?<![\w<@#/\\_-])(?P<b>{NAME}){_AND}(?P<v>{NAME})",
                "met Anna and Zorvan today",
                "Zorvan",
            ),
        )
    ),
    Detector(
        "PERSON",
        re.compile(
            rf"(?<!\w)(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Herr|Frau|Monsieur|Madame|Mme|Mlle|Señora?"
            rf"|Sra?|Signora?|Sir|Dame|Lord|Lady|Don|Doña|Senhora?|Mevrouw|Meneer|Pan|Pani|mr|mrs|ms|dr|prof)"
            rf"\.? (?P<v>{NAME})"
        ),
        Feature.CAPITAL,
        "a title before capitalised words",
        (
            ("Dear Dr. Mcconnell,", "Mcconnell"),
            ("Frau Çelik ruft an", "Çelik"),
            ("for ms. Zorvan", "Zorvan"),
        ),
        ("Dr. No", "Mr. President", "Don Not"),
        check=announced,
        hint=tuple(rf"\b{title}\.? {UP}" for title in _TITLES),
        first=r"[DFHLMPSdmp]",
    ),
    Detector(
        "PERSON",
        re.compile(
            r"(?<!\w)(?:Dear|Hi|Hello|Hey|Cher|Chère|Liebe|Lieber|Hallo|Hola|Querid[oa]|Estimad[oa]|Car[oa]"
            rf"|Bonjour|Ciao|Beste|Kära|Caro|Cara|Prezad[oa]|Gentile|Good (?:morning|evening|afternoon)),? (?P<v>{NAME})(?=\s?[,!.:;—-]|\n|\Z)"
        ),
        Feature.CAPITAL,
        "a greeting",
        (("Cher Lucius, merci", "Lucius"), ("Good morning Zorvan!", "Zorvan")),
        ("Dear Customer,", "Hello World in Python", "Hi There,"),
        check=lambda m: None if m["v"] in {"World", "There"} else announced(m),
        hint=tuple(rf"\b{greeting},? {UP}" for greeting in _GREETINGS),
        first=r"[BCDEGHKLPQ]",
    ),
    Detector(
        "PERSON",
        re.compile(
            r"(?i:my name is|name is|name['’]s|me llamo|mi nombre es|je m['’]appelle|mon nom est|ich hei(?:ß|ss)e"
            r"|mi chiamo|mein name ist|meu nome é|ik heet|mijn naam is|jag heter|mam na imię|call me"
            r"|(?:first|last|full|real|family|middle|maiden) name\W{1,3}(?:is )?\(?|(?:sur|nach|vor)name\W{1,3}(?:is |ist )?)"
            rf"(?: (?i:mr|mrs|ms|dr)\.?)? {{0,1}}(?P<v>(?:{TOKEN}, )?{NAME})"
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
        check=announced,
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
        re.compile(
            rf"(?<!\w)(?i:my|his|her|our|their|your) (?:(?:best|late|older|younger|little|big|good|old) )?(?:{_KIN})"
            rf",? (?:(?:called|named|is called|is named) )?(?P<v>{NAME})"
        ),
        Feature.CAPITAL,
        "relatives and friends",
        (("my wife Zorvana is", "Zorvana"), ("her late uncle, Zorvan Quux,", "Zorvan Quux")),
        ("my wife and I", "your friend Will not", "my son likes Paris"),
        check=relative,
        hint=tuple(rf"\b{kin},? (?:(?:is )?(?:called|named) )?{UP}" for kin in _KIN.split("|")),
        first=r"[mhotyMHOTY]",
    ),
    Detector(
        "PERSON",
        re.compile(
            rf"(?<![\w<@#/\\_-])(?P<v>{NAME})(?=['’]s (?:wife|husband|son|daughter|brother|sister|mother|father"
            r"|mom|dad|birthday|girlfriend|boyfriend|e-?mail|phone|mobile|home address|address is|passport|salary"
            r"|diagnosis|prescription|medical|social security|date of birth|bank account|funeral|wedding)\b)"
        ),
        Feature.CAPITAL,
        "what persons have",
        (("about Zorvan's daughter", "Zorvan"), ("Zorvan Quux's phone number", "Zorvan Quux")),
        ("the customer's phone", "The Company's email", "Today's birthday", "Google's phone"),
        check=relative,
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
        first=UP,
    ),
    Detector(
        "PERSON",
        re.compile(
            rf"(?<!\w)(?:From|FROM|To|TO|(?i:cc|bcc|attn|attention|sender|recipient|reported[ -]by|assigned to|assignee|created by"
            r"|owner|reviewer|reviewed[ -]by|prepared by|approved by|signed[ -]off[ -]by|co-authored-by|submitted by"
            r"|posted by|name|nom|nombre|cliente?|patiente?|paciente|kunde|employee|employé|inquilino|tenant|guest"
            rf"|passenger|candidate|applicant|billing address|shipping address|rechnungsadresse|lieferadresse))"
            rf"[\"']?(?:\*\*)?: {{0,4}}\n?[\"'(]?(?P<v>{NAME})"
        ),
        Feature.CAPITAL,
        "headers and labels before two capitalised words",
        (
            ("To: Zorvan Quux\nSubject: x", "Zorvan Quux"),
            ("Reported by: Zorvan van Quux", "Zorvan van Quux"),
            ("Billing address: Zorvan Quux\n12", "Zorvan Quux"),
        ),
        ("From: Customer Support", "To: Paris", "owner: Acme Corp", "fields from: Lakeside Quux"),
        check=two_words,
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
        re.compile(
            rf"(?P<v>{NAME})[\"']?(?:,? ?[\"'<(]| ?[,;\t|] ?| [-–] )[\"'<(]?(?=[\w.%+-]{{1,64}}@[\w-]{{1,63}}\.)"
        ),
        Feature.CAPITAL,
        "capitalised words before an address of mail: headers, tables, SQL",
        (
            ("From: Zorvan Quux <zq@example.com>", "Zorvan Quux"),
            ("VALUES (7, 'Zorvan B. Quux', 'zq@example.com')", "Zorvan B. Quux"),
        ),
        ("Contact Us: a@example.com", "Send Email <a@example.com>"),
        check=two_words,
        words=("@",),
        first=UP,
    ),
    Detector(
        "PERSON",
        re.compile(
            rf"(?i:i['’]m|i am|im|this is|soy|je suis|ich bin|sono)(?: (?i:mr|mrs|ms|dr)\.?)? (?P<v>{NAME})(?=[,.!?\n'’]|\Z| from| and| with)"
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
        re.compile(
            r"(?i:name|patient|customer|attendees|participants|author|contact|client|tenant|boss|jefe|chef"
            r"|neighbou?r|voisine?|colleague|roommate|coworker|deliver to|ship to|directed by|written by"
            r"|starring|songwriter|producer|signed|applicant|employee|application|package for|adresse)"
            rf"[\"']?(?: ?[:=] {{0,4}}|[ \n])[\"'(]?(?P<v>(?:{TOKEN}, (?={TOKEN}[,;\n)]))?{NAME})"
        ),
        Feature.CAPITAL,
        "roles and labels before capitalised words",
        (
            ('"name":"Hans Eklund"', "Hans Eklund"),
            ("Patient Albin Bengtsson presented", "Albin Bengtsson"),
            ("my boss Luz Gallo", "Luz Gallo"),
        ),
        ("Patient Care", "name: string", "contact Support"),
        check=labelled,
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
        re.compile(rf"(?<![\w<@#/\\_-])(?P<v>{NAME})(?={_DOES})"),
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
        first=UP,
    ),
    Detector(
        "PERSON",
        re.compile(
            rf"(?<!\w)(?:says|said|told me that|told me|explained|asked|replied|writes|wrote)(?: by)? (?P<v>{NAME})"
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
        re.compile(
            r"(?i:regards|sincerely|cordialement|saludos?|grüße[n]?|cheers|thanks|yours|best|love"
            rf"|atentamente|bien à vous|cordiali saluti),?!? ?\n{{1,3}}[-– ]{{0,3}}(?P<v>(?:{TOKEN}, )?{NAME})(?=\n|\Z)"
        ),
        Feature.CAPITAL,
        "a signature",
        (("Cordialement,\nAnouk Maillot\n04", "Anouk Maillot"),),
        ("Best,\nregards", "thanks for all"),
        check=announced,
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
        re.compile(rf"(?:(?<=\n)|(?<![\s\S])|(?<=>))(?P<v>{NAME})(?=\n)"),
        Feature.DIGIT | Feature.CAPITAL,
        "the first line of an address",
        (("Imrana Jumar\n00826 Amy Mountains", "Imrana Jumar"),),
        ("Main Results\nwe found that", "Summary\n12 Items"),
        check=letterhead,
        words=("\n",),
        hint=(rf"(?:[\w'’-]|{UP}\.){CONTACT_BELOW.pattern}",),
    ),
    Detector(
        "PERSON",
        re.compile(rf"(?<![\w<@#/\\_-])(?P<v>{NAME})"),
        Feature.CAPITAL,
        "a surname by itself, after all that would find more of the name",
        (("forward it to Kowalski", "Kowalski"), ("Where is Johnson's desk?", "Johnson")),
        ("ask the Johnson about it", "The Johnson Act", "Zorvan"),
        check=lone_surname,
        hint=_ABROAD,
        hinting=_NAMES,
        first=UP,
    ),
)
