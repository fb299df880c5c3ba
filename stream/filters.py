"""Unix filters: JSON lines on stdin, JSON lines on stdout, one for each, in order.

A filter works what has arrived as one batch, so that a file goes through at full speed and a line
typed by hand is answered at once. A bad line becomes ``{"error"}`` and the rest goes on.
"""

import codecs
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import msgspec
import orjson
from msgspec import Struct

from flywheel_stream.errors import ScrubError
from flywheel_stream.events import parse_ts

if TYPE_CHECKING:
    from flywheel_stream.scrubbing import Scrubber

MAX_READ = 1 << 20
"""Bytes that are read at once: about the size of a batch."""

Answer = dict[str, Any]


class TextLine(Struct):
    """A line of ``flywheel scrub``."""

    text: str


class TimedLine(Struct):
    """A line of ``flywheel dedup`` and ``flywheel cluster``; ``ts``: epoch seconds or RFC 3339."""

    id: str
    text: str
    ts: float | str = 0.0

    def __post_init__(self) -> None:
        """Normalises ``ts``."""
        self.ts = parse_ts(self.ts)


Line = TypeVar("Line", bound=Struct)


def run_filter(
    source: BinaryIO,
    sink: BinaryIO,
    line: type[Line],
    work: Callable[[list[Line]], Sequence[Answer]],
    at_end: Callable[[list[Answer]], None] | None = None,
) -> int:
    """Feeds lines through ``work``; returns the exit status: 1 if any of them was bad.

    Args:
        source: JSON lines.
        sink: where answers go, flushed after each batch.
        line: what a line has to be; unknown fields are left alone.
        work: gives one answer for each line of a batch, in order.
        at_end: completes all answers of good lines; they are written at the end then.

    Raises:
        ValueError: ``work`` gave more or fewer answers than there were lines.
    """
    decoder = msgspec.json.Decoder(line)
    held: list[Answer] = []
    bad = False
    for raws in _unmarked(_batches(source)):
        decoded = [_decode(decoder, raw) for raw in raws]
        good = [item for item in decoded if not isinstance(item, dict)]
        answers = iter(work(good) if good else ())
        out = [item if isinstance(item, dict) else next(answers) for item in decoded]
        bad = bad or any("error" in answer for answer in out)
        if at_end is None:
            _write(sink, out)
        else:
            held += out
    if at_end is not None:
        at_end([answer for answer in held if "error" not in answer])
        _write(sink, held)
    return int(bad)


def _decode(decoder: "msgspec.json.Decoder[Line]", raw: bytes) -> Line | Answer:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        return {"error": f"{error}."}  # names the field; never holds the line's text
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"error": "The line is no JSON object in UTF-8."}


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """The lines that have arrived, as soon as there is one; empty lines are lines."""
    descriptor = source.fileno()
    parts: list[bytes] = []
    while chunk := os.read(descriptor, MAX_READ):
        first, newline, rest = chunk.partition(b"\n")
        parts.append(first)
        if newline:
            *lines, last = rest.split(b"\n")
            yield [b"".join(parts), *lines]
            parts = [last]
    if any(parts):
        yield [b"".join(parts)]


def _unmarked(batches: Iterator[list[bytes]]) -> Iterator[list[bytes]]:
    """The same without the mark that some programs put before the first line."""
    for first, *others in batches:
        yield [first.removeprefix(codecs.BOM_UTF8), *others]
        break
    yield from batches


def _write(sink: BinaryIO, answers: Iterable[Answer]) -> None:
    sink.write(b"".join(orjson.dumps(answer) + b"\n" for answer in answers))
    sink.flush()


# ---------------------------------------------------------------- flywheel scrub


def scrub_lines(scrubber: "Scrubber") -> Callable[[list[TextLine]], list[Answer]]:
    """Scrubs texts; entities are in code points of the input, half-open, sorted, disjoint."""

    def work(lines: list[TextLine]) -> list[Answer]:
        try:
            found = scrubber.scrub([line.text for line in lines])
        except ScrubError as error:
            if len(lines) == 1:
                return [{"error": f"Scrubbing failed, nothing is passed on: {error}"}]
            return [work([line])[0] for line in lines]
        return [
            {
                "text": text,
                "entities": [
                    {"type": name, "start": start, "end": end} for name, start, end in entities
                ],
            }
            for text, entities in found
        ]

    return work


# ---------------------------------------------------------------- flywheel cluster


def cluster_lines(
    embedder: Any,
    capacity: int,
    *,
    final: bool = False,
    scrubber: "Scrubber | None" = None,
    clusters: Any = None,
) -> tuple[Callable[[list[TimedLine]], list[Answer]], Callable[[list[Answer]], None] | None]:
    """Assigns texts to failure clusters as they come, as ``learn`` does.

    Args:
        embedder: turns texts into vectors.
        capacity: the number of clusters that are remembered.
        final: whether to look back at the end.
        clusters: who clusters; by default ours.
        scrubber: sees texts before the embedder does, for one that sends them elsewhere.

    Returns:
        The work on a batch; and with ``final`` what adds, at the end, the cluster that each text
        is in after merges and splits, for which half a kilobyte a text is held.
    """
    if clusters is None:
        from flywheel_stream.clusters import Clusters  # noqa: PLC0415 - River takes a second

        # Four times the window of ``learn``: here no snapshot has to carry it.
        clusters = Clusters(capacity=capacity, dims=embedder.dims, window=8192)
    held: list[Any] = []

    def work(lines: list[TimedLine]) -> list[Answer]:
        texts = [line.text for line in lines]
        if scrubber is not None:
            try:
                texts = [scrubbed.text for scrubbed in scrubber.scrub(texts)]
            except ScrubError as error:
                if len(lines) == 1:
                    return [{"error": f"Scrubbing failed, nothing is passed on: {error}"}]
                return [work([line])[0] for line in lines]
        vectors = embedder.embed(texts)
        if final:
            held.extend(vectors.astype("float16"))
        return [
            {"id": line.id, "cluster": clusters.assign(line.id, vector, float(line.ts)).cluster}
            for line, vector in zip(lines, vectors, strict=True)
        ]

    def at_end(answers: list[Answer]) -> None:
        found = clusters.settle(held, [answer["cluster"] for answer in answers])
        for answer, cluster in zip(answers, found, strict=True):
            answer["final"] = cluster

    return work, at_end if final else None


# ---------------------------------------------------------------- flywheel dedup


def dedup_lines(window: float, capacity: int) -> Callable[[list[TimedLine]], list[Answer]]:
    """Says which texts are exact or near copies of one that is none, ``window`` seconds around."""
    from flywheel_stream.near import NearIndex  # noqa: PLC0415 - other filters need no numpy

    index = NearIndex(window=window, capacity=capacity)

    def work(lines: list[TimedLine]) -> list[Answer]:
        matches = index.add((line.id, line.text, float(line.ts)) for line in lines)
        return [
            {"id": line.id, "duplicate": match.duplicate, "of": match.of}
            for line, match in zip(lines, matches, strict=True)
        ]

    return work
