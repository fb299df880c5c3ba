"""A small sentence encoder (MiniLM as int8 ONNX) on the CPU, without PyTorch."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flywheel_stream.errors import ConfigError
from flywheel_stream.vectors import unit_rows

FILES = {
    "model.onnx": "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1",
    "tokenizer.json": "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0",
}
"""What the folder holds, and the SHA-256 of each: another export would give other vectors."""

_DIMS = 384
_TOKENS = 128  # of a text, as the model was trained
_CHARS = 4096  # of a text that the tokenizer sees: more than so many tokens hold


class MiniLMEmbedder:
    """all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020): the mean of its last layer.

    One text at a time and on one thread. Activations are quantised by the range of all that is in
    a batch, so in company a text would have other vectors than alone; and alone nothing is padded.

    Args:
        folder: Holds ``FILES``.

    Raises:
        ConfigError: A package or a file is missing, or a file is another one.
    """

    def __init__(self, folder: Path) -> None:
        model, tokenizer = (_checked(folder / name) for name in FILES)
        try:
            # Optional, and imported where it is wanted.
            from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415 - see above
        except ImportError:
            raise ConfigError(
                "Embedder 'minilm' needs the package onnxruntime: "
                "install flywheel-stream[contextual]."
            ) from None
        from tokenizers import Tokenizer  # noqa: PLC0415 - other embedders go without

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; it warns of GPUs that are not there
        self._session: Any = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_TOKENS)
        self.name = "minilm"
        self.dims = _DIMS

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts by their first 128 tokens, see ``Embedder.embed``."""
        rows = np.zeros((len(texts), self.dims), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            tokens = self._tokenizer.encode(text[:_CHARS]).ids
            if len(tokens) > 2:  # else there is nothing between start and end
                ids = np.array([tokens], dtype=np.int64)
                row[:] = self._hidden(ids)[0].mean(axis=0)
        return unit_rows(rows)

    def _hidden(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Run the model on one text: shape (1, tokens, dims)."""
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        hidden: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return hidden


def _checked(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"A file of embedder 'minilm' cannot be read ({path}: {error.strerror}): run "
            "`make minilm`, and set minilm_folder to where the files are."
        ) from None
    if sha256(content).hexdigest() != FILES[path.name]:
        raise ConfigError(
            f"{path} is not the file that embedder 'minilm' is made of: run `make minilm`."
        )
    return content
