"""``flywheel bench scrub``: its texts, its judgement of what is found, its tables."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from flywheel_stream.errors import ConfigError
from flywheel_stream.scrubbing import Scrubber
from stream.bench import scrub
from stream.bench.scrub import KINDS, Contender, Labelled, quality, read_labelled, table, texts


def test_texts_are_seeded_distinct_and_of_their_size() -> None:
    for kind in KINDS:
        given = texts(kind, 50)
        assert given == texts(kind, 50)
        assert len(set(given)) == 50
    assert {len(text) for text in texts("clean_kilobyte", 5)} == {1000}
    assert {len(text) for text in texts("clean_short", 5)} == {120}
    assert all(100 <= len(text) <= 140 for text in texts("personal_short", 50))


def test_the_scrubber_agrees_with_what_the_texts_are_called() -> None:
    ours = scrub._ours(Scrubber())
    assert not any(ours(texts("clean_kilobyte", 50) + texts("clean_short", 50)))
    assert sum(map(bool, ours(texts("personal_short", 100)))) >= 98


def row(text: str, *values: tuple[str, str], ignore: str = "") -> Labelled:
    spans = [(text.index(v), text.index(v) + len(v), name) for v, name in values]
    at = text.find(ignore) if ignore else -1
    return Labelled(text, spans, [(at, at + len(ignore))] if at >= 0 else [])


def test_quality_counts_leaks_by_type() -> None:
    rows = [
        row("I am Jane Doe, 4111 1111", ("Jane Doe", "PERSON"), ("4111 1111", "CREDIT_CARD")),
        row("I am Jane Doe", ("Jane Doe", "PERSON")),
        row("nothing here"),
        row("in Paris", ignore="Paris"),
    ]
    # A whole name survives in the first; three digits at the end of a card are no leak.
    removed = [[(5, 9), (15, 21)], [(5, 13)], [(0, 3)], [(3, 8)]]
    found = quality(rows, removed)
    assert found["by_type"] == {"CREDIT_CARD": 1.0, "PERSON": 0.5}
    assert found["recall"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["mean_recall"] == 0.75
    assert found["clean_touched"] == 1.0  # of the two clean texts both: one in what may go
    assert found["precision"] == pytest.approx(16 / 19, abs=1e-4)


def test_four_characters_in_a_row_are_a_leak_and_separators_do_not_count() -> None:
    text = "card 4111-1111"
    gone = bytearray(len(text))
    gone[5:10] = b"\1" * 5
    assert scrub.leaks(text, 5, 14, "CREDIT_CARD", gone)
    gone[10:11] = b"\1"
    assert not scrub.leaks(text, 5, 14, "CREDIT_CARD", gone)


def test_labelled_texts_are_read_packed_or_not(tmp_path: Path) -> None:
    line = json.dumps({"text": "jo@a.io", "spans": [[0, 7, "EMAIL"]], "ignore": [[1, 2, "X"]]})
    plain, packed = tmp_path / "a.jsonl", tmp_path / "a.jsonl.gz"
    plain.write_text(line + "\n")
    packed.write_bytes(gzip.compress(line.encode()))
    assert read_labelled(plain) == read_labelled(packed)
    assert read_labelled(plain) == [Labelled("jo@a.io", [(0, 7, "EMAIL")], [(1, 2)])]


@pytest.mark.parametrize("content", ["{", "{}", '{"text": "a", "spans": [1]}'])
def test_data_of_another_form_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match="labelled texts"):
        read_labelled(path)


def test_figures_of_every_tool_are_in_one_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def nothing(given: Sequence[str]) -> list[scrub.Spans]:
        return [[] for _ in given]

    tools = [Contender("flywheel", lambda: nothing, 8), Contender("other", lambda: nothing, 4)]
    monkeypatch.setattr(scrub, "contenders", lambda: iter(tools))
    data = tmp_path / "d.jsonl"
    data.write_text('{"text": "jo@a.io", "spans": [[0, 7, "EMAIL"]]}\n')
    found = scrub.bench_scrub(data)
    assert set(found["ratio"]) == {"other"}
    assert found["quality"]["flywheel"]["recall"] == 0.0
    assert "EMAIL (1)" in table(found)
    assert "recall, all spans" in table(found)
    assert "recall" not in table(scrub.bench_scrub())
