"""The embedders that a setting can name, the real model among them."""

import logging
import random
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from flywheel_stream.embedding import Embedder
from flywheel_stream.errors import ConfigError
from stream import embedders
from stream.embedders import AWAY, EMBEDDERS, SLOW, WordLlamaEmbedder, load_embedder
from stream.settings import Settings, load_settings

STATIC = sorted(EMBEDDERS.keys() - SLOW)
WORDLLAMA = load_settings(embedder="wordllama")


@pytest.fixture(scope="module", params=STATIC)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return load_embedder(load_settings(embedder=request.param))


@pytest.fixture(scope="module")
def wordllama() -> Embedder:
    return load_embedder(WORDLLAMA)


TEXTS = ["Where is my parcel?", "", "🤖" * 50, "x " * 20_000, "  Where is my parcel?  ", "\n"]


def test_every_static_embedder_gives_unit_rows_of_256_floats(embedder: Embedder) -> None:
    rows = embedder.embed(TEXTS)
    assert rows.shape == (len(TEXTS), 256)
    assert embedder.dims == 256
    assert rows.dtype == np.float32
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths[[0, 3, 4]] == pytest.approx(1, abs=1e-6)
    assert lengths[[1, 5]].tolist() == [0, 0]
    assert embedder.embed([]).shape == (0, 256)


def test_every_static_embedder_gives_a_text_the_same_bytes_in_any_batch(embedder: Embedder) -> None:
    texts = [f"{text} {n}" for n in range(60) for text in TEXTS[:3]] * 2  # more than one batch
    alone = b"".join(embedder.embed([text]).tobytes() for text in texts)
    assert embedder.embed(texts).tobytes() == alone


def test_every_static_embedder_bears_the_name_that_loads_it(embedder: Embedder) -> None:
    assert embedder.name in STATIC


def test_the_settings_name_the_embedders_that_there_are() -> None:
    assert set(get_args(Settings.model_fields["embedder"].annotation)) == EMBEDDERS.keys()
    assert AWAY <= SLOW < EMBEDDERS.keys()


def test_wordllama_knows_that_other_words_mean_the_same(wordllama: Embedder) -> None:
    asked, alike, other = wordllama.embed(
        ["How do I get my money back?", "I would like a refund", "Play some jazz music"]
    )
    assert asked @ alike > asked @ other + 0.1


def test_wordllama_gives_the_vectors_of_its_package(wordllama: Embedder) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    package = pytest.importorskip("wordllama")
    root.handlers[:] = handlers  # its import configures the root logger
    root.setLevel(level)
    reference = package.WordLlama.load(
        cache_dir=Path(package.__file__).parent, disable_download=True
    )
    texts = ["How do I get my money back?", "¿Dónde está mi paquete?", "json.loads fails at col 3"]
    assert wordllama.embed(texts) == pytest.approx(reference.embed(texts, norm=True), abs=1e-5)


def test_tokens_of_words_are_tokens_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "_REMEMBERED", 20)  # so that words are forgotten on the way
    wordllama = load_embedder(WORDLLAMA)
    assert isinstance(wordllama, WordLlamaEmbedder)
    words = [
        "parcel",
        "",
        "  ",
        "\n\n  if",
        "don't",
        "¿Dónde",
        "🤖🤖",
        "json.loads(x)",
        "2.50",
        "a" * 99,
    ]
    rng = random.Random(4)
    for text in (" ".join(rng.choices(words, k=12)).strip() for _ in range(200)):
        whole = wordllama._tokenizer.encode(text, add_special_tokens=False).ids
        assert wordllama.tokenised(text) == whole


def test_missing_files_are_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedders, "_WEIGHTS", tmp_path / "absent")
    with pytest.raises(ConfigError, match="set the embedder to 'hashing'"):
        load_embedder(WORDLLAMA)
    monkeypatch.setattr(embedders, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="install wordllama"):
        load_embedder(WORDLLAMA)
