"""The hashing embedder and what every embedder promises."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from flywheel_stream.embedding import Embedder, HashingEmbedder, Remembered
from flywheel_stream.vectors import unit_rows

TEXTS = [
    "How do I reset my password?",
    "",
    "how do i reset my passwords",
    "The weather in Lisbon is lovely",
    "Пароль не работает 🤖",
    " \n ",
]


@pytest.fixture
def embedder() -> Embedder:
    return HashingEmbedder()


def test_rows_are_unit_vectors_and_a_text_without_content_is_zero(embedder: Embedder) -> None:
    rows = embedder.embed(TEXTS)
    assert rows.shape == (len(TEXTS), embedder.dims)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 1, 1, 1, 0], abs=1e-6)


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dims)


def test_a_text_has_the_same_bytes_in_any_batch(embedder: Embedder) -> None:
    alone = b"".join(embedder.embed([text]).tobytes() for text in TEXTS)
    assert embedder.embed(TEXTS).tobytes() == alone


def test_case_and_punctuation_do_not_matter(embedder: Embedder) -> None:
    shouted, quiet = embedder.embed(["RESET, my password!", "reset my password"])
    assert shouted.tobytes() == quiet.tobytes()


def test_texts_that_share_words_or_parts_of_them_are_closer(embedder: Embedder) -> None:
    rows = embedder.embed(TEXTS)
    assert rows[0] @ rows[2] > 0.8
    assert abs(rows[0] @ rows[3]) < 0.3


def test_another_process_gives_the_same_bytes(embedder: Embedder) -> None:
    code = (
        "from flywheel_stream.embedding import HashingEmbedder\n"
        "print(HashingEmbedder().embed(['reset my password']).tobytes().hex())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert other == embedder.embed(["reset my password"]).tobytes().hex()


@pytest.mark.parametrize("dims", [1, 7, 1024])
def test_any_number_of_dimensions_works(dims: int) -> None:
    rows = HashingEmbedder(dims).embed(["a text of some words"])
    assert rows.shape == (1, dims)
    assert np.isfinite(rows).all()


def test_scaling_leaves_zero_rows_and_its_input_alone() -> None:
    rows = np.array([[3, 4], [0, 0]], dtype=np.float32)
    assert unit_rows(rows) == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    assert rows[0, 0] == 3


class Asked(HashingEmbedder):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.calls.append(list(texts))
        return super().embed(texts)


def test_what_is_remembered_is_not_asked_again() -> None:
    asked = Asked()
    remembered = Remembered(asked)
    texts = ["a b", "", "a b", "c \ud800"]
    first = remembered.embed(texts)
    assert asked.calls == [["a b", "", "c \ud800"]]
    first[0] = 7.0  # the caller's own
    plain = HashingEmbedder()
    rows = remembered.embed(["d", *texts[:3]])
    assert rows.tobytes() == plain.embed(["d", *texts[:3]]).tobytes()
    assert asked.calls[1:] == [["d"]]
    assert remembered.embed([]).shape == (0, remembered.dims)
    assert (remembered.name, remembered.dims) == (asked.name, asked.dims)
    assert len(asked.calls) == 2


def test_what_was_used_longest_ago_is_forgotten_first_even_within_a_call() -> None:
    asked = Asked()
    remembered = Remembered(asked, capacity=2)
    texts = ["a", "b", "c"]
    assert remembered.embed(texts).tobytes() == HashingEmbedder().embed(texts).tobytes()
    remembered.embed(["b"])  # so c is older now
    remembered.embed(["d"])
    remembered.embed(["b", "d", "c"])
    assert asked.calls == [["a", "b", "c"], ["d"], ["c"]]
