"""Texts that are nearly those of the table: what a detector meets in the wild."""

import random

ODD = " -.@:/<>\n0aZéÉßẞñÑ中😀\u2019\u00a0\u017f\u212aİ\u0131٣\uff19\t\x1f\x0b"
"""Separators, letters of other alphabets, and characters whose case or digits are special."""


def mutated(rng: random.Random, text: str) -> str:
    """A text with up to four characters put in, replaced or taken out, maybe in another case."""
    chars = list(text)
    for _ in range(rng.randrange(5)):
        at = rng.randrange(len(chars) + 1)
        kind = rng.randrange(3)
        if kind == 0 or not chars:
            chars.insert(at, rng.choice(ODD))
        elif kind == 1:
            chars[at - 1] = rng.choice(ODD)
        else:
            del chars[at - 1]
    out = "".join(chars)
    return rng.choice((out, out, out, out.upper(), out.title()))
