"""``flywheel bench scrub``: what scrubbing costs and finds, beside other tools, in one run.

Every tool sees the same seeded texts in the same process. Ours takes them in batches, as ingest
does; the others one by one, as their documentation does. With labelled texts it also says what
each tool finds, by type, and what it touches that is none.
"""

import gzip
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson

from flywheel_stream.errors import ConfigError
from flywheel_stream.gating import PlainGate
from flywheel_stream.scrubbing import Scrubber
from stream.bench.presidio import Presidio
from stream.simulator import clean_text, personal_text

SEED = 11
BATCH = 64
ROUNDS = 5
WARM_UP = 8
SHORT, KILOBYTE = 120, 1000
"""Characters of the texts."""

Spans = list[tuple[int, int]]
Tool = Callable[[Sequence[str]], list[Spans]]
"""Texts to what is removed of each, in code points, half-open."""


class Contender(NamedTuple):
    """A tool, made anew, and how many texts of each kind it takes without minutes of waiting."""

    name: str
    make: Callable[[], Tool]
    texts: int


# ---------------------------------------------------------------- tools


def contenders() -> Iterator[Contender]:
    """The tools that are installed."""
    yield Contender("flywheel", lambda: _ours(Scrubber()), 32 * BATCH)
    plain = PlainGate()
    yield Contender("flywheel, pure Python gate", lambda: _ours(Scrubber(gate=plain)), 4 * BATCH)
    yield Contender("scrubadub", _scrubadub, BATCH)
    if find_spec("presidio_analyzer"):
        presidio = Presidio()
        yield Contender(presidio.name, lambda: presidio, 16)


def _ours(scrubber: Scrubber) -> Tool:
    def tool(texts: Sequence[str]) -> list[Spans]:
        found = []
        for start in range(0, len(texts), BATCH):
            found += scrubber.scrub(texts[start : start + BATCH])
        return [[(start, end) for _, start, end in entities] for _, entities in found]

    return tool


def _scrubadub() -> Tool:
    import scrubadub  # noqa: PLC0415 - takes seconds to import

    scrubber = scrubadub.Scrubber()

    def tool(texts: Sequence[str]) -> list[Spans]:
        return [[(f.beg, f.end) for f in scrubber.iter_filth(text)] for text in texts]

    return tool


# ---------------------------------------------------------------- cost


def texts(kind: str, count: int) -> list[str]:
    """Seeded texts: ``clean_kilobyte``, ``clean_short`` or ``personal_short``; all distinct."""
    rng = Random(f"{SEED}/{kind}")  # noqa: S311 - sample texts, not secrets
    size = KILOBYTE if kind == "clean_kilobyte" else SHORT
    make = personal_text if kind == "personal_short" else clean_text
    return [make(rng, size) for _ in range(count)]


KINDS = ("clean_kilobyte", "clean_short", "personal_short")


def _cost(contender: Contender) -> dict[str, float]:
    """Microseconds a text, by kind: of each batch the best round, so that no neighbour counts.

    Each round has a tool of its own, for ours remembers what it has seen.
    """
    found = {}
    for kind in KINDS:
        given = texts(kind, contender.texts + WARM_UP)
        batches = [given[at : at + BATCH] for at in range(0, contender.texts, BATCH)]
        best = [float("inf")] * len(batches)
        for _ in range(ROUNDS):
            tool = contender.make()
            tool(given[-WARM_UP:])
            for place, batch in enumerate(batches):
                started = time.perf_counter()
                tool(batch[: contender.texts - place * BATCH])
                best[place] = min(best[place], time.perf_counter() - started)
        found[kind] = round(1e6 * sum(best) / contender.texts, 2)
    return found


# ---------------------------------------------------------------- what is found


class Labelled(NamedTuple):
    """A text with what has to be removed, and what may be."""

    text: str
    spans: list[tuple[int, int, str]]
    ignore: list[tuple[int, int]]


def read_labelled(path: Path) -> list[Labelled]:
    """Reads ``{"text", "spans": [[start, end, type]], "ignore": [[start, end, …]]}`` lines.

    Raises:
        ConfigError: the file is not there or not of that form.
    """
    try:
        raw = path.read_bytes()
        lines = gzip.decompress(raw) if path.suffix == ".gz" else raw
        rows = [orjson.loads(line) for line in lines.splitlines()]
        return [
            Labelled(
                row["text"],
                [(start, end, name) for start, end, name in row["spans"]],
                [(start, end) for start, end, *_ in row.get("ignore", ())],
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} does not read as labelled texts ({type(error).__name__}): give JSON lines "
            'with "text" and "spans": [[start, end, type], …].'
        ) from None


def quality(rows: Sequence[Labelled], removed: Sequence[Spans]) -> dict[str, Any]:
    """Recall by leak, by type and over all; precision; share of clean texts touched.

    A span leaks if four letters and digits of it in a row survive (all, if it has fewer), or, of a
    person, a whole name. Precision: of the letters and digits removed, those inside a span.
    """
    total: dict[str, int] = defaultdict(int)
    kept: dict[str, int] = defaultdict(int)
    inside = outside = clean = touched = 0
    for row, spans in zip(rows, removed, strict=True):
        gone = bytearray(len(row.text))
        for start, end in spans:
            gone[start:end] = b"\1" * (end - start)
        wanted = bytearray(len(row.text))
        for start, end, name in row.spans:
            wanted[start:end] = b"\1" * (end - start)
            total[name] += 1
            kept[name] += leaks(row.text, start, end, name, gone)
        for start, end in row.ignore:
            wanted[start:end] = b"\2" * (end - start)
        letters = [i for i, c in enumerate(row.text) if gone[i] and c.isalnum()]
        inside += sum(wanted[i] == 1 for i in letters)
        outside += sum(wanted[i] == 0 for i in letters)
        if not row.spans:
            clean += 1
            touched += bool(letters)
    recall = {name: 1 - kept[name] / total[name] for name in sorted(total)}
    spans_total = sum(total.values())
    return {
        "recall": round(1 - sum(kept.values()) / spans_total, 4) if spans_total else None,
        "mean_recall": round(sum(recall.values()) / len(recall), 4) if recall else None,
        "precision": round(inside / (inside + outside), 4) if inside + outside else None,
        "clean_touched": round(touched / clean, 4) if clean else None,
        "by_type": {name: round(value, 4) for name, value in recall.items()},
        "spans": dict(sorted(total.items())),
    }


def leaks(text: str, start: int, end: int, name: str, gone: bytearray) -> bool:
    """Whether enough of a span survives to know it."""
    enough = min(4, sum(c.isalnum() for c in text[start:end]))
    run = word = 0
    whole = True
    for at in range(start, end + 1):
        inside = at < end and text[at].isalnum()
        if inside:
            word += 1
            whole = whole and not gone[at]
        else:
            if name == "PERSON" and word >= 2 and whole:
                return True
            word, whole = 0, True
        if inside and not gone[at]:
            run += 1
            if run >= enough:
                return True
        elif at < end and gone[at]:
            run = 0
    return False


# ---------------------------------------------------------------- the figures


def bench_scrub(data: Path | None = None) -> dict[str, Any]:
    """Measures all tools.

    Args:
        data: labelled texts, on which what is found is measured as well.

    Returns:
        Microseconds a text by tool and kind, ratios to ours, and the quality by tool.

    Raises:
        ConfigError: the data does not read.
    """
    rows = read_labelled(data) if data else []
    cost: dict[str, dict[str, float]] = {}
    found: dict[str, Any] = {}
    for contender in contenders():
        cost[contender.name] = _cost(contender)
        if rows:
            found[contender.name] = quality(rows, contender.make()([row.text for row in rows]))
    ours = cost["flywheel"]
    return {
        "us_per_text": cost,
        "ratio": {
            name: {kind: round(row[kind] / ours[kind], 1) for kind in KINDS}
            for name, row in cost.items()
            if name != "flywheel"
        },
        "batch": BATCH,
        "quality": found,
        "python": platform.python_version(),
    }


def table(result: Mapping[str, Any]) -> str:
    """The figures as small tables."""
    return "\n".join((*_cost_lines(result), *_quality_lines(result["quality"])))


def _cost_lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'µs a text':<28}{'clean, 1,000 chars':>20}{'clean, 120':>14}{'personal, 120':>16}"
    for name, row in result["us_per_text"].items():
        yield f"{name:<28}{row['clean_kilobyte']:>20,.1f}{row['clean_short']:>14,.1f}{row['personal_short']:>16,.1f}"


def _quality_lines(found: Mapping[str, Any]) -> Iterator[str]:
    if not found:
        return
    names = list(found)
    yield ""
    widths = [max(12, len(name) + 2) for name in names]
    yield f"{'':<28}" + _cells(names, widths)
    for key, title in (
        ("recall", "recall, all spans"),
        ("mean_recall", "recall, mean of types"),
        ("precision", "precision"),
        ("clean_touched", "clean texts touched"),
    ):
        yield f"{title:<28}" + _cells([_percent(found[name][key]) for name in names], widths)
    for kind, spans in found[names[0]]["spans"].items():
        shares = [_percent(found[name]["by_type"][kind]) for name in names]
        yield f"  {kind + f' ({spans})':<26}" + _cells(shares, widths)


def _cells(texts: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
