"""How names are written: capital letters, words and runs of them."""

UPPER_RANGES = "À-ÖØ-ÞĀ-ſƏƠƯẠ-ỹ"
"""Capital letters of the Latin alphabets, outside ASCII, and some small ones among them."""
UP = f"[A-Z{UPPER_RANGES}]"
TOKEN = rf"{UP}(?:[\w'’-]{{1,30}}|\.)"
_PARTICLE = r"(?:(?:van|von|de|der|den|da|dos|del|di|la|le|bin|al|ten|el|y|af|zu) ){0,3}"
NAME = rf"{TOKEN}(?: {_PARTICLE}{TOKEN}){{0,3}}"
