"""Prints what near-duplicate detection finds and misses by kind of edit, and what a text costs.

Run ``python -m bench.near`` in the repository; it reads ``../shared/data/real``. The truth is the
exact Jaccard overlap of all pairs, counted by scipy from Python's own slices. Where ``datasketch``
can be imported, its MinHashLSH answers the same texts in the same run.
"""

import gzip
import importlib
import importlib.util
import json
import random
import string
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from flywheel_stream.dedup import normalise
from flywheel_stream.near import GRAM, THRESHOLD, NearIndex, spaced

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
_SETS = (("A_banking77", "text", 3_000), ("A_hwu64", "text_raw", 3_000))
_SETS_LONG = (("E_halueval_general", "prompt", 1_000),)
_EDITS = 1_000
_BATCH = 1_000
_REPEATS = 5
_SEED = 1
_NAMES = ("Ada", "Boris", "Chidi", "Dagny", "Emre", "Fatima", "Goran", "Hyun-woo", "Ines", "Jamal")

Answers = list[int | None]
"""Per text, the place of the text that it is said to duplicate, if any."""


class Stream(NamedTuple):
    """Texts in order, and what was done to each."""

    texts: list[str]
    kinds: list[str]


def _read(name: str, field: str, size: int | None = None) -> list[str]:
    with gzip.open(_DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)[field] for line in lines]
    random.Random(_SEED).shuffle(texts)
    return texts[:size]


# ---------------------------------------------------------------- edits


def _typo(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    letter = rng.choice(string.ascii_lowercase)
    kind = rng.randrange(3)  # another letter, one too many, one too few
    return text[:place] + ("" if kind == 2 else letter) + text[place + (kind != 1) :]


def _word(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    words[rng.randrange(len(words))] = "".join(
        rng.choices(string.ascii_lowercase, k=rng.randint(3, 8))
    )
    return " ".join(words)


def _layout(text: str, rng: random.Random) -> str:
    return "  " + text.swapcase().replace(" ", rng.choice(("  ", "\n", " \t"))) + "\n"


EDITS: dict[str, Callable[[str, random.Random], str]] = {
    "copy": lambda text, rng: text,
    "case and white space": _layout,
    "typo": _typo,
    "one word changed": _word,
    "sentence appended": lambda text, rng: (
        text + rng.choice((" Thanks!", " Please help me.", " I am waiting for your answer."))
    ),
}
_TEMPLATE = "template, another name or number"


def _fill(name: str, number: int, body: str) -> str:
    return f"Hello, my name is {name} and my order is {number:06}. {body}"


def stream() -> Stream:
    """Real texts, then edits of some of them, a thousand of each kind."""
    rng = random.Random(_SEED)
    real = [text for entry in (*_SETS, *_SETS_LONG) for text in _read(*entry)]
    filled, refilled = [], []
    for body in rng.sample(real, _EDITS):
        name, number = rng.choice(_NAMES), rng.randrange(1_000_000)
        filled.append(_fill(name, number, body))
        if rng.random() < 0.5:
            name = rng.choice([other for other in _NAMES if other != name])
        else:
            number = rng.randrange(1_000_000)
        refilled.append((_fill(name, number, body), _TEMPLATE))
    texts, kinds = real + filled, ["as they are"] * (len(real) + len(filled))
    edited = [
        (edit(text, rng), kind) for kind, edit in EDITS.items() for text in rng.sample(real, _EDITS)
    ]
    edited += refilled
    rng.shuffle(edited)
    return Stream(texts + [text for text, _ in edited], kinds + [kind for _, kind in edited])


# ---------------------------------------------------------------- truth


def _grams(text: str) -> set[str]:
    plain = spaced(text).decode("utf-8", "surrogatepass")
    return {plain[place : place + GRAM] for place in range(max(1, len(plain) - GRAM + 1))}


def overlaps(texts: list[str]) -> dict[tuple[int, int], float]:
    """The exact overlap of all pairs (later, earlier) that reach the threshold."""
    ids: dict[str, int] = {}
    sets = [[ids.setdefault(gram, len(ids)) for gram in _grams(text)] for text in texts]
    sizes = np.array([len(grams) for grams in sets])
    bounds = np.concatenate(([0], np.cumsum(sizes)))
    columns = np.array([gram for grams in sets for gram in grams])
    table = csr_array(
        (np.ones(len(columns), np.int32), columns, bounds), shape=(len(texts), len(ids))
    )
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(texts), 500):
        common = (table[start : start + 500] @ table.T).tocoo()
        rows, others = common.row + start, common.col
        values = common.data / (sizes[rows] + sizes[others] - common.data)
        for row, other, value in zip(rows, others, values, strict=True):
            if value >= THRESHOLD and other < row:
                found[int(row), int(other)] = float(value)
    return found


def expected(size: int, pairs: dict[tuple[int, int], float]) -> list[bool]:
    """Which texts are duplicates of an earlier one that is none itself."""
    earlier: list[list[int]] = [[] for _ in range(size)]
    for row, other in pairs:
        earlier[row].append(other)
    duplicate: list[bool] = []
    for others in earlier:
        duplicate.append(any(not duplicate[other] for other in others))
    return duplicate


# ---------------------------------------------------------------- contenders


def with_index(texts: list[str]) -> Answers:
    """``NearIndex``, in batches."""
    index = NearIndex()
    items = [(str(place), text, float(place)) for place, text in enumerate(texts)]
    matches = [
        match
        for start in range(0, len(items), _BATCH)
        for match in index.add(items[start : start + _BATCH])
    ]
    return [None if match.of is None else int(match.of) for match in matches]


def with_datasketch(texts: list[str]) -> Answers:
    """MinHashLSH of datasketch at 0.8 with its own defaults, the same normalisation and grams."""
    datasketch: Any = importlib.import_module("datasketch")
    index = datasketch.MinHashLSH(threshold=THRESHOLD, num_perm=128)
    answers: Answers = []
    for place, text in enumerate(texts):
        sketch = datasketch.MinHash(num_perm=128)
        sketch.update_batch([gram.encode("utf-8", "surrogatepass") for gram in _grams(text)])
        near = index.query(sketch)
        answers.append(min(near) if near else None)
        if not near:
            index.insert(place, sketch)
    return answers


def contenders() -> dict[str, Callable[[list[str]], Answers]]:
    """Name and function of each that can be imported."""
    found: dict[str, Callable[[list[str]], Answers]] = {"NearIndex": with_index}
    if importlib.util.find_spec("datasketch"):
        found["datasketch"] = with_datasketch
    return found


# ---------------------------------------------------------------- tables


def _row(cells: list[object]) -> None:
    print("|", " | ".join(map(str, cells)), "|")


def quality() -> None:
    """Print what is found and what is wrong, by kind of edit."""
    given = stream()
    pairs = overlaps(given.texts)
    duplicate = expected(len(given.texts), pairs)
    # An answer is wrong if the overlap with the text that it names does not reach the threshold,
    # unless the two are equal without their white space: a typo may be a space.
    bare = [normalise(text) for text in given.texts]
    answers = {name: answer(given.texts) for name, answer in contenders().items()}
    heads = [head for name in answers for head in (f"{name}: found", "wrong")]
    _row(["kind", "texts", "overlap ≥ 0.8", *heads])
    _row(["---", *["---:"] * (2 + len(heads))])
    for kind in ("as they are", *EDITS, _TEMPLATE, "all"):
        places = [place for place, its in enumerate(given.kinds) if kind in (its, "all")]
        true = [place for place in places if duplicate[place]]
        cells: list[object] = [kind, f"{len(places):,}", f"{len(true):,}"]
        for answer in answers.values():
            found = sum(answer[place] is not None for place in true)
            said = [(place, answer[place]) for place in places]
            wrong = sum(
                of is not None and (place, of) not in pairs and bare[place] != bare[of]
                for place, of in said
            )
            cells += [f"{found / len(true):.2%}" if true else "", f"{wrong / len(places):.2%}"]
        _row(cells)


def _cost(answer: Callable[[list[str]], Answers], texts: list[str], repeats: int) -> str:
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        answer(texts)
        best = min(best, time.process_time() - start)
    return f"{best / len(texts) * 1e6:.1f}"


def speed() -> None:
    """Print processor microseconds a text: the texts, and each again with a letter more."""
    found = contenders()
    print()
    _row(["texts", "characters", *(f"{name}, µs a text" for name in found)])
    _row(["---", *["---:"] * (1 + len(found))])
    sets = {
        "A_hwu64": _read("A_hwu64", "text_raw", 3_000),
        "A_banking77": _read("A_banking77", "text", 3_000),
        "E_halueval, prompts": _read("E_halueval_general", "prompt"),
        "E_halueval, answers": _read("E_halueval_general", "response"),
    }
    sets["the table above"] = stream().texts
    for name, texts in sets.items():
        rng = random.Random(_SEED)
        typos = [] if name == "the table above" else [_typo(text, rng) for text in texts if text]
        mean = sum(map(len, texts)) / len(texts)
        costs = [
            _cost(answer, texts + typos, _REPEATS if answer is with_index else 1)
            for answer in found.values()
        ]
        _row([f"{name}{', each and a typo of it' if typos else ''}", f"{mean:.0f}", *costs])


def _templates(count: int) -> Iterator[str]:
    """One long beginning, then a third that is different: overlaps of about a half."""
    rng = random.Random(_SEED)
    start = "".join(rng.choices(string.ascii_lowercase, k=200))
    for _ in range(count):
        yield start + "".join(rng.choices(string.ascii_lowercase, k=100))


def _found_in_a_family(size: int, edits: int, probes: int = 300) -> tuple[int, int]:
    """How many edits of old members are found, where all begin with the same 80 of 100 letters."""
    rng = random.Random(_SEED)
    start = "".join(rng.choices(string.ascii_lowercase, k=80))
    texts = [start + "".join(rng.choices(string.ascii_lowercase, k=20)) for _ in range(size)]
    index = NearIndex()
    matches = index.add((str(n), text, 0.0) for n, text in enumerate(texts))
    kept = [text for text, match in zip(texts, matches, strict=True) if match.of is None]
    found = total = 0
    while total < probes:
        member = rng.choice(kept)
        text = list(member)
        for place in rng.sample(range(100), edits):
            text[place] = "#"
        own, other = _grams(member), _grams("".join(text))
        if len(own & other) >= THRESHOLD * len(own | other):
            total += 1
            found += index.add([(f"probe{total}", "".join(text), 0.0)])[0].of is not None
    return found, total


def bounds() -> None:
    """Print what hostile input costs, and the memory of a full index."""
    print()
    _row(["hostile", "cost or effect"])
    _row(["---", "---:"])
    costs = _cost(with_index, list(_templates(20_000)), 1)
    _row(["20,000 texts of one template, overlap 0.5", f"{costs} µs a text"])
    rng = random.Random(_SEED)
    page = "".join(rng.choices(string.ascii_lowercase + " ", k=1_000_000))
    costs = _cost(with_index, [page, page + "x"], 3)
    _row(["a text of 1 MB, and again with a letter more", f"{float(costs) / 1e3:.0f} ms a text"])
    texts = ["".join(rng.choices(string.ascii_lowercase, k=60)) for _ in range(20_000)]
    for edits in (1, 2):
        found, total = _found_in_a_family(5_000, edits)
        _row(
            [f"{edits} of 100 letters changed, 5,000 of one template", f"{found} of {total} found"]
        )
    tracemalloc.start()
    index = NearIndex(capacity=10_000)
    for start in range(0, len(texts), _BATCH):
        index.add((str(n), text, 0.0) for n, text in enumerate(texts[start : start + _BATCH]))
    used, _ = tracemalloc.get_traced_memory()
    _row(["memory of texts of 60 characters", f"{used / len(index) / 1e3:.1f} KB a text"])


if __name__ == "__main__":
    quality()
    speed()
    bounds()
