"""Whether a run of capitalised words is a name, and where it ends."""

import re
from collections.abc import Iterable

from flywheel_stream.pii.capitals import UP
from flywheel_stream.pii.detector import Span
from flywheel_stream.pii.names import AMBIGUOUS, COMMON, GIVEN, LEANING, SURNAMES
from flywheel_stream.pii.no_names import ALSO_SURNAMES, ORGANISATION, SAINTS, STOP

_WORD = re.compile(r"[^\s,]+")
_BEFORE = re.compile(rf"(?<![\w<]){UP}[\w'’-]{{1,30}}, $")


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
    return bare in STOP or (bare.isupper() and bare.title() in STOP)


def _is_name_like(word: str) -> bool:
    """A capitalised word that may be a name, though no list has it."""
    return word[:1].isupper() and not _is_stop(word) and not _is_organisation(word)


def _is_organisation(word: str) -> bool:
    return word.removesuffix("'s").removesuffix("’s") in ORGANISATION


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
            if word in ALSO_SURNAMES and (_is_given(before) or before in AMBIGUOUS):
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


_CAPITALS_BEFORE = re.compile(rf"{UP}{{2,}}[^\w\n]{{1,3}}\Z")
_CAPITALS_AFTER = re.compile(rf"[^\w\n]{{1,3}}{UP}{{2,}}")


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


def known_name(match: re.Match[str]) -> Span | None:
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
        named = len(words) > 1 and words[0] not in SAINTS and _is_surname(words[-1])
        return span if named else None
    if known[0] and words[known[0] - 1] in SAINTS:
        return None
    start = span[0]
    if len(words) == 1:  # "Graves, Deborah"
        before = _BEFORE.search(text, max(0, start - 34), start)
        if before and not _is_stop(before[0][:-2]) and not _is_given(before[0][:-2]):
            start = before.start()
    return start, span[1]


_ARTICLE = re.compile(r"\b[Tt]he \Z")


def lone_surname(match: re.Match[str]) -> Span | None:
    """A surname by itself; behind "the" it is a thing that is named after somebody."""
    if not _is_surname(match["v"]):
        return None
    span = _trim_name(match.string, *match.span("v"))
    if span is None or _ARTICLE.search(match.string, max(0, span[0] - 5), span[0]):
        return None
    word = match.string[span[0] : span[1]]
    return span if " " not in word and _is_surname(word) else None


def doubtful_name(match: re.Match[str]) -> Span | None:
    """From a given name that is a word as well on, if a capitalised word follows."""
    span = _trim_name(match.string, *match.span("v"))
    if span is None:
        return None
    words = match.string[span[0] : span[1]].split(" ")
    return span if len(words) > 1 and words[0] in LEANING and words[1][0].isupper() else None


def beside_known(match: re.Match[str]) -> Span | None:
    """Capitalised words that "and" joins to a known name."""
    span = _trim_name(match.string, *match.span("v"))
    if span is None or span != match.span("v"):
        return None
    words, others = match["v"].split(" "), match["b"].split(" ")
    if not all(_is_name_like(w) for w in others if w[0].isupper()):
        return None
    named = any(_is_given(w) for w in others) or _is_surname(others[-1]) or _is_surname(words[-1])
    return span if named and all(_is_name_like(w) for w in words if w[0].isupper()) else None


def two_words(match: re.Match[str]) -> Span | None:
    """Two capitalised words or more, all of them name-like."""
    words = match["v"].split(" ")
    capitals = [w for w in words if w[0].isupper()]
    if len(capitals) < 2 or not all(_is_name_like(w) for w in capitals):
        return None
    start, end = match.span("v")
    return start, end - len(match["v"]) + len(match["v"].rstrip("'’-"))


def lower_name(match: re.Match[str]) -> Span | None:
    """A given name and a surname, both known, without capitals."""
    given, surname = match["a"].title(), match["b"].title()
    return match.span("v") if given in COMMON and surname in SURNAMES else None


def announced(match: re.Match[str]) -> Span | None:
    """What stands behind a title, a greeting or an introduction, without words that are no names."""
    return _trim_name(match.string, *match.span("v"))


def announced_strictly(match: re.Match[str]) -> Span | None:
    """After words that also announce other things: two words, or a given name."""
    span = _trim_name(match.string, *match.span("v"))
    if span is None:
        return None
    words = match.string[span[0] : span[1]].split(" ")
    return span if len(words) > 1 or _is_given(words[0]) or words[0] in AMBIGUOUS else None


def labelled(match: re.Match[str]) -> Span | None:
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


def relative(match: re.Match[str]) -> Span | None:
    """One capitalised word or more that may be a name."""
    span = _trim_name(match.string, *match.span("v"))
    return span if span and span[0] == match.start("v") else None


CONTACT_BELOW = re.compile(r"\n[^\n]{0,60}(?:\n[^\n]{0,60}){0,2}?(?:\d{2,6} [A-Z]|\d[\d .()-]{7})")


def letterhead(match: re.Match[str]) -> Span | None:
    """A line that is two or three capitalised words, with an address or a number below it."""
    if " " not in match["v"] or not CONTACT_BELOW.match(match.string, match.end()):
        return None
    span = _trim_name(match.string, *match.span("v"))
    return span if span == match.span("v") else None
