"""Languages: which one a text is in, and which one it asks for; silent unless the words are clear.

Scripts decide where they can; among those that write Latin letters, the share of each language's
most common words does (Grefenstette 1995, who finds three words a sentence to be enough).
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

_SPAN: Final = 200
"""Characters at each end of a text that are read."""
_LEAST_LETTERS: Final = 24
"""Fewer characters say nothing of a language in Latin letters."""
_MENTIONS: Final = 2_000
"""Characters in which a language is looked for by name."""
_LEAST_FOREIGN: Final = 6
"""Letters of another script that say something."""
_LEAST_WORDS: Final = 3
"""Common words that a language needs."""

_COMMON: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "English": "the and of to in is that it for you was on are with this be have not your "
        "what how "
        "can from my do which will at an or i we they please should would when where why who",
        "German": "der die das und ist nicht ich zu den mit von wie ein eine für auf sie es im "
        "dem des "
        "wir kann werden bitte mein meine wo was warum auch sich wird haben sind bei nach oder aus",
        "French": "le la les et est des une un que qui dans pour pas je vous nous sur avec ce "
        "cette plus "
        "mon ma mes comment pourquoi sont du au il elle ne se par quel quelle votre être où",
        "Spanish": "el la los las y es de que en un una por para con no mi se del como más pero "
        "su al lo "
        "qué cómo está son puede dónde cuando este esta tu sus le yo muy hay",
        "Portuguese": "o os as e é de que em um uma por para com não meu minha se do da no na "
        "como mais "
        "mas seu ao você está são pode onde quando este esta dos das foi eu muito qual",
        "Italian": "il lo la gli le e è di che in un una per con non mi si del della come più ma "
        "suo al "
        "sono può dove quando questo questa nel dei alla cosa perché ho quale delle anche",
        "Dutch": "de het een en is van dat in niet ik te met voor op zijn je wat hoe kan mijn aan "
        "er maar "
        "naar deze worden wordt bij ook om heeft waar waarom door uit dit die",
        "Polish": "i w nie na się jest do że z to jak co o po czy dla mi są od tak ale przez moje "
        "mój "
        "gdzie kiedy może być ten ta tego oraz jego",
        "Swedish": "och det att i är en som på för av jag med den inte har till om ett hur var "
        "kan vi min "
        "mitt du från eller vad när där varför ska",
        "Turkish": "ve bir bu için ne mi da de nasıl çok ile olarak daha var gibi ama benim neden "
        "nerede "
        "olan kadar sonra ben siz bana değil mı",
    }.items()
}
_WORDS: dict[str, tuple[str, ...]] = {
    word: tuple(name for name, common in _COMMON.items() if word in common)
    for common in _COMMON.values()
    for word in common
}
_SCRIPTS: dict[str, str] = {
    "CYRILLIC": "Russian or another in Cyrillic",
    "GREEK": "Greek",
    "HEBREW": "Hebrew",
    "ARABIC": "Arabic or another in its script",
    "DEVANAGARI": "Hindi or another in Devanagari",
    "THAI": "Thai",
    "HANGUL": "Korean",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "CJK": "Chinese",
}
_NAMES: dict[str, str] = {
    **{name.lower(): name for name in _COMMON},
    "deutsch": "German",
    "français": "French",
    "francais": "French",
    "español": "Spanish",
    "espanol": "Spanish",
    "português": "Portuguese",
    "italiano": "Italian",
    "nederlands": "Dutch",
    "polski": "Polish",
    "svenska": "Swedish",
    "türkçe": "Turkish",
    "russian": _SCRIPTS["CYRILLIC"],
    "ukrainian": _SCRIPTS["CYRILLIC"],
    "greek": "Greek",
    "hebrew": "Hebrew",
    "arabic": _SCRIPTS["ARABIC"],
    "hindi": _SCRIPTS["DEVANAGARI"],
    "thai": "Thai",
    "korean": "Korean",
    "japanese": "Japanese",
    "chinese": "Chinese",
    "mandarin": "Chinese",
}
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|<[A-Z_0-9]+>|https?://\S+", re.DOTALL)
_NAMED = "|".join(sorted(_NAMES, key=len, reverse=True))
_ASKED = re.compile(
    rf"\b(?:answer|reply|respond|speak|write|antworte\w*|réponds|répondez"
    rf"|responde\w*)\b[^.!?\n]{{0,40}}?"
    rf"\b(?:in|auf|en|em) (?P<language>{_NAMED})\b",
    re.IGNORECASE,
)
_MENTIONED = re.compile(
    rf"\b(?:translat\w*|languages?|übersetz\w*|tradu\w*|{_NAMED})\b", re.IGNORECASE
)


def language_of(text: str) -> str | None:
    """The language of a text, ``None`` where that is not clear.

    Both ends are read, without code and links; if they differ, none is said.
    """
    if len(text) <= _SPAN:
        return _language(_prose(text))
    first = _language(_prose(text[: 2 * _SPAN])[:_SPAN])
    if first is None:
        return None
    return first if _language(_prose(text[-_SPAN:])) in {first, None} else None


def _prose(text: str) -> str:
    """The text without what is in no language: code, links and placeholders."""
    some = "`" in text or "<" in text or "://" in text
    return _CODE.sub(" ", text) if some else text


def _language(text: str) -> str | None:
    if not text.isascii():
        script = _foreign_script(text)
        if script is not None:
            return script
    if len(text) < _LEAST_LETTERS:
        return None
    words = text.lower().split()
    hits: dict[str, int] = {}
    for word in words:
        for name in _WORDS.get(word, ()):
            hits[name] = hits.get(name, 0) + 1
    if not hits:
        return None
    (most, best), (second, _) = sorted([*((n, name) for name, n in hits.items()), (0, "")])[:-3:-1]
    clear = most >= _LEAST_WORDS and most >= 2 * second and 6 * most >= len(words)
    return best if clear else None


def _foreign_script(text: str) -> str | None:
    """The language of most letters, if it is written in letters of its own."""
    letters = [letter for letter in text if letter.isalpha()]
    scripts = Counter(map(_script, letters))
    # Japanese is written with Chinese characters too; its own letters tell.
    japanese = scripts["HIRAGANA"] + scripts["KATAKANA"]
    if japanese and 2 * (japanese + scripts["CJK"]) > len(letters):
        return "Japanese"
    script, number = max(scripts.items(), key=lambda item: item[1], default=("", 0))
    most = number >= _LEAST_FOREIGN and 2 * number > len(letters)
    return _SCRIPTS.get(script) if most else None


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def asked_language(text: str) -> str | None:
    """The language in which a text tells the model to answer, if it does."""
    found = _ASKED.search(text)
    return _NAMES[found["language"].lower()] if found else None


standing_language = lru_cache(maxsize=256)(asked_language)
"""The same for system prompts, which come again and again."""


def speaks_of_languages(text: str) -> bool:
    """Whether a text names a language or a translation: then its own says nothing."""
    return _MENTIONED.search(text[:_MENTIONS]) is not None
