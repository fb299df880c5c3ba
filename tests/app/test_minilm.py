"""The contextual embedder: what it makes of a model's output, what it refuses, the model itself."""

import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from flywheel_stream.embedding import Embedder
from flywheel_stream.errors import ConfigError
from flywheel_stream.vectors import unit_rows
from stream import minilm
from stream.embedders import load_embedder
from stream.settings import load_settings

SETTINGS = load_settings(embedder="minilm")
FOLDER = Path(SETTINGS.minilm_folder)


class Session:
    """Stands in for onnxruntime: the hidden state of a token is made of its number and place."""

    def __init__(self, model: bytes, options: Any, providers: list[str]) -> None:
        assert options.intra_op_num_threads == options.inter_op_num_threads == 1
        self.shapes: list[tuple[int, ...]] = []

    def run(self, outputs: None, inputs: dict[str, Any]) -> list[Any]:
        ids = inputs["input_ids"]
        assert ids.dtype == np.int64
        assert inputs["attention_mask"].tolist() == np.ones_like(ids).tolist()
        assert inputs["token_type_ids"].tolist() == np.zeros_like(ids).tolist()
        self.shapes.append(ids.shape)
        return [np.cos(ids[:, :, None] * np.arange(1, 385), dtype=np.float32)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files of the right names: a tokenizer of two words that pads and cuts on its own."""
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[S]": 1, "[E]": 2, "a": 3, "b": 4}, "[E]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[S] $A [E]", special_tokens=[("[S]", 1), ("[E]", 2)]
    )
    tokenizer.enable_padding(length=100)
    tokenizer.enable_truncation(50)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "model.onnx").write_bytes(b"a model")
    sums = {name: sha256((tmp_path / name).read_bytes()).hexdigest() for name in minilm.FILES}
    monkeypatch.setattr(minilm, "FILES", sums)
    return tmp_path


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = ModuleType("onnxruntime")
    runtime.InferenceSession = Session  # type: ignore[attr-defined]  # as onnxruntime has them
    runtime.SessionOptions = type("SessionOptions", (), {})  # type: ignore[attr-defined]  # likewise
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)


@pytest.mark.usefixtures("stand_in")
def test_a_vector_is_the_mean_over_all_tokens_of_one_text_that_nothing_pads(folder: Path) -> None:
    embedder = minilm.MiniLMEmbedder(folder)
    rows = embedder.embed(["a b", "", " \n", "b " * 5000])
    assert embedder._session.shapes == [(1, 4), (1, 128)]
    hidden = np.cos(np.array([1, 3, 4, 2])[:, None] * np.arange(1, 385), dtype=np.float32)
    assert rows[0] == pytest.approx(unit_rows(hidden.mean(axis=0, keepdims=True))[0], abs=1e-6)
    assert not rows[1:3].any()
    assert np.linalg.norm(rows[3]) == pytest.approx(1)
    assert embedder.embed([]).shape == (0, embedder.dims)


@pytest.mark.usefixtures("stand_in")
def test_a_file_that_is_missing_or_another_one_is_refused_with_the_remedy(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"another model")
    with pytest.raises(ConfigError, match=r"model\.onnx is not the file.*make minilm"):
        minilm.MiniLMEmbedder(folder)
    (folder / "model.onnx").unlink()
    with pytest.raises(ConfigError, match=r"make minilm.*minilm_folder"):
        minilm.MiniLMEmbedder(folder)


def test_without_onnxruntime_the_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ConfigError, match=r"flywheel-stream\[contextual\]"):
        minilm.MiniLMEmbedder(folder)


# ---------------------------------------------------------------- the model, where it is


@pytest.fixture(scope="module")
def model() -> Embedder:
    if find_spec("onnxruntime") is None or not (FOLDER / "model.onnx").is_file():
        pytest.skip("the model is not here: `make minilm`")
    return load_embedder(SETTINGS)


TEXTS = ["How do I get my money back?", "", "🤖" * 50, "I would like a refund", "x " * 20_000]


def test_the_model_gives_unit_rows_and_a_text_the_same_bytes_in_any_batch(model: Embedder) -> None:
    rows = model.embed(TEXTS)
    assert rows.shape == (len(TEXTS), 384)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 0, 1, 1, 1], abs=1e-6)
    fresh = load_embedder(SETTINGS)
    assert b"".join(fresh.embed([text]).tobytes() for text in TEXTS) == rows.tobytes()
    assert model.name == "minilm"


def test_the_model_knows_what_words_mean_in_company(model: Embedder) -> None:
    asked, refund, jazz = model.embed([TEXTS[0], TEXTS[3], "Play some jazz music"])
    assert asked @ refund > asked @ jazz + 0.4
