"""The filters: one line out for each in, in order; bad lines named, the rest goes on."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from flywheel_stream.detecting import find
from flywheel_stream.embedding import HashingEmbedder
from flywheel_stream.scrubbing import Scrubber
from stream.filters import (
    Answer,
    TextLine,
    TimedLine,
    cluster_lines,
    dedup_lines,
    run_filter,
    scrub_lines,
)


class Pipe:
    """A real pipe, for a filter reads what has arrived."""

    def __init__(self, data: bytes) -> None:
        self._read, write = os.pipe()
        self._feeding = threading.Thread(target=self._feed, args=(write, data))
        self._feeding.start()

    def _feed(self, write: int, data: bytes) -> None:
        with os.fdopen(write, "wb") as sink:
            sink.write(data)

    def fileno(self) -> int:
        return self._read

    def close(self) -> None:
        self._feeding.join()
        os.close(self._read)


def filtered(data: bytes, line: Any, work: Any, at_end: Any = None) -> tuple[int, list[Answer]]:
    pipe, sink = Pipe(data), io.BytesIO()
    status = run_filter(pipe, sink, line, work, at_end)  # type: ignore[arg-type]  # has fileno
    pipe.close()
    return status, [json.loads(raw) for raw in sink.getvalue().splitlines()]


def echo(lines: Sequence[TextLine]) -> list[Answer]:
    return [{"text": line.text} for line in lines]


def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    data = b'\xef\xbb\xbf{"text": "a"}\n' * 2
    status, answers = filtered(data, TextLine, echo)
    assert status == 1
    assert answers[0] == {"text": "a"}
    assert "error" in answers[1]


def test_each_line_has_its_answer_in_order_and_a_bad_one_an_error() -> None:
    data = b'{"text": "a"}\n{"text": 1}\nno\n\n\xff\n{"more": 1, "text": "b"}\n{}\n{"text": "c"}'
    status, answers = filtered(data, TextLine, echo)
    assert status == 1
    assert [answer.get("text") for answer in answers] == ["a", *[None] * 4, "b", None, "c"]
    errors = [answer["error"] for answer in answers if "error" in answer]
    assert "text" in errors[0]
    assert all("no" not in error.split() for error in errors[:1])
    assert errors[-1] == "Object missing required field `text`."


def test_a_line_longer_than_one_read_is_one_line() -> None:
    long = "x" * 3_000_000
    data = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in (long, "b", long))
    status, answers = filtered(data, TextLine, echo)
    assert status == 0
    assert [len(answer["text"]) for answer in answers] == [3_000_000, 1, 3_000_000]


def test_no_line_is_no_answer() -> None:
    assert filtered(b"", TextLine, echo) == (0, [])


def test_answers_that_are_completed_at_the_end_keep_their_order() -> None:
    def at_end(answers: list[Answer]) -> None:
        for number, answer in enumerate(answers):
            answer["number"] = number

    status, answers = filtered(b'{"text": "a"}\n{\n{"text": "b"}\n', TextLine, echo, at_end)
    assert status == 1
    assert [answer.get("number") for answer in answers] == [0, None, 1]


def test_scrub_gives_text_and_entities_in_code_points() -> None:
    text = "é 😀 write to jo@example.com or call +44 20 7946 0958"
    data = json.dumps({"text": text}).encode()
    status, [answer] = filtered(data, TextLine, scrub_lines(Scrubber(secret=b"k")))
    assert status == 0
    assert answer["text"] == "é 😀 write to <EMAIL> or call <PHONE>"
    spans = [(e["type"], text[e["start"] : e["end"]]) for e in answer["entities"]]
    assert spans == [("EMAIL", "jo@example.com"), ("PHONE", "+44 20 7946 0958")]


def test_a_text_on_which_scrubbing_fails_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = find

    def failing(text: str, *rest: Any) -> Any:
        if "bad@" in text:
            raise ValueError(text)
        return plain(text, *rest)

    monkeypatch.setattr("flywheel_stream.scrubbing.find", failing)
    data = b'{"text": "a@example.com"}\n{"text": "bad@example.com"}\n{"text": "b@example.com"}\n'
    status, answers = filtered(data, TextLine, scrub_lines(Scrubber(secret=b"k")))
    assert status == 1
    assert [answer.get("text") for answer in answers] == ["<EMAIL>", None, "<EMAIL>"]
    assert "bad@" not in answers[1]["error"]


def test_clusters_are_those_of_the_texts_whatever_the_batches() -> None:
    texts = ["my card was declined", "card payment got declined", "weather in Paris", ""]
    rows: list[dict[str, Any]] = [
        {"id": f"r{i}", "text": text, "ts": i} for i, text in enumerate(texts * 3)
    ]
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    embedder = HashingEmbedder()
    work, at_end = cluster_lines(embedder, 100)
    assert at_end is None
    _, answers = filtered(data, TimedLine, work)
    one_by_one, _ = cluster_lines(embedder, 100)
    assert answers == [one_by_one([TimedLine(**row)])[0] for row in rows]
    assert all(answer["cluster"] for answer in answers)
    assert answers[0]["cluster"] == answers[4]["cluster"] != answers[2]["cluster"]


def test_final_clusters_are_added_at_the_end_and_bad_lines_have_none() -> None:
    subjects = "my card was declined at shop {}", "what is the weather in town {}", "call mum {}"
    rows = [
        {"id": f"r{n}", "text": subjects[n % 3].format(n), "ts": "2026-01-05T09:00:00Z"}
        for n in range(60)
    ]
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    work, at_end = cluster_lines(HashingEmbedder(), 100, final=True)
    status, answers = filtered(
        b"".join([*lines[:30], b"{}\n", *lines[30:]]), TimedLine, work, at_end
    )
    assert status == 1
    assert list(answers.pop(30)) == ["error"]
    assert [answer["id"] for answer in answers] == [row["id"] for row in rows]
    assert all(answer["cluster"] and answer["final"] for answer in answers)
    assert all(len({answer["final"] for answer in answers[n::3]}) == 1 for n in range(3))
    assert len({answer["final"] for answer in answers}) == 3
    work, at_end = cluster_lines(HashingEmbedder(), 100, final=True)
    assert filtered(b"", TimedLine, work, at_end) == (0, [])


def test_an_embedder_elsewhere_sees_scrubbed_texts_and_none_that_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = find

    def failing(text: str, *rest: Any) -> Any:
        if "bad@" in text:
            raise ValueError(text)
        return plain(text, *rest)

    monkeypatch.setattr("flywheel_stream.scrubbing.find", failing)
    seen: list[str] = []

    class Watched(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            seen.extend(texts)
            return super().embed(texts)

    work, at_end = cluster_lines(Watched(), 100, final=True, scrubber=Scrubber(secret=b"k"))
    rows = [{"id": str(n), "text": f"{who}@example.com"} for n, who in enumerate(("a", "bad", "c"))]
    data = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    status, answers = filtered(data, TimedLine, work, at_end)
    assert status == 1
    assert seen == ["<EMAIL>", "<EMAIL>"]
    assert [answer.get("id") for answer in answers] == ["0", None, "2"]
    assert answers[0]["final"] == answers[2]["final"] is not None


def test_the_command_answers_a_line_before_the_next_one_comes() -> None:
    command = [sys.executable, "-m", "stream.cli", "scrub"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b'{"text": "jo@example.com"}\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline())["text"] == "<EMAIL>"
        child.stdin.close()
        assert child.wait() == 0


def test_copies_and_near_copies_name_the_first_and_a_bad_line_is_an_error() -> None:
    asked = "Where is my parcel? I have been waiting for it since the first of March."
    rows = [
        {"id": "a", "text": asked, "ts": "2026-01-05T09:00:00Z"},
        {"id": "b", "text": f"  {asked.upper()}\n", "ts": 1767603601},
        {"id": "c", "text": asked.replace("March", "May"), "ts": 1767603602},
        {"id": "d", "text": "How do I pay?", "ts": 1767603603},
        {"id": "e", "text": "", "ts": 1767603604},
        {"id": "f", "text": " ", "ts": 1767603605},
        {"id": "g", "text": asked, "ts": 1767603600 + 86_401},
    ]
    data = b"".join(json.dumps(row).encode() + b"\n" for row in [*rows[:4], {"id": "x"}, *rows[4:]])
    status, answers = filtered(data, TimedLine, dedup_lines(86_400, 100))
    assert status == 1
    assert answers.pop(4) == {"error": "Object missing required field `text`."}
    assert [answer["id"] for answer in answers] == list("abcdefg")
    assert [(answer["duplicate"], answer["of"]) for answer in answers] == [
        (None, None),
        ("exact", "a"),
        ("near", "a"),
        (None, None),
        (None, None),
        ("exact", "e"),
        (None, None),
    ]


def test_dedup_as_a_command() -> None:
    command = [sys.executable, "-m", "stream.cli", "dedup", "--capacity"]
    one = b'{"id": "a", "text": "again and again", "ts": 0}\n'
    other = one.replace(b'"a"', b'"b"')
    done = subprocess.run([*command, "5"], input=one + other, capture_output=True, check=True)
    assert [json.loads(raw) for raw in done.stdout.splitlines()] == [
        {"id": "a", "duplicate": None, "of": None},
        {"id": "b", "duplicate": "exact", "of": "a"},
    ]
    assert subprocess.run([*command, "0"], capture_output=True, check=False).returncode == 2
